/* SPDX-License-Identifier: Apache-2.0 */
#include "tokens/sim/faults.h"

#include <string.h>

enum { STATUS_SIZE = 2 };

bool
faults_add(struct faults *faults, const struct fault *fault)
{
	if (faults->count == FAULTS_MAX)
		return false;
	faults->list[faults->count++] = *fault;
	return true;
}

static bool
meant(int wanted, int ins)
{
	bool ctap = ins >= FAULT_CTAP;

	return wanted == ins || wanted == (ctap ? FAULT_ANY_CTAP : FAULT_ANY_INS);
}

bool
faults_pull(struct faults *faults, int ins)
{
	if (faults->pull == 0 || !meant(faults->pull_ins, ins))
		return false;
	return --faults->pull == 0;
}

unsigned
faults_delay(const struct faults *faults, int ins)
{
	return meant(faults->delay_ins, ins) ? faults->delay : 0;
}

size_t
faults_number(const struct faults *faults, int ins, enum fault_kind kind)
{
	for (size_t i = 0; i < faults->count; i++)
		if (faults->list[i].kind == kind && meant(faults->list[i].ins, ins))
			return faults->list[i].number;
	return 0;
}

bool
faults_instead(const struct faults *faults, int ins, struct buf *ret_reply)
{
	for (size_t i = 0; i < faults->count; i++) {
		const struct fault *fault = &faults->list[i];
		if (!meant(fault->ins, ins))
			continue;
		if (fault->kind == FAULT_STATUS) {
			buf_u16(ret_reply, (uint16_t)fault->number);
			return true;
		}
		if (fault->kind == FAULT_CTAP_STATUS) {
			buf_u8(ret_reply, (uint8_t)fault->number);
			buf_u16(ret_reply, 0x9000);
			return true;
		}
		if (fault->kind == FAULT_RAW) {
			buf_bytes(ret_reply, view_of(fault->bytes, fault->size));
			return true;
		}
	}
	return false;
}

static void
spoil(const struct fault *fault, struct buf *reply)
{
	uint8_t status[STATUS_SIZE];
	size_t size = reply->size - STATUS_SIZE;

	memcpy(status, reply->data + size, STATUS_SIZE);
	if (fault->kind == FAULT_FLIP && fault->number < size)
		reply->data[fault->number] ^= 1;
	if (fault->kind == FAULT_SHORT && fault->number < size)
		size = fault->number;
	reply->size = size;
	if (fault->kind == FAULT_LONG)
		for (size_t i = 0; i < fault->number; i++)
			buf_u8(reply, 0);
	buf_bytes(reply, VIEW_OF(status));
}

void
faults_spoil(const struct faults *faults, int ins, struct buf *reply)
{
	for (size_t i = 0; i < faults->count; i++)
		if (meant(faults->list[i].ins, ins) && reply->size >= STATUS_SIZE)
			spoil(&faults->list[i], reply);
}
