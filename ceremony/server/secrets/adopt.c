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
#include "base/hpke.h"
#include "ceremony/protocol/adopt.h"
#include "ceremony/protocol/message.h"
#include "ceremony/server/rotation/debt.h"
#include "ceremony/server/rotation/target.h"
#include "ceremony/server/secrets/seal_version.h"
#include "ceremony/server/vault/alarm.h"
#include "ceremony/server/vault/chain.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/escrow.h"
#include "ceremony/server/vault/log.h"
#include "ceremony/server/vault/rehearsal.h"
#include "rotators/contract/description.h"
#include "rotators/contract/rotator.h"
#include "vault/store/statement.h"

struct adoption {
	struct dsse statement;
	struct definitions definitions;
	const struct definition *definition; /* its only one */
	struct point enc;
	bool rotate;
	struct secret *credential;
	struct sealing sealing;
	struct debt_row debt;
};

static void
adoption_done(struct adoption *adoption)
{
	dsse_done(&adoption->statement);
	definitions_done(&adoption->definitions);
	secret_freep(&adoption->credential);
	sealing_done(&adoption->sealing);
}

static enum err_code
check_new(struct session *session, const struct definition *definition, struct err *err)
{
	struct secret_row row;

	if (store_find_secret(session->store, definition->name, &row, err) == ERR_OK)
		return err_set(err, ERR_EXISTS, "there is a secret \"%s\" already",
		    definition->name);
	if (err->code != ERR_NOT_FOUND)
		return err->code;
	if (store_get_secret(session->store, &definition->secret, &row, err) == ERR_OK)
		return err_set(err, ERR_EXISTS, "there is a secret with this id already");
	return err->code == ERR_NOT_FOUND ? ERR_OK : err->code;
}

/* Signed by an operator; an adoption takes one. */
static enum err_code
judge_definition(struct session *session, void *context, struct err *err)
{
	struct adoption *adoption = context;
	const struct definitions *definitions = &adoption->definitions;
	int64_t now = session_now(session);

	TRY(alarm_of_client(session,
	    definitions_verify(&adoption->statement, definitions, session->chain.charter,
	        &session->chain.vault, err)));
	if (definitions->count != 1)
		return err_set(err, ERR_REFUSED,
		    "secret: definitions: %zu of them came with one value; a value is added with a "
		    "statement of its own definition alone",
		    definitions->count);
	if (definitions->created > now + CLOCK_BACK_MAX ||
	    definitions->created < now - STATEMENT_AGE)
		return err_set(err, ERR_EXPIRED,
		    "secret: created: it is not of today (or the clocks differ): run the command again");
	TRY(alarm_of_client(session,
	    chain_check_signers(&session->chain, &adoption->statement, err)));
	adoption->definition = &definitions->rows[0];
	return check_new(session, adoption->definition, err);
}

static enum err_code
open_value(struct session *session, struct adoption *adoption, struct view ciphertext,
    struct err *err)
{
	HPKE *hpke = NULL;
	struct digest info;
	const struct definition *definition = adoption->definition;

	TRY(adopt_info(&session->chain.vault, definition, &info, err));
	TRY(hpke_recipient(hpke_suite_default, VIEW_OF(adoption->enc.bytes),
	    &session->keys.escrow_public, hpke_agree_local, session->keys.escrow,
	    VIEW_OF(info.bytes), &hpke, err));
	if (hpke_open(hpke, VIEW_OF(definition->digest.bytes), ciphertext, &adoption->credential,
	        err) != ERR_OK)
		return err_add(err,
		    "the present value was not sealed to this vault and definition");
	return credential_check(secret_view(adoption->credential), err);
}

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

/* The definition announces what the file beside the rotator does: nothing is run for that. */
static enum err_code
check_announced(const char *path, const struct definition *definition, struct err *err)
{
	struct description description;
	const char *other;
	bool of_target;

	TRY(description_read(path, definition->rotator, definition->target, &description,
	    &of_target, err));
	if (description.announced.identity == IDENTITY_VIA)
		return err_set(err, ERR_REFUSED,
		    "secret: announced: identity \"via\": this Halligan opens no other secret to change one, so "
		    "that its value could never be replaced");
	other = announcement_differs(&description.announced, &definition->announced);
	if (other == NULL)
		return ERR_OK;
	return err_set(err, ERR_REFUSED,
	    "secret: announced: \"%s\" is not what rotator %s announces for this target: run the "
	    "command again",
	    other, definition->rotator);
}

