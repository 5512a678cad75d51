// A hostile guest: each mode tries one way out. It exits with 0 where every attempt was refused, with 1 where one succeeded (and says which on standard
// output), and never where a limit should have ended it.
//
//   probe MODE [ARGUMENT…]
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <wasi/api.h>

static int escaped;

static void got(const char *what) {
  printf("escaped: %s\n", what);
  escaped = 1;
}

static void try_path(int directory, const char *path) {
  __wasi_fd_t fd;
  __wasi_rights_t all = ~(__wasi_rights_t)0;
  const int follow[] = {0, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW};
  for (int i = 0; i < 2; i++) {
    if (__wasi_path_open(directory, follow[i], path, 0, __WASI_RIGHTS_FD_READ, 0, 0, &fd) == 0) { got(path); (void)!__wasi_fd_close(fd); }
    if (__wasi_path_open(directory, follow[i], path, __WASI_OFLAGS_DIRECTORY, all, all, 0, &fd) == 0) { got(path); (void)!__wasi_fd_close(fd); }
  }
  __wasi_filestat_t stat;
  if (__wasi_path_filestat_get(directory, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, path, &stat) == 0) got(path);
}

// Files: everything that is not below /in or /output, by every road there is.
static void files(void) {
  static const char *const outside[] = {
    "/etc/passwd", "../etc/passwd", "../../../../etc/passwd", "/proc/self/mem", "/proc/self/environ", "../proc/self/maps", "/enclave/sojourn-enclave", "../enclave/sojourn-enclave",
    "./../output/../../etc/passwd", "..", "/", "table/../../etc/passwd", "a/../../b", "\\..\\etc", "..\0/etc", "",
  };
  for (int fd = 3; fd < 8; fd++)
    for (unsigned i = 0; i < sizeof outside / sizeof *outside; i++) try_path(fd, outside[i]);
  // A link that points outside, made by the guest itself.
  if (__wasi_path_symlink("/etc/passwd", 4, "link") == 0) try_path(4, "link");
  if (__wasi_path_symlink("../../../etc", 4, "up") == 0) { try_path(4, "up/passwd"); try_path(4, "up/hostname"); }
  if (__wasi_path_symlink("self", 4, "self") == 0) try_path(4, "self");
  // Inputs are read-only: not written, not linked, not renamed, not removed, not truncated.
  __wasi_fd_t fd;
  if (__wasi_path_open(3, 0, "new", __WASI_OFLAGS_CREAT, __WASI_RIGHTS_FD_WRITE, 0, 0, &fd) == 0) got("a file was made among the inputs");
  if (__wasi_path_open(3, 0, "table", __WASI_OFLAGS_TRUNC, __WASI_RIGHTS_FD_WRITE, 0, 0, &fd) == 0) got("an input was truncated");
  if (__wasi_path_open(3, 0, "table", 0, __WASI_RIGHTS_FD_WRITE | __WASI_RIGHTS_FD_READ, 0, 0, &fd) == 0) got("an input was opened for writing");
  if (__wasi_path_unlink_file(3, "table") == 0) got("an input was removed");
  if (__wasi_path_rename(3, "table", 4, "table") == 0) got("an input was moved");
  if (__wasi_path_link(3, 0, "table", 4, "hard") == 0) got("an input was linked");
  if (__wasi_path_create_directory(3, "folder") == 0) got("a folder was made among the inputs");
  if (__wasi_path_filestat_set_times(3, 0, "table", 0, 0, __WASI_FSTFLAGS_MTIM_NOW) == 0) got("an input's times were set");
  // No descriptor but the ones that were handed over.
  for (uint32_t n = 5; n < 5000; n++) {
    __wasi_fdstat_t stat;
    if (__wasi_fd_fdstat_get(n, &stat) == 0) got("a descriptor nobody gave");
  }
  __wasi_fdstat_t stat;
  if (__wasi_fd_fdstat_get(UINT32_MAX, &stat) == 0) got("descriptor -1");
  // Rights that were never given cannot be taken.
  if (__wasi_fd_fdstat_set_rights(3, ~(__wasi_rights_t)0, ~(__wasi_rights_t)0) == 0
      && __wasi_path_open(3, 0, "new", __WASI_OFLAGS_CREAT, __WASI_RIGHTS_FD_WRITE, 0, 0, &fd) == 0) got("rights grew");
}

