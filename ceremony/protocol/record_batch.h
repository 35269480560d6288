/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Format 2 of request and ceremony: one ceremony over many versions, whose values go to nobody.
 *
 * request   {"format":2,"vault":HEX32,"mode":"reseal"|"rotate","seat":..,"token":HEX32,"reason":TEXT 1..500,
 *	      "opens":[{"secret":HEX16,"name":..,"version":N,"definition":HEX32,"header":HEX32}] (1..500),
 *	      "host":TEXT,"user":TEXT,"created":TIME,"expires":TIME,"nonce"}
 * ceremony  {"format":2,"vault":HEX32,"id":HEX16,"request":HEX32,"mode":..,
 *	      "opens":[{"secret":HEX16,"version":N,"definition":HEX32,"header":HEX32}] (those of the request, in
 *	      its order), "charter":HEX32,"roster":HEX32,"key":HEX65,"created":TIME,"deadline":TIME,
 *	      "size":N,"root":HEX32,"nonce"}					signed by the host
 *
 * "reseal": each value is sealed again, unchanged, to the charter in force.  "rotate": each is replaced
 * on its target.  Approvals, denials and cancellations are those of format 1 (ceremony/protocol/statements.h): they name
 * the one ceremony digest.  An approval's one "enc" serves all versions: the shares of each are
 * sealed under it with the info of vault/seal/seal.h for that version.
 */
#ifndef CEREMONY_PROTOCOL_RECORD_BATCH_H
#define CEREMONY_PROTOCOL_RECORD_BATCH_H

#include "ceremony/protocol/statements.h"
#include "vault/seal/header.h"

enum batch_mode { BATCH_RESEAL, BATCH_ROTATE };
extern const char *const batch_mode_names[]; /* "reseal", "rotate", NULL */

struct batch_open {
	struct secret_id secret;
	char name[SEAT_NAME_MAX + 1]; /* request only */
	uint32_t version;
	struct digest definition, header;
};
struct batch_request {
	struct digest digest, vault, token;
	enum batch_mode mode;
	char seat[SEAT_NAME_MAX + 1];
	char reason[REASON_MAX + 1];
	struct batch_open *opens;
	size_t count;
	char host[256], user[65];
	int64_t created, expires;
};
void batch_request_done(struct batch_request *request); /* accepts {0} */
#define BATCH_REQUEST CLEANUP(batch_request_done) struct batch_request
struct batch_ceremony {
	struct digest digest, vault, request, charter, roster, root;
	struct id id;
	enum batch_mode mode;
	struct batch_open *opens;
	size_t count;
	struct point key;
	int64_t created, deadline;
	uint64_t size;
};
void batch_ceremony_done(struct batch_ceremony *ceremony); /* accepts {0} */
#define BATCH_CEREMONY CLEANUP(batch_ceremony_done) struct batch_ceremony

enum err_code batch_request_payload(const struct batch_request *request, struct json **ret_payload,
    struct err *err) MUST_CHECK;
enum err_code batch_request_parse(const struct dsse *statement, bool training,
    struct batch_request *ret_request, struct err *err) MUST_CHECK;
enum err_code batch_ceremony_payload(const struct batch_ceremony *ceremony,
    struct json **ret_payload, struct err *err) MUST_CHECK;
enum err_code batch_ceremony_parse(const struct dsse *statement, bool training,
    struct batch_ceremony *ret_ceremony, struct err *err) MUST_CHECK;
/* Does CEREMONY answer REQUEST: digest, vault, mode, and the same versions in the same order?  NULL, or
 * what differs. */
const char *batch_differs(const struct batch_ceremony *ceremony,
    const struct batch_request *request);

#endif
