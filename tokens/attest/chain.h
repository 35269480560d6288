/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the attestations of PIV and FIDO2 have in common: certificates, and their chain up to a root
 * that is pinned.  For piv.c and fido.c, which look into certificates themselves (OpenSSL's X509 is
 * a struct x509_st).
 */
#ifndef TOKENS_ATTEST_CHAIN_H
#define TOKENS_ATTEST_CHAIN_H

#include "tokens/attest/policy.h"
#include "tokens/token.h"

struct x509_st;
void attest_certificate_freep(struct x509_st **certificate);
#define CERTIFICATE CLEANUP(attest_certificate_freep) struct x509_st

/* Exactly one certificate, in DER and nothing looser: it must encode to the same bytes.
 * ERR_INVALID: WHAT is none. */
enum err_code attest_read(struct view der, const char *what, struct x509_st **ret_certificate,
    struct err *err) MUST_CHECK;

/* LEAF chains to a root that POLICY pins, by way of MIDDLE, which must have signed it, unless
 * MIDDLE is NULL.  CERTIFICATES (DER) are intermediates and roots in any order.  RET_ROOT is the
 * root's fingerprint.  ERR_REFUSED: it does not.  ERR_INVALID: not a certificate. */
enum err_code attest_chain(struct x509_st *leaf, struct x509_st *middle,
    const struct view *certificates, size_t count, const struct attest_policy *policy,
    struct digest *ret_root, struct err *err) MUST_CHECK;

/* ERR_REFUSED: its key is not one of P-256. */
enum err_code attest_key(struct x509_st *certificate, struct point *ret_key,
    struct err *err) MUST_CHECK;
/* The value of an extension; no data when it is missing.  ERR_REFUSED: it is there twice. */
enum err_code attest_extension(struct x509_st *certificate, const char *oid, struct view *ret_value,
    struct err *err) MUST_CHECK;

/* Split a PEM file (`--attestation-certs`) into DER certificates appended to RET_DER, whose
 * views go to RET_VIEWS (valid while RET_DER is not changed). */
enum err_code attest_split_pem(struct view pem, struct buf *ret_der,
    struct view ret_views[ATTEST_CERTIFICATES_MAX], size_t *ret_count, struct err *err) MUST_CHECK;

#endif
