/* SPDX-License-Identifier: Apache-2.0 */
/* Text: encodings, what may stand in names and reasons, words to read aloud. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/bytes.h"

/* Lower-case hex.  RET_TEXT has 2 * size + 1 bytes. */
void text_hex(struct view bytes, char *ret_text);
void buf_hex(struct buf *buf, struct view bytes);
/* Exactly SIZE bytes from 2 * SIZE lower-case hex digits; false otherwise. */
bool text_from_hex(const char *text, uint8_t *ret_bytes, size_t size);

/* Valid UTF-8 without control characters (C0, DEL, C1), bidirectional controls (U+061C, U+200E,
 * U+200F, U+202A-202E, U+2066-2069), line separators (U+2028, U+2029), BOM or non-characters. */
bool text_is_plain(struct view text);
/* TEXT, appended to RET_TEXT, with '?' for each letter that text_is_plain does not take, and for each byte that is none. */
void text_plain(const char *text, struct buf *ret_text);
/* Where TEXT is not plain, each byte that is no printable ASCII becomes '?'. */
void text_make_plain(char *text);
/* 32 or more letters of modhex (44 as keys come): the one-time password that a touched key types. */
bool text_is_otp(struct view text);
/* Seat, policy and secret names: 1..63 of a-z 0-9 - _ . / beginning with a letter or digit;
 * '/' only between such parts (secret names such as prod/db). */
bool text_is_name(const char *text);

/* Words of the PGP word list (even list for even positions), separated by spaces, for BYTES of
 * at most 8.  RET_TEXT has TEXT_WORDS_SIZE bytes. */
enum {
	TEXT_WORDS_SIZE = 96,
	WORD_BYTES = 6 /* of a digest whose words people compare */
};
void text_words(struct view bytes, char ret_text[TEXT_WORDS_SIZE]);

/* What somebody else chose, as it is printed: in quotation marks that it cannot close (within it " becomes '),
 * without spaces at its ends or side by side, whatever they look like to Unicode, so that it draws no columns; cut
 * after QUOTED_MAX bytes. */
enum { QUOTED_MAX = 4096 };
struct text_quoted {
	char text[QUOTED_MAX + sizeof("\"...\"")];
};
struct text_quoted text_quoted(const char *words);
/* As an argument: it lives as long as the call. */
#define QUOTED(words) (text_quoted(words).text)
void text_quote(const char *words, struct buf *ret_text);
/* With nothing left out or cut, so that no two read alike: a quotation mark within it is \', a backslash \\, and what draws
 * nothing \u{200b}, its number, but for single spaces between letters. */
void text_quote_whole(const char *words, struct buf *ret_text);

/* ONE when COUNT is 1, else MANY: "1 entry", "2 entries". */
const char *text_plural(uint64_t count, const char *one, const char *many);

/* "5.7.4": three numbers of 0..255 without leading zeros. */
enum { FIRMWARE_TEXT_SIZE = 12 };
bool firmware_from_text(const char *text, uint8_t ret_firmware[3]);
void firmware_text(const uint8_t firmware[3], char ret_text[FIRMWARE_TEXT_SIZE]);

/* The member of NAMES (NULL-terminated) nearest to TEXT by edit distance, or NULL when none is
 * near (distance over 1 + length / 3). */
const char *text_nearest(const char *text, const char *const *names);

#endif
