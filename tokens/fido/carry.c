/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transport over PC/SC, as libfido2 wants it.  Its transport functions get the device alone:
 * the path handed to open is the port's first member, so that the port is found again.
 */
#include "tokens/fido/carry.h"

#include <fido.h>
#include <string.h>

#include "tokens/fido/port.h"

enum {
	WAIT_MS = 40000,  /* when the library sets no limit */
	CTAP_INIT = 0x06, /* messages of CTAPHID, as the library numbers them */
	CTAP_MESSAGE = 0x10,
	CAN_CBOR = 0x04,
	INIT_SIZE = 17, /* nonce 8, channel 4, protocol, version 3, flags */
	NONCE_SIZE = 8,
	FLAGS_AT = 16,
};

static void *
carry_open(const char *path)
{
	union { /* the port is ours, whatever the library says */
		const char *path;
		struct fido_port *port;
	} handle = {.path = path};

	return handle.port;
}

static void
carry_close(void *handle)
{
	(void)handle; /* the port stays ours */
}

/* Asked for, but not used with a transport. */
static int
carry_read(void *handle, unsigned char *bytes, size_t size, int milliseconds)
{
	(void)handle, (void)bytes, (void)size, (void)milliseconds;
	return -1;
}

static int
carry_write(void *handle, const unsigned char *bytes, size_t size)
{
	(void)handle, (void)bytes, (void)size;
	return -1;
}

static int
carried(struct fido_port *port, enum err_code code, const struct err *why)
{
	if (code == ERR_OK)
		return 0;
	if (!port->failed)
		port->why = *why;
	port->failed = true;
	return -1;
}

/* The library makes up a nonce and wants it back. */
static int
send(struct fido_dev *device, uint8_t message, const unsigned char *bytes, size_t size)
{
	struct fido_port *port = fido_dev_io_handle(device);
	struct err err;

	if (message == CTAP_MESSAGE)
		return carried(port,
		    fido_transport_send(&port->transport, view_of(bytes, size), &err), &err);
	if (message != CTAP_INIT || size != NONCE_SIZE ||
	    carried(port, fido_transport_select(&port->transport, &err), &err) != 0)
		return -1;
	secret_clear(port->transport.answer);
	return carried(port, secret_append(port->transport.answer, view_of(bytes, size), &err),
	    &err);
}

static int
receive(struct fido_dev *device, uint8_t message, unsigned char *bytes, size_t size, int limit)
{
	struct fido_port *port = fido_dev_io_handle(device);
	struct err err;

	if (message == CTAP_INIT && size == INIT_SIZE) {
		memset(bytes, 0, size);
		memcpy(bytes, secret_view(port->transport.answer).data, NONCE_SIZE);
		bytes[FLAGS_AT] = CAN_CBOR;
		return (int)size;
	}
	if (message != CTAP_MESSAGE)
		return -1;
	if (carried(port,
	        fido_transport_receive(&port->transport, limit < 0 ? WAIT_MS : (unsigned)limit,
	            &err),
	        &err) != 0)
		return -1;
	struct view answer = secret_view(port->transport.answer);

	if (answer.size > size)
		return -1;
	memcpy(bytes, answer.data, answer.size);
	return (int)answer.size;
}

enum err_code
fido_carry(struct fido_dev *device, struct err *err)
{
	const fido_dev_io_t io = {carry_open, carry_close, carry_read, carry_write};
	const fido_dev_transport_t transport = {receive, send};

	if (fido_dev_set_io_functions(device, &io) != FIDO_OK ||
	    fido_dev_set_transport_functions(device, &transport) != FIDO_OK)
		return err_set(err, ERR_INTERNAL, "libfido2 takes no transport");
	return ERR_OK;
}
