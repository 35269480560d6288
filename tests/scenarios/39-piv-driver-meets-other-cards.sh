#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Cards that are no YubiKeys, or old ones, are used as far as they go, and what they lack is named; ten
# tokens work at once; insertion and removal are waited for without turning; and whoever waits for
# a token that another program holds hears why.
set -u
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/tokens.sh"
. "$(dirname "$0")/../lib/piv.sh"

lib=$(readlink -f "$(dirname "$0")/../lib")
export TOKENS_PIN=$PIV_PIN TOKENS_PUK=97531864
tokens_folder

# ---- no YubiKey ----
export TOKENS_PROFILE=generic TOKENS_QUIRKS=few-slots,forgets-pin,touch,touch-first
tokens_start "$TOKENS_DIR" 2801 2802
# number SERIAL: what a card is called, by what its state file says of its CHUID or CCC.
number() {
	python3 - "$TOKENS_DIR/$1.json" <<-'END'
	import hashlib, json, sys
	objects = {o["tag"]: bytes.fromhex(o["value"]) for o in json.load(open(sys.argv[1]))["objects"]}
	if 0x5fc102 in objects: value = objects[0x5fc102]; id = value[29:45]; assert value[27:29] == b"\x34\x10"
	else: value = objects[0x5fc107]; id = value[2:23]; assert value[:2] == b"\xf0\x15"
	label = b"halligan/v1 piv card"
	digest = hashlib.sha256(bytes([len(label)]) + label + bytes([len(id)]) + id).digest()
	print(int.from_bytes(digest[:4], "big") | 1 << 31)
	END
}
N=$(number 2801)
like "a card without serial number is called by a number made from its CHUID" "$(piv list)" \
	"^piv $N 0\.0\.0 \[Simulated PIV card 2801 .*\] .piv $(number 2802) 0\.0\.0"
ok "which no serial number of Yubico can be" test "$N" -ge 2147483648
like "it tells what it can, and no more" "$(piv 2801 info)" \
	"serial=$N firmware=0\.0\.0 metadata=0 pin=3/-1 puk=-1 default=000 management=00 82=0000 83=0000 84=0000 protected=0"
like "whether a slot is empty it does not tell" "$(piv 2801 holds)" \
	'slot 82 unknown 0 \[perhaps a key, which it does not tell\]'
like "so no key is made there unasked" "$(piv 2801 generate:sign)" \
	"generate exists: card $N: it does not tell whether slot 82 holds a key"
like "nor asked, since it cannot bind a key to PIN and touch" "$(piv 2801 generate:sign:over)" \
	"generate token: card $N: it cannot make a P-256 key that asks for its PIN and for a touch at each use \(key policies are missing, 6A80\): use a token that can"
like "the PIN is shown again before what it guards, since it is forgotten" "$(piv 2801 unlock:$PIV_PIN:0 generate:sign:over)" \
	"unlock ok.generate token: card $N: it cannot make a P-256 key"
like "a slot that it does not have is named" "$(piv 2801 generate:release:over)" \
	"generate token: card $N: it has no slot 84 \(6B00\): cards that are no YubiKeys may have fewer slots"
like "that it cannot attest is named" "$(piv 2801 attest:share:.)" \
	"attest token: card $N: it cannot attest its keys \(ATTEST is missing, 6D00\)"
like "that its management key cannot be changed is named" "$(piv 2801 unlock:$PIV_PIN:0 protect)" \
	"protect token: card $N: it cannot be given another management key \(SET MANAGEMENT KEY is missing: it is no YubiKey\); nothing was changed"
like "a wrong PIN names the card and the tries left" "$(piv 2801 unlock:999999:0)" \
	"unlock pin: card $N: PIN refused, 2 tries left"

