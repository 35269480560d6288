/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A note is its text, which ends with a newline, a blank line, and signature lines:
 *
 *	TEXT LF "— " NAME SP BASE64(keyid[4] || signature) LF ...
 *
 * The last blank line of the note ends the text, since no signature line is blank.  We are a little
 * stricter than C2SP: bidirectional and C1 controls are refused as well, in texts and in names.
 */
#include "vault/log/note.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/crypto_key.h"
#include "base/text.h"

enum { KEY_ID_SIZE = 4, TYPE_ED25519 = 0x01, SIGNATURE_BLOB_MAX = 4096 };

static const char signature_start[] = "\xe2\x80\x94 "; /* U+2014, space */

struct key_id {
	uint8_t bytes[KEY_ID_SIZE];
};

/* Unicode's spaces that text_is_plain lets pass. */
static bool
has_space(struct view name)
{
	static const char *const spaces[] = {" ", "\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\xaf",
	    "\xe2\x81\x9f", "\xe3\x80\x80"};
	static const uint8_t quads[] = {0xe2, 0x80}; /* U+2000..200A: E2 80 80..8A */
	for (size_t i = 0; i < ARRAY_SIZE(spaces); i++) {
		if (memmem(name.data, name.size, spaces[i], strlen(spaces[i])) != NULL)
			return true;
	}
	for (size_t i = 0; i + 2 < name.size; i++) {
		if (memcmp(name.data + i, quads, sizeof(quads)) == 0 && name.data[i + 2] <= 0x8a)
			return true;
	}
	return false;
}

static bool
is_name(struct view name)
{
	return name.size > 0 && name.size <= NOTE_NAME_MAX && text_is_plain(name) &&
	    !has_space(name) && memchr(name.data, '+', name.size) == NULL;
}

static enum err_code
check_name(const char *name, struct err *err)
{
	if (!is_name(view_of_text(name)))
		return err_set(err, ERR_INVALID,
		    "a note's key needs a name of 1..%d bytes without spaces and '+'",
		    NOTE_NAME_MAX);
	return ERR_OK;
}

static enum err_code
key_id(const struct note_key *key, struct key_id *ret_id, struct err *err)
{
	static const uint8_t type[] = {'\n', TYPE_ED25519};
	const struct view parts[] = {view_of_text(key->name), VIEW_OF(type),
	    VIEW_OF(key->key.bytes)};
	struct digest digest;
	TRY(sha256(parts, ARRAY_SIZE(parts), &digest, err));
	memcpy(ret_id->bytes, digest.bytes, KEY_ID_SIZE);
	return ERR_OK;
}

/* Ends with a newline; plain but for newlines. */
static bool
is_text(struct view text)
{
	if (text.size == 0 || text.data[text.size - 1] != '\n')
		return false;
	for (size_t at = 0; at < text.size;) {
		const uint8_t *line = text.data + at;
		const uint8_t *end = memchr(line, '\n', text.size - at);
		size_t size = (size_t)(end - line);
		if (!text_is_plain(view_of(line, size)))
			return false;
		at += size + 1;
	}
	return true;
}

enum err_code
note_sign(struct view text, const struct note_key *key, const struct secret *seed,
    struct buf *ret_note, struct err *err)
{
	BUF note = {0}, blob = {0};
	struct ed25519_public public;
	struct key_id id;
	uint8_t signature[ED25519_SIGNATURE_SIZE];
	TRY(check_name(key->name, err));
	if (!is_text(text))
		return err_set(err, ERR_INVALID, "a note's text must be plain lines, each ended");
	TRY(ed25519_public(seed, &public, err));
	if (memcmp(public.bytes, key->key.bytes, ED25519_SIZE) != 0)
		return err_set(err, ERR_INVALID, "the private key is not that of \"%s\"",
		    key->name);
	TRY(key_id(key, &id, err));
	TRY(ed25519_sign(seed, text, signature, err));
	buf_bytes(&blob, VIEW_OF(id.bytes));
	buf_bytes(&blob, VIEW_OF(signature));
	TRY(buf_check(&blob, err));
	buf_bytes(&note, text);
	buf_format(&note, "\n%s%s ", signature_start, key->name);
	buf_base64(&note, buf_view(&blob));
	buf_text(&note, "\n");
	TRY(buf_check(&note, err));
	if (note.size > NOTE_MAX)
		return err_set(err, ERR_INVALID, "a note of %zu bytes; at most %d are allowed",
		    note.size, NOTE_MAX);
	buf_bytes(ret_note, buf_view(&note));
	return buf_check(ret_note, err);
}

