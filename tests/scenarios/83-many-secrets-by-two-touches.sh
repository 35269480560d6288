#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Day one: 500 definitions by one file, one touch of each of two people, and their values, cut off half-way and resumed.
# Its vault is its own: it counts secrets and leaves.
. "$(dirname "$0")/../lib/vault.sh"
. "$LIB/refusals.sh"
town_start
{ town_init && town_enroll "${OFFICERS[@]}" alice && town_charter && town_roster; } > found.log 2>&1 || { sed 's/^/# /' found.log; exit 99; }
AS_OPTIONS=(--timeout 120 --always 'Enter shows more[^\n]*$' '') # each page is turned
pages() { tap_output | grep -c 'are shown; Enter shows more'; }
MANY=500 VALUES=$([ "${HALLIGAN_SWEEP:-}" = all ] && echo 500 || echo 24)
db() { "$LIB/tamper.py" "$VAULT" get "$1"; }
events() { db "SELECT count(*) FROM log_leaf WHERE CAST(data AS TEXT) LIKE '%\"event\":\"$1\"%'"; }
leaves() { db "SELECT count(*) FROM log_leaf"; }

cat > program <<'END'
#!/bin/sh
# program FILE VERB [current|next]: what FILE holds is the password
read -r stored < "$1"
case "$2 ${3-}" in
'probe current') read -r value <&3; [ "$value" = "$stored" ] || exit 194 ;;
'probe next') read -r value <&4; [ "$value" = "$stored" ] || exit 194 ;;
'apply ') read -r value <&4; printf '%s\n' "$value" > "$1" ;;
'expel ') exit 194 ;;
esac
END
town_program program
mkdir accounts typed
python3 - "$PWD" "$PROGRAMS/program" "$(sha256sum < program | cut -d' ' -f1)" $MANY <<'END'
import base64, json, sys
place, program, digest, many = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
rows, values = [], []
for i in range(many):
    open(f"{place}/accounts/{i}", "w").write(f"first-{i}\n")
    rows.append({"name": f"fleet/s{i:03}", "policy": "production", "rotator": "exec", "effect": f"root on s{i}",
        "target": {"command": [program, f"{place}/accounts/{i}"], "changes": [f"{place}/accounts"], "hash": digest, "fields": ["password"],
            "generate": {"length": 32, "alphabet": "abcdefghijkmnpqrstuvwxyz23456789"}}})
    values.append(f"fleet/s{i:03}\tpassword\t" + base64.b64encode(f"first-{i}".encode()).decode() + "\n")
lines = [json.dumps(row) for row in rows]
open("many.jsonl", "w").write("\n".join(lines) + "\n")
open("windows.jsonl", "w").write("\ufeff" + "\r\n".join(lines[:2]) + "\r\n")
open("over.jsonl", "w").write("\n".join(lines + [lines[0].replace("s000", "over")]) + "\n")
open("twice.jsonl", "w").write("\n".join(lines[:3] + lines[1:2]) + "\n")
open("middle.jsonl", "w").write("\n".join(lines[:3] + ['{"name":"fleet/x","polcy":"production"}'] + lines[3:6]) + "\n")
open("taken.jsonl", "w").write(lines[7] + "\n")
open("two-names.jsonl", "w").write("\n".join(lines[:3] + [lines[1].replace("s001", "again", 1), lines[2].replace("s002", "too", 1)]) + "\n")
open("other-name.jsonl", "w").write(lines[7].replace("fleet/s007", "fleet/again", 1) + "\n")
open("empty.jsonl", "w").write("")
open("typed.jsonl", "w").write("".join(line.replace("fleet/s00", "typed/").replace("/accounts", "/typed") + "\n" for line in lines[:3]))
columns = ["name", "policy", "rotator", "effect", "target.host", "target.port", "target.user", "target.host_key", "target.authorized_keys", "target.access"]
cells = [",".join([f"csv/{i}", "production", "ssh-key", f'"root on ""{i}"", all of it"', f"10.0.0.{i}", "22", "root",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 43, "/root/.ssh/authorized_keys", "ssh"]) for i in range(6)]
def table(name, rows, mark="", end="\n", columns=columns): open(name, "w", newline="").write(mark + end.join([",".join(columns)] + rows) + end)
table("windows.csv", cells[:2], "\ufeff", "\r\n")
table("twice.csv", cells[:3] + cells[1:2])
table("middle.csv", cells[:2] + [cells[2] + ",more"] + cells[3:])
table("policy.csv", cells[:2] + [cells[2].replace("production", "producton")] + cells[3:])
table("quote.csv", cells[:2] + [cells[2].replace('it"', 'it')])
table("columns.csv", cells[:2], columns=[columns[0], "polcy"] + columns[2:])
table("nothing.csv", [])
open("values", "w").write("".join(values))
END
town_gives "$PWD/accounts"

