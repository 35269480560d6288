/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request, one reply, until the client closes.  The vault is opened at the first request, so
 * that a vault that cannot be opened is told to the client in a frame.  What may be asked when, by
 * whom, and what proves it is a table: lint compares it with docs/PROTOCOL.md.
 */
#include "ceremony/server/server.h"

#include <string.h>

#include "base/process.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/wire.h"
#include "ceremony/server/clock.h"
#include "ceremony/server/copies/look.h"
#include "ceremony/server/copies/send.h"
#include "ceremony/server/documents/definition.h"
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
#include "ceremony/server/secrets/adopt.h"
#include "ceremony/server/secrets/headers.h"
#include "ceremony/server/secrets/reseal_due.h"
#include "ceremony/server/secrets/secret.h"
#include "ceremony/server/secrets/unseen.h"
#include "ceremony/server/status.h"
#include "ceremony/server/vault/alarm.h"
#include "ceremony/server/vault/chain.h"
#include "ceremony/server/vault/open.h"

enum { ABSENT = 1 << SESSION_ABSENT, FOUNDING = 1 << SESSION_FOUNDING, LIVE = 1 << SESSION_LIVE };

static const struct op {
	const char *name;
	unsigned states;
	enum err_code (*run)(struct session *session, struct call *call, struct err *err);
	const char *who;   /* may ask, and */
	const char *proof; /* what shows it; NULL: it reads, and no change begins */
} ops[] = {
    {"adopt", LIVE, serve_adopt, "an operator", "a signature"},
    {"advance", LIVE, serve_advance, "anyone", "the signatures that stand, the host's clock"},
    {"approve", LIVE, serve_approve, "an officer", "a signature"},
    {"ceremony-find", LIVE, serve_ceremony_find, "anyone", NULL},
    {"ceremony-get", LIVE, serve_ceremony_get, "anyone", NULL},
    {"ceremony-items", LIVE, serve_ceremony_items, "anyone", NULL},
    {"chain", LIVE, serve_chain, "anyone", NULL},
    {"clock", LIVE, serve_clock, "an officer", "a signature"},
    {"clock-look", LIVE, serve_clock_look, "anyone", NULL},
    {"copy-repair", LIVE, serve_copy_repair, "anyone",
        "the signatures of the charter in force, which names the sink"},
    {"copy-status", LIVE, serve_copy_status, "anyone", NULL},
    {"done", LIVE, serve_done, "whoever opened it, the requester, an officer",
        "the lease key, or a signature"},
    {"draft", FOUNDING | LIVE, serve_draft, "anyone", NULL},
    {"drafts", FOUNDING | LIVE, serve_drafts, "anyone", NULL},
    {"enrolments", FOUNDING | LIVE, serve_enrolments, "anyone", NULL},
    {"envelopes", LIVE, serve_envelopes, "whoever approved", NULL},
    {"evidence", LIVE, serve_evidence, "anyone", NULL},
    {"founding", FOUNDING | LIVE, serve_founding, "anyone", NULL},
    {"hello", ABSENT | FOUNDING | LIVE, serve_hello, "anyone", NULL},
    {"init", ABSENT, serve_init, "the account that serves the folder", "there is no vault yet"},
    {"log-list", LIVE, serve_log_list, "anyone", NULL},
    {"log-verify", LIVE, serve_log_verify, "anyone", NULL},
    {"object", LIVE, serve_object, "an officer (denial), the requester (cancel)", "a signature"},
    {"open", LIVE, serve_open, "anyone", NULL},
    {"propose", FOUNDING | LIVE, serve_propose,
        "an operator, an officer, a seat that gets another token or suspends its own",
        "a signature"},
    {"request", LIVE, serve_request,
        "a responder (release), an operator or officer (reseal, rotate)", "a signature"},
    {"reseal-find", LIVE, serve_reseal_find, "anyone", NULL},
    {"reseal-list", LIVE, serve_reseal_list, "anyone", NULL},
    {"rotate", LIVE, serve_rotate, "anyone", "the host's clock: not before it is due"},
    {"rotate-unseen", LIVE, serve_rotate_unseen, "an operator", "a signature"},
    {"rotator", FOUNDING | LIVE, serve_rotator, "anyone", NULL},
    {"secret-find", LIVE, serve_secret_find, "anyone", NULL},
    {"secret-headers", LIVE, serve_secret_headers, "anyone", NULL},
    {"secret-list", LIVE, serve_secret_list, "anyone", NULL},
    {"secret-quorums", LIVE, serve_secret_quorums, "anyone", NULL},
    {"shares", LIVE, serve_shares, "whoever approved",
        "the approval's signature: they are sealed under its `enc`"},
    {"sign", FOUNDING | LIVE, serve_sign, "a seat whose signature it lacks", "a signature"},
    {"spare", LIVE, serve_spare, "an officer", "a signature"},
    {"spare-box", LIVE, serve_spare_box, "whoever signed the `spare`",
        "a signature by its `box_key`"},
    {"spare-envelope", LIVE, serve_spare_envelope, "anyone", NULL},
    {"spare-list", LIVE, serve_spare_list, "anyone", NULL},
    {"statements", LIVE, serve_statements, "anyone", NULL},
    {"status", FOUNDING | LIVE, serve_status, "anyone", NULL},
    {"test", LIVE, serve_test, "the token's seat", "a signature"},
    {"test-begin", LIVE, serve_test_begin, "anyone", NULL},
    {"test-box", LIVE, serve_test_box, "whoever opened the share key's probe", NULL},
    {"withdraw", FOUNDING | LIVE, serve_withdraw, "the seat that proposed it", "a signature"},
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

/* They read for longer than others should wait for, and see to that themselves. */
static bool
lasts(const struct op *op)
{
	return op->run == serve_log_list || op->run == serve_log_verify ||
	    op->run == serve_copy_status;
}

/* What only reads sees one state, and proves what it meets once. */
static enum err_code
perform(struct session *session, const struct op *op, struct call *call, struct err *err)
{
	READING reading = NULL;

	if (session->reads && !lasts(op) && session->store != NULL)
		TRY(reading_begin(session, &reading, err));
	/* Whoever was suspended meanwhile asks for nothing. */
	TRY(chain_refresh(session, err));
	return op->run(session, call, err);
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
		session->reads = ops[i].proof == NULL;
		session->told = false;
		return perform(session, &ops[i], call, err);
	}
	return err_set(err, ERR_PROTOCOL,
	    "this server has no operation \"%s\": client and server are of different versions",
	    name);
}

