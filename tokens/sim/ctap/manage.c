/* SPDX-License-Identifier: Apache-2.0 */
/* authenticatorCredentialManagement (CTAP 2.1, 6.8). */
#include "tokens/sim/ctap/manage.h"

#include <string.h>

#include "tokens/sim/ctap/request.h"
#include "tokens/sim/ctap/token.h"

enum {
	MANAGE_COMMAND = 1,
	MANAGE_PARAMETERS = 2,
	MANAGE_PROTOCOL = 3,
	MANAGE_PARAM = 4,
	PARAMETER_RP = 1,
	PARAMETER_ID = 2,
	PARAMETER_USER = 3
};
enum { METADATA = 1, RPS_BEGIN, RPS_NEXT, CREDENTIALS_BEGIN, CREDENTIALS_NEXT, DELETE, UPDATE };
enum {
	ANSWER_EXISTING = 1,
	ANSWER_ROOM,
	ANSWER_RP,
	ANSWER_RP_HASH,
	ANSWER_RPS,
	ANSWER_USER,
	ANSWER_ID,
	ANSWER_KEY,
	ANSWER_CREDENTIALS,
	ANSWER_PROTECT
};

struct managing {
	uint32_t command;
	const struct cbor *parameters; /* NULL: none */
	struct view rp_hash;           /* of the parameters; empty: absent */
	struct view id;
	const struct cbor *user;
};

size_t
ctap_room(const struct sim_state *state)
{
	size_t capacity = sim_state_has(state, 5, 7, 0) ? FIDO_CREDENTIALS_MAX : 25;

	return capacity > state->fido.count ? capacity - state->fido.count : 0;
}

void
ctap_forget(struct sim_fido *fido, size_t place)
{
	memmove(&fido->credentials[place], &fido->credentials[place + 1],
	    (fido->count - place - 1) * sizeof(fido->credentials[0]));
	fido->count--;
}

static bool
hash_rp(const struct fido_credential *entry, struct digest *ret_hash)
{
	struct err err;

	return sha256_one(view_of(entry->rp, entry->rp_size), ret_hash, &err) == ERR_OK;
}

static uint8_t
put_metadata(struct ctap *ctap, const struct managing *managing, struct buf *ret_body)
{
	(void)managing;
	cbor_put_map(ret_body, 2);
	cbor_put_int(ret_body, ANSWER_EXISTING);
	cbor_put_int(ret_body, (int64_t)ctap->state->fido.count);
	cbor_put_int(ret_body, ANSWER_ROOM);
	cbor_put_int(ret_body, (int64_t)ctap_room(ctap->state));
	return CTAP2_OK;
}

/* The RP of the found credential at NEXT, and one step on. */
static uint8_t
put_rp(struct ctap *ctap, bool first, struct buf *ret_body)
{
	size_t place = ctap->listing.found[ctap->listing.next++];
	const struct fido_credential *entry = &ctap->state->fido.credentials[place];
	struct digest hash;

	if (!hash_rp(entry, &hash))
		return CTAP1_ERR_OTHER;
	cbor_put_map(ret_body, first ? 3U : 2U);
	cbor_put_int(ret_body, ANSWER_RP);
	cbor_put_map(ret_body, 1);
	cbor_put_text(ret_body, "id");
	cbor_put_text_view(ret_body, view_of(entry->rp, entry->rp_size));
	cbor_put_int(ret_body, ANSWER_RP_HASH);
	cbor_put_bytes(ret_body, VIEW_OF(hash.bytes));
	if (first) {
		cbor_put_int(ret_body, ANSWER_RPS);
		cbor_put_int(ret_body, (int64_t)ctap->listing.count);
	}
	return CTAP2_OK;
}

static uint8_t
begin_rps(struct ctap *ctap, const struct managing *managing, struct buf *ret_body)
{
	const struct sim_fido *fido = &ctap->state->fido;

	(void)managing;
	ctap->listing.count = ctap->listing.next = 0;
	for (size_t i = 0; i < fido->count; i++) {
		bool seen = false;
		for (size_t j = 0; j < i && !seen; j++)
			seen = view_equal(view_of(fido->credentials[i].rp,
			                      fido->credentials[i].rp_size),
			    view_of(fido->credentials[j].rp, fido->credentials[j].rp_size));
		if (!seen)
			ctap->listing.found[ctap->listing.count++] = i;
	}
	ctap->listing.next_command = RPS_NEXT;
	return ctap->listing.count == 0 ? CTAP2_ERR_NO_CREDENTIALS : put_rp(ctap, true, ret_body);
}

