#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every fault in every operation ends that operation with an error that names the token, the cause
# and a remedy; nothing of a spoilt answer is used; and afterwards the token works as before.
set -u
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/tokens.sh"
. "$(dirname "$0")/../lib/piv.sh"

export TOKENS_PIN=$PIV_PIN
tokens_folder
tokens_start "$TOKENS_DIR" 2201
piv 2201 generate:sign generate:share >/dev/null
U=unlock:$PIV_PIN:3

# during STEPS-BEFORE STEP FAULT...: the line that STEP prints when the fault is set before it.
during() {
	local before=$1 step=$2; shift 2
	# shellcheck disable=SC2086
	piv_start 2201 $before pause "$step"
	piv_wait 1
	token_control 2201 "$@" >/dev/null
	piv_go
	piv_end | sed -n '/^pause$/,$p' | grep "^${step%%:*} "
	token_control 2201 clear >/dev/null
	token_plug 2201 2>/dev/null
}
works() { piv 2201 unlock:$PIV_PIN:2 sign agree:share; }

# The commands of each operation: steps before, step, instruction.
operations="info:-:info:a4
info:-:info:f8
info:-:info:f7
unlock:-:$U:a4
unlock:-:$U:f8
unlock:-:$U:f7
unlock:-:$U:20
sign:$U:sign:87
agree:$U:agree|share:87
attest:-:attest|sign|.:f9
attest:-:attest|sign|.:cb
generate:-:generate|share|over:f7
generate:-:generate|share|over:87
generate:-:generate|share|over:47"
each() { # each FUNCTION: with NAME BEFORE STEP INS
	local name rest before step ins
	while IFS= read -r rest; do
		name=${rest%%:*}; rest=${rest#*:}
		ins=${rest##*:}; rest=${rest%:*}
		case $rest in
		-:*) before=; step=${rest#-:} ;;
		*) before=$U; step=${rest#"$U":} ;;
		esac
		"$1" "$name" "$before" "${step//|/:}" "$ins"
	done <<< "$operations"
}

gone='token 2201: it (was pulled out while in use: plug it in and run the command again|broke off in the middle of a command, or answered nonsense: pull it out, plug it in again)'
bad='token 2201: (it refused .*: .* \(6F00\); if it does so again, another token must be used|its answer to .* is malformed: the token or its reader is broken, or lies; nothing of it was used|it answered with more bytes than any answer may have)'

faults() {
	like "$1: pulled at $4" "$(during "$2" "$3" unplug-at 1 "$4")" "^$1 token-gone: $gone"
	like "$1: pulled after $4" "$(during "$2" "$3" unplug-after 1 "$4")" "^$1 token-gone: $gone"
	like "$1: no byte in answer to $4" "$(during "$2" "$3" raw-reply "$4")" "^$1 token-gone: $gone"
	like "$1: one byte in answer to $4" "$(during "$2" "$3" raw-reply "$4" 90)" "^$1 token(-gone)?: $gone"
	like "$1: status 6F00 to $4" "$(during "$2" "$3" status-word "$4" 6f00)" "^$1 token: $bad"
	case $4 in a4 | 20) return ;; esac # these have no data to spoil
	like "$1: an empty answer to $4" "$(during "$2" "$3" status-word "$4" 9000)" "^$1 token: $bad"
	like "$1: too short an answer to $4" "$(during "$2" "$3" short-reply "$4" 2)" "^$1 token: $bad"
	like "$1: too long an answer to $4" "$(during "$2" "$3" long-reply "$4" 1)" "^$1 token: $bad"
	like "$1: much too long an answer to $4" "$(during "$2" "$3" long-reply "$4" 5000)" "^$1 token-gone: $gone"
	[ "$4" = f8 ] ||
		like "$1: a wrong byte in the answer to $4" "$(during "$2" "$3" flip-reply "$4" 0)" "^$1 token: $bad"
}
each faults
ok "after all that the token works" works
is "and no PIN try was lost" "$(token_field 2201 pin_tries)" 3

like "a wrong serial is noticed" "$(during "" info flip-reply f8 3)" \
	'^info token-absent: token 2201: it is no longer in reader .*: token 2200 is there now, and was not used'
like "a signature that does not verify is not handed out" "$(during "$U" sign flip-reply 87 20)" \
	'^sign token: token 2201: its signature does not verify with its own key'
like "a key that is not what was asked for is not taken" "$(during "" generate:release flip-reply f7 6)" \
	'^generate token: token 2201: the key that it made in slot 84 is not the one asked for'
for word in 6982 6600; do
	like "$word to an operation says both causes" "$(during "$U" sign status-word 87 $word)" \
		"^sign touch: token 2201: it was not touched within its 15 seconds \(or lost its PIN state, $word\) for: sign the approval; nothing was done; run the command again and touch it when it blinks"
done
like "a lost PIN state is told from it" \
	"$(piv_start 2201 "$U" pause sign; piv_wait 1; token_control 2201 status-word 87 6982; token_control 2201 status-word 20 63c3; piv_go; piv_end; token_control 2201 clear)" \
	'sign token: token 2201: it lost its PIN state \(or was not touched'
like "a card that does not tell its tries gets no PIN" \
	"$(piv_start 2201 pause "$U"; piv_wait 1; token_control 2201 status-word f7 6d00; token_control 2201 status-word 20 6f00; piv_go; piv_end; token_control 2201 clear)" \
	'unlock token: token 2201: it does not tell how many PIN tries are left, so the PIN was not sent'

like "an answer without end is given up" "$(during "$U" sign raw-reply any 6100)" \
	'^sign token-gone: token 2201: it did not come to an end with a command: pull it out'

# No touch.
token_control 2201 touch never
token_control 2201 touch-timeout 300
piv_start 2201 unlock:$PIV_PIN:1 sign agree:share pause sign
piv_wait 1
token_control 2201 touch auto
piv_go
out=$(piv_end)
like "no touch in time: signing" "$out" 'sign touch: token 2201: it was not touched within its 15 seconds'
like "no touch in time: agreeing" "$out" 'agree touch: token 2201: it was not touched within its 15 seconds'
like "a touch that did not come may be asked for again" "$out" 'touch 1 of 1: sign the approval.touched.sign ok$'
token_control 2201 touch-timeout 15000
token_control 2201 touch manual
for step in sign agree:share; do
	piv_start 2201 "$U" $step
	tokens_until 10 eval '[ "$(token_field 2201 touch_waiting)" = true ]'
	token_unplug 2201
	like "pulled while it waits for a touch: ${step%:*}" "$(piv_end)" "${step%:*} token-gone: $gone"
	token_plug 2201
done
token_control 2201 touch auto

# The list.
for ins in a4 fd f8; do
	token_control 2201 status-word $ins 6f00
	like "a token that refuses $ins is listed with its trouble" "$(piv list)" \
		'^piv 0 0\.0\.0 \[.* 2201 .*\] it refused .* \(6F00\).*list ok 1$'
	token_control 2201 clear
	token_control 2201 unplug-at 1 $ins
	like "one that is pulled at $ins, too" "$(piv list)" '^piv 0 0\.0\.0 \[.* 2201 .*\] it was pulled out.*list ok 1$'
	token_control 2201 clear
	token_plug 2201
done
token_control 2201 status-word a4 6a82
like "one without PIV says so" "$(piv list)" 'it has no PIV application: not a PIV token, or PIV is switched off'
token_control 2201 clear
ok "and the list is well afterwards" eval 'piv list | grep "^piv 2201 5.7.4"'

# A token whose process died, and one that comes back.
piv_start 2201 "$U" pause sign reopen "$U" sign
piv_wait 1
token_kill 2201
tokens_until 10 tokens_gone "$(cat 2201.pid)"
token_run 2201
tokens_until 10 eval 'piv list | grep -q "^piv 2201"'
piv_go
like "a token that broke and came back must be opened again" "$(piv_end)" \
	"sign token-gone: $gone.*reopen ok.unlock ok.*sign ok\$"

# pcscd.
no_service='pcscd does not answer \(any more\) at .*/pcscd.comm, so no token can be reached: install pcscd if it is missing, run "systemctl start pcscd.socket", and try again'
piv_start 2201 "$U" pause sign info attest:sign:. generate:share:over pause reopen "$U" sign
piv_wait 1
tokens_pcscd_stop
piv_go
piv_wait 2
like "without pcscd the list says so, and what helps" "$(piv list)" "^list token: $no_service"
tokens_pcscd
tokens_until 10 eval 'piv list | grep -q "^piv 2201"'
piv_go
out=$(piv_end)
for step in sign info attest generate; do
	like "pcscd ended before: $step" "$out" "$step token(-gone)?: token 2201: ($no_service|it was pulled out)"
done
like "with pcscd back, the token can be opened again" "$out" 'reopen ok.unlock ok.touch 1 of 3: sign the approval.touched.sign ok$'
token_control 2201 touch manual
piv_start 2201 "$U" sign
tokens_until 10 eval '[ "$(token_field 2201 touch_waiting)" = true ]'
kill -KILL "$(pgrep -P "$TOKENS_PCSCD" || echo "$TOKENS_PCSCD")" 2>/dev/null
like "pcscd killed in the middle of an operation" "$(piv_end)" "sign token: token 2201: $no_service"

tap_end
