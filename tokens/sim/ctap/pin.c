/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authenticatorClientPIN (CTAP 2.1, 6.5.5).  A try is spent, and the spending saved, before the
 * PIN is compared: pulling the token after a wrong guess gives nothing back.
 */
#include "tokens/sim/ctap/pin.h"

#include <string.h>

#include "tokens/sim/ctap/token.h"

enum {
	PIN_PROTOCOL = 1,
	PIN_COMMAND,
	PIN_AGREEMENT,
	PIN_PARAM,
	PIN_NEW,
	PIN_HASH,
	PIN_PERMISSIONS = 9,
	PIN_RP = 10
};
enum {
	GET_TRIES = 1,
	GET_AGREEMENT,
	SET_PIN,
	CHANGE_PIN,
	GET_TOKEN,
	GET_TOKEN_BY_FINGER,
	GET_FINGER_TRIES,
	GET_TOKEN_WITH_PERMISSIONS = 9
};
enum { ANSWER_AGREEMENT = 1, ANSWER_TOKEN, ANSWER_TRIES, ANSWER_POWER_CYCLE, ANSWER_FINGER_TRIES };
enum {
	NEW_PIN_SIZE = 64,
	COSE_ECDH = -25,
	KNOWN_PERMISSIONS = CTAP_MAY_MAKE | CTAP_MAY_ASSERT | CTAP_MAY_MANAGE | CTAP_MAY_CONFIGURE
};

struct request {
	uint8_t protocol;
	uint32_t command;
	const struct cbor *agreement;
	bool has_param, has_new, has_hash, has_permissions;
	struct view param, new_pin, hash, rp;
	uint32_t permissions;
	struct ctap_shared shared;
};

static uint8_t
read_request(const struct cbor *map, struct request *request)
{
	struct cbor_in in = cbor_in(map);
	uint32_t protocol = cbor_in_number(&in, PIN_PROTOCOL, UINT32_MAX, 0);

	(void)cbor_in_kind(&in, PIN_COMMAND, CBOR_POSITIVE, true);
	request->command = cbor_in_number(&in, PIN_COMMAND, UINT32_MAX, 0);
	request->agreement = cbor_in_kind(&in, PIN_AGREEMENT, CBOR_MAP, false);
	request->param = cbor_in_bytes(&in, PIN_PARAM, false);
	request->new_pin = cbor_in_bytes(&in, PIN_NEW, false);
	request->hash = cbor_in_bytes(&in, PIN_HASH, false);
	request->has_param = cbor_in_any(&in, PIN_PARAM) != NULL;
	request->has_new = cbor_in_any(&in, PIN_NEW) != NULL;
	request->has_hash = cbor_in_any(&in, PIN_HASH) != NULL;
	request->has_permissions = cbor_in_any(&in, PIN_PERMISSIONS) != NULL;
	request->permissions = cbor_in_number(&in, PIN_PERMISSIONS, UINT32_MAX, 0);
	request->rp = cbor_in_text(&in, PIN_RP, false);
	if (in.status != CTAP2_OK)
		return in.status;
	bool counts = request->command == GET_TRIES || request->command == GET_FINGER_TRIES;
	if (protocol == 0 && !counts)
		return CTAP2_ERR_MISSING_PARAMETER;
	if (protocol > CTAP_PROTOCOLS)
		return CTAP1_ERR_INVALID_PARAMETER;
	request->protocol = (uint8_t)protocol;
	return CTAP2_OK;
}

static uint8_t
get_tries(struct ctap *ctap, struct request *request, struct buf *ret_body)
{
	(void)request;
	cbor_put_map(ret_body, 2);
	cbor_put_int(ret_body, ANSWER_TRIES);
	cbor_put_int(ret_body, ctap->state->fido.pin_tries);
	cbor_put_int(ret_body, ANSWER_POWER_CYCLE);
	cbor_put_bool(ret_body, ctap->boot_misses >= CTAP_BOOT_TRIES);
	return CTAP2_OK;
}

static uint8_t
get_finger_tries(struct ctap *ctap, struct request *request, struct buf *ret_body)
{
	(void)request;
	if (!ctap->state->fido.uv)
		return CTAP2_ERR_INVALID_SUBCOMMAND;
	cbor_put_map(ret_body, 1);
	cbor_put_int(ret_body, ANSWER_FINGER_TRIES);
	cbor_put_int(ret_body, ctap->state->fido.uv_tries);
	return CTAP2_OK;
}

static uint8_t
get_agreement(struct ctap *ctap, struct request *request, struct buf *ret_body)
{
	struct buf *key = &ctap->agreement[request->protocol - 1];
	struct point point;
	struct err err;

	if (key->size == 0 && sim_key_generate(SIM_P256, key, &err) != ERR_OK)
		return CTAP1_ERR_OTHER;
	if (ctap_public(buf_view(key), &point, &err) != ERR_OK)
		return CTAP1_ERR_OTHER;
	cbor_put_map(ret_body, 1);
	cbor_put_int(ret_body, ANSWER_AGREEMENT);
	ctap_put_cose(ret_body, &point, COSE_ECDH);
	return CTAP2_OK;
}

