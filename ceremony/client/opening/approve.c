/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/opening/approve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ceremony/client/hand/unlock.h"
#include "ceremony/client/opening/giving.h"
#include "ceremony/client/text/ceremony.h"
#include "ceremony/protocol/message.h"

static const struct ui *
ui_of(const struct giving *giving)
{
	return client_options(giving->client)->ui;
}

/* ---- what there is to give ---- */

static enum err_code
check_officer(struct giving *giving, struct err *err)
{
	const char *seat = giving->hand.seat->name;

	TRY(transcript_check_seat(giving->dossier->transcript, &giving->view->chain, seat, err));
	TRY(giving_find(giving, err));
	if (giving->left == 0)
		return err_set(err, ERR_EXISTS,
		    "%s has approved this ceremony already, and that counts; `halligan status` says who "
		    "is missing",
		    seat);
	return ERR_OK;
}

/* Leave only what stands in PART; 0 leaves all. */
static enum err_code
take_part(struct giving *giving, int64_t part, struct err *err)
{
	size_t count = giving->dossier->count, parts = (count + APPROVE_PART - 1) / APPROVE_PART;
	size_t from = part > 0 ? (size_t)(part - 1) * APPROVE_PART : 0;
	size_t to = part > 0 ? from + APPROVE_PART : count;

	if (part > (int64_t)parts)
		return err_set(err, ERR_USAGE, "there is no part %lld: it has %zu of up to %d",
		    (long long)part, parts, APPROVE_PART);
	giving->left = 0;
	for (size_t i = 0; i < count; i++) {
		bool now = giving->mine[i].left && i >= from && i < to;

		if (giving->mine[i].left && !now && giving->later++ == 0)
			giving->part = i / APPROVE_PART + 1;
		giving->mine[i].left = now;
		giving->left += now;
	}
	if (giving->left == 0)
		return err_set(err, ERR_EXISTS,
		    "nothing is left to give in part %lld of %zu; choose another", (long long)part,
		    parts);
	return ERR_OK;
}

/* Which of many shall be given now: all of them, or a part. */
static enum err_code
choose_part(struct giving *giving, const struct approve_plan *plan, struct err *err)
{
	const struct client_options *options = client_options(giving->client);
	size_t parts = (giving->dossier->count + APPROVE_PART - 1) / APPROVE_PART;
	char line[16], question[160];
	char *end;
	long part;

	if (plan->part > 0)
		return take_part(giving, plan->part, err);
	if (plan->all || !options->person || giving->left <= APPROVE_PART ||
	    giving->hand.token == NULL || token_touches(giving->hand.token, 1, 2) == 1)
		return ERR_OK;
	snprintf(question, sizeof(question),
	    "All %zu now (%u touches)? Type all, or the number of a part of %d: 1 to %zu",
	    giving->left, token_touches(giving->hand.token, 1, (unsigned)giving->left),
	    APPROVE_PART, parts);
	TRY(options->ui->ask_line(options->ui->context, question, line, sizeof(line), err));
	if (strcmp(line, "all") == 0)
		return ERR_OK;
	part = strtol(line, &end, 10);
	if (end == line || *end != '\0' || part < 1)
		return err_set(err, ERR_USAGE, "%s is neither all nor a part", QUOTED(line));
	return take_part(giving, part, err);
}

static void
say_consequences(const struct giving *giving)
{
	const struct ui *ui = ui_of(giving);
	const struct transcript *transcript = giving->dossier->transcript;
	unsigned touches = token_touches(giving->hand.token, 1, (unsigned)giving->left);

	ui_say(ui, "Ask %s to read their eight words to you, by voice. They must be these.",
	    QUOTED(transcript->requester->person));
	ui_say(ui, "Your approval opens nothing that is not listed above.");
	if (giving->left < giving->total)
		ui_say(ui, "Of %zu secrets that are sealed to this token, %zu %s given now.",
		    giving->total, giving->left, text_plural(giving->left, "is", "are"));
	ui_say(ui, "This needs %u %s of it.%s", touches, text_plural(touches, "touch", "touches"),
	    touches > 1 ?
	        " Ctrl-C stops between two of them, and running it again goes on where it "
	        "stopped." :
	        "");
}

/* How many touches it will cost each officer, by kind of token. */
static void
say_touches(const struct giving *giving)
{
	const struct client_options *options = client_options(giving->client);
	size_t count = giving->dossier->count;
	BUF text = {0};

	if (count == 1)
		return;
	for (size_t i = 0; i < options->driver_count; i++) {
		const struct token_traits *traits = options->drivers[i].ops->traits;

		buf_format(&text, "%s%s %zu", i > 0 ? ", " : "", traits->label,
		    traits->one_touch ? 1 : 1 + count);
	}
	if (count > APPROVE_PART)
		buf_format(&text, "; in parts of %d if wanted", APPROVE_PART);
	ui_say(options->ui, "  %-10s of each officer's token: %s", "touches", buf_string(&text));
}

/* ---- afterwards ---- */

