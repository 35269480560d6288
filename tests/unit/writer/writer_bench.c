/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/writer/writer_bench.h"

#include <stdio.h>

#include "base/credential.h"
#include "tests/unit/server/batch_bench.h"
#include "vault/seal/seal.h"

void
scene_done(struct scene *scene)
{
	night_done(&scene->night);
	bench_free(scene->bench);
}

void
scene_collect(struct scene *scene)
{
	struct bench *bench = batch_bench(false, 2);

	scene->bench = bench;
	scene->id = batch_ask(bench, MODE_RELEASE);
	batch_approve(bench, &bench->people[CISO], &scene->id);
	batch_give_last(bench, &bench->people[SECOPS], &scene->id);
}

void
scene_release(struct scene *scene)
{
	scene->bench = bench_new(false);
	bench_add_secret(scene->bench);
	night_release(scene->bench, &scene->night);
	scene->id = scene->night.id;
	bench_end(scene->bench);
}

enum err_code
scene_hello(struct scene *scene, struct err *err)
{
	return bench_hello(scene->bench, err);
}

enum err_code
scene_ask(struct scene *scene, struct json *request, struct err *err)
{
	JSON *reply = NULL;

	return bench_call(scene->bench, request, (struct view){0}, &reply, NULL, err);
}

/* A session before it, and what is due after that, which is to do nothing either. */
static void
live_through_session(struct scene *scene)
{
	struct err ignored;

	(void)!bench_hello(scene->bench, &ignored);
	bench_end(scene->bench);
}

enum err_code
scene_status(struct scene *scene, struct err *err)
{
	live_through_session(scene);
	return scene_ask(scene, op_new("status"), err);
}

enum err_code
scene_advance(struct scene *scene, struct err *err)
{
	struct json *request = op_new("advance");

	live_through_session(scene);
	json_put_hex(request, "id", VIEW_OF(scene->id.bytes));
	return scene_ask(scene, request, err);
}

enum err_code
scene_verify(struct scene *scene, struct err *err)
{
	return scene_ask(scene, op_new("log-verify"), err);
}

enum err_code
scene_request(struct scene *scene, struct err *err)
{
	struct id ignored;

	return bench_request_send(scene->bench, &scene->bench->people[CAROL], &scene->request,
	    &ignored, err);
}

/* All that lasts; a journal keeps what was never written, too, and due.note tells of the alarm. */
static void
photograph(struct bench *bench, const char *name)
{
	bench_shell(bench,
	    "find vault target copy -type f ! -name '*lock' ! -name '*-journal' ! -name due.note -exec sha256sum {} +"
	    " | LC_ALL=C sort > %s",
	    name);
}

void
expect_alarm(struct scene *scene, command *run, const char *says)
{
	struct bench *bench = scene->bench;
	struct err err;

	photograph(bench, "before");
	assert_error(ERR_INTEGRITY, run(scene, &err));
	assert_alarm(bench, says, &err);
	photograph(bench, "after");
	bench_shell(bench, "cmp before after");
	bench_restore(bench, "kept");
}

void
expect_alarms(struct scene *scene, const struct attack *rows, size_t count, command *run)
{
	struct err err;

	bench_keep(scene->bench, "kept");
	assert_ok(run(scene, &err));
	bench_restore(scene->bench, "kept");
	for (size_t i = 0; i < count; i++) {
		bench_tamper(scene->bench, rows[i].change);
		expect_alarm(scene, run, rows[i].says);
	}
}

static struct seal_recipient
recipient_of(const struct bench *bench, const char *seat)
{
	for (int i = CISO; i <= CAROL; i++)
		if (strcmp(bench->people[i].name, seat) == 0)
			return (struct seal_recipient){seat, bench->people[i].seat.tokens[0].id,
			    bench->people[i].seat.tokens[0].keys[KEY_SHARE]};
	fail_msg("no person %s", seat);
	return (struct seal_recipient){NULL};
}

void
scene_forge(const struct bench *bench, struct hand_version *version)
{
	struct err err;
	struct seal_recipient recipients[QUORUM_SEATS];
	SEALED_VERSION sealed = {{0}};
	SECRET *credential = NULL;
	struct quorum quorum;
	size_t count = version->header->envelope_count;

	assert_ok(credential_new(&credential, &err));
	assert_ok(credential_add(credential, FIELD_PASSWORD, view_of_text("theirs"), &err));
	assert_ok(quorum_parse(version->header->quorum, &quorum, &err));
	for (size_t i = 0; i < count; i++)
		recipients[i] = recipient_of(bench, version->header->envelopes[i].seat);
	assert_ok(seal_version(version->header, &quorum, recipients, count, secret_view(credential),
	    &sealed, NULL, &err));
	version_row_done(&version->row);
	version->row.header = TAKE(sealed.header);
	version->row.ciphertext = TAKE(sealed.ciphertext);
	for (size_t i = 0; i < count; i++) {
		sealed_box_done(&version->envelopes[i]);
		version->envelopes[i] = TAKE(sealed.envelopes[i]);
	}
	assert_ok(header_decode(buf_view(&version->row.header), version->header, &err));
}

void
take_tables(struct bench *bench, const char *const *tables)
{
	BUF script = {0};

	bench_shell(bench, "mv vault/vault.db forged.db");
	bench_restore(bench, "kept");
	buf_format(&script, "ATTACH '%s/forged.db' AS forged;", bench->folder);
	for (; *tables != NULL; tables++)
		buf_format(&script,
		    "DELETE FROM main.%s; INSERT INTO main.%s SELECT * FROM forged.%s;", *tables,
		    *tables, *tables);
	bench_tamper(bench, buf_string(&script));
}

void
take_database(struct bench *bench)
{
	bench_shell(bench, "cp kept/vault/anchor vault/anchor");
}
