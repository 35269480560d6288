/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/text/charter.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/text_time.h"
#include "ceremony/client/text/whole.h"
#include "ceremony/protocol/statements_host.h"
#include "tokens/attest/policy.h"
#include "vault/documents/reach.h"

enum { WORDS_PER_LINE = 8 };

void
show_roles(unsigned roles, char ret_text[SHOW_ROLES_SIZE])
{
	size_t used = 0;

	ret_text[0] = '\0';
	for (unsigned bit = 0; bit < 3; bit++) {
		if ((roles & (1u << bit)) != 0)
			used += (size_t)snprintf(ret_text + used, SHOW_ROLES_SIZE - used, "%s%s",
			    used > 0 ? ", " : "", role_names[bit]);
	}
}

static void
token_text(const struct seat_token *token, char ret_text[160])
{
	char firmware[FIRMWARE_TEXT_SIZE], serial[32] = "no serial";

	firmware_text(token->firmware, firmware);
	if (token->serial != 0)
		snprintf(serial, sizeof(serial), "serial %u", token->serial);
	snprintf(ret_text, 160, "%.*s, %s%s, firmware %s", LABEL_MAX + 2, QUOTED(token->label),
	    token->signs == SIGNS_ASSERTION ? "FIDO2, " : "", serial, firmware);
}

static const char *const form_factors[] = {NULL, "usb-a-keychain", "usb-a-nano", "usb-c-keychain",
    "usb-c-nano", "usb-c-lightning", "usb-a-bio", "usb-c-bio"};

bool
form_factor_from_text(const char *text, uint8_t *ret_number)
{
	unsigned number = 0;

	for (size_t i = 1; i < ARRAY_SIZE(form_factors); i++)
		if (strcmp(text, form_factors[i]) == 0) {
			*ret_number = (uint8_t)i;
			return true;
		}
	if (text[0] == '\0' || strlen(text) > 3 || strspn(text, "0123456789") != strlen(text))
		return false;
	for (const char *digit = text; *digit != '\0'; digit++)
		number = 10 * number + (unsigned)(*digit - '0');
	if (number == 0 || number > UINT8_MAX)
		return false;
	*ret_number = (uint8_t)number;
	return true;
}

static void
form_factor_text(uint8_t number, char ret_text[24])
{
	if (number > 0 && number < ARRAY_SIZE(form_factors))
		snprintf(ret_text, 24, "%s", form_factors[number]);
	else
		snprintf(ret_text, 24, "%u", number);
}

void
show_waiver(const struct charter *charter, const struct digest *token, struct buf *ret_text)
{
	static const char *const loud[] = {"OLD FIRMWARE", "OTHER FORM FACTOR", "NO TOUCH",
	    "NO ATTESTATION"};
	const struct charter_waiver *waiver = charter_waiver(charter, token);
	const char *comma = "";

	if (waiver == NULL)
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(loud); i++) {
		if ((waiver->waives & (1u << i)) == 0)
			continue;
		buf_format(ret_text, "%s%s", comma, loud[i]);
		comma = ", ";
	}
	buf_format(ret_text, " waived: %s", QUOTED(waiver->reason));
}

void
show_admission(const struct chain *chain, const char *seat, const struct digest *token,
    struct buf *ret_text)
{
	const struct chain_document *document =
	    chain != NULL ? chain_admission(chain, seat, token) : NULL;
	char time[TEXT_TIME_SIZE];

	if (document == NULL)
		return;
	text_time(document->created, time);
	buf_format(ret_text, "since %s %u of %s, signed by %s", statement_names[document->type],
	    document->version, time, document->by);
}

static void
show_suspended(const struct ui *ui, const struct chain *chain, const struct digest *token)
{
	const struct suspension *row =
	    chain != NULL ? suspensions_find(&chain->suspensions, token) : NULL;
	BUF text = {0};

	if (row == NULL)
		return;
	suspension_text(row, &text);
	ui_say(ui, "  %-12s   SUSPENDED: %s", "", buf_string(&text));
}

