/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates: an authority of our own, kept in a directory, and a server certificate made on
 * demand for each name that a client asks for (a wildcard would cover one label only).
 * Thread-safe.
 */
#pragma once

#include "contrib/emulator/emulator.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

/*
 * Certificate and key for the name of a TLS client hello ("" without one). They belong to `tls`.
 * Returns 0 or a negative errno.
 */
int tls_certificate(struct tls *tls, const char *name, gnutls_pcert_st **ret_certificate,
                    gnutls_privkey_t *ret_key);
