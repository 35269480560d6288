/* SPDX-License-Identifier: Apache-2.0 */
/* The town's server, on a thread: docs/PROTOCOL.md as far as the client's tests go. */
#include <fcntl.h>
#include <unistd.h>

#include "base/child.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/statements_host.h"
#include "ceremony/protocol/wire.h"
#include "tests/unit/client/town_parts.h"
#include "vault/seal/reply.h"

static void
answer_hello(struct town *town, struct json *reply)
{
	json_put_int(reply, "protocol", WIRE_PROTOCOL);
	json_put_text(reply, "version", "0");
	json_put_text(reply, "state", town->hello_state != NULL ? town->hello_state : "live");
	json_put_text(reply, "secrets", "mlock");
	json_put_time(reply, "time", TOWN_NOW - town->before);
	if (town->hello_state != NULL && strcmp(town->hello_state, "absent") == 0)
		return;
	json_put_text(reply, "name", town->founded.charter->name);
	json_put_bool(reply, "training", town->founded.charter->training);
	if (town->hello_state == NULL)
		json_put_hex(reply, "vault", VIEW_OF(town->vault.bytes));
}

static void
answer_chain(struct town *town, struct json *reply)
{
	struct json *documents = json_new_array();
	const struct dsse *charter = &town->charter;
	DSSE swapped = {0};
	struct err err;

	if (town->swap_op != NULL && strcmp(town->swap_op, "chain") == 0) {
		if (dsse_parse(buf_view(&town->swap_text), &swapped, &err) != ERR_OK)
			abort();
		charter = &swapped;
	}
	add_statement(documents, charter);
	add_statement(documents, &town->roster);
	for (size_t i = 0; i < town->suspension_count; i++)
		add_statement(documents, &town->suspensions[i]);
	json_put_hex(reply, "vault", VIEW_OF(town->vault.bytes));
	json_put_int(reply, "from", 0);
	json_put(reply, "documents", documents);
	json_put_base64(reply, "checkpoint", buf_view(&town->checkpoint));
	json_put(reply, "consistency", json_new_array());
}

/* The statement called NAME, or what the test put in its place. */
static void
put_or_swap(struct town *town, const char *op, struct json *reply, const char *name,
    const struct dsse *statement)
{
	if (town->swap_op != NULL && strcmp(town->swap_op, op) == 0 &&
	    strcmp(town->swap_name, name) == 0)
		json_put_text(reply, name, buf_string(&town->swap_text));
	else
		put_statement(reply, name, statement);
}

/* The item that REQUEST is about. */
static struct town_item *
item_of(struct town *town, const struct json *request)
{
	struct err err;
	struct json_in in = json_in(request, "request", &err);
	int64_t position = json_in_int(&in, "position", 0, (int64_t)town->item_count - 1);

	if (in.code != ERR_OK)
		abort();
	return &town->items[position];
}

static void
answer_get(struct town *town, struct json *reply)
{
	struct json *voices = json_new_array(), *items = json_new_array();

	put_or_swap(town, "ceremony-get", reply, "request", &town->request);
	put_or_swap(town, "ceremony-get", reply, "ceremony", &town->ceremony);
	json_put_text(reply, "state", ceremony_state_names[town->state]);
	json_put_text(reply, "reason", "");
	for (size_t i = 0; i < town->voice_count; i++)
		add_statement(voices, &town->voices[i].statement);
	json_put(reply, "voices", voices);
	for (size_t i = 0; i < town->item_count - town->hidden; i++) {
		struct json *row = json_new_object();

		enum item_state state = town->state == CEREMONY_COLLECTING ? ITEM_WAITING :
		    town->items[i].stale != NULL                           ? ITEM_SKIPPED :
		                                                             ITEM_DONE;

		json_put_text(row, "state", item_state_names[state]);
		json_put_text(row, "note", "");
		json_add(items, row);
	}
	json_put(reply, "items", items);
	if (town->state == CEREMONY_RELEASED)
		put_or_swap(town, "ceremony-get", reply, "release", &town->release);
	json_put_text(reply, "released", "");
	json_put_text(reply, "expires", "");
}

