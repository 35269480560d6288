/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a rotator says of itself before it is run: `halligan-rotate-NAME.json` beside the program, of at most 16 KiB.
 *
 *	{"rotator":NAME,"contract":2,"fields":[FIELD,..],
 *	 "announces":[{"when":{MEMBER:TEXT,..},"style":..,..}, ..],	base/announcement.h; the first whose members the
 *									target has as they stand here
 *	 "target":["announces","fields","command"],			optional: where the target has these, its own count;
 *									"command": it names a program, which whoever starts the
 *									rotator opens for it (rotators/contract/places.h)
 *	 "needs":[..]}						optional: what it needs of its host (rotators/contract/needs.h)
 */
#ifndef ROTATORS_CONTRACT_DESCRIPTION_H
#define ROTATORS_CONTRACT_DESCRIPTION_H

#include "base/announcement.h"
#include "base/credential.h"
#include "rotators/contract/contract.h"
#include "rotators/contract/needs.h"

enum { DESCRIPTION_MAX = 16384, DESCRIPTION_CASES = 16 };

struct description {
	char rotator[ROTATOR_NAME_MAX + 1];
	bool fields[CREDENTIAL_FIELDS]; /* those that a value must have */
	struct announcement announced;
	bool runs; /* the program that the target's "command" names */
};

/* What TEXT, such a file, says of TARGET.  ERR_INVALID: it is none, or not one of NAME; ERR_VERSION: of another
 * contract.  Always set is RET_OF_TARGET: the file is sound, and an error is TARGET's.  Then ERR_REFUSED: the rotator has
 * nothing for it; ERR_INVALID: a member of it that the file lets count is malformed. */
enum err_code description_parse(struct view text, const char *name, const struct json *target,
    struct description *ret_description, bool *ret_of_target, struct err *err) MUST_CHECK;
/* The same of the file beside PROGRAM, which belongs to root or us and which nobody else may write.
 * ERR_NOT_FOUND, ERR_REFUSED, ERR_IO. */
enum err_code description_read(const char *program, const char *name, const struct json *target,
    struct description *ret_description, bool *ret_of_target, struct err *err) MUST_CHECK;

/* All capabilities that it asks for, for whatever target (rotators/contract/needs.h). */
enum err_code description_capabilities(const char *program, uint32_t *ret_capabilities,
    struct err *err) MUST_CHECK;
/* Alone what it needs of its host for TARGET, and whether it runs such a program; without a file beside it, nothing and none. */
enum err_code description_needs(const char *program, const struct json *target,
    struct needs *ret_needs, bool *ret_runs, struct err *err) MUST_CHECK;

/* The credential's fields that the member "fields" names, each once. */
void description_fields(struct json_in *in, bool ret_fields[CREDENTIAL_FIELDS]);
void description_put_fields(struct json *object, const bool fields[CREDENTIAL_FIELDS]);

#endif
