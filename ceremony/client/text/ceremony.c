/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/text/ceremony.h"

#include <string.h>

#include "base/text_time.h"
#include "ceremony/client/text/charter.h"
#include "ceremony/protocol/statements_host.h"

enum { CLOCK_SKEW = 120 };

void
dossier_words(const struct digest *ceremony, char ret_words[TEXT_WORDS_SIZE])
{
	text_words(view_of(ceremony->bytes, WORD_BYTES), ret_words);
}

static void
show_age(const struct dossier *dossier, const struct ui *ui, int64_t now)
{
	char age[TEXT_DURATION_SIZE], left[TEXT_DURATION_SIZE];
	int64_t since = now - dossier->request.created;

	text_duration(since > 0 ? since : 0, age);
	text_duration(dossier->ceremony.deadline > now ? dossier->ceremony.deadline - now : 0,
	    left);
	if (since < -CLOCK_SKEW)
		ui_say(ui, "  asked      in the future: the requester's clock and yours differ");
	else
		ui_say(ui, "  asked      %s ago, open for another %s", age, left);
}

static void
show_votes(const struct dossier *dossier, const struct ui *ui)
{
	BUF names = {0};
	const char *comma = "";

	for (size_t i = 0; i < dossier->approval_count; i++) {
		const struct dossier_approval *row = &dossier->approvals[i];

		buf_format(&names, "%s%s%s", comma, row->approval.seat,
		    row->complete ? "" : " (signed, shares not yet there)");
		comma = ", ";
	}
	ui_say(ui, "  approved   %s", names.size > 0 ? buf_string(&names) : "nobody yet");
	for (size_t i = 0; i < dossier->denial_count; i++) {
		ui_say(ui, "  denied     %s, who says:", dossier->denials[i].seat);
		ui_quote(ui, dossier->denials[i].reason);
	}
}

static void
say_waiver(const struct vault_view *view, const struct ui *ui, const char *seat,
    const struct seat_token *token)
{
	BUF text = {0};

	show_waiver(view->chain.charter, &token->id, &text);
	if (text.size > 0)
		ui_say(ui, "  WAIVER     %s's token \"%s\": %s", seat, token->label,
		    buf_string(&text));
}

static void
show_requester_waiver(const struct dossier *dossier, const struct vault_view *view,
    const struct ui *ui)
{
	say_waiver(view, ui, dossier->request.seat, dossier->requester_token);
}

/* Of every seat that may approve: whoever reads this relies on the others' tokens, too. */
static void
show_seat_waivers(const struct dossier *dossier, const struct vault_view *view, const struct ui *ui)
{
	for (size_t i = 0; i < view->chain.charter->seat_count; i++) {
		const struct seat *seat = &view->chain.charter->seats[i];

		if (quorum_seat(dossier->quorum, seat->name) < 0)
			continue;
		for (size_t t = 0; t < seat->token_count; t++)
			say_waiver(view, ui, seat->name, &seat->tokens[t]);
	}
}

static void
show_missing(const struct dossier *dossier, const struct vault_view *view, const struct ui *ui,
    int64_t now)
{
	BUF text = {0};
	int missing = 0;

	if (dossier_verdict(dossier, view, now, &missing, &text) != VERDICT_MET)
		ui_say(ui, "  missing    %s", buf_string(&text));
}

/* Nobody else can open what is released. */
static void
show_recipients(const struct dossier *dossier, const struct ui *ui)
{
	for (size_t i = 0; i < dossier->request.recipients.count; i++) {
		const struct seat_token *token = NULL;

		(void)seat_by_token(dossier->requester, 1,
		    &dossier->request.recipients.rows[i].token, &token);
		ui_say(ui, "  %-10s %s, serial %u", i == 0 ? "receives" : "and", token->label,
		    token->serial);
	}
}

/* The requester's own: proven is only who wrote them. */
static void
show_words(const struct request *request, const struct ui *ui)
{
	BUF from = {0};

	buf_format(&from, "%s on %s", request->user, request->host);
	ui_say(ui, "  why        in the requester's words:");
	ui_quote(ui, request->reason);
	ui_say(ui, "  incident   in the requester's words:");
	ui_quote(ui, request->incident);
	ui_say(ui, "  from       as the requester's computer says:");
	ui_quote(ui, buf_string(&from));
}

void
dossier_show(const struct dossier *dossier, const struct vault_view *view, const struct ui *ui,
    int64_t now)
{
	const struct request *request = &dossier->request;
	char duration[TEXT_DURATION_SIZE], words[TEXT_WORDS_SIZE];

	text_duration(request->duration, duration);
	dossier_words(&dossier->ceremony.digest, words);
	ui_say(ui, "%sCeremony %.8s, vault %s", view->chain.charter->training ? "TRAINING. " : "",
	    dossier->id, view->chain.charter->name);
	ui_say(ui, "  secret     %s, version %u", request->items.rows[0].name,
	    request->items.rows[0].version);
	ui_say(ui, "  can do     %s", dossier->definition.effect);
	ui_say(ui, "  who        %s (seat %s)", dossier->requester->person, request->seat);
	ui_say(ui, "  token      %s, serial %u", dossier->requester_token->label,
	    dossier->requester_token->serial);
	show_recipients(dossier, ui);
	show_requester_waiver(dossier, view, ui);
	show_words(request, ui);
	ui_say(ui, "  how long   %s from the release", duration);
	show_age(dossier, ui, now);
	ui_say(ui, "  quorum     %s", dossier->header->quorum);
	if (dossier->policy != NULL &&
	    strcmp(dossier->header->quorum, dossier->policy->quorum_text) != 0)
		ui_say(ui,
		    "  and        %s (the charter's policy; this version was sealed under an "
		    "earlier one)",
		    dossier->policy->quorum_text);
	show_votes(dossier, ui);
	show_seat_waivers(dossier, view, ui);
	show_missing(dossier, view, ui, now);
	if (dossier->part_exposed)
		ui_say(ui,
		    "  WARNING    shares of this version were opened before, in a ceremony that "
		    "was refused");
	ui_say(ui, "%s", "");
	ui_say(ui, "  words      %s", words);
}
