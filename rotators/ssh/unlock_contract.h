/* SPDX-License-Identifier: Apache-2.0 */
/*
 * halligan-unlock-key: a private key in any form that people have, to the one form that is sealed, in a process of its own, since
 * what OpenSSL keeps of it stays in ordinary memory: it ends at once, is undumpable, and clears what it frees.
 *
 *	3	the key's block (base/key_text.h), to its end
 *	4	its passphrase, to its end; closed, or nothing, when there is none
 *	5	gets the key: OpenSSH's form, not locked
 *	stdout	in words what is wrong, when the exit status is not 0
 *
 * It ends after UNLOCK_SECONDS at the latest, and with whoever started it.
 */
#ifndef ROTATORS_SSH_UNLOCK_CONTRACT_H
#define ROTATORS_SSH_UNLOCK_CONTRACT_H

enum { UNLOCK_SECONDS = 60 };
enum unlock_status {
	UNLOCK_DONE,
	UNLOCK_REFUSED,   /* whatever the passphrase */
	UNLOCK_WRONG = 3, /* the passphrase is wrong, or the file damaged */
};

#endif
