/* SPDX-License-Identifier: Apache-2.0 */
/* Extended attributes of a file, among them access control lists, security labels and what users set. */
#ifndef ROTATORS_SSH_KEY_ATTRIBUTES_H
#define ROTATORS_SSH_KEY_ATTRIBUTES_H

#include "base/err.h"

/* Gives the file open as TO those of FROM, takes away what it has beyond (a folder's default list), and looks whether it
 * has them then.  What the kernel makes of the content itself (security.ima, security.evm) is left to it.  Changes the mode's bits where there is a list.
 * PATH for messages.  ERR_IO names the attribute that cannot be kept; ERR_MEMORY. */
enum err_code key_attributes_copy(int from, int to, const char *path, struct err *err) MUST_CHECK;

#endif
