/* SPDX-License-Identifier: Apache-2.0 */
/* A ceremony that still collects ends without opening anything. */
#ifndef CEREMONY_SERVER_OPENING_REFUSE_H
#define CEREMONY_SERVER_OPENING_REFUSE_H

#include "ceremony/protocol/states.h"
#include "ceremony/protocol/verdict.h"
#include "ceremony/server/vault/session.h"
#include "vault/store/ceremony.h"

/* What ends a ceremony with VERDICT (EXPIRED, VOID or UNREACHABLE). */
enum ceremony_event event_of(enum verdict verdict);
/* Inside a change: EVENT ends ROW.  Row, shares, exposure and leaf; the caller erases the key after the
 * commit (ceremony_key_erase). */
enum err_code ceremony_refuse(struct session *session, struct ceremony_row *row,
    enum ceremony_event event, const char *reason, struct err *err) MUST_CHECK;

/* Inside a change; their keys are erased by erase_ended after the commit.  Every COLLECTING ceremony
 * becomes void:
 * all of them; */
enum err_code void_all(struct session *session, const char *reason, struct err *err) MUST_CHECK;
/* those with an item for SECRET, but not EXCEPT (may be NULL); of several items only when it is the
 * only one, else the item alone is stale; */
enum err_code void_secret(struct session *session, const struct secret_id *secret,
    const struct id *except, const char *reason, struct err *err) MUST_CHECK;
/* all that have one for it; */
enum err_code void_naming(struct session *session, const struct secret_id *secret,
    const char *reason, struct err *err) MUST_CHECK;
/* those that the seat SEAT asked for; */
enum err_code void_seat(struct session *session, const char *seat, const char *reason,
    struct err *err) MUST_CHECK;
/* those that were requested later than TIME; RET_COUNT of them; */
enum err_code void_future(struct session *session, int64_t time, const char *reason,
    uint64_t *ret_count, struct err *err) MUST_CHECK;
/* those whose request or recipients name TOKEN. */
enum err_code void_token(struct session *session, const struct digest *token, const char *reason,
    struct err *err) MUST_CHECK;
/* Has a ceremony in one of STATES that asks for SECRET, but not EXCEPT (may be NULL), an approval? */
enum err_code is_being_approved(struct session *session, unsigned states,
    const struct secret_id *secret, const struct id *except, bool *ret_is,
    struct err *err) MUST_CHECK;
/* Inside a change: marks VERSION of SECRET as exposed in part when another COLLECTING ceremony than EXCEPT
 * asks for it and has an approval, with which its envelopes were handed out. */
enum err_code expose_asked(struct session *session, const struct secret_id *secret,
    uint32_t version, const struct id *except, bool *ret_exposed, struct err *err) MUST_CHECK;
/* ERR_BUSY when a ceremony is RELEASING: it must finish under the documents that it began with. */
enum err_code none_releasing(struct session *session, struct err *err) MUST_CHECK;

#endif
