/* SPDX-License-Identifier: Apache-2.0 */
/* Which token is wanted: by the document in which it stands, and by what the person asked for. */
#ifndef CEREMONY_CLIENT_HAND_WANT_H
#define CEREMONY_CLIENT_HAND_WANT_H

#include "ceremony/client/connection.h"
#include "ceremony/client/hand/names.h"

/* Seats of a document in which a token may stand. */
struct hand_list {
	const struct seat *seats;
	size_t count;
};
enum { HAND_LISTS = 3 };
struct hand_want {
	struct hand_list lists[HAND_LISTS];  /* the first that names a token counts */
	unsigned roles;                      /* one of these; 0: any */
	const char *seat;                    /* only this one; NULL: any */
	const struct suspensions *suspended; /* none of these; NULL: nothing is known */
};

/* Call FUNCTION for each entry of the lists until it returns false. */
void want_each(const struct hand_want *want,
    bool (*function)(void *context, const struct seat *seat, const struct seat_token *entry),
    void *context);
bool want_fits(const struct hand_want *want, const struct seat *seat);
/* By label and driver. */
bool want_asked_for(const struct client_options *options, const struct seat_token *entry);
/* Is there a token of the label that was asked for, and does it fit?  Else nobody waits for it: ERR_USAGE names those that
 * fit, ERR_TOKEN_ABSENT whose it is. */
enum err_code want_check_label(const struct client_options *options, const struct hand_want *want,
    struct err *err) MUST_CHECK;
/* The seat in the lists of WANT that has a token of SERIAL, whatever its roles and driver. */
const struct seat *seat_of_serial(const struct hand_want *want, uint32_t serial);
/* The entry of SERIAL that fits WANT and OPTIONS, but is one of another driver than TRAITS; NULL: none.
 * A device has two sides, and only one of them may be in the document. */
const struct seat_token *want_other_side(const struct client_options *options,
    const struct hand_want *want, uint32_t serial, const struct token_traits *traits);
/* "a token of an officer" */
enum { WANTED_SIZE = HAND_NAME_SIZE };
void want_text(const struct hand_want *want, char ret_text[WANTED_SIZE]);
/* The same, by name where only one token can be meant. */
void want_name(const struct client_options *options, const struct hand_want *want,
    char ret_text[WANTED_SIZE]);

#endif
