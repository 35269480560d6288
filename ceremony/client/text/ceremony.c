/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets are shown in groups of one quorum and policy, in the order of their first.  Nothing that is
 * opened is left out: where the list is long and a person sits there, it comes page by page.
 */
#include "ceremony/client/text/ceremony.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/text_time.h"
#include "ceremony/client/text/charter.h"
#include "ceremony/client/text/whole.h"
#include "vault/documents/definition_changes.h"

enum { CLOCK_SKEW = 120, ROW_SIZE = 8192 };

/* What a mode is called, and what follows from the quorum, for one secret and for several. */
static const struct {
	const char *title, *then, *then_several;
} modes[MODES] = {
    [MODE_RELEASE] = {"RELEASE",
        "the requester receives it once; then it is replaced on its target",
        "the requester receives them once; then each is replaced on its target"},
    [MODE_RESEAL] = {"SEAL AGAIN",
        "the vault opens it and seals it, unchanged, to the officers of today; nobody is given it",
        "the vault opens them and seals them, unchanged, to the officers of today; nobody is given "
        "them"},
    [MODE_ROTATE] = {"ROTATE",
        "the vault opens it and replaces it on its target; nobody is given it",
        "the vault opens them and replaces each on its target; nobody is given them"},
    [MODE_RECOVER] = {"RECOVER", "the vault opens it again, to finish what is owed",
        "the vault opens them again, to finish what is owed"},
    [MODE_DRILL] = {"DRILL", "the requester receives a worthless value; nothing real is opened",
        "the requester receives worthless values; nothing real is opened"},
};

const char *const mode_done[MODES] = {[MODE_RELEASE] = "released",
    [MODE_RESEAL] = "sealed again",
    [MODE_ROTATE] = "opened to be replaced",
    [MODE_RECOVER] = "opened again",
    [MODE_DRILL] = "released"};

const char *const mode_aim[MODES] = {[MODE_RELEASE] = "to be released",
    [MODE_RESEAL] = "to be sealed again",
    [MODE_ROTATE] = "to be replaced",
    [MODE_RECOVER] = "again, to finish what is owed",
    [MODE_DRILL] = "to be released"};

void
request_words(const struct digest *request, char ret_words[TEXT_WORDS_SIZE])
{
	text_words(view_of(request->bytes, REQUEST_WORDS), ret_words);
}

/* Where rows go: to the person, and as {"label","text"} to ROWS, so that programs see the same. */
struct screen {
	const struct dossier *dossier;
	const struct vault_view *view;
	const struct ui *ui;
	struct json *rows; /* may be NULL */
	int64_t now;
	bool pages;
	size_t shown; /* secrets */
};

static void
keep_row(struct screen *screen, const char *label, const char *text)
{
	if (screen->rows == NULL)
		return;
	struct json *object = json_new_object();
	json_put_text(object, "label", label);
	json_put_text(object, "text", text);
	json_add(screen->rows, object);
}

static void row(struct screen *screen, const char *label, const char *format, ...)
    FORMAT_LIKE(3, 4);

static void
row(struct screen *screen, const char *label, const char *format, ...)
{
	char text[ROW_SIZE];
	va_list arguments;

	va_start(arguments, format);
	if (vsnprintf(text, sizeof(text), format, arguments) < 0)
		text[0] = '\0';
	va_end(arguments);
	ui_say(screen->ui, "  %-10s %s", label, text);
	keep_row(screen, label, text);
}

/* A row of nothing but words of others, which programs need no quotation marks to tell apart. */
static void
row_theirs(struct screen *screen, const char *label, const char *whose, const char *text)
{
	ui_say(screen->ui, "  %-10s %s%s", label, whose, QUOTED(text));
	keep_row(screen, label, text);
}

/* ---- who ---- */

static void
show_waivers(struct screen *screen, const char *seat, const struct seat_token *token)
{
	BUF text = {0};

	show_waiver(screen->view->chain.charter, &token->id, &text);
	if (text.size > 0)
		row(screen, "WAIVER", "%s's token %s: %s", seat, QUOTED(token->label),
		    buf_string(&text));
}

