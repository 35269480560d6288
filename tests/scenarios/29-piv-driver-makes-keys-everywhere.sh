#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# On every firmware, with every kind of management key, known, protected or the factory's: keys are
# made, used, attested; PIN and PUK are changed; and a token that is pulled while it is given another
# management key can still be managed.
set -u
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/tokens.sh"
. "$(dirname "$0")/../lib/piv.sh"

export TOKENS_PIN=$PIV_PIN TOKENS_PUK=97531864
PUK=$TOKENS_PUK
tokens_folder
# When it cannot connect, ykman kills every scdaemon of the machine: not here.
mkdir bin
printf '#!/bin/sh\nexit 1\n' > bin/pkill
chmod 755 bin/pkill
export HOME=$TOKENS_DIR PYTHONWARNINGS=ignore
ykman_of() {
	local reader
	reader=$(token_reader "$1"); shift
	PATH=$TOKENS_DIR/bin:$PATH ykman -r "$reader" piv "$@" </dev/null
}

# seen SERIAL INS: how often the card has seen it.
seen() { token_control "$1" status | sed -n "s/.*\"$2\":\([0-9]*\).*/\1/p" | grep . || echo 0; }

# ---- the table: firmware, kind of management key (its number, bytes), does it tell its keys? ----
key_of() { printf '5a%.0s' $(seq "$1"); }
table="2901 4.3.5 3 24 no
2902 5.4.3 3 24 yes
2903 5.4.3 8 16 yes
2904 5.4.3 10 24 yes
2905 5.4.3 12 32 yes
2906 5.7.4 3 24 yes
2907 5.7.4 8 16 yes
2908 5.7.4 10 24 yes
2909 5.7.4 12 32 yes"
serials=()
while read -r serial firmware kind size tells; do
	"$SIMTOKEN" new --state "$TOKENS_DIR/$serial.json" --serial "$serial" --firmware "$firmware" \
		--pin $PIV_PIN --puk $PUK
	sed -i -E "s/(\"management\":\{)[^}]*/\1\"algorithm\":$kind,\"key\":\"$(key_of "$size")\",\"touch\":false/" \
		"$TOKENS_DIR/$serial.json"
	serials+=("$serial")
done <<< "$table"
tokens_start "$TOKENS_DIR" "${serials[@]}"
is "all nine are listed at once" "$(piv list | grep -c '^piv 290')" 9

while read -r serial firmware kind size tells <&8; do
	name="$firmware, kind $kind"; key=$(key_of "$size"); over=
	[ "$tells" = yes ] || over=:over
	like "$name: the factory's key is not the right one" "$(piv "$serial" generate:sign$over)" \
		"generate refused: token $serial: its management key is not the factory's: give it"
	ok "$name: keys are made with the right one" piv "$serial" "generate:sign$over:$key" "generate:share$over:$key"
	out=$(piv "$serial" holds)
	like "$name: and are known" "$out" 'slot 82 (metadata|attested) 0 \[a key that was made on it\] 04'
	like "$name: never overwritten unasked" "$(piv "$serial" "generate:sign:$key")" \
		"generate exists: token $serial: slot 82 holds a key already \(a key that was made on it\)"
	ok "$name: list, info, unlock, sign, agree, attest" piv "$serial" info unlock:$PIV_PIN:2 sign agree:share attest:sign:.
	is "$name: the attested key is the known one" \
		"$(openssl x509 -inform DER -in slot.der -noout -pubkey | openssl pkey -pubin -outform DER | tail -c 65 | od -An -v -tx1 | tr -d ' \n')" \
		"$(sed -n 's/^slot 82 .*\] //p' <<< "$out")"
	ok "$name: the key is protected by the PIN" piv "$serial" unlock:$PIV_PIN:0 "protect:$key"
	like "$name: which is told" "$(piv "$serial" info)" 'protected=1'
	like "$name: the old one is not valid any more" "$(piv "$serial" "generate:release$over:$key")" \
		'generate (refused|invalid): '
	like "$name: without the PIN nothing is made" "$(piv "$serial" generate:release$over)" \
		"generate refused: token $serial: its management key is not the factory's but lies behind its PIN: unlock it first"
	ok "$name: with it the key is found" piv "$serial" unlock:$PIV_PIN:1 generate:release$over agree:release
	ok "$name: it is changed again" piv "$serial" unlock:$PIV_PIN:0 protect protect
	ok "$name: ykman finds it too" ykman_of "$serial" keys generate -a ECCP256 -P $PIV_PIN 9a public.pem
	ok "$name: PIN, PUK" piv "$serial" change:pin:$PIV_PIN:864209 change:puk:$PUK:86420975 unlock:864209:1 sign
	ok "$name: and a new PIN with the PUK" piv "$serial" change:unblock:86420975:97zq31 unlock:97zq31:1 sign
	ok "$name: ykman agrees" ykman_of "$serial" access change-pin -P 97zq31 -n $PIV_PIN
