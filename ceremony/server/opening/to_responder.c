/* SPDX-License-Identifier: Apache-2.0 */
/*
 *	COLLECTING --decide--> RELEASING --finish--> RELEASED	(or DEGRADED: what was sealed is damaged)
 *
 * decide: one transaction; the verdict, the release row (one for a version, ever), the debt, the leaf.
 * finish: under the ceremony's lock; combine, escrow, seal to the responder, one transaction with
 * the answers, then the ceremony's key is erased.  Killed anywhere in it, it starts again and comes to
 * the same state; nothing has left the vault before its end.
 */
#include "ceremony/server/opening/to_responder.h"

#include <string.h>

#include "base/file_lock.h"
#include "base/hpke.h"
#include "ceremony/protocol/statements_host.h"
#include "ceremony/server/opening/erase.h"
#include "ceremony/server/opening/shares.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/escrow.h"
#include "ceremony/server/vault/log.h"
#include "vault/seal/envelope.h"
#include "vault/seal/opener.h"
#include "vault/store/release.h"

enum { LOCK_SECONDS = 10 };

/* Does this approval count towards the quorum? */
static bool
counts(const struct matter *matter, const struct approval_row *row)
{
	return row->complete && strcmp(row->seat, matter->row.requester) != 0 &&
	    !matter_denied(matter, row->seat);
}

static enum err_code
commit_debt(struct session *session, const struct matter *matter, const struct id *debt_id,
    struct err *err)
{
	struct debt_row debt = {.id = *debt_id,
	    .secret = matter->row.secret,
	    .old = matter->row.version,
	    .state = DEBT_OWED,
	    .has_ceremony = true,
	    .ceremony = matter->row.id,
	    .created = matter->row.released,
	    .due = matter->row.expires};
	struct release_row release = {.secret = matter->row.secret,
	    .version = matter->row.version,
	    .ceremony = matter->row.id,
	    .debt = *debt_id};
	LEAF leaf = leaf_new("releasing");

	TRY(store_add_debt(session->store, &debt, err));
	TRY(store_add_release(session->store, &release, err));
	leaf_bytes(&leaf, "ceremony", VIEW_OF(matter->row.id.bytes));
	leaf_int(&leaf, "version", matter->row.version);
	leaf_debt(&leaf, &debt);
	json_put_time(leaf.json, "released", matter->row.released);
	json_put_time(leaf.json, "expires", matter->row.expires);
	for (size_t i = 0; i < matter->approval_count; i++)
		if (counts(matter, &matter->approvals[i]))
			leaf_statement(&leaf, &matter->approvals[i].statement);
	return journal_add(session, &leaf, err);
}

/* Before the point of no return: the database still has what the officers sent.  ERR_CRYPTO: not. */
static enum err_code
check_stored(struct session *session, const struct matter *matter, struct err *err)
{
	for (size_t i = 0; i < matter->approval_count; i++) {
		const struct approval_row *row = &matter->approvals[i];
		SECRET *shares = NULL;
		struct err cause;

		if (!counts(matter, row))
			continue;
		enum err_code code = shares_open(session, matter, row, VIEW_OF(row->shares.enc),
		    buf_view(&row->shares.ciphertext), &shares, &cause);
		if (code == ERR_OK)
			code = seal_check_shares(matter->header, row->envelope, shares, &cause);
		if (code == ERR_MEMORY || code == ERR_IO)
			return err_set(err, code, "%s", cause.text);
		if (code != ERR_OK)
			return err_set(err, ERR_CRYPTO,
			    "the stored shares of seat \"%s\" are damaged (%.300s), so nothing is "
			    "released: put the right database back, or cancel and request again",
			    row->seat, cause.text);
	}
	return ERR_OK;
}

/* COLLECTING to RELEASING when the quorum is met at this moment; RET_STATE is where it stands. */
static enum err_code
decide(struct session *session, const struct id *id, enum ceremony_state *ret_state,
    struct err *err)
{
	CHANGE change = {0};
	MATTER *matter = NULL;
	BUF text = {0};
	struct id debt;
	int missing;

	TRY(change_begin(session, &change, err));
	TRY(matter_load(session, id, &matter, err));
	*ret_state = matter->row.state;
	if (matter->row.state != CEREMONY_COLLECTING ||
	    matter_verdict(session, matter, session_now(session), &missing, &text) != VERDICT_MET)
		return ERR_OK;
	TRY(journal_check_clock(session, err));
	TRY(check_stored(session, matter, err));
	TRY(table_next(matter->row.state, EVENT_RELEASE, &matter->row.state, err));
	matter->row.released = session_now(session);
	matter->row.expires = matter->row.released + matter->request.duration;
	TRY(id_new(&debt, err));
	TRY(store_update_ceremony(session->store, &matter->row, err));
	TRY(commit_debt(session, matter, &debt, err));
	TRY(matter_void_all(session, &matter->row.secret, &matter->row.id,
	    "the version was released to another ceremony", err));
	TRY(change_commit(session, &change, err));
	*ret_state = matter->row.state;
	return resume_erase(session, err); /* keys of those that became void */
}