/* CHAIN may be NULL: nobody is admitted yet. */
static void
show_seat(const struct ui *ui, const struct chain *chain, const struct seat *seat)
{
	char roles[SHOW_ROLES_SIZE], token[160];

	show_roles(seat->roles, roles);
	ui_say(ui, "  %-12s %s (%s)", seat->name, QUOTED(seat->person), roles);
	for (size_t i = 0; i < seat->token_count; i++) {
		BUF since = {0};

		token_text(&seat->tokens[i], token);
		ui_say(ui, "  %-12s   token %s", "", token);
		show_suspended(ui, chain, &seat->tokens[i].id);
		show_admission(chain, seat->name, &seat->tokens[i].id, &since);
		if (since.size > 0)
			ui_say(ui, "  %-12s   %s", "", buf_string(&since));
	}
}

void
show_enrolment(const struct ui *ui, const struct seat *seat, const struct digest *digest)
{
	char words[TEXT_WORDS_SIZE];

	text_words(view_of(digest->bytes, WORD_BYTES), words);
	ui_say(ui, "Enrolment of %s (%s): %s", seat->name, QUOTED(seat->person), words);
}

enum { LIMITS_SIZE = 3 * TEXT_DURATION_SIZE + 60 };

static void
limits_text(const struct policy *policy, char ret_text[LIMITS_SIZE])
{
	char duration[TEXT_DURATION_SIZE], ttl[TEXT_DURATION_SIZE], age[TEXT_DURATION_SIZE];

	text_duration(policy->max_duration, duration);
	text_duration(policy->request_ttl, ttl);
	text_duration(policy->max_age, age);
	snprintf(ret_text, LIMITS_SIZE, "for at most %s; a request waits %s; replaced after %s",
	    duration, ttl, age);
}

static void
show_policy(const struct ui *ui, const struct policy *policy)
{
	char limits[LIMITS_SIZE];

	limits_text(policy, limits);
	ui_say(ui, "  %-12s %s", policy->name, policy->quorum_text);
	ui_say(ui, "  %-12s   %s", "", limits);
}

static void
show_one_waiver(const struct ui *ui, char sign, const struct charter *charter,
    const struct charter_waiver *waiver)
{
	const struct seat_token *token = NULL;
	const struct seat *seat =
	    seat_by_token(charter->seats, charter->seat_count, &waiver->token, &token);
	BUF text = {0};

	show_waiver(charter, &waiver->token, &text);
	if (seat != NULL)
		ui_say(ui, "%c %c WAIVER for %s's token %s: %s", ' ', sign, seat->name,
		    QUOTED(token->label), buf_string(&text));
}

static void
show_attestation(const struct ui *ui, const struct charter *charter)
{
	char firmware[FIRMWARE_TEXT_SIZE], hex[2 * DIGEST_SIZE + 1];

	firmware_text(charter->min_firmware, firmware);
	ui_say(ui, "Tokens: firmware %s or newer, attested by", firmware);
	for (size_t i = 0; i < charter->root_count; i++) {
		text_hex(VIEW_OF(charter->roots[i].bytes), hex);
		ui_say(ui, "  root %s%s", hex,
		    digest_equal(&charter->roots[i], &attest_simulated_root) ?
		        " (simulated tokens)" :
		        "");
	}
	for (size_t i = 0; i < charter->form_factor_count; i++) {
		char name[24];

		form_factor_text(charter->form_factors[i], name);
		ui_say(ui, "  form factor %s", name);
	}
	for (size_t i = 0; i < charter->waiver_count; i++)
		show_one_waiver(ui, ' ', charter, &charter->waivers[i]);
}

static void
say_copy(void *context, const char *label, const char *text)
{
	const struct ui *ui = context;

	if (label[0] != '\0')
		ui_say(ui, "%s: %s", label, text);
	else
		ui_say(ui, "  %-12s %s", "", text);
}

