/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a rotator gone bad knows: where all that it wants is.  It comes as the member "world" of its target, an object of
 * texts and numbers; what this machine has not is absent.
 */
#ifndef TESTS_ADVERSARY_ROTATOR_WORLD_H
#define TESTS_ADVERSARY_ROTATOR_WORLD_H

#include "base/json.h"

enum world_text {
	/* Files of a vault, of 64 bytes each and mode 0600, in folders of mode 0700. */
	WORLD_HOST_KEY,
	WORLD_ESCROW,
	WORLD_ANCHOR,
	WORLD_DATABASE,
	WORLD_CONFIGURATION, /* what the host's administrator wrote, in no vault */
	WORLD_COPY,          /* in the folder that a vault copies itself to */
	WORLD_VAULT,         /* the folder itself */
	WORLD_SPARE,         /* an empty file in the vault, which may go */
	WORLD_SHOWN,         /* a folder that is shown for reading, with a file called "file" */
	WORLD_SHOWN_EMPTY,   /* an empty file in it */
	WORLD_PLACE,         /* a folder that is shown for writing */
	WORLD_SET_UID,       /* a copy of this program that becomes another user */
	WORLD_CAPABLE,       /* a copy with CAP_NET_RAW */
	/* Sockets with a name: of our group's mode, of everybody's, of datagrams; and one in place of D-Bus's. */
	WORLD_STREAM_GROUP,
	WORLD_STREAM_ALL,
	WORLD_DATAGRAM,
	WORLD_BUS,
	WORLD_ABSTRACT, /* without the zero byte */
	WORLD_QUEUE,    /* of POSIX messages */
	WORLD_TERMINAL, /* somebody's */
	WORLD_MARK,     /* how a file is called that is left where nothing may be */
	WORLD_TEXTS
};

enum world_number {
	WORLD_SERVER,    /* a process that has a secret in its memory */
	WORLD_NEIGHBOUR, /* one that stands for another rotator */
	WORLD_GROUP,     /* the process group of both */
	WORLD_SECRET_AT, /* where the secret is, in both */
	WORLD_SECRET_FD, /* a descriptor of both: host.key */
	WORLD_SERVER_UID,
	WORLD_TCP_PORT,
	WORLD_UDP_PORT,
	WORLD_KNOCK_PORT, /* UDP: what outlives its end knocks here */
	WORLD_MEMORY,     /* of System V, as those that follow */
	WORLD_SEMAPHORE,
	WORLD_MESSAGES,
	WORLD_SESSION_KEY,
	WORLD_USER_KEY,
	WORLD_OUTLIVE, /* for how many seconds, at most, what outlives its end does so */
	WORLD_NUMBERS
};

enum { WORLD_SECRET_SIZE = 32, WORLD_FILE_SIZE = 64 };

struct world {
	const char *texts[WORLD_TEXTS]; /* "": there is none */
	int64_t numbers[WORLD_NUMBERS]; /* -1: there is none */
};

/* TARGET's world; the texts are TARGET's.  ERR_INVALID. */
enum err_code world_read(const struct json *target, struct world *ret_world,
    struct err *err) MUST_CHECK;
/* What a process is called that goes on after its end, the WAYth: of this world alone. */
enum { WORLD_ALIAS_SIZE = 16 };
void world_alias(const struct world *world, int way, char ret_alias[WORLD_ALIAS_SIZE]);

/* Such a target, to be freed. */
struct json *world_target(const struct world *world);

#endif
