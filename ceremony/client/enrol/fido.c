/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk of a FIDO2 token.  Three touches: one makes the credential, one derives its keys, one signs
 * the enrolment and derives them again, so that a token whose secret function does not repeat is
 * found out here and not in an emergency.
 *
 * With --cosign the PIV side of the same device is asked first for its serial and attestation (no
 * PIN, no touch), and at the end for its signature.
 */
#include "ceremony/client/enrol/fido.h"

#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "ceremony/client/hand/pin_change.h"
#include "ceremony/client/hand/unlock.h"
#include "ceremony/protocol/enrolment_verify.h"
#include "tokens/attest/piv.h"
#include "tokens/formats/fido_keys.h"

static void
say_trust(const struct enrol_walk *walk)
{
	ui_say(walk->ui,
	    "A FIDO2 seat trusts the computer at which it is used: its share is opened here, "
	    "with a key that this computer holds meanwhile. A PIV key never leaves its token; for "
	    "officers, prefer PIV where the token has it.");
	if (!walk->plan->cosign)
		ui_say(walk->ui,
		    "A FIDO2 token has no attested serial number: that two of them are two "
		    "devices is the word of their people.%s",
		    walk->hand.info.serial != 0 ?
		        " --cosign lets the PIV side of this device show it." :
		        "");
}

static enum err_code
set_first_pin(struct enrol_walk *walk, struct err *err)
{
	if (!walk->hand.info.pin_missing || walk->hand.info.uv)
		return ERR_OK;
	TRY(enrol_offer(walk, "has no FIDO2 PIN yet", "halligan token pin --driver fido2", err));
	return upkeep_pin(&walk->hand, err);
}

/* ---- the PIV side ---- */

/* WALK's hand becomes the side of the device that SIDE's driver serves. */
static enum err_code
take_side(struct enrol_walk *walk, const struct token_traits *side, uint32_t serial,
    struct err *err)
{
	struct client_options options = *walk->options;

	hand_done(&walk->hand);
	options.driver = side;
	options.serial = serial;
	TRY(hand_take_any(&options, &walk->hand, err));
	walk->hand.options = walk->options;
	memcpy(walk->hand.label, walk->plan->label, strlen(walk->plan->label) + 1);
	return ERR_OK;
}

static enum err_code
take_piv_side(struct enrol_walk *walk, uint32_t serial, struct err *err)
{
	const struct token_traits *side = NULL;

	for (size_t i = 0; i < walk->options->driver_count; i++) {
		if (walk->options->drivers[i].ops->traits->tells_serial)
			side = walk->options->drivers[i].ops->traits;
	}
	if (take_side(walk, side, serial, err) != ERR_OK)
		return err_add(err, "the PIV side for --cosign");
	return ERR_OK;
}

/* Serial, key and attestation of the PIV side; nothing is unlocked for that. */
static enum err_code
meet_cosigner(struct enrol_walk *walk, struct err *err)
{
	struct enrolment *enrolment = &walk->enrolment;
	const struct token_key_info *row;
	struct attest_facts facts;
	uint32_t told = walk->hand.info.serial;

	TRY(take_piv_side(walk, told != 0 ? told : walk->options->serial, err));
	row = &walk->hand.info.keys[TOKEN_SIGN];
	if (!row->present)
		return err_set(err, ERR_REFUSED,
		    "token %u has no PIV sign key to cosign with; enroll its "
		    "PIV side first: halligan enroll --driver piv",
		    walk->hand.info.serial);
	TRY(token_attest(walk->hand.token, TOKEN_SIGN, &enrolment->cosigner_slot,
	    &enrolment->cosigner_device, err));
	if (attest_verify(buf_view(&enrolment->cosigner_slot),
	        buf_view(&enrolment->cosigner_device), enrolment->certificate_views,
	        enrolment->certificate_count, &walk->plan->policy, &facts, err) != ERR_OK)
		return err_add(err, "the PIV side for --cosign");
	enrolment->cosigned = true;
	enrolment->cosigner = facts.key;
	enrolment->seat.tokens[0].serial = facts.serial;
	return take_side(walk, walk->traits, walk->options->serial, err);
}

