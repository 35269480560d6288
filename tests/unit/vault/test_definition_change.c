/* SPDX-License-Identifier: Apache-2.0 */
/* vault/documents/definition_verify.c and definition_changes.c: what a change of a definition is, and who may make it. */
#include <stdlib.h>

#include "tests/lib/founded.h"
#include "vault/documents/definition_changes.h"
#include "vault/documents/definition_verify.h"

/* Two revisions, as one reads them from their statements. */
struct revised {
	struct founded founded;
	struct charter *charter;
	struct definitions sets[2];
	struct definition next; /* the second one, to edit, then revise */
	struct dsse statement;  /* of the second */
};

static void
revised_done(struct revised *revised)
{
	founded_done(&revised->founded);
	charter_freep(&revised->charter);
	definitions_done(&revised->sets[0]);
	definitions_done(&revised->sets[1]);
	definition_done(&revised->next);
	dsse_done(&revised->statement);
}
#define REVISED CLEANUP(revised_done) struct revised

static void
state(const struct revised *revised, struct definition *row, struct dsse *ret_statement,
    struct definitions *ret_set)
{
	struct err err;
	JSON *payload = NULL;
	const struct definitions one = {.vault = revised->charter->digest,
	    .created = 1767225600,
	    .rows = row,
	    .count = 1};

	fine(definitions_payload(&one, &payload, &err), &err);
	fine(statement_new(STATEMENT_SECRET, false, payload, ret_statement, &err), &err);
	fine(definitions_parse(ret_statement, false, ret_set, &err), &err);
}

static void
found_revised(struct revised *revised)
{
	struct err err;
	DSSE statement = {0}, first = {0};
	DEFINITION definition = {.revision = 1,
	    .policy = "default",
	    .rotator = "ssh-key",
	    .contract = 2,
	    .effect = "root on db1",
	    .announced = {.holds = 1, .can = CAN_EXPEL}};

	found(&revised->founded);
	founded_state(&revised->founded, &statement);
	fine(charter_parse(&statement, &revised->charter, &err), &err);
	memset(definition.secret.bytes, 3, SECRET_ID_SIZE);
	snprintf(definition.name, sizeof(definition.name), "prod/db");
	fine(json_parse(view_of_text("{\"host\":\"db1\",\"port\":22,\"user\":\"root\"}"),
	         &definition.target, &err),
	    &err);
	state(revised, &definition, &first, &revised->sets[0]);
	fine(definition_copy(&revised->sets[0].rows[0], &revised->next, &err), &err);
	revised->next.revision = 2;
	revised->next.change.previous = revised->sets[0].rows[0].digest;
	snprintf(revised->next.change.policy, sizeof(revised->next.change.policy), "default");
}

/* NEXT as it is now. */
static void
revise(struct revised *revised)
{
	dsse_done(&revised->statement);
	revised->statement = (struct dsse){0};
	definitions_done(&revised->sets[1]);
	state(revised, &revised->next, &revised->statement, &revised->sets[1]);
}

static enum err_code
verify(const struct revised *revised, struct err *err)
{
	return definitions_verify(&revised->statement, &revised->sets[1], revised->charter,
	    &revised->charter->digest, err);
}

static enum err_code
follows(const struct revised *revised, struct err *err)
{
	return definition_follows(&revised->sets[1].rows[0], &revised->sets[0].rows[0], err);
}

static void
put_host(struct revised *revised, const char *target)
{
	struct err err;
	JSON *object = NULL;

	fine(json_parse(view_of_text(target), &object, &err), &err);
	fine(definition_set_target(&revised->next, object, &err), &err);
}

