/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/clock.h"

#include <stdio.h>

#include "base/text_time.h"
#include "ceremony/protocol/clock.h"
#include "ceremony/protocol/message.h"
#include "ceremony/server/opening/erase.h"
#include "ceremony/server/opening/refuse.h"
#include "ceremony/server/vault/alarm.h"
#include "ceremony/server/vault/chain.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/log.h"
#include "vault/store/debt.h"

struct setting {
	struct dsse statement;
	struct clock_word word;
	int64_t newest; /* as the log had it */
	uint64_t voided, shortened;
};

static void
setting_done(struct setting *setting)
{
	dsse_done(&setting->statement);
}

enum err_code
clock_tell(struct session *session, bool *ret_behind, char ret_text[NOTE_TEXT_MAX + 1],
    struct err *err)
{
	char reached[TEXT_TIME_SIZE], says[TEXT_TIME_SIZE];
	int64_t newest, behind;

	TRY(journal_behind(session, &newest, &behind, err));
	text_time(newest, reached);
	text_time(session_now(session), says);
	snprintf(ret_text, NOTE_TEXT_MAX + 1,
	    "it says %s, and the log has reached %s: nothing is requested, approved or released; what was released can be "
	    "opened and ended",
	    says, reached);
	*ret_behind = behind > 0;
	return ERR_OK;
}

enum err_code
serve_clock_look(struct session *session, struct call *call, struct err *err)
{
	int64_t newest, behind;

	TRY(json_in_end(&call->in));
	TRY(journal_behind(session, &newest, &behind, err));
	json_put_time(call->reply, "host", session_now(session));
	json_put_time(call->reply, "newest", newest);
	json_put_int(call->reply, "behind", behind);
	return ERR_OK;
}

static enum err_code
check_signed(struct session *session, const struct setting *setting, struct err *err)
{
	const struct clock_word *word = &setting->word;
	const struct seat *seat = chain_seat(&session->chain, word->seat);

	if (!digest_equal(&word->vault, &session->chain.vault))
		return err_set(err, ERR_REFUSED, "vault: it is for another vault");
	if (seat != NULL && (seat->roles & ROLE_OFFICER) == 0)
		return err_set(err, ERR_REFUSED, "seat \"%s\" is no officer", word->seat);
	return alarm_of_signature(session, &setting->statement, word->seat, &word->token, err);
}

/* It is about this very moment, and the log as it is now. */
static enum err_code
check_times(struct session *session, struct setting *setting, struct err *err)
{
	const struct clock_word *word = &setting->word;
	int64_t behind, now = session_now(session);

	TRY(journal_behind(session, &setting->newest, &behind, err));
	if (behind == 0)
		return err_set(err, ERR_REFUSED,
		    "the vault host's clock does not stand behind the log (any more): there is nothing to say");
	if (word->newest != setting->newest)
		return err_set(err, ERR_EXPIRED,
		    "newest: the log has gone on meanwhile; run the command again");
	if (word->host > now + CLOCK_BACK_MAX || word->host < now - CLOCK_BACK_MAX)
		return err_set(err, ERR_EXPIRED,
		    "host: it was not signed just now; run the command again");
	return clock_compare("the officer's", word->time, word->host, err);
}

static enum err_code
judge(struct session *session, void *context, struct err *err)
{
	struct setting *setting = context;

	if (check_signed(session, setting, err) != ERR_OK ||
	    check_times(session, setting, err) != ERR_OK)
		return err_add(err, "clock");
	TRY(session_check_new(session, &setting->statement, STATEMENT_CLOCK, err));
	return journal_check_seen(session, setting->word.seat, setting->word.size,
	    &setting->word.root, err);
}

/* What the wrong clock put off: what was left to wait by that one is left by this. */
static enum err_code
shorten(struct session *session, struct setting *setting, struct err *err)
{
	DEBT_ROWS *rows = NULL;
	size_t count;
	int64_t now = session_now(session);

	TRY(store_list_debts(session->store, DEBT_UNPAID, &rows, &count, err));
	for (size_t i = 0; i < count; i++) {
		if (rows[i].due <= now)
			continue;
		rows[i].due =
		    rows[i].due > setting->newest ? now + (rows[i].due - setting->newest) : now;
		TRY(store_update_debt(session->store, &rows[i], err));
		setting->shortened++;
	}
	return ERR_OK;
}

static enum err_code
set(struct session *session, struct setting *setting, struct err *err)
{
	LEAF leaf = leaf_new("clock");
	struct digest digest;

	leaf.sets_clock = true;
	TRY(session_keep(session, &setting->statement, STATEMENT_CLOCK, false, &digest, err));
	TRY(shorten(session, setting, err));
	leaf_text(&leaf, "seat", setting->word.seat);
	json_put_time(leaf.json, "newest", setting->newest);
	leaf_int(&leaf, "debts", (int64_t)setting->shortened);
	leaf_statement(&leaf, &digest);
	TRY(journal_add(session, &leaf, err));
	return void_future(session, session_now(session) + CLOCK_BACK_MAX,
	    "the vault host's clock was ahead when it was requested, and an officer said so",
	    &setting->voided, err);
}

enum err_code
serve_clock(struct session *session, struct call *call, struct err *err)
{
	CLEANUP(setting_done) struct setting setting = {0};
	CHANGE change = {0};

	in_statement(&call->in, "clock", &setting.statement);
	TRY(json_in_end(&call->in));
	TRY(clock_parse(&setting.statement, session->chain.charter->training, &setting.word, err));
	TRY(change_begin_judged(session, &change, judge, &setting, err));
	TRY(set(session, &setting, err));
	TRY(change_commit(session, &change, err));
	TRY(erase_ended(session, err));
	json_put_int(call->reply, "void", (int64_t)setting.voided);
	json_put_int(call->reply, "debts", (int64_t)setting.shortened);
	return ERR_OK;
}
