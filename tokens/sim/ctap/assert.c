/* SPDX-License-Identifier: Apache-2.0 */
/* authenticatorGetAssertion and GetNextAssertion (CTAP 2.1, 6.2 and 6.3), with hmac-secret (12.5).
 */
#include "tokens/sim/ctap/assert.h"

#include <string.h>

#include "tokens/sim/ctap/request.h"
#include "tokens/sim/ctap/token.h"

enum {
	ASSERT_RP = 1,
	ANSWER_CREDENTIAL = 1,
	ANSWER_AUTH_DATA = 2,
	ANSWER_SIGNATURE = 3,
	ANSWER_USER = 4,
	ANSWER_COUNT = 5
};
enum { HMAC_AGREEMENT = 1, HMAC_SALTS = 2, HMAC_MAC = 3, HMAC_PROTOCOL = 4, SALT_SIZE = 32 };

static const struct ctap_keys keys =
    {.client_data = 2, .list = 3, .extensions = 4, .options = 5, .param = 6, .protocol = 7};

/* The salts of hmac-secret, decrypted. */
static uint8_t
read_salts(struct ctap *ctap, const struct cbor *map, struct ctap_assertion *assertion)
{
	struct cbor_in in = cbor_in(map);
	const struct cbor *cose = cbor_in_kind(&in, HMAC_AGREEMENT, CBOR_MAP, true);
	struct view cipher = cbor_in_bytes(&in, HMAC_SALTS, true);
	struct view mac = cbor_in_bytes(&in, HMAC_MAC, true);
	uint32_t protocol = cbor_in_number(&in, HMAC_PROTOCOL, UINT32_MAX, 1);
	struct point peer;
	BUF salts = {0};
	struct err err;

	if (in.status != CTAP2_OK)
		return in.status;
	if (protocol < 1 || protocol > CTAP_PROTOCOLS)
		return CTAP1_ERR_INVALID_PARAMETER;
	uint8_t status = ctap_read_cose(cose, &peer);
	if (status != CTAP2_OK)
		return status;
	struct view key = buf_view(&ctap->agreement[protocol - 1]);
	if (key.size == 0)
		return CTAP2_ERR_PIN_AUTH_INVALID; /* nobody has asked for our half */
	if (ctap_agree((uint8_t)protocol, key, &peer, &assertion->shared, &err) != ERR_OK)
		return CTAP1_ERR_INVALID_PARAMETER;
	if (!ctap_authentic((uint8_t)protocol, assertion->shared.mac_key, &cipher, 1, mac))
		return CTAP2_ERR_PIN_AUTH_INVALID;
	if (ctap_decrypt(&assertion->shared, cipher, &salts, &err) != ERR_OK ||
	    (salts.size != SALT_SIZE && salts.size != 2 * SALT_SIZE))
		return CTAP1_ERR_INVALID_LENGTH;
	memcpy(assertion->salts, salts.data, salts.size);
	assertion->salts_size = salts.size;
	assertion->hmac = true;
	return CTAP2_OK;
}

static uint8_t
read_request(struct ctap *ctap, const struct cbor *map, struct ctap_request *request,
    struct ctap_assertion *assertion)
{
	struct cbor_in in = cbor_in(map);
	struct view rp_id = cbor_in_text(&in, ASSERT_RP, true);
	uint8_t status = in.status;

	if (status == CTAP2_OK)
		status = ctap_request_read(&in, &keys, rp_id, request);
	if (status != CTAP2_OK)
		return status;
	if (request->has_rk)
		return CTAP2_ERR_UNSUPPORTED_OPTION;
	struct cbor_in extensions = cbor_in(request->extensions);
	const struct cbor *hmac = cbor_in_named_kind(&extensions, "hmac-secret", CBOR_MAP, false);
	if (extensions.status != CTAP2_OK)
		return extensions.status;
	if (hmac == NULL)
		return CTAP2_OK;
	return request->up ? read_salts(ctap, hmac, assertion) : CTAP2_ERR_UNSUPPORTED_OPTION;
}

