/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile host against clients: it has the vault's own keys for statements and for the log, and whatever was said to it
 * before; it shows what it likes.  The people are honest, and agree to all that their screens ask.
 */
#include <stdio.h>

#include "ceremony/client/opening/approve.h"
#include "ceremony/client/opening/done.h"
#include "ceremony/client/opening/request.h"
#include "tests/adversary/attempt.h"
#include "tests/adversary/host_trust.h"
#include "tests/unit/client/town.h"

#define TOWN CLEANUP(town_close) struct town

/* Does ciso, asked to approve what this host shows, sign it and give the shares? */
static bool
is_approved(struct town *town, const char *id, struct err *why)
{
	CLIENT *client = NULL;

	if (town_connect(town, TOWN_CISO, &client, why) == ERR_OK)
		(void)!approve_run(client, &(struct approve_plan){.id = id}, why);
	for (size_t i = 0; i < town->item_count; i++)
		if (town->items[i].received != NULL)
			return true;
	return false;
}

/* Does ciso sign an approval of what is shown?  This host has what it wanted then, and goes. */
static bool
is_signed(struct town *town, struct err *why)
{
	CLIENT *client = NULL;

	town->rude = TOWN_CLOSES;
	town->rude_at = "envelopes";
	if (town_connect(town, TOWN_CISO, &client, why) == ERR_OK)
		(void)!approve_run(client, &(struct approve_plan){.id = "77777777"}, why);
	return town->voice_count > 0;
}

/* STATEMENT, where it says FROM, says TO, under the signatures of before. */
static void
falsify(const struct dsse *statement, const char *from, const char *to, struct dsse *ret_false)
{
	edit_payload(statement, from, to, ret_false);
	memcpy(ret_false->signatures, statement->signatures, sizeof(statement->signatures));
	ret_false->count = statement->count;
}

/* --- What an officer is shown ----------------------------------------------------------------- */

static bool
a_request_gives_another_reason_than_was_signed(void *stage, struct err *why)
{
	TOWN town;
	DSSE other = {0};

	(void)stage;
	town_open(&town);
	falsify(&town.request, "primary does not boot", "a drill of the usual kind", &other);
	town_swap(&town, "ceremony-get", "request", &other);
	return is_approved(&town, NULL, why);
}

static bool
a_host_asks_in_the_name_of_a_responder(void *stage, struct err *why)
{
	TOWN town;
	char keyid[sizeof(town.request.signatures[0].keyid)];

	(void)stage;
	town_open(&town);
	memcpy(keyid, town.request.signatures[0].keyid, sizeof(keyid));
	town_rebuild(&town, town.founded.keys[INFRA][KEY_SIGN], town.founded.spares[3]);
	memcpy(town.request.signatures[0].keyid, keyid, sizeof(keyid));
	return is_approved(&town, NULL, why);
}

static bool
a_secret_is_what_one_person_says(void *stage, struct err *why)
{
	TOWN town;

	(void)stage;
	town_open(&town);
	town_rebuild(&town, town.founded.keys[CISO][KEY_SIGN], town.alice[TOKEN_SIGN]);
	return is_approved(&town, NULL, why);
}

/* One that is well signed, too. */
static bool
a_secret_is_shown_as_something_harmless(void *stage, struct err *why)
{
	TOWN town;
	DSSE other = {0};

	(void)stage;
	town_open(&town);
	edit_payload(&town.items[0].definition, "root on db1", "sees db1", &other);
	sign_with(&other, town.founded.keys[INFRA][KEY_SIGN]);
	sign_with(&other, town.founded.keys[CISO][KEY_SIGN]);
	town_swap(&town, "ceremony-items", "definition", &other);
	return is_approved(&town, NULL, why);
}

static void
show_another_header(struct town *town, const char *op, struct json *reply, struct buf *blob)
{
	(void)reply;
	if (strcmp(op, "ceremony-find") != 0)
		return;
	blob->size = 0;
	buf_bytes(blob, buf_view(&town->items[1].version.header));
}

