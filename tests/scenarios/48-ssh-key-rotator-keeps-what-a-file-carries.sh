#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Owner, mode, access control list, extended attributes and security label of authorized_keys are those of before, here
# and over ssh; where one of them cannot be kept, nothing is changed. And whatever cannot be written is unchanged, with
# the cause.
set -u
LIB=$(dirname "$(readlink -f "$0")")/../lib
. "$LIB/tap.sh"
. "$LIB/sshd.sh"
FOLDER=$(mktemp -d); trap 'umount "$FOLDER/disk" 2>/dev/null; rm -rf "$FOLDER"' EXIT; cd "$FOLDER" || exit 99
ROTATE=$(readlink -f "${HALLIGAN_BUILD:?the build folder}")/rotators/halligan-rotate-ssh-key
environment_needs setfacl acl || exit 99
environment_needs getfattr attr || exit 99

# carries FOLDER: lists and users' attributes?
carries() { : >"$1/try" && setfacl -m u:1234:r "$1/try" 2>/dev/null && setfattr -n user.try -v 1 "$1/try" 2>/dev/null; }
# Here, or on a disk of our own; a disk has attributes of all kinds, quotas apart.
mkdir disk
truncate -s 8M image
PLACE=$FOLDER
if [ -z "${HALLIGAN_ALONE:-}" ]; then
	echo "# skipped: only root mounts a disk, sets labels and has other accounts"
elif mkfs.ext4 -q -m 0 image >/dev/null 2>&1 && mount -o loop image disk 2>/dev/null; then
	PLACE=$FOLDER/disk; rmdir disk/lost+found
fi
if ! carries "$PLACE"; then
	tap_skip "no disk can be mounted, and $(df --output=fstype "$FOLDER" | tail -n 1) keeps no lists and attributes"
fi
ok "the place keeps lists and attributes" carries "$PLACE"
rm "$PLACE/try"

for name in old next; do ssh-keygen -q -t ed25519 -N '' -f $name; done
chmod 711 "$FOLDER"
KEYS=$PLACE/keys/authorized_keys
mkdir -m 755 "$PLACE/keys"
# An account that is not root's, where we are alone with /etc/passwd, too.
GUEST=
if [ "$PLACE" != "$FOLDER" ]; then
	GUEST=guest
	{ cat /etc/passwd; echo "guest:*:1234:1234::$FOLDER/home:/bin/sh"; } >passwd
	mkdir -m 755 home
	mount --bind passwd /etc/passwd || GUEST=
fi
sshd_start "$FOLDER" "AuthorizedKeysFile \"$KEYS\""
SSHD_AUTHORIZED=$KEYS
WE=$SSHD_USER
ask() { local access=$1; shift
	${AS:-} "$LIB/rotator.py" --current private-key=old --next private-key=next "$ROTATE" "$(sshd_target "$access")" "$@"; }
words() { cut -d' ' -f1 | tr '\n' ' '; }
carried() { getfacl -pn "$KEYS"; getfattr -d -m - --absolute-names "$KEYS"; stat -c '%u %g %a' "$KEYS"; }
fresh() { rm -f "$KEYS"; cat old.pub >"$KEYS"; chmod 640 "$KEYS"; setfacl -m u:1234:r,g:7:- "$KEYS"; setfattr -n user.note -v 'who put it here' "$KEYS"; }

for access in local ssh; do
	fresh
	setfacl -d -m u:99:rwx,o::rwx "$PLACE/keys" # what new files in the folder get
	if [ -n "$GUEST" ] && setfattr -n trusted.seal -v 7 "$KEYS" 2>/dev/null && setfattr -n security.halligan -v label "$KEYS"; then
		chown 1234:7 "$KEYS"; SSHD_USER=guest
		[ $access = local ] || { setfattr -x trusted.seal "$KEYS"; setfattr -x security.halligan "$KEYS"; chown 1234:1234 "$KEYS"; chown 1234 "$PLACE/keys"; }
	else
		echo "# skipped: $access: only root sets labels and has other accounts"
	fi
	carried >before
	is "$access: both are let in, and then the new one alone" "$(ask $access add probe-next probe-current withdraw-current probe-next probe-current | words)" \
		"added accepted accepted withdrawn accepted refused "
	carried >after
	ok "$access: owner, mode, list, attributes and label are those of before" diff before after
	like "$access: there are some" "$(cat before)" "user:1234:r.*user.note=.*who put it here"
	setfacl -k "$PLACE/keys"; chown "$(id -u)" "$PLACE/keys"
	is "$access: nothing is left beside it" "$(find "$PLACE/keys" -type f | wc -l)" 1
	SSHD_USER=$WE
done

# What a folder's list gives to new files nobody has for a moment: who opened the new file then could write in it later.
if [ "$(id -u)" -ne 0 ]; then echo "# skipped: only root has other accounts"; else
	for access in local ssh; do
		setfacl -d -m u:99:rwx,g::rwx,o::rwx "$PLACE/keys"
		setpriv --reuid 99 --regid 99 --clear-groups python3 -c '
