/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One rotator process serves a whole run; after a timeout it is broken and a new one takes its
 * place.  Values that the target had refused for good are probed as the `current` of processes of their own, beside the
 * one that is known to work: a rotator may need that one to prove that the other is dead.
 */
#include "ceremony/server/rotation/target.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ceremony/server/rotation/program.h"
#include "rotators/contract/answer.h"

#define NAME_PREFIX "halligan-"

enum err_code
target_code(struct err *err)
{
	if (err->code == ERR_REFUSED)
		err->code = ERR_TARGET;
	return err->code;
}

static struct view
value_view(const struct payment *payment, uint32_t version)
{
	const struct secret *value = escrow_find(&payment->escrow, version);

	if (value == NULL && version != 0 && version == payment->works)
		value = escrow_find(&payment->newer, version);
	return value != NULL ? secret_view(value) : (struct view){0};
}

static enum err_code
start(struct payment *payment, uint32_t current, uint32_t next, struct rotator **ret_rotator,
    struct err *err)
{
	char name[sizeof(NAME_PREFIX) + 2 * ID_SIZE];
	struct rotator_start options =
	    program_start(payment->session, &payment->definition, &payment->program);

	options.name = name;
	options.current = value_view(payment, current);
	if (next != 0)
		options.next = value_view(payment, next);
	if (payment->session->rehearses)
		return ERR_OK;
	(void)snprintf(name, sizeof(name), NAME_PREFIX);
	text_hex(VIEW_OF(payment->debt.id.bytes), name + strlen(NAME_PREFIX));
	TRY(store_settle(payment->session->store, err));
	TRY(rotator_start(&options, ret_rotator, err));
	payment->ran = payment->program.hash;
	return ERR_OK;
}

/* The value that the target accepts by now. */
static uint32_t
works(const struct payment *payment)
{
	return payment->works != 0 ? payment->works : payment->debt.pending;
}

static bool
rehearses(const struct payment *payment)
{
	return payment->session->rehearses;
}

static enum err_code
restart(struct payment *payment, struct err *err)
{
	rotator_freep(&payment->rotator);
	return start(payment, payment->debt.old, works(payment), &payment->rotator, err);
}

static enum err_code
need_rotator(struct payment *payment, struct err *err)
{
	return payment->rotator == NULL ? restart(payment, err) : ERR_OK;
}

/* In a rehearsal any value is as good. */
static enum err_code
rehearsed_value(const struct payment *payment, struct secret **ret_next, struct err *err)
{
	return secret_from(value_view(payment, payment->debt.old), ret_next, err);
}

enum err_code
target_generate(struct payment *payment, struct secret **ret_next, struct err *err)
{
	if (rehearses(payment))
		return rehearsed_value(payment, ret_next, err);
	TRY(restart(payment, err));
	TRY(rotator_check(payment->rotator, &payment->definition.announced, err));
	return rotator_generate(payment->rotator, ret_next, err);
}

enum err_code
target_issue(struct payment *payment, struct secret **ret_next, enum change_result *ret_result,
    struct err *err)
{
	*ret_result = CHANGE_DONE;
	if (rehearses(payment))
		return rehearsed_value(payment, ret_next, err);
	TRY(restart(payment, err));
	TRY(rotator_check(payment->rotator, &payment->definition.announced, err));
	TRY(rotator_make(payment->rotator, ROTATOR_ISSUE, ret_next, ret_result, err));
	return ERR_OK;
}

/* That none is left counts for those that were ended before, too. */
static enum debt_sessions
add_sessions(enum debt_sessions before, enum expel_result result)
{
	if (result == EXPEL_CANNOT_TELL)
		return SESSIONS_CANNOT_TELL;
	return result == EXPEL_ENDED || before == SESSIONS_ENDED ? SESSIONS_ENDED : SESSIONS_NONE;
}

enum err_code
target_expel(struct payment *payment, enum debt_sessions *sessions, struct err *err)
{
	enum expel_result result;

	if (payment->expelled)
		return ERR_OK;
	payment->expelled = true;
	if (payment->debt.untried) {
		*sessions = SESSIONS_NONE; /* nobody could open one with it */
		return ERR_OK;
	}
	if (rehearses(payment) || (payment->definition.announced.can & CAN_EXPEL) == 0)
		return ERR_OK;
	TRY(need_rotator(payment, err));
	TRY(rotator_expel(payment->rotator, &result, err));
	*sessions = add_sessions(*sessions, result);
	return ERR_OK;
}

const char *
target_detail(const struct payment *payment)
{
	return payment->rotator != NULL ? rotator_detail(payment->rotator) : payment->said;
}

enum err_code
target_probe(struct payment *payment, enum rotator_value value, enum probe_result *ret_result,
    struct err *err)
{
	if (rehearses(payment)) {
		bool applied = payment->debt.pending != 0;

		*ret_result = (value == ROTATOR_NEXT) == applied ? PROBE_ACCEPTED : PROBE_REFUSED;
		return ERR_OK;
	}
	TRY(need_rotator(payment, err));
	return rotator_probe(payment->rotator, value, ret_result, err);
}

