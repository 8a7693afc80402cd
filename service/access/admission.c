#include "service/access/admission.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { MAX_USER_NAME_BYTES = 64, MAX_ENTRY_BYTES = 4096 };

static bool find_user(struct str word, uid_t *uid)
{
    char name[MAX_USER_NAME_BYTES], room[MAX_ENTRY_BYTES];
    struct passwd entry, *found = NULL;
    uint64_t number;
    if (str_to_uint(word, UINT32_MAX - 1, &number)) {
        *uid = (uid_t)number;
        return true;
    }
    if (word.len >= sizeof name)
        return false;
    snprintf(name, sizeof name, "%.*s", STR_ARG(word));
    if (getpwnam_r(name, &entry, room, sizeof room, &found) != 0 || !found)
        return false;
    *uid = found->pw_uid;
    return true;
}

static bool read_users(struct str words, struct admission *admission, struct fault *fault)
{
    while (words.data) {
        struct str word = str_cut(&words, ' ');
        if (!word.len)
            continue;
        if (admission->user_count == ADMISSION_MAX_USERS)
            return fault_set(fault, FAULT_INVALID_REQUEST,
                             "option listen_unix_users: at most %d users are taken", ADMISSION_MAX_USERS);
        if (!find_user(word, &admission->users[admission->user_count++]))
            return fault_set(fault, FAULT_INVALID_REQUEST,
                             "option listen_unix_users: there is no user \"%.*s\"", STR_ARG(word));
    }
    return true;
}

static bool read_rate_limit(struct str text, struct rate *rate, struct fault *fault)
{
    struct fault unfit;
    return !text.data || rate_parse(text, rate, &unfit) ||
           fault_set(fault, unfit.code, "option rate_limit: %s", unfit.detail);
}

bool admission_load(struct arena *arena, const struct settings *settings, struct admission *admission,
                    struct fault *fault)
{
    *admission = (struct admission){.hosts = settings->allow_hosts};
    return read_rate_limit(settings->rate_limit, &admission->rate_limit, fault) &&
           read_users(settings->listen_unix_users, admission, fault) &&
           key_ring_load(arena, settings->api_keys_file, &admission->keys, fault);
}

bool admission_check_user(const struct admission *admission, int fd, struct fault *fault)
{
    struct ucred peer;
    int domain = AF_UNSPEC;
    socklen_t peer_len = sizeof peer, domain_len = sizeof domain;
    if (!admission->user_count)
        return true;
    bool is_known = getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_len) == 0;
    if (is_known && domain != AF_UNIX)
        return true;
    if (is_known && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_len) == 0)
        for (size_t i = 0; i < admission->user_count; i++)
            if (admission->users[i] == peer.uid)
                return true;
    return fault_set(fault, FAULT_FORBIDDEN, "this user may not use the socket");
}
