/* SPDX-License-Identifier: Apache-2.0 */
/* What a FIDO2 token answers to makeCredential, right or wrong in one way. */
#ifndef TESTS_UNIT_REGISTRATION_H
#define TESTS_UNIT_REGISTRATION_H

#include "tests/unit/check.h"
#include "tokens/formats/fido_data.h"

struct registration_recipe {
	const char *rp;         /* NULL: ours */
	int flags;              /* 0: all that are wanted */
	const char *extensions; /* with EXTENSIONS_SIZE bytes; NULL: what is wanted */
	size_t extensions_size;
	int algorithm;          /* COSE, one byte of a negative number; 0: ES256 */
	const uint8_t *aaguid;  /* NULL: zeros */
	struct view credential; /* empty: "credential" */
};

__attribute__((unused)) static void
registration_make(const struct registration_recipe *recipe, const struct point *key,
    struct buf *ret_authdata)
{
	static const char wanted[] = "\xa2\x6b"
	                             "credProtect"
	                             "\x03\x6b"
	                             "hmac-secret"
	                             "\xf5";
	struct view id =
	    recipe->credential.size > 0 ? recipe->credential : view_of_text("credential");
	struct digest rp;
	struct err err;

	assert_ok(
	    sha256_one(view_of_text(recipe->rp != NULL ? recipe->rp : ASSERTION_RP_ID), &rp, &err));
	buf_bytes(ret_authdata, VIEW_OF(rp.bytes));
	buf_u8(ret_authdata, recipe->flags != 0 ? (uint8_t)recipe->flags : 0xc5);
	buf_u32(ret_authdata, 7);
	if (recipe->aaguid != NULL)
		buf_bytes(ret_authdata, view_of(recipe->aaguid, TOKEN_AAGUID_SIZE));
	else
		memset(buf_space(ret_authdata, TOKEN_AAGUID_SIZE), 0, TOKEN_AAGUID_SIZE);
	buf_lp16(ret_authdata, id);
	buf_bytes(ret_authdata, view_of("\xa5\x01\x02\x03", 4));
	buf_u8(ret_authdata, recipe->algorithm != 0 ? (uint8_t)recipe->algorithm : 0x26);
	buf_bytes(ret_authdata, view_of("\x20\x01\x21\x58\x20", 5));
	buf_bytes(ret_authdata, view_of(key->bytes + 1, 32));
	buf_bytes(ret_authdata, view_of("\x22\x58\x20", 3));
	buf_bytes(ret_authdata, view_of(key->bytes + 33, 32));
	if (recipe->extensions != NULL)
		buf_bytes(ret_authdata, view_of(recipe->extensions, recipe->extensions_size));
	else
		buf_bytes(ret_authdata, view_of(wanted, sizeof(wanted) - 1));
}

#endif
