#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The PIV driver makes, attests and uses keys, through libykpiv and the real pcscd.
set -u
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/tokens.sh"
. "$(dirname "$0")/../lib/piv.sh"

factory=010203040506070801020304050607080102030405060708
export TOKENS_PIN=$PIV_PIN
tokens_folder
tokens_start "$TOKENS_DIR" 2001 2002

like "the list names driver, serial, firmware and reader of each" "$(piv list)" \
	'^piv 2001 5\.7\.4 \[Simulated Yubico YubiKey CCID 2001 .*\] .piv 2002 .*list ok 2$'
token_unplug 2002
like "a reader without a token is not listed" "$(piv list)" '^piv 2001 .*list ok 1$'
token_plug 2002
tokens_until 10 eval 'piv list | grep -q "list ok 2"'

like "a new token has no keys, and factory PUK and management key" "$(piv 2001 info)" \
	'serial=2001 firmware=5\.7\.4 metadata=1 pin=3/3 puk=3 default=011 management=0a 82=0000 83=0000 84=0000'
ok "keys are made with the factory's AES-192 management key" \
	piv 2001 generate:sign generate:share generate:release
like "generated on the card, PIN once, touch always" "$(piv 2001 info)" '82=1122 83=1122 84=1122'
like "a key is never overwritten unasked" "$(piv 2001 generate:share)" \
	'generate exists: token 2001: slot 83 holds a key already'
ok "unless that is chosen" piv 2001 generate:share:over
like "the wrong management key is refused" "$(piv 2002 "generate:sign:${factory/#01/ff}")" \
	'generate refused: token 2002: it refused the management key'
like "and one of a wrong size" "$(piv 2002 generate:sign:0102)" \
	'generate invalid: token 2002: the management key has 2 bytes, but this token.s has 24'
like "no key was made" "$(piv 2002 info)" '82=0000'

out=$(piv 2001 unlock:$PIV_PIN:3 sign agree:share agree:release)
is "signing and agreeing work, each announced, each acknowledged" "$out" "open ok
unlock ok
touch 1 of 3: sign the approval
touched
sign ok
touch 2 of 3: open the envelope
touched
agree ok
touch 3 of 3: open the envelope
touched
agree ok"
is "as many touches were given as announced" "$(token_field 2001 touches)" 3
like "a touch beyond the announced number is an alarm" "$(piv 2001 unlock:$PIV_PIN:1 sign sign)" \
	'sign integrity: token 2001: of the announced number of touches, 1, all are done, and one more was asked for'
is "which the token never sees" "$(token_field 2001 touches)" 4
like "a point off the curve is not shown to the token" "$(piv 2001 unlock:$PIV_PIN:1 agree-bad)" \
	'agree-bad invalid: the other side.s key was not shown to the token'
is "so that it takes no touch" "$(token_field 2001 touches)" 4
like "a key that is not there is named" "$(piv 2002 unlock:$PIV_PIN:1 sign)" \
	'sign token: token 2002: slot 82 has no P-256 key to sign with: run "halligan enroll"'
like "nothing is used before the PIN" "$(piv 2001 sign)" 'sign internal: token 2001'

ok "a key is attested, without PIN and touch" piv 2001 attest:sign:.
"$SIMTOKEN" root > root.pem
openssl x509 -inform DER -in slot.der -out slot.pem
openssl x509 -inform DER -in device.der -out device.pem
ok "and openssl verifies it" openssl verify -CAfile root.pem -untrusted device.pem slot.pem
like "a slot without a key is not attested" "$(piv 2002 attest:share)" \
	'attest not-found: token 2002: slot 83 has no key that was made on the token'

# Waiting for a touch.
token_control 2001 touch manual
piv_start 2001 unlock:$PIV_PIN:1 sign
piv_said 10 '^waiting 1000'
token_touch 2001
out=$(piv_end)
like "a touch that is waited for is told about each second" "$out" \
	'touch 1 of 1: sign the approval.waiting 1000'
like "and acknowledged" "$out" 'touched.sign ok$'
token_control 2001 touch auto

# Management keys of other kinds: older firmware has 3DES; sizes of AES.
for serial in 2054 2053 2052 2051; do
	"$SIMTOKEN" new --state "$TOKENS_DIR/$serial.json" --serial "$serial" --firmware 5.4.3 \
		--pin $PIV_PIN --puk 12345678
done
kinds="3 2054 24
8 2053 16
10 2052 24
12 2051 32"
key_of() { printf '55%.0s' $(seq "$1"); }
while read -r algorithm serial size; do
	sed -i -E "s/(\"management\":\{)[^}]*/\1\"algorithm\":$algorithm,\"key\":\"$(key_of "$size")\",\"touch\":false/" \
		"$TOKENS_DIR/$serial.json"
done <<< "$kinds"
tokens_stop
tokens_start "$TOKENS_DIR" 2054 2053 2052 2051
while read -r algorithm serial size; do
	ok "a management key of the kind $algorithm works" piv "$serial" "generate:sign:$(key_of "$size")"
	like "the factory's is not tried on it" "$(piv "$serial" generate:share)" \
		"generate refused: token $serial: its management key is not the factory's"
done <<< "$kinds"

# Tokens without metadata.
tokens_stop
TOKENS_FIRMWARE=5.1.2 tokens_start "$TOKENS_DIR" 2061
like "a token without metadata tells what it can" "$(piv 2061 info)" \
	'serial=2061 firmware=5\.1\.2 metadata=0 pin=3/-1 puk=-1 default=000 management=00 82=0000'
like "it cannot tell whether a slot is empty, so nothing is overwritten" "$(piv 2061 generate:sign)" \
	'generate exists: token 2061: it does not tell whether slot 82 holds a key'
ok "unless that is chosen (3DES)" piv 2061 generate:sign:over
ok "and its key works" piv 2061 unlock:$PIV_PIN:2 sign sign
like "a PIN is refused with the tries left" "$(piv 2061 unlock:999999:1)" \
	'unlock pin: token 2061: PIN refused, 2 tries left'
like "a key that is not there is named" "$(piv 2061 unlock:$PIV_PIN:1 agree:share)" \
	'agree token: token 2061: slot 83 has no P-256 key to share with'

tap_end
