/* What a C program sees of the file system through wasi-libc; every result and errno is printed by name. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *reason(void) {
    switch (errno) {
    case 0: return "0";
    case ENOENT: return "ENOENT";
    case EEXIST: return "EEXIST";
    case ENOTDIR: return "ENOTDIR";
    case EISDIR: return "EISDIR";
    case ENOTEMPTY: return "ENOTEMPTY";
    case EBADF: return "EBADF";
    case EINVAL: return "EINVAL";
    case ELOOP: return "ELOOP";
    case ESPIPE: return "ESPIPE";
    case EPERM: return "EPERM";
    case ENOTCAPABLE: return "ENOTCAPABLE";
    case ENAMETOOLONG: return "ENAMETOOLONG";
    case EXDEV: return "EXDEV";
    case EACCES: return "EACCES";
    case EBUSY: return "EBUSY";
    default: return strerror(errno);
    }
}

#define SHOW(call) do { errno = 0; long r_ = (long)(call); printf("%-64s %ld %s\n", #call, r_, r_ < 0 ? reason() : ""); } while (0)

static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void list(const char *path) {
    DIR *directory = opendir(path);
    if (!directory) { printf("opendir %s: %s\n", path, reason()); return; }
    char *names[512]; int count = 0;
    struct dirent *entry;
    while ((entry = readdir(directory)) && count < 512) {
        char text[300];
        snprintf(text, sizeof text, "%s %d", entry->d_name, entry->d_type);
        names[count++] = strdup(text);
    }
    rewinddir(directory);
    int again = 0;
    while (readdir(directory)) again++;
    closedir(directory);
    qsort(names, count, sizeof *names, compare);
    printf("%s: %d entries, %d again:", path, count, again);
    for (int i = 0; i < count; i++) if (i < 8 || i == count - 1) printf(" [%s]", names[i]);
    printf("\n");
}

int main(void) {
    char buffer[64];
    struct stat st;

    int fd = open("file", O_RDWR | O_CREAT | O_EXCL, 0644);
    printf("created %d\n", fd > 2);
    SHOW(open("file", O_RDWR | O_CREAT | O_EXCL, 0644));
    SHOW(write(fd, "hello, world", 12));
    SHOW(lseek(fd, 0, SEEK_CUR));
    SHOW(lseek(fd, -5, SEEK_END));
    SHOW(read(fd, buffer, 3));
    SHOW(lseek(fd, -100, SEEK_CUR));
    SHOW(lseek(fd, 0, 9));
    SHOW(pwrite(fd, "H", 1, 0));
    SHOW(pread(fd, buffer, 5, 0));
    printf("%.5s\n", buffer);
    SHOW(ftruncate(fd, 5));
    SHOW(ftruncate(fd, -1));
    SHOW(fstat(fd, &st));
    printf("size %lld, regular %d, links %d\n", (long long)st.st_size, S_ISREG(st.st_mode), (int)st.st_nlink);
    SHOW(posix_fallocate(fd, 0, 64));
    SHOW(fstat(fd, &st));
    printf("size %lld\n", (long long)st.st_size);
    SHOW(fsync(fd));
    SHOW(fdatasync(fd));
    SHOW(isatty(fd));
    SHOW(fcntl(fd, F_GETFL) & O_APPEND);
    SHOW(close(fd));
    SHOW(close(fd));
    SHOW(read(fd, buffer, 1));

    fd = open("file", O_RDONLY);
    SHOW(write(fd, "x", 1));
    SHOW(ftruncate(fd, 0));
    SHOW(close(fd));
    fd = open("file", O_WRONLY | O_APPEND);
    SHOW(read(fd, buffer, 1));
    SHOW(fcntl(fd, F_GETFL) & O_APPEND ? 1 : 0);
    SHOW(write(fd, "tail", 4));
    SHOW(lseek(fd, 0, SEEK_CUR));
    SHOW(lseek(fd, 0, SEEK_SET));
    SHOW(write(fd, "!", 1));
    SHOW(lseek(fd, 0, SEEK_CUR));
    SHOW(fcntl(fd, F_SETFL, 0));
    SHOW(lseek(fd, 0, SEEK_SET));
    SHOW(write(fd, "J", 1));
    SHOW(close(fd));
    SHOW(stat("file", &st));
    printf("size %lld\n", (long long)st.st_size);
    fd = open("file", O_WRONLY | O_TRUNC);
    SHOW(close(fd));
    SHOW(stat("file", &st));
    printf("size %lld\n", (long long)st.st_size);

    SHOW(open("none", O_RDONLY));
    SHOW(open("none/file", O_RDWR | O_CREAT, 0644));
    SHOW(open("file/x", O_RDONLY));
    SHOW(open("file/", O_RDONLY));
    SHOW(open("file", O_RDONLY | O_DIRECTORY));
    SHOW(open("", O_RDONLY));
    SHOW(open("new/", O_RDWR | O_CREAT, 0644));
    SHOW(mkdir("dir", 0755));
    SHOW(mkdir("dir", 0755));
    SHOW(mkdir("file", 0755));
    SHOW(mkdir("file/dir", 0755));
    SHOW(mkdir("none/dir", 0755));
    SHOW(mkdir("dir/inner/", 0755));
    SHOW(open("dir", O_RDWR));
    SHOW(open("dir", O_WRONLY | O_CREAT, 0644));
    SHOW(rmdir("dir"));
    SHOW(rmdir("file"));
    SHOW(rmdir("none"));
    SHOW(unlink("dir"));
    SHOW(unlink("none"));
    SHOW(unlink("file/"));
    SHOW(rmdir("dir/inner/"));

    SHOW(symlink("file", "link"));
    SHOW(symlink("file", "link"));
    SHOW(symlink("nowhere", "dangling"));
    SHOW(symlink("loop", "loop"));
    SHOW(symlink("../..", "dir/up"));
    SHOW(symlink("x", "none/link"));
    SHOW(readlink("link", buffer, sizeof buffer));
    SHOW(readlink("link", buffer, 2));
    SHOW(readlink("file", buffer, 2));
    SHOW(readlink("none", buffer, 2));
    SHOW(lstat("link", &st));
    printf("link %d size %lld\n", S_ISLNK(st.st_mode), (long long)st.st_size);
    SHOW(stat("link", &st));
    printf("regular %d\n", S_ISREG(st.st_mode));
    SHOW(stat("dangling", &st));
    SHOW(stat("loop", &st));
    SHOW(open("loop", O_RDONLY));
    SHOW(open("link", O_RDONLY | O_NOFOLLOW));
    SHOW(open("dangling", O_RDONLY));
    SHOW(open("dangling", O_RDWR | O_CREAT | O_EXCL, 0644));
    fd = open("dangling", O_RDWR | O_CREAT, 0644);
    printf("through the link %d\n", fd >= 0);
    SHOW(close(fd));
    SHOW(stat("nowhere", &st));

    SHOW(link("file", "hard"));
    SHOW(link("file", "hard"));
    SHOW(link("none", "hard2"));
    SHOW(link("dir", "hard2"));
    SHOW(stat("hard", &st));
    printf("links %d\n", (int)st.st_nlink);
    SHOW(rename("hard", "dir/hard"));
    SHOW(rename("hard", "dir/hard"));
    SHOW(rename("dir", "dir/below"));
    SHOW(rename("file", "dir"));
    SHOW(rename("dir", "file"));
    SHOW(mkdir("empty", 0755));
    SHOW(rename("empty", "dir"));
    SHOW(rename("dir", "empty"));
    SHOW(rename("empty", "dir"));
    SHOW(stat("dir/hard", &st));

    SHOW(chdir("dir"));
    SHOW(stat("hard", &st));
    SHOW(chdir("/"));
    SHOW(access("file", R_OK | W_OK));
    SHOW(access("none", F_OK));

    struct timespec times[2] = {{1234567890, 123456789}, {987654321, 987654321}};
    SHOW(utimensat(AT_FDCWD, "file", times, 0));
    SHOW(stat("file", &st));
    printf("%lld.%09ld %lld.%09ld\n", (long long)st.st_atim.tv_sec, st.st_atim.tv_nsec, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    times[0].tv_nsec = UTIME_OMIT;
    times[1].tv_sec = 5;
    SHOW(utimensat(AT_FDCWD, "file", times, 0));
    SHOW(stat("file", &st));
    printf("%lld.%09ld %lld.%09ld\n", (long long)st.st_atim.tv_sec, st.st_atim.tv_nsec, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);

    list("/");
    SHOW(mkdir("many", 0755));
    for (int i = 0; i < 300; i++) {
        snprintf(buffer, sizeof buffer, "many/file-number-%03d", i);
        close(open(buffer, O_WRONLY | O_CREAT, 0644));
    }
    list("many");
    list("none");
    list("file");
    for (int i = 0; i < 300; i++) {
        snprintf(buffer, sizeof buffer, "many/file-number-%03d", i);
        if (unlink(buffer)) printf("unlink %s: %s\n", buffer, reason());
    }
    list("many");

    SHOW(lseek(1, 0, SEEK_CUR));
    SHOW(read(77, buffer, 1));
    SHOW(write(77, buffer, 1));

    FILE *file = fopen("text", "w+");
    for (int i = 0; i < 1000; i++) fprintf(file, "line %d\n", i);
    SHOW(ftell(file));
    rewind(file);
    int lines = 0, sum = 0, number;
    while (fscanf(file, "line %d\n", &number) == 1) { lines++; sum += number; }
    printf("%d lines, sum %d\n", lines, sum);
    fclose(file);
    file = fopen("text", "a");
    fputs("end\n", file);
    SHOW(ftell(file));
    fclose(file);
    SHOW(remove("text"));
    SHOW(remove("many"));
    return 3;
}
