#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A full disk, at every amount of room that is left: an error that says so, nothing half-written, and the
# same command works once there is room.
# Its vault is its own: it stands on a small disk, and its founding meets a full one, too.
. "$(dirname "$0")/../lib/vault.sh"
. "$(dirname "$0")/../lib/sweep.sh"
[ -n "${HALLIGAN_ALONE:-}" ] || { echo "1..0 # SKIP needs root to mount a small disk"; exit 0; }
town_start
mkdir disk && mount -t tmpfs -o size=2m,mode=700 none disk
export HALLIGAN_VAULT=$TOKENS_DIR/disk/vault
VAULT=$HALLIGAN_VAULT
trap 'tokens_end umount -l "$TOKENS_DIR/disk"' EXIT

fill() { # fill KB: leave so much
	rm -f disk/filler
	local free
	free=$(($(stat -f -c '%a * %S / 1024' disk)))
	[ "$1" -ge "$free" ] || fallocate -l $(((free - $1) * 1024)) disk/filler
}
room() { rm -f disk/filler; }
said() { tr '\n' ' ' < full.log | sed 's/  *| */ /g'; } # lines that were wrapped are one
leaves() { "$LIB/tamper.py" "$VAULT" get "SELECT count(*) FROM log_leaf"; }
temporary() { find "$VAULT" -name '.*.tmp*' | wc -l; }

# full CLAIM CHECK COMMAND...: with 0, 4, 8, ... KB left (0 and every third of these: sweep.sh) COMMAND fails and says
# why, until CHECK holds.  What was recorded before the disk was full counts, so that the next command may find its work done.
full() {
	local claim=$1 check=$2 kb=-4 status refusals=0 wrong=''; shift 2
	while [ "$kb" -lt 300 ]; do
		kb=$((kb + 4))
		[ $kb = 0 ] || sweep_takes $((kb / 4)) 3 || continue
		fill "$kb"
		status=0
		"$@" > full.log 2>&1 || status=$?
		town_settled
		room
		[ "$status" -ne 0 ] || break
		refusals=$((refusals + 1))
		said | grep -Eqi 'halligan: .*(disk is full|no space|has approved this ceremony already|no ceremony waits)|the disk is full|cannot write .*: No space left' ||
			wrong="$wrong; with $kb KB left: $(said | tail -c 600)"
		[ "$(temporary)" = 0 ] || wrong="$wrong; with $kb KB left it leaves a temporary file"
		! $check || break
	done
	is "$claim: says that the disk is full, leaves nothing half-written" "${wrong:-well}" well
	[ "$status" -eq 0 ] || { town_due; "$@" > full.log 2>&1; }
	halligan status > status.log 2>&1
	town_settled
	ok "$claim: is done once there is room (refused $refusals times)" $check
	[ "$refusals" -gt 0 ] || tap_report 1 "$claim: was never refused"
}
text() { "$LIB/tamper.py" "$VAULT" get "$1"; }
has_init() { halligan status 2> /dev/null | grep -qi founding; }
has_draft() { [ "$(text "SELECT count(*) FROM statements WHERE type = 'charter'")" -gt 0 ]; }
has_secret() { [ "$(text "SELECT count(*) FROM debts WHERE state = 'retired'")" = 1 ]; }
has_request() { [ "$(text 'SELECT count(*) FROM ceremonies')" -gt 0 ]; }
has_released() { [ "$(text 'SELECT state FROM ceremonies')" = released ]; }
has_defined() { [ "$(text 'SELECT count(*) FROM secrets')" = 1 ]; }
# Adopting may succeed and the rotation after it not: then the debt is paid by `rotate`, and the target's key stays as it is.
adopt() {
	if halligan secret list 2> /dev/null | grep 'prod/db' | grep -qv defined; then halligan rotate prod/db; else town_secret; fi
}
has_closed() { [ "$(text 'SELECT state FROM ceremonies')" = closed ]; }

full "init" has_init town_init
ok "enrolments" town_enroll "${OFFICERS[@]}" alice
full "charter draft" has_draft as ciso charter draft --policy "production=$QUORUM" --max-duration 2h "${OFFICERS[@]/%/.enrolment}"
signed() { local seat; for seat in "${OFFICERS[@]:1}"; do as "$seat" charter sign "$(newest_draft)" || return; done; }
ok "charter" signed
ok "roster" town_roster
ssh-keygen -q -t ed25519 -N '' -C breakglass -f breakglass
sshd_target local > target.json
ok "secret add" as infra secret add prod/db --policy production --rotator ssh-key --effect "root on db1" \
	--target-json target.json
full "secret sign" has_defined as ciso secret sign
full "secret adopt" has_secret adopt
full "request" has_request town_request
ok "two approvals" town_approve ciso secops
full "the approval that releases" has_released as audit approve
ok "open" as alice open --fd 1 --no-wait
full "done" has_closed as alice done
ok "the log verifies afterwards" halligan log verify
is "and the debt is paid" "$("$LIB/tamper.py" "$VAULT" get "SELECT count(*) FROM debts WHERE state <> 'retired'")" 0
tap_end
