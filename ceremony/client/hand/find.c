/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All pairs of a plugged token and an entry of the document that fit are collected.  Sure ones (by
 * serial) outdo candidates (by model).  What is left is narrowed: a device's two drivers to the one
 * that was asked for, else PIV; several tokens by a touch; one token that may be several people's by
 * the label that the person types.
 */
#include "ceremony/client/hand/find.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/process.h"

enum { MATCHES_MAX = 64, CHOOSE_MILLISECONDS = 15000, LOOK_MILLISECONDS = 1000,
	WANTED_SIZE = HAND_NAME_SIZE };

struct match {
	const struct token_found *found;
	const struct seat *seat;
	const struct seat_token *entry;
	bool sure;
};
struct matches {
	struct match all[MATCHES_MAX];
	size_t count;
};

/* ---- what is wanted ---- */

static bool
seat_fits(const struct hand_want *want, const struct seat *seat)
{
	return (want->roles == 0 || (seat->roles & want->roles) != 0) &&
	    (want->seat == NULL || strcmp(want->seat, seat->name) == 0);
}

static bool
entry_asked_for(const struct client_options *options, const struct seat_token *entry)
{
	return (options->label == NULL || strcmp(options->label, entry->label) == 0) &&
	    (options->driver == NULL || strcmp(options->driver, entry->driver) == 0);
}

/* Call FUNCTION for each entry of the lists until it returns false. */
static void
each_entry(const struct hand_want *want, bool (*function)(void *context, const struct seat *seat,
    const struct seat_token *entry), void *context)
{
	for (size_t l = 0; l < HAND_LISTS; l++) {
		for (size_t s = 0; s < want->lists[l].count; s++) {
			const struct seat *seat = &want->lists[l].seats[s];

			for (size_t t = 0; t < seat->token_count; t++) {
				if (!function(context, seat, &seat->tokens[t]))
					return;
			}
		}
	}
}

struct by_serial {
	uint32_t serial;
	const struct seat *seat;
};

static bool
look_for_serial(void *context, const struct seat *seat, const struct seat_token *entry)
{
	struct by_serial *wanted = context;

	if (entry->serial == wanted->serial)
		wanted->seat = seat;
	return wanted->seat == NULL;
}

const struct seat *
seat_of_serial(const struct hand_want *want, uint32_t serial)
{
	struct by_serial wanted = {.serial = serial};

	if (serial != 0)
		each_entry(want, look_for_serial, &wanted);
	return wanted.seat;
}

/* "a token of an officer" */
static void
wanted_text(const struct hand_want *want, char ret_text[WANTED_SIZE])
{
	size_t used = 0;

	if (want->seat != NULL) {
		snprintf(ret_text, WANTED_SIZE, "a token of the seat %s", want->seat);
		return;
	}
	snprintf(ret_text, WANTED_SIZE, "a token of this vault");
	for (unsigned bit = 0; bit < 3; bit++) {
		if ((want->roles & (1u << bit)) == 0)
			continue;
		used += (size_t)snprintf(ret_text + used, WANTED_SIZE - used, "%s%s",
		    used == 0 ? "a token of an " : " or ", role_names[bit]);
	}
	if (want->roles == ROLE_RESPONDER)
		snprintf(ret_text, WANTED_SIZE, "a token of a responder");
}

struct single {
	const struct client_options *options;
	const struct hand_want *want;
	const struct seat *seat;
	const struct seat_token *entry;
	size_t count;
};

static bool
look_for_single(void *context, const struct seat *seat, const struct seat_token *entry)
{
	struct single *single = context;

	if (!seat_fits(single->want, seat) || !entry_asked_for(single->options, entry) ||
	    (single->options->serial != 0 && entry->serial != single->options->serial))
		return true;
	if (single->entry == NULL || !digest_equal(&single->entry->id, &entry->id))
		single->count++;
	single->seat = seat;
	single->entry = entry;
	return true;
}

/* The same, by name where only one token can be meant. */
static void
wanted_name(const struct client_options *options, const struct hand_want *want,
    char ret_text[WANTED_SIZE])
{
	struct single single = {.options = options, .want = want};

	each_entry(want, look_for_single, &single);
	if (single.count == 1)
		entry_text(single.seat, single.entry, ret_text);
	else if (options->serial != 0)
		snprintf(ret_text, WANTED_SIZE, "token %u", options->serial);
	else
		wanted_text(want, ret_text);
}

