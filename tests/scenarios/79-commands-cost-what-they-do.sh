#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What each command of a ceremony maps, locks, syncs, starts, checks and says, counted in the shipped programs
# by a library that is loaded before theirs.  None may grow: tests/lib/costs.txt has the numbers.
. "$(dirname "$0")/../lib/vault.sh"
[ -n "${HALLIGAN_ALONE:-}" ] || { echo "# skipped: needs root to have an /etc of its own"; tap_skip "needs root to have an /etc of its own"; }
town_founded

. "$LIB/counted.sh"
ok "a secret with the exec rotator is added" town_exec prod/mail
counted_start # whose /etc has the program

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

# A request that others end; its id.
town_asked() {
	as alice request prod/mail --reason "mail is down" --incident INC-0 --for 30m > asked.out 2>&1
	halligan status --json 2> /dev/null | grep -o 'halligan approve [0-9a-f]*' | head -n 1 | sed 's/.* //'
}

printf '#   %-14s%s\n' '' "$(printf ' %9s' "${COUNTED_NAMES[@]}")"
costs request as alice request prod/mail --reason "mail is down" --incident INC-1 --for 30m
costs approve as ciso approve
costs approve-fido as legal approve
costs approve-last as infra approve
costs open as alice open --fd 8 --no-wait 8> opened
costs done as alice done
costs status halligan status
costs charter halligan charter status

costs cancel as alice cancel --reason "it is up again" "$(town_asked)"
costs deny as ciso deny --reason "not without a call" "$(town_asked)"
costs log halligan log verify
costs list halligan secret list
costs history halligan charter history

# What was before costs nothing: past ceremonies (of which some were refused), and documents that are not in force any more.  And on a
# slow disk commands wait as often, for longer, and nothing gives up.
for minutes in 61 62 63; do
	ok "another charter" as ciso charter propose --policy "production=$QUORUM" --max-duration ${minutes}m
	for seat in secops infra; do ok "signed by $seat" as "$seat" charter sign; done
done
touch slow
echo "# each sync takes 100 ms longer"
costs request as alice request prod/mail --reason "mail is down again" --incident INC-2 --for 30m
costs approve as ciso approve
costs approve-fido as legal approve
costs approve-last as infra approve
costs open as alice open --fd 8 --no-wait 8> opened
costs done as alice done
costs status halligan status
rm slow

# Several secrets in one ceremony.
for name in a b c; do ok "prod/$name is added" town_exec "prod/$name"; done
costs request-four as alice request prod/mail prod/a prod/b prod/c --reason "all are down" --incident INC-3 --for 30m
costs approve-four as legal approve
town_approve ciso infra > several.out 2>&1
costs open-four as alice open --fd 8 --no-wait 8> opened
costs done-four as alice done

# A vault of any size is made through the library; the bench measures such ones.
GROWN=600
grow() {
	tokens_stop # so that their states are written
	"$HALLIGAN_BUILD/tests/bench/bench-grow" "$VAULT" "$TOKENS_DIR/${SERIAL[infra]}.json" \
		"$TOKENS_DIR/${SERIAL[ciso]}.json" $GROWN 0 0
	tokens_start "$TOKENS_DIR" "${SERIAL[@]}"
}
ok "it grows by $GROWN secrets" grow
ok "the log and the state verify" halligan log verify
costs charter-grown halligan charter status # each secret's header and definition verify
like "they are secrets like others" "$(halligan secret list | grep -c 'host-[0-9]*/root')" "^$GROWN\$"
costs status-grown halligan status
costs request-grown as alice request prod/mail --reason "mail is down" --incident INC-2 --for 30m
tap_end
