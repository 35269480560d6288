/* SPDX-License-Identifier: Apache-2.0 */
/*
 * halligan-starter: starts what talks to targets, so that none of it can reach the vault.  See halligan-starter(8).
 *
 *	--socket PATH	listens there, for the vault's account (root), or for ourselves (an ordinary user)
 *	--once		one question on descriptor 3, from whoever started us
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/process.h"
#include "daemon/starter/attend.h"

enum { ONCE_FD = 3 };

static int
help(void)
{
	puts(
	    "usage: halligan-starter --socket PATH\n"
	    "       halligan-starter --once\n"
	    "\n"
	    "Starts Halligan's rotators so that none of them can reach the vault.  --socket listens on\n"
	    "PATH, for the account that /etc/halligan/starter.conf names as root runs it, for the same\n"
	    "user as an ordinary user does; --once is for Halligan itself.  See halligan-starter(8).");
	return 0;
}

static int
usage(void)
{
	fputs("halligan-starter: --socket PATH or --once is needed; --help says more\n", stderr);
	return 2;
}

static enum err_code
attend_once(struct err *err)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(ONCE_FD, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
		return err_set(err, ERR_USAGE,
		    "--once is for Halligan itself, which hands a socket over on descriptor 3");
	if (peer.uid != geteuid())
		return err_set(err, ERR_REFUSED, "user %u may not ask user %u", peer.uid,
		    geteuid());
	attend_one(ONCE_FD, &(struct attend_for){peer.uid, HALLIGAN_ROTATORS});
	return ERR_OK;
}

int
main(int argc, char **argv)
{
	bool once = argc == 2 && strcmp(argv[1], "--once") == 0;
	bool listens = argc == 3 && strcmp(argv[1], "--socket") == 0;
	struct err err = {0};
	enum err_code code;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return help();
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return puts("halligan-starter " HALLIGAN_VERSION) < 0;
	if (!once && !listens)
		return usage();
	code = listens && geteuid() != 0 ?
	    process_harden_but_gain(2, &err) : /* uidmap's programs */
	    process_harden(once ? ONCE_FD : 2, &err);
	if (code == ERR_OK)
		code = once ? attend_once(&err) : attend_socket(argv[2], HALLIGAN_ROTATORS, &err);
	if (code == ERR_OK)
		return 0;
	fprintf(stderr, "halligan-starter: %s\n", err.text);
	return code == ERR_USAGE ? 2 : 1;
}
