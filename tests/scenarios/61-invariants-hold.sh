#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The invariants of docs/DESIGN.md that can be shown with whole programs, each claim with its number.
# 15 stands in 65-no-secret-leaks, 16 (and 5) in 63-crash-anywhere, 10 also in 64-disk-full.
. "$(dirname "$0")/../lib/vault.sh"
town_founded
db() { "$LIB/tamper.py" "$HALLIGAN_VAULT" get "$1"; }
newest() { db "SELECT lower(hex(id)) FROM ceremonies ORDER BY arrival DESC LIMIT 1"; }
state() { db "SELECT state FROM ceremonies WHERE hex(id) = upper('$1')"; }
leaves() { db "SELECT count(*) FROM log_leaf"; }
finish() { as alice done "$1" > /dev/null; }

# --- 1, 2, 11, 13 while a ceremony collects ---
ok "13: a first request opens a ceremony" town_request
first=$(newest)
refused "13: a second one for the same secret may be a mistake" \
	as alice request prod/db --reason "something else" --incident INC-4711 --for 30m
ok "13: the very same again goes on with the first" town_request
is "13: and makes none" "$(db "SELECT count(*) FROM ceremonies")" 1
ok "13: meant, it opens another" town_request --another
second=$(newest)
refused "13: a cancel by somebody else is refused" as ciso cancel "$second" --reason "not mine"
ok "13: the requester cancels" as alice cancel "$second" --reason "asked twice"
is "13: the cancelled one is refused, the other goes on" "$(state "$second") $(state "$first")" "refused collecting"
ok "11: one seat's denial does not end it" as legal deny "$first" --reason "in doubt"
is "11: it still collects" "$(state "$first")" collecting
ok "2: an approval" as ciso approve "$first"
refused "11: a second approval of the same seat is refused" as ciso approve "$first"
like "11: and names the seat" "$(tap_output)" 'ciso'
ok "1: a second approval" as secops approve "$first"
refused "1: before the quorum nothing opens" as alice open "$first" --agent --no-wait
is "1: there is no answer, no release and no debt" \
	"$(db "SELECT (SELECT count(*) FROM answers) || (SELECT count(*) FROM opened) || (SELECT count(*) FROM debts WHERE state <> 'retired')")" 000
is "1: and no value in escrow" "$(find "$VAULT/escrow" -type f | wc -l)" 0
cp -a "$VAULT" vault.two-approvals

# --- 2: one changed byte in a stored approval ---
"$LIB/tamper.py" "$VAULT" payload approval '"seat":"secops"' '"seat":"secopt"'
refused "2: with a changed byte in an approval the third officer's quorum is refused" as audit approve "$first"
is "2: nothing was released" "$(db 'SELECT count(*) FROM answers')" 0
rm -rf "$VAULT"; cp -a vault.two-approvals "$VAULT"

# --- 3 ---
ok "4: with the third approval it is released" as audit approve "$first"
before=$(db "SELECT hex(ciphertext) FROM answers")
ok "4: open gives it" as alice open "$first" --fd 1 --no-wait
tap_output > opened.1
ok "4: open gives the same again" as alice open "$first" --fd 1 --no-wait
tap_output > opened.2
grep -aq "OPENSSH PRIVATE KEY" opened.1 || tap_report 1 "4: what was opened is a key"
is "4: the same bytes are stored and were sent" "$(db "SELECT hex(ciphertext) FROM answers")" "$before"
refused "5: while the debt is open no new request is taken" town_request
like "5: and it says why" "$(tap_output)" 'debt|rotat|whoever holds it'

# --- 7, 8, 9: the target is away ---
pending() { db "SELECT ifnull(pending, 0) FROM debts ORDER BY arrival DESC LIMIT 1"; }
debt() { db "SELECT state FROM debts ORDER BY arrival DESC LIMIT 1"; }
sshd_stop
as alice done "$first" > done.log 2>&1
is "7: with the target away the debt stays open" "$(debt)" applying
was=$(pending) size=$(leaves)
refused "22: nobody has it tried again before it is due" halligan rotate prod/db
like "22: and everybody is told until when, and why" "$(tap_output)" 'tried 1 time, .*again from .*so that nobody locks the account out'
is "22: no leaf is made" "$(leaves)" "$size"
is "7: no other value is made while one is unresolved" "$(pending)" "$was"
for seat in "${!SERIAL[@]}"; do token_unplug "${SERIAL[$seat]}"; done
SSHD_PORT=$SSHD_PORT sshd_start "$TOKENS_DIR"
town_due
ok "9: with every token unplugged the debt is paid" halligan rotate prod/db
is "8: it is retired, with the value that was prepared" "$(debt) $(pending)" "retired $was"
like "8: the log says that the old value was refused" "$(halligan log list)" 'retired'
for seat in "${!SERIAL[@]}"; do token_plug "${SERIAL[$seat]}"; done
is "9: the escrow file is gone" "$(find "$VAULT/escrow" -type f | wc -l)" 0

