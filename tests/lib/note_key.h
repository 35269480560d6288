/* SPDX-License-Identifier: Apache-2.0 */
/* A note's key as C2SP writes it for others: "name+hex8+base64(01 || public)". */
#ifndef TESTS_LIB_NOTE_KEY_H
#define TESTS_LIB_NOTE_KEY_H

#include <string.h>

#include "base/base64.h"
#include "base/text.h"
#include "vault/log/note.h"

__attribute__((unused)) static enum err_code
note_key_format(const struct note_key *key, struct buf *ret_vkey, struct err *err)
{
	static const uint8_t type[] = {1}; /* Ed25519 */
	const struct view parts[] = {view_of_text(key->name), view_of_text("\n"), VIEW_OF(type),
	    VIEW_OF(key->key.bytes)};
	BUF public = {0};
	struct digest digest;

	TRY(sha256(parts, ARRAY_SIZE(parts), &digest, err));
	buf_bytes(&public, VIEW_OF(type));
	buf_bytes(&public, VIEW_OF(key->key.bytes));
	buf_format(ret_vkey, "%s+", key->name);
	buf_hex(ret_vkey, view_of(digest.bytes, 4));
	buf_text(ret_vkey, "+");
	buf_base64(ret_vkey, buf_view(&public));
	return buf_check(ret_vkey, err);
}

/* A key that somebody else wrote; it must be as we write it. */
__attribute__((unused)) static enum err_code
note_key_parse(const char *vkey, struct note_key *ret_key, struct err *err)
{
	size_t name = strcspn(vkey, "+");
	struct note_key key = {0};
	BUF public = {0}, again = {0};

	if (name > NOTE_NAME_MAX || strlen(vkey) < name + 10 ||
	    !buf_from_base64(&public, view_of_text(vkey + name + 10)) ||
	    public.size != 1 + ED25519_SIZE)
		return err_set(err, ERR_INVALID, "%s is no key of a note", vkey);
	memcpy(key.name, vkey, name);
	memcpy(key.key.bytes, public.data + 1, ED25519_SIZE);
	TRY(note_key_format(&key, &again, err));
	if (strcmp(buf_string(&again), vkey) != 0)
		return err_set(err, ERR_INVALID, "%s is not how we write it: %s", vkey,
		    buf_string(&again));
	*ret_key = key;
	return ERR_OK;
}

#endif
