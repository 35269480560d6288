/* SPDX-License-Identifier: Apache-2.0 */
/* Times and durations as text. */
#ifndef BASE_TEXT_TIME_H
#define BASE_TEXT_TIME_H

#include <stdbool.h>
#include <stdint.h>

/* Seconds since 1970 <-> "2026-01-31T23:59:59Z" (exactly this form, years 1970..9999). */
enum { TEXT_TIME_SIZE = 21 };
void text_time(int64_t seconds, char ret_text[TEXT_TIME_SIZE]);
bool text_from_time(const char *text, int64_t *ret_seconds);
/* "90s", "15m", "2h", "1h30m", "365d": seconds 1..10 years; false otherwise. */
bool text_from_duration(const char *text, int64_t *ret_seconds);
/* "1 h 30 min", "45 s": two largest units. */
enum { TEXT_DURATION_SIZE = 32 };
void text_duration(int64_t seconds, char ret_text[TEXT_DURATION_SIZE]);

#endif
