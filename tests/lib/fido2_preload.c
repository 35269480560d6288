/* SPDX-License-Identifier: Apache-2.0 */
/*
 * With this library preloaded, programs that use libfido2 reach a token behind pcscd, through the
 * product's transport, at the device path "pcsc:READER".  For tests: the card is held until the
 * program ends.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tokens/fido/carry.h"
#include "tokens/fido/port.h"

enum { OPEN_MS = 10000, FAILED = -9 /* libfido2's internal error */ };

int fido_dev_open(struct fido_dev *device, const char *path);

static int
failed(const struct err *err)
{
	fprintf(stderr, "pcsc: %s\n", err->text);
	return FAILED;
}

int
fido_dev_open(struct fido_dev *device, const char *path)
{
	static const char prefix[] = "pcsc:";
	int (*next)(struct fido_dev *, const char *);
	struct fido_port *port;
	struct err err;

	*(void **)&next = dlsym(RTLD_NEXT, "fido_dev_open");
	if (next == NULL)
		return FAILED;
	if (strncmp(path, prefix, sizeof(prefix) - 1) != 0)
		return next(device, path);
	port = calloc(1, sizeof(*port));
	if (port == NULL)
		return FAILED;
	if (fido_port_open(port, path + sizeof(prefix) - 1, OPEN_MS, &err) != ERR_OK ||
	    fido_port_begin(port, OPEN_MS, &err) != ERR_OK || fido_carry(device, &err) != ERR_OK)
		return failed(&err);
	return next(device, port->path);
}
