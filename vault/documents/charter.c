/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a charter: every member by name and kind first (json_in), then the rules that span
 * members.  Signatures are charter_verify.c's; a charter that was only parsed proves nothing.
 */
#include "vault/documents/charter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto_key.h"
#include "base/json_in.h"
#include "base/text.h"
#include "vault/documents/digests.h"
#include "vault/documents/seats_check.h"

enum { CHARTER_FORMAT = 1, NONCE_SIZE = 16 };
static const int64_t duration_max = 10LL * 365 * 86400;

static const char *const class_names[] = {"break-glass", NULL};

const char *const waiver_names[5] = {"firmware", "form-factor", "touch", "attestation", NULL};

const struct policy *
charter_policy(const struct charter *charter, const char *name)
{
	for (size_t i = 0; i < charter->policy_count; i++)
		if (strcmp(charter->policies[i].name, name) == 0)
			return &charter->policies[i];
	return NULL;
}

bool
charter_names_host(const struct charter *charter, const struct ed25519_public *statement,
    const struct ed25519_public *log, const struct point *escrow)
{
	return memcmp(&charter->host_statement, statement, ED25519_SIZE) == 0 &&
	    memcmp(&charter->host_log, log, ED25519_SIZE) == 0 &&
	    point_equal(&charter->host_escrow, escrow);
}

const struct charter_waiver *
charter_waiver(const struct charter *charter, const struct digest *token)
{
	for (size_t i = 0; i < charter->waiver_count; i++)
		if (digest_equal(&charter->waivers[i].token, token))
			return &charter->waivers[i];
	return NULL;
}

bool
charter_name_valid(const char *name)
{
	for (const char *c = name; *c != '\0'; c++) {
		bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
		    (*c >= '0' && *c <= '9');
		if (!letter && (c == name || (*c != '.' && *c != '-')))
			return false;
	}
	return name[0] != '\0' && strlen(name) <= VAULT_NAME_MAX;
}

static enum err_code
parse_host(const struct json *object, struct charter *charter, struct err *err)
{
	struct json_in in = json_in(object, "charter: host", err);
	struct point point;
	json_in_hex(&in, "statement", charter->host_statement.bytes, ED25519_SIZE);
	json_in_hex(&in, "log", charter->host_log.bytes, ED25519_SIZE);
	json_in_hex(&in, "escrow", charter->host_escrow.bytes, POINT_SIZE);
	TRY(json_in_end(&in));
	if (memcmp(charter->host_statement.bytes, charter->host_log.bytes, ED25519_SIZE) == 0)
		return err_set(err, ERR_INVALID, "charter: host: statement and log are one key");
	if (point_from(VIEW_OF(charter->host_escrow.bytes), &point, err) != ERR_OK)
		return err_add(err, "charter: host: escrow");
	return ERR_OK;
}

static enum err_code
parse_form_factors(const struct json *array, struct charter *charter, struct err *err)
{
	charter->form_factor_count = json_array_size(array);
	for (size_t i = 0; i < charter->form_factor_count; i++) {
		int64_t value = json_array_int(array, i);
		if (value < 1 || value > 0x87 || (value > 7 && value < 0x81))
			return err_set(err, ERR_INVALID,
			    "charter: attestation: form_factors[%zu]: not 1 to 7 or 129 to 135", i);
		charter->form_factors[i] = (uint8_t)value;
	}
	return ERR_OK;
}

static enum err_code
parse_waiver(const struct json *object, struct charter_waiver *waiver, struct err *err)
{
	struct json_in in = json_in(object, "waiver", err);
	json_in_hex(&in, "token", waiver->token.bytes, DIGEST_SIZE);
	const struct json *waives = json_in_array(&in, "waives", 1, ARRAY_SIZE(waiver_names) - 1);
	snprintf(waiver->reason, sizeof(waiver->reason), "%s",
	    json_in_text(&in, "reason", 1, WAIVER_REASON_MAX));
	TRY(json_in_end(&in));
	for (size_t i = 0; i < json_array_size(waives); i++) {
		const char *name = json_array_text(waives, i);
		unsigned bit = 0;
		for (unsigned j = 0; name != NULL && waiver_names[j] != NULL; j++)
			if (strcmp(name, waiver_names[j]) == 0)
				bit = 1u << j;
		if (bit == 0 || (waiver->waives & bit) != 0)
			return err_set(err, ERR_INVALID, "waives[%zu]: unknown, or stands twice",
			    i);
		waiver->waives |= bit;
	}
	return ERR_OK;
}

static enum err_code
parse_waivers(const struct json *array, struct charter *charter, struct err *err)
{
	charter->waiver_count = json_array_size(array);
	for (size_t i = 0; i < charter->waiver_count; i++) {
		if (parse_waiver(json_array_object(array, i), &charter->waivers[i], err) != ERR_OK)
			return err_add(err, "charter: attestation: waivers[%zu]", i);
		if (charter_waiver(charter, &charter->waivers[i].token) != &charter->waivers[i])
			return err_set(err, ERR_INVALID,
			    "charter: attestation: waivers[%zu]: a second one for one token", i);
	}
	return ERR_OK;
}

