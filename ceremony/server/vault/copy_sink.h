/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The copy sink of the charter in force: a second place that has each sealed version before the target hears of it, so that
 * the value that a target accepts survives the loss of the vault's disk, and remembers what was released.  It holds what
 * officers' tokens open, and what anybody may read.  What is in it: docs/FORMAT.md, "The copy sink"; what should be, and which
 * sink has acknowledged it: vault/store/copy.h.
 *
 *	none		the charter names no sink
 *	new		it names one that has no marker yet
 *	marked		the vault drew an id for it, and its marker has that
 *
 * A sink is taken by its marker alone: where that is missing, is another vault's, or of another id, it is not there.
 */
#ifndef CEREMONY_SERVER_VAULT_COPY_SINK_H
#define CEREMONY_SERVER_VAULT_COPY_SINK_H

#include "ceremony/server/vault/session.h"
#include "ceremony/server/vault/sink.h"
#include "vault/seal/seal.h"

/* Is COPY well-formed, does the folder take and give back a file, and is it no other vault's (VAULT; NULL: there is no
 * id yet)?  ERR_INVALID, ERR_NOT_FOUND, ERR_REFUSED, ERR_IO. */
enum err_code copy_check(const char *copy, const struct digest *vault, struct err *err) MUST_CHECK;
/* Does the charter in force name one? */
bool copy_wanted(const struct session *session);
/* A new sink gets its marker.  Killed at any point it can be done again.  Outside a change. */
enum err_code copy_mark(struct session *session, struct err *err) MUST_CHECK;
/* The sink in force, as its marker shows.  RET_ID: its id.  ERR_NOT_FOUND: it is not there, or new; ERR_REFUSED: what stands
 * there is another's; the text says what leads out. */
enum err_code copy_open(struct session *session, struct sink *ret_sink, struct id *ret_id,
    struct err *err) MUST_CHECK;
/* Would it take a copy now, as far as a look can tell?  Where no sink is wanted, and in a rehearsal, ERR_OK. */
enum err_code copy_look(struct session *session, struct err *err) MUST_CHECK;
/* Has the sink in force acknowledged this version?  ERR_WAITING: it has not, and what sends it.  Where no sink is wanted,
 * and in a rehearsal, ERR_OK. */
enum err_code copy_check_version(struct session *session, const struct secret_id *secret,
    uint32_t number, struct err *err) MUST_CHECK;
/* The id of a sink that was marked, whether it is there or not.  ERR_NOT_FOUND: there is none. */
enum err_code copy_id(struct session *session, struct id *ret_id, struct err *err) MUST_CHECK;

/* A version as a file of the sink: its bytes, and its name. */
enum err_code copy_encode(const struct sealed_version *version, struct buf *ret_file,
    struct err *err) MUST_CHECK;
void copy_name_version(const struct secret_id *secret, uint32_t number,
    const struct digest *header_hash, char ret_name[SINK_NAME_SIZE]);
void copy_name_release(const struct id *ceremony, char ret_name[SINK_NAME_SIZE]);

/* Give it VERSION: RET_ID is the sink that acknowledged it, zeros where none is wanted. */
enum err_code copy_version(struct session *session, const struct secret_id *secret, uint32_t number,
    const struct digest *header_hash, const struct sealed_version *version, struct id *ret_id,
    struct err *err) MUST_CHECK;
/* The same of the statement by which CEREMONY released something. */
enum err_code copy_release(struct session *session, const struct id *ceremony,
    const struct dsse *statement, struct id *ret_id, struct err *err) MUST_CHECK;

#endif
