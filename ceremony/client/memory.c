/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests, and what was folded of the chain of documents, which is verified from the vault id on (sync.c) and named
 * by its hash: a command that dies between the two files leaves one that is not the named one, and is made again.
 *
 * Each file is written whole, under one lock that nobody holds while a server is asked: a link that is dead
 * at one place must not keep anybody from the same vault at another.  A place's file is written after its
 * vault's, so that it never leads to nothing; to forget what stood at a place is to remove that file alone.
 */
#include "ceremony/client/memory.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/file_lock.h"
#include "base/json_in.h"
#include "base/text.h"
#include "ceremony/client/folded.h"
#include "ceremony/client/memory_folder.h"

enum { PLACE_HEX = 32, SHORT_HEX = 16, LOCK_SECONDS = 10, FILE_MAX = 16384 };

/* vaults/VAULT */
static enum err_code
vault_folder(const struct memory *memory, const struct digest *vault, char ret_path[4096],
    struct err *err)
{
	char name[8 + 2 * DIGEST_SIZE] = "vaults/";

	text_hex(VIEW_OF(vault->bytes), name + strlen(name));
	return file_path(memory->folder, name, ret_path, err);
}

enum err_code
memory_file(const struct memory *memory, const struct digest *vault, char ret_path[4096],
    struct err *err)
{
	char folder[4096];

	TRY(vault_folder(memory, vault, folder, err));
	return file_path(folder, "memory", ret_path, err);
}

enum err_code
memory_at(const char *location, struct memory *ret_memory, struct err *err)
{
	struct memory memory = {0};
	struct digest digest;
	char name[8 + 2 * DIGEST_SIZE] = "places/";

	if (strlen(location) >= sizeof(memory.location))
		return err_set(err, ERR_USAGE, "the vault's location is too long");
	memcpy(memory.location, location, strlen(location) + 1);
	TRY(memory_folder(memory.folder, err));
	TRY(sha256_one(view_of_text(location), &digest, err));
	text_hex(VIEW_OF(digest.bytes), name + strlen(name));
	name[strlen("places/") + PLACE_HEX] = '\0';
	TRY(file_path(memory.folder, name, memory.pointer, err));
	*ret_memory = memory;
	return ERR_OK;
}

/* ---- reading ---- */

static enum err_code
parse_vault(const struct json *json, struct known *ret_known, struct err *err)
{
	struct json_in in = json_in(json, "memory", err);
	struct known known = {.met = true};

	(void)json_in_int(&in, "format", 1, 1);
	json_in_hex(&in, "vault", known.trust.vault.bytes, DIGEST_SIZE);
	snprintf(known.last, sizeof(known.last), "%s",
	    json_in_text(&in, "location", 1, sizeof(known.last) - 1));
	known.trust.documents = (uint32_t)json_in_int(&in, "documents", 0, UINT32_MAX);
	json_in_hex(&in, "documents_digest", known.trust.chain.bytes, DIGEST_SIZE);
	json_in_hex(&in, "documents_folded", known.trust.folded.bytes, DIGEST_SIZE);
	known.trust.size = (uint64_t)json_in_int(&in, "size", 0, INT64_MAX);
	json_in_hex(&in, "root", known.trust.root.bytes, DIGEST_SIZE);
	TRY(json_in_end(&in));
	*ret_known = known;
	return ERR_OK;
}

static enum err_code
parse_place(const struct json *json, const char *location, struct digest *ret_vault,
    struct err *err)
{
	struct json_in in = json_in(json, "place", err);
	struct digest vault;

	(void)json_in_int(&in, "format", 1, 1);
	if (strcmp(json_in_text(&in, "location", 1, LOCATION_TEXT_SIZE - 1), location) != 0)
		json_in_fail(&in, "location", "is another place's");
	json_in_hex(&in, "vault", vault.bytes, DIGEST_SIZE);
	TRY(json_in_end(&in));
	*ret_vault = vault;
	return ERR_OK;
}