# --- what is no such file ---
remember
told "501 definitions" 1 'over.jsonl.*500' as infra secret import over.jsonl
told "a row twice: both lines are named" 1 'twice.jsonl.*line 4.*fleet/s001.*line 2|twice.jsonl.*line 2.*line 4' as infra secret import twice.jsonl
told "a bad line in the middle is named" 1 'middle.jsonl.*line 4: .*polcy' as infra secret import middle.jsonl
told "one account under two names: all such lines are named" 1 \
	'line 4 .fleet/again.: one account with line 2 .fleet/s001.*line 5 .fleet/too.: one account with line 3 .fleet/s002.' as infra secret import two-names.jsonl
told "an empty file" 1 'empty.jsonl.*no definition' as infra secret import empty.jsonl
{ sed -n 1p many.jsonl; sed -n '2s/"production"/"prod"/p;3s/"exec"/"exce"/p' many.jsonl; } > strange.jsonl
told "what the vault does not know is told at once, with the lines" 2 'line 2 .fleet/s001.: .*no policy.*line 3 .fleet/s002.: .*exce' as infra secret import strange.jsonl
told "a file that is not there" 1 'nowhere.jsonl' as infra secret import nowhere.jsonl
told "CSV: a row with a cell too many, in the middle, is named" 1 'middle.csv.*line 4: 11 cells, and there are 10 columns' as infra secret import middle.csv
told "CSV: a policy that is none, in the middle" 2 'line 4 .csv/2.: the charter has no policy "producton"; did you mean production' as infra secret import policy.csv
told "CSV: a row twice: both lines are named" 1 'twice.csv.*line 5.*csv/1 stands on line 3' as infra secret import twice.csv
told "CSV: a quotation mark that does not end" 1 'quote.csv.*line 4' as infra secret import quote.csv
told "CSV: a column that is none names the nearest" 1 'columns.csv.*line 1: there is no column "polcy"; did you mean policy' as infra secret import columns.csv
told "CSV: no row" 1 'nothing.csv.*no definition' as infra secret import nothing.csv
is "nobody is asked for a PIN" "$(tap_output | grep -c 'PIN of')" 0
unchanged "none of these left anything"

# --- values that are typed ---
for i in 0 1 2; do echo "first-$i" > typed/$i; done; town_gives "$PWD/typed"
ok "three definitions" as infra secret import typed.jsonl
is "are one page" "$(pages)" 0
ok "are signed" as ciso secret sign
# types OPTION...: what is answered to the questions for values
typed() { local AS_OPTIONS=("${AS_OPTIONS[@]}" "$@"); as infra secret adopt --all; }
ask() { echo "password of typed/$1 .not shown[^\n]*: \$"; }
told "typed: a right value, a wrong one, and Enter alone" 5 'typed/1: NOT ADOPTED: .*2 of them are not adopted' \
	typed --answer "$(ask 0)" first-0 --answer "$(ask 1)" wrong-value --answer "$(ask 2)" ''
is "nothing that was typed is shown" "$(tap_output | grep -cE 'first-0|wrong-value')" 0
is "one touch was for all of them" "$(tap_output | grep -c '^Touched')" 1
is "one is adopted" "$(db "SELECT group_concat(name) FROM secrets WHERE newest > 0")" typed/0
ok "the same command asks for the others alone" typed --answer "$(ask 1)" first-1 --answer "$(ask 2)" first-2
is "and not for the first" "$(tap_output | grep -c 'password of typed/0')" 0
halligan rotate --all > rotate.log 2>&1
is "all are adopted, and replaced" "$(db "SELECT count(*) FROM secrets WHERE newest > 0") $(cat typed/? | grep -c first)" "3 0"
told "again every one has a value" 1 'every secret that is defined has a value' as infra secret adopt --all

