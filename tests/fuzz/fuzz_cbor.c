/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both readers of CBOR, the driver's and the simulated token's: what the token's takes is of one
 * form only, so that it is written again alike, and the driver's understands it the same way.
 */
#include "tests/fuzz/target.h"
#include "tokens/formats/cbor.h"
#include "tokens/sim/ctap/cbor.h"
#include "tokens/sim/ctap/status.h"

static bool
is_container(const struct cbor *item)
{
	return item->kind == CBOR_ARRAY || item->kind == CBOR_MAP;
}

/* The item alone, without what a container holds. */
static void
write_item(const struct cbor *item, struct buf *buf)
{
	if (item->kind == CBOR_BYTES)
		cbor_put_bytes(buf, item->bytes);
	else if (item->kind == CBOR_TEXT)
		cbor_put_text_view(buf, item->bytes);
	else if (item->kind == CBOR_ARRAY)
		cbor_put_array(buf, item->count);
	else if (item->kind == CBOR_MAP)
		cbor_put_map(buf, item->count);
	else if (item->kind == CBOR_BOOL)
		cbor_put_bool(buf, item->number != 0);
	else if (item->number > INT64_MAX) /* more than we write */
		buf_bytes(buf, item->whole);
	else
		cbor_put_int(buf,
		    item->kind == CBOR_POSITIVE ? (int64_t)item->number :
		                                  -1 - (int64_t)item->number);
}

/* The driver's reader on the same item. */
static void
check_driver(const struct cbor *item, struct reader *reader)
{
	if (item->kind == CBOR_BYTES)
		MUST(view_equal(cbor_bytes(reader, SIZE_MAX), item->bytes));
	else if (item->kind == CBOR_TEXT)
		MUST(view_equal(cbor_text(reader, SIZE_MAX), item->bytes));
	else if (item->kind == CBOR_ARRAY)
		MUST(cbor_array(reader, SIZE_MAX) == item->count);
	else if (item->kind == CBOR_MAP)
		MUST(cbor_map(reader, SIZE_MAX) == item->count);
	else if (item->kind == CBOR_BOOL)
		MUST(cbor_bool(reader) == (item->number != 0));
	else if (item->number > INT64_MAX) /* more than it reads */
		cbor_skip(reader);
	else
		MUST(cbor_is(item, cbor_int(reader)));
}

static void
check_map(const struct cbor *map)
{
	struct cbor_in in = cbor_in(map);
	const struct cbor *key = cbor_first(map);

	for (size_t i = 0; i < map->count; i++, key = cbor_after(key + 1)) {
		if (key->kind == CBOR_POSITIVE && key->number <= INT64_MAX)
			MUST(cbor_in_any(&in, (int64_t)key->number) == key + 1);
		if (key->kind == CBOR_NEGATIVE && key->number <= INT64_MAX)
			MUST(cbor_in_any(&in, -1 - (int64_t)key->number) == key + 1);
	}
	cbor_in_bytes(&in, 1, false);
	cbor_in_text(&in, 2, false);
	MUST(cbor_in_number(&in, 3, 100, 0) <= 100);
	cbor_in_named_kind(&in, "id", CBOR_BYTES, false);
	cbor_in_bytes(&in, -1, true);
	MUST(in.status != CTAP2_OK || cbor_in_any(&in, -1) != NULL);
}

/* What the driver takes is of one form only, too. */
static void
check_forms(struct view input)
{
	struct reader number = reader_of(input), bytes = number;
	int64_t value = cbor_int(&number);
	struct view string = cbor_bytes(&bytes, SIZE_MAX);
	BUF again = {0};

	if (reader_end(&number))
		cbor_put_int(&again, value);
	else if (reader_end(&bytes))
		cbor_put_bytes(&again, string);
	else
		return;
	MUST(view_equal(buf_view(&again), input));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cbor_tree tree;
	struct reader driver = reader_of(view_of(data, size)), whole = driver;
	BUF again = {0};

	bool good = cbor_parse(view_of(data, size), &tree);
	check_forms(view_of(data, size));
	cbor_skip(&whole);
	if (!good)
		return 0;
	MUST(reader_end(&whole));
	for (size_t i = 0; i < tree.count; i++) {
		const struct cbor *item = &tree.items[i];

		write_item(item, &again);
		check_driver(item, &driver);
		if (item->kind == CBOR_MAP)
			check_map(item);
		else
			MUST(cbor_in(item).status != CTAP2_OK);
		MUST(is_container(item) || item->next == 1);
	}
	MUST(reader_end(&driver));
	MUST(view_equal(buf_view(&again), view_of(data, size)));
	return 0;
}
