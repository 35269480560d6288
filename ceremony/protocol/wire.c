/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/protocol/wire.h"

#include <poll.h>

#include "base/crypto.h"
#include "base/json_in.h"

/* ---- sending ---- */

/* NUMBER 0: what ends the parts. */
static enum err_code
send_part(int fd, uint32_t number, size_t of, const struct digest *message, struct view piece,
    const struct fd_beside *beside, int64_t deadline, struct err *err)
{
	JSON *json = json_new_object();
	BUF text = {0};

	if (number > 0) {
		json_put_int(json, "part", number);
		json_put_int(json, "of", (int64_t)of);
	}
	json_put_hex(json, "message", VIEW_OF(message->bytes));
	TRY(json_encode(json, &text, err));
	return frame_send(fd, buf_view(&text), piece, beside, deadline, err);
}

static enum err_code
send_parts(int fd, struct view text, struct view blob, const struct fd_beside *beside,
    int64_t deadline, struct err *err)
{
	size_t of = (text.size + FRAME_BLOB_MAX - 1) / FRAME_BLOB_MAX, left = text.size;
	struct digest message;

	TRY(sha256_one(text, &message, err));
	for (uint32_t i = 0; i < of; i++) {
		size_t size = left < FRAME_BLOB_MAX ? left : FRAME_BLOB_MAX;

		TRY(send_part(fd, i + 1, of, &message, view_of(text.data + text.size - left, size),
		    beside, deadline, err));
		left -= size;
	}
	return send_part(fd, 0, of, &message, blob, beside, deadline, err);
}

enum err_code
wire_send_beside(int fd, const struct json *json, struct view blob, const struct fd_beside *beside,
    int64_t deadline, struct err *err)
{
	BUF text = {0};

	TRY(json_encode(json, &text, err));
	if (text.size <= WIRE_JSON_MAX)
		return frame_send(fd, buf_view(&text), blob, beside, deadline, err);
	return send_parts(fd, buf_view(&text), blob, beside, deadline, err);
}

enum err_code
wire_send(int fd, const struct json *json, struct view blob, int64_t deadline, struct err *err)
{
	return wire_send_beside(fd, json, blob, NULL, deadline, err);
}

bool
wire_takes(int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLOUT};

	return poll(&ready, 1, 0) == 1;
}

/* ---- receiving ---- */

struct part {
	uint32_t number, of;
	struct digest message;
};
struct parts {
	struct part last; /* that came */
	struct buf text;  /* so far */
};

static void
parts_done(struct parts *parts)
{
	buf_done(&parts->text);
}

/* What ENDS them has no number. */
static enum err_code
read_part(const struct json *json, bool ends, struct part *ret_part, struct err *err)
{
	struct json_in in = json_in(json, "a part of a message", err);
	struct part part = {0};

	if (!ends) {
		part.number = (uint32_t)json_in_int(&in, "part", 1, UINT32_MAX);
		part.of = (uint32_t)json_in_int(&in, "of", 1, UINT32_MAX);
	}
	json_in_hex(&in, "message", part.message.bytes, DIGEST_SIZE);
	if (json_in_end(&in) != ERR_OK)
		return err->code = ERR_PROTOCOL;
	*ret_part = part;
	return ERR_OK;
}

static enum err_code
check_part(const struct parts *parts, const struct part *part, size_t size, struct err *err)
{
	const struct part *last = &parts->last;

	if (part->of < 2 || part->of > WIRE_PARTS)
		return err_set(err, ERR_PROTOCOL,
		    "a message came in %u parts, which are not 2 to %d", part->of, (int)WIRE_PARTS);
	if (part->number > part->of)
		return err_set(err, ERR_PROTOCOL, "part %u of a message that has %u came",
		    part->number, part->of);
	if (last->number > 0 &&
	    (part->of != last->of || !digest_equal(&part->message, &last->message)))
		return err_set(err, ERR_PROTOCOL,
		    "part %u of another message came after part %u of %u", part->number,
		    last->number, last->of);
	if (part->number <= last->number)
		return err_set(err, ERR_PROTOCOL, "part %u of %u of a message came twice",
		    part->number, part->of);
	if (part->number > last->number + 1)
		return err_set(err, ERR_PROTOCOL,
		    "part %u of %u of a message came where part %u was due", part->number, part->of,
		    last->number + 1);
	if (size == 0 || (size < FRAME_BLOB_MAX && part->number < part->of))
		return err_set(err, ERR_PROTOCOL, "part %u of %u of a message has %zu bytes",
		    part->number, part->of, size);
	return ERR_OK;
}

