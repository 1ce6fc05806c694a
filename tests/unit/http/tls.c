/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypted connections: whose certificate is trusted, and what is said when it is not. */
#include <microhttpd.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "tests/unit/http/helper.h"
#include "tests/unit/unit.h"

/* A key and a certificate that it signs itself, made for each test. */
struct identity {
        char *key;
        char *certificate;
};

static void identity_done(struct identity *identity) {
        free(identity->key);
        free(identity->certificate);
}

static char *drain(BIO *bio) {
        char *data, *text;
        long len = BIO_get_mem_data(bio, &data);

        text = strndup(data, (size_t)len);
        (void)BIO_free(bio);
        return text;
}

static void add_extension(X509 *x509, int id, const char *value) {
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, id, value);

        ck_assert_ptr_nonnull(extension);
        ck_assert_int_eq(X509_add_ext(x509, extension, -1), 1);
        X509_EXTENSION_free(extension);
}

/* @names: in OpenSSL's form, e.g. `IP:127.0.0.1`. */
static struct identity make_identity(const char *names) {
        EVP_PKEY *key = EVP_EC_gen("P-256");
        BIO *key_out = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
        X509 *x509 = X509_new();
        X509_NAME *name;

        ck_assert(key && x509 && key_out && out);
        ck_assert_int_eq(X509_set_version(x509, 2), 1);
        ck_assert_int_eq(ASN1_INTEGER_set(X509_get_serialNumber(x509), 1), 1);
        (void)X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
        (void)X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
        ck_assert_int_eq(X509_set_pubkey(x509, key), 1);
        name = X509_get_subject_name(x509);
        ck_assert_int_eq(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                                    (const unsigned char *)"unit", -1, -1, 0),
                         1);
        ck_assert_int_eq(X509_set_issuer_name(x509, name), 1);
        add_extension(x509, NID_basic_constraints, "critical,CA:TRUE");
        add_extension(x509, NID_subject_alt_name, names);
        ck_assert_int_ne(X509_sign(x509, key, EVP_sha256()), 0);
        ck_assert_int_eq(PEM_write_bio_PrivateKey(key_out, key, NULL, NULL, 0, NULL, NULL), 1);
        ck_assert_int_eq(PEM_write_bio_X509(out, x509), 1);
        X509_free(x509);
        EVP_PKEY_free(key);
        return (struct identity){ .key = drain(key_out), .certificate = drain(out) };
}

static enum MHD_Result answer(void *data, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **state) {
        static char body[] = "secret garden";
        struct MHD_Response *response;
        enum MHD_Result result;

        (void)data;
        (void)url;
        (void)method;
        (void)version;
        (void)upload;
        (void)upload_size;
        (void)state;
        response = MHD_create_response_from_buffer(strlen(body), body, MHD_RESPMEM_PERSISTENT);
        result = MHD_queue_response(connection, 200, response);
        MHD_destroy_response(response);
        return result;
}

/* @priorities: what GnuTLS may speak. @url: where it listens, with something to keep secret. */
static struct MHD_Daemon *start(const struct identity *identity, const char *priorities, char *url,
                                size_t size) {
        const union MHD_DaemonInfo *info;
        struct MHD_Daemon *daemon;

        daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_TLS, 0, NULL, NULL,
                                  answer, NULL, MHD_OPTION_HTTPS_MEM_KEY, identity->key,
                                  MHD_OPTION_HTTPS_MEM_CERT, identity->certificate,
                                  MHD_OPTION_HTTPS_PRIORITIES, priorities, MHD_OPTION_END);
        ck_assert_ptr_nonnull(daemon);
        info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
        (void)snprintf(url, size, "https://127.0.0.1:%u/?key=hidden", info->port);
        return daemon;
}

enum trust { TRUST_SYSTEM, TRUST_PEM, TRUST_FILE, TRUST_NO_FILE, TRUST_ANYBODY };

