/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/changes/changes_bench.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "rotators/contract/rotator.h"
#include "vault/seal/header.h"

const char *const part_names[MEMBERS] = {"host", "account", "program", "style", "policy"};
const char *const situation_names[SITUATIONS] = {"nothing", "owed", "applying", "expelled",
    "degraded", "withdrawing", "watched", "collecting", "lease"};

/* --- Drawn up, signed and sent -------------------------------------------------------------- */

static void
find(struct bench *bench, const char *name, struct json **ret_reply, struct buf *ret_header)
{
	struct err err;
	struct json *request = op_new("secret-find");

	json_put_text(request, "name", name);
	assert_ok(bench_call(bench, request, (struct view){0}, ret_reply, ret_header, &err));
}

void
changes_in_force(struct bench *bench, const char *name, struct definition *ret_definition)
{
	struct err err;
	JSON *reply = NULL;
	DSSE statement = {0};
	DEFINITIONS_OF definitions = {0};

	find(bench, name, &reply, NULL);
	struct json_in in = json_in(reply, "reply", &err);
	in_statement(&in, "definition", &statement);
	assert_int_equal(in.code, ERR_OK);
	assert_ok(definitions_parse(&statement, false, &definitions, &err));
	for (size_t i = 0; i < definitions.count; i++)
		if (strcmp(definitions.rows[i].name, name) == 0)
			assert_ok(definition_copy(&definitions.rows[i], ret_definition, &err));
	assert_string_equal(ret_definition->name, name);
}

void
changes_draw(struct bench *bench, const char *name, struct definition *ret_next)
{
	struct err err;
	JSON *reply = NULL;
	struct json *request = op_new("secret-quorums");

	changes_in_force(bench, name, ret_next);
	definition_drop_change(ret_next);
	json_put_text(request, "name", name);
	assert_ok(bench_call(bench, request, (struct view){0}, &reply, NULL, &err));
	struct json_in in = json_in(reply, "reply", &err);
	const struct json *quorums = json_in_array(&in, "quorums", 0, DEFINITION_QUORUMS);
	for (size_t i = 0; i < json_array_count(quorums); i++)
		assert_ok(
		    definition_add_quorum(&ret_next->change, json_array_text(quorums, i), &err));
	ret_next->revision++;
	ret_next->change.previous = ret_next->digest;
	memcpy(ret_next->change.policy, ret_next->policy, sizeof(ret_next->policy));
}

void
changes_use_rotator(struct definition *next, const char *name)
{
	struct announcement *announced = &next->announced;

	snprintf(next->rotator, sizeof(next->rotator), "%s", name);
	next->contract = ROTATOR_CONTRACT;
	*announced = (struct announcement){.holds = 1, .can = CAN_EXPEL};
	if (strcmp(name, "slow") == 0)
		announced->grace = 60;
	if (strcmp(name, "turning") == 0) {
		announced->style = STYLE_OVERLAP;
		announced->holds = 2;
	}
}

void
changes_edit(struct bench *bench, enum part member, struct definition *next)
{
	JSON *target = json_new_object();
	char folder[160];
	struct err err;

	snprintf(folder, sizeof(folder), "%s%s", bench->target, member == HOST ? "/rebuilt" : "");
	json_put_text(target, "folder", folder);
	json_put_text(target, "name", next->name);
	if (member == ACCOUNT)
		json_put_text(target, "account", "renamed");
	if (member == HOST || member == ACCOUNT)
		assert_ok(definition_set_target(next, target, &err));
	if (member == PROGRAM || member == STYLE)
		changes_use_rotator(next, member == PROGRAM ? "twin" : "turning");
	if (member == POLICY)
		snprintf(next->policy, sizeof(next->policy), "narrow");
}

void
changes_state(struct bench *bench, struct definition *rows, size_t count,
    struct dsse *ret_statement)
{
	const struct definitions definitions = {.vault = bench->vault_id,
	    .created = bench->shared->now,
	    .rows = rows,
	    .count = count};
	JSON *payload = NULL;
	struct err err;

