#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What each command of a ceremony maps, locks, syncs, starts, checks and says, counted in the shipped programs
# by a library that is loaded before theirs.  None may grow: tests/lib/costs.txt has the numbers.
. "$(dirname "$0")/../lib/vault.sh"
[ -n "${HALLIGAN_ALONE:-}" ] || { echo "# skipped: needs root to have an /etc of its own"; tap_skip "needs root to have an /etc of its own"; }
town_founded

# Only the command under test has an /etc whose ld.so.preload names the library.
SEAM=$(readlink -f "$HALLIGAN_BUILD")/tests/scenarios/libcount-seam.so
COUNTED=(mappings locked syncs processes threads checks frames apdus)
cp -a /etc etc
echo "$SEAM" > etc/ld.so.preload
cat > counted <<END
#!/bin/sh
# shellcheck disable=SC2016
exec unshare --mount --propagation private sh -c 'mount -n --bind $PWD/etc /etc && exec "\$0" "\$@"' "$HALLIGAN" "\$@"
END
chmod 755 counted

counts() { od -An -v -tu4 -w$((4 * ${#COUNTED[@]})) counts | sed 's/^ *//; s/  */ /g'; }
allowed() { sed -n "s/^$1  *//p" "$LIB/costs.txt" | sed 's/  */ /g'; }
# costs NAME COMMAND...: it succeeds, and each of its numbers is at most the table's.
costs() {
	local name=$1 got most i
	shift
	head -c $((4 * ${#COUNTED[@]})) /dev/zero > counts
	HALLIGAN=$PWD/counted ok "$name succeeds" "$@"
	read -ra got <<< "$(counts)"
	read -ra most <<< "$(allowed "$name")"
	printf '#   %-8s%s\n' "$name" "$(printf ' %9d' "${got[@]}")"
	for i in "${!COUNTED[@]}"; do
		[ "${got[i]}" -le "${most[i]:--1}" ]
		tap_report $? "$name: ${got[i]} ${COUNTED[i]}, of ${most[i]:-none} allowed"
	done
}

ok "a secret with the exec rotator is added" town_exec prod/mail
printf '#   %-8s%s\n' '' "$(printf ' %9s' "${COUNTED[@]}")"
costs request as alice request prod/mail --reason "mail is down" --incident INC-1 --for 30m
costs approve as ciso approve
ok "two more officers approve" town_approve secops infra
costs open as alice open --fd 8 --no-wait 8> opened
costs done as alice done
costs status halligan status
tap_end
