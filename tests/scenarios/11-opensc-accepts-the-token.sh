#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# OpenSC, which knows nothing of libykpiv, takes the simulated token for a YubiKey too, and what
# it computes with the token's keys agrees with OpenSSL.
set -u
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/tokens.sh"

export TOKENS_FIRMWARE=5.4.3 # for yubico-piv-tool's 3DES management key
tokens_folder
tokens_start "$TOKENS_DIR" 1101

reader="$(token_reader 1101) 00 00"
piv() { yubico-piv-tool -r "$(token_reader 1101)" "$@"; }
pkcs11=$(dpkg -L opensc-pkcs11 2>/dev/null | grep '/opensc-pkcs11.so$' | head -n 1)
p11() { pkcs11-tool --module "$pkcs11" "$@"; }

like "opensc-tool knows the card by its ATR" "$(opensc-tool -r "$reader" -n 2>&1)" "Personal Identity Verification Card"
for slot in 9a 9c 9d; do
	piv -a generate -s $slot -A ECCP256 -o $slot.pub >tool.log 2>&1 &&
		piv -a attest -s $slot -o $slot.pem >>tool.log 2>&1 &&
		piv -a import-certificate -s $slot -i $slot.pem >>tool.log 2>&1 || tap_report 1 "made a key in $slot"
done
piv -a set-chuid -a set-ccc >>tool.log 2>&1

ok "pkcs15-tool lists the keys" pkcs15-tool --reader "$reader" --list-keys
is "all three" "$(tap_output | grep -c 'Private EC Key')" 3
ok "pkcs15-tool lists the certificates" pkcs15-tool --reader "$reader" --list-certificates
is "all three" "$(tap_output | grep -c 'X.509 Certificate \[')" 3
ok "pkcs15-tool reads a certificate" pkcs15-tool --reader "$reader" --read-certificate 01 -o 01.pem
is "which is the one written" "$(openssl x509 -in 01.pem -outform DER | sha256sum)" \
	"$(openssl x509 -in 9a.pem -outform DER | sha256sum)"
ok "the PIN is verified" pkcs15-tool --reader "$reader" --verify-pin --auth-id 01 --pin 123456
refused "a wrong PIN is refused" pkcs15-tool --reader "$reader" --verify-pin --auth-id 01 --pin 654321
is "and costs a try" "$(token_field 1101 pin_tries)" 2

ok "piv-tool reads the serial number" piv-tool --reader "$reader" --serial
# (piv-tool 0.23 exits with the number of bytes written, and reads no card's new key right under
# OpenSSL 3: so a certificate, judged by what is on the card.)
printf '01:02:03:04:05:06:07:08:01:02:03:04:05:06:07:08:01:02:03:04:05:06:07:08' > management
sed 's/:08$/:09/' management > wrong
PIV_EXT_AUTH_KEY=$TOKENS_DIR/wrong piv-tool --reader "$reader" --admin M:9B:03 --cert 9E --in 9c.pem >tool.log 2>&1
refused "piv-tool writes nothing with a wrong management key" piv -a read-certificate -s 9e -o none
PIV_EXT_AUTH_KEY=$TOKENS_DIR/management piv-tool --reader "$reader" --admin M:9B:03 --cert 9E --in 9a.pem >tool.log 2>&1
is "piv-tool writes a certificate with the right one" "$(piv -a read-certificate -s 9e)" "$(cat 9a.pem)"

like "pkcs11-tool sees one token" "$(p11 --list-token-slots 2>&1)" "token manufacturer"
head -c 1000 /dev/urandom > message
openssl dgst -sha256 -binary message > digest
for pair in 01:9a 02:9c; do
	ok "pkcs11-tool signs with ${pair#*:}" p11 --login --pin 123456 --sign --id "${pair%:*}" \
		--mechanism ECDSA --signature-format openssl -i digest -o signature
	openssl x509 -in "${pair#*:}.pem" -noout -pubkey > public
	ok "and openssl verifies it" openssl dgst -sha256 -verify public -signature signature message
	printf x >> message
	refused "but not over another message" openssl dgst -sha256 -verify public -signature signature message
	head -c -1 message > shorter && mv shorter message
done
refused "it does not sign with a wrong PIN" p11 --login --pin 000000 --sign --id 01 --mechanism ECDSA \
	-i digest -o none
openssl ecparam -name prime256v1 -genkey -noout -out peer.pem
openssl ec -in peer.pem -pubout -outform DER -out peer.der 2>/dev/null
openssl x509 -in 9d.pem -noout -pubkey > public
openssl pkeyutl -derive -inkey peer.pem -peerkey public -out expected
ok "pkcs11-tool derives with 9d" p11 --login --pin 123456 --derive --id 03 \
	--mechanism ECDH1-COFACTOR-DERIVE --input-file peer.der --output-file derived
is "what openssl derives from the other side" "$(od -An -tx1 derived)" "$(od -An -tx1 expected)"

tap_end
