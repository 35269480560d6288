/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two signs: a name known to hold tokens (readable of every process), and libpcsclite among the
 * files that a process has mapped (readable of our user's processes, or of all as root).  Names
 * come first, in the order of the table: scdaemon keeps a card for itself for as long as it runs,
 * the others for moments.  A process may call itself what it likes, and some other may hold the
 * token: we name and never end one.  Left out are ourselves, what we have started, and each
 * `halligan serve`, whose parent may be sudo or sshd: it touches no token.
 */
#include "tokens/reader/holders.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"

enum {
	NAMED = 2,
	NAME_SIZE = 17,
	PATH_SIZE = 64,
	GENERATIONS = 16,
	CHUNK = 4096,
	MAPS_MAX = 4 * 1024 * 1024
};

/* COMM as the kernel cuts it, 15 bytes; the likeliest first. */
static const struct known {
	const char *name;
	const char *remedy;
} known[] = {
    {"scdaemon", "run \"gpgconf --kill scdaemon\""},
    {"yubikey-agent", "end it"},
    {"yubioath-deskto", "close it"},
    {"authenticator", "close it"},
    {"ykman", "wait until it ends"},
    {"ykman-gui", "close it"},
    {"yubico-piv-tool", "wait until it ends"},
    {"halligan", "wait until that ceremony lets go of it"},
    {"pkcs11-tool", "wait until it ends"},
    {"ssh-pkcs11-help", "close what uses it (ssh, ssh-agent)"},
    {"p11-kit-remote", "end it"},
    {"firefox", "close the browser"},
    {"firefox-esr", "close the browser"},
    {"chrome", "close the browser"},
    {"chromium", "close the browser"},
    {"thunderbird", "close it"},
    {"gpg-agent", "run \"gpgconf --kill gpg-agent\""},
};

struct guess {
	size_t rank; /* in the table; behind it: only the library was seen */
	long pid;
	char name[NAME_SIZE];
};

static size_t
read_file(int folder, const char *name, char *ret_text, size_t size)
{
	FD fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	ssize_t got = fd < 0 ? -1 : read(fd, ret_text, size - 1);

	ret_text[got < 0 ? 0 : got] = '\0';
	return got < 0 ? 0 : (size_t)got;
}

/* Letters, digits and - _ . only: the name may be anything, and a person will read it. */
static bool
read_name(int folder, char ret_name[NAME_SIZE])
{
	size_t size = read_file(folder, "comm", ret_name, NAME_SIZE);

	if (size > 0 && ret_name[size - 1] == '\n')
		ret_name[--size] = '\0';
	for (size_t i = 0; i < size; i++) {
		char c = ret_name[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || strchr("-_.", c) != NULL;

		if (!plain)
			ret_name[i] = '?';
	}
	return size > 0;
}

static bool
maps_the_library(int folder)
{
	static const char wanted[] = "/libpcsclite.so";
	char chunk[CHUNK];
	size_t kept = 0, seen = 0;
	FD fd = openat(folder, "maps", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	ssize_t got;

	while (fd >= 0 && seen < MAPS_MAX &&
	    (got = read(fd, chunk + kept, sizeof(chunk) - kept)) > 0) {
		size_t size = kept + (size_t)got;

		if (memmem(chunk, size, wanted, sizeof(wanted) - 1) != NULL)
			return true;
		seen += (size_t)got;
		kept = size < sizeof(wanted) ? size : sizeof(wanted) - 1;
		memmove(chunk, chunk + size - kept, kept);
	}
	return false;
}

/* The fourth field of stat, after a name that may hold anything; 0: not known. */
static long
parent_of(int proc, long pid)
{
	char path[PATH_SIZE], text[CHUNK];
	const char *name_end;

	snprintf(path, sizeof(path), "%ld/stat", pid);
	if (read_file(proc, path, text, sizeof(text)) == 0)
		return 0;
	name_end = strrchr(text, ')');
	return name_end != NULL && strlen(name_end) > 4 ? strtol(name_end + 4, NULL, 10) : 0;
}

/* Ourselves, a child, or a child's.  The walk has an end, should a parent's number be used again. */
static bool
ours(int proc, long pid)
{
	for (size_t i = 0; i < GENERATIONS && pid > 1; i++) {
		if (pid == getpid())
			return true;
		pid = parent_of(proc, pid);
	}
	return false;
}

/* The command is always the first word; ours too, in ceremony/client/connection.c. */
static bool
serves(int folder, const char *name)
{
	char words[CHUNK];
	size_t size = read_file(folder, "cmdline", words, sizeof(words));
	size_t first = strlen(words) + 1;

	return strcmp(name, "halligan") == 0 && first < size && strcmp(words + first, "serve") == 0;
}

/* Is the process with this folder one?  Ours and pcscd are not. */
static bool
suspect(int proc, int folder, long pid, struct guess *ret_guess)
{
	struct guess guess = {.rank = ARRAY_SIZE(known), .pid = pid};

	if (!read_name(folder, guess.name) || strcmp(guess.name, "pcscd") == 0 ||
	    serves(folder, guess.name))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(known) && guess.rank == ARRAY_SIZE(known); i++) {
		if (strcmp(known[i].name, guess.name) == 0)
			guess.rank = i;
	}
	if ((guess.rank == ARRAY_SIZE(known) && !maps_the_library(folder)) || ours(proc, pid))
		return false;
	*ret_guess = guess;
	return true;
}

/* Keep the likeliest, sorted. */
static void
keep(struct guess best[NAMED], size_t *count, struct guess guess)
{
	size_t at = *count;

	while (at > 0 && best[at - 1].rank > guess.rank)
		at--;
	if (at == NAMED)
		return;
	if (*count < NAMED)
		(*count)++;
	for (size_t i = *count - 1; i > at; i--)
		best[i] = best[i - 1];
	best[at] = guess;
}

DESTRUCTOR(dir_closep, DIR, closedir)

static size_t
look(const char *path, struct guess best[NAMED])
{
	CLEANUP(dir_closep) DIR *dir = opendir(path);
	const struct dirent *entry;
	size_t count = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		struct guess guess;
		char *end;
		long pid = strtol(entry->d_name, &end, 10);

		if (*end != '\0' || pid <= 0)
			continue;
		FD folder = openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (folder >= 0 && suspect(dirfd(dir), folder, pid, &guess))
			keep(best, &count, guess);
	}
	return count;
}

bool
holders_guess_in(const char *folder, char ret_who[HOLDERS_SIZE], const char **ret_remedy)
{
	struct guess best[NAMED];
	size_t count = look(folder, best);

	*ret_remedy = count > 0 ? "end it" : "wait a little";
	if (count == 0) {
		snprintf(ret_who, HOLDERS_SIZE, "another program");
		return false;
	}
	/* A known one is named alone: what only has the library is the weaker sign. */
	if (count == 2 && best[0].rank < ARRAY_SIZE(known) && best[1].rank == ARRAY_SIZE(known))
		count = 1;
	if (best[0].rank < ARRAY_SIZE(known) && count == 1)
		*ret_remedy = known[best[0].rank].remedy;
	if (best[0].rank < ARRAY_SIZE(known) && strcmp(best[0].name, "scdaemon") == 0)
		*ret_remedy = known[best[0].rank].remedy;
	int size = snprintf(ret_who, HOLDERS_SIZE, "%s (process %ld)", best[0].name, best[0].pid);
	if (count == 2 && size > 0 && size < HOLDERS_SIZE)
		snprintf(ret_who + size, HOLDERS_SIZE - (size_t)size, " or %s (process %ld)",
		    best[1].name, best[1].pid);
	return true;
}

bool
holders_guess(char ret_who[HOLDERS_SIZE], const char **ret_remedy)
{
	return holders_guess_in("/proc", ret_who, ret_remedy);
}
