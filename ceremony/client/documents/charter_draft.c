/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A draft begins as the founding's facts or as a copy of the charter in force; then the plan is
 * applied to it; then it is encoded, and parsed again, so that the rules of vault/documents/charter.h are
 * the only ones.
 */
#include "ceremony/client/documents/charter_draft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ceremony/client/documents/charter_draft_tokens.h"
#include "ceremony/client/documents/charter_sign.h"
#include "ceremony/client/documents/enrolments.h"
#include "ceremony/client/documents/founding.h"
#include "ceremony/client/enrol/enrol.h"
#include "ceremony/client/sync.h"
#include "ceremony/client/text/charter.h"
#include "ceremony/protocol/message.h"

enum { HOUR = 3600, YEAR = 365 * 24 * 3600 };

static void
begin_founding(const struct founding_view *founding, struct charter *charter)
{
	struct attest_policy policy;

	enrol_default_policy(founding->fixed.training, &policy);
	memcpy(charter->name, founding->fixed.name, sizeof(charter->name));
	charter->training = founding->fixed.training;
	charter->version = 1;
	charter->init = founding->fixed.init;
	charter->host_statement = founding->host_statement;
	charter->host_log = founding->host_log;
	charter->host_escrow = founding->host_escrow;
	memcpy(charter->copy, founding->fixed.copy, sizeof(charter->copy));
	charter->root_count = policy.root_count;
	memcpy(charter->roots, policy.roots, sizeof(charter->roots));
	memcpy(charter->min_firmware, policy.min_firmware, sizeof(charter->min_firmware));
}

static enum err_code
begin(struct client *client, struct charter *charter, const struct vault_view **ret_view,
    struct err *err)
{
	const struct vault_view *view = NULL;
	struct founding_view founding;

	*ret_view = NULL;
	if (client_hello(client)->state == VAULT_LIVE) {
		TRY(client_sync(client, &view, err));
		*ret_view = view;
		*charter = *view->chain.charter;
		charter->version = view->chain.charter->version + 1;
		charter->previous = view->chain.charter->digest;
	} else {
		TRY(founding_fetch(client, &founding, err));
		begin_founding(&founding, charter);
	}
	charter->created = client_options(client)->now();
	return ERR_OK;
}

static enum err_code
apply_removals(const struct draft_plan *plan, struct charter *charter, struct err *err)
{
	for (size_t i = 0; i < plan->remove_seat_count; i++) {
		if (!seat_remove(charter->seats, &charter->seat_count, plan->remove_seats[i]))
			return err_set(err, ERR_INVALID, "there is no seat %s to remove",
			    QUOTED(plan->remove_seats[i]));
	}
	for (size_t i = 0; i < plan->remove_token_count; i++) {
		bool found = false;

		for (size_t s = 0; s < charter->seat_count && !found; s++) {
			struct seat *seat = &charter->seats[s];

			for (size_t t = 0; t < seat->token_count && !found; t++) {
				if (strcmp(seat->tokens[t].label, plan->remove_tokens[i]) != 0)
					continue;
				seat->token_count--;
				memmove(&seat->tokens[t], &seat->tokens[t + 1],
				    (seat->token_count - t) * sizeof(seat->tokens[0]));
				found = true;
			}
		}
		if (!found)
			return err_set(err, ERR_INVALID, "there is no token %s to remove",
			    QUOTED(plan->remove_tokens[i]));
	}
	return ERR_OK;
}

static enum err_code
apply_policy(const struct draft_plan *plan, const char *text, struct charter *charter,
    struct err *err)
{
	const char *equals = strchr(text, '=');
	struct policy *policy = NULL;
	size_t name_size;

	if (equals == NULL || equals == text || (size_t)(equals - text) > SEAT_NAME_MAX ||
	    strlen(equals + 1) > QUORUM_TEXT_MAX)
		return err_set(err, ERR_USAGE,
		    "%s is no policy; write NAME=QUORUM, such as 'production=3 of (a, b, c)'",
		    QUOTED(text));
	name_size = (size_t)(equals - text);
	for (size_t i = 0; i < charter->policy_count; i++) {
		if (strlen(charter->policies[i].name) == name_size &&
		    memcmp(charter->policies[i].name, text, name_size) == 0)
			policy = &charter->policies[i];
	}
	if (policy == NULL && charter->policy_count == CHARTER_POLICIES)
		return err_set(err, ERR_INVALID, "a charter has at most %d policies",
		    CHARTER_POLICIES);
	if (policy == NULL) {
		policy = &charter->policies[charter->policy_count++];
		*policy =
		    (struct policy){.max_duration = HOUR, .request_ttl = HOUR, .max_age = YEAR};
		memcpy(policy->name, text, name_size);
	}
	memcpy(policy->quorum_text, equals + 1, strlen(equals + 1) + 1);
	if (plan->max_duration != 0)
		policy->max_duration = plan->max_duration;
	if (plan->request_ttl != 0)
		policy->request_ttl = plan->request_ttl;
	if (plan->max_age != 0)
		policy->max_age = plan->max_age;
	return ERR_OK;
}

