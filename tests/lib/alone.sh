#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A program alone: with processes, mounts, a loopback network and an empty /tmp of its own, which end
# with it, and it with whoever started it, however that ends.  So nothing is left behind, and each has
# the same paths and ports as the others that run beside it.
#
#	. tests/lib/alone.sh; alone PROGRAM ARGUMENT...
#
# Returns when the program is alone already, and when only root could make it so.  A project that lies in
# /tmp, and published vectors beside it, are still there.

ALONE=$(readlink -f "${BASH_SOURCE[0]}")

alone() {
	[ "${HALLIGAN_ALONE:-}" != "$1" ] && [ "$(id -u)" -eq 0 ] || return 0
	exec setpriv --pdeathsig KILL -- unshare --mount --propagation private --net \
		--pid --fork --kill-child --mount-proc -- bash "$ALONE" "$@"
}

# In the namespaces: the empty /tmp, made at /mnt, where nobody looks meanwhile; then the program.
alone_inside() {
	local project folder
	project=$(readlink -f "$(dirname "$ALONE")/../..")
	mount -n -t tmpfs -o mode=1777 none /mnt || exit 99
	for folder in "$project" "$project/../shared" "${HALLIGAN_BUILD:-}"; do
		folder=$(readlink -e "$folder") || continue
		case $folder in /tmp/*) ;; *) continue ;; esac
		mkdir -p "/mnt${folder#/tmp}" && mount -n --rbind "$folder" "/mnt${folder#/tmp}" || exit 99
	done
	mount -n --move /mnt /tmp && ip link set lo up || exit 99
	cd "$(pwd -P)" 2>/dev/null || cd / # the same folder, in the new /tmp
	HALLIGAN_ALONE=$1 exec "$@"
}

[ "${BASH_SOURCE[0]}" != "$0" ] || alone_inside "$@"
