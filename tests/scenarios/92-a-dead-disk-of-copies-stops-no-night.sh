#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The copy sink on disks of its own: not mounted, read-only, full, another vault's, lost for good. Each is told with the command
# that leads out; no night stops for it but at the moment when a target would get a new value.
. "$(dirname "$0")/../lib/vault.sh"
[ -n "${HALLIGAN_ALONE:-}" ] || { echo "1..0 # SKIP needs root to mount small disks"; exit 0; }
town_founded
trap 'tokens_end umount -lq "$TOKENS_DIR/disk" "$TOKENS_DIR/new"' EXIT

told() { # told CLAIM CODE PATTERN COMMAND...
	local claim=$1 code=$2 pattern=$3 status=0; shift 3
	"$@" > "$TAP_OUTPUT" 2>&1 || status=$?
	is "$claim: exit" "$status" "$code"
	like "$claim" "$(tap_output)" "$pattern"
}
status() { halligan status 2>&1 | tr '\n' ' ' | sed 's/  */ /g'; town_settled; }
signed() { as secops charter sign && as infra charter sign; }
first() { find disk -name '*.sealed' | head -n 1; }

# --- a vault without copies gets a sink by charter ---
mkdir -m 700 disk new
told "a vault without copies says so" 0 'keeps no copies.*charter propose --copy directory:/PATH' halligan copy status
told "a repair of nothing" 1 'names no copy sink' halligan copy --repair
told "a path that is none" 2 'write directory:/PATH' as ciso charter propose --copy here
told "a folder that is not there is refused before PIN and touch" 1 'no folder .*/nowhere for copies: make it' \
	as ciso charter propose --copy "directory:$PWD/nowhere"
mount -t tmpfs -o size=256k,mode=700 none disk
ok "a sink is proposed" as ciso charter propose --copy "directory:$PWD/disk"
like "in words" "$(tap_output)" "! where copies go: \"directory:$PWD/disk\".*! +and no more to: none.*it is empty: .halligan copy --repair. fills it"
ok "and signed" signed
town_settled
like "it has its marker" "$(cat disk/halligan-copy)" '"vault":"[0-9a-f]{64}"'
told "a repair proves all of it" 0 'holds all that it should: [0-9]+ files read back' halligan copy --repair
told "nothing is missing" 0 ' 0 missing, 0 damaged, 0 not needed any more, 0 foreign' halligan copy status
like "the history knows" "$(halligan charter history 2>&1)" "copies go to .directory:$PWD/disk."

# --- read-only, full, spoiled ---
mount -o remount,ro disk
like "read-only: status says so" "$(status)" 'copy +copy sink: .*is mounted read-only.*next: halligan copy status'
told "so does copy status" 1 'is mounted read-only' halligan copy status
mount -o remount,rw disk
printf x >> "$(first)"
fallocate -l 250k disk/filler 2> /dev/null || dd if=/dev/zero of=disk/filler bs=1k 2> /dev/null
told "damaged and foreign files are named" 1 'prod/db, version 2. holds other bytes.*1 damaged, .*1 foreign' halligan copy status
told "on a full disk a repair says so" 1 'No space left|disk is full' halligan copy --repair
is "and leaves nothing half-written" "$(find disk -name '.*.tmp' | wc -l)" 0
rm disk/filler
told "with room it puts back what was spoiled" 0 ', 1 written' halligan copy --repair
mkdir -m 700 other
sed 's/"vault":"......../"vault":"00000000/' disk/halligan-copy > other/halligan-copy
chmod 600 other/halligan-copy
mount --bind other disk
told "another vault's disk" 1 'is the copy sink of another vault' halligan copy --repair
is "gets nothing" "$(ls other)" halligan-copy
umount disk

# --- not mounted, through a night ---
umount disk # a tmpfs: it is lost for good
like "an empty mount point is no sink" "$(status)" 'the copy sink is not there: .*has no file halligan-copy'
ok "a request" town_request
ok "approvals" town_approve ciso secops infra
like "a release waits for no sink" "$(halligan status 2>&1)" 'lease'
key() { cksum < "$SSHD_AUTHORIZED"; }
before=$(key)
told "the end of the lease says what is wrong" 5 'the copy sink is not there' as alice "done"
town_settled
is "no target got a new value" "$(key)" "$before"
is "nothing was written below the mount point" "$(find disk | wc -l)" 1
like "the debt says what it waits for" "$(status)" 'debt +prod/db: .*waits for the copy sink; next: halligan copy status'

# --- exchanged, by the command that this names ---
told "copy status names the way out" 1 'halligan charter propose --copy directory:/PATH' halligan copy status
mount -t tmpfs -o size=256k,mode=700 none new
ok "another disk is proposed while the old one is dead" as ciso charter propose --copy "directory:$PWD/new"
ok "and signed by the quorum" signed
ok "the debt goes on at once" halligan rotate --all
refused "the target has the new value" test "$(key)" = "$before"
ok "the new sink is filled" halligan copy --repair
told "and has all" 0 ' 0 missing, 0 damaged' halligan copy status
town_ends
is "nothing waits any more" "$(status | grep -c 'copy sink\|prod/db: rotation')" 0
tap_end
