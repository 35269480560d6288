/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder of a copy sink ("directory:PATH"), and its marker, the file `halligan-copy`, by which a vault knows it: an empty
 * mount point has none, and that of another vault says so.
 *
 *	{"format":1,"vault":HEX32,"sink":HEX16}
 *
 * SINK is drawn anew whenever a folder is made a sink, so that what another one had acknowledged counts for nothing.
 * Everything is reached from the open folder, which belongs to us and is closed to others.
 *
 * What a file holds is read back through another descriptor, after the kernel was asked to forget its pages.  So a file
 * system that said "written" and lost it is caught, on this host; a server or a disk that keeps it in memory of its own and
 * says that it is durable is not.
 */
#ifndef CEREMONY_SERVER_VAULT_SINK_H
#define CEREMONY_SERVER_VAULT_SINK_H

#include <stdlib.h>

#include "base/crypto.h"
#include "vault/documents/id.h"

#define SINK_MARKER "halligan-copy"
enum { SINK_NAME_SIZE = 128 };

struct sink {
	int folder; /* -1: none */
	char path[4096];
};
void sink_done(struct sink *sink); /* accepts {-1} */
#define SINK CLEANUP(sink_done) struct sink

/* "none" gives NULL; ERR_INVALID where COPY is neither that nor "directory:/PATH". */
enum err_code sink_path(const char *copy, const char **ret_path, struct err *err) MUST_CHECK;
/* The folder PATH.  ERR_NOT_FOUND: there is none; ERR_REFUSED: others may reach into it; ERR_IO. */
enum err_code sink_open(const char *path, struct sink *ret_sink, struct err *err) MUST_CHECK;
/* Can it take a file at all?  ERR_IO: it is read-only; ERR_NO_SPACE: nothing is left. */
enum err_code sink_takes(const struct sink *sink, struct err *err) MUST_CHECK;
/* Which vault's it is, and which sink.  ERR_NOT_FOUND: it has no marker; ERR_REFUSED: that is not of our making. */
enum err_code sink_read_marker(const struct sink *sink, struct digest *ret_vault, struct id *ret_id,
    struct err *err) MUST_CHECK;
enum err_code sink_write_marker(const struct sink *sink, const struct digest *vault,
    const struct id *id, struct err *err) MUST_CHECK;

enum sink_found { SINK_SAME, SINK_MISSING, SINK_DIFFERS };
/* What stands there as NAME, beside BYTES; what cannot be read differs. */
enum err_code sink_compare(const struct sink *sink, const char *name, struct view bytes,
    enum sink_found *ret_found, struct err *err) MUST_CHECK;
/* BYTES stand there as NAME, durable and read back: that is the acknowledgement.  Killed at any point it can be done again;
 * what stands there is not written again. */
enum err_code sink_put(const struct sink *sink, const char *name, struct view bytes,
    struct err *err) MUST_CHECK;
/* Its names, in no order; not its marker.  A file that a killed sink_put left is LEFT. */
enum err_code sink_each(const struct sink *sink,
    enum err_code (*visit)(void *context, const char *name, bool left, struct err *err),
    void *context, struct err *err) MUST_CHECK;
enum err_code sink_remove(const struct sink *sink, const char *name, struct err *err) MUST_CHECK;

#endif
