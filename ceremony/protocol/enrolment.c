/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An enrolment is read as a seat with one token, by the rules that charter and roster have for
 * seats, so that what was enrolled can stand there unchanged.
 */
#include "ceremony/protocol/enrolment.h"

#include <string.h>

#include "base/base64.h"
#include "base/crypto_key.h"
#include "base/text.h"
#include "tokens/formats/fido_data.h"
#include "tokens/formats/tlv.h"

enum { CERTIFICATE_MAX = 8192, DER_SEQUENCE = 0x30 };

/* A token's keys have the same order on both sides of the seam. */
_Static_assert((int)WAIVE_FIRMWARE == (int)ATTEST_WAIVE_FIRMWARE &&
        (int)WAIVE_FORM_FACTOR == (int)ATTEST_WAIVE_FORM_FACTOR &&
        (int)WAIVE_TOUCH == (int)ATTEST_WAIVE_TOUCH &&
        (int)WAIVE_ATTESTATION == (int)ATTEST_WAIVE_ATTESTATION,
    "waivers");
_Static_assert((int)KEY_SIGN == (int)TOKEN_SIGN && (int)KEY_SHARE == (int)TOKEN_SHARE &&
        (int)KEY_RELEASE == (int)TOKEN_RELEASE && (int)KEY_COUNT == (int)TOKEN_KEYS,
    "key order");

/* The seat and what is said of its token stand between the two. */
static const struct member init_members[] = {
    {"init", MEMBER_HEX, FIELD(struct enrolment, init)},
    {NULL},
};
static const struct member time_members[] = {
    {"created", MEMBER_TIME, FIELD(struct enrolment, created)},
    {"expires", MEMBER_TIME, FIELD(struct enrolment, expires)},
    {NULL},
};
/* A FIDO2 token's attestation, with "leaf" if a maker signed it. */
static const struct member registration_members[] = {
    {"authdata", MEMBER_BASE64, FIELD(struct enrolment, authdata), .max = FIDO_REGISTRATION_MAX},
    {"signature", MEMBER_BASE64, FIELD(struct enrolment, signature), .max = ECDSA_MAX},
    {NULL},
};
static const struct member leaf_members[] = {
    {"leaf", MEMBER_BASE64, FIELD(struct enrolment, leaf), .max = TOKEN_CERTIFICATE_MAX},
    {NULL},
};
static const struct member cosigner_members[] = {
    {"key", MEMBER_HEX, FIELD(struct enrolment, cosigner)},
    {"slot", MEMBER_BASE64, FIELD(struct enrolment, cosigner_slot), .max = TOKEN_CERTIFICATE_MAX},
    {"device", MEMBER_BASE64, FIELD(struct enrolment, cosigner_device),
        .max = TOKEN_CERTIFICATE_MAX},
    {NULL},
};

void
enrolment_done(struct enrolment *enrolment)
{
	struct buf *const others[] = {&enrolment->device, &enrolment->authdata,
	    &enrolment->signature, &enrolment->leaf, &enrolment->cosigner_slot,
	    &enrolment->cosigner_device, &enrolment->certificates};

	for (size_t i = 0; i < TOKEN_KEYS; i++)
		buf_done(&enrolment->attestation[i]);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		buf_done(others[i]);
	enrolment->certificate_count = 0;
}

static struct json *
fido_attestation_json(const struct enrolment *enrolment)
{
	struct json *object = json_new_object();

	members_put(object, registration_members, enrolment);
	if (enrolment->leaf.size > 0)
		members_put(object, leaf_members, enrolment);
	return object;
}

static struct json *
cosigner_json(const struct enrolment *enrolment)
{
	struct json *object = json_new_object();

	members_put(object, cosigner_members, enrolment);
	return object;
}

static struct json *
attestation_json(const struct enrolment *enrolment)
{
	struct json *object = json_new_object();

	for (int i = 0; i < KEY_COUNT; i++)
		if (enrolment->seat.tokens[0].has[i])
			json_put_base64(object, key_names[i], buf_view(&enrolment->attestation[i]));
	json_put_base64(object, "device", buf_view(&enrolment->device));
	return object;
}

