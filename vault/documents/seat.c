/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seats and their tokens, as charter and roster carry them.  A token's id is the hash of its sign
 * key, so whoever is found by id is found by key.
 */
#include "vault/documents/seat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto_key.h"
#include "base/text.h"

const char *const role_names[4] = {"officer", "operator", "responder", NULL};
const char *const key_names[KEY_COUNT + 1] = {"sign", "share", "release", NULL};
const char *const driver_names[3] = {"piv", "fido2", NULL};

/* A FIDO2 token's, beside "credential". */
static const struct member fido2_members[] = {
    {"salt", MEMBER_HEX, FIELD(struct seat_token, salt)},
    {"aaguid", MEMBER_HEX, FIELD(struct seat_token, aaguid)},
    {NULL},
};
static const struct member driver_members[] = {
    {"label", MEMBER_TEXT, FIELD(struct seat_token, label), .min = 1},
    {"driver", MEMBER_CHOICE, FIELD(struct seat_token, signs), .choices = driver_names},
    {NULL},
};
static const struct member device_members[] = {
    {"serial", MEMBER_NUMBER, FIELD(struct seat_token, serial), 0, UINT32_MAX},
    {"firmware", MEMBER_FIRMWARE, FIELD(struct seat_token, firmware),
        .what = "not a version such as 5.7.4"},
    {NULL},
};
static const struct member enrolment_members[] = {
    {"enrolment", MEMBER_HEX, FIELD(struct seat_token, enrolment)},
    {NULL},
};
static const struct member seat_members[] = {
    {"name", MEMBER_NAME, FIELD(struct seat, name)},
    {"person", MEMBER_TEXT, FIELD(struct seat, person), .min = 1},
    {NULL},
};

const struct seat *
seat_by_name(const struct seat *seats, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(seats[i].name, name) == 0)
			return &seats[i];
	return NULL;
}

const struct seat_token *
seat_by_enrolment(const struct seat *seat, const struct digest *enrolment)
{
	for (size_t i = 0; i < seat->token_count; i++)
		if (digest_equal(&seat->tokens[i].enrolment, enrolment))
			return &seat->tokens[i];
	return NULL;
}

bool
seat_same_token(const struct seat *before, const struct seat *seat, const struct seat_token *token)
{
	const struct seat_token *own = seat_by_enrolment(before, &token->enrolment);

	return own != NULL && memcmp(own, token, sizeof(*own)) == 0 &&
	    before->roles == seat->roles && strcmp(before->person, seat->person) == 0;
}

void
seat_token_typed(const struct seat_token *token, char ret_text[LABEL_MAX + 1])
{
	if (text_is_name(token->label))
		memcpy(ret_text, token->label, sizeof(token->label));
	else if (token->serial != 0)
		snprintf(ret_text, LABEL_MAX + 1, "%u", token->serial);
	else
		snprintf(ret_text, LABEL_MAX + 1, "LABEL");
}

bool
seat_remove(struct seat *seats, size_t *count, const char *name)
{
	const struct seat *seat = seat_by_name(seats, *count, name);
	if (seat == NULL)
		return false;
	size_t at = (size_t)(seat - seats);
	memmove(&seats[at], &seats[at + 1], (*count - at - 1) * sizeof(*seats));
	(*count)--;
	return true;
}

const struct seat *
seat_by_token(const struct seat *seats, size_t count, const struct digest *token,
    const struct seat_token **ret_token)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < seats[i].token_count; j++)
			if (digest_equal(&seats[i].tokens[j].id, token)) {
				*ret_token = &seats[i].tokens[j];
				return &seats[i];
			}
	return NULL;
}

static enum err_code
parse_keys(const struct json *object, struct seat_token *token, struct err *err)
{
	struct json_in in = json_in(object, "keys", err);
	struct point point;
	for (int i = 0; i < KEY_COUNT; i++)
		token->has[i] =
		    json_in_hex_optional(&in, key_names[i], token->keys[i].bytes, POINT_SIZE);
	TRY(json_in_end(&in));
	for (int i = 0; i < KEY_COUNT; i++)
		if (token->has[i] &&
		    point_from(VIEW_OF(token->keys[i].bytes), &point, err) != ERR_OK)
			return err_add(err, "the %s key", key_names[i]);
	if (!token->has[KEY_SIGN])
		return err_set(err, ERR_INVALID, "it has no sign key, which every token needs");
	return token_id(&token->keys[KEY_SIGN], &token->id, err);
}

enum err_code
seat_token_verify(const struct dsse *statement, const struct seat_token *token, struct err *err)
{
	return statement_verify_token(statement, token->signs, &token->keys[KEY_SIGN], err);
}

static enum err_code
parse_fido2(const struct json *object, struct seat_token *token, struct err *err)
{
	struct json_in in = json_in(object, "fido2", err);
	BUF credential = {0};
	json_in_base64(&in, "credential", &credential, FIDO2_CREDENTIAL_MAX);
	members_in(&in, fido2_members, token);
	if (in.code == ERR_OK && credential.size == 0)
		json_in_fail(&in, "credential", "empty");
	TRY(json_in_end(&in));
	memcpy(token->credential, credential.data, credential.size);
	token->credential_size = credential.size;
	return ERR_OK;
}

