/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a rotator announces about a target before anything is tried there: it stands in a file beside the rotator, in
 * the signed definition of a secret, and in the rotator's own answer, and must be the same in all three.
 *
 *	{"style":"replace"|"overlap"|"issue","holds":N,"identity":"ambient"|"self"|"via",
 *	 "grace":SECONDS,"death":"refused"|"copies-open"|"cannot-die","can":["expel","warn","mint"],
 *	 "account":[MEMBER,..]}						optional: 1 to 8, none twice
 *
 * What is not in "can", nobody may expect of that kind of target.  "account" names the members of a target that together
 * say whose credential it is (vault/documents/definition_account.h), each by 1 to 100 bytes; without it all of them do.
 */
#ifndef BASE_ANNOUNCEMENT_H
#define BASE_ANNOUNCEMENT_H

#include "base/json_in.h"

enum style {
	STYLE_REPLACE, /* the new value takes the place of the old one */
	STYLE_OVERLAP, /* the target holds both: the old one goes only when the new one works */
	STYLE_ISSUE,   /* the target makes the new value, and holds both */
	STYLES
};
extern const char *const style_names[STYLES + 1]; /* NULL at the end, as below */

/* By whose right the target is changed. */
enum identity {
	IDENTITY_AMBIENT, /* the host's own: local root, peer authentication */
	IDENTITY_SELF,    /* the credential changes itself */
	IDENTITY_VIA,     /* another secret, opened in the same ceremony */
	IDENTITIES
};
extern const char *const identity_names[IDENTITIES + 1];

/* What can be said of the old value in the end. */
enum death {
	DEATH_REFUSED, /* the target refuses it, after the grace time where there is one */
	DEATH_COPIES,  /* refused here; copies elsewhere still open (a disk's header) */
	DEATH_NONE,    /* it cannot die */
	DEATHS
};
extern const char *const death_names[DEATHS + 1];

enum can { CAN_EXPEL = 1, CAN_WARN = 2, CAN_MINT = 4 }; /* bits, in the order of can_names */
extern const char *const can_names[4];

enum {
	ANNOUNCED_HOLDS_MAX = 64,
	ANNOUNCED_GRACE_MAX = 31 * 86400,
	ACCOUNT_MEMBERS = 8,
	ACCOUNT_MEMBER_MAX = 100
};

struct announcement {
	enum style style;
	enum identity identity;
	enum death death;
	uint32_t holds; /* values that the target takes at a time: 1 with replace, else 2 to 64 */
	uint32_t grace; /* seconds for which it goes on to take an old value; at most 31 days */
	uint32_t can;
	uint32_t account_count; /* 0: all members of the target */
	char account[ACCOUNT_MEMBERS][ACCOUNT_MEMBER_MAX + 1];
};

/* The members above; WHAT names the object in errors.  ERR_INVALID: also when they contradict each other. */
enum err_code announcement_parse(const struct json *object, const char *what,
    struct announcement *ret_announcement, struct err *err) MUST_CHECK;
/* Reads them from IN, which may have others; the caller ends IN. */
void announcement_in(struct json_in *in, struct announcement *ret_announcement);
/* The same of a target's own, in the place of ANNOUNCEMENT, the rotator's for it, whose "account" stays: no target says by
 * itself whose credential it is.  ERR_INVALID: it does. */
enum err_code announcement_take(const struct json *object, const char *what,
    struct announcement *announcement, struct err *err) MUST_CHECK;
void announcement_put(struct json *object, const struct announcement *announcement);
/* Can the host alone replace a value that stays sealed: by its own right, in the place of the old one, which is then
 * refused? */
bool announcement_replaces_alone(const struct announcement *announcement);
/* The member in which two differ, or NULL. */
const char *announcement_differs(const struct announcement *a, const struct announcement *b);

#endif
