/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/http/server.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/stamp.h"
#include "base/text.h"

enum { REQUESTS_MAX = 4096, CONNECTIONS_MAX = 512 };

struct received {
        char *text;
        unsigned connection;
        long long at_ms;
};

struct connection {
        struct server *server;
        pthread_t thread;
        int fd;
        unsigned number;
};

struct server {
        int fd;
        int port;
        char url[512];
        pthread_t thread;

        pthread_mutex_t lock; /* guards all below */
        const struct reply *replies;
        size_t n_replies;
        unsigned played; /* requests before the script began */
        pthread_cond_t changed;
        bool is_ending;
        unsigned released;
        struct received requests[REQUESTS_MAX];
        unsigned n_requests;
        struct connection connections[CONNECTIONS_MAX];
        unsigned n_connections;
        unsigned at_once, most_at_once;
};

static void must(bool is_so) {
        if (!is_so)
                abort();
}

static void lock(struct server *server) {
        (void)pthread_mutex_lock(&server->lock);
}

static void unlock(struct server *server) {
        (void)pthread_mutex_unlock(&server->lock);
}

/* Bytes of the whole request in the buffer, 0 if it is not complete. */
static size_t request_len(const struct buf *in) {
        const char *end = strstr(buf_str(in), "\r\n\r\n");
        const char *length;
        size_t body = 0;

        if (!end)
                return 0;
        length = strcasestr(buf_str(in), "\r\nContent-Length:");
        if (length && length < end) {
                const char *digits = length + strlen("\r\nContent-Length:");

                digits += strspn(digits, " ");
                for (; *digits >= '0' && *digits <= '9'; digits++)
                        body = body * 10 + (size_t)(*digits - '0');
        }
        body += (size_t)(end - buf_str(in)) + 4;
        return in->len >= body ? body : 0;
}

/* The next request of a connection; false at its end. */
static bool receive(int fd, struct buf *in, char **ret) {
        char data[16384];
        size_t len;

        for (;;) {
                ssize_t n;

                len = request_len(in);
                if (len)
                        break;
                n = recv(fd, data, sizeof(data), 0);
                if (n <= 0)
                        return false;
                must(buf_add(in, data, (size_t)n) == 0);
        }
        *ret = strndup(in->data, len);
        memmove(in->data, in->data + len, in->len - len);
        buf_truncate(in, in->len - len);
        return *ret;
}

/* Remembers the request and says how to answer it. */
static struct reply remember(struct connection *connection, char *text) {
        struct server *server = connection->server;
        struct reply reply;
        size_t index;

        lock(server);
        must(server->n_requests < REQUESTS_MAX);
        index = server->n_requests - server->played;
        reply = server->replies[index < server->n_replies ? index : server->n_replies - 1];
        server->requests[server->n_requests++] = (struct received){
                .text = text,
                .connection = connection->number,
                .at_ms = stamp_monotonic_ms(),
        };
        server->at_once++;
        if (server->at_once > server->most_at_once)
                server->most_at_once = server->at_once;
        (void)pthread_cond_broadcast(&server->changed);
        unlock(server);
        return reply;
}

static void hang(struct server *server) {
        lock(server);
        while (!server->released && !server->is_ending)
                (void)pthread_cond_wait(&server->changed, &server->lock);
        unlock(server);
}

static void send_all(int fd, const char *data, size_t len) {
        while (len) {
                ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

                if (n <= 0)
                        return;
                data += n;
                len -= (size_t)n;
        }
}

static void answer(int fd, const struct reply *reply) {
        size_t len = reply->len ? reply->len : reply->size;
        struct buf out = BUF_INIT(0);

        if (!len && reply->body)
                len = strlen(reply->body);
        (void)buf_printf(&out, "HTTP/1.1 %d Word\r\nContent-Length: %zu\r\n%s\r\n",
                         reply->status ? reply->status : 200,
                         reply->manner == MANNER_CUT ? len + 100 : len,
                         reply->headers ? reply->headers : "");
        if (reply->len)
                for (size_t i = 0; i < len; i++)
                        (void)buf_add_char(&out, 'x');
        else
                (void)buf_add(&out, reply->body, len);
        send_all(fd, out.data, out.len);
        buf_done(&out);
}

