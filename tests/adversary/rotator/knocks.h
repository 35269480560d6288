/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who lives on (outlive.c): a process that is called so, a datagram (offers.h), or a byte in the file "knock" of the place.
 * A way's number is a bit.
 */
#ifndef TESTS_ADVERSARY_ROTATOR_KNOCKS_H
#define TESTS_ADVERSARY_ROTATOR_KNOCKS_H

#include "tests/adversary/rotator/offers.h"

/* Until whoever can knock does so. */
void knocks_await_first(void);
/* Those that live, or knock, though the end came before this call. */
uint32_t knocks_await(const struct offers *offers, const struct world *world);
/* They are told to end, and do. */
void knocks_silence(const struct offers *offers, const struct world *world);

#endif
