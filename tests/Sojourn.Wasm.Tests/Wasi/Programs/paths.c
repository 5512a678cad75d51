/* Paths, links, rights and directories at their edges, as outside suites ask for them; errno is printed as its number. */
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <wasi/api.h>

#define SHOW(call) printf("%-118s %d\n", #call, (int)(call))

static const __wasi_rights_t FILE_RIGHTS = __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_WRITE | __WASI_RIGHTS_FD_SEEK | __WASI_RIGHTS_FD_TELL
    | __WASI_RIGHTS_FD_FILESTAT_GET | __WASI_RIGHTS_FD_FILESTAT_SET_SIZE | __WASI_RIGHTS_FD_ALLOCATE | __WASI_RIGHTS_FD_ADVISE;
static const __wasi_fd_t root = 3;
static __wasi_fd_t fd, other;
static __wasi_size_t n;
static __wasi_filesize_t at;
static __wasi_filestat_t st, st2;
static __wasi_fdstat_t fs;
static uint8_t buffer[70000];

static __wasi_errno_t make(const char *path) {
    __wasi_errno_t errno_ = __wasi_path_open(root, 0, path, __WASI_OFLAGS_CREAT, FILE_RIGHTS, 0, 0, &fd);
    if (!errno_) (void)!__wasi_fd_close(fd);
    return errno_;
}

static __wasi_errno_t open_(const char *path, __wasi_lookupflags_t follow, __wasi_oflags_t flags) {
    __wasi_errno_t errno_ = __wasi_path_open(root, follow, path, flags, 0, 0, 0, &fd);
    if (!errno_) (void)!__wasi_fd_close(fd);
    return errno_;
}

static void interesting(void) {
    SHOW(__wasi_path_create_directory(root, "dir"));
    SHOW(__wasi_path_create_directory(root, "dir/nested"));
    SHOW(make("dir/nested/file"));
    SHOW(open_("/dir/nested/file", 0, 0));
    SHOW(open_("dir/.//nested/../../dir/nested/../nested///./file", 0, 0));
    SHOW(open_("dir/nested/file/", 0, 0));
    SHOW(open_("dir/nested/file///", 0, 0));
    SHOW(open_("dir/nested/", 0, 0));
    SHOW(open_("dir/nested///", 0, 0));
    SHOW(open_("dir/nested/../../../dir/nested/file", 0, 0));
    SHOW(open_("..", 0, 0));
    SHOW(open_("", 0, 0));
    SHOW(open_(".", 0, __WASI_OFLAGS_DIRECTORY));
    SHOW(open_("dir/nested/file/more", 0, 0));
    SHOW(open_("dir", 0, __WASI_OFLAGS_CREAT | __WASI_OFLAGS_DIRECTORY | __WASI_OFLAGS_EXCL));
    SHOW(open_("dir/nested/file", 0, __WASI_OFLAGS_CREAT | __WASI_OFLAGS_EXCL));
    SHOW(open_("absent/file", 0, __WASI_OFLAGS_CREAT));
    SHOW(make("new/"));
    SHOW(__wasi_path_create_directory(root, "dir/"));
    SHOW(__wasi_path_create_directory(root, "fresh/"));
    SHOW(__wasi_path_remove_directory(root, "fresh/"));
    SHOW(__wasi_path_remove_directory(root, "dir"));
    SHOW(__wasi_path_remove_directory(root, "dir/nested/file"));
    SHOW(__wasi_path_remove_directory(root, "dir/nested/file/"));
    SHOW(__wasi_path_unlink_file(root, "dir/nested/file/"));
    SHOW(__wasi_path_unlink_file(root, "dir/nested"));
    SHOW(__wasi_path_unlink_file(root, "dir/nested/"));
    SHOW(__wasi_path_unlink_file(root, "absent"));
    SHOW(__wasi_path_unlink_file(root, "dir/nested/file"));
    SHOW(__wasi_path_remove_directory(root, "dir/nested//"));
    SHOW(__wasi_path_remove_directory(root, "dir"));
}

