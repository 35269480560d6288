#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A token is pulled in every operation, slow, not touched, the wrong one, one of several, or exchanged: a token
# problem that names it, after which the same command works again and the ceremony is still open.
# Its vault is its own: tokens are pulled while they are enrolled, and while their owners sign the charter.
. "$(dirname "$0")/../lib/vault.sh"
. "$LIB/refusals.sh"
SERIAL[spare]=30000007
town_start
control() { local seat=$1; shift; token_control "${SERIAL[$seat]}" "$@"; }
unplug() { token_unplug "${SERIAL[$1]}"; }
plug() { control "$1" clear; token_plug "${SERIAL[$1]}"; }
unplugged() { [ "$(token_field "${SERIAL[$1]}" present)" = false ]; }

# pulled SEAT "WHEN..." CHECK COMMAND...: pull the token at each WHEN; CHECK must hold after each.
pulled() {
	local seat=$1 whens=$2 check=$3 claim=$4 when status wrong='' count=0; shift 4
	while read -r when; do
		# shellcheck disable=SC2086
		control "$seat" $when
		status=0
		"$@" > pulled.log 2>&1 || status=$?
		unplugged "$seat" || wrong="$wrong; $when: it was never pulled"
		[ "$status" = 4 ] || wrong="$wrong; $when: exit code $status: $(tail -n 2 pulled.log | tr '\n' ' ')"
		grep -Eq 'halligan: .*(pulled|gone|plugged|removed)' pulled.log || wrong="$wrong; $when: $(tail -n 2 pulled.log | tr '\n' ' ')"
		grep -q 'hint: plug' pulled.log || wrong="$wrong; $when: no hint"
		$check || wrong="$wrong; $when: afterwards: $($check 2>&1)"
		plug "$seat"
		count=$((count + 1))
	done <<< "$whens"
	is "$claim: pulled at $count places, each time it says so, and nothing is done" "${wrong:-well}" well
}

# --- enrol ---
town_init > init.log 2>&1
no_file() { [ ! -e ciso.enrolment ]; }
pulled ciso "unplug-at 1 20
unplug-at 1 47
unplug-after 1 47
unplug-at 1 47
unplug-after 1 47
unplug-at 1 F9
unplug-at 2 F9
unplug-at 1 87
unplug-at 2 87
unplug-after 2 87" no_file "enroll" town_enroll ciso
ok "with the token in place the same command enrolls the keys that were made" town_enroll ciso
like "after a yes" "$(tap_output)" 'made on it already .slot 82, 83.*Enroll these keys. Type yes'
town_enroll secops infra audit legal alice > enroll.log 2>&1

# --- founding ---
as infra charter draft --policy "production=$QUORUM" --max-duration 2h "${OFFICERS[@]/%/.enrolment}" > draft.log 2>&1
founding() { [ ! -e "$VAULT/vault.id" ]; }
pulled ciso "unplug-at 1 20
unplug-at 1 87" founding "charter sign" as ciso charter sign
signed() { local seat; for seat in ciso secops audit legal; do as "$seat" charter sign || return; done; }
ok "the founders sign" signed
ok "the roster" town_roster
ok "the secret" town_secret

# --- request ---
none() { [ "$(db 'SELECT count(*) FROM ceremonies')" = 0 ]; }
pulled alice "unplug-at 1 20
unplug-at 1 87
unplug-after 1 87" none "request" town_request
ok "with the token in place it is requested" town_request
id=$(db "SELECT lower(hex(id)) FROM ceremonies")

# --- approve ---
open_still() { [ "$(db "SELECT state || (SELECT count(*) FROM shares) FROM ceremonies")" = collecting0 ]; }
pulled ciso "unplug-at 1 A4
unplug-at 4 any
unplug-at 1 20
unplug-after 1 20
unplug-at 1 87
unplug-after 1 87
unplug-at 2 87
unplug-after 2 87" open_still "approve" as ciso approve "$id"
ok "with the token in place the same officer approves" as ciso approve "$id"
is "once" "$(db "SELECT count(*) FROM shares")" 1

