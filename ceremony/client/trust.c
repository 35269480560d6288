/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chains themselves are verified from the vault id at each contact (ceremony/client/sync.c), so that
 * only digests need to be kept here.
 */
#include "ceremony/client/trust.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/json_in.h"
#include "base/text.h"
#include "vault/log/tlog.h"

enum { PLACE_HEX = 32, LOCK_SECONDS = 10, TRUST_FILE_MAX = 16384 };

static enum err_code
make_folder(const char *path, struct err *err)
{
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return err_errno(err, ERR_IO, errno, "cannot make %s", path);
	return ERR_OK;
}

/* PATH and every folder above it. */
static enum err_code
make_folders(const char *path, struct err *err)
{
	char part[4096];

	for (size_t i = 1; path[i] != '\0'; i++) {
		if (path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		TRY(make_folder(part, err));
	}
	return make_folder(path, err);
}

static enum err_code
state_home(char ret_path[4096], struct err *err)
{
	const char *state = secure_getenv("XDG_STATE_HOME");
	const char *home = secure_getenv("HOME");
	int size;

	if (state != NULL && state[0] == '/')
		size = snprintf(ret_path, 4096, "%s/halligan", state);
	else if (home != NULL && home[0] == '/')
		size = snprintf(ret_path, 4096, "%s/.local/state/halligan", home);
	else
		return err_set(err, ERR_USAGE,
		    "neither XDG_STATE_HOME nor HOME names a folder: there is no place to remember "
		    "what this vault has shown");
	if (size < 0 || size >= 4096)
		return err_set(err, ERR_USAGE, "the state folder's path is too long");
	return ERR_OK;
}

enum err_code
trust_place_of(const char *location, struct trust_place *ret_place, struct err *err)
{
	struct trust_place place = {0};
	struct digest digest;
	char home[4096], hex[2 * DIGEST_SIZE + 1];

	if (strlen(location) >= sizeof(place.location))
		return err_set(err, ERR_USAGE, "the vault's location is too long");
	TRY(state_home(home, err));
	TRY(sha256_one(view_of_text(location), &digest, err));
	text_hex(VIEW_OF(digest.bytes), hex);
	hex[PLACE_HEX] = '\0';
	memcpy(place.location, location, strlen(location) + 1);
	TRY(file_path(home, hex, place.folder, err));
	TRY(make_folders(place.folder, err));
	*ret_place = place;
	return ERR_OK;
}

enum err_code
trust_lock(const struct trust_place *place, struct file_lock **ret_lock, struct err *err)
{
	char path[4096];

	TRY(file_path(place->folder, "lock", path, err));
	return file_lock(path, "halligan", LOCK_SECONDS, ret_lock, err);
}

static enum err_code
parse_trust(struct view text, struct trust *ret_trust, struct err *err)
{
	JSON *json = NULL;
	struct json_in in;
	struct trust trust = {0};

	TRY(json_parse(text, &json, err));
	in = json_in(json, "trust", err);
	(void)json_in_int(&in, "format", 1, 1);
	(void)json_in_text(&in, "location", 1, 4607);
	json_in_hex(&in, "vault", trust.vault.bytes, DIGEST_SIZE);
	trust.documents = (uint32_t)json_in_int(&in, "documents", 0, UINT32_MAX);
	json_in_hex(&in, "documents_digest", trust.chain.bytes, DIGEST_SIZE);
	trust.size = (uint64_t)json_in_int(&in, "size", 0, INT64_MAX);
	json_in_hex(&in, "root", trust.root.bytes, DIGEST_SIZE);
	TRY(json_in_end(&in));
	*ret_trust = trust;
	return ERR_OK;
}

enum err_code
trust_load(const struct trust_place *place, struct trust *ret_trust, struct err *err)
{
	char path[4096];
	BUF text = {0};
	struct err cause;

	TRY(file_path(place->folder, "trust", path, err));
	TRY(file_read(path, TRUST_FILE_MAX, &text, err));
	if (parse_trust(buf_view(&text), ret_trust, &cause) != ERR_OK)
		return err_set(err, ERR_INTEGRITY,
		    "%s, where this computer remembers the vault, is damaged: %s", path,
		    cause.text);
	return ERR_OK;
}

enum err_code
trust_check_new(const struct trust_place *place, struct err *err)
{
	struct trust known;
	struct err cause;
	enum err_code code = trust_load(place, &known, &cause);

	if (code == ERR_NOT_FOUND || (code == ERR_OK && known.documents == 0))
		return ERR_OK;
	if (code != ERR_OK) {
		*err = cause;
		return code;
	}
	return err_set(err, ERR_INTEGRITY,
	    "this computer knows a vault at %s that was alive, and now there is none: it was removed, "
	    "or another is put in its place. If that is meant, remove %s",
	    place->location, place->folder);
}

enum err_code
trust_save(const struct trust_place *place, const struct trust *trust, struct err *err)
{
	JSON *json = json_new_object();
	BUF text = {0};
	char path[4096];

	json_put_int(json, "format", 1);
	json_put_text(json, "location", place->location);
	json_put_hex(json, "vault", VIEW_OF(trust->vault.bytes));
	json_put_int(json, "documents", trust->documents);
	json_put_hex(json, "documents_digest", VIEW_OF(trust->chain.bytes));
	json_put_int(json, "size", (int64_t)trust->size);
	json_put_hex(json, "root", VIEW_OF(trust->root.bytes));
	TRY(json_encode(json, &text, err));
	buf_u8(&text, '\n');
	TRY(buf_check(&text, err));
	TRY(file_path(place->folder, "trust", path, err));
	return file_write(path, buf_view(&text), 0600, err);
}

static enum err_code
check_chain(const struct trust *old, const struct trust *seen, const struct digest *chain_at,
    struct err *err)
{
	if (seen->documents < old->documents)
		return err_set(err, ERR_INTEGRITY,
		    "the server shows %u charters, rosters and suspensions, but this computer has seen "
		    "%u: an old copy of the vault was put in place, or somebody hides what changed",
		    seen->documents, old->documents);
	if (old->documents > 0 && !digest_equal(&old->chain, chain_at))
		return err_set(err, ERR_INTEGRITY,
		    "the server shows other charters, rosters or suspensions than this computer has "
		    "seen before: the chain was forked");
	return ERR_OK;
}

static enum err_code
check_log(const struct trust *old, const struct trust *seen, const struct digest *proof,
    size_t proof_count, struct err *err)
{
	if (seen->size < old->size)
		return err_set(err, ERR_INTEGRITY,
		    "the server's log has %llu %s, but this computer has seen %llu: an old "
		    "copy of the vault was put in place",
		    (unsigned long long)seen->size, text_plural(seen->size, "entry", "entries"),
		    (unsigned long long)old->size);
	if (old->size == 0)
		return ERR_OK;
	if (seen->size == old->size && !digest_equal(&seen->root, &old->root))
		return err_set(err, ERR_INTEGRITY,
		    "the server's log has other entries than this computer has seen at the same "
		    "size %llu: the log was rewritten",
		    (unsigned long long)old->size);
	if (seen->size == old->size)
		return ERR_OK;
	if (tlog_verify_consistency(old->size, seen->size, &old->root, &seen->root, proof,
	        proof_count, err) != ERR_OK)
		return err_set(err, ERR_INTEGRITY,
		    "the server's log does not continue the log that this computer has seen at size "
		    "%llu: the log was forked or rewritten",
		    (unsigned long long)old->size);
	return ERR_OK;
}

enum err_code
trust_check(const struct trust *old, const struct trust *seen, const struct digest *chain_at,
    const struct digest *proof, size_t proof_count, struct err *err)
{
	if (!digest_equal(&old->vault, &seen->vault))
		return err_set(err, ERR_INTEGRITY,
		    "another vault stands here than before: its id is not the one that this "
		    "computer knows");
	TRY(check_chain(old, seen, chain_at, err));
	return check_log(old, seen, proof, proof_count, err);
}

enum err_code
trust_keep_release(const struct trust_place *place, const char *id, struct view statement,
    struct view checkpoint, char ret_path[4096], struct err *err)
{
	char name[80], path[4096];

	snprintf(name, sizeof(name), "checkpoint-%.32s", id);
	TRY(file_path(place->folder, name, path, err));
	TRY(file_write(path, checkpoint, 0600, err));
	snprintf(name, sizeof(name), "release-%.32s", id);
	TRY(file_path(place->folder, name, ret_path, err));
	return file_write(ret_path, statement, 0600, err);
}
