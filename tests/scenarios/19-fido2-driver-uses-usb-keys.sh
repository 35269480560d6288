#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The FIDO2 driver finds USB keys, makes credentials, signs and derives keys on them through
# libfido2's own HID code, without any pcscd; and whatever such a key does wrong ends in an error
# that says what helps, after which it works again.
set -u
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/tokens.sh"
. "$(dirname "$0")/../lib/fido.sh"
. "$(dirname "$0")/../lib/hid.sh"

for tool in umockdev-run umockdev-wrapper; do
	command -v $tool >/dev/null || { echo "1..0 # SKIP $tool is not installed"; exit 0; }
done
stranger=$(readlink -f "$(dirname "$0")/../lib/fido2_stranger.py")
tokens_folder
mkdir ada
"$SIMTOKEN" new --state 1901.json --serial 1901 --fido-pin $FIDO_PIN
hid_start 1901 1902
U=unlock:$FIDO_PIN
model=4e4f542041205245414c20544f4b454e
at='the FIDO2 token at /dev/hidraw900'
works() { hid 900 bind:ada $U:1 sign agree:share; }

# Debian's tools agree that the mocked devices are USB keys.
like "fido2-token finds both" "$(hid_program fido2-token -L)" \
	'/dev/hidraw900: vendor=0x1050, product=0x0407 \(Halligan Simulated USB key\).*/dev/hidraw901: '
info=$(hid_program fido2-token -I /dev/hidraw900 2>&1)
like "it speaks CTAPHID" "$info" 'proto: 0x02.*caps: 0x0c \(nowink, cbor, nomsg\)'
like "and CTAP 2.1" "$info" "FIDO_2_1.*hmac-secret.*aaguid: $model.*fwversion: 0x50704.*pin retries: 8"

# List and info.
list=$(hid_list)
like "both are listed, without pcscd" "$list" "fido2 0 5\.7\.4 \[/dev/hidraw900\] aaguid=$model .fido2 0 5\.7\.4 \[/dev/hidraw901\] aaguid=$model .list ok 2\$"
like "what it is" "$(hid 900 info)" \
	"aaguid=$model serial=0 firmware=5\.7\.4 pin=8/8 missing=0 uv=0 replug=0 keys=000.info ok"
like "what one without PIN is" "$(hid 901 info)" 'pin=-1/-1 missing=1'
ok "which is given one" hid 901 change::1357
like "and another" "$(hid 901 change:1357:$FIDO_PIN $U:1)" 'change ok.unlock ok$'

# Making, deriving, signing.
like "a credential is made and its keys derived" "$(hid 900 $U:2 make:ada derive:share derive:release info)" \
	'touch 1 of 2: make the credential.touched.make ok.touch 2 of 2: derive the keys.touched.share=04[0-9a-f]{128} .derive ok.release=04[0-9a-f]{128} .derive ok.*keys=111'
is "that were two touches" "$(token_field 1901 touches)" 2
ok "a stranger verifies what was made" "$stranger" attestation ada
like "it is bound, and signs, and agrees without a touch more" "$(hid 900 bind:ada $U:1 sign agree:share agree:release)" \
	'bind ok.unlock ok.touch 1 of 1: sign the approval.touched.sign ok.agree ok.agree ok$'
derived=$(hid 900 bind:ada $U:1 derive:share derive:release | grep -o '^[a-z]*=04[0-9a-f]*')
is "a stranger derives the same keys, by python3-fido2's own HID code" \
	"$(hid_program /usr/bin/python3 "$stranger" keys /dev/hidraw900 ada $FIDO_PIN)" "$derived"
like "another key does not hold the credential" "$(hid 901 bind:ada $U:1)" \
	'unlock not-found: the FIDO2 token at /dev/hidraw901: it does not hold the credential'

blinks() { tokens_until 20 eval '[ "$(token_field 1901 touch_waiting)" = true ]'; }
still() { tokens_until 20 eval '[ "$(token_field 1901 touch_waiting)" = false ]'; }