# Keys made by the program that came with it, and certificates of them.
tool() { yubico-piv-tool -r "$(token_reader 2801)" "$@"; }
openssl ecparam -name prime256v1 -genkey -noout -out authority.pem 2>/dev/null
for slot in 82 83; do
	tool -a generate -s $slot -A ECCP256 -o public.pem 2>/dev/null
	openssl x509 -new -key authority.pem -force_pubkey public.pem -subj "/CN=Ada $slot" -days 9 -out $slot.pem 2>/dev/null
	tool -a import-certificate -s $slot -i $slot.pem >/dev/null 2>&1
done
like "the key is known from the certificate in its slot" "$(piv 2801 holds)" \
	"slot 83 certified 1 \[perhaps a key, which it does not tell, and the certificate of CN=Ada 83\] $(openssl pkey -pubin -in public.pem -outform DER | tail -c 65 | od -An -v -tx1 | tr -d ' \n')"
like "and not overwritten" "$(piv 2801 generate:share)" \
	"generate exists: card $N: slot 83 is in use \(perhaps a key, which it does not tell, and the certificate of CN=Ada 83\)"
ok "its keys sign and agree, though it forgets its PIN at any other command" \
	piv 2801 unlock:$PIV_PIN:3 info sign info agree:share info sign
like "a key in a slot that it does not have" "$(piv 2801 unlock:$PIV_PIN:1 agree:release)" \
	"agree token: card $N: it has no slot 84, or no P-256 key in it, to release with \(6A86\)"
token_control 2801 touch never
token_control 2801 touch-timeout 300
like "6600 is a touch that did not come" "$(piv 2801 unlock:$PIV_PIN:1 agree:share)" \
	"agree touch: card $N: it was not touched within its time \(or lost its PIN state, 6600\) for: open the envelope"
token_control 2801 touch auto
ok "PIN and PUK are changed, and unblocked" piv 2801 change:pin:$PIV_PIN:864209 change:puk:97531864:86420975 \
	change:unblock:86420975:$PIV_PIN unlock:$PIV_PIN:1 sign

# Which card it is.
forget() { # SERIAL TAG: an object of its state
	python3 -c 'import json, sys
path, tag = sys.argv[1], int(sys.argv[2], 16)
state = json.load(open(path)); state["objects"] = [o for o in state["objects"] if o["tag"] != tag]
json.dump(state, open(path, "w"))' "$TOKENS_DIR/$1.json" "$2"
}
piv_start 2802 pause unlock:$PIV_PIN:1
piv_wait 1
token_kill 2802; forget 2802 5fc102; token_run 2802
tokens_until 20 eval 'piv list | grep -q "^piv $(number 2802) "'
piv_go
like "another CHUID is another card, which gets no PIN" "$(piv_end)" \
	"unlock token-absent: card [0-9]+: it is no longer in reader .*: token $(number 2802) is there now"
like "without CHUID the number is made from the CCC" "$(piv list)" "^piv $N .*piv $(number 2802) 0\.0\.0"
token_kill 2802; forget 2802 5fc107; token_run 2802
tokens_until 20 eval 'piv list | grep -q "^piv 0 0.0.0 .* 2802 .*\] $"'
like "without both it has none, and is called by its reader" "$(piv 2802 unlock:999999:0)" \
	'unlock pin: the token in reader Simulated PIV card 2802 .*: PIN refused, 2 tries left'
tokens_stop

# ---- a YubiKey 4 ----
unset TOKENS_QUIRKS
TOKENS_PROFILE=yubikey-4.3.5 tokens_start "$TOKENS_DIR" 2811
like "a YubiKey 4 tells its serial number in another application" "$(piv list)" '^piv 2811 4\.3\.5 '
like "its keys are known by attestation" "$(piv 2811 generate:share:over holds unlock:$PIV_PIN:1 agree:share)" \
	'slot 83 attested 0 \[a key that was made on it\] 04.*agree ok$'
