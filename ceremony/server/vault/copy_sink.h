/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The copy sink: a second place that has each sealed version before the target hears of it, so that
 * the value that a target accepts survives the loss of the vault's disk, and remembers what was
 * released.  It holds what officers' tokens open, and what anybody may read.
 *
 *	"none", or "directory:PATH" (absolute); there CEREMONY.release: the signed statement (DSSE), and
 *	SECRET-VERSION.sealed: "HALs", u16 format 1, lp32 header, lp32 ciphertext, u16 envelopes, each 65 enc, lp32 ciphertext
 */
#ifndef CEREMONY_SERVER_VAULT_COPY_SINK_H
#define CEREMONY_SERVER_VAULT_COPY_SINK_H

#include "base/dsse.h"
#include "vault/documents/id.h"
#include "vault/seal/seal.h"

/* Is COPY well-formed, and does the sink take and give back a file?  ERR_INVALID, ERR_IO. */
enum err_code copy_check(const char *copy, struct err *err) MUST_CHECK;
/* Write VERSION, read it back, compare: that is the acknowledgement.  Without a sink nothing happens. */
enum err_code copy_version(const char *copy, const struct secret_id *secret, uint32_t number,
    const struct sealed_version *version, struct err *err) MUST_CHECK;
/* The same with the statement by which CEREMONY released something. */
enum err_code copy_release(const char *copy, const struct id *ceremony,
    const struct dsse *statement, struct err *err) MUST_CHECK;

#endif
