#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A year of one vault.  Five people found it, each from a machine of their own, over ssh; two hundred secrets
# come in; one person gets a spare token and loses the first one; one leaves, one joins; everything is sealed
# again.  At every step all secrets can be opened by those who should, which is shown for all of them from
# what is sealed, and for some by opening them; and by nobody else.  The history tells it as it was.
# Its vault is its own: its founders have a machine each, which share no memory.
#
# HALLIGAN_YEAR_SECRETS: how many secrets (200 in the full run, else 40; 20 in a build with sanitizers).
. "$(dirname "$0")/../lib/vault.sh"
. "$LIB/sweep.sh"
. "$LIB/refusals.sh"
SERIAL[ciso2]=30000007 SERIAL[carol]=30000008
ROLES[ciso2]=officer ROLES[carol]=officer PERSON[ciso2]=${PERSON[ciso]} PERSON[carol]="Carol Newcomer"
AS_OPTIONS=(--timeout 900)
SECRETS=40
if [ -n "${HALLIGAN_SWEEP:-}" ]; then # one case, which is whole or nothing
	sweep_takes 1 1 || { echo "1..0 # SKIP in another slice"; exit 0; }
	SECRETS=200
fi
SECRETS=${HALLIGAN_YEAR_SECRETS:-$SECRETS}
! ldd "$HALLIGAN" | grep -q libasan || SECRETS=20
tokens_folder
town_programs # before the sshd of the vault's machine starts, which has an /etc of its own from then on
town_start

# The vault's machine is reached over ssh only; each person's client has a memory of its own.
town_remote
who() { local seat=$1; shift; XDG_STATE_HOME=$TOKENS_DIR/state-$seat as "$seat" "$@"; }
from() { local seat=$1; shift; XDG_STATE_HOME=$TOKENS_DIR/state-$seat halligan "$@"; } # without a token
sign() { local seat; for seat; do who "$seat" charter sign || return; done; }
enrolls() { # enrolls TOKEN SEAT LABEL
	who "$1" enroll --seat "$2" --person "${PERSON[$2]}" --roles "${ROLES[$2]}" --label "$3" \
		--driver "${DRIVER[$1]:-piv}" --attestation-certs simulated-root.pem --out "$3.enrolment"
}

# The targets: one file for each account, and a program that tries and changes it.
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
add() { # add N: by the operator at the vault's machine
	printf 'value-%s-abcdefgh' "$1" | tee "accounts/$1" > given; chmod 600 given
	town_gives "$PWD/accounts"
	printf '{"command":["%s","%s"],"changes":["%s"],"hash":"%s","generate":{"length":40,"alphabet":"abcdefgh2345"}}' \
		"$PROGRAMS/rotate-file" "$PWD/accounts/$1" "$PWD/accounts" "$HASH" > target.json
	HALLIGAN_VAULT=$VAULT town_add "prod/s$1" --policy production --rotator exec --effect "root on s$1" \
		--target-json target.json --field password=given --no-rotate
}
add_all() { local n; for n in $(seq "$SECRETS"); do add "$n" > add.log 2>&1 || { cat add.log; return 1; }; done; }

# openers: who can open how many secrets, and by what margin, as charter status reckons from envelopes:
# one line for each kind, "200 2 audit,ciso,...".
openers() {
	from infra charter status --json 2>/dev/null | python3 -c '
import collections, json, sys
secrets = json.load(sys.stdin)["secrets"]
kinds = collections.Counter((s["margin"], ",".join(sorted(s["seats"]))) for s in secrets)
print("; ".join(f"{count} {margin} {seats}" for (margin, seats), count in sorted(kinds.items())))'
}
# opens N SEAT...: a whole night with secret N; prints what alice was given.
opens() {
	local number=$1 seat; shift
	who alice request "prod/s$number" --reason "does not boot" --incident "INC-$number" --for 30m > night.log 2>&1 || return
	for seat; do who "$seat" approve >> night.log 2>&1 || return; done
	who alice open --fd 9 --no-wait 9> given >> night.log 2>&1 || return
	who alice done >> night.log 2>&1 || return
	cat given
}

# --- January: five people found a vault --------------------------------------------------------
ok "the vault is begun on its machine" from infra init --name year.example --training --no-copy
for seat in "${OFFICERS[@]}" alice; do
	ok "$seat enrolls from their own machine" enrolls "$seat" "$seat" "$seat-1"
