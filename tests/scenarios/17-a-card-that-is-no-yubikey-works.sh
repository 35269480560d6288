#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The simulated card that is no YubiKey is a PIV card to OpenSC and to yubico-piv-tool, with every
# quirk that independent cards have, and a YubiKey to nobody.
set -u
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/tokens.sh"

export TOKENS_PROFILE=generic
tokens_folder
tokens_start "$TOKENS_DIR" 1701 1702

reader="$(token_reader 1701) 00 00"
piv() { yubico-piv-tool -r "$(token_reader 1701)" "$@"; }
module=$(dpkg -L opensc-pkcs11 2>/dev/null | grep '/opensc-pkcs11.so$' | head -n 1)
# Of OpenSC's two slots, that of the reader of 1701.
p11() { pkcs11-tool --module "$module" --slot-index 0 "$@"; }
status() { piv -a status | tr '\n' ' '; }
tags() { # the values of tag $1 in the hex $2
	python3 -c '
import sys
data = bytes.fromhex(sys.argv[2])
while data:
    tag, size, data = data[0], data[1], data[2:]
    if tag == int(sys.argv[1], 16): print(data[:size].hex())
    data = data[size:]' "$1" "$2"; }

# What it is.
like "opensc-tool knows it for a PIV card, by asking it" "$(opensc-tool -r "$reader" -n 2>&1)" \
	"Personal Identity Verification Card"
like "its reader does not name Yubico" "$(opensc-tool --list-readers 2>&1 | grep -ci yubi)" '^0$'
like "nor does its ATR" "$(opensc-tool -r "$reader" -a)" "^3b:8c:.*:$(printf PIV | od -An -tx1 | sed 's/^ //; s/ /:/g'):..$"
like "it tells neither version nor serial" "$(status)" "Version:.No data available Serial Number:.No data available"
chuid=$(piv -a status | sed -n 's/^CHUID:.//p')
ccc=$(piv -a status | sed -n 's/^CCC:.//p')
is "it has a FASC-N of 25 bytes" "$(tags 30 "$chuid" | wc -c)" 51
is "and a GUID of its own" "$(tags 34 "$chuid")" 53696d504956800080000000000006a5
is "and a card identifier" "$(tags f0 "$ccc")" a000000116ff0200000000000000000000000006a5
is "another card has another" "$(tags 34 "$(yubico-piv-tool -r "$(token_reader 1702)" -a status |
	sed -n 's/^CHUID:.//p')")" 53696d504956800080000000000006a6

# Yubico's commands are unknown; all of these need one.
for action in "attest -s 9a" "reset" "pin-retries --pin-retries 5 --puk-retries 5" \
	"set-mgm-key -n 010203040506070801020304050607080102030405060709"; do
	# shellcheck disable=SC2086
	refused "there is no $action" piv -P 123456 -a verify-pin -a $action
done
refused "nor policies" piv -a generate -s 9a -A ECCP256 --touch-policy always -o none
refused "nor slots beyond 83" piv -a generate -s 84 -A ECCP256 -o none

# libykpiv 2.2.0 takes for granted that a new key's length is one byte (lib/util.c,
# ykpiv_util_generate_key), so it misses one that is written as 81 xx, although the card made it.
refused "with long lengths yubico-piv-tool misses the new key" piv -a generate -s 9a -A ECCP256 -o none
token_control 1701 quirks none
openssl ecparam -name prime256v1 -genkey -noout -out ca.key
openssl req -x509 -new -key ca.key -subj "/CN=ca" -days 9999 -out ca.pem
for slot in 9a 9c 9d; do
	ok "a key is made in $slot with the factory's 3DES key" piv -a generate -s $slot -A ECCP256 -o $slot.pub
	openssl x509 -new -force_pubkey $slot.pub -subj "/CN=$slot" -CA ca.pem -CAkey ca.key -days 99 -out $slot.pem
	ok "a certificate is written" piv -a import-certificate -s $slot -i $slot.pem
done
ok "pkcs15-tool lists the keys" pkcs15-tool --reader "$reader" --list-keys
is "all three" "$(tap_output | grep -c 'Private EC Key')" 3
ok "pkcs15-tool reads a certificate" pkcs15-tool --reader "$reader" --read-certificate 01 -o 01.pem
is "which is the one written" "$(openssl x509 -in 01.pem)" "$(openssl x509 -in 9a.pem)"

head -c 1000 /dev/urandom > message
openssl dgst -sha256 -binary message > digest
openssl ecparam -name prime256v1 -genkey -noout -out peer.pem
openssl ec -in peer.pem -pubout -outform DER -out peer.der 2>/dev/null
openssl pkeyutl -derive -inkey peer.pem -peerkey 9d.pub -out expected
sign() { # sign ID
	p11 --login --pin 123456 --sign --id "$1" --mechanism ECDSA --signature-format openssl \
		-i digest -o signature; }
derive() { p11 --login --pin 123456 --derive --id 03 --mechanism ECDH1-COFACTOR-DERIVE \
	--input-file peer.der --output-file derived; }
all_work() { # all_work QUIRKS TOUCHES
	token_control 1701 quirks "$1"
	local before
	before=$(token_field 1701 touches)
	ok "with $1, OpenSC signs with 9a" sign 01
	ok "openssl verifies it" openssl dgst -sha256 -verify 9a.pub -signature signature message
	ok "with $1, OpenSC derives with 9d" derive
	is "what openssl derives from the other side" "$(od -An -tx1 derived)" "$(od -An -tx1 expected)"
	ok "with $1, yubico-piv-tool signs" piv -a verify-pin -P 123456 -a test-signature -s 9a -i 9a.pem
	is "with the touches that takes" $(($(token_field 1701 touches) - before)) "$2"
}
all_work none 0
all_work few-slots,long-lengths 0
all_work touch 3
all_work touch,touch-first 3

# A card that forgets the PIN at any other command: between login and use OpenSC selects, reads
# and looks, so only its key that wants a PIN each time, verified right before, can be used.
token_control 1701 quirks forgets-pin
refused "when the card forgets the PIN, OpenSC cannot use 9a" sign 01
ok "but 9c, for which it verifies right before" sign 02
ok "openssl verifies it" openssl dgst -sha256 -verify 9c.pub -signature signature message
ok "and so does yubico-piv-tool with any key" piv -a verify-pin -P 123456 -a test-signature -s 9a -i 9a.pem

# Touch that nobody gives.
token_control 1701 quirks touch
token_control 1701 touch never
token_control 1701 touch-timeout 200
refused "without a touch nothing is signed" piv -a verify-pin -P 123456 -a test-signature -s 9a -i 9a.pem
like "6600, says the card" "$(opensc-tool -r "$reader" -c default -s 00A4040005A000000308 \
	-s 0020008008313233343536FFFF -s "0087119A267C2482008120$(printf '11%.0s' {1..32})" 2>&1 | tr '\n' ' ')" \
	"SW1=0x66, SW2=0x00"
token_control 1701 touch auto

# Printed information is behind the PIN on every PIV card.
read_printed() { opensc-tool -r "$reader" -c default -s 00A4040005A000000308 "$@" -s 00CB3FFF055C035FC10900 2>&1 | tail -n 1; }
token_unplug 1701 # (selecting PIV again would leave the PIN verified)
token_plug 1701
like "without the PIN, printed information is refused" "$(read_printed)" "SW1=0x69, SW2=0x82"
like "with it, there is none" "$(read_printed -s 0020008008313233343536FFFF)" "SW1=0x6A, SW2=0x82"

# Quirks are remembered.
token_kill 1701
token_run 1701
token_ready 1701
is "after another start the quirks are the same" "$(token_field 1701 quirks)" touch
refused "unknown quirks are refused" token_control 1701 quirks clever
refused "also for a new card" "$SIMTOKEN" new --state new.json --serial 1 --profile generic --quirks clever
like "naming those there are" "$(tap_output)" "few-slots,forgets-pin,long-lengths,touch,touch-first"
refused "so is an unknown profile" "$SIMTOKEN" new --state new.json --serial 1 --profile yubikey-6
like "naming those there are" "$(tap_output)" "yubikey-4\.3\.5, .*generic"
refused "and a profile together with a firmware" "$SIMTOKEN" new --state new.json --serial 1 \
	--profile generic --firmware 5.7.4
like "--help anywhere helps" "$("$SIMTOKEN" new --serial --help)" "^usage: halligan-simtoken new"

# The shortest way to a token: its sockets beside its state, pcscd's lines printed.
ok "a token is made" "$SIMTOKEN" new --state short.json --serial 4294967295 --profile generic
tokens_spawn short.log "$SIMTOKEN" run --state short.json
ok "and run with its state alone" tokens_until 10 "$SIMTOKEN" control short.ctl status
ok "what pcscd needs to know is printed" "$SIMTOKEN" reader --state short.json
tap_output | sed "s|^LIBPATH.*|LIBPATH $TOKENS_DRIVER|" >> readers/halligan # (it is not installed here)
tokens_pcscd_stop
tokens_pcscd
seen() { opensc-tool --list-readers 2>/dev/null | grep -q "Yes .*Simulated PIV card 4294967295 "; }
ok "and is enough" tokens_until 20 seen

tap_end
