/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/vault/session.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/process.h"
#include "base/random.h"
#include "base/text.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/wire.h"
#include "vault/store/statement.h"

enum { COUNTED_MILLISECONDS = 1000 };

const char *const session_state_names[4] = {"absent", "founding", "live", NULL};

void
session_done(struct session *session)
{
	store_freep(&session->store);
	json_freep(&session->leaf);
	host_keys_done(&session->keys);
	chain_done(&session->chain);
	transcript_freep(&session->kept);
	for (size_t i = 0; i < DEFINITIONS_KEPT; i++)
		definitions_done(&session->definitions[i]);
}

enum err_code
reading_begin(struct session *session, struct store **ret_reading, struct err *err)
{
	TRY(store_begin_read(session->store, err));
	*ret_reading = session->store;
	return ERR_OK;
}

int64_t
session_now(const struct session *session)
{
	return session->options->now();
}

struct boot
session_boot(const struct session *session)
{
	return session->options->boot != NULL ? session->options->boot() : (struct boot){0};
}

void
plain_text(const char *text, char *ret_text, size_t size)
{
	snprintf(ret_text, size, "%s", text);
	text_make_plain(ret_text);
}

static void format_plain(char *ret_text, size_t size, const char *format, va_list arguments)
    FORMAT_LIKE(3, 0);

static void
format_plain(char *ret_text, size_t size, const char *format, va_list arguments)
{
	char text[4096];

	vsnprintf(text, sizeof(text), format, arguments);
	plain_text(text, ret_text, size);
}

void
plain_format(char *ret_text, size_t size, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	format_plain(ret_text, size, format, arguments);
	va_end(arguments);
}

void
session_progress(struct session *session, const char *format, ...)
{
	JSON *frame = NULL;
	struct err ignored;
	char text[NOTE_TEXT_MAX + SEAT_NAME_MAX + 10]; /* a name, and a note in quotation marks */
	va_list arguments;

	if (session->out < 0 || session->rehearses)
		return;
	va_start(arguments, format);
	format_plain(text, sizeof(text), format, arguments);
	va_end(arguments);
	frame = json_new_object();
	json_put_text(frame, "progress", text);
	/* A client that went away is found when its reply is sent; the work goes on, and waits for none that
	 * does not read: it may hold a lock that others need. */
	if (wire_takes(session->out) &&
	    wire_send(session->out, frame, (struct view){0}, -1, &ignored) != ERR_OK)
		session->out = -1;
}

void
session_count(struct session *session, uint64_t done, uint64_t all, const char *what)
{
	int64_t now = process_milliseconds();

	if (session->counted == 0)
		session->counted = now;
	if (now - session->counted < COUNTED_MILLISECONDS)
		return;
	session->counted = now;
	session_progress(session, "%" PRIu64 " of %" PRIu64 " %s", done, all, what);
}

void
session_alarm(struct session *session, const char *subject, const char *format, ...)
{
	struct alarm *alarm;
	va_list arguments;

	if (session->rehearses)
		return;
	if (session->alarm_count == SESSION_ALARMS) {
		session->alarms_lost++;
		return;
	}
	alarm = &session->alarms[session->alarm_count++];
	plain_text(subject, alarm->subject, sizeof(alarm->subject));
	va_start(arguments, format);
	format_plain(alarm->text, sizeof(alarm->text), format, arguments);
	va_end(arguments);
}

enum err_code
session_find(struct session *session, const struct digest *digest, const char *what,
    struct dsse *ret_statement, struct err *err)
{
	BUF text = {0};
	struct digest computed;
	enum err_code code = store_get_statement(session->store, digest, &text, err);

	if (code == ERR_NOT_FOUND)
		return err_set(err, ERR_NOT_FOUND, "there is no such %s", what);
	if (code != ERR_OK)
		return code;
	if (dsse_parse(buf_view(&text), ret_statement, err) != ERR_OK) {
		(void)err_add(err, "the stored %s", what);
		return err->code == ERR_INVALID ? (err->code = ERR_INTEGRITY) : err->code;
	}
	TRY(dsse_digest(ret_statement, &computed, err));
	if (!digest_equal(&computed, digest))
		return err_set(err, ERR_INTEGRITY, "the stored %s is not the one that was signed",
		    what);
	return ERR_OK;
}

enum err_code
session_statement(struct session *session, const struct digest *digest, const char *what,
    struct dsse *ret_statement, struct err *err)
{
	enum err_code code = session_find(session, digest, what, ret_statement, err);

	if (code == ERR_NOT_FOUND)
		return err_set(err, ERR_INTEGRITY, "the %s statement is gone from the database",
		    what);
	return code;
}

enum err_code
session_put_statement(struct session *session, struct json *object, const char *name,
    const struct digest *digest, struct err *err)
{
	DSSE statement = {0};

	TRY(session_statement(session, digest, name, &statement, err));
	put_statement(object, name, &statement);
	return ERR_OK;
}

enum err_code
session_keep(struct session *session, const struct dsse *statement, enum statement_type type,
    bool replace, struct digest *ret_digest, struct err *err)
{
	BUF text = {0};
	struct digest digest;

	TRY(dsse_digest(statement, &digest, err));
	TRY(dsse_encode(statement, &text, err));
	TRY(store_put_statement(session->store, &digest, statement_names[type], buf_view(&text),
	    replace, err));
	*ret_digest = digest;
	return ERR_OK;
}

enum err_code
session_check_new(struct session *session, const struct dsse *statement, enum statement_type type,
    struct err *err)
{
	struct digest digest;
	bool has;

	TRY(dsse_digest(statement, &digest, err));
	TRY(store_has_statement(session->store, &digest, &has, err));
	return has ? store_refuse_again(statement_names[type], err) : ERR_OK;
}

enum err_code
id_new(struct id *ret_id, struct err *err)
{
	return random_bytes(ret_id->bytes, ID_SIZE, err);
}
