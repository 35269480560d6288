#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ykman, Yubico's other program (in Python, without libykpiv), takes the simulated tokens of every
# firmware for YubiKeys: it finds them, manages PIN, PUK and management key, makes keys and
# certificates that OpenSSL verifies, and resets them.
set -u
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/tokens.sh"

tokens_folder
tokens_start "$TOKENS_DIR" 1501

SERIAL=1501
MANAGEMENT=010203040506070801020304050607080102030405060708
yk() { token_ykman "$SERIAL" "$@"; }
yp() { yk piv "$@"; }
info() { yp info | tr '\n' ' '; }
# key SLOT ALGORITHM [OPTION...]: made on the token; the public key is in SLOT.pub.
key() { local slot=$1 algorithm=$2; shift 2; yp keys generate -m "$MANAGEMENT" -a "$algorithm" "$@" "$slot" "$slot.pub"; }
public() { openssl x509 -in "$1" -noout -pubkey; }
tries() { token_field "$SERIAL" pin_tries; }

# What it is.
like "info tells model, serial, firmware and form" "$(yk info | tr '\n' ' ')" \
	"YubiKey 5A Serial number: 1501 Firmware version: 5\.7\.4 Form factor: Keychain \(USB-A\) .*Enabled USB interfaces: CCID"
like "and the application that is there" "$(yk info)" "PIV +.Enabled"
like "and those that are not" "$(yk info)" "OpenPGP +.Not available"
is "list finds it by itself" "$(PATH=$TOKENS_DIR/ykman:$PATH ykman list --serials)" 1501
like "piv info tells version, tries and what is still the factory's" "$(info)" \
	"PIV version: 5\.7\.4 WARNING: Using default PIN! PIN tries remaining: 3/3 WARNING: Using default Management key! Management key algorithm: AES192"

# PIN and PUK.
ok "the PIN is changed" yp access change-pin -P 123456 -n 246813
refused "not with the old one" yp access change-pin -P 123456 -n 111111
like "which costs a try" "$(tap_output)" "2 tries left"
like "and info says so" "$(info)" "PIV version: 5\.7\.4 PIN tries remaining: 2/3"
ok "the PUK is changed" yp access change-puk -p 12345678 -n 24681357
refused "not with the old one" yp access change-puk -p 12345678 -n 11111111
like "which costs a try" "$(tap_output)" "2 tries left"
refused "a second wrong PIN" yp access change-pin -P 000000 -n 111111
refused "a third blocks it" yp access change-pin -P 000000 -n 111111
like "and it says so" "$(tap_output)" "PIN is blocked"
refused "then even the right one is refused" yp access change-pin -P 246813 -n 111111
refused "a wrong PUK does not unblock it" yp access unblock-pin -p 00000000 -n 135791
ok "the right one does" yp access unblock-pin -p 24681357 -n 135791
is "with all tries" "$(tries)" 3
refused "no tries are set without the PIN" yp access set-retries 5 6 -f -m "$MANAGEMENT" -P 246813
ok "tries are set with PIN and management key" yp access set-retries 5 6 -f -m "$MANAGEMENT" -P 135791
like "which makes PIN and PUK the factory's" "$(info)" "Using default PIN! PIN tries remaining: 5/5"

# Management key: of every kind, by hand, random, and kept on the token behind the PIN.
while read -r kind bytes; do
	new=$(head -c "$bytes" /dev/urandom | od -An -tx1 | tr -d ' \n')
	ok "the management key becomes one of the kind $kind" \
		yp access change-management-key -f -m "$MANAGEMENT" -a "$kind" -n "$new"
	refused "the old one is refused then" yp objects generate -m "$MANAGEMENT" ccc
	MANAGEMENT=$new
	ok "the new one is right" yp objects generate -m "$MANAGEMENT" ccc
	like "and info tells its kind" "$(info)" "Management key algorithm: $kind"
done <<-END
	TDES 24
	AES128 16
	AES192 24
	AES256 32
