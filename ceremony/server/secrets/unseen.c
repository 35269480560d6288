/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the host's own right changes the target, and nobody has had the value, no quorum is asked: the old value is opened
 * for nothing, stays sealed, and is not tried.  The new one is sealed to public keys, set, and accepted.  What such a
 * rotation cannot do is refused here, each with the way that can:
 *
 *	what the target holds beside the new value would stay		only style replace
 *	a value that somebody has seen must be shown to be dead		not seen
 *	user name, address and note stand in the old value alone	no field but what the rotator makes: it is tried
 */
#include "ceremony/server/secrets/unseen.h"

#include <stdio.h>

#include "base/credential.h"
#include "ceremony/protocol/message.h"
#include "ceremony/server/opening/refuse.h"
#include "ceremony/server/rotation/debt.h"
#include "ceremony/server/rotation/program.h"
#include "ceremony/server/rotation/target.h"
#include "ceremony/server/secrets/order.h"
#include "ceremony/server/vault/chain.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/escrow.h"
#include "ceremony/server/vault/log.h"
#include "ceremony/server/vault/rehearsal.h"
#include "rotators/contract/rotator.h"

#define BY_QUORUM "'halligan reseal --rotate --reason TEXT %s' asks its officers"

struct renewal {
	struct dsse statement;
	struct order order; /* what it says */
	struct secret_id secret;
	const struct order_item *item; /* of ORDER: that secret's */
	struct secret_row row;
	struct definition definition;
	uint32_t fields; /* that the present value has */
	struct debt_row debt;
};

static void
renewal_done(struct renewal *renewal)
{
	dsse_done(&renewal->statement);
	order_done(&renewal->order);
	definition_done(&renewal->definition);
}

/* --- May it be? --------------------------------------------------------------------------- */

/* By what was signed. */
static enum err_code
check_definition(const struct definition *definition, struct err *err)
{
	const struct announcement *announced = &definition->announced;

	if (announced->identity != IDENTITY_AMBIENT)
		return err_set(err, ERR_REFUSED,
		    "%s: its target is changed by the value itself, which officers must open: " BY_QUORUM,
		    definition->name, definition->name);
	if (!announcement_replaces_alone(announced))
		return err_set(err, ERR_REFUSED,
		    "%s: its target would go on to take the old value, which only that value can take away: " BY_QUORUM,
		    definition->name, definition->name);
	return ERR_OK;
}

static enum err_code
check_version(struct session *session, struct renewal *renewal, struct err *err)
{
	const struct secret_row *row = &renewal->row;
	VERSION_ROW version = {0};

	TRY(store_get_version(session->store, &row->id, row->current, &version, err));
	renewal->fields = version.fields;
	if (!version.seen)
		return ERR_OK;
	return err_set(err, ERR_REFUSED,
	    "%s: somebody has seen its value, so its target must be shown to refuse it: " BY_QUORUM,
	    row->name, row->name);
}

