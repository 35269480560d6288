#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Yubico's own command line tool, through the real pcscd, takes the simulated token for a YubiKey.
set -u
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/tokens.sh"

tokens_folder
tokens_start "$TOKENS_DIR" 5701

piv() { yubico-piv-tool -r "$(token_reader "$SERIAL")" "$@"; }
SERIAL=5701

like "status tells version, serial and tries" "$(piv -a status | tr '\n' ' ')" \
	"Version:.5\.7\.4 Serial Number:.5701 .*PIN tries left:.3"
ok "the factory PIN is right" piv -a verify-pin -P 123456
refused "a wrong PIN is refused" piv -a verify-pin -P 999999
like "and costs a try" "$(tap_output)" "2 tries left"
ok "the right one restores the tries" piv -a verify-pin -P 123456
is "all three are there again" "$(token_field 5701 pin_tries)" 3
ok "the PIN can be changed" piv -a change-pin -P 123456 -N 246813
refused "the old PIN is refused then" piv -a verify-pin -P 123456
ok "the new PIN is right" piv -a verify-pin -P 246813
ok "the PUK can be changed" piv -a change-puk -P 12345678 -N 87654321
for _ in 1 2 3; do piv -a verify-pin -P 000000 >/dev/null 2>&1; done
is "three wrong PINs block it" "$(token_field 5701 pin_tries)" 0
refused "the right PIN is refused then" piv -a verify-pin -P 246813
refused "the old PUK does not unblock it" piv -a unblock-pin -P 12345678 -N 135791
ok "the new PUK does" piv -a unblock-pin -P 87654321 -N 135791
ok "and sets a PIN" piv -a verify-pin -P 135791

# libykpiv before 2.3 knows management keys of the kind 3DES only: a token of older firmware.
tokens_stop
export TOKENS_FIRMWARE=5.4.3
tokens_start "$TOKENS_DIR" 5403
SERIAL=5403
like "an older token says so" "$(piv -a version)" "5\.4\.3"
refused "no key is made with a wrong management key" \
	piv -k 010203040506070801020304050607080102030405060709 -a generate -s 82 -A ECCP256 -o no.pem
for slot in 9a 82; do
	ok "a P-256 key is generated in $slot" piv -a generate -s "$slot" -A ECCP256 \
		--pin-policy once --touch-policy always -o "public-$slot.pem"
	ok "and attested" piv -a attest -s "$slot" -o "attest-$slot.pem"
	is "the attested key is the generated one" \
		"$(openssl x509 -in "attest-$slot.pem" -noout -pubkey)" "$(cat "public-$slot.pem")"
	is "the attestation names slot $slot" "$(openssl x509 -in "attest-$slot.pem" -noout -subject)" \
		"subject=CN = YubiKey PIV Attestation $slot"
done
ok "the certificate of the attestation key is readable" piv -a read-certificate -s f9 -o device.pem
"$SIMTOKEN" root > root.pem
ok "openssl verifies the attestation up to the printed root" \
	openssl verify -CAfile root.pem -untrusted device.pem attest-82.pem
refused "and refuses it without the device's certificate" openssl verify -CAfile root.pem attest-82.pem
like "the root cannot be taken for a real one" "$(openssl x509 -in root.pem -noout -subject)" \
	"NOT A REAL TOKEN"
extensions=$(openssl asn1parse -in attest-82.pem | grep -A1 '1.3.6.1.4.1.41482.3' | grep -o '\[HEX DUMP.*')
is "firmware, serial, policies and form factor are attested" "$(echo "$extensions" | tr '\n' ' ')" \
	"[HEX DUMP]:050403 [HEX DUMP]:0202151B [HEX DUMP]:0202 [HEX DUMP]:01 "
ok "a certificate is written" piv -a import-certificate -s 9a -i attest-9a.pem
ok "and read" piv -a read-certificate -s 9a -o back.pem
is "unchanged" "$(cat back.pem)" "$(cat attest-9a.pem)"
ok "and deleted" piv -a delete-certificate -s 9a
refused "after which there is none" piv -a read-certificate -s 9a -o none.pem

