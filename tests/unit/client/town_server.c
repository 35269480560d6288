/* SPDX-License-Identifier: Apache-2.0 */
/* The town's server, on a thread: docs/PROTOCOL.md as far as the client's tests go. */
#include <sys/socket.h>
#include <unistd.h>

#include "ceremony/protocol/message.h"
#include "ceremony/protocol/statements_host.h"
#include "ceremony/protocol/wire.h"
#include "tests/unit/client/town_parts.h"
#include "vault/seal/envelope.h"

static void
answer_hello(struct town *town, struct json *reply)
{
	json_put_int(reply, "protocol", WIRE_PROTOCOL);
	json_put_text(reply, "version", "0");
	json_put_text(reply, "state", town->hello_state != NULL ? town->hello_state : "live");
	json_put_text(reply, "secrets", "mlock");
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
	json_put(reply, "documents", documents);
	json_put_base64(reply, "checkpoint", buf_view(&town->checkpoint));
	json_put(reply, "consistency", json_new_array());
}

static void
answer_list(struct town *town, struct json *reply)
{
	struct json *list = json_new_array(), *row = json_new_object();

	json_put_hex(row, "id", VIEW_OF(town->id.bytes));
	json_put_text(row, "name", "prod/db");
	json_put_text(row, "requester", "alice");
	json_put_text(row, "state", ceremony_state_names[town->state]);
	json_put_text(row, "reason", "");
	json_put_time(row, "created", TOWN_NOW - 110);
	json_put_time(row, "deadline", TOWN_NOW + 700);
	json_put_text(row, "expires", "");
	json_put(row, "approved", json_new_array());
	json_put(row, "denied", json_new_array());
	json_put_text(row, "missing", "");
	json_put_bool(row, "batch", false);
	json_add(list, row);
	json_put(reply, "ceremonies", list);
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

static void
answer_get(struct town *town, struct json *reply, struct buf *blob)
{
	struct json *approvals = json_new_array();
	struct approval approval;
	struct err err;

	put_or_swap(town, "ceremony-get", reply, "request", &town->request);
	put_or_swap(town, "ceremony-get", reply, "ceremony", &town->ceremony);
	put_or_swap(town, "ceremony-get", reply, "definition", &town->definition);
	json_put_text(reply, "state", ceremony_state_names[town->state]);
	json_put_text(reply, "reason", "");
	for (size_t i = 0; i < town->approval_count; i++) {
		struct json *row = json_new_object();

		if (approval_parse(&town->approvals[i], false, &approval, &err) != ERR_OK)
			abort();
		json_put_text(row, "seat", approval.seat);
		json_put_bool(row, "complete", town->approval_complete[i]);
		put_or_swap(town, "ceremony-get", row, "statement", &town->approvals[i]);
		json_add(approvals, row);
	}
	json_put(reply, "approvals", approvals);
	json_put(reply, "denials", json_new_array());
	json_put_text(reply, "missing", "");
	json_put_text(reply, "released", "");
	json_put_text(reply, "expires", "");
	json_put(reply, "spares", json_new_array());
	json_put_bool(reply, "part_exposed", false);
	buf_bytes(blob, buf_view(&town->version.header));
}

static void
answer_find(struct town *town, struct json *reply, struct buf *blob)
{
	put_or_swap(town, "secret-find", reply, "definition", &town->definition);
	json_put_int(reply, "current", 1);
	json_put_int(reply, "newest", 1);
	json_put(reply, "spares", json_new_array());
	json_put_bool(reply, "part_exposed", false);
	json_put_bool(reply, "released", false);
	buf_bytes(blob, buf_view(&town->version.header));
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
	ceremony.request = asked.digest;
	if (ceremony_payload(&ceremony, &payload, &err) != ERR_OK ||
	    statement_new(STATEMENT_CEREMONY, false, payload, &answer, &err) != ERR_OK ||
	    statement_sign_host(&answer, town->statement_seed, &err) != ERR_OK)
		abort();
	json_put_hex(reply, "id", VIEW_OF(town->id.bytes));
	put_or_swap(town, "request", reply, "ceremony", &answer);
}

static void
answer_approve(struct town *town, const struct json *request, struct json *reply, struct buf *blob)
{
	struct err err;
	struct dsse *statement = &town->approvals[town->approval_count];
	struct approval approval;
	size_t index = 0;

	if (dsse_parse(view_of_text(json_object_text(request, "approval")), statement, &err) !=
	        ERR_OK ||
	    approval_parse(statement, false, &approval, &err) != ERR_OK)
		abort();
	town->approval_complete[town->approval_count++] = false;
	while (!digest_equal(&town->header->envelopes[index].token, &approval.token))
		index++;
	json_put_int(reply, "envelope", (int64_t)index);
	buf_bytes(blob, VIEW_OF(town->version.envelopes[index].enc));
	buf_bytes(blob, buf_view(&town->version.envelopes[index].ciphertext));
}

/* Open the re-sealed shares as the host does. */
static void
answer_shares(struct town *town, struct json *reply, struct view ciphertext)
{
	struct err err;
	struct approval approval;
	struct point public;
	struct digest info;
	HPKE *hpke = NULL;
	struct box_ids ids = {.label = seal_label_approval,
	    .vault = town->vault,
	    .secret = town->secret,
	    .version = 1,
	    .header_hash = town->header_hash,
	    .ceremony = town->ceremony_digest};
	size_t at = town->approval_count - 1;

	p256_key_public(town->ceremony_key, &public);
	if (approval_parse(&town->approvals[at], false, &approval, &err) != ERR_OK)
		abort();
	ids.seat = approval.seat;
	ids.token = approval.token;
	secret_freep(&town->received);
	if (seal_box_info(&ids, &info, &err) != ERR_OK ||
	    hpke_recipient(hpke_suite_default, VIEW_OF(approval.enc.bytes), &public,
	        hpke_agree_local, town->ceremony_key, VIEW_OF(info.bytes), &hpke, &err) != ERR_OK ||
	    hpke_open(hpke, VIEW_OF(town->ceremony_digest.bytes), ciphertext, &town->received,
	        &err) != ERR_OK)
		abort();
	town->approval_complete[at] = true;
	json_put_text(reply, "state", "collecting");
	json_put_text(reply, "missing", "1 more of infra, audit");
	json_put(reply, "approved", json_new_array());
}

static void
answer_open(struct town *town, struct json *reply, struct buf *blob)
{
	put_or_swap(town, "open", reply, "release", &town->release);
	json_put_base64(reply, "checkpoint", buf_view(&town->checkpoint));
	buf_bytes(blob, VIEW_OF(town->answer.enc));
	buf_bytes(blob, buf_view(&town->answer.ciphertext));
}

static void
answer(struct town *town, const char *op, const struct json *request, struct view in,
    struct json *reply, struct buf *blob)
{
	if (strcmp(op, "hello") == 0)
		answer_hello(town, reply);
	else if (strcmp(op, "chain") == 0)
		answer_chain(town, reply);
	else if (strcmp(op, "ceremony-list") == 0)
		answer_list(town, reply);
	else if (strcmp(op, "ceremony-get") == 0)
		answer_get(town, reply, blob);
	else if (strcmp(op, "secret-find") == 0)
		answer_find(town, reply, blob);
	else if (strcmp(op, "request") == 0)
		answer_request(town, request, reply);
	else if (strcmp(op, "approve") == 0)
		answer_approve(town, request, reply, blob);
	else if (strcmp(op, "shares") == 0)
		answer_shares(town, reply, in);
	else if (strcmp(op, "open") == 0)
		answer_open(town, reply, blob);
	else
		abort();
}

/* True when the session goes on. */
static bool
be_rude(struct town *town, const char *op)
{
	static const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	static const uint8_t half[] = {0, 0, 0, 20, 0, 0, 0, 0, '{', '"'};
	static const char no_reply[] = "\0\0\0\x11\0\0\0\0{\"progress\":true}";
	ssize_t wrote = 0;

	if (town->rude_at == NULL || strcmp(town->rude_at, op) != 0)
		return true;
	if (town->rude == TOWN_GARBAGE)
		wrote = write(town->fd, "Permission denied, please try again.\n", 37);
	else if (town->rude == TOWN_HUGE)
		wrote = write(town->fd, huge, sizeof(huge));
	else if (town->rude == TOWN_HALF)
		wrote = write(town->fd, half, sizeof(half));
	else if (town->rude == TOWN_NO_REPLY)
		wrote = write(town->fd, no_reply, sizeof(no_reply) - 1);
	if (wrote < 0)
		abort();
	return false;
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
		if (!be_rude(town, op))
			break;
		json_put_bool(reply, "ok", true);
		answer(town, op, request, buf_view(&in), reply, &out);
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
	return (struct client_options){.vault = "/srv/town",
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

enum err_code
town_connect(struct town *town, uint32_t serial, struct client **ret_client, struct err *err)
{
	int ends[2];
	const struct client_options options = town_options(town);

	town_stop(town);
	for (size_t i = 0; i < TOWN_TOKENS; i++)
		town->tokens[i].plugged = town->tokens[i].serial == serial;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	town->fd = ends[1];
	assert_int_equal(pthread_create(&town->thread, NULL, serve, town), 0);
	town->running = true;
	return client_over(&options, ends[0], ret_client, err);
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
