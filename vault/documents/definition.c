/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A definition is what officers approve and what a rotation may do, so it is read strictly and kept
 * as it was signed; only "target" has members of the rotator's own, which the rotator checks.
 */
#include "vault/documents/definition.h"

#include <stdlib.h>
#include <string.h>

#include "base/hpke_info.h"
#include "base/text.h"

static const struct member members[] = {
    {"vault", MEMBER_HEX, FIELD(struct definitions, vault)},
    {"created", MEMBER_TIME, FIELD(struct definitions, created)},
    {NULL},
};
static const struct member rotator_members[] = {
    {"name", MEMBER_TEXT, FIELD(struct definition, rotator), .min = 1},
    {"contract", MEMBER_NUMBER, FIELD(struct definition, contract), 1, INT32_MAX},
    {NULL},
};
/* "rotator" and "target" stand between the two. */
static const struct member secret_members[] = {
    {"secret", MEMBER_HEX, FIELD(struct definition, secret)},
    {"name", MEMBER_NAME, FIELD(struct definition, name)},
    {"revision", MEMBER_NUMBER, FIELD(struct definition, revision), 1, UINT32_MAX},
    {"policy", MEMBER_NAME, FIELD(struct definition, policy)},
    {NULL},
};
static const struct member effect_members[] = {
    {"effect", MEMBER_TEXT, FIELD(struct definition, effect), .min = 1},
    {NULL},
};

void
definition_done(struct definition *definition)
{
	json_free(definition->target);
	definition->target = NULL;
	definition_drop_change(definition);
}

void
definition_drop_change(struct definition *definition)
{
	for (size_t i = 0; i < definition->change.quorum_count; i++)
		free(definition->change.quorums[i]);
	definition->change = (struct definition_change){.quorum_count = 0};
}

