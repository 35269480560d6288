#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The FIDO2 driver makes credentials, signs and derives keys on a token that only pcscd reaches;
# a stranger's program derives the same keys; and the PIN's tries are guarded.
set -u
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/tokens.sh"
. "$(dirname "$0")/../lib/fido.sh"

stranger=$(readlink -f "$(dirname "$0")/../lib/fido2_stranger.py")
export TOKENS_READER="Simulated FIDO2 CCID"
tokens_folder
mkdir ada bob
"$SIMTOKEN" new --state 2502.json --serial 2502 --fido-pin 864213
"$SIMTOKEN" new --state 2503.json --serial 2503 --always-uv --fido-pin 864213
"$SIMTOKEN" new --state 2504.json --serial 2504 --uv
"$SIMTOKEN" new --state 2505.json --serial 2505 --firmware 4.3.5
tokens_start "$TOKENS_DIR" 2501 2502 2503 2504 2505
U=unlock:$FIDO_PIN
untouched() { is "no try was spent: $1" "$(token_field 2501 fido_pin_tries)" "${2:-8}"; }

# List and info.
list=$(fido list)
model=4e4f542041205245414c20544f4b454e
for serial in 2501 2502 2503 2504; do
	like "token $serial is listed" "$list" "fido2 $serial 5\.7\.4 \[Simulated FIDO2 CCID $serial 0. 00\] aaguid=$model"
done
like "a card without FIDO2 is not" "$list" 'list ok 4$'
like "what a token without PIN is" "$(fido 2501 info)" \
	"aaguid=$model serial=2501 firmware=5\.7\.4 pin=-1/-1 missing=1 uv=0 replug=0 keys=000.info ok"
like "what one with PIN is" "$(fido 2502 info)" "pin=8/8 missing=0 uv=0 replug=0"
like "what one with a sensor is" "$(fido 2504 info)" "missing=1 uv=1"

# Setting a PIN.
like "without PIN nothing is unlocked" "$(fido 2501 $U:1)" \
	'unlock refused: token 2501: it has no FIDO2 PIN: set one'
like "no old PIN is taken where there is none" "$(fido 2501 change:1111:864213)" \
	'change refused: token 2501: it has no FIDO2 PIN yet'
for new in 123 ähh; do
	like "a new PIN must have 4 characters: $new" "$(fido 2501 "change::$new")" 'change invalid|change refused'
done
for new in 123456 12345678 0000; do
	like "everybody's first guess is refused: $new" "$(fido 2501 "change::$new")" 'change refused: token 2501: (this is a factory PIN|a PIN of one character)'
done
is "still there is none" "$(fido 2501 info | grep -o 'missing=.')" missing=1
ok "a PIN is set" fido 2501 change::1357
like "then not without the old one" "$(fido 2501 change::864213)" 'change refused: token 2501: it has a FIDO2 PIN'
like "a wrong old one costs a try" "$(fido 2501 change:9999:864213)" 'change pin: token 2501: PIN refused, 7 tries left'
ok "it is changed" fido 2501 change:1357:$FIDO_PIN
like "there is no PUK" "$(fido 2501 puk)" 'puk internal: .*a FIDO2 token has no PUK'

# What is refused before it is sent.
like "a one-time password" "$(fido 2501 unlock:cccccchvjdtvktkbkukjttblcgveknnhuhtlhtbtfktj:1)" \
	'unlock invalid: token 2501: what came is a one-time password, not the PIN: .* no try was spent'
untouched "a one-time password"
for pin in 123 0123456789012345678901234567890123456789012345678901234567890123 $'12\x0134' $'abcd\xff'; do
	like "no PIN looks like this" "$(fido 2501 "unlock:$pin:1")" 'unlock invalid: token 2501: .*no try was spent, type the PIN again'
done
untouched "shapes"

# Making, deriving, signing.
like "a credential is made and its keys derived" "$(fido 2501 $U:2 make:ada derive:share derive:release info)" \
	'touch 1 of 2: make the credential.touched.make ok.touch 2 of 2: derive the keys.touched.share=04[0-9a-f]{128} .derive ok.release=04[0-9a-f]{128} .derive ok.*keys=111'
is "that were two touches" "$(token_field 2501 touches)" 2
ok "a stranger verifies what was made" "$stranger" attestation ada
like "it is bound, and signs, and agrees without a touch more" "$(fido 2501 bind:ada $U:1 sign agree:share agree:release derive:share)" \
	'bind ok.unlock ok.touch 1 of 1: sign the approval.touched.sign ok.agree ok.agree ok.share=04[0-9a-f]* .derive ok$'
is "unlocking costs no touch" "$(token_field 2501 touches)" 3
like "to agree alone costs one" "$(fido 2501 bind:ada $U:1 agree:share agree:release)" \
	'touch 1 of 1: open the envelope.touched.agree ok.agree ok$'
derived=$(fido 2501 bind:ada $U:1 derive:share derive:release | grep -o '^[a-z]*=04[0-9a-f]*')
is "a stranger derives the same keys" "$("$stranger" keys "$(token_reader 2501)" ada $FIDO_PIN)" "$derived"
like "a touch beyond those announced is an alarm" "$(fido 2501 bind:ada $U:1 sign sign)" \
	'sign ok.sign integrity: token 2501: of the announced number of touches, 1, all are done, and one more was asked for \(sign the approval\)'