	assert_ok(definitions_payload(&definitions, &payload, &err));
	assert_ok(statement_new(STATEMENT_SECRET, false, payload, ret_statement, &err));
}

enum err_code
changes_send(struct bench *bench, const struct dsse *statement, const int *people, bool *ret_live,
    struct err *err)
{
	DSSE signed_one = {0};
	BUF text = {0};
	struct err inner;

	assert_int_equal(dsse_encode(statement, &text, &inner), ERR_OK);
	assert_int_equal(dsse_parse(buf_view(&text), &signed_one, &inner), ERR_OK);
	person_sign(&bench->people[people[0]], &signed_one);
	*ret_live = false;
	TRY(bench_propose(bench, &signed_one, 0, -1, err));
	for (size_t i = 1; people[i] >= 0; i++)
		TRY(bench_sign(bench, &bench->people[people[i]], statement, ret_live, err));
	return ERR_OK;
}

static void
put_in_force(struct bench *bench, struct definition *next)
{
	static const int both[] = {SECOPS, INFRA, -1};
	DSSE statement = {0};
	bool live;
	struct err err;

	changes_state(bench, next, 1, &statement);
	assert_ok(changes_send(bench, &statement, both, &live, &err));
	assert_true(live);
}

void
changes_make(struct bench *bench, enum part member)
{
	DEFINITION next = {0};

	changes_draw(bench, "prod/db", &next);
	changes_edit(bench, member, &next);
	put_in_force(bench, &next);
}

/* --- What is open of it ---------------------------------------------------------------------- */

static void
use_rotator(struct bench *bench, const char *name)
{
	DEFINITION next = {0};

	changes_draw(bench, "prod/db", &next);
	changes_use_rotator(&next, name);
	put_in_force(bench, &next);
}

bool
changes_has_debt(enum situation situation)
{
	return situation >= OWED && situation <= WATCHED;
}

void
changes_bring_about(struct bench *bench, enum situation situation, struct night *night)
{
	static const char *const modes[SITUATIONS] = {[OWED] = "generate=refuse\n",
	    [APPLYING] = "apply=lost\nprobe=unreachable\n",
	    [EXPELLED] = "apply=both!\n",
	    [DEGRADED] = REJECT_THREE,
	    [WITHDRAWING] = "probe=pass\nprobe=unreachable\n",
	    [WATCHED] = ""};
	BUF calls = {0};
	struct err err;

	if (situation == WITHDRAWING || situation == WATCHED)
		use_rotator(bench, situation == WATCHED ? "slow" : "turning");
	if (changes_has_debt(situation)) {
		night_live_through(bench, modes[situation], night);
		assert_string_equal(night->debt, situation_names[situation]);
		target_mode(bench, "");
	} else if (situation == LEASE) {
		night_release(bench, night);
	} else if (situation == COLLECTING) {
		night->id = bench_request(bench, &bench->people[ALICE], "prod/db");
		assert_ok(bench_approve(bench, &bench->people[CISO], &night->id, &err));
	}
	(void)target_calls(bench, &calls);
}

/* --- Looking ----------------------------------------------------------------------------------- */

void
changes_folders(struct bench *bench)
{
	bench_shell(bench, "mkdir -p -m 700 target/rebuilt target/renamed");
}

void
changes_return(struct bench *bench)
{
	snprintf(bench->target, sizeof(bench->target), "%s/target", bench->folder);
}

void
changes_move(struct bench *bench, enum part member)
{
	const char *place = member == HOST ? "/rebuilt" : member == ACCOUNT ? "/renamed" : "";

	snprintf(bench->target, sizeof(bench->target), "%s/target%s", bench->folder, place);
}