/* May it be used, or even be seen, by this asker (12.1)? */
static bool
may_use(const struct credential *credential, const struct ctap_request *request, bool listed)
{
	return request->verified || credential->protect == CREDENTIAL_PROTECT_NONE ||
	    (credential->protect == CREDENTIAL_PROTECT_LISTED && listed);
}

/* The first usable one of the allow list. */
static bool
find_listed(const struct ctap *ctap, const struct ctap_request *request,
    struct credential *ret_credential)
{
	struct err err;

	for (size_t i = 0; i < request->list->count; i++) {
		CREDENTIAL found = {0};
		struct view id = ctap_request_id(request, i);
		if (credential_open(&ctap->state->fido, &request->rp, id, &found, &err) != ERR_OK ||
		    !may_use(&found, request, true))
			continue;
		*ret_credential = found;
		found.private_key = (struct buf){0};
		return true;
	}
	return false;
}

static bool
open_place(const struct ctap *ctap, const struct digest *rp, size_t place,
    struct credential *ret_credential)
{
	struct err err;

	return credential_open(&ctap->state->fido, rp,
	           VIEW_OF(ctap->state->fido.credentials[place].id), ret_credential,
	           &err) == ERR_OK;
}

/* All usable ones that list themselves, the newest first. */
static void
find_resident(const struct ctap *ctap, const struct ctap_request *request,
    struct ctap_assertion *assertion)
{
	for (size_t i = ctap->state->fido.count; i-- > 0;) {
		CREDENTIAL found = {0};
		if (open_place(ctap, &request->rp, i, &found) && may_use(&found, request, false))
			assertion->found[assertion->count++] = i;
	}
}

/* The extension's output: HMAC of each salt under CredRandom, encrypted. */
static enum err_code
put_hmac(const struct ctap *ctap, const struct ctap_assertion *assertion,
    const struct credential *credential, struct buf *ret_data, struct err *err)
{
	const struct view key = VIEW_OF(credential->random[assertion->verified ? 1 : 0]);
	BUF plain = {0};
	BUF cipher = {0};

	for (size_t at = 0; at < assertion->salts_size; at += SALT_SIZE) {
		const struct view salt = view_of(assertion->salts + at, SALT_SIZE);
		struct digest output;
		TRY(hmac_sha256(key, &salt, 1, &output, err));
		if (ctap_fault(ctap, FAULT_PRF) != 0)
			output.bytes[0] ^= 1;
		buf_bytes(&plain, VIEW_OF(output.bytes));
	}
	TRY(buf_check(&plain, err));
	TRY(ctap_encrypt(&assertion->shared, buf_view(&plain), &cipher, err));
	cbor_put_map(ret_data, 1);
	cbor_put_text(ret_data, "hmac-secret");
	cbor_put_bytes(ret_data, buf_view(&cipher));
	return buf_check(ret_data, err);
}

/* ENTRY is NULL when it does not list itself; COUNT is said when it is more than 1. */
static uint8_t
put_assertion(struct ctap *ctap, const struct ctap_assertion *assertion,
    const struct credential *credential, const struct fido_credential *entry, size_t count,
    struct buf *ret_body)
{
	bool hmac = assertion->hmac && credential->hmac;
	uint8_t flags = (uint8_t)(assertion->flags | (hmac ? FLAG_ED : 0));
	BUF auth_data = {0};
	BUF signature = {0};
	struct err err;
	uint8_t status = ctap_put_auth_data(ctap, &assertion->rp, flags, &auth_data);

