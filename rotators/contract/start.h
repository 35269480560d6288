/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the vault and the starter say to each other (daemon/starter/), on a Unix socket that keeps messages apart
 * (SOCK_SEQPACKET), one connection a rotator.  Each message is one JSON object of at most START_MESSAGE_MAX bytes:
 *
 *	vault	{"start":{"rotator":NAME,"hash":HEX32,"own":BOOL[,"command":PATH,"command_hash":HEX32][,"account":NAME],
 *		"reads":[PATH..],"changes":[PATH..][,"socket":PATH],"network":BOOL,"hidden":[PATH..],"seconds":N,
 *		"capabilities":[NAME..],"values":[ROLE..]}}
 *		with descriptors (SCM_RIGHTS): its stdin, its stdout, then one for each of "values" (the contract's 3 to 6)
 *	starter	{"started":true}  or  {"refused":{"code":NAME,"text":TEXT}}
 *	starter	{"ended":{"how":"exited"|"killed"|"deadline","number":N}}, once nothing of it lives any more
 *
 *	vault	{"tell":true}
 *	starter	{"holds":{"kind":KIND,"account":NAME,"landlock":N}}
 *
 * The vault ends the rotator by closing its side.  Nothing it says is more than a wish: which accounts, programs and paths
 * there are root says, and descriptors are only handed on.
 */
#ifndef ROTATORS_CONTRACT_START_H
#define ROTATORS_CONTRACT_START_H

#include "base/crypto.h"
#include "rotators/contract/contract.h"
#include "rotators/contract/needs.h"

enum { START_MESSAGE_MAX = 128 * 1024, START_HIDDEN = 8, START_SECONDS_MAX = 4 * 3600 };
enum start_fd {
	START_REQUESTS,
	START_ANSWERS,
	START_CURRENT,
	START_NEXT,
	START_GENERATED,
	START_VIA,
	START_FDS
};

/* What stops a rotator from the rest of the host, the strongest first. */
enum isolation {
	ISOLATION_ACCOUNT,  /* another account, and namespaces */
	ISOLATION_SUB_UID,  /* another user id of a user's own, and namespaces */
	ISOLATION_SAME_UID, /* the same account, and namespaces */
	ISOLATION_OTHER, /* another account, without namespaces: only what comes with Halligan runs */
	ISOLATION_FILTER /* the same account, without namespaces: likewise */
};
extern const char *const isolation_names[]; /* NULL-terminated */
struct start_holds {
	enum isolation isolation;
	char account[NEEDS_ACCOUNT_MAX +
	    1];       /* that rotators have, unless their definition names one */
	int landlock; /* ABI; 0: none */
};

/* How it ended, and with which exit status or signal. */
enum start_how { START_EXITED, START_KILLED, START_DEADLINE };
struct start_ended {
	enum start_how how;
	int number;
};

struct start_message {
	bool tells; /* asks what holds, and nothing else counts */
	char rotator[ROTATOR_NAME_MAX + 1];
	struct digest hash;
	bool own;                      /* rotators/contract/places.h */
	char command[NEEDS_PATH_SIZE]; /* "": it runs none */
	struct digest command_hash;
	struct needs needs;
	char hidden[START_HIDDEN]
	           [NEEDS_PATH_SIZE]; /* what is shown to no rotator, nor what it lies in */
	size_t hidden_count;
	unsigned seconds;   /* then all of it is ended */
	int fds[START_FDS]; /* -1: none; owned once received */
};
void start_message_done(struct start_message *message); /* accepts {0} but for FDS, which are -1 */
#define START_MESSAGE CLEANUP(start_message_done) struct start_message

/* ERR_IO, ERR_PROTOCOL; ERR_TARGET_UNKNOWN at the DEADLINE (process_milliseconds). */
enum err_code start_ask(int socket, const struct start_message *message, int64_t deadline,
    struct err *err) MUST_CHECK;
/* ERR_PROTOCOL for all that is not as above, also too many or too few descriptors, which are closed. */
enum err_code start_hear(int socket, int64_t deadline, struct start_message *ret_message,
    struct err *err) MUST_CHECK;

/* The starter's words.  CODE ERR_OK: it was started. */
enum err_code start_answer(int socket, enum err_code code, const char *text,
    struct err *err) MUST_CHECK;
enum err_code start_tell(int socket, const struct start_holds *holds, struct err *err) MUST_CHECK;
enum err_code start_end(int socket, const struct start_ended *ended_as, struct err *err) MUST_CHECK;
/* What it answered: ERR_OK, or its refusal; ERR_PROTOCOL. */
enum err_code start_await(int socket, int64_t deadline, struct err *err) MUST_CHECK;
enum err_code start_await_holds(int socket, int64_t deadline, struct start_holds *ret_holds,
    struct err *err) MUST_CHECK;
/* ERR_TARGET_UNKNOWN: it lives at the DEADLINE. */
enum err_code start_await_end(int socket, int64_t deadline, struct start_ended *ret_ended,
    struct err *err) MUST_CHECK;

#endif
