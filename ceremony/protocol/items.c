/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/protocol/items.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_members.h"

/* A request's item has a name, a ceremony's a quorum, after these. */
static const struct member item_members[] = {
    {"secret", MEMBER_HEX, FIELD(struct item, secret)},
    {"version", MEMBER_NUMBER, FIELD(struct item, version), 1, UINT32_MAX},
    {"definition", MEMBER_HEX, FIELD(struct item, definition)},
    {"header", MEMBER_HEX, FIELD(struct item, header)},
    {NULL},
};
static const struct member name_members[] = {
    {"name", MEMBER_NAME, FIELD(struct item, name)},
    {NULL},
};
static const struct member quorum_members[] = {
    {"quorum", MEMBER_TEXT, FIELD(struct item, quorum), .min = 1},
    {NULL},
};
static const struct member recipient_members[] = {
    {"token", MEMBER_HEX, FIELD(struct recipient, token)},
    {"key", MEMBER_POINT, FIELD(struct recipient, key)},
    {NULL},
};

bool
mode_releases(enum mode mode)
{
	return mode == MODE_RELEASE || mode == MODE_DRILL;
}

void
items_done(struct items *items)
{
	free(items->rows);
	*items = (struct items){0};
}

enum err_code
items_new(size_t count, struct items *ret_items, struct err *err)
{
	struct item *rows = calloc(count, sizeof(*rows));

	if (rows == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for %zu items", count);
	*ret_items = (struct items){rows, count};
	return ERR_OK;
}

void
put_items(struct json *payload, const struct items *items, bool ceremony)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < items->count; i++) {
		const struct item *item = &items->rows[i];
		struct json *object = json_new_object();

		members_put(object, item_members, item);
		members_put(object, ceremony ? quorum_members : name_members, item);
		json_add(array, object);
	}
	json_put(payload, "items", array);
}

void
put_recipients(struct json *payload, const struct recipients *recipients)
{
	members_put_rows(payload, "recipients", recipient_members, recipients->rows,
	    sizeof(recipients->rows[0]), recipients->count);
}

struct items_in
in_items(struct json_in *in, enum mode mode)
{
	bool receives = mode_releases(mode);
	struct items_in from;

	from.items = json_in_array(in, "items", 1, CEREMONY_ITEMS);
	from.recipients =
	    json_in_array(in, "recipients", receives ? 1 : 0, receives ? RECIPIENTS : 0);
	return from;
}

/* The text of a quorum in its canonical form, so that equal quorums are equal texts. */
static void
check_quorum(struct json_in *in, const struct item *item)
{
	BUF canonical = {0};
	struct quorum quorum;
	struct err cause;

	if (quorum_canonical(item->quorum, &quorum, &canonical, &cause) != ERR_OK ||
	    strcmp(buf_string(&canonical), item->quorum) != 0)
		json_in_fail(in, "quorum", "not a quorum in canonical form");
}

static enum err_code
read_item(const struct json *object, const char *line, bool ceremony, struct item *item,
    struct err *err)
{
	struct json_in in = json_in(object, line, err);

	members_in(&in, item_members, item);
	members_in(&in, ceremony ? quorum_members : name_members, item);
	if (ceremony)
		check_quorum(&in, item);
	return json_in_end(&in);
}

const char *
items_line(const char *what, const char *list, size_t index, char line[LINE_SIZE])
{
	snprintf(line, LINE_SIZE, "%s: %s[%zu]", what, list, index);
	return line;
}

static bool
stands_before(const struct items *items, size_t position)
{
	for (size_t i = 0; i < position; i++)
		if (memcmp(&items->rows[i].secret, &items->rows[position].secret,
		        sizeof(items->rows[i].secret)) == 0)
			return true;
	return false;
}

static enum err_code
read_rows(const struct json *array, const char *what, bool ceremony, struct items *items,
    struct err *err)
{
	char line[LINE_SIZE];

	for (size_t i = 0; i < items->count; i++) {
		TRY(read_item(json_array_object(array, i), items_line(what, "items", i, line),
		    ceremony, &items->rows[i], err));
		if (stands_before(items, i))
			return err_set(err, ERR_INVALID, "%s: the secret stands twice", line);
	}
	return ERR_OK;
}

static enum err_code
read_recipients(const struct json *array, const char *what, struct recipients *ret_recipients,
    struct err *err)
{
	struct recipients read = {.count = json_array_count(array)};
	char line[LINE_SIZE];

	for (size_t i = 0; i < read.count; i++) {
		TRY(members_read(json_array_object(array, i),
		    items_line(what, "recipients", i, line), recipient_members, &read.rows[i],
		    err));
		for (size_t j = 0; j < i; j++)
			if (digest_equal(&read.rows[i].token, &read.rows[j].token) ||
			    point_equal(&read.rows[i].key, &read.rows[j].key))
				return err_set(err, ERR_INVALID, "%s: the token stands twice",
				    line);
	}
	*ret_recipients = read;
	return ERR_OK;
}

enum err_code
read_items(const struct items_in *from, const char *what, bool ceremony, struct items *ret_items,
    struct recipients *ret_recipients, struct err *err)
{
	CLEANUP(items_done) struct items items = {0};

	TRY(items_new(json_array_count(from->items), &items, err));
	TRY(read_rows(from->items, what, ceremony, &items, err));
	TRY(read_recipients(from->recipients, what, ret_recipients, err));
	*ret_items = items;
	items.rows = NULL;
	return ERR_OK;
}

bool
items_equal(const struct items *a, const struct items *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct item *x = &a->rows[i], *y = &b->rows[i];

		if (memcmp(&x->secret, &y->secret, sizeof(x->secret)) != 0 ||
		    x->version != y->version || !digest_equal(&x->definition, &y->definition) ||
		    !digest_equal(&x->header, &y->header))
			return false;
	}
	return true;
}

bool
recipients_equal(const struct recipients *a, const struct recipients *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!digest_equal(&a->rows[i].token, &b->rows[i].token) ||
		    !point_equal(&a->rows[i].key, &b->rows[i].key))
			return false;
	return true;
}

void
put_positions(struct json *object, const char *name, const struct positions *positions)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < positions->count; i++)
		json_add_int(array, positions->rows[i]);
	json_put(object, name, array);
}

void
in_positions(struct json_in *in, const char *name, size_t min, struct positions *ret_positions)
{
	const struct json *array = json_in_array(in, name, min, ITEMS_AT_ONCE);

	*ret_positions = (struct positions){0};
	for (size_t i = 0; in->code == ERR_OK && i < json_array_count(array); i++) {
		int64_t position = json_array_int(array, i);

		if (position < 0 || position >= CEREMONY_ITEMS ||
		    (i > 0 && position <= ret_positions->rows[i - 1]))
			json_in_fail(in, name, "must be places of items, rising");
		else
			ret_positions->rows[ret_positions->count++] = (uint32_t)position;
	}
}
