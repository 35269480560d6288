/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command may wait (for a touch, or for a delay asked for); meanwhile wait() lets the control
 * socket go on, so that the person can touch, or pull the token in the middle of the command.
 * Whoever waited looks afterwards whether there is still a token.
 */
#include "tokens/sim/device.h"

#include "base/process.h"
#include "tokens/sim/state/file.h"

const char *const device_touch_names[] = {"auto", "manual", "never", NULL};

/* Until DEADLINE, or STOP is true, or the token is gone; false when it is gone. */
static bool
wait_until(struct device *device, int64_t deadline, const bool *stop)
{
	int64_t left;

	while (device->powered && !*stop && (left = deadline - process_milliseconds()) > 0)
		if (!device->wait(device->context, left > 1000 ? 1000 : (int)left))
			return false;
	return device->powered;
}

static bool
host_touch(void *context)
{
	struct device *device = context;

	device->touched = device->touch == DEVICE_TOUCH_AUTO;
	if (!device->touched) {
		device->blinking = true;
		(void)wait_until(device, process_milliseconds() + device->touch_ms,
		    &device->touched);
		device->blinking = false;
	}
	if (!device->touched || !device->powered)
		return false;
	device->touches++;
	return true;
}

/* The same in slices: the token goes on blinking, and its time goes on, in between. */
static enum ctap_touch
host_touch_slice(void *context, int slice)
{
	struct device *device = context;
	int64_t now = process_milliseconds();

	if (!device->blinking) {
		device->touched = device->touch == DEVICE_TOUCH_AUTO;
		device->blinking = true;
		device->blink_until = now + device->touch_ms;
	}
	bool whole = slice < 0 || now + slice >= device->blink_until;
	(void)wait_until(device, whole ? device->blink_until : now + slice, &device->touched);
	if (device->powered && !device->touched && !whole)
		return CTAP_STILL_WAITING;
	device->blinking = false;
	if (!device->powered || !device->touched)
		return CTAP_UNTOUCHED;
	device->touches++;
	return CTAP_TOUCHED;
}

static void
host_touch_end(void *context)
{
	((struct device *)context)->blinking = false;
}

static bool
host_finger(void *context)
{
	return !((const struct device *)context)->finger_wrong;
}

static bool
host_pause(void *context, unsigned milliseconds)
{
	const bool never = false;

	return wait_until(context, process_milliseconds() + milliseconds, &never);
}

static void
host_unplug(void *context)
{
	device_unplug(context);
}

static enum err_code
host_save(void *context, struct err *err)
{
	const struct device *device = context;

	return sim_state_save(device->path, &device->state, err);
}

static int64_t
host_milliseconds(void *context)
{
	(void)context;
	return process_milliseconds();
}

enum err_code
device_init(struct device *device, const char *path, struct err *err)
{
	*device = (struct device){.path = path, .present = true, .touch_ms = DEVICE_TOUCH_MS};
	TRY(sim_state_load(path, &device->state, err));
	piv_init(&device->piv, &device->state,
	    &(struct piv_host){device, host_touch, host_save, host_milliseconds});
	device->applets[DEVICE_PIV] = piv_applet(&device->piv);
	bool fido = sim_state_has(&device->state, 5, 0, 0);
	device->management = (struct management){&device->state,
	    (uint16_t)(MANAGEMENT_PIV | (fido ? MANAGEMENT_FIDO2 : 0))};
	device->applets[DEVICE_MANAGEMENT] = management_applet(&device->management);
	device->applets[DEVICE_OTP] = otp_applet(&device->state);
	ctap_init(&device->ctap, &device->state,
	    &(struct ctap_host){device, host_touch_slice, host_touch_end, host_finger, host_save,
	        host_milliseconds, &device->faults, host_pause, host_unplug});
	device->applets[DEVICE_CTAP] = ctap_applet(&device->ctap);
	card_init(&device->card, device->applets, fido ? DEVICE_APPLETS : DEVICE_CTAP);
	return ERR_OK;
}

void
device_done(struct device *device)
{
	card_done(&device->card);
	ctap_done(&device->ctap);
	sim_state_done(&device->state);
}

struct view
device_atr(const struct device *device)
{
	return sim_atr(device->state.firmware);
}

bool
device_power(struct device *device, bool on)
{
	card_reset(&device->card);
	ctap_cancel(&device->ctap);
	device->powered = device->present && on;
	return device->present;
}

void
device_unplug(struct device *device)
{
	if (!device->present)
		return;
	device->present = device->powered = false;
	piv_unplug(&device->piv);
	if (device->changed != NULL)
		device->changed(device->context);
}

void
device_plug(struct device *device)
{
	if (device->present)
		return;
	device->present = true;
	ctap_plug(&device->ctap);
	if (device->changed != NULL)
		device->changed(device->context);
}

bool
device_finger(struct device *device)
{
	if (!device->blinking)
		return false;
	device->touched = true;
	return true;
}

bool
device_transmit(struct device *device, struct view command, struct buf *ret_reply)
{
	uint8_t ins = command.size > 1 ? command.data[1] : 0;
	const bool never = false;

	if (!device->powered)
		return false;
	device->apdus++;
	device->per_ins[ins]++;
	unsigned delay = faults_delay(&device->faults, ins);
	if (delay > 0 && !wait_until(device, process_milliseconds() + delay, &never))
		return false;
	bool pull = faults_pull(&device->faults, ins);
	if (pull && !device->faults.pull_after) {
		device_unplug(device);
		return false;
	}
	if (!faults_instead(&device->faults, ins, ret_reply)) {
		card_transmit(&device->card, command, ret_reply);
		faults_spoil(&device->faults, ins, ret_reply);
	}
	if (pull)
		device_unplug(device);
	return device->powered && !ret_reply->failed;
}
