/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new sink: 1. an id is drawn and kept beside the charter's words, not made yet; 2. the marker is written; 3. it is kept
 * that it was made.  Whoever comes between goes on with the same id, so that two do no harm; and once it was made, a marker
 * that is gone is never made again: an empty mount point looks like that.
 */
#include "ceremony/server/vault/copy_sink.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json_members.h"
#include "base/text.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/log.h"
#include "vault/store/copy.h"
#include "vault/store/statement.h"

enum { COPY_FORMAT = 1, TEST_MAX = 64 };
#define KEPT "sink" /* the text of the database that has what follows */

/* What the vault knows of a sink. */
struct kept {
	char copy[4096]; /* as the charter says it */
	struct id id;
	bool made; /* its marker */
};

static enum err_code
kept_read(struct session *session, struct kept *ret_kept, struct err *err)
{
	BUF text = {0};
	JSON *object = NULL;

	TRY(store_get_text(session->store, KEPT, &text, err));
	TRY(json_parse(buf_view(&text), &object, err));
	struct json_in in = json_in(object, KEPT, err);
	snprintf(ret_kept->copy, sizeof(ret_kept->copy), "%s",
	    json_in_text(&in, "copy", 1, sizeof(ret_kept->copy) - 1));
	json_in_hex(&in, "sink", ret_kept->id.bytes, ID_SIZE);
	ret_kept->made = json_in_bool(&in, "made");
	return json_in_end(&in);
}

/* Of the sink that the charter in force names; ERR_NOT_FOUND: nothing. */
static enum err_code
kept_of_charter(struct session *session, struct kept *ret_kept, struct err *err)
{
	TRY(kept_read(session, ret_kept, err));
	return strcmp(ret_kept->copy, session->chain.charter->copy) == 0 ?
	    ERR_OK :
	    err_set(err, ERR_NOT_FOUND, "the charter names another sink");
}

static enum err_code
keep(struct session *session, const struct kept *kept, struct err *err)
{
	JSON *object = json_new_object();
	BUF text = {0};
	LEAF leaf = leaf_new("copy-sink");

	json_put_text(object, "copy", kept->copy);
	json_put_hex(object, "sink", VIEW_OF(kept->id.bytes));
	json_put_bool(object, "made", kept->made);
	TRY(json_encode(object, &text, err));
	TRY(store_set_text(session->store, KEPT, buf_string(&text), err));
	leaf_text(&leaf, "copy", kept->copy);
	leaf_bytes(&leaf, "sink", VIEW_OF(kept->id.bytes));
	leaf_int(&leaf, "made", kept->made);
	return journal_add(session, &leaf, err);
}

bool
copy_wanted(const struct session *session)
{
	return session->state == SESSION_LIVE && strcmp(session->chain.charter->copy, "none") != 0;
}

static enum err_code
open_folder(const char *path, struct sink *ret_sink, struct err *err)
{
	enum err_code code = sink_open(path, ret_sink, err);

	if (code == ERR_NOT_FOUND)
		return err_set(err, code, "there is no folder %.1000s for copies", path);
	return code == ERR_OK ? ERR_OK : err_add(err, "the copy sink");
}

/* No other vault's; one without a marker is nobody's yet. */
static enum err_code
check_free(const struct sink *sink, const struct digest *vault, struct err *err)
{
	struct digest found;
	struct id id;
	enum err_code code = sink_read_marker(sink, &found, &id, err);

	if (code == ERR_NOT_FOUND)
		return ERR_OK;
	if (code != ERR_OK)
		return err_add(err, "the copy sink");
	if (vault == NULL || !digest_equal(vault, &found))
		return err_set(err, ERR_REFUSED,
		    "%.1000s is the copy sink of another vault, as its file %s says: make a folder of its own for this one",
		    sink->path, SINK_MARKER);
	return ERR_OK;
}

enum err_code
copy_check(const char *copy, const struct digest *vault, struct err *err)
{
	static const char name[] = "halligan-copy-test";
	SINK sink = {.folder = -1};
	const char *path;

	TRY(sink_path(copy, &path, err));
	if (path == NULL)
		return ERR_OK;
	enum err_code code = open_folder(path, &sink, err);
	if (code == ERR_NOT_FOUND)
		return err_set(err, code,
		    "there is no folder %.1000s for copies: make it, best on another disk, and run the same "
		    "command again",
		    path);
	TRY(code);
	TRY(check_free(&sink, vault, err));
	if (sink_put(&sink, name, view_of_text("halligan\n"), err) != ERR_OK ||
	    sink_remove(&sink, name, err) != ERR_OK)
		return err_add(err, "the copy sink");
	return ERR_OK;
}

