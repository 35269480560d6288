/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of system calls that a program which talks to a target may make.  All others are answered as by a kernel that does not
 * have them (ENOSYS), never EPERM, after which glibc goes another way; calls of another architecture's table end it.
 *
 *	not on it	keys, privileges, namespaces, mounts, modules, clocks, io_uring, userfaultfd, bpf, perf, ptrace and memory of
 *			others, devices
 *	by argument	clone without namespaces; ioctl but for TIOCSTI and TIOCLINUX; sockets of the families that are wanted
 *	FILTER_SAME	where it runs under the uid of others: also no signal to anybody but itself and its children's group, no limits
 *			of others, no signals by descriptors (F_SETOWN, F_SETSIG), no change of modes, owners, times or attributes by
 *			path, no look at attributes, no watching, no truncation by opening for reading
 */
#ifndef DAEMON_STARTER_FILTER_H
#define DAEMON_STARTER_FILTER_H

#include "base/bytes.h"

enum filter_part {
	FILTER_UNIX = 1, /* sockets with a name: the definition names one */
	FILTER_NET = 2,  /* INET, INET6, NETLINK (to look up addresses) */
	FILTER_SAME = 4,
};
/* The program of the filter with PARTS, as the kernel takes it (struct sock_filter).  ERR_MEMORY, ERR_INTERNAL. */
enum err_code filter_make(unsigned parts, struct buf *ret_program, struct err *err) MUST_CHECK;
/* For good, this process and all that it starts; no_new_privs is set before.  Only a system call, for use after fork: false
 * with errno. */
bool filter_enter(struct view program);

#endif
