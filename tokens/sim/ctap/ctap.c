/* SPDX-License-Identifier: Apache-2.0 */
#include "tokens/sim/ctap/ctap.h"

int
ctap_fault_place(const struct ctap *ctap)
{
	return FAULT_CTAP + (ctap->request.size > 0 ? ctap->request.data[0] : 0);
}

size_t
ctap_fault(const struct ctap *ctap, enum fault_kind kind)
{
	return ctap->host.faults == NULL ?
	    0 :
	    faults_number(ctap->host.faults, ctap_fault_place(ctap), kind);
}

uint8_t
ctap_touch(struct ctap *ctap)
{
	size_t wanted = 1 + ctap_fault(ctap, FAULT_EXTRA_TOUCH);

	while (ctap->given < wanted) {
		enum ctap_touch touch =
		    ctap->host.touch(ctap->host.context, ctap->keep_alive ? CTAP_POLL_MS : -1);
		if (touch == CTAP_STILL_WAITING)
			return CTAP_WAITING;
		if (touch == CTAP_UNTOUCHED)
			return CTAP2_ERR_USER_ACTION_TIMEOUT;
		ctap->given++;
	}
	return CTAP2_OK;
}

uint8_t
ctap_save(struct ctap *ctap)
{
	struct err err;

	return ctap->host.save(ctap->host.context, &err) == ERR_OK ? CTAP2_OK : CTAP1_ERR_OTHER;
}

uint8_t
ctap_verify_finger(struct ctap *ctap)
{
	struct sim_fido *fido = &ctap->state->fido;

	if (fido->uv_tries == 0)
		return CTAP2_ERR_UV_BLOCKED;
	uint8_t status = ctap_touch(ctap);
	if (status != CTAP2_OK)
		return status;
	if (ctap->host.finger(ctap->host.context)) {
		fido->uv_tries = FIDO_UV_TRIES;
		return ctap_save(ctap);
	}
	fido->uv_tries--;
	status = ctap_save(ctap);
	if (status != CTAP2_OK)
		return status;
	return fido->uv_tries == 0 ? CTAP2_ERR_UV_BLOCKED : CTAP2_ERR_UV_INVALID;
}

bool
ctap_protected(const struct ctap *ctap)
{
	return ctap->state->fido.pin_set || ctap->state->fido.uv;
}
