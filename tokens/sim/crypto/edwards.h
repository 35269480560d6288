/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ed25519 and X25519 keys (RFC 8032, RFC 7748) of a simulated token: OpenSSL treats them unlike
 * its other curves, by raw bytes.  Keys travel as PKCS#8 DER, as in crypto.h, through which
 * everybody else uses them.
 */
#ifndef TOKENS_SIM_CRYPTO_EDWARDS_H
#define TOKENS_SIM_CRYPTO_EDWARDS_H

#include "base/bytes.h"

enum { SIM_EDWARDS_SIZE = 32, SIM_EDWARDS_SIGNATURE_SIZE = 64 };

/* Is OpenSSL's number NID that of one of them? */
bool sim_edwards(int nid);
/* From the 32 bytes of a seed or scalar, which are all the part that an import has. */
enum err_code sim_edwards_import(int nid, struct view seed, struct buf *ret_private,
    struct err *err) MUST_CHECK;
/* 64 bytes over a whole message.  ERR_INVALID for an X25519 key. */
enum err_code sim_edwards_sign(struct view private_key, struct view message,
    struct buf *ret_signature, struct err *err) MUST_CHECK;
/* ERR_INVALID for an Ed25519 key, and for a POINT of another size or of low order. */
enum err_code sim_edwards_agree(struct view private_key, struct view point, struct buf *ret_shared,
    struct err *err) MUST_CHECK;

#endif
