/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listening, with a thread for each connection: a handler that waits, a delayed answer or a
 * stalled one holds up its own connection only.
 */
#include "contrib/emulator/emulator.h"
#include "contrib/emulator/tls.h"
#include "contrib/emulator/world-internal.h"

#include <arpa/inet.h>
#include <gnutls/crypto.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
        BODY_MAX = 32 * 1024 * 1024,
        HUGE_SIZE = 64 * 1024 * 1024,
        HEAD_MAX = 256 * 1024, /* request line and headers of one request */
        CONNECTIONS_MAX = 1000,
        IDLE_S = 900, /* longer than the longest poll */
};

struct server {
        struct emulator *emulator;
        struct MHD_Daemon *daemon;
};

/* The TLS library's callback has no argument of ours: there is one server in a process. */
static struct tls *certificates;

static int choose_certificate(gnutls_session_t session, const gnutls_datum_t *authorities,
                              int authority_count, const gnutls_pk_algorithm_t *algorithms,
                              int algorithm_count, gnutls_pcert_st **certificate,
                              unsigned *certificate_count, gnutls_privkey_t *key) {
        char name[256] = "";
        size_t size = sizeof(name);
        unsigned type = GNUTLS_NAME_DNS;

        (void)authorities;
        (void)authority_count;
        (void)algorithms;
        (void)algorithm_count;
        if (gnutls_server_name_get(session, name, &size, &type, 0) != 0)
                name[0] = 0;
        if (tls_certificate(certificates, name, certificate, key) < 0)
                return -1;
        *certificate_count = 1;
        return 0;
}

/* Called with the request line as received: keeps it before anything is decoded. */
static void *begin(void *cls, const char *target, struct MHD_Connection *connection) {
        struct exchange *x = x_alloc(sizeof(*x));
        size_t path_size = strcspn(target, "?");

        (void)cls;
        (void)connection;
        x->start_ms = monotonic_ms();
        x->target = x_strdup(target);
        x->path = x_strndup(target, path_size);
        x->raw_query = x_strdup(target[path_size] ? target + path_size + 1 : "");
        x->raw.max = BODY_MAX;
        return x;
}

static void end(void *cls, struct MHD_Connection *connection, void **context,
                enum MHD_RequestTerminationCode code) {
        struct exchange *x = *context;

        (void)cls;
        (void)connection;
        (void)code;
        if (!x)
                return;
        *context = NULL;
        response_clear(&x->resp);
        json_object_put(x->req.body);
        pairs_clear(&x->req.path_params);
        pairs_clear(&x->req.query);
        pairs_clear(&x->req.headers);
        pairs_clear(&x->kept);
        buf_done(&x->raw);
        free(x->target);
        free(x->path);
        free(x->raw_query);
        free(x->host);
        free(x->instance);
        free(x->region);
        free(x->method);
        free(x->violation);
        free(x->own_fault);
        free(x);
}

static enum MHD_Result add_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                  const char *value) {
        struct exchange *x = cls;

        (void)kind;
        pairs_add(&x->req.headers, name, value ? value : "");
        return MHD_YES;
}

static void read_head(struct exchange *x, struct MHD_Connection *connection, const char *method) {
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        const char *host;
        unsigned char id[16];

        x->fd = info ? info->connect_fd : -1;
        x->method = x_strdup(method);
        MHD_get_connection_values(connection, MHD_HEADER_KIND, add_header, x);
        host = pairs_get(&x->req.headers, "Host", true);
        x->host = x_strndup(host ? host : "", host ? strcspn(host, ":") : 0);
        for (char *p = x->host; *p; p++)
                if (*p >= 'A' && *p <= 'Z')
                        *p = (char)(*p - 'A' + 'a');
        gnutls_rnd(GNUTLS_RND_NONCE, id, sizeof(id));
        for (size_t i = 0; i < sizeof(id); i++)
                snprintf(x->request_id + 2 * i, 3, "%02x", id[i]);
}

/* An answer whose bytes come from a function, because their number is not that of the body. */
struct body_reader {
        struct exchange *x;
        uint64_t end; /* bytes really sent; behind them the connection breaks */
        uint64_t gap; /* blanks after the first byte */
};