	if (status != CTAP2_OK)
		return status;
	if (hmac && put_hmac(ctap, assertion, credential, &auth_data, &err) != ERR_OK)
		return CTAP1_ERR_OTHER;
	if (credential_sign(credential, buf_view(&auth_data), &assertion->client_data, &signature,
	        &err) != ERR_OK)
		return CTAP1_ERR_OTHER;
	cbor_put_map(ret_body, 3 + (entry != NULL ? 1U : 0U) + (count > 1 ? 1U : 0U));
	cbor_put_int(ret_body, ANSWER_CREDENTIAL);
	ctap_put_descriptor(ret_body, VIEW_OF(credential->id));
	cbor_put_int(ret_body, ANSWER_AUTH_DATA);
	cbor_put_bytes(ret_body, buf_view(&auth_data));
	cbor_put_int(ret_body, ANSWER_SIGNATURE);
	cbor_put_bytes(ret_body, buf_view(&signature));
	if (entry != NULL) {
		cbor_put_int(ret_body, ANSWER_USER);
		/* Names only where they help to choose, and only after verification. */
		ctap_put_user(entry, assertion->verified && assertion->count > 1, ret_body);
	}
	if (count > 1) {
		cbor_put_int(ret_body, ANSWER_COUNT);
		cbor_put_int(ret_body, (int64_t)count);
	}
	return CTAP2_OK;
}

/* The found one at NEXT, and one step on. */
static uint8_t
put_found(struct ctap *ctap, size_t count, struct buf *ret_body)
{
	struct ctap_assertion *assertion = &ctap->assertion;
	size_t place = assertion->found[assertion->next++];
	CREDENTIAL credential = {0};

	assertion->at = ctap->host.milliseconds(ctap->host.context);
	if (!open_place(ctap, &assertion->rp, place, &credential))
		return CTAP1_ERR_OTHER;
	return put_assertion(ctap, assertion, &credential, &ctap->state->fido.credentials[place],
	    count, ret_body);
}

static uint8_t
finish(struct ctap *ctap, const struct ctap_request *request, struct ctap_assertion *assertion,
    const struct credential *listed, struct buf *ret_body)
{
	uint8_t status = CTAP2_OK;

	if (request->up && !request->present)
		status = ctap_touch(ctap);
	if (status != CTAP2_OK)
		return status;
	if (request->up)
		ctap_token_spend(ctap);
	assertion->rp = request->rp;
	assertion->client_data = request->client_data;
	assertion->verified = request->verified;
	assertion->flags =
	    (uint8_t)((request->up ? FLAG_UP : 0) | (request->verified ? FLAG_UV : 0));
	size_t place = credential_place(&ctap->state->fido, VIEW_OF(listed->id));
	if (request->list != NULL)
		return put_assertion(ctap, assertion, listed,
		    listed->resident ? &ctap->state->fido.credentials[place] : NULL, 1, ret_body);
	ctap->assertion = *assertion;
	return put_found(ctap, assertion->count, ret_body);
}

uint8_t
ctap_assert(struct ctap *ctap, const struct cbor *map, struct buf *ret_body)
{
	struct ctap_request request = {0};
	struct ctap_assertion assertion = {0};
	CREDENTIAL listed = {0};
	uint8_t status = read_request(ctap, map, &request, &assertion);

	if (status == CTAP2_OK)
		status = ctap_request_verify(ctap, &request, CTAP_MAY_ASSERT);
	if (status != CTAP2_OK)
		return status;
	if (request.list != NULL && request.list->count == 0)
		request.list = NULL;
	if (request.list == NULL)
		find_resident(ctap, &request, &assertion);
	if (request.list != NULL ? !find_listed(ctap, &request, &listed) : assertion.count == 0)
		return CTAP2_ERR_NO_CREDENTIALS;
	return finish(ctap, &request, &assertion, &listed, ret_body);
}

uint8_t
ctap_next(struct ctap *ctap, const struct cbor *map, struct buf *ret_body)
{
	struct ctap_assertion *assertion = &ctap->assertion;
	int64_t now = ctap->host.milliseconds(ctap->host.context);

	(void)map;
	if (assertion->next >= assertion->count || now - assertion->at >= CTAP_NEXT_MS) {
		assertion->count = 0;
		return CTAP2_ERR_NOT_ALLOWED;
	}
	return put_found(ctap, 1, ret_body);
}
