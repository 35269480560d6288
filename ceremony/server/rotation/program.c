/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/rotation/program.h"

#include <string.h>

enum err_code
program_of(const struct session *session, const struct definition *definition,
    struct rotator_found *ret_found, struct err *err)
{
	if (definition->contract != ROTATOR_CONTRACT)
		return err_set(err, ERR_VERSION,
		    "secret: rotator: contract: rotator %s shall speak contract %u, and this Halligan speaks %d",
		    definition->rotator, definition->contract, ROTATOR_CONTRACT);
	return rotator_find_defined(session->options->rotators, definition->rotator,
	    definition->own ? &definition->rotator_hash : NULL, ret_found, err);
}

struct rotator_start
program_start(const struct session *session, const struct definition *definition,
    const struct rotator_found *program)
{
	static const char directory[] = "directory:";
	unsigned seconds = session->options->rotator_seconds;
	const char *copy = session->chain.charter->copy;
	size_t size = sizeof(directory) - 1;

	return (struct rotator_start){.path = program->path,
	    .hash = program->hash,
	    .own = program->own,
	    .places = session->options->rotators,
	    .hidden = {session->folder, strncmp(copy, directory, size) == 0 ? copy + size : NULL},
	    .target = definition->target,
	    .seconds = seconds != 0 ? seconds : ROTATOR_SECONDS};
}
