/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/opening/choose.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/text_time.h"
#include "ceremony/client/secrets/reseal_due.h"
#include "ceremony/client/secrets/secret.h"
#include "ceremony/client/typed.h"

void
choice_done(struct choice *choice)
{
	items_done(&choice->items);
}

enum err_code
choose_check(const struct ask_plan *plan, struct err *err)
{
	if (plan->name_count == 0 && mode_releases(plan->mode))
		return err_set(err, ERR_USAGE, "name at least one secret");
	if (plan->name_count > CEREMONY_ITEMS)
		return err_set(err, ERR_USAGE,
		    "%zu secrets are too many: one ceremony opens at most %d", plan->name_count,
		    CEREMONY_ITEMS);
	return typed_check_once(plan->names, plan->name_count, err);
}

/* ---- by name, verified ---- */

enum { NAMES_AHEAD = 48 }; /* fewer than may be under way (PIPELINE_MAX) */

/* An operator's order keeps nobody from a value that may still work. */
static enum err_code
check_debt(const struct lookup *lookup, const struct client_options *options, struct err *err)
{
	const char *name = lookup->definition.name;
	char time[TEXT_TIME_SIZE];
	int64_t now = options->now();

	if (!lookup->has_debt)
		return ERR_OK;
	if (lookup->debt_untried) {
		ui_say(options->ui,
		    "%s: an operator ordered its replacement, which is not over (%s): its target may take the value still, or not any more.",
		    name, lookup->debt_state);
		return ERR_OK;
	}
	text_time(lookup->debt_due, time);
	if (lookup->debt_tries == 0 && now < lookup->debt_due)
		return err_set(err, ERR_REFUSED,
		    "%s was released, and whoever holds it may use it until %s; it can be requested once "
		    "it was replaced",
		    name, time);
	return err_set(err, ERR_REFUSED,
	    "%s is being replaced (%s%s%s); it cannot be requested before that is done: halligan "
	    "rotate %s",
	    name, lookup->debt_state, lookup->debt_note[0] != '\0' ? ": " : "",
	    lookup->debt_note[0] != '\0' ? QUOTED(lookup->debt_note) : "", name);
}

static enum err_code
check_secret(const struct ask_plan *plan, const struct lookup *lookup, struct err *err)
{
	const char *name = lookup->definition.name;
	char longest[TEXT_DURATION_SIZE];

	if (lookup->policy == NULL)
		return err_set(err, ERR_REFUSED, "%s: the charter has no policy %s any more", name,
		    lookup->definition.policy);
	if (lookup->definition.change.retires)
		return err_set(err, ERR_REFUSED, "%s is retired: nothing of it is opened any more",
		    name);
	if (lookup->header == NULL)
		return err_set(err, ERR_REFUSED, "%s has no sealed version yet", name);
	text_duration(lookup->policy->max_duration, longest);
	if (plan->duration > lookup->policy->max_duration)
		return err_set(err, ERR_REFUSED,
		    "%s: the policy %s allows at most %s; ask for less with --for", name,
		    lookup->policy->name, longest);
	return ERR_OK;
}

/* Names from FROM on, as many as are asked for at once.  To where. */
static size_t
send_for(struct client *client, const struct ask_plan *plan, size_t from)
{
	size_t to = from;

	lookup_know(client);
	for (; to < plan->name_count && to < from + NAMES_AHEAD; to++)
		lookup_foresee(client, plan->names[to]);
	return to;
}

static enum err_code
choose_named(struct client *client, const struct vault_view *view, const struct ask_plan *plan,
    struct choice *choice, struct err *err)
{
	/* Those with the greeting are under way. */
	size_t sent = NAMES_AHEAD < plan->name_count ? NAMES_AHEAD : plan->name_count;