static uint8_t
put_credential(struct ctap *ctap, bool first, struct buf *ret_body)
{
	size_t place = ctap->listing.found[ctap->listing.next++];
	const struct fido_credential *entry = &ctap->state->fido.credentials[place];
	CREDENTIAL credential = {0};
	struct digest rp;
	struct err err;

	if (!hash_rp(entry, &rp) ||
	    credential_open(&ctap->state->fido, &rp, VIEW_OF(entry->id), &credential, &err) !=
	        ERR_OK)
		return CTAP1_ERR_OTHER;
	cbor_put_map(ret_body, first ? 5U : 4U);
	cbor_put_int(ret_body, ANSWER_USER);
	ctap_put_user(entry, true, ret_body);
	cbor_put_int(ret_body, ANSWER_ID);
	ctap_put_descriptor(ret_body, VIEW_OF(entry->id));
	cbor_put_int(ret_body, ANSWER_KEY);
	ctap_put_cose(ret_body, &credential.public_key, -7);
	if (first) {
		cbor_put_int(ret_body, ANSWER_CREDENTIALS);
		cbor_put_int(ret_body, (int64_t)ctap->listing.count);
	}
	cbor_put_int(ret_body, ANSWER_PROTECT);
	cbor_put_int(ret_body, credential.protect);
	return CTAP2_OK;
}

static uint8_t
begin_credentials(struct ctap *ctap, const struct managing *managing, struct buf *ret_body)
{
	const struct sim_fido *fido = &ctap->state->fido;
	struct digest rp;

	if (managing->rp_hash.data == NULL)
		return CTAP2_ERR_MISSING_PARAMETER;
	ctap->listing.count = ctap->listing.next = 0;
	for (size_t i = 0; i < fido->count; i++)
		if (hash_rp(&fido->credentials[i], &rp) &&
		    view_equal(managing->rp_hash, VIEW_OF(rp.bytes)))
			ctap->listing.found[ctap->listing.count++] = i;
	ctap->listing.next_command = CREDENTIALS_NEXT;
	return ctap->listing.count == 0 ? CTAP2_ERR_NO_CREDENTIALS :
	                                  put_credential(ctap, true, ret_body);
}

/* The place of the credential named in the parameters. */
static uint8_t
place_of(struct ctap *ctap, const struct managing *managing, size_t *ret_place)
{
	if (managing->id.data == NULL)
		return CTAP2_ERR_MISSING_PARAMETER;
	*ret_place = credential_place(&ctap->state->fido, managing->id);
	return *ret_place == FIDO_CREDENTIALS_MAX ? CTAP2_ERR_NO_CREDENTIALS : CTAP2_OK;
}

static uint8_t
delete_credential(struct ctap *ctap, const struct managing *managing, struct buf *ret_body)
{
	size_t place;
	uint8_t status = place_of(ctap, managing, &place);

	(void)ret_body;
	if (status != CTAP2_OK)
		return status;
	ctap_forget(&ctap->state->fido, place);
	return ctap_save(ctap);
}

/* New names for the same user id. */
static uint8_t
update_user(struct ctap *ctap, const struct managing *managing, struct buf *ret_body)
{
	size_t place;
	uint8_t status = place_of(ctap, managing, &place);
	struct fido_credential entry = {0};

	(void)ret_body;
	if (status == CTAP2_OK && managing->user == NULL)
		status = CTAP2_ERR_MISSING_PARAMETER;
	if (status == CTAP2_OK)
		status = ctap_read_user(managing->user, &entry);
	if (status != CTAP2_OK)
		return status;
	struct fido_credential *old = &ctap->state->fido.credentials[place];
	if (!view_equal(view_of(old->user.bytes, old->user.size),
	        view_of(entry.user.bytes, entry.user.size)))
		return CTAP1_ERR_INVALID_PARAMETER;
	old->name = entry.name;
	old->display = entry.display;
	return ctap_save(ctap);
}

