/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcbor's streaming decoder reads one head at a time and says how many bytes it had: what is
 * longer than the shortest form, of indefinite length, a tag or a float is refused there.  Nesting
 * is ours.
 */
#include "tokens/sim/ctap/cbor.h"

#include <cbor.h>
#include <string.h>

#include "tokens/sim/ctap/status.h"

/* What the last callback was told. */
struct heard {
	bool good;
	struct cbor item;
};

static void
hear(void *context, enum cbor_kind kind, uint64_t number)
{
	struct heard *heard = context;

	*heard = (struct heard){.good = true, .item = {.kind = kind, .number = number}};
}

static void
on_uint8(void *context, uint8_t number)
{
	hear(context, CBOR_POSITIVE, number);
}

static void
on_uint16(void *context, uint16_t number)
{
	hear(context, CBOR_POSITIVE, number);
}

static void
on_uint32(void *context, uint32_t number)
{
	hear(context, CBOR_POSITIVE, number);
}

static void
on_uint64(void *context, uint64_t number)
{
	hear(context, CBOR_POSITIVE, number);
}

static void
on_negint8(void *context, uint8_t number)
{
	hear(context, CBOR_NEGATIVE, number);
}

static void
on_negint16(void *context, uint16_t number)
{
	hear(context, CBOR_NEGATIVE, number);
}

static void
on_negint32(void *context, uint32_t number)
{
	hear(context, CBOR_NEGATIVE, number);
}

static void
on_negint64(void *context, uint64_t number)
{
	hear(context, CBOR_NEGATIVE, number);
}

static void
on_bytes(void *context, cbor_data data, size_t size)
{
	struct heard *heard = context;

	hear(context, CBOR_BYTES, size);
	heard->item.bytes = view_of(data, size);
}

static void
on_text(void *context, cbor_data data, size_t size)
{
	struct heard *heard = context;

	hear(context, CBOR_TEXT, size);
	heard->item.bytes = view_of(data, size);
}

static void
on_array(void *context, size_t count)
{
	struct heard *heard = context;

	hear(context, CBOR_ARRAY, count);
	heard->item.count = count;
}

static void
on_map(void *context, size_t count)
{
	struct heard *heard = context;

	hear(context, CBOR_MAP, count);
	heard->item.count = count;
}

static void
on_bool(void *context, bool value)
{
	hear(context, CBOR_BOOL, value);
}

/* Everything that CTAP does not use stays unheard. */
static const struct cbor_callbacks callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_uint64,
    .negint8 = on_negint8,
    .negint16 = on_negint16,
    .negint32 = on_negint32,
    .negint64 = on_negint64,
    .byte_string = on_bytes,
    .byte_string_start = cbor_null_byte_string_start_callback,
    .string = on_text,
    .string_start = cbor_null_string_start_callback,
    .array_start = on_array,
    .indef_array_start = cbor_null_indef_array_start_callback,
    .map_start = on_map,
    .indef_map_start = cbor_null_indef_map_start_callback,
    .tag = cbor_null_tag_callback,
    .float2 = cbor_null_float2_callback,
    .float4 = cbor_null_float4_callback,
    .float8 = cbor_null_float8_callback,
    .null = cbor_null_null_callback,
    .undefined = cbor_null_undefined_callback,
    .boolean = on_bool,
    .indef_break = cbor_null_indef_break_callback,
};

static size_t
head_size(uint64_t number)
{
	return number < 24       ? 1 :
	    number <= UINT8_MAX  ? 2 :
	    number <= UINT16_MAX ? 3 :
	    number <= UINT32_MAX ? 5 :
	                           9;
}

/* Text is UTF-8 (RFC 8949, 3.1): no overlong form, no surrogate, nothing beyond 10FFFF. */
static bool
is_utf8(struct view text)
{
	for (size_t i = 0; i < text.size;) {
		const uint8_t *at = text.data + i;
		size_t more = at[0] < 0x80 ? 0 :
		    (at[0] & 0xe0) == 0xc0 ? 1 :
		    (at[0] & 0xf0) == 0xe0 ? 2 :
		    (at[0] & 0xf8) == 0xf0 ? 3 :
		                             SIZE_MAX;
		static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
		if (more == SIZE_MAX || text.size - i <= more)
			return false;
		uint32_t code = more == 0 ? at[0] : at[0] & (0x3fU >> more);
		for (size_t j = 1; j <= more; j++) {
			if ((at[j] & 0xc0) != 0x80)
				return false;
			code = code << 6 | (at[j] & 0x3f);
		}
		if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
			return false;
		i += 1 + more;
	}
	return true;
}