# Touch.
token_control 1901 touch manual >/dev/null
hid_steps 900 bind:ada $U:1 sign
ok "it blinks" blinks
ok "one is told that it waits" piv_said 20 '^waiting 2000'
like "meanwhile others see that it is used" "$(hid_list)" 'fido2 0 0\.0\.0 \[/dev/hidraw900\] aaguid=0* another program uses it'
token_touch 1901 >/dev/null
like "and goes on at the touch" "$(piv_end)" 'touch 1 of 1: sign the approval.waiting 1000.*touched.sign ok$'
ok "the key said all the time that it waits" grep -q '^< ........bb000102' hidraw900.log
token_control 1901 touch never >/dev/null
token_control 1901 touch-timeout 300 >/dev/null
hid_steps 900 bind:ada $U:1 sign pause sign
piv_wait 1
token_control 1901 touch auto >/dev/null
piv_go
like "no touch in time is told, and may be asked for again" "$(piv_end)" \
	"sign touch: $at: it was not touched in time for: sign the approval; nothing was done.*sign ok\$"

# Whoever asked for a touch has ended.
token_control 1901 touch manual >/dev/null
token_control 1901 touch-timeout 5000 >/dev/null
hid_steps 900 bind:ada $U:1 sign
blinks
piv_kill
tokens_until 10 eval '! kill -0 "$(cat one.pid)" 2>/dev/null'
is "it still blinks for a command that was killed" "$(token_field 1901 touch_waiting)" true
like "the next command waits for the end of that" "$(hid 900 bind:ada $U:1 info)" 'unlock ok.*info ok$'
token_control 1901 touch-timeout 60000 >/dev/null
hid_steps 900 bind:ada $U:1 sign
blinks
piv_kill
tokens_until 10 eval '! kill -0 "$(cat one.pid)" 2>/dev/null'
like "one that blinks longer says what helps" "$(hid_list)" \
	'fido2 0 0\.0\.0 \[/dev/hidraw900\] aaguid=0* it takes no commands: another program, or one that has ended, waits for its touch \(touch it'
token_touch 1901 >/dev/null
still

# A touch that the key never gives up waiting for.
hid_steps 900 bind:ada $U:1 sign pause sign
blinks
sent=$(grep -c '^> 00........91' hidraw900.log)
ok "after 40 s the driver gives up" tokens_until 90 piv_pausing 1
like "and says so" "$(cat one.out)" "sign touch: $at: it was not touched in time: nothing was done"
token_control 1901 touch auto >/dev/null
piv_go
like "the answer that may still come is not taken for the next one" "$(piv_end)" 'sign ok$'
is "since the key was told to give up" "$(($(grep -c '^> 00........91' hidraw900.log) - sent))" 1
token_control 1901 touch-timeout 15000 >/dev/null

# Broken keys.  during STEPS STEP FAULT...: what STEP says of it; then the key is well again.
bad="its answer is malformed, or none: the token or its reader is broken, or lies; pull it out, plug it in again, and run the command again"
slow="it did not answer within 10 seconds: pull it out, plug it in again, and run the command again"
during() {
	# shellcheck disable=SC2086
	hid_steps 900 bind:ada $1 pause $2 pause $2
	piv_wait 1
	hid_fault 900 "${@:3}"
	piv_go
	piv_wait 2
	hid_well 900
	piv_go
	piv_end | sed -n '/^pause$/,$p'
}
for kind in garbage command sequence short long error; do
	like "an assertion spoilt: $kind" "$(during $U:2 sign $kind 02)" "touch 1.*sign token: $at: $bad.pause.pause ok.touch 2.*sign ok\$"
	like "facts spoilt: $kind" "$(hid_fault 900 $kind 04; hid_list; hid_well 900)" \
		'fido2 0 0\.0\.0 \[/dev/hidraw900\] aaguid=0* it takes no commands.*fido2 0 5\.7\.4 \[/dev/hidraw901\].*list ok 2$'
done
like "a registration spoilt" "$(during $U:2 make:ada sequence 01)" "make token: $at: $bad.pause.*make ok\$"
for kind in garbage short error; do
	like "no channel to be had: $kind" "$(hid_fault 900 $kind init; hid_list; hid_well 900)" \
		'fido2 0 0\.0\.0 \[/dev/hidraw900\] aaguid=0* it takes no commands.*fido2 0 5\.7\.4 \[/dev/hidraw901\].*list ok 2$'
done
like "a key that goes on refusing is told of" "$(during "" info error 04)" "info token: $at: it takes no commands.*pause ok.*info ok\$"
for kind in silence alive; do
	like "no end of an answer: $kind" "$(during "" info $kind 04)" "info token: $at: $slow.pause.pause ok.*info ok\$"
