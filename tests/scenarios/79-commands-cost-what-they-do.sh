#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What each command of a ceremony maps, locks, syncs, starts, checks and says, counted in the shipped programs
# by a library that is loaded before theirs.  None may grow: tests/lib/costs.txt has the numbers.
. "$(dirname "$0")/../lib/vault.sh"
[ -n "${HALLIGAN_ALONE:-}" ] || { echo "# skipped: needs root to have an /etc of its own"; tap_skip "needs root to have an /etc of its own"; }
town_founded

. "$LIB/counted.sh"
counted_start

allowed() { sed -n "s/^$1  *//p" "$LIB/costs.txt" | sed 's/  */ /g'; }
# costs NAME COMMAND...: it succeeds, and each of its numbers is at most the table's.
costs() {
	local name=$1 got most i
	shift
	counted_zero
	HALLIGAN=$COUNTED ok "$name succeeds" "$@"
	read -ra got <<< "$(counted_numbers)"
	read -ra most <<< "$(allowed "$name")"
	printf '#   %-14s%s\n' "$name" "$(printf ' %9d' "${got[@]}")"
	for i in "${!COUNTED_NAMES[@]}"; do
		[ "${got[i]}" -le "${most[i]:--1}" ]
		tap_report $? "$name: ${got[i]} ${COUNTED_NAMES[i]}, of ${most[i]:-none} allowed"
	done
}

ok "a secret with the exec rotator is added" town_exec prod/mail
printf '#   %-14s%s\n' '' "$(printf ' %9s' "${COUNTED_NAMES[@]}")"
costs request as alice request prod/mail --reason "mail is down" --incident INC-1 --for 30m
costs approve as ciso approve
costs approve-fido as legal approve
costs approve-last as infra approve
costs open as alice open --fd 8 --no-wait 8> opened
costs done as alice done
costs status halligan status
costs charter halligan charter status

# On a slow disk the same commands wait as often, for longer, and nothing gives up.
slow() { # slow NAME COMMAND...
	local name=$1 got most
	shift
	counted_zero
	HALLIGAN=$COUNTED ok "$name succeeds where each sync takes 100 ms" "$@"
	read -ra got <<< "$(counted_numbers)"
	read -ra most <<< "$(allowed "$name")"
	printf '#   %-14s waits %d times for the disk\n' "$name" "${got[2]}"
	[ "${got[2]}" -le "${most[2]}" ]
	tap_report $? "$name: ${got[2]} syncs on a slow disk, of ${most[2]} allowed"
}
touch slow
slow request as alice request prod/mail --reason "mail is down again" --incident INC-2 --for 30m
slow approve as ciso approve
slow approve-fido as legal approve
slow approve-last as infra approve
slow open as alice open --fd 8 --no-wait 8> opened
slow done as alice done
slow status halligan status
rm slow

# A vault of any size is made through the library; the bench measures such ones.
GROWN=600
grow() {
	tokens_stop # so that their states are written
	"$HALLIGAN_BUILD/tests/bench/bench-grow" "$VAULT" "$TOKENS_DIR/${SERIAL[infra]}.json" $GROWN 0 0
	tokens_start "$TOKENS_DIR" "${SERIAL[@]}"
}
ok "it grows by $GROWN secrets" grow
ok "the log and the state verify" halligan log verify
costs charter-grown halligan charter status # each secret's header and definition verify
like "they are secrets like others" "$(halligan secret list | grep -c 'host-[0-9]*/root')" "^$GROWN\$"
costs status-grown halligan status
costs request-grown as alice request prod/mail --reason "mail is down" --incident INC-2 --for 30m
tap_end