static bool
a_version_is_shown_under_another_s_header(void *stage, struct err *why)
{
	TOWN town;

	(void)stage;
	town_open_many(&town, 2, MODE_RESEAL);
	town.lie = show_another_header;
	return is_signed(&town, why);
}

static bool
a_secret_of_several_is_not_shown(void *stage, struct err *why)
{
	TOWN town;

	(void)stage;
	town_open_many(&town, 2, MODE_RESEAL);
	town.hidden = 1;
	return is_signed(&town, why);
}

static bool
another_ceremony_is_shown_than_was_asked_for(void *stage, struct err *why)
{
	TOWN town;

	(void)stage;
	town_open(&town);
	town.any = true;
	return is_approved(&town, "88888888", why);
}

static bool
another_officer_seems_to_have_approved(void *stage, struct err *why)
{
	TOWN town;

	(void)stage;
	town_open(&town);
	town_approve(&town, AUDIT);
	town.voices[0].statement.signatures[0].sig[20] ^= 1;
	return is_approved(&town, NULL, why);
}

static bool
one_officer_seems_to_be_two(void *stage, struct err *why)
{
	TOWN town;

	(void)stage;
	town_open(&town);
	town_approve(&town, AUDIT);
	town.voices[1] = town.voices[0];
	town.voice_count = 2;
	bool approved = is_approved(&town, NULL, why);
	memset(&town.voices[1], 0, sizeof(town.voices[1]));
	return approved;
}

/* --- What a host signs of a ceremony ---------------------------------------------------------- */

static bool
is_approved_with(void (*change)(struct ceremony *ceremony), struct err *why)
{
	TOWN town;
	CEREMONY ceremony = {0};
	JSON *payload = NULL;
	DSSE statement = {0};
	struct err err;

	town_open(&town);
	fine(ceremony_parse(&town.ceremony, false, &ceremony, &err), &err);
	change(&ceremony);
	fine(ceremony_payload(&ceremony, &payload, &err), &err);
	fine(statement_new(STATEMENT_CEREMONY, false, payload, &statement, &err), &err);
	town_sign_host(&town, &statement);
	town_swap(&town, "ceremony-get", "ceremony", &statement);
	return is_signed(&town, why);
}

static void
change_version(struct ceremony *ceremony)
{
	ceremony->items.rows[0].version++;
}
static bool
a_ceremony_opens_another_version_than_was_requested(void *stage, struct err *why)
{
	(void)stage;
	return is_approved_with(change_version, why);
}

static void
change_recipient(struct ceremony *ceremony)
{
	ceremony->recipients.rows[0].token.bytes[0] ^= 1;
}
static bool
a_ceremony_releases_to_another_token_than_was_requested(void *stage, struct err *why)
{
	(void)stage;
	return is_approved_with(change_recipient, why);
}

static void
change_request(struct ceremony *ceremony)
{
	ceremony->request.bytes[0] ^= 1;
}
static bool
a_ceremony_answers_another_request(void *stage, struct err *why)
{
	(void)stage;
	return is_approved_with(change_request, why);
}

static void
change_quorum(struct ceremony *ceremony)
{
	snprintf(ceremony->items.rows[0].quorum, sizeof(ceremony->items.rows[0].quorum),
	    "1 of (ciso, infra, audit)");
}
static bool
a_ceremony_needs_fewer_officers_than_were_sealed_to(void *stage, struct err *why)
{
	(void)stage;
	return is_approved_with(change_quorum, why);
}

static void
change_root(struct ceremony *ceremony)
{
	ceremony->root.bytes[0] ^= 1;
}
static bool
a_ceremony_stands_in_another_log_than_is_shown(void *stage, struct err *why)
{
	(void)stage;
	return is_approved_with(change_root, why);
}

