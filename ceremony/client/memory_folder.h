/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder of what this computer remembers: $XDG_STATE_HOME/halligan (default ~/.local/state/halligan).
 * It belongs to the account that uses it: what root wrote there with an ordinary user's HOME, that user
 * could read no more.
 */
#ifndef CEREMONY_CLIENT_MEMORY_FOLDER_H
#define CEREMONY_CLIENT_MEMORY_FOLDER_H

#include "base/err.h"

/* Makes nothing.  ERR_USAGE: neither XDG_STATE_HOME nor HOME is usable.  ERR_REFUSED: it is another
 * account's, or would be made in a folder that is neither ours nor root's. */
enum err_code memory_folder(char ret_path[4096], struct err *err) MUST_CHECK;
/* FOLDER and all above it, 0700. */
enum err_code memory_folder_make(const char *folder, struct err *err) MUST_CHECK;
/* ERR_REFUSED, with the command that mends it: FOLDER, PATH in it, or what is between them, is there and belongs to
 * another account. */
enum err_code memory_folder_check(const char *folder, const char *path, struct err *err) MUST_CHECK;

#endif
