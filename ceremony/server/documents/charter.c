/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A charter is checked wholly before anybody's signature on it is taken: its rules, that it speaks of this vault
 * and host, and every token's enrolment with its attestation.  When it comes into force all open ceremonies
 * become void.
 */
#include "ceremony/server/documents/charter.h"

#include <string.h>

#include "ceremony/server/documents/enrolments.h"
#include "ceremony/server/opening/refuse.h"
#include "ceremony/server/vault/alarm.h"
#include "vault/documents/chain_fold.h"
#include "vault/documents/charter_verify.h"
#include "vault/documents/seats_check.h"

static enum err_code
check_origin(const struct session *session, const struct charter *charter, struct err *err)
{
	const struct founding *founding = &session->founding;
	const struct host_keys *keys = &session->keys;

	if (strcmp(charter->name, founding->name) != 0 || charter->training != founding->training)
		return err_set(err, ERR_INVALID, "charter: it is for another vault than \"%s\"%s",
		    founding->name, founding->training ? " (training)" : "");
	if (!digest_equal(&charter->init, &founding->init))
		return err_set(err, ERR_INVALID, "charter: init: it is for another vault");
	if (strcmp(charter->copy, founding->copy) != 0 && session->state == SESSION_FOUNDING)
		return err_set(err, ERR_INVALID, "charter: copy: must be \"%.200s\", as init said",
		    founding->copy);
	if (memcmp(&charter->host_statement, &keys->statement_public, ED25519_SIZE) != 0 ||
	    memcmp(&charter->host_log, &keys->log_public, ED25519_SIZE) != 0 ||
	    !point_equal(&charter->host_escrow, &keys->escrow_public))
		return err_set(err, ERR_REFUSED,
		    "charter: host: these are not the keys of this host");
	return ERR_OK;
}

static enum err_code
check_step(const struct session *session, const struct charter *charter, struct err *err)
{
	uint32_t present = session->state == SESSION_LIVE ? session->chain.charter->version : 0;

	if (charter->version != present + 1)
		return err_set(err, ERR_REFUSED,
		    "charter: version: %u does not follow %u; draft it again", charter->version,
		    present);
	if (present == 0)
		return ERR_OK;
	if (!digest_equal(&charter->previous, &session->chain.charter->digest))
		return err_set(err, ERR_REFUSED, "charter: previous: not the charter in force");
	return seats_check(charter->seats, charter->seat_count, session->chain.roster->seats,
	    session->chain.roster->seat_count, err);
}

/* Nobody may sign a vault shut: what somebody can open today, somebody can open under the new charter. */
static enum err_code
check_openable(struct session *session, const struct charter *charter, struct err *err)
{
	struct survey_lost lost;
	SUSPENSIONS after = {0};
	BUF names = {0};

	TRY(chain_suspended_under(&session->chain, charter, &after, err));
	if (session->state != SESSION_LIVE)
		return ERR_OK;
	TRY(survey_find_lost(session, &session->chain.suspensions, charter, &after, &lost, err));
	if (lost.count == 0)
		return ERR_OK;
	survey_names(&lost, &names);
	return err_set(err, ERR_REFUSED,
	    "charter: under it nobody could open %s any more: too few of the "
	    "seats and tokens that these versions are sealed to would be left, or their policy is "
	    "gone. Run `halligan reseal` first, or `halligan token test` with spares that were "
	    "handed theirs, or leave more of them in",
	    buf_string(&names));
}

/* Under another attestation policy every token of the charter is verified anew; the roster's stand as they were
 * admitted, until a roster names them no more. */
static bool
same_attestation(const struct charter *a, const struct charter *b)
{
	return a->root_count == b->root_count && a->form_factor_count == b->form_factor_count &&
	    a->waiver_count == b->waiver_count &&
	    memcmp(a->roots, b->roots, sizeof(a->roots)) == 0 &&
	    memcmp(a->min_firmware, b->min_firmware, sizeof(a->min_firmware)) == 0 &&
	    memcmp(a->form_factors, b->form_factors, sizeof(a->form_factors)) == 0 &&
	    memcmp(a->waivers, b->waivers, sizeof(a->waivers)) == 0;
}

enum err_code
charter_vet(struct session *session, struct proposal *proposal, struct err *err)
{
	TRY(charter_parse(&proposal->statement, &proposal->charter, err));
	const struct charter *charter = proposal->charter;
	TRY(check_origin(session, charter, err));
	TRY(check_step(session, charter, err));
	TRY(alarm_of_client(session,
	    chain_check_signers(&session->chain, &proposal->statement, err)));
	return alarm_of_client(session,
	    charter_verify(&proposal->statement, charter, session->chain.charter,
	        &session->chain.suspensions, err));
}

enum err_code
charter_weigh(struct session *session, struct proposal *proposal, const struct json *given,
    struct err *err)
{
	const struct charter *charter = proposal->charter, *now = session->chain.charter;
	bool known = session->state == SESSION_LIVE && same_attestation(now, charter);

	TRY(check_openable(session, charter, err));
	return enrolments_check(session, given, charter->seats, charter->seat_count,
	    known ? now->seats : NULL, known ? now->seat_count : 0, charter, err);
}

enum err_code
charter_enact(struct session *session, const struct proposal *proposal, struct leaf *leaf,
    struct err *err)
{
	leaf_int(leaf, "version", proposal->charter->version);
	return session->state == SESSION_LIVE ?
	    void_all(session, "a new charter came into force", err) :
	    ERR_OK;
}
