/* libmodbus as a client or a server, told what to do by the lines of its input.
 *
 *   libmodbus_peer client tcp HOST PORT      libmodbus_peer client rtu DEVICE BAUDRATE
 *   libmodbus_peer server tcp HOST CELLS     libmodbus_peer server rtu DEVICE BAUDRATE CELLS
 *
 * A server says "ok PORT" when it listens (0 on a serial line) and ends with its input.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <modbus.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { UNIT = 1, MOST = 4096 };

static int fail(const char *what)
{
    printf("error %s: %s\n", what, modbus_strerror(errno));
    return 1;
}

/* Print what a request came to; `numbers` follow where there was no error. */
static void answer(int result, int count, const uint8_t *bits, const uint16_t *registers)
{
    if (result < 0) {
        if (errno > MODBUS_ENOBASE && errno < EMBBADCRC)
            printf("exception %d\n", errno - MODBUS_ENOBASE);
        else
            fail("request");
        return;
    }
    printf("ok");
    for (int n = 0; n < count; n++)
        printf(" %d", bits ? bits[n] : registers[n]);
    printf("\n");
}

static void carry_out(modbus_t *context, const char *name, const int *n, int count)
{
    uint8_t bits[MOST] = {0};
    uint16_t registers[MOST] = {0}, values[MOST];
    int result;

    if (!strcmp(name, "read_coils"))
        answer(modbus_read_bits(context, n[0], n[1], bits), n[1], bits, NULL);
    else if (!strcmp(name, "read_discrete_inputs"))
        answer(modbus_read_input_bits(context, n[0], n[1], bits), n[1], bits, NULL);
    else if (!strcmp(name, "read_holding_registers"))
        answer(modbus_read_registers(context, n[0], n[1], registers), n[1], NULL, registers);
    else if (!strcmp(name, "read_input_registers"))
        answer(modbus_read_input_registers(context, n[0], n[1], registers), n[1], NULL, registers);
    else if (!strcmp(name, "write_single_coil"))
        answer(modbus_write_bit(context, n[0], n[1]), 0, NULL, NULL);
    else if (!strcmp(name, "write_single_register"))
        answer(modbus_write_register(context, n[0], n[1]), 0, NULL, NULL);
    else if (!strcmp(name, "write_multiple_coils")) {
        for (int i = 1; i < count; i++)
            bits[i - 1] = n[i];
        answer(modbus_write_bits(context, n[0], count - 1, bits), 0, NULL, NULL);
    } else if (!strcmp(name, "write_multiple_registers")) {
        for (int i = 1; i < count; i++)
            values[i - 1] = n[i];
        answer(modbus_write_registers(context, n[0], count - 1, values), 0, NULL, NULL);
    } else if (!strcmp(name, "mask_write_register"))
        answer(modbus_mask_write_register(context, n[0], n[1], n[2]), 0, NULL, NULL);
    else if (!strcmp(name, "read_write_multiple_registers")) {
        for (int i = 3; i < count; i++)
            values[i - 3] = n[i];
        result = modbus_write_and_read_registers(context, n[2], count - 3, values, n[0], n[1],
                                                 registers);
        answer(result, n[1], NULL, registers);
    } else if (!strcmp(name, "report_server_id")) {
        result = modbus_report_slave_id(context, sizeof bits, bits);
        if (result < 0) {
            answer(result, 0, NULL, NULL);
            return;
        }
        printf("ok ");
        for (int i = 0; i < result; i++)
            printf("%02x", bits[i]);
        printf("\n");
    } else
        printf("error no such request: %s\n", name);
}

static int be_client(modbus_t *context)
{
    static char line[65536];

    modbus_set_slave(context, UNIT);
    modbus_set_response_timeout(context, 5, 0);
    if (modbus_connect(context) < 0)
        return fail("connect");
    while (fgets(line, sizeof line, stdin)) {
        int numbers[MOST], count = 0;
        char *name = strtok(line, " \n"), *word;
        while ((word = strtok(NULL, " \n")) && count < MOST)
            numbers[count++] = atoi(word);
        carry_out(context, name, numbers, count);
    }
    return 0;
}

/* Wait for bytes of a client; 0 when the input has ended instead. */
static int wait_for(int descriptor)
{
    struct pollfd watched[2] = {{descriptor, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};

    while (poll(watched, 2, -1) < 0 && errno == EINTR)
        ;
    return !watched[1].revents;
}

static int be_server(modbus_t *context, int listener, int cells)
{
    modbus_mapping_t *mapping = modbus_mapping_new(cells, cells, cells, cells);
    uint8_t query[MODBUS_MAX_ADU_LENGTH];

    for (int n = 0; n < cells; n++) {
        mapping->tab_input_bits[n] = n % 5 == 0 || n % 5 == 3;
        mapping->tab_input_registers[n] = n * 523 + 7;
    }
    modbus_set_slave(context, UNIT);
    for (;;) {
        if (listener >= 0) {
            if (!wait_for(listener))
                return 0;
            modbus_tcp_accept(context, &listener);
        }
        for (;;) {
            if (!wait_for(modbus_get_socket(context)))
                return 0;
            int size = modbus_receive(context, query);
            if (size > 0)
                modbus_reply(context, query, size, mapping);
            else if (size < 0 && listener >= 0)
                break;
        }
        close(modbus_get_socket(context));
    }
}

static modbus_t *line(char **words)
{
    return modbus_new_rtu(words[0], atoi(words[1]), 'E', 8, 1);
}

int main(int count, char **words)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (count < 5)
        return 2;
    int tcp = !strcmp(words[2], "tcp");
    if (!strcmp(words[1], "client"))
        return be_client(tcp ? modbus_new_tcp(words[3], atoi(words[4])) : line(words + 3));
    if (tcp) {
        struct sockaddr_in address;
        socklen_t size = sizeof address;
        modbus_t *context = modbus_new_tcp(words[3], 0);
        int listener = modbus_tcp_listen(context, 8);
        if (listener < 0 || getsockname(listener, (struct sockaddr *)&address, &size) < 0)
            return fail("listen");
        printf("ok %d\n", ntohs(address.sin_port));
        return be_server(context, listener, atoi(words[4]));
    }
    modbus_t *context = line(words + 3);
    if (modbus_connect(context) < 0)
        return fail("open");
    printf("ok 0\n");
    return be_server(context, -1, atoi(words[5]));
}