/* Split at the last blank line; RET_LINES is what stands below it. */
static enum err_code
split(struct view note, struct view *ret_text, struct view *ret_lines, struct err *err)
{
	size_t at = note.size;
	if (note.size > NOTE_MAX)
		return err_set(err, ERR_INVALID, "a note of %zu bytes; at most %d are allowed",
		    note.size, NOTE_MAX);
	while (at >= 2 && !(note.data[at - 1] == '\n' && note.data[at - 2] == '\n'))
		at--;
	if (at < 2 || !is_text(view_of(note.data, at - 1)))
		return err_set(err, ERR_INVALID,
		    "a note is plain lines of text, a blank line, signatures");
	if (at == note.size || note.data[note.size - 1] != '\n')
		return err_set(err, ERR_INVALID, "a note must end with signature lines");
	*ret_text = view_of(note.data, at - 1);
	*ret_lines = view_of(note.data + at, note.size - at);
	return ERR_OK;
}

/* One signature line, without its newline, taken apart. */
static enum err_code
read_line(struct view line, struct view *ret_name, struct buf *ret_blob, struct err *err)
{
	const size_t start = sizeof(signature_start) - 1;
	if (line.size < start || memcmp(line.data, signature_start, start) != 0)
		return err_set(err, ERR_INVALID,
		    "a note has a line below its text that is no signature");
	line = view_of(line.data + start, line.size - start);
	const uint8_t *space = memchr(line.data, ' ', line.size);
	size_t name = space != NULL ? (size_t)(space - line.data) : line.size;
	if (space == NULL || !is_name(view_of(line.data, name)))
		return err_set(err, ERR_INVALID, "a signature of a note has no proper name");
	if (!buf_from_base64(ret_blob, view_of(space + 1, line.size - name - 1)) ||
	    ret_blob->size <= KEY_ID_SIZE || ret_blob->size > SIGNATURE_BLOB_MAX)
		return err_set(err, ERR_INVALID,
		    "a signature of a note is not base64 of id and signature");
	*ret_name = view_of(line.data, name);
	return ERR_OK;
}

/* RET_OURS: the line is a signature of KEY, and it is valid. */
static enum err_code
check_line(struct view line, struct view text, const struct note_key *key, const struct key_id *id,
    bool *ret_ours, struct err *err)
{
	BUF blob = {0};
	struct view name;
	TRY(read_line(line, &name, &blob, err));
	*ret_ours = false;
	if (!view_equal(name, view_of_text(key->name)) ||
	    memcmp(blob.data, id->bytes, KEY_ID_SIZE) != 0)
		return ERR_OK;
	if (blob.size != KEY_ID_SIZE + ED25519_SIGNATURE_SIZE ||
	    ed25519_verify(&key->key, text,
	        view_of(blob.data + KEY_ID_SIZE, ED25519_SIGNATURE_SIZE), err) != ERR_OK)
		return err_set(err, ERR_INTEGRITY, "the signature of \"%s\" on a note is wrong",
		    key->name);
	*ret_ours = true;
	return ERR_OK;
}

enum err_code
note_open(struct view note, const struct note_key *key, struct view *ret_text, struct err *err)
{
	struct view text = {0}, lines = {0};
	struct key_id id;
	bool signed_by_key = false;
	TRY(check_name(key->name, err));
	TRY(key_id(key, &id, err));
	TRY(split(note, &text, &lines, err));
	for (unsigned count = 1; lines.size > 0; count++) {
		const uint8_t *end = memchr(lines.data, '\n', lines.size); /* split saw the last */
		size_t size = (size_t)(end - lines.data);
		bool ours;
		if (count > NOTE_SIGNATURES_MAX)
			return err_set(err, ERR_INVALID, "a note has more than %d signatures",
			    NOTE_SIGNATURES_MAX);
		TRY(check_line(view_of(lines.data, size), text, key, &id, &ours, err));
		signed_by_key |= ours;
		lines = view_of(lines.data + size + 1, lines.size - size - 1);
	}
	if (!signed_by_key)
		return err_set(err, ERR_INTEGRITY, "a note is not signed by \"%s\"", key->name);
	*ret_text = text;
	return ERR_OK;
}

