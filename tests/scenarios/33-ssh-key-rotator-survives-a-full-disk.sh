#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A full disk leaves the old file, unchanged, and the same value goes through when there is room: not applied is not
# rejected.
set -u
# Who is not root mounts as root of a user namespace, and is who he was in another one below: sshd must know him.
# shellcheck disable=SC2016
if [ "$(id -u)" -ne 0 ] && [ -z "${DISK_FOLDER:-}" ]; then
	DISK_FOLDER=$(mktemp -d)
	export DISK_FOLDER
	mkdir "$DISK_FOLDER/small"
	unshare --mount --propagation private --user --map-root-user -- sh -c 'mount -t tmpfs -o size=64k,mode=700 none "$DISK_FOLDER/small" &&
		exec unshare --user --map-user="$1" --map-group="$2" -- "$0"' "$0" "$(id -u)" "$(id -g)"
	status=$?
	rm -rf "$DISK_FOLDER"
	exit $status
fi
LIB=$(dirname "$(readlink -f "$0")")/../lib
. "$LIB/tap.sh"
. "$LIB/sshd.sh"
FOLDER=${DISK_FOLDER:-$(mktemp -d)}; trap '[ -n "${DISK_FOLDER:-}" ] || { umount "$FOLDER/small"; rm -rf "$FOLDER"; }' EXIT; cd "$FOLDER" || exit 99
ROTATE=$(readlink -f "${HALLIGAN_BUILD:?the build folder}")/rotators/halligan-rotate-ssh-key

[ -n "${DISK_FOLDER:-}" ] || { mkdir small && mount -t tmpfs -o size=64k,mode=700 none small; } || exit 99
for name in old next other; do ssh-keygen -q -t ed25519 -N '' -f $name; done
# Larger than a page, so that its copy does not fit into the last one.
{ cat old.pub; for _ in $(seq 100); do cat other.pub; done; } >small/keys
sshd_start "$FOLDER" "AuthorizedKeysFile \"$FOLDER/small/keys\""
SSHD_AUTHORIZED=$FOLDER/small/keys
ask() { local access=$1; shift
	"$LIB/rotator.py" --current private-key=old --next private-key=next "$ROTATE" "$(sshd_target "$access")" "$@"; }

for access in local ssh; do
	cp small/keys before
	head -c 1M /dev/zero >small/fill 2>/dev/null
	like "$access: the disk is full: unchanged" "$(ask $access add)" '^unchanged .*(space|full|room)'
	ok "$access: the file stands as it was" cmp before small/keys
	is "$access: nothing is left beside it" "$(find small -type f | wc -l)" 2
	like "$access: the old key still works" "$(ask $access probe-current)" '^accepted'
	rm small/fill
	like "$access: with room it goes through" "$(ask $access add probe-next withdraw-current probe-current | cut -d' ' -f1 | tr '\n' ' ')" '^added accepted withdrawn refused'
	is "$access: and only the one line differs" "$(diff before small/keys | grep -c '^[<>]')" 2
	cp before small/keys
done

# Room for a file as large as the old one, but not for the new one: an RSA key is longer, and the file
# grows over the end of its second page.
ssh-keygen -q -t rsa -b 4096 -N '' -f next <<<y >/dev/null
for access in local ssh; do
	{ cat old.pub; yes '# filled with remarks' | head -c $((2 * 4096 - 300 - $(stat -c %s old.pub))); echo; } >small/keys
	cp small/keys before
	head -c $((64 * 1024 - 4 * 4096)) /dev/zero >small/fill
	like "$access: the disk fills up in the middle of writing: unchanged" "$(ask $access add)" '^unchanged .*(space|full)'
	ok "$access: and the file stands" cmp before small/keys
	is "$access: with nothing beside it" "$(find small -type f | wc -l)" 2
	rm small/fill
	like "$access: with room it goes through" "$(ask $access add probe-next | cut -d' ' -f1 | tr '\n' ' ')" '^added accepted'
done
tap_end
