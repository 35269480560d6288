/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a charter: the mirror of charter.c, member by member in the order of the header. */
#include "vault/documents/charter_payload.h"

#include "base/text.h"
#include "vault/documents/digests.h"

/* TEXT in canonical form as member NAME. */
static enum err_code
put_quorum(struct json *object, const char *name, const char *text, struct err *err)
{
	BUF canonical = {0};
	struct quorum quorum;
	TRY(quorum_parse(text, &quorum, err));
	TRY(quorum_format(&quorum, &canonical, err));
	json_put_text(object, name, buf_string(&canonical));
	return ERR_OK;
}

static struct json *
host_json(const struct charter *charter)
{
	struct json *object = json_new_object();
	json_put_hex(object, "statement", VIEW_OF(charter->host_statement.bytes));
	json_put_hex(object, "log", VIEW_OF(charter->host_log.bytes));
	json_put_hex(object, "escrow", VIEW_OF(charter->host_escrow.bytes));
	return object;
}

static struct json *
waiver_json(const struct charter_waiver *waiver)
{
	struct json *object = json_new_object(), *waives = json_new_array();
	json_put_hex(object, "token", VIEW_OF(waiver->token.bytes));
	for (unsigned i = 0; waiver_names[i] != NULL; i++)
		if ((waiver->waives & (1u << i)) != 0)
			json_add_text(waives, waiver_names[i]);
	json_put(object, "waives", waives);
	json_put_text(object, "reason", waiver->reason);
	return object;
}

static struct json *
attestation_json(const struct charter *charter)
{
	struct json *object = json_new_object();
	struct json *forms = json_new_array(), *waivers = json_new_array();
	char firmware[FIRMWARE_TEXT_SIZE];
	firmware_text(charter->min_firmware, firmware);
	put_digests(object, "roots", charter->roots, charter->root_count);
	json_put_text(object, "min_firmware", firmware);
	for (size_t i = 0; i < charter->form_factor_count; i++)
		json_add_int(forms, charter->form_factors[i]);
	for (size_t i = 0; i < charter->waiver_count; i++)
		json_add(waivers, waiver_json(&charter->waivers[i]));
	json_put(object, "form_factors", forms);
	json_put(object, "waivers", waivers);
	return object;
}

static enum err_code
policy_json(const struct policy *policy, struct json **ret_object, struct err *err)
{
	JSON *object = json_new_object();
	json_put_text(object, "name", policy->name);
	if (put_quorum(object, "quorum", policy->quorum_text, err) != ERR_OK)
		return err_add(err, "policy \"%s\"", policy->name);
	json_put_text(object, "class", "break-glass");
	json_put_int(object, "max_duration", policy->max_duration);
	json_put_int(object, "request_ttl", policy->request_ttl);
	json_put_int(object, "max_age", policy->max_age);
	*ret_object = TAKE(object);
	return ERR_OK;
}

static enum err_code
put_policies(struct json *payload, const struct charter *charter, struct err *err)
{
	JSON *policies = json_new_array();
	for (size_t i = 0; i < charter->policy_count; i++) {
		struct json *policy = NULL;
		TRY(policy_json(&charter->policies[i], &policy, err));
		json_add(policies, policy);
	}
	json_put(payload, "policies", TAKE(policies));
	return ERR_OK;
}

static void
put_seats(struct json *payload, const struct charter *charter)
{
	struct json *seats = json_new_array();
	for (size_t i = 0; i < charter->seat_count; i++)
		json_add(seats, seat_json(&charter->seats[i]));
	json_put(payload, "seats", seats);
}

enum err_code
charter_payload(const struct charter *charter, struct json **ret_payload, struct err *err)
{
	JSON *payload = json_new_object();
	json_put_int(payload, "format", 1);
	json_put_text(payload, "name", charter->name);
	json_put_bool(payload, "training", charter->training);
	json_put_int(payload, "version", charter->version);
	if (charter->version > 1)
		json_put_hex(payload, "previous", VIEW_OF(charter->previous.bytes));
	json_put_hex(payload, "init", VIEW_OF(charter->init.bytes));
	json_put(payload, "host", host_json(charter));
	json_put(payload, "attestation", attestation_json(charter));
	put_seats(payload, charter);
	TRY(put_policies(payload, charter, err));
	if (put_quorum(payload, "change", charter->change_text, err) != ERR_OK)
		return err_add(err, "change");
	put_digests(payload, "restored", charter->restored, charter->restored_count);
	json_put_text(payload, "copy", charter->copy);
	json_put_time(payload, "created", charter->created);
	if (payload == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a charter");
	*ret_payload = TAKE(payload);
	return ERR_OK;
}
