/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/adversary/rotator/knocks.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "tests/adversary/rotator/attempts.h"

/* Milliseconds.  That nobody knocks is seen by waiting alone. */
enum {
	BEGIN = 1000,    /* who can knock does so before */
	UNDER_WAY = 500, /* what was sent before the end has come */
	AFTER = 1500,    /* since the last one that is new */
	SILENCE = 20000
};

static void
wait_milliseconds(int milliseconds)
{
	nanosleep(&(struct timespec){.tv_sec = milliseconds / 1000,
	              .tv_nsec = (milliseconds % 1000) * 1000000L},
	    NULL);
}

/* Who knocked since the last call, by a datagram or in the place. */
static uint32_t
take_knocks(const struct offers *offers, const char *place)
{
	struct path path = path_of(place, "knock");
	uint32_t ways = offers_knocks(offers);
	BUF bytes = {0};
	struct err err;

	if (file_read(path.text, 1024 * 1024, &bytes, &err) == ERR_OK &&
	    truncate(path.text, 0) == 0)
		for (size_t i = 0; i < bytes.size; i++)
			if (bytes.data[i] < OFFERED_WAYS)
				ways |= 1U << bytes.data[i];
	return ways;
}

void
knocks_await_first(void)
{
	wait_milliseconds(BEGIN);
}

uint32_t
knocks_await(const struct offers *offers, const char *place)
{
	uint32_t all = 0, before;

	wait_milliseconds(UNDER_WAY);
	(void)take_knocks(offers, place);
	do {
		before = all;
		wait_milliseconds(AFTER);
		all |= take_knocks(offers, place);
	} while (all != before);
	return all;
}

/* Nobody removes a place that somebody writes to. */
void
knocks_silence(const struct offers *offers, const char *place)
{
	int64_t deadline = process_milliseconds() + SILENCE;
	int stop = open(PATH(place, "stop"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	fd_closep(&stop);
	do
		wait_milliseconds(100);
	while (take_knocks(offers, place) != 0 && process_milliseconds() < deadline);
}