	TRY(items_new(plan->name_count, &choice->items, err));
	for (size_t i = 0; i < plan->name_count; i++) {
		struct item *item = &choice->items.rows[i];
		LOOKUP lookup = {0};

		if (i == sent)
			sent = send_for(client, plan, sent);
		TRY(lookup_secret(client, view, plan->names[i], &lookup, err));
		TRY(check_debt(&lookup, client_options(client), err));
		TRY(check_secret(plan, &lookup, err));
		item->secret = lookup.definition.secret;
		item->version = lookup.current;
		item->definition = lookup.definition.digest;
		item->header = lookup.header_hash;
		memcpy(item->name, lookup.definition.name, sizeof(item->name));
		if (i == 0 || lookup.policy->request_ttl < choice->ttl)
			choice->ttl = lookup.policy->request_ttl;
	}
	return ERR_OK;
}

/* ---- what is due ---- */

static const struct reseal_row *
row_of(const struct reseal_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->rows[i].item.name, name) == 0)
			return &list->rows[i];
	return NULL;
}

static enum err_code
check_names(const struct ask_plan *plan, const struct reseal_list *list, struct err *err)
{
	for (size_t i = 0; i < plan->name_count; i++) {
		const struct reseal_row *row = row_of(list, plan->names[i]);

		if (row == NULL)
			return err_set(err, ERR_NOT_FOUND,
			    "there is no secret %s; 'halligan secret list' shows them",
			    QUOTED(plan->names[i]));
		if (!row->can && !(row->ordered && plan->mode == MODE_ROTATE))
			return err_set(err, ERR_REFUSED, "%s: %s", plan->names[i], row->cannot);
	}
	return ERR_OK;
}

static bool
is_meant(const struct ask_plan *plan, const struct reseal_row *row)
{
	for (size_t i = 0; i < plan->name_count; i++)
		if (strcmp(plan->names[i], row->item.name) == 0)
			return true;
	return plan->name_count == 0 && row->can;
}

/* The shortest time that any policy lets a request live. */
static int64_t
shortest_ttl(const struct charter *charter)
{
	int64_t shortest = charter->policies[0].request_ttl;

	for (size_t i = 1; i < charter->policy_count; i++)
		if (charter->policies[i].request_ttl < shortest)
			shortest = charter->policies[i].request_ttl;
	return shortest;
}

static enum err_code
choose_due(struct client *client, const struct vault_view *view, const struct ask_plan *plan,
    struct choice *choice, struct err *err)
{
	RESEAL_LIST list = {0};
	struct items *items = &choice->items;

	if (plan->name_count > 0)
		TRY(reseal_find_fetch(client, plan->names, plan->name_count, &list, err));
	else
		TRY(reseal_list_fetch(client, plan->all, &list, err));
	TRY(check_names(plan, &list, err));
	TRY(items_new(CEREMONY_ITEMS, items, err));
	items->count = 0;
	for (size_t i = 0; i < list.count; i++) {
		if (!is_meant(plan, &list.rows[i]))
			continue;
		if (items->count < CEREMONY_ITEMS)
			items->rows[items->count++] = list.rows[i].item;
		else
			choice->left++;
	}
	choice->ttl = shortest_ttl(view->chain.charter);
	if (items->count > 0)
		return ERR_OK;
	return err_set(err, ERR_NOT_FOUND,
	    "there is nothing that a ceremony could seal again; `halligan reseal --list` says why");
}

void
choose_foresee(struct client *client, const struct ask_plan *plan)
{
	if (mode_releases(plan->mode))
		send_for(client, plan, 0);
	else if (plan->name_count > 0)
		reseal_find_foresee(client, plan->names, plan->name_count);
	else
		reseal_list_foresee(client, plan->all);
}

enum err_code
choose_items(struct client *client, const struct vault_view *view, const struct ask_plan *plan,
    struct choice *ret_choice, struct err *err)
{
	return mode_releases(plan->mode) ? choose_named(client, view, plan, ret_choice, err) :
	                                   choose_due(client, view, plan, ret_choice, err);
}
