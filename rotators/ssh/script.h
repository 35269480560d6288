/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the ssh-key rotator has done by a shell on the target: POSIX sh scripts that go to the
 * stdin of `/bin/sh -s`, and what they say.  Each is one function that is called in the last line, so
 * that a script which arrives in part does nothing.
 *
 * A script's answers follow its marker, a random word, so that greetings and start-up files of the account
 * cannot be taken for answers, and hide none, whatever they write before it.
 */
#ifndef ROTATORS_SSH_SCRIPT_H
#define ROTATORS_SSH_SCRIPT_H

#include "base/json.h"
#include "base/ssh_public.h"
#include "rotators/contract/contract.h"

struct script_marker {
	char text[48];
};
enum err_code script_marker(struct script_marker *ret_marker, struct err *err) MUST_CHECK;

/* A step that a script did not get beyond is its exit status; it says the same behind the marker, since an account may
 * have the shell end with another one. */
enum script_step {
	STEP_MISSING = 30, /* no such file */
	STEP_RESOLVE,
	STEP_KIND, /* not a regular file */
	STEP_OWNER,
	STEP_LINKS,
	STEP_READ,
	STEP_SIZE,
	STEP_CHANGED, /* somebody else changed it */
	STEP_MAKE,    /* no new file beside it */
	STEP_WRITE,
	STEP_KEEP, /* owner, mode, access control list, extended attributes, label */
	STEP_SUM,  /* what is on the disk is not what was sent */
	STEP_SYNC,
	STEP_MOVE,
	STEP_SYNC_FOLDER, /* after it was put in place */
	STEP_PROC,
	STEP_OPEN,    /* other users may write */
	STEP_ACCOUNT, /* no such account */
	STEP_END
};
enum script_result {
	SCRIPT_DONE,
	SCRIPT_STOPPED, /* at a step that the detail tells; it changed nothing */
	SCRIPT_SILENT, /* not run, or cut off anywhere, or changed and not known to last: the detail tells */
};

/* Reads the file PATH (absolute, or from the home folder).  ASKS: stops, too, where it can be known that script_replace() would,
 * which only tries. */
enum err_code script_read(const struct script_marker *marker, const char *path, bool asks,
    struct buf *ret_script, struct err *err) MUST_CHECK;
struct script_file {
	struct view content;
	char sum[64]; /* cksum's words, to see whether somebody changed it since */
};
/* RET_FILE points into OUTPUT. */
enum script_result script_read_result(const struct script_marker *marker, struct view output,
    struct script_file *ret_file, char ret_detail[ROTATOR_DETAIL_MAX + 1]);
/* After SCRIPT_STOPPED: further steps that it would not get beyond, one at a time; OUTPUT is what is left. */
bool script_next_stop(const struct script_marker *marker, struct view *output,
    char ret_detail[ROTATOR_DETAIL_MAX + 1]);

/* Replaces PATH by CONTENT (without NUL) when it still has the sum SUM: a new file in the same
 * folder with the same owner, group, mode, access control list, extended attributes and label, synced, then renamed.  TAG: as in
 * key_file_replace. */
enum err_code script_replace(const struct script_marker *marker, const char *path, const char *tag,
    const char *sum, struct view content, struct buf *ret_script, struct err *err) MUST_CHECK;
enum script_result script_replace_result(const struct script_marker *marker, struct view output,
    char ret_detail[ROTATOR_DETAIL_MAX + 1]);

/* Ends USER's sessions that were opened with KEY, as the files say that sshd makes with
 * "ExposeAuthInfo yes".  What they say is the account's to change: only when nothing else is left is it sure that no
 * session of KEY is. */
enum err_code script_expel(const struct script_marker *marker, const char *user,
    const struct ssh_public *key, struct buf *ret_script, struct err *err) MUST_CHECK;
struct script_sessions {
	unsigned ended;
	unsigned unclear; /* left: sessions of the account of which the key is not known */
	unsigned other;   /* left: those that say another key, which only they say */
	unsigned unseen;  /* not 0: not all of the host's processes could be looked at */
};
enum script_result script_expel_result(const struct script_marker *marker, struct view output,
    struct script_sessions *ret_sessions, char ret_detail[ROTATOR_DETAIL_MAX + 1]);

#endif
