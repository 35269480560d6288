#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The clock of the vault's host was ahead for a night, and is right again: what was released opens and ends, and the command that
# `status` names brings the vault back.
. "$(dirname "$0")/../lib/vault.sh"
. "$LIB/refusals.sh"
town_founded
YEAR=31536000
size() { halligan status --json 2> /dev/null | sed -n 's/.*"log":\([0-9]*\).*/\1/p'; }
next() { halligan status 2>&1 | sed -n 's/.*clock .*next: halligan \(.*\)$/\1/p'; }

# --- looking, by a clock that is ahead ---
town_clock 0
before=$(size)
town_clock $YEAR
for command in status "secret list" "secret show prod/db" "charter show" "charter status" "roster show" "log list" "log verify"; do
	# shellcheck disable=SC2086 # words
	ok "a year ahead: $command" halligan $command
done
town_settled
is "has moved nothing" "$(size)" "$before"
town_clock 0
is "and the right clock is not behind" "$(next | wc -l)" 0

# --- a night by it ---
town_clock $YEAR
ok "a request by a clock that is ahead" town_request
ok "its approvals" town_approve ciso secops audit
town_clock 60 60
ok "what was released opens by the right clock" as alice open --fd 8 --no-wait 8> opened
like "it is a key" "$(head -1 opened)" 'BEGIN OPENSSH PRIVATE KEY'
told "status says what is wrong, and is no alarm" 0 "clock +the vault host's: it says .*nothing is requested, approved or released.*next: halligan clock" halligan status
ok "the lease ends, and what is owed is paid" as alice done
is "the debt is retired" "$("$LIB/tamper.py" "$VAULT" get "SELECT group_concat(DISTINCT state) FROM debts")" retired
like "its leaves say how the clock stood" "$(halligan log list --json --from "$before" 2>&1)" 'clock.{1,5}behind'
told "nothing new begins" 1 'one of the two is wrong.*halligan clock' town_request
told "a responder cannot say that it is right" 4 'an officer' as alice clock
# shellcheck disable=SC2046 # words, as status prints them
ok "an officer runs what status names" as ciso $(next)
like "who reads three times before" "$(tap_output)" "HOST .*YOURS .*LOG .*later"
is "nothing is left to say" "$(next | wc -l)" 0
ok "requests work" town_request
ok "approvals too" town_approve ciso secops audit
ok "the log is whole" halligan log verify
told "who says it again is told that there is nothing to say" 1 'does not stand behind the log' as ciso clock
tap_end
