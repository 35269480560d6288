/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which program probably holds a token that we cannot have: a guess for a person, from the names
 * that the kernel gives in /proc.  pcscd tells nobody who its clients are.
 */
#ifndef TOKENS_READER_HOLDERS_H
#define TOKENS_READER_HOLDERS_H

#include "base/bytes.h"

enum { HOLDERS_SIZE = 80 };

/* The likeliest one or two: "scdaemon (process 4711)", "firefox-esr (process 12) or ykman (process
 * 13)"; "another program", and false, when none is seen.  Never what this process started, nor a
 * server of ours, which touches no token.  RET_REMEDY: what ends it, for after "; ". */
bool holders_guess(char ret_who[HOLDERS_SIZE], const char **ret_remedy);
/* The same, looking at the processes below FOLDER instead of /proc. */
bool holders_guess_in(const char *folder, char ret_who[HOLDERS_SIZE], const char **ret_remedy);

#endif