static enum err_code
parse_attestation(const struct json *object, struct charter *charter, struct err *err)
{
	struct json_in in = json_in(object, "charter: attestation", err);
	const struct json *roots = json_in_array(&in, "roots", 1, CHARTER_ROOTS);
	if (!firmware_from_text(json_in_text(&in, "min_firmware", 5, FIRMWARE_TEXT_SIZE - 1),
	        charter->min_firmware))
		json_in_fail(&in, "min_firmware", "not a version such as 5.7.0");
	const struct json *forms = json_in_array(&in, "form_factors", 0, CHARTER_FORM_FACTORS);
	const struct json *waivers = json_in_array(&in, "waivers", 0, CHARTER_WAIVERS);
	TRY(json_in_end(&in));
	TRY(parse_form_factors(forms, charter, err));
	TRY(parse_waivers(waivers, charter, err));
	return read_digests(roots, "charter: attestation: roots", charter->roots,
	    &charter->root_count, err);
}

/* TEXT must be canonical, so that a charter, a header and a screen show the same one. */
static enum err_code
parse_quorum(const char *text, struct quorum *ret_quorum, char *ret_text, struct err *err)
{
	BUF canonical = {0};
	TRY(quorum_parse(text, ret_quorum, err));
	TRY(quorum_format(ret_quorum, &canonical, err));
	if (strcmp(buf_string(&canonical), text) != 0)
		return err_set(err, ERR_INVALID, "quorum: not in its canonical form, which is: %s",
		    buf_string(&canonical));
	memcpy(ret_text, text, strlen(text) + 1);
	return ERR_OK;
}

static enum err_code
parse_policy(const struct json *object, struct policy *policy, struct err *err)
{
	struct json_in in = json_in(object, "policy", err);
	snprintf(policy->name, sizeof(policy->name), "%s",
	    json_in_text(&in, "name", 1, SEAT_NAME_MAX));
	const char *quorum = json_in_text(&in, "quorum", 1, QUORUM_TEXT_MAX);
	(void)json_in_choice(&in, "class", class_names);
	policy->max_duration = json_in_int(&in, "max_duration", 1, duration_max);
	policy->request_ttl = json_in_int(&in, "request_ttl", 1, duration_max);
	policy->max_age = json_in_int(&in, "max_age", 1, duration_max);
	if (!text_is_name(policy->name))
		json_in_fail(&in, "name", "not a name (a-z 0-9 - _ . /, first a letter or digit)");
	TRY(json_in_end(&in));
	if (parse_quorum(quorum, &policy->quorum, policy->quorum_text, err) != ERR_OK)
		return err_add(err, "policy \"%s\"", policy->name);
	return ERR_OK;
}

static enum err_code
parse_lists(const struct json *seats, const struct json *policies, struct charter *charter,
    struct err *err)
{
	charter->seat_count = json_array_size(seats);
	for (size_t i = 0; i < charter->seat_count; i++)
		if (seat_parse(json_array_object(seats, i), &charter->seats[i], err) != ERR_OK)
			return err_add(err, "charter: seats[%zu]", i);
	charter->policy_count = json_array_size(policies);
	for (size_t i = 0; i < charter->policy_count; i++)
		if (parse_policy(json_array_object(policies, i), &charter->policies[i], err) !=
		    ERR_OK)
			return err_add(err, "charter: policies[%zu]", i);
	return ERR_OK;
}

static void
parse_identity(struct json_in *in, struct charter *charter)
{
	(void)json_in_int(in, "format", CHARTER_FORMAT, CHARTER_FORMAT);
	snprintf(charter->name, sizeof(charter->name), "%s",
	    json_in_text(in, "name", 1, VAULT_NAME_MAX));
	if (!charter_name_valid(charter->name))
		json_in_fail(in, "name",
		    "only letters, digits, dots and dashes, first no dot or dash");
	charter->training = json_in_bool(in, "training");
	charter->version = (uint32_t)json_in_int(in, "version", 1, UINT32_MAX);
	bool has_previous =
	    json_in_hex_optional(in, "previous", charter->previous.bytes, DIGEST_SIZE);
	if (has_previous != (charter->version > 1))
		json_in_fail(in, "previous", "stands in every charter but the first");
	json_in_hex(in, "init", charter->init.bytes, DIGEST_SIZE);
}