static void
change_charter(struct ceremony *ceremony)
{
	ceremony->charter.bytes[0] ^= 1;
}
static bool
a_ceremony_of_an_older_charter_is_approved(void *stage, struct err *why)
{
	(void)stage;
	return is_approved_with(change_charter, why);
}

static void
change_deadline(struct ceremony *ceremony)
{
	ceremony->deadline = TOWN_NOW - 1;
}
static bool
a_ceremony_is_approved_after_its_deadline(void *stage, struct err *why)
{
	(void)stage;
	return is_approved_with(change_deadline, why);
}

/* --- What a responder is answered ------------------------------------------------------------- */

static bool
an_answer_to_a_request_has_another_recipient(void *stage, struct err *why)
{
	static const char *const names[] = {"prod/db"};
	static const struct ask_plan plan = {.mode = MODE_RELEASE,
	    .names = names,
	    .name_count = 1,
	    .reason = "primary does not boot",
	    .incident = "INC-4711",
	    .duration = 1800,
	    .host = "laptop",
	    .user = "alice"};
	TOWN town;
	CLIENT *client = NULL;
	struct ask_result result;

	(void)stage;
	town_open(&town);
	town.change = change_recipient;
	return town_connect(&town, TOWN_ALICE, &client, why) == ERR_OK &&
	    ask_run(client, &plan, &result, why) == ERR_OK;
}

static void
release(struct town *town)
{
	town_open_many(town, 2, MODE_RELEASE);
	town_approve(town, CISO);
	town_approve(town, AUDIT);
	town_release(town);
}

static bool
is_opened(struct town *town, struct err *why)
{
	CLIENT *client = NULL;
	OPENED opened = {0};

	return town_connect(town, TOWN_ALICE, &client, why) == ERR_OK &&
	    open_run(client, &(struct open_plan){0}, &opened, why) == ERR_OK;
}

static bool
is_opened_with(void (*change)(struct release *release), struct err *why)
{
	TOWN town;
	RELEASE changed = {0};
	JSON *payload = NULL;
	DSSE statement = {0};
	struct err err;

	release(&town);
	fine(release_parse(&town.release, false, &changed, &err), &err);
	change(&changed);
	fine(release_payload(&changed, &payload, &err), &err);
	fine(statement_new(STATEMENT_RELEASE, false, payload, &statement, &err), &err);
	town_sign_host(&town, &statement);
	town_swap(&town, "open", "release", &statement);
	return is_opened(&town, why);
}

static void
extend(struct release *changed)
{
	changed->expires += 3600;
}
static bool
a_release_lasts_longer_than_was_asked(void *stage, struct err *why)
{
	(void)stage;
	return is_opened_with(extend, why);
}

static void
add_recipient(struct release *changed)
{
	changed->recipients[changed->recipient_count++].bytes[0] = 1;
}
static bool
a_release_is_to_others_too(void *stage, struct err *why)
{
	(void)stage;
	return is_opened_with(add_recipient, why);
}

static void
drop_approval(struct release *changed)
{
	changed->approval_count--;
}
static bool
a_release_rests_on_fewer_approvals_than_its_quorum(void *stage, struct err *why)
{
	(void)stage;
	return is_opened_with(drop_approval, why);
}

static void
change_key(struct release *changed)
{
	changed->key.bytes[0] ^= 1;
}
static bool
a_lease_has_another_key_than_was_released(void *stage, struct err *why)
{
	(void)stage;
	return is_opened_with(change_key, why);
}

static bool
a_release_rests_on_a_forged_approval(void *stage, struct err *why)
{
	TOWN town;

	(void)stage;
	release(&town);
	town.voices[1].statement.signatures[0].sig[30] ^= 1;
	return is_opened(&town, why);
}

/* Of a host that does not have its statement key, but stands in its place. */
static bool
a_release_is_signed_by_somebody_else(void *stage, struct err *why)
{
	TOWN town;

	(void)stage;
	release(&town);
	town.release.signatures[0].sig[30] ^= 1;
	return is_opened(&town, why);
}

