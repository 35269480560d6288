/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors.  A function that can fail returns an enum err_code (ERR_OK is 0) and says more through
 * a struct err, always its last argument, owned by the caller, of fixed size, so that reporting
 * an error cannot itself run out of memory.
 *
 * The lowest function says what happened with err_set(); each caller on the way up may say what
 * it was doing with err_add().  The person reads one line, outermost first:
 *
 *	opening prod/db: unlocking secops key 1234: PIN refused, 2 tries left
 *
 * The text never holds a secret.  A struct err pointer is never NULL.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stddef.h>

#include "base/attr.h"

enum err_code {
	ERR_OK = 0,
	ERR_USAGE,          /* the command line is wrong */
	ERR_INVALID,        /* an input is malformed or breaks a rule of its format */
	ERR_REFUSED,        /* a well-formed request that policy or state does not allow */
	ERR_WAITING,        /* nothing wrong: others must act first */
	ERR_EXPIRED,        /* too late */
	ERR_NOT_FOUND,      /* no such thing */
	ERR_EXISTS,         /* there is one already */
	ERR_TOKEN,          /* the token, its reader or pcscd failed, or lies */
	ERR_TOKEN_GONE,     /* the token was pulled or reset while in use */
	ERR_TOKEN_ABSENT,   /* the token asked for is not plugged in */
	ERR_PIN,            /* the token refused the PIN */
	ERR_PIN_BLOCKED,    /* no PIN try is left, or the last one would have been spent */
	ERR_TOUCH,          /* no touch in time */
	ERR_TARGET,         /* the target definitely refused */
	ERR_TARGET_UNKNOWN, /* the target did not answer: the outcome is unknown, never "failed" */
	ERR_INTEGRITY,      /* stored or received data contradicts a hash, signature or the log */
	ERR_CRYPTO,         /* the cryptographic library failed, or a decryption did not verify */
	ERR_IO,             /* reading or writing failed */
	ERR_NO_SPACE,       /* the disk or quota is full */
	ERR_MEMORY,         /* memory, or lockable memory, ran out */
	ERR_BUSY,           /* somebody else holds it */
	ERR_VERSION,        /* made by another Halligan */
	ERR_PROTOCOL,       /* the other side of a connection does not keep to the protocol */
	ERR_INTERNAL,       /* a bug of ours */
	ERR_CODE_COUNT
};

enum { ERR_TEXT_SIZE = 2048, ERR_PARTS = 8 };

struct err {
	enum err_code code;
	/* What is to be done, when that is not what always is: a literal, or NULL. */
	const char *cure;
	/* Where in the text a person's next lines begin (err_part); 0: no more of them. */
	unsigned short parts[ERR_PARTS];
	char text[ERR_TEXT_SIZE]; /* NUL-terminated; cut at the end with "..." when too long */
};

/* Say what happened; replaces what ERR held.  Returns CODE.  Control characters become '?'. */
enum err_code err_set(struct err *err, enum err_code code, const char *format, ...)
    FORMAT_LIKE(3, 4);

/* What would mend it, a literal that goes on after "then "; it stays until the next err_set().  Returns ERR's
 * code. */
enum err_code err_cure(struct err *err, const char *cure);
/* One more sentence, behind ".  ", which begins a line of its own where a person reads it: a place in somebody else's
 * words that looks the same does not.  Returns ERR's code. */
enum err_code err_part(struct err *err, const char *format, ...) FORMAT_LIKE(2, 3);
/* What MORE says, too, as parts; an ERR that holds nothing (ERR_OK) becomes it whole.  The first code and cure stay.  What
 * is more than ERR_PARTS goes on in the last one's line.  Returns ERR's code. */
enum err_code err_also(struct err *err, const struct err *more);

/* Questions that do not need each other's answers are all asked, and what is wrong is told at once: what came of one, with
 * ONE when CODE is an error, goes into ALL, which is {0} at first; in the end all of it is ERR's.  Returns its code. */
void err_gather(struct err *all, enum err_code code, const struct err *one);
enum err_code err_gathered(const struct err *all, struct err *err);

/* How many parts it has, at least 1. */
size_t err_parts(const struct err *err);
/* Part PART of it, 0 being the first, without what stands between; "" where there is none. */
void err_copy_part(const struct err *err, size_t part, char ret_text[ERR_TEXT_SIZE]);

/* Not more than SIZE bytes of it, and no further lines of what is cut off. */
void err_cut(struct err *err, size_t size);
/* Put "FORMAT...: " in front of what ERR holds.  Returns ERR's code. */
enum err_code err_add(struct err *err, const char *format, ...) FORMAT_LIKE(2, 3);

/* Like err_set(), with ": " and the text of errno ERROR_NUMBER at the end.  ENOSPC and EDQUOT
 * become ERR_NO_SPACE, ENOMEM becomes ERR_MEMORY, whatever CODE says. */
enum err_code err_errno(struct err *err, enum err_code code, int error_number, const char *format,
    ...) FORMAT_LIKE(4, 5);

/* The stable name of CODE on the wire and in --json: "refused", "pin-blocked", ... */
const char *err_name(enum err_code code);

/* The error called NAME; ERR_PROTOCOL when there is none, and for "ok", which is no error. */
enum err_code err_from_name(const char *name);

#endif
