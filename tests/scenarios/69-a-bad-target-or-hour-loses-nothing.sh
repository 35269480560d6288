#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A target that is away, refuses, hangs, lies, forgets to answer, or accepts anything; and ceremonies that come too
# late.  After each the vault says what is true and what to do, and it goes on from there.
. "$(dirname "$0")/../lib/vault.sh"
. "$LIB/refusals.sh"
town_founded

# The target: a folder with a password in a file, and a program that behaves as the file "mode" there says.
mkdir console
cat > program <<END
#!/bin/sh
cd "$TOKENS_DIR/console"; mode=\$(cat mode); echo "\$1\$2 \$mode" >> asked
case \$mode in down) echo "no route to it" >&2; exit 2 ;; esac
case \$1\$2 in
check) exit 0 ;;
probecurrent) [ \$mode != leaving ] || sleep 1
	[ \$mode = gullible ] || [ "\$(cat <&3)" = "\$(cat password)" ] || exit 194 ;;
probenext) [ \$mode = gullible ] || [ "\$(cat <&4)" = "\$(cat password)" ] || exit 194 ;;
apply) case \$mode in
	refusing) echo "the password policy forbids it" >&2; exit 194 ;;
	lying) exit 0 ;;
	leaving) setsid sh -c 'sleep 0.5; : > left' & ;;
	hanging) : > hangs; exec sleep 690 ;;
	esac
	cat <&4 > password
	[ \$mode != silent ] || exit 2 ;;
expel) exit 194 ;;
esac
END
town_program program
mode() { echo "$1" > console/mode; }
hung() { pgrep -fx 'sleep 690'; } # no number of its own is one here
hash_of() { sha256sum "$1" | cut -d' ' -f1; }
printf '{"command":["%s"],"changes":["%s"],"hash":"%s","generate":{"length":24,"alphabet":"abcdefghjkmnpqrstuvwxyz23456789"}}' \
	"$PROGRAMS/program" "$TOKENS_DIR/console" "$(hash_of program)" > target.json
umask 077; printf 'first password' | tee console/password > given
mode well; town_gives "$TOKENS_DIR/console"
add() { # each is an account of its own
	sed "s/}}\$/},\"settings\":{\"of\":\"$1\"}}/" target.json > "target-$1.json"
	town_add "$1" --policy "${2:-production}" --rotator exec --effect "the console" --target-json "target-$1.json" --field password=given
}
debt() { db "SELECT state FROM debts ORDER BY arrival DESC LIMIT 1"; }
debts() { db "SELECT count(*) FROM debts WHERE state <> 'retired'"; }
escrows() { find "$VAULT/escrow" -type f ! -name '*.lock' | wc -l; }
newest() { db "SELECT lower(hex(id)) FROM ceremonies ORDER BY arrival DESC LIMIT 1"; }
# night: a whole ceremony, up to the opened credential.
night() { as alice request console --reason "night" --incident 7 --for "${1:-30m}" && town_approve ciso audit legal; }
healed() { # healed CLAIM: with the target in order again, rotate pays the debt
	mode well
	town_due
	ok "$1" halligan rotate console
	is "... nothing is owed or escrowed any more" "$(debts)$(escrows)" 00
}

# --- a new secret ---
ok "a secret is defined" town_define console --policy production --rotator exec --effect "the console" --target-json target.json
remember
mode down
told "adopting: the target is away" 5 'no route to it.*run the same command again' add console
unchanged "nothing was stored"
mode gullible
told "adopting: the target accepts any value" 5 'accept' add console
unchanged "nothing was stored, and nothing changed there"
mode refusing
told "adopting: the target refuses every new value" 5 'rejected|forbids' add console
like "the one it has is sealed, and the debt stands" "$(debt) $(cat console/password)" '^degraded first password$'
told "status: that is no tampering, and needs a person" 5 'degraded.*console' halligan status
like "and it says why, and what next" "$(tap_output)" 'degraded.*console.*forbids it.*halligan rotate console'
told "meanwhile nobody can request it" 1 'being replaced.*halligan rotate console' as alice request console --reason x --incident 7 --for 1m
healed "once it takes new values, rotate goes on"