static void
put_certificates(struct json *payload, const struct enrolment *enrolment)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < enrolment->certificate_count; i++) {
		BUF text = {0};

		buf_base64(&text, enrolment->certificate_views[i]);
		json_add_text(array, buf_string(&text));
	}
	json_put(payload, "certificates", array);
}

static void
put_seat(struct json *payload, const struct seat *seat)
{
	json_put_text(payload, "seat", seat->name);
	json_put_text(payload, "person", seat->person);
	seat_put_roles(payload, seat);
	seat_put_token(payload, &seat->tokens[0]);
}

enum err_code
enrolment_payload(const struct enrolment *enrolment, struct json **ret_payload, struct err *err)
{
	struct json *payload = payload_begin(init_members, enrolment), *unsealed = json_new_array();

	put_seat(payload, &enrolment->seat);
	if (enrolment->seat.tokens[0].signs == SIGNS_ASSERTION)
		json_put(payload, "attestation", fido_attestation_json(enrolment));
	else if (enrolment->attested)
		json_put(payload, "attestation", attestation_json(enrolment));
	if (enrolment->cosigned)
		json_put(payload, "cosigner", cosigner_json(enrolment));
	put_certificates(payload, enrolment);
	for (int i = 0; i < TOKEN_KEYS; i++)
		if (enrolment->unsealed[i])
			json_add_text(unsealed, key_names[i]);
	json_put(payload, "unsealed", unsealed);
	members_put(payload, time_members, enrolment);
	return payload_finish(payload, ret_payload, err);
}

/* The seat members of IN, read through the rules for seats. */
static enum err_code
read_seat(struct json_in *in, struct seat *ret_seat, struct err *err)
{
	JSON *seat = json_new_object();
	struct json *tokens = json_new_array(), *token = json_new_object();
	const struct digest none = {{0}};

	json_put_text(seat, "name", json_in_text(in, "seat", 1, SEAT_NAME_MAX));
	json_put_text(seat, "person", json_in_text(in, "person", 1, PERSON_MAX));
	const struct json *roles = json_in_array(in, "roles", 1, ARRAY_SIZE(role_names) - 1);
	json_put_text(token, "label", json_in_text(in, "label", 1, LABEL_MAX));
	const char *driver = json_in_text(in, "driver", 1, 7);
	bool asserts = strcmp(driver, driver_names[SIGNS_ASSERTION]) == 0;
	json_put_text(token, "driver", driver);
	json_put_int(token, "serial", json_in_int(in, "serial", asserts ? 0 : 1, UINT32_MAX));
	json_put_text(token, "firmware", json_in_text(in, "firmware", 5, FIRMWARE_TEXT_SIZE - 1));
	json_put_hex(token, "enrolment", VIEW_OF(none.bytes));
	const struct json *keys = json_in_object(in, "keys");
	const struct json *fido2 = asserts ? json_in_object(in, "fido2") : NULL;
	if (in->code == ERR_OK) {
		if (asserts)
			json_put_copy(token, "fido2", fido2);
		json_put_copy(seat, "roles", roles);
		json_put_copy(token, "keys", keys);
	}
	json_add(tokens, token);
	json_put(seat, "tokens", tokens);
	if (in->code != ERR_OK)
		return in->code;
	if (seat_parse(seat, ret_seat, err) != ERR_OK)
		return err_add(err, "enrolment");
	return ERR_OK;
}

static enum err_code
read_fido_attestation(const struct json *object, struct enrolment *enrolment, struct err *err)
{
	struct json_in in = json_in(object, "enrolment: attestation", err);

	members_in(&in, registration_members, enrolment);
	enrolment->attested = json_in_has(&in, "leaf");
	if (enrolment->attested)
		members_in(&in, leaf_members, enrolment);
	return json_in_end(&in);
}

static enum err_code
read_cosigner(const struct json *object, struct enrolment *enrolment, struct err *err)
{
	struct point point;

	TRY(members_read(object, "enrolment: cosigner", cosigner_members, enrolment, err));
	if (point_from(VIEW_OF(enrolment->cosigner.bytes), &point, err) != ERR_OK)
		return err_add(err, "enrolment: cosigner");
	if (enrolment->seat.tokens[0].signs != SIGNS_ASSERTION)
		return err_set(err, ERR_INVALID,
		    "enrolment: cosigner: only a FIDO2 one can have it");
	return ERR_OK;
}

