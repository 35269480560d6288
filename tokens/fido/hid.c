/* SPDX-License-Identifier: Apache-2.0 */
#include "tokens/fido/hid.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fido.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "tokens/fido/port.h"

enum {
	OPEN_MS = 5000, /* to open one of them */
	POLL_MS = 100,  /* to look at one of them */
	DESCRIPTOR_MAX = 4096,
};
/* libfido2 leaves out nodes that it may not open.  Everybody may read what they are. */
static bool
is_denied_key(const char *name, char ret_path[TOKEN_READER_MAX + 1])
{
	static const uint8_t page[] = {0x06, 0xd0, 0xf1}; /* usage page FIDO, CTAP 2.1, 11.2.8.1 */
	char descriptor[TOKEN_READER_MAX + 1];
	BUF bytes = {0};
	struct err why;

	if (strncmp(name, "hidraw", strlen("hidraw")) != 0 ||
	    snprintf(descriptor, sizeof(descriptor),
	        "/sys/class/hidraw/%s/device/report_descriptor", name) >= (int)sizeof(descriptor) ||
	    snprintf(ret_path, TOKEN_READER_MAX + 1, "/dev/%s", name) > TOKEN_READER_MAX)
		return false;
	FD fd = open(ret_path, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 && (errno == EACCES || errno == EPERM) &&
	    file_read(descriptor, DESCRIPTOR_MAX, &bytes, &why) == ERR_OK &&
	    bytes.size >= sizeof(page) && memcmp(bytes.data, page, sizeof(page)) == 0;
}

static void
add_denied(struct fido_nodes *nodes)
{
	DIR *folder = opendir("/sys/class/hidraw");
	struct dirent *entry;

	if (folder == NULL)
		return;
	while (nodes->count < TOKENS_MAX && (entry = readdir(folder)) != NULL) {
		if (is_denied_key(entry->d_name, nodes->path[nodes->count]))
			nodes->count++;
	}
	closedir(folder);
}

enum err_code
fido_nodes(struct fido_nodes *ret_nodes, struct err *err)
{
	fido_dev_info_t *found = fido_dev_info_new(TOKENS_MAX);
	size_t count = 0;

	fido_init(FIDO_DISABLE_U2F_FALLBACK);
	if (found == NULL)
		return err_set(err, ERR_MEMORY, "no memory for a FIDO2 token");
	if (fido_dev_info_manifest(found, TOKENS_MAX, &count) != FIDO_OK)
		count = 0;
	ret_nodes->count = 0;
	for (size_t i = 0; i < count; i++) {
		const char *path = fido_dev_info_path(fido_dev_info_ptr(found, i));

		if (path != NULL && path[0] == '/' && strlen(path) <= TOKEN_READER_MAX)
			memcpy(ret_nodes->path[ret_nodes->count++], path, strlen(path) + 1);
	}
	fido_dev_info_free(&found, TOKENS_MAX);
	add_denied(ret_nodes);
	return ERR_OK;
}

/* ---- which one is meant ---- */

struct blinking {
	fido_dev_t *devices[TOKENS_MAX]; /* NULL: it does not blink (any more) */
	size_t count;
};

/* Those not touched must not go on blinking. */
static void
stop(fido_dev_t **device)
{
	if (*device == NULL)
		return;
	fido_dev_cancel(*device);
	fido_dev_close(*device);
	fido_dev_free(device);
}

static void
blinking_done(struct blinking *all)
{
	for (size_t i = 0; i < all->count; i++)
		stop(&all->devices[i]);
}

/* NULL when it cannot: another program uses it, or it was pulled. */
static fido_dev_t *
start(const char *path)
{
	fido_dev_t *device = NULL;
	struct err why;

	if (fido_port_probe(path, &why) != ERR_OK)
		return NULL;
	device = fido_dev_new();
	if (device == NULL || fido_dev_set_timeout(device, OPEN_MS) != FIDO_OK ||
	    fido_dev_open(device, path) != FIDO_OK) {
		fido_dev_free(&device);
		return NULL;
	}
	if (fido_dev_get_touch_begin(device) != FIDO_OK)
		stop(&device);
	return device;
}

/* One that does not wait any more (it gave up, or was pulled) is left out from then on. */
static bool
is_touched(fido_dev_t **device, const char *path)
{
	int touched = 0;

	if (*device == NULL)
		return false;
	if (fido_dev_get_touch_status(*device, &touched, POLL_MS) != FIDO_OK)
		stop(device);
	else if (!touched && access(path, F_OK) != 0)
		stop(device);
	return touched != 0;
}

static bool
any(const struct blinking *all)
{
	for (size_t i = 0; i < all->count; i++) {
		if (all->devices[i] != NULL)
			return true;
	}
	return false;
}

enum err_code
fido_choose(void *driver, const struct token_found *const *found, size_t count,
    unsigned milliseconds, size_t *ret_index, struct err *err)
{
	CLEANUP(blinking_done) struct blinking all = {.count = count};
	int64_t end = process_milliseconds() + milliseconds;

	(void)driver;
	fido_init(FIDO_DISABLE_U2F_FALLBACK);
	for (size_t i = 0; i < count; i++)
		all.devices[i] = start(found[i]->reader);
	while (any(&all) && process_milliseconds() < end) {
		for (size_t i = 0; i < count; i++) {
			if (!is_touched(&all.devices[i], found[i]->reader))
				continue;
			*ret_index = i;
			return ERR_OK;
		}
	}
	return err_set(err, ERR_TOUCH,
	    "none of the %zu tokens was touched in time: run the command again and touch the one "
	    "that is meant, or leave only that one plugged in",
	    count);
}
