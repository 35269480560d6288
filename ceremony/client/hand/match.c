/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All pairs of a plugged token and an entry of the document that fit are collected.  Sure ones (by
 * serial) outdo candidates (by model).  What is left is narrowed: a device's two drivers to the one
 * that was asked for, else PIV; several tokens by a touch; one token that may be several people's by
 * the label that the person types.
 */
#include "ceremony/client/hand/match.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { CHOOSE_MILLISECONDS = 15000 };

struct collecting {
	const struct client_options *options;
	const struct hand_want *want;
	const struct token_found *found;
	struct matches *matches;
};

static bool
already_there(const struct matches *matches, const struct token_found *found,
    const struct seat_token *entry)
{
	for (size_t i = 0; i < matches->count; i++) {
		const struct match *match = &matches->all[i];

		if (match->found == found && (strcmp(match->entry->driver, entry->driver) == 0) &&
		    (match->sure || digest_equal(&match->entry->id, &entry->id)))
			return true;
	}
	return false;
}

bool
match_fits(const struct client_options *options, const struct token_traits *traits,
    const struct token_found *found, const struct seat_token *entry, bool *ret_sure)
{
	bool known = found->serial != 0 && entry->serial != 0;
	bool same_model = !known && !traits->tells_serial &&
	    memcmp(found->aaguid, entry->aaguid, AAGUID_SIZE) == 0;
	uint32_t serial = found->serial != 0 ? found->serial : entry->serial;

	*ret_sure = known && found->serial == entry->serial;
	return strcmp(traits->name, entry->driver) == 0 && (*ret_sure || same_model) &&
	    want_asked_for(options, entry) && (options->serial == 0 || options->serial == serial);
}

static bool
collect_entry(void *context, const struct seat *seat, const struct seat_token *entry)
{
	const struct collecting *here = context;
	const struct token_found *found = here->found;
	bool sure = false;

	if (!want_fits(here->want, seat) ||
	    !match_fits(here->options, found->driver->ops->traits, found, entry, &sure) ||
	    already_there(here->matches, found, entry))
		return true;
	if (here->matches->count < MATCHES_MAX)
		here->matches->all[here->matches->count++] =
		    (struct match){found, seat, entry, sure};
	return true;
}

bool
found_same(const struct token_found *a, const struct token_found *b)
{
	return a->driver == b->driver && strcmp(a->reader, b->reader) == 0 &&
	    a->serial == b->serial;
}

void
match_collect(const struct client_options *options, const struct hand_want *want,
    const struct token_list *list, const struct token_found *not_this, struct matches *ret_matches)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct token_found *found = &list->found[i];
		struct collecting here = {options, want, found, ret_matches};

		if (found->problem[0] != '\0' || (not_this != NULL && found_same(found, not_this)))
			continue;
		if (want != NULL) {
			want_each(want, collect_entry, &here);
			continue;
		}
		if ((options->serial == 0 || options->serial == found->serial) &&
		    (options->driver == NULL || options->driver == found->driver->ops->traits))
			ret_matches->all[ret_matches->count++] =
			    (struct match){.found = found, .sure = true};
	}
}

/* Keep those matches that KEEP says of. */
static void
filter(struct matches *matches, bool (*keep)(const struct match *match, const void *of),
    const void *of)
{
	size_t kept = 0;

	for (size_t i = 0; i < matches->count; i++) {
		if (keep(&matches->all[i], of))
			matches->all[kept++] = matches->all[i];
	}
	matches->count = kept;
}

static bool
is_sure(const struct match *match, const void *of)
{
	(void)of;
	return match->sure;
}

static bool
is_of(const struct match *match, const void *found)
{
	return match->found == found;
}

static bool
tells_serial(const struct match *match, const void *of)
{
	(void)of;
	return match->found->driver->ops->traits->tells_serial;
}

static bool
any(const struct matches *matches, bool (*is)(const struct match *match, const void *of))
{
	for (size_t i = 0; i < matches->count; i++) {
		if (is(&matches->all[i], NULL))
			return true;
	}
	return false;
}

