/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In order: what can be refused without touching anything; then the walk of the token's kind
 * (piv.c, fido.c): factory values, the PIN, the keys, their attestation, one test-unseal
 * of each key that will open something, the signature; then the whole enrolment read back as a
 * founder will read it; the file.
 */
#include "ceremony/client/enrol/enrol.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "ceremony/client/enrol/fido.h"
#include "ceremony/client/enrol/piv.h"
#include "ceremony/client/typed.h"
#include "ceremony/protocol/enrolment_verify.h"
#include "tokens/attest/chain.h"

/* Which keys a seat with ROLES needs on its token. */
static void
needs(unsigned roles, bool ret_need[TOKEN_KEYS])
{
	ret_need[TOKEN_SIGN] = true;
	ret_need[TOKEN_SHARE] = (roles & ROLE_OFFICER) != 0;
	ret_need[TOKEN_RELEASE] = (roles & ROLE_RESPONDER) != 0;
}

void
enrol_default_policy(bool training, struct attest_policy *ret_policy)
{
	struct attest_policy policy = {.training = training, .min_firmware = {5, 7, 0}};

	if (training) {
		policy.roots[policy.root_count++] = attest_simulated_root;
	} else {
		for (size_t i = 0; i < attest_yubico_root_count && i < ATTEST_ROOTS_MAX; i++)
			policy.roots[policy.root_count++] = attest_yubico_roots[i];
	}
	*ret_policy = policy;
}

static enum err_code
check_plan(const struct enrol_plan *plan, struct err *err)
{
	if (!text_is_name(plan->seat) || strchr(plan->seat, '/') != NULL)
		return err_set(err, ERR_USAGE,
		    "the seat's name %s is not one: 1 to 63 of a-z 0-9 - _ . and a letter or "
		    "digit first",
		    QUOTED(plan->seat));
	TRY(typed_check("the person's name", plan->person, PERSON_MAX, err));
	TRY(typed_check("the label", plan->label, LABEL_MAX, err));
	if (file_exists(plan->out))
		return err_set(err, ERR_EXISTS, "%s exists already", plan->out);
	return ERR_OK;
}

/* A token is one seat's alone; the same seat may enroll it again, with other roles. */
static enum err_code
check_other_seats(const struct enrol_walk *walk, struct err *err)
{
	const struct enrol_plan *plan = walk->plan;
	struct hand_want enrolled = {0};
	const struct seat *seat;

	memcpy(enrolled.lists, plan->enrolled, sizeof(enrolled.lists));
	seat = seat_of_serial(&enrolled, walk->hand.info.serial);
	if (seat == NULL || strcmp(seat->name, plan->seat) == 0)
		return ERR_OK;
	return err_set(err, ERR_EXISTS,
	    "token %u is enrolled for the seat %s already; a token is one person's, so take another "
	    "for %s",
	    walk->hand.info.serial, seat->name, plan->seat);
}

/* Read before a key is made: without them the attestation cannot hold. */
static enum err_code
read_certificates(struct enrol_walk *walk, struct err *err)
{
	const struct enrol_plan *plan = walk->plan;
	struct enrolment *enrolment = &walk->enrolment;

	if (plan->certificates.size == 0 && enrol_waives(walk, ATTEST_WAIVE_ATTESTATION))
		return ERR_OK;
	if (plan->certificates.size == 0)
		return err_set(err, ERR_USAGE,
		    "the attestation's certificates are missing: "
		    "--attestation-certs FILE (Yubico's: https://developers.yubico.com/PKI/, simulated "
		    "tokens': halligan-simtoken root)");
	if (attest_split_pem(plan->certificates, &enrolment->certificates,
	        enrolment->certificate_views, &enrolment->certificate_count, err) != ERR_OK)
		return err_add(err, "--attestation-certs");
	return ERR_OK;
}

static void
fill_seat(struct enrol_walk *walk)
{
	const struct hand *hand = &walk->hand;
	const struct enrol_plan *plan = walk->plan;
	struct seat *seat = &walk->enrolment.seat;
	struct seat_token *entry = &seat->tokens[0];

	walk->enrolment.init = plan->init;
	walk->enrolment.created = hand->options->now();
	walk->enrolment.expires = walk->enrolment.created + ENROLMENT_LIFE;
	snprintf(seat->name, sizeof(seat->name), "%s", plan->seat);
	snprintf(seat->person, sizeof(seat->person), "%s", plan->person);
	seat->roles = plan->roles;
	seat->token_count = 1;
	snprintf(entry->label, sizeof(entry->label), "%s", plan->label);
	snprintf(entry->driver, sizeof(entry->driver), "%s", walk->traits->name);
	entry->signs = walk->traits->asserts ? SIGNS_ASSERTION : SIGNS_DIGEST;
	entry->serial = hand->info.serial;
	memcpy(entry->firmware, hand->info.firmware, sizeof(entry->firmware));
	memcpy(entry->has, walk->need, sizeof(entry->has));
}

/* The statement as a founder will see it: parsed again and verified under the policy. */
static enum err_code
verify_result(const struct enrol_walk *walk, const struct dsse *statement,
    struct enrol_result *ret_result, struct err *err)
{
	const struct seat_token *entry;
	ENROLMENT read = {0};

	TRY(enrolment_parse(statement, walk->plan->training, &read, err));
	TRY(enrolment_verify(statement, &read, &walk->plan->init, &walk->plan->policy, err));
	entry = &read.seat.tokens[0];
	*ret_result = (struct enrol_result){.digest = read.digest,
	    .traits = walk->traits,
	    .serial = entry->serial,
	    .attested = read.attested,
	    .cosigned = read.cosigned};
	memcpy(ret_result->firmware, entry->firmware, sizeof(ret_result->firmware));
	memcpy(ret_result->has, entry->has, sizeof(ret_result->has));
	return ERR_OK;
}

static enum err_code
write_result(const struct enrol_walk *walk, const struct dsse *statement, struct err *err)
{
	BUF text = {0};

	TRY(dsse_encode(statement, &text, err));
	buf_u8(&text, '\n');
	TRY(buf_check(&text, err));
	return file_write_new(walk->plan->out, buf_view(&text), 0644, err);
}

enum err_code
enrol_run(const struct client_options *options, const struct enrol_plan *plan,
    struct enrol_result *ret_result, struct err *err)
{
	ENROL_WALK walk = {.plan = plan, .options = options, .ui = options->ui};
	struct enrol_result result;
	DSSE statement = {0};

	TRY(check_plan(plan, err));
	TRY(read_certificates(&walk, err));
	needs(plan->roles, walk.need);
	TRY(hand_take_any(options, &walk.hand, err));
	walk.traits = walk.hand.info.traits;
	memcpy(walk.hand.label, plan->label, strlen(plan->label) + 1);
	TRY(check_other_seats(&walk, err));
	if (plan->cosign && walk.traits->tells_serial)
		return err_set(err, ERR_USAGE, "--cosign goes with --driver fido2");
	fill_seat(&walk);
	if (walk.traits->derives)
		TRY(enrol_fido(&walk, &statement, err));
	else
		TRY(enrol_piv(&walk, &statement, err));
	TRY(verify_result(&walk, &statement, &result, err));
	TRY(write_result(&walk, &statement, err));
	*ret_result = result;
	return ERR_OK;
}
