/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request, one reply, until the client closes.  The vault is opened at the first request, so
 * that a vault that cannot be opened is told to the client in a frame.  What may be asked when is a
 * table: each operation names the states of a vault in which it exists.
 */
#include "ceremony/server/server.h"

#include <string.h>

#include "ceremony/protocol/wire.h"
#include "ceremony/server/documents/founding.h"
#include "ceremony/server/documents/propose.h"
#include "ceremony/server/documents/publish.h"
#include "ceremony/server/documents/token_test.h"
#include "ceremony/server/documents/waiting.h"
#include "ceremony/server/documents/withdraw.h"
#include "ceremony/server/due.h"
#include "ceremony/server/log_ops.h"
#include "ceremony/server/opening/approve.h"
#include "ceremony/server/opening/list.h"
#include "ceremony/server/opening/object.h"
#include "ceremony/server/opening/request.h"
#include "ceremony/server/opening/spare.h"
#include "ceremony/server/rotation/lease.h"
#include "ceremony/server/secrets/reseal_due.h"
#include "ceremony/server/secrets/secret.h"
#include "ceremony/server/secrets/secret_add.h"
#include "ceremony/server/status.h"
#include "ceremony/server/vault/open.h"

enum { ABSENT = 1 << SESSION_ABSENT, FOUNDING = 1 << SESSION_FOUNDING, LIVE = 1 << SESSION_LIVE };

static const struct op {
	const char *name;
	unsigned states;
	enum err_code (*run)(struct session *session, struct call *call, struct err *err);
} ops[] = {
    {"advance", LIVE, serve_advance},
    {"approve", LIVE, serve_approve},
    {"ceremony-get", LIVE, serve_ceremony_get},
    {"ceremony-item", LIVE, serve_ceremony_item},
    {"ceremony-list", LIVE, serve_ceremony_list},
    {"chain", LIVE, serve_chain},
    {"done", LIVE, serve_done},
    {"draft", FOUNDING | LIVE, serve_draft},
    {"drafts", FOUNDING | LIVE, serve_drafts},
    {"enrolments", FOUNDING | LIVE, serve_enrolments},
    {"envelope", LIVE, serve_envelope},
    {"evidence", LIVE, serve_evidence},
    {"founding", FOUNDING | LIVE, serve_founding},
    {"hello", ABSENT | FOUNDING | LIVE, serve_hello},
    {"init", ABSENT, serve_init},
    {"log-list", LIVE, serve_log_list},
    {"log-verify", LIVE, serve_log_verify},
    {"object", LIVE, serve_object},
    {"open", LIVE, serve_open},
    {"propose", FOUNDING | LIVE, serve_propose},
    {"request", LIVE, serve_request},
    {"reseal-list", LIVE, serve_reseal_list},
    {"rotate", LIVE, serve_rotate},
    {"rotator", FOUNDING | LIVE, serve_rotator},
    {"secret-add", LIVE, serve_secret_add},
    {"secret-find", LIVE, serve_secret_find},
    {"secret-list", LIVE, serve_secret_list},
    {"shares", LIVE, serve_shares},
    {"sign", FOUNDING | LIVE, serve_sign},
    {"spare", LIVE, serve_spare},
    {"spare-box", LIVE, serve_spare_box},
    {"spare-envelope", LIVE, serve_spare_envelope},
    {"spare-list", LIVE, serve_spare_list},
    {"statements", LIVE, serve_statements},
    {"status", FOUNDING | LIVE, serve_status},
    {"test", LIVE, serve_test},
    {"test-begin", LIVE, serve_test_begin},
    {"test-box", LIVE, serve_test_box},
    {"withdraw", FOUNDING | LIVE, serve_withdraw},
};

static enum err_code
refuse_state(const struct session *session, const struct op *op, struct err *err)
{
	if (session->state == SESSION_ABSENT)
		return err_set(err, ERR_NOT_FOUND,
		    "there is no vault in %s; make one with 'halligan init'", session->folder);
	if (op->states == ABSENT)
		return err_set(err, ERR_EXISTS, "there is a vault in %s already", session->folder);
	return err_set(err, ERR_REFUSED,
	    "the vault in %s is being founded: its charter is not signed by all officers yet",
	    session->folder);
}

static enum err_code
dispatch(struct session *session, struct call *call, struct err *err)
{
	const char *name = json_in_text(&call->in, "op", 1, 40);

	if (call->in.code != ERR_OK)
		return call->in.code;
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		if (strcmp(ops[i].name, name) != 0)
			continue;
		if ((ops[i].states & (1u << session->state)) == 0)
			return refuse_state(session, &ops[i], err);
		return ops[i].run(session, call, err);
	}
	return err_set(err, ERR_PROTOCOL,
	    "this server has no operation \"%s\": client and server are of different versions",
	    name);
}

static enum err_code
send_error(int out, enum err_code code, const struct err *cause, struct err *err)
{
	JSON *reply = json_new_object();
	char text[ERR_TEXT_SIZE];

	plain_text(cause->text, text, sizeof(text));
	json_put_bool(reply, "ok", false);
	json_put_text(reply, "code", err_name(code));
	json_put_text(reply, "text", text);
	return wire_send(out, reply, (struct view){0}, -1, err);
}

static void
call_done(struct call *call)
{
	json_freep(&call->reply);
	buf_done(&call->out);
}

/* After these nothing that the session holds can be relied on. */
static bool
is_fatal(enum err_code code)
{
	return code == ERR_PROTOCOL || code == ERR_INTEGRITY;
}

/* RET_END: the session ends after the client was told why. */
static enum err_code
answer(struct session *session, const struct json *request, struct view blob, int out,
    bool *ret_end, struct err *err)
{
	CLEANUP(call_done)
	struct call call = {.in = json_in(request, "request", err),
	    .blob = blob,
	    .reply = json_new_object()};
	struct err cause;

	json_put_bool(call.reply, "ok", true);
	enum err_code code = dispatch(session, &call, err);
	if (code == ERR_OK)
		return wire_send(out, call.reply, buf_view(&call.out), -1, err);
	*ret_end = is_fatal(code);
	cause = *err;
	return send_error(out, code, &cause, err);
}

static enum err_code
open_and_resume(const struct server_options *options, int out, struct session *session,
    struct err *err)
{
	TRY(session_open(options, out, session, err));
	return resume(session, err);
}

enum err_code
server_run(const struct server_options *options, int in, int out, struct err *err)
{
	SESSION session = {0};
	bool opened = false, end = false;

	while (!end) {
		JSON *request = NULL;
		BUF blob = {0};
		struct err cause;
		enum err_code code = wire_receive(in, &request, &blob, -1, err);

		if (code == ERR_NOT_FOUND)
			return ERR_OK;
		if (code != ERR_OK)
			return code;
		if (!opened && open_and_resume(options, out, &session, err) != ERR_OK) {
			cause = *err;
			return send_error(out, cause.code, &cause, err);
		}
		opened = true;
		TRY(answer(&session, request, buf_view(&blob), out, &end, err));
	}
	return ERR_OK;
}