// Network: every socket call on every descriptor.
static void network(void) {
  uint8_t bytes[64] = {0};
  __wasi_ciovec_t out = {bytes, sizeof bytes};
  __wasi_iovec_t in = {bytes, sizeof bytes};
  for (uint32_t fd = 0; fd < 64; fd++) {
    __wasi_size_t n;
    __wasi_roflags_t flags;
    __wasi_fd_t accepted;
    if (__wasi_sock_send(fd, &out, 1, 0, &n) == 0) got("sock_send");
    if (__wasi_sock_recv(fd, &in, 1, 0, &n, &flags) == 0) got("sock_recv");
    if (__wasi_sock_accept(fd, 0, &accepted) == 0) got("sock_accept");
    if (__wasi_sock_shutdown(fd, __WASI_SDFLAGS_RD | __WASI_SDFLAGS_WR) == 0) got("sock_shutdown");
  }
}

// Pointers that lead out of memory, lengths that wrap around: an errno or a trap, never a write elsewhere.
static void pointers(void) {
  uint8_t *far = (uint8_t *)0xfffffff0u;
  __wasi_ciovec_t out = {far, 0xffffffffu};
  __wasi_size_t n;
  if (__wasi_fd_write(1, &out, 1, &n) == 0) got("fd_write past the end");
  if (__wasi_fd_write(1, (__wasi_ciovec_t *)far, 0x20000000u, &n) == 0) got("vectors past the end");
  if (__wasi_random_get(far, 0x7fffffffu) == 0) got("random_get past the end");
  if (__wasi_fd_prestat_dir_name(3, far, 0xffffffffu) == 0) got("prestat past the end");
  if (__wasi_args_get((uint8_t **)far, far) == 0) got("args_get past the end");
}

// What the environment tells: no variables but the job's, no real time, no identity of the machine.
static void curious(void) {
  extern char **environ;
  if (environ && *environ) got(*environ);
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  printf("time %lld\n", (long long)now.tv_sec);
  unsigned char random[16];
  getentropy(random, sizeof random);
  printf("random ");
  for (int i = 0; i < 16; i++) printf("%02x", random[i]);
  printf("\n");
}

// Sleeps as long as it may.
static void sleepy(void) {
  struct timespec day = {86400, 0};
  for (int i = 0; i < 1000; i++) nanosleep(&day, 0);
}

static void huge(const char *how) {
  static char block[1 << 16];
  memset(block, 'x', sizeof block);
  if (!strcmp(how, "file")) {
    int fd = open("/output/huge", O_CREAT | O_WRONLY, 0600);
    long long written = 0;
    for (ssize_t n; (n = write(fd, block, sizeof block)) > 0;) written += n;
    printf("%lld bytes, errno %d\n", written, errno);
  } else if (!strcmp(how, "sparse")) {
    int fd = open("/output/sparse", O_CREAT | O_WRONLY, 0600);
    if (ftruncate(fd, 1LL << 40) == 0) got("a file of a tebibyte");
    if (pwrite(fd, "x", 1, 1LL << 39) == 1) got("a byte far out");
    if (__wasi_fd_allocate(fd, 0, 1ULL << 40) == 0) got("allocated a tebibyte");
  } else if (!strcmp(how, "files")) {
    char name[64];
    int made = 0;
    for (; made < 10000000; made++) {
      snprintf(name, sizeof name, "/output/f%d", made);
      int fd = open(name, O_CREAT | O_WRONLY, 0600);
      if (fd < 0) break;
      close(fd);
    }
    printf("%d files, errno %d\n", made, errno);
    if (made == 10000000) got("ten million files");
  } else if (!strcmp(how, "log")) {
    for (int i = 0; i < 4096; i++) fwrite(block, 1, sizeof block, stderr);
  } else if (!strcmp(how, "descriptors")) {
    int n = 0;
    while (n < 1000000 && open("/output/d", O_CREAT | O_WRONLY, 0600) >= 0) n++;
    printf("%d descriptors, errno %d\n", n, errno);
    if (n == 1000000) got("a million descriptors");
  }
}

// Names that could mean something outside.
static void names(void) {
  static const char *const bad[] = {"../escaped", "/output/../escaped", ".sojourn/stdout", "a\nstrike b 0 1", "a b", "\xff\xfe", "con", "a//b"};
  for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
    __wasi_fd_t fd;
    __wasi_errno_t e = __wasi_path_open(4, 0, bad[i], __WASI_OFLAGS_CREAT, __WASI_RIGHTS_FD_WRITE, 0, 0, &fd);
    if (e == 0 && strstr(bad[i], "..")) got(bad[i]);
    if (e == 0) (void)!__wasi_fd_close(fd);
  }
}