done
ok "infra draws up the charter" who infra charter draft --policy "production=$QUORUM" --max-duration 2h "${OFFICERS[@]/%/-1.enrolment}"
for seat in legal audit ciso secops; do ok "$seat signs" sign "$seat"; done
ok "alice is on the roster: an operator" who infra roster add alice-1.enrolment
ok "and another officer" who ciso roster sign

# --- February: the secrets ---------------------------------------------------------------------
ok "$SECRETS secrets come in" add_all
is "any three of five open each" "$(openers)" "$SECRETS 2 audit,ciso,infra,legal,secops"
is "they do: ciso, secops, audit" "$(opens 1 ciso secops audit)" value-1-abcdefgh
is "and infra, audit, legal" "$(opens 2 infra audit legal)" value-2-abcdefgh

# --- April: a spare ----------------------------------------------------------------------------
ok "ciso enrolls a spare" enrolls ciso2 ciso ciso-2
ok "it is proposed" who ciso charter propose ciso-2.enrolment
ok "three sign" sign legal infra
refused "it opens nothing yet" opens 3 ciso2 secops audit
like "and says why" "$(cat night.log)" 'sealed'
ok "that is withdrawn" who alice cancel --reason "not yet"
ok "ciso hands the shares on, alone" who ciso spare
is "for every secret" "$("$LIB/tamper.py" "$VAULT" get "SELECT count(*) FROM spares WHERE statement IS NOT NULL")" "$SECRETS"
ok "and the spare opens each once, so that it counts" who ciso2 token test
is "the spare opens what the first token opened" "$(opens 3 ciso2 secops audit)" value-3-abcdefgh

# --- June: the first token is lost -------------------------------------------------------------
ok "ciso suspends the lost token, with the spare, at once" who ciso2 suspend ciso-1 --reason "left in a taxi"
ok "alice asks" who alice request prod/s4 --reason "does not boot" --incident INC-4 --for 30m
refused "who found it cannot use it" who ciso approve
like "and reads why" "$(tap_output)" 'left in a taxi'
ok "alice needs it no more" who alice cancel --reason "it booted"
is "all five seats are still there" "$(openers)" "$SECRETS 2 audit,ciso,infra,legal,secops"
ok "a charter without it" who secops charter propose --remove-token ciso-1
ok "signed by three" sign ciso2 audit

# --- September: one leaves, one joins ----------------------------------------------------------
ok "carol enrolls" enrolls carol carol carol-1
ok "carol for legal" who infra charter propose --remove-seat legal carol-1.enrolment \
	--policy 'production=3 of (ciso, secops, infra, audit, carol)' --max-duration 2h \
	--change '3 of (ciso, secops, infra, audit, carol)'
ok "carol signs, to show the token" sign carol
ok "ciso signs" sign ciso2
ok "audit signs: three of the old, three of the new" sign audit
is "until it is sealed again four are left" "$(openers)" "$SECRETS 1 audit,ciso,infra,secops"
like "which is an alarm" "$(from infra charter status 2>&1)" "ALARM $SECRETS secrets, first prod/s1: when 2 of their seats are lost, nobody can open them"
ok "alice asks" who alice request prod/s5 --reason "does not boot" --incident INC-5 --for 30m
refused "legal opens nothing any more" who legal approve
refused "carol nothing yet" who carol approve
ok "the others" who ciso2 approve
ok "do" who audit approve
ok "the third" who infra approve
ok "alice opens it" who alice open --fd 1 --no-wait
ok "and it is replaced, sealed to carol" who alice done
ok "infra asks to seal everything again" who infra reseal --reason "legal left, carol joined"
for seat in ciso2 secops audit; do ok "$seat approves, once for all of them" who "$seat" approve --all; done
is "any three of the new five open each" "$(openers)" "$SECRETS 2 audit,carol,ciso,infra,secops"
like "nothing is left to seal again" "$(from infra reseal --list 2>&1)" 'sealed as the charter says'
is "carol opens, with ciso and infra" "$(opens "$SECRETS" carol ciso2 infra)" "value-$SECRETS-abcdefgh"
refused "not legal" opens 6 legal ciso2 infra
ok "they go on without" who secops approve

# --- December: looking back --------------------------------------------------------------------
for seat in ciso2 secops infra audit carol alice; do ok "$seat's token is tested" who "$seat" token test; done
ok "the log verifies" from audit log verify
from audit charter history > history.log 2>&1
order='founded.*ciso-2.*suspended: .left in a taxi.*(ciso-1|token).*carol joined.*legal left.*carol tested'
like "the history reads like a story" "$(tr '\n' ' ' < history.log)" "$order"
sed 's/^/# /' history.log
tap_end
