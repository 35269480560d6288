/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target without a fuzzer: each file of the corpus, each of its prefixes, and some
 * thousand mutations of it, always the same ones.  A finding is a crash, or a sanitizer's or
 * valgrind's complaint; every input stands in a heap block of exactly its size.
 *
 *	replay FOLDER
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "tests/fuzz/target.h"

enum { MUTATIONS = 2000, EDITS = 4 };

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

static void
run_mutations(struct view input)
{
	uint64_t random = 0x9e3779b97f4a7c15;

	for (size_t size = 0; size <= input.size; size++)
		run_exact(view_of(input.data, size));
	for (int i = 0; input.size > 0 && i < MUTATIONS; i++) {
		BUF mutated = {0};

		buf_bytes(&mutated, input);
		for (size_t edits = 1 + next_random(&random, EDITS); edits > 0; edits--)
			edit(&random, &mutated);
		run_exact(buf_view(&mutated));
	}
}

int
main(int argc, char **argv)
{
	DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
	struct dirent *entry;
	unsigned files = 0;

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		char path[4096];
		struct err err;
		BUF input = {0};

		if (entry->d_name[0] == '.')
			continue;
		if (file_path(argv[1], entry->d_name, path, &err) != ERR_OK ||
		    file_read(path, 1024 * 1024, &input, &err) != ERR_OK) {
			fprintf(stderr, "replay: %s\n", err.text);
			return 1;
		}
		run_mutations(buf_view(&input));
		files++;
	}
	if (folder != NULL)
		closedir(folder);
	if (files == 0)
		fprintf(stderr, "replay: no corpus\n");
	return files == 0;
}
