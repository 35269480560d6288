/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a state tree through many batches, for others to verify:
 *
 *	usage: make-tree SEED KEYS BATCHES
 *
 * Printed, in hex: "cell KEY VALUE" for each cell, "gone KEY" for each key that has none, "row ID BODY KIDS"
 * for each row of the table, "root HASH".
 */
#include <stdio.h>

#include "base/text.h"
#include "tests/unit/tree_bench.h"

enum { KEYS_MAX = 8000, BATCH_MAX = 60 };

static void
print_hex(const char *before, struct view bytes)
{
	BUF hex = {0};
	uint8_t *text = buf_space(&hex, 2 * bytes.size + 1);
	if (text == NULL)
		abort();
	text_hex(bytes, (char *)text);
	printf("%s%s", before, (const char *)text);
}

static void
print_world(const struct world *world)
{
	for (size_t i = 0; i < world->size; i++) {
		print_hex(world->has[i] ? "cell " : "gone ", VIEW_OF(world->keys[i].bytes));
		if (world->has[i])
			print_hex(" ", VIEW_OF(world->values[i].bytes));
		printf("\n");
	}
	for (unsigned id = 0; id < TABLE_ROWS; id++) {
		const struct row *row = world->table->rows[id];
		if (row == NULL)
			continue;
		printf("row %u", id);
		print_hex(" ", view_of(row->body, row->body_size));
		print_hex(" ", view_of(row->kids, row->kids_size));
		printf("\n");
	}
	print_hex("root ", VIEW_OF(world->root.bytes));
	printf("\n");
}

int
main(int argc, char **argv)
{
	static struct tree_change changes[BATCH_MAX];
	unsigned long seed = argc == 4 ? strtoul(argv[1], NULL, 10) : 0;
	unsigned long keys = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
	if (keys == 0 || keys > KEYS_MAX) {
		fprintf(stderr, "usage: make-tree SEED KEYS BATCHES\n");
		return 2;
	}
	WORLD *world = world_new(seed, keys);
	for (unsigned long i = strtoul(argv[3], NULL, 10); i > 0; i--)
		world_apply(world, changes,
		    world_draw(world, changes, BATCH_MAX, i % 3 == 0 ? 12 : 2));
	print_world(world);
	return 0;
}