static enum err_code
damaged(const char *path, const struct err *cause, struct err *err)
{
	return err_set(err, ERR_INTEGRITY,
	    "%s, where this computer remembers the vault, is damaged: %s", path, cause->text);
}

/* ERR_NOT_FOUND: there is no such file. */
static enum err_code
read_file(const struct memory *memory, const char *path, struct json **ret_json, struct err *err)
{
	BUF text = {0};
	struct err cause;

	TRY(memory_folder_check(memory->folder, path, err));
	TRY(file_read(path, FILE_MAX, &text, err));
	if (json_parse(buf_view(&text), ret_json, &cause) != ERR_OK)
		return damaged(path, &cause, err);
	return ERR_OK;
}

/* ERR_NOT_FOUND: the vault is not known. */
static enum err_code
read_vault(const struct memory *memory, const struct digest *vault, struct known *ret_known,
    struct err *err)
{
	char path[4096];
	JSON *json = NULL;
	struct known known;
	struct err cause;

	TRY(memory_file(memory, vault, path, err));
	TRY(read_file(memory, path, &json, err));
	if (parse_vault(json, &known, &cause) != ERR_OK)
		return damaged(path, &cause, err);
	if (!digest_equal(&known.trust.vault, vault))
		return err_set(err, ERR_INTEGRITY,
		    "%s, where this computer remembers the vault, is another vault's", path);
	*ret_known = known;
	return ERR_OK;
}

/* The vault that stood here.  ERR_NOT_FOUND: none. */
static enum err_code
read_place(const struct memory *memory, struct known *ret_known, struct err *err)
{
	JSON *json = NULL;
	struct digest vault;
	struct err cause;
	enum err_code code;

	TRY(read_file(memory, memory->pointer, &json, err));
	if (parse_place(json, memory->location, &vault, &cause) != ERR_OK)
		return damaged(memory->pointer, &cause, err);
	code = read_vault(memory, &vault, ret_known, &cause);
	if (code == ERR_OK)
		ret_known->here = true;
	else if (code == ERR_NOT_FOUND)
		return err_set(err, ERR_INTEGRITY,
		    "what was seen of the vault that was met at %.200s is gone: %.300s. If that is meant, "
		    "remove %.300s too, and compare the vault's id again",
		    memory->location, cause.text, memory->pointer);
	else
		*err = cause;
	return code;
}

enum { LAST_SIZE = 256 };

/* " It was met last at PLACE.", unless that is here. */
static void
last_text(const struct memory *memory, const struct known *known, char ret_text[LAST_SIZE])
{
	ret_text[0] = '\0';
	if (strcmp(known->last, memory->location) != 0)
		snprintf(ret_text, LAST_SIZE, " It was met last at %.200s.", known->last);
}

static enum err_code
refuse_another(const struct memory *memory, const struct known *stood, const struct digest *vault,
    struct err *err)
{
	char before[2 * DIGEST_SIZE + 1], now[2 * DIGEST_SIZE + 1], last[LAST_SIZE];

	text_hex(VIEW_OF(stood->trust.vault.bytes), before);
	text_hex(VIEW_OF(vault->bytes), now);
	last_text(memory, stood, last);
	return err_set(err, ERR_INTEGRITY,
	    "another vault stands here than before: at %.200s this computer knows the one of id %.*s, "
	    "and the server shows %.*s.%s If it was replaced on purpose, remove %.300s, and compare the "
	    "new one's id with a colleague's",
	    memory->location, SHORT_HEX, before, SHORT_HEX, now, last, memory->pointer);
}

enum err_code
memory_recall(const struct memory *memory, const struct digest *vault, struct known *ret_known,
    struct err *err)
{
	struct known known = {.trust = {.vault = *vault}};
	enum err_code code = read_place(memory, &known, err);