/* One PIV and one FIDO2 application that can be one device's: the FIDO2 side often tells no serial. */
static bool
one_device(const struct matches *matches)
{
	const struct match *a = &matches->all[0], *b = &matches->all[1];

	return matches->count == 2 && a->found->driver != b->found->driver &&
	    (a->seat == NULL || strcmp(a->seat->name, b->seat->name) == 0) &&
	    (a->found->serial == b->found->serial || a->found->serial == 0 ||
	        b->found->serial == 0);
}

static enum err_code
say_several(const struct matches *matches, const char *remedy, struct err *err)
{
	BUF text = {0};

	for (size_t i = 0; i < matches->count; i++) {
		const struct match *match = &matches->all[i];
		const struct token_found *found = match->found;

		buf_text(&text, i > 0 ? ", " : "");
		if (found->serial != 0)
			buf_format(&text, "%u", found->serial);
		else
			buf_format(&text, "the %s token in %s", found->driver->ops->traits->label,
			    QUOTED(found->reader));
		if (match->entry != NULL && found->serial == 0)
			buf_format(&text, " (%s's %s?)", match->seat->name,
			    QUOTED(match->entry->label));
		else if (match->seat != NULL)
			buf_format(&text, " (%s)", match->seat->name);
		else
			buf_format(&text, " (%s)", found->driver->ops->traits->name);
	}
	TRY(buf_check(&text, err));
	return err_set(err, ERR_USAGE, "several tokens fit: %s; %s", buf_string(&text), remedy);
}

/* Leave one token of several in MATCHES. */
static enum err_code
choose_token(const struct client_options *options, struct matches *matches, struct err *err)
{
	const struct token_found *tokens[MATCHES_MAX];
	size_t count = 0, chosen = 0;

	for (size_t i = 0; i < matches->count; i++) {
		if (count == 0 || tokens[count - 1] != matches->all[i].found)
			tokens[count++] = matches->all[i].found;
	}
	if (count == 1)
		return ERR_OK;
	if (options->person && options->label == NULL && options->serial == 0 &&
	    token_can_choose(tokens, count)) {
		ui_say(options->ui,
		    "%zu tokens fit, and they blink. Touch the one to use; that touch "
		    "chooses it and does nothing else.",
		    count);
		TRY(token_choose(tokens, count, CHOOSE_MILLISECONDS, &chosen, err));
		filter(matches, is_of, tokens[chosen]);
		return ERR_OK;
	}
	if (options->serial != 0 && matches->all[0].sure)
		return err_set(err, ERR_TOKEN,
		    "two tokens say that their serial is %u: unplug all but yours",
		    options->serial);
	return say_several(matches,
	    any(matches, tells_serial) ? "choose one with --serial, or unplug the others" :
	                                 "choose one with --token LABEL, or unplug the others",
	    err);
}

/* One token without a serial may be that of several people: whose is it? */
static enum err_code
choose_entry(const struct client_options *options, struct matches *matches, struct err *err)
{
	char label[LABEL_MAX + 2], name[HAND_NAME_SIZE];

	if (!options->person)
		return say_several(matches, "say whose it is with --token LABEL", err);
	ui_say(options->ui, "This FIDO2 token tells no serial, and its model is that of several:");
	for (size_t i = 0; i < matches->count; i++) {
		entry_text(matches->all[i].seat, matches->all[i].entry, name);
		ui_say(options->ui, "  %s", name);
	}
	TRY(options->ui->ask_line(options->ui->context, "Which is it? Type its label", label,
	    sizeof(label), err));
	for (size_t i = 0; i < matches->count; i++) {
		if (strcmp(matches->all[i].entry->label, label) == 0) {
			matches->all[0] = matches->all[i];
			matches->count = 1;
			return ERR_OK;
		}
	}
	return err_set(err, ERR_USAGE, "none of them is called \"%.63s\"; nothing was done", label);
}

enum err_code
match_choose(const struct client_options *options, struct matches *matches, struct err *err)
{
	if (matches->count == 0)
		return ERR_NOT_FOUND;
	if (any(matches, is_sure))
		filter(matches, is_sure, NULL);
	if (one_device(matches)) {
		filter(matches, tells_serial, NULL);
		ui_say(options->ui,
		    "PIV and FIDO2 are both there; PIV is used (--driver fido2 takes the "
		    "other).");
	}
	TRY(choose_token(options, matches, err));
	return matches->count > 1 ? choose_entry(options, matches, err) : ERR_OK;
}