enum err_code
definition_add_quorum(struct definition_change *change, const char *quorum, struct err *err)
{
	for (size_t i = 0; i < change->quorum_count; i++)
		if (strcmp(change->quorums[i], quorum) == 0)
			return ERR_OK;
	if (change->quorum_count == DEFINITION_QUORUMS)
		return err_set(err, ERR_REFUSED,
		    "secret: quorums: its versions are sealed to more than %d quorums; let their deaths end first",
		    (int)DEFINITION_QUORUMS);
	change->quorums[change->quorum_count] = strdup(quorum);
	if (change->quorums[change->quorum_count] == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a definition");
	change->quorum_count++;
	return ERR_OK;
}

void
definitions_done(struct definitions *definitions)
{
	for (size_t i = 0; i < definitions->count; i++)
		definition_done(&definitions->rows[i]);
	free(definitions->rows);
	*definitions = (struct definitions){0};
}

static const struct member change_members[] = {
    {"previous", MEMBER_HEX, FIELD(struct definition_change, previous)},
    {"policy", MEMBER_NAME, FIELD(struct definition_change, policy)},
    {NULL},
};

static enum err_code
parse_quorums(const struct json *array, struct definition_change *change, struct err *err)
{
	for (size_t i = 0; i < json_array_count(array); i++) {
		const char *text = json_array_text(array, i);
		size_t before = change->quorum_count;
		struct quorum quorum;
		BUF canonical = {0};

		if (text == NULL || strlen(text) > QUORUM_TEXT_MAX)
			return err_set(err, ERR_INVALID, "quorums[%zu]: must be a quorum", i);
		if (quorum_canonical(text, &quorum, &canonical, err) != ERR_OK)
			return err_add(err, "quorums[%zu]", i);
		if (strcmp(text, buf_string(&canonical)) != 0)
			return err_set(err, ERR_INVALID,
			    "quorums[%zu]: it does not stand in canonical form", i);
		TRY(definition_add_quorum(change, text, err));
		if (change->quorum_count == before)
			return err_set(err, ERR_INVALID, "quorums[%zu]: it stands twice", i);
	}
	return ERR_OK;
}

static enum err_code
parse_change(const struct json *object, struct definition_change *change, struct err *err)
{
	struct json_in in = json_in(object, "secret: change", err);

	members_in(&in, change_members, change);
	const struct json *quorums = json_in_array(&in, "quorums", 0, DEFINITION_QUORUMS);
	change->retires = json_in_bool(&in, "retires");
	TRY(json_in_end(&in));
	if (parse_quorums(quorums, change, err) != ERR_OK)
		return err_add(err, "secret: change");
	return ERR_OK;
}

/* A screen names each member by all the names on the way to it. */
static enum err_code
check_keys(const struct json *object, struct err *err)
{
	unsigned ignored;

	for (size_t i = 0; i < json_object_count(object); i++) {
		const char *key = json_object_key(object, i);
		const struct json *value = json_member(object, key, &ignored);

		if (strlen(key) > TARGET_KEY_MAX)
			return err_set(err, ERR_INVALID,
			    "secret: target: the name of a member has more than %d bytes",
			    (int)TARGET_KEY_MAX);
		if (json_kind(value) == KIND_OBJECT)
			TRY(check_keys(value, err));
	}
	return ERR_OK;
}

enum err_code
definition_set_target(struct definition *definition, const struct json *target, struct err *err)
{
	BUF text = {0};
	struct json *copy;

	TRY(check_keys(target, err));
	TRY(json_encode(target, &text, err));
	if (text.size > TARGET_TEXT_MAX)
		return err_set(err, ERR_INVALID, "secret: target: %zu bytes, at most %d", text.size,
		    (int)TARGET_TEXT_MAX);
	TRY(json_parse(buf_view(&text), &copy, err));
	json_free(definition->target);
	definition->target = copy;
	return ERR_OK;
}

static enum err_code
hash_entry(const struct json *entry, const struct digest *vault, struct digest *ret_digest,
    struct err *err)
{
	BUF bytes = {0};

	hpke_info_begin(&bytes, "halligan/v1 definition", vault);
	TRY(json_encode(entry, &bytes, err));
	return hpke_info_end(&bytes, ret_digest, err);
}

static enum err_code
parse_rotator(const struct json *object, struct definition *definition, struct err *err)
{
	struct json_in in = json_in(object, "secret: rotator", err);

	members_in(&in, rotator_members, definition);
	definition->own =
	    json_in_hex_optional(&in, "hash", definition->rotator_hash.bytes, DIGEST_SIZE);
	TRY(json_in_end(&in));
	/* It becomes part of a file name. */
	return text_is_name(definition->rotator) && strchr(definition->rotator, '/') == NULL ?
	    ERR_OK :
	    err_set(err, ERR_INVALID,
	        "secret: rotator: name: not a name (a-z 0-9 - _ ., first a letter or digit)");
}

static enum err_code
parse_entry(const struct json *entry, const struct digest *vault, struct definition *definition,
    struct err *err)
{
	struct json_in in = json_in(entry, "secret", err);

	members_in(&in, secret_members, definition);
	const struct json *rotator = json_in_object(&in, "rotator");
	const struct json *target = json_in_object(&in, "target");
	members_in(&in, effect_members, definition);
	const struct json *announced = json_in_object(&in, "announced");
	const struct json *change = definition->revision > 1 ? json_in_object(&in, "change") : NULL;
	TRY(json_in_end(&in));
	TRY(parse_rotator(rotator, definition, err));
	TRY(announcement_parse(announced, "secret: announced", &definition->announced, err));
	if (change != NULL)
		TRY(parse_change(change, &definition->change, err));
	TRY(definition_set_target(definition, target, err));
	return hash_entry(entry, vault, &definition->digest, err);
}

/* Is the name or the secret of row POSITION that of one before it? */
static const char *
stands_twice(const struct definition *rows, size_t position)
{
	for (size_t i = 0; i < position; i++) {
		if (strcmp(rows[i].name, rows[position].name) == 0)
			return "name";
		if (memcmp(&rows[i].secret, &rows[position].secret, sizeof(rows[i].secret)) == 0)
			return "secret";
	}
	return NULL;
}

static enum err_code
parse_entries(const struct json *array, struct definitions *definitions, struct err *err)
{
	size_t count = json_array_count(array);

	definitions->rows = calloc(count, sizeof(*definitions->rows));
	if (definitions->rows == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for %zu definitions", count);
	for (size_t i = 0; i < count; i++) {
		definitions->count = i + 1;
		if (parse_entry(json_array_object(array, i), &definitions->vault,
		        &definitions->rows[i], err) != ERR_OK)
			return err_add(err, "definitions[%zu]", i);
		const char *twice = stands_twice(definitions->rows, i);
		if (twice != NULL)
			return err_set(err, ERR_INVALID,
			    "definitions[%zu]: secret: %s: that of \"%s\" stands twice", i, twice,
			    definitions->rows[i].name);
	}
	return ERR_OK;
}

enum err_code
definitions_parse(const struct dsse *statement, bool training, struct definitions *ret_definitions,
    struct err *err)
{
	JSON *payload = NULL;
	DEFINITIONS_OF definitions = {0};
	struct json_in in = statement_in(statement, STATEMENT_SECRET, training, &payload, err);

	members_in(&in, members, &definitions);
	const struct json *array = json_in_array(&in, "definitions", 1, DEFINITIONS);
	TRY(json_in_end(&in));
	TRY(parse_entries(array, &definitions, err));
	TRY(dsse_digest(statement, &definitions.digest, err));
	*ret_definitions = definitions;
	definitions = (struct definitions){0};
	return ERR_OK;
}

static struct json *
change_payload(const struct definition_change *change)
{
	struct json *object = json_new_object(), *quorums = json_new_array();

	members_put(object, change_members, change);
	for (size_t i = 0; i < change->quorum_count; i++)
		json_add_text(quorums, change->quorums[i]);
	json_put(object, "quorums", quorums);
	json_put_bool(object, "retires", change->retires);
	return object;
}

static struct json *
rotator_payload(const struct definition *definition)
{
	struct json *object = json_new_object();

	members_put(object, rotator_members, definition);
	if (definition->own)
		json_put_hex(object, "hash", VIEW_OF(definition->rotator_hash.bytes));
	return object;
}

struct json *
definition_entry(const struct definition *definition)
{
	struct json *entry = json_new_object(), *announced = json_new_object();

	members_put(entry, secret_members, definition);
	json_put(entry, "rotator", rotator_payload(definition));
	json_put_copy(entry, "target", definition->target);
	members_put(entry, effect_members, definition);
	announcement_put(announced, &definition->announced);
	json_put(entry, "announced", announced);
	if (definition->revision > 1)
		json_put(entry, "change", change_payload(&definition->change));
	return entry;
}

enum err_code
definitions_payload(const struct definitions *definitions, struct json **ret_payload,
    struct err *err)
{
	struct json *payload = payload_begin(members, definitions), *array = json_new_array();

	for (size_t i = 0; i < definitions->count; i++)
		json_add(array, definition_entry(&definitions->rows[i]));
	json_put(payload, "definitions", array);
	return payload_finish(payload, ret_payload, err);
}

enum err_code
definition_copy(const struct definition *definition, struct definition *ret_definition,
    struct err *err)
{
	DEFINITION copy = *definition;

	copy.target = NULL;
	copy.change.quorum_count = 0;
	for (size_t i = 0; i < definition->change.quorum_count; i++)
		TRY(definition_add_quorum(&copy.change, definition->change.quorums[i], err));
	TRY(definition_set_target(&copy, definition->target, err));
	*ret_definition = copy;
	copy = (struct definition){0};
	return ERR_OK;
}

const struct definition *
definitions_find(const struct definitions *definitions, const struct digest *digest)
{
	for (size_t i = 0; i < definitions->count; i++)
		if (digest_equal(&definitions->rows[i].digest, digest))
			return &definitions->rows[i];
	return NULL;
}
