#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A full disk, at every amount of room that is left: an error that says so, nothing half-written, and the
# same command works once there is room.
if [ -z "${HALLIGAN_OWN_MOUNTS:-}" ]; then
	[ "$(id -u)" -eq 0 ] || { echo "1..0 # SKIP needs root to mount a small disk"; exit 0; }
	HALLIGAN_OWN_MOUNTS=1 exec unshare --mount --propagation private "$0" "$@"
fi
. "$(dirname "$0")/../lib/vault.sh"
town_start
mkdir disk && mount -t tmpfs -o size=2m,mode=700 none disk
export HALLIGAN_VAULT=$TOKENS_DIR/disk/vault
VAULT=$HALLIGAN_VAULT
trap 'umount -l "$TOKENS_DIR/disk"; tokens_end' EXIT

fill() { # fill KB: leave so much
	rm -f disk/filler
	local free
	free=$(($(stat -f -c '%a * %S / 1024' disk)))
	[ "$1" -ge "$free" ] || fallocate -l $(((free - $1) * 1024)) disk/filler
}
room() { rm -f disk/filler; }
leaves() { "$LIB/tamper.py" "$VAULT" get "SELECT count(*) FROM log_leaf"; }
temporary() { find "$VAULT" -name '.*.tmp*' | wc -l; }

# full CLAIM MAX-KB COMMAND...: with 0, 4, 8, ... KB left COMMAND fails until it has enough.
full() {
	local claim=$1 most=$2 kb=0 status refusals=0 wrong=''; shift 2
	while [ "$kb" -le "$most" ]; do
		fill "$kb"
		status=0
		"$@" > full.log 2>&1 || status=$?
		room
		[ "$status" -ne 0 ] || break
		refusals=$((refusals + 1))
		grep -Eqi 'no space|disk is full|database or disk' full.log || wrong="with $kb KB left it says: $(tail -n 3 full.log | tr '\n' ' ')"
		[ "$(temporary)" = 0 ] || wrong="with $kb KB left it leaves a temporary file"
		kb=$((kb + 4))
	done
	is "$claim: says that the disk is full, leaves nothing half-written" "${wrong:-well}" well
	[ "$status" -eq 0 ] || { "$@" > full.log 2>&1; status=$?; }
	tap_report "$status" "$claim: works once there is room (refused $refusals times)"
	[ "$status" -eq 0 ] || sed 's/^/# /' full.log
}

full "init" 300 town_init
ok "enrolments" town_enroll "${OFFICERS[@]}" alice
full "charter draft" 300 halligan charter draft --policy "production=$QUORUM" --max-duration 2h "${OFFICERS[@]/%/.enrolment}"
ok "charter" town_charter
ok "roster" town_roster
full "secret add" 300 town_secret
full "request" 300 town_request
ok "two approvals" town_approve ciso secops
full "the approval that releases" 300 as audit approve
ok "open" as alice open --fd 1 --no-wait
full "done" 300 halligan done
ok "the log verifies afterwards" halligan log verify
is "and the debt is paid" "$("$LIB/tamper.py" "$VAULT" get "SELECT count(*) FROM debts WHERE state <> 'retired'")" 0
tap_end
