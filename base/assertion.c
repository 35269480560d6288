/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The extensions' outputs are signed but not read: nothing rests on them.  A counter proves little
 * (a clone of the token can raise it, too) and is not kept.
 */
#include "base/assertion.h"

#include <string.h>

#include "base/crypto_key.h"

enum { FLAGS_AT = 32 };

enum err_code
assertion_check(struct view data, struct err *err)
{
	struct digest rp;

	if (data.size < ASSERTION_DATA_MIN || data.size > ASSERTION_DATA_MAX)
		return err_set(err, ERR_INTEGRITY,
		    "authenticator data must have %d to %d bytes, not %zu", ASSERTION_DATA_MIN,
		    ASSERTION_DATA_MAX, data.size);
	TRY(sha256_one(view_of_text(ASSERTION_RP_ID), &rp, err));
	if (memcmp(data.data, rp.bytes, sizeof(rp.bytes)) != 0)
		return err_set(err, ERR_INTEGRITY, "it was made for another relying party");
	uint8_t flags = data.data[FLAGS_AT];
	if ((flags & ASSERTION_UP) == 0)
		return err_set(err, ERR_INTEGRITY, "nobody touched the token for it");
	if ((flags & ASSERTION_UV) == 0)
		return err_set(err, ERR_INTEGRITY, "no PIN or fingerprint was given for it");
	if ((flags & ASSERTION_AT) != 0)
		return err_set(err, ERR_INTEGRITY, "it is a registration, no assertion");
	if (((flags & ASSERTION_ED) != 0) != (data.size > ASSERTION_DATA_MIN))
		return err_set(err, ERR_INTEGRITY, "its length contradicts its flags");
	return ERR_OK;
}

enum err_code
assertion_digest(struct view data, const struct digest *client_data_hash, struct digest *ret_digest,
    struct err *err)
{
	const struct view parts[] = {data, VIEW_OF(client_data_hash->bytes)};

	return sha256(parts, ARRAY_SIZE(parts), ret_digest, err);
}

enum err_code
assertion_verify(const struct point *key, struct view data, const struct digest *client_data_hash,
    struct view signature, struct err *err)
{
	struct digest digest;

	TRY(assertion_check(data, err));
	TRY(assertion_digest(data, client_data_hash, &digest, err));
	return p256_verify(key, &digest, signature, err);
}
