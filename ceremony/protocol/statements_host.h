/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statements that the host signs: ceremony, release and rotation (statements.h has the rest).
 *
 * ceremony  {"format":1,"vault":HEX32,"id":HEX16,"request":HEX32,"mode":..,"items":[..],"recipients":[..]
 *	      (those of the request, in its order; items.h),"charter":HEX32,"roster":HEX32 (zero: none),
 *	      "key":HEX65,"created":TIME,"deadline":TIME,"size":N,"root":HEX32,"nonce"}
 * release   {"format":1,"vault":HEX32,"ceremony":HEX32,"items":[{"secret":HEX16,"version":N,
 *	      "header":HEX32,"debt":HEX16}] (what is opened, in the ceremony's order; no secret and no debt
 *	      twice),
 *	      "recipients":[HEX32..] (tokens),"approvals":[HEX32..],"key":HEX32 (the lease key's public
 *	      half),"released":TIME,"expires":TIME,"nonce"}: signed with the decision, before anything is
 *	      combined
 * rotation  {"format":1,"vault":HEX32,"debt":HEX16,"secret":HEX16,"header":HEX32 (of NEW),"old":N,"new":N,
 *	      "rotator":HEX32 (SHA-256 of the program that ran last for it, zeros: none was needed at the end),
 *	      "grade":"refused"|"refused-after-grace"|"copies-open"|"replaced-not-tried"|"attested"|
 *	      "cannot-die" (what "the old value is dead" rests on),"proof":TEXT 0..500 (what the rotator said when it was
 *	      refused),"sessions":"ended"|"none"|"cannot-tell"|"cannot-be-ended","time":TIME,"nonce"}	signed by the host
 *
 * "size" and "root" are the newest checkpoint that the signer had seen.
 * The ceremony digest is the digest of the ceremony statement.  What people read to each other is of the
 * request's.
 */
#ifndef CEREMONY_PROTOCOL_STATEMENTS_HOST_H
#define CEREMONY_PROTOCOL_STATEMENTS_HOST_H

#include "ceremony/protocol/statements.h"

struct ceremony {
	struct digest digest, vault, request, charter, roster;
	struct id id;
	enum mode mode;
	struct items items;
	struct recipients recipients;
	struct point key;
	int64_t created, deadline;
	uint64_t size;
	struct digest root;
};
void ceremony_done(struct ceremony *ceremony); /* accepts {0} */
#define CEREMONY CLEANUP(ceremony_done) struct ceremony
struct release_item {
	struct secret_id secret;
	uint32_t version;
	struct digest header;
	struct id debt;
};
struct release {
	struct digest digest, vault, ceremony;
	struct release_item *items;
	size_t item_count;
	struct digest recipients[RECIPIENTS];
	size_t recipient_count;
	struct digest approvals[QUORUM_SEATS];
	size_t approval_count;
	struct ed25519_public key;
	int64_t released, expires;
};
void release_done(struct release *release); /* accepts {0} */
#define RELEASE CLEANUP(release_done) struct release
/* What "the old value is dead" rests on. */
enum grade {
	GRADE_REFUSED,
	GRADE_REFUSED_AFTER_GRACE,
	GRADE_COPIES_OPEN,
	GRADE_NOT_TRIED, /* nobody had seen it */
	GRADE_ATTESTED,
	GRADE_CANNOT_DIE,
	GRADES
};
extern const char *const grade_names[GRADES + 1]; /* NULL at the end */
enum rotation_sessions {
	ROTATION_SESSIONS_ENDED,
	ROTATION_SESSIONS_NONE,
	ROTATION_SESSIONS_CANNOT_TELL,
	ROTATION_SESSIONS_STAY /* such targets cannot end them */
};
struct rotation {
	struct digest vault, header;
	struct id debt;
	struct secret_id secret;
	uint32_t old, new;
	struct digest rotator; /* SHA-256 of the program that ran last; zeros: none did */
	enum grade grade;
	char proof[501];
	enum rotation_sessions sessions;
	int64_t time;
};

enum err_code ceremony_payload(const struct ceremony *ceremony, struct json **ret_payload,
    struct err *err) MUST_CHECK;
enum err_code ceremony_parse(const struct dsse *statement, bool training,
    struct ceremony *ret_ceremony, struct err *err) MUST_CHECK;
/* Does CEREMONY answer REQUEST: digest, vault, mode, the same versions in the same order, the same
 * recipients?  NULL, or what differs. */
const char *ceremony_differs(const struct ceremony *ceremony, const struct request *request);
enum err_code release_payload(const struct release *release, struct json **ret_payload,
    struct err *err) MUST_CHECK;
enum err_code release_parse(const struct dsse *statement, bool training,
    struct release *ret_release, struct err *err) MUST_CHECK;
enum err_code rotation_payload(const struct rotation *rotation, struct json **ret_payload,
    struct err *err) MUST_CHECK;
enum err_code rotation_parse(const struct dsse *statement, bool training,
    struct rotation *ret_rotation, struct err *err) MUST_CHECK;
/* Its members "old", "new", "rotator", "grade", "proof", "sessions", "time". */
extern const struct member rotation_end_members[];

#endif
