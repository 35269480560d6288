#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every fault in every operation of the FIDO2 driver ends that operation with an error that names
# the token, the cause and a remedy; nothing of a spoilt answer is used; and afterwards the token
# works as before.
set -u
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/tokens.sh"
. "$(dirname "$0")/../lib/fido.sh"

tokens_folder
"$SIMTOKEN" new --state 2601.json --serial 2601 --fido-pin $FIDO_PIN
tokens_start "$TOKENS_DIR" 2601
mkdir new
fido_make 2601 ada
U=unlock:$FIDO_PIN:3

# during STEPS-BEFORE STEP FAULT...: the line that STEP prints when the fault is set before it.
during() {
	local before=$1 step=$2; shift 2
	# shellcheck disable=SC2086
	piv_start 2601 bind:ada $before pause "$step"
	piv_wait 1
	token_control 2601 "$@" >/dev/null
	piv_go
	piv_end | sed -n '/^pause$/,$p' | grep "^${step%%:*} "
	token_control 2601 clear >/dev/null
	token_plug 2601 2>/dev/null
}
works() { fido 2601 bind:ada unlock:$FIDO_PIN:1 sign agree:share; }

gone='token 2601: it (was pulled out while in use: plug it in and run the command again|broke off in the middle of a command, or answered nonsense: pull it out, plug it in again)'
bad='token 2601: (its FIDO2 application refused a command|its answer is malformed, or none|its answer to .* is malformed|it answered (with more bytes|nothing that)|it refused .* \(CTAP status ..\)|its answer is not what was asked for|its answer lacks a part|it does not tell how many PIN tries|it answers for the enrolled credential, but not with its key|it did not compute its secret function|its secret function gave another|a token of another model|it has no FIDO2 application|PIN refused)'

# What each operation sends: STEPS-BEFORE, STEP, command.
faults() { # faults CLAIM BEFORE STEP INS
	local step=${3%%:*}
	like "$1: pulled at $4" "$(during "$2" "$3" unplug-at 1 "$4")" "^$step token-gone: $gone"
	like "$1: pulled after $4" "$(during "$2" "$3" unplug-after 1 "$4")" "^$step token-gone: $gone"
	like "$1: no byte in answer to $4" "$(during "$2" "$3" raw-reply "$4")" "^$step token(-gone)?: ($gone|$bad)"
	like "$1: one byte in answer to $4" "$(during "$2" "$3" raw-reply "$4" 90)" "^$step token(-gone)?: ($gone|$bad)"
	like "$1: status 6F00 to $4" "$(during "$2" "$3" status-word "$4" 6f00)" "^$step token: $bad"
	like "$1: an empty answer to $4" "$(during "$2" "$3" status-word "$4" 9000)" "^$step token: $bad"
	like "$1: garbage in answer to $4" "$(during "$2" "$3" raw-reply "$4" 00a0ff9000)" "^$step (token|token-absent|not-found|pin): $bad"
	case $4 in ctap:*) ;; *) return ;; esac
	like "$1: too short an answer to $4" "$(during "$2" "$3" short-reply "$4" 2)" "^$step (token|pin): $bad"
	like "$1: much too long an answer to $4" "$(during "$2" "$3" long-reply "$4" 5000)" "^$step token(-gone)?: ($gone|$bad)"
	like "$1: failure of $4" "$(during "$2" "$3" ctap-status "${4#ctap:}" 7f)" "^$step token: $bad"
}
faults info "" info ctap:04
faults info "" info ctap:06
faults unlock "" $U ctap:06
faults unlock "" $U ctap:02
faults make "$U" make:new ctap:06
faults make "$U" make:new ctap:01
faults derive "$U" derive:share ctap:02
faults sign "$U" sign ctap:06
faults sign "$U" sign ctap:02
faults change "" change:$FIDO_PIN:135790 ctap:06
ok "after all that the token works" works
is "and no PIN try was lost" "$(token_field 2601 fido_pin_tries)" 8
for ins in a4 f8; do
	like "info: pulled at $ins" "$(during "" info unplug-at 1 $ins)" "^info token-gone: $gone"
	like "info: status 6F00 to $ins" "$(during "" info status-word $ins 6f00)" \
		"^info (ok|token|token-absent|not-found)"
done

# A byte that differs, anywhere in an answer.
for byte in 3 20 38 45 90 140 170 190 200 230 260 290 320; do
	like "sign: byte $byte of the assertion flipped" "$(during "$U" sign flip-reply ctap:02 $byte)" "^sign token: $bad"
done
for byte in 2 10 30 50 70 90 120 160 200; do
	like "make: byte $byte of the registration flipped" "$(during "$U" make:new flip-reply ctap:01 $byte)" \
		"^make (token|refused): $bad|^make ok$"
done
ok "a token that told lies works afterwards" works

# Lies that are well-formed.
like "no UV" "$(during "$U" sign wrong-flags 02 04)" \
	"^sign token: token 2601: its answer is not what was asked for \(.*\): no PIN or fingerprint was given for it$"
like "no UP" "$(during "$U" sign wrong-flags 02 01)" 'nobody touched the token for it$'
like "a registration without UV" "$(during "$U" make:new wrong-flags 01 04)" \
	'^make token: token 2601: its answer is not what was asked for \(.*\): no PIN or fingerprint was given for the registration$'
