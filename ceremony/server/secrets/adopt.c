/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adoption: the present value of a target comes in once, sealed to the host, and is proven before it is
 * kept: the target must accept it, and must refuse a value that nobody applied.  Then it is sealed to
 * the officers, and by default replaced at once, so that nobody has seen what is sealed.
 */
#include "ceremony/server/secrets/adopt.h"

#include <stdio.h>
#include <string.h>

#include "base/credential.h"
#include "base/crypto_key.h"
#include "base/hpke.h"
#include "ceremony/protocol/adopt.h"
#include "ceremony/protocol/message.h"
#include "ceremony/server/rotation/debt.h"
#include "ceremony/server/rotation/program.h"
#include "ceremony/server/rotation/target.h"
#include "ceremony/server/secrets/account.h"
#include "ceremony/server/secrets/order.h"
#include "ceremony/server/secrets/seal_version.h"
#include "ceremony/server/vault/chain.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/escrow.h"
#include "ceremony/server/vault/log.h"
#include "ceremony/server/vault/rehearsal.h"
#include "rotators/contract/rotator.h"

struct adoption {
	struct dsse statement;
	struct adopt adopt; /* what it says */
	struct secret_id secret;
	const struct order_item *item; /* of ADOPT: that secret's */
	struct point enc;
	uint8_t signature[ED25519_SIGNATURE_SIZE];
	struct secret_row row;
	struct definition definition;
	struct secret *credential;
	struct digest public; /* of it; zeros while it is not open, too */
	struct sealing sealing;
	struct debt_row debt;
};

static void
adoption_done(struct adoption *adoption)
{
	dsse_done(&adoption->statement);
	adopt_done(&adoption->adopt);
	definition_done(&adoption->definition);
	secret_freep(&adoption->credential);
	sealing_done(&adoption->sealing);
}

/* --- May they? ---------------------------------------------------------------------------- */

/* What it names has no value yet. */
static enum err_code
check_row(struct session *session, struct adoption *adoption, struct err *err)
{
	const struct order_item *item = adoption->item;
	struct secret_row *row = &adoption->row;

	TRY(order_secret(session, item, row, err));
	if (row->newest != 0)
		return err_set(err, ERR_EXISTS, "%s has a value already: 'halligan secret show %s'",
		    row->name, row->name);
	return item->version == 0 ?
	    ERR_OK :
	    err_set(err, ERR_REFUSED, "%s: version: it has none yet", row->name);
}

/* Nobody else has the key, for the same account. */
static enum err_code
check_public(struct session *session, const struct adoption *adoption, struct err *err)
{
	if (account_check_public(session, &adoption->row, &adoption->public, err) == ERR_OK)
		return ERR_OK;
	return err->code == ERR_EXISTS ? err_add(err, "%s: nothing was kept", adoption->row.name) :
	                                 err->code;
}

static enum err_code
judge_adoption(struct session *session, void *context, struct err *err)
{
	struct adoption *adoption = context;

	if (order_check(session, &adoption->statement, &adoption->adopt.order, err) != ERR_OK)
		return err_add(err, "adopt");
	TRY(check_row(session, adoption, err));
	return check_public(session, adoption, err);
}

static enum err_code
open_value(struct session *session, struct adoption *adoption, struct view ciphertext,
    struct err *err)
{
	HPKE *hpke = NULL;
	struct digest info, box;
	const struct adopt *adopt = &adoption->adopt;

	TRY(adopt_box_digest(adopt, adoption->item, &adoption->enc, ciphertext, &box, err));
	if (ed25519_verify(&adopt->box_key, VIEW_OF(box.bytes), VIEW_OF(adoption->signature),
	        err) != ERR_OK)
		return err_set(err, ERR_REFUSED,
		    "%s: the present value was not given by who signed the adoption",
		    adoption->row.name);
	TRY(adopt_info(&session->chain.vault, adoption->item, &info, err));
	TRY(hpke_recipient(hpke_suite_default, VIEW_OF(adoption->enc.bytes),
	    &session->keys.escrow_public, hpke_agree_local, session->keys.escrow,
	    VIEW_OF(info.bytes), &hpke, err));
	if (hpke_open(hpke, VIEW_OF(adopt->order.digest.bytes), ciphertext, &adoption->credential,
	        err) != ERR_OK)
		return err_add(err,
		    "the present value was not sealed to this vault and definition");
	return credential_check(secret_view(adoption->credential), err);
}

