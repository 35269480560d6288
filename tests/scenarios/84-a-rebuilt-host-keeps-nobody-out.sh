#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a definition says is no longer so: a host rebuilt with another key, an account renamed, another policy, a program that was
# updated.  The debt is stuck and says so, the quorum changes the definition, the debt is paid by it; and a secret's end.
. "$(dirname "$0")/../lib/vault.sh"
. "$LIB/refusals.sh"
[ -n "${HALLIGAN_ALONE:-}" ] || { echo "1..0 # SKIP needs root to rename an account"; exit 0; }
town_founded
town_programs
umask 077

newest() { db "SELECT lower(hex(id)) FROM ceremonies ORDER BY arrival DESC LIMIT 1"; }
# owed SECRET: its open debts, and how many of them have their escrow
owed() {
	db "SELECT lower(hex(d.id)) FROM debts d JOIN secrets s ON s.id = d.secret WHERE s.name = '$1' AND d.state <> 'retired'" |
		{ debts=0 escrows=0; while read -r id; do [ -z "$id" ] || { debts=$((debts + 1)); [ ! -s "$VAULT/escrow/$id" ] || escrows=$((escrows + 1)); }; done
		echo $debts$escrows; }
}
login() { ssh -F none -i "$1" -l "${2:-$SSHD_USER}" -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=no \
	-o UserKnownHostsFile=/dev/null -p "$SSHD_PORT" 127.0.0.1 true; }
# night SECRET FIELD FILE: a whole ceremony; what was opened stands in FILE then.
night() {
	as alice request "$1" --reason "night" --incident 7 --for 30m && town_approve ciso secops audit &&
		as alice open "$(newest)" --fd 8 --field "$2" --no-wait 8> "$3"
}
in_force() { halligan secret show --json "$1" 2>&1; }
# told_keys CLAIM BEFORE AFTER: as they were shown, in groups
told_keys() { is "$1" "$(tap_output | tr -d ' "' | grep -E '^(before|after)ssh-' | tr '\n' ' ')" "before${2// } after${3// } "; }
# What one try in vain makes wait is waited for once: the debts stand side by side, and are paid at the end.

# users NAME: the machine has that account beside the others, also for its sshd, which is started later.
users() { { cat passwd.all; sed -n "s/^root:/$1:/p" passwd.all; } > passwd; }
cp /etc/passwd passwd.all
(umask 022; users rescue)
mount --bind passwd /etc/passwd || tap_skip "no account can be made"

# --- another host key ---
ok "a night with prod/db" night prod/db private-key released
old=$SSHD_HOST_KEY
sshd_stop
rm "$SSHD_FOLDER"/host_key*
sshd_start "$TOKENS_DIR"
ok "the host was rebuilt, and takes the released key" login released
told "done: it is not the host of the definition" 5 'shows another host key.*than the definition.s' as alice done
is "nothing is lost" "$(owed prod/db)" 11
told "status says which debt is stuck, and why" 0 'debt +prod/db: .*another host key.*waits for the target; next: halligan rotate prod/db' halligan status
told "and rotate does, which waits" 3 'tried 1 time.*another host key' halligan rotate prod/db
told "nothing is retired meanwhile" 1 'prod/db: it has a debt.*nothing is retired while one is open' as infra secret retire prod/db
ok "an officer changes the definition" as infra secret change prod/db --target "host_key=$SSHD_HOST_KEY"
told_keys "and reads it before and after" "$old" "$SSHD_HOST_KEY"
like "and who must sign" "$(tap_output)" 'signed by +production: .*Still needed.*quorum of policy production'
ok "a second one signs" as ciso secret sign
told_keys "who reads the same before and after" "$old" "$SSHD_HOST_KEY"
is "two of three change nothing" "$(in_force prod/db | grep -cF "$old")" 1
is "and the debt stands" "$(owed prod/db)" 11
ok "the released key opens it as before" login released
ok "a third signs" as secops secret sign
is "it is in force" "$(in_force prod/db | grep -cF "$SSHD_HOST_KEY")" 1

# --- another name of the account ---
ssh-keygen -q -t ed25519 -N '' -f rescue
cat rescue.pub >> "$SSHD_AUTHORIZED"
# Its file is changed as root, whatever it is called.
sshd_target local | sed "s/\"user\":\"[^\"]*\"/\"user\":\"rescue\",\"account\":\"root\"/" > rescue.json
ok "a secret of another account" town_add prod/rescue --policy production --rotator ssh-key --effect "root on db1" \
	--target-json rescue.json --field private-key=rescue
ok "a night with it" night prod/rescue private-key rescued
ok "its key opens it" login rescued rescue
users saved
told "done: nobody of that name is let in" 5 'prod/rescue.*rescue' as alice done "$(newest)"
is "nothing is lost" "$(owed prod/rescue)" 11
{ as infra secret change prod/rescue --target user=saved && as ciso secret sign && as secops secret sign; } > change.log 2>&1
like "who signs is told that the new account is asked for the old value" "$(cat change.log)" '! A value of it is out.*was made for the target as it is above'
like "the new name is in force" "$(in_force prod/rescue)" '"user": ?"saved"'
ok "under which the released key opens it" login rescued saved

# --- a program that was updated, of several secrets; and an open ceremony ---
cat > target <<'EOF'
#!/bin/sh
# target FILE VERB [current|next]: what FILE holds is the password
read -r stored < "$1"
case "$2 ${3-}" in
'probe current') read -r value <&3; [ "$value" = "$stored" ] || exit 194 ;;
'probe next') read -r value <&4; [ "$value" = "$stored" ] || exit 194 ;;
'apply ') read -r value <&4; printf '%s\n' "$value" > "$1" ;;
'expel ') exit 194 ;;
esac
EOF
town_program target
hash() { sha256sum < target | cut -d' ' -f1; }
for i in 1 2; do
	echo "first-$i" > "password-$i"
	town_gives "$PWD/password-$i"
	printf '{"name":"mail/%d","policy":"production","rotator":"exec","effect":"mail %d","target":{"command":["%s/target","%s/password-%d"],"changes":["%s/password-%d"],"hash":"%s","fields":["password"],"generate":{"length":24,"alphabet":"abcdefgh23456789"}}}\n' \
		$i $i "$PROGRAMS" "$PWD" $i "$PWD" $i "$(hash)" >> mail.jsonl
	printf 'mail/%d\tpassword\t%s\n' $i "$(printf 'first-%d' $i | base64)" >> values
