/* SPDX-License-Identifier: Apache-2.0 */
/* The sockets of a running token: one for the reader (link.h), one for control (control.h). */
#ifndef TOKENS_SIM_SERVE_H
#define TOKENS_SIM_SERVE_H

#include "tokens/sim/device.h"

/* Connect to a Unix socket.  ERR_NOT_FOUND when nobody listens. */
enum err_code serve_connect(const char *path, int *ret_fd, struct err *err) MUST_CHECK;

/* Serve DEVICE until SIGTERM, SIGINT or SIGHUP; both sockets are removed at the end, dead ones replaced.
 * ERR_BUSY when somebody answers there, ERR_INVALID when a path is too long for a socket (107 bytes). */
enum err_code serve_run(struct device *device, const char *socket_path, const char *control_path,
    struct err *err) MUST_CHECK;

#endif