size_t
changes_begun(struct bench *bench)
{
	static const char *const places[] = {"begun", "rebuilt/begun", "renamed/begun"};
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		char path[300];
		struct stat found;

		snprintf(path, sizeof(path), "%s/target/%s", bench->folder, places[i]);
		count += stat(path, &found) == 0 ? (size_t)found.st_size : 0;
	}
	return count;
}

const char *
changes_events(struct bench *bench, uint64_t from, struct buf *text)
{
	static const char member[] = "\"event\":\"";
	struct err err;
	JSON *reply = NULL;
	struct json *request = op_new("log-list");

	text->size = 0;
	json_put_int(request, "from", (int64_t)from);
	json_put_int(request, "max", 1000);
	assert_ok(bench_call(bench, request, (struct view){0}, &reply, NULL, &err));
	struct json_in in = json_in(reply, "reply", &err);
	const struct json *leaves = json_in_array(&in, "leaves", 0, 1000);
	for (size_t i = 0; i < json_array_count(leaves); i++) {
		const char *event = strstr(json_array_text(leaves, i), member);

		assert_non_null(event);
		event += strlen(member);
		buf_format(text, "%.*s\n", (int)strcspn(event, "\""), event);
	}
	return text->size > 0 ? buf_string(text) : "";
}

size_t
changes_earlier(struct bench *bench, const char *name, struct digest *ret_sealed,
    char ret_quorum[QUORUM_TEXT_MAX + 1])
{
	struct err err;
	JSON *reply = NULL;
	BUF bytes = {0};
	HEADER *header = NULL;
	size_t count = 0;

	find(bench, name, &reply, &bytes);
	assert_ok(header_new(&header, &err));
	assert_ok(header_decode(buf_view(&bytes), header, &err));
	*ret_sealed = header->definition;
	snprintf(ret_quorum, QUORUM_TEXT_MAX + 1, "%s", header->quorum);
	struct json_in in = json_in(reply, "reply", &err);
	if (json_in_has(&in, "earlier"))
		count = json_array_count(json_in_array(&in, "earlier", 1, 100));
	assert_int_equal(in.code, ERR_OK);
	return count;
}

size_t
changes_shown_earlier(struct bench *bench, const struct id *id)
{
	struct err err;
	JSON *reply = NULL;
	BUF header = {0};
	struct json *request = op_new("ceremony-items");

	json_put_hex(request, "id", VIEW_OF(id->bytes));
	bench_put_position(request, 0);
	json_put(request, "known", json_new_array());
	assert_ok(bench_call(bench, request, (struct view){0}, &reply, &header, &err));
	struct json_in in = json_in(reply, "reply", &err);
	struct json_in item =
	    json_in(json_array_object(json_in_array(&in, "items", 1, 1), 0), "item", &err);
	size_t count = json_in_has(&item, "earlier") ?
	    json_array_count(json_in_array(&item, "earlier", 1, 100)) :
	    0;
	assert_int_equal(item.code, ERR_OK);
	return count;
}

size_t
changes_drafts(struct bench *bench)
{
	struct err err;
	JSON *reply = NULL;

	assert_ok(bench_call(bench, op_new("drafts"), (struct view){0}, &reply, NULL, &err));
	struct json_in in = json_in(reply, "reply", &err);
	return json_array_count(json_in_array(&in, "drafts", 0, 100));
}

uint32_t
changes_revision(struct bench *bench, const char *name)
{
	DEFINITION now = {0};

	changes_in_force(bench, name, &now);
	return now.revision;
}

void
changes_draw_part(struct bench *bench, enum part part, struct dsse *ret_statement)
{
	DEFINITION next = {0};

	changes_draw(bench, "prod/db", &next);
	changes_edit(bench, part, &next);
	changes_state(bench, &next, 1, ret_statement);
}

enum err_code
changes_order(struct bench *bench, int person, const char *name, struct err *err)
{
	DSSE statement = {0};
	struct order_item item;
	JSON *reply = NULL;

	bench_order(bench, &bench->people[person], name, &item, &statement);
	return bench_send_order(bench, &statement, &item.secret, &reply, err);
}
