/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk of a PIV token.  An attempt that ends in between leaves its keys on the token, where nothing
 * of ours overwrites or deletes one unasked.  So keys that were made there as we make them can be
 * enrolled as they are.
 */
#include "ceremony/client/enrol/piv.h"

#include <stdio.h>
#include <string.h>

#include "ceremony/client/hand/pin_change.h"
#include "ceremony/client/hand/unlock.h"
#include "tokens/attest/piv.h"

/* Factory PIN and PUK are changed now or refused. */
static enum err_code
change_factory(struct enrol_walk *walk, struct err *err)
{
	struct hand *hand = &walk->hand;
	char command[80];

	if (hand->info.pin_default) {
		snprintf(command, sizeof(command), "halligan token pin --serial %u",
		    hand->info.serial);
		TRY(enrol_offer(walk, "still has the factory PIN, which everybody knows", command,
		    err));
		TRY(upkeep_pin(hand, err));
	}
	if (hand->info.puk_default) {
		snprintf(command, sizeof(command), "halligan token puk --serial %u",
		    hand->info.serial);
		TRY(enrol_offer(walk,
		    "still has the factory PUK, with which anybody sets a new PIN", command, err));
		TRY(upkeep_puk(hand, err));
	}
	return ERR_OK;
}

static bool
as_ours(const struct token_key_info *row)
{
	return row->present && row->generated && !row->certificate && row->pin == PIN_ONCE &&
	    row->touch == TOUCH_ALWAYS;
}

struct slots {
	struct buf names, holds; /* of those that are not empty, or may not be */
	bool ours;               /* all of them could be */
};

static void
slots_done(struct slots *slots)
{
	buf_done(&slots->names);
	buf_done(&slots->holds);
}

static enum err_code
read_slots(const struct enrol_walk *walk, struct slots *ret_slots, struct err *err)
{
	ret_slots->ours = true;
	for (int key = 0; key < TOKEN_KEYS; key++) {
		const struct token_key_info *row = &walk->hand.info.keys[key];
		const char *more = ret_slots->names.size > 0 ? ", " : "";

		if (!walk->need[key] || (!row->present && row->holds[0] == '\0'))
			continue;
		buf_format(&ret_slots->names, "%s%02x", more, row->slot);
		buf_format(&ret_slots->holds, "%sslot %02x: %s", more, row->slot,
		    row->holds[0] != '\0' ? row->holds : "a key");
		ret_slots->ours = ret_slots->ours && as_ours(row);
	}
	TRY(buf_check(&ret_slots->names, err));
	return buf_check(&ret_slots->holds, err);
}

static enum err_code
demand_overwrite(const struct enrol_walk *walk, struct slots *slots, struct err *err)
{
	const char *names = buf_string(&slots->names);
	char serial[16], question[256];

	ui_say(walk->ui,
	    "WARNING: this will be destroyed on token %u: %s. Whatever was encrypted to it or "
	    "signs with it stops for ever: logins, mail, another vault.",
	    walk->hand.info.serial, buf_string(&slots->holds));
	snprintf(serial, sizeof(serial), "%u", walk->hand.info.serial);
	snprintf(question, sizeof(question),
	    "To destroy what is in slot %s, type the token's serial", names);
	return ui_demand(walk->ui, question, serial, err);
}

/* What stands where our keys shall go: kept when it is as ours would be, after a yes; replaced only
 * when that was asked for and the serial typed. */
static enum err_code
settle_slots(struct enrol_walk *walk, struct err *err)
{
	struct token_info *info = &walk->hand.info;
	CLEANUP(slots_done) struct slots slots = {0};

	TRY(read_slots(walk, &slots, err));
	if (slots.names.size == 0)
		return ERR_OK;
	if (walk->plan->overwrite) {
		TRY(demand_overwrite(walk, &slots, err));
		for (int key = 0; key < TOKEN_KEYS; key++)
			info->keys[key].present = false;
		walk->overwrite = true;
		return ERR_OK;
	}
	if (!slots.ours)
		return err_set(err, ERR_EXISTS,
		    "token %u has something else where our keys would go (%s); nothing is overwritten. If "
		    "nobody needs it, --overwrite replaces it, after you typed the serial",
		    info->serial, buf_string(&slots.holds));
	ui_say(walk->ui,
	    "Token %u has keys that were made on it already (slot %s), as after an "
	    "enrolment that did not come to its end. None is overwritten.",
	    info->serial, buf_string(&slots.names));
	return ui_demand(walk->ui, "Enroll these keys? Type yes", "yes", err);
}

