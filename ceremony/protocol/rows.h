/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of lists that the server sends for people to read, as it writes and clients read them; nothing of
 * them is verified.  Texts live as long as what they were read from. */
#ifndef CEREMONY_PROTOCOL_ROWS_H
#define CEREMONY_PROTOCOL_ROWS_H

#include "base/json_members.h"

/* One thing that waits in a vault. */
struct status_item {
	const char *kind, *subject, *text;
	const char *waits, *next; /* for whom, and the command that comes next; "" */
};
extern const struct member status_item_members[];

struct secret_listed {
	const char *name, *policy, *rotator, *state;
	uint32_t current; /* version */
};
extern const struct member secret_listed_members[];

/* What became of a debt: its secret's NAME, the name of its state ("none": there was none), "ok" or the error's name of
 * the last attempt; and by which grade the old value is dead, when that was found just now, else "". */
struct rotation_told {
	const char *name, *debt, *code, *note, *grade;
};
extern const struct member rotation_told_members[];

/* A value that the target of an open debt may take: what is known of it, in words, and its public half, or "". */
enum { VALUE_PUBLIC_MAX = 6000 };
struct value_told {
	uint32_t version;
	const char *words, *public;
};
extern const struct member value_told_members[];

/* A death watch: its version, and where it stands, in words. */
struct death_told {
	uint32_t version;
	const char *state, *words, *note;
};
extern const struct member death_told_members[];

/* A file of the copy sink that is not as it should be: "missing", "damaged" (other bytes), "unneeded" (of a version that is
 * retired, or of a sealing that came to nothing), "foreign"; its name, and WHAT it is about, or "". */
struct copy_found {
	const char *finding, *name, *what;
};
extern const struct member copy_found_members[];

#endif