static ssize_t read_body(void *cls, uint64_t position, char *buffer, size_t max) {
        struct body_reader *reader = cls;
        const struct response *resp = &reader->x->resp;
        size_t count = 0;

        if (position >= reader->end)
                return MHD_CONTENT_READER_END_WITH_ERROR;
        for (; count < max && position + count < reader->end; count++) {
                uint64_t at = position + count;
                bool in_gap = at > 0 && at <= reader->gap;

                buffer[count] = in_gap ? ' ' : resp->bytes[at > 0 ? at - reader->gap : 0];
        }
        return (ssize_t)count;
}

static struct MHD_Response *body_response(struct exchange *x, uint64_t end, uint64_t gap,
                                          uint64_t announced) {
        struct body_reader *reader = x_alloc(sizeof(*reader));

        *reader = (struct body_reader){ x, end, gap };
        return MHD_create_response_from_callback(announced, 32 * 1024, read_body, reader, free);
}

/* A stream's answer: what the handler's function gives, each time the world changes. */
struct stream_reader {
        struct exchange *x;
        struct buf pending;
        size_t sent;
        bool ended;
};

static void stream_free(void *cls) {
        struct stream_reader *reader = cls;

        buf_done(&reader->pending);
        free(reader);
}

static void stream_fill(struct stream_reader *reader) {
        struct exchange *x = reader->x;
        struct world *world = x->req.world;

        buf_truncate(&reader->pending, 0);
        reader->sent = 0;
        world_enter(world);
        for (;;) {
                uint64_t version = world->version;
                bool goes_on = x->resp.stream(&x->req, x->resp.stream_state, &reader->pending);

                reader->ended = !goes_on || world->stopping || world_now(world) >= x->resp.until_ms;
                if (reader->ended || reader->pending.len > 0)
                        break;
                world_wait(world, version, x->resp.until_ms);
                world_leave(world, false);
                world_enter(world);
        }
        world_leave(world, false);
}

static ssize_t read_stream(void *cls, uint64_t position, char *buffer, size_t max) {
        struct stream_reader *reader = cls;
        size_t count;

        (void)position;
        if (reader->sent == reader->pending.len && !reader->ended)
                stream_fill(reader);
        count = reader->pending.len - reader->sent;
        if (count == 0)
                return MHD_CONTENT_READER_END_OF_STREAM;
        if (count > max)
                count = max;
        memcpy(buffer, reader->pending.data + reader->sent, count);
        reader->sent += count;
        return (ssize_t)count;
}

static struct MHD_Response *stream_response(struct exchange *x) {
        struct stream_reader *reader = x_alloc(sizeof(*reader));

        reader->x = x;
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 32 * 1024, read_stream, reader,
                                                 stream_free);
}

static struct MHD_Response *plain_response(struct exchange *x, size_t size) {
        return MHD_create_response_from_buffer(size, x->resp.bytes ? x->resp.bytes : (char[]){ "" },
                                               MHD_RESPMEM_MUST_COPY);
}

/*
 * More bytes than Content-Length says. Only in an answer of HTTP/1.0, whose end is that of the
 * connection, does the library leave the header to us.
 */
static struct MHD_Response *overlong_response(struct exchange *x, size_t size) {
        struct MHD_Response *response = body_response(x, size, 0, MHD_SIZE_UNKNOWN);
        char length[24];

        if (!response)
                return NULL;
        snprintf(length, sizeof(length), "%zu", size / 2);
        MHD_set_response_options(
                response, MHD_RF_INSANITY_HEADER_CONTENT_LENGTH | MHD_RF_HTTP_1_0_COMPATIBLE_STRICT,
                MHD_RO_END);
        MHD_add_response_header(response, "Content-Length", length);
        return response;
}

static struct MHD_Response *make_response(struct exchange *x) {
        size_t size = x->resp.bytes ? x->resp.size : 0;

        if (x->resp.stream)
                return stream_response(x);
        if (x->fault.wrong_length && size > 0)
                return overlong_response(x, size);
        if (x->fault.body == FAULT_BODY_HUGE && size > 0)
                return body_response(x, size + HUGE_SIZE, HUGE_SIZE, size + HUGE_SIZE);
        if (x->fault.body == FAULT_BODY_CUT && size > 0)
                return body_response(x, size / 2, 0, size);
        if (x->fault.body == FAULT_BODY_INVALID_JSON && size > 0)
                return plain_response(x, size - 1);
        return plain_response(x, size);
}

/*
 * Ends the TCP connection with RST, at once: what connect() to no address does to a connected
 * socket.
 */
static void reset_connection(int fd) {
        const struct sockaddr nowhere = { .sa_family = AF_UNSPEC };

        (void)connect(fd, &nowhere, sizeof(nowhere));
}

