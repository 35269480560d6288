/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that unit tests read: golden files of the repository, and sets of published vectors, which
 * stand in the folder HALLIGAN_VECTORS or in ../shared/vectors beside the repository and may be
 * absent.
 */
#ifndef TESTS_LIB_FILES_H
#define TESTS_LIB_FILES_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"

/* PATH is relative to the root of the repository. */
__attribute__((unused)) static enum err_code
read_repository_file(const char *path, struct buf *ret_bytes, struct err *err)
{
	char full[4096];
	TRY(file_path(HALLIGAN_SOURCE, path, full, err));
	return file_read(full, 1024 * 1024, ret_bytes, err);
}

/* False, after saying that it is skipped, when the set NAME is not there; a set that is there and
 * cannot be read ends the test program. */
__attribute__((unused)) static bool
read_vectors(const char *name, struct json **ret_json)
{
	BUF text = {0};
	struct err err;
	char path[4096];
	const char *folder = getenv("HALLIGAN_VECTORS");
	snprintf(path, sizeof(path), "%s/%s",
	    folder != NULL ? folder : HALLIGAN_SOURCE "/../shared/vectors", name);
	if (access(path, R_OK) != 0) {
		printf("# SKIP %s is absent (HALLIGAN_VECTORS names the folder of vector sets)\n", path);
		return false;
	}
	if (file_read(path, JSON_TEXT_MAX, &text, &err) != ERR_OK ||
	    json_parse(buf_view(&text), ret_json, &err) != ERR_OK) {
		printf("Bail out! %s: %s\n", path, err.text);
		exit(1);
	}
	return true;
}

#endif
