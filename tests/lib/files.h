/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the repository that unit tests read. */
#ifndef TESTS_LIB_FILES_H
#define TESTS_LIB_FILES_H

#include "base/file.h"

#ifndef HALLIGAN_SOURCE /* the build names the root of the repository */
#define HALLIGAN_SOURCE "."
#endif

/* PATH is relative to the root of the repository. */
__attribute__((unused)) static enum err_code
read_repository_file(const char *path, struct buf *ret_bytes, struct err *err)
{
	char full[4096];
	TRY(file_path(HALLIGAN_SOURCE, path, full, err));
	return file_read(full, 1024 * 1024, ret_bytes, err);
}

#endif
