/* Work of many kinds with one printed answer each, the same whatever the optimisation. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 88172645463325252ull;
static uint64_t next(void) { state ^= state << 13; state ^= state >> 7; state ^= state << 17; return state; }

static uint64_t hash(const void *data, size_t length) {
    const uint8_t *p = data; uint64_t h = 14695981039346656037ull;
    for (size_t i = 0; i < length; i++) { h ^= p[i]; h *= 1099511628211ull; }
    return h;
}

static int ascending(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void sha256(const uint8_t *data, size_t length, uint8_t out[32]) {
    static uint32_t k[64]; static int ready;
    uint32_t h[8];
    if (!ready) {
        int found = 0;
        for (int n = 2; found < 64; n++) {
            int prime = 1;
            for (int d = 2; d * d <= n; d++) if (n % d == 0) { prime = 0; break; }
            if (prime) { double c = cbrt(n); k[found++] = (uint32_t)((c - floor(c)) * 4294967296.0); }
        }
        ready = 1;
    }
    int found = 0;
    for (int n = 2; found < 8; n++) {
        int prime = 1;
        for (int d = 2; d * d <= n; d++) if (n % d == 0) { prime = 0; break; }
        if (prime) { double c = sqrt(n); h[found++] = (uint32_t)((c - floor(c)) * 4294967296.0); }
    }
    size_t padded = (length + 9 + 63) / 64 * 64;
    uint8_t *m = calloc(padded, 1);
    memcpy(m, data, length);
    m[length] = 0x80;
    for (int i = 0; i < 8; i++) m[padded - 1 - i] = (uint8_t)((uint64_t)length * 8 >> (8 * i));
    for (size_t at = 0; at < padded; at += 64) {
        uint32_t w[64], s[8];
        for (int i = 0; i < 16; i++) w[i] = (uint32_t)m[at + 4 * i] << 24 | m[at + 4 * i + 1] << 16 | m[at + 4 * i + 2] << 8 | m[at + 4 * i + 3];
        for (int i = 16; i < 64; i++) {
            uint32_t a = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
            uint32_t b = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
            w[i] = w[i - 16] + a + w[i - 7] + b;
        }
        memcpy(s, h, sizeof s);
        for (int i = 0; i < 64; i++) {
            uint32_t t1 = s[7] + (rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + k[i] + w[i];
            uint32_t t2 = (rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
            memmove(s + 1, s, 7 * sizeof *s);
            s[4] += t1;
            s[0] = t1 + t2;
        }
        for (int i = 0; i < 8; i++) h[i] += s[i];
    }
    free(m);
    for (int i = 0; i < 32; i++) out[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}

static int queens(int n, int row, uint32_t columns, uint32_t left, uint32_t right) {
    if (row == n) return 1;
    int count = 0;
    for (uint32_t free_ = ~(columns | left | right) & ((1u << n) - 1); free_; free_ &= free_ - 1) {
        uint32_t bit = free_ & -free_;
        count += queens(n, row + 1, columns | bit, (left | bit) << 1, (right | bit) >> 1);
    }
    return count;
}

typedef int (*operation)(int, int);
static int add(int a, int b) { return a + b; }
static int sub(int a, int b) { return a - b; }
static int mul(int a, int b) { return (int)((unsigned)a * (unsigned)b); }
static int mix(int a, int b) { return a ^ (b << 5 | (unsigned)b >> 27); }

struct tree { struct tree *left, *right; int key; };
static struct tree *insert(struct tree *t, int key) {
    if (!t) { t = malloc(sizeof *t); t->left = t->right = 0; t->key = key; return t; }
    if (key < t->key) t->left = insert(t->left, key);
    else if (key > t->key) t->right = insert(t->right, key);
    return t;
}
static int height(const struct tree *t) { if (!t) return 0; int l = height(t->left), r = height(t->right); return 1 + (l > r ? l : r); }

int main(void) {
    enum { N = 20000, M = 48 };
    static uint32_t values[N];
    for (int i = 0; i < N; i++) values[i] = (uint32_t)next();
    qsort(values, N, sizeof *values, ascending);
    printf("sort %016llx\n", (unsigned long long)hash(values, sizeof values));

    uint8_t digest[32];
    sha256((const uint8_t *)"abc", 3, digest);
    for (int i = 0; i < 32; i++) printf("%02x", digest[i]);
    sha256((const uint8_t *)values, sizeof values, digest);
    printf(" %016llx\n", (unsigned long long)hash(digest, 32));

    static double a[M][M], b[M][M], c[M][M];
    for (int i = 0; i < M; i++) for (int j = 0; j < M; j++) { a[i][j] = (double)(next() % 1000) / 8; b[i][j] = (double)(next() % 1000) / 16; }
    for (int i = 0; i < M; i++) for (int j = 0; j < M; j++) { double sum = 0; for (int k = 0; k < M; k++) sum += a[i][k] * b[k][j]; c[i][j] = sum; }
    printf("matrix %016llx %.3f\n", (unsigned long long)hash(c, sizeof c), c[5][7]);

    static uint8_t picture[256 * 256];
    for (int y = 0; y < 256; y++) for (int x = 0; x < 256; x++) {
        double zx = 0, zy = 0, px = x / 96.0 - 2, py = y / 128.0 - 1; int n = 0;
        while (n < 100 && zx * zx + zy * zy < 4) { double t = zx * zx - zy * zy + px; zy = 2 * zx * zy + py; zx = t; n++; }
        picture[y * 256 + x] = (uint8_t)n;
    }
    printf("mandelbrot %016llx\n", (unsigned long long)hash(picture, sizeof picture));

    uint32_t sums[16] = {0};
    for (int round = 0; round < 50; round++)
        for (int i = 0; i < 256 * 256; i++) { uint8_t p = picture[i]; sums[i & 15] += p > 50 ? (uint32_t)(p * 3 + round) : (uint32_t)(255 - p); }
    printf("sums %016llx\n", (unsigned long long)hash(sums, sizeof sums));

    printf("queens %d\n", queens(9, 0, 0, 0, 0));

    static const operation table[] = {add, sub, mul, mix};
    int x = 12345;
    for (int i = 0; i < 200000; i++) x = table[next() & 3](x, (int)next());
    printf("calls %d\n", x);

    struct tree *root = 0;
    for (int i = 0; i < 5000; i++) root = insert(root, (int)(next() % 100000));
    printf("tree %d\n", height(root));

    char text[20000]; int length = 0;
    for (int i = 0; i < 1000; i++) length += snprintf(text + length, sizeof text - (size_t)length, "%d,%x;%s|", i * 7919, i * i, i % 3 ? "odd" : "third");
    int commas = 0; for (char *p = strtok(text, ";|"); p; p = strtok(0, ";|")) commas += (int)strlen(p);
    printf("text %d %d\n", length, commas);

    int64_t q = 1; uint64_t u = 1;
    for (int i = 1; i < 100000; i++) { q = (q * 6364136223846793005ll + i) / (i % 17 + 1) - i % 5; u = u * 31 + (uint64_t)(q % 1009) + (uint64_t)(q >> 7); }
    printf("division %lld %llu\n", (long long)q, (unsigned long long)u);

    float f = 1; double d = 1;
    for (int i = 1; i < 10000; i++) { f = f * 1.0001f + 1.0f / (float)i; d = sqrt(d * 1.5 + i) + fabs(floor(d) - ceil(d)) + (double)((int)(d * 3) % 7); }
    printf("floats %.6e %.12e %d\n", f, d, isnan(sqrt(-d)) != 0);
    return 0;
}
