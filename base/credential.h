/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A credential: named fields, in secret memory from end to end.  This is the plaintext that is
 * sealed, released and handed to rotators.
 *
 *	u8	format, 1
 *	u8	number of fields, 1..9
 *	each:	lp8 name, lp32 value		(big-endian lengths; names distinct, in this order: username password
 *						 private-key certificate token totp-seed codes url note)
 *
 * Names come from that list; values are 1..65536 bytes, together at most 65536.
 */
#ifndef BASE_CREDENTIAL_H
#define BASE_CREDENTIAL_H

#include "base/secret.h"

enum { CREDENTIAL_MAX = 65536, CREDENTIAL_ENCODED_MAX = 65536 + 128, CREDENTIAL_FIELDS = 9 };

enum credential_field {
	FIELD_USERNAME,
	FIELD_PASSWORD,
	FIELD_PRIVATE_KEY,
	FIELD_CERTIFICATE,
	FIELD_TOKEN, /* an access key, an API token */
	FIELD_TOTP_SEED,
	FIELD_CODES, /* for one use each, a line for each */
	FIELD_URL,
	FIELD_NOTE,
};
extern const char *const credential_field_names[CREDENTIAL_FIELDS + 1];
/* Secret by nature, and not beside a secret. */
bool credential_field_is_secret(enum credential_field field);
/* ERR_USAGE: none is called NAME, which a person typed; the text names one that is near. */
enum err_code credential_field_named(const char *name, enum credential_field *ret_field,
    struct err *err) MUST_CHECK;

/* An empty encoding to add to; fields are added in the order of the enum. */
enum err_code credential_new(struct secret **ret_credential, struct err *err) MUST_CHECK;
/* ERR_INVALID when empty, repeated, out of order or too large together ("credential is larger
 * than 64 KiB"). */
enum err_code credential_add(struct secret *credential, enum credential_field field,
    struct view value, struct err *err) MUST_CHECK;
/* Checks the whole encoding: everything above, and no trailing bytes. */
enum err_code credential_check(struct view encoded, struct err *err) MUST_CHECK;
bool credential_has(struct view encoded, enum credential_field field);
/* All that it has: bits of the enum. */
uint32_t credential_fields(struct view encoded);
/* The value as a view into ENCODED (which was checked); ERR_NOT_FOUND when absent. */
enum err_code credential_get(struct view encoded, enum credential_field field,
    struct view *ret_value, struct err *err) MUST_CHECK;

#endif
