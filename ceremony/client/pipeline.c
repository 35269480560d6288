/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/pipeline.h"

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

static enum err_code
receive(struct pipeline *pipeline, bool works, struct reply *ret_reply, struct err *err)
{
	for (;;) {
		REPLY frame = {0};

		TRY(wire_receive_beside(pipeline->fd, &frame.json, &frame.blob,
		    &pipeline->overheard.beside, -1, err));
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
	    wire_send_beside(pipeline->fd, owned, blob, &pipeline->overheard.beside, -1,
	        &ignored) != ERR_OK)
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
	enum err_code code =
	    wire_send_beside(pipeline->fd, request, blob, &pipeline->overheard.beside, -1, err);
	if (code != ERR_OK && code != ERR_PROTOCOL)
		return code;
	/* Or it has gone: then it is its last word that counts, or that there is none. */
	return receive(pipeline, is_work(request), ret_reply, err);
}
