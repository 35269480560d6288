/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/hand/find.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/process.h"
#include "base/text.h"
#include "ceremony/client/hand/match.h"
#include "ceremony/client/hand/seek.h"

enum { LOOK_MILLISECONDS = 1000 };

/* ---- none ---- */

/* The side of the device of FOUND that is wanted is there, and cannot be used just now: that one's
 * trouble is the word to say, for this one is no misfit. */
static bool
other_side_is_held(const struct client_options *options, const struct token_list *list,
    const struct token_found *found, const struct hand_want *want)
{
	const struct seat_token *wanted =
	    want_other_side(options, want, found->serial, found->driver->ops->traits);

	for (size_t i = 0; wanted != NULL && i < list->count; i++) {
		const struct token_found *other = &list->found[i];

		if (other->problem[0] != '\0' &&
		    strcmp(other->driver->ops->traits->name, wanted->driver) == 0 &&
		    (other->serial == 0 || other->serial == found->serial))
			return true;
	}
	return false;
}

static const char *
label_of(const struct client_options *options, const char *driver)
{
	for (size_t i = 0; i < options->driver_count; i++) {
		if (strcmp(options->drivers[i].ops->traits->name, driver) == 0)
			return options->drivers[i].ops->traits->label;
	}
	return driver;
}

/* Why FOUND does not fit WANT. */
static enum err_code
say_misfit(const struct client_options *options, const struct token_found *found,
    const struct hand_want *want, const char *wanted, struct err *err)
{
	char name[FOUND_TEXT_SIZE];
	const struct seat *seat = seat_of_serial(want, found->serial);
	const struct seat_token *side =
	    want_other_side(options, want, found->serial, found->driver->ops->traits);

	found_text(found, name);
	if (found->problem[0] == '\0' && want->lists[0].count == 0)
		return err_set(err, ERR_TOKEN_ABSENT, "%s is plugged in; this needs %s", name,
		    wanted);
	if (found->problem[0] != '\0')
		return err_set(err, ERR_TOKEN, "the token in %s cannot be used: %s",
		    QUOTED(found->reader), found->problem);
	if (seat != NULL && side != NULL)
		return err_set(err, ERR_TOKEN_ABSENT,
		    "%s is %s's %s by its %s side alone, which does not answer; this needs %s",
		    name, seat->name, QUOTED(side->label), label_of(options, side->driver), wanted);
	if (seat != NULL)
		return err_set(err, ERR_TOKEN_ABSENT, "%s belongs to the seat %s; this needs %s",
		    name, seat->name, wanted);
	if (found->serial == 0)
		return err_set(err, ERR_TOKEN_ABSENT,
		    "%s is none that fits, by its model; this needs %s", name, wanted);
	return err_set(err, ERR_TOKEN_ABSENT, "%s belongs to no seat of this vault; this needs %s",
	    name, wanted);
}

/* The token with the serial that was asked for is not there; or it is one that cannot tell its own, since another
 * program holds it. */
static enum err_code
say_absent(const struct client_options *options, const struct token_list *list, const char *wanted,
    struct err *err)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct token_found *found = &list->found[i];

		if (found->serial == 0 && found->busy)
			return err_set(err, ERR_TOKEN,
			    "token %u is not among those that answer; the one "
			    "in %s, which may be it, cannot be used: %s; mend that, or take another token "
			    "of the seat",
			    options->serial, QUOTED(found->reader), found->problem);
	}
	return err_set(err, ERR_TOKEN_ABSENT, "token %u is not plugged in; this needs %s",
	    options->serial, wanted);
}

/* The same of all that are plugged in: the first that could have been meant. */
static enum err_code
say_none(const struct client_options *options, const struct token_list *list,
    const struct hand_want *want, struct err *err)
{
	static const struct hand_want nothing;
	char wanted[WANTED_SIZE];

	want_text(want != NULL ? want : &nothing, wanted);
	if (list->count == 0 && want == NULL)
		return err_set(err, ERR_TOKEN_ABSENT, "no token is plugged in");
	if (list->count == 0)
		return err_set(err, ERR_TOKEN_ABSENT, "no token is plugged in; this needs %s",
		    wanted);
	for (size_t i = 0; i < list->count; i++) {
		const struct token_found *found = &list->found[i];

		if ((options->serial != 0 && found->serial != options->serial) ||
		    (want == NULL && found->problem[0] == '\0') ||
		    other_side_is_held(options, list, found, want != NULL ? want : &nothing))
			continue;
		return say_misfit(options, found, want != NULL ? want : &nothing, wanted, err);
	}
	if (options->serial != 0)
		return say_absent(options, list, wanted, err);
	return err_set(err, ERR_TOKEN_ABSENT, "no %s token is plugged in",
	    (options->driver != NULL ? options->driver : options->drivers[0].ops->traits)->label);
}

/* ---- listing ---- */

/* While one does not count it must be seen whether it is still there: then all are listed. */
static enum err_code
list(const struct client_options *options, const struct hand_want *want,
    const struct token_found *not_this, struct token_list *ret_list, struct err *err)
{
	const struct seeking seeking = {options, want};
	const struct token_seek seek = seek_for(&seeking);

	return token_list_sought(options->drivers, options->driver_count,
	    not_this == NULL ? &seek : NULL, ret_list, err);
}

