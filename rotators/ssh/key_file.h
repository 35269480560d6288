/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that belongs to an account and that sshd reads: looked at and replaced as whole bytes.
 * Replacing is atomic and durable and keeps owner, group, mode, access control list, extended attributes and security
 * label, or does not happen; base/file.h does not, because it makes files of our own.
 *
 * We may be root in a folder that an unprivileged account can write, so nothing is done by path: the folder is come to by
 * descriptors (rotators/ssh/key_path.h), files are opened in it without following links, and changed by descriptor.
 */
#ifndef ROTATORS_SSH_KEY_FILE_H
#define ROTATORS_SSH_KEY_FILE_H

#include <sys/stat.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "rotators/ssh/key_path.h"

struct key_file {
	int folder;                 /* descriptor, -1: none */
	int file;                   /* likewise, to read */
	char name[256];             /* in the folder */
	char path[KEY_PATH_QUOTED]; /* resolved and quoted, for messages */
	struct stat status;
	struct buf content;
};
void key_file_done(struct key_file *file); /* accepts {.folder = -1, .file = -1} */
#define KEY_FILE CLEANUP(key_file_done) struct key_file
#define KEY_FILE_NONE                                                                              \
	{                                                                                          \
		.folder = -1, .file = -1                                                           \
	}

/* The name of a new file, until it takes the old one's place: PREFIX, whose it is, "-", and something random. */
#define KEY_FILE_PREFIX ".halligan-ssh-key-"
enum { KEY_FILE_TAG = 16 /* hexadecimal digits */, KEY_FILE_RANDOM = 16 /* letters and digits */ };

/* Reads PATH (absolute) of at most MAX bytes.  The file and its folder must belong to OWNER or root, and to OWNER alone where a
 * symbolic link leads there that the account could have made (rotators/ssh/key_path.h); and be closed to writing
 * by others (as sshd's StrictModes asks), else ERR_REFUSED.  ERR_REFUSED too when the file has
 * other hard links, which a replacement would cut off.  ERR_NOT_FOUND, ERR_INVALID (too large),
 * ERR_IO.  All of that is told, as parts, as far as it can be seen together. */
enum err_code key_file_read(const char *path, uid_t owner, size_t max, struct key_file *ret_file,
    struct err *err) MUST_CHECK;
/* Would key_file_replace() be let, as far as that is known without trying?  ERR_REFUSED: a folder that we may not write in, a file system that is
 * read-only, a file or folder that is immutable or append-only. */
enum err_code key_file_check_place(const struct key_file *file, struct err *err) MUST_CHECK;
/* New files that a killed attempt left beside it go first: those with TAG, which no other rotation has, and those that are two
 * hours old, longer than any attempt lasts.
 * ERR_BUSY: somebody else changed the file, or its owner, mode or attributes, since it was read.  ERR_TARGET_UNKNOWN: it was replaced,
 * but whether that survives a power cut is not known.  After every other error (ERR_NO_SPACE,
 * ERR_IO) the old file stands and nothing is left beside it. */
enum err_code key_file_replace(const struct key_file *file, const char *tag, struct view content,
    struct err *err) MUST_CHECK;

#endif