/* ---- a new one ---- */

static enum err_code
name_sink(struct session *session, struct kept *kept, struct err *err)
{
	CHANGE change = {0};

	TRY(change_begin(session, &change, err));
	enum err_code code = kept_of_charter(session, kept, err);
	if (code != ERR_NOT_FOUND)
		return code; /* another session has just done it */
	*kept = (struct kept){0};
	snprintf(kept->copy, sizeof(kept->copy), "%s", session->chain.charter->copy);
	TRY(id_new(&kept->id, err));
	TRY(keep(session, kept, err));
	return change_commit(session, &change, err);
}

static enum err_code
note_made(struct session *session, const struct id *id, struct err *err)
{
	CHANGE change = {0};
	struct kept kept = {0};

	TRY(change_begin(session, &change, err));
	enum err_code code = kept_of_charter(session, &kept, err);
	if (code != ERR_OK || kept.made || memcmp(&kept.id, id, sizeof(*id)) != 0)
		return code == ERR_NOT_FOUND ? ERR_OK : code;
	kept.made = true;
	TRY(keep(session, &kept, err));
	return change_commit(session, &change, err);
}

enum err_code
copy_mark(struct session *session, struct err *err)
{
	SINK sink = {.folder = -1};
	struct kept kept = {0};
	const char *path;

	if (!copy_wanted(session))
		return ERR_OK;
	enum err_code code = kept_of_charter(session, &kept, err);
	if (code == ERR_OK && kept.made)
		return ERR_OK;
	if (code != ERR_OK && code != ERR_NOT_FOUND)
		return code;
	TRY(sink_path(session->chain.charter->copy, &path, err));
	TRY(open_folder(path, &sink, err));
	TRY(check_free(&sink, &session->chain.vault, err));
	if (code == ERR_NOT_FOUND)
		TRY(name_sink(session, &kept, err));
	if (sink_write_marker(&sink, &session->chain.vault, &kept.id, err) != ERR_OK)
		return err_add(err, "the copy sink");
	return note_made(session, &kept.id, err);
}

/* ---- the one in force ---- */

#define ANOTHER                                                                                    \
	"where it is lost, `halligan charter propose --copy directory:/PATH` names another folder"

static enum err_code
not_there(const struct kept *kept, const char *why, struct err *err)
{
	(void)kept;
	return err_set(err, ERR_NOT_FOUND, "the copy sink is not there: %.600s. Mount its disk; %s",
	    why, ANOTHER);
}

static enum err_code
check_marker(const struct session *session, const struct kept *kept, const struct sink *sink,
    struct err *err)
{
	struct digest vault;
	struct id id;
	enum err_code code = sink_read_marker(sink, &vault, &id, err);
	struct err cause = *err;

	if (code == ERR_NOT_FOUND)
		return not_there(kept, cause.text, err);
	if (code != ERR_OK)
		return err_add(err, "the copy sink");
	if (!digest_equal(&vault, &session->chain.vault))
		return err_set(err, ERR_REFUSED,
		    "%.600s is the copy sink of another vault, as its file %s says. Mount the right disk; %s",
		    sink->path, SINK_MARKER, ANOTHER);
	if (memcmp(&id, &kept->id, sizeof(id)) != 0)
		return err_set(err, ERR_REFUSED,
		    "%.600s is another copy sink of this vault than the one that the charter means. Mount the right disk; %s",
		    sink->path, ANOTHER);
	return ERR_OK;
}

enum err_code
copy_open(struct session *session, struct sink *ret_sink, struct id *ret_id, struct err *err)
{
	SINK sink = {.folder = -1};
	struct kept kept = {0};
	const char *path;
	enum err_code code = kept_of_charter(session, &kept, err);

	if (code == ERR_NOT_FOUND || (code == ERR_OK && !kept.made))
		return err_set(err, ERR_NOT_FOUND,
		    "the copy sink is new and has no marker yet: `halligan copy --repair` makes it, and fills the sink");
	TRY(code);
	TRY(sink_path(kept.copy, &path, err));
	code = open_folder(path, &sink, err);
	struct err cause = *err;
	if (code == ERR_NOT_FOUND)
		return not_there(&kept, cause.text, err);
	TRY(code);
	TRY(check_marker(session, &kept, &sink, err));
	*ret_sink = sink;
	sink.folder = -1;
	*ret_id = kept.id;
	return ERR_OK;
}

