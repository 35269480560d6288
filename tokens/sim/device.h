/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole simulated token, as a person and a reader see it: plugged in or not, powered or not,
 * blinking or not, well-behaved or not.
 */
#ifndef TOKENS_SIM_DEVICE_H
#define TOKENS_SIM_DEVICE_H

#include "tokens/sim/card/management.h"
#include "tokens/sim/card/otp.h"
#include "tokens/sim/ctap/applet.h"
#include "tokens/sim/faults.h"
#include "tokens/sim/piv/applet.h"

enum { DEVICE_TOUCH_MS = 15000 }; /* how long a real token waits */
/* FIDO2 is the last one, since some tokens lack it. */
enum { DEVICE_PIV, DEVICE_MANAGEMENT, DEVICE_OTP, DEVICE_CTAP, DEVICE_APPLETS };

enum device_touch {
	DEVICE_TOUCH_AUTO,   /* somebody touches at once */
	DEVICE_TOUCH_MANUAL, /* by device_touch() */
	DEVICE_TOUCH_NEVER,  /* nobody comes */
};
extern const char *const device_touch_names[]; /* "auto", "manual", "never", NULL */

struct device {
	const char *path; /* of the state file */
	struct sim_state state;
	struct piv piv;
	struct management management;
	struct ctap ctap; /* from firmware 5.0.0 on */
	struct applet applets[DEVICE_APPLETS];
	struct card card;
	struct faults faults;
	bool present, powered;
	enum device_touch touch;
	unsigned touch_ms;
	bool blinking, touched;
	int64_t blink_until; /* for a touch that is waited for in slices */
	bool finger_wrong;   /* whoever touches has no enrolled finger */
	unsigned touches, apdus;
	unsigned per_ins[256];
	/* Let the world go on for at most so many milliseconds (or until something happened);
	 * false when the token's process shall end. */
	bool (*wait)(void *context, int milliseconds);
	void (*changed)(void *context); /* PRESENT changed; may be NULL */
	void *context;
};

/* A token with the state of PATH (which must outlive it), plugged in, without power. */
enum err_code device_init(struct device *device, const char *path, struct err *err) MUST_CHECK;
void device_done(struct device *device);

/* For the reader.  False: there is no (powered) token. */
struct view device_atr(const struct device *device);
bool device_power(struct device *device, bool on);
bool device_transmit(struct device *device, struct view command, struct buf *ret_reply);

/* For the person. */
void device_unplug(struct device *device);
void device_plug(struct device *device);
bool device_finger(struct device *device); /* false: it does not blink */

#endif