	if (code == ERR_OK && !digest_equal(&known.trust.vault, vault))
		return refuse_another(memory, &known, vault, err);
	if (code == ERR_NOT_FOUND)
		code = read_vault(memory, vault, &known, err);
	if (code != ERR_OK && code != ERR_NOT_FOUND)
		return code;
	*ret_known = known;
	return ERR_OK;
}

enum err_code
memory_foresee(const struct memory *memory, struct trust *ret_trust, struct err *err)
{
	struct known known = {0};
	enum err_code code = read_place(memory, &known, err);

	*ret_trust = known.trust;
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

static enum err_code
folded_file(const struct memory *memory, const struct digest *vault, char ret_path[4096],
    struct err *err)
{
	char folder[4096];

	TRY(vault_folder(memory, vault, folder, err));
	return file_path(folder, "chain", ret_path, err);
}

enum err_code
memory_folded(const struct memory *memory, const struct trust *trust, struct buf *ret_file,
    struct err *err)
{
	BUF file = {0};
	struct digest digest;
	char path[4096];

	TRY(folded_file(memory, &trust->vault, path, err));
	TRY(memory_folder_check(memory->folder, path, err));
	TRY(file_read(path, FOLDED_FILE_MAX, &file, err));
	TRY(sha256_one(buf_view(&file), &digest, err));
	if (!digest_equal(&digest, &trust->folded))
		return err_set(err, ERR_NOT_FOUND, "%s is another than the one that was kept",
		    path);
	*ret_file = TAKE(file);
	return ERR_OK;
}

enum err_code
memory_check_new(const struct memory *memory, struct err *err)
{
	struct known known;
	struct err cause;
	char last[LAST_SIZE];
	enum err_code code = read_place(memory, &known, &cause);

	if (code == ERR_NOT_FOUND || (code == ERR_OK && known.trust.documents == 0))
		return ERR_OK;
	if (code != ERR_OK) {
		*err = cause;
		return code;
	}
	last_text(memory, &known, last);
	return err_set(err, ERR_INTEGRITY,
	    "this computer knows a vault at %.200s that was alive, and now there is none: it was moved "
	    "or removed, or another is put in its place.%s If that is meant, remove %.300s",
	    memory->location, last, memory->pointer);
}

enum err_code
memory_check_founding(const struct memory *memory, const struct digest *vault, struct err *err)
{
	struct known known;
	struct err cause;
	enum err_code code = read_vault(memory, vault, &known, &cause);

	if (code == ERR_NOT_FOUND || (code == ERR_OK && known.trust.documents == 0))
		return ERR_OK;
	if (code != ERR_OK) {
		*err = cause;
		return code;
	}
	return err_set(err, ERR_INTEGRITY,
	    "this is the first charter of a vault that this computer knows alive, last at %.200s: an old "
	    "copy of it was put at %.200s",
	    known.last, memory->location);
}

/* ---- writing, under the lock ---- */

static enum err_code
lock_memory(const struct memory *memory, struct file_lock **ret_lock, struct err *err)
{
	char path[4096];

	TRY(memory_folder_make(memory->folder, err));
	TRY(file_path(memory->folder, "lock", path, err));
	TRY(memory_folder_check(memory->folder, path, err));
	return file_lock(path, "halligan", LOCK_SECONDS, ret_lock, err);
}

/* JSON as NAME in FOLDER, which is made. */
static enum err_code
write_file(const struct memory *memory, const char *folder, const char *path,
    const struct json *json, struct err *err)
{
	BUF text = {0};

	TRY(json_encode(json, &text, err));
	buf_u8(&text, '\n');
	TRY(buf_check(&text, err));
	TRY(memory_folder_make(folder, err));
	TRY(memory_folder_check(memory->folder, folder, err));
	return file_write(path, buf_view(&text), 0600, err);
}

static enum err_code
write_folded(const struct memory *memory, const struct digest *vault, struct view file,
    struct err *err)
{
	char folder[4096], path[4096];

	if (file.size == 0)
		return ERR_OK;
	TRY(vault_folder(memory, vault, folder, err));
	TRY(folded_file(memory, vault, path, err));
	TRY(memory_folder_make(folder, err));
	TRY(memory_folder_check(memory->folder, folder, err));
	return file_write(path, file, 0600, err);
}

static enum err_code
write_vault(const struct memory *memory, const struct trust *trust, struct err *err)
{
	JSON *json = json_new_object();
	char folder[4096], path[4096];

	json_put_int(json, "format", 1);
	json_put_hex(json, "vault", VIEW_OF(trust->vault.bytes));
	json_put_text(json, "location", memory->location);
	json_put_int(json, "documents", trust->documents);
	json_put_hex(json, "documents_digest", VIEW_OF(trust->chain.bytes));
	json_put_hex(json, "documents_folded", VIEW_OF(trust->folded.bytes));
	json_put_int(json, "size", (int64_t)trust->size);
	json_put_hex(json, "root", VIEW_OF(trust->root.bytes));
	TRY(vault_folder(memory, &trust->vault, folder, err));
	TRY(memory_file(memory, &trust->vault, path, err));
	return write_file(memory, folder, path, json, err);
}

static enum err_code
write_place(const struct memory *memory, const struct digest *vault, struct err *err)
{
	JSON *json = json_new_object();
	char folder[4096];

	json_put_int(json, "format", 1);
	json_put_text(json, "location", memory->location);
	json_put_hex(json, "vault", VIEW_OF(vault->bytes));
	TRY(file_path(memory->folder, "places", folder, err));
	return write_file(memory, folder, memory->pointer, json, err);
}

/* Where it is met now is written last: a command that dies before that tells again where it was. */
static enum err_code
write_seen(const struct memory *memory, const struct known *known, const struct trust *seen,
    struct err *err)
{
	if (!known->met)
		TRY(write_vault(memory, seen, err));
	if (!known->here)
		TRY(write_place(memory, &seen->vault, err));
	if (known->met &&
	    (!trust_equal(&known->trust, seen) || strcmp(known->last, memory->location) != 0))
		TRY(write_vault(memory, seen, err));
	return ERR_OK;
}

enum err_code
memory_keep(const struct memory *memory, const struct known *known, const struct trust *seen,
    struct view folded, bool *ret_kept, struct err *err)
{
	FILE_LOCK *lock = NULL;
	struct known now;

	TRY(lock_memory(memory, &lock, err));
	TRY(memory_recall(memory, &seen->vault, &now, err));
	*ret_kept = trust_equal(&now.trust, &known->trust);
	if (!*ret_kept)
		return ERR_OK;
	TRY(write_folded(memory, &seen->vault, folded, err));
	return write_seen(memory, &now, seen, err);
}

enum err_code
memory_pin(const struct memory *memory, const struct digest *vault, struct err *err)
{
	const struct trust trust = {.vault = *vault};
	FILE_LOCK *lock = NULL;

	TRY(lock_memory(memory, &lock, err));
	TRY(memory_check_new(memory, err));
	TRY(memory_check_founding(memory, vault, err));
	TRY(write_vault(memory, &trust, err));
	return write_place(memory, vault, err);
}

enum err_code
memory_keep_release(const struct memory *memory, const struct digest *vault, const char *id,
    struct view statement, struct view checkpoint, char ret_path[4096], struct err *err)
{
	char folder[4096], name[80], path[4096];

	TRY(vault_folder(memory, vault, folder, err));
	snprintf(name, sizeof(name), "checkpoint-%.32s", id);
	TRY(file_path(folder, name, path, err));
	TRY(file_write(path, checkpoint, 0600, err));
	snprintf(name, sizeof(name), "release-%.32s", id);
	TRY(file_path(folder, name, ret_path, err));
	return file_write(ret_path, statement, 0600, err);
}
