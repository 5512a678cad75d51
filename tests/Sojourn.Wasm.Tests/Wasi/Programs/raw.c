/* Every WASI function called by itself, with the arguments that go wrong; errno is printed as its number. */
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <wasi/api.h>

#define SHOW(call) printf("%-110s %d\n", #call, (int)(call))

static __wasi_fd_t fd;
static __wasi_filestat_t st;
static __wasi_fdstat_t fs;
static __wasi_prestat_t pre;
static __wasi_size_t n;
static __wasi_filesize_t size;
static uint8_t buffer[4096];
static const __wasi_rights_t ALL_FILE = __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_WRITE | __WASI_RIGHTS_FD_SEEK | __WASI_RIGHTS_FD_TELL
    | __WASI_RIGHTS_FD_FILESTAT_GET | __WASI_RIGHTS_FD_FILESTAT_SET_SIZE | __WASI_RIGHTS_FD_FILESTAT_SET_TIMES | __WASI_RIGHTS_FD_SYNC
    | __WASI_RIGHTS_FD_DATASYNC | __WASI_RIGHTS_FD_ADVISE | __WASI_RIGHTS_FD_ALLOCATE | __WASI_RIGHTS_FD_FDSTAT_SET_FLAGS
    | __WASI_RIGHTS_POLL_FD_READWRITE;

