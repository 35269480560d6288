/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/status.h"

#include <string.h>

#include "base/text.h"
#include "ceremony/client/status.h"
#include "ceremony/client/sync.h"
#include "ceremony/client/text/ceremony.h"

static enum err_code
show(const struct cli_call *call, const struct status *status, enum err_code *ret_worst,
    struct err *err)
{
	const struct client_hello *hello = client_hello(call->client);
	const struct ui *ui = call->io->ui;
	const bool far = client_is_far(call->client);
	size_t count = json_array_count(status->items);

	*ret_worst = ERR_OK;
	for (size_t i = 0; i < count; i++) {
		struct status_item item;

		TRY(status_item(status, i, &item, err));
		ui_say(ui, "%-9s %s: %s%s%s%s%s", TOLD(far, item.kind), TOLD(far, item.subject),
		    TOLD(far, item.text), item.waits[0] != '\0' ? "; waits for " : "",
		    TOLD(far, item.waits), item.next[0] != '\0' ? "; next: " : "",
		    TOLD(far, item.next));
		if (strcmp(item.kind, "alarm") == 0)
			*ret_worst = ERR_INTEGRITY;
		else if (strcmp(item.kind, "degraded") == 0 && *ret_worst == ERR_OK)
			*ret_worst = ERR_TARGET;
	}
	if (count == 0)
		ui_say(ui, "nothing waits");
	ui_say(ui, "%s%s: %lld %s, %lld log %s, copies: %s", hello->name,
	    hello->training ? " (TRAINING)" : "", (long long)status->secrets,
	    text_plural((uint64_t)status->secrets, "secret", "secrets"), (long long)status->log,
	    text_plural((uint64_t)status->log, "entry", "entries"), TOLD(far, status->copy));
	ui_say(ui, "rotators run %s", TOLD(far, status->rotators));
	if (status->swap)
		ui_say(ui,
		    "swap may see keys that rotators' libraries copy: the vault's account may lock less "
		    "than 64 MiB of memory (LimitMEMLOCK, or memlock in /etc/security/limits.conf)");
	return ERR_OK;
}

static enum err_code
print_status(const struct cli_call *call, const struct status *status, struct err *err)
{
	JSON *object = json_new_object();

	json_put_text(object, "name", client_hello(call->client)->name);
	json_put_bool(object, "training", client_hello(call->client)->training);
	json_put_int(object, "secrets", status->secrets);
	json_put_int(object, "log", status->log);
	json_put_text(object, "copy", status->copy);
	json_put_text(object, "rotators", status->rotators);
	json_put_bool(object, "swap", status->swap);
	json_put_copy(object, "items", status->items);
	return call_print_json(call, object, err);
}

/* What became of each secret. */
static struct json *
outcomes(const struct dossier *dossier)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < dossier->count; i++) {
		const struct item *asked = &dossier->transcript->request.items.rows[i];
		struct json *object = json_new_object();

		json_put_text(object, "name", asked->name);
		json_put_int(object, "version", asked->version);
		json_put_text(object, "state", item_state_names[dossier->items[i].state]);
		json_put_text(object, "note", dossier->items[i].note);
		json_add(array, object);
	}
	return array;
}

static void
foresee_ceremony(struct client *client, const void *plan)
{
	const struct dossier_wanted wanted = {.id = plan};

	client_foresee_sync(client);
	dossier_foresee(client, &wanted);
}

/* One ceremony: while it is open as officers see it, later what became of it. */
static enum err_code
show_ceremony(const struct cli_call *call, const char *id, struct err *err)
{
	const struct dossier_wanted wanted = {.id = id};
	const struct vault_view *view;
	DOSSIER *dossier = NULL;
	JSON *object = json_new_object();
	JSON *rows = json_new_array();

	TRY(dossier_take(call->client, &wanted, &view, &dossier, err));
	if (dossier->state == CEREMONY_COLLECTING) {
		TRY(dossier_fetch_items(call->client, view, dossier, err));
		TRY(ceremony_show(dossier, view, call->io->ui, call->drivers->now(), false, rows,
		    err));
	} else
		ceremony_tell(dossier, call->io->ui);
	json_put_text(object, "id", dossier->id);
	json_put_text(object, "mode", mode_names[dossier->transcript->request.mode]);
	json_put_text(object, "state", ceremony_state_names[dossier->state]);
	json_put_text(object, "reason", dossier->reason);
	json_put(object, "secrets", outcomes(dossier));
	json_put(object, "rows", TAKE(rows));
	return call_json(call) ? call_print_json(call, object, err) : ERR_OK;
}

enum err_code
cmd_status(struct cli_call *call, struct err *err)
{
	REPLY reply = {0};
	struct status status;
	enum err_code worst = ERR_OK;

	const char *id = call_argument(call, 0);

	TRY(dossier_check_id(call_argument(call, 0), err));
	TRY(call_connect_for(call, id != NULL ? foresee_ceremony : status_foresee, id, err));
	if (id != NULL)
		return show_ceremony(call, id, err);
	TRY(status_fetch(call->client, &reply, &status, err));
	TRY(show(call, &status, &worst, err));
	if (call_json(call))
		TRY(print_status(call, &status, err));
	if (worst == ERR_TARGET)
		return err_set(err, worst, "a rotation needs a person who can reach the target");
	if (worst != ERR_OK)
		return err_set(err, worst, "status shows an alarm");
	return ERR_OK;
}