/* The shares of all approvals that count, until a clause of the quorum is complete. */
static enum err_code
combine(struct session *session, const struct matter *matter, struct secret **ret_credential,
    struct err *err)
{
	OPENER *opener = NULL;

	TRY(opener_new(matter->header, &opener, err));
	for (size_t i = 0; i < matter->approval_count && !opener_ready(opener); i++) {
		const struct approval_row *row = &matter->approvals[i];
		SECRET *shares = NULL;

		if (!counts(matter, row))
			continue;
		if (shares_open(session, matter, row, VIEW_OF(row->shares.enc),
		        buf_view(&row->shares.ciphertext), &shares, err) != ERR_OK ||
		    opener_add(opener, row->envelope, shares, err) != ERR_OK)
			return err_add(err, "the shares of seat \"%s\"", row->seat);
	}
	return opener_open(opener, buf_view(&matter->version.header),
	    buf_view(&matter->version.ciphertext), ret_credential, err);
}

struct answers {
	struct sealed_box boxes[RELEASE_ANSWERS];
	struct digest tokens[RELEASE_ANSWERS];
	size_t count;
};

static void
answers_done(struct answers *answers)
{
	for (size_t i = 0; i < answers->count; i++)
		sealed_box_done(&answers->boxes[i]);
}

static enum err_code
seal_answer(struct session *session, const struct matter *matter, const struct recipient *recipient,
    const struct secret *credential, struct sealed_box *box, struct err *err)
{
	HPKE *hpke = NULL;
	struct digest info;
	struct point enc;
	const struct box_ids ids = {.label = seal_label_answer,
	    .vault = session->chain.vault,
	    .secret = matter->row.secret,
	    .version = matter->row.version,
	    .header_hash = matter->ceremony.items.rows[0].header,
	    .ceremony = matter->row.digest,
	    .seat = matter->row.requester,
	    .token = recipient->token};

	TRY(seal_box_info(&ids, &info, err));
	TRY(hpke_sender(hpke_suite_default, &recipient->key, VIEW_OF(info.bytes), &hpke, &enc,
	    err));
	memcpy(box->enc, enc.bytes, POINT_SIZE);
	return hpke_seal(hpke, VIEW_OF(matter->row.digest.bytes), secret_view(credential),
	    &box->ciphertext, err);
}

/* One answer for each recipient that the request names, and that the officers saw. */
static enum err_code
seal_answers(struct session *session, const struct matter *matter, const struct secret *credential,
    struct answers *answers, struct err *err)
{
	const struct recipients *recipients = &matter->request.recipients;

	for (; answers->count < recipients->count; answers->count++) {
		answers->tokens[answers->count] = recipients->rows[answers->count].token;
		TRY(seal_answer(session, matter, &recipients->rows[answers->count], credential,
		    &answers->boxes[answers->count], err));
	}
	return ERR_OK;
}

static enum err_code
make_statement(struct session *session, const struct matter *matter, const struct id *debt,
    const struct answers *answers, struct dsse *ret_statement, struct err *err)
{
	JSON *payload = NULL;
	struct release release = {.vault = session->chain.vault,
	    .ceremony = matter->row.digest,
	    .header = matter->ceremony.items.rows[0].header,
	    .secret = matter->row.secret,
	    .version = matter->row.version,
	    .answer_count = answers->count,
	    .debt = *debt,
	    .released = matter->row.released,
	    .expires = matter->row.expires};

	for (size_t i = 0; i < matter->approval_count; i++)
		if (counts(matter, &matter->approvals[i]))
			release.approvals[release.approval_count++] =
			    matter->approvals[i].statement;
	for (size_t i = 0; i < answers->count; i++) {
		const struct view parts[] = {VIEW_OF(answers->boxes[i].enc),
		    buf_view(&answers->boxes[i].ciphertext)};

		release.answers[i].token = answers->tokens[i];
		TRY(sha256(parts, ARRAY_SIZE(parts), &release.answers[i].box, err));
	}
	TRY(release_payload(&release, &payload, err));
	TRY(statement_new(STATEMENT_RELEASE, session->chain.charter->training, payload,
	    ret_statement, err));
	return statement_sign_host(ret_statement, session->keys.statement, err);
}

