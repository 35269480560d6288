/* SPDX-License-Identifier: Apache-2.0 */
/* VAULT/due.note: what could not be done of what is due, by the process that nobody listens to. */
#ifndef CEREMONY_SERVER_DUE_NOTE_H
#define CEREMONY_SERVER_DUE_NOTE_H

#include "ceremony/server/vault/session.h"

/* The alarms of this session, for the next ones; without any the note is removed. */
enum err_code due_note_write(const struct session *session, struct err *err) MUST_CHECK;
/* Is there one? */
enum err_code due_note_stands(const struct session *session, bool *ret_stands,
    struct err *err) MUST_CHECK;
/* Its alarms become those of this session.  What was changed in it is left out. */
enum err_code due_note_read(struct session *session, struct err *err) MUST_CHECK;

#endif