/* Accepted is the present value, refused a fresh one. */
static enum err_code
prove(struct session *session, const struct adoption *adoption, struct err *err)
{
	ROTATOR *rotator = NULL;
	SECRET *wrong = NULL;
	struct digest hash;
	char path[4096];
	unsigned seconds = session->options->rotator_seconds;
	const struct definition *definition = adoption->definition;

	TRY(rotator_find(definition->rotator, session->options->rotator_folders, path, &hash, err));
	TRY(check_announced(path, definition, err));
	const struct rotator_start start = {.path = path,
	    .hash = definition->rotator_hash,
	    .target = definition->target,
	    .current = secret_view(adoption->credential),
	    .seconds = seconds != 0 ? seconds : ROTATOR_SECONDS};
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
	ESCROW escrow = {.vault = session->chain.vault, .secret = adoption->definition->secret};
	SECRET *copy = NULL;
	int64_t now = session_now(session);

	adoption->debt = (struct debt_row){.secret = adoption->definition->secret,
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
	LEAF leaf = leaf_new("secret");
	struct secret_row row = {.id = adoption->definition->secret,
	    .definition = adoption->definition->digest,
	    .current = 1,
	    .newest = 1};
	struct digest statement;

	snprintf(row.name, sizeof(row.name), "%s", adoption->definition->name);
	/* The target was asked meanwhile. */
	TRY(change_begin_judged(session, &change, judge_definition, adoption, err));
	TRY(session_keep(session, &adoption->statement, STATEMENT_SECRET, false, &statement, err));
	TRY(store_add_definition(session->store, &row.definition, &statement, err));
	TRY(store_add_secret(session->store, &row, err));
	TRY(sealing_store(session, &adoption->sealing, VERSION_CURRENT, err));
	if (adoption->rotate) {
		TRY(add_debt(session, adoption, err));
		leaf_debt(&leaf, &adoption->debt);
	} else
		leaf_bytes(&leaf, "secret", VIEW_OF(row.id.bytes));
	leaf_text(&leaf, "name", row.name);
	leaf_int(&leaf, "version", 1);
	leaf_bytes(&leaf, "header", VIEW_OF(adoption->sealing.hash.bytes));
	leaf_bytes(&leaf, "definition", VIEW_OF(row.definition.bytes));
	leaf_statement(&leaf, &statement);
	TRY(journal_add(session, &leaf, err));
	TRY(change_commit(session, &change, err));
	return adoption->rotate && !session->rehearses ?
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

	TRY(sealing_make(session, adoption.definition, 1, adoption.credential, &sealing, err));
	adoption.sealing = sealing;
	TRY(record(session, &adoption, err));
	return adoption.rotate ? rotate_pay(session, &adoption.debt.id, &ignored, err) : ERR_OK;
}

static enum err_code
reply_adopted(struct session *session, const struct adoption *adoption, struct json *reply,
    struct err *err)
{
	struct secret_row row;
	struct paid paid = {.state = DEBT_RETIRED};
	const char *state = "adopted";

	if (adoption->rotate) {
		TRY(rotate_pay(session, &adoption->debt.id, &paid, err));
		state = paid.state == DEBT_RETIRED ||
		        (paid.state == DEBT_WATCHED && paid.code == ERR_OK) ?
		    "rotated" :
		    "owed";
	}
	TRY(store_get_secret(session->store, &adoption->definition->secret, &row, err));
	json_put_int(reply, "version", row.current);
	json_put_text(reply, "state", state);
	json_put_text(reply, "note", paid.note);
	return ERR_OK;
}

enum err_code
serve_secret_add(struct session *session, struct call *call, struct err *err)
{
	CLEANUP(adoption_done) struct adoption adoption = {0};

	in_statement(&call->in, "definition", &adoption.statement);
	json_in_hex(&call->in, "enc", adoption.enc.bytes, POINT_SIZE);
	adoption.rotate = json_in_bool(&call->in, "rotate");
	TRY(json_in_end(&call->in));
	if (call->blob.size > CREDENTIAL_ENCODED_MAX + AEAD_TAG_SIZE)
		return err_set(err, ERR_INVALID, "the credential is larger than 64 KiB");
	TRY(definitions_parse(&adoption.statement, session->chain.charter->training,
	    &adoption.definitions, err));
	TRY(judge_definition(session, &adoption, err));
	TRY(open_value(session, &adoption, call->blob, err));
	TRY(rehearse(session, rehearse_record, &adoption, err));
	session_progress(session, "%s: proving the present value", adoption.definition->name);
	TRY(prove(session, &adoption, err));
	TRY(sealing_make(session, adoption.definition, 1, adoption.credential, &adoption.sealing,
	    err));
	TRY(record(session, &adoption, err));
	return reply_adopted(session, &adoption, call->reply, err);
}