import os, sys
folder, seen = sys.argv[1], set()
print("ready", flush=True)
while True:
    for name in os.listdir(folder):
        if not name.startswith(".halligan"): continue
        if name not in seen: print("seen", flush=True)
        seen.add(name)
        try: os.close(os.open(folder + "/" + name, os.O_WRONLY)); print("opened", flush=True)
        except OSError: pass' "$PLACE/keys" >watched & watcher=$!
		until [ -s watched ]; do sleep 0.05; done
		for ((turn = 1; turn <= 60; turn++)); do # it is there for a moment only
			fresh; setfacl -b "$KEYS"; chmod 644 "$KEYS"; ask $access add >/dev/null
			[ $turn -lt 5 ] || ! grep -q seen watched || break
		done
		kill $watcher; wait $watcher 2>/dev/null
		like "$access: the new file was seen by another account" "$(sort -u watched | tr '\n' ' ')" 'seen'
		is "$access: which could not write in it" "$(grep -c opened watched)" 0
		setfacl -k "$PLACE/keys"
	done
fi

# A file that nobody but root may write, and that a list alone lets the account read, as sshd reads it: by that account.
if [ -z "$GUEST" ]; then echo "# skipped: only root has other accounts"; else
	fresh; chown 0:0 "$KEYS"; chmod 600 "$KEYS"; setfacl -m u:1234:r "$KEYS"; SSHD_USER=guest
	is "a list that alone lets the account in is kept: A7" "$(ask local probe-current add probe-next withdraw-current probe-next | words)" \
		"accepted added accepted withdrawn accepted "
	setfattr -n security.halligan -v label "$KEYS"; cat old.pub >"$KEYS"; cp "$KEYS" before
	AS="setpriv --bounding-set -sys_admin --inh-caps -sys_admin"
	like "local: a label that cannot be kept: unchanged, and it is named" "$(ask local add; cmp before "$KEYS" && echo same)" \
		'^unchanged .*attribute "security.halligan".*Operation not permitted.*same'
	AS=
	chown 1234:1234 "$KEYS" "$PLACE/keys"
	like "ssh: so it is there" "$(ask ssh add; cmp before "$KEYS" && echo same)" '^unchanged .*does not get its owner, mode.*account says.*same'
	setfattr -x security.halligan "$KEYS"
	chgrp 0 "$KEYS"
	like "ssh: a group that the account may not give: unchanged" "$(ask ssh add; cmp before "$KEYS" && echo same)" '^unchanged .*does not get its owner, mode.*same'
	chgrp 1234 "$KEYS"
	is "what can be kept goes through" "$(ask ssh add probe-next | words)" "added accepted "
	chmod 400 "$KEYS"
	is "ssh: a file that even its owner may not write is replaced, and stays so" "$(ask ssh withdraw-current probe-next | words)$(stat -c %a "$KEYS")" \
		"withdrawn accepted 400"
	chown 0 "$PLACE/keys"; fresh; chown 1234 "$KEYS"; cp "$KEYS" before
	like "ssh: a folder that the account may not write: unchanged, with the cause" "$(ask ssh add; cmp before "$KEYS" && echo same)" \
		'^unchanged .*no new file can be made beside it.*Permission denied.*same'
	like "ssh: which check says before" "$(ask ssh check)" '^refused .*no new file can be made beside it.*cannot be written'
	SSHD_USER=$WE
fi

# What cannot be written, and why.
fails() { # fails CLAIM PATTERN_HERE PATTERN_THERE [CHECK_HERE CHECK_THERE]: nothing is changed, and check says so before
	local access pattern=$2 check=${4:-}
	for access in local ssh; do
		cp "$KEYS" before
		like "$access: $1: unchanged, with the cause" "$(ask $access add; cmp before "$KEYS" && echo same)" "^unchanged .*$pattern.*same"
		is "$access: and nothing is left beside it" "$(find "$PLACE/keys" -type f | wc -l)" 1
		[ -z "$check" ] || like "$access: $1: check refuses it" "$(ask $access check)" "^refused .*$check"
		pattern=$3 check=${5:-}
	done
}
fresh
if [ "$PLACE" = "$FOLDER" ]; then echo "# skipped: there is no disk of our own to fill, to close or to freeze"; else
	head -c 8M /dev/zero >disk/fill 2>/dev/null
	while printf x >"disk/fill.$RANDOM$RANDOM" 2>/dev/null; do :; done
	fails "the disk is full" "No space left" "(made|written) beside it.*No space left"
	rm disk/fill*
	mount -o remount,ro disk
	fails "the disk is read-only" "Read-only file system" "made beside it.*Read-only file system" \
		"no new file.*Read-only file system" "no new file can be made.*keys cannot be written"
	mount -o remount,rw disk
	if chattr +i "$KEYS"; then
		fails "the file is immutable" "Operation not permitted" "(does not get|cannot take its place).*Operation not permitted" \
			"authorized_keys.* is immutable.*chattr -i" "cannot take its place.*authorized_keys has the attributes -*i"
		chattr -i "$KEYS"
		chattr +i "$PLACE/keys"
		fails "the folder is immutable" "Operation not permitted" "made beside it.*Operation not permitted" \
			"the folder of .* is immutable.*chattr -i" "no new file can be made.*keys cannot be written"
		chattr -i "$PLACE/keys"
		chattr +a "$PLACE/keys"
		like "local: a folder that is append-only: check refuses it" "$(ask local check)" '^refused .*the folder of .* is append-only.*chattr -a'
		like "ssh: a folder that is append-only: check refuses it" "$(ask ssh check)" '^refused .*cannot take its place.*keys has the attributes -*a'
		chattr -a "$PLACE/keys"
	else
		echo "# skipped: nothing can be made immutable here"
	fi
	for access in local ssh; do
		fresh
		is "$access: the same value goes through when it can be written" "$(ask $access add probe-next withdraw-current probe-current | words)" \
			"added accepted withdrawn refused "
	done
fi
tap_end
