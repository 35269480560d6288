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
#include "vault/documents/signers.h"

static const struct member members[] = {
    {"vault", MEMBER_HEX, FIELD(struct definitions, vault)},
    {"created", MEMBER_TIME, FIELD(struct definitions, created)},
    {NULL},
};
static const struct member rotator_members[] = {
    {"name", MEMBER_TEXT, FIELD(struct definition, rotator), .min = 1},
    {"hash", MEMBER_HEX, FIELD(struct definition, rotator_hash)},
    {NULL},
};
/* "target" stands between the two. */
static const struct member secret_members[] = {
    {"secret", MEMBER_HEX, FIELD(struct definition, secret)},
    {"name", MEMBER_NAME, FIELD(struct definition, name)},
    {"revision", MEMBER_NUMBER, FIELD(struct definition, revision), 1, UINT32_MAX},
    {"policy", MEMBER_NAME, FIELD(struct definition, policy)},
    {"rotator", MEMBER_OBJECT, .members = rotator_members, .what = "secret: rotator"},
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
}

void
definitions_done(struct definitions *definitions)
{
	for (size_t i = 0; i < definitions->count; i++)
		definition_done(&definitions->rows[i]);
	free(definitions->rows);
	*definitions = (struct definitions){0};
}

/* A copy of TARGET that outlives its document. */
static enum err_code
copy_target(const struct json *target, struct json **ret_copy, struct err *err)
{
	BUF text = {0};
	TRY(json_encode(target, &text, err));
	if (text.size > TARGET_TEXT_MAX)
		return err_set(err, ERR_INVALID, "secret: target: %zu bytes, at most %d", text.size,
		    (int)TARGET_TEXT_MAX);
	return json_parse(buf_view(&text), ret_copy, err);
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
parse_entry(const struct json *entry, const struct digest *vault, struct definition *definition,
    struct err *err)
{
	struct json_in in = json_in(entry, "secret", err);

	members_in(&in, secret_members, definition);
	const struct json *target = json_in_object(&in, "target");
	members_in(&in, effect_members, definition);
	const struct json *announced = json_in_object(&in, "announced");
	TRY(json_in_end(&in));
	TRY(announcement_parse(announced, "secret: announced", &definition->announced, err));
	/* It becomes part of a file name. */
	if (!text_is_name(definition->rotator) || strchr(definition->rotator, '/') != NULL)
		return err_set(err, ERR_INVALID,
		    "secret: rotator: name: not a name (a-z 0-9 - _ ., first a letter or digit)");
	TRY(copy_target(target, &definition->target, err));
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
entry_payload(const struct definition *definition)
{
	struct json *entry = json_new_object(), *announced = json_new_object();

	members_put(entry, secret_members, definition);
	json_put_copy(entry, "target", definition->target);
	members_put(entry, effect_members, definition);
	announcement_put(announced, &definition->announced);
	json_put(entry, "announced", announced);
	return entry;
}

enum err_code
definitions_payload(const struct definitions *definitions, struct json **ret_payload,
    struct err *err)
{
	struct json *payload = payload_begin(members, definitions), *array = json_new_array();

	for (size_t i = 0; i < definitions->count; i++)
		json_add(array, entry_payload(&definitions->rows[i]));
	json_put(payload, "definitions", array);
	return payload_finish(payload, ret_payload, err);
}

enum err_code
definition_copy(const struct definition *definition, struct definition *ret_definition,
    struct err *err)
{
	struct json *target;

	TRY(copy_target(definition->target, &target, err));
	*ret_definition = *definition;
	ret_definition->target = target;
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

static enum err_code
check_policy(const struct definition *definition, const struct charter *charter, struct err *err)
{
	const char *names[CHARTER_POLICIES + 1];
	if (charter_policy(charter, definition->policy) != NULL)
		return ERR_OK;
	for (size_t i = 0; i < charter->policy_count; i++)
		names[i] = charter->policies[i].name;
	names[charter->policy_count] = NULL;
	const char *near = text_nearest(definition->policy, names);
	if (near == NULL)
		return err_set(err, ERR_INVALID, "secret: policy: the charter has no \"%s\"",
		    definition->policy);
	return err_set(err, ERR_INVALID,
	    "secret: policy: the charter has no \"%s\"; did you mean \"%s\"?", definition->policy,
	    near);
}

static enum err_code
check_entry(const struct definition *definition, const struct charter *charter, struct err *err)
{
	if (definition->revision != 1)
		return err_set(err, ERR_VERSION,
		    "secret: revision %u was made by a newer Halligan; this one reads revision 1",
		    definition->revision);
	return check_policy(definition, charter, err);
}

enum err_code
definitions_verify(const struct dsse *statement, const struct definitions *definitions,
    const struct charter *charter, const struct digest *vault, struct err *err)
{
	bool signed_by[CHARTER_SEATS];

	TRY(signers_check_digest(statement, &definitions->digest, "secret", err));
	if (!digest_equal(&definitions->vault, vault))
		return err_set(err, ERR_INTEGRITY, "secret: vault: belongs to another vault");
	for (size_t i = 0; i < definitions->count; i++)
		if (check_entry(&definitions->rows[i], charter, err) != ERR_OK)
			return err_add(err, "definitions[%zu]", i);
	if (signers_verify(statement, charter->seats, charter->seat_count, NULL, 0, err) != ERR_OK)
		return err_add(err, "secret");
	signers_mark(statement, charter->seats, charter->seat_count, signed_by);
	for (size_t i = 0; i < charter->seat_count; i++)
		if (signed_by[i] && (charter->seats[i].roles & ROLE_OPERATOR) != 0)
			return ERR_OK;
	return err_set(err, ERR_REFUSED, "secret: \"%s\" is not signed by an operator",
	    definitions->rows[0].name);
}
