/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a large vault costs its server:
 *
 *	usage: bench-vault SECRETS DEBTS LEAVES
 *
 * For `status` and `log verify` the time of a session that does nothing else, and the most memory that its
 * process took; of the latter when each part of it ended, and, once more with somebody who commits all the
 * while, how long a commit had to wait.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "base/text_time.h"
#include "ceremony/protocol/wire.h"
#include "ceremony/server/vault/host.h"
#include "tests/unit/server/grown_bench.h"
#include "vault/store/log.h"

enum { PAUSE_MICROSECONDS = 20000, PAGE = 100 };

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static unsigned long
peak(pid_t pid)
{
	char path[64], line[200];
	unsigned long size = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *file = fopen(path, "r");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, "VmHWM:", 6) == 0)
			size = strtoul(line + 6, NULL, 10);
	if (file != NULL)
		fclose(file);
	return size;
}

/* ---- somebody who commits all the while ---- */

struct beside {
	double longest;
	unsigned count;
};

static void
commit_one(struct store *store, const char *time)
{
	struct err err;
	struct digest root;
	uint64_t index;
	char hex[2 * DIGEST_SIZE + 1];
	BUF leaf = {0};

	assert_ok(store_begin(store, &err));
	assert_ok(store_state_root(store, &root, &err));
	text_hex(VIEW_OF(root.bytes), hex);
	buf_format(&leaf, "{\"event\":\"bench\",\"statements\":[],\"time\":\"%s\",\"tree\":\"%s\"}",
	    time, hex);
	assert_ok(store_append_leaf(store, buf_view(&leaf), &index, &err));
	assert_ok(store_commit(store, &err));
}

static void
commit_always(const struct bench *bench, struct beside *beside)
{
	struct err err;
	struct host_keys keys;
	struct store *store;
	char time[TEXT_TIME_SIZE];

	text_time(bench->shared->now, time);
	assert_ok(host_keys_load(bench->vault, &keys, &err));
	assert_ok(store_open(bench->vault, "beside", &bench->vault_id, keys.anchor, &store, &err));
	for (;;) {
		double began = seconds();

		commit_one(store, time);
		double took = seconds() - began;
		beside->longest = took > beside->longest ? took : beside->longest;
		beside->count++;
		usleep(PAUSE_MICROSECONDS);
	}
}

static pid_t
start_beside(const struct bench *bench, struct beside **ret_beside)
{
	void *shared = mmap(NULL, sizeof(struct beside), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(shared, MAP_FAILED);
	*ret_beside = shared;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		commit_always(bench, shared);
		_exit(1);
	}
	return pid;
}

/* ---- asking ---- */

/* The words after "N of M ". */
static const char *
part_of(const char *progress)
{
	const char *of = strstr(progress, " of ");

	return of != NULL && strchr(of + 4, ' ') != NULL ? strchr(of + 4, ' ') + 1 : progress;
}

/* Says when each part ended. */
static void
listen(struct bench *bench, double began)
{
	struct err err;
	char part[100] = "before that";
	double last = began;

	for (;;) {
		JSON *reply = NULL;
		BUF out = {0};

		assert_ok(wire_receive(bench->fd, &reply, &out, -1, &err));
		const char *progress = json_object_text(reply, "progress");
		const char *now = progress != NULL ? part_of(progress) : "";
		if (strcmp(part, now) != 0)
			printf("    %-20s %8.3f s\n", part, seconds() - last);
		if (strcmp(part, now) != 0)
			last = seconds();
		snprintf(part, sizeof(part), "%s", now);
		if (progress != NULL)
			continue;
		if (json_object_text(reply, "text") != NULL)
			fail_msg("%s", json_object_text(reply, "text"));
		return;
	}
}

static void
ask(struct bench *bench, const char *op)
{
	struct err err;
	JSON *request = op_new(op);

	bench_end(bench);
	double began = seconds();
	bench_must(bench, op_new("founding"));
	double opened = seconds();
	assert_ok(wire_send(bench->fd, request, (struct view){0}, -1, &err));
	listen(bench, opened);
	printf("  %-12s %8.3f s, and %.3f s to begin the session; %6lu KiB\n", op,
	    seconds() - opened, opened - began, peak(bench->pid));
}

/* As a client does that computes the root itself. */
static void
list(struct bench *bench, uint64_t leaves)
{
	double began = seconds();

	bench_end(bench);
	for (uint64_t from = 0; from < leaves; from += PAGE) {
		struct json *request = op_new("log-list");

		json_put_int(request, "from", (int64_t)from);
		json_put_int(request, "max", PAGE);
		bench_must(bench, request);
	}
	printf("  %-12s %8.3f s, all leaves, %d at a time; %6lu KiB\n", "log-list",
	    seconds() - began, (int)PAGE, peak(bench->pid));
}

static void
ask_beside_commits(struct bench *bench)
{
	struct beside *beside;

	bench_end(bench); /* else the other one would keep its socket open */
	pid_t pid = start_beside(bench, &beside);

	ask(bench, "log-verify");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	printf("  beside it %u commits; the longest took %.3f s\n", beside->count, beside->longest);
}

static void
measure(const struct growth *growth)
{
	struct bench *bench = bench_new(false);
	double began = seconds();

	bench_grow(bench, growth);
	printf("%u secrets, %u debts, %llu leaves: made in %.1f s\n", growth->secrets,
	    growth->debts, (unsigned long long)growth->leaves, seconds() - began);
	ask(bench, "status");
	ask(bench, "log-verify");
	list(bench, growth->leaves);
	ask_beside_commits(bench);
	bench_free(bench);
}

int
main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: bench-vault SECRETS DEBTS LEAVES\n");
		return 2;
	}
	const struct growth growth = {(unsigned)strtoul(argv[1], NULL, 10),
	    (unsigned)strtoul(argv[2], NULL, 10), strtoull(argv[3], NULL, 10)};
	setvbuf(stdout, NULL, _IOLBF, 0);
	measure(&growth);
	return 0;
}