/* ---- matching ---- */

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

static bool
collect_entry(void *context, const struct seat *seat, const struct seat_token *entry)
{
	const struct collecting *here = context;
	const struct token_found *found = here->found;
	bool known = found->serial != 0 && entry->serial != 0;
	bool sure = known && found->serial == entry->serial;
	bool same_model = !known && strcmp(found->driver, "fido2") == 0 &&
	    memcmp(found->aaguid, entry->aaguid, AAGUID_SIZE) == 0;
	uint32_t serial = found->serial != 0 ? found->serial : entry->serial;

	if (strcmp(found->driver, entry->driver) != 0 || (!sure && !same_model) ||
	    !seat_fits(here->want, seat) || !entry_asked_for(here->options, entry) ||
	    (here->options->serial != 0 && here->options->serial != serial) ||
	    already_there(here->matches, found, entry))
		return true;
	if (here->matches->count < MATCHES_MAX)
		here->matches->all[here->matches->count++] =
		    (struct match){found, seat, entry, sure};
	return true;
}

static bool
same_token(const struct token_found *a, const struct token_found *b)
{
	return strcmp(a->driver, b->driver) == 0 && strcmp(a->reader, b->reader) == 0 &&
	    a->serial == b->serial;
}

static void
collect(const struct client_options *options, const struct hand_want *want,
    const struct token_list *list, const struct token_found *not_this, struct matches *ret_matches)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct token_found *found = &list->found[i];
		struct collecting here = {options, want, found, ret_matches};

		if (found->problem[0] != '\0' || (not_this != NULL && same_token(found, not_this)))
			continue;
		if (want != NULL) {
			each_entry(want, collect_entry, &here);
			continue;
		}
		if ((options->serial == 0 || options->serial == found->serial) &&
		    (options->driver == NULL || strcmp(options->driver, found->driver) == 0))
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
is_piv(const struct match *match, const void *of)
{
	(void)of;
	return strcmp(match->found->driver, "piv") == 0;
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

	return matches->count == 2 && strcmp(a->found->driver, b->found->driver) != 0 &&
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
			buf_format(&text, "the FIDO2 token in %s", found->reader);
		if (match->entry != NULL && found->serial == 0)
			buf_format(&text, " (%s's \"%s\"?)", match->seat->name, match->entry->label);
		else if (match->seat != NULL)
			buf_format(&text, " (%s)", match->seat->name);
		else
			buf_format(&text, " (%s)", found->driver);
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
	    token_can_choose(options->drivers, options->driver_count, tokens, count)) {
		ui_say(options->ui, "%zu tokens fit, and they blink. Touch the one to use; that touch "
		    "chooses it and does nothing else.", count);
		TRY(token_choose(options->drivers, options->driver_count, tokens, count,
		    CHOOSE_MILLISECONDS, &chosen, err));
		filter(matches, is_of, tokens[chosen]);
		return ERR_OK;
	}
	if (options->serial != 0 && matches->all[0].sure)
		return err_set(err, ERR_TOKEN,
		    "two tokens say that their serial is %u: unplug all but yours", options->serial);
	return say_several(matches, any(matches, is_piv) ?
	    "choose one with --serial, or unplug the others" :
	    "choose one with --token LABEL, or unplug the others", err);
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

/* The one that is meant; ERR_NOT_FOUND when there is none. */
static enum err_code
choose(const struct client_options *options, struct matches *matches, struct err *err)
{
	if (matches->count == 0)
		return ERR_NOT_FOUND;
	if (any(matches, is_sure))
		filter(matches, is_sure, NULL);
	if (one_device(matches)) {
		filter(matches, is_piv, NULL);
		ui_say(options->ui, "PIV and FIDO2 are both there; PIV is used (--driver fido2 takes the "
		    "other).");
	}
	TRY(choose_token(options, matches, err));
	return matches->count > 1 ? choose_entry(options, matches, err) : ERR_OK;
}

/* ---- none ---- */

