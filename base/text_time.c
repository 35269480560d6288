/* SPDX-License-Identifier: Apache-2.0 */
/* Times and durations as text (base/text.h).  The calendar is UTC, without leap seconds. */
#include "base/text_time.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"

static const int64_t last_second = 253402300799; /* 9999-12-31T23:59:59Z */
static const int64_t longest_duration = 10LL * 365 * 24 * 3600;

void
text_time(int64_t seconds, char ret_text[TEXT_TIME_SIZE])
{
	time_t at = seconds < 0 ? 0 : seconds > last_second ? last_second : seconds;
	struct tm tm;

	gmtime_r(&at, &tm);
	strftime(ret_text, TEXT_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* COUNT digits at *TEXT as a number, stepping over them; -1 when one is no digit. */
static int
digits(const char **text, unsigned count)
{
	int value = 0;

	for (; count > 0; count--, (*text)++) {
		if (**text < '0' || **text > '9')
			return -1;
		value = value * 10 + (**text - '0');
	}
	return value;
}

bool
text_from_time(const char *text, int64_t *ret_seconds)
{
	static const char form[] = "YMDhms";
	static const char after[] = "--T::Z";
	int parts[sizeof(form) - 1];
	char again[TEXT_TIME_SIZE];
	const char *at = text;
	struct tm tm = {0};
	time_t seconds;

	for (unsigned i = 0; i < ARRAY_SIZE(parts); i++) {
		parts[i] = digits(&at, form[i] == 'Y' ? 4 : 2);
		if (parts[i] < 0 || *at++ != after[i])
			return false;
	}
	tm.tm_year = parts[0] - 1900;
	tm.tm_mon = parts[1] - 1;
	tm.tm_mday = parts[2];
	tm.tm_hour = parts[3];
	tm.tm_min = parts[4];
	tm.tm_sec = parts[5];
	seconds = timegm(&tm);
	if (seconds < 0 || seconds > last_second)
		return false;
	/* timegm() turns 31 February into March; such a time does not come back as it was. */
	text_time(seconds, again);
	if (strcmp(again, text) != 0)
		return false;
	*ret_seconds = seconds;
	return true;
}

static const struct {
	const char letter;
	const char *const name;
	int64_t seconds;
} units[] = {
    {'d', "d", 86400},
    {'h', "h", 3600},
    {'m', "min", 60},
    {'s', "s", 1},
};

bool
text_from_duration(const char *text, int64_t *ret_seconds)
{
	int64_t total = 0;
	size_t unit = 0;

	do {
		int64_t value = 0;
		unsigned count = 0;

		for (; *text >= '0' && *text <= '9' && count < 10; text++, count++)
			value = value * 10 + (*text - '0');
		if (count == 0 || count == 10)
			return false;
		while (unit < ARRAY_SIZE(units) && units[unit].letter != *text)
			unit++;
		if (unit == ARRAY_SIZE(units))
			return false;
		total += value * units[unit++].seconds;
		text++;
	} while (*text != '\0');
	if (total < 1 || total > longest_duration)
		return false;
	*ret_seconds = total;
	return true;
}

void
text_duration(int64_t seconds, char ret_text[TEXT_DURATION_SIZE])
{
	BUF text = {0};
	int64_t rest = seconds > 0 ? seconds : 0;
	size_t unit = 0;

	while (unit + 1 < ARRAY_SIZE(units) && rest < units[unit].seconds)
		unit++;
	buf_format(&text, "%lld %s", (long long)(rest / units[unit].seconds), units[unit].name);
	rest %= units[unit].seconds;
	if (unit + 1 < ARRAY_SIZE(units) && rest >= units[unit + 1].seconds)
		buf_format(&text, " %lld %s", (long long)(rest / units[unit + 1].seconds),
		    units[unit + 1].name);
	snprintf(ret_text, TEXT_DURATION_SIZE, "%s", buf_string(&text));
}
