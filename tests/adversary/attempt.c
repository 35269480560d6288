/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/adversary/attempt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the process of an attempt leaves to the one that started it. */
struct outcome {
	bool ended, succeeded;
	struct err why;
};

static int
list(const struct adversary *adversary)
{
	for (size_t i = 0; i < adversary->count; i++)
		printf("%s %s\n", adversary->attempts[i].name,
		    adversary->attempts[i].guard != NULL ? adversary->attempts[i].guard :
		                                           "conceded");
	return 0;
}

static bool
is_wanted(const struct attempt *attempt, int argc, char **argv)
{
	bool wanted = argc < 2;

	for (int i = 1; i < argc; i++)
		wanted |= strcmp(argv[i], attempt->name) == 0;
	return wanted;
}

/* How many of ARGV are attempts; -1: one is none. */
static int
count_wanted(const struct adversary *adversary, int argc, char **argv)
{
	int count = 0;

	for (size_t i = 0; i < adversary->count; i++)
		count += is_wanted(&adversary->attempts[i], argc, argv);
	return argc > 1 && count != argc - 1 ? -1 : count;
}

/* In a process of its own, which can break whatever it likes. */
static void
make(const struct adversary *adversary, void *stage, const struct attempt *attempt,
    struct outcome *outcome)
{
	int status = -1;

	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		outcome->succeeded = attempt->run(stage, &outcome->why);
		if (adversary->pause != NULL)
			adversary->pause(stage);
		outcome->ended = true;
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		outcome->ended = false;
}

/* One line for what stopped it. */
static void
tell(const struct attempt *attempt, const struct outcome *outcome)
{
	if (!outcome->ended)
		printf("# it broke off: the attempt itself is wrong\n");
	else if (outcome->succeeded)
		printf("# %s\n", attempt->guard == NULL ? "conceded" : "SUCCEEDED");
	else if (outcome->why.code == ERR_OK)
		printf("# stopped: nothing came of it\n");
	else
		printf("# stopped by %s: %s\n", err_name(outcome->why.code), outcome->why.text);
}

static bool
is_right(const struct attempt *attempt, const struct outcome *outcome)
{
	return outcome->ended && outcome->succeeded == (attempt->guard == NULL);
}

static int
run(const struct adversary *adversary, void *stage, struct outcome *outcome, int argc, char **argv)
{
	size_t number = 0, stopped = 0, conceded = 0;

	for (size_t i = 0; i < adversary->count; i++) {
		const struct attempt *attempt = &adversary->attempts[i];

		if (!is_wanted(attempt, argc, argv))
			continue;
		*outcome = (struct outcome){.ended = false};
		if (number++ > 0 && adversary->again != NULL)
			adversary->again(stage);
		make(adversary, stage, attempt, outcome);
		bool right = is_right(attempt, outcome);
		printf("%s %zu - %s\n", right ? "ok" : "not ok", number, attempt->name);
		tell(attempt, outcome);
		stopped += right && attempt->guard != NULL;
		conceded += right && attempt->guard == NULL;
	}
	printf("# %s: %zu attempts, %zu stopped, %zu conceded\n", adversary->who, number, stopped,
	    conceded);
	return stopped + conceded == number ? 0 : 1;
}

int
adversary_main(const struct adversary *adversary, int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--list") == 0)
		return list(adversary);
	int count = count_wanted(adversary, argc, argv);
	if (count < 0) {
		fprintf(stderr, "adversary-%s: no such attempt; --list names them\n",
		    adversary->name);
		return 2;
	}
	struct outcome *outcome =
	    mmap(NULL, sizeof(*outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (outcome == MAP_FAILED)
		return 2;
	printf("1..%d\n", count);
	void *stage = adversary->arrive();
	int status = run(adversary, stage, outcome, argc, argv);
	if (adversary->leave != NULL)
		adversary->leave(stage);
	munmap(outcome, sizeof(*outcome));
	return status;
}
