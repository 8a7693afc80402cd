/* `postern key new NAME`: makes an API key, shows it once, and shows its entry for the file of keys, or puts
 * it there.
 *
 * What is kept is the SHA-256. The file is written anew beside the old one and put in its place, so that a
 * gateway that reads it again at that moment finds the one or the other, whole.
 */
#include "base/random.h"
#include "service/access/keys.h"
#include "service/commands/commands.h"
#include "service/settings/files.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

/* 5 bits a character: 260 bits. The front lets scanners for leaked secrets know a key when they see one:
 * postern_[a-z2-7]{52}. */
#define KEY_PREFIX "postern_"
enum { KEY_RANDOM_CHARS = 52, KEY_CHARS = sizeof KEY_PREFIX - 1 + KEY_RANDOM_CHARS, NEW_FILE_MODE = 0600 };

static const char help[] =
    "Usage: postern key new NAME [OPTION]...\n\n"
    "Makes an API key and prints it, once, and then its entry for the file that the option api_keys_file "
    "names.\n"
    "The entry has no more than the SHA-256 of the key. SIGHUP lets Postern read the file again.\n\n"
    "  --scope SCOPE       what the key is for: send (without this option), metrics, sandbox; may be "
    "repeated\n"
    "  --from ADDRESS      who it may send as: ann@example.com, @example.com, @*.example.com; may be "
    "repeated;\n"
    "                      without it, anyone\n"
    "  --to ADDRESS        whom it may send to, likewise\n"
    "  --rate RATE         how many requests to send: 10/s, 600/m, 1000/h, 5000/d, \"10/s burst 50\"\n"
    "  --expires TIME      until when it is good: 2027-12-31T00:00:00Z\n"
    "  --file FILE         put the entry into FILE, which is made if it is not there, and print the key "
    "alone\n\n"
    "To revoke a key, take its entry out of the file.\n";

struct order {
    cJSON *entry;
    const char *file;
};

static int refuse(const char *what, const char *word)
{
    fprintf(stderr, "postern: %s%s (postern key --help says more)\n", what, word);
    return EX_USAGE;
}

static bool add_to_list(cJSON *entry, const char *name, const char *text)
{
    cJSON *list = cJSON_GetObjectItemCaseSensitive(entry, name), *element = cJSON_CreateString(text);
    if (!list)
        list = cJSON_AddArrayToObject(entry, name);
    if (list && element && cJSON_AddItemToArray(list, element))
        return true;
    cJSON_Delete(element);
    return false;
}

static bool add_text(cJSON *entry, const char *name, const char *text)
{
    return cJSON_AddStringToObject(entry, name, text) != NULL;
}

