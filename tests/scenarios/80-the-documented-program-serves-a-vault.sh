#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The first program of docs/rotators.md, as it stands on the page, in a vault: its secret is adopted, released, opened, and
# replaced when it is given back.
. "$(dirname "$0")/../lib/vault.sh"
. "$LIB/refusals.sh"
town_founded
umask 077

page() { sed -n '/^```'"$1"'$/,/^```$/p' "$LIB/../../docs/rotators.md" | sed '/^```$/q' | sed '1d;$d'; }
page sh > rotate-mail-user; town_program rotate-mail-user
page json | sed "s|/etc/halligan/programs|$PROGRAMS|;s|/srv/mail|$TOKENS_DIR/mail|
	s|SHA-256 of that file in hex|$(sha256sum rotate-mail-user | cut -d' ' -f1)|" > mail.json
printf 'the first password' > given; printf breakglass > user
mkdir mail
printf 'jane:$6$x$y\nbreakglass:%s\n' "$(openssl passwd -6 -in given)" > mail/users
town_gives "$PWD/mail"
# opens FILE: is that the password now?
opens() { [ "$(openssl passwd -6 -in "$1" -salt "$(sed -n 's/^breakglass:$6$\([^$]*\).*/\1/p' mail/users)")" = "$(sed -n 's/^breakglass://p' mail/users)" ]; }

ok "the program keeps to the contract" halligan rotator test exec --target-json mail.json --value username=user --value password=given
ok "its secret is adopted" town_add mail --policy production --rotator exec --effect "mail of breakglass" \
	--target-json mail.json --field username=user --field password=given
like "what it announces is said before" "$(tap_output)" 'takes the place of the old one'
town_settled
refused "and replaced at once" opens given
ok "it is requested" as alice request mail --reason "no mail" --incident 7 --for 30m
ok "approved and released" town_approve ciso audit legal
as alice open --fd 9 --field password --no-wait 9> shown > open.log 2>&1
ok "what is shown opens the target" opens shown
ok "it is given back" as alice done
town_settled
refused "and what was shown opens nothing any more" opens shown
is "the other users stand" "$(grep -v breakglass mail/users)" 'jane:$6$x$y'
is "the debt is paid" "$(db "SELECT count(*) FROM debts WHERE state <> 'retired'")" 0

# --- a value that nobody has seen is replaced by an operator alone ---
told "not where a field of it would be lost" 1 'mail: its value has a username.*halligan reseal --rotate' as infra rotate mail --now
printf 'the second password' > second
printf 'ops:%s\n' "$(openssl passwd -6 -in second)" >> mail/users
ops() { sed -n 's/^ops://p' mail/users; }
sed 's/"breakglass"/"ops"/' mail.json > ops.json
ok "one that is a password alone" town_add ops --policy production --rotator exec --effect "mail of ops" --target-json ops.json --field password=second --no-rotate
like "what was not replaced stands in status" "$(halligan status 2>&1)" 'secrets: 1 secret has a value that was not replaced since it was given.*the first is ops.*halligan reseal --rotate'
told "who gave it has seen it: its officers are asked" 1 'ops: somebody has seen its value.*halligan reseal --rotate' as infra rotate ops --now
ok "they are" as infra reseal --rotate --reason "it was seen" ops
ok "and approve" town_approve ciso audit legal
town_settled
like "nothing stands there any more" "$(halligan status 2>&1 | grep -c 'not replaced since')" '^0$'
before=$(ops)
told "an officer alone orders nothing" 4 '' as ciso rotate ops --now
is "and nothing changed" "$(ops)" "$before"
ok "an operator alone replaces what nobody has seen" as infra rotate ops --now
like "it says by which grade" "$(tap_output)" 'ops: replaced; the new value is accepted; replaced, not tried: nobody had seen the old value'
is "with one touch" "$(tap_output | grep -c '^Touched')" 1
refused "the target has another value" test "$(ops)" = "$before"
like "and so does the statement" "$(halligan secret show ops 2>&1)" 'replaced, not tried'

# --- an order that its target does not take keeps nobody out ---
mkdir mail/users.halligan-new		# in the program's way
as infra rotate ops --now > order.log 2>&1
is "an order that cannot be carried out is owed" "$(db "SELECT count(*) FROM debts WHERE untried = 1 AND state <> 'retired'")" 1
told "what is only to be sealed again waits" 1 'ops: an operator ordered its replacement.*only a request or a rotation that names it' as infra reseal --reason "a leaver" ops
ok "a rotation by its officers can be asked for" as infra reseal --rotate --reason "now" ops
ok "and taken back" as infra cancel --reason "asked for by alice"
ok "and so can the value" as alice request ops --reason "no mail" --incident 8 --for 30m
like "of which the order is said" "$(tap_output)" 'ops: an operator ordered its replacement, which is not over'
ok "its officers open it" town_approve ciso audit legal
as alice open --fd 9 --field password --no-wait 9> opened > open.log 2>&1
ok "and it works" test "$(openssl passwd -6 -in opened -salt "$(ops | cut -d'$' -f3)")" = "$(ops)"
rmdir mail/users.halligan-new 2> /dev/null || rm -r mail/users.halligan-new
ok "it is given back" as alice done
town_due
town_ends
is "and dies as any" "$(db "SELECT count(*) FROM debts WHERE state <> 'retired'")" 0
like "which its target showed" "$(halligan secret show ops 2>&1)" 'the target refused the old value'
ok "the log holds" halligan log verify
tap_end
