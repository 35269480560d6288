/* SPDX-License-Identifier: Apache-2.0 */
/* Finds values in text that must not hold them: what rotators and their programs say. */
#ifndef ROTATORS_CONTRACT_ECHO_H
#define ROTATORS_CONTRACT_ECHO_H

#include "base/credential.h"

enum { ECHO_PART = 12, ECHO_LETTERS = 16 };

/* Does TEXT, of any size, hold a secret of the credential ENCODED (may be empty: no)?  Secret are password, private key,
 * token, TOTP seed and codes.  Looked for are
 *	the whole value from 4 bytes on;
 *	any ECHO_PART bytes of it that follow each other, but for lines that begin with "-----" (all keys have them);
 *	each line of codes from 6 bytes on;
 *	any ECHO_LETTERS letters of its standard base64, wherever in what was encoded it stood.
 * Less than that occurs in any text.  The work is that of one look at the text and some at the value, for each 8 KiB of text. */
bool echo_found(struct view text, struct view encoded);
/* One of the COUNT credentials VALUES, of which NULL are absent. */
bool echo_found_any(struct view text, const struct secret *const *values, size_t count);

#endif