static void
a_change_needs_the_quorum_of_its_policy(void **state)
{
	REVISED revised = {0};
	struct err err;

	(void)state;
	found_revised(&revised);
	put_host(&revised, "{\"host\":\"db2\",\"port\":22,\"user\":\"root\"}");
	revise(&revised);
	fine(follows(&revised, &err), &err);
	sign_with(&revised.statement, revised.founded.keys[OPS][KEY_SIGN]);
	expect_error(verify(&revised, &err), ERR_WAITING, &err,
	    "the quorum of policy default (2 of (ciso, infra, audit)) needs 2 more signatures");
	sign_with(&revised.statement, revised.founded.keys[AUDIT][KEY_SIGN]);
	expect_error(verify(&revised, &err), ERR_WAITING, &err, "not signed yet by ciso, infra");
	sign_with(&revised.statement, revised.founded.keys[CISO][KEY_SIGN]);
	fine(verify(&revised, &err), &err);
}

/* Whoever could not open what is sealed cannot have its value sent elsewhere. */
static void
a_change_needs_the_quorum_of_each_header(void **state)
{
	REVISED revised = {0};
	struct err err;

	(void)state;
	found_revised(&revised);
	put_host(&revised, "{\"host\":\"db2\",\"port\":22,\"user\":\"root\"}");
	fine(definition_add_quorum(&revised.next.change, "2 of (ciso, audit)", &err), &err);
	fine(definition_add_quorum(&revised.next.change, "2 of (ciso, audit)", &err), &err);
	assert_int_equal(revised.next.change.quorum_count, 1);
	revise(&revised);
	assert_int_equal(revised.sets[1].rows[0].change.quorum_count, 1);
	sign_with(&revised.statement, revised.founded.keys[CISO][KEY_SIGN]);
	sign_with(&revised.statement, revised.founded.keys[INFRA][KEY_SIGN]);
	expect_error(verify(&revised, &err), ERR_WAITING, &err,
	    "the quorum that a version is sealed to (2 of (ciso, audit)) needs 1 more signature; not "
	    "signed yet by audit");
	sign_with(&revised.statement, revised.founded.keys[AUDIT][KEY_SIGN]);
	fine(verify(&revised, &err), &err);
}

static void
where_the_charter_has_the_policy_no_more_its_own_quorum_stands_for_it(void **state)
{
	REVISED revised = {0};
	struct err err;

	(void)state;
	found_revised(&revised);
	put_host(&revised, "{\"host\":\"db2\",\"port\":22,\"user\":\"root\"}");
	snprintf(revised.next.change.policy, sizeof(revised.next.change.policy), "gone");
	revise(&revised);
	sign_with(&revised.statement, revised.founded.keys[CISO][KEY_SIGN]);
	expect_error(verify(&revised, &err), ERR_WAITING, &err,
	    "the charter has its policy no more, and its own quorum");
	sign_with(&revised.statement, revised.founded.keys[INFRA][KEY_SIGN]);
	fine(verify(&revised, &err), &err);
}

enum { ROWS = 4 };

/* Of ROWS secrets: two of policy default, a version of the second sealed to another quorum, as one of the third is; the
 * policy of the last two is gone. */
static void
state_several(const struct revised *revised, struct dsse *ret_statement,
    struct definitions *ret_set)
{
	struct definition rows[ROWS] = {{.revision = 0}};
	const struct definitions several = {.vault = revised->charter->digest,
	    .created = 1767225600,
	    .rows = rows,
	    .count = ROWS};
	JSON *payload = NULL;
	struct err err;

	for (size_t i = 0; i < ROWS; i++) {
		struct definition_change *change = &rows[i].change;

		fine(definition_copy(&revised->next, &rows[i], &err), &err);
		snprintf(rows[i].name, sizeof(rows[i].name), "prod/db%zu", i);
		rows[i].secret.bytes[0] = (uint8_t)i;
		if (i > 1)
			snprintf(change->policy, sizeof(change->policy), "gone");
		if (i == 1 || i == 2)
			fine(definition_add_quorum(change, "2 of (ciso, audit)", &err), &err);
		fine(definition_add_quorum(change, "2 of (ciso, infra, audit)", &err), &err);
	}
	fine(definitions_payload(&several, &payload, &err), &err);
	fine(statement_new(STATEMENT_SECRET, false, payload, ret_statement, &err), &err);
	fine(definitions_parse(ret_statement, false, ret_set, &err), &err);
	for (size_t i = 0; i < ROWS; i++)
		definition_done(&rows[i]);
}