static const struct {
        const char *names;
        enum trust trust;
        int result;
        const char *words;
} rows[] = {
        { "IP:127.0.0.1", TRUST_SYSTEM, -EPROTO, "the system's authorities" },
        { "IP:127.0.0.1", TRUST_PEM, 0, NULL },
        { "IP:127.0.0.1", TRUST_FILE, 0, NULL },
        { "IP:127.0.0.1", TRUST_NO_FILE, -EPROTO, "/nowhere.pem" },
        { "IP:127.0.0.1", TRUST_ANYBODY, 0, NULL },
        { "DNS:other.example", TRUST_PEM, -EPROTO, "the configured authority" },
        { "DNS:other.example", TRUST_ANYBODY, 0, NULL },
};

static void write_file(char *path, const char *text) {
        int fd = mkstemp(path);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
        ck_assert_int_eq(close(fd), 0);
}

START_TEST(trust_is_as_configured) {
        _cleanup_(identity_done) struct identity identity = make_identity(rows[_i].names);
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        char path[] = "/tmp/unit-http-tls-XXXXXX", url[128];
        struct MHD_Daemon *daemon = start(&identity, "NORMAL", url, sizeof(url));
        struct errand e;

        errand_init(&e, http, url, OP_INTERACTIVE);
        e.request.repeat = REPEAT_ONCE;
        write_file(path, identity.certificate);
        if (rows[_i].trust == TRUST_PEM)
                e.request.ca_pem = identity.certificate;
        if (rows[_i].trust == TRUST_FILE)
                e.request.ca_file = path;
        if (rows[_i].trust == TRUST_NO_FILE)
                e.request.ca_file = "/nowhere.pem";
        e.request.verify_not = rows[_i].trust == TRUST_ANYBODY;
        (void)errand_run(&e);
        ck_assert_msg(e.result == rows[_i].result, "%d: %s", e.result, e.op.fault.reason);
        if (e.result == 0) {
                ck_assert_str_eq(e.response->body, "secret garden");
        } else {
                ck_assert(text_starts(e.op.fault.reason, "127.0.0.1:"));
                ck_assert_msg(strstr(e.op.fault.reason, rows[_i].words) != NULL, "%s",
                              e.op.fault.reason);
                ck_assert_ptr_null(strstr(e.op.fault.reason, "hidden"));
                ck_assert_uint_eq(e.op.calls, 0);
                ck_assert(!e.request.is_unknown);
        }
        errand_done(&e);
        MHD_stop_daemon(daemon);
        (void)unlink(path);
}
END_TEST

START_TEST(trust_of_one_request_is_not_that_of_the_next) {
        _cleanup_(identity_done) struct identity identity = make_identity("IP:127.0.0.1");
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        char url[128];
        struct MHD_Daemon *daemon = start(&identity, "NORMAL", url, sizeof(url));
        struct errand e;

        for (int i = 0; i < 4; i++) {
                errand_init(&e, http, url, OP_INTERACTIVE);
                e.request.verify_not = i % 2 == 0;
                ck_assert_int_eq(errand_run(&e), i % 2 == 0 ? 0 : -EPROTO);
                errand_done(&e);
        }
        MHD_stop_daemon(daemon);
}
END_TEST

START_TEST(old_encryption_is_refused) {
        _cleanup_(identity_done) struct identity identity = make_identity("IP:127.0.0.1");
        _cleanup_(http_freep) struct http *http = make_http(NULL);
        char url[128];
        struct MHD_Daemon *daemon = start(
                &identity, _i ? "NORMAL:-VERS-ALL:+VERS-TLS1.2" : "NORMAL:-VERS-ALL:+VERS-TLS1.1",
                url, sizeof(url));
        struct errand e;

        errand_init(&e, http, url, OP_INTERACTIVE);
        e.request.ca_pem = identity.certificate;
        ck_assert_int_eq(errand_run(&e), _i ? 0 : -EPROTO);
        errand_done(&e);
        MHD_stop_daemon(daemon);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "trust is as configured", trust_is_as_configured, ELEMENTSOF(rows) },
                { "the trust of one request is not that of the next",
                  trust_of_one_request_is_not_that_of_the_next },
                { "old encryption is refused", old_encryption_is_refused, 2 },
                { NULL, NULL },
        };

        return unit_main("http/tls", cases);
}
