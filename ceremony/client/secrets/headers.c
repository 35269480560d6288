/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/secrets/headers.h"

#include <stdlib.h>
#include <string.h>

#include "ceremony/protocol/message.h"

enum { PAGE = 500, STATEMENTS_MAX = 2 * PAGE + EARLIER_MAX };

/* What a page's statements define, verified. */
struct page {
	const struct vault_view *view;
	struct definitions *sets;
	size_t count;
};

static void
page_done(struct page *page)
{
	for (size_t i = 0; i < page->count; i++)
		definitions_done(&page->sets[i]);
	free(page->sets);
}

static enum err_code
read_statements(const struct json *array, struct page *page, struct err *err)
{
	size_t count = json_array_count(array);

	page->sets = calloc(count + 1, sizeof(*page->sets));
	if (page->sets == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for definitions");
	for (size_t i = 0; i < count; i++) {
		struct definitions *set = &page->sets[page->count++];
		DSSE statement = {0};

		TRY(array_statement(array, i, "secret", &statement, err));
		TRY(lookup_definitions(&statement, page->view, set, err));
	}
	return ERR_OK;
}

static enum err_code
take_definition(const struct page *page, const struct digest *digest, const char *name,
    struct definition *ret_definition, struct err *err)
{
	const struct definition *found = NULL;

	for (size_t i = 0; i < page->count && found == NULL; i++)
		found = definitions_find(&page->sets[i], digest);
	if (found == NULL || strcmp(found->name, name) != 0)
		return err_set(err, ERR_INTEGRITY,
		    "no definition of it is among those that the server shows");
	return definition_copy(found, ret_definition, err);
}

static enum err_code
read_row(const struct page *page, const struct json *object, struct reader *headers,
    struct lookup *lookup, const char **ret_name, struct err *err)
{
	struct json_in in = json_in(object, "secret in the list", err);
	struct digest definition;

	*ret_name = json_in_text(&in, "name", 1, SEAT_NAME_MAX);
	lookup->current = (uint32_t)json_in_int(&in, "current", 1, UINT32_MAX);
	json_in_hex(&in, "definition", definition.bytes, DIGEST_SIZE);
	const struct json *spares = json_in_array(&in, "spares", 0, HEADER_ENVELOPES);
	TRY(json_in_end(&in));
	TRY(take_definition(page, &definition, *ret_name, &lookup->definition, err));
	lookup->policy = charter_policy(page->view->chain.charter, lookup->definition.policy);
	struct view header = reader_lp32(headers, HEADER_MAX);
	if (headers->failed)
		return err_set(err, ERR_PROTOCOL, "the server sent less than its header");
	TRY(lookup_header(header, page->view, page->sets, page->count, lookup, err));
	return lookup_spares(spares, lookup->header, &lookup->spares, err);
}

static struct json *
page_request(const char *after)
{
	struct json *request = op_new("secret-headers");

	json_put_text(request, "after", after);
	return request;
}

void
headers_foresee(struct client *client)
{
	client_foresee(client, page_request(""));
}

/* The server's list goes on, and never back. */
static enum err_code
go_on(const char *name, char after[SEAT_NAME_MAX + 1], struct err *err)
{
	if (strcmp(name, after) <= 0)
		return err_set(err, ERR_PROTOCOL, "the server's list does not go on");
	memcpy(after, name, strlen(name) + 1);
	return ERR_OK;
}

static enum err_code
visit_rows(const struct page *page, const struct json *rows, struct view headers,
    char after[SEAT_NAME_MAX + 1], headers_visit visit, void *context, struct err *err)
{
	struct reader reader = reader_of(headers);

	for (size_t i = 0; i < json_array_count(rows); i++) {
		LOOKUP lookup = {0};
		const char *name = "";

		if (read_row(page, json_array_object(rows, i), &reader, &lookup, &name, err) !=
		    ERR_OK)
			return name[0] != '\0' ? err_add(err, "%s", name) : err->code;
		TRY(go_on(name, after, err));
		TRY(visit(context, &lookup, err));
	}
	if (reader.rest.size > 0)
		return err_set(err, ERR_PROTOCOL, "the server sent headers of no secret");
	return ERR_OK;
}

/* AFTER: the name to go on after; "" when that was all. */
static enum err_code
walk_page(struct client *client, const struct vault_view *view, char after[SEAT_NAME_MAX + 1],
    headers_visit visit, void *context, struct err *err)
{
	CLEANUP(page_done) struct page page = {.view = view};
	REPLY reply = {0};
	char last[SEAT_NAME_MAX + 1];

	TRY(client_ask(client, page_request(after), "secret-headers", &reply, err));
	const struct json *rows = json_in_array(&reply.in, "secrets", 0, PAGE);
	const struct json *statements = json_in_array(&reply.in, "statements", 0, STATEMENTS_MAX);
	const char *next = json_in_text(&reply.in, "next", 0, SEAT_NAME_MAX);
	TRY(json_in_end(&reply.in));
	TRY(read_statements(statements, &page, err));
	memcpy(last, after, sizeof(last));
	TRY(visit_rows(&page, rows, buf_view(&reply.blob), last, visit, context, err));
	if (next[0] == '\0')
		after[0] = '\0';
	else if (strcmp(next, last) < 0)
		return err_set(err, ERR_PROTOCOL, "the server's list does not go on");
	else
		return go_on(next, after, err);
	return ERR_OK;
}

enum err_code
headers_walk(struct client *client, const struct vault_view *view, headers_visit visit,
    void *context, struct err *err)
{
	char after[SEAT_NAME_MAX + 1] = "";

	do
		TRY(walk_page(client, view, after, visit, context, err));
	while (after[0] != '\0');
	return ERR_OK;
}