/* The path in it is whatever somebody typed. */
static void
show_copy(const struct ui *ui, const char *label, const char *copy)
{
	struct ui own = *ui;
	BUF text = {0};

	if (strcmp(copy, "none") == 0) {
		say_copy(&own, label, copy);
		return;
	}
	text_quote_whole(copy, &text);
	show_whole(label, buf_string(&text), say_copy, &own);
}

void
show_charter(const struct ui *ui, const struct chain *chain, const struct charter *charter)
{
	char time[TEXT_TIME_SIZE];

	text_time(charter->created, time);
	ui_say(ui, "Charter %u of %s%s, drawn up %s", charter->version, charter->name,
	    charter->training ? " (TRAINING)" : "", time);
	ui_say(ui, "Seats:");
	for (size_t i = 0; i < charter->seat_count; i++)
		show_seat(ui, chain, &charter->seats[i]);
	ui_say(ui, "Policies:");
	for (size_t i = 0; i < charter->policy_count; i++)
		show_policy(ui, &charter->policies[i]);
	ui_say(ui, "This charter can be changed by: %s", charter->change_text);
	show_attestation(ui, charter);
	show_copy(ui, "Copies of sealed versions", charter->copy);
}

/* One line for each seat and token that only AFTER (SIGN '+') or only BEFORE ('-') has. */
static void
show_only_in(const struct ui *ui, char sign, const struct seat *a, size_t a_count,
    const struct seat *b, size_t b_count)
{
	char roles[SHOW_ROLES_SIZE], text[160];

	for (size_t i = 0; i < a_count; i++) {
		const struct seat *other = seat_by_name(b, b_count, a[i].name);
		const struct seat_token *token;

		if (other == NULL || other->roles != a[i].roles ||
		    strcmp(other->person, a[i].person) != 0) {
			show_roles(a[i].roles, roles);
			ui_say(ui, "  %c seat %s: %s (%s)", sign, a[i].name, QUOTED(a[i].person),
			    roles);
		}
		for (size_t t = 0; t < a[i].token_count; t++) {
			token_text(&a[i].tokens[t], text);
			if (seat_by_token(b, b_count, &a[i].tokens[t].id, &token) == NULL)
				ui_say(ui, "  %c token of %s: %s", sign, a[i].name, text);
		}
	}
}

void
show_seat_changes(const struct ui *ui, const struct seat *before, size_t before_count,
    const struct seat *after, size_t after_count)
{
	show_only_in(ui, '-', before, before_count, after, after_count);
	show_only_in(ui, '+', after, after_count, before, before_count);
}

static void
show_policy_line(const struct ui *ui, char sign, const struct policy *policy)
{
	char limits[LIMITS_SIZE];

	limits_text(policy, limits);
	ui_say(ui, "  %c policy %s: %s; %s", sign, policy->name, policy->quorum_text, limits);
}

/* Whose signatures a change of POLICY takes, beside those of the quorums that change the charter. */
static void
show_policy_signers(const struct ui *ui, const struct charter *before, const struct policy *policy,
    const struct suspensions *suspended)
{
	BUF able = {0};

	if (reach_signers(before, suspended, &policy->quorum)) {
		ui_say(ui, "  ! the present quorum of the policy %s must sign this too: %s",
		    policy->name, policy->quorum_text);
		return;
	}
	for (size_t i = 0; i < policy->quorum.seat_count; i++)
		if (reach_signer(before, suspended, policy->quorum.seats[i]))
			buf_format(&able, "%s%s", able.size > 0 ? ", " : "",
			    policy->quorum.seats[i]);
	ui_say(ui,
	    "  ! THE PRESENT QUORUM OF THE POLICY %s CANNOT BE MET, tokens of it are suspended: %s",
	    policy->name, policy->quorum_text);
	if (able.size > 0)
		ui_say(ui, "  !   everybody of it must sign who can: %s", buf_string(&able));
	else
		ui_say(ui,
		    "  !   nobody of it can sign: whoever may change the charter decides alone");
}

