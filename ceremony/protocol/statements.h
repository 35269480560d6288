/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statements that people sign in a ceremony, as plain values, and back; those that the host signs
 * are statements_host.h's.  Each X_payload builds the JSON for
 * statement_new (which adds the nonce); each X_parse checks type, members and ranges, and
 * computes the digest.  Signatures are verified by statement_verify_*.
 *
 * request   {"format":1,"vault":HEX32,"mode":"release"|"reseal"|"rotate"|"recover"|"drill",
 *	      "items":[..],"recipients":[..] (items.h),"seat":..,"token":HEX32,"reason":TEXT 1..500,
 *	      "incident":TEXT 1..100 (0..100 where nobody receives),"duration":S (0 there),
 *	      "host":TEXT,"user":TEXT,"created":TIME,"expires":TIME,"nonce"}
 * approval  {"format":1,"vault":HEX32,"ceremony":HEX32,"seat":..,"token":HEX32,"enc":HEX65,
 *	      "time":TIME,"size":N,"root":HEX32,"nonce"}
 * denial	     {"format":1,"vault":HEX32,"ceremony":HEX32,"seat":..,"token":HEX32,"reason":TEXT,"time":TIME,"nonce"}
 * cancel	     the same members
 *
 * "size" and "root" are the newest checkpoint that the signer had seen.
 */
#ifndef CEREMONY_PROTOCOL_STATEMENTS_H
#define CEREMONY_PROTOCOL_STATEMENTS_H

#include "ceremony/protocol/items.h"
#include "vault/documents/id.h"
#include "vault/documents/statement.h"

enum { REASON_MAX = 500, INCIDENT_MAX = 100 };

struct request {
	struct digest digest, vault;
	enum mode mode;
	struct items items;
	struct recipients recipients;
	char seat[SEAT_NAME_MAX + 1];
	struct digest token;
	char reason[REASON_MAX + 1], incident[INCIDENT_MAX + 1];
	int64_t duration;
	char host[256], user[65];
	int64_t created, expires;
};
void request_done(struct request *request); /* accepts {0} */
#define REQUEST CLEANUP(request_done) struct request
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
