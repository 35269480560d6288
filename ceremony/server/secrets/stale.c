/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/secrets/stale.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/text_time.h"
#include "ceremony/protocol/verdict.h"
#include "ceremony/server/opening/spare_envelopes.h"
#include "ceremony/server/secrets/seal_version.h"
#include "ceremony/server/vault/chain.h"
#include "vault/store/debt.h"
#include "vault/store/opened.h"

/* --- Who left ----------------------------------------------------------------------------- */

static bool
has_token(const struct charter *charter, const struct digest *token)
{
	const struct seat_token *found;

	return seat_by_token(charter->seats, charter->seat_count, token, &found) != NULL;
}

static const struct chain_leaver *
find_leaver(const struct chain *chain, const struct digest *token)
{
	for (size_t i = 0; i < chain->leaver_count; i++)
		if (digest_equal(&chain->leavers[i].token, token))
			return &chain->leavers[i];
	return NULL;
}

/* --- One version -------------------------------------------------------------------------- */

struct judging {
	struct session *session;
	const struct header *header;
	const struct spare_set *spares;
	const struct policy *policy;
	struct stale *stale;
};

static void say(struct stale *stale, const char *format, ...) FORMAT_LIKE(2, 3);

static void
say(struct stale *stale, const char *format, ...)
{
	size_t used = strlen(stale->why);
	va_list arguments;

	stale->stale = true;
	if (used > 0)
		used += (size_t)snprintf(stale->why + used, sizeof(stale->why) - used, "; ");
	if (used >= sizeof(stale->why))
		return;
	va_start(arguments, format);
	vsnprintf(stale->why + used, sizeof(stale->why) - used, format, arguments);
	va_end(arguments);
}

static void
judge_leavers(struct judging *judging)
{
	for (size_t i = 0; i < judging->header->envelope_count; i++) {
		const struct header_envelope *envelope = &judging->header->envelopes[i];
		const struct chain_leaver *leaver;
		struct stale *stale = judging->stale;

		if (has_token(judging->session->chain.charter, &envelope->token))
			continue;
		leaver = find_leaver(&judging->session->chain, &envelope->token);
		say(stale, "%s's token \"%s\" left and has an envelope", envelope->seat,
		    leaver != NULL ? leaver->label : "?");
		if (leaver != NULL && (stale->left == 0 || leaver->since < stale->left))
			stale->left = leaver->since;
	}
}

/* Tokens that would get an envelope today. */
static void
judge_missing(struct judging *judging)
{
	const struct charter *charter = judging->session->chain.charter;
	const struct quorum *quorum = &judging->policy->quorum;
	const struct spare_row *spare;
	struct err ignored;
	uint32_t index;

	for (size_t i = 0; i < quorum->seat_count; i++) {
		const struct seat *seat =
		    seat_by_name(charter->seats, charter->seat_count, quorum->seats[i]);

		for (size_t j = 0; seat != NULL && j < seat->token_count; j++)
			if (sealing_wants(judging->session, seat, &seat->tokens[j]) &&
			    spares_envelope(judging->header, judging->spares, seat->name,
			        &seat->tokens[j].id, &index, &spare, &ignored) != ERR_OK)
				say(judging->stale, "%s's token \"%s\" has no envelope", seat->name,
				    seat->tokens[j].label);
	}
}

static void
judge_policy(struct judging *judging)
{
	if (strcmp(judging->header->quorum, judging->policy->quorum_text) != 0)
		say(judging->stale, "it is sealed to another quorum than policy %s has",
		    judging->policy->name);
}

/* What is not the same for all of its class. */
static void
judge_version(struct judging *judging, const struct version_row *version)
{
	int64_t age = session_now(judging->session) - version->created;
	char text[TEXT_DURATION_SIZE];

	text_duration(judging->policy->max_age, text);
	if (age > judging->policy->max_age)
		say(judging->stale, "it is older than %s", text);
	if (version->part_exposed)
		say(judging->stale,
		    "shares of it were opened in a refused ceremony, which only rotating it ends");
}

static void
cannot(struct stale *stale, const char *why)
{
	stale->ordered = false;
	stale->can = false;
	if (stale->cannot[0] == '\0')
		plain_text(why, stale->cannot, sizeof(stale->cannot));
}

/* Is there a quorum of seats that still have an envelope?  For nobody's request. */
static enum err_code
judge_quorum(struct judging *judging, struct err *err)
{
	const struct charter *charter = judging->session->chain.charter;
	struct quorum quorum;
	const char *unusable[2 * QUORUM_SEATS];
	BUF text = {0};
	int missing;
	struct verdict_facts facts = {.header = &quorum,
	    .policy = &judging->policy->quorum,
	    .seats = charter->seats,
	    .seat_count = charter->seat_count,
	    .requester = "",
	    .denied = unusable,
	    .now = 0,
	    .deadline = 1,
	    .charter_unchanged = true};

	TRY(quorum_parse(judging->header->quorum, &quorum, err));
	for (size_t i = 0; i < quorum.seat_count; i++)
		if (!spares_seat_usable(judging->session, judging->header, judging->spares,
		        quorum.seats[i]))
			unusable[facts.denied_count++] = quorum.seats[i];
	for (size_t i = 0; i < facts.policy->seat_count; i++)
		if (!spares_seat_usable(judging->session, judging->header, judging->spares,
		        facts.policy->seats[i]))
			unusable[facts.denied_count++] = facts.policy->seats[i];
	if (verdict_of(&facts, &missing, &text) == VERDICT_UNREACHABLE) {
		say(judging->stale, "no quorum can open it any more");
		cannot(judging->stale,
		    "no quorum of today's seats can open it: change it on its target, and "
		    "give the new value to the vault");
	}
	return ERR_OK;
}

