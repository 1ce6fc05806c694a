/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passes TCP connections on and lets what the client says wait: a network of that latency. Prints
 * `listening on PORT` and serves until it is killed.
 *
 * usage: delay-proxy PORT MILLISECONDS
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"

enum { CHUNK = 64 * 1024, BACKLOG = 64 };

static struct sockaddr_in target;
static struct timespec delay;

struct way {
        int from, to;
        bool is_slow;
};

/* One direction, until either end is closed; then the other direction ends, too. */
static void *carry(void *data) {
        struct way *way = data;
        char *chunk = malloc(CHUNK);
        ssize_t n = chunk ? 0 : -1;

        while (n >= 0) {
                n = read(way->from, chunk, CHUNK);
                if (n <= 0)
                        break;
                if (way->is_slow)
                        (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &delay, NULL);
                for (ssize_t done = 0, sent; n > 0 && done < n; done += sent) {
                        sent = write(way->to, chunk + done, (size_t)(n - done));
                        if (sent < 0)
                                n = -1;
                }
        }
        (void)shutdown(way->from, SHUT_RDWR);
        (void)shutdown(way->to, SHUT_RDWR);
        free(chunk);
        return NULL;
}

static void *serve(void *data) {
        int client = (int)(intptr_t)data, server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int yes = 1;
        struct way up = { .from = client, .to = server, .is_slow = true };
        struct way down = { .from = server, .to = client };
        pthread_t thread;

        (void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
        if (server >= 0 && connect(server, (struct sockaddr *)&target, sizeof(target)) == 0 &&
            setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)) == 0 &&
            pthread_create(&thread, NULL, carry, &down) == 0) {
                (void)carry(&up);
                pthread_join(thread, NULL);
        }
        if (server >= 0)
                (void)close(server);
        (void)close(client);
        return NULL;
}

static int listen_anywhere(void) {
        struct sockaddr_in own = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t len = sizeof(own);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || bind(fd, (struct sockaddr *)&own, len) < 0 || listen(fd, BACKLOG) < 0 ||
            getsockname(fd, (struct sockaddr *)&own, &len) < 0)
                return -1;
        printf("listening on %u\n", ntohs(own.sin_port));
        return fflush(stdout) == 0 ? fd : -1;
}

int main(int argc, char **argv) {
        unsigned port, ms;
        int fd;

        if (argc != 3 || text_uint(argv[1], UINT16_MAX, &port) < 0 ||
            text_uint(argv[2], 60000, &ms) < 0)
                return 2;
        target = (struct sockaddr_in){ .sin_family = AF_INET,
                                       .sin_port = htons((uint16_t)port),
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        delay = (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
        fd = listen_anywhere();
        while (fd >= 0) {
                int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
                pthread_t thread;

                if (client < 0)
                        break;
                if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)client) == 0)
                        pthread_detach(thread);
                else
                        (void)close(client);
        }
        perror("delay-proxy");
        return 1;
}