like "a point that is not on the curve is not used" "$(fido 2501 bind:ada $U:1 agree-bad)" 'agree-bad invalid: the other side'
like "before unlock nothing is used" "$(fido 2501 bind:ada sign)" 'sign internal'
like "what it cannot do it says" "$(fido 2501 attest generate)" 'attest internal: .*generate internal'
is "two credentials derive different keys" \
	"$(fido 2501 $U:2 make:bob derive:share | grep -c "$(sed -n 's/^share=//p' <<<"$derived")")" 0

# The wrong token.
before=$(token_field 2502 touches)
like "a token that does not hold the credential says so at once" "$(fido 2502 bind:ada $U:1 sign)" \
	'unlock not-found: token 2502: it does not hold the credential that was enrolled: another token is meant, or it was reset since'
is "without a touch" "$(token_field 2502 touches)" "$before"

# One device, both drivers.
"$REAL_PIV_CLI" 2501 generate:sign >/dev/null
piv_start 2501 bind:ada $U:1 pause sign
piv_wait 1
"$REAL_PIV_CLI" 2501 info >waits.log 2>&1 &
other=$!
piv_go
like "a session is not disturbed by the PIV driver" "$(piv_end)" 'sign ok$'
ok "which waits for its end" wait $other
like "nor the list by a session" "$(
	piv_start 2501 $U:1 pause
	piv_wait 1
	fido list | grep 2501
	piv_go
	piv_end >/dev/null)" 'fido2 0 0.0.0 \[.* 2501 .*\] .*another program uses it'

# Touch.
token_control 2501 touch manual
piv_start 2501 bind:ada $U:1 sign
ok "it blinks" token_waits 2501
ok "one is told that it waits" piv_said 20 "^waiting 2000"
token_touch 2501
like "and goes on at the touch" "$(piv_end)" 'touch 1 of 1: sign the approval.waiting 1000.*touched.sign ok$'
token_control 2501 touch auto

# Coming and going.
like "nothing comes, nothing goes" "$(fido 2501 wait:600)" '^open ok.unchanged.wait ok$'
piv_start 2501 pause wait:20000 wait:20000
piv_wait 1
piv_go
sleep 1 # so that it waits
token_unplug 2501
ok "a token that is pulled is noticed" piv_said 30 "^changed"
sleep 1
token_plug 2501
like "and one that is plugged in" "$(piv_end)" 'changed.wait ok.changed.wait ok$'

# The person, verified by the token.
like "a finger unlocks, and signs" "$(fido 2504 unlock::3 make:bob derive:share sign)" \
	'unlock ok.*make ok.*derive ok.*sign ok$'
like "a token without sensor wants its PIN" "$(fido 2501 unlock::1)" 'unlock refused: token 2501: it does not verify people by itself'
token_control 2504 finger wrong
like "a wrong finger is told" "$(fido 2504 bind:bob unlock::1 sign)" 'sign pin: token 2504: it did not recognise the person'
token_control 2504 finger right
like "where verification is always on, the PIN does" "$(fido 2503 $U:3 make:bob derive:share sign)" \
	'make ok.*derive ok.*sign ok$'

# Tries.
like "a wrong PIN says what is left, and which PIN" "$(fido 2501 bind:ada unlock:111111:1)" \
	'unlock pin: token 2501: PIN refused, 7 tries left; its FIDO2 PIN is asked for, not its PIV PIN$'
fido 2501 unlock:111111:1 >/dev/null
like "after three it must be plugged in again" "$(fido 2501 unlock:111111:1)" \
	'unlock pin.*: token 2501: .*(before the next try pull it out and plug it in again|plugged in again)'
like "and says so" "$(fido 2501 info)" 'pin=5/8 missing=0 uv=0 replug=1'
like "until then the right PIN is not sent" "$(fido 2501 bind:ada $U:1)" \
	'unlock pin-blocked: token 2501: it takes no more PINs until it is plugged in again'
untouched "the right PIN was not sent" 5
token_unplug 2501
token_plug 2501
for i in 1 2 3; do fido 2501 unlock:111111:1 >/dev/null; done
token_unplug 2501
token_plug 2501
fido 2501 unlock:111111:1 >/dev/null
untouched "there is one" 1
like "the last try is not spent" "$(fido 2501 bind:ada $U:1)" \
	'unlock pin-blocked: token 2501: 1 PIN try is left and was not spent: a wrong PIN would block it for ever; be sure of the PIN and confirm the last try for token 2501'
like "nor by a change" "$(fido 2501 change:$FIDO_PIN:135790)" 'change pin-blocked: token 2501: 1 PIN try is left'
untouched "there is still one" 1
like "but when it is asked for" "$(fido 2501 bind:ada $U:1:last sign)" 'unlock ok.*sign ok$'
untouched "and all are back" 8
for i in 1 2 3 4 5 6 7 8; do
	[ $((i % 3)) -ne 1 ] || { token_unplug 2501; token_plug 2501; }
	fido 2501 unlock:111111:1:last >/dev/null
done
like "a blocked token says what that means" "$(fido 2501 bind:ada $U:1:last)" \
	'unlock pin-blocked: token 2501: its FIDO2 PIN is blocked: no try is left, and only a FIDO reset helps'

tap_end