enum err_code
target_tell(struct payment *payment, enum rotator_change change, enum change_result *ret_result,
    struct err *err)
{
	payment->tells++;
	if (change == ROTATOR_APPLY || change == ROTATOR_ADD)
		payment->told = works(payment);
	payment->new_works = payment->old_works = payment->old_refused = false;
	payment->seen_works = payment->expelled = false;
	*ret_result = CHANGE_DONE;
	if (rehearses(payment))
		return ERR_OK;
	TRY(need_rotator(payment, err));
	TRY(rotator_change(payment->rotator, change, ret_result, err));
	if (*ret_result == CHANGE_UNKNOWN) {
		answer_detail(rotator_detail(payment->rotator), payment->said);
		rotator_freep(&payment->rotator); /* it may be broken */
	}
	return ERR_OK;
}

/* With or without a proof. */
static bool
says_no(enum probe_result result)
{
	return result == PROBE_REFUSED || result == PROBE_DENIED;
}

/* What became of one value that is not wanted any more; one that a target with room for several took is withdrawn. */
static enum err_code
ask_other(struct payment *payment, uint32_t version, uint32_t control,
    enum probe_result *ret_result, bool *ret_taken, struct err *err)
{
	ROTATOR *rotator = NULL;
	enum change_result ignored;
	enum probe_result works;

	TRY(start(payment, version, control, &rotator, err));
	TRY(rotator_probe(rotator, ROTATOR_CURRENT, ret_result, err));
	if (*ret_result != PROBE_ACCEPTED || control == 0 ||
	    payment_style(payment) == STYLE_REPLACE)
		return ERR_OK;
	/* It may be the only one that works, whatever was seen earlier. */
	TRY(rotator_probe(rotator, ROTATOR_NEXT, &works, err));
	if (works != PROBE_ACCEPTED)
		return ERR_OK;
	*ret_taken = true;
	TRY(rotator_change(rotator, ROTATOR_WITHDRAW, &ignored, err));
	return rotator_probe(rotator, ROTATOR_CURRENT, ret_result, err);
}

enum err_code
target_other(struct payment *payment, uint32_t version, uint32_t control,
    enum probe_result *ret_result, bool *ret_taken, struct err *err)
{
	*ret_taken = false;
	TRY(ask_other(payment, version, control, ret_result, ret_taken, err));
	/* While it takes nothing that we have, all are kept. */
	return *ret_result == PROBE_REFUSED && control != 0 ?
	    payment_forget(payment, version, err) :
	    ERR_OK;
}

enum err_code
target_others(struct payment *payment, uint32_t control, enum probe_result *ret_result,
    uint32_t *ret_version, struct err *err)
{
	enum probe_result worst = PROBE_REFUSED, result;
	bool taken;

	for (size_t i = payment->escrow.count; i > 0 && says_no(worst); i--) {
		uint32_t version = payment->escrow.values[i - 1].version;

		if (rehearses(payment) || !payment_is_other(payment, version))
			continue;
		TRY(target_other(payment, version, control, &result, &taken, err));
		*ret_version = version;
		worst = result == PROBE_REFUSED ? worst : result;
	}
	*ret_result = worst;
	return ERR_OK;
}

uint32_t
target_choose_other(const struct payment *payment)
{
	uint32_t others[ESCROW_VALUES];
	size_t count = 0;

	for (size_t i = 0; i < payment->escrow.count; i++)
		if (payment_is_other(payment, payment->escrow.values[i].version))
			others[count++] = payment->escrow.values[i].version;
	return count == 0 ? 0 : others[count - 1 - payment->debt.tries % count];
}

static enum err_code
try_other(struct payment *payment, enum probe_result *ret_result, uint32_t *ret_version,
    struct err *err)
{
	uint32_t version = rehearses(payment) ? 0 : target_choose_other(payment);
	bool taken;

	*ret_result = PROBE_REFUSED;
	if (version == 0)
		return ERR_OK;
	*ret_version = version;
	return target_other(payment, version, 0, ret_result, &taken, err);
}

enum err_code
target_locate(struct payment *payment, enum target_place *ret_place, uint32_t *ret_version,
    struct err *err)
{
	static const enum target_place places[] = {TARGET_PENDING, TARGET_OLD};
	static const enum rotator_value values[] = {ROTATOR_NEXT, ROTATOR_CURRENT};
	enum probe_result result;
	size_t end = payment->debt.untried ? TARGET_OLD : ARRAY_SIZE(places);

	for (size_t i = payment->debt.pending != 0 ? 0 : 1; i < end; i++) {
		TRY(target_probe(payment, values[i], &result, err));
		if (result == PROBE_UNREACHABLE)
			*ret_place = TARGET_UNKNOWN;
		else if (result == PROBE_ACCEPTED)
			*ret_place = places[i];
		if (!says_no(result))
			return ERR_OK;
		if (i == 0)
			answer_detail(target_detail(payment), payment->pending_said);
	}
	TRY(try_other(payment, &result, ret_version, err));
	/* What stays sealed may be the one, as far as anybody knows; and it needs no value to be given another. */
	*ret_place = result == PROBE_ACCEPTED ? TARGET_OTHER :
	    result == PROBE_UNREACHABLE       ? TARGET_UNKNOWN :
	    payment->debt.untried             ? TARGET_OLD :
	                                        TARGET_NONE;
	return ERR_OK;
}
