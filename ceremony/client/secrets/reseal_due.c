/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/secrets/reseal_due.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_members.h"
#include "base/process.h"
#include "base/text.h"
#include "ceremony/protocol/message.h"

enum { LISTED_AT_ONCE = 256 };

void
reseal_list_done(struct reseal_list *list)
{
	free(list->rows);
	*list = (struct reseal_list){0};
}

static const struct member row_members[] = {
    {"secret", MEMBER_HEX, FIELD(struct reseal_row, item.secret)},
    {"name", MEMBER_TEXT, FIELD(struct reseal_row, item.name), .min = 1},
    {"version", MEMBER_NUMBER, FIELD(struct reseal_row, item.version), .min = 1, .max = UINT32_MAX},
    {"definition", MEMBER_HEX, FIELD(struct reseal_row, item.definition)},
    {"header", MEMBER_HEX, FIELD(struct reseal_row, item.header)},
    {"why", MEMBER_TEXT, FIELD(struct reseal_row, why)},
    {"left", MEMBER_NUMBER, FIELD(struct reseal_row, left), .max = INT64_MAX},
    {"can", MEMBER_BOOL, FIELD(struct reseal_row, can)},
    {"ordered", MEMBER_BOOL, FIELD(struct reseal_row, ordered)},
    {"cannot", MEMBER_TEXT, FIELD(struct reseal_row, cannot)},
    {NULL},
};

static enum err_code
add_rows(const struct json *array, struct reseal_list *list, struct err *err)
{
	size_t count = json_array_count(array);

	if (list->count + count > list->capacity) {
		size_t capacity = 2 * (list->count + count);
		struct reseal_row *rows = reallocarray(list->rows, capacity, sizeof(*rows));

		if (rows == NULL)
			return err_set(err, ERR_MEMORY, "out of memory for a list");
		list->rows = rows;
		list->capacity = capacity;
	}
	for (size_t i = 0; i < count; i++) {
		list->rows[list->count] = (struct reseal_row){0};
		TRY(members_read(json_array_object(array, i), "reseal-list", row_members,
		    &list->rows[list->count], err));
		list->count++;
	}
	return ERR_OK;
}

static struct json *
page_request(const char *after, bool all)
{
	struct json *request = op_new("reseal-list");

	json_put_text(request, "after", after);
	json_put_bool(request, "all", all);
	return request;
}

void
reseal_list_foresee(struct client *client, bool all)
{
	client_foresee(client, page_request("", all));
}

static struct json *
find_request(const char *const *names, size_t count)
{
	struct json *request = op_new("reseal-find"), *array = json_new_array();

	for (size_t i = 0; i < count; i++)
		if (text_is_name(names[i]))
			json_add_text(array, names[i]);
	json_put(request, "names", array);
	return request;
}

void
reseal_find_foresee(struct client *client, const char *const *names, size_t count)
{
	client_foresee(client, find_request(names, count));
}

enum err_code
reseal_find_fetch(struct client *client, const char *const *names, size_t count,
    struct reseal_list *ret_list, struct err *err)
{
	RESEAL_LIST list = {0};
	REPLY reply = {0};
	size_t asked = 0;

	for (size_t i = 0; i < count; i++)
		asked += text_is_name(names[i]);
	if (asked == 0)
		return ERR_OK; /* nothing is called that */
	TRY(client_ask(client, find_request(names, count), "reseal-find", &reply, err));
	const struct json *array = json_in_array(&reply.in, "secrets", 0, asked);
	TRY(json_in_end(&reply.in));
	TRY(add_rows(array, &list, err));
	*ret_list = TAKE(list);
	return ERR_OK;
}

/* Once a second; TOLD: when it was last. */
static void
tell_where(const struct client *client, const char *name, int64_t *told)
{
	int64_t now = process_milliseconds();

	if (now - *told < 1000)
		return;
	*told = now;
	ui_progress(client_options(client)->ui, "looked through the secrets as far as %s",
	    QUOTED(name));
}

enum err_code
reseal_list_fetch(struct client *client, bool all, struct reseal_list *ret_list, struct err *err)
{
	RESEAL_LIST list = {0};
	char after[SEAT_NAME_MAX + 1] = "";
	int64_t told = process_milliseconds();

	do {
		REPLY reply = {0};

		TRY(client_ask(client, page_request(after, all), "reseal-list", &reply, err));
		const struct json *array = json_in_array(&reply.in, "secrets", 0, LISTED_AT_ONCE);
		const char *next = json_in_text(&reply.in, "next", 0, SEAT_NAME_MAX);
		TRY(json_in_end(&reply.in));
		if (next[0] != '\0' && strcmp(next, after) <= 0)
			return err_set(err, ERR_PROTOCOL, "the server's list does not go on");
		memcpy(after, next, strlen(next) + 1);
		TRY(add_rows(array, &list, err));
		if (after[0] != '\0')
			tell_where(client, after, &told);
	} while (after[0] != '\0');
	*ret_list = TAKE(list);
	return ERR_OK;
}
