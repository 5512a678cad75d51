/* Loaded before the C library: one chosen call on a database's files fails. Counted are writes, syncs and truncations of files whose name holds ".db". */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long calls, armed;
static atomic_int kind, broken;

void faulty_disk_arm(long at, int what) { atomic_store(&calls, 0); atomic_store(&broken, 0); atomic_store(&kind, what); atomic_store(&armed, at); }
long faulty_disk_calls(void) { return atomic_load(&calls); }

static int is_ours(int fd)
{
    char link[64], path[4096];
    ssize_t length;
    if (atomic_load(&armed) == 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return strstr(path, ".db") != NULL;
}

/* 0: go on; otherwise the kind of failure to show. */
static int hit(int fd, int is_sync)
{
    int what = atomic_load(&kind);
    long at;
    if (!is_ours(fd)) return 0;
    if (atomic_load(&broken)) return what;
    if (what == 6 && !is_sync) return 0;
    if (what != 6 && is_sync) { return 0; }
    at = atomic_fetch_add(&calls, 1) + 1;
    if (at != atomic_load(&armed)) return 0;
    if (what == 2 || what == 4 || what == 7) atomic_store(&broken, 1);
    return what;
}

static ssize_t fail(int what)
{
    errno = what == 3 || what == 4 || what == 5 ? ENOSPC : EIO;
    return -1;
}

typedef ssize_t (*pwrite_t)(int, const void *, size_t, off_t);
typedef ssize_t (*write_t)(int, const void *, size_t);
typedef int (*sync_t)(int);
typedef int (*truncate_t)(int, off_t);

static ssize_t do_pwrite(const char *name, int fd, const void *data, size_t length, off_t at)
{
    static pwrite_t next;
    int was_broken = atomic_load(&broken), what = hit(fd, 0);
    if (!next) next = (pwrite_t)dlsym(RTLD_NEXT, "pwrite64");
    (void)name;
    /* Half of it reaches the disk: what a torn page or a disk that fills up leaves behind. */
    if ((what == 5 || what == 7) && !was_broken && length > 1) { ssize_t done = next(fd, data, length / 2, at); if (what == 5) return done; }
    return what ? fail(what) : next(fd, data, length, at);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t at) { return do_pwrite("pwrite", fd, data, length, at); }
ssize_t pwrite64(int fd, const void *data, size_t length, off_t at) { return do_pwrite("pwrite64", fd, data, length, at); }

ssize_t write(int fd, const void *data, size_t length)
{
    static write_t next;
    int what = fd > 2 ? hit(fd, 0) : 0;
    if (!next) next = (write_t)dlsym(RTLD_NEXT, "write");
    if (what == 5 && length > 1) return next(fd, data, length / 2);
    return what ? fail(what) : next(fd, data, length);
}

int fsync(int fd)
{
    static sync_t next;
    int what = hit(fd, 1);
    if (!next) next = (sync_t)dlsym(RTLD_NEXT, "fsync");
    return what ? (int)fail(what) : next(fd);
}

int fdatasync(int fd)
{
    static sync_t next;
    int what = hit(fd, 1);
    if (!next) next = (sync_t)dlsym(RTLD_NEXT, "fdatasync");
    return what ? (int)fail(what) : next(fd);
}

int ftruncate64(int fd, off_t length)
{
    static truncate_t next;
    int what = hit(fd, 0);
    if (!next) next = (truncate_t)dlsym(RTLD_NEXT, "ftruncate64");
    return what ? (int)fail(what) : next(fd, length);
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }
