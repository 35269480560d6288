/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/night_bench.h"

#include "base/credential.h"
#include "ceremony/server/rotation/wait.h"

void
night_done(struct night *night)
{
	secret_freep(&night->old);
}

void
night_release(struct bench *bench, struct night *night)
{
	struct err err;
	BUF calls = {0};

	night->id = bench_request(bench, &bench->people[ALICE], "prod/db");
	assert_ok(bench_approve(bench, &bench->people[CISO], &night->id, &err));
	assert_ok(bench_approve(bench, &bench->people[SECOPS], &night->id, &err));
	assert_ok(bench_open(bench, &bench->people[ALICE], &night->id, &night->old, NULL, &err));
	(void)target_calls(bench, &calls);
}

void
night_live_through(struct bench *bench, const char *modes, struct night *night)
{
	struct err err;

	night_release(bench, night);
	target_mode(bench, modes);
	assert_ok(bench_done(bench, &night->id, night->debt, &err));
}

void
night_calls(struct bench *bench, const char *expected)
{
	BUF calls = {0};

	assert_string_equal(target_calls(bench, &calls), expected);
}

void
night_rotate(struct bench *bench, const char *code, const char *calls)
{
	char got[32], note[600];

	bench->shared->now += WAIT_LONGEST;
	bench_rotate(bench, "prod/db", got, note);
	if (strcmp(got, code) != 0)
		fail_msg("%s instead of %s: %s", got, code, note);
	night_calls(bench, calls);
}

void
night_paid(struct bench *bench, const struct night *night)
{
	char debt[20];

	bench_debt(bench, "prod/db", debt);
	assert_string_equal(debt, "");
	assert_false(target_accepts(bench, night->old));
	assert_int_equal(bench_files(bench, "escrow"), 0);
	bench_verify(bench);
}

void
night_repair(struct bench *bench, const struct night *night)
{
	struct view password;
	BUF accepts = {0};
	struct err err;

	assert_ok(credential_get(secret_view(night->old), FIELD_PASSWORD, &password, &err));
	buf_bytes(&accepts, password);
	buf_text(&accepts, "\n");
	target_accept(bench, buf_string(&accepts));
}
