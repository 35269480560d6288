/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A definition is what officers approve and what a rotation may do, so it is read strictly and kept
 * as it was signed; only "target" has members of the rotator's own, which the rotator checks.
 */
#include "vault/documents/definition.h"

#include <stdio.h>
#include <string.h>

#include "base/json_in.h"
#include "base/text.h"
#include "vault/documents/signers.h"

enum { DEFINITION_FORMAT = 1, NONCE_SIZE = 16 };
enum { IDENTITY_AMBIENT, IDENTITY_SELF };

static const char *const identity_names[] = {"ambient", "self", NULL};

void
definition_done(struct definition *definition)
{
	json_free(definition->target);
	definition->target = NULL;
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
parse_rotator(const struct json *object, struct definition *definition, struct err *err)
{
	struct json_in in = json_in(object, "secret: rotator", err);
	snprintf(definition->rotator, sizeof(definition->rotator), "%s",
	    json_in_text(&in, "name", 1, ROTATOR_TEXT_MAX));
	/* It becomes part of a file name. */
	if (!text_is_name(definition->rotator) || strchr(definition->rotator, '/') != NULL)
		json_in_fail(&in, "name", "not a name (a-z 0-9 - _ ., first a letter or digit)");
	json_in_hex(&in, "hash", definition->rotator_hash.bytes, DIGEST_SIZE);
	return json_in_end(&in);
}

static void
parse_names(struct json_in *in, struct definition *definition)
{
	(void)json_in_int(in, "format", DEFINITION_FORMAT, DEFINITION_FORMAT);
	json_in_hex(in, "vault", definition->vault.bytes, DIGEST_SIZE);
	json_in_hex(in, "secret", definition->secret.bytes, SECRET_ID_SIZE);
	snprintf(definition->name, sizeof(definition->name), "%s",
	    json_in_text(in, "name", 1, SEAT_NAME_MAX));
	if (!text_is_name(definition->name))
		json_in_fail(in, "name", "not a name (a-z 0-9 - _ . /, first a letter or digit)");
	definition->revision = (uint32_t)json_in_int(in, "revision", 1, UINT32_MAX);
	snprintf(definition->policy, sizeof(definition->policy), "%s",
	    json_in_text(in, "policy", 1, SEAT_NAME_MAX));
	if (!text_is_name(definition->policy))
		json_in_fail(in, "policy", "not a name (a-z 0-9 - _ . /, first a letter or digit)");
}

enum err_code
definition_parse(const struct dsse *statement, bool training, struct definition *ret_definition,
    struct err *err)
{
	JSON *payload = NULL;
	DEFINITION definition = {0};
	uint8_t nonce[NONCE_SIZE];
	TRY(statement_payload(statement, STATEMENT_SECRET, training, &payload, err));
	struct json_in in = json_in(payload, "secret", err);
	parse_names(&in, &definition);
	const struct json *rotator = json_in_object(&in, "rotator");
	const struct json *target = json_in_object(&in, "target");
	snprintf(definition.effect, sizeof(definition.effect), "%s",
	    json_in_text(&in, "effect", 1, EFFECT_MAX));
	definition.self = json_in_choice(&in, "identity", identity_names) == IDENTITY_SELF;
	definition.created = json_in_time(&in, "created");
	json_in_hex(&in, "nonce", nonce, sizeof(nonce));
	TRY(json_in_end(&in));
	TRY(parse_rotator(rotator, &definition, err));
	TRY(copy_target(target, &definition.target, err));
	TRY(dsse_digest(statement, &definition.digest, err));
	*ret_definition = definition;
	definition.target = NULL;
	return ERR_OK;
}

enum err_code
definition_payload(const struct definition *definition, struct json **ret_payload, struct err *err)
{
	struct json *payload = json_new_object(), *rotator = json_new_object();
	json_put_int(payload, "format", DEFINITION_FORMAT);
	json_put_hex(payload, "vault", VIEW_OF(definition->vault.bytes));
	json_put_hex(payload, "secret", VIEW_OF(definition->secret.bytes));
	json_put_text(payload, "name", definition->name);
	json_put_int(payload, "revision", definition->revision);
	json_put_text(payload, "policy", definition->policy);
	json_put_text(rotator, "name", definition->rotator);
	json_put_hex(rotator, "hash", VIEW_OF(definition->rotator_hash.bytes));
	json_put(payload, "rotator", rotator);
	json_put_copy(payload, "target", definition->target);
	json_put_text(payload, "effect", definition->effect);
	json_put_text(payload, "identity",
	    identity_names[definition->self ? IDENTITY_SELF : IDENTITY_AMBIENT]);
	json_put_time(payload, "created", definition->created);
	if (payload == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a definition");
	*ret_payload = payload;
	return ERR_OK;
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

enum err_code
definition_verify(const struct dsse *statement, const struct definition *definition,
    const struct charter *charter, const struct digest *vault, struct err *err)
{
	bool signed_by[CHARTER_SEATS];
	TRY(signers_check_digest(statement, &definition->digest, "secret", err));
	if (!digest_equal(&definition->vault, vault))
		return err_set(err, ERR_INTEGRITY, "secret: vault: belongs to another vault");
	if (definition->revision != 1)
		return err_set(err, ERR_VERSION,
		    "secret: revision %u was made by a newer Halligan; this one reads revision 1",
		    definition->revision);
	TRY(check_policy(definition, charter, err));
	if (signers_verify(statement, charter->seats, charter->seat_count, NULL, 0, err) != ERR_OK)
		return err_add(err, "secret");
	signers_mark(statement, charter->seats, charter->seat_count, signed_by);
	for (size_t i = 0; i < charter->seat_count; i++)
		if (signed_by[i] && (charter->seats[i].roles & ROLE_OPERATOR) != 0)
			return ERR_OK;
	return err_set(err, ERR_REFUSED, "secret: \"%s\" is not signed by an operator",
	    definition->name);
}
