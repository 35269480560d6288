#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Twenty secrets, on the real pcscd: an officer gets a spare token, loses the first one, another leaves; the
# secrets are sealed again in one ceremony, cut off in the middle, and some are rotated.
# A charter of its own: two of five, so that one officer is less than a quorum and two are enough.
. "$(dirname "$0")/../lib/vault.sh"
SERIAL[ciso2]=30000007 SERIAL[infra2]=30000008
AS_OPTIONS=(--timeout 240)
SECRETS=20
town_start

# The target: one file for each account, and a program that tries and changes it.
cat > rotate-file <<'EOF'
#!/bin/sh
# rotate-file FILE VERB [current|next]
case $2 in
check | expel) exit 0 ;;
probe) [ "$3" = next ] && exec 3<&4; [ "$(cat <&3)" = "$(cat "$1")" ] || exit 194 ;;
apply) cat <&4 > "$1.new" && mv "$1.new" "$1" ;;
*) exit 2 ;;
esac
EOF
town_program rotate-file
HASH=$(sha256sum rotate-file | cut -d' ' -f1)
mkdir accounts
add() { # add N
	printf 'value-%s-abcdefgh' "$1" | tee "accounts/$1" > given; chmod 600 given
	town_gives "$PWD/accounts"
	printf '{"command":["%s","%s"],"changes":["%s"],"hash":"%s","generate":{"length":40,"alphabet":"abcdefgh2345"}}' \
		"$PROGRAMS/rotate-file" "$PWD/accounts/$1" "$PWD/accounts" "$HASH" > "target$1.json"
	town_add "prod/s$1" --policy production --rotator exec --effect "root on s$1" \
		--target-json "target$1.json" --field password=given --no-rotate
}
db() { "$LIB/tamper.py" "$VAULT" get "$1"; }
sign_charter() { local seat; for seat; do as "$seat" charter sign || return; done; }
# begin FILE SEAT COMMAND...: in the background, so that it can be cut off; sets CLIENT.
begin() {
	local file=$1 seat=$2; shift 2
	"$LIB/terminal.py" "${AS_OPTIONS[@]}" --always 'PIN[^\n]*: $' "$TOWN_PIN" \
		--always '[Tt]ype yes: $' yes -- "$HALLIGAN" "$@" --serial "${SERIAL[$seat]}" > "$file" 2>&1 &
	CLIENT=$!
}
# cut_off QUERY N: when the database says that N are done, the person is gone; the server has noticed it
# when this returns.  Until then it may still be at work, and whoever comes next find it so.
reached() { [ "$(db "$1")" -ge "$2" ]; }
no_server() { ! pgrep -f "serve --stdio --vault $VAULT" > /dev/null; }
cut_off() {
	tokens_until 300 reached "$1" "$2" || { sed 's/^/# /' ./*.log | tail -n 30; exit 99; }
	kill -9 "$CLIENT"; wait "$CLIENT" 2> /dev/null
	tokens_until 300 no_server
}
# cut_off_at_touch SEAT QUERY N: the same while the token waits for the next touch.  Each touch is given here, so
# that a busy machine cannot let the command come further, even to its end, before it is cut off.
touching() { token_control "${SERIAL[$1]}" touch "$2"; token_control "${SERIAL[$1]}" touch-timeout "${3:-15000}"; }
cut_off_at_touch() {
	until reached "$2" "$3"; do token_touch "${SERIAL[$1]}" || { sed 's/^/# /' ./*.log | tail -n 30; exit 99; }; done
	cut_off "$2" "$3"
	token_unplug "${SERIAL[$1]}"
	touching "$1" auto
	token_plug "${SERIAL[$1]}"
}

{ town_init && town_enroll "${OFFICERS[@]}" alice &&
	town_charter '2 of (ciso, secops, infra, audit, legal)' && town_roster; } > found.log 2>&1 ||
	{ tail -n 20 found.log | sed 's/^/# /'; exit 99; }
for i in $(seq "$SECRETS"); do add "$i" > add.log 2>&1 || { sed 's/^/# /' add.log; exit 99; }; done
like "nothing is to be sealed again" "$(halligan reseal --list 2>&1)" 'sealed as the charter says'

# --- a spare -----------------------------------------------------------------------------------
refused "without a spare there is nothing to hand on to" as ciso spare
like "and it says how one gets there" "$(tap_output)" 'charter change'
ok "ciso enrolls a second token" as ciso2 enroll --seat ciso --person "${PERSON[ciso]}" \
	--roles officer --label ciso-2 --attestation-certs simulated-root.pem --out ciso2.enrolment
ok "a charter gives it to the seat" as ciso charter propose ciso2.enrolment
ok "signed by three" sign_charter secops infra
like "it has no envelope yet" "$(halligan reseal --list 2>&1)" 'prod/s1, version 1: .*ciso.s token "ciso-2" has no envelope'
like "status counts them" "$(halligan status 2>&1)" '20 secrets should be sealed again'

as ciso2 spare > wrong.log 2>&1
is "the new token is the wrong one to hand on with" $? 4
like "and it says which is the right one" "$(tr -d '\r' < wrong.log | tr -s '\n ' ' ')" \
	'"ciso-2" is the new one: it has no envelope of 20 secrets.*plug in "ciso-1"'

touching ciso manual 600000
begin cut.log ciso spare
HANDED="SELECT count(*) FROM spares WHERE statement IS NOT NULL"
cut_off_at_touch ciso "$HANDED" 5
like "the touches are announced before the PIN is asked for" "$(cat cut.log)" 'This needs 21 touches'
some=$(db "$HANDED")
ok "running it again goes on" as ciso spare
like "with the rest" "$(tap_output)" "This needs $((21 - some)) touches"
is "every secret has an envelope for the spare" "$(db "$HANDED")" "$SECRETS"
ok "a third time there is nothing to do" as ciso spare
like "and it says so" "$(tap_output)" 'Nothing to hand on'
like "what the spare never opened does not count" "$(halligan charter status 2>&1)" \
	'ALARM 20 secrets have an envelope that a spare token never opened.*halligan token test, with the spare'
ok "the spare opens them, however many, with a touch for each run" as ciso2 token test
like "one to open a probe, two, one to sign" "$(tap_output)" 'touch.* 4 of 4'
like "and says so" "$(tap_output)" 'it opens 20 envelopes that ciso handed on to it'
is "then they count" "$(halligan charter status 2>&1 | grep -c "never opened")" 0
is "there is nothing to replace" "$(as ciso spare --again 2>&1 | grep -c 'Nothing to hand on')" 1
like "nothing is to be sealed again" "$(halligan reseal --list 2>&1)" 'sealed as the charter says'

# --- the first token is lost, legal leaves -----------------------------------------------------
ok "a charter without ciso-1 and legal" as ciso2 charter propose --remove-token ciso-1 --remove-seat legal \
	--policy 'production=2 of (ciso, secops, infra, audit)' --change '3 of (ciso, secops, infra, audit)' \
	--max-duration 2h
ok "signed by those who stay" sign_charter secops infra
like "the leavers are named" "$(halligan reseal --list 2>&1 | tr -s "\n " " ")" 'legal.s token "legal-1" left and has an envelope; it is sealed to another quorum'
like "status starts a clock" "$(halligan status 2>&1)" 'a token that left today still has envelopes of 20 secrets'
released() {
	as alice request "$1" --reason "does not boot" --incident INC-1 --for 30m &&
		as ciso2 approve && as secops approve && as alice open --fd 1 --no-wait > opened.log &&
		as alice done
}
ok "the spare approves for the lost token" released prod/s20
is "and what was released is replaced" "$(db "SELECT state FROM ceremonies")" closed

# --- one ceremony ------------------------------------------------------------------------------
ok "infra asks to seal the rest again" as infra reseal --reason "legal left, ciso lost a token"
like "nineteen of them" "$(tap_output)" '19 secrets to be sealed again'
refused "nobody approves an own request" as infra approve
touching ciso2 manual 600000
begin first.log ciso2 approve
cut_off_at_touch ciso2 "SELECT count(*) FROM shares WHERE seat = 'ciso' AND ceremony = (SELECT id FROM ceremonies WHERE mode = 'reseal')" 4
like "an officer sees how many, which, why and how many touches" "$(tr -d '\r' < first.log | tr '\n' ' ')" \
	'SEAL AGAIN 19 secrets.*legal left, ciso lost.*prod/s1, version 1.*root on s1.*prod/s19, version 1.*This needs 20 touches'
ok "interrupted, they go on where they stopped" as ciso2 approve
like "with what is missing" "$(tap_output)" 'Of 19 secrets that are sealed to this token, 1[0-9] are given now'
is "nothing is opened by one officer" "$(db "SELECT max(newest) FROM secrets WHERE name <> 'prod/s20'")" 1
begin second.log secops approve
cut_off "SELECT count(*) FROM items WHERE state = 'done' AND ceremony = (SELECT id FROM ceremonies WHERE mode = 'reseal')" 3
ok "after the next command it goes on" town_ends
is "every version was sealed again, once" \
	"$(db "SELECT count(*) || ' ' || min(current) || ' ' || max(newest) FROM secrets")" "20 2 2"
is "all by the one ceremony" "$(db "SELECT state || ' ' || (SELECT count(*) FROM items WHERE state = 'done' AND ceremony = id) FROM ceremonies WHERE mode = 'reseal'")" \
	"closed 19"
is "the old envelopes are gone" "$(db "SELECT count(*) FROM envelopes JOIN versions ON versions.secret = envelopes.secret AND number = version WHERE state = 'retired' AND version = 1 AND versions.secret IN (SELECT secret FROM items JOIN ceremonies ON id = ceremony WHERE mode = 'reseal')")" 0
is "and the shares" "$(db "SELECT count(*) FROM shares WHERE ciphertext IS NOT NULL")" 0
is "and the ceremony's key" "$(find "$VAULT/ceremony" -name '*.key' | wc -l)" 0
like "nothing is to be sealed again" "$(halligan reseal --list 2>&1)" 'sealed as the charter says'
like "the result can be read" "$(halligan status "$(db "SELECT lower(hex(id)) FROM ceremonies WHERE mode = 'reseal'")" 2>&1)" '19 of 19 secrets sealed again'

# The same value is in it.
as alice request prod/s7 --reason "does not boot" --incident INC-2 --for 30m > request.log 2>&1
ok "two of today's officers approve" as ciso2 approve
ok "the other one" as audit approve
as alice open --fd 9 --no-wait 9> value > open.log 2>&1
is "it is the value that was sealed first" "$(cat value)" value-7-abcdefgh
ok "it is replaced" as alice done

# --- rotating ----------------------------------------------------------------------------------
before=$(cat accounts/3)
ok "two are to be rotated" as infra reseal --rotate --reason "to be sure" prod/s3 prod/s4
like "which is said in words" "$(tap_output)" 'opens  2 secrets to be replaced'
ok "ciso approves" as ciso2 approve
ok "audit approves, and they are replaced" as audit approve
is "the target has another value" "$([ "$(cat accounts/3)" != "$before" ] && echo other)" other
is "no debt is open" "$(db "SELECT count(*) FROM debts WHERE state <> 'retired'")" 0
is "no value is in the escrow" "$(find "$VAULT/escrow" -type f | wc -l)" 0

# --- the operator who signed every definition gets another token, and the old one leaves --------
ok "infra enrolls another token" as infra2 enroll --seat infra --person "${PERSON[infra]}" \
	--roles "${ROLES[infra]}" --label infra-2 --attestation-certs simulated-root.pem --out infra2.enrolment
ok "it takes the place of the first" as secops charter propose --remove-token infra-1 infra2.enrolment
ok "signed by three" sign_charter ciso2 audit
ok "definitions outlive their signer: all can be sealed again" as infra2 reseal --reason "infra has a new token"
ok "approved by ciso" as ciso2 approve
ok "and by audit" as audit approve
like "all twenty" "$(tap_output)" '20 of 20 secrets sealed again'
ok "and requested" as alice request prod/s9 --reason "does not boot" --incident INC-3 --for 30m
ok "and approved by the new token" as infra2 approve
ok "the log verifies" halligan log verify
tap_end
