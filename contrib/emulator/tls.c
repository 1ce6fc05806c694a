/* SPDX-License-Identifier: Apache-2.0 */
#include "contrib/emulator/hash.h"
#include "contrib/emulator/tls.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DAYS = 3650, NAMES_MAX = 4096, PEM_MAX = 64 * 1024 };

/* A certificate handed out before. */
struct leaf {
        char *name;
        gnutls_pcert_st certificate;
        UT_hash_handle hh;
};

struct tls {
        pthread_mutex_t lock;
        X509 *ca;
        EVP_PKEY *ca_key, *leaf_key; /* one key serves all names */
        gnutls_privkey_t key;        /* the leaf key as GnuTLS has it */
        struct leaf *leaves;
};

DEFINE_CLEANUP(struct tls *, tls_free)

static EVP_PKEY *new_key(void) {
        EVP_PKEY *key = EVP_EC_gen("P-256");

        if (!key)
                die("cannot make a key");
        return key;
}

static void add_extension(X509 *certificate, X509 *issuer, int nid, const char *value) {
        X509V3_CTX context;
        X509_EXTENSION *extension;

        X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
        extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
        if (!extension || !X509_add_ext(certificate, extension, -1))
                die("cannot make a certificate: %s", value);
        X509_EXTENSION_free(extension);
}

static X509 *new_certificate(EVP_PKEY *key, const char *common_name) {
        X509 *certificate = X509_new();
        BIGNUM *serial = BN_new();
        X509_NAME *name;

        if (!certificate || !serial || !BN_rand(serial, 120, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY))
                die("cannot make a certificate");
        BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate));
        BN_free(serial);
        X509_set_version(certificate, X509_VERSION_3);
        X509_gmtime_adj(X509_getm_notBefore(certificate), -24L * 3600);
        X509_gmtime_adj(X509_getm_notAfter(certificate), DAYS * 24L * 3600);
        X509_set_pubkey(certificate, key);
        name = X509_get_subject_name(certificate);
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name,
                                   -1, -1, 0);
        return certificate;
}

static void sign(X509 *certificate, EVP_PKEY *key) {
        if (!X509_sign(certificate, key, EVP_sha256()))
                die("cannot sign a certificate");
}

