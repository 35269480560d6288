/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/rotate.h"

#include "base/text.h"
#include "ceremony/client/secrets/rotate.h"
#include "ceremony/client/text/grade.h"

/* A line for each; RET_WORST is the last failure, else that one waits, else that not all is over. */
static enum err_code
show(const struct cli_call *call, const struct json *rotations, enum err_code *ret_worst,
    struct err *err)
{
	const struct ui *ui = call->io->ui;
	const bool far = client_is_far(call->client);
	size_t count = json_array_count(rotations);

	*ret_worst = ERR_OK;
	for (size_t i = 0; i < count; i++) {
		struct rotated row;

		TRY(rotate_result(rotations, i, &row, err));
		ui_say(ui, "%s: %s%s%s%s%s", TOLD(far, row.told.name),
		    row.retired ?
		        "replaced; the new value is accepted" :
		        row.watched ?
		        "the new value is accepted, the old one was taken away; its death is watched" :
		        row.none ? "nothing to replace, and the target was not asked" :
		                   TOLD(far, row.told.debt),
		    row.has_grade ? "; " : "", row.has_grade ? grade_text(row.grade) : "",
		    row.told.note[0] != '\0' ? ": " : "",
		    row.told.note[0] != '\0' ? QUOTED(row.told.note) : "");
		if (row.code == ERR_OK && !row.retired && !row.watched && !row.none)
			row.code = ERR_TARGET_UNKNOWN;
		if (*ret_worst == ERR_OK || (row.code != ERR_OK && row.code != ERR_WAITING))
			*ret_worst = row.code;
	}
	if (count == 0)
		ui_say(ui, "Nothing to replace: no debt is open.");
	return ERR_OK;
}

enum err_code
cmd_rotate(struct cli_call *call, struct err *err)
{
	const char *name = call_argument(call, 0);
	REPLY reply = {0};
	const struct json *rotations;
	JSON *object = json_new_object();
	enum err_code worst = ERR_OK;
	bool now = option_given(call->parsed, "now");

	if ((name != NULL) == option_given(call->parsed, "all"))
		return err_set(err, ERR_USAGE, "name a secret, or give --all");
	if (now && name == NULL)
		return err_set(err, ERR_USAGE, "--now goes with the name of a secret");
	TRY(call_connect(call, err));
	if (now)
		TRY(rotate_unseen(call->client, name, &reply, &rotations, err));
	else
		TRY(rotate_run(call->client, name, &reply, &rotations, err));
	TRY(show(call, rotations, &worst, err));
	json_put_copy(object, "rotations", rotations);
	if (call_json(call))
		TRY(call_print_json(call, object, err));
	if (worst != ERR_OK)
		return err_set(err, worst, "not everything is replaced yet");
	return ERR_OK;
}
