/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target without a fuzzer: each file of the corpus, some of its prefixes, and some
 * mutations of it, always the same ones; the fewer files, the more of each.  A finding is a crash,
 * or a sanitizer's or valgrind's complaint; every input stands in a heap block of exactly its size.
 *
 *	replay [--once] FOLDER		--once: the files alone
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "tests/fuzz/target.h"

/* At most so many runs of a kind for a file, and about so many altogether. */
enum { RUNS_EACH = 2000, EDITS = 4 };

__attribute__((weak)) size_t
replay_runs(void)
{
	return 3000;
}

static void
run_exact(struct view input)
{
	uint8_t *exact = malloc(input.size > 0 ? input.size : 1);

	if (exact == NULL)
		abort();
	if (input.size > 0)
		memcpy(exact, input.data, input.size);
	LLVMFuzzerTestOneInput(exact, input.size);
	free(exact);
}

/* xorshift64: the same numbers in every run. */
static size_t
next_random(uint64_t *state, size_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (size_t)(*state % below);
}

/* Change, drop, double or copy a byte somewhere in INPUT, which is not empty. */
static void
edit(uint64_t *random, struct buf *input)
{
	size_t at = next_random(random, input->size);
	size_t from = next_random(random, input->size);

	switch (next_random(random, 5)) {
	case 0:
		input->data[at] = (uint8_t)next_random(random, 256);
		break;
	case 1:
		input->data[at] ^= (uint8_t)(1u << next_random(random, 8));
		break;
	case 2:
		input->data[at] = input->data[from];
		break;
	case 3:
		memmove(input->data + at, input->data + at + 1, input->size - at - 1);
		input->size -= input->size > 1;
		break;
	default:
		buf_u8(input, 0);
		memmove(input->data + at + 1, input->data + at, input->size - at - 1);
		break;
	}
}

/* RUNS prefixes, evenly spaced, and as many mutations. */
static void
run_mutations(struct view input, size_t runs)
{
	uint64_t random = 0x9e3779b97f4a7c15;
	size_t step = 1 + input.size / (runs + 1);

	for (size_t size = 0; size < input.size && runs > 0; size += step)
		run_exact(view_of(input.data, size));
	for (size_t i = 0; input.size > 0 && i < runs; i++) {
		BUF mutated = {0};

		buf_bytes(&mutated, input);
		for (size_t edits = 1 + next_random(&random, EDITS); edits > 0; edits--)
			edit(&random, &mutated);
		run_exact(buf_view(&mutated));
	}
}

static int
is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Not by base/file.h, which a target may have replaced. */
static void
run_file(const char *folder, const char *name, size_t runs)
{
	char path[4096], chunk[4096];
	size_t got;
	BUF input = {0};

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "r");
	while (file != NULL && (got = fread(chunk, 1, sizeof(chunk), file)) > 0)
		buf_bytes(&input, view_of(chunk, got));
	if (file == NULL || ferror(file) != 0 || fclose(file) != 0 || input.failed) {
		fprintf(stderr, "replay: cannot read %s\n", path);
		exit(1);
	}
	run_exact(buf_view(&input));
	run_mutations(buf_view(&input), runs);
}

int
main(int argc, char **argv)
{
	bool once = argc == 3 && strcmp(argv[1], "--once") == 0;
	struct dirent **entries = NULL;
	int count = argc == 2 || once ? scandir(argv[argc - 1], &entries, is_input, alphasort) : -1;
	size_t runs = count > 0 && !once ? replay_runs() / (size_t)count + 1 : 0;

	for (int i = 0; i < count; i++) {
		run_file(argv[argc - 1], entries[i]->d_name, runs < RUNS_EACH ? runs : RUNS_EACH);
		free(entries[i]);
	}
	free(entries);
	if (count <= 0)
		fprintf(stderr, "replay: no corpus\n");
	return count <= 0;
}