# --- after a lease ---
ok "a night with the console" night
id=$(newest)
mode down
told "done: the target is away" 5 'no route to it.*halligan rotate' as alice done "$id"
is "no value was lost" "$(escrows)" 1
made=$(db "SELECT count(*) FROM versions")
asked=$(wc -l < console/asked)
told "again, at once: it waits, so that nobody locks the account out" 3 'tried 1 time, .*again from .*no route' halligan rotate console
is "nothing was asked of it" "$(wc -l < console/asked)" "$asked"
town_due
told "again, while it is away" 5 'no route to it.*halligan rotate' halligan rotate console
told "and at once after that" 3 'tried 2 times, .*again from .*no route' halligan rotate console
is "no further value was made" "$(db "SELECT count(*) FROM versions")" "$made"
told "rotate --all tells it too" 3 'no route' halligan rotate --all
healed "when it is back rotate goes on"

ok "another night" night
mode lying
told "done: the target says yes and does nothing" 5 'still accepts the old' as alice done "$(newest)"
is "the debt is not called paid" "$(debts)" 1
healed "when it does what it says, rotate goes on"

ok "another night" night
mode leaving
ok "done: apply leaves a process behind, in a session of its own" as alice done "$(newest)"
is "it is paid, and that one did not live to the next question" "$(debts)$(escrows) $(ls console/left 2> /dev/null)" "00 "

ok "another night" night
mode silent
ok "done: the answer to apply is lost; the probe finds that it was done" as alice done "$(newest)"
is "it is paid" "$(debts)$(escrows)" 00

ok "another night" night
id=$(newest)
mode hanging
as alice done "$id" > hanging.log 2>&1 & doing=$!
tokens_until 20 test -e console/hangs || tap_report 1 "the target never hung"
is "while the target hangs, the debt says that it may have either value" "$(debt)" applying
like "status answers, and tells it" "$(timeout 10 "$HALLIGAN" status 2>&1 < /dev/null)" 'debt +console: .*applying'
told "a second rotation waits, and does not mix in" 1 'waiting.*another session is rotating it' timeout 30 "$HALLIGAN" rotate console
mode down
kill "$(hung)"
wait $doing; status=$?
is "when it gives up: a target problem" "$status" 5
is "and the outcome is unknown, not failed" "$(debt)" applying
healed "when it is back, it is probed first, and the debt is paid"

ok "another night" night
cp program program.kept
echo "# changed" >> program; town_program program
told "done: the program behind exec is another than the definition pins" 5 'SHA-256 differs; was it updated' as alice done "$(newest)"
cat program.kept > program; town_program program
healed "with the right program rotate goes on"

# --- too late ---
ok "a short lease" night 2s
id=$(newest) value=$(cat console/password) # before what is due replaces it beside us
sleep 2.2
told "after its end it cannot be opened" 1 'the lease is over .*make a new request' as alice open "$id" --fd 1 --no-wait
is "the value was not shown" "$(tap_output | grep -cF "$value")" 0
town_settled
is "whoever came next has ended and replaced it" "$(debts)$(db "SELECT state FROM ceremonies ORDER BY arrival DESC LIMIT 1")" 0closed

ok "an open ceremony" as alice request console --reason "night" --incident 7 --for 30m
void=$(newest)
{ as ciso charter propose --policy "quick=3 of (ciso, audit, legal)" --request-ttl 4s &&
	as audit charter sign && as legal charter sign; } > charter.log 2>&1 || sed 's/^/# /' charter.log
told "a new charter voids it" 1 'new charter came into force.*request again' as ciso approve "$void"
cp console/password given
ok "a secret with four seconds to collect approvals" add quick quick
ok "a request" as alice request quick --reason "night" --incident 7 --for 30m
late=$(newest)
ok "one approval in time" as ciso approve "$late"
sleep 4.2
approvals=$(db "SELECT count(*) FROM voices")
told "an approval after the deadline" 1 'past its deadline.*request again' as audit approve "$late"
told "a denial after it" 1 'deadline has passed' as audit deny "$late" --reason late
told "and nothing to open" 1 'deadline has passed' as alice open "$late" --fd 1 --no-wait
is "it did not count" "$(db "SELECT count(*) FROM voices")" "$approvals"
town_settled
is "the ceremony is over and its key erased" "$(db "SELECT state FROM ceremonies ORDER BY arrival DESC LIMIT 1")$(find "$VAULT/ceremony" -type f | wc -l)" refused0
like "the version is shown as part-exposed" "$(halligan status 2>&1)" 'exposed +quick'
ok "the log verifies" halligan log verify
tap_end