done 8<<< "$table"
for serial in 2904 2908; do
	is "AES stays what it was ($serial)" "$(piv $serial info | sed -n 's/.*management=\(..\).*/\1/p')" 0a
done
for serial in 2905 2909; do
	is "AES-256 stays what it was ($serial)" "$(piv $serial info | sed -n 's/.*management=\(..\).*/\1/p')" 0c
done
is "3DES becomes AES-192 where the firmware can" "$(piv 2902 info | sed -n 's/.*management=\(..\).*/\1/p')" 0a

# ---- changing, refused ----
V=$PIV_PIN
changes() { # SERIAL WHAT OLD NEW PATTERN CLAIM
	like "$6" "$(piv "$1" "change:$2:$3:$4")" "change $5"
}
before=$(seen 2908 24)
changes 2908 pin $V 123456 "refused: token 2908: the new PIV PIN is the factory's, which everybody knows; nothing was changed and no try was spent" "the factory PIN is no new PIN"
changes 2908 puk 86420975 12345678 "refused: token 2908: the new PIV PUK is the factory's" "nor is the factory PUK a new PUK"
changes 2908 pin $V 7777777 "refused: token 2908: the new PIV PIN is one character throughout" "nor is one character"
changes 2908 pin $V 456789 "refused: token 2908: the new PIV PIN only counts up or down" "nor a row"
changes 2908 pin $V 987654 "refused: token 2908: the new PIV PIN only counts up or down" "nor one that goes down"
changes 2908 pin $V "$V" "refused: token 2908: the new PIV PIN is the same" "nor the old one"
changes 2908 pin $V 97531 "invalid: token 2908: a PIV PIN has 6 to 8 characters" "nor one that is too short"
changes 2908 pin 1234 975318 "invalid: token 2908: a PIV PIN has 6 to 8 characters" "an old one that can be none is not sent"
is "none of them reached the card" "$(seen 2908 24)" "$before"
token_control 2908 status-word 24 6985
changes 2908 pin $V 975318 "refused: token 2908: its own rules forbid the new PIN \(6985: too simple" "the rules of the token itself are explained"
token_control 2908 clear
changes 2908 pin 111112 975318 "pin: token 2908: PIN refused, 2 tries left; nothing was changed" "a wrong PIN says the tries left"
changes 2908 pin 111112 975318 "pin: token 2908: PIN refused, 1 try left" "and again"
changes 2908 pin "$V" 975318 "pin-blocked: token 2908: 1 try of its PIV PIN is left and was not spent" "the last try is not spent"
is "it is still there" "$(token_field 2908 pin_tries)" 1
ok "unlocking with it gives all back" piv 2908 unlock:$V:0:last
changes 2908 puk 11111112 86420977 "pin: token 2908: PUK refused, 2 tries left" "a wrong PUK says the tries left"
changes 2908 unblock 11111112 975318 "pin: token 2908: PUK refused, 1 try left" "as at unblocking"
changes 2908 unblock 86420975 975318 "pin-blocked: token 2908: 1 try of its PIV PUK is left and was not spent" "the last try of the PUK is not spent"
for n in 1 2 3; do ykman_of 2907 access change-pin -P 11111112 -n 975318 >/dev/null 2>&1; done
changes 2907 pin "$V" 975318 "pin-blocked: token 2907: its PIV PIN is blocked: no try is left; unblock it with the PUK" "a blocked PIN is told"
ok "and unblocked" piv 2907 change:unblock:86420975:975318 unlock:975318:1 sign
for n in 1 2 3; do piv 2901 change:puk:11111112:86420977; done > puk.out
like "a PUK whose tries are not told before is told after" "$(cat puk.out)" \
	'PUK refused, 2 tries left.*PUK refused, 1 try left.*pin-blocked: token 2901: its PIV PUK is blocked'

# ---- pulled while its management key is changed ----
# The writes of protect, and what each is seen by: DB (twice or three times), FF.
pull() { # SERIAL HOW N INS
	local out
	piv_start "$1" unlock:$V:0 pause protect
	piv_wait 1
	token_control "$1" "$2" "$3" "$4"
	piv_go
	out=$(piv_end)
	token_control "$1" clear
	token_plug "$1"
	like "$1: $2 $3 $4: is told" "$out" 'protect token-gone'
	ok "$1: it can still be managed" piv "$1" unlock:$V:0 generate:release:over
	ok "$1: and protected at last" piv "$1" unlock:$V:0 protect generate:release:over
	ok "$1: as ykman finds" ykman_of "$1" keys generate -a ECCP256 -P $V 9a public.pem
}
for serial in 2902 2901; do
	for how in unplug-at unplug-after; do
		for n in 1 2 3; do pull $serial $how $n db; done
		pull $serial $how 1 ff
		for n in 2 4; do pull $serial $how $n 87; done
	done
done
tokens_stop
for serial in 2911 2912; do
	[ $serial = 2911 ] && firmware=5.7.4 || firmware=4.3.5
	"$SIMTOKEN" new --state "$TOKENS_DIR/$serial.json" --serial $serial --firmware $firmware --pin $V --puk $PUK
