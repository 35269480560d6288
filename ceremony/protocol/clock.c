/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/protocol/clock.h"

#include "base/text_time.h"

static const struct member members[] = {
    {"vault", MEMBER_HEX, FIELD(struct clock_word, vault)},
    {"seat", MEMBER_NAME, FIELD(struct clock_word, seat)},
    {"token", MEMBER_HEX, FIELD(struct clock_word, token)},
    {"host", MEMBER_TIME, FIELD(struct clock_word, host)},
    {"newest", MEMBER_TIME, FIELD(struct clock_word, newest)},
    {"size", MEMBER_NUMBER, FIELD(struct clock_word, size), .max = INT64_MAX},
    {"root", MEMBER_HEX, FIELD(struct clock_word, root)},
    {"time", MEMBER_TIME, FIELD(struct clock_word, time)},
    {NULL},
};

enum err_code
clock_payload(const struct clock_word *word, struct json **ret_payload, struct err *err)
{
	return payload_write(members, word, ret_payload, err);
}

enum err_code
clock_parse(const struct dsse *statement, bool training, struct clock_word *ret_word,
    struct err *err)
{
	struct clock_word word = {0};

	TRY(statement_read(statement, STATEMENT_CLOCK, training, members, &word, &word.digest,
	    err));
	*ret_word = word;
	return ERR_OK;
}

enum err_code
clock_compare(const char *whose, int64_t own, int64_t host, struct err *err)
{
	char text[TEXT_DURATION_SIZE], own_text[TEXT_TIME_SIZE], host_text[TEXT_TIME_SIZE];
	int64_t ahead = own - host;

	if (ahead <= CLOCK_BACK_MAX && ahead >= -CLOCK_BACK_MAX)
		return ERR_OK;
	text_duration(ahead > 0 ? ahead : -ahead, text);
	text_time(own, own_text);
	text_time(host, host_text);
	return err_set(err, ERR_REFUSED,
	    "%s clock says %s, the vault host's %s: it is %s %s. One of the two is wrong: set that right, and run the same "
	    "command again",
	    whose, own_text, host_text, text, ahead > 0 ? "ahead" : "behind");
}