/* What was opened and is not what was sealed is an alarm, however the others fared. */
static enum err_code
check_damage(const struct dossier *dossier, struct err *err)
{
	size_t damaged = 0;

	for (size_t i = 0; i < dossier->count; i++)
		damaged += dossier->items[i].state == ITEM_DAMAGED;
	if (damaged == 0)
		return ERR_OK;
	return err_set(err, ERR_INTEGRITY,
	    "%zu of %zu secrets are damaged: what is stored of them does not open; nobody was given "
	    "them, nothing is owed for them, and 'halligan status' names them",
	    damaged, dossier->count);
}

/* Whoever has given a part alone is among those that the server misses: that is not told, but how to
 * go on. */
static void
say_open(const struct giving *giving, const char *missing)
{
	if (giving->later == 0)
		ui_say(ui_of(giving), "Your approval counts; missing: %s",
		    TOLD(client_is_far(giving->client), missing));
	else
		ui_say(ui_of(giving),
		    "Your approval is signed and counts for %zu of %zu secrets; shares still to "
		    "give: %zu. Go on with: halligan approve %.8s --part %zu",
		    giving->total - giving->later, giving->total, giving->later,
		    giving->dossier->id, giving->part);
}

static enum err_code
say_outcome(const struct giving *giving, const char *state, const char *missing, struct err *err)
{
	const struct ui *ui = ui_of(giving);
	const struct request *request = &giving->dossier->transcript->request;
	DOSSIER *after = NULL;

	if (strcmp(state, ceremony_state_names[CEREMONY_COLLECTING]) == 0) {
		say_open(giving, missing);
		return ERR_OK;
	}
	if (strcmp(state, ceremony_state_names[CEREMONY_RELEASED]) == 0)
		ui_say(ui, "Released to %s. The lease runs; %s replaced at its end.", request->seat,
		    text_plural(request->items.count, "the credential is", "the credentials are"));
	TRY(dossier_fetch(giving->client, giving->view, giving->dossier->id, &after, err));
	ceremony_tell(after, ui);
	return check_damage(after, err);
}

/* Whatever the quorum allows happens now; progress comes as it goes. */
static enum err_code
advance(struct giving *giving, struct err *err)
{
	REPLY reply = {0};

	TRY(client_ask(giving->client, giving_op(giving, "advance"), "advance", &reply, err));
	const char *state = json_in_text(&reply.in, "state", 1, 40);
	(void)json_in_text(&reply.in, "reason", 0, NOTE_TEXT_MAX);
	const char *missing = json_in_text(&reply.in, "missing", 0, QUORUM_TEXT_MAX);
	TRY(json_in_end(&reply.in));
	return say_outcome(giving, state, missing, err);
}

static enum err_code
take_officer(struct giving *giving, struct err *err)
{
	const struct chain *chain = &giving->view->chain;
	const struct hand_want want = {.roles = ROLE_OFFICER,
	    .lists = {{chain->charter->seats, chain->charter->seat_count},
	        {chain->roster->seats, chain->roster->seat_count}},
	    .suspended = &chain->suspensions};
	char name[HAND_NAME_SIZE];

	TRY(hand_take(client_options(giving->client), &want, &giving->hand, err));
	TRY(check_officer(giving, err));
	hand_name(&giving->hand, name);
	ui_say(ui_of(giving), "You act as %s.", name);
	return ERR_OK;
}

static struct dossier_wanted
wanted_of(const struct approve_plan *plan)
{
	return (struct dossier_wanted){.id = plan->id, .states = 1u << CEREMONY_COLLECTING};
}

void
approve_foresee(struct client *client, const void *plan)
{
	const struct dossier_wanted wanted = wanted_of(plan);

	dossier_foresee(client, &wanted);
}

/* Whatever became of it since the quorum was met. */
enum {
	ENOUGH = 1u << CEREMONY_RELEASING | 1u << CEREMONY_RELEASED | 1u << CEREMONY_ROTATING |
	    1u << CEREMONY_DEGRADED | 1u << CEREMONY_CLOSED
};

enum err_code
approve_run(struct client *client, const struct approve_plan *plan, struct err *err)
{
	const struct client_options *options = client_options(client);
	const struct dossier_wanted wanted = wanted_of(plan);
	GIVING giving = {.client = client};

	TRY(dossier_take(client, &wanted, &giving.view, &giving.dossier, err));
	TRY(dossier_check_open(giving.dossier, options->now(), err));
	TRY(dossier_fetch_items(client, giving.view, giving.dossier, err));
	TRY(ceremony_show(giving.dossier, giving.view, options->ui, options->now(),
	    options->person && !plan->all, NULL, err));
	say_touches(&giving);
	TRY(take_officer(&giving, err));
	TRY(choose_part(&giving, plan, err));
	say_consequences(&giving);
	TRY(ui_demand(options->ui, "Approve? Type yes", "yes", err));
	TRY(hand_unlock(&giving.hand, 1, (unsigned)giving.left, err));
	TRY(dossier_check_open(giving.dossier, options->now(), err));
	if (giving_approve(&giving, err) == ERR_OK && giving_give(&giving, err) == ERR_OK)
		return advance(&giving, err);
	return dossier_forgive(client, giving.dossier->id, ENOUGH,
	    "Others approved at the same time, and they were enough: yours is not needed any more.",
	    err);
}