done
tokens_start "$TOKENS_DIR" 2911 2912
for serial in 2911 2912; do # from the factory's key
	"$SIMTOKEN" control "$TOKENS_DIR/$serial.ctl" clear
	for step in "unplug-after 1 db" "unplug-after 1 ff"; do
		# shellcheck disable=SC2086
		pull $serial $step
	done
done
token_control 2911 status-word ff 6985
like "a token that refuses another key keeps the old one" "$(piv 2911 unlock:$V:0 protect)" \
	'protect token: token 2911: it refused another management key; the old one is valid'
token_control 2911 clear
ok "and can be managed" piv 2911 unlock:$V:0 generate:sign
ok "by ykman, too" ykman_of 2911 keys generate -a ECCP256 -P $V 9a public.pem

# ---- every fault in what changes a token is told, with its name and what helps ----
gone='token 2911: it (was pulled out while in use: plug it in and run the command again|broke off in the middle of a command, or answered nonsense: pull it out, plug it in again)'
bad='token 2911: it refused .*: .* \(6F00\); if it does so again, another token must be used'
during() { # STEP INS FAULT...
	local step=$1 ins=$2 before=; shift 2
	[ "${step%%:*}" != protect ] || before=unlock:$V:0
	# shellcheck disable=SC2086
	piv_start 2911 $before pause "$step"
	piv_wait 1
	token_control 2911 "$@"
	piv_go
	piv_end | sed -n '/^pause$/,$p' | grep "^${step%%:*} "
	token_control 2911 clear
	token_plug 2911 2>/dev/null
}
for row in protect:20 protect:cb protect:87 protect:db protect:ff change:pin:$V:975318:24 \
	change:puk:$PUK:86420977:24 change:unblock:$PUK:975318:2c change:pin:$V:975318:f7; do
	step=${row%:*}; ins=${row##*:}
	like "$step: pulled at $ins" "$(during "$step" "$ins" unplug-at 1 "$ins")" "^${step%%:*} token-gone: $gone"
	like "$step: no byte in answer to $ins" "$(during "$step" "$ins" raw-reply "$ins")" "^${step%%:*} token-gone: $gone"
	like "$step: status 6F00 to $ins" "$(during "$step" "$ins" status-word "$ins" 6f00)" "^${step%%:*} token: $bad"
done
ok "after all that the token works, and PIN and management key are what they were" \
	piv 2911 unlock:$V:1 generate:sign:over sign protect
is "with all tries" "$(token_field 2911 pin_tries) $(token_field 2911 puk_tries)" "3 3"

# ---- a certificate means that somebody uses the slot ----
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -subj '/O=Acme/CN=Ada "A" Lovelace' \
	-days 9 -out certificate.pem 2>/dev/null
ok "another program puts a certificate into an empty slot" ykman_of 2911 certificates import -P $V 83 certificate.pem
like "it is in use then, and by whom" "$(piv 2911 unlock:$V:0 generate:share)" \
	'generate exists: token 2911: slot 83 is in use \(the certificate of CN=Ada .A. Lovelace\), and no key was made'
like "as information tells" "$(piv 2911 holds)" 'slot 83 metadata 1 \[the certificate of CN=Ada .A. Lovelace\]'
ok "unless that is chosen" piv 2911 unlock:$V:0 generate:share:over
like "the certificate of what is gone is gone" "$(piv 2911 holds)" 'slot 83 metadata 0 \[a key that was made on it\]'
ok "without metadata, too: a certificate" ykman_of 2912 certificates import -P $V 83 certificate.pem
like "names the key, and is not overwritten" "$(piv 2912 unlock:$V:0 holds generate:share)" \
	"slot 83 certified 1 \[perhaps a key, which it does not tell, and the certificate of CN=Ada .A. Lovelace\] $(openssl pkey -in key.pem -pubout -outform DER | tail -c 65 | od -An -v -tx1 | tr -d ' \n').*generate exists: token 2912: slot 83 is in use"

# ---- a management key that is made from the PIN, as in former times ----
printf '\x80\x15\x81\x01\x00\x82\x100123456789abcdef' > derived
ok "another program makes the management key from the PIN" ykman_of 2912 objects import -P $V 0x5fff00 derived
before=$(seen 2912 24)
changes 2912 pin "$V" 975318 "refused: token 2912: its management key is made from its PIN, and another PIN would lose it" "another PIN would lose it"
is "so it is not changed" "$(seen 2912 24)" "$before"

# ---- something else in the printed object ----
printf '\x01\x04\x41\x64\x61\x20' > printed
ok "a badge's printed information" ykman_of 2911 objects import -P $V 0x5fc109 printed
like "is not overwritten" "$(piv 2911 unlock:$V:0 protect)" \
	'protect exists: token 2911: its object 5FC109 holds something that is no management key, and was left as it is'

tap_end
