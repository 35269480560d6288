/* SPDX-License-Identifier: Apache-2.0 */
/* Members that several statements of ceremony/protocol/statements.h have. */
#ifndef CEREMONY_PROTOCOL_STATEMENT_PARTS_H
#define CEREMONY_PROTOCOL_STATEMENT_PARTS_H

#include "base/json.h"
#include "base/json_in.h"
#include "vault/documents/statement.h"

enum { RECORD_FORMAT = 1, LINE_SIZE = 64 };

/* A new payload that begins with format (RECORD_FORMAT) and vault. */
struct json *parts_new(const struct digest *vault);
struct json *parts_new_as(int format, const struct digest *vault);
/* The first members of every payload, and its nonce. */
void parts_in(struct json_in *in, struct digest *ret_vault);
void parts_in_as(struct json_in *in, int format, struct digest *ret_vault);
/* "request: items[3]": how errors name an element of a list. */
const char *parts_line(const char *what, const char *list, size_t index, char line[LINE_SIZE]);
/* Copy a text of MIN bytes to SIZE - 1 bytes. */
void parts_in_text(struct json_in *in, const char *name, size_t min, char *ret_text, size_t size);
/* The same for a seat's or secret's name. */
void parts_in_name(struct json_in *in, const char *name, char *ret_text, size_t size);
void parts_in_digest(struct json_in *in, const char *name, struct digest *ret_digest);
/* A point that is on the curve. */
void parts_in_point(struct json_in *in, const char *name, struct point *ret_point);
/* "size" and "root" of a checkpoint. */
void parts_in_checkpoint(struct json_in *in, uint64_t *ret_size, struct digest *ret_root);
void parts_put_checkpoint(struct json *payload, uint64_t size, const struct digest *root);
/* PAYLOAD is finished: hand it over, or say that memory ran out. */
enum err_code parts_finish(struct json *payload, struct json **ret_payload,
    struct err *err) MUST_CHECK;

#endif
