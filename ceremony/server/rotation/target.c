/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One rotator process serves a whole run; after a timeout it is broken and a new one takes its
 * place.  Values that the target had refused for good are probed as the `current` of processes of their own, beside the
 * one that is known to work: a rotator may need that one to prove that the other is dead.
 */
#include "ceremony/server/rotation/target.h"

#include <string.h>

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

	return value != NULL ? secret_view(value) : (struct view){0};
}

static enum err_code
start(struct payment *payment, uint32_t current, uint32_t next, struct rotator **ret_rotator,
    struct err *err)
{
	unsigned seconds = payment->session->options->rotator_seconds;
	struct rotator_start options = {.path = payment->path,
	    .hash = payment->definition.rotator_hash,
	    .target = payment->definition.target,
	    .current = value_view(payment, current),
	    .seconds = seconds != 0 ? seconds : ROTATOR_SECONDS};

	if (next != 0)
		options.next = value_view(payment, next);
	if (payment->session->rehearses)
		return ERR_OK;
	TRY(store_settle(payment->session->store, err));
	return rotator_start(&options, ret_rotator, err);
}

enum err_code
target_start(struct payment *payment, struct err *err)
{
	rotator_freep(&payment->rotator);
	return start(payment, payment->debt.old, payment->debt.pending, &payment->rotator, err);
}

static bool
rehearses(const struct payment *payment)
{
	return payment->session->rehearses;
}

enum err_code
target_generate(struct payment *payment, struct secret **ret_next, struct err *err)
{
	if (rehearses(payment)) /* any value is as good */
		return secret_from(value_view(payment, payment->debt.old), ret_next, err);
	TRY(target_start(payment, err));
	TRY(rotator_check(payment->rotator, &payment->definition.announced, err));
	return rotator_generate(payment->rotator, ret_next, err);
}

enum err_code
target_expel(struct payment *payment, enum expel_result *ret_result, struct err *err)
{
	return rehearses(payment) ? ERR_OK : rotator_expel(payment->rotator, ret_result, err);
}

const char *
target_detail(const struct payment *payment)
{
	return payment->rotator != NULL ? rotator_detail(payment->rotator) : "";
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
	if (payment->rotator == NULL)
		TRY(target_start(payment, err));
	return rotator_probe(payment->rotator, value, ret_result, err);
}

enum err_code
target_apply(struct payment *payment, enum change_result *ret_result, struct err *err)
{
	payment->applies++;
	if (rehearses(payment)) {
		*ret_result = CHANGE_DONE;
		return ERR_OK;
	}
	if (payment->rotator == NULL)
		TRY(target_start(payment, err));
	TRY(rotator_change(payment->rotator, ROTATOR_APPLY, ret_result, err));
	if (*ret_result == CHANGE_UNKNOWN)
		rotator_freep(&payment->rotator); /* it may be broken */
	return ERR_OK;
}

/* With or without a proof. */
static bool
says_no(enum probe_result result)
{
	return result == PROBE_REFUSED || result == PROBE_DENIED;
}

enum err_code
target_others(struct payment *payment, uint32_t works, enum probe_result *ret_result,
    uint32_t *ret_version, struct err *err)
{
	enum probe_result worst = PROBE_REFUSED;

	for (size_t i = payment->escrow.count; i > 0 && says_no(worst); i--) {
		uint32_t version = payment->escrow.values[i - 1].version;
		ROTATOR *rotator = NULL;
		enum probe_result result;

		if (rehearses(payment) || !payment_is_other(payment, version))
			continue;
		TRY(start(payment, version, works, &rotator, err));
		TRY(rotator_probe(rotator, ROTATOR_CURRENT, &result, err));
		*ret_version = version;
		worst = result == PROBE_REFUSED ? worst : result;
	}
	*ret_result = worst;
	return ERR_OK;
}

enum err_code
target_locate(struct payment *payment, enum target_place *ret_place, uint32_t *ret_version,
    struct err *err)
{
	static const enum target_place places[] = {TARGET_PENDING, TARGET_OLD};
	static const enum rotator_value values[] = {ROTATOR_NEXT, ROTATOR_CURRENT};
	enum probe_result result;

	for (size_t i = payment->debt.pending != 0 ? 0 : 1; i < ARRAY_SIZE(places); i++) {
		TRY(target_probe(payment, values[i], &result, err));
		if (result == PROBE_UNREACHABLE)
			*ret_place = TARGET_UNKNOWN;
		else if (result == PROBE_ACCEPTED)
			*ret_place = places[i];
		if (!says_no(result))
			return ERR_OK;
	}
	TRY(target_others(payment, 0, &result, ret_version, err));
	*ret_place = result == PROBE_ACCEPTED ? TARGET_OTHER :
	    result == PROBE_UNREACHABLE       ? TARGET_UNKNOWN :
	                                        TARGET_NONE;
	return ERR_OK;
}
