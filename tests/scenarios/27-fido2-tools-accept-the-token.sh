#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Debian's fido2-tools, through libfido2 and our transport over PC/SC, find the token right.
set -u
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/tokens.sh"
. "$(dirname "$0")/../lib/fido.sh"

preload=$(readlink -f "$HALLIGAN_BUILD")/tests/scenarios/libfido2-preload.so
terminal=$(readlink -f "$(dirname "$0")/../lib/terminal.py")
if nm "$preload" 2>/dev/null | grep -q __asan; then
	echo "1..0 # SKIP a sanitizer cannot be loaded into other programs"
	exit 0
fi
tokens_folder
"$SIMTOKEN" new --state 2702.json --serial 2702 --firmware 4.3.5
tokens_start "$TOKENS_DIR" 2701 2702
device() { echo "pcsc:$(token_reader "$1") 0$(($1 - 2701)) 00"; }
tool() { LD_LIBRARY_PATH=${preload%/*} LD_PRELOAD=${preload##*/} "$@"; }
typing() { # typing ANSWERS... -- COMMAND...
	local words=()
	while [ "$1" != -- ]; do words+=("$1"); shift; done
	"$terminal" --quiet "${words[@]}" -- env "LD_LIBRARY_PATH=${preload%/*}" "LD_PRELOAD=${preload##*/}" "${@:2}"
}
hash=$(head -c 32 /dev/urandom | base64)
salt=$(head -c 64 /dev/urandom | base64 -w 0)

info=$(tool fido2-token -I "$(device 2701)" 2>&1)
like "fido2-token tells its versions" "$info" 'version strings: FIDO_2_0, FIDO_2_1'
like "its extensions" "$info" 'extension strings: .*hmac-secret'
like "its model" "$info" 'aaguid: 4e4f542041205245414c20544f4b454e'
like "its options" "$info" 'options: .*rk.*noclientPin'
like "its PIN protocols" "$info" 'pin protocols: 2, 1'
refused "a card without FIDO2 is none" tool fido2-token -I "$(device 2702)"

printf '%s\nhalligan.invalid\nada\n%s\n' "$hash" "$(printf user | base64)" > make.in
ok "fido2-cred makes a credential" tool fido2-cred -M -h -i make.in -o made "$(device 2701)"
ok "and verifies its attestation" fido2-cred -V -h -i made -o credential
sed -n 1p credential > id
sed 1d credential > key.pem
printf '%s\nhalligan.invalid\n%s\n%s\n' "$hash" "$(cat id)" "$salt" > get.in
ok "fido2-assert gets an assertion with hmac-secret" tool fido2-assert -G -h -i get.in -o got "$(device 2701)"
ok "and verifies it" fido2-assert -V -h -i got key.pem es256
tool fido2-assert -G -h -i get.in -o again "$(device 2701)"
is "hmac-secret gives the same again, 64 bytes of it" "$(tail -n 1 got | base64 -d | wc -c) $(tail -n 1 again)" "64 $(tail -n 1 got)"
is "not what it signs" "$(sed -n 4p got | grep -cFx "$(sed -n 4p again)")" 0

ok "fido2-token sets a PIN" typing --answer 'PIN[^\n]*: *$' 864213 --answer 'PIN[^\n]*: *$' 864213 -- fido2-token -S "$(device 2701)"
info=$(tool fido2-token -I "$(device 2701)" 2>&1)
like "and tells it" "$info" 'options: .*, clientPin.*pin retries: 8'
ok "fido2-token changes it" typing --answer 'PIN[^\n]*: *$' 864213 --answer 'PIN[^\n]*: *$' 135790 --answer 'PIN[^\n]*: *$' 135790 -- fido2-token -C "$(device 2701)"
refused "not with the old one" typing --answer 'PIN[^\n]*: *$' 864213 --answer 'PIN[^\n]*: *$' 111111 --answer 'PIN[^\n]*: *$' 111111 -- fido2-token -C "$(device 2701)"
is "which costs a try" "$(token_field 2701 fido_pin_tries)" 7

ok "with the PIN a credential is made" typing --answer 'PIN[^\n]*: *$' 135790 -- fido2-cred -M -h -v -c 3 -i make.in -o made "$(device 2701)"
ok "protected by it" fido2-cred -V -h -v -c 3 -i made -o credential
sed -n 1p credential > id
sed 1d credential > key.pem
printf '%s\nhalligan.invalid\n%s\n%s\n' "$hash" "$(cat id)" "$salt" > get.in
ok "and an assertion" typing --answer 'PIN[^\n]*: *$' 135790 -- fido2-assert -G -h -v -i get.in -o got "$(device 2701)"
ok "which verifies, the person too" fido2-assert -V -h -v -i got key.pem es256
refused "without the PIN there is none" tool fido2-assert -G -h -i get.in "$(device 2701)"
ok "and the driver takes the PIN that the tool has set" fido 2701 unlock:135790:1 make:.

tap_end
