/* SPDX-License-Identifier: Apache-2.0 */
/*
 * free() and realloc() of this program and of every library that it loads: what is given back is cleared first, the
 * whole block, since libssh leaves a key's text and its numbers in the heap.  Linked into the program that holds
 * keys, and into no other.
 */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* glibc's own, by the names under which it keeps them for this. */
void __libc_free(void *pointer);
void free(void *pointer);
void *realloc(void *pointer, size_t size);

void
free(void *pointer)
{
	int kept = errno;

	if (pointer != NULL)
		explicit_bzero(pointer, malloc_usable_size(pointer));
	__libc_free(pointer);
	errno = kept;
}

/* Always a new block: glibc's would give the old one back as it is. */
void *
realloc(void *pointer, size_t size)
{
	size_t old = pointer != NULL ? malloc_usable_size(pointer) : 0;
	void *moved;

	if (pointer != NULL && size == 0) {
		free(pointer);
		return NULL;
	}
	if (pointer != NULL && size <= old && size >= old / 2)
		return pointer;
	moved = malloc(size);
	if (moved != NULL && pointer != NULL) {
		memcpy(moved, pointer, size < old ? size : old);
		free(pointer);
	}
	return moved;
}