static uint8_t
read_managing(const struct cbor *map, struct managing *ret_managing)
{
	struct cbor_in in = cbor_in(map);
	struct managing managing = {0};

	managing.parameters = cbor_in_kind(&in, MANAGE_PARAMETERS, CBOR_MAP, false);
	if (cbor_in_kind(&in, MANAGE_COMMAND, CBOR_POSITIVE, true) != NULL)
		managing.command = cbor_in_number(&in, MANAGE_COMMAND, UINT32_MAX, 0);
	struct cbor_in parameters = cbor_in(managing.parameters);
	managing.rp_hash = cbor_in_bytes(&parameters, PARAMETER_RP, false);
	managing.user = cbor_in_kind(&parameters, PARAMETER_USER, CBOR_MAP, false);
	struct cbor_in descriptor =
	    cbor_in(cbor_in_kind(&parameters, PARAMETER_ID, CBOR_MAP, false));
	if (descriptor.map != NULL) {
		const struct cbor *id = cbor_in_named_kind(&descriptor, "id", CBOR_BYTES, true);
		(void)cbor_in_named_kind(&descriptor, "type", CBOR_TEXT, true);
		managing.id = id == NULL ? view_of(NULL, 0) : id->bytes;
	}
	uint8_t status = in.status != CTAP2_OK ? in.status :
	    parameters.status != CTAP2_OK      ? parameters.status :
	                                         descriptor.status;
	if (status == CTAP2_OK)
		*ret_managing = managing;
	return status;
}

/* A token bound to an RP sees that one alone: nothing about all, nobody else's. */
static bool
is_out_of_bounds(const struct ctap *ctap, const struct managing *managing)
{
	const struct ctap_token *token = &ctap->token;
	size_t place = credential_place(&ctap->state->fido, managing->id);
	struct digest rp;

	if (!token->bound)
		return false;
	if (managing->command == CREDENTIALS_BEGIN)
		return !view_equal(managing->rp_hash, VIEW_OF(token->rp.bytes));
	if (managing->command != DELETE && managing->command != UPDATE)
		return true;
	return place != FIDO_CREDENTIALS_MAX &&
	    (!hash_rp(&ctap->state->fido.credentials[place], &rp) ||
	        !digest_equal(&rp, &token->rp));
}

static uint8_t
authorize(struct ctap *ctap, const struct cbor *map, const struct managing *managing)
{
	struct cbor_in in = cbor_in(map);
	uint8_t command = (uint8_t)managing->command;
	const struct view parts[] = {view_of(&command, 1),
	    managing->parameters == NULL ? view_of(NULL, 0) : managing->parameters->whole};

	if (cbor_in_any(&in, MANAGE_PARAM) == NULL)
		return CTAP2_ERR_PUAT_REQUIRED;
	struct view param = cbor_in_bytes(&in, MANAGE_PARAM, true);
	uint32_t protocol = cbor_in_number(&in, MANAGE_PROTOCOL, UINT32_MAX, 0);
	if (in.status != CTAP2_OK)
		return in.status;
	if (protocol == 0)
		return CTAP2_ERR_MISSING_PARAMETER;
	if (protocol > CTAP_PROTOCOLS)
		return CTAP1_ERR_INVALID_PARAMETER;
	uint8_t status =
	    ctap_token_check(ctap, protocol, param, parts, ARRAY_SIZE(parts), CTAP_MAY_MANAGE);
	return status != CTAP2_OK            ? status :
	    is_out_of_bounds(ctap, managing) ? CTAP2_ERR_PIN_AUTH_INVALID :
	                                       CTAP2_OK;
}

static uint8_t
go_on(struct ctap *ctap, uint32_t command, struct buf *ret_body)
{
	if (ctap->listing.next_command != command || ctap->listing.next >= ctap->listing.count)
		return CTAP2_ERR_NOT_ALLOWED;
	return command == RPS_NEXT ? put_rp(ctap, false, ret_body) :
	                             put_credential(ctap, false, ret_body);
}

uint8_t
ctap_manage(struct ctap *ctap, const struct cbor *map, struct buf *ret_body)
{
	static uint8_t (*const begin[])(struct ctap *, const struct managing *, struct buf *) = {
	    [METADATA] = put_metadata,
	    [RPS_BEGIN] = begin_rps,
	    [CREDENTIALS_BEGIN] = begin_credentials,
	    [DELETE] = delete_credential,
	    [UPDATE] = update_user,
	};
	struct managing managing = {0};
	uint8_t status = read_managing(map, &managing);

	if (status != CTAP2_OK)
		return status;
	if (managing.command == RPS_NEXT || managing.command == CREDENTIALS_NEXT)
		return go_on(ctap, managing.command, ret_body);
	ctap->listing.count = 0;
	if (managing.command >= ARRAY_SIZE(begin) || begin[managing.command] == NULL)
		return CTAP2_ERR_INVALID_SUBCOMMAND;
	status = authorize(ctap, map, &managing);
	return status == CTAP2_OK ? begin[managing.command](ctap, &managing, ret_body) : status;
}
