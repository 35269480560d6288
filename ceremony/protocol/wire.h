/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames between a client and `halligan serve --stdio`:
 *
 *	u32 size of the JSON, u32 size of the blob, JSON object, blob
 *
 * Values never travel in the JSON: a blob holds sealed bytes or a header.  Sizes over the limits
 * are refused before anything is allocated (ERR_PROTOCOL).
 */
#ifndef CEREMONY_PROTOCOL_WIRE_H
#define CEREMONY_PROTOCOL_WIRE_H

#include "base/json.h"
#include "base/process.h"

enum { WIRE_JSON_MAX = JSON_TEXT_MAX, WIRE_BLOB_MAX = 1024 * 1024, WIRE_PROTOCOL = 1 };

/* DEADLINE: process_milliseconds, or -1.  JSON is not taken over. */
enum err_code wire_send(int fd, const struct json *json, struct view blob, int64_t deadline,
    struct err *err) MUST_CHECK;
/* A clean end of file before the first byte is ERR_NOT_FOUND; anything else that does not keep
 * to the format is ERR_PROTOCOL. */
enum err_code wire_receive(int fd, struct json **ret_json, struct buf *ret_blob, int64_t deadline,
    struct err *err) MUST_CHECK;

#endif
