/* A Modbus load generator for the benchmarks; it talks to 127.0.0.1 only, over TCP.
 *
 * load PORT CONNECTIONS DEPTH SECONDS REQUEST ANSWER [plain]
 *
 * REQUEST and ANSWER are one ADU each in hex. Every connection keeps DEPTH requests under way; they
 * are MBAP frames with counting transaction ids or, "plain", all the same bytes, as of RTU and
 * ASCII. Every answer must be ANSWER, byte for byte, with the ids in order.
 * Connects, exchanges one request on each connection and prints "ready". Then for each line
 * "COUNT" on standard input exchanges that many requests and prints one line of JSON:
 * {"requests": ..., "seconds": ..., "cpu_seconds": ...} (of this process). Ends with the input.
 * Anything wrong, or SECONDS gone by in one run: a message on standard error, exit status 1.
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
#include <time.h>
#include <unistd.h>

enum { MAX_ADU = 513, MAX_DEPTH = 64, MAX_CONNECTIONS = 4096 };

struct connection {
    int socket;
    uint16_t sent, answered; /* transaction ids: the next to send, the next to come */
    size_t held;             /* bytes in buffer */
    uint8_t buffer[MAX_DEPTH * MAX_ADU];
};

static uint8_t request[MAX_ADU], answer[MAX_ADU];
static size_t request_size, answer_size;
static struct connection *connections;
static int connection_count, depth, epoll;
static size_t id_size = 2; /* bytes at the beginning of a frame that count */
static double time_limit;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void wrong(const char *what) {
    fprintf(stderr, "load: %s\n", what);
    exit(1);
}

static double now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
}

static size_t from_hex(const char *text, uint8_t *bytes) {
    size_t size = strlen(text) / 2;
    if (size < 4 || size > MAX_ADU) wrong("an ADU has 4 to 513 bytes");
    for (size_t i = 0; i < size; i++) {
        unsigned value;
        if (sscanf(text + 2 * i, "%2x", &value) != 1) wrong("an ADU is given in hex");
        bytes[i] = (uint8_t)value;
    }
    return size;
}

static void connect_one(struct connection *c, int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct timeval limit = {.tv_sec = (time_t)time_limit};
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = c}};
    int on = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if ((c->socket = socket(AF_INET, SOCK_STREAM, 0)) < 0) fail("socket");
    if (connect(c->socket, (struct sockaddr *)&address, sizeof address)) fail("connect");
    setsockopt(c->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(c->socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    setsockopt(c->socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->socket, &event)) fail("epoll_ctl");
}

static void send_requests(struct connection *c, long count) {
    uint8_t frames[MAX_DEPTH * MAX_ADU], *end = frames;
    for (; count > 0; count--, c->sent++, end += request_size) {
        memcpy(end, request, request_size);
        if (id_size) {
            end[0] = (uint8_t)(c->sent >> 8);
            end[1] = (uint8_t)c->sent;
        }
    }
    if (end > frames && send(c->socket, frames, (size_t)(end - frames), 0) != end - frames)
        fail("send");
}

static long take_answers(struct connection *c) {
    ssize_t size = recv(c->socket, c->buffer + c->held, sizeof c->buffer - c->held, 0);
    uint8_t *next = c->buffer;
    long count = 0;
    if (size < 0) fail("recv");
    if (size == 0) wrong("the server closed the connection");
    c->held += (size_t)size;
    for (; c->held >= answer_size; next += answer_size, c->held -= answer_size, count++) {
        if (c->answered == c->sent) wrong("an answer to no request");
        if (id_size && (next[0] != c->answered >> 8 || next[1] != (c->answered & 0xFF)))
            wrong("the answers are not in the order of the requests");
        if (memcmp(next + id_size, answer + id_size, answer_size - id_size))
            wrong("an answer has the wrong bytes");
        c->answered++;
    }
    if (c->held && c->answered == c->sent) wrong("more bytes than the answers have");
    if (c->held > id_size && memcmp(next + id_size, answer + id_size, c->held - id_size))
        wrong("an answer begins wrong");
    memmove(c->buffer, next, c->held);
    return count;
}

static long at_most(long value, long limit) { return value < limit ? value : limit; }

static void exchange(long count) {
    struct epoll_event events[256];
    double deadline = now(CLOCK_MONOTONIC) + time_limit;
    long sent = 0, answered = 0;
    for (int i = 0; i < connection_count; i++) {
        long batch = at_most(depth, count - sent);
        send_requests(&connections[i], batch);
        sent += batch;
    }
    while (answered < count) {
        int ready = epoll_wait(epoll, events, 256, 1000);
        if (ready < 0) fail("epoll_wait");
        for (int i = 0; i < ready; i++) {
            struct connection *c = events[i].data.ptr;
            long batch = take_answers(c);
            answered += batch;
            batch = at_most(batch, count - sent);
            send_requests(c, batch);
            sent += batch;
        }
        if (now(CLOCK_MONOTONIC) > deadline) wrong("out of time: answers are missing");
    }
}

int main(int argc, char **argv) {
    long count;
    if (argc == 8 && strcmp(argv[7], "plain") == 0)
        id_size = 0;
    else if (argc != 7)
        wrong("load PORT CONNECTIONS DEPTH SECONDS REQUEST ANSWER [plain]");
    connection_count = atoi(argv[2]);
    depth = atoi(argv[3]);
    time_limit = atof(argv[4]);
    if (connection_count < 1 || connection_count > MAX_CONNECTIONS) wrong("1 to 4096 connections");
    if (depth < 1 || depth > MAX_DEPTH) wrong("1 to 64 requests under way");
    request_size = from_hex(argv[5], request);
    answer_size = from_hex(argv[6], answer);
    connections = calloc((size_t)connection_count, sizeof *connections);
    epoll = epoll_create1(0);
    if (!connections || epoll < 0) fail("load");
    for (int i = 0; i < connection_count; i++) {
        connect_one(&connections[i], atoi(argv[1]));
        send_requests(&connections[i], 1); /* the answer says that the server has accepted */
        while (take_answers(&connections[i]) == 0) continue;
    }
    puts("ready");
    fflush(stdout);
    while (scanf("%ld", &count) == 1) {
        double start = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
        exchange(count);
        printf("{\"requests\": %ld, \"seconds\": %.9f, \"cpu_seconds\": %.9f}\n", count,
               now(CLOCK_MONOTONIC) - start, now(CLOCK_PROCESS_CPUTIME_ID) - cpu);
        fflush(stdout);
    }
    return 0;
}