/* One certificate for each key that the token has, and the device's. */
static enum err_code
read_attestation(const struct json *object, struct enrolment *enrolment, struct err *err)
{
	struct json_in in = json_in(object, "enrolment: attestation", err);

	if (enrolment->seat.tokens[0].signs == SIGNS_ASSERTION)
		return read_fido_attestation(object, enrolment, err);
	for (int i = 0; i < KEY_COUNT; i++)
		if (enrolment->seat.tokens[0].has[i])
			json_in_base64(&in, key_names[i], &enrolment->attestation[i],
			    TOKEN_CERTIFICATE_MAX);
	json_in_base64(&in, "device", &enrolment->device, TOKEN_CERTIFICATE_MAX);
	return json_in_end(&in);
}

/* The buffer may have moved: their sizes tell where they are. */
static void
place_certificates(struct enrolment *enrolment)
{
	const uint8_t *at = enrolment->certificates.data;

	for (size_t i = 0; i < enrolment->certificate_count; i++) {
		enrolment->certificate_views[i].data = at;
		at += enrolment->certificate_views[i].size;
	}
}

static enum err_code
read_certificates(const struct json *array, struct enrolment *enrolment, struct err *err)
{
	size_t count = json_array_count(array), before = 0;

	for (size_t i = 0; i < count; i++) {
		const char *text = json_array_text(array, i);

		if (text == NULL || strlen(text) > 2 * CERTIFICATE_MAX ||
		    !buf_from_base64(&enrolment->certificates, view_of_text(text)))
			return err_set(err, ERR_INVALID,
			    "enrolment: certificates[%zu]: must be base64 of at most %d bytes", i,
			    (int)CERTIFICATE_MAX);
		enrolment->certificate_views[i].size = enrolment->certificates.size - before;
		before = enrolment->certificates.size;
	}
	TRY(buf_check(&enrolment->certificates, err));
	enrolment->certificate_count = count;
	place_certificates(enrolment);
	return ERR_OK;
}

enum err_code
enrolment_add_certificates(struct enrolment *enrolment, struct view der, struct err *err)
{
	struct reader reader = reader_of(der);
	size_t count = enrolment->certificate_count;

	while (reader.rest.size > 0) {
		size_t before = reader.rest.size;

		if (tlv_next_der(&reader).tag != DER_SEQUENCE || count == ATTEST_CERTIFICATES_MAX)
			return err_set(err, ERR_INVALID,
			    "the token's attestation certificates are malformed, or more than %d",
			    ATTEST_CERTIFICATES_MAX);
		enrolment->certificate_views[count++].size = before - reader.rest.size;
	}
	buf_bytes(&enrolment->certificates, der);
	TRY(buf_check(&enrolment->certificates, err));
	enrolment->certificate_count = count;
	place_certificates(enrolment);
	return ERR_OK;
}

static enum err_code
read_unsealed(const struct json *array, struct enrolment *enrolment, struct err *err)
{
	for (size_t i = 0; i < json_array_count(array); i++) {
		const char *text = json_array_text(array, i);
		int key = text == NULL           ? KEY_COUNT :
		    strcmp(text, "share") == 0   ? KEY_SHARE :
		    strcmp(text, "release") == 0 ? KEY_RELEASE :
		                                   KEY_COUNT;

		if (key == KEY_COUNT || enrolment->unsealed[key])
			return err_set(err, ERR_INVALID,
			    "enrolment: unsealed[%zu]: must be \"share\" or \"release\", each once",
			    i);
		if (!enrolment->seat.tokens[0].has[key])
			return err_set(err, ERR_INVALID,
			    "enrolment: unsealed: the token has no %s key", key_names[key]);
		enrolment->unsealed[key] = true;
	}
	return ERR_OK;
}

enum err_code
enrolment_parse(const struct dsse *statement, bool training, struct enrolment *ret_enrolment,
    struct err *err)
{
	JSON *payload = NULL;
	ENROLMENT enrolment = {0};
	struct json_in in = statement_in(statement, STATEMENT_ENROLMENT, training, &payload, err);