done
like "nor while a PIN is asked" "$(during "" $U:1 silence 06)" "unlock token: $at: $slow.pause.pause ok.unlock ok\$"
ok "after all that it works" works
is "and no PIN try was lost" "$(token_field 1901 fido_pin_tries)" 8

# Which of two is meant.
for serial in 1901 1902; do token_control $serial touch manual >/dev/null; done
hid_program "$PIV_CLI" choose 60000 > chosen 2>&1 &
tokens_until 20 eval '[ "$(token_field 1902 touch_waiting)" = true ]'
ok "both blink" blinks
touches=$(token_field 1901 touches)
token_touch 1902 >/dev/null
wait $!
is "the one that is touched is chosen" "$(cat chosen)" "chosen /dev/hidraw901"$'\n'"choose ok"
ok "the other stops blinking" still
is "nothing was touched there" "$(token_field 1901 touches)" "$touches"
like "both work at once afterwards" "$(hid_list)" 'hidraw900\] aaguid=4e.*hidraw901\] aaguid=4e.*list ok 2$'
like "none is touched: none is chosen" "$(hid_program "$PIV_CLI" choose 500)" '^choose touch: none of the 2 tokens was touched in time'
both_free() { [ "$(hid_list | grep -o 'hidraw90[01]\] aaguid=4e' | wc -l)" = 2 ]; }
ok "both give up blinking" tokens_until 20 both_free
hid_program "$PIV_CLI" choose 60000 > chosen 2>&1 &
blinks
hid_unplug 1902 901
token_touch 1901 >/dev/null
wait $!
is "one that is pulled meanwhile does not matter" "$(cat chosen)" "chosen /dev/hidraw900"$'\n'"choose ok"
hid_plug 1902 901
for serial in 1901 1902; do token_control $serial touch auto >/dev/null; done
touch hidraw901.denied
like "a node that one may not use is listed with what helps" "$(hid_list)" \
	'\[/dev/hidraw901\] aaguid=0* this user may not use /dev/hidraw901: install Halligan'
rm hidraw901.denied

# Coming and going.
gone="$at: it was pulled out while in use: plug it in and run the command again"
token_control 1901 touch manual >/dev/null
for step in sign make:ada; do
	hid_steps 900 bind:ada $U:1 $step info
	blinks
	hid_unplug 1901 900
	like "pulled while it waits for a touch: ${step%:*}" "$(piv_end)" "${step%:*} token-gone: $gone.info token-gone: $at: it was pulled out or reset"
	like "then only the other is listed" "$(hid_list)" '^fido2 0 5\.7\.4 \[/dev/hidraw901\] [^[]*list ok 1$'
	hid_plug 1901 900
done
token_control 1901 touch auto >/dev/null
hid_steps 900 bind:ada $U:1 pause sign reopen bind:ada $U:1 sign
piv_wait 1
hid_unplug 1901 900
hid_plug 1901 900
piv_go
like "plugged in again it must be opened again" "$(piv_end)" "sign token-gone: $gone.*reopen ok.*sign ok\$"
hid_steps 900 bind:ada pause $U:1
piv_wait 1
hid_unplug 1901 900
hid_plug 1901 900
piv_go
like "and gets no PIN before: it may be another" "$(piv_end)" \
	"unlock token-absent: $at: it was pulled out of /dev/hidraw900 meanwhile, and perhaps exchanged: the token there now was not used"
hid_steps 901 wait:30000 wait:30000
sleep 1 # so that it waits
hid_unplug 1901 900
ok "a key that is pulled is noticed" piv_said 30 '^changed'
sleep 1
hid_plug 1901 900
like "and one that is plugged in" "$(piv_end)" 'changed.wait ok.changed.wait ok$'

# Tries.
like "a wrong PIN says what is left" "$(hid 900 bind:ada unlock:111111:1)" "unlock pin: $at: PIN refused, 7 tries left; its FIDO2 PIN"
hid 900 unlock:111111:1 >/dev/null
like "after three it must be plugged in again" "$(hid 900 unlock:111111:1)" \
	"unlock pin-blocked: $at: it takes no more PINs until it is plugged in again \(three wrong ones in a row\)"
like "until then the right PIN does not help" "$(hid 900 bind:ada $U:1)" "unlock pin-blocked: $at: it takes no more PINs until"
is "and costs no try" "$(token_field 1901 fido_pin_tries)" 5
hid_unplug 1901 900
hid_plug 1901 900
ok "then it does" works
is "and all tries are back" "$(token_field 1901 fido_pin_tries)" 8

tap_end
