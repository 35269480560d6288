/* SPDX-License-Identifier: Apache-2.0 */
/* authenticatorMakeCredential (CTAP 2.1, 6.1), its extensions, and packed attestation. */
#include "tokens/sim/ctap/make.h"

#include <string.h>

#include "tokens/sim/crypto/crypto.h"
#include "tokens/sim/ctap/certificate.h"
#include "tokens/sim/ctap/manage.h"
#include "tokens/sim/ctap/request.h"
#include "tokens/sim/ctap/token.h"

enum {
	MAKE_RP = 2,
	MAKE_USER = 3,
	MAKE_ALGORITHMS = 4,
	MAKE_ENTERPRISE = 10,
	COSE_ES256 = -7,
	ANSWER_FORMAT = 1,
	ANSWER_AUTH_DATA = 2,
	ANSWER_STATEMENT = 3
};

static const struct ctap_keys keys =
    {.client_data = 1, .list = 5, .extensions = 6, .options = 7, .param = 8, .protocol = 9};

struct making {
	struct ctap_request request;
	struct fido_credential entry; /* for the state, when it lists itself */
	bool says_protect, says_hmac; /* extensions that were asked for */
	struct credential credential;
};

/* ES256 must be among them; each must be well-formed. */
static uint8_t
check_algorithms(const struct cbor *array)
{
	const struct cbor *at = cbor_first(array);
	bool found = false;

	for (size_t i = 0; i < array->count; i++, at = cbor_after(at)) {
		struct cbor_in in = cbor_in(at);
		const struct cbor *type = cbor_in_named_kind(&in, "type", CBOR_TEXT, true);
		const struct cbor *algorithm = cbor_in_named(&in, "alg");
		if (in.status != CTAP2_OK)
			return in.status;
		if (algorithm == NULL)
			return CTAP2_ERR_MISSING_PARAMETER;
		if (algorithm->kind != CBOR_POSITIVE && algorithm->kind != CBOR_NEGATIVE)
			return CTAP2_ERR_CBOR_UNEXPECTED_TYPE;
		found =
		    found || (cbor_is(algorithm, COSE_ES256) && cbor_is_text(type, "public-key"));
	}
	return found ? CTAP2_OK : CTAP2_ERR_UNSUPPORTED_ALGORITHM;
}

static uint8_t
read_extensions(struct making *making)
{
	struct cbor_in in = cbor_in(making->request.extensions);
	const struct cbor *protect = cbor_in_named_kind(&in, "credProtect", CBOR_POSITIVE, false);
	const struct cbor *hmac = cbor_in_named_kind(&in, "hmac-secret", CBOR_BOOL, false);

	if (in.status != CTAP2_OK)
		return in.status;
	if (protect != NULL &&
	    (protect->number < CREDENTIAL_PROTECT_NONE || protect->number > CREDENTIAL_PROTECT_UV))
		return CTAP1_ERR_INVALID_PARAMETER;
	making->says_protect = protect != NULL;
	making->credential.protect =
	    protect == NULL ? CREDENTIAL_PROTECT_NONE : (uint8_t)protect->number;
	making->says_hmac = making->credential.hmac = hmac != NULL && hmac->number != 0;
	return CTAP2_OK;
}

static uint8_t
read_making(const struct cbor *map, struct making *making)
{
	struct cbor_in in = cbor_in(map);
	struct cbor_in rp = cbor_in(cbor_in_kind(&in, MAKE_RP, CBOR_MAP, true));
	const struct cbor *user = cbor_in_kind(&in, MAKE_USER, CBOR_MAP, true);
	const struct cbor *algorithms = cbor_in_kind(&in, MAKE_ALGORITHMS, CBOR_ARRAY, true);
	const struct cbor *id = cbor_in_named_kind(&rp, "id", CBOR_TEXT, true);
	uint8_t status = in.status != CTAP2_OK ? in.status : rp.status;

	if (status == CTAP2_OK)
		status = ctap_request_read(&in, &keys, id->bytes, &making->request);
	if (status == CTAP2_OK)
		status = ctap_read_user(user, &making->entry);
	if (status == CTAP2_OK)
		status = check_algorithms(algorithms);
	if (status == CTAP2_OK)
		status = read_extensions(making);
	if (status != CTAP2_OK)
		return status;
	if (!making->request.up)
		return CTAP2_ERR_INVALID_OPTION;
	if (cbor_in_any(&in, MAKE_ENTERPRISE) != NULL)
		return CTAP1_ERR_INVALID_PARAMETER; /* not offered in getInfo */
	memcpy(making->entry.rp, id->bytes.data, id->bytes.size);
	making->entry.rp_size = (uint8_t)id->bytes.size;
	making->credential.resident = making->request.rk;
	return CTAP2_OK;
}

/* One of the exclude list is here, and the asker may know it. */
static bool
is_excluded(const struct ctap *ctap, const struct ctap_request *request)
{
	struct err err;

	for (size_t i = 0; request->list != NULL && i < request->list->count; i++) {
		CREDENTIAL found = {0};
		struct view id = ctap_request_id(request, i);
		if (credential_open(&ctap->state->fido, &request->rp, id, &found, &err) != ERR_OK)
			continue;
		if (found.protect != CREDENTIAL_PROTECT_UV || request->verified)
			return true;
	}
	return false;
}

