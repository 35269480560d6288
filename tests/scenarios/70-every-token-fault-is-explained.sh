#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A truth table: every fault of a token, PIV and FIDO2, in every operation.  The error names the token and
# the cause, and says what to do; no PIN try is lost, the last one never spent unasked; the ceremony stays
# open, and another token finishes it.  A charter of its own: as few people as have tokens of each kind.
. "$(dirname "$0")/../lib/vault.sh"
. "$LIB/refusals.sh"
OFFICERS=(ciso infra legal)
QUORUM='2 of (ciso, infra, legal)'
SERIAL=([ciso]=30000001 [infra]=30000003 [legal]=30000005 [alice]=30000006 [bob]=30000007 [pat]=30000008
	[fay]=30000009)
ROLES[bob]=responder PERSON[bob]="Bob Oncall" DRIVER[bob]=fido2
ROLES[pat]=officer PERSON[pat]="Pat Piv" ROLES[fay]=officer PERSON[fay]="Fay Fido" DRIVER[fay]=fido2
town_start
{ town_init && town_enroll "${OFFICERS[@]}" alice bob && town_charter "$QUORUM" &&
	as infra roster add alice.enrolment bob.enrolment && as ciso roster sign && town_secret --no-rotate; } > found.log 2>&1 ||
	{ sed 's/^/# /' found.log | tail -n 30; exit 99; }
for name in one two; do # each with a key of its own: they are of one account
	ssh-keygen -q -t ed25519 -N '' -C $name -f $name
	cat $name.pub >> "$SSHD_AUTHORIZED"
	town_add "prod/$name" --policy production --rotator ssh-key --effect x --target-json target.json \
		--field private-key=$name --no-rotate > add.log 2>&1 || { sed 's/^/# /' add.log; exit 99; }
done
request() { as "$1" request "$2" --reason r --incident 1 --for 30m > request.log 2>&1 || { sed 's/^/# /' request.log; exit 99; }; }
ceremony() { db "SELECT lower(hex(id)) FROM ceremonies ORDER BY arrival DESC LIMIT 1"; }
# What alice (PIV) and bob (FIDO2) open, and one that stays open for the officers.
declare -A ID
request alice prod/one; ID[alice]=$(ceremony)
request bob prod/two; ID[bob]=$(ceremony)
for who in alice bob; do
	{ as ciso approve "${ID[$who]}" && as infra approve "${ID[$who]}"; } > approve.log 2>&1 || { sed 's/^/# /' approve.log; exit 99; }
done
request alice prod/db; id=$(ceremony)

control() { local seat=$1; shift; token_control "${SERIAL[$seat]}" "$@"; }
AS_OPTIONS=(--timeout 40 --always 'the last try, type [^\n]*: $' no)
# The operations; the seat decides which driver.
do_list() { "$HALLIGAN" token list; }
do_enroll() { town_enroll "$1"; }
do_approve() { as "$1" approve "$id"; }
do_test() { as "$1" token test; }
do_open() { as "$1" open "${ID[$1]}" --fd 1 --no-wait; }
# set up FAULT... at SEAT; and be honest again.
misbehave() {
	local seat=$1 fault=$2; shift 2
	case $fault in
	unplug) token_unplug "${SERIAL[$seat]}" ;;
	tries) edit "$seat" "$1" "$2" ;;
	exchange) token_kill "${SERIAL[$seat]}"; mv "${SERIAL[$seat]}.json" kept.json
		"$SIMTOKEN" new --state "${SERIAL[$seat]}.json" --serial "${SERIAL[$seat]}" --pin $TOWN_PIN --puk $TOWN_PUK \
			--fido-pin $TOWN_PIN; token_run "${SERIAL[$seat]}"; token_ready "${SERIAL[$seat]}" ;;
	touch) control "$seat" touch never; control "$seat" touch-timeout 300 ;;
	held) rm -f held.in held.out; mkfifo held.in
		"$LIB/hold.py" transaction "$(token_reader "${SERIAL[$seat]}")" < held.in > held.out 2>&1 & HOLDER=$!
		exec 8> held.in; tokens_until 30 grep -q holding held.out ;;
	*) control "$seat" "$fault" "$@" ;;
	esac
}
behave() {
	local seat=$1 fault=$2
	case $fault in
	tries) edit "$seat" "$3" "$5" ;;
	exchange) token_kill "${SERIAL[$seat]}"; mv kept.json "${SERIAL[$seat]}.json"
		token_run "${SERIAL[$seat]}"; token_ready "${SERIAL[$seat]}" ;;
	touch) control "$seat" touch auto; control "$seat" touch-timeout 15000 ;;
	held) exec 8>&-; wait "$HOLDER" ;;
	esac
	control "$seat" clear
	[ "$(token_field "${SERIAL[$seat]}" present)" = true ] || token_plug "${SERIAL[$seat]}"
}
edit() { # edit SEAT MEMBER VALUE: of the token's state
	token_kill "${SERIAL[$1]}"
	python3 - "${SERIAL[$1]}.json" "$2" "$3" <<-'END'
	import json, sys
	path, names, value = sys.argv[1], sys.argv[2].split("."), int(sys.argv[3])
	state = json.load(open(path)); at = state
	for name in names[:-1]: at = at[name]
	assert names[-1] in at, names
	at[names[-1]] = value
	json.dump(state, open(path, "w"))
	END
	token_run "${SERIAL[$1]}"; token_ready "${SERIAL[$1]}"
}
open_still() { db "SELECT state || (SELECT count(*) FROM shares WHERE ceremony = (SELECT id FROM ceremonies ORDER BY arrival DESC LIMIT 1)) FROM ceremonies ORDER BY arrival DESC LIMIT 1"; }
REMEDY='plug|again|another|PUK|unplug|[Tt]ake |replaced|--overwrite|choose|use a'

