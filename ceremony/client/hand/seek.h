/* SPDX-License-Identifier: Apache-2.0 */
/* What is wanted, told to those who list tokens, so that they ask no more of them than they must. */
#ifndef CEREMONY_CLIENT_HAND_SEEK_H
#define CEREMONY_CLIENT_HAND_SEEK_H

#include "ceremony/client/hand/want.h"

struct seeking {
	const struct client_options *options;
	const struct hand_want *want; /* NULL: any token */
};

/* A token is meant, whatever else is plugged in, when it tells the serial of an entry that fits and no
 * entry that fits tells another, or is of the same device's other side.  Numbers that we made of what is
 * written on a card are not taken for unique.  Refers to SEEKING. */
struct token_seek seek_for(const struct seeking *seeking);

#endif
