/* A Modbus TCP server for the client benchmarks; it listens on 127.0.0.1 only.
 *
 * answer REGISTERS
 *
 * REGISTERS are the bytes of the registers from address 0 on, in hex. Answers reads of holding and
 * input registers from them and knows nothing else. Prints its port, and ends when its standard
 * input ends. It costs a client next to nothing to wait for it.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_SIZE = 12, MAX_ADU = 260 };

static uint8_t registers[65536 * 2];
static size_t register_count;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void read_registers(const char *text) {
    register_count = strlen(text) / 4;
    if (register_count > 65536) register_count = 65536;
    for (size_t i = 0; i < register_count * 2; i++) {
        unsigned value;
        if (sscanf(text + 2 * i, "%2x", &value) != 1) exit(2);
        registers[i] = (uint8_t)value;
    }
}

static int listen_on_any_port(void) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) || listen(listener, 64))
        fail("listen");
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

static void watch(int epoll, int descriptor) {
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = descriptor}};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event)) fail("epoll_ctl");
}

static size_t answer(const uint8_t *request, uint8_t *out) {
    size_t address = (size_t)(request[8] << 8 | request[9]);
    size_t quantity = (size_t)(request[10] << 8 | request[11]);
    memcpy(out, request, 8);
    if (quantity == 0 || quantity > 125 || address + quantity > register_count) {
        out[5] = 3;
        out[7] |= 0x80;
        out[8] = 2;
        return 9;
    }
    out[4] = (uint8_t)((quantity * 2 + 3) >> 8);
    out[5] = (uint8_t)(quantity * 2 + 3);
    out[8] = (uint8_t)(quantity * 2);
    memcpy(out + 9, registers + address * 2, quantity * 2);
    return 9 + quantity * 2;
}

static int serve(int peer) {
    uint8_t requests[64 * REQUEST_SIZE], answers[64 * MAX_ADU], *end = answers;
    ssize_t size = recv(peer, requests, sizeof requests, 0);
    if (size <= 0 || size % REQUEST_SIZE) return 0;
    for (const uint8_t *request = requests; request < requests + size; request += REQUEST_SIZE) {
        if (request[7] != 3 && request[7] != 4) return 0;
        end += answer(request, end);
    }
    return send(peer, answers, (size_t)(end - answers), MSG_NOSIGNAL) == end - answers;
}

int main(int argc, char **argv) {
    struct epoll_event events[16];
    int on = 1, listener, epoll = epoll_create1(0);
    if (argc != 2 || epoll < 0) return 2;
    read_registers(argv[1]);
    listener = listen_on_any_port();
    watch(epoll, listener);
    watch(epoll, STDIN_FILENO);
    for (;;) {
        int ready = epoll_wait(epoll, events, 16, -1);
        for (int i = 0; i < ready; i++) {
            int descriptor = events[i].data.fd;
            if (descriptor == STDIN_FILENO) return 0;
            if (descriptor == listener) {
                int peer = accept(listener, NULL, NULL);
                setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                watch(epoll, peer);
            } else if (!serve(descriptor))
                close(descriptor);
        }
    }
}
