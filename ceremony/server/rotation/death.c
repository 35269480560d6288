/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What remains when the new value works and is current: the old one is taken away, and is dead when the target itself
 * refuses it, by the grade that the definition announced.  Nothing is taken away before the value that works was seen to
 * work once more by the same process.
 */
#include "ceremony/server/rotation/death.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ceremony/protocol/states.h"
#include "ceremony/server/opening/refuse.h"
#include "ceremony/server/rotation/ended.h"
#include "ceremony/server/rotation/target.h"
#include "ceremony/server/vault/change.h"

#define SAID(payment) target_detail(payment)[0] != '\0' ? ": " : "", target_detail(payment)

/* The new value is current from now on. */
static enum err_code
make_current(struct payment *payment, struct secret_row *ret_secret, struct err *err)
{
	struct session *session = payment->session;
	const struct debt_row *debt = &payment->debt;

	TRY(store_get_secret(session->store, &debt->secret, ret_secret, err));
	TRY(store_set_version_state(session->store, &debt->secret, debt->old, VERSION_PREVIOUS,
	    err));
	TRY(store_set_version_state(session->store, &debt->secret, debt->pending, VERSION_CURRENT,
	    err));
	ret_secret->current = debt->pending;
	TRY(store_update_secret(session->store, ret_secret, err));
	return void_secret(session, &debt->secret, NULL, "the secret was rotated", err);
}

/* Its grace time runs from now on. */
static void
begin_grace(const struct payment *payment, struct debt_row *debt)
{
	uint32_t grace = payment->definition.announced.grace;

	debt->note[0] = '\0';
	debt->tries = 0;
	debt->due = session_now(payment->session) + grace;
	if (grace > 0)
		session_progress(payment->session,
		    "%s: the target may take version %u for another %u s; its death is watched",
		    payment->secret.name, debt->old, grace);
}

/* Until something must be asked again all is one transaction, with a leaf for each step. */
enum err_code
rotate_commit(struct payment *payment, struct err *err)
{
	bool replaced = payment_style(payment) == STYLE_REPLACE;
	enum debt_event last = replaced ? DEBT_WATCHES_DEATH : DEBT_WITHDRAWS;
	CHANGE change = {0};
	LEAF leaf = leaf_new(debt_event_leaves[last]);
	struct secret_row secret;
	struct debt_row debt = payment->debt;

	TRY(change_begin(payment->session, &change, err));
	TRY(make_current(payment, &secret, err));
	debt.note[0] = '\0';
	debt.rejected = 0;
	debt.tries = 0; /* what fails from now on waits no longer than after a first try */
	if (debt.state != DEBT_VERIFIED)
		TRY(payment_log(payment, DEBT_VERIFIES, payment->new_works ? BY_TARGET : BY_ROTATOR,
		    &debt, err));
	TRY(payment_log(payment, DEBT_COMMITS, BY_HOST, &debt, err));
	TRY(payment_next(payment, last, BY_HOST, &debt, err));
	if (replaced)
		begin_grace(payment, &debt);
	TRY(payment_commit(payment, &change, &debt, &leaf, err));
	payment->secret = secret;
	payment->tells = 0;
	if (debt.untried) /* nothing but a second look shows that it stays so */
		payment->seen_works = false;
	session_progress(payment->session,
	    "%s: the target accepts version %u, which is current now", secret.name, secret.current);
	return ERR_OK;
}

/* The old value was taken away and its sessions are ended. */
static enum err_code
watch(struct payment *payment, const struct debt_row *taken, struct err *err)
{
	struct debt_row debt = *taken;

	TRY(payment_next(payment, DEBT_WATCHES_DEATH, BY_ROTATOR, &debt, err));
	begin_grace(payment, &debt);
	return payment_write(payment, DEBT_WATCHES_DEATH, &debt, err);
}

/* Is there none of this secret that began later? */
static enum err_code
is_newest(struct payment *payment, bool *ret_newest, struct err *err)
{
	struct debt_row last;

	TRY(store_last_debt(payment->session->store, &payment->debt.secret, &last, err));
	*ret_newest = memcmp(&last.id, &payment->debt.id, sizeof(last.id)) == 0;
	return ERR_OK;
}