# every CLAIM "SEAT/OPERATION..." PATTERN FAULT...: in each operation the fault is explained.
every() {
	local claim=$1 where=$2 pattern=$3 seat operation status said wrong='' count=0 before; shift 3
	for pair in $where; do
		seat=${pair%/*} operation=${pair#*/}
		before=$(token_field "${SERIAL[$seat]}" pin_tries)$(token_field "${SERIAL[$seat]}" fido_pin_tries)
		misbehave "$seat" "$@"
		status=0
		"do_$operation" "$seat" > said.log 2>&1 || status=$?
		said=$(TAP_OUTPUT=said.log tap_output | grep -aE '^halligan: |^hint: ')
		case $status in 1|4|6) ;; *) wrong="$wrong; $pair: exit code $status: $(tail -n 2 said.log | tr '\n' ' ')" ;; esac
		[[ $said =~ ${SERIAL[$seat]}|$seat\'s|\"$seat-1\" ]] || wrong="$wrong; $pair: which token? $said"
		[[ $said =~ $pattern ]] || wrong="$wrong; $pair: the cause? $said"
		[[ $said =~ $REMEDY ]] || wrong="$wrong; $pair: the remedy? $said"
		[ "${DRIVER[$seat]:-piv}" = piv ] || [[ ! $said =~ PIV ]] || wrong="$wrong; $pair: a word of PIV: $said"
		grep -aq 'PRIVATE KEY' said.log && wrong="$wrong; $pair: the credential came out"
		behave "$seat" "$@"
		[[ $1 =~ ^(tries|exchange)$ ]] || [ "$(token_field "${SERIAL[$seat]}" pin_tries)$(token_field "${SERIAL[$seat]}" fido_pin_tries)" = "$before" ] ||
			wrong="$wrong; $pair: tries $before became $(token_field "${SERIAL[$seat]}" pin_tries)$(token_field "${SERIAL[$seat]}" fido_pin_tries)"
		[ "$(open_still)" = collecting0 ] || wrong="$wrong; $pair: the ceremony is $(open_still)"
		[ -n "${SHOW:-}" ] && sed "s,^,# $pair: ," <<< "$said"
		rm -f pat.enrolment fay.enrolment
		count=$((count + 1))
	done
	is "$claim: explained in $count operations" "${wrong:-well}" well
}
PIV="pat/enroll ciso/approve ciso/test alice/open" FIDO="fay/enroll legal/approve legal/test bob/open"

# --- PIV ---
every "PIV, not plugged in" "$PIV" 'is not plugged in' unplug
every "PIV, pulled at the PIN" "$PIV" 'pulled|gone|unplugged|no longer|removed' unplug-at 1 20
every "PIV, pulled in the operation" "$PIV" 'pulled|gone|unplugged|no longer|removed' unplug-at 1 87
every "PIV, a wrong status word" "$PIV" '6F00|6f00|unexpected|status|does not open|refused' status-word 87 6f00
every "PIV, a short answer" "$PIV" 'short|malformed|broken|lies|not what' short-reply 87 3
every "PIV, a long answer" "$PIV" 'long|malformed|broken|lies|not what|bytes' long-reply 87 9
every "PIV, garbage" "$PIV" 'malformed|broken|lies|not what' raw-reply 87 deadbeef9000
every "PIV, nobody touches it" "ciso/approve alice/open" 'not touched' touch
every "PIV, its PIN is blocked" "$PIV" 'PIV PIN is blocked.*PUK' tries pin.tries 0 3
every "PIV, one try is left" "$PIV" 'ONE PIN try is left, and it was not spent' tries pin.tries 1 3
every "PIV, exchanged for another" "ciso/approve alice/open" 'holds no (sign|release) key|another (sign|release) key' exchange
every "PIV, without its application" "$PIV" 'PIV|application|6A82|plugged' status-word A4 6a82

# --- FIDO2 ---
every "FIDO2, not plugged in" "$FIDO" 'is not plugged in' unplug
every "FIDO2, pulled at the PIN" "$FIDO" 'pulled|gone|unplugged|no longer|removed' unplug-at 3 ctap:06
every "FIDO2, pulled while the credential is made" "fay/enroll" 'pulled|gone|unplugged|no longer|removed' unplug-at 1 ctap:01
every "FIDO2, pulled in the operation" "$FIDO" 'pulled|gone|unplugged|no longer|removed' unplug-at 1 ctap:02
every "FIDO2, an unknown status" "$FIDO" '7[fF]|status|error' ctap-status 02 7f
every "FIDO2, garbage" "$FIDO" 'malformed|broken|lies|not what|status' raw-reply ctap:02 deadbeef9000
every "FIDO2, a short answer" "$FIDO" 'short|malformed|broken|lies|not what|understood' short-reply ctap:02 20
every "FIDO2, nobody touches it" "$FIDO" 'not touched' touch
every "FIDO2, its PIN is blocked" "$FIDO" 'FIDO2 PIN is blocked' tries fido.pin_tries 0 8
every "FIDO2, one try is left" "$FIDO" 'ONE PIN try is left, and it was not spent' tries fido.pin_tries 1 8
every "FIDO2, another secret function" "legal/approve bob/open" 'another|broken|does not open|not the' wrong-prf
every "FIDO2, nobody verified" "legal/approve bob/open" 'verified|lies|broken' wrong-flags 02 04
every "FIDO2, exchanged for another" "legal/approve bob/open" 'the FIDO2 PIN is right, but this is not' exchange

# --- others ---
every "held by another program" "ciso/approve legal/approve" 'another program|[Hh]eld by|uses it' held

# Three wrong PINs in a row: a FIDO2 token wants to be plugged in again, and has five tries left.
told "three wrong FIDO2 PINs" 4 'legal.*FIDO2 PIN.*plug' \
	"$LIB/terminal.py" "${AS_OPTIONS[@]}" --always 'PIN[^\n]*: $' 11112222 --always '[Tt]ype yes: $' yes -- \
	"$HALLIGAN" approve "$id" --token legal-1 --wait 0s
is "five tries are left" "$(token_field "${SERIAL[legal]}" fido_pin_tries)" 5
token_unplug "${SERIAL[legal]}"; token_plug "${SERIAL[legal]}"
ok "plugged in again it is used with the right PIN" do_test legal
like "two touches were announced: one derives, one signs" "$(tap_output)" 'Touch 2 of 2: sign'
is "and has all its tries" "$(token_field "${SERIAL[legal]}" fido_pin_tries)" 8

# --- the list, and pcscd ---
control ciso status-word A4 6a82
ok "the list goes on with a token that refuses everything" do_list
like "and names the others" "$(tap_output)" "30000005"
control ciso clear
tokens_pcscd_stop
told "pcscd is down: the list" 4 'pcscd.*systemctl start' do_list
told "pcscd is down: approve, PIV" 4 'pcscd.*systemctl start' do_approve ciso
told "pcscd is down: approve, FIDO2" 4 'pcscd.*systemctl start' do_approve legal
told "pcscd is down: open" 4 'pcscd.*systemctl start' do_open bob
told "pcscd is down: enroll" 4 'pcscd.*systemctl start' do_enroll fay
pcscd_again() {
	tokens_pcscd; tokens_until 20 test -S "$PCSCLITE_CSOCK_NAME"
	local seat
	for seat in "${!SERIAL[@]}"; do token_ready "${SERIAL[$seat]}"; done
}
pcscd_again
# Ended and begun again while a token waits for its touch.
blinking() { [ "$(token_field "${SERIAL[$1]}" touch_waiting)" = true ]; }
for seat in ciso legal; do
	control "$seat" touch manual
	do_approve "$seat" > cut.log 2>&1 & other=$!
	tokens_until 30 blinking "$seat"
	tokens_pcscd_stop; pcscd_again
	wait "$other"; status=$?
	control "$seat" touch auto
	control "$seat" touch > /dev/null 2>&1 # of the command that was cut off, if it still waits
	tokens_until 20 eval '! blinking $seat'
	is "pcscd restarted under $seat: it ends as a token's problem" "$status" 4
	like "and says what to do" "$(grep -a '^halligan' cut.log)" 'pcscd|pulled|reset|plug.*again|run the command again'
	is "the ceremony is open still" "$(open_still)" collecting0
done

# --- and the same tokens, honest again, slow ones among them, finish everything ---
is "the ceremony is open" "$(open_still)" collecting0
for seat in ciso legal alice bob pat fay; do control "$seat" delay 20; done
ok "a slow PIV token is enrolled" do_enroll pat
ok "a slow FIDO2 token is enrolled" do_enroll fay
ok "a slow FIDO2 officer approves" do_approve legal
like "with one touch" "$(tap_output)" 'Touch 1 of 1: sign the approval'
ok "a slow PIV officer approves" do_approve ciso
ok "alice opens" do_open alice
ok "bob opens with his FIDO2 token" do_open bob
tap_end
