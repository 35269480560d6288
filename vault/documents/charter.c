/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a charter: every member by name and kind first (json_members), then the rules that span
 * members.  Writing is the mirror, in the order of the header.  Signatures are charter_verify.c's; a charter that was only parsed proves nothing.
 */
#include "vault/documents/charter.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto_key.h"
#include "base/text.h"
#include "vault/documents/digests.h"
#include "vault/documents/seats_check.h"

const char *const waiver_names[5] = {"firmware", "form-factor", "touch", "attestation", NULL};

static const char *const class_names[] = {"break-glass", NULL};

enum { DURATION_MAX = 10 * 365 * 86400 };

/* The plain members, between the lists. */
static const struct member version_members[] = {
    {"name", MEMBER_TEXT, FIELD(struct charter, name), .min = 1},
    {"training", MEMBER_BOOL, FIELD(struct charter, training)},
    {"version", MEMBER_NUMBER, FIELD(struct charter, version), 1, UINT32_MAX},
    {NULL},
};
/* Only later ones have it. */
static const struct member previous_members[] = {
    {"previous", MEMBER_HEX, FIELD(struct charter, previous)},
    {NULL},
};
static const struct member host_key_members[] = {
    {"statement", MEMBER_HEX, FIELD(struct charter, host_statement)},
    {"log", MEMBER_HEX, FIELD(struct charter, host_log)},
    {"escrow", MEMBER_HEX, FIELD(struct charter, host_escrow)},
    {NULL},
};
static const struct member host_members[] = {
    {"init", MEMBER_HEX, FIELD(struct charter, init)},
    {"host", MEMBER_OBJECT, .members = host_key_members, .what = "charter: host"},
    {NULL},
};
static const struct member firmware_members[] = {
    {"min_firmware", MEMBER_FIRMWARE, FIELD(struct charter, min_firmware),
        .what = "not a version such as 5.7.0"},
    {NULL},
};
static const struct member waived_token_members[] = {
    {"token", MEMBER_HEX, FIELD(struct charter_waiver, token)},
    {NULL},
};
static const struct member waiver_reason_members[] = {
    {"reason", MEMBER_TEXT, FIELD(struct charter_waiver, reason), .min = 1},
    {NULL},
};
static const struct member policy_members[] = {
    {"name", MEMBER_NAME, FIELD(struct policy, name)},
    {"quorum", MEMBER_TEXT, FIELD(struct policy, quorum_text), .min = 1},
    {"class", MEMBER_FIXED, .choices = class_names},
    {"max_duration", MEMBER_NUMBER, FIELD(struct policy, max_duration), 1, DURATION_MAX},
    {"request_ttl", MEMBER_NUMBER, FIELD(struct policy, request_ttl), 1, DURATION_MAX},
    {"max_age", MEMBER_NUMBER, FIELD(struct policy, max_age), 1, DURATION_MAX},
    {NULL},
};
static const struct member change_members[] = {
    {"change", MEMBER_TEXT, FIELD(struct charter, change_text), .min = 1},
    {NULL},
};
static const struct member copy_members[] = {
    {"copy", MEMBER_TEXT, FIELD(struct charter, copy), .min = 1},
    {"created", MEMBER_TIME, FIELD(struct charter, created)},
    {NULL},
};

const struct policy *
charter_policy(const struct charter *charter, const char *name)
{
	for (size_t i = 0; i < charter->policy_count; i++)
		if (strcmp(charter->policies[i].name, name) == 0)
			return &charter->policies[i];
	return NULL;
}

static bool
member_equal(const struct member *member, const void *a, const void *b)
{
	const char *in_a = (const char *)a + member->offset,
	           *in_b = (const char *)b + member->offset;

	if (member->kind == MEMBER_TEXT)
		return strcmp(in_a, in_b) == 0;
	return memcmp(in_a, in_b, member->size) == 0;
}

/* Every member but the name, so that one that policies get later is compared from that day on. */
bool
policy_equal(const struct policy *a, const struct policy *b)
{
	for (const struct member *member = policy_members; member->name != NULL; member++)
		if (member->kind != MEMBER_NAME && !member_equal(member, a, b))
			return false;
	return true;
}