static void
what_several_changes_need_is_told_at_once_and_each_quorum_once(void **state)
{
	static const char wide[] =
	    "secret: prod/db0 and 1 more: the quorum of policy default (2 of (ciso, infra, audit)) needs ";
	REVISED revised = {0};
	DSSE statement = {0};
	DEFINITIONS_OF set = {0};
	struct err err;

	(void)state;
	found_revised(&revised);
	state_several(&revised, &statement, &set);
	const struct charter *charter = revised.charter;
	const struct digest *vault = &charter->digest;

	expect_error(definitions_verify(&statement, &set, charter, vault, &err), ERR_WAITING, &err,
	    wide);
	assert_null(strstr(strstr(err.text, wide) + 1, wide));
	assert_non_null(strstr(err.text,
	    "secret: prod/db2 and 1 more: the charter has its policy no more, and its own quorum ("));
	assert_non_null(strstr(err.text,
	    "secret: prod/db1 and 1 more: the quorum that a version is sealed to (2 of (ciso, audit)) "
	    "needs 2 more signatures; not signed yet by ciso, audit"));
	/* Whoever meets the policy's quorum meets that of a version that is the same. */
	assert_null(strstr(err.text, "sealed to (2 of (ciso, infra, audit))"));
	sign_with(&statement, revised.founded.keys[CISO][KEY_SIGN]);
	sign_with(&statement, revised.founded.keys[INFRA][KEY_SIGN]);
	expect_error(definitions_verify(&statement, &set, charter, vault, &err), ERR_WAITING, &err,
	    "secret: prod/db1 and 1 more: the quorum that a version is sealed to (2 of (ciso, audit)) "
	    "needs 1 more signature; not signed yet by audit");
	assert_null(strstr(err.text, wide));
	sign_with(&statement, revised.founded.keys[AUDIT][KEY_SIGN]);
	fine(definitions_verify(&statement, &set, charter, vault, &err), &err);
}