/* One head (with the string behind it), of the only form allowed for it. */
static bool
next_item(struct reader *reader, struct cbor *ret_item)
{
	struct heard heard = {0};
	struct view rest = reader->rest;
	struct cbor_decoder_result result =
	    cbor_stream_decode(rest.data, rest.size, &callbacks, &heard);

	if (result.status != CBOR_DECODER_FINISHED || !heard.good)
		return false;
	size_t head = heard.item.kind == CBOR_BOOL ? 1 : head_size(heard.item.number);
	if (result.read != head + heard.item.bytes.size)
		return false;
	if (heard.item.kind == CBOR_TEXT && !is_utf8(heard.item.bytes))
		return false;
	(void)reader_bytes(reader, result.read);
	*ret_item = heard.item;
	return true;
}

/* Canonical order (CTAP 2.1 section 8): by major type, then length, then bytes. */
static bool
is_before(const struct cbor *a, const struct cbor *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind;
	if (a->whole.size != b->whole.size)
		return a->whole.size < b->whole.size;
	return memcmp(a->whole.data, b->whole.data, a->whole.size) < 0;
}

static bool parse_item(struct reader *reader, unsigned depth, struct cbor_tree *tree);

static bool
parse_content(struct reader *reader, unsigned depth, struct cbor_tree *tree, size_t container)
{
	size_t last = 0, count = tree->items[container].count;
	bool map = tree->items[container].kind == CBOR_MAP;

	if (depth == CBOR_DEPTH_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		size_t key = tree->count;
		if (!parse_item(reader, depth + 1, tree))
			return false;
		if (!map)
			continue;
		const struct cbor *item = &tree->items[key];
		if (item->kind == CBOR_ARRAY || item->kind == CBOR_MAP ||
		    (i > 0 && !is_before(&tree->items[last], item)))
			return false;
		last = key;
		if (!parse_item(reader, depth + 1, tree))
			return false;
	}
	return true;
}

static bool
parse_item(struct reader *reader, unsigned depth, struct cbor_tree *tree)
{
	const uint8_t *begin = reader->rest.data;
	size_t at = tree->count, before = reader->rest.size;

	if (at == CBOR_ITEMS_MAX || !next_item(reader, &tree->items[at]))
		return false;
	tree->count++;
	struct cbor *item = &tree->items[at];
	if ((item->kind == CBOR_ARRAY || item->kind == CBOR_MAP) &&
	    !parse_content(reader, depth, tree, at))
		return false;
	item->whole = view_of(begin, before - reader->rest.size);
	item->next = tree->count - at;
	return true;
}

bool
cbor_parse(struct view message, struct cbor_tree *ret_tree)
{
	struct reader reader = reader_of(message);

	ret_tree->count = 0;
	return parse_item(&reader, 0, ret_tree) && reader_end(&reader);
}

struct cbor_in
cbor_in(const struct cbor *map)
{
	if (map != NULL && map->kind != CBOR_MAP)
		return (struct cbor_in){.status = CTAP2_ERR_CBOR_UNEXPECTED_TYPE};
	return (struct cbor_in){.map = map};
}

const struct cbor *
cbor_first(const struct cbor *container)
{
	return container + 1;
}

const struct cbor *
cbor_after(const struct cbor *item)
{
	return item + item->next;
}

bool
cbor_is(const struct cbor *item, int64_t number)
{
	return number < 0 ? item->kind == CBOR_NEGATIVE && item->number == (uint64_t)(-1 - number) :
	                    item->kind == CBOR_POSITIVE && item->number == (uint64_t)number;
}

bool
cbor_is_text(const struct cbor *item, const char *text)
{
	return item->kind == CBOR_TEXT && view_equal(item->bytes, view_of_text(text));
}