static enum err_code
parse_token(const struct json *object, struct seat_token *ret_token, struct err *err)
{
	struct json_in in = json_in(object, "token", err);
	struct seat_token token = {0};
	members_in(&in, driver_members, &token);
	bool asserts = token.signs == SIGNS_ASSERTION;
	(void)json_in_int(&in, "serial", asserts ? 0 : 1, UINT32_MAX);
	members_in(&in, device_members, &token);
	members_in(&in, enrolment_members, &token);
	const struct json *keys = json_in_object(&in, "keys");
	const struct json *fido2 = asserts ? json_in_object(&in, "fido2") : NULL;
	TRY(json_in_end(&in));
	if (fido2 != NULL && parse_fido2(fido2, &token, err) != ERR_OK)
		return err_add(err, "token \"%s\"", token.label);
	snprintf(token.driver, sizeof(token.driver), "%s", driver_names[token.signs]);
	if (parse_keys(keys, &token, err) != ERR_OK)
		return err_add(err, "token \"%s\"", token.label);
	*ret_token = token;
	return ERR_OK;
}

static enum err_code
parse_roles(const struct json *array, unsigned *ret_roles, struct err *err)
{
	unsigned roles = 0;
	for (size_t i = 0; i < json_array_count(array); i++) {
		const char *name = json_array_text(array, i);
		unsigned role = 0;
		for (unsigned j = 0; name != NULL && role_names[j] != NULL; j++)
			if (strcmp(name, role_names[j]) == 0)
				role = 1u << j;
		if (role == 0)
			return err_set(err, ERR_INVALID,
			    "roles: \"%s\" is none of officer, operator, responder",
			    name != NULL ? name : "(not a text)");
		if ((roles & role) != 0)
			return err_set(err, ERR_INVALID, "roles: \"%s\" stands twice", name);
		roles |= role;
	}
	*ret_roles = roles;
	return ERR_OK;
}

enum err_code
seat_parse(const struct json *object, struct seat *ret_seat, struct err *err)
{
	struct json_in in = json_in(object, "seat", err);
	struct seat seat = {0};
	members_in(&in, seat_members, &seat);
	const struct json *roles = json_in_array(&in, "roles", 1, ARRAY_SIZE(role_names) - 1);
	const struct json *tokens = json_in_array(&in, "tokens", 1, SEAT_TOKENS);
	TRY(json_in_end(&in));
	if (parse_roles(roles, &seat.roles, err) != ERR_OK)
		return err_add(err, "seat \"%s\"", seat.name);
	seat.token_count = json_array_count(tokens);
	for (size_t i = 0; i < seat.token_count; i++)
		if (parse_token(json_array_object(tokens, i), &seat.tokens[i], err) != ERR_OK)
			return err_add(err, "seat \"%s\": tokens[%zu]", seat.name, i);
	*ret_seat = seat;
	return ERR_OK;
}

enum err_code
seats_parse(const struct json *array, const char *what, struct seat *ret_seats, size_t *ret_count,
    struct err *err)
{
	size_t count = json_array_count(array);

	for (size_t i = 0; i < count; i++)
		if (seat_parse(json_array_object(array, i), &ret_seats[i], err) != ERR_OK)
			return err_add(err, "%s[%zu]", what, i);
	*ret_count = count;
	return ERR_OK;
}

static struct json *
fido2_json(const struct seat_token *token)
{
	struct json *object = json_new_object();
	json_put_base64(object, "credential", view_of(token->credential, token->credential_size));
	members_put(object, fido2_members, token);
	return object;
}

void
seat_put_roles(struct json *object, const struct seat *seat)
{
	struct json *roles = json_new_array();

	for (unsigned i = 0; role_names[i] != NULL; i++)
		if ((seat->roles & (1u << i)) != 0)
			json_add_text(roles, role_names[i]);
	json_put(object, "roles", roles);
}

void
seat_put_token(struct json *object, const struct seat_token *token)
{
	struct json *keys = json_new_object();

	members_put(object, driver_members, token);
	members_put(object, device_members, token);
	for (int i = 0; i < KEY_COUNT; i++)
		if (token->has[i])
			json_put_hex(keys, key_names[i], VIEW_OF(token->keys[i].bytes));
	json_put(object, "keys", keys);
	if (token->credential_size > 0)
		json_put(object, "fido2", fido2_json(token));
}

static struct json *
seat_json(const struct seat *seat)
{
	struct json *object = json_new_object();
	struct json *tokens = json_new_array();
	members_put(object, seat_members, seat);
	seat_put_roles(object, seat);
	for (size_t i = 0; i < seat->token_count; i++) {
		struct json *token = json_new_object();

		members_put(token, enrolment_members, &seat->tokens[i]);
		seat_put_token(token, &seat->tokens[i]);
		json_add(tokens, token);
	}
	json_put(object, "tokens", tokens);
	return object;
}

void
seats_put(struct json *object, const char *name, const struct seat *seats, size_t count)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < count; i++)
		json_add(array, seat_json(&seats[i]));
	json_put(object, name, array);
}