static bool
all_present(const struct enrol_walk *walk)
{
	for (int key = 0; key < TOKEN_KEYS; key++) {
		if (walk->need[key] && !walk->hand.info.keys[key].present)
			return false;
	}
	return true;
}

/* RET_KEY stays NULL when the token itself knows it, or none is needed; RET_PROTECT: it is the
 * factory's, and the person wants that changed. */
static enum err_code
settle_management(const struct enrol_walk *walk, struct secret **ret_key, bool *ret_protect,
    struct err *err)
{
	const struct token_info *info = &walk->hand.info;

	*ret_protect = false;
	if (walk->plan->management_key != NULL)
		return upkeep_decode_key(walk->plan->management_key, ret_key, err);
	if (info->management_default) {
		char command[80];

		snprintf(command, sizeof(command), "halligan token protect --serial %u",
		    info->serial);
		TRY(enrol_offer(walk,
		    "still has the factory management key, with which whoever finds "
		    "it deletes or replaces its keys",
		    command, err));
		*ret_protect = true;
		return ERR_OK;
	}
	if (all_present(walk) || info->management_protected)
		return ERR_OK;
	return upkeep_ask_key(&walk->hand, ret_key, err);
}

static enum err_code
make_keys(struct enrol_walk *walk, const struct secret *management, struct err *err)
{
	struct hand *hand = &walk->hand;
	struct seat_token *entry = &walk->enrolment.seat.tokens[0];

	for (int key = 0; key < TOKEN_KEYS; key++) {
		struct point made = hand->info.keys[key].key;

		if (!walk->need[key])
			continue;
		entry->keys[key] = made;
		if (hand->info.keys[key].present)
			continue;
		ui_progress(walk->ui, "making the %s key on the token", token_key_names[key]);
		if (token_generate(hand->token, (enum token_key)key, management, walk->overwrite,
		        &made, err) != ERR_OK)
			return err_add(err, "making the %s key", token_key_names[key]);
		entry->keys[key] = made;
	}
	return ERR_OK;
}

static enum err_code
attest_key(struct enrol_walk *walk, enum token_key key, struct err *err)
{
	struct enrolment *enrolment = &walk->enrolment;
	BUF device = {0};

	if (token_attest(walk->hand.token, key, &enrolment->attestation[key], &device, err) !=
	    ERR_OK)
		return err_add(err, "attesting the %s key", token_key_names[key]);
	buf_done(&enrolment->device);
	enrolment->device = TAKE(device);
	return ERR_OK;
}

/* It is judged before the person is asked to touch anything. */
static enum err_code
judge_key(const struct enrol_walk *walk, enum token_key key, struct err *err)
{
	const struct enrolment *enrolment = &walk->enrolment;
	struct attest_facts facts;

	if (attest_verify(buf_view(&enrolment->attestation[key]), buf_view(&enrolment->device),
	        enrolment->certificate_views, enrolment->certificate_count, &walk->plan->policy,
	        &facts, err) != ERR_OK)
		return err_add(err, "the attestation of token %u", walk->hand.info.serial);
	return ERR_OK;
}

static enum err_code
attest_keys(struct enrol_walk *walk, struct err *err)
{
	if (enrol_waives(walk, ATTEST_WAIVE_ATTESTATION))
		return ERR_OK;
	for (int key = 0; key < TOKEN_KEYS; key++)
		if (walk->need[key])
			TRY(attest_key(walk, (enum token_key)key, err));
	for (int key = 0; key < TOKEN_KEYS; key++)
		if (walk->need[key])
			TRY(judge_key(walk, (enum token_key)key, err));
	walk->enrolment.attested = true;
	return ERR_OK;
}

enum err_code
enrol_piv(struct enrol_walk *walk, struct dsse *ret_statement, struct err *err)
{
	SECRET *management = NULL;
	bool protect;

	TRY(change_factory(walk, err));
	TRY(settle_slots(walk, err));
	TRY(settle_management(walk, &management, &protect, err));
	TRY(hand_unlock(&walk->hand, 1, walk->need[TOKEN_SHARE] + walk->need[TOKEN_RELEASE], err));
	if (protect)
		TRY(upkeep_protect(&walk->hand, NULL, err));
	TRY(make_keys(walk, management, err));
	TRY(attest_keys(walk, err));
	for (int key = TOKEN_SHARE; key < TOKEN_KEYS; key++)
		if (walk->need[key])
			TRY(enrol_try_key(walk, (enum token_key)key, err));
	TRY(enrol_state(walk, ret_statement, err));
	return hand_sign_as(&walk->hand, &walk->enrolment.seat.tokens[0].keys[KEY_SIGN],
	    ret_statement, "sign the enrolment", err);
}