static enum err_code
parse_payload(const struct json *payload, struct charter *charter, struct err *err)
{
	struct json_in in = json_in(payload, "charter", err);
	uint8_t nonce[NONCE_SIZE];
	parse_identity(&in, charter);
	const struct json *host = json_in_object(&in, "host");
	const struct json *attestation = json_in_object(&in, "attestation");
	const struct json *seats = json_in_array(&in, "seats", 1, CHARTER_SEATS);
	const struct json *policies = json_in_array(&in, "policies", 1, CHARTER_POLICIES);
	const char *change = json_in_text(&in, "change", 1, QUORUM_TEXT_MAX);
	const struct json *restored = json_in_array(&in, "restored", 0, CHARTER_RESTORED);
	snprintf(charter->copy, sizeof(charter->copy), "%s",
	    json_in_text(&in, "copy", 1, sizeof(charter->copy) - 1));
	if (strcmp(charter->copy, "none") != 0 && strncmp(charter->copy, "directory:/", 11) != 0)
		json_in_fail(&in, "copy",
		    "neither \"none\" nor \"directory:\" and an absolute path");
	charter->created = json_in_time(&in, "created");
	json_in_hex(&in, "nonce", nonce, sizeof(nonce));
	TRY(json_in_end(&in));
	TRY(parse_host(host, charter, err));
	TRY(parse_attestation(attestation, charter, err));
	TRY(parse_lists(seats, policies, charter, err));
	TRY(read_digests(restored, "charter: restored", charter->restored, &charter->restored_count,
	    err));
	if (parse_quorum(change, &charter->change, charter->change_text, err) != ERR_OK)
		return err_add(err, "charter: change");
	return ERR_OK;
}

/* QUORUM names officer seats only, and at least two persons must agree. */
static enum err_code
check_quorum(const struct charter *charter, const struct quorum *quorum, struct err *err)
{
	const char *officers[CHARTER_SEATS + 1];
	size_t count = 0;
	for (size_t i = 0; i < charter->seat_count; i++)
		if ((charter->seats[i].roles & ROLE_OFFICER) != 0)
			officers[count++] = charter->seats[i].name;
	officers[count] = NULL;
	for (unsigned i = 0; i < quorum->seat_count; i++) {
		const struct seat *seat =
		    seat_by_name(charter->seats, charter->seat_count, quorum->seats[i]);
		if (seat != NULL && (seat->roles & ROLE_OFFICER) == 0)
			return err_set(err, ERR_INVALID, "quorum: seat \"%s\" is not an officer",
			    seat->name);
	}
	TRY(quorum_check_seats(quorum, officers, err));
	if (quorum_least(quorum) < 2)
		return err_set(err, ERR_INVALID,
		    "quorum: one person could meet it alone; at least two must be needed");
	return ERR_OK;
}

static enum err_code
check_waivers(const struct charter *charter, struct err *err)
{
	for (size_t i = 0; i < charter->waiver_count; i++) {
		const struct seat_token *token;
		if (seat_by_token(charter->seats, charter->seat_count, &charter->waivers[i].token,
		        &token) == NULL)
			return err_set(err, ERR_INVALID,
			    "charter: attestation: waivers[%zu]: of a token that no seat has", i);
	}
	return ERR_OK;
}

static enum err_code
check_rules(const struct charter *charter, struct err *err)
{
	unsigned roles = 0;
	if (seats_check(charter->seats, charter->seat_count, NULL, 0, err) != ERR_OK)
		return err_add(err, "charter");
	for (size_t i = 0; i < charter->seat_count; i++)
		roles |= charter->seats[i].roles;
	TRY(check_waivers(charter, err));
	if ((roles & ROLE_OPERATOR) == 0)
		return err_set(err, ERR_INVALID,
		    "charter: no seat is an operator: nobody could define a secret");
	for (size_t i = 0; i < charter->policy_count; i++) {
		const struct policy *policy = &charter->policies[i];
		if (charter_policy(charter, policy->name) != policy)
			return err_set(err, ERR_INVALID, "charter: policy \"%s\" stands twice",
			    policy->name);
		if (check_quorum(charter, &policy->quorum, err) != ERR_OK)
			return err_add(err, "charter: policy \"%s\"", policy->name);
	}
	if (check_quorum(charter, &charter->change, err) != ERR_OK)
		return err_add(err, "charter: change");
	return ERR_OK;
}

enum err_code
charter_parse(const struct dsse *statement, struct charter **ret_charter, struct err *err)
{
	JSON *payload = NULL;
	CHARTER *charter = NULL;
	bool training = statement_is_training(statement);
	TRY(statement_payload(statement, STATEMENT_CHARTER, training, &payload, err));
	charter = calloc(1, sizeof(*charter));
	if (charter == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a charter");
	TRY(parse_payload(payload, charter, err));
	if (charter->training != training)
		return err_set(err, ERR_REFUSED,
		    "charter: training: the statement's type says %s, the member says %s",
		    training ? "training" : "production",
		    charter->training ? "training" : "production");
	TRY(check_rules(charter, err));
	TRY(dsse_digest(statement, &charter->digest, err));
	*ret_charter = TAKE(charter);
	return ERR_OK;
}
