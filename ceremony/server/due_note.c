/* SPDX-License-Identifier: Apache-2.0 */
/* A line an alarm: its subject, a tab, its text.  Nothing but `status` rests on it. */
#include "ceremony/server/due_note.h"

#include <string.h>

#include "base/file.h"
#include "base/text.h"

enum { DUE_NOTE_MAX = SESSION_ALARMS * (SEAT_NAME_MAX + NOTE_TEXT_MAX + 2) };

static enum err_code
note_path(const struct session *session, char ret_path[4096], struct err *err)
{
	return file_path(session->folder, "due.note", ret_path, err);
}

enum err_code
due_note_write(const struct session *session, struct err *err)
{
	char path[4096];
	BUF text = {0};

	TRY(note_path(session, path, err));
	if (session->alarm_count == 0)
		return file_erase(path, err);
	for (size_t i = 0; i < session->alarm_count; i++)
		buf_format(&text, "%s\t%s\n", session->alarms[i].subject, session->alarms[i].text);
	TRY(buf_check(&text, err));
	return file_write(path, buf_view(&text), 0600, err);
}

enum err_code
due_note_stands(const struct session *session, bool *ret_stands, struct err *err)
{
	char path[4096];

	TRY(note_path(session, path, err));
	*ret_stands = file_exists(path);
	return ERR_OK;
}

static void
read_line(struct session *session, char *line)
{
	char *text = strchr(line, '\t');

	if (text == NULL || text - line > SEAT_NAME_MAX)
		return;
	*text++ = '\0';
	session_alarm(session, line, "%s", text);
}

enum err_code
due_note_read(struct session *session, struct err *err)
{
	char path[4096], *rest = NULL;
	BUF text = {0};

	TRY(note_path(session, path, err));
	enum err_code code = file_read(path, DUE_NOTE_MAX, &text, err);
	if (code != ERR_OK)
		return code == ERR_NOT_FOUND || code == ERR_INVALID ? ERR_OK : code;
	buf_u8(&text, 0);
	TRY(buf_check(&text, err));
	for (char *line = strtok_r((char *)text.data, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest))
		read_line(session, line);
	return ERR_OK;
}