/* --- The proof ---------------------------------------------------------------------------- */

static enum err_code
expect_probe(struct rotator *rotator, enum rotator_value value, enum probe_result expected,
    const char *otherwise, struct err *err)
{
	enum probe_result result;
	const char *detail;

	TRY(rotator_probe(rotator, value, &result, err));
	detail = rotator_detail(rotator);
	if (result == PROBE_UNREACHABLE)
		return err_set(err, ERR_TARGET_UNKNOWN,
		    "the target cannot be reached, nothing was kept%s%.400s",
		    detail[0] != '\0' ? ": " : "", detail);
	if (result == PROBE_DENIED && expected == PROBE_REFUSED)
		return err_set(err, ERR_TARGET_UNKNOWN,
		    "that the target refuses a wrong value could not be proven, nothing was kept%s%.400s",
		    detail[0] != '\0' ? ": " : "", detail);
	if (result != expected)
		return err_set(err, ERR_TARGET, "%s, nothing was kept%s%.400s", otherwise,
		    detail[0] != '\0' ? ": " : "", detail);
	return ERR_OK;
}

/* Accepted is the present value, refused a fresh one. */
static enum err_code
prove(struct session *session, const struct adoption *adoption, struct err *err)
{
	ROTATOR *rotator = NULL;
	SECRET *wrong = NULL;
	struct rotator_found program;
	const struct definition *definition = &adoption->definition;

	TRY(program_of(session, definition, &program, err));
	struct rotator_start start = program_start(session, definition, &program);

	start.current = secret_view(adoption->credential);
	TRY(rotator_start(&start, &rotator, err));
	if (rotator_check(rotator, &definition->announced, err) != ERR_OK)
		return target_code(err);
	TRY(expect_probe(rotator, ROTATOR_CURRENT, PROBE_ACCEPTED,
	    "the target refuses the present value", err));
	if (rotator_generate(rotator, &wrong, err) != ERR_OK)
		return target_code(err);
	return expect_probe(rotator, ROTATOR_NEXT, PROBE_REFUSED,
	    "the target accepts a value that nobody gave it, so a probe proves nothing", err);
}

/* A debt without a ceremony: whoever handed in the present value has seen it. */
static enum err_code
add_debt(struct session *session, struct adoption *adoption, struct err *err)
{
	ESCROW escrow = {.vault = session->chain.vault, .secret = adoption->row.id};
	SECRET *copy = NULL;
	int64_t now = session_now(session);

	adoption->debt = (struct debt_row){.secret = adoption->row.id,
	    .old = 1,
	    .state = DEBT_OWED,
	    .created = now,
	    .due = now};
	TRY(id_new(&adoption->debt.id, err));
	escrow.debt = adoption->debt.id;
	TRY(secret_from(secret_view(adoption->credential), &copy, err));
	TRY(escrow_add(&escrow, 1, &adoption->sealing.hash, TAKE(copy), err));
	/* Under the writer lock: before the row that names it, and no sweep can take it. */
	if (!session->rehearses)
		TRY(escrow_write_new(session->folder, &escrow, &session->keys, err));
	return store_add_debt(session->store, &adoption->debt, err);
}

static enum err_code
record(struct session *session, struct adoption *adoption, struct err *err)
{
	CHANGE change = {0};
	LEAF leaf = leaf_new("adopted");

