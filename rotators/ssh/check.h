/* SPDX-License-Identifier: Apache-2.0 */
/* What would fail later, told before anything is made, and all of it at once. */
#ifndef ROTATORS_SSH_CHECK_H
#define ROTATORS_SSH_CHECK_H

#include "rotators/ssh/control.h"

/* One value (NULL: none), called WHICH in what is told, by itself: a key that can log in alone? */
enum err_code check_key(const struct secret *credential, const char *which,
    struct err *err) MUST_CHECK;

/* The values, the file, and whether the host does what proofs rest on.  The parts of the error name whatever of this was seen: values that are none;
 * a file here that key_file_read() refuses; what the host demands, that it ends
 * the connection at the first wrong key or takes no other after it, so that none can be proven dead; that ACCOUNT is changed over ssh and runs
 * no commands, as one for SFTP alone; that the current key is let in and does not stand in the file, or that cannot be read.  A host that does not
 * answer, or does not take the current key, is no failure here: the probe tells. */
enum err_code ssh_check(struct control *control, const struct ssh_account *account,
    struct rotation *rotation, struct err *err) MUST_CHECK;

#endif
