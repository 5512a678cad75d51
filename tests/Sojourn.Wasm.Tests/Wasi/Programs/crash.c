#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) static int divide(int a, int b) {
    int bits = 0; for (int i = 0; i < 8; i++) bits ^= (a >> i) * (b + i); return a / b + bits; // too long to be inlined
}

__attribute__((noinline)) static int beyond(volatile int *where) {
    int sum = 0; for (int i = 0; i < 3; i++) sum += where[i] * i + where[i + 1] % 7 - where[2 * i] / (i + 3) + (where[i + 5] ^ sum << 3);
    return sum;
}

__attribute__((noinline)) static int work(int kind, int depth) {
    if (depth > 0) return work(kind, depth - 1) + 1;
    if (kind == 0) return divide(7, depth);
    if (kind == 1) return beyond((volatile int *)0xfffff000);
    abort();
}

int main(int argc, char **argv) {
    printf("%d\n", work(atoi(argv[1]), 3));
    return 0;
}