	/* The target was asked meanwhile. */
	TRY(change_begin_judged(session, &change, judge_adoption, adoption, err));
	TRY(order_keep(session, &adoption->statement, STATEMENT_ADOPT, &adoption->adopt.order,
	    err));
	TRY(sealing_store(session, &adoption->sealing, VERSION_CURRENT, true, err));
	adoption->row.current = adoption->row.newest = 1;
	TRY(store_update_secret(session->store, &adoption->row, err));
	if (adoption->adopt.rotate) {
		TRY(add_debt(session, adoption, err));
		leaf_debt(&leaf, &adoption->debt);
	} else
		leaf_bytes(&leaf, "secret", VIEW_OF(adoption->row.id.bytes));
	leaf_text(&leaf, "name", adoption->row.name);
	leaf_text(&leaf, "seat", adoption->adopt.order.seat);
	leaf_int(&leaf, "version", 1);
	leaf_bytes(&leaf, "header", VIEW_OF(adoption->sealing.hash.bytes));
	leaf_bytes(&leaf, "definition", VIEW_OF(adoption->row.definition.bytes));
	leaf_statement(&leaf, &adoption->adopt.order.digest);
	TRY(journal_add(session, &leaf, err));
	TRY(change_commit(session, &change, err));
	return adoption->adopt.rotate && !session->rehearses ?
	    escrow_keep(session->folder, &adoption->debt.id, false, err) :
	    ERR_OK;
}

/* As it would be sealed, kept and paid now. */
static enum err_code
rehearse_record(struct session *session, const void *context, struct err *err)
{
	struct adoption adoption = *(const struct adoption *)context;
	SEALING sealing = {0};
	struct paid ignored;

	TRY(sealing_make(session, &adoption.definition, 1, adoption.credential, &sealing, err));
	adoption.sealing = sealing;
	TRY(record(session, &adoption, err));
	return adoption.adopt.rotate ? rotate_pay(session, &adoption.debt.id, &ignored, err) :
	                               ERR_OK;
}

static enum err_code
reply_adopted(struct session *session, const struct adoption *adoption, struct json *reply,
    struct err *err)
{
	struct secret_row row;
	struct paid paid = {.state = DEBT_RETIRED};
	const char *state = "adopted";

	if (adoption->adopt.rotate) {
		TRY(rotate_pay(session, &adoption->debt.id, &paid, err));
		state = paid.state == DEBT_RETIRED ||
		        (paid.state == DEBT_WATCHED && paid.code == ERR_OK) ?
		    "rotated" :
		    "owed";
	}
	TRY(store_get_secret(session->store, &adoption->row.id, &row, err));
	json_put_int(reply, "version", row.current);
	json_put_text(reply, "state", state);
	json_put_text(reply, "note", paid.note);
	return ERR_OK;
}

static enum err_code
read_call(struct session *session, struct call *call, struct adoption *adoption, struct err *err)
{
	in_statement(&call->in, "adopt", &adoption->statement);
	json_in_hex(&call->in, "secret", adoption->secret.bytes, SECRET_ID_SIZE);
	json_in_hex(&call->in, "enc", adoption->enc.bytes, POINT_SIZE);
	json_in_hex(&call->in, "signature", adoption->signature, sizeof(adoption->signature));
	TRY(json_in_end(&call->in));
	if (call->blob.size > CREDENTIAL_ENCODED_MAX + AEAD_TAG_SIZE)
		return err_set(err, ERR_INVALID, "the credential is larger than 64 KiB");
	TRY(adopt_parse(&adoption->statement, session->chain.charter->training, &adoption->adopt,
	    err));
	adoption->item = order_find(&adoption->adopt.order, &adoption->secret);
	if (adoption->item == NULL)
		return err_set(err, ERR_REFUSED, "adopt: secrets: this one is not among them");
	return ERR_OK;
}

enum err_code
serve_adopt(struct session *session, struct call *call, struct err *err)
{
	CLEANUP(adoption_done) struct adoption adoption = {0};

	TRY(read_call(session, call, &adoption, err));
	TRY(judge_adoption(session, &adoption, err));
	TRY(chain_definition(session, &adoption.row.definition, &adoption.definition, err));
	TRY(open_value(session, &adoption, call->blob, err));
	TRY(sealing_public(adoption.credential, &adoption.public, err));
	TRY(check_public(session, &adoption, err));
	TRY(rehearse(session, rehearse_record, &adoption, err));
	session_progress(session, "%s: proving the present value", adoption.row.name);
	TRY(prove(session, &adoption, err));
	TRY(sealing_make(session, &adoption.definition, 1, adoption.credential, &adoption.sealing,
	    err));
	TRY(record(session, &adoption, err));
	return reply_adopted(session, &adoption, call->reply, err);
}
