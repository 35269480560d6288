/* SPDX-License-Identifier: Apache-2.0 */
/* Files of definitions: what is accepted keeps to the header's limits, and as lines of JSON it is the same once more. */
#include "ceremony/client/secrets/import_file.h"

#include <string.h>

#include "base/text.h"
#include "tests/fuzz/target.h"

static void
check_row(const struct import_rows *rows, size_t index, struct buf *ret_lines)
{
	const struct import_row *row = &rows->rows[index];
	struct json *object = json_new_object();
	BUF target = {0};
	struct err err;

	MUST(text_is_name(row->name) && text_is_name(row->policy) && text_is_name(row->rotator));
	MUST(strchr(row->rotator, '/') == NULL && row->effect[0] != '\0');
	MUST(text_is_plain(view_of_text(row->effect)));
	MUST(json_encode(row->target, &target, &err) == ERR_OK && target.size <= TARGET_TEXT_MAX);
	MUST(row->line > (index > 0 ? rows->rows[index - 1].line : 0));
	for (size_t i = 0; i < index; i++)
		MUST(strcmp(rows->rows[i].name, row->name) != 0);
	json_put_text(object, "name", row->name);
	json_put_text(object, "policy", row->policy);
	json_put_text(object, "rotator", row->rotator);
	json_put_text(object, "effect", row->effect);
	json_put_copy(object, "target", row->target);
	MUST(json_encode(object, ret_lines, &err) == ERR_OK);
	buf_u8(ret_lines, '\n');
	json_free(object);
}

static void
check_rows(const struct import_rows *rows, struct buf *ret_lines)
{
	MUST(rows->count > 0 && rows->count <= DEFINITIONS);
	for (size_t i = 0; i < rows->count; i++)
		check_row(rows, i, ret_lines);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct import_rows none = {0};
	IMPORT_ROWS rows = {0};
	IMPORT_ROWS again = {0};
	struct err err;
	BUF lines = {0}, same = {0};

	if (import_file_read(view_of(data, size), &rows, &err) != ERR_OK) {
		MUST(err.code == ERR_INVALID && err.text[0] != '\0');
		MUST(memcmp(&rows, &none, sizeof(none)) == 0);
		return 0;
	}
	check_rows(&rows, &lines);
	MUST(import_file_read(buf_view(&lines), &again, &err) == ERR_OK);
	check_rows(&again, &same);
	MUST(view_equal(buf_view(&lines), buf_view(&same)));
	return 0;
}