static void
row_admission(struct screen *screen, const char *seat, const struct digest *token)
{
	BUF text = {0};

	show_admission(&screen->view->chain, seat, token, &text);
	if (text.size > 0)
		row(screen, "admitted", "%s", buf_string(&text));
}

static void
show_token(struct screen *screen, const char *label, const struct seat_token *token)
{
	const char *seat = screen->dossier->transcript->request.seat;

	row(screen, label, "%s, serial %u", QUOTED(token->label), token->serial);
	row_admission(screen, seat, &token->id);
	show_waivers(screen, seat, token);
}

static void
show_requester(struct screen *screen)
{
	const struct transcript *transcript = screen->dossier->transcript;
	const struct request *request = &transcript->request;

	row(screen, "who", "%s (seat %s)",
	    transcript->requester != NULL ? QUOTED(transcript->requester->person) :
	                                    "somebody who has left",
	    request->seat);
	row(screen, "from", "%s on %s, as the requester's computer says", QUOTED(request->user),
	    QUOTED(request->host));
	if (transcript->token != NULL)
		show_token(screen, "token", transcript->token);
}

/* Nobody else can open what is released. */
static void
show_recipients(struct screen *screen)
{
	const struct request *request = &screen->dossier->transcript->request;

	for (size_t i = 0; i < request->recipients.count; i++) {
		const struct digest *id = &request->recipients.rows[i].token;
		const struct seat_token *token =
		    chain_listed_token(&screen->view->chain, request->seat, id);
		const char *label = i == 0 ? "receives" : "and";

		if (token == NULL)
			row(screen, label, "a token that is not of %s any more", request->seat);
		else if (digest_equal(id, &request->token))
			row(screen, label, "%s, serial %u", QUOTED(token->label), token->serial);
		else
			show_token(screen, label, token);
	}
}

/* ---- what ---- */

static bool
will_open(const struct dossier_item *item)
{
	return item->exhibit != NULL && item->stale[0] == '\0';
}

static bool
same_group(const struct exhibit *a, const struct exhibit *b)
{
	return a->policy == b->policy && strcmp(a->header->quorum, b->header->quorum) == 0;
}

/* The first item that stands in the group of item POSITION. */
static size_t
group_of(const struct dossier *dossier, size_t position)
{
	const struct exhibit *exhibit = dossier->items[position].exhibit;

	for (size_t i = 0; i < position; i++)
		if (will_open(&dossier->items[i]) && same_group(dossier->items[i].exhibit, exhibit))
			return i;
	return position;
}

/* Before the next secret. */
static enum err_code
turn_page(struct screen *screen, struct err *err)
{
	char line[16], question[100];
	size_t shown = screen->shown++;

	if (!screen->pages || shown == 0 || shown % SCREEN_ITEMS != 0)
		return ERR_OK;
	snprintf(question, sizeof(question), "%zu of %zu are shown; Enter shows more", shown,
	    screen->dossier->count);
	return screen->ui->ask_line(screen->ui->context, question, line, sizeof(line), err);
}

static void
whole(void *context, const char *label, const char *text)
{
	row(context, label, "%s", text);
}

static enum err_code
show_difference(void *context, const char *what, const char *before, const char *after,
    struct err *err)
{
	struct screen *screen = context;

	(void)err;
	row(screen, "changed", "since it was sealed: %s", what);
	show_whole("  before", before != NULL ? before : "-", whole, screen);
	show_whole("  after", after != NULL ? after : "-", whole, screen);
	return ERR_OK;
}

static enum err_code
show_item(struct screen *screen, size_t position, struct err *err)
{
	const struct dossier_item *item = &screen->dossier->items[position];
	const struct item *asked = &screen->dossier->transcript->request.items.rows[position];

	TRY(turn_page(screen, err));
	row(screen, "secret", "%s, version %u", asked->name, asked->version);
	if (!will_open(item)) {
		row(screen, "", "it will not be opened: %s", QUOTED(item->stale));
		return ERR_OK;
	}
	row_theirs(screen, "can do", "", item->exhibit->definition->effect);
	TRY(definition_compare(item->exhibit->sealed, item->exhibit->definition, show_difference,
	    screen, err));
	if (item->part_exposed)
		row(screen, "WARNING",
		    "shares of this version were opened before, in a ceremony that was refused");
	return ERR_OK;
}