enum err_code
checkpoint_origin(const char *name, const struct digest *vault, char ret_origin[ORIGIN_MAX + 1],
    struct err *err)
{
	enum { VAULT_BYTES = 16 };
	char hex[2 * VAULT_BYTES + 1];
	size_t size = strlen(name);
	if (size == 0 || size + 1 + 2 * VAULT_BYTES > ORIGIN_MAX ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") !=
	        size)
		return err_set(err, ERR_INVALID,
		    "a log's name has 1..%d letters, digits, dots and dashes; \"%.80s\" is none",
		    ORIGIN_MAX - 1 - 2 * VAULT_BYTES, name);
	text_hex(view_of(vault->bytes, VAULT_BYTES), hex);
	snprintf(ret_origin, ORIGIN_MAX + 1, "%s/%s", name, hex);
	return ERR_OK;
}

static enum err_code
key_of_origin(const char *origin, const struct ed25519_public *public, struct note_key *ret_key,
    struct err *err)
{
	if (strlen(origin) > ORIGIN_MAX)
		return err_set(err, ERR_INVALID, "a log's origin has at most %d bytes", ORIGIN_MAX);
	snprintf(ret_key->name, sizeof(ret_key->name), "%s", origin);
	ret_key->key = *public;
	return ERR_OK;
}

enum err_code
checkpoint_sign(const struct checkpoint *checkpoint, const struct secret *seed,
    const struct ed25519_public *key, struct buf *ret_note, struct err *err)
{
	BUF text = {0};
	struct note_key log;
	TRY(key_of_origin(checkpoint->origin, key, &log, err));
	if (checkpoint->size > INT64_MAX)
		return err_set(err, ERR_INVALID, "a checkpoint's size is too large");
	buf_format(&text, "%s\n%" PRIu64 "\n", checkpoint->origin, checkpoint->size);
	buf_base64(&text, VIEW_OF(checkpoint->root.bytes));
	buf_text(&text, "\n");
	TRY(buf_check(&text, err));
	return note_sign(buf_view(&text), &log, seed, ret_note, err);
}

/* The next line of TEXT, which ends with a newline or is empty. */
static struct view
next_line(struct view *text)
{
	const uint8_t *end = text->size > 0 ? memchr(text->data, '\n', text->size) : NULL;
	if (end == NULL)
		return view_of(NULL, 0);
	struct view line = view_of(text->data, (size_t)(end - text->data));
	*text = view_of(end + 1, text->size - line.size - 1);
	return line;
}

/* Decimal, one form for each number, below 2^63. */
static bool
read_size(struct view line, uint64_t *ret_size)
{
	uint64_t size = 0;
	if (line.size == 0 || line.size > 19 || (line.data[0] == '0' && line.size > 1))
		return false;
	for (size_t i = 0; i < line.size; i++) {
		if (line.data[i] < '0' || line.data[i] > '9')
			return false;
		size = size * 10 + (uint64_t)(line.data[i] - '0'); /* 19 digits fit 64 bits */
	}
	*ret_size = size;
	return size <= INT64_MAX;
}

enum err_code
checkpoint_open(struct view note, const char *origin, const struct ed25519_public *key,
    struct checkpoint *ret_checkpoint, struct err *err)
{
	BUF root = {0};
	struct checkpoint checkpoint = {0};
	struct note_key log;
	struct view text;
	TRY(key_of_origin(origin, key, &log, err));
	if (note_open(note, &log, &text, err) != ERR_OK)
		return err_add(err, "checkpoint");
	if (!view_equal(next_line(&text), view_of_text(origin)))
		return err_set(err, ERR_INTEGRITY, "checkpoint: it is of another log than \"%s\"",
		    origin);
	if (!read_size(next_line(&text), &checkpoint.size))
		return err_set(err, ERR_INVALID, "checkpoint: its size is not a number below 2^63");
	if (!buf_from_base64(&root, next_line(&text)) || root.size != DIGEST_SIZE)
		return err_set(err, ERR_INVALID, "checkpoint: its root is not base64 of 32 bytes");
	if (text.size != 0)
		return err_set(err, ERR_INVALID, "checkpoint: it has lines after its root");
	memcpy(checkpoint.root.bytes, root.data, DIGEST_SIZE);
	snprintf(checkpoint.origin, sizeof(checkpoint.origin), "%s", origin);
	*ret_checkpoint = checkpoint;
	return ERR_OK;
}
