/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What root lets rotators have: /etc/halligan/starter.conf, root's and writable by nobody else.  One entry a line, behind `#` stands a
 * comment; words are separated by blanks, and no word holds one:
 *
 *	vault ACCOUNT	of the vault, which alone may ask on the socket; once.  Root's own asks without
 *	account NAME	rotators may run as it, beside `halligan-rotate`; root only what comes with Halligan
 *	program NAME	of /etc/halligan/programs, a rotator or what `exec` runs
 *	path PATH	rotators may be shown it, and what lies below, where a definition names that
 *	hide PATH	a vault, a copy sink: nothing of it is shown, nor anything it lies in
 *
 * Without the file: `halligan-rotate`, what comes with Halligan, no path.
 */
#ifndef ROTATORS_CONTRACT_STARTER_CONF_H
#define ROTATORS_CONTRACT_STARTER_CONF_H

#include <sys/types.h>

#include "base/bytes.h"
#include "rotators/contract/needs.h"

#define CONF_PATH    "/etc/halligan/starter.conf"
#define CONF_ACCOUNT "halligan-rotate"
enum { CONF_MAX = 64 * 1024, CONF_ENTRIES = 256 };

enum conf_kind { CONF_VAULT, CONF_ACCOUNTS, CONF_PROGRAM, CONF_SHOWS, CONF_HIDES };
struct conf_entry {
	enum conf_kind kind;
	char *word; /* owned */
};
struct conf {
	struct conf_entry *entries; /* owned */
	size_t count;
};
void conf_done(struct conf *conf); /* accepts {0} */
#define CONF CLEANUP(conf_done) struct conf

/* TEXT of such a file.  ERR_INVALID names the line: an unknown word, an account that there is none, a path that is none, one too
 * many. */
enum err_code conf_parse(struct view text, struct conf *ret_conf, struct err *err) MUST_CHECK;
/* The file; none is no error.  ERR_REFUSED: somebody else can write it. */
enum err_code conf_read(struct conf *ret_conf, struct err *err) MUST_CHECK;

/* Is WORD listed as KIND? */
bool conf_has(const struct conf *conf, enum conf_kind kind, const char *word);
/* Is PATH one that may be shown, as it is written?  Looks at no file, so that nothing is told of those that may not. */
bool conf_names(const struct conf *conf, const char *path);
/* Is REAL, without links, where root's entries lead? */
bool conf_shows(const struct conf *conf, const char *real);
/* The user id of the vault's account; false: none is named. */
bool conf_vault(const struct conf *conf, uid_t *ret_uid);

#endif
