/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls by which secret pages are made and given back, wrapped by the linker: each can be made
 * to fail in turn, and each range is looked at when it is unmapped.
 */
#ifndef TESTS_UNIT_MEMORY_SEAM_H
#define TESTS_UNIT_MEMORY_SEAM_H

#include <stdbool.h>
#include <stdint.h>

/* What the wrapped calls do and saw. */
struct memory_seam {
	bool without_memfd; /* the kernel has no memfd_secret */
	unsigned fail_at;   /* make the Nth wrapped call fail; 0: none */
	int error_number;   /* with this errno */
	unsigned calls;
	int reserved;         /* ranges that are mapped */
	unsigned freed;       /* ranges given back */
	unsigned dirty;       /* of these, not all zero */
	unsigned random_step; /* getrandom gives at most that many bytes; 0: all */
	unsigned random_fail; /* getrandom: the Nth call fails */
	unsigned random_calls;
};
extern struct memory_seam seam;

/* Set-up functions for cmocka: a fresh seam, with the kernel's memfd_secret(2) or without it. */
int with_memfd(void **state);
int without_memfd(void **state);

/* A test in both kinds of memory. */
#define BOTH(test)                                                                                 \
	{#test, test, with_memfd, NULL, NULL},                                                     \
	{                                                                                          \
#test "_without_memfd_secret", test, without_memfd, NULL, NULL                     \
	}

/* Reading or writing AT faults. */
bool faults(volatile uint8_t *at, bool writing);
/* The flags of the mapping that holds AT, from /proc/self/smaps. */
void flags_of(const void *at, char ret_flags[256]);
/* What these flags say when the pages are locked. */
extern const char locked_flag[];

#endif