# --- 3 ---
ok "3: an officer who is a responder requests" as infra request prod/db --reason "test" --incident INC-3 --for 10m
third=$(newest)
refused "3: the requester's own approval is refused" as infra approve "$third"
like "3: and it says why" "$(tap_output)" 'request'
ok "3: cancelled" as infra cancel "$third" --reason "test over"

# --- 10 ---
was=$(leaves)
ok "10: a request" town_request
fourth=$(newest)
is "10: is one leaf" "$(leaves)" $((was + 1))
# (the place of the next hash is taken)
"$LIB/tamper.py" "$VAULT" sql "INSERT INTO log_hash SELECT max(position) + 1, zeroblob(32) FROM log_hash"
refused "10: when the log cannot be written a denial is not taken" as legal deny "$fourth" --reason "no log"
like "10: which is said" "$(tap_output)" 'the log has the hash .* of leaves that are not there'
is "10: and nothing of it is stored" "$(db "SELECT count(*) FROM voices WHERE denies AND hex(ceremony) = upper('$fourth')")" 0
"$LIB/tamper.py" "$VAULT" sql "DELETE FROM log_hash WHERE position = (SELECT max(position) FROM log_hash)"

# --- 17 ---
cp -a "$VAULT" vault.good
"$LIB/tamper.py" "$VAULT" payload secret '"user":"root"' '"user":"toor"'
refused "17: a definition changed in the database is refused" as ciso approve "$fourth"
rm -rf "$VAULT"; cp -a vault.good "$VAULT"

# --- 12, 14 ---
# (tries: wrong PINs at the terminal; the last one only with the serial)
ok "14: a wrong PIN is told with the tries left" bash -c '! "$0" "$@"' "$LIB/terminal.py" \
	--answer 'yes[^\n]*$' yes --answer 'PIN[^\n]*: ?$' 99999999 --always 'PIN[^\n]*: ?$' '' -- \
	"$HALLIGAN" approve "$fourth" --serial "${SERIAL[secops]}"
like "14: the message" "$(tap_output)" '2 tries left'
tries() { token_field "${SERIAL[secops]}" pin_tries; }
"$LIB/terminal.py" --quiet --always 'Type yes: $' yes --always 'PIN[^\n]*: $' 99999999 --timeout 20 -- \
	"$HALLIGAN" approve "$fourth" --serial "${SERIAL[secops]}" > /dev/null 2>&1
is "14: wrong PINs stop before the last try" "$(tries)" 1
refused "14: the last try is not spent without the serial" as secops approve "$fourth"
is "14: and is still there" "$(tries)" 1

# --- 6: at the moment of apply the new value is sealed, copied and in escrow ---
mkdir seen account
mkdir -m 700 copies
cat > keeper <<'END'
#!/bin/sh
# keeper FOLDER VERB [current|next]: a target that is a file there, and waits for who looks at the vault meanwhile
file=$1/value verb=$2 which=${3-}
case $verb in
check) exit 0 ;;
probe) case $which in current) value=$(cat <&3) ;; *) value=$(cat <&4) ;; esac
	[ "$value" = "$(cat "$file")" ] || exit 194 ;;
apply) : > "$1/applying"; until [ -e "$1/go" ]; do sleep 0.05; done; cat <&4 > "$file" ;;
expel) exit 194 ;;
*) exit 2 ;;
esac
END
town_program keeper
(umask 077; printf 'first-value' | tee account/value > first)
town_gives "$PWD/account"
json() { printf '{"command":["%s","%s"],"changes":["%s"],"hash":"'"$(sha256sum keeper | cut -d' ' -f1)"'","fields":["password"],"generate":{"length":32,"alphabet":"abcdefghijkmnpqrstuvwxyz"}}' \
	"$PROGRAMS/keeper" "$TOKENS_DIR/account" "$TOKENS_DIR/account"; }