/* Each before and after. */
static void
show_policy_changes(const struct ui *ui, const struct charter *before, const struct charter *after,
    const struct suspensions *suspended)
{
	for (size_t i = 0; i < before->policy_count; i++) {
		const struct policy *policy = &before->policies[i];
		const struct policy *now = charter_policy(after, policy->name);

		if (!charter_changes_policy(after, policy))
			continue;
		show_policy_line(ui, '-', policy);
		if (now != NULL)
			show_policy_line(ui, '+', now);
		show_policy_signers(ui, before, policy, suspended);
	}
	for (size_t i = 0; i < after->policy_count; i++)
		if (charter_policy(before, after->policies[i].name) == NULL)
			show_policy_line(ui, '+', &after->policies[i]);
}

static bool
has_waiver(const struct charter *charter, const struct charter_waiver *waiver)
{
	const struct charter_waiver *other = charter_waiver(charter, &waiver->token);

	return other != NULL && other->waives == waiver->waives &&
	    strcmp(other->reason, waiver->reason) == 0;
}

static void
show_waivers_only_in(const struct ui *ui, char sign, const struct charter *a,
    const struct charter *b)
{
	for (size_t i = 0; i < a->waiver_count; i++)
		if (!has_waiver(b, &a->waivers[i]))
			show_one_waiver(ui, sign, a, &a->waivers[i]);
}

void
show_restored(const struct suspension *row, struct buf *ret_text)
{
	buf_format(ret_text, "%s's token %s, ", row->holder, QUOTED(row->bound.label));
	suspension_text(row, ret_text);
}

static void
show_all_restored(const struct ui *ui, const struct charter *after,
    const struct suspensions *suspended)
{
	for (size_t i = 0; i < after->restored_count; i++) {
		const struct suspension *row =
		    suspensions_by_digest(suspended, &after->restored[i]);
		BUF text = {0};

		if (row == NULL)
			continue;
		show_restored(row, &text);
		ui_say(ui, "  ! restores %s", buf_string(&text));
	}
}

static const char *
without_seat(const struct charter *charter, const struct quorum *quorum)
{
	for (size_t i = 0; i < quorum->seat_count; i++)
		if (seat_by_name(charter->seats, charter->seat_count, quorum->seats[i]) == NULL)
			return quorum->seats[i];
	return NULL;
}

/* Who can do less than before. */
static void
show_losses(const struct ui *ui, const struct charter *before, const struct charter *after)
{
	for (size_t i = 0; i < before->seat_count; i++) {
		const struct seat *seat = &before->seats[i];
		const struct seat *now = seat_by_name(after->seats, after->seat_count, seat->name);
		unsigned lost = seat->roles & ~(now != NULL ? now->roles : 0);
		char roles[SHOW_ROLES_SIZE];

		show_roles(lost, roles);
		if (lost != 0)
			ui_say(ui, "  ! %s is no %s any more", seat->name, roles);
	}
	for (size_t i = 0; i < before->policy_count; i++) {
		const struct policy *policy = &before->policies[i];

		if (charter_policy(after, policy->name) == NULL)
			ui_say(ui, "  ! secrets under the policy %s cannot be requested any more",
			    policy->name);
		else if (without_seat(after, &policy->quorum) != NULL)
			ui_say(ui,
			    "  ! secrets under the policy %s stay sealed to %s too until they are "
			    "resealed",
			    policy->name, without_seat(after, &policy->quorum));
	}
}