enum err_code
copy_look(struct session *session, struct err *err)
{
	SINK sink = {.folder = -1};
	struct id id;

	if (!copy_wanted(session) || session->rehearses)
		return ERR_OK;
	TRY(copy_open(session, &sink, &id, err));
	return sink_takes(&sink, err) == ERR_OK ? ERR_OK : err_add(err, "the copy sink");
}

enum err_code
copy_check_version(struct session *session, const struct secret_id *secret, uint32_t number,
    struct err *err)
{
	const struct copy_row row = copy_of_version(secret, number);
	struct kept kept = {0};
	struct id has;

	if (!copy_wanted(session) || session->rehearses)
		return ERR_OK;
	TRY(store_get_copied(session->store, &row, &has, err));
	enum err_code code = kept_of_charter(session, &kept, err);
	if (code == ERR_OK && memcmp(&has, &kept.id, sizeof(has)) == 0)
		return ERR_OK;
	return code != ERR_OK && code != ERR_NOT_FOUND ?
	    code :
	    err_set(err, ERR_WAITING,
	        "version %u is not in the copy sink that the charter names now: `halligan copy --repair` sends it",
	        number);
}

enum err_code
copy_id(struct session *session, struct id *ret_id, struct err *err)
{
	struct kept kept = {0};

	TRY(kept_of_charter(session, &kept, err));
	*ret_id = kept.id;
	return ERR_OK;
}

/* ---- what goes there ---- */

enum err_code
copy_encode(const struct sealed_version *version, struct buf *ret_file, struct err *err)
{
	buf_text(ret_file, "HALs");
	buf_u16(ret_file, COPY_FORMAT);
	buf_lp32(ret_file, buf_view(&version->header));
	buf_lp32(ret_file, buf_view(&version->ciphertext));
	buf_u16(ret_file, (uint16_t)version->envelope_count);
	for (size_t i = 0; i < version->envelope_count; i++) {
		buf_bytes(ret_file, VIEW_OF(version->envelopes[i].enc));
		buf_lp32(ret_file, buf_view(&version->envelopes[i].ciphertext));
	}
	return buf_check(ret_file, err);
}

/* Two sessions that seal the same number at once write two files; the one that came to nothing hurts nobody. */
void
copy_name_version(const struct secret_id *secret, uint32_t number, const struct digest *header_hash,
    char ret_name[SINK_NAME_SIZE])
{
	char id[2 * SECRET_ID_SIZE + 1], hash[2 * DIGEST_SIZE + 1];

	text_hex(VIEW_OF(secret->bytes), id);
	text_hex(VIEW_OF(header_hash->bytes), hash);
	snprintf(ret_name, SINK_NAME_SIZE, "%s-%u-%.16s.sealed", id, number, hash);
}

void
copy_name_release(const struct id *ceremony, char ret_name[SINK_NAME_SIZE])
{
	char id[ID_HEX_SIZE];

	text_hex(VIEW_OF(ceremony->bytes), id);
	snprintf(ret_name, SINK_NAME_SIZE, "%s.release", id);
}

static enum err_code
put(struct session *session, const char *name, struct view bytes, const char *what,
    struct id *ret_id, struct err *err)
{
	SINK sink = {.folder = -1};
	struct id id;

	if (copy_open(session, &sink, &id, err) != ERR_OK ||
	    sink_put(&sink, name, bytes, err) != ERR_OK)
		return err_add(err, "the copy sink did not acknowledge the %s", what);
	*ret_id = id;
	return ERR_OK;
}

enum err_code
copy_version(struct session *session, const struct secret_id *secret, uint32_t number,
    const struct digest *header_hash, const struct sealed_version *version, struct id *ret_id,
    struct err *err)
{
	BUF file = {0};
	char name[SINK_NAME_SIZE];

	if (!copy_wanted(session))
		return ERR_OK;
	TRY(copy_encode(version, &file, err));
	copy_name_version(secret, number, header_hash, name);
	return put(session, name, buf_view(&file), "new version", ret_id, err);
}

enum err_code
copy_release(struct session *session, const struct id *ceremony, const struct dsse *statement,
    struct id *ret_id, struct err *err)
{
	BUF text = {0};
	char name[SINK_NAME_SIZE];

	if (!copy_wanted(session))
		return ERR_OK;
	TRY(dsse_encode(statement, &text, err));
	copy_name_release(ceremony, name);
	return put(session, name, buf_view(&text), "release statement", ret_id, err);
}
