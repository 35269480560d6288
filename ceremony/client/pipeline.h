/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests and replies on a socket to a server, which answers them one after the other.
 *
 * What will be asked for can be sent before: a far server is waited for once, not once a request.  Whoever asks in
 * the very words of what was sent gets the reply that came for it, and everything that goes wrong with it.  Whoever
 * asks in other words ends that: what came is forgotten, since it may be true no more.
 *
 * Once a frame was wrong or the other side has gone, the pipeline is broken and every further call says so: nothing
 * is read from a place where a reply may be half.
 *
 * No reply is waited for without a limit: how long nothing has come is told, and PIPELINE_SECONDS after the last that
 * came (PIPELINE_WORK_SECONDS for long work, which tells how it goes) it is over.
 */
#ifndef CEREMONY_CLIENT_PIPELINE_H
#define CEREMONY_CLIENT_PIPELINE_H

#include "base/json_in.h"
#include "ceremony/client/overheard.h"

/* A reply: an object, and the bytes that came with it. */
struct reply {
	struct json *json;
	struct json_in in; /* reads it, after its "ok" */
	struct buf blob;
};
void reply_done(struct reply *reply);
#define REPLY CLEANUP(reply_done) struct reply

enum {
	PIPELINE_MAX = 64, /* requests under way */
	PIPELINE_SECONDS = 120,
	PIPELINE_WORK_SECONDS = 900
};

struct pipeline {
	int fd;          /* -1: broken, or not begun */
	bool far;        /* whose progress frames are words of others */
	const char *who; /* answers, in words */
	const struct ui *ui;
	struct overheard overheard; /* listened to while FD is waited for; {0}: nobody */
	size_t count;
	struct foreseen {
		struct buf request; /* its text */
		bool works;         /* progress of it is shown at once */
		bool came;
		struct reply reply;
	} rows[PIPELINE_MAX]; /* in the order in which they were sent */
};
void pipeline_end(struct pipeline *pipeline); /* closes FD */

/* REQUEST, which is freed, is sent now, with BLOB, and asked for later; more than PIPELINE_MAX are not. */
void pipeline_ahead(struct pipeline *pipeline, struct json *request, struct view blob);
/* The reply to REQUEST; BLOB goes with it unless it was sent before.  Progress frames go to ui->progress where the request is of long work,
 * in whose place nothing is decided; others are kept with what is overheard.
 * ERR_NOT_FOUND: the server ended without one; ERR_IO: nothing came for too long. */
enum err_code pipeline_ask(struct pipeline *pipeline, const struct json *request, struct view blob,
    struct reply *ret_reply, struct err *err) MUST_CHECK;
/* Does the reply to what was sent stand there, or is it known that none comes? */
bool pipeline_has_answer(const struct pipeline *pipeline);

#endif