static const struct attempt attempts[] = {
    ATTEMPT(a_request_gives_another_reason_than_was_signed, "a_request_is_as_it_was_signed"),
    ATTEMPT(a_host_asks_in_the_name_of_a_responder, "a_token_s_signature"),
    ATTEMPT(a_secret_is_what_one_person_says, "two_people_sign_a_definition"),
    ATTEMPT(a_secret_is_shown_as_something_harmless, "what_is_shown_is_what_was_requested"),
    ATTEMPT(a_version_is_shown_under_another_s_header, "a_header_is_what_was_requested"),
    ATTEMPT(a_secret_of_several_is_not_shown, "all_items_are_shown"),
    ATTEMPT(another_ceremony_is_shown_than_was_asked_for, "a_ceremony_is_what_was_asked_for"),
    ATTEMPT(another_officer_seems_to_have_approved, "a_token_s_signature"),
    ATTEMPT(one_officer_seems_to_be_two, "a_voice_once"),
    ATTEMPT(a_ceremony_opens_another_version_than_was_requested, "a_ceremony_repeats_its_request"),
    ATTEMPT(a_ceremony_releases_to_another_token_than_was_requested,
        "a_ceremony_repeats_its_request"),
    ATTEMPT(a_ceremony_answers_another_request, "a_ceremony_repeats_its_request"),
    ATTEMPT(a_ceremony_needs_fewer_officers_than_were_sealed_to,
        "a_ceremony_s_quorum_is_the_header_s"),
    ATTEMPT(a_ceremony_stands_in_another_log_than_is_shown, "a_ceremony_is_of_this_log"),
    ATTEMPT(a_ceremony_of_an_older_charter_is_approved, "a_charter_voids_ceremonies"),
    ATTEMPT(a_ceremony_is_approved_after_its_deadline, "a_deadline_is_looked_at"),
    ATTEMPT(an_answer_to_a_request_has_another_recipient, "a_ceremony_repeats_its_request"),
    ATTEMPT(a_release_lasts_longer_than_was_asked, "a_release_is_its_ceremony_s"),
    ATTEMPT(a_release_is_to_others_too, "a_release_is_its_ceremony_s"),
    ATTEMPT(a_release_rests_on_fewer_approvals_than_its_quorum, "a_release_has_its_quorum"),
    ATTEMPT(a_lease_has_another_key_than_was_released, "a_lease_key_is_the_release_s"),
    ATTEMPT(a_release_rests_on_a_forged_approval, "a_token_s_signature"),
    ATTEMPT(a_release_is_signed_by_somebody_else, "the_host_s_signature"),
    ATTEMPT(a_vault_is_known_by_an_id_that_its_founders_did_not_sign,
        "a_vault_s_id_is_its_charter_s"),
    ATTEMPT(a_charter_is_in_force_that_a_founder_did_not_sign, "founders_sign"),
    ATTEMPT(a_log_is_shown_that_its_key_did_not_sign, "a_log_is_signed"),
    ATTEMPT(a_vault_of_an_older_day_is_believed, "what_was_seen_is_remembered"),
    ATTEMPT(a_log_that_was_rewritten_is_believed, "what_was_seen_is_remembered"),
    ATTEMPT(a_log_that_forks_from_what_was_seen_is_believed, "what_was_seen_is_remembered"),
    ATTEMPT(a_suspension_that_was_seen_is_hidden, "what_was_seen_is_remembered"),
    CONCEDED(a_suspension_is_hidden_from_who_never_saw_it),
};

static void *
arrive(void)
{
	return NULL;
}

int
main(int argc, char **argv)
{
	static const struct adversary host = {.name = "host",
	    .who = "a hostile host against clients",
	    .attempts = attempts,
	    .count = ARRAY_SIZE(attempts),
	    .arrive = arrive};

	return adversary_main(&host, argc, argv);
}