static void
a_change_follows_the_definition_in_force(void **state)
{
	static const struct {
		const char *what;
		enum err_code code;
		const char *says;
	} rows[] = {
	    {"name", ERR_REFUSED, "name: that of another secret"},
	    {"secret", ERR_REFUSED, "name: that of another secret"},
	    {"revision", ERR_REFUSED, "previous: not the definition that is in force"},
	    {"previous", ERR_REFUSED, "previous: not the definition that is in force"},
	    {"policy", ERR_REFUSED, "policy: not the one that protects it"},
	    {"nothing", ERR_EXISTS, "nothing would change"},
	    {"retires", ERR_REFUSED, "retires: it changes something, too"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		REVISED revised = {0};
		struct err err;

		found_revised(&revised);
		struct definition *next = &revised.next;

		snprintf(next->effect, sizeof(next->effect), "root on all of them");
		if (strcmp(rows[i].what, "name") == 0)
			snprintf(next->name, sizeof(next->name), "prod/other");
		else if (strcmp(rows[i].what, "secret") == 0)
			next->secret.bytes[0] ^= 1;
		else if (strcmp(rows[i].what, "revision") == 0)
			next->revision = 3;
		else if (strcmp(rows[i].what, "previous") == 0)
			next->change.previous.bytes[0] ^= 1;
		else if (strcmp(rows[i].what, "policy") == 0)
			snprintf(next->change.policy, sizeof(next->change.policy), "other");
		else if (strcmp(rows[i].what, "nothing") == 0)
			snprintf(next->effect, sizeof(next->effect), "root on db1");
		else
			next->change.retires = true;
		revise(&revised);
		expect_error(follows(&revised, &err), rows[i].code, &err, rows[i].says);
	}
}

static void
what_is_retired_changes_no_more(void **state)
{
	REVISED revised = {0};
	struct err err;

	(void)state;
	found_revised(&revised);
	revised.next.change.retires = true;
	revise(&revised);
	fine(follows(&revised, &err), &err);
	struct definition third = revised.sets[1].rows[0];

	third.revision = 3;
	expect_error(definition_follows(&third, &revised.sets[1].rows[0], &err), ERR_REFUSED, &err,
	    "it is retired, and nothing of it changes any more");
}

static enum err_code
note(void *context, const char *what, const char *before, const char *after, struct err *err)
{
	buf_format(context, "%s: %s -> %s\n", what, before != NULL ? before : "-",
	    after != NULL ? after : "-");
	return buf_check(context, err);
}

static void
each_member_that_differs_is_told(void **state)
{
	REVISED revised = {0};
	BUF text = {0};
	struct err err;

	(void)state;
	found_revised(&revised);
	put_host(&revised,
	    "{\"host\":\"db2\",\"user\":\"root\",\"jump\":{\"host\":\"gate\"},"
	    "\"keys\":[\"a\",[],{\"b\":1}]}");
	snprintf(revised.next.effect, sizeof(revised.next.effect), "root on db2");
	revised.next.own = true;
	memset(revised.next.rotator_hash.bytes, 0xab, DIGEST_SIZE);
	revised.next.announced.grace = 60;
	revise(&revised);
	fine(definition_compare(&revised.sets[0].rows[0], &revised.sets[1].rows[0], note, &text,
	         &err),
	    &err);
	assert_string_equal(buf_string(&text),
	    "rotator: hash: - -> "
	    "\"abababababababababababababababababababababababababababababababab\"\n"
	    "target: host: \"db1\" -> \"db2\"\n"
	    "target: port: 22 -> -\n"
	    "target: jump: host: - -> \"gate\"\n"
	    "target: keys[0]: - -> \"a\"\n"
	    "target: keys[1]: - -> []\n"
	    "target: keys[2]: b: - -> 1\n"
	    "effect: \"root on db1\" -> \"root on db2\"\n"
	    "announced: grace: 0 -> 60\n");
}

/* What is not the same does not read the same, whatever stands in it. */
static void
no_two_targets_read_alike(void **state)
{
	static const char *const targets[] = {
	    "{\"settings\":{\"host\":\"a\",\"note\":\"b\"}}",
	    "{\"settings\":{\"host\":\"a','note':'b\"}}",
	    "{\"settings\":{\"host\":\"a\\\",\\\"note\\\":\\\"b\"}}",
	    "{\"settings: host\":\"a\",\"settings: note\":\"b\"}",
	    "{\"settings\":{\"host\":\"a\",\"note\":\"b \"}}",
	    "{\"settings\":{\"host\":\"a\",\"note\":\"b  \"}}",
	    "{\"settings\":{\"host\":5}}",
	    "{\"settings\":{\"host\":\"5\"}}",
	    "{\"settings\":{}}",
	    "{\"settings\":\"{}\"}",
	    "{\"settings\":[]}",
	    "{\"settings\":[\"a\",\"b\"]}",
	    "{\"settings\":[\"a', 'b\"]}",
	    "{\"settings\":[\"a\\\", \\\"b\"]}",
	    "{\"settings\":\"a\",\"settings[0]\":\"b\"}",
	    "{\"settings\":[{\"0\":\"a\"}]}",
	    "{\"settings\":{\"0\":[\"a\"]}}",
	    "{\"settings\":[[\"a\"]]}",
	    "{\"settings\":\"a\u200b\"}",
	    "{\"settings\":\"a\"}",
	};
	struct buf texts[ARRAY_SIZE(targets)] = {{0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		REVISED revised = {0};
		struct err err;

		found_revised(&revised);
		put_host(&revised, targets[i]);
		fine(definition_target(&revised.next, note, &texts[i], &err), &err);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(buf_string(&texts[i]), buf_string(&texts[j]));
	}
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		buf_done(&texts[i]);
}

static void
a_header_of_before_is_traced_through_the_changes(void **state)
{
	REVISED revised = {0};
	const struct definition *earlier;
	struct err err;

	(void)state;
	found_revised(&revised);
	put_host(&revised, "{\"host\":\"db2\"}");
	fine(definition_add_quorum(&revised.next.change, "2 of (ciso, audit)", &err), &err);
	revise(&revised);
	const struct definition *later = &revised.sets[1].rows[0],
	                        *first = &revised.sets[0].rows[0];

	fine(definition_trace(later, revised.sets, 2, &first->digest, "2 of (ciso, audit)",
	         &earlier, &err),
	    &err);
	assert_ptr_equal(earlier, first);
	fine(definition_trace(later, NULL, 0, &later->digest, "2 of (ciso, audit)", &earlier, &err),
	    &err);
	assert_ptr_equal(earlier, later);
	/* Not shown; and of another line altogether. */
	expect_error(definition_trace(later, revised.sets + 1, 1, &first->digest,
	                 "2 of (ciso, audit)", &earlier, &err),
	    ERR_INTEGRITY, &err, "another definition");
	expect_error(definition_trace(first, revised.sets, 2, &later->digest, "2 of (ciso, audit)",
	                 &earlier, &err),
	    ERR_INTEGRITY, &err, "another definition");
	expect_error(definition_trace(later, revised.sets, 2, &first->digest, "2 of (infra, audit)",
	                 &earlier, &err),
	    ERR_INTEGRITY, &err, "changed without the quorum that it is sealed to");
	/* What lies between is no change of it. */
	revised.sets[1].rows[0].name[0] = 'q';
	expect_error(definition_trace(later, revised.sets, 2, &first->digest, "2 of (ciso, audit)",
	                 &earlier, &err),
	    ERR_INTEGRITY, &err, "that of another secret");
}

static void
every_broken_member_of_a_change_is_refused_with_its_name(void **state)
{
	static const struct {
		const char *from, *to, *says;
	} rows[] = {
	    {",\"change\":{", ",\"chance\":{", "\"change\" is missing"},
	    {"\"retires\":false", "\"retires\":0", "retires"},
	    {"\"quorums\":[]", "\"quorums\":[\"2 of ( ciso,audit)\"]", "canonical"},
	    {"\"quorums\":[]", "\"quorums\":[\"2 of (ciso)\"]", "quorums[0]"},
	    {"\"quorums\":[]", "\"quorums\":[1]", "quorums[0]"},
	    {"\"quorums\":[]", "\"quorums\":[\"1 of (ciso)\",\"1 of (ciso)\"]", "stands twice"},
	    {"\"policy\":\"default\",\"quorums\"", "\"policy\":\"De fault\",\"quorums\"", "policy"},
	    {"\"revision\":2", "\"revision\":1", "is not known in this format"},
	};
	REVISED revised = {0};

	(void)state;
	found_revised(&revised);
	revise(&revised);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		DSSE edited = {0};
		DEFINITIONS_OF set = {0};
		struct err err;

		edit_payload(&revised.statement, rows[i].from, rows[i].to, &edited);
		expect_error(definitions_parse(&edited, false, &set, &err), ERR_INVALID, &err,
		    rows[i].says);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_change_needs_the_quorum_of_its_policy),
	    cmocka_unit_test(a_change_needs_the_quorum_of_each_header),
	    cmocka_unit_test(where_the_charter_has_the_policy_no_more_its_own_quorum_stands_for_it),
	    cmocka_unit_test(what_several_changes_need_is_told_at_once_and_each_quorum_once),
	    cmocka_unit_test(a_change_follows_the_definition_in_force),
	    cmocka_unit_test(what_is_retired_changes_no_more),
	    cmocka_unit_test(each_member_that_differs_is_told),
	    cmocka_unit_test(no_two_targets_read_alike),
	    cmocka_unit_test(a_header_of_before_is_traced_through_the_changes),
	    cmocka_unit_test(every_broken_member_of_a_change_is_refused_with_its_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