enum err_code
rotate_lose(struct payment *payment, struct err *err)
{
	struct session *session = payment->session;
	CHANGE change = {0};
	LEAF leaf = leaf_new(debt_event_leaves[DEBT_LOSES]);
	struct secret_row secret;
	struct debt_row debt = payment->debt;
	bool newest;

	TRY(change_begin(session, &change, err));
	TRY(is_newest(payment, &newest, err));
	if (!newest) /* a ceremony opens that value meanwhile */
		return ERR_OK;
	TRY(payment_next(payment, DEBT_LOSES, BY_TARGET, &debt, err));
	TRY(store_get_secret(session->store, &debt.secret, &secret, err));
	TRY(store_set_version_state(session->store, &debt.secret, debt.pending, VERSION_REJECTED,
	    err));
	TRY(store_set_version_state(session->store, &debt.secret, debt.old, VERSION_CURRENT, err));
	secret.current = debt.old;
	TRY(store_update_secret(session->store, &secret, err));
	TRY(void_secret(session, &debt.secret, NULL, "the target lost its value", err));
	snprintf(debt.note, sizeof(debt.note),
	    "the target made version %u and lost it; another is made", debt.pending);
	debt.pending = 0;
	TRY(payment_commit(payment, &change, &debt, &leaf, err));
	session_progress(session, "%s: %s", secret.name, QUOTED(debt.note));
	payment->secret = secret;
	payment->works = 0;
	rotator_freep(&payment->rotator);
	return ERR_OK;
}

/* It says no to both: a person, or the next ceremony, brings a value that works. */
static enum err_code
stop_shut(struct payment *payment, uint32_t works, struct err *err)
{
	return payment_stop(payment, ERR_TARGET, err,
	    "the target accepts neither version %u, which is current, nor version %u; repair the "
	    "account so that the current one works, or open %s in a ceremony: the rotation that "
	    "follows makes another",
	    works, payment->debt.old, payment->secret.name);
}

/* The new value was seen to work, and is not accepted any more, while the old one is: somebody took it away, or put back
 * what was there before.  Where the target is given its values it is given this one again; where it makes them, it makes
 * another.  A newer debt does that for its own.  RET_MOVED: the run goes on. */
static enum err_code
have_again(struct payment *payment, bool *ret_works, bool *ret_moved, struct err *err)
{
	enum probe_result result;
	enum change_result ignored;
	struct err cause;

	if (payment->works != 0 || payment->tells >= PAYMENT_TELLS)
		return ERR_OK;
	if (target_probe(payment, ROTATOR_CURRENT, &result, &cause) != ERR_OK)
		return payment_stop(payment, cause.code, err, "%.400s", cause.text);
	if (result == PROBE_UNREACHABLE)
		return ERR_OK;
	if (result != PROBE_ACCEPTED)
		return stop_shut(payment, payment->debt.pending, err);
	*ret_moved = payment_style(payment) != STYLE_ISSUE;
	if (*ret_moved)
		return target_tell(payment, ROTATOR_ADD, &ignored, &cause) == ERR_OK ?
		    ERR_OK :
		    payment_stop(payment, cause.code, err, "%.400s", cause.text);
	/* Given up only where the target, which takes the old one, refuses it: the no before may have been for a moment. */
	if (target_probe(payment, ROTATOR_NEXT, &result, &cause) != ERR_OK)
		return payment_stop(payment, cause.code, err, "%.400s", cause.text);
	*ret_works = payment->seen_works = result == PROBE_ACCEPTED;
	if (result == PROBE_REFUSED)
		TRY(rotate_lose(payment, err));
	*ret_moved = payment->debt.state != DEBT_WITHDRAWING;
	return ERR_OK;
}

/* RET_WORKS false: the run stopped, or the target was told again. */
static enum err_code
probe_works(struct payment *payment, bool *ret_works, struct err *err)
{
	enum probe_result result;
	struct err cause;
	bool moved = false;

	*ret_works = false;
	if (target_probe(payment, ROTATOR_NEXT, &result, &cause) != ERR_OK)
		return payment_stop(payment, cause.code, err, "%.400s", cause.text);
	*ret_works = payment->seen_works = result == PROBE_ACCEPTED;
	if (result != PROBE_ACCEPTED && result != PROBE_UNREACHABLE)
		TRY(have_again(payment, ret_works, &moved, err));
	if (*ret_works || moved || payment->stopped)
		return ERR_OK;
	return payment_stop(payment, ERR_TARGET_UNKNOWN, err,
	    "version %u is not taken away: the target was not seen to accept the new value just "
	    "now%s%.250s",
	    payment->debt.old, SAID(payment));
}

