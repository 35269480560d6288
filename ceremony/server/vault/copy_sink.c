/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/vault/copy_sink.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

enum { COPY_FORMAT = 1 };
static const char directory_prefix[] = "directory:";

/* The folder that COPY names; NULL for "none". */
static enum err_code
copy_folder(const char *copy, const char **ret_folder, struct err *err)
{
	size_t prefix = sizeof(directory_prefix) - 1;

	if (strcmp(copy, "none") == 0) {
		*ret_folder = NULL;
		return ERR_OK;
	}
	if (strncmp(copy, directory_prefix, prefix) != 0 || copy[prefix] != '/')
		return err_set(err, ERR_INVALID,
		    "the copy sink must be \"none\" or \"directory:/PATH\", not \"%.200s\"", copy);
	*ret_folder = copy + prefix;
	return ERR_OK;
}

/* NAME in FOLDER holds BYTES, as reading it shows. */
static enum err_code
write_and_compare(const char *folder, const char *name, struct view bytes, char ret_path[4096],
    struct err *err)
{
	BUF back = {0};

	TRY(file_path(folder, name, ret_path, err));
	TRY(file_write(ret_path, bytes, 0600, err));
	TRY(file_read(ret_path, bytes.size, &back, err));
	if (!view_equal(buf_view(&back), bytes))
		return err_set(err, ERR_IO, "%s does not hold what was written to it", ret_path);
	return ERR_OK;
}

enum err_code
copy_check(const char *copy, struct err *err)
{
	const char *folder = NULL;
	char path[4096];

	TRY(copy_folder(copy, &folder, err));
	if (folder == NULL)
		return ERR_OK;
	enum err_code code =
	    write_and_compare(folder, "halligan-copy-test", view_of_text("halligan\n"), path, err);
	if (code == ERR_NOT_FOUND)
		return err_set(err, code,
		    "there is no folder %s for copies: make it, best on another disk, and run the same "
		    "command again",
		    folder);
	if (code != ERR_OK)
		return err_add(err, "the copy sink");
	if (unlink(path) != 0)
		return err_set(err, ERR_IO, "the copy sink: cannot remove %s", path);
	return ERR_OK;
}

static enum err_code
encode(const struct sealed_version *version, struct buf *file, struct err *err)
{
	buf_text(file, "HALs");
	buf_u16(file, COPY_FORMAT);
	buf_lp32(file, buf_view(&version->header));
	buf_lp32(file, buf_view(&version->ciphertext));
	buf_u16(file, (uint16_t)version->envelope_count);
	for (size_t i = 0; i < version->envelope_count; i++) {
		buf_bytes(file, VIEW_OF(version->envelopes[i].enc));
		buf_lp32(file, buf_view(&version->envelopes[i].ciphertext));
	}
	return buf_check(file, err);
}

/* BYTES stand in the sink as NAME, if there is one. */
static enum err_code
put(const char *copy, const char *name, struct view bytes, const char *what, struct err *err)
{
	const char *folder = NULL;
	char path[4096];

	TRY(copy_folder(copy, &folder, err));
	if (folder == NULL)
		return ERR_OK;
	if (write_and_compare(folder, name, bytes, path, err) != ERR_OK)
		return err_add(err, "the copy sink did not acknowledge the %s", what);
	return ERR_OK;
}

enum err_code
copy_version(const char *copy, const struct secret_id *secret, uint32_t number,
    const struct sealed_version *version, struct err *err)
{
	BUF file = {0};
	char hex[2 * SECRET_ID_SIZE + 1], name[64];

	TRY(encode(version, &file, err));
	text_hex(VIEW_OF(secret->bytes), hex);
	snprintf(name, sizeof(name), "%s-%u.sealed", hex, number);
	return put(copy, name, buf_view(&file), "new version", err);
}

enum err_code
copy_release(const char *copy, const struct id *ceremony, const struct dsse *statement,
    struct err *err)
{
	BUF text = {0};
	char hex[2 * ID_SIZE + 1], name[64];

	TRY(dsse_encode(statement, &text, err));
	text_hex(VIEW_OF(ceremony->bytes), hex);
	snprintf(name, sizeof(name), "%s.release", hex);
	return put(copy, name, buf_view(&text), "release statement", err);
}
