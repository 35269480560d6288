/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/secret_define.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/text.h"
#include "ceremony/client/documents/definition.h"
#include "ceremony/client/documents/definition_add.h"
#include "ceremony/client/documents/definition_change.h"
#include "ceremony/client/secrets/import_file.h"
#include "cli/given.h"

DESTRUCTOR(free_rows, struct define_row, free)

enum err_code
cmd_secret_add(struct cli_call *call, struct err *err)
{
	const struct parsed *parsed = call->parsed;
	JSON *target = NULL;
	struct define_row row = {.name = call_argument(call, 0),
	    .policy = option_text(parsed, "policy"),
	    .rotator = option_text(parsed, "rotator"),
	    .effect = option_text(parsed, "effect")};

	TRY(given_target(call, &target, err));
	row.target = target;
	TRY(call_connect(call, err));
	return definition_add(call->client, &row, 1, err);
}

static enum err_code
read_rows(const char *path, struct import_rows *ret_rows, struct err *err)
{
	BUF bytes = {0};

	TRY(file_read(path, IMPORT_FILE_MAX, &bytes, err));
	if (import_file_read(buf_view(&bytes), ret_rows, err) != ERR_OK)
		return err_add(err, "%s", QUOTED(path));
	return ERR_OK;
}

enum err_code
cmd_secret_import(struct cli_call *call, struct err *err)
{
	IMPORT_ROWS imported = {0};
	CLEANUP(free_rows) struct define_row *rows = NULL;

	TRY(read_rows(call_argument(call, 0), &imported, err));
	rows = calloc(imported.count, sizeof(*rows));
	if (rows == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for %zu definitions",
		    imported.count);
	for (size_t i = 0; i < imported.count; i++) {
		const struct import_row *row = &imported.rows[i];

		rows[i] = (struct define_row){row->name, row->policy, row->rotator, row->effect,
		    row->target, row->line};
	}
	TRY(call_connect(call, err));
	return definition_add(call->client, rows, imported.count, err);
}

enum err_code
cmd_secret_sign(struct cli_call *call, struct err *err)
{
	TRY(call_connect(call, err));
	return definition_sign(call->client, call_argument(call, 0), err);
}

enum err_code
cmd_secret_change(struct cli_call *call, struct err *err)
{
	const struct parsed *parsed = call->parsed;
	const char *without[VALUES_MAX];
	JSON *target = NULL;
	struct change_plan plan = {.names = parsed->arguments,
	    .count = parsed->argument_count,
	    .policy = option_text(parsed, "policy"),
	    .rotator = option_text(parsed, "rotator"),
	    .effect = option_text(parsed, "effect"),
	    .without = without,
	    .without_count = option_all(parsed, "without", without, VALUES_MAX)};

	if (option_given(parsed, "target") || option_given(parsed, "target-json"))
		TRY(given_target(call, &target, err));
	plan.target = target;
	TRY(call_connect(call, err));
	return definition_change(call->client, &plan, err);
}

enum err_code
cmd_secret_retire(struct cli_call *call, struct err *err)
{
	const struct change_plan plan = {.names = call->parsed->arguments,
	    .count = call->parsed->argument_count,
	    .retires = true};

	TRY(call_connect(call, err));
	return definition_change(call->client, &plan, err);
}
