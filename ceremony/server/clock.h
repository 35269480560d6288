/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way out where the host's clock stands behind the log.  Its leaf alone carries an earlier time than the one before; from
 * there times never go back.  In the same change, what was set by the wrong clock is set by the right one: requests that
 * come from the future are void, and no debt waits for a time that it brought.
 */
#ifndef CEREMONY_SERVER_CLOCK_H
#define CEREMONY_SERVER_CLOCK_H

#include "ceremony/server/call.h"
#include "ceremony/server/vault/session.h"

/* {} -> {"host":TIME,"newest":TIME,"behind":S} */
enum err_code serve_clock_look(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
/* {"clock":STATEMENT} -> {"void":N,"debts":N}: requests that are void, debts of which the waiting was shortened */
enum err_code serve_clock(struct session *session, struct call *call, struct err *err) MUST_CHECK;

/* Does the host's clock stand behind the log?  RET_TEXT for `status`: what it says, and what that means. */
enum err_code clock_tell(struct session *session, bool *ret_behind,
    char ret_text[NOTE_TEXT_MAX + 1], struct err *err) MUST_CHECK;

#endif
