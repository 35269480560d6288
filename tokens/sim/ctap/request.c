/* SPDX-License-Identifier: Apache-2.0 */
#include "tokens/sim/ctap/request.h"

#include <string.h>

#include "tokens/sim/ctap/token.h"

static uint8_t
read_options(const struct cbor *map, struct ctap_request *request)
{
	struct cbor_in in = cbor_in(map);
	const struct cbor *rk = cbor_in_named_kind(&in, "rk", CBOR_BOOL, false);
	const struct cbor *uv = cbor_in_named_kind(&in, "uv", CBOR_BOOL, false);
	const struct cbor *up = cbor_in_named_kind(&in, "up", CBOR_BOOL, false);

	request->has_rk = rk != NULL;
	request->rk = rk != NULL && rk->number != 0;
	request->uv = uv != NULL && uv->number != 0;
	request->up = up == NULL || up->number != 0;
	return in.status;
}

/* Every element has an id and a type. */
static uint8_t
check_list(const struct cbor *list)
{
	const struct cbor *at = list == NULL ? NULL : cbor_first(list);

	if (list != NULL && list->count > CTAP_LIST_MAX)
		return CTAP1_ERR_INVALID_LENGTH;
	for (size_t i = 0; at != NULL && i < list->count; i++, at = cbor_after(at)) {
		struct cbor_in in = cbor_in(at);
		(void)cbor_in_named_kind(&in, "id", CBOR_BYTES, true);
		(void)cbor_in_named_kind(&in, "type", CBOR_TEXT, true);
		if (in.status != CTAP2_OK)
			return in.status;
	}
	return CTAP2_OK;
}

uint8_t
ctap_request_read(struct cbor_in *in, const struct ctap_keys *keys, struct view rp_id,
    struct ctap_request *ret_request)
{
	struct ctap_request request = {.rp_id = rp_id};
	struct view client_data = cbor_in_bytes(in, keys->client_data, true);
	struct err err;

	request.list = cbor_in_kind(in, keys->list, CBOR_ARRAY, false);
	request.extensions = cbor_in_kind(in, keys->extensions, CBOR_MAP, false);
	const struct cbor *options = cbor_in_kind(in, keys->options, CBOR_MAP, false);
	request.has_param = cbor_in_any(in, keys->param) != NULL;
	request.param = cbor_in_bytes(in, keys->param, false);
	request.protocol = cbor_in_number(in, keys->protocol, UINT32_MAX, 0);
	if (in->status != CTAP2_OK)
		return in->status;
	if (client_data.size != sizeof(request.client_data.bytes) || rp_id.size == 0 ||
	    rp_id.size > FIDO_RP_MAX)
		return CTAP1_ERR_INVALID_LENGTH;
	memcpy(request.client_data.bytes, client_data.data, client_data.size);
	if (sha256_one(rp_id, &request.rp, &err) != ERR_OK)
		return CTAP1_ERR_OTHER;
	uint8_t status = check_list(request.list);
	if (status == CTAP2_OK)
		status = read_options(options, &request);
	if (status == CTAP2_OK)
		*ret_request = request;
	return status;
}

/* As much of TEXT as fits, cut between characters. */
static void
keep_text(struct view text, struct fido_text *ret_text)
{
	size_t size = text.size;

	if (size > FIDO_USER_MAX) {
		size = FIDO_USER_MAX;
		while (size > 0 && (text.data[size] & 0xc0) == 0x80)
			size--;
	}
	if (size > 0)
		memcpy(ret_text->bytes, text.data, size);
	ret_text->size = (uint8_t)size;
}

uint8_t
ctap_read_user(const struct cbor *map, struct fido_credential *entry)
{
	struct cbor_in in = cbor_in(map);
	const struct cbor *id = cbor_in_named_kind(&in, "id", CBOR_BYTES, true);
	const struct cbor *name = cbor_in_named_kind(&in, "name", CBOR_TEXT, false);
	const struct cbor *display = cbor_in_named_kind(&in, "displayName", CBOR_TEXT, false);

	if (in.status != CTAP2_OK)
		return in.status;
	if (id->bytes.size == 0 || id->bytes.size > FIDO_USER_MAX)
		return CTAP1_ERR_INVALID_LENGTH;
	keep_text(id->bytes, &entry->user);
	keep_text(name == NULL ? view_of(NULL, 0) : name->bytes, &entry->name);
	keep_text(display == NULL ? view_of(NULL, 0) : display->bytes, &entry->display);
	return CTAP2_OK;
}