static uint8_t
agree(struct ctap *ctap, struct request *request)
{
	struct view key = buf_view(&ctap->agreement[request->protocol - 1]);
	struct point peer;
	struct err err;

	if (request->agreement == NULL)
		return CTAP2_ERR_MISSING_PARAMETER;
	uint8_t status = ctap_read_cose(request->agreement, &peer);
	if (status != CTAP2_OK)
		return status;
	if (key.size == 0)
		return CTAP2_ERR_PIN_AUTH_INVALID;
	return ctap_agree(request->protocol, key, &peer, &request->shared, &err) == ERR_OK ?
	    CTAP2_OK :
	    CTAP1_ERR_INVALID_PARAMETER;
}

static bool
is_authentic(const struct request *request, const struct view *parts, size_t count)
{
	return ctap_authentic(request->protocol, request->shared.mac_key, parts, count,
	    request->param);
}

/* Decrypt and take the new PIN.  It is padded with zeros to 64 bytes. */
static uint8_t
take_pin(struct ctap *ctap, const struct request *request)
{
	BUF padded = {0};
	struct err err;

	if (ctap_decrypt(&request->shared, request->new_pin, &padded, &err) != ERR_OK ||
	    padded.size != NEW_PIN_SIZE)
		return CTAP1_ERR_INVALID_PARAMETER;
	size_t size = padded.size;
	while (size > 0 && padded.data[size - 1] == 0)
		size--;
	if (sim_fido_set_pin(&ctap->state->fido, view_of(padded.data, size), &err) != ERR_OK)
		return CTAP2_ERR_PIN_POLICY_VIOLATION;
	uint8_t status = ctap_token_renew(ctap);
	return status == CTAP2_OK ? ctap_save(ctap) : status;
}

static uint8_t
set_pin(struct ctap *ctap, struct request *request, struct buf *ret_body)
{
	(void)ret_body;
	if (!request->has_param || !request->has_new)
		return CTAP2_ERR_MISSING_PARAMETER;
	if (ctap->state->fido.pin_set)
		return CTAP2_ERR_PIN_AUTH_INVALID;
	uint8_t status = agree(ctap, request);
	if (status != CTAP2_OK)
		return status;
	return is_authentic(request, &request->new_pin, 1) ? take_pin(ctap, request) :
	                                                     CTAP2_ERR_PIN_AUTH_INVALID;
}

static uint8_t
blocked(const struct ctap *ctap)
{
	return ctap->state->fido.pin_tries == 0  ? CTAP2_ERR_PIN_BLOCKED :
	    ctap->boot_misses >= CTAP_BOOT_TRIES ? CTAP2_ERR_PIN_AUTH_BLOCKED :
	                                           CTAP2_OK;
}

static uint8_t
check_pin(struct ctap *ctap, const struct request *request)
{
	struct sim_fido *fido = &ctap->state->fido;
	BUF hash = {0};
	struct err err;

	fido->pin_tries--;
	uint8_t status = ctap_save(ctap);
	if (status != CTAP2_OK)
		return status;
	if (ctap_decrypt(&request->shared, request->hash, &hash, &err) == ERR_OK &&
	    view_equal(buf_view(&hash), VIEW_OF(fido->pin_hash))) {
		fido->pin_tries = FIDO_PIN_TRIES;
		fido->uv_tries = FIDO_UV_TRIES;
		ctap->boot_misses = 0;
		return ctap_save(ctap);
	}
	/* A guess costs a new key agreement as well. */
	buf_done(&ctap->agreement[request->protocol - 1]);
	ctap->boot_misses++;
	status = blocked(ctap);
	return status != CTAP2_OK ? status : CTAP2_ERR_PIN_INVALID;
}

static uint8_t
change_pin(struct ctap *ctap, struct request *request, struct buf *ret_body)
{
	const struct view parts[] = {request->new_pin, request->hash};

	(void)ret_body;
	if (!request->has_param || !request->has_new || !request->has_hash)
		return CTAP2_ERR_MISSING_PARAMETER;
	if (!ctap->state->fido.pin_set)
		return CTAP2_ERR_PIN_NOT_SET;
	uint8_t status = blocked(ctap);
	if (status == CTAP2_OK)
		status = agree(ctap, request);
	if (status != CTAP2_OK)
		return status;
	if (!is_authentic(request, parts, ARRAY_SIZE(parts)))
		return CTAP2_ERR_PIN_AUTH_INVALID;
	status = check_pin(ctap, request);
	return status == CTAP2_OK ? take_pin(ctap, request) : status;
}