ok "a signature by 82 verifies (its touch is given)" piv -a verify-pin -P 123456 -a test-signature \
	-s 82 -i attest-82.pem
is "it took one touch" "$(token_field 5403 touches)" 1
ok "a key agreement by 82 is right" piv -a verify-pin -P 123456 -a test-decipher -s 82 -i attest-82.pem
for kind in "EC prime256v1 ECCP256" "EC secp384r1 ECCP384" "RSA 2048 RSA2048"; do
	set -- $kind
	if [ "$1" = EC ]; then openssl ecparam -name "$2" -genkey -noout -out key.pem
	else openssl genrsa -out key.pem "$2" 2>/dev/null; fi
	openssl req -x509 -new -key key.pem -subj "/CN=imported $3" -days 9999 -out cert.pem
	ok "a key of the kind $3 is imported" piv -a import-key -s 9d -A "$3" -i key.pem
	ok "and signs" piv -a verify-pin -P 123456 -a test-signature -s 9d -i cert.pem
	ok "and deciphers or agrees" piv -a verify-pin -P 123456 -a test-decipher -s 9d -i cert.pem
	refused "but is not attested, being imported" piv -a attest -s 9d
done
for kind in ECCP384 RSA2048; do
	ok "a key of the kind $kind is generated" piv -a generate -s 9c -A "$kind" -o public.pem
	ok "and attested" piv -a attest -s 9c -o attest.pem
	ok "and signs right after the PIN (policy always)" piv -a verify-pin -P 123456 \
		-a test-signature -s 9c -i attest.pem
done
refused "without a PIN it does not sign" piv -a test-signature -s 9c -i attest.pem

new=0102030405060708090a0b0c0d0e0f101112131415161718
ok "the management key is changed" piv -a set-mgm-key -n "$new"
refused "the factory's is refused then" piv -a set-ccc
ok "the new one is right" piv -k"$new" -a set-chuid -a set-ccc
like "CHUID and CCC are set" "$(piv -a status | tr '\n' ' ')" "CHUID:.[0-9a-f]{20}.*CCC:.[0-9a-f]{20}"
ok "the number of tries is set" piv -k"$new" -P 123456 -a verify-pin -a pin-retries \
	--pin-retries 5 --puk-retries 4
like "and told" "$(piv -a status)" "PIN tries left:.5"
refused "a token is not reset while it has tries" piv -a reset
for _ in 1 2 3 4 5; do piv -a verify-pin -P 000000; piv -a unblock-pin -P 00000000 -N 123456; done >/dev/null 2>&1
ok "it is reset when both are blocked" piv -a reset
like "and is as new" "$(piv -a status | tr '\n' ' ')" "CHUID:.No data.*PIN tries left:.3"
refused "its keys are gone" piv -a attest -s 82
ok "but its attestation key is not" piv -a read-certificate -s f9 -o again.pem
is "which never changes" "$(cat again.pem)" "$(cat device.pem)"

# A YubiKey 4 tells its serial through another application, and less of everything.
tokens_stop
SERIAL=4351
TOKENS_FIRMWARE=4.3.5 tokens_start "$TOKENS_DIR" 4351
like "a YubiKey 4 tells its serial too" "$(piv -a status | tr '\n' ' ')" "Version:.4\.3\.5 Serial Number:.4351 .*PIN tries left:.3"
ok "a P-256 key is generated on it" piv -a generate -s 9a -A ECCP256 -o public.pem
ok "and attested" piv -a attest -s 9a -o attest.pem
ok "it signs" piv -a verify-pin -P 123456 -a test-signature -s 9a -i attest.pem
tokens_stop
SERIAL=5403
tokens_start "$TOKENS_DIR" 5403

# What was said is remembered.
ok "the PIN is changed once more" piv -a change-pin -P 123456 -N 777777
token_kill 5403
token_run 5403
token_ready 5403
ok "a token that was killed comes back with its PIN" piv -a verify-pin -P 777777

tap_end