static enum err_code
deliver(struct session *session, struct matter *matter, const struct answers *answers,
    const struct dsse *statement, struct err *err)
{
	CHANGE change = {0};
	LEAF leaf = leaf_new("released");
	struct digest digest;

	TRY(change_begin(session, &change, err));
	TRY(table_next(matter->row.state, EVENT_DELIVER, &matter->row.state, err));
	TRY(session_keep(session, statement, STATEMENT_RELEASE, false, &digest, err));
	for (size_t i = 0; i < answers->count; i++)
		TRY(store_add_answer(session->store, &matter->row.id, &answers->tokens[i],
		    &answers->boxes[i], err));
	TRY(store_set_release_statement(session->store, &matter->row.secret, matter->row.version,
	    &digest, err));
	TRY(store_update_ceremony(session->store, &matter->row, err));
	TRY(store_erase_shares(session->store, &matter->row.id, err));
	leaf_bytes(&leaf, "ceremony", VIEW_OF(matter->row.id.bytes));
	leaf_bytes(&leaf, "secret", VIEW_OF(matter->row.secret.bytes));
	leaf_int(&leaf, "version", matter->row.version);
	leaf_statement(&leaf, &digest);
	TRY(journal_add(session, &leaf, err));
	return change_commit(session, &change, err);
}

/* What officers opened does not give the credential: a person must look. */
static enum err_code
damage(struct session *session, struct matter *matter, const struct err *cause, struct err *err)
{
	CHANGE change = {0};
	LEAF leaf = leaf_new("damaged");

	session_alarm(session, matter->secret.name, "nothing could be released: %s", cause->text);
	TRY(change_begin(session, &change, err));
	TRY(table_next(matter->row.state, EVENT_DAMAGE, &matter->row.state, err));
	plain_text(cause->text, matter->row.reason, sizeof(matter->row.reason));
	TRY(store_update_ceremony(session->store, &matter->row, err));
	TRY(store_erase_shares(session->store, &matter->row.id, err));
	TRY(store_set_part_exposed(session->store, &matter->row.secret, matter->row.version, err));
	leaf_bytes(&leaf, "ceremony", VIEW_OF(matter->row.id.bytes));
	leaf_text(&leaf, "reason", matter->row.reason);
	TRY(journal_add(session, &leaf, err));
	return change_commit(session, &change, err);
}

static bool
is_damage(enum err_code code)
{
	return code == ERR_INTEGRITY || code == ERR_CRYPTO || code == ERR_NOT_FOUND ||
	    code == ERR_WAITING || code == ERR_INVALID;
}

/* The debt needs the value that it replaces. */
static enum err_code
keep_escrow(struct session *session, const struct matter *matter, struct secret *credential,
    struct id *ret_debt, struct err *err)
{
	struct release_row release;
	ESCROW escrow = {.vault = session->chain.vault, .secret = matter->row.secret};
	SECRET *copy = NULL;

	TRY(store_get_release(session->store, &matter->row.secret, matter->row.version, &release,
	    err));
	escrow.debt = release.debt;
	TRY(secret_from(secret_view(credential), &copy, err));
	TRY(escrow_add(&escrow, matter->row.version, TAKE(copy), err));
	TRY(escrow_write(session->folder, &escrow, &session->keys, err));
	*ret_debt = release.debt;
	return ERR_OK;
}

/* With the ceremony's lock held and the row seen to be RELEASING under it. */
static enum err_code
finish_locked(struct session *session, struct matter *matter, struct err *err)
{
	SECRET *credential = NULL;
	CLEANUP(answers_done) struct answers answers = {0};
	DSSE statement = {0};
	struct id debt;
	struct err cause;
	enum err_code code = combine(session, matter, &credential, &cause);

	if (is_damage(code)) {
		TRY(damage(session, matter, &cause, err));
		return ceremony_key_erase(session->folder, &matter->row.id, err);
	}
	if (code != ERR_OK) {
		*err = cause;
		return code;
	}
	TRY(keep_escrow(session, matter, credential, &debt, err));
	TRY(seal_answers(session, matter, credential, &answers, err));
	TRY(make_statement(session, matter, &debt, &answers, &statement, err));
	TRY(deliver(session, matter, &answers, &statement, err));
	return ceremony_key_erase(session->folder, &matter->row.id, err);
}

static enum err_code
finish(struct session *session, const struct id *id, struct err *err)
{
	FILE_LOCK *lock = NULL;
	MATTER *matter = NULL;
	char path[4096];

	TRY(journal_check_clock(session, err));
	TRY(host_id_path(session->folder, "ceremony", id, ".lock", path, err));
	TRY(file_lock(path, "release", LOCK_SECONDS, &lock, err));
	TRY(matter_load(session, id, &matter, err));
	if (matter->row.state != CEREMONY_RELEASING)
		return ERR_OK; /* another session was faster */
	if (matter->requester == NULL || matter->token == NULL)
		return err_set(err, ERR_INTEGRITY, "%s", matter->why_void);
	TRY(finish_locked(session, matter, err));
	/* Whoever waits for the lock sees under it that nothing is left to do. */
	return file_erase(path, err);
}

enum err_code
release_advance(struct session *session, const struct id *id, struct err *err)
{
	enum ceremony_state state;

	TRY(decide(session, id, &state, err));
	return state == CEREMONY_RELEASING ? finish(session, id, err) : ERR_OK;
}
