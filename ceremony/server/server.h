/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server: owns the vault's folder, never touches a token.  One session of frames
 * (docs/PROTOCOL.md) over two descriptors, until the client closes.  It finishes first what a
 * crash left half done (a ceremony in RELEASING, keys to erase, a checkpoint to advance).
 */
#ifndef CEREMONY_SERVER_SERVER_H
#define CEREMONY_SERVER_SERVER_H

#include "base/err.h"
#include "ceremony/server/options.h"

/* ERR_OK at the client's end of file.  Errors of single requests go to the client and do not end
 * the session; ERR_PROTOCOL, ERR_INTEGRITY and a vault that cannot be opened do.  What the client
 * was told it says itself: then this is ERR_OK too. */
enum err_code server_run(const struct server_options *options, int in, int out,
    struct err *err) MUST_CHECK;

#endif
