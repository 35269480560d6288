/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames between a client and `halligan serve --stdio`:
 *
 *	u32 size of the JSON, u32 size of the blob, JSON object, blob
 *
 * Sizes over the limits are refused before anything is allocated (ERR_PROTOCOL).  What is said in
 * them: wire.h.
 */
#ifndef CEREMONY_PROTOCOL_FRAME_H
#define CEREMONY_PROTOCOL_FRAME_H

#include "base/json.h"
#include "base/process.h"

enum { FRAME_JSON_MAX = 1024 * 1024, FRAME_BLOB_MAX = 1024 * 1024 };

/* BESIDE is listened to meanwhile; NULL: nothing.  DEADLINE: process_milliseconds, or -1. */
enum err_code frame_send(int fd, struct view json, struct view blob, const struct fd_beside *beside,
    int64_t deadline, struct err *err) MUST_CHECK;
/* A clean end of file before the first byte is ERR_NOT_FOUND; anything else that does not keep
 * to the format is ERR_PROTOCOL. */
enum err_code frame_receive(int fd, struct json **ret_json, struct buf *ret_blob,
    const struct fd_beside *beside, int64_t deadline, struct err *err) MUST_CHECK;
/* TEXT came from the other side: what is no JSON object is ERR_PROTOCOL. */
enum err_code frame_json(struct view text, struct json **ret_json, struct err *err) MUST_CHECK;

#endif
