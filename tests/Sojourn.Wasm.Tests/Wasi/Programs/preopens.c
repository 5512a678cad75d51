/* What a directory that was handed over may do, and what happens when it is closed, written over or robbed of its rights; errno is printed as its number. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wasi/api.h>

#define SHOW(call) printf("%-118s %d\n", #call, (int)(call))

static const __wasi_fd_t root = 3;
static __wasi_fd_t fd, other, scratch;
static __wasi_size_t n;
static __wasi_filesize_t at;
static __wasi_filestat_t st, st2;
static __wasi_fdstat_t fs;
static __wasi_prestat_t pre;
static uint8_t buffer[4096];

static __wasi_errno_t open_(__wasi_fd_t in, const char *path, __wasi_oflags_t flags, __wasi_rights_t rights) {
    __wasi_errno_t errno_ = __wasi_path_open(in, 0, path, flags, rights, 0, 0, &fd);
    if (!errno_) (void)!__wasi_fd_close(fd);
    return errno_;
}

static __wasi_errno_t rights_of(__wasi_fd_t of) {
    return __wasi_fd_fdstat_get(of, &fs);
}

static void rights(void) {
    const __wasi_rights_t base = __WASI_RIGHTS_PATH_CREATE_DIRECTORY | __WASI_RIGHTS_PATH_CREATE_FILE | __WASI_RIGHTS_PATH_LINK_SOURCE
        | __WASI_RIGHTS_PATH_LINK_TARGET | __WASI_RIGHTS_PATH_OPEN | __WASI_RIGHTS_FD_READDIR | __WASI_RIGHTS_PATH_READLINK
        | __WASI_RIGHTS_PATH_RENAME_SOURCE | __WASI_RIGHTS_PATH_RENAME_TARGET | __WASI_RIGHTS_PATH_SYMLINK | __WASI_RIGHTS_PATH_REMOVE_DIRECTORY
        | __WASI_RIGHTS_PATH_UNLINK_FILE | __WASI_RIGHTS_PATH_FILESTAT_GET | __WASI_RIGHTS_PATH_FILESTAT_SET_TIMES
        | __WASI_RIGHTS_FD_FILESTAT_GET | __WASI_RIGHTS_FD_FILESTAT_SET_TIMES;
    const __wasi_rights_t files = __WASI_RIGHTS_FD_DATASYNC | __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_SEEK | __WASI_RIGHTS_FD_FDSTAT_SET_FLAGS
        | __WASI_RIGHTS_FD_SYNC | __WASI_RIGHTS_FD_TELL | __WASI_RIGHTS_FD_WRITE | __WASI_RIGHTS_FD_ADVISE | __WASI_RIGHTS_FD_ALLOCATE
        | __WASI_RIGHTS_FD_FILESTAT_SET_SIZE | __WASI_RIGHTS_POLL_FD_READWRITE;
    SHOW(rights_of(root));
    printf("type %d flags %d base %d inheriting %d no size %d\n", fs.fs_filetype, fs.fs_flags, (fs.fs_rights_base & base) == base,
        (fs.fs_rights_inheriting & (base | files)) == (base | files), (fs.fs_rights_base & __WASI_RIGHTS_FD_FILESTAT_SET_SIZE) == 0);
    SHOW(__wasi_path_open(root, 0, ".", 0, fs.fs_rights_base, fs.fs_rights_inheriting, 0, &fd));
    SHOW(__wasi_fd_close(fd));
    SHOW(open_(root, ".", 0, 0));
    SHOW(open_(root, ".", __WASI_OFLAGS_DIRECTORY, 0));
    SHOW(open_(root, ".", __WASI_OFLAGS_DIRECTORY, __WASI_RIGHTS_FD_READ));
    SHOW(open_(root, ".", __WASI_OFLAGS_DIRECTORY, __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_WRITE));
    SHOW(open_(root, ".", 0, __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_WRITE));
}

static void truncation(void) {
    __wasi_rights_t base, inheriting;
    SHOW(open_(scratch, "file", __WASI_OFLAGS_CREAT, __WASI_RIGHTS_FD_WRITE));
    SHOW(open_(scratch, "file", __WASI_OFLAGS_TRUNC, 0));
    SHOW(rights_of(scratch));
    base = fs.fs_rights_base;
    inheriting = fs.fs_rights_inheriting;
    SHOW(__wasi_fd_fdstat_set_rights(scratch, base, inheriting & ~__WASI_RIGHTS_FD_FILESTAT_SET_SIZE));
    SHOW(open_(scratch, "file", __WASI_OFLAGS_TRUNC, 0));
    SHOW(open_(scratch, "file", 0, __WASI_RIGHTS_FD_FILESTAT_SET_SIZE));
    SHOW(__wasi_fd_fdstat_set_rights(scratch, base & ~__WASI_RIGHTS_PATH_FILESTAT_SET_SIZE, inheriting & ~__WASI_RIGHTS_FD_FILESTAT_SET_SIZE));
    SHOW(rights_of(scratch));
    printf("may set sizes %d\n", (fs.fs_rights_base & __WASI_RIGHTS_PATH_FILESTAT_SET_SIZE) != 0);
    SHOW(open_(scratch, "file", __WASI_OFLAGS_TRUNC, 0));
    SHOW(__wasi_fd_fdstat_set_rights(scratch, base, inheriting));
    SHOW(__wasi_path_unlink_file(scratch, "file"));
}

static void flags(void) {
    __wasi_ciovec_t out = {(const uint8_t *)"abcd", 4};
    __wasi_iovec_t in = {buffer, sizeof buffer};
    SHOW(__wasi_path_open(scratch, 0, "log", __WASI_OFLAGS_CREAT, __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_WRITE | __WASI_RIGHTS_FD_SEEK
        | __WASI_RIGHTS_FD_TELL | __WASI_RIGHTS_FD_FDSTAT_SET_FLAGS | __WASI_RIGHTS_FD_FILESTAT_GET, 0, __WASI_FDFLAGS_APPEND, &fd));
    SHOW(rights_of(fd));
    printf("flags %d\n", fs.fs_flags);
    SHOW(__wasi_fd_write(fd, &out, 1, &n));
    SHOW(__wasi_fd_seek(fd, 1, __WASI_WHENCE_SET, &at));
    SHOW(__wasi_fd_write(fd, &out, 1, &n));
    SHOW(__wasi_fd_seek(fd, 0, __WASI_WHENCE_CUR, &at));
    printf("at %d\n", (int)at);
    SHOW(__wasi_fd_fdstat_set_flags(fd, 0));
    SHOW(__wasi_fd_seek(fd, 1, __WASI_WHENCE_SET, &at));
    SHOW(__wasi_fd_write(fd, &out, 1, &n));
    SHOW(__wasi_fd_pread(fd, &in, 1, 0, &n));
    printf("%d bytes %.*s\n", (int)n, (int)n, (const char *)buffer);
    SHOW(__wasi_fd_seek(fd, 0, 9, &at));
    SHOW(__wasi_fd_close(fd));
    SHOW(__wasi_path_unlink_file(scratch, "log"));
}

static void dangling(void) {
    SHOW(__wasi_path_open(scratch, 0, "gone", __WASI_OFLAGS_CREAT, __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_FILESTAT_GET, 0, 0, &fd));
    SHOW(__wasi_path_unlink_file(scratch, "gone"));
    SHOW(__wasi_fd_filestat_get(fd, &st));
    printf("links %d\n", (int)st.nlink);
    SHOW(__wasi_fd_close(fd));
    SHOW(__wasi_path_create_directory(scratch, "gone"));
    SHOW(__wasi_path_open(scratch, 0, "gone", __WASI_OFLAGS_DIRECTORY, __WASI_RIGHTS_FD_READDIR, 0, 0, &fd));
    SHOW(__wasi_path_remove_directory(scratch, "gone"));
    SHOW(__wasi_fd_close(fd));
    SHOW(__wasi_fd_seek(scratch, 0, __WASI_WHENCE_SET, &at) != 0);
}

static void listing(void) {
    __wasi_dirent_t entry;
    __wasi_dircookie_t last = 0;
    uint64_t own = 0;
    int count = 0;
    SHOW(open_(scratch, "only", __WASI_OFLAGS_CREAT, __WASI_RIGHTS_FD_WRITE));
    SHOW(__wasi_path_filestat_get(scratch, 0, "only", &st));
    SHOW(__wasi_fd_readdir(scratch, buffer, sizeof buffer, 0, &n));
    for (uint32_t next = 0; next < n; count++) {
        memcpy(&entry, buffer + next, sizeof entry);
        if (entry.d_namlen == 4 && entry.d_type == __WASI_FILETYPE_REGULAR_FILE) own = entry.d_ino;
        last = entry.d_next;
        next += sizeof entry + entry.d_namlen;
    }

    printf("%d entries, inode alike %d\n", count, own == st.ino);
    SHOW(__wasi_fd_readdir(scratch, buffer, sizeof buffer, last, &n));
    printf("%d bytes after the last\n", (int)n);
    SHOW(__wasi_fd_readdir(scratch, buffer, sizeof entry + 1, 0, &n));
    printf("a full buffer %d\n", n == sizeof entry + 1);
    SHOW(__wasi_path_unlink_file(scratch, "only"));
    SHOW(__wasi_fd_readdir(scratch, buffer, sizeof buffer, 0, &n));
    printf("two entries %d\n", n == 2 * sizeof entry + 3);
}

int main(void) {
    static uint8_t much[300000];
    SHOW(__wasi_path_create_directory(root, "scratch"));
    SHOW(rights_of(root));
    SHOW(__wasi_path_open(root, 0, "scratch", __WASI_OFLAGS_DIRECTORY, fs.fs_rights_base, fs.fs_rights_inheriting, 0, &scratch));
    rights();
    truncation();
    flags();
    dangling();
    listing();
    SHOW(__wasi_random_get(much, sizeof much));
    SHOW(__wasi_random_get(much, 0));

    /* Written over: what was opened takes the place of what was handed over, and is no longer where it was. */
    SHOW(__wasi_path_create_directory(scratch, "within"));
    SHOW(__wasi_path_open(scratch, 0, "within", __WASI_OFLAGS_DIRECTORY, __WASI_RIGHTS_FD_FILESTAT_GET | __WASI_RIGHTS_PATH_OPEN, 0, 0, &other));
    SHOW(__wasi_fd_filestat_get(other, &st));
    SHOW(__wasi_fd_renumber(other, root));
    SHOW(__wasi_fd_filestat_get(root, &st2));
    printf("same %d\n", st.dev == st2.dev && st.ino == st2.ino);
    SHOW(__wasi_fd_filestat_get(other, &st));
    SHOW(__wasi_fd_renumber(root, root));
    SHOW(__wasi_fd_renumber(77, root));
    SHOW(__wasi_fd_renumber(root, 77));

    /* Closed. */
    SHOW(__wasi_fd_close(root));
    SHOW(__wasi_fd_close(root));
    SHOW(rights_of(root));
    SHOW(__wasi_fd_prestat_get(root, &pre));
    SHOW(open_(root, ".", 0, 0));
    SHOW(rights_of(scratch));
    SHOW(__wasi_path_remove_directory(scratch, "within"));
    return 0;
}