/* The frame after the last part ends them. */
static enum err_code
check_end(const struct parts *parts, const struct json *json, struct err *err)
{
	const struct part *last = &parts->last;
	struct part end;
	struct digest computed;

	if (json_object_text(json, "message") == NULL ||
	    read_part(json, true, &end, err) != ERR_OK ||
	    !digest_equal(&end.message, &last->message))
		return err_set(err, ERR_PROTOCOL,
		    "something else came after part %u of %u of a message", last->number, last->of);
	if (last->number < last->of)
		return err_set(err, ERR_PROTOCOL, "a message ended after part %u of %u",
		    last->number, last->of);
	TRY(sha256_one(buf_view(&parts->text), &computed, err));
	if (!digest_equal(&computed, &last->message))
		return err_set(err, ERR_PROTOCOL, "the parts of a message are not those of it");
	return ERR_OK;
}

static bool
is_part(const struct json *json)
{
	struct err ignored;
	struct json_in in = json_in(json, "a message", &ignored);

	return json_in_has(&in, "part");
}

static enum err_code
add_part(struct parts *parts, const struct json *json, struct view piece, struct err *err)
{
	struct part part;

	TRY(read_part(json, false, &part, err));
	TRY(check_part(parts, &part, piece.size, err));
	parts->last = part;
	buf_bytes(&parts->text, piece);
	return buf_check(&parts->text, err);
}

/* Nobody has us wait for the rest for ever. */
static int64_t
next_deadline(const struct parts *parts, int64_t deadline)
{
	int64_t latest = process_milliseconds() + WIRE_PART_MILLISECONDS;

	if (parts->last.number == 0 || (deadline >= 0 && deadline < latest))
		return deadline;
	return latest;
}

static enum err_code
next_frame(int fd, const struct parts *parts, struct json **ret_json, struct buf *ret_blob,
    const struct fd_beside *beside, int64_t deadline, struct err *err)
{
	const struct part *last = &parts->last;
	enum err_code code =
	    frame_receive(fd, ret_json, ret_blob, beside, next_deadline(parts, deadline), err);

	if (code == ERR_OK || last->number == 0)
		return code;
	if (code == ERR_NOT_FOUND || code == ERR_TARGET_UNKNOWN)
		err->code = ERR_PROTOCOL;
	return err_add(err, "after part %u of %u of a message", last->number, last->of);
}

enum err_code
wire_receive_beside(int fd, struct json **ret_json, struct buf *ret_blob,
    const struct fd_beside *beside, int64_t deadline, struct err *err)
{
	CLEANUP(parts_done) struct parts parts = {0};
	JSON *json = NULL;
	BUF blob = {0};

	TRY(next_frame(fd, &parts, &json, &blob, beside, deadline, err));
	while (is_part(json)) {
		TRY(add_part(&parts, json, buf_view(&blob), err));
		json_freep(&json);
		buf_done(&blob);
		TRY(next_frame(fd, &parts, &json, &blob, beside, deadline, err));
	}
	if (parts.last.number > 0) {
		TRY(check_end(&parts, json, err));
		json_freep(&json);
		TRY(frame_json(buf_view(&parts.text), &json, err));
	}
	buf_bytes(ret_blob, buf_view(&blob));
	TRY(buf_check(ret_blob, err));
	*ret_json = TAKE(json);
	return ERR_OK;
}

enum err_code
wire_receive(int fd, struct json **ret_json, struct buf *ret_blob, int64_t deadline,
    struct err *err)
{
	return wire_receive_beside(fd, ret_json, ret_blob, NULL, deadline, err);
}
