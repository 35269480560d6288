/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An officer's word that the vault host's clock is right now, although it stands behind the log: it was once ahead.
 *
 * clock {"format":1,"vault":HEX32,"seat":..,"token":HEX32,"host":TIME (what the host's clock showed),"newest":TIME (of the log's
 *	newest leaf, which it stands behind),"size":N,"root":HEX32 (the log that the officer had seen),"time":TIME (the
 *	officer's own clock),"nonce":HEX16}
 *
 * It is accepted within CLOCK_BACK_MAX seconds of "host", and when "time" is no further from that.
 */
#ifndef CEREMONY_PROTOCOL_CLOCK_H
#define CEREMONY_PROTOCOL_CLOCK_H

#include "vault/documents/charter.h"

enum { CLOCK_BACK_MAX = 120 /* seconds, one way or the other, that are nobody's fault */ };

struct clock_word {
	struct digest digest, vault, token, root;
	char seat[SEAT_NAME_MAX + 1];
	int64_t host, newest, time;
	uint64_t size;
};
enum err_code clock_payload(const struct clock_word *word, struct json **ret_payload,
    struct err *err) MUST_CHECK;
enum err_code clock_parse(const struct dsse *statement, bool training, struct clock_word *ret_word,
    struct err *err) MUST_CHECK;
/* Does OWN, the time of a clock called WHOSE, agree with HOST, the vault host's?  ERR_REFUSED says which is ahead, and by how
 * much: nobody can tell from here which is wrong. */
enum err_code clock_compare(const char *whose, int64_t own, int64_t host,
    struct err *err) MUST_CHECK;

#endif
