/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/pipeline.h"

#include <poll.h>
#include <string.h>

#include "base/attr.h"
#include "base/file.h"
#include "base/text.h"
#include "ceremony/protocol/wire.h"

void
reply_done(struct reply *reply)
{
	json_freep(&reply->json);
	buf_done(&reply->blob);
}

static void
foreseen_done(struct foreseen *row)
{
	buf_done(&row->request);
	reply_done(&row->reply);
	*row = (struct foreseen){0};
}

static void
forget(struct pipeline *pipeline)
{
	for (size_t i = 0; i < pipeline->count; i++)
		foreseen_done(&pipeline->rows[i]);
	pipeline->count = 0;
}

void
pipeline_end(struct pipeline *pipeline)
{
	fd_closep(&pipeline->fd);
	forget(pipeline);
}

/* What is done after all was decided, and may take long.  Of anything else a host that tells how it goes could speak
 * between a screen and the answer. */
static bool
is_work(const struct json *request)
{
	static const char *const works[] = {"advance", "copy-repair", "copy-status", "done",
	    "log-verify", "rotate", "rotate-unseen", "adopt"};
	const char *op = json_object_text(request, "op");

	for (size_t i = 0; op != NULL && i < ARRAY_SIZE(works); i++)
		if (strcmp(works[i], op) == 0)
			return true;
	return false;
}

/* True when JSON is a progress frame, which is then shown, or kept. */
static bool
show_progress(struct pipeline *pipeline, bool works, const struct json *json)
{
	const char *text = json_object_text(json, "progress");

	if (text == NULL || json_object_count(json) != 1)
		return false; /* a reply, or something that the reader of errors refuses */
	if (!works)
		overheard_add(&pipeline->overheard, text);
	else if (pipeline->far)
		ui_progress(pipeline->ui, "The vault host says: %s", QUOTED(text));
	else
		ui_progress(pipeline->ui, "%s", text);
	return true;
}

/* ---- waiting ---- */

enum { TELL_MILLISECONDS = 10000, SLICE_MILLISECONDS = 200 };

/* Whether something stands there within MILLISECONDS; what is overheard is heard meanwhile. */
static bool
stands(const struct pipeline *pipeline, int milliseconds)
{
	const struct fd_beside *beside = &pipeline->overheard.beside;
	struct pollfd fds[] = {{.fd = pipeline->fd, .events = POLLIN},
	    {.fd = beside->hear != NULL ? beside->fd : -1, .events = POLLIN}};

	if (poll(fds, ARRAY_SIZE(fds), milliseconds) <= 0)
		return false;
	if (fds[1].revents != 0)
		beside->hear(beside->context);
	return fds[0].revents != 0;
}

bool
pipeline_has_answer(const struct pipeline *pipeline)
{
	return pipeline->fd < 0 || stands(pipeline, 0);
}

static enum err_code
give_up(const struct pipeline *pipeline, int seconds, struct err *err)
{
	return err_set(err, ERR_IO,
	    "%s has not answered for %d s: it, or the link to it, is frozen or dead. Nothing is lost; "
	    "what was asked for last may have been done: see `halligan status`",
	    pipeline->who, seconds);
}

/* For the first byte of what comes next. */
static enum err_code
await(struct pipeline *pipeline, bool works, struct err *err)
{
	const int limit = works ? PIPELINE_WORK_SECONDS : PIPELINE_SECONDS;
	const int64_t began = process_milliseconds();
	int64_t told = began;

	while (!stands(pipeline, SLICE_MILLISECONDS)) {
		int64_t now = process_milliseconds();

		if (now - began >= (int64_t)limit * 1000)
			return give_up(pipeline, limit, err);
		if (now - told < TELL_MILLISECONDS)
			continue;
		told = now;
		ui_progress(pipeline->ui,
		    "%s has not answered for %d s; it is waited for up to %d s (Ctrl-C ends that)",
		    pipeline->who, (int)((now - began) / 1000), limit);
	}
	return ERR_OK;
}