/* Why FOUND does not fit WANT. */
static enum err_code
say_misfit(const struct token_found *found, const struct hand_want *want, const char *wanted,
    struct err *err)
{
	char name[FOUND_TEXT_SIZE];
	const struct seat *seat = seat_of_serial(want, found->serial);

	found_text(found, name);
	if (found->problem[0] == '\0' && want->lists[0].count == 0)
		return err_set(err, ERR_TOKEN_ABSENT, "%s is plugged in; this needs %s", name, wanted);
	if (found->problem[0] != '\0')
		return err_set(err, ERR_TOKEN, "the token in %s cannot be used: %s", found->reader,
		    found->problem);
	if (seat != NULL)
		return err_set(err, ERR_TOKEN_ABSENT, "%s belongs to the seat %s; this needs %s", name,
		    seat->name, wanted);
	if (found->serial == 0)
		return err_set(err, ERR_TOKEN_ABSENT,
		    "%s is none that fits, by its model; this needs %s", name, wanted);
	return err_set(err, ERR_TOKEN_ABSENT, "%s belongs to no seat of this vault; this needs %s",
	    name, wanted);
}

/* The token with the serial that was asked for is not there; or it is one that cannot tell its own, since another
 * program holds it. */
static enum err_code
say_absent(const struct client_options *options, const struct token_list *list,
    const char *wanted, struct err *err)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct token_found *found = &list->found[i];

		if (found->serial == 0 && found->busy)
			return err_set(err, ERR_TOKEN, "token %u is not among those that answer; the one "
			    "in %s, which may be it, cannot be used: %s; mend that, or take another token "
			    "of the seat", options->serial, found->reader, found->problem);
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

	wanted_text(want != NULL ? want : &nothing, wanted);
	if (list->count == 0 && want == NULL)
		return err_set(err, ERR_TOKEN_ABSENT, "no token is plugged in");
	if (list->count == 0)
		return err_set(err, ERR_TOKEN_ABSENT, "no token is plugged in; this needs %s", wanted);
	for (size_t i = 0; i < list->count; i++) {
		const struct token_found *found = &list->found[i];

		if ((options->serial != 0 && found->serial != options->serial) ||
		    (want == NULL && found->problem[0] == '\0'))
			continue;
		return say_misfit(found, want != NULL ? want : &nothing, wanted, err);
	}
	if (options->serial != 0)
		return say_absent(options, list, wanted, err);
	return err_set(err, ERR_TOKEN_ABSENT, "no %s token is plugged in",
	    options->driver != NULL && strcmp(options->driver, "fido2") == 0 ? "FIDO2" : "PIV");
}

/* ---- waiting ---- */

struct waiting {
	const struct client_options *options;
	const struct hand_want *want;
	const struct token_found *not_this;
	char wanted[WANTED_SIZE];
	struct token_list before; /* what was there when it was last looked */
	bool failed;		  /* the last look failed */
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
		if (same_token(&list->found[i], found))
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
		    (waiting->not_this != NULL && same_token(found, waiting->not_this)))
			continue;
		(void)!say_misfit(found, want, waiting->wanted, &why);
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
	enum err_code code =
	    token_list_all(options->drivers, options->driver_count, ret_list, err);

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
	collect(options, waiting->want, ret_list, waiting->not_this, ret_matches);
	code = choose(options, ret_matches, err);
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
	struct token_list list = {0};
	struct matches matches = {0};
	struct waiting waiting = {.options = options, .want = want, .not_this = not_this,
		.deadline = process_milliseconds() + options->wait * 1000};
	enum err_code code;

	TRY(token_list_all(options->drivers, options->driver_count, &list, err));
	collect(options, want, &list, not_this, &matches);
	code = choose(options, &matches, err);
	if (code == ERR_NOT_FOUND && options->wait > 0) {
		wanted_name(options, want != NULL ? want : &nothing, waiting.wanted);
		if (want == NULL && options->serial == 0)
			snprintf(waiting.wanted, sizeof(waiting.wanted), "a token");
		code = wait_for(&waiting, &matches, &list, err);
	} else if (code == ERR_NOT_FOUND) {
		return say_none(options, &list, want, err);
	}
	if (code != ERR_OK)
		return code;
	*ret_match = (struct hand_match){*matches.all[0].found, matches.all[0].seat,
		matches.all[0].entry};
	return ERR_OK;
}