# --- one file, two touches ---
before=$(leaves) events=$(events secret)
ok "500 definitions are drawn up and signed" as infra secret import many.jsonl
is "with one touch" "$(tap_output | grep -c '^Touched')" 1
is "a page is 10: they were turned" "$(pages)" 49
is "with the first signature there is the draft's leaf alone" "$(($(leaves) - before)) $(db "SELECT count(*) FROM secrets WHERE name LIKE 'fleet/%'")" "1 0"
like "status lists it, with what to do" "$(halligan status 2>&1)" 'halligan secret sign [0-9a-f]{8}'
ok "a second person reads and signs them" as ciso secret sign
is "with one touch, too" "$(tap_output | grep -c '^Touched')" 1
is "all pages are turned" "$(pages)" 49
is "all of them were shown" "$(tap_output | grep -c 'can do')" 500
is "each has its leaf" "$(($(events secret) - events))" 500
is "and no target was asked" "$(cat accounts/0 accounts/499 | tr '\n' ' ')" "first-0 first-499 "
told "a name is never used again" 1 'fleet/s007.* already' as infra secret import taken.jsonl
told "nor the account of another" 1 'its account is that of "fleet/s007"' as infra secret import other-name.jsonl
ok "CRLF and a byte-order mark are taken, as far as names are free" sed -i 's/fleet/other/g; s/accounts/others/g' windows.jsonl
ok "which two are then" as infra secret import windows.jsonl
ok "withdrawn again" as infra withdraw --reason "not needed"
ok "in CSV, too" as infra secret import windows.csv
like "as they stand there" "$(tap_output)" 'csv/1.*root on .1., all of it.*10.0.0.1'
ok "withdrawn again" as infra withdraw --reason "not needed"

# --- their values ---
head -n "$VALUES" values > some
adopted() { db "SELECT count(*) FROM secrets WHERE newest > 0 AND name LIKE 'fleet/%'"; }
before=$(events adopted)
sed '3s/$/x/' some > spoiled
{ head -n 2 some; sed -n '3s/fleet/fleat/p' some; } > misspelt
told "a name that there is not is told by its line, before a PIN" 1 'line 3: there is no secret of that name' as infra secret adopt --all --values-fd 8 8< misspelt
is "and nothing was taken" "$(tap_output | grep -c 'PIN of') $(adopted)" "0 0"
told "a value that is cut is named by its line, and not shown" 1 'line 3' as infra secret adopt --all --values-fd 8 8< spoiled
as infra secret adopt --all --values-fd 8 8< some > first.log 2>&1 &
cut=$!
until [ "$(adopted 2> /dev/null || echo 0)" -ge $((VALUES / 3)) ] || ! kill -0 $cut 2> /dev/null; do sleep 0.2; done
pkill -KILL -P $cut 2> /dev/null; kill -KILL $cut 2> /dev/null; wait $cut 2> /dev/null
town_settled
some=$(adopted)
ok "the adoption was cut off half-way ($some of $VALUES)" test "$some" -lt "$VALUES"
town_due
ok "the same command goes on" as infra secret adopt --all --values-fd 8 8< some
is "with one touch" "$(tap_output | grep -c '^Touched')" 1
halligan rotate --all > rotate.log 2>&1
is "each was adopted once" "$(adopted) $(($(events adopted) - before))" "$VALUES $VALUES"
is "and replaced" "$(db "SELECT count(*) FROM debts WHERE state <> 'retired'")" 0
is "so that no value that was handed over opens anything" "$(cat $(seq -f 'accounts/%g' 0 $((VALUES - 1))) | grep -c '^first')" 0
told "again there is nothing to do" 1 'no secret that has none yet' as infra secret adopt --all --values-fd 8 8< some
ok "the log is whole" halligan log verify
tap_end
