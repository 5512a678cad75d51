/* Waiting for clocks and descriptors, and the calls of sockets, on what every host has: standard streams, a file, a directory. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wasi/api.h>

static __wasi_subscription_t asked[8];
static __wasi_event_t told[8];

static __wasi_subscription_t *ask(int at, uint64_t userdata, uint8_t tag) {
    memset(&asked[at], 0, sizeof asked[at]);
    asked[at].userdata = userdata;
    asked[at].u.tag = tag;
    return &asked[at];
}

static void ask_clock(int at, uint64_t userdata, __wasi_clockid_t clock, uint64_t timeout, uint16_t flags) {
    __wasi_subscription_t *s = ask(at, userdata, __WASI_EVENTTYPE_CLOCK);
    s->u.u.clock.id = clock;
    s->u.u.clock.timeout = timeout;
    s->u.u.clock.flags = flags;
}

static void ask_descriptor(int at, uint64_t userdata, uint8_t tag, __wasi_fd_t fd) {
    __wasi_subscription_t *s = ask(at, userdata, tag);
    s->u.u.fd_read.file_descriptor = fd;
}

static void wait_for(const char *what, int count) {
    __wasi_size_t n = 99;
    memset(told, 0xEE, sizeof told);
    int e = __wasi_poll_oneoff(asked, told, count, &n);
    printf("%s: %d", what, e);
    if (e == 0) {
        printf(", %d events", (int)n);
        for (int i = 0; i < (int)n && i < 8; i++)
            printf(" [%d %d %d]", (int)told[i].userdata, told[i].error, told[i].type);
    }
    printf("\n");
}

int main(int argc, char **argv) {
    (void)argv;
    setvbuf(stdout, NULL, _IOLBF, 256);
    wait_for("nothing", 0);
    ask_clock(0, 1, __WASI_CLOCKID_MONOTONIC, 1000000, 0);
    wait_for("a millisecond", 1);
    /* Node never returns from a wait for an instant that is past. */
    if (argc > 1) {
        ask_clock(0, 2, __WASI_CLOCKID_REALTIME, 1, __WASI_SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME);
        wait_for("the past", 1);
    }

    ask_clock(0, 3, __WASI_CLOCKID_MONOTONIC, 0, 0);
    wait_for("no time", 1);
    ask_clock(0, 4, __WASI_CLOCKID_MONOTONIC, 600000000000ull, 0);
    ask_clock(1, 5, __WASI_CLOCKID_MONOTONIC, 1000000, 0);
    wait_for("the sooner of two", 2);
    ask_descriptor(0, 6, __WASI_EVENTTYPE_FD_WRITE, 1);
    ask_clock(1, 7, __WASI_CLOCKID_MONOTONIC, 600000000000ull, 0);
    wait_for("room to write", 2);
    ask_descriptor(0, 8, __WASI_EVENTTYPE_FD_READ, 0);
    ask_clock(1, 9, __WASI_CLOCKID_MONOTONIC, 600000000000ull, 0);
    wait_for("input", 2);

    __wasi_fd_t file = 99;
    int e = __wasi_path_open(3, 0, "waiting", __WASI_OFLAGS_CREAT,
        __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_WRITE | __WASI_RIGHTS_POLL_FD_READWRITE, 0, 0, &file);
    printf("open: %d\n", e);
    ask_descriptor(0, 10, __WASI_EVENTTYPE_FD_READ, file);
    ask_descriptor(1, 11, __WASI_EVENTTYPE_FD_WRITE, file);
    ask_clock(2, 12, __WASI_CLOCKID_MONOTONIC, 600000000000ull, 0);
    wait_for("a file", 3);

    uint8_t buffer[4] = "abc";
    __wasi_iovec_t in = {buffer, 4};
    __wasi_ciovec_t out = {buffer, 3};
    __wasi_size_t n = 0;
    __wasi_roflags_t flags = 0;
    printf("sock_recv of a file: %d\n", __wasi_sock_recv(file, &in, 1, 0, &n, &flags));
    printf("sock_send of a file: %d\n", __wasi_sock_send(file, &out, 1, 0, &n));
    printf("sock_shutdown of a file: %d\n", __wasi_sock_shutdown(file, __WASI_SDFLAGS_RD | __WASI_SDFLAGS_WR));
    printf("sock_recv of nothing: %d\n", __wasi_sock_recv(77, &in, 1, 0, &n, &flags));
    printf("sock_send of nothing: %d\n", __wasi_sock_send(77, &out, 1, 0, &n));
    printf("sock_shutdown of nothing: %d\n", __wasi_sock_shutdown(77, __WASI_SDFLAGS_RD));
    printf("sched_yield: %d\n", __wasi_sched_yield());
    return 0;
}