static enum MHD_Result send_response(struct exchange *x, struct MHD_Connection *connection) {
        struct MHD_Response *response;
        enum MHD_Result r;

        if (x->fault.reset || x->fault.processed_then_reset) {
                reset_connection(x->fd);
                return MHD_NO;
        }
        response = make_response(x);
        if (!response)
                return MHD_NO;
        if (x->resp.content_type)
                MHD_add_response_header(response, "Content-Type", x->resp.content_type);
        for (size_t i = 0; i < x->resp.headers.count; i++)
                MHD_add_response_header(response, x->resp.headers.items[i].name,
                                        x->resp.headers.items[i].value);
        r = MHD_queue_response(connection, (unsigned)x->resp.status, response);
        MHD_destroy_response(response);
        return r;
}

static enum MHD_Result answer(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *size, void **context) {
        struct server *server = cls;
        struct exchange *x = *context;

        (void)url;
        (void)version;
        if (!x)
                return MHD_NO;
        if (!x->method) {
                read_head(x, connection, method);
                return MHD_YES;
        }
        if (*size > 0) {
                if (buf_add(&x->raw, data, *size) < 0)
                        x->too_large = true;
                *size = 0;
                return MHD_YES;
        }
        process(server->emulator, x);
        return send_response(x, connection);
}

/*
 * Cuts ADDRESS:PORT. Only numbers of the loopback network are taken: nothing here is safe
 * elsewhere.
 */
static int parse_address(const char *text, struct sockaddr_in *ret) {
        const char *colon = strrchr(text, ':');
        _cleanup_(freep) char *address = colon ? x_strndup(text, (size_t)(colon - text)) : NULL;
        int64_t port;

        if (!colon || parse_int(colon + 1, &port) < 0 || port < 0 || port > UINT16_MAX)
                return -EINVAL;
        *ret = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
        if (inet_pton(AF_INET, address, &ret->sin_addr) != 1)
                return -EINVAL;
        return (ntohl(ret->sin_addr.s_addr) >> 24) == 127 ? 0 : -EADDRNOTAVAIL;
}

static int report(const char *listen_to, int r) {
        fprintf(stderr, "hcloud-emulator: cannot listen on %s: %s\n", listen_to,
                r == -EINVAL          ? "not ADDRESS:PORT"
                : r == -EADDRNOTAVAIL ? "not an address of the loopback network 127.0.0.0/8"
                                      : strerror(-r));
        return r;
}

static int bind_socket(int fd, const char *listen_to, struct sockaddr_in *address) {
        socklen_t size = sizeof(*address);
        int on = 1, r = parse_address(listen_to, address);

        if (r < 0)
                return r;
        if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
            bind(fd, (struct sockaddr *)address, size) < 0 || listen(fd, 128) < 0 ||
            getsockname(fd, (struct sockaddr *)address, &size) < 0)
                return -errno;
        return 0;
}

int server_bind(const char *listen_to, int *ret_fd, unsigned *ret_port) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), r;
        struct sockaddr_in address;

        r = fd < 0 ? -errno : bind_socket(fd, listen_to, &address);
        if (r < 0) {
                if (fd >= 0)
                        close(fd);
                return report(listen_to, r);
        }
        *ret_fd = fd;
        *ret_port = ntohs(address.sin_port);
        return 0;
}

int server_start(struct emulator *emulator, struct tls *tls, int fd, struct server **ret) {
        struct server *server = x_alloc(sizeof(*server));
        unsigned flags =
                MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL;

        server->emulator = emulator;
        certificates = tls;
        if (tls)
                flags |= MHD_USE_TLS;
        server->daemon = MHD_start_daemon(
                flags, 0, NULL, NULL, answer, server, MHD_OPTION_LISTEN_SOCKET, fd,
                MHD_OPTION_URI_LOG_CALLBACK, begin, NULL, MHD_OPTION_NOTIFY_COMPLETED, end, NULL,
                MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
                MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
                (unsigned)IDLE_S, tls ? MHD_OPTION_HTTPS_CERT_CALLBACK : MHD_OPTION_END,
                choose_certificate, MHD_OPTION_END);
        if (!server->daemon) {
                fprintf(stderr, "hcloud-emulator: cannot start the HTTP server\n");
                free(server);
                return -EIO;
        }
        *ret = server;
        return 0;
}

struct server *server_stop(struct server *server) {
        if (!server)
                return NULL;
        MHD_stop_daemon(server->daemon);
        free(server);
        return NULL;
}
