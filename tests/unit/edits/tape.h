/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was said to a server, and what came of it, to be said again to one whose database was edited.
 * The calls that are replaced: wire_send, wire_receive.
 */
#ifndef TESTS_UNIT_EDITS_TAPE_H
#define TESTS_UNIT_EDITS_TAPE_H

#include "tests/unit/edits/seams.h"
#include "tests/unit/server/server_bench.h"

enum { SCRIPT_MAX = 256 };

struct command {
	char name[24];            /* of the operation */
	struct buf request, blob; /* JSON as text */
	struct buf reply;         /* all frames, with their blobs */
	struct buf trace;         /* what lasts of it (seams.h) */
	int64_t now;
	uint64_t stream; /* of random bytes */
	bool fresh;      /* begins a session */
};
struct script {
	const char *name;
	uint64_t number, said; /* how many commands so far */
	struct command commands[SCRIPT_MAX];
	size_t count;
};
void script_done(struct script *script);

/* From now on what BENCH says is recorded in SCRIPT.  NULL: no more. */
void tape_record(struct bench *bench, struct script *script);

/* What is said to one vault, and in which sessions. */
struct step {
	const struct command *command;
	bool fresh;
};
enum play_end {
	PLAY_SAME, /* as it was recorded, to the end */
	PLAY_MET,  /* an alarm */
	PLAY_WRONG /* something else */
};
struct play {
	const struct step *steps;
	size_t count;
	size_t edit_at; /* before this one is said, EDIT happens */
	void (*edit)(void *context);
	void *context;

	size_t at; /* of the next one; when it ended, behind the last one */
	enum play_end end;
	bool cut;        /* the alarm stopped a piece of work that had begun */
	bool in_session; /* the alarm came when the session was open */
	bool in_due;     /* it came after the session, and `status` tells of it */
	bool served;     /* the session has heard something */
	bool is_running; /* the last one was not judged yet */
	enum err_code code;
	struct buf reply;
	struct buf fault; /* what is wrong */
};
void play_done(struct play *play);
#define PLAY CLEANUP(play_done) struct play
/* Until something else comes than was recorded. */
void play_run(struct play *play, const char *folder);

#endif
