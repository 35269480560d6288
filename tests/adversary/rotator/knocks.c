/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/adversary/rotator/knocks.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
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

/* The way whose process PID is (a directory's name of /proc), as a bit; one that has ended and waits for its parent is none. */
static uint32_t
way_of(const struct world *world, const char *pid)
{
	char path[300], line[128] = "", alias[WORLD_ALIAS_SIZE], wanted[WORLD_ALIAS_SIZE + 4];

	(void)snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	FD fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, line, sizeof(line) - 1) <= 0)
		return 0;
	for (int way = 1; way < OFFERED_WAYS; way++) {
		world_alias(world, way, alias);
		(void)snprintf(wanted, sizeof(wanted), "(%s) ", alias);
		const char *at = strstr(line, wanted);
		if (at != NULL && strchr("ZX", at[strlen(wanted)]) == NULL)
			return 1U << way;
	}
	return 0;
}

static uint32_t
find_living(const struct world *world)
{
	DIR *processes = opendir("/proc");
	const struct dirent *entry;
	uint32_t ways = 0;

	while (processes != NULL && (entry = readdir(processes)) != NULL)
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			ways |= way_of(world, entry->d_name);
	if (processes != NULL)
		(void)closedir(processes);
	return ways;
}

/* Who lives, and who knocked since the last call, by a datagram or in the place. */
static uint32_t
take_knocks(const struct offers *offers, const struct world *world)
{
	struct path path = path_of(world->texts[WORLD_PLACE], "knock");
	uint32_t ways = offers_knocks(offers) | find_living(world);
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
knocks_await(const struct offers *offers, const struct world *world)
{
	uint32_t all = 0, before;

	wait_milliseconds(UNDER_WAY);
	(void)take_knocks(offers, world);
	do {
		before = all;
		wait_milliseconds(AFTER);
		all |= take_knocks(offers, world);
	} while (all != before);
	return all;
}

/* Nobody removes a place that somebody writes to. */
void
knocks_silence(const struct offers *offers, const struct world *world)
{
	int64_t deadline = process_milliseconds() + SILENCE;
	int stop =
	    open(PATH(world->texts[WORLD_PLACE], "stop"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	fd_closep(&stop);
	do
		wait_milliseconds(100);
	while (take_knocks(offers, world) != 0 && process_milliseconds() < deadline);
}
