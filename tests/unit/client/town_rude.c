/* SPDX-License-Identifier: Apache-2.0 */
/* A server that breaks the protocol. */
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/client/town.h"

bool
town_be_rude(struct town *town, const char *op)
{
	static const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	static const uint8_t half[] = {0, 0, 0, 20, 0, 0, 0, 0, '{', '"'};
	static const char no_reply[] = "\0\0\0\x11\0\0\0\0{\"progress\":true}";
	ssize_t wrote = 0;

	if (town->rude_at == NULL || strcmp(town->rude_at, op) != 0)
		return true;
	if (town->rude == TOWN_GARBAGE)
		wrote = write(town->fd, "Permission denied, please try again.\n", 37);
	else if (town->rude == TOWN_HUGE)
		wrote = write(town->fd, huge, sizeof(huge));
	else if (town->rude == TOWN_HALF)
		wrote = write(town->fd, half, sizeof(half));
	else if (town->rude == TOWN_NO_REPLY)
		wrote = write(town->fd, no_reply, sizeof(no_reply) - 1);
	if (wrote < 0)
		abort();
	return false;
}
