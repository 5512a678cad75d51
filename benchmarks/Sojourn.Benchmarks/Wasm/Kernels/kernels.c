// Kernels that the engines are timed with. Freestanding: the same file is compiled to wasm and to native code.
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int i32;
typedef long long i64;
#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name), noinline))
#else
#define EXPORT(name) __attribute__((noinline))
#endif

#define BYTES (8 << 20)
static u8 arena[BYTES] __attribute__((aligned(64)));
static u32 seed;
static u32 rnd(void) { seed ^= seed << 13; seed ^= seed >> 17; seed ^= seed << 5; return seed; }

static double root(double x) { return __builtin_sqrt(x); }

// Recursion.
static __attribute__((noinline)) u32 fib(u32 n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
EXPORT(recursion) u32 recursion(u32 n) { return fib(n); }

// Integer mixing: SHA-256's compression over a buffer.
static const u32 K[64] = {
  0x428a2f98,0x71374491,0xb5c0fbcf,0xe9b5dba5,0x3956c25b,0x59f111f1,0x923f82a4,0xab1c5ed5,0xd807aa98,0x12835b01,0x243185be,0x550c7dc3,0x72be5d74,0x80deb1fe,0x9bdc06a7,0xc19bf174,
  0xe49b69c1,0xefbe4786,0x0fc19dc6,0x240ca1cc,0x2de92c6f,0x4a7484aa,0x5cb0a9dc,0x76f988da,0x983e5152,0xa831c66d,0xb00327c8,0xbf597fc7,0xc6e00bf3,0xd5a79147,0x06ca6351,0x14292967,
  0x27b70a85,0x2e1b2138,0x4d2c6dfc,0x53380d13,0x650a7354,0x766a0abb,0x81c2c92e,0x92722c85,0xa2bfe8a1,0xa81a664b,0xc24b8b70,0xc76c51a3,0xd192e819,0xd6990624,0xf40e3585,0x106aa070,
  0x19a4c116,0x1e376c08,0x2748774c,0x34b0bcb5,0x391c0cb3,0x4ed8aa4a,0x5b9cca4f,0x682e6ff3,0x748f82ee,0x78a5636f,0x84c87814,0x8cc70208,0x90befffa,0xa4506ceb,0xbef9a3f7,0xc67178f2};
#define ROR(x, n) (((x) >> (n)) | ((x) << (32 - (n))))
static void compress(u32 *s, const u8 *p) {
  u32 w[64];
  for (int i = 0; i < 16; i++) w[i] = (u32)p[4*i] << 24 | (u32)p[4*i+1] << 16 | (u32)p[4*i+2] << 8 | p[4*i+3];
  for (int i = 16; i < 64; i++) {
    u32 a = w[i-15], b = w[i-2];
    w[i] = w[i-16] + (ROR(a,7)^ROR(a,18)^(a>>3)) + w[i-7] + (ROR(b,17)^ROR(b,19)^(b>>10));
  }
  u32 a=s[0],b=s[1],c=s[2],d=s[3],e=s[4],f=s[5],g=s[6],h=s[7];
  for (int i = 0; i < 64; i++) {
    u32 t1 = h + (ROR(e,6)^ROR(e,11)^ROR(e,25)) + ((e&f)^(~e&g)) + K[i] + w[i];
    u32 t2 = (ROR(a,2)^ROR(a,13)^ROR(a,22)) + ((a&b)^(a&c)^(b&c));
    h=g; g=f; f=e; e=d+t1; d=c; c=b; b=a; a=t1+t2;
  }
  s[0]+=a;s[1]+=b;s[2]+=c;s[3]+=d;s[4]+=e;s[5]+=f;s[6]+=g;s[7]+=h;
}
EXPORT(sha256) u32 sha256(u32 n) {
  u32 s[8] = {0x6a09e667,0xbb67ae85,0x3c6ef372,0xa54ff53a,0x510e527f,0x9b05688c,0x1f83d9ab,0x5be0cd19};
  for (u32 i = 0; i < 65536; i++) arena[i] = (u8)(i * 7);
  for (u32 r = 0; r < n; r++) for (u32 i = 0; i < 65536; i += 64) compress(s, arena + i);
  return s[0] ^ s[7];
}

// Table-driven checksum.
EXPORT(crc32) u32 crc32(u32 n) {
  u32 *t = (u32 *)arena; u8 *p = arena + 4096; u32 c = ~0u;
  for (u32 i = 0; i < 256; i++) { u32 x = i; for (int k = 0; k < 8; k++) x = x & 1 ? 0xedb88320u ^ (x >> 1) : x >> 1; t[i] = x; }
  for (u32 i = 0; i < 65536; i++) p[i] = (u8)(i ^ (i >> 8));
  for (u32 r = 0; r < n; r++) for (u32 i = 0; i < 65536; i++) c = t[(c ^ p[i]) & 255] ^ (c >> 8);
  return ~c;
}

// Floating point: planets.
typedef struct { double x, y, z, vx, vy, vz, m; } body;
EXPORT(nbody) u32 nbody(u32 n) {
  body b[5] = {{0,0,0,0,0,0,39.47},{4.84,-1.16,-0.10,0.60,2.81,-0.02,0.037},{8.34,4.12,-0.4,-1.01,1.82,0.008,0.011},{12.89,-15.11,-0.22,1.08,0.86,-0.01,0.0017},{15.37,-25.9,0.179,0.97,0.59,-0.03,0.002}};
  for (u32 s = 0; s < n; s++) {
    for (int i = 0; i < 5; i++) for (int j = i + 1; j < 5; j++) {
      double dx=b[i].x-b[j].x, dy=b[i].y-b[j].y, dz=b[i].z-b[j].z, d2=dx*dx+dy*dy+dz*dz, mag=0.001/(d2*root(d2));
      b[i].vx-=dx*b[j].m*mag; b[i].vy-=dy*b[j].m*mag; b[i].vz-=dz*b[j].m*mag;
      b[j].vx+=dx*b[i].m*mag; b[j].vy+=dy*b[i].m*mag; b[j].vz+=dz*b[i].m*mag;
    }
    for (int i = 0; i < 5; i++) { b[i].x+=0.001*b[i].vx; b[i].y+=0.001*b[i].vy; b[i].z+=0.001*b[i].vz; }
  }
  return (u32)(i32)(b[0].x * 1e6) ^ (u32)(i32)(b[4].y * 1e6);
}

// Matrices.
EXPORT(matrix) u32 matrix(u32 n) {
  enum { N = 128 };
  double *a = (double *)arena, *b = a + N*N, *c = b + N*N;
  for (int i = 0; i < N*N; i++) { a[i] = (i % 17) * 0.5; b[i] = (i % 13) * 0.25; c[i] = 0; }
  for (u32 r = 0; r < n; r++)
    for (int i = 0; i < N; i++) for (int j = 0; j < N; j++) { double s = 0; for (int k = 0; k < N; k++) s += a[i*N+k] * b[k*N+j]; c[i*N+j] = s; }
  double t = 0; for (int i = 0; i < N*N; i++) t += c[i];
  return (u32)t;
}

// Mandelbrot.
EXPORT(mandelbrot) u32 mandelbrot(u32 n) {
  u32 sum = 0;
  for (u32 y = 0; y < n; y++) for (u32 x = 0; x < n; x++) {
    double cr = 2.0 * x / n - 1.5, ci = 2.0 * y / n - 1.0, zr = 0, zi = 0; int k = 0;
    while (k < 100 && zr*zr + zi*zi < 4) { double t = zr*zr - zi*zi + cr; zi = 2*zr*zi + ci; zr = t; k++; }
    sum += k;
  }
  return sum;
}

// Sorting: quicksort on random numbers.
static void quick(u32 *a, i32 lo, i32 hi) {
  while (lo < hi) {
    u32 p = a[(lo + hi) >> 1]; i32 i = lo, j = hi;
    while (i <= j) { while (a[i] < p) i++; while (a[j] > p) j--; if (i <= j) { u32 t = a[i]; a[i] = a[j]; a[j] = t; i++; j--; } }
    if (j - lo < hi - i) { quick(a, lo, j); lo = i; } else { quick(a, i, hi); hi = j; }
  }
}
EXPORT(sorting) u32 sorting(u32 n) {
  u32 *a = (u32 *)arena; u32 x = 0;
  for (u32 r = 0; r < n; r++) { seed = 12345 + r; for (u32 i = 0; i < 100000; i++) a[i] = rnd(); quick(a, 0, 99999); x ^= a[50000]; }
  return x;
}

// Sieve: byte stores and strides.
EXPORT(sieve) u32 sieve(u32 n) {
  u32 count = 0;
  for (u32 r = 0; r < n; r++) {
    for (u32 i = 0; i < 1000000; i++) arena[i] = 1;
    for (u32 i = 2; i * i < 1000000; i++) if (arena[i]) for (u32 j = i * i; j < 1000000; j += i) arena[j] = 0;
    count = 0; for (u32 i = 2; i < 1000000; i++) count += arena[i];
  }
  return count;
}

// Compression: greedy LZ with a hash table.
EXPORT(compression) u32 compression(u32 n) {
  u8 *in = arena, *out = arena + (2 << 20); u32 *head = (u32 *)(arena + (4 << 20)); u32 total = 0, len = 1 << 18;
  seed = 99; for (u32 i = 0; i < len; i++) in[i] = (i & 64) ? in[(i * 31) & 1023] : (u8)((rnd() & 15) + 'a');
  for (u32 r = 0; r < n; r++) {
    for (u32 i = 0; i < 65536; i++) head[i] = 0;
    u32 o = 0, i = 0;
    while (i + 4 < len) {
      u32 v = in[i] | in[i+1] << 8 | in[i+2] << 16 | (u32)in[i+3] << 24, h = (v * 2654435761u) >> 16, c = head[h]; head[h] = i + 1;
      u32 m = 0; if (c) { c--; while (i + m < len && m < 255 && in[c+m] == in[i+m]) m++; }
      if (m >= 4) { out[o++] = 255; out[o++] = (u8)m; out[o++] = (u8)(i - c); out[o++] = (u8)((i - c) >> 8); i += m; }
      else out[o++] = in[i++];
    }
    total += o;
  }
  return total;
}

// Image: 3x3 blur of grey bytes.
EXPORT(image) u32 image(u32 n) {
  enum { W = 512, H = 512 };
  u8 *a = arena, *b = arena + W*H; seed = 7; for (u32 i = 0; i < W*H; i++) a[i] = (u8)rnd();
  for (u32 r = 0; r < n; r++) {
    for (u32 y = 1; y < H-1; y++) for (u32 x = 1; x < W-1; x++) {
      u8 *p = a + y*W + x;
      b[y*W+x] = (u8)((p[-W-1] + 2*p[-W] + p[-W+1] + 2*p[-1] + 4*p[0] + 2*p[1] + p[W-1] + 2*p[W] + p[W+1]) >> 4);
    }
    u8 *t = a; a = b; b = t;
  }
  u32 s = 0; for (u32 i = 0; i < W*H; i++) s = s * 31 + a[i];
  return s;
}

// Calls through tables.
typedef u32 (*op)(u32, u32);
static __attribute__((noinline)) u32 op0(u32 a, u32 b) { return a + b; }
static __attribute__((noinline)) u32 op1(u32 a, u32 b) { return a ^ (b << 3); }
static __attribute__((noinline)) u32 op2(u32 a, u32 b) { return a * (b | 1); }
static __attribute__((noinline)) u32 op3(u32 a, u32 b) { return (a >> 3) - b; }
static op volatile table[4] = {op0, op1, op2, op3};
EXPORT(calls) u32 calls(u32 n) { u32 a = 1; for (u32 i = 0; i < n; i++) a = table[(a ^ i) & 3](a, i); return a; }

// Hash table of 64-bit keys.
EXPORT(hashing) u32 hashing(u32 n) {
  u64 *keys = (u64 *)arena; u32 mask = (1 << 16) - 1, found = 0;
  for (u32 r = 0; r < n; r++) {
    for (u32 i = 0; i <= mask; i++) keys[i] = 0;
    u64 x = 88172645463325252ull;
    for (u32 i = 0; i < 40000; i++) {
      x ^= x << 13; x ^= x >> 7; x ^= x << 17;
      u64 k = x | 1; u32 h = (u32)((k * 0x9e3779b97f4a7c15ull) >> 48) & mask;
      while (keys[h] && keys[h] != k) h = (h + 1) & mask;
      if (keys[h] == k) found++; else keys[h] = k;
    }
  }
  return found + (u32)keys[77];
}

// JSON: scan text, count and sum.
static u32 json_value(const u8 **p, u32 *sum);
static void space(const u8 **p) { while (**p == ' ' || **p == '\n') (*p)++; }
static u32 json_value(const u8 **p, u32 *sum) {
  u32 n = 1; space(p);
  if (**p == '{' || **p == '[') {
    u8 close = **p == '{' ? '}' : ']'; (*p)++; space(p);
    while (**p != close) {
      if (close == '}') { n += json_value(p, sum); space(p); (*p)++; }
      n += json_value(p, sum); space(p); if (**p == ',') (*p)++; space(p);
    }
    (*p)++;
  } else if (**p == '"') { (*p)++; while (**p != '"') { if (**p == '\\') (*p)++; *sum = *sum * 31 + **p; (*p)++; } (*p)++; }
  else if (**p == '-' || (**p >= '0' && **p <= '9')) { u32 v = 0; if (**p == '-') (*p)++; while (**p >= '0' && **p <= '9') v = v * 10 + *(*p)++ - '0'; *sum += v; }
  else while (**p >= 'a' && **p <= 'z') (*p)++;
  return n;
}
EXPORT(json) u32 json(u32 n) {
  static const char item[] = "{\"id\": 12345, \"name\": \"a \\\"quoted\\\" name\", \"tags\": [\"x\", \"yy\", \"zzz\"], \"ok\": true, \"none\": null, \"deep\": {\"a\": [1, 2, [3, -4]]}},\n";
  u8 *t = arena; *t++ = '['; for (u32 i = 0; i < 500; i++) for (const char *s = item; *s; s++) *t++ = (u8)*s; *t++ = '1'; *t++ = ']'; *t = 0;
  u32 sum = 0, count = 0; for (u32 r = 0; r < n; r++) { const u8 *p = arena; count += json_value(&p, &sum); }
  return sum ^ count;
}

// Regular expressions: backtracking matcher.
static int here(const char *re, const u8 *t);
static int star(int c, const char *re, const u8 *t) { do { if (here(re, t)) return 1; } while (*t && (*t++ == c || c == '.')); return 0; }
static int here(const char *re, const u8 *t) {
  if (!re[0]) return 1;
  if (re[1] == '*') return star(re[0], re + 2, t);
  if (re[0] == '$' && !re[1]) return !*t;
  if (*t && (re[0] == '.' || re[0] == *t)) return here(re + 1, t + 1);
  return 0;
}
EXPORT(regex) u32 regex(u32 n) {
  seed = 3; for (u32 i = 0; i < 20000; i++) arena[i] = "abcd"[rnd() & 3]; arena[20000] = 0;
  u32 hits = 0; for (u32 r = 0; r < n; r++) for (u32 i = 0; i < 20000; i++) hits += here("ab*c.d*a", arena + i);
  return hits;
}

// 64-bit arithmetic: modular exponentiation by Montgomery-like steps.
EXPORT(modular) u32 modular(u32 n) {
  u64 a = 123456789, m = 0xffffffffffffffc5ull, x = 1;
  for (u32 i = 0; i < n; i++) { u64 lo = a * x, hi = (a >> 32) * (x >> 32); x = (lo ^ (hi << 7)) % m; a += i | 1; if (x & 1) x = (x >> 1) ^ 0xd800000000000000ull; else x >>= 1; x |= 1; }
  return (u32)(x ^ (x >> 32));
}

// Vectors: dot products and saturating bytes.
#ifdef __wasm_simd128__
#include <wasm_simd128.h>
EXPORT(simd) u32 simd(u32 n) {
  float *a = (float *)arena, *b = a + 4096; for (int i = 0; i < 4096; i++) { a[i] = (float)(i & 31); b[i] = (float)(i & 7); }
  v128_t s = wasm_f32x4_splat(0), q = wasm_i8x16_splat(0);
  for (u32 r = 0; r < n; r++) for (int i = 0; i < 4096; i += 4) {
    v128_t x = wasm_v128_load(a + i), y = wasm_v128_load(b + i);
    s = wasm_f32x4_add(s, wasm_f32x4_mul(x, y)); q = wasm_u8x16_add_sat(q, wasm_i8x16_swizzle(x, y)); q = wasm_v128_xor(q, wasm_i8x16_shuffle(x, y, 3,2,1,0,19,18,17,16,7,6,5,4,23,22,21,20));
  }
  return (u32)wasm_i32x4_extract_lane(wasm_v128_xor(wasm_i32x4_trunc_sat_f32x4(s), q), 1);
}
#endif
