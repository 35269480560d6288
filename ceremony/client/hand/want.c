/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/hand/want.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

bool
want_fits(const struct hand_want *want, const struct seat *seat)
{
	return (want->roles == 0 || (seat->roles & want->roles) != 0) &&
	    (want->seat == NULL || strcmp(want->seat, seat->name) == 0);
}

bool
want_asked_for(const struct client_options *options, const struct seat_token *entry)
{
	return (options->label == NULL || strcmp(options->label, entry->label) == 0) &&
	    (options->driver == NULL || strcmp(options->driver->name, entry->driver) == 0);
}

void
want_each(const struct hand_want *want,
    bool (*function)(void *context, const struct seat *seat, const struct seat_token *entry),
    void *context)
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
		want_each(want, look_for_serial, &wanted);
	return wanted.seat;
}

struct other_side {
	const struct client_options *options;
	const struct hand_want *want;
	uint32_t serial;
	const struct token_traits *traits;
	const struct seat_token *entry;
};

static bool
look_for_other_side(void *context, const struct seat *seat, const struct seat_token *entry)
{
	struct other_side *side = context;

	if (entry->serial == side->serial && want_fits(side->want, seat) &&
	    want_asked_for(side->options, entry) && strcmp(entry->driver, side->traits->name) != 0)
		side->entry = entry;
	return side->entry == NULL;
}

const struct seat_token *
want_other_side(const struct client_options *options, const struct hand_want *want, uint32_t serial,
    const struct token_traits *traits)
{
	struct other_side side = {options, want, serial, traits, NULL};

	if (serial != 0)
		want_each(want, look_for_other_side, &side);
	return side.entry;
}

void
want_text(const struct hand_want *want, char ret_text[WANTED_SIZE])
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

	if (!want_fits(single->want, seat) || !want_asked_for(single->options, entry) ||
	    (single->options->serial != 0 && entry->serial != single->options->serial))
		return true;
	if (single->entry == NULL || !digest_equal(&single->entry->id, &entry->id))
		single->count++;
	single->seat = seat;
	single->entry = entry;
	return true;
}

void
want_name(const struct client_options *options, const struct hand_want *want,
    char ret_text[WANTED_SIZE])
{
	struct single single = {.options = options, .want = want};

	want_each(want, look_for_single, &single);
	if (single.count == 1)
		entry_text(single.seat, single.entry, ret_text);
	else if (options->serial != 0)
		snprintf(ret_text, WANTED_SIZE, "token %u", options->serial);
	else
		want_text(want, ret_text);
}

struct by_label {
	const struct client_options *options;
	const struct hand_want *want;
	const struct seat *seat; /* whose token has the label */
	bool fits;
	size_t count;     /* tokens that fit */
	struct buf names; /* of them */
};

static bool
look_for_label(void *context, const struct seat *seat, const struct seat_token *entry)
{
	struct by_label *wanted = context;
	bool fits = want_fits(wanted->want, seat);

	if (fits && entry->label[0] != '\0')
		buf_format(&wanted->names, "%s%s", wanted->count++ > 0 ? ", " : "",
		    QUOTED(entry->label));
	if (strcmp(entry->label, wanted->options->label) != 0)
		return true;
	wanted->seat = seat;
	wanted->fits |= fits;
	return true;
}

static void
by_label_done(struct by_label *wanted)
{
	buf_done(&wanted->names);
}

enum err_code
want_check_label(const struct client_options *options, const struct hand_want *want,
    struct err *err)
{
	CLEANUP(by_label_done)
	struct by_label wanted = {.options = options, .want = want};
	char text[WANTED_SIZE];

	if (options->label == NULL || want->lists[0].count == 0)
		return ERR_OK;
	want_each(want, look_for_label, &wanted);
	TRY(buf_check(&wanted.names, err));
	if (wanted.fits)
		return ERR_OK;
	want_text(want, text);
	if (wanted.seat != NULL)
		return err_set(err, ERR_TOKEN_ABSENT,
		    "token %s belongs to the seat %s; this needs %s", QUOTED(options->label),
		    wanted.seat->name, text);
	return err_set(err, ERR_USAGE, "no token is called %s; this needs %s: %s",
	    QUOTED(options->label), text, buf_string(&wanted.names));
}
