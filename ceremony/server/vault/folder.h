/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vault's folder as a whole (its parts: ceremony/server/vault/host.h): who may reach it.
 *
 * Everything in it is of one account and closed to all others: folders 0700, files 0600 (or less), no
 * symbolic links, and no second name of a file anywhere.  What is in FOLDER itself and is no part of
 * a vault is left alone.  The folders above are not looked at: whoever can rename in them can put
 * another folder in place, but none of this account.
 */
#ifndef CEREMONY_SERVER_VAULT_FOLDER_H
#define CEREMONY_SERVER_VAULT_FOLDER_H

#include "base/err.h"

/* Makes FOLDER and those in it where they are missing, and checks it. */
enum err_code folder_make(const char *folder, struct err *err) MUST_CHECK;
/* ERR_REFUSED names each part that is not as above and the command that mends it.  A FOLDER that does
 * not exist, or holds no part of a vault, is ERR_OK. */
enum err_code folder_check(const char *folder, struct err *err) MUST_CHECK;
/* Erases what writers that no longer live left behind (.NAME.tmp.PID) in FOLDER and those in it. */
enum err_code folder_sweep(const char *folder, struct err *err) MUST_CHECK;

#endif
