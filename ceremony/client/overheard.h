/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the program at the other end of a connection writes to its standard error: ssh's words, and through it those of
 * the vault's host; or those of a server on this machine.  Nobody of them may write to the terminal at which somebody
 * decides, so it is the write end of a pipe.  What comes out here is cut into lines, made plain, quoted, and marked as
 * theirs:
 *
 *	ssh or the vault host says: "Permission denied (publickey)."
 *
 * Until the server has greeted, a line is told as it comes: ssh may ask for a passphrase or have a key touched, and
 * nothing of ours stands on the screen.  From then on (overheard_hush) it is kept, and told when nothing is left to
 * decide: by overheard_tell, at the latest by overheard_end.
 *
 * Whoever writes without end is heard without end, so that it blocks nobody, and takes no memory: of a line that is
 * longer than OVERHEARD_LINE bytes the beginning is kept, of more lines than OVERHEARD_KEPT the last, of what is told
 * at once the first OVERHEARD_ALOUD lines.  How many bytes were left out is told.
 */
#ifndef CEREMONY_CLIENT_OVERHEARD_H
#define CEREMONY_CLIENT_OVERHEARD_H

#include "base/process.h"
#include "ceremony/client/ui.h"

enum { OVERHEARD_LINE = 400, OVERHEARD_KEPT = 24, OVERHEARD_ALOUD = 40 };

struct overheard {
	struct fd_beside
	    beside; /* for wire_receive_beside; its fd is -1 when nobody speaks (any more) */
	const struct ui *ui;
	const char *whose; /* "the vault host" */
	bool hushed;
	size_t told;                               /* lines, at once */
	uint64_t lost;                             /* bytes of lines that were left out */
	char line[OVERHEARD_LINE + sizeof("...")]; /* that has no end yet, of SIZE bytes */
	size_t size;
	bool cut; /* it is longer */
	char kept[OVERHEARD_KEPT][OVERHEARD_LINE + sizeof("...")];
	size_t first, count;                       /* of KEPT, a ring */
	char last[OVERHEARD_LINE + sizeof("...")]; /* "": nothing was said */
};

/* FD, which is taken over, is the read end.  WHOSE, a literal, and UI live as long as OVERHEARD, which must not be moved. */
void overheard_begin(struct overheard *overheard, int fd, const char *whose, const struct ui *ui);
/* From now on lines are kept. */
void overheard_hush(struct overheard *overheard);
/* LINE of the same people came by another way: as if it had been heard. */
void overheard_add(struct overheard *overheard, const char *line);
/* Hear what is there without waiting. */
void overheard_hear(struct overheard *overheard);
/* The same, and tell what was kept.  Between decisions only. */
void overheard_tell(struct overheard *overheard);
/* Hear to the end of it, or until DEADLINE (process_milliseconds), so that the last words are known. */
void overheard_finish(struct overheard *overheard, int64_t deadline);
/* Add the last words to an error that is due to whoever speaks.  Returns ERR's code. */
enum err_code overheard_explain(const struct overheard *overheard, struct err *err);
/* Tell what was kept, and hear no more.  Accepts {0} that has not begun. */
void overheard_end(struct overheard *overheard);

#endif
