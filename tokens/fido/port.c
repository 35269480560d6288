/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The serial number is read from the PIV application (Yubico's GET SERIAL) or else from Yubico's
 * management application; both are selected only for that, and FIDO2 is selected afterwards.
 */
#include "tokens/fido/port.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/process.h"
#include "tokens/piv/card.h"
#include "tokens/reader/count.h"

enum { SERIAL_TAG = 0x02, SERIAL_SIZE = 4 };

static const uint8_t management_aid[] = {0xa0, 0x00, 0x00, 0x05, 0x27, 0x47, 0x11, 0x17};

/* ---- over PC/SC ---- */

static enum err_code
transmit(void *context, struct view command, struct secret *reply, struct err *err)
{
	struct fido_port *port = context;
	enum err_code code = pcsc_transmit(port->pcsc, command, reply, err);

	if (code != ERR_OK) {
		port->failed = true;
		port->why = *err;
	}
	return code;
}

/* The exchange of tokens/piv/card.h. */
static enum err_code
piv_exchange(void *context, const uint8_t header[4], struct view data, struct secret *reply,
    uint16_t *ret_status, struct err *err)
{
	struct fido_port *port = context;

	TRY(fido_transport_command(&port->transport, header, data, ret_status, err));
	return secret_append(reply, secret_view(port->transport.answer), err);
}

/* What the management application answers: a length byte, then tags, each with one. */
static uint32_t
serial_in(struct view answer)
{
	struct reader outer = reader_of(answer);
	struct reader reader = reader_of(reader_lp8(&outer, UINT8_MAX));

	while (!reader.failed && reader.rest.size > 0) {
		uint8_t tag = reader_u8(&reader);
		struct view value = reader_lp8(&reader, UINT8_MAX);
		struct reader number = reader_of(value);

		if (!reader.failed && tag == SERIAL_TAG && value.size == SERIAL_SIZE)
			return reader_u32(&number);
	}
	return 0;
}

static enum err_code
management_serial(struct fido_port *port, uint32_t *ret_serial, struct err *err)
{
	static const uint8_t select[] = {0x00, 0xa4, 0x04, 0x00}, read[] = {0x00, 0x1d, 0, 0};
	uint16_t status;

	TRY(fido_transport_command(&port->transport, select, VIEW_OF(management_aid), &status,
	    err));
	if (status != PIV_OK)
		return ERR_OK;
	TRY(fido_transport_command(&port->transport, read, (struct view){0}, &status, err));
	if (status == PIV_OK)
		*ret_serial = serial_in(secret_view(port->transport.answer));
	return ERR_OK;
}

/* 0 when no application tells. */
static enum err_code
read_serial(struct fido_port *port, uint32_t *ret_serial, struct err *err)
{
	SECRET *reply = NULL;
	uint32_t serial = 0;
	struct err why;

	TRY(secret_new(PIV_REPLY_MAX, &reply, err));
	struct piv_card card = {piv_exchange, port, reply};

	if (piv_select(&card, &why) != ERR_OK || piv_serial(&card, &serial, &why) != ERR_OK)
		serial = 0;
	if (port->failed) {
		*err = port->why;
		return err->code;
	}
	if (serial == 0)
		TRY(management_serial(port, &serial, err));
	*ret_serial = serial;
	return ERR_OK;
}

static enum err_code
another(const struct fido_port *port, uint32_t serial, struct err *err)
{
	if (serial != 0)
		return err_set(err, ERR_TOKEN_ABSENT,
		    "it is no longer in reader %s: token %u is there now, and was not used; plug "
		    "the right one in and run the command again",
		    port->path, serial);
	return err_set(err, ERR_TOKEN_ABSENT,
	    "it was pulled out of %s meanwhile, and perhaps exchanged: the token there now was not "
	    "used; run the command again",
	    port->path);
}

static enum err_code
identify(struct fido_port *port, struct err *err)
{
	uint32_t serial = 0;
	bool tells = port->known && port->serial != 0; /* then the place does not matter */
	uint64_t place = tells ? 0 : pcsc_changes(port->path);

	TRY(read_serial(port, &serial, err));
	if (!port->known) {
		port->serial = serial;
		port->place = place;
		port->known = true;
	}
	if (serial != port->serial || (serial == 0 && place != port->place))
		return another(port, serial, err);
	return ERR_OK;
}

/* ---- device nodes ---- */

static enum err_code
node(const char *path, uint64_t *ret_place, struct err *err)
{
	struct stat status;

	if (stat(path, &status) != 0 || !S_ISCHR(status.st_mode))
		return err_set(err, ERR_TOKEN_ABSENT,
		    "it is not plugged in: plug it in and try again");
	*ret_place = (uint64_t)status.st_ino << 1 | 1;
	return ERR_OK;
}

enum err_code
fido_port_check(const struct fido_port *port, struct err *err)
{
	uint64_t place;

	if (port->hid && (node(port->path, &place, err) != ERR_OK || place != port->place))
		return err_set(err, ERR_TOKEN_GONE,
		    "it was pulled out while in use: plug it in and run the command again");
	return ERR_OK;
}

enum err_code
fido_port_probe(const char *path, struct err *err)
{
	FD fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 && (errno == EACCES || errno == EPERM))
		return err_set(err, ERR_TOKEN,
		    "this user may not use %s: install Halligan's udev rules, log in at the "
		    "machine itself, or ask its administrator",
		    path);
	if (fd < 0)
		return err_set(err, ERR_TOKEN_ABSENT,
		    "it is not plugged in: plug it in and try again");
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		return err_set(err, ERR_BUSY,
		    "another program uses it (a browser, ssh, ykman): end it and try again");
	return ERR_OK;
}

/* ---- both ---- */

enum err_code
fido_port_open(struct fido_port *port, const char *reader, unsigned milliseconds, struct err *err)
{
	if (reader[0] == '\0' || strlen(reader) > TOKEN_READER_MAX)
		return err_set(err, ERR_TOKEN_ABSENT, "there is no such reader");
	memcpy(port->path, reader, strlen(reader) + 1);
	port->hid = reader[0] == '/';
	if (port->hid) {
		TRY(node(reader, &port->place, err));
		port->known = true;
		return fido_port_probe(reader, err);
	}
	port->transport.exchange = transmit;
	port->transport.context = port;
	TRY(fido_transport_init(&port->transport, err));
	return pcsc_connect(reader, milliseconds, &port->pcsc, err);
}

void
fido_port_close(struct fido_port *port)
{
	pcsc_close(TAKE(port->pcsc));
	fido_transport_done(&port->transport);
}

enum err_code
fido_port_begin(struct fido_port *port, unsigned milliseconds, struct err *err)
{
	enum err_code code = ERR_TOKEN_GONE;
	uint64_t place;

	port->failed = false;
	if (port->hid) {
		TRY(node(port->path, &place, err));
		return place == port->place ? fido_port_probe(port->path, err) :
		                              another(port, 0, err);
	}
	for (int i = 0; i < 2 && code == ERR_TOKEN_GONE; i++) {
		TRY(pcsc_begin(port->pcsc, milliseconds, err));
		port->failed = false;
		code = identify(port, err);
		if (code != ERR_OK)
			pcsc_end(port->pcsc, false);
	}
	return code;
}

void
fido_port_leave(struct fido_port *port)
{
	if (!port->hid)
		pcsc_end(port->pcsc, false);
}

void
fido_port_end(struct fido_port *port)
{
	if (!port->hid && !port->failed)
		fido_transport_end(&port->transport);
	fido_port_leave(port);
}
