/* A Modbus TCP server made of libmodbus, for the benchmarks; it serves 127.0.0.1 only.
 *
 * libmodbus_server REGISTERS
 *
 * REGISTERS are what the holding registers hold from address 0 on, big-endian in hex. Prints the
 * port it listens on; answers each line of its input with the CPU seconds it has used so far; ends
 * with the input. The loop is epoll's, all the rest libmodbus': it takes one request at a time.
 */
#include <arpa/inet.h>
#include <modbus/modbus.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int listen_anywhere(void) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size)) fail("bind");
    if (listen(listener, BACKLOG)) fail("listen");
    if (getsockname(listener, (struct sockaddr *)&address, &size)) fail("getsockname");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

static void watch(int epoll, int descriptor) {
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = descriptor}};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event)) fail("epoll_ctl");
}

static void serve(modbus_t *modbus, modbus_mapping_t *mapping, int descriptor) {
    uint8_t request[MODBUS_TCP_MAX_ADU_LENGTH];
    int size;
    modbus_set_socket(modbus, descriptor);
    size = modbus_receive(modbus, request);
    if (size < 0 || (size > 0 && modbus_reply(modbus, request, size, mapping) < 0))
        close(descriptor);
}

static void tell_cpu_seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    printf("%.9f\n", time.tv_sec + time.tv_nsec * 1e-9);
    fflush(stdout);
}

int main(int argc, char **argv) {
    struct epoll_event events[256];
    char line[64];
    int on = 1, epoll = epoll_create1(0), listener;
    modbus_t *modbus = modbus_new_tcp("127.0.0.1", 0);
    modbus_mapping_t *mapping = modbus_mapping_new(0, 0, 65535, 0);
    if (argc != 2 || !modbus || !mapping || epoll < 0) fail("libmodbus_server");
    for (size_t i = 0; i < strlen(argv[1]) / 4; i++) {
        unsigned value;
        if (sscanf(argv[1] + 4 * i, "%4x", &value) != 1) fail("registers are given in hex");
        mapping->tab_registers[i] = (uint16_t)value;
    }
    listener = listen_anywhere();
    watch(epoll, listener);
    watch(epoll, STDIN_FILENO);
    for (;;) {
        int ready = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            int descriptor = events[i].data.fd;
            if (descriptor == listener) {
                int accepted = accept(listener, NULL, NULL);
                if (accepted < 0) fail("accept");
                setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                watch(epoll, accepted);
            } else if (descriptor == STDIN_FILENO) {
                if (!fgets(line, sizeof line, stdin)) return 0;
                tell_cpu_seconds();
            } else {
                serve(modbus, mapping, descriptor);
            }
        }
    }
}
