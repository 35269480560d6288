/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statements of a ceremony as plain values, and back.  Each X_payload builds the JSON for
 * statement_new (which adds the nonce); each X_parse checks type, members and ranges, and
 * computes the digest.  Signatures are verified by statement_verify_*.
 *
 * request   {"format":1,"vault":HEX32,"secret":HEX16,"name":..,"definition":HEX32,"header":HEX32,
 *	      "version":N,"seat":..,"token":HEX32,"reason":TEXT 1..500,"incident":TEXT 1..100,
 *	      "duration":S,"mode":"break-glass","host":TEXT,"user":TEXT,"created":TIME,"expires":TIME,"nonce"}
 * ceremony  {"format":1,"vault":HEX32,"id":HEX16,"request":HEX32,
 *	      "opens":[{"secret":HEX16,"version":N,"definition":HEX32,"header":HEX32}] (exactly one in format 1),
 *	      "quorum":TEXT,"charter":HEX32,"roster":HEX32 (zero: none),"key":HEX65,
 *	      "created":TIME,"deadline":TIME,"size":N,"root":HEX32,"nonce"}		signed by the host
 * approval  {"format":1,"vault":HEX32,"ceremony":HEX32,"seat":..,"token":HEX32,"enc":HEX65,
 *	      "time":TIME,"size":N,"root":HEX32,"nonce"}
 * denial	     {"format":1,"vault":HEX32,"ceremony":HEX32,"seat":..,"token":HEX32,"reason":TEXT,"time":TIME,"nonce"}
 * cancel	     the same members
 * release   {"format":1,"vault":HEX32,"ceremony":HEX32,"secret":HEX16,"version":N,"header":HEX32,
 *	      "approvals":[HEX32..],"answers":[{"token":HEX32,"box":HEX32 (SHA-256 of enc || ciphertext)}],
 *	      "debt":HEX16,"released":TIME,"expires":TIME,"nonce"}		signed by the host
 * rotation  {"format":1,"vault":HEX32,"debt":HEX16,"secret":HEX16,"old":N,"new":N,"header":HEX32,
 *	      "new_probe":"accepted","old_probe":"refused","sessions":"ended"|"none"|"cannot-tell",
 *	      "detail":TEXT 0..500,"time":TIME,"nonce"}				signed by the host
 *
 * "size" and "root" are the newest checkpoint that the signer had seen.
 * The ceremony digest is the digest of the ceremony statement; its first six bytes as PGP words
 * are what people read to each other.
 */
#ifndef CEREMONY_PROTOCOL_STATEMENTS_H
#define CEREMONY_PROTOCOL_STATEMENTS_H

#include "vault/documents/id.h"
#include "vault/documents/statement.h"
#include "vault/seal/header.h"

enum { REASON_MAX = 500, INCIDENT_MAX = 100, WORD_BYTES = 6 };

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
struct ceremony {
	struct digest digest, vault, request, definition, header, charter, roster;
	struct id id;
	struct secret_id secret;
	uint32_t version;
	char quorum[QUORUM_TEXT_MAX + 1];
	struct point key;
	int64_t created, deadline;
	uint64_t size;
	struct digest root;
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
enum { RELEASE_ANSWERS = 4 };
struct release {
	struct digest digest, vault, ceremony, header;
	struct secret_id secret;
	uint32_t version;
	struct digest approvals[QUORUM_SEATS];
	size_t approval_count;
	struct {
		struct digest token, box;
	} answers[RELEASE_ANSWERS];
	size_t answer_count;
	struct id debt;
	int64_t released, expires;
};
struct rotation {
	struct digest digest, vault, header;
	struct id debt;
	struct secret_id secret;
	uint32_t old, new;
	char sessions[16];
	char detail[501];
	int64_t time;
};

enum err_code request_payload(const struct request *request, struct json **ret_payload,
    struct err *err) MUST_CHECK;
enum err_code request_parse(const struct dsse *statement, bool training,
    struct request *ret_request, struct err *err) MUST_CHECK;
enum err_code ceremony_payload(const struct ceremony *ceremony, struct json **ret_payload,
    struct err *err) MUST_CHECK;
enum err_code ceremony_parse(const struct dsse *statement, bool training,
    struct ceremony *ret_ceremony, struct err *err) MUST_CHECK;
enum err_code approval_payload(const struct approval *approval, struct json **ret_payload,
    struct err *err) MUST_CHECK;
enum err_code approval_parse(const struct dsse *statement, bool training,
    struct approval *ret_approval, struct err *err) MUST_CHECK;
/* TYPE: STATEMENT_DENIAL or STATEMENT_CANCEL. */
enum err_code objection_payload(const struct objection *objection, struct json **ret_payload,
    struct err *err) MUST_CHECK;
enum err_code objection_parse(const struct dsse *statement, enum statement_type type, bool training,
    struct objection *ret_objection, struct err *err) MUST_CHECK;
enum err_code release_payload(const struct release *release, struct json **ret_payload,
    struct err *err) MUST_CHECK;
enum err_code release_parse(const struct dsse *statement, bool training,
    struct release *ret_release, struct err *err) MUST_CHECK;
enum err_code rotation_payload(const struct rotation *rotation, struct json **ret_payload,
    struct err *err) MUST_CHECK;
enum err_code rotation_parse(const struct dsse *statement, bool training,
    struct rotation *ret_rotation, struct err *err) MUST_CHECK;

#endif