/* Unless it is KNOWN, or the same statement came BEFORE. */
static void
put_definition(struct town *town, const struct positions *known, size_t position,
    struct json *object, struct buf *before)
{
	JSON *scratch = json_new_object();

	for (size_t i = 0; i < known->count; i++)
		if (known->rows[i] == position)
			return;
	put_or_swap(town, "ceremony-items", scratch, "definition",
	    &town->items[position].definition);
	const char *text = json_object_text(scratch, "definition");
	if (strcmp(text, buf_string(before)) == 0)
		return;
	before->size = 0;
	buf_text(before, text);
	json_put_text(object, "definition", text);
	town->definitions_sent++;
}

static void
put_item(const struct town *town, size_t position, struct json *object)
{
	const struct town_item *item = &town->items[position];
	struct json *given = json_new_array();

	json_put_text(object, "stale", item->stale != NULL ? item->stale : "");
	json_put(object, "spares", json_new_array());
	for (size_t i = 0; i < town->voice_count; i++)
		if (item->given[i])
			json_add_text(given, town->voices[i].seat);
	json_put(object, "given", given);
	json_put_bool(object, "part_exposed", false);
}

static void
answer_items(struct town *town, const struct json *request, struct json *reply, struct buf *blob)
{
	struct err err;
	const struct positions positions = town_positions(town, request);
	struct json_in in = json_in(request, "request", &err);
	struct json *items = json_new_array();
	struct positions known;
	BUF before = {0};

	in_positions(&in, "known", 0, &known);
	for (size_t i = 0; i < positions.count; i++) {
		struct json *object = json_new_object();

		put_definition(town, &known, positions.rows[i], object, &before);
		put_item(town, positions.rows[i], object);
		json_add(items, object);
		buf_lp32(blob, buf_view(&town->items[positions.rows[i]].version.header));
	}
	json_put(reply, "items", items);
}

/* All items on one page. */
static void
answer_headers(struct town *town, struct json *reply, struct buf *blob)
{
	struct json *rows = json_new_array(), *statements = json_new_array();

	for (size_t i = 0; i < town->item_count; i++) {
		const struct town_item *item = &town->items[i];
		DEFINITIONS_OF definitions = {0};
		struct json *row = json_new_object();
		struct err err;

		fine(definitions_parse(&item->definition, false, &definitions, &err), &err);
		json_put_text(row, "name", item->name);
		json_put_int(row, "current", 1);
		json_put_hex(row, "definition", VIEW_OF(definitions.rows[0].digest.bytes));
		json_put(row, "spares", json_new_array());
		json_add(rows, row);
		add_statement(statements, &item->definition);
		buf_lp32(blob, buf_view(&item->version.header));
	}
	json_put(reply, "secrets", rows);
	json_put(reply, "statements", statements);
	json_put_text(reply, "next", town->next != NULL ? town->next : "");
}

/* Has the town's only ceremony the id, or the state, that REQUEST is about? */
static bool
is_meant(const struct town *town, const struct json *request)
{
	struct err err;
	struct json_in in = json_in(request, "request", &err);
	const char *id = json_in_text(&in, "id", 0, 2 * ID_SIZE);
	const struct json *states = json_in_array(&in, "states", 0, CEREMONY_STATES);
	const char *of = json_in_text(&in, "of", 0, SEAT_NAME_MAX);
	char hex[ID_HEX_SIZE];
	bool meant = false;

	text_hex(VIEW_OF(town->id.bytes), hex);
	if (id[0] != '\0')
		return strncmp(hex, id, strlen(id)) == 0;
	for (size_t i = 0; i < json_array_count(states); i++)
		meant |= strcmp(json_array_text(states, i), ceremony_state_names[town->state]) == 0;
	return meant &&
	    (of[0] == '\0' || strcmp(of, town->mode == MODE_RELEASE ? "alice" : "ops") == 0);
}

