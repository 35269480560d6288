/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations of the server (docs/PROTOCOL.md), one function for each.  A function reads the members
 * of its request from CALL->in, ends with json_in_end before it uses them, and adds to CALL->reply,
 * which has "ok" already.
 */
#ifndef CEREMONY_SERVER_OP_H
#define CEREMONY_SERVER_OP_H

#include "ceremony/server/vault/session.h"

struct call {
	struct json_in in;
	struct view blob;   /* of the request */
	struct json *reply; /* owned by the server's loop */
	struct buf out;     /* blob of the reply */
};

/* found.c */
enum err_code serve_init(struct session *session, struct call *call, struct err *err) MUST_CHECK;
enum err_code serve_founding(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
/* charters.c */
enum err_code serve_charter_propose(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_charter_sign(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
/* published.c */
enum err_code serve_hello(struct session *session, struct call *call, struct err *err) MUST_CHECK;
enum err_code serve_chain(struct session *session, struct call *call, struct err *err) MUST_CHECK;
enum err_code serve_enrolments(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_statements(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_rotator(struct session *session, struct call *call, struct err *err) MUST_CHECK;
/* rosters.c */
enum err_code serve_roster_draft(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_roster_propose(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_roster_sign(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
/* suspend.c */
enum err_code serve_suspend(struct session *session, struct call *call, struct err *err) MUST_CHECK;
enum err_code serve_suspension_draft(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
/* tests.c */
enum err_code serve_test_begin(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_test(struct session *session, struct call *call, struct err *err) MUST_CHECK;
enum err_code serve_evidence(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
/* secrets.c */
enum err_code serve_secret_list(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_secret_find(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
/* secret_add.c */
enum err_code serve_secret_add(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
/* requests.c */
enum err_code serve_request(struct session *session, struct call *call, struct err *err) MUST_CHECK;
/* ceremonies.c */
enum err_code serve_ceremony_list(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_ceremony_get(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
/* approve.c */
enum err_code serve_approve(struct session *session, struct call *call, struct err *err) MUST_CHECK;
enum err_code serve_shares(struct session *session, struct call *call, struct err *err) MUST_CHECK;
/* objections.c */
enum err_code serve_deny(struct session *session, struct call *call, struct err *err) MUST_CHECK;
enum err_code serve_cancel(struct session *session, struct call *call, struct err *err) MUST_CHECK;
/* lease.c */
enum err_code serve_open(struct session *session, struct call *call, struct err *err) MUST_CHECK;
enum err_code serve_done(struct session *session, struct call *call, struct err *err) MUST_CHECK;
enum err_code serve_rotate(struct session *session, struct call *call, struct err *err) MUST_CHECK;
/* batch_request.c, batch_serve.c */
enum err_code serve_batch_request(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_batch_get(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_batch_item(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_batch_approve(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_batch_envelope(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_batch_shares(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_batch_advance(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_batch_object(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
/* stale_serve.c */
enum err_code serve_reseal_list(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
/* spare_serve.c */
enum err_code serve_spare_list(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_spare(struct session *session, struct call *call, struct err *err) MUST_CHECK;
enum err_code serve_spare_envelope(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_spare_box(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
/* status.c */
enum err_code serve_status(struct session *session, struct call *call, struct err *err) MUST_CHECK;
/* logs.c */
enum err_code serve_log_list(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_log_verify(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;

#endif