/* The entry but for name and digest; EX_OK, or why not. */
static int read_options(int argc, char **argv, struct order *order)
{
    static const struct option long_options[] = {
        {"scope", required_argument, NULL, 's'},   {"from", required_argument, NULL, 'f'},
        {"to", required_argument, NULL, 't'},      {"rate", required_argument, NULL, 'r'},
        {"expires", required_argument, NULL, 'e'}, {"file", required_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},          {0}};
    bool added = true;
    for (int option; added && (option = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
        switch (option) {
        case 's': added = add_to_list(order->entry, "scopes", optarg); break;
        case 'f': added = add_to_list(order->entry, "from", optarg); break;
        case 't': added = add_to_list(order->entry, "to", optarg); break;
        case 'r': added = add_text(order->entry, "rate", optarg); break;
        case 'e': added = add_text(order->entry, "expires", optarg); break;
        case 'o': order->file = optarg; break;
        default: return EX_USAGE;
        }
    }
    if (!cJSON_GetObjectItemCaseSensitive(order->entry, "scopes"))
        added = added && add_to_list(order->entry, "scopes", "send");
    return added ? EX_OK : EX_OSERR;
}

static bool make_key(char key[static KEY_CHARS + 1], cJSON *entry)
{
    unsigned char digest[KEY_DIGEST_BYTES];
    char text[2 * KEY_DIGEST_BYTES + 1];
    memcpy(key, KEY_PREFIX, sizeof KEY_PREFIX);
    random_text(key + sizeof KEY_PREFIX - 1, KEY_RANDOM_CHARS);
    if (!key_digest(str_of(key), digest))
        return false;
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    return add_text(entry, "sha256", text);
}

/* --- The file. */

static cJSON *new_file(void)
{
    cJSON *root = cJSON_CreateObject();
    if (!root || cJSON_AddArrayToObject(root, "keys"))
        return root;
    cJSON_Delete(root);
    return NULL;
}

/* Its JSON, which was checked; that of an empty list where there is no file. */
static cJSON *read_file(const char *path, struct fault *fault)
{
    struct arena arena;
    struct key_ring ring;
    struct buf contents;
    struct stat status;
    cJSON *root = NULL;
    if (stat(path, &status) != 0 && errno == ENOENT)
        return new_file();
    arena_init(&arena, 8 << 20);
    if (file_read(path, &contents, fault)) {
        if (key_ring_read(&arena, buf_view(&contents), path, &ring, fault))
            root = cJSON_ParseWithLength(contents.data, contents.len);
        buf_fini(&contents);
    }
    arena_fini(&arena);
    return root;
}

/* The file as it would be must be one that the gateway reads. */
static bool check_text(const char *text, const char *where, struct fault *fault)
{
    struct arena arena;
    struct key_ring ring;
    arena_init(&arena, 8 << 20);
    bool valid = key_ring_read(&arena, str_of(text), where, &ring, fault);
    arena_fini(&arena);
    return valid;
}

static bool write_whole(int fd, const char *text)
{
    size_t len = strlen(text);
    while (len) {
        ssize_t written = write(fd, text, len);
        if (written < 0 && errno != EINTR)
            return false;
        text += written > 0 ? written : 0;
        len -= written > 0 ? (size_t)written : 0;
    }
    return fsync(fd) == 0;
}

/* With mode and owner of the one that it replaces. */
static bool replace_file(const char *path, const char *text, struct fault *fault)
{
    struct stat status;
    char beside[4096];
    bool is_there = stat(path, &status) == 0;
    if (snprintf(beside, sizeof beside, "%s.XXXXXX", path) >= (int)sizeof beside)
        return fault_set(fault, FAULT_INVALID_REQUEST, "%s: the name is too long", path);
    int fd = mkostemp(beside, O_CLOEXEC);
    if (fd < 0)
        return fault_set(fault, FAULT_INVALID_REQUEST, "%s: %s", beside, fault_errno_text(errno));
    bool written = fchmod(fd, is_there ? status.st_mode & ALLPERMS : NEW_FILE_MODE) == 0 &&
                   (!is_there || fchown(fd, status.st_uid, status.st_gid) == 0) && write_whole(fd, text);
    int error = errno;
    close(fd);
    if (written && rename(beside, path) == 0)
        return true;
    error = written ? errno : error;
    unlink(beside);
    return fault_set(fault, FAULT_INVALID_REQUEST, "%s: %s", path, fault_errno_text(error));
}

/* Takes the entry over. Where `path` is a link, what it leads to is replaced, and not the link. */
static bool add_to_file(const char *path, cJSON *entry, struct fault *fault)
{
    cJSON *root = read_file(path, fault);
    cJSON *list = cJSON_GetObjectItemCaseSensitive(root, "keys");
    if (!list || !cJSON_AddItemToArray(list, entry)) {
        cJSON_Delete(root);
        cJSON_Delete(entry);
        return root ? fault_set(fault, FAULT_OVERLOADED, "out of memory") : false;
    }
    char *text = cJSON_Print(root), *real = realpath(path, NULL);
    cJSON_Delete(root);
    bool done = text ? check_text(text, path, fault) && replace_file(real ? real : path, text, fault)
                     : fault_set(fault, FAULT_OVERLOADED, "out of memory");
    free(real);
    free(text);
    return done;
}

/* --- The command. */

/* An entry as the file has it, checked as if it stood there. */
static char *print_entry(const cJSON *entry, struct fault *fault)
{
    char *whole = NULL, *text = cJSON_Print(entry), *line = cJSON_PrintUnformatted(entry);
    if (line && asprintf(&whole, "{\"keys\":[%s]}", line) < 0)
        whole = NULL;
    if (!text || !whole)
        fault_set(fault, FAULT_OVERLOADED, "out of memory");
    bool valid = text && whole && check_text(whole, "this key", fault);
    free(whole);
    free(line);
    if (valid)
        return text;
    free(text);
    return NULL;
}

static int finish(struct order *order, const char *key)
{
    struct fault fault;
    char *text = print_entry(order->entry, &fault);
    if (!text)
        return command_fail(&fault, EX_DATAERR);
    cJSON *entry = order->entry;
    int exit_code = EX_OK;
    if (order->file) {
        order->entry = NULL;
        if (!add_to_file(order->file, entry, &fault))
            exit_code = command_fail(&fault, EX_CANTCREAT);
    }
    if (exit_code == EX_OK) {
        printf("%s\n", key);
        if (!order->file)
            printf("\n%s\n", text);
        exit_code = fflush(stdout) == 0 ? EX_OK : EX_IOERR;
    }
    free(text);
    return exit_code;
}

static int make_new(int argc, char **argv)
{
    struct order order = {.entry = cJSON_CreateObject()};
    char key[KEY_CHARS + 1] = "";
    int exit_code = EX_OSERR;
    if (argc < 2 || argv[1][0] == '-')
        exit_code = refuse("a key needs a name", "");
    else if (order.entry && add_text(order.entry, "name", argv[1]) && make_key(key, order.entry))
        exit_code = read_options(argc - 1, argv + 1, &order);
    if (exit_code == EX_OK && optind < argc - 1)
        exit_code = refuse("this is one word too many: ", argv[1 + optind]);
    if (exit_code == EX_OK)
        exit_code = finish(&order, key);
    OPENSSL_cleanse(key, sizeof key);
    cJSON_Delete(order.entry);
    return exit_code;
}

int command_key(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "new") == 0 && !(argc > 2 && strcmp(argv[2], "--help") == 0))
        return make_new(argc - 1, argv + 1);
    if (argc == 1 || strcmp(argv[argc - 1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return command_print(STR(help));
    return refuse("unknown command key ", argv[1]);
}
