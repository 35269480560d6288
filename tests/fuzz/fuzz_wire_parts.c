/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message in parts, with right and wrong ones.  Each line of the input is a frame: its JSON, in which '@'
 * stands for the digest of all pieces of the input together; and after a tab its blob, a digit for how
 * much of a MiB it has to have ('0': as it is; '1': a whole one; '2': a byte more), filled up with spaces.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/json_in.h"
#include "base/text.h"
#include "ceremony/protocol/wire.h"
#include "tests/fuzz/target.h"

enum { LINES = 6 };

struct line {
	struct view json;
	struct buf blob;
};

size_t
replay_runs(void)
{
	return 300;
}

static void
read_line(struct view text, struct line *line)
{
	static const size_t sizes[] = {0, FRAME_BLOB_MAX, FRAME_BLOB_MAX + 1};
	const uint8_t *tab = memchr(text.data, '\t', text.size);
	size_t size;

	line->json = text;
	if (tab == NULL)
		return;
	line->json.size = (size_t)(tab - text.data);
	struct view rest = view_of(tab + 1, text.size - line->json.size - 1);
	if (rest.size == 0)
		return;
	buf_bytes(&line->blob, view_of(rest.data + 1, rest.size - 1));
	size = rest.data[0] >= '0' && rest.data[0] <= '2' ? sizes[rest.data[0] - '0'] : 0;
	if (size > line->blob.size) {
		size -= line->blob.size;
		memset(buf_space(&line->blob, size), ' ', size);
	}
}

static size_t
read_lines(struct view input, struct line lines[LINES])
{
	size_t count = 0, start = 0;

	for (size_t i = 0; i <= input.size && count < LINES; i++) {
		if (i < input.size && input.data[i] != '\n')
			continue;
		if (i > start)
			read_line(view_of(input.data + start, i - start), &lines[count++]);
		start = i + 1;
	}
	return count;
}

static bool
says_part(const struct line *line)
{
	return memmem(line->json.data, line->json.size, "\"part\"", 6) != NULL;
}

/* What the pieces are together, and the frames with its digest in their JSON. */
static void
put_frames(const struct line *lines, size_t count, struct buf *whole, struct buf *frames)
{
	struct digest digest;
	struct err err;

	for (size_t i = 0; i < count; i++)
		if (says_part(&lines[i]))
			buf_bytes(whole, buf_view(&lines[i].blob));
	MUST(sha256_one(buf_view(whole), &digest, &err) == ERR_OK);
	for (size_t i = 0; i < count; i++) {
		BUF json = {0};

		for (size_t j = 0; j < lines[i].json.size; j++)
			if (lines[i].json.data[j] == '@')
				buf_hex(&json, VIEW_OF(digest.bytes));
			else
				buf_u8(&json, lines[i].json.data[j]);
		buf_u32(frames, (uint32_t)json.size);
		buf_u32(frames, (uint32_t)lines[i].blob.size);
		buf_bytes(frames, buf_view(&json));
		buf_bytes(frames, buf_view(&lines[i].blob));
	}
}

/* Nothing is made of parts but all pieces. */
static void
check_whole(const struct json *json, struct view whole)
{
	JSON *expected = NULL;
	BUF got = {0}, wanted = {0};
	struct err err;

	MUST(json_parse(whole, &expected, &err) == ERR_OK);
	MUST(json_encode(json, &got, &err) == ERR_OK);
	MUST(json_encode(expected, &wanted, &err) == ERR_OK);
	MUST(view_equal(buf_view(&got), buf_view(&wanted)));
}

/* The number of the part at FROM and of how many, 0 for another frame, and where it ends. */
static off_t
read_frame(int fd, off_t from, int64_t *ret_number, int64_t *ret_of)
{
	uint8_t prefix[8];
	JSON *json = NULL;
	BUF text = {0};
	struct err err;

	*ret_number = *ret_of = 0;
	if (pread(fd, prefix, sizeof(prefix), from) != sizeof(prefix))
		return from;
	struct reader reader = reader_of(VIEW_OF(prefix));
	size_t size = reader_u32(&reader), blob = reader_u32(&reader);
	from += (off_t)sizeof(prefix);
	if (size > FRAME_JSON_MAX ||
	    pread(fd, buf_space(&text, size), size, from) != (ssize_t)size ||
	    json_parse(buf_view(&text), &json, &err) != ERR_OK)
		return from;
	struct json_in in = json_in(json, "frame", &err);
	*ret_number = json_in_int_optional(&in, "part", 0, WIRE_PARTS, 0);
	*ret_of = json_in_int_optional(&in, "of", 0, WIRE_PARTS, 0);
	return from + (off_t)size + (off_t)blob;
}

/* The frames from FROM to END are parts 1 to the last, and what ends them; or a single one. */
static bool
check_frames(int fd, off_t from, off_t end)
{
	int64_t number, of, last = 0, last_of = 0;

	for (int64_t due = 1; from < end; due++) {
		from = read_frame(fd, from, &number, &of);
		if (number == 0)
			break;
		MUST(number == due && (due == 1 || of == last_of));
		last = number;
		last_of = of;
	}
	MUST(from == end && last == last_of && last != 1);
	return last > 0;
}

static void
receive(int fd, struct view whole)
{
	enum err_code code = ERR_OK;

	while (code == ERR_OK) {
		JSON *json = NULL;
		BUF blob = {0};
		struct err err;
		off_t from = lseek(fd, 0, SEEK_CUR);

		code = wire_receive(fd, &json, &blob, -1, &err);
		MUST((code == ERR_OK) == (json != NULL) && blob.size <= WIRE_BLOB_MAX);
		MUST(code == ERR_OK || code == ERR_PROTOCOL || code == ERR_NOT_FOUND);
		if (code == ERR_OK && check_frames(fd, from, lseek(fd, 0, SEEK_CUR)))
			check_whole(json, whole);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct line lines[LINES] = {0};
	size_t count = read_lines(view_of(data, size), lines);
	FD fd = memfd_create("wire", MFD_CLOEXEC);
	BUF whole = {0}, frames = {0};

	put_frames(lines, count, &whole, &frames);
	MUST(fd >= 0 && write(fd, frames.data, frames.size) == (ssize_t)frames.size);
	MUST(lseek(fd, 0, SEEK_SET) == 0);
	receive(fd, buf_view(&whole));
	for (size_t i = 0; i < count; i++)
		buf_done(&lines[i].blob);
	return 0;
}