static enum err_code
check_paid(struct session *session, const struct secret_row *row, struct err *err)
{
	struct debt_row debt;
	enum err_code code = store_open_debt(session->store, &row->id, &debt, err);

	if (code == ERR_OK)
		return err_set(err, ERR_EXISTS,
		    "%s owes a replacement already: 'halligan rotate %s' goes on with that",
		    row->name, row->name);
	if (code == ERR_NOT_FOUND)
		code = store_newest_watch(session->store, &row->id, &debt, err);
	if (code == ERR_OK)
		return err_set(err, ERR_EXISTS,
		    "%s: the death of version %u is still watched, and its present value shows that: 'halligan "
		    "rotate %s' goes on with that",
		    row->name, debt.old, row->name);
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

/* No operator alone stops a night that officers have begun. */
static enum err_code
check_waits(struct session *session, const struct secret_row *row, struct err *err)
{
	bool approved;

	TRY(is_being_approved(session, 1u << CEREMONY_COLLECTING | 1u << CEREMONY_RELEASING,
	    &row->id, NULL, &approved, err));
	return approved ?
	    err_set(err, ERR_BUSY,
	        "%s: officers are about to open it: 'halligan status' shows for whom; wait for the end of that",
	        row->name) :
	    ERR_OK;
}

static enum err_code
judge_row(struct session *session, struct renewal *renewal, struct err *err)
{
	struct secret_row *row = &renewal->row;

	if (order_check(session, &renewal->statement, &renewal->order, err) != ERR_OK)
		return err_add(err, "rotate");
	TRY(order_secret(session, renewal->item, row, err));
	if (row->current == 0)
		return err_set(err, ERR_REFUSED, "%s has no value yet: 'halligan secret adopt %s'",
		    row->name, row->name);
	TRY(check_paid(session, row, err));
	TRY(check_waits(session, row, err));
	if (row->current != renewal->item->version)
		return err_set(err, ERR_REFUSED,
		    "%s: its version %u is not current any more: look at 'halligan secret show %s', and run the "
		    "command again",
		    row->name, renewal->item->version, row->name);
	return ERR_OK;
}

static enum err_code
judge(struct session *session, void *context, struct err *err)
{
	struct renewal *renewal = context;

	TRY(judge_row(session, renewal, err));
	definition_done(&renewal->definition);
	TRY(chain_definition(session, &renewal->row.definition, &renewal->definition, err));
	TRY(check_definition(&renewal->definition, err));
	return check_version(session, renewal, err);
}

/* --- Can it be? ----------------------------------------------------------------------------- */

/* Has the new value all that the old one has? */
static enum err_code
compare_fields(const struct renewal *renewal, uint32_t fields, struct err *err)
{
	for (int i = 0; i < CREDENTIAL_FIELDS; i++)
		if ((renewal->fields & ~fields & 1u << i) != 0)
			return err_set(err, ERR_REFUSED,
			    "%s: its value has a %s, which its rotator does not know, so that it would be lost: " BY_QUORUM,
			    renewal->row.name, credential_field_names[i], renewal->row.name);
	return ERR_OK;
}

/* What would fail later is refused now, and changes nothing: the target is looked at, and a value made and dropped. */
static enum err_code
prove(struct session *session, const struct renewal *renewal, struct err *err)
{
	const struct definition *definition = &renewal->definition;
	struct rotator_found program;
	ROTATOR *rotator = NULL;
	SECRET *made = NULL;

	TRY(program_of(session, definition, &program, err));
	const struct rotator_start start = program_start(session, definition, &program);

	TRY(rotator_start(&start, &rotator, err));
	if (rotator_check(rotator, &definition->announced, err) != ERR_OK ||
	    rotator_generate(rotator, &made, err) != ERR_OK)
		return target_code(err);
	return compare_fields(renewal, credential_fields(secret_view(made)), err);
}

/* --- The debt ----------------------------------------------------------------------------- */

/* Its escrow has nothing yet, and is there before the row that names it. */
static enum err_code
add_debt(struct session *session, struct renewal *renewal, struct err *err)
{
	ESCROW escrow = {.vault = session->chain.vault, .secret = renewal->row.id};
	int64_t now = session_now(session);

	renewal->debt = (struct debt_row){.secret = renewal->row.id,
	    .old = renewal->row.current,
	    .state = DEBT_OWED,
	    .created = now,
	    .due = now,
	    .untried = true};
	TRY(id_new(&renewal->debt.id, err));
	escrow.debt = renewal->debt.id;
	if (!session->rehearses)
		TRY(escrow_write_new(session->folder, &escrow, &session->keys, err));
	return store_add_debt(session->store, &renewal->debt, err);
}

static enum err_code
record(struct session *session, struct renewal *renewal, struct err *err)
{
	CHANGE change = {0};
	LEAF leaf = leaf_new("ordered");

	TRY(change_begin_judged(session, &change, judge, renewal, err));
	TRY(order_keep(session, &renewal->statement, STATEMENT_ROTATE, &renewal->order, err));
	TRY(add_debt(session, renewal, err));
	leaf_debt(&leaf, &renewal->debt);
	leaf_text(&leaf, "name", renewal->row.name);
	leaf_text(&leaf, "seat", renewal->order.seat);
	leaf_bytes(&leaf, "definition", VIEW_OF(renewal->row.definition.bytes));
	leaf_statement(&leaf, &renewal->order.digest);
	TRY(journal_add(session, &leaf, err));
	TRY(change_commit(session, &change, err));
	return session->rehearses ? ERR_OK :
	                            escrow_keep(session->folder, &renewal->debt.id, false, err);
}

static enum err_code
rehearse_record(struct session *session, const void *context, struct err *err)
{
	struct renewal renewal = *(const struct renewal *)context;
	struct paid ignored;
	enum err_code code;

	renewal.definition = (struct definition){0};
	code = record(session, &renewal, err);
	definition_done(&renewal.definition);
	return code == ERR_OK ? rotate_pay(session, &renewal.debt.id, &ignored, err) : code;
}

static enum err_code
reply_paid(struct session *session, const struct renewal *renewal, struct json *reply,
    struct err *err)
{
	struct paid paid;
	JSON *array = json_new_array();

	TRY(rotate_pay(session, &renewal->debt.id, &paid, err));
	paid_tell(array, renewal->row.name, debt_state_names[paid.state], &paid);
	json_put(reply, "rotations", TAKE(array));
	return ERR_OK;
}

static enum err_code
read_call(struct session *session, struct call *call, struct renewal *renewal, struct err *err)
{
	in_statement(&call->in, "rotate", &renewal->statement);
	json_in_hex(&call->in, "secret", renewal->secret.bytes, SECRET_ID_SIZE);
	TRY(json_in_end(&call->in));
	TRY(order_parse(&renewal->statement, STATEMENT_ROTATE, session->chain.charter->training,
	    NULL, NULL, &renewal->order, err));
	renewal->item = order_find(&renewal->order, &renewal->secret);
	if (renewal->item == NULL)
		return err_set(err, ERR_REFUSED, "rotate: secrets: this one is not among them");
	return ERR_OK;
}

enum err_code
serve_rotate_unseen(struct session *session, struct call *call, struct err *err)
{
	CLEANUP(renewal_done) struct renewal renewal = {0};

	TRY(read_call(session, call, &renewal, err));
	TRY(judge(session, &renewal, err));
	TRY(rehearse(session, rehearse_record, &renewal, err));
	TRY(prove(session, &renewal, err));
	TRY(record(session, &renewal, err));
	return reply_paid(session, &renewal, call->reply, err);
}
