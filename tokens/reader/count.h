/* SPDX-License-Identifier: Apache-2.0 */
/* How often cards came and went, to know one from another that looks the same. */
#ifndef TOKENS_READER_COUNT_H
#define TOKENS_READER_COUNT_H

#include <stdint.h>

/* How often cards came and went in READER, as pcscd counts; 0 when it does not tell.  The same
 * number before and after means the same card. */
uint32_t pcsc_changes(const char *reader);

#endif
