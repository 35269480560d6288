#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The founded vault that scenarios share, with all that belongs to it: tokens' states, the client's memory,
# the sshd's key and port.  usage: found.sh FOLDER: put a copy there, which must be /tmp/town.
# It is made once for the programs of a build and kept in the build folder, whoever comes first.
set -uo pipefail
LIB=$(dirname "$(readlink -f "$0")")
BUILD=$(readlink -f "${HALLIGAN_BUILD:?the build folder}")

if [ "$1" = make ]; then # make ARCHIVE
	. "$LIB/alone.sh"
	alone "$LIB/found.sh" "$@"
	. "$LIB/vault.sh"
	town_start
	town_found
	tokens_stop # so that their states are written
	tar -cf "$2.new" vault state sshd/host_key sshd/host_key.pub sshd/authorized_keys found.log target.json \
		breakglass breakglass.pub ./*.json ./*.enrolment && mv "$2.new" "$2"
	exit
fi

# Any other program, script or day may found another vault.
key=$({ date +%F; find "$BUILD" -path "$BUILD/tests" -prune -o -type f \( -name halligan -o -name 'halligan-*' \
	-o -name '*.so' \) -exec sha256sum {} +; cat "$LIB"/{found,vault,tokens,sshd}.sh; } | sort | sha256sum | cut -c1-16)
archive=$BUILD/tests/founded-$key.tar
exec 9> "$BUILD/tests/founded.lock"
flock 9
[ -s "$archive" ] || {
	rm -f "$BUILD"/tests/founded-*
	"$LIB/found.sh" make "$archive" 9>&- >&2
} || exit
tar -xf "$archive" -C "$1"
