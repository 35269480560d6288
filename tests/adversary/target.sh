#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A target of target.c's, an OpenSSH server on loopback, until the input ends.
#
# usage: target.sh FOLDER	FOLDER gets old and new (keys), authorized_keys beside the server, and, when it listens,
#				honest.json (the ssh-key rotator's target) and other.json (the same with another host's key)
set -eu
LIB=$(dirname "$(readlink -f "$0")")/../lib
. "$LIB/environment.sh"
. "$LIB/alone.sh"
. "$LIB/sshd.sh"
cd "$1"
for name in old new other; do ssh-keygen -q -t ed25519 -N '' -C '' -f $name; done
SSHD_PORT=$(sshd_free_port)
sshd_start .
ln -s "$SSHD_AUTHORIZED" authorized_keys
sshd_target ssh >honest.json
SSHD_HOST_KEY=$(cut -d' ' -f1,2 other.pub)
sshd_target ssh >other.new
mv other.new other.json
cat >/dev/null
sshd_stop