/* The same user at the same RP has one: the new one takes its place. */
static uint8_t
list_credential(struct ctap *ctap, const struct making *making)
{
	struct sim_fido *fido = &ctap->state->fido;
	const struct fido_credential *entry = &making->entry;

	for (size_t i = 0; i < fido->count; i++) {
		const struct fido_credential *other = &fido->credentials[i];
		if (other->rp_size == entry->rp_size && other->user.size == entry->user.size &&
		    memcmp(other->rp, entry->rp, entry->rp_size) == 0 &&
		    memcmp(other->user.bytes, entry->user.bytes, entry->user.size) == 0) {
			ctap_forget(fido, i);
			break;
		}
	}
	if (ctap_room(ctap->state) == 0)
		return CTAP2_ERR_KEY_STORE_FULL;
	fido->credentials[fido->count] = *entry;
	memcpy(fido->credentials[fido->count].id, making->credential.id, FIDO_ID_SIZE);
	fido->count++;
	return CTAP2_OK;
}

static void
put_attested(const struct making *making, struct buf *ret_data)
{
	const struct credential *credential = &making->credential;

	buf_bytes(ret_data, VIEW_OF(ctap_aaguid));
	buf_lp16(ret_data, VIEW_OF(credential->id));
	ctap_put_cose(ret_data, &credential->public_key, COSE_ES256);
	if (!making->says_protect && !making->says_hmac)
		return;
	cbor_put_map(ret_data, (making->says_protect ? 1U : 0U) + (making->says_hmac ? 1U : 0U));
	if (making->says_protect) {
		cbor_put_text(ret_data, "credProtect");
		cbor_put_int(ret_data, credential->protect);
	}
	if (making->says_hmac) {
		cbor_put_text(ret_data, "hmac-secret");
		cbor_put_bool(ret_data, true);
	}
}

static enum err_code
put_statement(const struct ctap *ctap, struct view auth_data, const struct digest *client_data,
    struct buf *ret_body, struct err *err)
{
	const struct view parts[] = {auth_data, VIEW_OF(client_data->bytes)};
	struct digest digest;
	BUF key = {0};
	BUF certificate = {0};
	BUF signature = {0};

	TRY(ctap_attestation(ctap->state->firmware, &key, &certificate, err));
	TRY(sha256(parts, ARRAY_SIZE(parts), &digest, err));
	TRY(sim_key_sign(buf_view(&key), VIEW_OF(digest.bytes), &signature, err));
	cbor_put_map(ret_body, 3);
	cbor_put_text(ret_body, "alg");
	cbor_put_int(ret_body, COSE_ES256);
	cbor_put_text(ret_body, "sig");
	cbor_put_bytes(ret_body, buf_view(&signature));
	cbor_put_text(ret_body, "x5c");
	cbor_put_array(ret_body, 1);
	cbor_put_bytes(ret_body, buf_view(&certificate));
	return buf_check(ret_body, err);
}

static uint8_t
answer(struct ctap *ctap, const struct making *making, struct buf *ret_body)
{
	const struct ctap_request *request = &making->request;
	uint8_t flags = FLAG_UP | FLAG_AT;
	BUF auth_data = {0};
	struct err err;

	if (request->verified)
		flags |= FLAG_UV;
	if (making->says_protect || making->says_hmac)
		flags |= FLAG_ED;
	uint8_t status = ctap_put_auth_data(ctap, &request->rp, flags, &auth_data);
	if (status != CTAP2_OK)
		return status;
	put_attested(making, &auth_data);
	cbor_put_map(ret_body, 3);
	cbor_put_int(ret_body, ANSWER_FORMAT);
	cbor_put_text(ret_body, "packed");
	cbor_put_int(ret_body, ANSWER_AUTH_DATA);
	cbor_put_bytes(ret_body, buf_view(&auth_data));
	cbor_put_int(ret_body, ANSWER_STATEMENT);
	return put_statement(ctap, buf_view(&auth_data), &request->client_data, ret_body, &err) ==
	            ERR_OK &&
	        !auth_data.failed ?
	    CTAP2_OK :
	    CTAP1_ERR_OTHER;
}

static uint8_t
make(struct ctap *ctap, struct making *making, struct buf *ret_body)
{
	struct ctap_request *request = &making->request;
	struct err err;
	uint8_t status = ctap_request_verify(ctap, request, CTAP_MAY_MAKE);

	if (status != CTAP2_OK)
		return status;
	bool excluded = is_excluded(ctap, request);
	if (!request->present)
		status = ctap_touch(ctap);
	if (status != CTAP2_OK)
		return status;
	if (excluded)
		return CTAP2_ERR_CREDENTIAL_EXCLUDED;
	ctap_token_spend(ctap);
	if (credential_new(&ctap->state->fido, &request->rp, &making->credential, &err) != ERR_OK)
		return CTAP1_ERR_OTHER;
	if (making->credential.resident)
		status = list_credential(ctap, making);
	return status == CTAP2_OK ? answer(ctap, making, ret_body) : status;
}

uint8_t
ctap_make(struct ctap *ctap, const struct cbor *map, struct buf *ret_body)
{
	struct making making = {0};
	uint8_t status = read_making(map, &making);

	if (status == CTAP2_OK)
		status = make(ctap, &making, ret_body);
	credential_done(&making.credential);
	return status;
}
