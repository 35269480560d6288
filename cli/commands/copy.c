/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/copy.h"

#include <string.h>

#include "base/text.h"
#include "ceremony/client/copy.h"

/* What each finding means, as a line of the list says it. */
static const struct {
	const char *finding, *says;
} findings[] = {{"missing", "is missing"}, {"damaged", "holds other bytes than the vault"},
    {"unneeded", "is not needed any more"}, {"foreign", "is not of this vault"}};

static const char *
says(const char *finding)
{
	for (size_t i = 0; i < ARRAY_SIZE(findings); i++)
		if (strcmp(findings[i].finding, finding) == 0)
			return findings[i].says;
	return finding;
}

static enum err_code
show_items(const struct cli_call *call, const struct copy_state *state, struct err *err)
{
	const bool far = client_is_far(call->client);
	const int64_t all = state->missing + state->damaged + state->unneeded + state->foreign;
	size_t count = json_array_count(state->items);

	for (size_t i = 0; i < count; i++) {
		struct copy_found found;

		TRY(copy_state_item(state, i, &found, err));
		ui_say(call->io->ui, "%s%s%s%s %s", QUOTED(found.name),
		    found.what[0] != '\0' ? " (" : "", TOLD(far, found.what),
		    found.what[0] != '\0' ? ")" : "", TOLD(far, says(found.finding)));
	}
	if (state->there && (int64_t)count < all)
		ui_say(call->io->ui, "%lld more are not shown", (long long)(all - (int64_t)count));
	return ERR_OK;
}

static enum err_code
show(const struct cli_call *call, const struct copy_state *state, struct err *err)
{
	const struct ui *ui = call->io->ui;
	const bool far = client_is_far(call->client);

	if (strcmp(state->copy, "none") == 0) {
		ui_say(ui,
		    "This vault keeps no copies: sealed versions exist on its host alone. `halligan charter propose --copy directory:/PATH` changes that");
		return ERR_OK;
	}
	TRY(show_items(call, state, err));
	ui_say(ui, "The copy sink %s should hold %lld %s", QUOTED(state->copy),
	    (long long)state->files, text_plural((uint64_t)state->files, "file", "files"));
	if (state->there)
		ui_say(ui,
		    "compared with the vault: %lld missing, %lld damaged, %lld not needed any more, %lld foreign, %lld left by a run that was cut off",
		    (long long)state->missing, (long long)state->damaged,
		    (long long)state->unneeded, (long long)state->foreign, (long long)state->left);
	else
		ui_say(ui, "it cannot be compared; %lld of these it never acknowledged",
		    (long long)state->missing);
	if (state->why[0] != '\0')
		ui_say(ui, "%s", TOLD(far, state->why));
	return ERR_OK;
}

static enum err_code
print_state(const struct cli_call *call, const struct copy_state *state, struct err *err)
{
	JSON *object = json_new_object();

	json_put_text(object, "copy", state->copy);
	json_put_bool(object, "there", state->there);
	json_put_text(object, "why", state->why);
	json_put_int(object, "files", state->files);
	json_put_int(object, "missing", state->missing);
	json_put_int(object, "damaged", state->damaged);
	json_put_int(object, "unneeded", state->unneeded);
	json_put_int(object, "foreign", state->foreign);
	json_put_int(object, "left", state->left);
	json_put_copy(object, "items", state->items);
	return call_print_json(call, object, err);
}

enum err_code
cmd_copy_status(struct cli_call *call, struct err *err)
{
	REPLY reply = {0};
	struct copy_state state;

	TRY(call_connect(call, err));
	TRY(copy_state_fetch(call->client, &reply, &state, err));
	TRY(show(call, &state, err));
	if (call_json(call))
		TRY(print_state(call, &state, err));
	if (strcmp(state.copy, "none") == 0)
		return ERR_OK;
	if (!state.there)
		return err_set(err, ERR_IO, "the copy sink cannot be used");
	if (state.missing + state.damaged > 0)
		return err_set(err, ERR_IO,
		    "the copy sink lacks what it should hold: `halligan copy --repair` writes it");
	return state.why[0] != '\0' ? err_set(err, ERR_IO, "the copy sink takes nothing more") :
	                              ERR_OK;
}

enum err_code
cmd_copy(struct cli_call *call, struct err *err)
{
	JSON *object = json_new_object();
	int64_t proven, written;

	TRY(call_connect(call, err));
	TRY(copy_repair(call->client, &proven, &written, err));
	ui_say(call->io->ui,
	    "The copy sink holds all that it should: %lld %s read back, %lld written",
	    (long long)proven, text_plural((uint64_t)proven, "file", "files"), (long long)written);
	json_put_int(object, "proven", proven);
	json_put_int(object, "written", written);
	return call_json(call) ? call_print_json(call, object, err) : ERR_OK;
}
