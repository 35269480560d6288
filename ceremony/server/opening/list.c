/* SPDX-License-Identifier: Apache-2.0 */
/* Showing ceremonies.  Clients verify what they get; the list is for finding one's way. */
#include "ceremony/server/opening/list.h"

#include <stdio.h>

#include "ceremony/server/opening/batch.h"
#include "ceremony/server/opening/matter.h"

enum { SHOWN_MAX = 200, BATCHES_MAX = 50 };

static const unsigned all_states = (1u << CEREMONY_STATES) - 1;
static const unsigned open_states = 1u << CEREMONY_COLLECTING | 1u << CEREMONY_RELEASING |
    1u << CEREMONY_RELEASED | 1u << CEREMONY_ROTATING | 1u << CEREMONY_DEGRADED;

static void
put_time_or_none(struct json *object, const char *name, int64_t seconds)
{
	if (seconds == 0)
		json_put_text(object, name, "");
	else
		json_put_time(object, name, seconds);
}

static void
put_seats(struct json *object, const struct matter *matter)
{
	struct json *approved = json_new_array(), *denied = json_new_array();

	for (size_t i = 0; i < matter->approval_count; i++)
		if (matter->approvals[i].complete)
			json_add_text(approved, matter->approvals[i].seat);
	for (size_t i = 0; i < matter->denial_count; i++)
		json_add_text(denied, matter->denials[i].seat);
	json_put(object, "approved", approved);
	json_put(object, "denied", denied);
}

static void
put_missing(struct session *session, struct json *object, const struct matter *matter)
{
	BUF text = {0};
	int missing;

	if (matter->row.state == CEREMONY_COLLECTING)
		(void)matter_verdict(session, matter, session_now(session), &missing, &text);
	json_put_text(object, "missing", text.size > 0 ? buf_string(&text) : "");
}

static enum err_code
add_ceremony(struct session *session, struct json *array, const struct id *id, struct err *err)
{
	MATTER *matter = NULL;
	struct json *object;

	TRY(matter_load(session, id, &matter, err));
	object = json_new_object();
	json_put_hex(object, "id", VIEW_OF(id->bytes));
	json_put_text(object, "name", matter->request.items.rows[0].name);
	json_put_text(object, "requester", matter->row.requester);
	json_put_text(object, "state", ceremony_state_names[matter->row.state]);
	json_put_text(object, "reason", matter->row.reason);
	json_put_time(object, "created", matter->row.created);
	json_put_time(object, "deadline", matter->row.deadline);
	json_put_time(object, "expires", matter->row.expires);
	put_seats(object, matter);
	put_missing(session, object, matter);
	json_put_bool(object, "batch", false);
	json_add(array, object);
	return ERR_OK;
}

/* A batch among the others: whose voices and what is missing, `batch-get` says. */
static enum err_code
add_batch(struct session *session, struct json *array, const struct batch_row *row, struct err *err)
{
	struct json *object;
	char name[SEAT_NAME_MAX + 1];
	BATCH *batch = NULL;

	TRY(batch_load(session, &row->id, &batch, err));
	object = json_new_object();
	snprintf(name, sizeof(name), "%zu secrets", batch->request.items.count);
	json_put_hex(object, "id", VIEW_OF(row->id.bytes));
	json_put_text(object, "name", name);
	json_put_text(object, "requester", row->requester);
	json_put_text(object, "state", ceremony_state_names[row->state]);
	json_put_text(object, "reason", row->reason);
	json_put_time(object, "created", row->created);
	json_put_time(object, "deadline", row->deadline);
	json_put_text(object, "expires", "");
	json_put(object, "approved", json_new_array());
	json_put(object, "denied", json_new_array());
	json_put_text(object, "missing", "");
	json_put_bool(object, "batch", true);
	json_add(array, object);
	return ERR_OK;
}

static enum err_code
add_batches(struct session *session, struct json *array, unsigned states, struct err *err)
{
	struct batch_row rows[BATCHES_MAX];
	size_t count;

	TRY(store_list_batches(session->store, states, rows, BATCHES_MAX, &count, err));
	for (size_t i = 0; i < count; i++)
		TRY(add_batch(session, array, &rows[i], err));
	return ERR_OK;
}

enum err_code
serve_ceremony_list(struct session *session, struct call *call, struct err *err)
{
	bool all = json_in_bool(&call->in, "all");
	CEREMONY_ROWS *rows = NULL;
	JSON *array = json_new_array();
	size_t count;

	TRY(json_in_end(&call->in));
	TRY(matter_list(session, all ? all_states : open_states, &rows, &count, err));
	TRY(add_batches(session, array, all ? all_states : open_states, err));
	for (size_t i = 0; i < count && json_array_count(array) < SHOWN_MAX; i++)
		TRY(add_ceremony(session, array, &rows[i].id, err));
	json_put(call->reply, "ceremonies", TAKE(array));
	return ERR_OK;
}

static enum err_code
put_approvals(struct session *session, struct json *reply, const struct matter *matter,
    struct err *err)
{
	JSON *array = json_new_array();

	for (size_t i = 0; i < matter->approval_count; i++) {
		JSON *object = json_new_object();

		json_put_text(object, "seat", matter->approvals[i].seat);
		json_put_bool(object, "complete", matter->approvals[i].complete);
		TRY(session_put_statement(session, object, "statement",
		    &matter->approvals[i].statement, err));
		json_add(array, TAKE(object));
	}
	json_put(reply, "approvals", TAKE(array));
	return ERR_OK;
}

static enum err_code
put_denials(struct session *session, struct json *reply, const struct matter *matter,
    struct err *err)
{
	JSON *array = json_new_array();

	for (size_t i = 0; i < matter->denial_count; i++) {
		JSON *object = json_new_object();

		json_put_text(object, "seat", matter->denials[i].seat);
		TRY(session_put_statement(session, object, "statement",
		    &matter->denials[i].statement, err));
		json_add(array, TAKE(object));
	}
	json_put(reply, "denials", TAKE(array));
	return ERR_OK;
}

enum err_code
serve_ceremony_get(struct session *session, struct call *call, struct err *err)
{
	MATTER *matter = NULL;
	struct reach_spares spares;
	struct id id;
	struct json *reply = call->reply;

	json_in_hex(&call->in, "id", id.bytes, ID_SIZE);
	TRY(json_in_end(&call->in));
	TRY(matter_load(session, &id, &matter, err));
	TRY(session_put_statement(session, reply, "request", &matter->row.request, err));
	TRY(session_put_statement(session, reply, "ceremony", &matter->row.digest, err));
	TRY(session_put_statement(session, reply, "definition",
	    &matter->ceremony.items.rows[0].definition, err));
	json_put_text(reply, "state", ceremony_state_names[matter->row.state]);
	json_put_text(reply, "reason", matter->row.reason);
	TRY(put_approvals(session, reply, matter, err));
	TRY(put_denials(session, reply, matter, err));
	put_missing(session, reply, matter);
	put_time_or_none(reply, "released", matter->row.released);
	put_time_or_none(reply, "expires", matter->row.expires);
	spares_reach(&matter->spares, &spares);
	spares_put(reply, &spares);
	json_put_bool(reply, "part_exposed", matter->version.part_exposed);
	buf_bytes(&call->out, buf_view(&matter->version.header));
	return buf_check(&call->out, err);
}
