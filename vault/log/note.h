/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C2SP signed notes and tlog checkpoints (c2sp.org/signed-note v1.0.0, tlog-checkpoint v1.0.0).
 *
 *	NAME/VAULTID32HEX\n SIZE\n BASE64(root)\n \n "— " NAME SP BASE64(keyid[4] || sig[64]) \n
 *
 * The log key's name is the origin.  keyid = SHA-256(name || 0A || 01 || public)[0:4].
 */
#ifndef VAULT_LOG_NOTE_H
#define VAULT_LOG_NOTE_H

#include "base/crypto.h"

enum { NOTE_MAX = 65536, NOTE_NAME_MAX = 128, NOTE_SIGNATURES_MAX = 32, ORIGIN_MAX = 100 };

struct note_key {
	char name[NOTE_NAME_MAX + 1]; /* no Unicode space, no '+' */
	struct ed25519_public key;
};

/* TEXT ends with '\n' and has no control characters but '\n'. */
enum err_code note_sign(struct view text, const struct note_key *key, const struct secret *seed,
    struct buf *ret_note, struct err *err) MUST_CHECK;
/* A valid signature of KEY must be there; unknown keys are ignored; a wrong signature under KEY's
 * name and id is ERR_INTEGRITY.  RET_TEXT is a view into NOTE. */
enum err_code note_open(struct view note, const struct note_key *key, struct view *ret_text,
    struct err *err) MUST_CHECK;

struct checkpoint {
	char origin[ORIGIN_MAX + 1];
	uint64_t size;
	struct digest root;
};
/* "NAME/" + the first 32 hex digits of the vault id. */
enum err_code checkpoint_origin(const char *name, const struct digest *vault,
    char ret_origin[ORIGIN_MAX + 1], struct err *err) MUST_CHECK;
enum err_code checkpoint_sign(const struct checkpoint *checkpoint, const struct secret *seed,
    const struct ed25519_public *key, struct buf *ret_note, struct err *err) MUST_CHECK;
/* Opens the note with KEY under ORIGIN and parses it strictly: no leading zeros, no extension
 * lines, 32-byte root. */
enum err_code checkpoint_open(struct view note, const char *origin,
    const struct ed25519_public *key, struct checkpoint *ret_checkpoint,
    struct err *err) MUST_CHECK;

#endif
