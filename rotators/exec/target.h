/* SPDX-License-Identifier: Apache-2.0 */
/* The target of halligan-rotate-exec: which program, and what of a credential it gets (docs/rotators.md). */
#ifndef ROTATORS_EXEC_TARGET_H
#define ROTATORS_EXEC_TARGET_H

#include "base/announcement.h"
#include "base/credential.h"

enum { ARGUMENTS_MAX = 16, ARGUMENT_SIZE = 1024, SETTINGS_MAX = 16384 };
enum { ALPHABET_MAX = 94, LENGTH_MAX = 1024 };

struct exec {
	char arguments[ARGUMENTS_MAX][ARGUMENT_SIZE];
	size_t count;
	int executable;
	struct announcement announced;
	bool fields[CREDENTIAL_FIELDS];
	enum credential_field secret;    /* the field that is handed over */
	struct buf settings;             /* one line of JSON */
	char alphabet[ALPHABET_MAX + 1]; /* "": the program generates */
	unsigned length;
};

/* TARGET as a signed definition has it.  EXEC has -1 for its executable, and takes over ROTATOR_PROGRAM_FD.  ERR_INVALID. */
enum err_code exec_read_target(const struct json *target, struct exec *exec,
    struct err *err) MUST_CHECK;

#endif