/* "3 of (ciso, secops, infra, audit)": more than half of the officers, at least two. */
static enum err_code
default_change(struct charter *charter, struct err *err)
{
	BUF names = {0};
	size_t officers = 0;
	int size;

	for (size_t i = 0; i < charter->seat_count; i++) {
		if ((charter->seats[i].roles & ROLE_OFFICER) == 0)
			continue;
		buf_format(&names, "%s%s", officers++ > 0 ? ", " : "", charter->seats[i].name);
	}
	size = snprintf(charter->change_text, sizeof(charter->change_text), "%zu of (%s)",
	    officers / 2 + 1 < 2 ? 2 : officers / 2 + 1, buf_string(&names));
	if (size < 0 || (size_t)size >= sizeof(charter->change_text))
		return err_set(err, ERR_INVALID, "the default for --change is too long: give it");
	return buf_check(&names, err);
}

static enum err_code
apply_change(const struct draft_plan *plan, struct charter *charter, struct err *err)
{
	if (plan->change == NULL)
		return charter->change_text[0] == '\0' ? default_change(charter, err) : ERR_OK;
	if (strlen(plan->change) > QUORUM_TEXT_MAX)
		return err_set(err, ERR_USAGE, "the quorum for --change is too long");
	memcpy(charter->change_text, plan->change, strlen(plan->change) + 1);
	return ERR_OK;
}

/* The suspension of the token that is called WHICH, a label or serial. */
static enum err_code
find_suspension(const struct suspensions *suspended, const char *which,
    const struct suspension **ret_row, struct err *err)
{
	const struct suspension *found = NULL;
	char serial[16];

	for (size_t i = 0; i < suspended->count; i++) {
		const struct suspension *row = &suspended->rows[i];

		snprintf(serial, sizeof(serial), "%u", row->bound.serial);
		if (strcmp(row->bound.label, which) != 0 && strcmp(serial, which) != 0)
			continue;
		if (found != NULL && !digest_equal(&found->digest, &row->digest))
			return err_set(err, ERR_USAGE,
			    "several suspended tokens are called \"%.100s\": name the one by its "
			    "serial",
			    which);
		found = row;
	}
	if (found == NULL)
		return err_set(err, ERR_NOT_FOUND,
		    "no token \"%.100s\" is suspended; `halligan charter status` names those that "
		    "are",
		    which);
	*ret_row = found;
	return ERR_OK;
}

/* A charter restores what it names itself, and nothing that the one before it named. */
static enum err_code
apply_restores(const struct draft_plan *plan, const struct vault_view *view,
    struct charter *charter, struct err *err)
{
	charter->restored_count = 0;
	if (plan->restore_count > CHARTER_RESTORED)
		return err_set(err, ERR_USAGE, "a charter restores at most %d tokens",
		    (int)CHARTER_RESTORED);
	for (size_t i = 0; view != NULL && i < plan->restore_count; i++) {
		const struct suspension *row = NULL;

		TRY(find_suspension(&view->chain.suspensions, plan->restores[i], &row, err));
		charter->restored[charter->restored_count++] = row->digest;
	}
	return ERR_OK;
}

static enum err_code
apply_copy(const struct draft_plan *plan, struct charter *charter, struct err *err)
{
	static const char directory[] = "directory:/";

	if (plan->copy == NULL)
		return ERR_OK;
	if (strcmp(plan->copy, "none") != 0 &&
	    strncmp(plan->copy, directory, sizeof(directory) - 1) != 0)
		return err_set(err, ERR_USAGE,
		    "--copy %s: write directory:/PATH, the whole path of a folder on the vault's host, or none",
		    QUOTED(plan->copy));
	if (strlen(plan->copy) >= sizeof(charter->copy))
		return err_set(err, ERR_USAGE, "the path for --copy is too long");
	if (strcmp(plan->copy, charter->copy) == 0)
		return err_set(err, ERR_REFUSED,
		    "copies go to %s already; where that disk is lost, name another folder, which may lie beside it",
		    QUOTED(plan->copy));
	memcpy(charter->copy, plan->copy, strlen(plan->copy) + 1);
	return ERR_OK;
}

/* Add OPTION with the present TEXT to LIST when that quorum names SEAT. */
static enum err_code
list_quorum(const char *text, const char *seat, const char *option, const char *name,
    struct buf *list, struct err *err)
{
	struct quorum quorum;

	TRY(quorum_parse(text, &quorum, err));
	if (quorum_seat(&quorum, seat) >= 0)
		buf_format(list, " %s '%s%s'", option, name, text);
	return ERR_OK;
}

