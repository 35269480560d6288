/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a founder relies on when a stranger's file says "these are my keys".  The self-signature
 * proves possession, the attestation origin, the test-unseal that it works.
 */
#include "ceremony/protocol/enrolment_verify.h"

#include <string.h>

#include "base/text_time.h"
#include "tokens/attest/fido.h"
#include "tokens/attest/piv.h"
#include "tokens/formats/fido_keys.h"
#include "vault/documents/signers.h"

/* The keys that the seat's roles need, each of those that open something with its test. */
static enum err_code
check_keys(const struct enrolment *enrolment, struct err *err)
{
	const struct seat_token *token = &enrolment->seat.tokens[0];
	const bool needed[KEY_COUNT] = {
	    [KEY_SIGN] = true,
	    [KEY_SHARE] = (enrolment->seat.roles & ROLE_OFFICER) != 0,
	    [KEY_RELEASE] = (enrolment->seat.roles & ROLE_RESPONDER) != 0,
	};

	for (int i = 0; i < KEY_COUNT; i++) {
		if (needed[i] && !token->has[i])
			return err_set(err, ERR_INVALID,
			    "its roles need a %s key, and the token has none; enroll it again",
			    key_names[i]);
		if (i != KEY_SIGN && token->has[i] && !enrolment->unsealed[i])
			return err_set(err, ERR_REFUSED,
			    "its %s key was never tried; enroll it again, with the test",
			    key_names[i]);
	}
	return ERR_OK;
}

/* Made on this very token? */
static enum err_code
check_attested(const struct enrolment *enrolment, int key, const struct attest_policy *policy,
    struct err *err)
{
	const struct seat_token *token = &enrolment->seat.tokens[0];
	struct attest_facts facts;

	TRY(attest_verify(buf_view(&enrolment->attestation[key]), buf_view(&enrolment->device),
	    enrolment->certificate_views, enrolment->certificate_count, policy, &facts, err));
	if (!point_equal(&facts.key, &token->keys[key]))
		return err_set(err, ERR_INTEGRITY, "the attestation is of another key");
	if (facts.serial != token->serial)
		return err_set(err, ERR_INTEGRITY, "the attestation is of a token with serial %u",
		    facts.serial);
	if (memcmp(facts.firmware, token->firmware, sizeof(facts.firmware)) != 0)
		return err_set(err, ERR_INTEGRITY, "the attestation is of another firmware");
	return ERR_OK;
}

/* The credential was made by a token of an attested model, for this founding and seat. */
static enum err_code
check_registration(const struct enrolment *enrolment, const struct attest_policy *policy,
    struct err *err)
{
	const struct seat_token *token = &enrolment->seat.tokens[0];
	struct attest_fido made = {.authdata = buf_view(&enrolment->authdata),
	    .signature = buf_view(&enrolment->signature),
	    .leaf = buf_view(&enrolment->leaf)};
	struct attest_fido_facts facts;

	memcpy(made.firmware, token->firmware, sizeof(made.firmware));
	TRY(fido_credential_hash(&enrolment->init, enrolment->seat.name, &token->salt,
	    &made.client_data_hash, err));
	TRY(attest_fido_verify(&made, enrolment->certificate_views, enrolment->certificate_count,
	    policy, &facts, err));
	if (!view_equal(view_of(facts.credential, facts.credential_size),
	        view_of(token->credential, token->credential_size)) ||
	    !point_equal(&facts.key, &token->keys[KEY_SIGN]) ||
	    memcmp(facts.aaguid, token->aaguid, AAGUID_SIZE) != 0)
		return err_set(err, ERR_INTEGRITY, "the attestation is of another credential");
	if (memcmp(facts.firmware, token->firmware, sizeof(facts.firmware)) != 0)
		return err_set(err, ERR_INTEGRITY, "the attestation is of another firmware");
	return ERR_OK;
}