static void links(void) {
    SHOW(__wasi_path_symlink("target", root, "dangling"));
    SHOW(open_("dangling", 0, 0));
    SHOW(open_("dangling", 0, __WASI_OFLAGS_DIRECTORY));
    SHOW(open_("dangling", __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, 0));
    SHOW(__wasi_path_filestat_get(root, 0, "dangling", &st));
    printf("type %d size %d\n", st.filetype, (int)st.size);
    SHOW(__wasi_path_filestat_get(root, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, "dangling", &st));
    SHOW(__wasi_path_create_directory(root, "target"));
    SHOW(open_("dangling", 0, __WASI_OFLAGS_DIRECTORY));
    SHOW(open_("dangling", __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, __WASI_OFLAGS_DIRECTORY));
    SHOW(__wasi_path_unlink_file(root, "dangling"));
    SHOW(__wasi_path_remove_directory(root, "target"));
    SHOW(__wasi_path_symlink("source", root, "link/"));
    SHOW(__wasi_path_create_directory(root, "link"));
    SHOW(__wasi_path_symlink("source", root, "link/"));
    SHOW(__wasi_path_symlink("source", root, "link"));
    SHOW(__wasi_path_remove_directory(root, "link"));
    SHOW(make("link"));
    SHOW(__wasi_path_symlink("source", root, "link"));
    SHOW(__wasi_path_symlink("", root, "empty"));
    SHOW(__wasi_path_unlink_file(root, "link"));
    SHOW(__wasi_path_symlink("loop", root, "loop"));
    SHOW(open_("loop", __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, 0));
    SHOW(__wasi_path_filestat_get(root, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, "loop", &st));
    SHOW(__wasi_path_readlink(root, "loop", buffer, 2, &n));
    printf("%d bytes\n", (int)n);
    SHOW(make("file"));
    SHOW(__wasi_path_readlink(root, "file", buffer, 10, &n));
    SHOW(__wasi_path_link(root, 0, "loop", root, "hard"));
    SHOW(__wasi_path_unlink_file(root, "hard"));
    SHOW(__wasi_path_link(root, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, "loop", root, "hard") != 0);
    SHOW(__wasi_path_unlink_file(root, "loop"));
    SHOW(__wasi_path_link(root, 0, "file", root, "file"));
    SHOW(__wasi_path_link(root, 0, "file", root, "hard/"));
    SHOW(__wasi_path_link(root, 0, "file", root, "hard"));
    SHOW(__wasi_path_filestat_get(root, 0, "file", &st));
    SHOW(__wasi_path_filestat_get(root, 0, "hard", &st2));
    printf("same %d links %d\n", st.ino == st2.ino, (int)st2.nlink);
    SHOW(__wasi_path_create_directory(root, "d"));
    SHOW(__wasi_path_link(root, 0, "d", root, "d2"));
    SHOW(__wasi_path_link(root, 0, "file", root, "d"));
    SHOW(__wasi_path_unlink_file(root, "hard"));
    SHOW(__wasi_path_unlink_file(root, "file"));
    SHOW(__wasi_path_remove_directory(root, "d"));
}

static void renames(void) {
    SHOW(__wasi_path_create_directory(root, "a"));
    SHOW(__wasi_path_rename(root, "a/", root, "b/"));
    SHOW(__wasi_path_rename(root, "absent", root, "c"));
    SHOW(__wasi_path_create_directory(root, "c"));
    SHOW(__wasi_path_rename(root, "b", root, "c"));
    SHOW(make("c/full"));
    SHOW(__wasi_path_create_directory(root, "b"));
    SHOW(__wasi_path_rename(root, "b", root, "c"));
    SHOW(make("f"));
    SHOW(__wasi_path_rename(root, "b", root, "f"));
    SHOW(__wasi_path_rename(root, "f", root, "b"));
    SHOW(__wasi_path_rename(root, "f/", root, "g"));
    SHOW(__wasi_path_rename(root, "f", root, "g/"));
    SHOW(__wasi_path_rename(root, "b", root, "b/within"));
    SHOW(__wasi_path_rename(root, "f", root, "g"));
    SHOW(__wasi_path_unlink_file(root, "g"));
    SHOW(__wasi_path_unlink_file(root, "c/full"));
    SHOW(__wasi_path_remove_directory(root, "c"));
    SHOW(__wasi_path_remove_directory(root, "b"));
}

static void directories(void) {
    __wasi_iovec_t in = {buffer, 16};
    __wasi_ciovec_t out = {buffer, 16};
    __wasi_prestat_t pre;
    SHOW(__wasi_fd_prestat_get(root, &pre));
    SHOW(__wasi_fd_prestat_dir_name(root, buffer, 0) != 0);
    SHOW(__wasi_fd_prestat_dir_name(root, buffer, pre.u.dir.pr_name_len + 1));
    SHOW(__wasi_fd_read(root, &in, 1, &n) != 0);
    SHOW(__wasi_fd_pread(root, &in, 1, 0, &n) != 0);
    SHOW(__wasi_fd_write(root, &out, 1, &n) != 0);
    SHOW(__wasi_fd_pwrite(root, &out, 1, 0, &n) != 0);
    SHOW(__wasi_fd_seek(root, 0, __WASI_WHENCE_CUR, &at) != 0);
    SHOW(__wasi_fd_tell(root, &at) != 0);
    SHOW(__wasi_fd_allocate(root, 0, 1) != 0);
    SHOW(__wasi_fd_filestat_set_size(root, 0) != 0);
    SHOW(make("plain"));
    SHOW(__wasi_path_open(root, 0, "plain", 0, FILE_RIGHTS, 0, 0, &fd));
    SHOW(__wasi_path_open(fd, 0, "x", 0, 0, 0, 0, &other) != 0);
    SHOW(__wasi_fd_readdir(fd, buffer, 100, 0, &n) != 0);
    SHOW(__wasi_fd_close(fd));
    SHOW(__wasi_path_open(root, 0, "plain", __WASI_OFLAGS_DIRECTORY, 0, 0, 0, &fd));
    SHOW(__wasi_path_unlink_file(root, "plain"));
}