END
ok "ykman makes a random one" yp access change-management-key -f -m "$MANAGEMENT" -a AES256 --generate
MANAGEMENT=$(tap_output | sed -n 's/^Generated management key: //p')
ok "which is right" yp objects generate -m "$MANAGEMENT" chuid
for kind in TDES AES192; do
	ok "a random one of the kind $kind is put on the token, behind the PIN" \
		yp access change-management-key -f -m "$MANAGEMENT" -P 123456 -a $kind --protect
	like "info says so" "$(info)" "Management key is stored on the YubiKey, protected by PIN"
	ok "then the PIN is enough" yp objects generate -P 123456 chuid
	refused "a wrong PIN is not" yp objects generate -P 654321 chuid
	ok "the flag object can be read by anybody" yp objects export 5fff00 flags
	is "and has flag 2" "$(od -An -tx1 flags | tr -d ' \n')" 8003810102
	for object in printed fingerprints facial iris; do
		refused "$object is not read with a wrong PIN" yp objects export -P 654321 $object object
		like "which the card asked for" "$(tap_output)" "PIN verification failed"
		ok "with the right PIN, printed is read" yp objects export -P 123456 printed object
	done
	MANAGEMENT=$(od -An -tx1 object | tr -d ' \n' | sed 's/^881a8918//')
	ok "it holds the management key" yp objects generate -m "$MANAGEMENT" chuid
