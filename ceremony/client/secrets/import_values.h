/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The present values of many secrets, as `secret adopt --all --values-fd N` reads them.  A line each:
 *
 *	NAME <tab> FIELD <tab> VALUE
 *
 *	NAME	the secret's
 *	FIELD	username, password, private-key, certificate, token, totp-seed, codes, url or note
 *	VALUE	base64 of the bytes, with its padding, in one line (`base64 -w0`); a newline behind a password is
 *		a part of it, unlike with --from-fd
 *
 * All lines of one name make its credential, in any order, each field once; lines of other names may stand between.
 * Blank lines and a byte-order mark are passed over.  Lines end with LF or CRLF, the last one too, since a value that was
 * cut off could look whole.  At most 500 names, 64 KiB of values for a name, 262143 bytes in all: what is more comes in
 * another run.  One-liners:
 *
 *	printf 'prod/db\tpassword\t%s\n' "$(printf %s "$value" | base64 -w0)"
 *	printf 'prod/web\tprivate-key\t%s\n' "$(base64 -w0 < FILE)"
 *	jq -r '.[] | [.name, "password", (.password | @base64)] | @tsv'
 *
 * It is no JSON because our JSON library would copy values into memory that is neither locked nor ours alone; what stands
 * here is split where it is, in secret memory, and decoded into secret memory.
 */
#ifndef CEREMONY_CLIENT_SECRETS_IMPORT_VALUES_H
#define CEREMONY_CLIENT_SECRETS_IMPORT_VALUES_H

#include "base/credential.h"

enum { IMPORT_VALUES_MAX = SECRET_MAX - 1, IMPORT_VALUES_NAMES = 500 };

struct import_values;

/* INPUT is all that was read (read_secret_fd with one_line false, whose spare byte is why IMPORT_VALUES_MAX is no more);
 * it is taken over, also after a failure.  Each value is decoded once, as a check.  ERR_INVALID: what is wrong, up to nine
 * reasons at once as parts (base/err.h), each with its line ("line 3: VALUE is empty"), how many there are beyond that, and
 * never anything of what was read, since a value may stand where a name should.  ERR_MEMORY. */
enum err_code import_values_read(struct secret *input, struct import_values **ret_values,
    struct err *err) MUST_CHECK;
void import_values_free(struct import_values *values); /* accepts NULL */
DESTRUCTOR(import_values_freep, struct import_values, import_values_free)
#define IMPORT_VALUES CLEANUP(import_values_freep) struct import_values

/* 1 to IMPORT_VALUES_NAMES, in the order in which they came first. */
size_t import_values_count(const struct import_values *values);
const char *import_values_name(const struct import_values *values, size_t index);
/* Where NAME first stands. */
size_t import_values_line(const struct import_values *values, size_t index);
bool import_values_find(const struct import_values *values, const char *name, size_t *ret_index);
/* The credential of name INDEX (credential_check() takes it), made now: who goes through all of them has one at a time
 * in locked memory.  ERR_MEMORY is all that can go wrong. */
enum err_code import_values_credential(const struct import_values *values, size_t index,
    struct secret **ret_credential, struct err *err) MUST_CHECK;

#endif