static void files(void) {
    __wasi_iovec_t in[2] = {{buffer, 3}, {buffer + 100, 65536}};
    __wasi_ciovec_t out[3] = {{buffer, 4}, {buffer, 0}, {buffer + 4, 65532}};
    SHOW(__wasi_path_open(root, 0, "data", __WASI_OFLAGS_CREAT | __WASI_OFLAGS_EXCL, FILE_RIGHTS, 0, 0, &fd));
    memcpy(buffer, "01234567", 8);
    SHOW(__wasi_fd_write(fd, out, 3, &n));
    printf("%d written\n", (int)n);
    SHOW(__wasi_fd_seek(fd, -65537, __WASI_WHENCE_CUR, &at));
    SHOW(__wasi_fd_seek(fd, -4, __WASI_WHENCE_END, &at));
    SHOW(__wasi_fd_seek(fd, 100, __WASI_WHENCE_END, &at));
    printf("at %d\n", (int)at);
    SHOW(__wasi_fd_read(fd, in, 2, &n));
    printf("%d read\n", (int)n);
    SHOW(__wasi_fd_pread(fd, in, 2, 65530, &n));
    printf("%d read\n", (int)n);
    SHOW(__wasi_fd_pwrite(fd, out, 1, 70000, &n));
    SHOW(__wasi_fd_filestat_get(fd, &st));
    printf("size %d\n", (int)st.size);
    SHOW(__wasi_fd_filestat_set_size(fd, 5));
    SHOW(__wasi_fd_tell(fd, &at));
    printf("at %d\n", (int)at);
    SHOW(__wasi_fd_advise(fd, 0, 0, __WASI_ADVICE_SEQUENTIAL));
    SHOW(__wasi_fd_fdstat_set_rights(fd, FILE_RIGHTS & ~__WASI_RIGHTS_FD_WRITE, 0));
    SHOW(__wasi_fd_write(fd, out, 1, &n) != 0);
    SHOW(__wasi_fd_fdstat_set_rights(fd, FILE_RIGHTS, 0));
    SHOW(__wasi_fd_fdstat_get(fd, &fs));
    printf("write %d read %d\n", (fs.fs_rights_base & __WASI_RIGHTS_FD_WRITE) != 0, (fs.fs_rights_base & __WASI_RIGHTS_FD_READ) != 0);
    SHOW(__wasi_path_open(root, 0, "data", __WASI_OFLAGS_TRUNC, __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_WRITE, 0, __WASI_FDFLAGS_APPEND, &other));
    SHOW(__wasi_fd_write(other, out, 1, &n));
    SHOW(__wasi_fd_renumber(other, fd));
    SHOW(__wasi_fd_close(other));
    SHOW(__wasi_fd_filestat_get(fd, &st) == 0 || 1);
    SHOW(__wasi_fd_renumber(fd, 99) != 0);
    SHOW(__wasi_fd_close(fd));
    SHOW(__wasi_path_filestat_set_times(root, 0, "data", 1, 2, __WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_ATIM_NOW));
    SHOW(__wasi_path_filestat_set_times(root, 0, "data", 0, 5000000000, __WASI_FSTFLAGS_MTIM));
    SHOW(__wasi_path_filestat_get(root, 0, "data", &st));
    printf("size %d seconds %d\n", (int)st.size, (int)(st.mtim / 1000000000));
    SHOW(__wasi_path_unlink_file(root, "data"));
    SHOW(__wasi_sched_yield());
}

static void listing(void) {
    char name[16];
    int total = 0, calls = 0;
    SHOW(__wasi_path_create_directory(root, "many"));
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "many/%d", i);
        if (make(name)) printf("not made %s\n", name);
    }

    SHOW(__wasi_path_open(root, 0, "many", __WASI_OFLAGS_DIRECTORY, __WASI_RIGHTS_FD_READDIR, 0, 0, &fd));
    for (__wasi_dircookie_t cookie = 0; calls < 1000; calls++) {
        if (__wasi_fd_readdir(fd, buffer, 256, cookie, &n)) break;
        for (uint8_t *next = buffer; next + sizeof(__wasi_dirent_t) <= buffer + n;) {
            __wasi_dirent_t entry;
            memcpy(&entry, next, sizeof entry);
            if (next + sizeof entry + entry.d_namlen > buffer + n) break;
            next += sizeof entry + entry.d_namlen;
            cookie = entry.d_next;
            total++;
        }

        if (n < 256) break;
    }

    printf("%d entries\n", total);
    SHOW(__wasi_fd_close(fd));
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "many/%d", i);
        if (__wasi_path_unlink_file(root, name)) printf("not removed %s\n", name);
    }

    SHOW(__wasi_path_remove_directory(root, "many"));
}

int main(void) {
    interesting();
    links();
    renames();
    directories();
    files();
    listing();
    return 0;
}