done
ok "two secrets behind one program" as infra secret import mail.jsonl
ok "are signed" as ciso secret sign
ok "and adopted" as infra secret adopt --all --values-fd 8 8< values
town_settled
ok "a night with mail/1" night mail/1 password shown
night=$(newest)
ok "a ceremony of mail/2 is open" as alice request mail/2 --reason "no mail" --incident 7 --for 30m
open=$(newest)
echo "# a new release" >> target; town_program target
told "done: the program is another than the definition pins" 5 'SHA-256 differs; was it updated.*halligan secret change' as alice done "$night"
is "nothing is lost" "$(owed mail/1) $(cat password-1)" "11 $(cat shown)"
printf '{"hash":"%s"}' "$(hash)" > hash.json
{ as infra secret change mail/1 mail/2 --target-json hash.json && as ciso secret sign; } > change.log 2>&1
like "both change by one statement" "$(cat change.log)" '--- 1 of 2: mail/1 ---.*--- 2 of 2: mail/2 ---'
is "of which each person signs one" "$(grep -c '^Touched' change.log)" 2
ok "the ceremony goes on until it is in force" as ciso approve "$open"
ok "the quorum is met" as secops secret sign
is "of both the new program is in force" "$({ in_force mail/1; in_force mail/2; } | grep -c "\"hash\": *\"$(hash)\"")" 2
told "the ceremony is void" 1 'request again' as audit approve "$open"

# --- all of them are paid ---
town_due
for name in prod/db prod/rescue mail/1; do
	ok "$name: rotate pays its debt by what is in force now" halligan rotate $name
	is "... nothing of it is owed or escrowed any more" "$(owed $name)" 00
done
refused "no released key opens anything any more" login released
refused "of the renamed account neither" login rescued saved
refused "and what was shown is not the password" cmp -s password-1 <(cat shown; echo)

# --- another policy ---
{ as ciso charter propose --policy "quick=2 of (ciso, secops, infra)" && as audit charter sign && as legal charter sign; } > charter.log 2>&1 || sed 's/^/# /' charter.log
{ as infra secret change prod/db --policy quick && as ciso secret sign && as audit secret sign; } > change.log 2>&1
like "who signs reads which quorum it was, and which it becomes" "$(cat change.log)" 'policy was +production: 3 of.*and becomes +quick: 2 of'
told "what is sealed already needs both" 0 'policy +quick.*opens with +3 of 5.*and +2 of .*both must be met' halligan secret show prod/db

# --- the end of one ---
ok "an officer draws up the end of mail/1" as infra secret retire mail/1
like "and reads what that is" "$(tap_output)" 'mail/1, revision 3: RETIRED for good'
ok "a second signs" as ciso secret sign
like "two of three retire nothing" "$(halligan secret list)" 'mail/1 +version [0-9]+ +production +exec +sealed'
value=$(cat password-1)
ok "a third signs" as audit secret sign
like "and it is retired" "$(tap_output)" 'mail/1 is retired'
told "secret show says so" 0 'mail/1.*[Rr][Ee][Tt][Ii][Rr][Ee][Dd]' halligan secret show mail/1
ok "and has it as JSON" halligan secret show --json mail/1
is "the list says so, and the other one stands" "$(halligan secret list 2>&1 | sed -nE 's/^(mail[^ ]*) .* /\1 /p' | tr '\n' ' ')" "mail/1 retired mail/2 sealed "
remember
told "nobody can request it" 1 'mail/1.*retired' as alice request mail/1 --reason "no mail" --incident 8 --for 30m
told "nor rotate it" 1 'mail/1.*retired' as infra rotate mail/1 --now
told "nor change it" 1 'mail/1.*retired' as infra secret change mail/1 --effect x
told "nor give it a value" 1 'mail/1.*retired' as infra secret adopt mail/1 --field password=password-1
sed -n '1{s/.*"target"://; s/}$//; p}' mail.jsonl | sed "s/\"hash\":\"[0-9a-f]*\"/\"hash\":\"$(hash)\"/" > target.json
told "its name is never used again" 1 'mail/1.* already' as infra secret add mail/1 --policy production --rotator exec --effect x --target-json target.json
unchanged "none of these left anything"
is "the target has the value that it had" "$(cat password-1)" "$value"
ok "the account may have a secret of another name" as infra secret add mail/3 --policy production --rotator exec --effect x --target-json target.json
like "status names nothing of the retired one" "$(halligan status 2>&1 | grep -c 'mail/1')" '^0$'
ok "the log is whole" halligan log verify
tap_end