/* RET_GONE: told, or refused already; or it cannot be taken away, as was announced. */
static enum err_code
withdraw(struct payment *payment, bool *ret_gone, struct err *err)
{
	bool stays = payment->definition.announced.death == DEATH_NONE;
	enum change_result result;
	enum probe_result probe;
	struct err cause;

	*ret_gone = false;
	if (target_tell(payment, ROTATOR_WITHDRAW, &result, &cause) != ERR_OK)
		return payment_stop(payment, cause.code, err, "%.400s", cause.text);
	*ret_gone = result == CHANGE_DONE || (stays && result == CHANGE_UNCHANGED);
	if (*ret_gone)
		return ERR_OK;
	char said[ROTATOR_DETAIL_MAX + 1];

	snprintf(said, sizeof(said), "%s", target_detail(payment));
	if (target_probe(payment, ROTATOR_CURRENT, &probe, &cause) != ERR_OK)
		return payment_stop(payment, cause.code, err, "%.400s", cause.text);
	*ret_gone = probe == PROBE_REFUSED;
	if (*ret_gone)
		return ERR_OK;
	return payment_stop(payment, ERR_TARGET, err, "version %u could not be taken away%s%.300s",
	    payment->debt.old, said[0] != '\0' ? ": " : "", said);
}

/* What an attempt made that was cut off, or answered late, and that nobody has. */
static enum err_code
withdraw_orphans(struct payment *payment, struct err *err)
{
	enum change_result result;
	struct err cause;

	if (payment_style(payment) != STYLE_ISSUE)
		return ERR_OK;
	if (target_tell(payment, ROTATOR_WITHDRAW_ORPHANS, &result, &cause) != ERR_OK)
		return payment_stop(payment, cause.code, err, "%.400s", cause.text);
	return result == CHANGE_DONE ?
	    ERR_OK :
	    payment_stop(payment, ERR_TARGET, err,
	        "values that the target made and nobody has could not be taken away%s%.300s",
	        SAID(payment));
}

/* Where old values work for a while, one that was withdrawn before it was found to be the one that works (place.c) is
 * accepted, and dies with its time: it is given again. */
static enum err_code
give_again(struct payment *payment, struct err *err)
{
	enum change_result result;
	struct err cause;

	if (payment_style(payment) != STYLE_OVERLAP || payment->definition.announced.grace == 0 ||
	    payment->works != 0)
		return ERR_OK;
	if (target_tell(payment, ROTATOR_ADD, &result, &cause) != ERR_OK)
		return payment_stop(payment, cause.code, err, "%.400s", cause.text);
	if (result == CHANGE_DONE)
		return ERR_OK;
	return payment_stop(payment, ERR_TARGET, err,
	    "version %u is not taken away: the target did not take the new value once more%s%.250s",
	    payment->debt.old, SAID(payment));
}

enum err_code
rotate_withdraw(struct payment *payment, struct err *err)
{
	struct debt_row debt = payment->debt;
	struct err cause;
	bool goes_on;

	TRY(give_again(payment, err));
	if (payment->stopped)
		return ERR_OK;
	TRY(probe_works(payment, &goes_on, err));
	if (goes_on)
		TRY(withdraw(payment, &goes_on, err));
	if (goes_on)
		TRY(withdraw_orphans(payment, err));
	if (payment->stopped || !goes_on)
		return ERR_OK;
	if (target_expel(payment, &debt.sessions, &cause) != ERR_OK)
		return payment_stop(payment, cause.code, err, "%.400s", cause.text);
	return watch(payment, &debt, err);
}

/* --- Dead --------------------------------------------------------------------------------- */

/* After a grace time it is told once more, and has that time again; then a person must look. */
static enum err_code
take_away_again(struct payment *payment, uint32_t version, struct err *err)
{
	bool replaces = payment_style(payment) == STYLE_REPLACE;
	struct debt_row debt = payment->debt;
	enum change_result ignored;
	struct err cause;

	if (debt.rejected > 0)
		return payment_stop(payment, ERR_TARGET, err,
		    "the target still accepts the value of version %u, although its time is over and it was "
		    "told twice; remove it there, then 'halligan rotate %s'",
		    version, payment->secret.name);
	if (target_tell(payment, replaces ? ROTATOR_APPLY : ROTATOR_WITHDRAW, &ignored, &cause) !=
	    ERR_OK)
		return payment_stop(payment, cause.code, err, "%.400s", cause.text);
	debt.rejected++;
	debt.due = session_now(payment->session) + payment->definition.announced.grace;
	snprintf(debt.note, sizeof(debt.note),
	    "the target still accepted version %u when its time was over, and was told again",
	    version);
	session_progress(payment->session, "%s: %s", payment->secret.name, QUOTED(debt.note));
	payment->stopped = true;
	payment->code = ERR_TARGET;
	return payment_attempt(payment, &debt, err);
}

