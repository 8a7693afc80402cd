#include "service/watch/process_figures.h"

#include "base/clock.h"
#include "service/watch/exposition.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

void process_figures_open(struct process_figures *figures)
{
    figures->began_ms = clock_wall_ms();
    figures->memory_fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    figures->descriptors = opendir("/proc/self/fd");
}

void process_figures_close(struct process_figures *figures)
{
    if (figures->memory_fd >= 0)
        close(figures->memory_fd);
    if (figures->descriptors)
        closedir(figures->descriptors);
    *figures = (struct process_figures){.memory_fd = -1};
}

static void append_seconds(struct buf *out, const char *name, const char *type, const char *help, int64_t us)
{
    exposition_append_head(out, name, type, help);
    exposition_append_seconds(out, name, "", us);
}

static void append_cpu(struct buf *out)
{
    struct rusage used;
    if (getrusage(RUSAGE_SELF, &used) != 0)
        return;
    int64_t seconds = used.ru_utime.tv_sec + used.ru_stime.tv_sec;
    append_seconds(out, "process_cpu_seconds_total", "counter", "User and system CPU time spent.",
                   seconds * 1000000 + used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

/* "size resident ...", in pages (proc(5)). */
static void append_memory(struct buf *out, int fd)
{
    char text[256];
    ssize_t len = fd < 0 ? -1 : pread(fd, text, sizeof text, 0);
    uint64_t size, resident, page = (uint64_t)sysconf(_SC_PAGESIZE);
    struct str rest = {text, len > 0 ? (size_t)len : 0};
    if (!str_to_uint(str_cut(&rest, ' '), UINT64_MAX / page, &size) ||
        !str_to_uint(str_cut(&rest, ' '), UINT64_MAX / page, &resident))
        return;
    exposition_append_gauge(out, "process_virtual_memory_bytes", "Virtual memory size.", size * page);
    exposition_append_gauge(out, "process_resident_memory_bytes", "Resident memory size.", resident * page);
}

static void append_descriptors(struct buf *out, DIR *descriptors)
{
    struct rlimit limit;
    uint64_t count = 0;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        exposition_append_gauge(out, "process_max_fds", "Most descriptors that may be open.", limit.rlim_cur);
    if (!descriptors)
        return;
    rewinddir(descriptors);
    for (const struct dirent *entry; (entry = readdir(descriptors));)
        count += entry->d_name[0] != '.';
    exposition_append_gauge(out, "process_open_fds", "Descriptors that are open.", count);
}

void process_figures_append(struct buf *out, const struct process_figures *figures)
{
    append_seconds(out, "process_start_time_seconds", "gauge", "When the process began, since 1970.",
                   figures->began_ms * 1000);
    append_cpu(out);
    append_memory(out, figures->memory_fd);
    append_descriptors(out, figures->descriptors);
}
