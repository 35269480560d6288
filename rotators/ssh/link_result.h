/* SPDX-License-Identifier: Apache-2.0 */
/* What a link found out (rotators/ssh/link.h), and how it says so: in our words, with others' in quotation marks. */
#ifndef ROTATORS_SSH_LINK_RESULT_H
#define ROTATORS_SSH_LINK_RESULT_H

#include "base/err.h"
#include "rotators/contract/contract.h"

enum link_verdict {
	LINK_UNKNOWN, /* all that is not below; the cause says what is known */
	LINK_DENIED,  /* the host itself said no to this key, after it proved the pinned host key */
	LINK_ACCEPTED, /* the host says that we are logged in */
};
/* Why it is not known. */
enum link_cause {
	LINK_NO_CAUSE,
	LINK_NO_HOST,    /* no connection, no pinned host key, no answer, no end of what it sends */
	LINK_HUNG_UP,    /* it ended the connection where it should answer for the key */
	LINK_WANTS_MORE, /* the key is right, but it wants a second factor */
	LINK_WANTS_OTHER, /* it takes no public keys at all */
	LINK_WANTS_NONE,  /* it lets in without any key */
	LINK_NOT_LET_IN,  /* it knows the key, and still let nobody in */
	LINK_NOT_OFFERED, /* the key never went out */
	LINK_JUMP_SHUT, /* the host on the way lets nobody in with the key for it, or wants more */
};
struct link_result {
	enum link_verdict verdict;
	enum link_cause cause;
	char detail[ROTATOR_DETAIL_MAX + 1]; /* our words; the other side's are quoted in them */
};

/* Fills RESULT; always ERR_OK, since finding out was no failure.  What does not fit is cut. */
enum err_code link_conclude(struct link_result *result, enum link_verdict verdict,
    enum link_cause cause, const char *format, ...) FORMAT_LIKE(4, 5);

/* "; WHO "WORDS"" with all escaped that is no plain text, or nothing when there are no WORDS (NULL, too). */
struct link_quote {
	char text[264];
};
struct link_quote link_quote(const char *who, const char *words);

#endif