static enum err_code
cosign(struct enrol_walk *walk, struct dsse *statement, struct err *err)
{
	ui_say(walk->ui, "Now the PIV side of the same device signs that it is one.");
	TRY(take_piv_side(walk, walk->enrolment.seat.tokens[0].serial, err));
	TRY(hand_unlock(&walk->hand, 1, 0, err));
	return hand_sign_as(&walk->hand, &walk->enrolment.cosigner, statement,
	    "cosign the enrolment", err);
}

/* ---- the FIDO2 side ---- */

/* The packed statement goes into the enrolment; its signers' certificates only when they count. */
static enum err_code
keep_attestation(struct enrol_walk *walk, struct token_made *made, struct err *err)
{
	struct enrolment *enrolment = &walk->enrolment;

	buf_bytes(&enrolment->authdata, buf_view(&made->authdata));
	buf_bytes(&enrolment->signature, buf_view(&made->signature));
	if (!enrol_waives(walk, ATTEST_WAIVE_ATTESTATION)) {
		enrolment->attested = made->certificate.size > 0;
		buf_bytes(&enrolment->leaf, buf_view(&made->certificate));
		TRY(enrolment_add_certificates(enrolment, buf_view(&made->others), err));
	}
	TRY(buf_check(&enrolment->authdata, err));
	TRY(buf_check(&enrolment->signature, err));
	TRY(buf_check(&enrolment->leaf, err));
	return enrolment_check_origin(enrolment, &walk->plan->policy, err);
}

static enum err_code
make_credential(struct enrol_walk *walk, struct err *err)
{
	struct seat_token *entry = &walk->enrolment.seat.tokens[0];
	struct token_wish wish = {.name = walk->plan->label};
	CLEANUP(token_made_done) struct token_made made = {0};

	TRY(random_bytes(wish.user.bytes, DIGEST_SIZE, err));
	TRY(random_bytes(wish.salt.bytes, DIGEST_SIZE, err));
	TRY(fido_credential_hash(&walk->plan->init, walk->plan->seat, &wish.salt,
	    &wish.client_data_hash, err));
	TRY(token_make(walk->hand.token, &wish, "make the credential", &made, err));
	entry->salt = wish.salt;
	entry->credential_size = made.credential.size;
	memcpy(entry->credential, made.credential.id, made.credential.size);
	memcpy(entry->aaguid, walk->hand.info.aaguid, AAGUID_SIZE);
	entry->keys[KEY_SIGN] = made.credential.key;
	return keep_attestation(walk, &made, err);
}

/* The first time they are kept, the second time compared. */
static enum err_code
derive_keys(struct enrol_walk *walk, bool again, struct err *err)
{
	struct seat_token *entry = &walk->enrolment.seat.tokens[0];

	for (int key = TOKEN_SHARE; key < TOKEN_KEYS; key++) {
		struct point derived;

		if (!walk->need[key])
			continue;
		TRY(token_derive(walk->hand.token, (enum token_key)key, "derive its keys", &derived,
		    err));
		if (again && !point_equal(&derived, &entry->keys[key]))
			return err_set(err, ERR_TOKEN,
			    "the token derived another %s key the second time: "
			    "it would not open in an emergency; do not use it",
			    token_key_names[key]);
		entry->keys[key] = derived;
		TRY(enrol_try_key(walk, (enum token_key)key, err));
	}
	return ERR_OK;
}

enum err_code
enrol_fido(struct enrol_walk *walk, struct dsse *ret_statement, struct err *err)
{
	bool derives = walk->need[TOKEN_SHARE] || walk->need[TOKEN_RELEASE];

	say_trust(walk);
	if (walk->plan->cosign)
		TRY(meet_cosigner(walk, err));
	TRY(set_first_pin(walk, err));
	TRY(hand_unlock(&walk->hand, 2 + derives, 0, err));
	TRY(make_credential(walk, err));
	TRY(derive_keys(walk, false, err));
	TRY(enrol_state(walk, ret_statement, err));
	TRY(hand_sign_as(&walk->hand, &walk->enrolment.seat.tokens[0].keys[KEY_SIGN], ret_statement,
	    derives ? "sign the enrolment, and derive its keys again" : "sign the enrolment", err));
	TRY(derive_keys(walk, true, err));
	return walk->plan->cosign ? cosign(walk, ret_statement, err) : ERR_OK;
}