static void
answer_ceremony(struct town *town, const struct json *request, struct json *reply, struct buf *blob)
{
	struct json *first;
	BUF before = {0};

	if (!town->any && !is_meant(town, request)) {
		json_put_text(reply, "code", err_name(ERR_NOT_FOUND));
		json_put_text(reply, "text", "there is no ceremony that is meant");
		return;
	}
	answer_get(town, reply);
	first = json_new_object();
	put_definition(town, &(struct positions){0}, 0, first, &before);
	put_item(town, 0, first);
	buf_bytes(blob, buf_view(&town->items[0].version.header));
	json_put(reply, "first", first);
}

static void
answer_find(struct town *town, const struct json *request, struct json *reply, struct buf *blob)
{
	const char *name = json_object_text(request, "name");
	const struct town_item *item = NULL;

	for (size_t i = 0; i < town->item_count; i++)
		if (strcmp(town->items[i].name, name) == 0)
			item = &town->items[i];
	if (item == NULL) {
		json_put_text(reply, "code", err_name(ERR_NOT_FOUND));
		json_put_text(reply, "text", "there is no such secret");
		return;
	}
	put_or_swap(town, "secret-find", reply, "definition", &item->definition);
	json_put_int(reply, "current", 1);
	json_put_int(reply, "newest", 1);
	json_put(reply, "spares", json_new_array());
	json_put(reply, "deaths", json_new_array());
	json_put_bool(reply, "part_exposed", false);
	json_put_bool(reply, "released", false);
	buf_bytes(blob, buf_view(&item->version.header));
}

static void
answer_reseal_list(struct town *town, struct json *reply)
{
	struct json *list = json_new_array();

	for (size_t i = 0; i < town->item_count; i++) {
		const struct town_item *item = &town->items[i];
		struct json *row = json_new_object();

		json_put_hex(row, "secret", VIEW_OF(item->secret.bytes));
		json_put_text(row, "name", item->name);
		json_put_int(row, "version", 1);
		json_put_hex(row, "definition", VIEW_OF(item->definition_digest.bytes));
		json_put_hex(row, "header", VIEW_OF(item->header_hash.bytes));
		json_put_text(row, "why", "the quorum changed");
		json_put_int(row, "left", 0);
		json_put_bool(row, "can", true);
		json_put_bool(row, "ordered", false);
		json_put_text(row, "cannot", "");
		json_add(list, row);
	}
	json_put(reply, "secrets", list);
}

/* A ceremony for whatever was asked, or (swapped) for something else. */
static void
answer_request(struct town *town, const struct json *request, struct json *reply)
{
	struct err err;
	DSSE statement = {0};
	DSSE answer = {0};
	REQUEST asked = {0};
	CEREMONY ceremony = {0};
	JSON *payload = NULL;
	const char *text = json_object_text(request, "request");

	if (dsse_parse(view_of_text(text), &statement, &err) != ERR_OK ||
	    request_parse(&statement, false, &asked, &err) != ERR_OK ||
	    ceremony_parse(&town->ceremony, false, &ceremony, &err) != ERR_OK)
		abort();
	struct json_in in = json_in(request, "request", &err);

	town->another = json_in_bool(&in, "another");
	ceremony.request = asked.digest;
	ceremony.mode = asked.mode;
	ceremony.recipients = asked.recipients;
	items_done(&ceremony.items);
	ceremony.items = asked.items;
	asked.items = (struct items){0};
	for (size_t i = 0; i < ceremony.items.count; i++)
		snprintf(ceremony.items.rows[i].quorum, sizeof(ceremony.items.rows[i].quorum), "%s",
		    town->founded.charter->policies[0].quorum_text);
	if (town->change != NULL)
		town->change(&ceremony);
	if (ceremony_payload(&ceremony, &payload, &err) != ERR_OK ||
	    statement_new(STATEMENT_CEREMONY, false, payload, &answer, &err) != ERR_OK ||
	    statement_sign_host(&answer, town->statement_seed, &err) != ERR_OK)
		abort();
	json_put_hex(reply, "id", VIEW_OF(town->id.bytes));
	put_or_swap(town, "request", reply, "ceremony", &answer);
}

