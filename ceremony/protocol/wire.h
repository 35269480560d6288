/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What client and server say to each other: messages, each a JSON object and a blob.  Values never
 * travel in the JSON: a blob holds sealed bytes or a header.
 *
 * A message whose JSON is no longer than a frame's is one frame (frame.h).  A longer one, since a
 * statement in it is, comes in parts, one frame each, and nothing else between them:
 *
 *	{"part":1,"of":3,"message":HEX32}	blob: the first 1 MiB of the JSON
 *	{"part":2,"of":3,"message":HEX32}	blob: the next 1 MiB
 *	{"part":3,"of":3,"message":HEX32}	blob: the rest, at least a byte
 *	{"message":HEX32}			blob: the message's own
 *
 * "message" is the SHA-256 of the whole JSON, so that parts of one message never end in another.
 */
#ifndef CEREMONY_PROTOCOL_WIRE_H
#define CEREMONY_PROTOCOL_WIRE_H

#include "ceremony/protocol/frame.h"

enum {
	WIRE_JSON_MAX = FRAME_JSON_MAX, /* of what goes in one piece */
	WIRE_BLOB_MAX = FRAME_BLOB_MAX,
	WIRE_PARTS = JSON_TEXT_MAX / FRAME_BLOB_MAX,
	WIRE_PART_MILLISECONDS = 120 * 1000, /* for the frame after a part */
	WIRE_PROTOCOL = 1
};

/* Would a frame of a page (4,096 bytes) at most go out on FD without waiting for whoever reads there? */
bool wire_takes(int fd);
/* DEADLINE: process_milliseconds, or -1.  JSON is not taken over.  ERR_INVALID: it is larger than
 * JSON_TEXT_MAX, and nothing was sent. */
enum err_code wire_send(int fd, const struct json *json, struct view blob, int64_t deadline,
    struct err *err) MUST_CHECK;
/* A clean end of file before the first byte is ERR_NOT_FOUND; anything else that does not keep
 * to the format is ERR_PROTOCOL, and names the part that is missing, came twice, or does not belong
 * here.  Between parts DEADLINE is at most WIRE_PART_MILLISECONDS away.  What came takes no more
 * memory than JSON_TEXT_MAX for the text, and what json_parse makes of it. */
enum err_code wire_receive(int fd, struct json **ret_json, struct buf *ret_blob, int64_t deadline,
    struct err *err) MUST_CHECK;
/* The same, while BESIDE (base/process.h) is listened to, also in the middle of a frame. */
enum err_code wire_send_beside(int fd, const struct json *json, struct view blob,
    const struct fd_beside *beside, int64_t deadline, struct err *err) MUST_CHECK;
enum err_code wire_receive_beside(int fd, struct json **ret_json, struct buf *ret_blob,
    const struct fd_beside *beside, int64_t deadline, struct err *err) MUST_CHECK;

#endif
