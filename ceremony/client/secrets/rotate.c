/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/secrets/rotate.h"

#include <string.h>

#include "ceremony/client/secrets/order.h"
#include "ceremony/client/secrets/secret.h"
#include "ceremony/client/sync.h"
#include "ceremony/protocol/message.h"
#include "vault/documents/state_names.h"

enum { ROTATIONS_MAX = 100000 };

static enum err_code
read_list(struct reply *reply, const struct json **ret_list)
{
	*ret_list = json_in_array(&reply->in, "rotations", 0, ROTATIONS_MAX);
	return json_in_end(&reply->in);
}

enum err_code
rotate_run(struct client *client, const char *name, struct reply *ret_reply,
    const struct json **ret_list, struct err *err)
{
	const struct vault_view *view;
	struct json *request;

	TRY(client_sync(client, &view, err));
	request = op_new("rotate");
	if (name != NULL)
		json_put_text(request, "name", name);
	TRY(client_ask(client, request, "rotate", ret_reply, err));
	return read_list(ret_reply, ret_list);
}

/* What can be said before a token is asked for. */
static enum err_code
check_unseen(const struct lookup *lookup, const char *name, struct err *err)
{
	if (lookup->definition.change.retires)
		return err_set(err, ERR_REFUSED, "%s is retired", name);
	if (lookup->current == 0)
		return err_set(err, ERR_REFUSED, "%s has no value yet: 'halligan secret adopt %s'",
		    name, name);
	if (lookup->has_debt)
		return err_set(err, ERR_EXISTS,
		    "%s owes a replacement already: 'halligan rotate %s' goes on with that", name,
		    name);
	if (announcement_replaces_alone(&lookup->definition.announced))
		return ERR_OK;
	return err_set(err, ERR_REFUSED,
	    "%s: %s: 'halligan reseal --rotate --reason TEXT %s' asks its officers", name,
	    lookup->definition.announced.identity != IDENTITY_AMBIENT ?
	        "its target is changed by the value itself, which officers must open" :
	        "its target would go on to take the old value, which only that value can take away",
	    name);
}

enum err_code
rotate_unseen(struct client *client, const char *name, struct reply *ret_reply,
    const struct json **ret_list, struct err *err)
{
	const struct vault_view *view;
	LOOKUP lookup = {0};
	DSSE statement = {0};
	struct order_item item;
	struct order order = {.items = &item, .count = 1};
	struct json *request;

	lookup_foresee(client, name);
	TRY(client_sync(client, &view, err));
	TRY(lookup_secret(client, view, name, &lookup, err));
	TRY(check_unseen(&lookup, name, err));
	ui_say(client_options(client)->ui,
	    "%s: its value, which nobody has seen, is replaced on its target. A request for it that no officer has approved yet becomes void.",
	    name);
	item =
	    (struct order_item){lookup.definition.secret, lookup.definition.digest, lookup.current};
	TRY(order_sign(client, view, STATEMENT_ROTATE, NULL, NULL, "order the replacement", &order,
	    &statement, err));
	request = op_new("rotate-unseen");
	put_statement(request, "rotate", &statement);
	json_put_hex(request, "secret", VIEW_OF(item.secret.bytes));
	TRY(client_ask(client, request, "rotate", ret_reply, err));
	return read_list(ret_reply, ret_list);
}

static enum err_code
read_grade(struct rotated *row, struct err *err)
{
	row->has_grade = row->told.grade[0] != '\0';
	for (int i = 0; row->has_grade && i < GRADES; i++) {
		row->grade = (enum grade)i;
		if (strcmp(row->told.grade, grade_names[i]) == 0)
			return ERR_OK;
	}
	return row->has_grade ? err_set(err, ERR_PROTOCOL, "rotation: grade: it is none of ours") :
	                        ERR_OK;
}

enum err_code
rotate_result(const struct json *list, size_t index, struct rotated *ret_rotated, struct err *err)
{
	struct rotated row;

	TRY(members_read(json_array_object(list, index), "rotation", rotation_told_members,
	    &row.told, err));
	TRY(read_grade(&row, err));
	row.retired = strcmp(row.told.debt, debt_state_names[DEBT_RETIRED]) == 0;
	row.none = strcmp(row.told.debt, "none") == 0;
	row.code = strcmp(row.told.code, "ok") != 0 ? err_from_name(row.told.code) : ERR_OK;
	row.watched =
	    row.code == ERR_OK && strcmp(row.told.debt, debt_state_names[DEBT_WATCHED]) == 0;
	*ret_rotated = row;
	return ERR_OK;
}
