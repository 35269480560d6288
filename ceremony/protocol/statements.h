/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statements that people sign in a ceremony, as plain values, and back; those that the host signs
 * are statements_host.h's.  Each X_payload builds the JSON for
 * statement_new (which adds the nonce); each X_parse checks type, members and ranges, and
 * computes the digest.  Signatures are verified by statement_verify_*.
 *
 * request   {"format":1,"vault":HEX32,"secret":HEX16,"name":..,"definition":HEX32,"header":HEX32,
 *	      "version":N,"seat":..,"token":HEX32,"reason":TEXT 1..500,"incident":TEXT 1..100,
 *	      "duration":S,"mode":"break-glass","host":TEXT,"user":TEXT,"created":TIME,"expires":TIME,"nonce"}
 * approval  {"format":1,"vault":HEX32,"ceremony":HEX32,"seat":..,"token":HEX32,"enc":HEX65,
 *	      "time":TIME,"size":N,"root":HEX32,"nonce"}
 * denial	     {"format":1,"vault":HEX32,"ceremony":HEX32,"seat":..,"token":HEX32,"reason":TEXT,"time":TIME,"nonce"}
 * cancel	     the same members
 *
 * "size" and "root" are the newest checkpoint that the signer had seen.
 */
#ifndef CEREMONY_PROTOCOL_STATEMENTS_H
#define CEREMONY_PROTOCOL_STATEMENTS_H

#include "vault/documents/id.h"
#include "vault/documents/statement.h"
#include "vault/seal/header.h"

enum { REASON_MAX = 500, INCIDENT_MAX = 100 };

struct request {
	struct digest digest, vault, definition, header;
	struct secret_id secret;
	char name[SEAT_NAME_MAX + 1];
	uint32_t version;
	char seat[SEAT_NAME_MAX + 1];
	struct digest token;
	char reason[REASON_MAX + 1], incident[INCIDENT_MAX + 1];
	int64_t duration;
	char host[256], user[65];
	int64_t created, expires;
};
struct approval {
	struct digest digest, vault, ceremony, token, root;
	char seat[SEAT_NAME_MAX + 1];
	struct point enc;
	int64_t time;
	uint64_t size;
};
struct objection { /* denial or cancel */
	struct digest digest, vault, ceremony, token;
	char seat[SEAT_NAME_MAX + 1];
	char reason[REASON_MAX + 1];
	int64_t time;
};
enum err_code request_payload(const struct request *request, struct json **ret_payload,
    struct err *err) MUST_CHECK;
enum err_code request_parse(const struct dsse *statement, bool training,
    struct request *ret_request, struct err *err) MUST_CHECK;
enum err_code approval_payload(const struct approval *approval, struct json **ret_payload,
    struct err *err) MUST_CHECK;
enum err_code approval_parse(const struct dsse *statement, bool training,
    struct approval *ret_approval, struct err *err) MUST_CHECK;
/* TYPE: STATEMENT_DENIAL or STATEMENT_CANCEL. */
enum err_code objection_payload(const struct objection *objection, struct json **ret_payload,
    struct err *err) MUST_CHECK;
enum err_code objection_parse(const struct dsse *statement, enum statement_type type, bool training,
    struct objection *ret_objection, struct err *err) MUST_CHECK;

#endif
