/* SPDX-License-Identifier: Apache-2.0 */
/* One operation through io_uring, without a library. */
#ifndef TESTS_ADVERSARY_ROTATOR_RING_H
#define TESTS_ADVERSARY_ROTATOR_RING_H

#include <linux/io_uring.h>

/* 0 when it succeeded, or its errno, or that of what it needs.  What it opened stays open. */
int ring_do(const struct io_uring_sqe *entry);

#endif