/* What is on its way came not, or went not, to its end. */
static enum err_code
mark_late(const struct pipeline *pipeline, enum err_code code, struct err *err)
{
	return code == ERR_TARGET_UNKNOWN ? give_up(pipeline, PIPELINE_SECONDS, err) : code;
}

static int64_t
soon(void)
{
	return process_milliseconds() + PIPELINE_SECONDS * 1000;
}

static enum err_code
send(const struct pipeline *pipeline, const struct json *request, struct view blob, struct err *err)
{
	return mark_late(pipeline,
	    wire_send_beside(pipeline->fd, request, blob, &pipeline->overheard.beside, soon(), err),
	    err);
}

/* ---- replies ---- */

static enum err_code
receive(struct pipeline *pipeline, bool works, struct reply *ret_reply, struct err *err)
{
	for (;;) {
		REPLY frame = {0};

		TRY(await(pipeline, works, err));
		TRY(mark_late(pipeline,
		    wire_receive_beside(pipeline->fd, &frame.json, &frame.blob,
		        &pipeline->overheard.beside, soon(), err),
		    err));
		if (frame.blob.size == 0 && show_progress(pipeline, works, frame.json))
			continue;
		*ret_reply = TAKE(frame);
		return ERR_OK;
	}
}

/* Replies come in the order of the requests: as far as the row at LAST. */
static enum err_code
receive_to(struct pipeline *pipeline, size_t last, struct err *err)
{
	for (size_t i = 0; i <= last && i < pipeline->count; i++) {
		struct foreseen *row = &pipeline->rows[i];

		if (!row->came)
			TRY(receive(pipeline, row->works, &row->reply, err));
		row->came = true;
	}
	return ERR_OK;
}

void
pipeline_ahead(struct pipeline *pipeline, struct json *request, struct view blob)
{
	JSON *owned = request;
	struct foreseen row = {.works = is_work(request)};
	struct err ignored; /* whoever asks meets it again */

	if (pipeline->fd < 0 || pipeline->count == PIPELINE_MAX)
		return;
	if (json_encode(owned, &row.request, &ignored) != ERR_OK ||
	    send(pipeline, owned, blob, &ignored) != ERR_OK)
		foreseen_done(&row);
	else
		pipeline->rows[pipeline->count++] = row;
}

/* The row of REQUEST; PIPELINE_MAX: it was not sent before. */
static enum err_code
find(const struct pipeline *pipeline, const struct json *request, size_t *ret_row, struct err *err)
{
	BUF text = {0};

	*ret_row = PIPELINE_MAX;
	if (pipeline->count == 0)
		return ERR_OK;
	TRY(json_encode(request, &text, err));
	for (size_t i = pipeline->count; i > 0; i--)
		if (view_equal(buf_view(&pipeline->rows[i - 1].request), buf_view(&text)))
			*ret_row = i - 1;
	return ERR_OK;
}

static void
take(struct pipeline *pipeline, size_t at, struct reply *ret_reply)
{
	struct foreseen *row = &pipeline->rows[at];

	*ret_reply = TAKE(row->reply);
	foreseen_done(row);
	pipeline->count--;
	memmove(row, row + 1, (pipeline->count - at) * sizeof(*row));
}

enum err_code
pipeline_ask(struct pipeline *pipeline, const struct json *request, struct view blob,
    struct reply *ret_reply, struct err *err)
{
	size_t row;

	if (pipeline->fd < 0)
		return err_set(err, ERR_PROTOCOL, "the connection to the server is broken");
	TRY(find(pipeline, request, &row, err));
	TRY(receive_to(pipeline, row, err));
	if (row < pipeline->count) {
		take(pipeline, row, ret_reply);
		return ERR_OK;
	}
	/* What this request changes, no reply that came before knows. */
	forget(pipeline);
	enum err_code code = send(pipeline, request, blob, err);
	if (code != ERR_OK && code != ERR_PROTOCOL)
		return code;
	/* Or it has gone: then it is its last word that counts, or that there is none. */
	return receive(pipeline, is_work(request), ret_reply, err);
}