/* An empty parameter asks "are you the token?": touch, then say whether there is a PIN. */
static uint8_t
probe(struct ctap *ctap)
{
	uint8_t status = ctap_touch(ctap);

	if (status != CTAP2_OK)
		return status;
	return ctap->state->fido.pin_set ? CTAP2_ERR_PIN_INVALID : CTAP2_ERR_PIN_NOT_SET;
}

static uint8_t
verify_by_token(struct ctap *ctap, struct ctap_request *request, uint8_t permission)
{
	const struct view part = VIEW_OF(request->client_data.bytes);
	struct ctap_token *token = &ctap->token;
	uint8_t status =
	    ctap_token_check(ctap, request->protocol, request->param, &part, 1, permission);

	if (status != CTAP2_OK)
		return status;
	if (!token->verified || (token->bound && !digest_equal(&token->rp, &request->rp)))
		return CTAP2_ERR_PIN_AUTH_INVALID;
	token->bound = true;
	token->rp = request->rp;
	request->verified = true;
	request->present = token->present;
	return CTAP2_OK;
}

static uint8_t
verify_by_finger(struct ctap *ctap, struct ctap_request *request)
{
	uint8_t status = ctap_verify_finger(ctap);

	if (status == CTAP2_ERR_UV_INVALID || status == CTAP2_ERR_UV_BLOCKED)
		return ctap->state->fido.pin_set ? CTAP2_ERR_PUAT_REQUIRED :
		                                   CTAP2_ERR_OPERATION_DENIED;
	request->verified = request->present = status == CTAP2_OK;
	return status;
}

uint8_t
ctap_request_verify(struct ctap *ctap, struct ctap_request *request, uint8_t permission)
{
	const struct sim_fido *fido = &ctap->state->fido;
	bool make = permission == CTAP_MAY_MAKE;

	if (request->has_param && request->param.size == 0)
		return probe(ctap);
	if (request->has_param && request->protocol == 0)
		return CTAP2_ERR_MISSING_PARAMETER;
	if (request->has_param && request->protocol > CTAP_PROTOCOLS)
		return CTAP1_ERR_INVALID_PARAMETER;
	if (request->has_param)
		return verify_by_token(ctap, request, permission);
	if (request->uv && !fido->uv)
		return CTAP2_ERR_INVALID_OPTION;
	if (!request->uv && fido->always_uv && request->up && fido->uv)
		request->uv = true;
	if (request->uv)
		return verify_by_finger(ctap, request);
	/* Without verification: never where it is always on, and none that lists itself. */
	if ((fido->always_uv && request->up) || (make && request->rk && ctap_protected(ctap)))
		return CTAP2_ERR_PUAT_REQUIRED;
	return CTAP2_OK;
}

struct view
ctap_request_id(const struct ctap_request *request, size_t at)
{
	const struct cbor *item = cbor_first(request->list);

	while (at-- > 0)
		item = cbor_after(item);
	struct cbor_in in = cbor_in(item);
	const struct cbor *type = cbor_in_named(&in, "type");
	return cbor_is_text(type, "public-key") ? cbor_in_named(&in, "id")->bytes :
	                                          view_of(NULL, 0);
}

uint8_t
ctap_put_auth_data(struct ctap *ctap, const struct digest *rp, uint8_t flags, struct buf *ret_data)
{
	ctap->state->fido.counter++;
	uint8_t status = ctap_save(ctap);
	buf_bytes(ret_data, VIEW_OF(rp->bytes));
	buf_u8(ret_data, (uint8_t)(flags ^ ctap_fault(ctap, FAULT_FLAGS)));
	buf_u32(ret_data, ctap->state->fido.counter);
	return status;
}

void
ctap_put_descriptor(struct buf *buf, struct view id)
{
	cbor_put_map(buf, 2);
	cbor_put_text(buf, "id");
	cbor_put_bytes(buf, id);
	cbor_put_text(buf, "type");
	cbor_put_text(buf, "public-key");
}

void
ctap_put_user(const struct fido_credential *entry, bool names, struct buf *ret_body)
{
	bool name = names && entry->name.size > 0, display = names && entry->display.size > 0;

	cbor_put_map(ret_body, 1 + (name ? 1U : 0U) + (display ? 1U : 0U));
	cbor_put_text(ret_body, "id");
	cbor_put_bytes(ret_body, view_of(entry->user.bytes, entry->user.size));
	if (name) {
		cbor_put_text(ret_body, "name");
		cbor_put_text_view(ret_body, view_of(entry->name.bytes, entry->name.size));
	}
	if (display) {
		cbor_put_text(ret_body, "displayName");
		cbor_put_text_view(ret_body, view_of(entry->display.bytes, entry->display.size));
	}
}
