/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target of the ssh-key rotator, an account on a host:
 *
 *	{"host":NAME,"port":22,"user":NAME,"host_key":"ssh-ed25519 AAAA...",
 *	 "authorized_keys":PATH,"access":"local"|"ssh","account":NAME,"key_type":KIND,
 *	 "jump":{"host":NAME,"port":22,"user":NAME,"host_key":KEY,"key_file":PATH}}
 *
 * key_type (rotators/ssh/kind.h), jump, port and account (as whom a local file is changed; without it the user) may be left out; port may be text; the path is absolute, or with access "ssh" begins in the home
 * folder.  Other members are refused.
 */
#ifndef ROTATORS_SSH_ACCOUNT_H
#define ROTATORS_SSH_ACCOUNT_H

#include <sys/types.h>

#include "rotators/program/program.h"
#include "rotators/ssh/client.h"
#include "rotators/ssh/kind.h"

struct ssh_account {
	struct ssh_target target; /* its jump is the one below */
	struct ssh_jump jump;
	bool local; /* the file is on this machine */
	char path[SSH_PATH_SIZE];
	uid_t owner;            /* of the account, when local */
	struct key_kind wanted; /* of new keys */
};

/* ERR_INVALID names the member; ERR_REFUSED when a local account does not exist.  All that is wrong is told, as parts. */
enum err_code ssh_account_read(const struct json *target, struct ssh_account *ret_account,
    struct err *err) MUST_CHECK;

/* The text of the private key in a credential, and its public half.  The latter refuses (ERR_REFUSED) what nobody could
 * log in with: locked by a passphrase, a token's, a certificate's. */
enum err_code ssh_account_private(const struct secret *credential, struct view *ret_text,
    struct err *err) MUST_CHECK;
enum err_code ssh_account_public(const struct secret *credential, struct ssh_public *ret_public,
    struct err *err) MUST_CHECK;

/* Of which kind the key is that is made in the place of CURRENT (NULL: none). */
enum err_code ssh_account_kind(const struct ssh_account *account, const struct secret *current,
    struct key_kind *ret_kind, struct err *err) MUST_CHECK;

/* Run SCRIPT (rotators/ssh/script.h) in the account with one of the rotation's two keys. */
enum err_code ssh_account_run(const struct ssh_account *account, const struct rotation *rotation,
    enum rotator_value which, struct view script, struct ssh_answer *ret_answer,
    struct err *err) MUST_CHECK;
/* Log in with CREDENTIAL, and where that is denied with OTHER (NULL: none) in the same session (rotators/ssh/client.h). */
enum err_code ssh_account_try(const struct ssh_account *account, const struct secret *credential,
    const struct secret *other, struct view script, int64_t deadline,
    struct ssh_verdicts *ret_verdicts, struct err *err) MUST_CHECK;

#endif
