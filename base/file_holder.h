/* SPDX-License-Identifier: Apache-2.0 */
/* Who holds a record lock (fcntl) on a file, by the kernel's own list: for the text of an error. */
#ifndef BASE_FILE_HOLDER_H
#define BASE_FILE_HOLDER_H

#include <stdbool.h>
#include <sys/types.h>

enum { FILE_HOLDER_NAME_MAX = 31 };
struct file_holder {
	pid_t pid;
	char name[FILE_HOLDER_NAME_MAX +
	    1]; /* of its program, as it calls itself; "" when it does not say */
};
/* The first process but this one that has locked a part of PATH; false: none, or none that this account can see.  No
 * file is opened that a lock could stand on: closing one would end this process's own. */
bool file_holder(const char *path, struct file_holder *ret_holder);

#endif