static void
show_accepted(const struct ui *ui, const struct charter *before, const struct charter *after)
{
	char was[FIRMWARE_TEXT_SIZE], now[FIRMWARE_TEXT_SIZE];

	firmware_text(before->min_firmware, was);
	firmware_text(after->min_firmware, now);
	if (strcmp(was, now) != 0)
		ui_say(ui, "  ! tokens are accepted from firmware %s on; it was %s", now, was);
	if (before->root_count != after->root_count ||
	    memcmp(before->roots, after->roots, sizeof(before->roots)) != 0)
		ui_say(ui, "  ! which roots attest tokens: %zu, listed above; it was %zu",
		    after->root_count, before->root_count);
	if (before->form_factor_count != after->form_factor_count ||
	    memcmp(before->form_factors, after->form_factors, sizeof(before->form_factors)) != 0)
		ui_say(ui, "  ! which form factors are accepted: listed above");
}

/* Until the new place is filled the old one is the only one that has what was sealed before. */
static void
show_copy_change(const struct ui *ui, const struct charter *before, const struct charter *after)
{
	if (strcmp(before->copy, after->copy) == 0)
		return;
	show_copy(ui, "  ! where copies go", after->copy);
	show_copy(ui, "  !   and no more to", before->copy);
	if (strcmp(after->copy, "none") == 0)
		ui_say(ui,
		    "  !   from then on sealed versions exist on the vault's host alone: with its disk they are lost");
	else
		ui_say(ui,
		    "  !   it is empty: `halligan copy --repair` fills it, and until then the vault's host alone has what was sealed before");
}

void
show_charter_changes(const struct ui *ui, const struct charter *before, const struct charter *after,
    const struct suspensions *suspended)
{
	ui_say(ui, "What it changes of charter %u:", before->version);
	show_seat_changes(ui, before->seats, before->seat_count, after->seats, after->seat_count);
	show_waivers_only_in(ui, '-', before, after);
	show_waivers_only_in(ui, '+', after, before);
	show_all_restored(ui, after, suspended);
	show_policy_changes(ui, before, after, suspended);
	if (strcmp(before->change_text, after->change_text) != 0)
		ui_say(ui, "  ! the quorum that may change it: %s", after->change_text);
	show_accepted(ui, before, after);
	show_losses(ui, before, after);
	show_copy_change(ui, before, after);
	if (!charter_names_host(before, &after->host_statement, &after->host_log,
	        &after->host_escrow))
		ui_say(ui, "  ! THE HOST'S KEYS: the vault moves to another host, or was restored");
}

void
show_roster(const struct ui *ui, const struct chain *chain)
{
	const struct roster *roster = chain->roster;
	char time[TEXT_TIME_SIZE];

	if (roster->version == 0) {
		ui_say(ui, "No roster yet: nobody but seats of the charter can request.");
		return;
	}
	text_time(roster->created, time);
	ui_say(ui, "Roster %u, drawn up %s", roster->version, time);
	for (size_t i = 0; i < roster->seat_count; i++)
		show_seat(ui, chain, &roster->seats[i]);
}

void
show_fingerprint(const struct ui *ui, const char *what, const struct digest *digest)
{
	char hex[2 * DIGEST_SIZE + 1], words[TEXT_WORDS_SIZE];

	text_hex(VIEW_OF(digest->bytes), hex);
	ui_say(ui, "%s %s", what, hex);
	for (size_t at = 0; at < DIGEST_SIZE; at += WORDS_PER_LINE) {
		text_words(view_of(digest->bytes + at, WORDS_PER_LINE), words);
		ui_say(ui, "  %s", words);
	}
}

struct json *
admissions_json(const struct chain *chain, const struct seat *seats, size_t count)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < count; i++)
		for (size_t t = 0; t < seats[i].token_count; t++) {
			const struct digest *token = &seats[i].tokens[t].id;
			const struct chain_document *document =
			    chain_admission(chain, seats[i].name, token);
			struct json *object = json_new_object();

			if (document != NULL) {
				json_put_text(object, "seat", seats[i].name);
				json_put_hex(object, "token", VIEW_OF(token->bytes));
				json_put_text(object, "document", statement_names[document->type]);
				json_put_int(object, "version", document->version);
				json_put_time(object, "time", document->created);
				json_put_text(object, "signed", document->by);
			}
			json_add(array, object);
		}
	return array;
}