static void
answer_advance(struct town *town, struct json *reply)
{
	json_put_text(reply, "state", ceremony_state_names[town->state]);
	json_put_text(reply, "reason", "");
	json_put_text(reply, "missing", "1 more of infra, audit");
}

static void
answer_object(struct town *town, const struct json *request, struct json *reply)
{
	struct objection objection;
	struct err err;
	struct town_voice *voice = &town->voices[town->voice_count];

	if (dsse_parse(view_of_text(json_object_text(request, "statement")), &voice->statement,
	        &err) != ERR_OK)
		abort();
	town->voice_count++;
	if (objection_parse(&voice->statement, STATEMENT_CANCEL, false, &objection, &err) == ERR_OK)
		town->state = CEREMONY_REFUSED;
	json_put_text(reply, "state", ceremony_state_names[town->state]);
	json_put_text(reply, "reason", "");
	json_put_text(reply, "missing", "");
}

static void
answer_open(struct town *town, const struct json *request, struct json *reply, struct buf *blob)
{
	const struct town_item *item = item_of(town, request);

	put_or_swap(town, "open", reply, "release", &town->release);
	json_put_base64(reply, "checkpoint", buf_view(&town->checkpoint));
	json_put_int(reply, "left", town->left != 0 ? town->left : 1800 - 30);
	buf_bytes(blob, VIEW_OF(item->answer.enc));
	buf_bytes(blob, buf_view(&item->answer.ciphertext));
}

static void
answer_done(struct town *town, const struct json *request, struct json *reply)
{
	struct err err;
	struct json *debts = json_new_array();

	dsse_done(&town->done);
	town->done.count = 0;
	if (dsse_parse(view_of_text(json_object_text(request, "done")), &town->done, &err) !=
	    ERR_OK)
		abort();
	for (size_t i = 0; i < town->item_count; i++) {
		struct json *row = json_new_object();

		json_put_text(row, "name", town->items[i].name);
		json_put_text(row, "debt", debt_state_names[DEBT_RETIRED]);
		json_put_text(row, "code", "ok");
		json_put_text(row, "note", "");
		json_put_text(row, "grade", "refused");
		json_add(debts, row);
	}
	json_put_text(reply, "state", ceremony_state_names[CEREMONY_CLOSED]);
	json_put(reply, "debts", debts);
}

static void
answer(struct town *town, const char *op, const struct json *request, struct view in,
    struct json *reply, struct buf *blob)
{
	if (town->refuses != NULL && strcmp(op, town->refuses) == 0) {
		if (strcmp(op, "approve") == 0)
			town_answer_approve(town,
			    request); /* what is asked for with it is answered */
		town->state = town->later;
		json_put_text(reply, "code", "refused");
		json_put_text(reply, "text", "it is too late for that");
		return;
	}
	if (strcmp(op, "hello") == 0)
		answer_hello(town, reply);
	else if (strcmp(op, "chain") == 0)
		answer_chain(town, reply);
	else if (strcmp(op, "ceremony-find") == 0)
		answer_ceremony(town, request, reply, blob);
	else if (strcmp(op, "ceremony-get") == 0)
		answer_get(town, reply);
	else if (strcmp(op, "ceremony-items") == 0)
		answer_items(town, request, reply, blob);
	else if (strcmp(op, "secret-find") == 0)
		answer_find(town, request, reply, blob);
	else if (strcmp(op, "secret-headers") == 0)
		answer_headers(town, reply, blob);
	else if (strcmp(op, "reseal-find") == 0)
		answer_reseal_list(town, reply);
	else if (strcmp(op, "reseal-list") == 0) {
		answer_reseal_list(town, reply);
		json_put_text(reply, "next", "");
	} else if (strcmp(op, "request") == 0)
		answer_request(town, request, reply);
	else if (strcmp(op, "approve") == 0)
		town_answer_approve(town, request);
	else if (strcmp(op, "envelopes") == 0)
		town_answer_envelopes(town, request, reply, blob);
	else if (strcmp(op, "shares") == 0)
		town_answer_shares(town, request, in);
	else if (strcmp(op, "advance") == 0)
		answer_advance(town, reply);
	else if (strcmp(op, "object") == 0)
		answer_object(town, request, reply);
	else if (strcmp(op, "open") == 0)
		answer_open(town, request, reply, blob);
	else if (strcmp(op, "done") == 0)
		answer_done(town, request, reply);
	else if (!town_answer_change(town, op, request, reply))
		abort();
}

