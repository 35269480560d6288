/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/rotation/ended.h"

#include "base/text.h"
#include "ceremony/protocol/statements_host.h"
#include "ceremony/server/vault/chain.h"
#include "vault/documents/definition_verify.h"

static enum grade
grade_of(const struct payment *payment)
{
	const struct announcement *announced = &payment->definition.announced;

	return payment->debt.untried         ? GRADE_NOT_TRIED :
	    announced->death == DEATH_NONE   ? GRADE_CANNOT_DIE :
	    announced->death == DEATH_COPIES ? GRADE_COPIES_OPEN :
	    announced->grace > 0             ? GRADE_REFUSED_AFTER_GRACE :
	                                       GRADE_REFUSED;
}

static enum rotation_sessions
sessions_of(const struct payment *payment)
{
	bool stay = (payment->definition.announced.can & CAN_EXPEL) == 0;

	return payment->debt.untried ? ROTATION_SESSIONS_NONE :
	    stay                     ? ROTATION_SESSIONS_STAY :
	                               (enum rotation_sessions)payment->debt.sessions;
}

/* The old value was made for another target, or changed by another rotator, than what was asked: then officers who signed the
 * change say that there it is dead. */
static enum err_code
check_moved(struct payment *payment, enum grade *grade, struct err *err)
{
	VERSION_ROW version = {0};
	HEADER *header = NULL;
	DEFINITION sealed = {0};

	TRY(store_get_version(payment->session->store, &payment->debt.secret, payment->debt.old,
	    &version, err));
	TRY(header_new(&header, err));
	TRY(header_decode(buf_view(&version.header), header, err));
	if (digest_equal(&header->definition, &payment->definition.digest))
		return ERR_OK;
	TRY(chain_signed_definition(payment->session, &header->definition, &sealed, err));
	if (definition_moves(&sealed, &payment->definition))
		*grade = GRADE_ATTESTED;
	return ERR_OK;
}

enum err_code
ended_statement(struct payment *payment, struct dsse *ret_statement, struct err *err)
{
	struct session *session = payment->session;
	VERSION_ROW version = {0};
	JSON *payload = NULL;
	struct rotation rotation = {.vault = session->chain.vault,
	    .debt = payment->debt.id,
	    .secret = payment->debt.secret,
	    .old = payment->debt.old,
	    .new = payment->debt.pending,
	    .rotator = payment->ran,
	    .grade = grade_of(payment),
	    .sessions = sessions_of(payment),
	    .time = session_now(session)};

	TRY(check_moved(payment, &rotation.grade, err));
	TRY(store_get_version(session->store, &payment->debt.secret, payment->debt.pending,
	    &version, err));
	rotation.header = version.header_hash;
	payment->grade = rotation.grade;
	plain_text(payment->proof, rotation.proof, sizeof(rotation.proof));
	TRY(rotation_payload(&rotation, &payload, err));
	TRY(statement_new(STATEMENT_ROTATION, session->chain.charter->training, payload,
	    ret_statement, err));
	return statement_sign_host(ret_statement, session->keys.statement, err);
}