/* Nobody waits for a client that stopped reading in the middle of a reply: its session ends, and holds nothing meanwhile.
 * ERR_NOT_FOUND: it has gone, which is no fault. */
static enum err_code
reply(const struct session *session, int out, const struct json *json, struct view blob,
    struct err *err)
{
	unsigned seconds = session->options != NULL ? session->options->patience_seconds : 0;
	int64_t patience = seconds != 0 ? (int64_t)seconds : PATIENCE_SECONDS;
	enum err_code code =
	    wire_send(out, json, blob, process_milliseconds() + 1000 * patience, err);

	if (code == ERR_PROTOCOL)
		return err->code = ERR_NOT_FOUND;
	return code == ERR_TARGET_UNKNOWN ?
	    err_set(err, ERR_PROTOCOL, "the client stopped reading in the middle of a reply") :
	    code;
}

/* Whatever the client is told that is not what it asked for.  WHY may be in ERR. */
static enum err_code
send_error(struct session *session, int out, const struct err *why, struct err *err)
{
	JSON *told = json_new_object();
	struct err cause = *why;

	if (cause.code == ERR_INTEGRITY)
		alarm_end(session, &cause);
	put_error(told, &cause);
	return reply(session, out, told, (struct view){0}, err);
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

/* Nothing is told, a refusal neither, of a state that may yet be undone. */
static enum err_code
settle(struct session *session, enum err_code code, struct err *err)
{
	struct err unsettled;

	if (session->store == NULL || is_fatal(code) ||
	    store_settle(session->store, &unsettled) == ERR_OK)
		return code;
	*err = unsettled;
	return unsettled.code;
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

	json_put_bool(call.reply, "ok", true);
	enum err_code code = settle(session, dispatch(session, &call, err), err);
	if (code == ERR_OK) {
		code = reply(session, out, call.reply, buf_view(&call.out), err);
		if (code != ERR_INVALID) /* else nothing was sent: it is too large */
			return code;
	}
	*ret_end = is_fatal(code);
	return send_error(session, out, err, err);
}

static enum err_code
begin_session(const struct server_options *options, int out, struct session *session,
    struct err *err)
{
	TRY(session_open(session, options, out, err));
	return due_first(session, err);
}

/* After the last reply.  An alarm is told by the commands that rest on what it is about. */
static void
end_session(struct session *session)
{
	const struct server_options *options = session->options;
	struct err ignored;
	bool waits = false;

	if (options == NULL || options->start_due == NULL || session->store == NULL ||
	    due_waits(session, &waits, &ignored) != ERR_OK || !waits)
		return;
	session_done(session);
	*session = (struct session){0};
	options->start_due(options);
}

enum err_code
server_run(const struct server_options *options, int in, int out, struct err *err)
{
	SESSION session = {0};
	bool opened = false, end = false;

	while (!end) {
		JSON *request = NULL;
		BUF blob = {0};
		enum err_code code = wire_receive(in, &request, &blob, -1, err);

		if (code == ERR_NOT_FOUND) {
			end_session(&session);
			return ERR_OK;
		}
		if (code != ERR_OK)
			return code;
		if (!opened && begin_session(options, out, &session, err) != ERR_OK) {
			code = send_error(&session, out, err, err);
			return code == ERR_NOT_FOUND ? ERR_OK : code;
		}
		opened = true;
		code = answer(&session, request, buf_view(&blob), out, &end, err);
		if (code != ERR_OK) {
			end_session(&session);
			return code == ERR_NOT_FOUND ? ERR_OK : code;
		}
	}
	return ERR_OK;
}