static void *
serve(void *context)
{
	struct town *town = context;

	for (;;) {
		JSON *request = NULL;
		struct json *reply = json_new_object();
		JSON *owned = reply;
		BUF in = {0};
		BUF out = {0};
		struct err err;
		const char *op;

		if (wire_receive(town->fd, &request, &in, -1, &err) != ERR_OK)
			break;
		op = json_object_text(request, "op");
		if (!town_be_rude(town, op))
			break;
		answer(town, op, request, buf_view(&in), reply, &out);
		json_put_bool(reply, "ok", json_object_text(reply, "code") == NULL);
		if (town->lie != NULL)
			town->lie(town, op, reply, &out);
		if (wire_send(town->fd, owned, buf_view(&out), -1, &err) != ERR_OK)
			break;
	}
	close(town->fd);
	town->fd = -1;
	return NULL;
}

void
town_stop(struct town *town)
{
	if (town->running)
		assert_int_equal(pthread_join(town->thread, NULL), 0);
	town->running = false;
}

static int64_t
now(void)
{
	return TOWN_NOW;
}

struct client_options
town_options(struct town *town)
{
	return (struct client_options){.vault = town->place != NULL ? town->place : "/srv/town",
	    .self = "/nonexistent",
	    .drivers = town->drivers,
	    .driver_count = ARRAY_SIZE(town->drivers),
	    .ui = &town->ui,
	    .serial = town->choice.serial,
	    .label = town->choice.label,
	    .driver = town->choice.driver,
	    .wait = town->choice.wait,
	    .person = town->choice.wait > 0,
	    .now = now};
}

/* Whose server the client starts; this stands in for the process. */
static struct town *connecting;
enum err_code __wrap_process_start(const struct process_spawn *spawn, pid_t *ret_pid,
    struct err *err);

enum err_code
__wrap_process_start(const struct process_spawn *spawn, pid_t *ret_pid, struct err *err)
{
	(void)err;
	connecting->fd = fcntl(spawn->fds[0], F_DUPFD_CLOEXEC, 0);
	assert_true(connecting->fd >= 0);
	assert_int_equal(pthread_create(&connecting->thread, NULL, serve, connecting), 0);
	connecting->running = true;
	*ret_pid = 0; /* none to wait for */
	return ERR_OK;
}

enum err_code
town_connect(struct town *town, uint32_t serial, struct client **ret_client, struct err *err)
{
	const struct client_options options = town_options(town);

	town_stop(town);
	for (size_t i = 0; i < TOWN_TOKENS; i++)
		town->tokens[i].plugged = town->tokens[i].serial == serial;
	connecting = town;
	return client_connect(&options, ret_client, err);
}

void
town_swap(struct town *town, const char *op, const char *name, const struct dsse *statement)
{
	struct err err;

	buf_done(&town->swap_text);
	fine(dsse_encode(statement, &town->swap_text, &err), &err);
	(void)buf_string(&town->swap_text);
	town->swap_op = op;
	town->swap_name = name;
}