like "an assertion instead of a registration" "$(during "$U" make:new wrong-flags 01 40)" '^make token: token 2601: '
like "another PRF than at the first touch" "$(during "$U derive:share" sign wrong-prf)" \
	'^sign token: token 2601: its secret function gave another result than at the touch before: it is broken, or verified the person at one touch and not at the other'
like "a credential denied while unlocking" "$(during "" $U ctap-status 02 2e)" '^unlock not-found: token 2601: it does not hold the credential'
for status in 27 2f 3a; do
	like "not touched: status $status" "$(during "$U" sign ctap-status 02 $status)" \
		'^sign touch: token 2601: it was not touched in time for: sign the approval; nothing was done'
done
like "blocked" "$(during "" $U ctap-status 06 32)" '^unlock (pin-blocked|token): token 2601: '
like "a PIN that must be changed" "$(during "" change:$FIDO_PIN:135790 ctap-status 06 37)" '^change (refused|token): token 2601: '
ok "after these lies it works" works

# No touch.
token_control 2601 touch never
token_control 2601 touch-timeout 300
piv_start 2601 bind:ada $U:1 sign derive:share pause sign
piv_wait 1
token_control 2601 touch auto
piv_go
out=$(piv_end)
like "no touch in time: signing" "$out" 'sign touch: token 2601: it was not touched in time for: sign the approval'
like "no touch in time: deriving" "$out" 'derive touch: token 2601: it was not touched in time for: derive the keys'
like "a touch that did not come may be asked for again" "$out" 'touch 1 of 3: sign the approval.touched.sign ok$'
token_control 2601 touch-timeout 15000
token_control 2601 touch manual
for step in sign make:new; do
	piv_start 2601 bind:ada "$U" $step
	ok "it waits: ${step%:*}" token_waits 2601
	token_unplug 2601
	like "pulled while it waits for a touch: ${step%:*}" "$(piv_end)" "${step%:*} token-gone: $gone"
	token_plug 2601
done
token_control 2601 touch auto

# Pulled and plugged in again, between and within.
like "plugged in again before unlock it is the same one" "$(
	piv_start 2601 bind:ada pause "$U" sign
	piv_wait 1
	token_unplug 2601
	token_plug 2601
	piv_go
	piv_end)" 'unlock ok.*sign ok$'
like "plugged in again after unlock it must be opened again" "$(
	piv_start 2601 bind:ada "$U" pause sign sign reopen bind:ada "$U" sign
	piv_wait 1
	token_unplug 2601
	token_plug 2601
	piv_go
	piv_end)" "sign token-gone: $gone.sign token-gone: token 2601: it was pulled out or reset.*reopen ok.*sign ok\$"
like "another token in the same reader gets no PIN" "$(during "" $U flip-reply f8 3)" \
	'^unlock token-absent: token 2601: it is no longer in reader .*: token 2600 is there now, and was not used'

# One that does not tell its serial.
for ins in f8 1d; do token_control 2601 status-word $ins 6d00; done
like "a token without serial number works" "$(fido 2601 bind:ada "$U" sign)" 'sign ok$'
like "but plugged in again before unlock it gets no PIN: it may be another" "$(
	piv_start 2601 bind:ada pause "$U" reopen bind:ada "$U" sign
	piv_wait 1
	token_unplug 2601
	token_plug 2601
	piv_go
	piv_end)" 'unlock token-absent: the FIDO2 token at .* 2601 .*: it was pulled out of .* meanwhile, and perhaps exchanged: the token there now was not used.*reopen ok.*sign ok$'
token_control 2601 clear

# The list.
for ins in ctap:04; do
	token_control 2601 status-word $ins 6f00
	like "a token that refuses $ins is listed with its trouble" "$(fido list)" \
		'^fido2 0 0\.0\.0 \[.* 2601 .*\] aaguid=0* its FIDO2 application refused a command \(6F00\).*list ok 1$'
	token_control 2601 clear
done
token_control 2601 status-word a4 6a82
like "a card without FIDO2 is not listed" "$(fido list)" '^list ok 0$'
token_control 2601 clear

# An answer without end.
like "an answer without end is given up" "$(during "$U" sign raw-reply any 6100)" \
	'^sign token: token 2601: it answered with more bytes than any answer may have'

# pcscd.
no_service='pcscd does not answer \(any more\) at .*/pcscd.comm, so no token can be reached: install pcscd if it is missing, run "systemctl start pcscd.socket", and try again'
piv_start 2601 bind:ada "$U" pause sign info pause reopen bind:ada "$U" sign
piv_wait 1
tokens_pcscd_stop
piv_go
piv_wait 2
like "without pcscd the list says so, and what helps" "$(fido list)" "^list token: $no_service"
tokens_pcscd
tokens_until 10 eval 'fido list | grep -q "^fido2 2601"'
piv_go
out=$(piv_end)
for step in sign info; do
	like "pcscd ended before: $step" "$out" "$step token(-gone)?: token 2601: ($no_service|it was pulled out)"
done
like "with pcscd back, the token can be opened again" "$out" 'reopen ok.bind ok.unlock ok.touch 1 of 3: sign the approval.touched.sign ok$'

tap_end
