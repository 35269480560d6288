/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where on its file system something stands, whatever it is mounted on and by how many names: mounts show the same folder at
 * several paths, and parts of it at others.  As /proc/self/mountinfo tells.
 */
#ifndef DAEMON_STARTER_PLACE_H
#define DAEMON_STARTER_PLACE_H

#include <stdbool.h>

#include "base/err.h"

struct place {
	char device[24];   /* "major:minor" */
	char within[4096]; /* from the root of the file system; "" for that root */
};
/* Of what stands at PATH, without links, and is open as FD.  ERR_IO; ERR_REFUSED: it stands in no mount that is told. */
enum err_code place_of(const char *path, int fd, struct place *ret_place,
    struct err *err) MUST_CHECK;
/* Is one of them the other, or does it lie in it? */
bool place_touches(const struct place *a, const struct place *b);
/* The same of whatever is mounted below PATH, which would be seen through it, and one of the COUNT OTHERS. */
enum err_code place_below_touches(const char *path, const struct place *others, size_t count,
    bool *ret_touches, struct err *err) MUST_CHECK;

#endif