static enum err_code
judge_free(struct judging *judging, const struct secret_row *secret, struct err *err)
{
	struct debt_row debt;
	struct id opener;
	bool ordered;
	struct store *store = judging->session->store;
	enum err_code code = store_open_debt(store, &secret->id, &debt, err);

	if (code != ERR_OK && code != ERR_NOT_FOUND)
		return code;
	if (code == ERR_OK && !debt.untried)
		cannot(judging->stale, "it has a rotation debt: paying it seals a new version");
	ordered = code == ERR_OK && debt.untried;
	code = store_get_opened(store, &secret->id, secret->current, &opener, err);
	if (code != ERR_OK && code != ERR_NOT_FOUND)
		return code;
	if (code == ERR_OK)
		cannot(judging->stale, "it was released, and is replaced at the lease's end");
	if (ordered && judging->stale->can) {
		cannot(judging->stale,
		    "an operator ordered its replacement, which is not over: only a request or a rotation that names it opens it");
		judging->stale->ordered = true;
	}
	return ERR_OK;
}

enum err_code
stale_judge_class(struct session *session, const struct class_member *member, bool *ret_stale,
    int64_t *ret_left, int64_t *ret_max_age, struct err *err)
{
	struct stale stale = {.can = true};
	struct judging judging = {.session = session,
	    .header = member->header,
	    .spares = &member->spares,
	    .policy = charter_policy(session->chain.charter, member->definition.policy),
	    .stale = &stale};

	judge_leavers(&judging);
	if (judging.policy == NULL) {
		stale.stale = true;
	} else {
		judge_missing(&judging);
		judge_policy(&judging);
		TRY(judge_quorum(&judging, err));
	}
	*ret_stale = stale.stale;
	*ret_left = stale.left;
	*ret_max_age = judging.policy != NULL ? judging.policy->max_age : 0;
	return ERR_OK;
}

/* --- A version, read for it ----------------------------------------------------------------- */

struct parts {
	struct version_row version;
	struct header *header;
	struct spare_set *spares;
	struct definition definition;
};

static void
parts_done(struct parts *parts)
{
	version_row_done(&parts->version);
	header_freep(&parts->header);
	free(parts->spares);
	definition_done(&parts->definition);
}

/* What the row holds; that it is the vault's is proven. */
static enum err_code
read_header(struct parts *parts, struct digest *ret_hash, struct err *err)
{
	TRY(header_hash(buf_view(&parts->version.header), ret_hash, err));
	if (!digest_equal(ret_hash, &parts->version.header_hash))
		return err_set(err, ERR_INTEGRITY, "the stored header was changed");
	TRY(header_new(&parts->header, err));
	return header_decode(buf_view(&parts->version.header), parts->header, err);
}

static enum err_code
load_spares(struct session *session, struct parts *parts, struct err *err)
{
	parts->spares = calloc(1, sizeof(*parts->spares));
	if (parts->spares == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a version");
	return spares_load(session, parts->header, parts->spares, err);
}

enum err_code
stale_judge(struct session *session, const struct secret_row *secret, struct stale *ret_stale,
    struct err *err)
{
	CLEANUP(parts_done) struct parts parts = {.header = NULL};
	struct judging judging = {.session = session, .stale = ret_stale};
	enum err_code code;

	*ret_stale = (struct stale){.definition = secret->definition, .can = true};
	TRY(store_get_version(session->store, &secret->id, secret->current, &parts.version, err));
	code = read_header(&parts, &ret_stale->header, err);
	if (code == ERR_INTEGRITY || code == ERR_VERSION) {
		say(ret_stale, "what is stored is damaged");
		cannot(ret_stale, err->text);
		return ERR_OK;
	}
	TRY(code);
	TRY(load_spares(session, &parts, err));
	code = chain_definition(session, &secret->definition, &parts.definition, err);
	if (code == ERR_REFUSED) {
		say(ret_stale, "%s", err->text);
		cannot(ret_stale, err->text);
		return ERR_OK;
	}
	TRY(code);
	judging.header = parts.header;
	judging.spares = parts.spares;
	judging.policy = charter_policy(session->chain.charter, parts.definition.policy);
	judge_leavers(&judging);
	judge_missing(&judging);
	judge_policy(&judging);
	judge_version(&judging, &parts.version);
	TRY(judge_quorum(&judging, err));
	return judge_free(&judging, secret, err);
}
