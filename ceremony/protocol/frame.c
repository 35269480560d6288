/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A frame is read in the order of its bytes, and nothing is allocated before both sizes were found
 * to be within their limits.  The first byte is read alone: only there may the other side end.
 */
#include "ceremony/protocol/frame.h"

enum { PREFIX_SIZE = 8 };

enum err_code
frame_send(int fd, struct view json, struct view blob, const struct fd_beside *beside,
    int64_t deadline, struct err *err)
{
	BUF head = {0};

	if (json.size > FRAME_JSON_MAX || blob.size > FRAME_BLOB_MAX)
		return err_set(err, ERR_INTERNAL,
		    "a frame of %zu and %zu bytes is larger than the protocol allows", json.size,
		    blob.size);
	buf_u32(&head, (uint32_t)json.size);
	buf_u32(&head, (uint32_t)blob.size);
	buf_bytes(&head,
	    json); /* in one piece, so that a small frame goes out whole or not at all */
	TRY(buf_check(&head, err));
	TRY(fd_write_beside(fd, buf_view(&head), beside, deadline, err));
	return fd_write_beside(fd, blob, beside, deadline, err);
}

/* The first byte tells a clean end from a broken one: fd_read calls only an end ERR_PROTOCOL. */
static enum err_code
read_prefix(int fd, uint8_t prefix[PREFIX_SIZE], const struct fd_beside *beside, int64_t deadline,
    struct err *err)
{
	enum err_code code = fd_read_beside(fd, prefix, 1, beside, deadline, err);

	if (code == ERR_PROTOCOL)
		return err_set(err, ERR_NOT_FOUND, "the other side closed the connection");
	if (code != ERR_OK)
		return code;
	return fd_read_beside(fd, prefix + 1, PREFIX_SIZE - 1, beside, deadline, err);
}

static enum err_code
read_bytes(int fd, size_t size, struct buf *ret_bytes, const struct fd_beside *beside,
    int64_t deadline, struct err *err)
{
	uint8_t *space = buf_space(ret_bytes, size);

	TRY(buf_check(ret_bytes, err));
	return fd_read_beside(fd, space, size, beside, deadline, err);
}

enum err_code
frame_json(struct view text, struct json **ret_json, struct err *err)
{
	struct err cause;
	enum err_code code = json_parse(text, ret_json, &cause);

	if (code == ERR_MEMORY) {
		*err = cause;
		return code;
	}
	if (code != ERR_OK)
		return err_set(err, ERR_PROTOCOL,
		    "the other side does not speak Halligan's protocol: %s", cause.text);
	return ERR_OK;
}

enum err_code
frame_receive(int fd, struct json **ret_json, struct buf *ret_blob, const struct fd_beside *beside,
    int64_t deadline, struct err *err)
{
	uint8_t prefix[PREFIX_SIZE];
	JSON *json = NULL;
	BUF text = {0}, blob = {0};
	struct reader reader;
	uint32_t json_size, blob_size;

	TRY(read_prefix(fd, prefix, beside, deadline, err));
	reader = reader_of(VIEW_OF(prefix));
	json_size = reader_u32(&reader);
	blob_size = reader_u32(&reader);
	if (json_size == 0 || json_size > FRAME_JSON_MAX || blob_size > FRAME_BLOB_MAX)
		return err_set(err, ERR_PROTOCOL,
		    "the other side does not speak Halligan's protocol: it announced a frame of "
		    "%u and %u bytes",
		    json_size, blob_size);
	TRY(read_bytes(fd, json_size, &text, beside, deadline, err));
	TRY(frame_json(buf_view(&text), &json, err));
	if (blob_size > 0)
		TRY(read_bytes(fd, blob_size, &blob, beside, deadline, err));
	buf_bytes(ret_blob, buf_view(&blob));
	TRY(buf_check(ret_blob, err));
	*ret_json = TAKE(json);
	return ERR_OK;
}