before=$(token_control 2811 status | sed -n 's/.*"f9":\([0-9]*\).*/\1/p')
ok "which is asked for once" piv 2811 info info unlock:$PIV_PIN:1 info agree:share info
is "for each slot" "$(($(token_control 2811 status | sed -n 's/.*"f9":\([0-9]*\).*/\1/p') - before))" 3
like "factory PIN and PUK cannot be known, and nothing is tried to find out" "$(piv 2811 info)" \
	'metadata=0 pin=3/-1 puk=-1 default=000'
is "so no try was spent" "$(token_field 2811 pin_tries) $(token_field 2811 puk_tries)" "3 3"
tokens_stop
unset TOKENS_PROFILE

# ---- ten at once ----
ten="2821 2822 2823 2824 2825 2826 2827 2828 2829 2830"
# shellcheck disable=SC2086
tokens_start "$TOKENS_DIR" $ten
is "ten tokens are listed" "$(piv list | grep -c '^piv 28[23]')" 10
for serial in $ten; do piv_start name=$serial $serial generate:sign unlock:$PIV_PIN:2 sign sign; done
good=0
for serial in $ten; do piv_end $serial >ten.out && good=$((good + 1)) || sed 's/^/# /' ten.out; done
is "and used at once by ten programs" "$good" 10

# ---- coming and going ----
# wait_start MILLISECONDS: until it sleeps in pcscd.
wait_start() {
	"$PIV_CLI" wait "$1" </dev/null >wait.out 2>&1 & WAITER=$!
	tokens_until 30 eval 'grep -q waiting wait.out && [ "$(switches)" = "$(sleep 0.4; switches)" ]'
}
switches() { sed -n 's/^voluntary_ctxt_switches:\t//p' "/proc/$WAITER/status"; }
wait_end() { tokens_until 90 grep -q '^wait ok' wait.out; cat wait.out; }
wait_start 60000
first=$(switches); sleep 2
is "whoever waits sleeps" "$(switches)" "$first"
token_unplug 2821
like "a token that is pulled wakes it" "$(wait_end)" 'wait ok left$'
wait_start 60000
token_plug 2821
like "one that is plugged in, too" "$(wait_end)" 'wait ok came$'
wait_start 1000
like "the time ends it" "$(wait_end)" 'wait ok$'
wait_start 60000
ok "other programs may come and go" piv 2822 unlock:$PIV_PIN:1 sign
is "without waking it" "$(cat wait.out)" waiting
tokens_pcscd_stop
tokens_pcscd
like "pcscd that starts again is survived, and told" "$(wait_end)" 'wait ok came left$'
tokens_pcscd_stop
"$PIV_CLI" wait 500 >wait.out 2>&1
like "without pcscd the time is waited out" "$(cat wait.out)" 'wait ok$'
tokens_pcscd
tokens_until 20 eval '[ "$(piv list | grep -c "^piv 28[23]")" -eq 10 ]'

# ---- another program holds it ----
hold() {
	rm -f hold.in hold.out; mkfifo hold.in; : > hold.out
	"$lib/hold.py" "$1" "$(token_reader 2821)" <hold.in >hold.out 2>&1 & HOLDER=$!
	exec 9>hold.in
	tokens_until 30 grep -q holding hold.out || sed 's/^/# hold: /' hold.out
}
release() { exec 9>&-; wait $HOLDER; }
piv_start 2821 pause unlock:$PIV_PIN:1 sign
piv_wait 1
hold transaction
piv_go
ok "while it is waited for, the person hears what holds it, at once" piv_said 30 '^busy 500: .* (process [0-9]*)'
ok "and again" piv_said 30 '^busy 2000: '
release
like "and it goes on when that is done" "$(piv_end)" 'busy 500: .*unlock ok.*sign ok$'
hold exclusive
like "one that another program has for itself is listed so" "$(piv list)" \
	'2821 .*\] another program uses it, probably [^ ]+ \(process [0-9]+\).*try again'
release
ok "and free afterwards" piv 2821 unlock:$PIV_PIN:1 sign

tap_end