	members_in(&in, init_members, &enrolment);
	TRY(read_seat(&in, &enrolment.seat, err));
	enrolment.attested =
	    enrolment.seat.tokens[0].signs == SIGNS_ASSERTION || json_in_has(&in, "attestation");
	const struct json *attestation =
	    enrolment.attested ? json_in_object(&in, "attestation") : NULL;
	enrolment.cosigned = json_in_has(&in, "cosigner");
	const struct json *cosigner = enrolment.cosigned ? json_in_object(&in, "cosigner") : NULL;
	const struct json *certificates =
	    json_in_array(&in, "certificates", 0, ATTEST_CERTIFICATES_MAX);
	const struct json *unsealed = json_in_array(&in, "unsealed", 0, TOKEN_KEYS);
	members_in(&in, time_members, &enrolment);
	TRY(json_in_end(&in));
	if (enrolment.expires <= enrolment.created ||
	    enrolment.expires > enrolment.created + ENROLMENT_LIFE)
		return err_set(err, ERR_INVALID,
		    "enrolment: expires: must be after \"created\", and at most %d days",
		    (int)ENROLMENT_DAYS);
	if (enrolment.attested)
		TRY(read_attestation(attestation, &enrolment, err));
	if (enrolment.cosigned)
		TRY(read_cosigner(cosigner, &enrolment, err));
	TRY(read_certificates(certificates, &enrolment, err));
	TRY(read_unsealed(unsealed, &enrolment, err));
	TRY(dsse_digest(statement, &enrolment.digest, err));
	enrolment.seat.tokens[0].enrolment = enrolment.digest;
	*ret_enrolment = enrolment;
	enrolment = (struct enrolment){0};
	return ERR_OK;
}

enum err_code
enrolment_matches(const struct enrolment *enrolment, const struct seat *seat,
    const struct seat_token *token, struct err *err)
{
	const struct seat_token *own = &enrolment->seat.tokens[0];
	const char *differs = NULL;

	if (!digest_equal(&token->enrolment, &enrolment->digest))
		differs = "enrolment";
	else if (strcmp(seat->name, enrolment->seat.name) != 0)
		differs = "seat";
	else if (strcmp(seat->person, enrolment->seat.person) != 0)
		differs = "person";
	else if (seat->roles != enrolment->seat.roles)
		differs = "roles";
	else if (strcmp(token->label, own->label) != 0)
		differs = "label";
	else if (strcmp(token->driver, own->driver) != 0)
		differs = "driver";
	else if (token->serial != own->serial)
		differs = "serial";
	else if (memcmp(token->firmware, own->firmware, sizeof(own->firmware)) != 0)
		differs = "firmware";
	else if (token->credential_size != own->credential_size ||
	    memcmp(token->credential, own->credential, own->credential_size) != 0 ||
	    !digest_equal(&token->salt, &own->salt) ||
	    memcmp(token->aaguid, own->aaguid, AAGUID_SIZE) != 0)
		differs = "credential";
	for (int i = 0; i < KEY_COUNT && differs == NULL; i++)
		if (token->has[i] != own->has[i] ||
		    (token->has[i] && !point_equal(&token->keys[i], &own->keys[i])))
			differs = key_names[i];
	if (differs != NULL)
		return err_set(err, ERR_INTEGRITY,
		    "seat \"%s\", token %u: its enrolment says otherwise about: %s", seat->name,
		    token->serial, differs);
	return ERR_OK;
}

void
attest_policy_of(const struct charter *charter, const struct digest *token,
    struct attest_policy *ret_policy)
{
	const struct charter_waiver *waiver = token != NULL ? charter_waiver(charter, token) : NULL;
	struct attest_policy policy = {.root_count = charter->root_count,
	    .training = charter->training,
	    .form_factor_count = charter->form_factor_count,
	    .waives = waiver != NULL ? waiver->waives : 0};

	memcpy(policy.form_factors, charter->form_factors, charter->form_factor_count);
	memcpy(policy.roots, charter->roots, charter->root_count * sizeof(policy.roots[0]));
	memcpy(policy.min_firmware, charter->min_firmware, sizeof(policy.min_firmware));
	*ret_policy = policy;
}
