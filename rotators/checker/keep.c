/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/checker/keep.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

enum err_code
keep_begin(struct keep *keep, struct err *err)
{
	char folder[sizeof(keep->folder)];
	size_t size;

	if (getcwd(folder, sizeof(folder) - 32) == NULL)
		return err_errno(err, ERR_IO, errno, "the present folder has no path");
	size = strlen(folder);
	memcpy(folder + size, "/halligan-kept-XXXXXX", sizeof("/halligan-kept-XXXXXX"));
	if (mkdtemp(folder) == NULL)
		return err_errno(err, ERR_IO, errno,
		    "making %s, a folder for the values that are brought to the target", folder);
	memcpy(keep->folder, folder, sizeof(folder));
	return ERR_OK;
}

static enum err_code
file_of(const struct keep *keep, size_t index, int field, char ret_path[4096], struct err *err)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "%zu.%s", index + 1, credential_field_names[field]);
	return file_path(keep->folder, name, ret_path, err);
}

enum err_code
keep_add(struct keep *keep, const struct secret *value, struct err *err)
{
	size_t index = keep->count;

	if (index == KEPT_MAX)
		return err_set(err, ERR_INTERNAL, "more than %d values", KEPT_MAX);
	for (int i = 0; i < CREDENTIAL_FIELDS; i++) {
		char path[4096];
		struct view bytes;

		if (!credential_has(secret_view(value), (enum credential_field)i))
			continue;
		TRY(credential_get(secret_view(value), (enum credential_field)i, &bytes, err));
		TRY(file_of(keep, index, i, path, err));
		TRY(file_write_new(path, bytes, 0600, err));
	}
	TRY(secret_from(secret_view(value), &keep->values[index], err));
	keep->count = index + 1;
	return ERR_OK;
}

void
keep_files(const struct keep *keep, size_t index, struct buf *ret_text)
{
	for (int i = 0; i < CREDENTIAL_FIELDS; i++)
		if (credential_has(secret_view(keep->values[index]), (enum credential_field)i))
			buf_format(ret_text, "%s%s/%zu.%s", ret_text->size == 0 ? "" : ", ",
			    keep->folder, index + 1, credential_field_names[i]);
}

enum err_code
keep_erase(struct keep *keep, struct err *err)
{
	for (size_t index = 0; index < keep->count; index++)
		for (int i = 0; i < CREDENTIAL_FIELDS; i++) {
			char path[4096];

			TRY(file_of(keep, index, i, path, err));
			if (file_exists(path))
				TRY(file_erase(path, err));
		}
	if (keep->folder[0] != '\0' && rmdir(keep->folder) != 0)
		return err_errno(err, ERR_IO, errno, "removing %s", keep->folder);
	return ERR_OK;
}

void
keep_done(struct keep *keep)
{
	for (size_t i = 0; i < keep->count; i++)
		secret_free(keep->values[i]);
	keep->count = 0;
}