static void make_authority(struct tls *tls) {
        tls->ca_key = new_key();
        tls->ca = new_certificate(tls->ca_key, "hcloud-emulator authority");
        X509_set_issuer_name(tls->ca, X509_get_subject_name(tls->ca));
        add_extension(tls->ca, tls->ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
        add_extension(tls->ca, tls->ca, NID_key_usage, "critical,keyCertSign,cRLSign");
        add_extension(tls->ca, tls->ca, NID_subject_key_identifier, "hash");
        sign(tls->ca, tls->ca_key);
}

static X509 *make_leaf(struct tls *tls, const char *name) {
        _cleanup_(freep) char *names = x_printf("%s%s%sDNS:localhost,IP:127.0.0.1,IP:::1",
                                                *name ? "DNS:" : "", name, *name ? "," : "");
        X509 *leaf = new_certificate(tls->leaf_key, "hcloud-emulator");

        X509_set_issuer_name(leaf, X509_get_subject_name(tls->ca));
        add_extension(leaf, tls->ca, NID_basic_constraints, "critical,CA:FALSE");
        add_extension(leaf, tls->ca, NID_key_usage, "critical,digitalSignature");
        add_extension(leaf, tls->ca, NID_ext_key_usage, "serverAuth");
        add_extension(leaf, tls->ca, NID_authority_key_identifier, "keyid");
        add_extension(leaf, tls->ca, NID_subject_alt_name, names);
        sign(leaf, tls->ca_key);
        return leaf;
}

static bool read_authority(struct tls *tls, const char *certificate_path, const char *key_path) {
        FILE *certificate = fopen(certificate_path, "re"), *key = fopen(key_path, "re");

        if (certificate && key) {
                tls->ca = PEM_read_X509(certificate, NULL, NULL, NULL);
                tls->ca_key = PEM_read_PrivateKey(key, NULL, NULL, NULL);
        }
        if (certificate)
                fclose(certificate);
        if (key)
                fclose(key);
        return tls->ca && tls->ca_key && X509_check_private_key(tls->ca, tls->ca_key) == 1;
}

static int write_pem(BIO *bio, const char *path, unsigned mode) {
        char *data;
        long size = BIO_get_mem_data(bio, &data);
        int r = write_file(path, data, (size_t)size, mode);

        if (r < 0)
                fprintf(stderr, "hcloud-emulator: cannot write %s: %s\n", path, strerror(-r));
        return r;
}

static int write_authority(struct tls *tls, const char *certificate_path, const char *key_path) {
        BIO *certificate = BIO_new(BIO_s_mem()), *key = BIO_new(BIO_s_mem());
        int r;

        if (!certificate || !key || !PEM_write_bio_X509(certificate, tls->ca) ||
            !PEM_write_bio_PrivateKey(key, tls->ca_key, NULL, NULL, 0, NULL, NULL))
                die("cannot write the authority");
        r = write_pem(key, key_path, 0600);
        if (r == 0)
                r = write_pem(certificate, certificate_path, 0644);
        BIO_free(certificate);
        BIO_free(key);
        return r;
}

/* A key or certificate as PEM, lent to GnuTLS. */
static gnutls_datum_t pem_datum(BIO *bio) {
        char *data;
        long size = BIO_get_mem_data(bio, &data);

        return (gnutls_datum_t){ (unsigned char *)data, (unsigned)size };
}

static int import_key(struct tls *tls) {
        BIO *bio = BIO_new(BIO_s_mem());
        gnutls_datum_t pem;
        int r = -EINVAL;

        if (!bio || !PEM_write_bio_PrivateKey(bio, tls->leaf_key, NULL, NULL, 0, NULL, NULL))
                die("cannot write a key");
        pem = pem_datum(bio);
        if (gnutls_privkey_init(&tls->key) == 0 &&
            gnutls_privkey_import_x509_raw(tls->key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0) == 0)
                r = 0;
        BIO_free(bio);
        return r;
}

/* Makes the directory if need be; refuses one in which somebody else could put an authority. */
static int own_directory(const char *directory) {
        struct stat st;
        int r = 0;

        if (mkdir(directory, 0700) < 0 && errno != EEXIST)
                r = -errno;
        else if (lstat(directory, &st) < 0)
                r = -errno;
        else if (!S_ISDIR(st.st_mode))
                r = -ENOTDIR;
        else if (st.st_uid != getuid() || (st.st_mode & 022))
                r = -EPERM;
        if (r < 0)
                fprintf(stderr, "hcloud-emulator: cannot keep certificates in %s: %s\n", directory,
                        r == -EPERM ? "others may write there" : strerror(-r));
        return r;
}

static int load_authority(struct tls *tls, const char *directory) {
        _cleanup_(freep) char *certificate_path = x_printf("%s/ca.pem", directory);
        _cleanup_(freep) char *key_path = x_printf("%s/ca-key.pem", directory);

        if (read_authority(tls, certificate_path, key_path))
                return 0;
        X509_free(tls->ca);
        EVP_PKEY_free(tls->ca_key);
        make_authority(tls);
        return write_authority(tls, certificate_path, key_path);
}

int tls_new(const char *directory, struct tls **ret) {
        _cleanup_(tls_freep) struct tls *tls = x_alloc(sizeof(*tls));
        int r;

        pthread_mutex_init(&tls->lock, NULL);
        r = own_directory(directory);
        if (r == 0)
                r = load_authority(tls, directory);
        if (r < 0)
                return r;
        tls->leaf_key = new_key();
        r = import_key(tls);
        if (r < 0)
                return r;
        *ret = STEAL(tls);
        return 0;
}

struct tls *tls_free(struct tls *tls) {
        struct leaf *leaf, *next;

        if (!tls)
                return NULL;
        HASH_ITER (hh, tls->leaves, leaf, next) {
                HASH_DEL(tls->leaves, leaf);
                gnutls_pcert_deinit(&leaf->certificate);
                free(leaf->name);
                free(leaf);
        }
        gnutls_privkey_deinit(tls->key);
        X509_free(tls->ca);
        EVP_PKEY_free(tls->ca_key);
        EVP_PKEY_free(tls->leaf_key);
        pthread_mutex_destroy(&tls->lock);
        free(tls);
        return NULL;
}

char *tls_authority(const struct tls *tls) {
        BIO *bio = BIO_new(BIO_s_mem());
        gnutls_datum_t pem;
        char *text;

        if (!bio || !PEM_write_bio_X509(bio, tls->ca))
                die("cannot write a certificate");
        pem = pem_datum(bio);
        text = x_alloc(pem.size / 3 * 4 + 5);
        EVP_EncodeBlock((unsigned char *)text, pem.data, (int)pem.size);
        BIO_free(bio);
        return text;
}

static struct leaf *add_leaf(struct tls *tls, const char *name) {
        struct leaf *leaf = x_alloc(sizeof(*leaf));
        X509 *certificate = make_leaf(tls, name);
        BIO *bio = BIO_new(BIO_s_mem());
        gnutls_datum_t pem;

        if (!bio || !PEM_write_bio_X509(bio, certificate))
                die("cannot write a certificate");
        pem = pem_datum(bio);
        if (gnutls_pcert_import_x509_raw(&leaf->certificate, &pem, GNUTLS_X509_FMT_PEM, 0) != 0)
                die("cannot use a certificate");
        BIO_free(bio);
        X509_free(certificate);
        leaf->name = x_strdup(name);
        HASH_ADD_KEYPTR(hh, tls->leaves, leaf->name, strlen(name), leaf);
        return leaf;
}

/* Names are put into a configuration text of OpenSSL: nothing but host names may get there. */
static bool is_host_name(const char *name) {
        size_t len = strlen(name);

        return len <= 253 &&
               strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") ==
                       len;
}

int tls_certificate(struct tls *tls, const char *name, gnutls_pcert_st **ret_certificate,
                    gnutls_privkey_t *ret_key) {
        struct leaf *leaf;

        if (!is_host_name(name))
                name = "";
        pthread_mutex_lock(&tls->lock);
        HASH_FIND_STR(tls->leaves, name, leaf);
        if (!leaf && HASH_COUNT(tls->leaves) < NAMES_MAX)
                leaf = add_leaf(tls, name);
        pthread_mutex_unlock(&tls->lock);
        if (!leaf)
                return -ENOSPC;
        *ret_certificate = &leaf->certificate;
        *ret_key = tls->key;
        return 0;
}
