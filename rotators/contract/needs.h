/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a definition needs of its host, which is all of it that its rotator gets.  A rotator's description
 * (rotators/contract/description.h) says which members of a target name it:
 *
 *	"needs": [{"need":KIND,"member":NAME[,"when":{MEMBER:TEXT,..}]}, ..]	at most 16; the target has the members of "when" so
 *
 *	account		under whose account it runs; the first that the target has.  Without: the one for rotators
 *	read		a file or folder, or an array of them; "a.b" is member b of the object a
 *	change		likewise, to change
 *	change-beside	the folder in which the file stands, to change: another takes the file's place
 *	socket		a socket with a name; where there is no host as well, it gets no network
 *	host		another host
 *	capabilities	{"need":"capabilities","names":[NAME,..][,"when":..]}: CHOWN, DAC_OVERRIDE, FOWNER, which a rotator that comes
 *			with Halligan has where its account is root
 *
 * A member that the target has not needs nothing.  Paths are absolute, without "." and "..".
 */
#ifndef ROTATORS_CONTRACT_NEEDS_H
#define ROTATORS_CONTRACT_NEEDS_H

#include "base/json.h"

enum {
	NEEDS_PATHS = 16,
	NEEDS_MAX = 16,
	NEEDS_ACCOUNT_MAX = 32,
	NEEDS_PATH_SIZE = 4096,
	NEEDS_SOCKET_MAX = 107
};
enum needs_capability { NEEDS_CHOWN = 1, NEEDS_DAC_OVERRIDE = 2, NEEDS_FOWNER = 4 };
extern const char *const needs_capability_names[];

struct needs_path {
	char path[NEEDS_PATH_SIZE];
	bool changes;
};
struct needs {
	char account[NEEDS_ACCOUNT_MAX + 1]; /* "": the one for rotators */
	struct needs_path *paths;            /* owned */
	size_t count;
	char socket[NEEDS_SOCKET_MAX + 1]; /* "": none */
	bool host;                         /* one is named */
	uint32_t capabilities;             /* bits of enum needs_capability */
};
void needs_done(struct needs *needs); /* accepts {0} */
#define NEEDS CLEANUP(needs_done) struct needs

/* What TARGET needs by the member "needs" of a DESCRIPTION (may have none).  RET_OF_TARGET as in description_parse.
 * ERR_INVALID, ERR_MEMORY. */
enum err_code needs_of(const struct json *description, const struct json *target,
    struct needs *ret_needs, bool *ret_of_target, struct err *err) MUST_CHECK;
/* All capabilities that a DESCRIPTION asks for, for whatever target. */
enum err_code needs_capabilities(const struct json *description, uint32_t *ret_capabilities,
    struct err *err) MUST_CHECK;
/* PATH, for reading or to change, from now on, too; once.  ERR_INVALID: it is no such path, or there are too many. */
enum err_code needs_add(struct needs *needs, const char *path, bool changes,
    struct err *err) MUST_CHECK;
/* Is TARGET one that "when" of an entry of a description means? */
bool needs_is_case(const struct json *when, const struct json *target);

#endif
