/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/adversary/rotator/ring.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *
map(int ring, size_t size, off_t offset)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, offset);
}

static uint32_t *
at(void *base, uint32_t offset)
{
	return (uint32_t *)(void *)((uint8_t *)base + offset);
}

/* The one answer that there is. */
static int
take_answer(int ring, const struct io_uring_params *params)
{
	uint8_t *answers =
	    map(ring, params->cq_off.cqes + params->cq_entries * sizeof(struct io_uring_cqe),
	        IORING_OFF_CQ_RING);
	const struct io_uring_cqe *answer;

	if (answers == MAP_FAILED)
		return errno;
	answer = (const struct io_uring_cqe *)(const void *)(answers + params->cq_off.cqes);
	return answer->res < 0 ? -answer->res : 0;
}

int
ring_do(const struct io_uring_sqe *entry)
{
	struct io_uring_params params = {0};
	int ring = (int)syscall(SYS_io_uring_setup, 1, &params);
	void *requests;
	struct io_uring_sqe *entries;

	if (ring < 0)
		return errno;
	requests = map(ring, params.sq_off.array + params.sq_entries * sizeof(uint32_t),
	    IORING_OFF_SQ_RING);
	entries = map(ring, params.sq_entries * sizeof(*entry), IORING_OFF_SQES);
	if (requests == MAP_FAILED || entries == MAP_FAILED)
		return errno;
	entries[0] = *entry;
	*at(requests, params.sq_off.array) = 0;
	__atomic_store_n(at(requests, params.sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return errno;
	return take_answer(ring, &params);
}
