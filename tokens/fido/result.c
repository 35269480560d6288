/* SPDX-License-Identifier: Apache-2.0 */
#include "tokens/fido/result.h"

#include <string.h>

#include "tokens/fido/pin.h"
#include "tokens/formats/cbor.h"
#include "tokens/formats/fido_data.h"

/* ---- facts ---- */

static bool
has_extension(const struct fido_lists *lists, const char *name)
{
	for (size_t i = 0; i < lists->extension_count; i++) {
		if (strcmp(lists->extensions[i], name) == 0)
			return true;
	}
	return false;
}

/* An option's value; *RET_THERE: it is one of the token's. */
static bool
option(const struct fido_lists *lists, const char *name, bool *ret_there)
{
	for (size_t i = 0; i < lists->option_count; i++) {
		*ret_there = strcmp(lists->options[i], name) == 0;
		if (*ret_there)
			return lists->values[i];
	}
	*ret_there = false;
	return false;
}

void
fido_facts_from(const struct fido_lists *lists, struct fido_facts *ret_facts)
{
	bool there;

	ret_facts->hmac_secret = has_extension(lists, "hmac-secret");
	ret_facts->cred_protect = has_extension(lists, "credProtect");
	ret_facts->es256 = lists->es256;
	ret_facts->uv = option(lists, "uv", &there);
	ret_facts->always_uv = option(lists, "alwaysUv", &there);
	ret_facts->pin_set = option(lists, "clientPin", &ret_facts->pin_possible);
	ret_facts->min_pin = lists->min_pin < FIDO_PIN_MIN || lists->min_pin > FIDO_PIN_MAX ?
	    FIDO_PIN_MIN :
	    (unsigned)lists->min_pin;
	/* Yubico's number: one byte for each of major, minor, patch. */
	for (int i = 0; i < 3; i++)
		ret_facts->firmware[i] = (uint8_t)(lists->firmware >> (8 * (2 - i)));
	if (lists->firmware > 0xffffff)
		memset(ret_facts->firmware, 0, sizeof(ret_facts->firmware));
}

/* ---- results ---- */

enum err_code
fido_made_from(const char *format, struct view authdata, struct view encoded,
    struct token_made *ret_made, struct err *err)
{
	struct fido_statement statement = {0};
	struct err why;

	buf_bytes(&ret_made->authdata, authdata);
	TRY(buf_check(&ret_made->authdata, err));
	if (strcmp(format, "packed") != 0 || encoded.size > FIDO_STATEMENT_MAX ||
	    fido_statement_read(encoded, &statement, &why) != ERR_OK)
		return ERR_OK;
	buf_bytes(&ret_made->signature, statement.signature);
	for (size_t i = 0; i < statement.count; i++)
		buf_bytes(i == 0 ? &ret_made->certificate : &ret_made->others,
		    statement.certificates[i]);
	TRY(buf_check(&ret_made->signature, err));
	TRY(buf_check(&ret_made->certificate, err));
	return buf_check(&ret_made->others, err);
}

enum err_code
fido_answer_from(struct view encoded, struct view signature, struct view prf,
    struct fido_answer *ret_answer, struct err *err)
{
	struct token_signature *taken = &ret_answer->signature;
	struct reader reader = reader_of(encoded);
	struct view authdata = cbor_bytes(&reader, sizeof(taken->authdata));

	if (!reader_end(&reader) || authdata.size == 0 || signature.size == 0 ||
	    signature.size > sizeof(taken->der) || prf.size > FIDO_SALTS_SIZE)
		return err_set(err, ERR_TOKEN,
		    "its answer lacks a part, or has one that is too long: it is broken, or lies; "
		    "nothing of it was used; use another token");
	memcpy(taken->der, signature.data, signature.size);
	taken->size = signature.size;
	memcpy(taken->authdata, authdata.data, authdata.size);
	taken->authdata_size = authdata.size;
	return prf.size > 0 ? secret_from(prf, &ret_answer->prf, err) : ERR_OK;
}
