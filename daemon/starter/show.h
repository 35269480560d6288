/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a rotator is shown of the file system: what any program needs (/usr, entries of /etc, /dev/null), its own program, and
 * the paths that its definition names and root allows; each judged by its descriptor.
 */
#ifndef DAEMON_STARTER_SHOW_H
#define DAEMON_STARTER_SHOW_H

#include "daemon/starter/place.h"
#include "daemon/starter/space.h"

enum { SHOW_HIDDEN = 64 };

/* What is shown to none, nor anything that touches it. */
struct show_hidden {
	struct place *places; /* owned */
	size_t count;
};
/* PATH is one of them; if there is none, nothing happens.  ERR_IO, ERR_REFUSED (too many). */
enum err_code show_hide(struct show_hidden *hidden, const char *path, struct err *err) MUST_CHECK;

struct show {
	struct space_shown shown
	    [SPACE_SHOWN]; /* folders before what lies in them; owned, with paths and descriptors */
	size_t count;
	struct show_hidden hidden;
};
void space_shown_done(struct space_shown *shown);
void show_done(struct show *show); /* accepts {0} */
#define SHOW CLEANUP(show_done) struct show

/* What any program needs, as far as this host has it. */
enum err_code show_system(struct show *show, struct err *err) MUST_CHECK;
/* FD, a duplicate of which is kept, at PATH, where programs are executed from. */
enum err_code show_program(struct show *show, const char *path, int fd, struct err *err) MUST_CHECK;
/* What PATH leads to, at PATH and where it stands, which RET_PATH is (may be NULL).  ERR_REFUSED: it is a device or a file with
 * several names (a hard link may be of something hidden); touches what is hidden; a link on the way is somebody's.
 * ERR_NOT_FOUND. */
enum err_code show_path(struct show *show, const char *path, bool changes, char ret_path[4096],
    struct err *err) MUST_CHECK;

#endif