/* The target still takes VERSION, although its time is over. */
static enum err_code
tell_again(struct payment *payment, uint32_t version, struct err *err)
{
	enum change_result ignored;
	struct err cause;

	/* Nothing is taken away from a target that does not take the new one: there it is given that again. */
	if (payment_style(payment) != STYLE_REPLACE && !payment->seen_works)
		return payment_move(payment, DEBT_WITHDRAWS, BY_TARGET, err);
	if (payment->definition.announced.grace > 0)
		return take_away_again(payment, version, err);
	if (payment->tells >= PAYMENT_TELLS)
		return payment_stop(payment, ERR_TARGET, err,
		    "the target accepts the new value, but still the one of version %u as well; remove "
		    "it there, then 'halligan rotate %s'",
		    version, payment->secret.name);
	if (payment_style(payment) != STYLE_REPLACE)
		return payment_move(payment, DEBT_WITHDRAWS, BY_TARGET, err);
	if (target_tell(payment, ROTATOR_APPLY, &ignored, &cause) != ERR_OK)
		return payment_stop(payment, cause.code, err, "%.400s", cause.text);
	return ERR_OK;
}

/* The target says no to the old value, and showed nothing else to work: to all, then? */
static enum err_code
stop_unproven(struct payment *payment, uint32_t works, struct err *err)
{
	enum probe_result result = PROBE_ACCEPTED;
	struct err cause;
	char said[ROTATOR_DETAIL_MAX + 1];

	snprintf(said, sizeof(said), "%s", target_detail(payment));
	if (target_probe(payment, ROTATOR_NEXT, &result, &cause) != ERR_OK)
		return payment_stop(payment, cause.code, err, "%.400s", cause.text);
	if (result == PROBE_REFUSED || result == PROBE_DENIED)
		return stop_shut(payment, works, err);
	return payment_stop(payment, ERR_TARGET_UNKNOWN, err,
	    "version %u is in place, but whether the one of version %u is refused is not known%s%.250s",
	    works, payment->debt.old, said[0] != '\0' ? ": " : "", said);
}

/* A no is worth something only beside a yes of the same run. */
static enum err_code
see_works(struct payment *payment, struct err *err)
{
	enum probe_result result;
	struct err cause;

	if (payment->seen_works)
		return ERR_OK;
	if (target_probe(payment, ROTATOR_NEXT, &result, &cause) != ERR_OK)
		return payment_stop(payment, cause.code, err, "%.400s", cause.text);
	payment->seen_works = result == PROBE_ACCEPTED;
	if (result != PROBE_UNREACHABLE)
		return ERR_OK;
	return payment_stop(payment, ERR_TARGET_UNKNOWN, err,
	    "whether the one of version %u is refused is not known%s%.300s", payment->debt.old,
	    SAID(payment));
}

/* It does not take the new value any more, and nobody asks whether it takes the old one: it is given the new one again. */
static enum err_code
give_unseen_again(struct payment *payment, uint32_t works, struct err *err)
{
	enum change_result ignored;
	struct err cause;

	if (payment->tells >= PAYMENT_TELLS || works != payment->debt.pending)
		return payment_stop(payment, ERR_TARGET, err,
		    "the target does not accept version %u, which is current%s%.300s", works,
		    SAID(payment));
	return target_tell(payment, ROTATOR_APPLY, &ignored, &cause) == ERR_OK ?
	    ERR_OK :
	    payment_stop(payment, cause.code, err, "%.400s", cause.text);
}

/* The old value, and every other that the target was ever told.  RET_DEAD false: the run stopped, or it was told again. */
static enum err_code
prove_dead(struct payment *payment, bool *ret_dead, struct err *err)
{
	enum probe_result result = PROBE_REFUSED;
	uint32_t version = payment->debt.old;
	uint32_t works = payment->works != 0 ? payment->works : payment->debt.pending;
	struct err cause;

	*ret_dead = false;
	TRY(see_works(payment, err));
	if (payment->stopped)
		return ERR_OK;
	if (payment->debt.untried && !payment->seen_works)
		return give_unseen_again(payment, works, err);
	if (!payment->old_refused && !payment->debt.untried) {
		if (target_expel(payment, &payment->debt.sessions, &cause) != ERR_OK ||
		    target_probe(payment, ROTATOR_CURRENT, &result, &cause) != ERR_OK)
			return payment_stop(payment, cause.code, err, "%.400s", cause.text);
		snprintf(payment->proof, sizeof(payment->proof), "%s", target_detail(payment));
		if (result == PROBE_REFUSED && !payment->seen_works)
			result = PROBE_DENIED;
		payment->old_refused = result == PROBE_REFUSED;
	}
	if (result == PROBE_REFUSED &&
	    target_others(payment, works, &result, &version, &cause) != ERR_OK)
		return payment_stop(payment, cause.code, err, "%.400s", cause.text);
	if (result == PROBE_ACCEPTED)
		return tell_again(payment, version, err);
	*ret_dead = result == PROBE_REFUSED;
	if (*ret_dead)
		return ERR_OK;
	if (result == PROBE_DENIED && !payment->old_refused)
		return stop_unproven(payment, works, err);
	return payment_stop(payment, ERR_TARGET_UNKNOWN, err,
	    "version %u is in place, but whether the one of version %u is refused is not known%s%.250s",
	    works, version, SAID(payment));
}