/* Who takes a seat out is told all quorums that still name it, as options to be edited. */
static enum err_code
check_removed(const struct draft_plan *plan, const struct charter *charter, struct err *err)
{
	for (size_t i = 0; i < charter->seat_count; i++)
		if (charter->seats[i].token_count == 0)
			return err_set(err, ERR_INVALID,
			    "%s would have no token left: give an enrolment of another one too, or take "
			    "the seat out with --remove-seat",
			    QUOTED(charter->seats[i].name));
	for (size_t i = 0; i < plan->remove_seat_count; i++) {
		const char *seat = plan->remove_seats[i];
		BUF list = {0};

		if (seat_by_name(charter->seats, charter->seat_count, seat) != NULL)
			continue; /* one of the enrolments brings it back */
		for (size_t p = 0; p < charter->policy_count; p++) {
			char name[SEAT_NAME_MAX + 2];

			snprintf(name, sizeof(name), "%s=", charter->policies[p].name);
			TRY(list_quorum(charter->policies[p].quorum_text, seat, "--policy", name,
			    &list, err));
		}
		TRY(list_quorum(charter->change_text, seat, "--change", "", &list, err));
		TRY(buf_check(&list, err));
		if (list.size > 0)
			return err_set(err, ERR_INVALID,
			    "the seat %s leaves, but quorums still name it; give each again, "
			    "without it:%s",
			    QUOTED(seat), buf_string(&list));
	}
	return ERR_OK;
}

static enum err_code
draw_up(struct client *client, const struct draft_plan *plan, struct charter *charter,
    struct json *texts, struct err *err)
{
	const struct ui *ui = client_options(client)->ui;
	const struct vault_view *view = NULL;
	CHARTER *result = NULL;
	JSON *payload = NULL;
	DSSE statement = {0};
	HAND hand = {0};
	struct draft_outcome outcome;

	TRY(begin(client, charter, &view, err));
	TRY(apply_removals(plan, charter, err));
	TRY(apply_restores(plan, view, charter, err));
	TRY(draft_attestation(plan, charter, err));
	const struct admission admission = {.options = client_options(client),
	    .files = plan->files,
	    .file_count = plan->file_count,
	    .chain = view != NULL ? &view->chain : NULL,
	    .charter = charter,
	    .plan = plan,
	    .draft = charter,
	    .seats = charter->seats,
	    .count = &charter->seat_count,
	    .max = CHARTER_SEATS,
	    .texts = texts};
	TRY(enrolments_admit(&admission, err));
	TRY(draft_waivers_end(plan, charter, err));
	for (size_t i = 0; i < plan->policy_count; i++)
		TRY(apply_policy(plan, plan->policies[i], charter, err));
	TRY(apply_change(plan, charter, err));
	TRY(apply_copy(plan, charter, err));
	TRY(check_removed(plan, charter, err));
	TRY(charter_payload(charter, &payload, err));
	TRY(statement_new(STATEMENT_CHARTER, charter->training, payload, &statement, err));
	TRY(charter_parse(&statement, &result, err));
	show_charter(ui, view != NULL ? &view->chain : NULL, result);
	if (view != NULL)
		show_charter_changes(ui, view->chain.charter, result, &view->chain.suspensions);
	show_fingerprint(ui, "Fingerprint:", &result->digest);
	TRY(draft_try(client, &statement, texts, err));
	TRY(charter_sign_as(client, view, true, result, &statement, &hand, err));
	TRY(draft_propose(client, &statement, texts, &outcome, err));
	charter_signed(client, result, &hand, &outcome);
	return ERR_OK;
}

static enum err_code
check_case(const struct client *client, enum draft_case draft_case, const struct draft_plan *plan,
    struct err *err)
{
	enum vault_state state = client_hello(client)->state;

	if (state == VAULT_ABSENT)
		return err_set(err, ERR_NOT_FOUND,
		    "there is no vault at %s; begin with `halligan "
		    "init`",
		    client_location(client));
	if (draft_case == DRAFT_FOUNDING && state == VAULT_LIVE)
		return err_set(err, ERR_REFUSED,
		    "this vault lives: `halligan charter draft` is for a "
		    "founding. To change its charter use `halligan charter propose`");
	if (draft_case == DRAFT_CHANGE && state == VAULT_FOUNDING)
		return err_set(err, ERR_REFUSED,
		    "this vault is still being founded and has no charter "
		    "to change: draw its first one up with `halligan charter draft`");
	if (state == VAULT_FOUNDING && plan->policy_count == 0)
		return err_set(err, ERR_USAGE,
		    "a charter needs a policy: --policy NAME=QUORUM, such as "
		    "'production=3 of (a, b, c)'");
	return ERR_OK;
}

enum err_code
draft_charter(struct client *client, enum draft_case draft_case, const struct draft_plan *plan,
    struct err *err)
{
	CHARTER *charter = calloc(1, sizeof(*charter));
	JSON *texts = json_new_array();

	if (charter == NULL)
		return err_set(err, ERR_MEMORY, "out of memory");
	TRY(check_case(client, draft_case, plan, err));
	return draw_up(client, plan, charter, texts, err);
}