static void
show_quorum(struct screen *screen, const struct exhibit *exhibit)
{
	row(screen, "quorum", "%s", exhibit->header->quorum);
	if (exhibit->policy != NULL &&
	    strcmp(exhibit->header->quorum, exhibit->policy->quorum_text) != 0)
		row(screen, "and",
		    "%s (the charter's policy %s; this was sealed under an earlier one)",
		    exhibit->policy->quorum_text, exhibit->policy->name);
}

static enum err_code
show_group(struct screen *screen, size_t first, struct err *err)
{
	const struct dossier *dossier = screen->dossier;
	const struct exhibit *exhibit = dossier->items[first].exhibit;

	if (dossier->count > SCREEN_ITEMS)
		row(screen, "policy", "%s, of the secrets that follow",
		    exhibit->definition->policy);
	for (size_t i = first; i < dossier->count; i++)
		if (will_open(&dossier->items[i]) && group_of(dossier, i) == first)
			TRY(show_item(screen, i, err));
	show_quorum(screen, exhibit);
	return ERR_OK;
}

static enum err_code
show_items(struct screen *screen, struct err *err)
{
	const struct dossier *dossier = screen->dossier;

	for (size_t i = 0; i < dossier->count; i++)
		if (will_open(&dossier->items[i]) && group_of(dossier, i) == i)
			TRY(show_group(screen, i, err));
	for (size_t i = 0; i < dossier->count; i++)
		if (!will_open(&dossier->items[i]))
			TRY(show_item(screen, i, err));
	return ERR_OK;
}

/* ---- when ---- */

static void
show_skew(struct screen *screen, const char *whose, int64_t ahead)
{
	char text[TEXT_DURATION_SIZE];

	if (ahead <= CLOCK_SKEW && ahead >= -CLOCK_SKEW)
		return;
	text_duration(ahead > 0 ? ahead : -ahead, text);
	row(screen, "CLOCK", "%s is %s %s the vault host's", whose, text,
	    ahead > 0 ? "ahead of" : "behind");
}

static void
show_times(struct screen *screen)
{
	const struct request *request = &screen->dossier->transcript->request;
	const struct ceremony *ceremony = &screen->dossier->transcript->ceremony;
	int64_t age = screen->now - request->created, left = ceremony->deadline - screen->now;
	char aged[TEXT_DURATION_SIZE], lasts[TEXT_DURATION_SIZE], duration[TEXT_DURATION_SIZE];

	text_duration(request->duration, duration);
	text_duration(age > 0 ? age : 0, aged);
	text_duration(left > 0 ? left : 0, lasts);
	if (request->duration > 0)
		row(screen, "how long", "%s from the release", duration);
	row(screen, "asked", "%s ago, open for another %s", aged, lasts);
	show_skew(screen, "the requester's clock", request->created - ceremony->created);
	if (screen->now < ceremony->created)
		show_skew(screen, "your clock", screen->now - ceremony->created);
}

/* ---- who else ---- */

static void
show_approval(struct screen *screen, const char *seat)
{
	const struct dossier *dossier = screen->dossier;
	size_t given = 0, total = 0;

	for (size_t i = 0; i < dossier->count; i++) {
		total += will_open(&dossier->items[i]);
		given += will_open(&dossier->items[i]) && dossier_gave(dossier, i, seat);
	}
	if (given == total)
		row(screen, "approved", "%s", seat);
	else
		row(screen, "approved", "%s (signed; shares of %zu of %zu are there)", seat, given,
		    total);
}