/* The PIV side of the device with this serial says that the enrolment is its own. */
static enum err_code
check_cosigner(const struct dsse *statement, const struct enrolment *enrolment,
    const struct attest_policy *policy, struct err *err)
{
	const struct seat_token *token = &enrolment->seat.tokens[0];
	struct attest_facts facts;

	if (attest_verify(buf_view(&enrolment->cosigner_slot),
	        buf_view(&enrolment->cosigner_device), enrolment->certificate_views,
	        enrolment->certificate_count, policy, &facts, err) != ERR_OK)
		return err_add(err, "its cosigner");
	if (!point_equal(&facts.key, &enrolment->cosigner))
		return err_set(err, ERR_INTEGRITY, "its cosigner's attestation is of another key");
	if (facts.serial != token->serial)
		return err_set(err, ERR_INTEGRITY, "its cosigner is a token with serial %u",
		    facts.serial);
	return statement_verify_token(statement, SIGNS_DIGEST, &enrolment->cosigner, err);
}

enum err_code
enrolment_check_origin(const struct enrolment *enrolment, const struct attest_policy *policy,
    struct err *err)
{
	if (enrolment->seat.tokens[0].signs == SIGNS_ASSERTION)
		return check_registration(enrolment, policy, err);
	if ((policy->waives & ATTEST_WAIVE_ATTESTATION) != 0)
		return ERR_OK;
	if (!enrolment->attested)
		return err_set(err, ERR_REFUSED,
		    "it carries no attestation: nobody but the person says "
		    "where its keys were made. Only a charter that waives \"attestation\" for this token, "
		    "with a reason, takes it");
	for (int i = 0; i < KEY_COUNT; i++)
		if (enrolment->seat.tokens[0].has[i] &&
		    check_attested(enrolment, i, policy, err) != ERR_OK)
			return err_add(err, "the %s key", key_names[i]);
	return ERR_OK;
}

static enum err_code
verify(const struct dsse *statement, const struct enrolment *enrolment, const struct digest *init,
    const struct attest_policy *policy, struct err *err)
{
	const struct seat_token *token = &enrolment->seat.tokens[0];

	TRY(signers_check_digest(statement, &enrolment->digest, "enrolment", err));
	if (!digest_equal(&enrolment->init, init))
		return err_set(err, ERR_REFUSED,
		    "it was made for another vault (its init nonce differs); enroll for this one");
	if (statement->count != 1u + enrolment->cosigned)
		return err_set(err, ERR_REFUSED,
		    enrolment->cosigned ?
		        "it must carry the signatures of its token and its cosigner, and no other" :
		        "it must carry its own token's signature alone");
	TRY(seat_token_verify(statement, token, err));
	TRY(check_keys(enrolment, err));
	TRY(enrolment_check_origin(enrolment, policy, err));
	return enrolment->cosigned ? check_cosigner(statement, enrolment, policy, err) : ERR_OK;
}

/* Named so that people find it. */
static enum err_code
add_name(const struct seat *seat, struct err *err)
{
	const struct seat_token *token = &seat->tokens[0];

	if (token->serial == 0)
		return err_add(err, "enrolment of seat \"%s\", token \"%s\"", seat->name,
		    token->label);
	return err_add(err, "enrolment of seat \"%s\", token %u", seat->name, token->serial);
}

/* A clock that is a little off is nobody's fault. */
enum { AHEAD_MAX = 86400 };

enum err_code
enrolment_check_time(const struct enrolment *enrolment, int64_t now, struct err *err)
{
	char text[TEXT_TIME_SIZE];

	if (now < enrolment->expires && enrolment->created <= now + AHEAD_MAX)
		return ERR_OK;
	if (now >= enrolment->expires) {
		text_time(enrolment->expires, text);
		(void)!err_set(err, ERR_EXPIRED,
		    "expires: it could be accepted until %s; enroll the token again", text);
	} else {
		text_time(enrolment->created, text);
		(void)!err_set(err, ERR_REFUSED,
		    "created: it is from the future, %s; compare the clocks", text);
	}
	return add_name(&enrolment->seat, err);
}

enum err_code
enrolment_verify(const struct dsse *statement, const struct enrolment *enrolment,
    const struct digest *init, const struct attest_policy *policy, struct err *err)
{
	if (verify(statement, enrolment, init, policy, err) == ERR_OK)
		return ERR_OK;
	return add_name(&enrolment->seat, err);
}
