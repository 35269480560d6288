#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A PIN try is spent only when it must be, the last one only on purpose, and the PIN goes nowhere
# but to the token that was opened.
set -u
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/tokens.sh"
. "$(dirname "$0")/../lib/piv.sh"

export TOKENS_PIN=$PIV_PIN
tokens_folder
"$SIMTOKEN" new --state "$TOKENS_DIR/2102.json" --serial 2102 # with the factory's PIN
"$SIMTOKEN" new --state "$TOKENS_DIR/2103.json" --serial 2103 --firmware 5.4.3 \
	--pin $PIV_PIN --puk 12345678
tokens_start "$TOKENS_DIR" 2101 2102 2103 2104
piv 2101 generate:sign generate:share >/dev/null

# verifies SERIAL: how often the card has seen VERIFY.
verifies() { token_control "$1" status | sed -n 's/.*"20":\([0-9]*\).*/\1/p' | grep . || echo 0; }

# Before anything is sent.
before=$(verifies 2101)
like "too short a PIN is refused" "$(piv 2101 unlock:12345:1)" \
	'unlock invalid: token 2101: a PIV PIN has 6 to 8 characters, this one has not; no try was spent'
like "too long a PIN is refused" "$(piv 2101 unlock:123456789:1)" 'unlock invalid: token 2101: a PIV PIN has'
like "no PIN is refused" "$(piv 2101 unlock::1)" 'unlock invalid: token 2101: a PIV PIN has'
like "a one-time password is recognised" "$(piv 2101 unlock:cccccbtirngifjtfbdvrnhcbvhvkdkvgeighblkdkrvf:1)" \
	'unlock invalid: token 2101: what came is a one-time password, not the PIN'
like "the factory PIN is refused" "$(piv 2101 unlock:123456:1)" \
	'unlock refused: token 2101: the factory PIN is refused, since everybody knows it; no try was spent; set another'
is "none of them reached the card" "$(verifies 2101)" "$before"
like "a token that has its factory PIN is refused with any PIN" "$(piv 2102 unlock:$PIV_PIN:1)" \
	'unlock refused: token 2102: it still has its factory PIN'
is "which is not sent either" "$(token_field 2102 pin_tries) $(verifies 2102)" "3 0"

# Wrong ones.
like "a wrong PIN names the token and the tries left" "$(piv 2101 unlock:999999:1)" \
	'unlock pin: token 2101: PIN refused, 2 tries left; its PIV PIN is asked for, not its FIDO2 PIN'
piv 2101 unlock:$PIV_PIN:1 >/dev/null
like "the right PIN after a wrong one in the same session works" \
	"$(piv 2101 unlock:999999:1 unlock:$PIV_PIN:1 sign)" 'unlock pin: .*2 tries left.*unlock ok.*sign ok'
is "and gives all tries back" "$(token_field 2101 pin_tries)" 3
piv 2101 unlock:999999:1 unlock:999999:1 >/dev/null
is "two wrong PINs leave one try" "$(token_field 2101 pin_tries)" 1
like "the last try is not spent unasked" "$(piv 2101 unlock:$PIV_PIN:1)" \
	'unlock pin-blocked: token 2101: 1 PIN try is left and was not spent.*serial number 2101.*PUK'
is "it is still there" "$(token_field 2101 pin_tries)" 1
ok "it is spent on purpose" piv 2101 unlock:$PIV_PIN:1:last sign
is "and was right" "$(token_field 2101 pin_tries)" 3
piv 2101 unlock:999999:1 unlock:999999:1 >/dev/null
like "a wrong last try blocks the PIN, and says what helps" "$(piv 2101 unlock:999999:1:last)" \
	'unlock pin-blocked: token 2101: its PIV PIN is blocked: no try is left; unblock it with the PUK \(halligan token pin --unblock\)'
like "a blocked PIN is not sent" "$(piv 2101 unlock:$PIV_PIN:1:last)" \
	'unlock pin-blocked: token 2101: its PIV PIN is blocked'