static void
show_voices(struct screen *screen)
{
	const struct charter *charter = screen->view->chain.charter;
	const struct transcript *transcript = screen->dossier->transcript;
	BUF missing = {0};

	for (size_t i = 0; i < charter->seat_count; i++)
		if (transcript_approval(transcript, charter->seats[i].name) != NULL)
			show_approval(screen, charter->seats[i].name);
	for (size_t i = 0; i < transcript->voice_count; i++) {
		const struct voice *voice = &transcript->voices[i];
		BUF whose = {0};

		buf_format(&whose, "%s, who says: ", voice->seat);
		if (voice->denies)
			row_theirs(screen, "denied", buf_string(&whose), voice->reason);
	}
	if (dossier_verdict(screen->dossier, screen->view, screen->now, &missing) != VERDICT_MET)
		row(screen, "missing", "%s", buf_string(&missing));
}

static bool
may_approve(const struct dossier *dossier, const char *seat)
{
	for (size_t i = 0; i < dossier->count; i++) {
		const struct exhibit *exhibit = dossier->items[i].exhibit;

		if (exhibit != NULL &&
		    (quorum_seat(&exhibit->quorum, seat) >= 0 ||
		        (exhibit->policy != NULL &&
		            quorum_seat(&exhibit->policy->quorum, seat) >= 0)))
			return true;
	}
	return false;
}

/* Of every seat that may approve: whoever reads this relies on the others' tokens, too. */
static void
show_seat_waivers(struct screen *screen)
{
	const struct charter *charter = screen->view->chain.charter;

	for (size_t i = 0; i < charter->seat_count; i++) {
		const struct seat *seat = &charter->seats[i];

		for (size_t t = 0;
		     may_approve(screen->dossier, seat->name) && t < seat->token_count; t++)
			show_waivers(screen, seat->name, &seat->tokens[t]);
	}
}

/* ---- the whole ---- */

enum err_code
ceremony_show(const struct dossier *dossier, const struct vault_view *view, const struct ui *ui,
    int64_t now, bool pages, struct json *rows, struct err *err)
{
	const struct request *request = &dossier->transcript->request;
	struct screen screen = {dossier, view, ui, rows, now, pages, 0};
	char words[TEXT_WORDS_SIZE];

	request_words(&request->digest, words);
	ui_say(ui, "%sCeremony %.8s, vault %s: %s %zu %s",
	    view->chain.charter->training ? "TRAINING. " : "", dossier->id,
	    view->chain.charter->name, modes[request->mode].title, dossier->count,
	    text_plural(dossier->count, "secret", "secrets"));
	show_requester(&screen);
	show_recipients(&screen);
	row_theirs(&screen, "why", "in the requester's words: ", request->reason);
	if (request->incident[0] != '\0')
		row_theirs(&screen, "incident", "in the requester's words: ", request->incident);
	TRY(show_items(&screen, err));
	show_times(&screen);
	show_voices(&screen);
	show_seat_waivers(&screen);
	row(&screen, "then", "%s",
	    text_plural(dossier->count, modes[request->mode].then,
	        modes[request->mode].then_several));
	ui_say(ui, "%s", "");
	row(&screen, "words", "%s", words);
	return ERR_OK;
}

void
ceremony_tell(const struct dossier *dossier, const struct ui *ui)
{
	const struct request *request = &dossier->transcript->request;
	size_t counts[ITEM_STATES] = {0};

	for (size_t i = 0; i < dossier->count; i++) {
		const struct dossier_item *item = &dossier->items[i];

		counts[item->state]++;
		if (item->state == ITEM_SKIPPED || item->state == ITEM_DAMAGED)
			ui_say(ui, "%s: %s: %s", request->items.rows[i].name,
			    item->state == ITEM_SKIPPED ? "left as it is" : "DAMAGED",
			    QUOTED(item->note));
	}
	ui_say(ui, "Ceremony %.8s is %s%s%s: %zu of %zu %s %s%s.", dossier->id,
	    ceremony_state_names[dossier->state], dossier->reason[0] != '\0' ? ", " : "",
	    TOLD(dossier->far, dossier->reason), counts[ITEM_DONE], dossier->count,
	    text_plural(dossier->count, "secret", "secrets"), mode_done[request->mode],
	    counts[ITEM_DAMAGED] > 0 ? "; see the damaged ones above" : "");
}