bool
charter_changes_policy(const struct charter *after, const struct policy *policy)
{
	const struct policy *now = charter_policy(after, policy->name);

	return now == NULL || !policy_equal(policy, now);
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
check_host(const struct charter *charter, struct err *err)
{
	struct point point;

	if (memcmp(charter->host_statement.bytes, charter->host_log.bytes, ED25519_SIZE) == 0)
		return err_set(err, ERR_INVALID, "charter: host: statement and log are one key");
	if (point_from(VIEW_OF(charter->host_escrow.bytes), &point, err) != ERR_OK)
		return err_add(err, "charter: host: escrow");
	return ERR_OK;
}

static enum err_code
parse_form_factors(const struct json *array, struct charter *charter, struct err *err)
{
	charter->form_factor_count = json_array_count(array);
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
	members_in(&in, waived_token_members, waiver);
	const struct json *waives = json_in_array(&in, "waives", 1, ARRAY_SIZE(waiver_names) - 1);
	members_in(&in, waiver_reason_members, waiver);
	TRY(json_in_end(&in));
	for (size_t i = 0; i < json_array_count(waives); i++) {
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
	charter->waiver_count = json_array_count(array);
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
	members_in(&in, firmware_members, charter);
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
parse_quorum(const char *text, struct quorum *ret_quorum, struct err *err)
{
	BUF canonical = {0};
	TRY(quorum_canonical(text, ret_quorum, &canonical, err));
	if (strcmp(buf_string(&canonical), text) != 0)
		return err_set(err, ERR_INVALID, "quorum: not in its canonical form, which is: %s",
		    buf_string(&canonical));
	return ERR_OK;
}

static enum err_code
parse_policy(const struct json *object, struct policy *policy, struct err *err)
{
	TRY(members_read(object, "policy", policy_members, policy, err));
	if (parse_quorum(policy->quorum_text, &policy->quorum, err) != ERR_OK)
		return err_add(err, "policy \"%s\"", policy->name);
	return ERR_OK;
}

static enum err_code
parse_policies(const struct json *policies, struct charter *charter, struct err *err)
{
	charter->policy_count = json_array_count(policies);
	for (size_t i = 0; i < charter->policy_count; i++)
		if (parse_policy(json_array_object(policies, i), &charter->policies[i], err) !=
		    ERR_OK)
			return err_add(err, "charter: policies[%zu]", i);
	return ERR_OK;
}

static void
parse_identity(struct json_in *in, struct charter *charter)
{
	members_in(in, version_members, charter);
	if (!charter_name_valid(charter->name))
		json_in_fail(in, "name",
		    "only letters, digits, dots and dashes, first no dot or dash");
	if (json_in_has(in, "previous") != (charter->version > 1))
		json_in_fail(in, "previous", "stands in every charter but the first");
	if (charter->version > 1)
		members_in(in, previous_members, charter);
	members_in(in, host_members, charter);
}

static enum err_code
parse_payload(struct json_in in, struct charter *charter, struct err *err)
{
	parse_identity(&in, charter);
	const struct json *attestation = json_in_object(&in, "attestation");
	const struct json *seats = json_in_array(&in, "seats", 1, CHARTER_SEATS);
	const struct json *policies = json_in_array(&in, "policies", 1, CHARTER_POLICIES);
	members_in(&in, change_members, charter);
	const struct json *restored = json_in_array(&in, "restored", 0, CHARTER_RESTORED);
	members_in(&in, copy_members, charter);
	if (strcmp(charter->copy, "none") != 0 && strncmp(charter->copy, "directory:/", 11) != 0)
		json_in_fail(&in, "copy",
		    "neither \"none\" nor \"directory:\" and an absolute path");
	TRY(json_in_end(&in));
	TRY(check_host(charter, err));
	TRY(parse_attestation(attestation, charter, err));
	TRY(seats_parse(seats, "charter: seats", charter->seats, &charter->seat_count, err));
	TRY(parse_policies(policies, charter, err));
	TRY(read_digests(restored, "charter: restored", charter->restored, &charter->restored_count,
	    err));
	if (parse_quorum(charter->change_text, &charter->change, err) != ERR_OK)
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
	CHARTER *charter = calloc(1, sizeof(*charter));
	bool training = statement_is_training(statement);

	if (charter == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a charter");
	TRY(parse_payload(statement_in(statement, STATEMENT_CHARTER, training, &payload, err),
	    charter, err));
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

static struct json *
waiver_json(const struct charter_waiver *waiver)
{
	struct json *object = json_new_object(), *waives = json_new_array();
	members_put(object, waived_token_members, waiver);
	for (unsigned i = 0; waiver_names[i] != NULL; i++)
		if ((waiver->waives & (1u << i)) != 0)
			json_add_text(waives, waiver_names[i]);
	json_put(object, "waives", waives);
	members_put(object, waiver_reason_members, waiver);
	return object;
}

static struct json *
attestation_json(const struct charter *charter)
{
	struct json *object = json_new_object();
	struct json *forms = json_new_array(), *waivers = json_new_array();
	put_digests(object, "roots", charter->roots, charter->root_count);
	members_put(object, firmware_members, charter);
	for (size_t i = 0; i < charter->form_factor_count; i++)
		json_add_int(forms, charter->form_factors[i]);
	for (size_t i = 0; i < charter->waiver_count; i++)
		json_add(waivers, waiver_json(&charter->waivers[i]));
	json_put(object, "form_factors", forms);
	json_put(object, "waivers", waivers);
	return object;
}

static enum err_code
put_policies(struct json *payload, const struct charter *charter, struct err *err)
{
	JSON *policies = json_new_array();

	for (size_t i = 0; i < charter->policy_count; i++) {
		struct policy policy = charter->policies[i];
		BUF canonical = {0};

		if (quorum_canonical(policy.quorum_text, &policy.quorum, &canonical, err) != ERR_OK)
			return err_add(err, "policy \"%s\"", policy.name);
		memcpy(policy.quorum_text, buf_string(&canonical), canonical.size + 1);
		struct json *object = json_new_object();
		members_put(object, policy_members, &policy);
		json_add(policies, object);
	}
	json_put(payload, "policies", TAKE(policies));
	return ERR_OK;
}

enum err_code
charter_payload(const struct charter *charter, struct json **ret_payload, struct err *err)
{
	JSON *payload = payload_begin(version_members, charter);
	BUF change = {0};
	struct quorum quorum;

	if (charter->version > 1)
		members_put(payload, previous_members, charter);
	members_put(payload, host_members, charter);
	json_put(payload, "attestation", attestation_json(charter));
	seats_put(payload, "seats", charter->seats, charter->seat_count);
	TRY(put_policies(payload, charter, err));
	if (quorum_canonical(charter->change_text, &quorum, &change, err) != ERR_OK)
		return err_add(err, "change");
	json_put_text(payload, "change", buf_string(&change));
	put_digests(payload, "restored", charter->restored, charter->restored_count);
	members_put(payload, copy_members, charter);
	return payload_finish(TAKE(payload), ret_payload, err);
}
