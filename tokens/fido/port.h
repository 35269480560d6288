/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way to a FIDO2 token: what it is plugged into, and whether it is still the same token.  For
 * tokens/fido/fido.c.
 *
 * A token is told from another one of its model by its serial number, where another application
 * of the same card tells it, and otherwise by the fact that it was not pulled: pcscd's count of
 * changes, or the device node's inode (each new device gets a new one).
 */
#ifndef TOKENS_FIDO_PORT_H
#define TOKENS_FIDO_PORT_H

#include "tokens/fido/transport.h"
#include "tokens/reader/reader.h"

struct fido_port {
	char path[TOKEN_READER_MAX + 1]; /* first: libfido2 hands it back */
	bool hid;
	struct pcsc_card *pcsc; /* not HID */
	struct fido_transport transport;
	uint32_t serial;
	uint64_t place; /* what changes when it is plugged in again; 0: not known */
	bool known;     /* SERIAL and PLACE are */
	/* Why the last exchange failed. */
	bool failed;
	struct err why;
};

/* READER begins with a slash: a device node.  ERR_TOKEN_ABSENT, ERR_BUSY, ERR_TOKEN. */
enum err_code fido_port_open(struct fido_port *port, const char *reader, unsigned milliseconds,
    struct err *err) MUST_CHECK;
void fido_port_close(struct fido_port *port);

/* Have the card for ourselves and see that it is the one of the first time: ERR_TOKEN_ABSENT
 * otherwise.  A device node is only looked at. */
enum err_code fido_port_begin(struct fido_port *port, unsigned milliseconds,
    struct err *err) MUST_CHECK;
void fido_port_end(struct fido_port *port);
/* The same of a card whose FIDO2 application was not selected since: it is told nothing. */
void fido_port_leave(struct fido_port *port);

/* For a device node: ERR_TOKEN_GONE when the device was pulled. */
enum err_code fido_port_check(const struct fido_port *port, struct err *err) MUST_CHECK;
/* ERR_TOKEN: we may not use this device node.  ERR_BUSY: another program does.  Disturbs nobody. */
enum err_code fido_port_probe(const char *path, struct err *err) MUST_CHECK;

#endif