done
new=$(head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')
ok "a management key of our own again" yp access change-management-key -f -m "$MANAGEMENT" -P 123456 -a AES192 -n "$new"
MANAGEMENT=$new
like "takes the flag away" "$(info | grep -c 'protected by PIN')" '^0$'
ok "a management key that wants a touch" yp access change-management-key -f -m "$MANAGEMENT" -a AES192 -n "$new" --touch
touches=$(token_field 1501 touches)
ok "is used" yp objects generate -m "$MANAGEMENT" ccc
is "with a touch" "$(token_field 1501 touches)" $((touches + 1))
ok "and need not want it for ever" yp access change-management-key -f -m "$MANAGEMENT" -a AES192 -n "$new"

# Keys and certificates.
"$SIMTOKEN" root > root.pem
ok "the certificate of the attestation key is exported" yp certificates export f9 device.pem
for pair in 9a:ECCP256 9c:ECCP384 9d:RSA2048 82:ECCP256; do
	slot=${pair%:*} kind=${pair#*:}
	ok "a key $kind is made in $slot" key "$slot" "$kind" --touch-policy always
	ok "its public key is exported" yp keys export "$slot" exported
	is "and is the same" "$(cat exported)" "$(cat "$slot.pub")"
	ok "it is attested" yp keys attest "$slot" attest.pem
	is "as that key" "$(public attest.pem)" "$(cat "$slot.pub")"
	ok "which openssl verifies" openssl verify -CAfile root.pem -untrusted device.pem attest.pem
	ok "a self-signed certificate is made in $slot" yp certificates generate -P 123456 -m "$MANAGEMENT" \
		-s "CN=slot $slot,O=Halligan" "$slot" "$slot.pub"
	ok "and exported" yp certificates export "$slot" "$slot.pem"
	ok "openssl verifies its signature" openssl verify -check_ss_sig -CAfile "$slot.pem" "$slot.pem"
	is "it is that key's" "$(public "$slot.pem")" "$(cat "$slot.pub")"
	ok "a request is signed" yp certificates request -P 123456 -s "CN=request" "$slot" "$slot.pub" request.pem
	ok "and openssl verifies it" openssl req -in request.pem -noout -verify
	like "piv info tells slot, kind and subject" "$(info)" \
		"Slot $slot: .Algorithm:.$kind .Subject DN:.CN=slot $slot,O=Halligan"
	refused "no certificate is made with a wrong PIN" yp certificates generate -P 654321 -m "$MANAGEMENT" \
		-s CN=x "$slot" "$slot.pub"
done
refused "no key is made with a wrong management key" yp keys generate -m "${MANAGEMENT%??}00" -a ECCP256 9a none
ok "a certificate is imported and its key checked" yp certificates import -P 123456 -m "$MANAGEMENT" --verify 9a 9a.pem
refused "another key's certificate is not" yp certificates import -P 123456 -m "$MANAGEMENT" --verify 9a 82.pem
like "because of the key" "$(tap_output)" "not tied to the private key"
ok "a certificate is deleted" yp certificates delete -m "$MANAGEMENT" 9c
refused "and gone" yp certificates export 9c none
for kind in "EC prime256v1" "EC secp384r1" "RSA 2048"; do
	# shellcheck disable=SC2086
	set -- $kind
	if [ "$1" = EC ]; then openssl ecparam -name "$2" -genkey -noout -out key.pem
	else openssl genrsa -traditional -out key.pem "$2" 2>/dev/null; fi
	openssl req -x509 -new -key key.pem -subj "/CN=imported" -days 9999 -out cert.pem
	ok "a key $kind is imported" yp keys import -m "$MANAGEMENT" 9e key.pem
	ok "its certificate fits" yp certificates import -m "$MANAGEMENT" -P 123456 --verify 9e cert.pem
	refused "but it is not attested" yp keys attest 9e none
done

# Reset needs nothing but patience: ykman blocks PIN and PUK itself.
ok "the token is reset" yp reset -f
like "and as new" "$(info)" \
	"Using default PIN! PIN tries remaining: 3/3 WARNING: Using default Management key! Management key algorithm: AES192 CHUID:.No data"
refused "its keys are gone" yp keys attest 9a none
like "for good" "$(info | grep -c 'Slot')" '^0$'

# Other firmware.
tokens_stop
for firmware in 4.3.5 5.4.3 5.8.0; do
	SERIAL=15${firmware//./}
	MANAGEMENT=010203040506070801020304050607080102030405060708
	TOKENS_PROFILE=yubikey-$firmware tokens_start "$TOKENS_DIR/$firmware" "$SERIAL"
	like "firmware $firmware tells its serial" "$(yk info | tr '\n' ' ')" \
		"YubiKey (4|5A) Serial number: $SERIAL Firmware version: $firmware"
	case $firmware in
	4.3.5) expected="PIN tries remaining: 3 Management key algorithm: TDES" ;;
	5.4.3) expected="Using default PIN! PIN tries remaining: 3/3 .*algorithm: TDES" ;;
	*) expected="Using default PIN! PIN tries remaining: 3/3 .*algorithm: AES192" ;;
	esac
	like "and PIV's state as it can" "$(info)" "PIV version: $firmware .*$expected"
	ok "a key is made" key 9a ECCP256
	ok "and exported" yp keys export 9a exported
	is "the same, from metadata or attestation" "$(cat exported)" "$(cat 9a.pub)"
	ok "a certificate is made" yp certificates generate -P 123456 -m "$MANAGEMENT" -s CN=x 9a 9a.pub
	ok "and exported" yp certificates export 9a 9a.pem
	ok "openssl verifies it" openssl verify -check_ss_sig -CAfile 9a.pem 9a.pem
	if [ "$firmware" = 4.3.5 ]; then
		refused "an AES management key is refused" yp access change-management-key -f -m "$MANAGEMENT" -a AES128 --generate
	else
		ok "an AES management key is set" yp access change-management-key -f -m "$MANAGEMENT" -a AES128 --generate
		MANAGEMENT=$(tap_output | sed -n 's/^Generated management key: //p')
		ok "and is right" yp objects generate -m "$MANAGEMENT" ccc
	fi
	ok "the PIN is changed" yp access change-pin -P 123456 -n 246813
	refused "and the old one refused" yp access change-pin -P 123456 -n 111111
	ok "it is reset" yp reset -f
	tokens_stop
done

tap_end
