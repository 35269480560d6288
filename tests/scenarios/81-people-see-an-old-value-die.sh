#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A target that goes on to take an old value for an hour, and cannot end sessions: what each person sees of that, from the
# adoption to the second night; and targets that nothing could ever change.
. "$(dirname "$0")/../lib/vault.sh"
. "$LIB/refusals.sh"
town_founded
umask 077

page() { sed -n '/^```'"$1"'$/,/^```$/p' "$LIB/../../docs/rotators.md" | sed '/^```$/q' | sed '1d;$d'; }
page sh > rotate-mail-user; town_program rotate-mail-user
target() { # IDENTITY GRACE
	printf '{"command":["%s/rotate-mail-user","%s/mail/users","breakglass"],"changes":["%s/mail"],"hash":"%s","fields":["password"],"announces":{"style":"replace","holds":1,"identity":"%s","grace":%s,"death":"refused","can":[]}}\n' \
		"$PROGRAMS" "$TOKENS_DIR" "$TOKENS_DIR" "$(sha256sum rotate-mail-user | cut -d' ' -f1)" "$1" "$2"
}
target ambient 3600 > mail.json
printf 'the first password' > given; printf breakglass > user
mkdir mail
printf 'breakglass:%s\n' "$(openssl passwd -6 -in given)" > mail/users
town_gives "$PWD/mail"
adopt() { town_add "$1" --policy production --rotator exec --effect "mail of breakglass" \
	--target-json "$2" --field username=user --field password=given; }

target via 0 > via.json
told "a target that only another secret can change is refused before a PIN" 1 'identity.*via' adopt other via.json
is "and not kept" "$(db "SELECT count(*) FROM secrets WHERE name = 'other'")" 0

ok "adopted: the new value works, the old one's time runs" adopt mail mail.json
like "what it announces is said before" "$(tap_output)" 'at most 60 min after it was taken away; sessions there cannot be ended'
town_settled
watched='death watch.*version 1 was taken away; the target may take version 1 until 20.*then it must refuse it'
told "status tells the death watch" 0 "watch +mail: $watched" halligan status
is "and that nobody need act" "$(tap_output | grep '^watch' | grep -cE 'waits for|next:')" 0
told "secret show tells it, and how it will be known" 0 "$watched" halligan secret show mail
like "and the list" "$(halligan secret list)" 'mail .*watched'
like "as JSON, too" "$(halligan secret show --json mail)" '"deaths": ?\[\{"version": ?1, ?"state": ?"watched"'
ok "the secret is requested all the same" as alice request mail --reason "no mail" --incident 7 --for 30m
ok "approved and released" town_approve ciso audit legal
as alice open --fd 9 --field password --no-wait 9> shown > open.log 2>&1
told "done: the old value is taken away, and will be refused" 0 'The new value is accepted; the old value was taken away' as alice done
town_settled
is "two deaths are watched" "$(halligan status | grep -c '^watch')" 2
told "rotate tells each of them, and changes nothing" 0 'may take version 1 until' halligan rotate mail
is "nothing else waits" "$(db "SELECT count(*) FROM debts WHERE state NOT IN ('watched', 'retired')")" 0
tap_end
