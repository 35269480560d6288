/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/server_bench.h"

#include <stdio.h>

static void
shell(const struct bench *bench, const char *script, const char *place)
{
	char command[512];

	assert_true((size_t)snprintf(command, sizeof(command), "cd '%s' && at=%s && %s",
	                bench->folder, place, script) < sizeof(command));
	assert_int_equal(system(command), 0);
}

void
bench_keep(struct bench *bench, const char *place)
{
	bench_end(bench);
	bench->kept_at = bench->shared->now;
	shell(bench, "rm -rf $at && mkdir -m 700 $at && cp -a vault target copy $at", place);
}

void
bench_restore(struct bench *bench, const char *place)
{
	bench_end(bench);
	bench->shared->now = bench->kept_at;
	shell(bench, "rm -rf vault target copy && cp -a $at/* .", place);
}