/* ---- waiting ---- */

struct waiting {
	const struct client_options *options;
	const struct hand_want *want;
	const struct token_found *not_this;
	char wanted[WANTED_SIZE];
	struct token_list before; /* what was there when it was last looked */
	bool failed;              /* the last look failed */
	int64_t deadline;
};

static void
show_waiting(const struct waiting *waiting)
{
	ui_progress(waiting->options->ui, "waiting for %s; plug it in, Ctrl-C gives up",
	    waiting->wanted);
}

static bool
was_there(const struct token_list *list, const struct token_found *found)
{
	for (size_t i = 0; i < list->count; i++) {
		if (found_same(&list->found[i], found))
			return true;
	}
	return false;
}

/* Another side of a device that stands before it in LIST: one word on it is enough. */
static bool
said_before(const struct token_list *list, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (list->found[i].serial != 0 && list->found[i].serial == list->found[at].serial)
			return true;
	}
	return false;
}

/* Say whose tokens those are that have just come and do not fit. */
static void
say_new(const struct waiting *waiting, const struct token_list *list)
{
	static const struct hand_want nothing;
	const struct hand_want *want = waiting->want != NULL ? waiting->want : &nothing;
	bool said = false;
	struct err why = {0};

	for (size_t i = 0; i < list->count; i++) {
		const struct token_found *found = &list->found[i];

		if (was_there(&waiting->before, found) || said_before(list, i) ||
		    other_side_is_held(waiting->options, list, found, want) ||
		    (waiting->not_this != NULL && found_same(found, waiting->not_this)))
			continue;
		(void)!say_misfit(waiting->options, found, want, waiting->wanted, &why);
		ui_say(waiting->options->ui, "%s.", why.text);
		said = true;
	}
	if (said || waiting->before.count != list->count)
		show_waiting(waiting);
}

/* Look again when something may have changed; a reader service that is away may come back. */
static enum err_code
look(struct waiting *waiting, struct matches *ret_matches, struct token_list *ret_list,
    struct err *err)
{
	const struct client_options *options = waiting->options;
	enum err_code code = list(options, waiting->want, waiting->not_this, ret_list, err);

	if (code != ERR_OK && !waiting->failed) {
		ui_say(options->ui, "%s.", err->text);
		show_waiting(waiting);
	}
	waiting->failed = code != ERR_OK;
	if (code != ERR_OK)
		return ERR_NOT_FOUND;
	if (waiting->not_this != NULL && !was_there(ret_list, waiting->not_this))
		waiting->not_this = NULL;
	ret_matches->count = 0;
	match_collect(options, waiting->want, ret_list, waiting->not_this, ret_matches);
	code = match_choose(options, ret_matches, err);
	if (code == ERR_NOT_FOUND)
		say_new(waiting, ret_list);
	waiting->before = *ret_list;
	return code;
}

static void
sleep_until_change(const struct client_options *options)
{
	int64_t began = process_milliseconds();
	bool changed = false;
	struct err ignored;

	/* Drivers that cannot wait return at once. */
	(void)!token_wait(options->drivers, options->driver_count, LOOK_MILLISECONDS, &changed,
	    &ignored);
	if (!changed && process_milliseconds() - began < LOOK_MILLISECONDS / 2)
		poll(NULL, 0, LOOK_MILLISECONDS / 2);
}

static enum err_code
wait_for(struct waiting *waiting, struct matches *ret_matches, struct token_list *ret_list,
    struct err *err)
{
	enum err_code code = ERR_NOT_FOUND;

	say_new(waiting, ret_list);
	waiting->before = *ret_list;
	show_waiting(waiting);
	while (code == ERR_NOT_FOUND && process_milliseconds() < waiting->deadline) {
		sleep_until_change(waiting->options);
		code = look(waiting, ret_matches, ret_list, err);
	}
	if (code != ERR_NOT_FOUND)
		return code;
	return say_none(waiting->options, ret_list, waiting->want, err);
}

enum err_code
hand_find(const struct client_options *options, const struct hand_want *want,
    const struct token_found *not_this, struct hand_match *ret_match, struct err *err)
{
	static const struct hand_want nothing;
	struct token_list plugged = {0};
	struct matches matches = {0};
	struct waiting waiting = {.options = options,
	    .want = want,
	    .not_this = not_this,
	    .deadline = process_milliseconds() + options->wait * 1000};
	enum err_code code;

	TRY(list(options, want, not_this, &plugged, err));
	match_collect(options, want, &plugged, not_this, &matches);
	code = match_choose(options, &matches, err);
	if (code == ERR_NOT_FOUND && options->wait > 0) {
		want_name(options, want != NULL ? want : &nothing, waiting.wanted);
		if (want == NULL && options->serial == 0)
			snprintf(waiting.wanted, sizeof(waiting.wanted), "a token");
		code = wait_for(&waiting, &matches, &plugged, err);
	} else if (code == ERR_NOT_FOUND) {
		return say_none(options, &plugged, want, err);
	}
	if (code != ERR_OK)
		return code;
	*ret_match =
	    (struct hand_match){*matches.all[0].found, matches.all[0].seat, matches.all[0].entry};
	return ERR_OK;
}
