/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a vault is: "DIR" on this machine, or "ssh://[USER@]HOST[:PORT]/DIR".
 */
#ifndef CEREMONY_CLIENT_LOCATION_H
#define CEREMONY_CLIENT_LOCATION_H

#include "base/bytes.h"

enum { LOCATION_HOST_MAX = 255, LOCATION_USER_MAX = 64, LOCATION_TEXT_SIZE = 4608 };

struct location {
	bool remote;
	char host[LOCATION_HOST_MAX + 1]; /* the rest of these for remote ones only */
	char user[LOCATION_USER_MAX + 1]; /* "" when none is given */
	unsigned port;                    /* 0 when none is given */
	char folder[4096];                /* absolute */
	char text[LOCATION_TEXT_SIZE]; /* the one name of this place, for memory and for people */
};

/* Needless slashes and dots are left out, and links of this machine followed.  ERR_USAGE says what is wrong: a
 * host or user that ssh could take for an option, no folder, control characters.  A local folder need not
 * exist. */
enum err_code location_parse(const char *text, struct location *ret_location,
    struct err *err) MUST_CHECK;
/* The command for the shell of a remote machine, quoted: halligan serve --stdio --vault 'DIR'. */
enum err_code location_remote_command(const struct location *location, struct buf *ret_command,
    struct err *err) MUST_CHECK;

#endif