# --- touches ---
control secops touch never; control secops touch-timeout 300
told "nobody touches it: a token problem" 4 'Touch 1 of 2: sign the approval.*not touched within.*run the same command again' as secops approve "$id"
is "nothing was approved" "$(db "SELECT count(*) FROM shares")" 1
control secops touch manual
control secops touch-timeout 2000
token_touch "${SERIAL[secops]}" & toucher=$!
told "touched once of twice: a token problem again" 4 'Touched.*Touch 2 of 2: open your share.*not touched within' as secops approve "$id"
wait $toucher
control secops touch auto; control secops touch-timeout 15000

# --- which token ---
told "several are plugged in" 2 'several tokens fit: .*30000002 .secops.*choose one with --serial' "$LIB/terminal.py" --always '[Tt]ype yes[^\n]*$' yes -- "$HALLIGAN" approve "$id" --wait 0s
unplug secops
told "a token that is not plugged in" 4 'token 30000002 is not plugged in; this needs a token of an officer.*plug the right token in' as secops approve "$id"
for seat in "${!SERIAL[@]}"; do [ "$seat" = secops ] || [ "$seat" = spare ] || unplug "$seat"; done
told "one that belongs to nobody is the only one" 4 'token 30000007 belongs to no seat of this vault' "$LIB/terminal.py" --always '[Tt]ype yes[^\n]*$' yes -- "$HALLIGAN" approve "$id" --wait 0s
unplug spare
told "none at all" 4 'no token is plugged in; this needs a token of an officer' "$LIB/terminal.py" --always '[Tt]ype yes[^\n]*$' yes -- "$HALLIGAN" approve "$id" --wait 0s
plug alice
told "the wrong person's" 4 'token 30000006 belongs to the seat alice; this needs a token of an officer' "$LIB/terminal.py" --always '[Tt]ype yes[^\n]*$' yes -- "$HALLIGAN" approve "$id" --wait 0s
plug audit
ok "among those plugged in, the one that fits is found: another officer approves" "$LIB/terminal.py" --always 'PIN[^\n]*: ?$' "$TOWN_PIN" \
	--always '[Tt]ype yes[^\n]*$' yes -- "$HALLIGAN" approve "$id" --wait 0s
is "and counts" "$(db "SELECT group_concat(seat) FROM (SELECT seat FROM shares ORDER BY seat)")" "audit,ciso"
plug legal
token_kill "${SERIAL[legal]}"
told "a token that breaks" 4 '30000005|legal' as legal approve "$id"
cp "${SERIAL[legal]}.json" legal.json; rm "${SERIAL[legal]}.json"
"$SIMTOKEN" new --serial "${SERIAL[legal]}" --state "${SERIAL[legal]}.json" --pin "$TOWN_PIN" --puk "$TOWN_PUK" --fido-pin "$TOWN_PIN"
token_run "${SERIAL[legal]}"; token_ready "${SERIAL[legal]}"
told "another token with its serial" 4 'the FIDO2 PIN is right, but this is not legal.s token "legal-1" .serial 30000005.: it does not hold that credential' as legal approve "$id"
token_kill "${SERIAL[legal]}"; cp legal.json "${SERIAL[legal]}.json"; token_run "${SERIAL[legal]}"; token_ready "${SERIAL[legal]}"
control legal delay 60
ok "its own, slow, finishes the ceremony" as legal approve "$id"
control legal clear
is "it is released" "$(db 'SELECT state FROM ceremonies')" released

# --- open ---
released() { [ "$(db 'SELECT state FROM ceremonies')" = released ] && ! grep -q 'PRIVATE KEY' pulled.log; }
opened() { as alice open "$id" --fd 1 --no-wait; }
pulled alice "unplug-at 1 20
unplug-at 1 87
unplug-after 1 87" released "open" opened
ok "with the token in place it opens" opened
grep -q 'PRIVATE KEY' "$TAP_OUTPUT" || tap_report 1 "what was opened is a key"
ok "and is replaced" as alice done "$id"
tap_end