static void reset(int fd) {
        struct linger linger = { .l_onoff = 1, .l_linger = 0 };

        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

/* Counted until the answer begins: who has read it may ask at once, over another connection. */
static void forget(struct server *server) {
        lock(server);
        server->at_once--;
        unlock(server);
}

/* Returns whether the connection goes on. */
static bool serve(struct connection *connection, char *text) {
        struct reply reply = remember(connection, text);
        bool goes_on = false;

        if (reply.manner == MANNER_HANG)
                hang(connection->server);
        forget(connection->server);
        switch (reply.manner) {
        case MANNER_HANG:
        case MANNER_ANSWER:
                answer(connection->fd, &reply);
                goes_on = true;
                break;
        case MANNER_CLOSE:
        case MANNER_CUT:
                answer(connection->fd, &reply);
                break;
        case MANNER_RESET:
                reset(connection->fd);
                break;
        case MANNER_HANG_UP:
                break;
        case MANNER_GARBAGE:
                send_all(connection->fd, "who is there?\n", 14);
                break;
        }
        return goes_on;
}

static void *talk(void *data) {
        struct connection *connection = data;
        struct buf in = BUF_INIT(0);
        char *text;

        while (receive(connection->fd, &in, &text))
                if (!serve(connection, text))
                        break;
        buf_done(&in);
        lock(connection->server);
        (void)close(connection->fd);
        connection->fd = -1;
        unlock(connection->server);
        return NULL;
}

static void *accept_all(void *data) {
        struct server *server = data;

        for (;;) {
                int fd = accept(server->fd, NULL, NULL);
                struct connection *connection;

                if (fd < 0)
                        return NULL;
                lock(server);
                must(server->n_connections < CONNECTIONS_MAX);
                connection = &server->connections[server->n_connections++];
                *connection = (struct connection){
                        .server = server,
                        .fd = fd,
                        .number = server->n_connections,
                };
                must(pthread_create(&connection->thread, NULL, talk, connection) == 0);
                unlock(server);
        }
}

struct server *server_new(const struct reply *replies, size_t count) {
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        struct server *server = calloc(1, sizeof(*server));
        socklen_t len = sizeof(address);

        must(server);
        server->replies = replies;
        server->n_replies = count;
        (void)pthread_mutex_init(&server->lock, NULL);
        (void)pthread_cond_init(&server->changed, NULL);
        server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        must(bind(server->fd, (struct sockaddr *)&address, sizeof(address)) == 0);
        must(listen(server->fd, 128) == 0);
        must(getsockname(server->fd, (struct sockaddr *)&address, &len) == 0);
        server->port = ntohs(address.sin_port);
        must(pthread_create(&server->thread, NULL, accept_all, server) == 0);
        return server;
}

struct server *server_free(struct server *server) {
        if (!server)
                return NULL;
        lock(server);
        server->is_ending = true;
        (void)pthread_cond_broadcast(&server->changed);
        unlock(server);
        (void)shutdown(server->fd, SHUT_RDWR);
        (void)pthread_join(server->thread, NULL);
        (void)close(server->fd);
        lock(server);
        for (unsigned i = 0; i < server->n_connections; i++)
                if (server->connections[i].fd >= 0)
                        (void)shutdown(server->connections[i].fd, SHUT_RDWR);
        unlock(server);
        for (unsigned i = 0; i < server->n_connections; i++)
                (void)pthread_join(server->connections[i].thread, NULL);
        for (unsigned i = 0; i < server->n_requests; i++)
                free(server->requests[i].text);
        (void)pthread_cond_destroy(&server->changed);
        (void)pthread_mutex_destroy(&server->lock);
        free(server);
        return NULL;
}

void server_play(struct server *server, const struct reply *replies, size_t count) {
        lock(server);
        server->replies = replies;
        server->n_replies = count;
        server->played = server->n_requests;
        unlock(server);
}

const char *server_url(struct server *server, const char *path) {
        (void)snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%d%s", server->port,
                       path);
        return server->url;
}

int server_port(const struct server *server) {
        return server->port;
}

unsigned server_requests(struct server *server) {
        unsigned n;

        lock(server);
        n = server->n_requests;
        unlock(server);
        return n;
}

unsigned server_connections(struct server *server) {
        unsigned n;

        lock(server);
        n = server->n_connections;
        unlock(server);
        return n;
}

static struct received get(struct server *server, unsigned n) {
        struct received received = { 0 };

        lock(server);
        if (n < server->n_requests)
                received = server->requests[n];
        unlock(server);
        return received;
}

const char *server_request(struct server *server, unsigned n) {
        return get(server, n).text;
}

unsigned server_connection_of(struct server *server, unsigned n) {
        return get(server, n).connection;
}

long long server_arrival_ms(struct server *server, unsigned n) {
        return get(server, n).at_ms;
}

void server_wait_requests(struct server *server, unsigned count) {
        lock(server);
        while (server->n_requests < count)
                (void)pthread_cond_wait(&server->changed, &server->lock);
        unlock(server);
}

unsigned server_most_at_once(struct server *server) {
        unsigned n;

        lock(server);
        n = server->most_at_once;
        unlock(server);
        return n;
}

void server_release(struct server *server) {
        lock(server);
        server->released++;
        (void)pthread_cond_broadcast(&server->changed);
        unlock(server);
}
