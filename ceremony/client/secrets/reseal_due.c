/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/secrets/reseal_due.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ceremony/protocol/message.h"

enum { LISTED_AT_ONCE = 256 };

void
reseal_list_done(struct reseal_list *list)
{
	free(list->rows);
	*list = (struct reseal_list){0};
}

static enum err_code
read_row(const struct json *object, struct reseal_row *row, struct err *err)
{
	struct json_in in = json_in(object, "reseal-list", err);

	json_in_hex(&in, "secret", row->item.secret.bytes, SECRET_ID_SIZE);
	snprintf(row->item.name, sizeof(row->item.name), "%s",
	    json_in_text(&in, "name", 1, SEAT_NAME_MAX));
	row->item.version = (uint32_t)json_in_int(&in, "version", 1, UINT32_MAX);
	json_in_hex(&in, "definition", row->item.definition.bytes, DIGEST_SIZE);
	json_in_hex(&in, "header", row->item.header.bytes, DIGEST_SIZE);
	snprintf(row->why, sizeof(row->why), "%s", json_in_text(&in, "why", 0, NOTE_TEXT_MAX));
	row->left = json_in_int(&in, "left", 0, INT64_MAX);
	row->can = json_in_bool(&in, "can");
	snprintf(row->cannot, sizeof(row->cannot), "%s",
	    json_in_text(&in, "cannot", 0, NOTE_TEXT_MAX));
	return json_in_end(&in);
}

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
		TRY(read_row(json_array_object(array, i), &list->rows[list->count], err));
		list->count++;
	}
	return ERR_OK;
}

enum err_code
reseal_list_fetch(struct client *client, bool all, struct reseal_list *ret_list, struct err *err)
{
	RESEAL_LIST list = {0};
	char after[SEAT_NAME_MAX + 1] = "";

	do {
		struct json *request = op_new("reseal-list");
		REPLY reply = {0};

		json_put_text(request, "after", after);
		json_put_bool(request, "all", all);
		TRY(client_ask(client, request, "reseal-list", &reply, err));
		const struct json *array = json_in_array(&reply.in, "secrets", 0, LISTED_AT_ONCE);
		const char *next = json_in_text(&reply.in, "next", 0, SEAT_NAME_MAX);
		TRY(json_in_end(&reply.in));
		if (next[0] != '\0' && strcmp(next, after) <= 0)
			return err_set(err, ERR_PROTOCOL, "the server's list does not go on");
		memcpy(after, next, strlen(next) + 1);
		TRY(add_rows(array, &list, err));
	} while (after[0] != '\0');
	*ret_list = TAKE(list);
	return ERR_OK;
}
