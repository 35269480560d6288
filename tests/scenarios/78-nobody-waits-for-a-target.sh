#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Three targets hang.  Whoever asks for something else is answered while they do; one process of its own pays what is
# due, whatever becomes of those who came with a command; and when it dies, nothing is lost.
. "$(dirname "$0")/../lib/vault.sh"
. "$LIB/refusals.sh"
town_founded

# Three targets, each a password in a file; while "hanging" is there, apply hangs, and says so.
mkdir targets
cat > program <<END
#!/bin/sh
cd "$TOKENS_DIR/targets"
case \$2\$3 in
check) exit 0 ;;
probecurrent) [ "\$(cat <&3)" = "\$(cat "password.\$1")" ] || exit 194 ;;
probenext) [ "\$(cat <&4)" = "\$(cat "password.\$1")" ] || exit 194 ;;
apply) [ ! -e hanging ] || { echo \$1 >> hung; exec sleep 678; }
	cat <&4 > "password.\$1" ;;
expel) exit 194 ;;
esac
END
town_program program
hash=$(sha256sum program | cut -d' ' -f1)
adopt() {
	printf 'first password' | tee "targets/password.$1" > given
	town_gives "$PWD/targets"
	printf '{"command":["%s","%s"],"changes":["%s"],"hash":"%s","generate":{"length":24,"alphabet":"abcdefghjkmnpqrstuvwxyz23456789"}}' \
		"$PROGRAMS/program" "$1" "$PWD/targets" "$hash" > target.json
	town_add "$1" --policy production --rotator exec --effect "$1" --target-json target.json --field password=given
}
owed() { db "SELECT count(*) FROM debts WHERE state <> 'retired'"; }
escrows() { find "$VAULT/escrow" -type f ! -name '*.lock' | wc -l; }
hung() { pgrep -fx 'sleep 678'; } # its own number is none here
hangs() { hung > /dev/null; }
# Until the lease is over and a target hangs: each session finds what is due by then.
reach_target() { "$HALLIGAN" status < program > told 2>&1 9< target.json; [ -s targets/hung ] && hangs; }
# night: the three are released for a second.
night() {
	rm -f targets/hung; touch targets/hanging
	as alice request one two three --reason night --incident 7 --for 1s && town_approve ciso audit legal &&
		tokens_until 30 reach_target
}

umask 077
for name in one two three; do adopt "$name" > adopt.log 2>&1 || sed 's/^/# /' adopt.log; done
town_settled
is "three secrets are adopted" "$(owed)$(escrows)" 00

# --- while they hang ---
ok "a night with the three, whose targets hang when it ends" night
due=$(town_due_process)
is "one process is at it" "$(wc -w <<< "$due")" 1
is "in a session of its own" "$(ps -o sid= -p "$due" | tr -d ' ')" "$due"
ok "status answers, and tells of the three" halligan status
is "..." "$(tap_output | grep -cE '^ *debt +(one|two|three): ')" 3
ok "a healthy secret is requested" as alice request prod/db --reason night --incident 7 --for 30m
ok "approved and released" town_approve ciso audit legal
ok "and opened" as alice open --fd 1 --no-wait
ok "the target hangs still: nobody has waited for it" hangs
is "it is one hanging target: one process is at it, however many have asked" "$(wc -l < targets/hung) $(town_due_process)" "1 $due"
is "it has nothing of the client that it came after" \
	"$(find "/proc/$due/fd" -lname "$TOKENS_DIR/*" ! -lname "$VAULT/*" -printf '%l\n' | wc -l)" 0
is "no input, output or terminal" "$(readlink /proc/"$due"/fd/[012] | sort -u)" /dev/null
is "and nothing but the vault's files and its own pipes" \
	"$(find "/proc/$due/fd" -type l -printf '%l\n' | grep -vcE "^(/dev/null|$VAULT(/.*)?|pipe:.*|anon_inode:.*|socket:.*)\$")" 0

# --- a person comes ---
halligan rotate one > rotate.log 2>&1 & rotating=$!
ok "who asks for the same rotation is told to wait" tokens_until 8 grep -q 'waiting' rotate.log
rm targets/hanging; kill "$(hung)"
wait $rotating; status=$?
is "and hears that it is paid" "$status $(tail -n 1 rotate.log | grep -c one)" "0 1"
ok "the process goes on to the others, and ends" town_settled
is "nothing is owed or escrowed of the three any more" "$(owed)$(escrows)" 11

# --- it dies ---
ok "the healthy one is given back" as alice done
ok "another night" night
due=$(town_due_process)
kill -KILL "$due"; kill "$(hung)" 2> /dev/null
ok "it is killed" town_settled
is "all three are owed" "$(owed)$(escrows)" 33
rm targets/hanging
town_due
town_ends
is "the next one pays" "$(owed)$(escrows)" 00
ok "the log verifies" halligan log verify
tap_end
