/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/opening/list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_members.h"
#include "base/text.h"
#include "ceremony/protocol/message.h"

enum {
	LISTING_MAX = 200,
	ID_SHORT = 8,
	PREFIX_MIN = 4,
	OVER = 1u << CEREMONY_CLOSED | 1u << CEREMONY_REFUSED
};

/* Newest first. */
struct listing {
	size_t count;
	struct listed rows[LISTING_MAX];
};

static const struct member row_members[] = {
    {"mode", MEMBER_CHOICE, FIELD(struct listed, mode), .choices = mode_names},
    {"count", MEMBER_NUMBER, FIELD(struct listed, count), .min = 1, .max = CEREMONY_ITEMS},
    {"name", MEMBER_TEXT, FIELD(struct listed, name), .min = 1},
    {"requester", MEMBER_TEXT, FIELD(struct listed, requester), .min = 1},
    {"state", MEMBER_CHOICE, FIELD(struct listed, state), .choices = ceremony_state_names},
    {"created", MEMBER_MOMENT, FIELD(struct listed, created)},
    {"deadline", MEMBER_MOMENT, FIELD(struct listed, deadline)},
    {"expires", MEMBER_MOMENT, FIELD(struct listed, expires)},
    {NULL},
};

static enum err_code
read_row(const struct json *object, struct listed *row, struct err *err)
{
	struct json_in in = json_in(object, "ceremony in the list", err);
	uint8_t id[ID_SIZE] = {0};

	json_in_hex(&in, "id", id, sizeof(id));
	text_hex(VIEW_OF(id), row->id);
	(void)json_in_text(&in, "reason", 0, NOTE_TEXT_MAX);
	members_in(&in, row_members, row);
	return json_in_end(&in);
}

static enum err_code
fetch(struct client *client, bool all, struct listing *listing, struct err *err)
{
	struct json *request = op_new("ceremony-list");
	REPLY reply = {0};
	const struct json *list;

	json_put_bool(request, "all", all);
	TRY(client_ask(client, request, "ceremony-list", &reply, err));
	list = json_in_array(&reply.in, "ceremonies", 0, LISTING_MAX);
	TRY(json_in_end(&reply.in));
	listing->count = json_array_count(list);
	for (size_t i = 0; i < listing->count; i++) {
		const struct json *object = json_array_object(list, i);

		if (object == NULL)
			return err_set(err, ERR_PROTOCOL, "the server's list is malformed");
		TRY(read_row(object, &listing->rows[i], err));
	}
	return ERR_OK;
}

static bool
row_fits(const struct listed *row, const char *id, unsigned states, const char *requester)
{
	if (id != NULL)
		return strncmp(row->id, id, strlen(id)) == 0;
	return (states & (1u << row->state)) != 0 &&
	    (requester == NULL || strcmp(requester, row->requester) == 0);
}

static enum err_code
check_id(const char *id, struct err *err)
{
	size_t size = strlen(id);

	if (size < PREFIX_MIN || size >= ID_HEX_SIZE || strspn(id, "0123456789abcdef") != size)
		return err_set(err, ERR_USAGE,
		    "%s is no ceremony's id: %d to %d lower-case hex digits", QUOTED(id),
		    PREFIX_MIN, ID_HEX_SIZE - 1);
	return ERR_OK;
}

static enum err_code
pick_row(const struct listing *listing, const char *id, unsigned states, const char *requester,
    struct listed *ret_listed, struct err *err)
{
	const struct listed *chosen = NULL;
	BUF names = {0};
	size_t count = 0;

	for (size_t i = 0; i < listing->count; i++) {
		const struct listed *row = &listing->rows[i];

		if (!row_fits(row, id, states, requester))
			continue;
		chosen = row;
		buf_format(&names, "%s%.*s (%s%s for %s)", count++ > 0 ? ", " : "", ID_SHORT,
		    row->id, row->name, row->count > 1 ? " and others" : "", row->requester);
	}
	if (count == 0 && id != NULL)
		return err_set(err, ERR_NOT_FOUND, "there is no ceremony %s", id);
	if (count == 0)
		return err_set(err, ERR_NOT_FOUND,
		    "no ceremony waits for this; `halligan status` says what waits");
	if (count > 1)
		return err_set(err, ERR_USAGE, "several ceremonies could be meant; name one: %s",
		    buf_string(&names));
	*ret_listed = *chosen;
	return ERR_OK;
}

DESTRUCTOR(free_listing, struct listing, free)

enum err_code
listing_pick(struct client *client, const char *id, unsigned states, const char *requester,
    struct listed *ret_listed, struct err *err)
{
	CLEANUP(free_listing) struct listing *listing = calloc(1, sizeof(*listing));

	if (listing == NULL)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (id != NULL)
		TRY(check_id(id, err));
	TRY(fetch(client, id != NULL || (states & OVER) != 0, listing, err));
	return pick_row(listing, id, states, requester, ret_listed, err);
}
