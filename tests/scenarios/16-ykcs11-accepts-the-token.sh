#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ykcs11, Yubico's PKCS#11 module, driven by OpenSC's pkcs11-tool, takes the simulated token for a
# YubiKey: objects with their attestations, signatures and key agreements that agree with OpenSSL,
# and keys made through it.
#
# Version 2.2.0 wants readers whose names begin with "Yubico" (ykcs11/utils.c), and, like the
# libykpiv beneath it, knows management keys of the kind 3DES only.
set -u
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/tokens.sh"

export TOKENS_FIRMWARE=5.4.3 TOKENS_READER="Yubico YubiKey CCID"
tokens_folder
tokens_start "$TOKENS_DIR" 1601

module=$(dpkg -L ykcs11 2>/dev/null | grep '/libykcs11.so' | head -n 1)
management=010203040506070801020304050607080102030405060708
p11() { pkcs11-tool --module "$module" "$@"; }
user() { p11 --login --pin 123456 "$@"; }
officer() { p11 --login --login-type so --so-pin "$management" "$@"; }
piv() { yubico-piv-tool -r "$(token_reader 1601)" "$@"; }
# object TYPE LABEL: the block of lines that pkcs11-tool prints of it.
object() { user --list-objects --type "$1" 2>&1 | awk -v label="  label:      $2" '
	!/^ / { if (hit) print block; block = ""; hit = 0 }
	{ block = block $0 "\n"; if ($0 == label) hit = 1 }
	END { if (hit) print block }'; }
certificate() { p11 --read-object --type cert --label "$1" --output-file "$2.der" >tool.log 2>&1 &&
	openssl x509 -inform DER -in "$2.der" -out "$2"; }
public() { openssl x509 -in "$1" -noout -pubkey; }
digest() { openssl dgst -sha256 -binary message > digest; }

# Which token.
like "ykcs11 finds the token and its serial, model and firmware" "$(p11 --list-token-slots 2>&1 | tr '\n' ' ')" \
	"YubiKey PIV #1601 .*YubiKey YK5 .*firmware version   : 5\.43 .*serial num         : 1601"

# Keys made by another program, certificates beside them.
for pair in 9a:ECCP256 9c:ECCP256 9d:ECCP256 82:ECCP384 83:RSA2048; do
	slot=${pair%:*}
	piv -a generate -s "$slot" -A "${pair#*:}" -o "$slot.pub" >tool.log 2>&1 &&
		piv -a attest -s "$slot" -o "$slot.pem" >>tool.log 2>&1 &&
		piv -a import-certificate -s "$slot" -i "$slot.pem" >>tool.log 2>&1 || tap_report 1 "made a key in $slot"
done
ok "without PIN, certificates and public keys are listed" p11 --list-objects
is "certificates: five, the token's own, five attestations" "$(tap_output | grep -c '^Certificate Object')" 11
is "public keys: five and the token's own" "$(tap_output | grep -c '^Public Key Object')" 6
like "but no private key" "$(tap_output | grep -c '^Private Key Object')" '^0$'
ok "with PIN, private keys too" user --list-objects
is "five and the token's own" "$(tap_output | grep -c '^Private Key Object')" 6
like "that of 9c wants the PIN each time" "$(object privkey 'Private key for Digital Signature')" "always authenticate"
like "that of 9a does not" "$(object privkey 'Private key for PIV Authentication' | grep -c 'always authenticate')" '^0$'
ok "a certificate is read" certificate "X.509 Certificate for PIV Authentication" read.pem
is "as it was written" "$(cat read.pem)" "$(openssl x509 -in 9a.pem)"

# Attestations are objects too: made anew at each look.
"$SIMTOKEN" root > root.pem
ok "the token's own certificate is read" certificate "X.509 Certificate for PIV Attestation" device.pem
for slot in 9a 9c 9d 82 83; do
	ok "the attestation of $slot is read" certificate "X.509 Certificate for PIV Attestation $slot" attest.pem
	is "it is of that key" "$(public attest.pem)" "$(cat "$slot.pub")"
	ok "openssl verifies it" openssl verify -CAfile root.pem -untrusted device.pem attest.pem
done

# Signing.
refused "a wrong PIN is refused" p11 --login --pin 000000 --list-objects
is "and costs a try" "$(token_field 1601 pin_tries)" 2
head -c 1000 /dev/urandom > message
digest
for pair in 01:9a 02:9c 03:9d 05:82; do
	ok "it signs with ${pair#*:}" user --sign --id "${pair%:*}" --mechanism ECDSA \
		--signature-format openssl -i digest -o signature
	ok "openssl verifies it" openssl dgst -sha256 -verify "${pair#*:}.pub" -signature signature message
	printf x >> message
	refused "but not over another message" openssl dgst -sha256 -verify "${pair#*:}.pub" -signature signature message
	digest
done
is "a right PIN restored the tries" "$(token_field 1601 pin_tries)" 3
ok "it hashes and signs with 9a" user --sign --id 01 --mechanism ECDSA-SHA256 --signature-format openssl \
	-i message -o signature
ok "openssl verifies it" openssl dgst -sha256 -verify 9a.pub -signature signature message
ok "it signs with an RSA key" user --sign --id 06 --mechanism SHA256-RSA-PKCS -i message -o signature
ok "openssl verifies it" openssl dgst -sha256 -verify 83.pub -signature signature message
openssl pkeyutl -encrypt -pubin -inkey 83.pub -in digest -out encrypted
ok "it decrypts with it" user --decrypt --id 06 --mechanism RSA-PKCS -i encrypted -o decrypted
is "what openssl encrypted" "$(od -An -tx1 decrypted)" "$(od -An -tx1 digest)"

# Key agreement.
for pair in 03:9d:prime256v1 05:82:secp384r1; do
	IFS=: read -r id slot curve <<< "$pair"
	openssl ecparam -name "$curve" -genkey -noout -out peer.pem
	openssl ec -in peer.pem -pubout -outform DER -out peer.der 2>/dev/null
	openssl pkeyutl -derive -inkey peer.pem -peerkey "$slot.pub" -out expected
	ok "it derives with $slot" user --derive --id "$id" --mechanism ECDH1-DERIVE \
		--input-file peer.der --output-file derived
	is "what openssl derives from the other side" "$(od -An -tx1 derived)" "$(od -An -tx1 expected)"
done

# Touch: the module waits, as a person needs.
piv -a generate -s 84 -A ECCP256 --touch-policy always -o 84.pub >tool.log 2>&1
piv -a attest -s 84 -o 84.pem >>tool.log 2>&1 && piv -a import-certificate -s 84 -i 84.pem >>tool.log 2>&1
token_control 1601 touch manual
user --sign --id 07 --mechanism ECDSA --signature-format openssl -i digest -o signature >sign.log 2>&1 & signing=$!
ok "a key that wants a touch gets one" token_touch 1601
ok "and then signs" wait $signing
ok "openssl verifies it" openssl dgst -sha256 -verify 84.pub -signature signature message
token_control 1601 touch never
token_control 1601 touch-timeout 200
refused "without a touch it does not sign" user --sign --id 07 --mechanism ECDSA -i digest -o none
token_control 1601 touch auto

# Keys made through the module, by whoever has the management key.
make() { officer --keypairgen --id "$1" --key-type "$2"; }
refused "no key is made with the PIN alone" user --keypairgen --id 04 --key-type EC:prime256v1
for triple in 04:9e:EC:prime256v1 08:85:EC:secp384r1 09:86:RSA:2048; do
	IFS=: read -r id slot kind size <<< "$triple"
	ok "a key $kind $size is made in $slot" make "$id" "$kind:$size"
	ok "its attestation is read" certificate "X.509 Certificate for PIV Attestation $slot" attest.pem
	ok "openssl verifies it" openssl verify -CAfile root.pem -untrusted device.pem attest.pem
	is "it names $slot" "$(openssl x509 -in attest.pem -noout -subject)" "subject=CN = YubiKey PIV Attestation $slot"
	public attest.pem > made.pub
	mechanism=ECDSA format=openssl input=digest
	[ "$kind" = EC ] || mechanism=SHA256-RSA-PKCS format=rs input=message
	ok "it signs" user --sign --id "$id" --mechanism $mechanism --signature-format $format -i $input -o signature
	ok "openssl verifies it" openssl dgst -sha256 -verify made.pub -signature signature message
done

# A management key kept on the token: then ykcs11 takes the PIN for the officer's.
ok "ykman puts a management key on the token" token_ykman 1601 piv access change-management-key \
	-f -m "$management" -P 123456 -a TDES --protect
refused "the old one makes no key then" make 0a EC:prime256v1
management=123456
ok "the PIN does" make 0a EC:prime256v1
management=654321
refused "a wrong PIN does not" make 0a EC:prime256v1

tap_end
