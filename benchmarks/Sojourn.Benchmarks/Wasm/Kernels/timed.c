// The kernels with a clock inside: reads lines "NAME SIZE", answers "NAME RESULT NANOSECONDS". For engines that run a program but let nobody call a function,
// and for native code.
#include "kernels.c"

static const struct { const char *name; u32 (*run)(u32); } all[] = {
  {"recursion", recursion}, {"sha256", sha256}, {"crc32", crc32}, {"nbody", nbody}, {"matrix", matrix}, {"mandelbrot", mandelbrot},
  {"sorting", sorting}, {"sieve", sieve}, {"compression", compression}, {"image", image}, {"calls", calls}, {"hashing", hashing},
  {"json", json}, {"regex", regex}, {"modular", modular},
#ifdef __wasm__
  {"simd", simd},
#endif
};

#ifdef __wasm__
#define WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name)))
typedef struct { void *at; u32 length; } vector;
WASI(clock_time_get) int clock_time_get(int, u64, u64 *);
WASI(fd_read) int fd_read(int, const vector *, int, u32 *);
WASI(fd_write) int fd_write(int, const vector *, int, u32 *);
static u64 now(void) { u64 t = 0; clock_time_get(1, 1, &t); return t; }
static int get(char *c) { vector v = {c, 1}; u32 n = 0; return fd_read(0, &v, 1, &n) == 0 && n == 1; }
static void put(const char *text, u32 length) { vector v = {(void *)text, length}; u32 n; fd_write(1, &v, 1, &n); }
#else
#include <time.h>
#include <unistd.h>
static u64 now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec; }
static int get(char *c) { return read(0, c, 1) == 1; }
static void put(const char *text, u32 length) { if (write(1, text, length) != (long)length) _exit(1); }
#endif

static u32 number(char *to, u64 value) {
  char digits[20]; u32 n = 0;
  do digits[n++] = (char)('0' + value % 10); while (value /= 10);
  for (u32 i = 0; i < n; i++) to[i] = digits[n - 1 - i];
  return n;
}

static int same(const char *a, const char *b, u32 length) {
  for (u32 i = 0; i < length; i++) if (a[i] != b[i]) return 0;
  return b[length] == 0;
}

static void serve(void) {
  char line[128]; u32 length = 0;
  for (char c; get(&c);) {
    if (c != '\n') { if (length < sizeof line - 1) line[length++] = c; continue; }
    u32 space = 0, size = 0;
    while (space < length && line[space] != ' ') space++;
    for (u32 i = space + 1; i < length; i++) size = size * 10 + (u32)(line[i] - '0');
    for (u32 i = 0; i < sizeof all / sizeof all[0]; i++) if (same(line, all[i].name, space)) {
      u64 start = now(); u32 result = all[i].run(size); u64 took = now() - start;
      char answer[160]; u32 n = 0;
      for (; n < space; n++) answer[n] = line[n];
      answer[n++] = ' '; n += number(answer + n, result); answer[n++] = ' '; n += number(answer + n, took); answer[n++] = '\n';
      put(answer, n);
    }
    length = 0;
  }
}

#ifdef __wasm__
__attribute__((export_name("wizer-initialize"))) void initialize(void) { serve(); }
#else
int main(void) { serve(); return 0; }
#endif