static int deep(volatile int n) {
  volatile char frame[512];
  frame[0] = (char)n;
  return n < 0 ? 0 : deep(n + 1) + frame[0];
}

static void memory(void) {
  size_t total = 0;
  for (;;) {
    char *p = malloc(1 << 20);
    if (!p) break;
    memset(p, 1, 1 << 20);
    __asm__ volatile("" : : "r"(p) : "memory");
    total += 1 << 20;
  }
  printf("%zu MiB\n", total >> 20);
}

// Work whose price a careless meter would get wrong: bulk memory operations, and a loop of nothing.
static void fuel(const char *how) {
  static char block[1 << 24];
  volatile unsigned long long n = 0;
  if (!strcmp(how, "bulk")) for (;;) { memset(block, (int)n++, sizeof block); __asm__ volatile("" ::: "memory"); }
  if (!strcmp(how, "loop")) for (;;) n++;
  if (!strcmp(how, "host")) for (;;) { __wasi_timestamp_t t; (void)!__wasi_clock_time_get(0, 0, &t); }
  if (!strcmp(how, "random")) for (;;) (void)!__wasi_random_get((uint8_t *)block, sizeof block);
  if (!strcmp(how, "yield")) for (;;) (void)!__wasi_sched_yield();
}

static void crash(const char *how) {
  volatile int seven = 7, zero = 0;
  if (!strcmp(how, "divide")) printf("%d\n", seven / zero);
  if (!strcmp(how, "memory")) *(volatile int *)0xfffffff0u = 1;
  if (!strcmp(how, "abort")) abort();
  if (!strcmp(how, "call")) ((int (*)(int, int, int))(uintptr_t)0x1234567)(1, 2, 3);
  if (!strcmp(how, "stack")) deep(0);
  if (!strcmp(how, "exit")) exit(0x7fffffff);
}

// Reads an input and writes it out, as the honest do; the other modes tell what they saw by their size, their fuel, their exit code.
static void copy(const char *from, const char *to) {
  FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
  static char block[1 << 16];
  if (!in || !out) exit(2);
  for (size_t n; (n = fread(block, 1, sizeof block, in)) > 0;) fwrite(block, 1, n, out);
  fclose(out);
}

static unsigned secret(const char *from) {
  unsigned value = 0;
  FILE *in = fopen(from, "rb");
  if (!in || fread(&value, 1, 4, in) != 4) exit(2);
  return value;
}

int main(int argc, char **argv) {
  const char *mode = argc > 1 ? argv[1] : "", *how = argc > 2 ? argv[2] : "";
  if (!strcmp(mode, "files")) files();
  else if (!strcmp(mode, "network")) network();
  else if (!strcmp(mode, "pointers")) pointers();
  else if (!strcmp(mode, "curious")) curious();
  else if (!strcmp(mode, "sleep")) sleepy();
  else if (!strcmp(mode, "huge")) huge(how);
  else if (!strcmp(mode, "names")) names();
  else if (!strcmp(mode, "memory")) memory();
  else if (!strcmp(mode, "fuel")) fuel(how);
  else if (!strcmp(mode, "crash")) crash(how);
  else if (!strcmp(mode, "copy")) copy(how, argc > 3 ? argv[3] : "");
  else if (!strcmp(mode, "tell-exit")) return (int)(secret(how) & 0x7fffffff);
  else if (!strcmp(mode, "tell-fuel")) { volatile unsigned n = secret(how) & 0xffff; while (n) n--; }
  else if (!strcmp(mode, "tell-size")) { FILE *out = fopen("/output/size", "wb"); for (unsigned n = secret(how) & 0xff; n; n--) fputc('x', out); fclose(out); }
  else if (!strcmp(mode, "say")) { FILE *out = fopen(argv[3], "wb"); fputs(how, out); fclose(out); fputs(how, stdout); }
  else if (!strcmp(mode, "exists")) { for (int i = 2; i < argc; i++) printf("%s %s\n", argv[i], access(argv[i], F_OK) == 0 ? "there" : "not there"); }
  else return 99;
  return escaped;
}