/* Is every debt of the ceremony but ONE paid? */
static enum err_code
is_last(struct session *session, const struct id *ceremony, const struct id *one, bool *ret_last,
    struct err *err)
{
	struct item_row items[CEREMONY_ITEMS];
	size_t count;

	*ret_last = true;
	TRY(store_list_items(session->store, ceremony, items, CEREMONY_ITEMS, &count, err));
	for (size_t i = 0; i < count; i++) {
		struct debt_row debt;

		if (!items[i].has_debt || memcmp(&items[i].debt, one, sizeof(*one)) == 0)
			continue;
		TRY(store_get_debt(session->store, &items[i].debt, &debt, err));
		*ret_last &= debt.state == DEBT_RETIRED;
	}
	return ERR_OK;
}

static enum err_code
close_ceremony(struct session *session, const struct debt_row *debt, struct err *err)
{
	struct ceremony_row row;
	bool last;

	if (!debt->has_ceremony)
		return ERR_OK;
	TRY(is_last(session, &debt->ceremony, &debt->id, &last, err));
	if (!last)
		return ERR_OK;
	TRY(store_get_ceremony(session->store, &debt->ceremony, &row, err));
	TRY(table_next(row.state, EVENT_ROTATED, &row.state, err));
	return store_update_ceremony(session->store, &row, err);
}

/* What nobody may take for granted. */
static const char *
tell_sessions(const struct payment *payment)
{
	if (payment->debt.untried)
		return "";
	if ((payment->definition.announced.can & CAN_EXPEL) == 0)
		return "sessions that the old value opened may go on: such a target cannot end them";
	if (payment->debt.sessions == SESSIONS_CANNOT_TELL)
		return "sessions that the old value opened may go on: look at them on the target";
	return "";
}

/* By whose word it is dead. */
static enum debt_by
death_by(const struct payment *payment)
{
	if (payment->definition.announced.death == DEATH_NONE || payment->debt.untried)
		return BY_SIGNED;
	return payment->old_refused && payment->seen_works ? BY_TARGET : BY_ROTATOR;
}

static enum err_code
commit_retired(struct payment *payment, const struct dsse *statement, struct err *err)
{
	struct session *session = payment->session;
	CHANGE change = {0};
	LEAF leaf = leaf_new(debt_event_leaves[DEBT_RETIRES]);
	struct debt_row debt = payment->debt;
	struct digest digest;

	TRY(payment_next(payment, DEBT_RETIRES, death_by(payment), &debt, err));
	TRY(change_begin(session, &change, err));
	TRY(session_keep(session, statement, STATEMENT_ROTATION, false, &digest, err));
	TRY(store_set_version_state(session->store, &debt.secret, debt.old, VERSION_RETIRED, err));
	TRY(close_ceremony(session, &debt, err));
	snprintf(debt.note, sizeof(debt.note), "%s", tell_sessions(payment));
	debt.has_statement = true;
	debt.statement = digest;
	leaf_statement(&leaf, &digest);
	return payment_commit(payment, &change, &debt, &leaf, err);
}

enum err_code
rotate_retire(struct payment *payment, struct err *err)
{
	DSSE statement = {0};
	bool dead = payment->definition.announced.death == DEATH_NONE;

	if (!dead)
		TRY(prove_dead(payment, &dead, err));
	if (!dead)
		return ERR_OK;
	TRY(ended_statement(payment, &statement, err));
	TRY(commit_retired(payment, &statement, err));
	session_progress(payment->session, "%s: %s; the debt is paid", payment->secret.name,
	    payment->debt.untried ? "nobody had seen the old value, which was not tried" :
	        payment->definition.announced.death == DEATH_NONE ?
	                            "the old value stays, which its target cannot revoke" :
	                            "the old value is refused");
	return ERR_OK;
}