like "nor is anything signed with it" "$(piv 2101 unlock:$PIV_PIN:1 sign)" 'sign internal'

# PIN always: VERIFY right before each operation.
tool() { yubico-piv-tool -r "$(token_reader 2103)" "$@" >/dev/null 2>&1; }
tool -a generate -s 82 -A ECCP256 --pin-policy always --touch-policy always -o public.pem
tool -a generate -s 83 -A ECCP256 --pin-policy always --touch-policy always -o public.pem
like "a key of the policy PIN always is known as such" "$(piv 2103 info)" '82=1132 83=1132'
before=$(verifies 2103)
out=$(piv 2103 unlock:$PIV_PIN:3 sign info agree:share sign)
like "it works, again and again" "$out" 'sign ok.*info ok.*agree ok.*sign ok$'
is "the PIN is sent once to unlock and once for each" "$(($(verifies 2103) - before))" 4
before=$(verifies 2103)
tool -a generate -s 82 -A ECCP256 --pin-policy once --touch-policy always -o public.pem
before=$(verifies 2103)
ok "a key of the policy PIN once" piv 2103 unlock:$PIV_PIN:2 sign sign
is "gets it once" "$(($(verifies 2103) - before))" 1

# Afterwards.
raw() { opensc-tool -r "$(opensc-tool --list-readers 2>/dev/null |
	sed -n "s/.*\(Simulated .* $1 .. ..\).*/\1/p")" -c default -s "$2" 2>&1; }
piv 2104 generate:sign unlock:$PIV_PIN:1 sign >/dev/null
like "when a session ends, the card has forgotten the PIN" "$(raw 2104 00200080)" 'SW1=0x6[3D]'
piv 2104 generate:share >/dev/null
like "and the management key" "$(raw 2104 0047008508AC06800111AA0102)" 'SW1=0x6[9D]'
piv_start 2104 unlock:$PIV_PIN:1 pause sign
piv_wait 1
piv_kill
piv_end >/dev/null
like "also when it was killed" "$(raw 2104 00200080)" 'SW1=0x6[3D]'

# Another token in the same reader, which must never see the PIN.
swap() { # swap READER-OF STATE-OF: pull the token out and plug another in its place
	token_kill "$1"
	tokens_until 10 tokens_gone "$(cat "$TOKENS_DIR/$1.pid")"
	tokens_until 10 eval '[ "$(piv list | grep -c "^piv .* '"$1"' .. ..")" -eq 0 ]'
	rm -f "$TOKENS_DIR/$1.sock" "$TOKENS_DIR/$1.ctl"
	tokens_spawn "$TOKENS_DIR/$1.log" "$SIMTOKEN" run --state "$TOKENS_DIR/$2.json" \
		--socket "$TOKENS_DIR/$1.sock" --control "$TOKENS_DIR/$1.ctl"
	echo "${TOKENS_PIDS[-1]}" > "$TOKENS_DIR/$1.pid"
	tokens_until 10 eval 'piv list | grep -q "^piv '"$2"' .* '"$1"' .. .."'
}
"$SIMTOKEN" new --state "$TOKENS_DIR/2199.json" --serial 2199 --pin 135791 --puk 12345678
piv_start 2104 pause unlock:$PIV_PIN:1 sign
piv_wait 1
swap 2104 2199
piv_go
like "a token exchanged before its PIN was sent is noticed" "$(piv_end)" \
	'unlock token-absent: token 2104: it is no longer in reader .*: token 2199 is there now, and was not used'
is "the other one never saw the PIN" "$(token_field 2104 pin_tries) $(verifies 2104)" "3 0"
swap 2104 2104
piv_start 2104 unlock:$PIV_PIN:2 sign pause sign sign unlock:$PIV_PIN:1
piv_wait 1
swap 2104 2199
piv_go
out=$(piv_end)
like "one exchanged afterwards, too" "$out" \
	'sign token-gone: token 2104: it was pulled out.*sign token-gone.*unlock token-gone'
is "the other one never saw the PIN then either" "$(token_field 2104 pin_tries) $(verifies 2104)" "3 0"

tap_end
