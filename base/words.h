/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PGP word list of Patrick Juola and Philip Zimmermann (1995): for each byte a word of two
 * syllables for even positions and one of three for odd ones, chosen to sound different from all
 * others, so that a word left out, doubled or exchanged is heard.
 */
#ifndef BASE_WORDS_H
#define BASE_WORDS_H

extern const char *const words_even[256];
extern const char *const words_odd[256];

#endif
