/* SPDX-License-Identifier: Apache-2.0 */
/* Each look fetches the ceremony as a whole and verifies it: what is said of approvals rests on signatures. */
#include "ceremony/client/opening/await.h"

#include <poll.h>

#include "base/text.h"
#include "base/text_time.h"
#include "ceremony/protocol/message.h"

struct awaiting {
	struct client *client;
	const struct vault_view *view;
	struct dossier **dossier;
	size_t told; /* voices */
	bool begun;
};

static const struct ui *
ui_of(const struct awaiting *awaiting)
{
	return client_options(awaiting->client)->ui;
}

static int64_t
now_of(const struct awaiting *awaiting)
{
	return client_options(awaiting->client)->now();
}

static void
tell_voice(const struct awaiting *awaiting, const struct voice *voice)
{
	if (!voice->counts)
		return;
	if (voice->denies)
		ui_say(ui_of(awaiting), "%s denied it, and says: %s", voice->seat,
		    QUOTED(voice->reason));
	else
		ui_say(ui_of(awaiting), "%s approved.", voice->seat);
}

/* What is new, if anything is; RET_MET: nobody is missing. */
static void
tell(struct awaiting *awaiting, bool *ret_met)
{
	const struct dossier *dossier = *awaiting->dossier;
	const struct transcript *transcript = dossier->transcript;
	char left[TEXT_DURATION_SIZE];
	BUF missing = {0};
	bool news = !awaiting->begun || awaiting->told != transcript->voice_count;

	*ret_met =
	    dossier_verdict(dossier, awaiting->view, now_of(awaiting), &missing) == VERDICT_MET;
	/* One that was replaced is told of again. */
	if (awaiting->told > transcript->voice_count)
		awaiting->told = 0;
	for (; awaiting->told < transcript->voice_count; awaiting->told++)
		tell_voice(awaiting, &transcript->voices[awaiting->told]);
	text_duration(transcript->ceremony.deadline - now_of(awaiting), left);
	if (news && !*ret_met)
		ui_say(ui_of(awaiting),
		    "Ceremony %.8s waits: missing %s; %s left. Ctrl-C stops waiting, and nothing else.",
		    dossier->id, buf_string(&missing), left);
	awaiting->begun = true;
}

static enum err_code
fetch_again(struct awaiting *awaiting, struct err *err)
{
	DOSSIER *newer = NULL;

	TRY(dossier_fetch(awaiting->client, awaiting->view, (*awaiting->dossier)->id, &newer, err));
	dossier_free(*awaiting->dossier);
	*awaiting->dossier = TAKE(newer);
	if ((*awaiting->dossier)->state != CEREMONY_COLLECTING)
		return ERR_OK;
	return dossier_fetch_items(awaiting->client, awaiting->view, *awaiting->dossier, err);
}

/* Whoever approved last may be gone before asking for the release. */
static enum err_code
advance(const struct awaiting *awaiting, struct err *err)
{
	struct json *request = op_new("advance");
	REPLY reply = {0};

	json_put_text(request, "id", (*awaiting->dossier)->id);
	return client_ask(awaiting->client, request, "advance", &reply, err);
}

enum err_code
await_quorum(struct client *client, const struct vault_view *view, struct dossier **dossier,
    int pause, struct err *err)
{
	struct awaiting awaiting = {.client = client, .view = view, .dossier = dossier};

	for (;;) {
		enum ceremony_state state = (*dossier)->state;
		bool met = true;

		if (state != CEREMONY_COLLECTING && state != CEREMONY_RELEASING)
			return ERR_OK;
		if (state == CEREMONY_COLLECTING) {
			TRY(dossier_check_open(*dossier, now_of(&awaiting), err));
			TRY(dossier_fetch_items(client, view, *dossier, err));
			tell(&awaiting, &met);
		}
		if (met)
			TRY(advance(&awaiting, err));
		else
			(void)poll(NULL, 0, pause);
		TRY(fetch_again(&awaiting, err));
		if (met && (*dossier)->state == state)
			(void)poll(NULL, 0, pause); /* somebody else is at it */
	}
}