/* A new token with what was asked for, in use from now, handed out encrypted. */
static uint8_t
hand_out(struct ctap *ctap, const struct request *request, bool present, struct buf *ret_body)
{
	BUF cipher = {0};
	struct err err;
	uint8_t status = ctap_token_renew(ctap);
	struct ctap_token *token = &ctap->token;

	if (status != CTAP2_OK)
		return status;
	token->bound = request->rp.data != NULL;
	if (token->bound && sha256_one(request->rp, &token->rp, &err) != ERR_OK)
		return CTAP1_ERR_OTHER;
	token->permissions = (uint8_t)request->permissions;
	token->verified = true;
	token->present = present;
	token->began = ctap->host.milliseconds(ctap->host.context);
	if (ctap_encrypt(&request->shared, VIEW_OF(token->value[request->protocol - 1]), &cipher,
	        &err) != ERR_OK)
		return CTAP1_ERR_OTHER;
	token->protocol = request->protocol;
	cbor_put_map(ret_body, 1);
	cbor_put_int(ret_body, ANSWER_TOKEN);
	cbor_put_bytes(ret_body, buf_view(&cipher));
	return CTAP2_OK;
}

static uint8_t
token_by_pin(struct ctap *ctap, struct request *request, struct buf *ret_body)
{
	if (!request->has_hash)
		return CTAP2_ERR_MISSING_PARAMETER;
	if (!ctap->state->fido.pin_set)
		return CTAP2_ERR_PIN_NOT_SET;
	uint8_t status = blocked(ctap);
	if (status == CTAP2_OK)
		status = agree(ctap, request);
	if (status == CTAP2_OK)
		status = check_pin(ctap, request);
	if (status != CTAP2_OK)
		return status;
	if (ctap->state->fido.change_pin)
		return CTAP2_ERR_PIN_POLICY_VIOLATION;
	return hand_out(ctap, request, false, ret_body);
}

/* The way of CTAP 2.0: for credentials alone, bound to an RP by its first use. */
static uint8_t
get_token(struct ctap *ctap, struct request *request, struct buf *ret_body)
{
	if (request->has_permissions || request->rp.data != NULL)
		return CTAP1_ERR_INVALID_PARAMETER;
	request->permissions = CTAP_MAY_MAKE | CTAP_MAY_ASSERT;
	return token_by_pin(ctap, request, ret_body);
}

static uint8_t
check_permissions(const struct request *request)
{
	if (!request->has_permissions)
		return CTAP2_ERR_MISSING_PARAMETER;
	if (request->permissions == 0)
		return CTAP1_ERR_INVALID_PARAMETER;
	if ((request->permissions & ~(uint32_t)KNOWN_PERMISSIONS) != 0)
		return CTAP2_ERR_UNAUTHORIZED_PERMISSION;
	if ((request->permissions & (CTAP_MAY_MAKE | CTAP_MAY_ASSERT)) != 0 &&
	    request->rp.data == NULL)
		return CTAP2_ERR_MISSING_PARAMETER;
	return CTAP2_OK;
}

static uint8_t
get_token_with_permissions(struct ctap *ctap, struct request *request, struct buf *ret_body)
{
	uint8_t status = check_permissions(request);

	return status == CTAP2_OK ? token_by_pin(ctap, request, ret_body) : status;
}

static uint8_t
get_token_by_finger(struct ctap *ctap, struct request *request, struct buf *ret_body)
{
	if (!ctap->state->fido.uv)
		return CTAP2_ERR_INVALID_SUBCOMMAND;
	uint8_t status = check_permissions(request);
	if (status == CTAP2_OK)
		status = agree(ctap, request);
	if (status == CTAP2_OK)
		status = ctap_verify_finger(ctap);
	return status == CTAP2_OK ? hand_out(ctap, request, true, ret_body) : status;
}

uint8_t
ctap_pin(struct ctap *ctap, const struct cbor *map, struct buf *ret_body)
{
	static uint8_t (*const run[])(struct ctap *, struct request *, struct buf *) = {
	    [GET_TRIES] = get_tries,
	    [GET_AGREEMENT] = get_agreement,
	    [SET_PIN] = set_pin,
	    [CHANGE_PIN] = change_pin,
	    [GET_TOKEN] = get_token,
	    [GET_TOKEN_BY_FINGER] = get_token_by_finger,
	    [GET_FINGER_TRIES] = get_finger_tries,
	    [GET_TOKEN_WITH_PERMISSIONS] = get_token_with_permissions,
	};
	struct request request = {0};
	uint8_t status = read_request(map, &request);

	if (status != CTAP2_OK)
		return status;
	if (request.command >= ARRAY_SIZE(run) || run[request.command] == NULL)
		return CTAP2_ERR_INVALID_SUBCOMMAND;
	return run[request.command](ctap, &request, ret_body);
}