int main(void) {
    const __wasi_fd_t root = 3;
    __wasi_iovec_t io = {buffer, 16};
    __wasi_ciovec_t out = {buffer, 16};

    SHOW(__wasi_fd_prestat_get(root, &pre));
    printf("tag %d length %d\n", pre.tag, (int)pre.u.dir.pr_name_len);
    SHOW(__wasi_fd_prestat_dir_name(root, buffer, pre.u.dir.pr_name_len));
    printf("name %.*s\n", (int)pre.u.dir.pr_name_len, buffer);
    SHOW(__wasi_fd_prestat_get(99, &pre));
    SHOW(__wasi_fd_prestat_dir_name(99, buffer, 1));

    SHOW(__wasi_path_open(root, 0, "f", __WASI_OFLAGS_CREAT, ALL_FILE, 0, 0, &fd));
    SHOW(__wasi_fd_fdstat_get(fd, &fs));
    printf("type %d flags %d rights %d\n", fs.fs_filetype, fs.fs_flags, fs.fs_rights_base == ALL_FILE);
    SHOW(__wasi_fd_write(fd, &out, 1, &n));
    SHOW(__wasi_fd_tell(fd, &size));
    printf("at %d\n", (int)size);
    SHOW(__wasi_fd_seek(fd, -3, __WASI_WHENCE_CUR, &size));
    printf("at %d\n", (int)size);
    SHOW(__wasi_fd_seek(fd, -30, __WASI_WHENCE_CUR, &size));
    SHOW(__wasi_fd_seek(fd, 0, 5, &size));
    SHOW(__wasi_fd_read(fd, &io, 1, &n));
    printf("read %d\n", (int)n);
    SHOW(__wasi_fd_pread(fd, &io, 1, 10, &n));
    printf("read %d\n", (int)n);
    SHOW(__wasi_fd_pwrite(fd, &out, 1, 100, &n));
    SHOW(__wasi_fd_filestat_get(fd, &st));
    printf("size %d type %d links %d\n", (int)st.size, st.filetype, (int)st.nlink);
    SHOW(__wasi_fd_filestat_set_size(fd, 10));
    SHOW(__wasi_fd_allocate(fd, 0, 50));
    SHOW(__wasi_fd_filestat_get(fd, &st));
    printf("size %d\n", (int)st.size);
    SHOW(__wasi_fd_allocate(fd, 0, 0));
    SHOW(__wasi_fd_advise(fd, 0, 10, __WASI_ADVICE_SEQUENTIAL));
    SHOW(__wasi_fd_advise(fd, 0, 10, 77));
    SHOW(__wasi_fd_sync(fd));
    SHOW(__wasi_fd_datasync(fd));
    SHOW(__wasi_fd_filestat_set_times(fd, 1000, 2000, __WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_MTIM));
    SHOW(__wasi_fd_filestat_get(fd, &st));
    printf("times %d %d\n", (int)st.atim, (int)st.mtim);
    SHOW(__wasi_fd_filestat_set_times(fd, 1000, 2000, __WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_ATIM_NOW));
    SHOW(__wasi_fd_filestat_set_times(fd, 1000, 2000, __WASI_FSTFLAGS_MTIM | __WASI_FSTFLAGS_MTIM_NOW));
    SHOW(__wasi_fd_fdstat_set_flags(fd, __WASI_FDFLAGS_APPEND));
    SHOW(__wasi_fd_write(fd, &out, 1, &n));
    SHOW(__wasi_fd_filestat_get(fd, &st));
    printf("size %d\n", (int)st.size);
    SHOW(__wasi_fd_fdstat_set_rights(fd, ALL_FILE, 0));
    SHOW(__wasi_fd_fdstat_set_rights(fd, ALL_FILE | __WASI_RIGHTS_PATH_OPEN, 0));
    SHOW(__wasi_fd_fdstat_set_rights(fd, __WASI_RIGHTS_FD_TELL, 0));
    SHOW(__wasi_fd_tell(fd, &size));
    SHOW(__wasi_fd_seek(fd, 1, __WASI_WHENCE_SET, &size));
    SHOW(__wasi_fd_read(fd, &io, 1, &n));
    SHOW(__wasi_fd_write(fd, &out, 1, &n));
    SHOW(__wasi_fd_pread(fd, &io, 1, 0, &n));
    SHOW(__wasi_fd_pwrite(fd, &out, 1, 0, &n));
    SHOW(__wasi_fd_sync(fd));
    SHOW(__wasi_fd_datasync(fd));
    SHOW(__wasi_fd_advise(fd, 0, 1, 0));
    SHOW(__wasi_fd_allocate(fd, 0, 1));
    SHOW(__wasi_fd_filestat_get(fd, &st));
    SHOW(__wasi_fd_filestat_set_size(fd, 1));
    SHOW(__wasi_fd_filestat_set_times(fd, 0, 0, 0));
    SHOW(__wasi_fd_fdstat_set_flags(fd, 0));
    SHOW(__wasi_fd_fdstat_set_rights(fd, __WASI_RIGHTS_FD_READ, 0));
    SHOW(__wasi_path_open(fd, 0, "x", 0, 0, 0, 0, &fd));
    SHOW(__wasi_sock_shutdown(fd, __WASI_SDFLAGS_RD));
    SHOW(__wasi_fd_close(fd));
    SHOW(__wasi_fd_close(fd));

    SHOW(__wasi_path_open(root, 0, "f", __WASI_OFLAGS_CREAT | __WASI_OFLAGS_EXCL, 0, 0, 0, &fd));
    SHOW(__wasi_path_open(root, 0, "f", __WASI_OFLAGS_DIRECTORY, 0, 0, 0, &fd));
    SHOW(__wasi_path_open(root, 0, "none", 0, 0, 0, 0, &fd));
    SHOW(__wasi_path_open(root, 0, "../f", 0, 0, 0, 0, &fd));
    SHOW(__wasi_path_open(root, 0, "f", __WASI_OFLAGS_TRUNC, 0, 0, 0, &fd));
    SHOW(__wasi_fd_close(fd));
    SHOW(__wasi_path_filestat_get(root, 0, "f", &st));
    printf("size %d\n", (int)st.size);
    SHOW(__wasi_path_open(root, 0, "f", 0, __WASI_RIGHTS_SOCK_SHUTDOWN, 0, 0, &fd));
    SHOW(__wasi_path_create_directory(root, "d"));
    SHOW(__wasi_path_create_directory(root, "d"));
    SHOW(__wasi_path_open(root, 0, "d", __WASI_OFLAGS_DIRECTORY, __WASI_RIGHTS_FD_READDIR | __WASI_RIGHTS_PATH_OPEN | __WASI_RIGHTS_FD_FILESTAT_GET,
        __WASI_RIGHTS_FD_READ, 0, &fd));
    SHOW(__wasi_fd_fdstat_get(fd, &fs));
    printf("type %d rights %d inheriting %d\n", fs.fs_filetype,
        fs.fs_rights_base == (__WASI_RIGHTS_FD_READDIR | __WASI_RIGHTS_PATH_OPEN | __WASI_RIGHTS_FD_FILESTAT_GET),
        fs.fs_rights_inheriting == __WASI_RIGHTS_FD_READ);
    __wasi_fd_t other;
    SHOW(__wasi_path_open(fd, 0, "x", __WASI_OFLAGS_CREAT, 0, 0, 0, &other));
    SHOW(__wasi_path_open(fd, 0, "x", 0, __WASI_RIGHTS_FD_WRITE, 0, 0, &other));
    SHOW(__wasi_path_open(fd, 0, "x", 0, __WASI_RIGHTS_FD_READ, 0, 0, &other));
    SHOW(__wasi_path_create_directory(fd, "x"));
    SHOW(__wasi_path_unlink_file(fd, "x"));
    SHOW(__wasi_path_remove_directory(fd, "x"));
    SHOW(__wasi_path_symlink("x", fd, "y"));
    SHOW(__wasi_path_readlink(fd, "x", buffer, 10, &n));
    SHOW(__wasi_path_filestat_get(fd, 0, "x", &st));
    SHOW(__wasi_path_filestat_set_times(fd, 0, "x", 0, 0, 0));
    SHOW(__wasi_path_link(fd, 0, "x", fd, "y"));
    SHOW(__wasi_path_rename(fd, "x", fd, "y"));
    SHOW(__wasi_fd_read(fd, &io, 1, &n));
    SHOW(__wasi_fd_write(fd, &out, 1, &n));
    SHOW(__wasi_fd_seek(fd, 0, __WASI_WHENCE_CUR, &size));
    SHOW(__wasi_fd_readdir(fd, buffer, sizeof buffer, 0, &n));
    printf("listing %d bytes\n", (int)n);
    SHOW(__wasi_fd_readdir(fd, buffer, 30, 0, &n));
    printf("listing %d bytes\n", (int)n);
    SHOW(__wasi_fd_close(fd));

    SHOW(__wasi_path_symlink("f", root, "s"));
    SHOW(__wasi_path_symlink("f", root, "s"));
    SHOW(__wasi_path_symlink("f", root, "t/"));
    SHOW(__wasi_path_readlink(root, "s", buffer, 10, &n));
    printf("%.*s\n", (int)n, buffer);
    SHOW(__wasi_path_readlink(root, "f", buffer, 10, &n));
    SHOW(__wasi_path_filestat_get(root, 0, "s", &st));
    printf("type %d\n", st.filetype);
    SHOW(__wasi_path_filestat_get(root, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, "s", &st));
    printf("type %d\n", st.filetype);
    SHOW(__wasi_path_filestat_set_times(root, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, "s", 3000, 4000, __WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_MTIM));
    SHOW(__wasi_path_filestat_get(root, 0, "f", &st));
    printf("times %d %d\n", (int)st.atim, (int)st.mtim);
    SHOW(__wasi_path_link(root, 0, "f", root, "l"));
    SHOW(__wasi_path_link(root, 0, "f", root, "l"));
    SHOW(__wasi_path_link(root, 0, "none", root, "m"));
    SHOW(__wasi_path_link(root, 0, "d", root, "m"));
    SHOW(__wasi_path_rename(root, "l", root, "d/m"));
    SHOW(__wasi_path_rename(root, "l", root, "d/m"));
    SHOW(__wasi_path_remove_directory(root, "d"));
    SHOW(__wasi_path_unlink_file(root, "d"));
    SHOW(__wasi_path_unlink_file(root, "d/m"));
    SHOW(__wasi_path_remove_directory(root, "d"));
    SHOW(__wasi_path_remove_directory(root, "f"));
    SHOW(__wasi_path_unlink_file(root, "s"));
    SHOW(__wasi_path_unlink_file(root, "f"));
    SHOW(__wasi_path_unlink_file(root, "f"));

    __wasi_fd_t a, b;
    SHOW(__wasi_path_open(root, 0, "a", __WASI_OFLAGS_CREAT, ALL_FILE, 0, 0, &a));
    SHOW(__wasi_path_open(root, 0, "b", __WASI_OFLAGS_CREAT, ALL_FILE, 0, 0, &b));
    SHOW(__wasi_fd_renumber(a, b));
    SHOW(__wasi_fd_close(a));
    SHOW(__wasi_fd_renumber(b, a));
    SHOW(__wasi_fd_renumber(99, b));
    SHOW(__wasi_fd_close(b));

    SHOW(__wasi_fd_seek(1, 0, __WASI_WHENCE_CUR, &size) != 0);
    SHOW(__wasi_sock_shutdown(99, __WASI_SDFLAGS_RD));
    __wasi_roflags_t ro;
    SHOW(__wasi_sock_recv(99, &io, 1, 0, &n, &ro));
    SHOW(__wasi_sock_send(99, &out, 1, 0, &n));
    SHOW(__wasi_sock_accept(99, 0, &fd));

    __wasi_timestamp_t t1, t2;
    SHOW(__wasi_clock_res_get(__WASI_CLOCKID_REALTIME, &t1));
    SHOW(__wasi_clock_res_get(__WASI_CLOCKID_MONOTONIC, &t1));
    SHOW(__wasi_clock_time_get(__WASI_CLOCKID_REALTIME, 0, &t1));
    SHOW(t1 > 900000000000000000ull);
    SHOW(__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 0, &t1));
    SHOW(__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 0, &t2));
    SHOW(t2 >= t1);
    SHOW(__wasi_clock_time_get(__WASI_CLOCKID_PROCESS_CPUTIME_ID, 0, &t2));
    SHOW(__wasi_clock_time_get(__WASI_CLOCKID_THREAD_CPUTIME_ID, 0, &t2));
    SHOW(__wasi_clock_time_get(77, 0, &t2));
    SHOW(__wasi_random_get(buffer, 1024));
    int distinct = 0;
    for (int i = 1; i < 1024; i++) distinct += buffer[i] != buffer[i - 1];
    SHOW(distinct > 900);
    SHOW(__wasi_random_get(buffer, 0));
    SHOW(__wasi_sched_yield());

    __wasi_subscription_t wait[2];
    __wasi_event_t events[2];
    memset(wait, 0, sizeof wait);
    wait[0].userdata = 42;
    wait[0].u.tag = __WASI_EVENTTYPE_CLOCK;
    wait[0].u.u.clock.id = __WASI_CLOCKID_MONOTONIC;
    wait[0].u.u.clock.timeout = 2000000;
    SHOW(__wasi_poll_oneoff(wait, events, 1, &n));
    printf("%d event, user data %d, error %d, type %d\n", (int)n, (int)events[0].userdata, events[0].error, events[0].type);
    SHOW(__wasi_poll_oneoff(wait, events, 0, &n));
    return 0;
}
