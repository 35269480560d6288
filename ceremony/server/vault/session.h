/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One session of the server: the vault's folder, its store and keys, and the verified charter and
 * roster.  For the server's files only.
 *
 *	absent --init--> founding --charter 1 is complete--> live
 */
#ifndef CEREMONY_SERVER_VAULT_SESSION_H
#define CEREMONY_SERVER_VAULT_SESSION_H

#include "ceremony/protocol/ceremony.h"
#include "ceremony/protocol/clock.h"
#include "ceremony/protocol/founding.h"
#include "ceremony/server/options.h"
#include "ceremony/server/vault/host.h"
#include "vault/documents/chain.h"
#include "vault/documents/definition.h"
#include "vault/documents/state_names.h"
#include "vault/log/note.h"
#include "vault/store/store.h"

enum session_state { SESSION_ABSENT, SESSION_FOUNDING, SESSION_LIVE };
extern const char *const session_state_names[4];

enum {
	SESSION_ALARMS = 16,
	STATEMENT_AGE = 24 * 3600 /* of a statement that is accepted when it comes, or never */
};
struct alarm {
	char subject[SEAT_NAME_MAX + 1];
	char text[NOTE_TEXT_MAX + 1];
};
enum { DEFINITIONS_KEPT = 4 };
struct session {
	const struct server_options *options;
	const char *folder;
	int out;         /* progress goes there; -1: nowhere */
	int64_t counted; /* process_milliseconds, when the last count was told, or its work began */
	enum session_state state;
	bool reads;          /* the operation in hand proves nothing: no change begins */
	bool rehearses;      /* nothing lasts of what is done now (rehearsal.h) */
	bool audits;         /* signatures are verified again that were verified when they came */
	bool told;           /* the alarm in hand was dealt with, and says itself what to do */
	struct store *store; /* NULL when absent */
	struct json *leaf;   /* the last one of the change in hand, appended when that is whole */
	struct host_keys keys;
	struct founding founding;
	/* When live: */
	struct chain chain; /* verified */
	struct transcript
	    *kept; /* the ceremony that was looked at last, under this chain; or NULL */
	/* The secret statements that were looked at last, verified: a secret and those that it comes of are asked for again and
	 * again, secret after secret. */
	struct definitions definitions[DEFINITIONS_KEPT];
	size_t definitions_next; /* the one that goes for another */
	char origin[ORIGIN_MAX + 1];
	/* What could not be finished when the session began, for `status`. */
	struct alarm alarms[SESSION_ALARMS];
	size_t alarm_count, alarms_lost; /* there was no room for so many more */
};
void session_done(struct session *session); /* accepts {0} */
#define SESSION CLEANUP(session_done) struct session

/* One transaction for what follows, until its end; short, since others' commits wait for it.  None may be open. */
DESTRUCTOR(reading_end, struct store, store_rollback)
#define READING CLEANUP(reading_end) struct store *
enum err_code reading_begin(struct session *session, struct store **ret_reading,
    struct err *err) MUST_CHECK;

int64_t session_now(const struct session *session);
struct boot session_boot(const struct session *session); /* not known where nobody tells */
/* Tell the client, if it still listens.  */
void session_progress(struct session *session, const char *format, ...) FORMAT_LIKE(2, 3);
/* The same of work that goes on: "DONE of ALL WHAT", once a second at most. */
void session_count(struct session *session, uint64_t done, uint64_t all, const char *what);
/* Remember for `status`. */
void session_alarm(struct session *session, const char *subject, const char *format, ...)
    FORMAT_LIKE(3, 4);
/* A text that JSON and the database take: at most SIZE - 1 bytes, what is not plain becomes '?'. */
void plain_text(const char *text, char *ret_text, size_t size);
/* The same of what FORMAT makes, of up to 4095 bytes. */
void plain_format(char *ret_text, size_t size, const char *format, ...) FORMAT_LIKE(3, 4);

/* The stored statement with DIGEST, which it is shown to have.  ERR_INTEGRITY, WHAT names it.  The digest is
 * a stranger's: ERR_NOT_FOUND; */
enum err_code session_find(struct session *session, const struct digest *digest, const char *what,
    struct dsse *ret_statement, struct err *err) MUST_CHECK;
/* it is the vault's own: ERR_INTEGRITY when it is gone. */
enum err_code session_statement(struct session *session, const struct digest *digest,
    const char *what, struct dsse *ret_statement, struct err *err) MUST_CHECK;
/* Its text as member NAME of OBJECT. */
enum err_code session_put_statement(struct session *session, struct json *object, const char *name,
    const struct digest *digest, struct err *err) MUST_CHECK;
/* Store STATEMENT under its digest.  ERR_EXISTS: whoever repeats one is told so, and nothing happens;
 * REPLACE: it comes with other signatures. */
enum err_code session_keep(struct session *session, const struct dsse *statement,
    enum statement_type type, bool replace, struct digest *ret_digest, struct err *err) MUST_CHECK;

/* What session_keep would say of one that is stored already. */
enum err_code session_check_new(struct session *session, const struct dsse *statement,
    enum statement_type type, struct err *err) MUST_CHECK;

enum err_code id_new(struct id *ret_id, struct err *err) MUST_CHECK;

#endif
