/* SPDX-License-Identifier: Apache-2.0 */
/*
 * halligan-rotate-gone-bad: a rotator that speaks the contract (rotators/contract/contract.h) and is the adversary.  Its target
 * has one member, "world" (world.h).
 *
 *	check		makes all attempts (attempts.h) but those to outlive its end, and refuses: the reasons, two to four, hold
 *			the outcomes
 *	probe		begins to outlive its end, and says unreachable
 *
 * With --another or --capable, as which it is started of itself when it is a set-uid program or one with a capability, it
 * says by its status whether it is more than who started it: 0, or EPERM.
 */
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/json_in.h"
#include "base/process.h"
#include "rotators/contract/contract.h"
#include "tests/adversary/rotator/attempts.h"

enum { REASON_SIZE = 400 }; /* four of them pass whole (rotators/contract/answer.c) */

static int
has_capability(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct all[2] = {0};

	if (syscall(SYS_capget, &head, all) != 0)
		return errno;
	return (all[0].effective & (1U << CAP_NET_RAW)) != 0 ? 0 : EPERM;
}

static enum err_code
say(const struct json *answer, struct err *err)
{
	BUF text = {0};

	TRY(json_encode(answer, &text, err));
	buf_u8(&text, '\n');
	TRY(buf_check(&text, err));
	return fd_write(1, buf_view(&text), -1, err);
}

static void
describe(struct json *answer)
{
	struct json *fields = json_new_array();

	json_put_text(answer, "result", "ok");
	json_put_text(answer, "rotator", "gone-bad");
	json_put_int(answer, "contract", ROTATOR_CONTRACT);
	json_add_text(fields, "password");
	json_put(answer, "fields", fields);
	json_put_text(answer, "style", "replace");
	json_put_int(answer, "holds", 1);
	json_put_text(answer, "identity", "ambient");
	json_put_int(answer, "grace", 0);
	json_put_text(answer, "death", "refused");
	json_put(answer, "can", json_new_array());
}

/* The outcomes in parts that end between two of them. */
static void
add_reasons(struct json *reasons, char *text)
{
	char *at = text;

	while (strlen(at) > REASON_SIZE) {
		char *end = at + REASON_SIZE;

		while (*end != ' ')
			end--;
		*end = '\0';
		json_add_text(reasons, at);
		at = end + 1;
	}
	json_add_text(reasons, at);
}

static void
try_all(const struct world *world, struct json *answer)
{
	struct json *reasons = json_new_array();
	const struct attempt *attempt;
	BUF text = {0};

	for (size_t i = 0; (attempt = attempt_at(i)) != NULL; i++) {
		struct outcome outcome = {ATTEMPT_NOT_TRIED, 0};

		if (attempt->kind != ATTEMPT_OUTLIVES)
			outcome = attempt_run(world, attempt);
		outcome_pack(&outcome, &text);
	}
	json_put_text(answer, "result", "refused");
	buf_u8(&text, 0);
	add_reasons(reasons, (char *)text.data);
	json_put(answer, "reasons", reasons);
}

static void
outlive(const struct world *world, struct json *answer)
{
	const struct attempt *attempt;

	for (size_t i = 0; (attempt = attempt_at(i)) != NULL; i++)
		if (attempt->kind == ATTEMPT_OUTLIVES)
			(void)attempt->run(world, attempt);
	json_put_text(answer, "result", "unreachable");
}

static enum err_code
serve(const struct world *world, struct err *err)
{
	JSON *question = NULL, *answer = json_new_object();
	BUF line = {0};

	TRY(fd_read_line(0, ROTATOR_LINE_MAX, &line, -1, err));
	TRY(json_parse(buf_view(&line), &question, err));
	struct json_in in = json_in(question, "question", err);
	const char *verb = json_in_text(&in, "verb", 1, 20);

	(void)json_in_text_optional(&in, "value", 1, 20);
	TRY(json_in_end(&in));
	if (strcmp(verb, "describe") == 0)
		describe(answer);
	else if (strcmp(verb, "check") == 0)
		try_all(world, answer);
	else
		outlive(world, answer);
	return say(answer, err);
}

static enum err_code
run(struct err *err)
{
	BUF line = {0};
	JSON *first = NULL;
	struct world world;

	TRY(fd_read_line(0, ROTATOR_TARGET_MAX, &line, -1, err));
	TRY(json_parse(buf_view(&line), &first, err));
	struct json_in in = json_in(first, "first line", err);
	const struct json *target = json_in_object(&in, "target");

	(void)json_in_int(&in, "seconds", 1, INT32_MAX);
	(void)json_in_text_optional(&in, "name", 1, ROTATOR_VALUE_NAME_MAX);
	TRY(json_in_end(&in));
	TRY(world_read(target, &world, err));
	for (;;)
		TRY(serve(&world, err));
}

int
main(int argc, char **argv)
{
	struct err err;

	/* Without what a sanitizer does at an end, which a set-uid program cannot. */
	if (argc == 2 && strcmp(argv[1], "--another") == 0)
		_exit(geteuid() != getuid() ? 0 : EPERM);
	if (argc == 2 && strcmp(argv[1], "--capable") == 0)
		_exit(has_capability());
	for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
		(void)signal(number, SIG_IGN);
	return run(&err) == ERR_PROTOCOL ? 0 : 1; /* its stdin ended */
}