json > keeper.json
# What the vault has while its target is being changed; then that goes on.
look() { tokens_until 60 test -e account/applying && cp -r "$HALLIGAN_VAULT" seen/vault && ls copies > seen/copies; : > account/go; }
export HALLIGAN_VAULT=$TOKENS_DIR/second
SERIAL[bob]=30000007 SERIAL[carol]=30000008 SERIAL[dan]=30000009
TWO='2 of (bob, carol)'
tokens_stop
for seat in bob carol dan; do "$SIMTOKEN" new --state "${SERIAL[$seat]}.json" --serial "${SERIAL[$seat]}" --firmware 5.7.4 --pin "$TOWN_PIN" --puk "$TOWN_PUK"; done
TOKENS_PIN=$TOWN_PIN tokens_start "$TOKENS_DIR" "${SERIAL[bob]}" "${SERIAL[carol]}" "${SERIAL[dan]}"
small_vault() {
	halligan init --name second.example --training --copy "directory:$TOKENS_DIR/copies" &&
	as bob enroll --seat bob --person Bob --roles officer,operator --label bob-1 \
		--attestation-certs simulated-root.pem --out bob.enrolment &&
	as carol enroll --seat carol --person Carol --roles officer --label carol-1 \
		--attestation-certs simulated-root.pem --out carol.enrolment &&
	as dan enroll --seat dan --person Dan --roles officer,responder --label dan-1 \
		--attestation-certs simulated-root.pem --out dan.enrolment &&
	as bob charter draft --policy "quick=2 of (bob, nobody)" bob.enrolment carol.enrolment dan.enrolment
}
refused "a quorum that names nobody is refused" small_vault
draft() { as bob charter draft --policy "quick=$TWO" --request-ttl 3s {bob,carol,dan}.enrolment; }
ok "a second vault, with copies" draft
ok "carol signs" as carol charter sign
ok "dan signs" as dan charter sign
second_secret() {
	OPERATOR=bob SECOND=carol VAULT=$HALLIGAN_VAULT town_add prod/account --policy quick --rotator exec --effect "an account" \
		--target-json keeper.json --field password=first
}
look &
ok "6: a value is adopted and replaced" second_secret
wait $! # for nobody else: the tokens go on
seen() { "$LIB/tamper.py" seen/vault get "$1"; }
is "6: when it was applied, the new version stood sealed to both officers" \
	"$(seen "SELECT (SELECT state FROM versions WHERE number = 2) || ' ' || (SELECT count(*) FROM envelopes WHERE version = 2)")" "pending 2"
is "6: and in escrow" "$(find seen/vault/escrow -type f ! -name '*.lock' | wc -l)" 1
like "6: and with the copy sink" "$(cat seen/copies)" '-2-.*\.sealed'
like "6: and the target has it now" "$(cat account/value)" '^[a-z]{32}$'

# --- 12: nobody cleans up; the decision looks at the clock ---
ok "12: a request that waits 3 s" as dan request prod/account --reason "clock" --incident INC-12 --for 10m
sleep 4
refused "12: an approval after the deadline is refused" as bob approve
is "12: nothing was released" "$(db 'SELECT count(*) FROM opened')" 0

# --- 2: a new charter voids every open ceremony ---
sign_all() { as carol charter sign; } # a quorum
ok "2: requests live longer from now on" as bob charter propose --policy "quick=$TWO" --request-ttl 1h
ok "2: a quorum signs" sign_all
ok "2: a change of the charter is proposed" as bob charter propose --policy "quick=$TWO" --max-duration 2h
ok "2: dan requests meanwhile" as dan request prod/account --reason "charter" --incident INC-2 --for 10m
is "2: it collects" "$(state "$(newest)")" collecting
ok "2: a quorum signs again" sign_all
is "2: with the last signature it is void" "$(state "$(newest)")" refused
like "2: and says why" "$(db "SELECT reason FROM ceremonies ORDER BY arrival DESC LIMIT 1")" 'a new charter came into force'
refused "2: nobody can approve it any more" as bob approve
tap_end
