/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection to one host, on which keys are offered until one is let in: what libssh does for us, and what may be
 * believed of it.  Results are typed: no word of the other side decides anything.
 */
#ifndef ROTATORS_SSH_LINK_H
#define ROTATORS_SSH_LINK_H

#include "rotators/ssh/link_result.h"
#include "rotators/ssh/target.h"

struct ssh_link;
void link_free(struct ssh_link *link); /* accepts NULL */
DESTRUCTOR(link_freep, struct ssh_link, link_free)
#define SSH_LINK CLEANUP(link_freep) struct ssh_link

/* Connects to TARGET, which must outlive the link, and has it prove the pinned host key; only then the user's name goes out, and
 * the host says whether it takes keys for it.  RET_LINK is set when that is so; otherwise RET_RESULT says why not, and is unknown.
 * DEADLINE (process_milliseconds) is for the keys, too.  ERR_WAITING: nobody reads our stdout any more; ERR_MEMORY; ERR_IO. */
enum err_code link_open(const struct ssh_target *target, int64_t deadline,
    struct ssh_link **ret_link, struct link_result *ret_result, struct err *err) MUST_CHECK;
/* Between two calls of libssh that wait: may it go on (rotators/ssh/link_session.h), and a short wait until more can be done. */
enum err_code link_turn(struct ssh_link *link, struct err *err) MUST_CHECK;
/* Offers PRIVATE_KEY, the text of a private-key file, and nothing else.  openssh_key_public() and key_type_check() took it before: there are
 * files that crash libssh, or make it ask for a passphrase.  After LINK_DENIED, and only then, another key may be offered:
 * what is denied and what is accepted on one link was answered by one host.
 * ERR_WAITING as above; ERR_INVALID: not a key that libssh takes; ERR_MEMORY. */
enum err_code link_offer(struct ssh_link *link, struct view private_key,
    struct link_result *ret_result, struct err *err) MUST_CHECK;

#endif
