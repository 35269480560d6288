#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What goes wrong with a token, on purpose, looks to a PC/SC client as it would with a real one;
# and whatever goes wrong with one token, pcscd and the other tokens go on.
set -u
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/tokens.sh"

export TOKENS_FIRMWARE=5.4.3
tokens_folder
tokens_start "$TOKENS_DIR" 1201 1202 1203

piv() { local serial=$1; shift; yubico-piv-tool -r "$(token_reader "$serial")" "$@"; }
readers() { opensc-tool --list-readers 2>/dev/null; }
# say SERIAL APDU...: raw commands after SELECT; prints the last answer.
say() {
	local serial=$1 apdu sends=(-s 00A4040005A000000308); shift
	for apdu; do sends+=(-s "$apdu"); done
	opensc-tool -r "$(readers | sed -n "s/.*\(Simulated .* $serial .. ..\).*/\1/p")" -c default "${sends[@]}" 2>&1 |
		tr '\n' ' ' | sed 's/.*Received //'
}

piv 1201 -a generate -s 82 -A ECCP256 --touch-policy always -o public.pem >tool.log 2>&1
piv 1201 -a attest -s 82 -o 82.pem >>tool.log 2>&1
sign() { piv 1201 -a verify-pin -P 123456 -a test-signature -s 82 -i "$TOKENS_DIR/82.pem"; }
ok "all is well to begin with" sign

# Touch.
token_control 1201 touch manual
sign >sign.log 2>&1 & waiting=$!
ok "a token that waits for a touch can be touched" token_touch 1201
ok "and goes on" wait $waiting
refused "a touch that nobody asked for is refused" token_control 1201 touch
token_control 1201 touch never
token_control 1201 touch-timeout 200
refused "no touch in time is a refusal" sign
like "6982, says the card" "$(say 1201 \
	00:20:00:80:08:31:32:33:34:35:36:FF:FF \
	00:87:11:82:26:7C:24:82:00:81:20:"$(printf '11:%.0s' {1..31})"11)" \
	"SW1=0x69, SW2=0x82"
token_control 1201 touch auto

# Pulling it.
token_unplug 1201
like "a pulled token leaves an empty reader" "$(readers)" "No +Simulated Yubico YubiKey CCID 1201"
refused "which no client can use" piv 1201 -a status
ok "the others are still there" piv 1202 -a status
token_plug 1201
ok "plugged in again it works" sign
is "and has forgotten the PIN" "$(say 1201 00:20:00:80)" "(SW1=0x63, SW2=0xC3) "
for ins in a4 20 87; do
	token_control 1201 unplug-at 1 $ins
	refused "pulled at INS $ins, the operation fails" sign
	is "the slot is empty" "$(token_field 1201 present)" false
	token_plug 1201
	ok "plugged in again it works" sign
done
token_control 1201 touch manual
sign >sign.log 2>&1 & waiting=$!
tokens_until 10 eval '[ "$(token_field 1201 touch_waiting)" = true ]'
token_unplug 1201
refused "pulled while it blinks, the operation fails" wait $waiting
token_control 1201 touch auto
token_plug 1201
ok "plugged in again it works" sign
tries() { token_field 1202 pin_tries; }
token_control 1202 unplug-after 1 20
refused "pulled after the command ran, its answer is lost" opensc-tool -r "Simulated Yubico YubiKey CCID 1202 01 00" \
	-c default -s 00A4040005A000000308 -s 0020008008393939393939FFFF
is "but not its effect" "$(tries)" 2
token_plug 1202
token_control 1202 unplug
token_control 1202 plug
ok "pulled and plugged in at once, it is noticed and works" token_ready 1202
ok "with any client" piv 1202 -a status

# Lies.
token_control 1202 status-word f8 6d00
ok "a token without serial number is a token" piv 1202 -a status
token_control 1202 status-word 20 6f00
is "a status word is answered as told" "$(say 1202 00:20:00:80)" "(SW1=0x6F, SW2=0x00) "
token_control 1202 clear
token_control 1202 short-reply fd 1
is "a short answer" "$(say 1202 00:FD:00:00:00)" "(SW1=0x90, SW2=0x00): 05 . "
token_control 1202 clear
token_control 1202 long-reply fd 2
like "a long answer" "$(say 1202 00:FD:00:00:00)" "05 04 03 00 00"
token_control 1202 clear
token_control 1202 flip-reply fd 2
like "a flipped bit" "$(say 1202 00:FD:00:00:00)" "05 04 02"
token_control 1202 clear
token_control 1202 raw-reply f8 000004d29000
like "another serial number" "$(piv 1202 -a status)" "Serial Number:.1234"
token_control 1202 clear
token_control 1202 raw-reply 20
refused "an answer of no bytes at all" piv 1202 -a verify-pin -P 123456
token_control 1202 clear
token_control 1202 delay 100
ok "a slow token is still a token" piv 1202 -a verify-pin -P 123456
token_control 1202 clear
for wrong in "" "jump" "touch twice" "delay" "delay x" "delay -1" "unplug-at 0" "status-word 20 9" \
	"status-word zz 9000" "raw-reply 20 9" "unplug now" "status now"; do
	# shellcheck disable=SC2086
	refused "control refuses: \"$wrong\"" token_control 1202 $wrong
done

# A token that hangs.
kill -STOP "$(cat 1203.pid)"
piv 1203 -a status >hang.log 2>&1 & hanging=$!
ok "while a token hangs the others work" piv 1202 -a status
ok "and can be plugged" eval "token_unplug 1202 && token_plug 1202"

# pcscd itself.
ok "pcscd stops" tokens_pcscd_stop
refused "without pcscd there is no token" piv 1202 -a status
wait $hanging
kill -CONT "$(cat 1203.pid)"
tokens_pcscd
tokens_until 20 test -S "$PCSCLITE_CSOCK_NAME"
token_ready 1202
token_ready 1203
ok "it starts again with the tokens that ran on" piv 1202 -a status
kill -STOP "$(cat 1203.pid)"
refused "a token that hangs is given up in the end" timeout 100 yubico-piv-tool -r "$(token_reader 1203)" -a status
kill -CONT "$(cat 1203.pid)"
token_control 1203 unplug
token_plug 1203
ok "and is of use again afterwards" tokens_until 10 piv 1203 -a status

# One state, one process; no state, no token.
refused "a second process with the same state is refused" "$SIMTOKEN" run --state 1202.json \
	--socket other.sock --control other.ctl
refused "so is one at the same socket" "$SIMTOKEN" run --state 1202.json --socket 1202.sock --control x.ctl
cp 1202.json broken.json && printf x >> broken.json
refused "a broken state is refused" "$SIMTOKEN" run --state broken.json --socket b.sock --control b.ctl
like "and named" "$(tap_output)" "broken\.json"
refused "a token that is there is not made again" "$SIMTOKEN" new --state 1202.json --serial 1
is "it is unharmed" "$(token_field 1202 serial)" 1202
refused "no serial, no token" "$SIMTOKEN" new --state new.json
for wrong in 0 -1 x 4294967296 ""; do
	refused "\"$wrong\" is no serial" "$SIMTOKEN" new --state new.json --serial "$wrong"
done
is "and nothing was written" "$(ls new.json 2>/dev/null | wc -l)" 0

tap_end
