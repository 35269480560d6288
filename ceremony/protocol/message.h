/* SPDX-License-Identifier: Apache-2.0 */
/* Building requests and reading replies of docs/PROTOCOL.md. */
#ifndef CEREMONY_PROTOCOL_MESSAGE_H
#define CEREMONY_PROTOCOL_MESSAGE_H

#include "base/dsse.h"
#include "base/json.h"
#include "base/json_in.h"

/* {"op":NAME}: an object as of json_new_object. */
struct json *op_new(const char *name);
/* A reader of REPLY, called WHAT in errors, that has read its "ok". */
struct json_in reply_in(const struct json *reply, const char *what, struct err *err);
/* The reply that tells WHY; and what that says to a client, whose reader IN has read "ok".  ERR_PROTOCOL. */
void put_error(struct json *reply, const struct err *why);
enum err_code in_error(struct json_in *in, struct err *err);
/* STATEMENT as one JSON string: member NAME of OBJECT, the next of ARRAY.  Failure sticks, as with
 * json_put. */
void put_statement(struct json *object, const char *name, const struct dsse *statement);
void add_statement(struct json *array, const struct dsse *statement);
/* Members "keyid", "sig", and for a FIDO2 token "authData". */
void put_signature(struct json *object, const struct dsse_signature *signature);
/* A statement that IN's object has as a string; failure is IN's. */
void in_statement(struct json_in *in, const char *name, struct dsse *ret_statement);
/* The text at INDEX of ARRAY as a statement, called WHAT in errors. */
enum err_code array_statement(const struct json *array, size_t index, const char *what,
    struct dsse *ret_statement, struct err *err) MUST_CHECK;
/* The texts of ARRAY joined with ", ". */
enum err_code array_join(const struct json *array, struct buf *ret_text,
    struct err *err) MUST_CHECK;

#endif
