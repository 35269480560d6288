/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection to one host, one login with one key: what libssh does for us, and what may be believed of
 * it.  Results are typed: no word of the other side decides anything.
 */
#ifndef ROTATORS_SSH_LINK_H
#define ROTATORS_SSH_LINK_H

#include "base/openssh_key.h"
#include "rotators/contract/contract.h"

enum {
	SSH_HOST_MAX = 253,
	SSH_USER_MAX = 64,
	LINK_OUTPUT_MAX = 2 * 1024 * 1024,
	LINK_SAID_MAX = 400
};

struct ssh_target {
	char host[SSH_HOST_MAX + 1];
	char user[SSH_USER_MAX + 1];
	unsigned port;
	struct ssh_public host_key; /* the only one that is accepted */
};
/* Ed25519, ECDSA or RSA, as it stands in a public key: the types that host keys and our keys may have. */
bool link_key_type_valid(const char *type);

enum link_verdict {
	LINK_ACCEPTED, /* the host says that we are logged in */
	LINK_DENIED,  /* the host itself said no to this key, after it proved the pinned host key */
	LINK_UNKNOWN, /* all else */
};
/* Why it is not known. */
enum link_cause {
	LINK_NO_CAUSE,
	LINK_NO_HOST,     /* no connection, no pinned host key, no answer */
	LINK_HUNG_UP,     /* it ended the connection where it should answer for the key */
	LINK_WANTS_MORE,  /* the key is right, but it wants a second factor */
	LINK_WANTS_OTHER, /* it takes no public keys at all */
	LINK_WANTS_NONE,  /* it lets in without any key */
	LINK_NOT_LET_IN,  /* it knows the key, and still let nobody in */
	LINK_NOT_OFFERED, /* the key never went out */
};
struct link_result {
	enum link_verdict verdict;
	enum link_cause cause;
	char detail[ROTATOR_DETAIL_MAX + 1]; /* our words; the other side's are quoted in them */
};

struct ssh_link;
void link_free(struct ssh_link *link); /* accepts NULL */
DESTRUCTOR(link_freep, struct ssh_link, link_free)
#define SSH_LINK CLEANUP(link_freep) struct ssh_link

/* Logs in as TARGET's user with PRIVATE_KEY, the text of a private-key file, until DEADLINE (process_milliseconds).
 * openssh_key_public() took it before: there are files that crash libssh, or make it ask for a passphrase.  The user's name goes out only after the
 * pinned host key is proved, and the key is the only thing that is offered.  RET_LINK is set when it is LINK_ACCEPTED.
 * ERR_WAITING: nobody reads our stdout any more; ERR_INVALID: not a key that libssh takes; ERR_MEMORY. */
enum err_code link_login(const struct ssh_target *target, struct view private_key, int64_t deadline,
    struct ssh_link **ret_link, struct link_result *ret_result, struct err *err) MUST_CHECK;

struct link_run {
	struct buf output;             /* its stdout */
	char said[LINK_SAID_MAX + 1];  /* the end of its stderr */
	int status;                    /* of the command; -1: it was killed, or did not end */
	bool started, lost, timed_out; /* lost: the connection ended first */
};
void link_run_done(struct link_run *run);
#define LINK_RUN CLEANUP(link_run_done) struct link_run
/* Runs COMMAND by the account's shell with INPUT on its stdin; once for each link.
 * ERR_WAITING as above; ERR_PROTOCOL: more output than LINK_OUTPUT_MAX. */
enum err_code link_run(struct ssh_link *link, const char *command, struct view input,
    int64_t deadline, struct link_run *ret_run, struct err *err) MUST_CHECK;

#endif
