/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way to a file of an account's, walked folder by folder on descriptors, so that nobody who exchanges one of them at this
 * moment leads us elsewhere, and without following what the account itself could point at things of root's.
 */
#ifndef ROTATORS_SSH_KEY_PATH_H
#define ROTATORS_SSH_KEY_PATH_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct key_path {
	int folder;      /* descriptor, to walk on from only (O_PATH); -1: none */
	char name[256];  /* in that folder; no symbolic link when it was looked at */
	char path[4096]; /* the two without links */
	bool
	    through_links; /* through such as the account may have made: what they lead to must be the account's own */
};
void key_path_done(struct key_path *path); /* accepts {.folder = -1} */
#define KEY_PATH CLEANUP(key_path_done) struct key_path

/* PATH for messages: in quotation marks, since a link of the account's own may have put any words there; cut, so that ours have
 * room. */
enum { KEY_PATH_QUOTED = 200 };
void key_path_quote(const char *path, char ret_text[KEY_PATH_QUOTED]);

/* PATH is absolute.  A symbolic link, wherever in it, is followed when it belongs to root or to OWNER.  One of root's in a folder that
 * only root may write in is root's word; all others make RET_PATH one through links.
 * ERR_NOT_FOUND; ERR_REFUSED: a link of somebody else's; ERR_INVALID: no absolute path, or not of a file; ERR_IO. */
enum err_code key_path_walk(const char *path, uid_t owner, struct key_path *ret_path,
    struct err *err) MUST_CHECK;

#endif
