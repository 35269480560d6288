/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proposing and signing charters.  A draft is checked wholly before anybody signs it: its rules, that it
 * speaks of this vault and host, and every token's enrolment with its attestation.  With the last
 * signature that it needs it becomes the charter in the same transaction; all open ceremonies become
 * void then.
 */
#include "ceremony/server/documents/charter.h"

#include <string.h>

#include "base/text.h"
#include "ceremony/protocol/message.h"
#include "ceremony/server/documents/openable.h"
#include "ceremony/server/documents/waiting.h"
#include "ceremony/server/opening/erase.h"
#include "ceremony/server/opening/refuse.h"
#include "ceremony/server/vault/chain.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/log.h"
#include "ceremony/server/vault/open.h"
#include "vault/documents/chain_fold.h"
#include "vault/documents/charter_verify.h"
#include "vault/documents/seats_check.h"
#include "vault/store/statement.h"

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

static void
add_missing(struct json *array, const struct dsse *statement, const struct seat *seats,
    size_t count, const struct quorum *quorum, const struct charter *listed)
{
	for (size_t i = 0; i < count; i++) {
		bool counts = quorum != NULL ? quorum_seat(quorum, seats[i].name) >= 0 :
		                               (seats[i].roles & ROLE_OFFICER) != 0;
		bool has_signed = false;

		for (size_t j = 0; j < seats[i].token_count; j++) {
			char hex[2 * DIGEST_SIZE + 1];

			text_hex(VIEW_OF(seats[i].tokens[j].id.bytes), hex);
			has_signed = has_signed || dsse_find(statement, hex) != NULL;
		}
		/* A seat of both charters is named once. */
		if (counts && !has_signed &&
		    (listed == NULL ||
		        seat_by_name(listed->seats, listed->seat_count, seats[i].name) == NULL ||
		        quorum_seat(&listed->change, seats[i].name) < 0))
			json_add_text(array, seats[i].name);
	}
}

/* Who may still sign: every officer for the first charter, else the change quorums' seats. */
static void
put_missing(const struct session *session, struct json *reply, const struct dsse *statement,
    const struct charter *charter)
{
	struct json *array = json_new_array();

	if (session->state == SESSION_LIVE) {
		add_missing(array, statement, session->chain.charter->seats,
		    session->chain.charter->seat_count, &session->chain.charter->change, NULL);
		add_missing(array, statement, charter->seats, charter->seat_count, &charter->change,
		    session->chain.charter);
	} else
		add_missing(array, statement, charter->seats, charter->seat_count, NULL, NULL);
	json_put(reply, "missing", array);
}

/* Under another attestation policy every token is verified anew. */
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
serve_charter_propose(struct session *session, struct call *call, struct err *err)
{
	DSSE statement = {0};
	CHARTER *charter = NULL;
	CHANGE change = {0};
	LEAF leaf = leaf_new("charter-proposed");
	struct digest digest;

	in_statement(&call->in, "charter", &statement);
	const struct json *given = json_in_array(&call->in, "enrolments", 0, DRAFT_ENROLMENTS);
	TRY(json_in_end(&call->in));
	if (statement.count != 0)
		return err_set(err, ERR_INVALID, "charter: a draft is proposed without signatures");
	TRY(charter_parse(&statement, &charter, err));
	TRY(change_begin(session, &change, err));
	TRY(check_origin(session, charter, err));
	TRY(check_step(session, charter, err));
	TRY(check_openable(session, charter, err));
	bool known =
	    session->state == SESSION_LIVE && same_attestation(session->chain.charter, charter);
	TRY(draft_enrolments(session, given, charter->seats, charter->seat_count,
	    known ? session->chain.charter->seats : NULL,
	    known ? session->chain.charter->seat_count : 0, charter, &leaf, err));
	TRY(draft_keep(session, DRAFT_CHARTER, &statement, &digest, err));
	leaf_statement(&leaf, &digest);
	leaf_bytes(&leaf, "digest", VIEW_OF(digest.bytes));
	TRY(journal_add(session, &leaf, err));
	TRY(change_commit(session, &change, err));
	json_put_hex(call->reply, "digest", VIEW_OF(digest.bytes));
	put_missing(session, call->reply, &statement, charter);
	return ERR_OK;
}

/* The draft has all its signatures: it is the charter from this commit on. */
static enum err_code
enact(struct session *session, const struct charter *charter, struct err *err)
{
	LEAF leaf = leaf_new("charter");

	if (session->state == SESSION_LIVE)
		TRY(none_releasing(session, err));
	TRY(store_add_document(session->store, &charter->digest, err));
	TRY(draft_drop(session, DRAFT_CHARTER, err));
	TRY(draft_drop(session, DRAFT_ROSTER, err));
	TRY(draft_drop(session, DRAFT_SUSPENSION, err));
	if (session->state == SESSION_LIVE)
		TRY(void_all(session, "a new charter came into force", err));
	leaf_int(&leaf, "version", charter->version);
	leaf_statement(&leaf, &charter->digest);
	return journal_add(session, &leaf, err);
}

static enum err_code
note_signature(struct session *session, const struct charter *charter, const struct seat *seat,
    struct err *err)
{
	LEAF leaf = leaf_new("charter-signed");

	leaf_bytes(&leaf, "digest", VIEW_OF(charter->digest.bytes));
	leaf_text(&leaf, "seat", seat->name);
	return journal_add(session, &leaf, err);
}

static enum err_code
after_enacting(struct session *session, struct err *err)
{
	if (session->state == SESSION_FOUNDING)
		return session_go_live(session, err);
	TRY(chain_refresh(session, err));
	return resume_erase(session, err);
}

enum err_code
serve_charter_sign(struct session *session, struct call *call, struct err *err)
{
	DSSE draft = {0};
	CHARTER *charter = NULL;
	CHANGE change = {0};
	struct digest digest;
	const struct seat *seat;
	bool live = session->state == SESSION_LIVE;

	TRY(change_begin(session, &change, err));
	enum err_code code = draft_load(session, DRAFT_CHARTER, &draft, err);
	if (code == ERR_NOT_FOUND)
		return err_set(err, ERR_NOT_FOUND,
		    "no charter waits for signatures; draft one first");
	if (code != ERR_OK)
		return code;
	TRY(charter_parse(&draft, &charter, err));
	TRY(check_step(session, charter, err));
	TRY(check_openable(session, charter, err));
	TRY(draft_sign(call, &draft, charter->seats, charter->seat_count,
	    live ? session->chain.charter->seats : NULL,
	    live ? session->chain.charter->seat_count : 0, &seat, err));
	TRY(chain_check_signers(&session->chain, &draft, err));
	TRY(draft_keep(session, DRAFT_CHARTER, &draft, &digest, err));
	TRY(note_signature(session, charter, seat, err));
	code = charter_verify(&draft, charter, live ? session->chain.charter : NULL, err);
	if (code != ERR_OK && code != ERR_WAITING)
		return code;
	put_missing(session, call->reply, &draft, charter);
	if (code == ERR_OK)
		TRY(enact(session, charter, err));
	TRY(change_commit(session, &change, err));
	json_put_bool(call->reply, "live", code == ERR_OK);
	if (code != ERR_OK)
		return ERR_OK;
	TRY(after_enacting(session, err));
	json_put_int(call->reply, "version", charter->version);
	json_put_hex(call->reply, "vault", VIEW_OF(session->chain.vault.bytes));
	return ERR_OK;
}
