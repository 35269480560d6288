/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The debt engine: runs of rotation/states.h's table.
 *
 * Paying needs no officer and no token.  Whatever it is that asks, a debt is tried once it is due and not before (rotation/wait.h); a
 * run that was cut off left it due, and any session goes on there.
 */
#ifndef CEREMONY_SERVER_ROTATION_DEBT_H
#define CEREMONY_SERVER_ROTATION_DEBT_H

#include "ceremony/protocol/statements_host.h"
#include "ceremony/server/vault/session.h"
#include "vault/documents/id.h"
#include "vault/documents/state_names.h"

struct paid {
	enum debt_state state;
	enum err_code
	    code;      /* ERR_OK when RETIRED; else why it stopped, never fatal for the session */
	bool in_grace; /* it waits for nothing but the end of its grace time */
	char note[NOTE_TEXT_MAX + 1];
	bool has_grade;   /* it became RETIRED just now: */
	enum grade grade; /* how the old value's death is known */
	const char *lost; /* what mends its escrow, at the note's end; NULL: it is whole */
};
/* Pay debt ID as far as it goes.  A lease that still runs is not cut short, and what is not due yet stays as it
 * is: ERR_WAITING in RET_PAID; another session that is at it: ERR_BUSY there.  Errors returned are those of the
 * vault itself: ERR_INTEGRITY before anything was done, unless somebody writes there meanwhile. */
enum err_code rotate_pay(struct session *session, const struct id *debt, struct paid *ret_paid,
    struct err *err) MUST_CHECK;
/* What became of the debt of the secret NAME, as a struct rotation_told; DEBT: its state's name. */
void paid_tell(struct json *array, const char *name, const char *debt, const struct paid *paid);

#endif