const struct cbor *
cbor_in_any(const struct cbor_in *in, int64_t key)
{
	const struct cbor *at = in->map == NULL ? NULL : cbor_first(in->map);

	for (size_t i = 0; at != NULL && i < in->map->count; i++, at = cbor_after(at + 1))
		if (cbor_is(at, key))
			return at + 1;
	return NULL;
}

const struct cbor *
cbor_in_named(const struct cbor_in *in, const char *key)
{
	const struct cbor *at = in->map == NULL ? NULL : cbor_first(in->map);

	for (size_t i = 0; at != NULL && i < in->map->count; i++, at = cbor_after(at + 1))
		if (cbor_is_text(at, key))
			return at + 1;
	return NULL;
}

static const struct cbor *
of_kind(struct cbor_in *in, const struct cbor *item, enum cbor_kind kind, bool required)
{
	uint8_t status = item == NULL ? required ? CTAP2_ERR_MISSING_PARAMETER : CTAP2_OK :
	    item->kind != kind        ? CTAP2_ERR_CBOR_UNEXPECTED_TYPE :
	                                CTAP2_OK;

	if (in->status == CTAP2_OK)
		in->status = status;
	return status == CTAP2_OK ? item : NULL;
}

const struct cbor *
cbor_in_kind(struct cbor_in *in, int64_t key, enum cbor_kind kind, bool required)
{
	return of_kind(in, cbor_in_any(in, key), kind, required);
}

const struct cbor *
cbor_in_named_kind(struct cbor_in *in, const char *key, enum cbor_kind kind, bool required)
{
	return of_kind(in, cbor_in_named(in, key), kind, required);
}

struct view
cbor_in_bytes(struct cbor_in *in, int64_t key, bool required)
{
	const struct cbor *item = cbor_in_kind(in, key, CBOR_BYTES, required);

	return item == NULL ? view_of(NULL, 0) : item->bytes;
}

struct view
cbor_in_text(struct cbor_in *in, int64_t key, bool required)
{
	const struct cbor *item = cbor_in_kind(in, key, CBOR_TEXT, required);

	return item == NULL ? view_of(NULL, 0) : item->bytes;
}

uint32_t
cbor_in_number(struct cbor_in *in, int64_t key, uint32_t max, uint32_t otherwise)
{
	const struct cbor *item = cbor_in_kind(in, key, CBOR_POSITIVE, false);

	if (item == NULL)
		return otherwise;
	if (item->number > max && in->status == CTAP2_OK)
		in->status = CTAP1_ERR_INVALID_PARAMETER;
	return item->number > max ? otherwise : (uint32_t)item->number;
}

/* Writing. */

enum { HEAD_MAX = 9 };

void
cbor_put_int(struct buf *buf, int64_t value)
{
	uint8_t head[HEAD_MAX];

	buf_bytes(buf,
	    view_of(head,
	        value < 0 ? cbor_encode_negint((uint64_t)(-1 - value), head, sizeof(head)) :
	                    cbor_encode_uint((uint64_t)value, head, sizeof(head))));
}

void
cbor_put_bytes(struct buf *buf, struct view bytes)
{
	uint8_t head[HEAD_MAX];

	buf_bytes(buf, view_of(head, cbor_encode_bytestring_start(bytes.size, head, sizeof(head))));
	buf_bytes(buf, bytes);
}

void
cbor_put_text_view(struct buf *buf, struct view text)
{
	uint8_t head[HEAD_MAX];

	buf_bytes(buf, view_of(head, cbor_encode_string_start(text.size, head, sizeof(head))));
	buf_bytes(buf, text);
}

void
cbor_put_text(struct buf *buf, const char *text)
{
	cbor_put_text_view(buf, view_of_text(text));
}

void
cbor_put_bool(struct buf *buf, bool value)
{
	uint8_t head[HEAD_MAX];

	buf_bytes(buf, view_of(head, cbor_encode_bool(value, head, sizeof(head))));
}

void
cbor_put_array(struct buf *buf, size_t count)
{
	uint8_t head[HEAD_MAX];

	buf_bytes(buf, view_of(head, cbor_encode_array_start(count, head, sizeof(head))));
}

void
cbor_put_map(struct buf *buf, size_t pairs)
{
	uint8_t head[HEAD_MAX];

	buf_bytes(buf, view_of(head, cbor_encode_map_start(pairs, head, sizeof(head))));
}
