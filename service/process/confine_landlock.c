/* The kernel's interface as it is, for glibc has none. Rights that this kernel does not know are left out of what is
 * asked for: each ABI adds some, and what they are about stays as open as it was before.
 */
#include "service/process/confine_landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Debian 12's headers end with ABI 2. */
#define FS_TRUNCATE           (1ULL << 14)
#define FS_IOCTL_DEV          (1ULL << 15)
#define NET_CONNECT_TCP       (1ULL << 1)
#define SCOPE_ABSTRACT_SOCKET (1ULL << 0)
#define SCOPE_SIGNAL          (1ULL << 1)

enum { RULE_NET_PORT = 2, FIRST_ABI_WITH_PORTS = 4, FIRST_ABI_WITH_SCOPES = 6 };

/* struct landlock_ruleset_attr and landlock_net_port_attr as of ABI 6. */
struct ruleset {
    uint64_t handled_fs, handled_net, scoped;
};

struct port_rule {
    uint64_t allowed, port;
};

/* Each kernel's file rights: those of its ABI and of the ones before. */
static const struct {
    int since_abi;
    uint64_t rights;
} file_rights[] = {
    {1, (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1},
    {2, LANDLOCK_ACCESS_FS_REFER},
    {3, FS_TRUNCATE},
    {5, FS_IOCTL_DEV},
};

static const uint64_t rights_of_use[] = {
    [LANDLOCK_READ] = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
    [LANDLOCK_SOCKETS] = LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REMOVE_FILE,
};

int landlock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return abi > 0 ? (int)abi : 0;
}

/* A kernel that knows less of the structure takes it as long as what it does not know is zero. */
static void begin(struct landlock_rules *rules, const struct ruleset *ruleset)
{
    rules->fd = (int)syscall(SYS_landlock_create_ruleset, ruleset, sizeof *ruleset, 0);
    rules->error = rules->fd < 0 ? errno : 0;
}

void landlock_begin_files(struct landlock_rules *rules)
{
    struct ruleset ruleset = {0};
    int abi = landlock_abi();
    for (size_t i = 0; i < sizeof file_rights / sizeof file_rights[0]; i++)
        if (abi >= file_rights[i].since_abi)
            ruleset.handled_fs |= file_rights[i].rights;
    if (abi >= FIRST_ABI_WITH_SCOPES)
        ruleset.scoped = SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL;
    begin(rules, &ruleset);
}

void landlock_begin_ports(struct landlock_rules *rules)
{
    const struct ruleset ruleset = {.handled_net = NET_CONNECT_TCP};
    *rules = (struct landlock_rules){-1, EOPNOTSUPP};
    if (landlock_abi() >= FIRST_ABI_WITH_PORTS)
        begin(rules, &ruleset);
}

static void add_rule(struct landlock_rules *rules, int kind, const void *rule)
{
    if (syscall(SYS_landlock_add_rule, rules->fd, kind, rule, 0) != 0)
        rules->error = errno;
}

void landlock_allow_path(struct landlock_rules *rules, const char *path, enum landlock_use use)
{
    struct stat status;
    int fd = rules->error ? -1 : open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return;
    struct landlock_path_beneath_attr rule = {.allowed_access = rights_of_use[use], .parent_fd = fd};
    if (fstat(fd, &status) != 0 || !S_ISDIR(status.st_mode))
        rule.allowed_access &= LANDLOCK_ACCESS_FS_READ_FILE;
    if (rule.allowed_access)
        add_rule(rules, LANDLOCK_RULE_PATH_BENEATH, &rule);
    close(fd);
}

void landlock_allow_port(struct landlock_rules *rules, uint16_t port)
{
    const struct port_rule rule = {.allowed = NET_CONNECT_TCP, .port = port};
    if (!rules->error)
        add_rule(rules, RULE_NET_PORT, &rule);
}

/* Without the first call the second wants CAP_SYS_ADMIN. */
int landlock_enforce(struct landlock_rules *rules)
{
    if (!rules->error && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
                          syscall(SYS_landlock_restrict_self, rules->fd, 0) != 0))
        rules->error = errno;
    if (rules->fd >= 0)
        close(rules->fd);
    rules->fd = -1;
    return rules->error;
}
