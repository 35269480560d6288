#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A vault that lives: tokens are tested and suspended, charters proposed and signed, and whoever writes the
# database in between is found out.
. "$(dirname "$0")/../lib/vault.sh"
. "$LIB/refusals.sh"
SERIAL[alice2]=30000008
SERIAL[carol]=30000007 ROLES[carol]=officer,operator PERSON[carol]="Carol Newcomer"
SERIAL[bob]=30000009 ROLES[bob]=responder PERSON[bob]="Bob Oncall"
town_founded

# --- token test ---
ok "an officer proves that a token is ready" as ciso token test
like "the signature is proven" "$(tap_output)" 'sign +it signs, after a touch'
like "and the share key" "$(tap_output)" 'share +its share key opens'
like "and the next test has a date" "$(tap_output)" 'next one is due by [0-9]{4}-'
ok "a responder too" as alice token test
like "there the release key" "$(tap_output)" 'release +its release key opens'
is "both are in the log" "$(db "SELECT count(*) FROM log_leaf WHERE CAST(data AS TEXT) LIKE '%\"event\":\"test\"%'")" 2
ok "the log verifies" halligan log verify
like "and proves each row" "$(tap_output)" 'rows in the database are as the vault left them'

# --- status ---
ok "charter status says how it stands" halligan charter status
like "per secret, with the margin" "$(tap_output)" 'prod/db +production +margin 2 +ciso, secops, infra, audit, legal'
like "per token, with the newest evidence" "$(tap_output)" 'ciso +"ciso-1" +test '
like "else the enrolment" "$(tap_output)" 'audit +"audit-1" +enrolment '

# --- a seat's next token ---
ok "alice enrolls another token" as alice2 enroll --seat alice --person "${PERSON[alice]}" --roles responder --label alice-2 \
	--driver piv --attestation-certs simulated-root.pem --out alice2.enrolment
town_enroll bob > /dev/null 2>&1
ok "an operator proposes it, with bob's: of many files, on one screen, by one signature" as infra roster add *.enrolment
like "what stands in the vault is left out" "$(tap_output)" 'Left out: ciso.enrolment: ciso has its token "ciso-1" already'
like "and reads whose word it needs" "$(tap_output)" '! alice gets another token: one of the seat.s own signs too'
ok "an officer signs" as ciso roster sign
like "two are not enough" "$(tap_output)" 'not in force yet: roster: seat "alice" gets another token'
ok "alice signs with the token that she has" as alice roster sign
like "then it is in force" "$(tap_output)" 'Roster 2 is in force'
ok "the roster is shown" halligan roster show
like "both are there" "$(tap_output)" 'token "bob-1".*since roster 2 of 20'
like "with since when and by whom" "$(tap_output)" 'token "alice-2".*since roster 2 of 20[^,]*, signed by infra, ciso, alice'
ok "as JSON too" halligan roster show --json
like "each token by itself" "$(tap_output)" '"signed":"infra, ciso, alice"'

# --- the wrong command for the case ---
told "a founding's command" 1 'halligan charter propose' as ciso charter draft --max-duration 1h

# --- propose: n+1 by the quorums of both, in any order ---
ok "two may change it from now on" as legal charter propose --change "2 of (ciso, secops, infra, audit, legal)"
like "the change is readable" "$(tap_output)" '! the quorum that may change it: 2 of'
like "others are missing" "$(tap_output)" 'Still missing: .*needs 2 more signatures; not signed yet by ciso, secops, infra, audit'
ok "then ciso" as ciso charter sign
ok "then secops: three of the old charter, two of the new" as secops charter sign
like "it is in force" "$(tap_output)" 'Charter 2 of town.example is in force'

# --- suspend ---
ok "alice requests" town_request
ok "legal approves" town_approve legal
told "the reason is needed" 2 'reason' as ciso suspend legal-1
told "an unknown token" 1 'neither charter nor roster has a token' as ciso suspend nobody-9 --reason x
told "a responder suspends no officer's token" 1 'no officer' as alice suspend legal-1 --reason "I do not like it"
ok "ciso suspends legal's token, alone and at once" as ciso suspend legal-1 --reason "lost on the train"
told "once is enough" 1 'suspended already.*lost on the train' as infra suspend legal-1 --reason "again"
told "the token counts for nothing: who, when, why" 1 'suspended by ciso on 20.*lost on the train' as legal approve
like "what it approved does not count either" "$(halligan status 2>&1)" 'the approval of legal does not count'
like "status shows it" "$(halligan charter status 2>&1)" "ALARM legal's token .legal-1. is suspended: suspended by ciso"
like "so does the charter's screen" "$(halligan charter show 2>&1)" 'token "legal-1".*SUSPENDED: suspended by ciso on 20[^:]*:[0-9:]*Z?: .lost on[[:space:]|]*the train.'
like "and whom the secret has left" "$(halligan charter status 2>&1)" 'margin 1 +ciso, secops, infra, audit[^,]'
ok "three others approve" town_approve ciso secops infra
ok "and alice opens" as alice open --fd 1 --no-wait
ok "and is done" as alice done

# A database writer takes the suspension away: the log's newest leaf counts it.
cp vault/vault.db before.db
"$LIB/tamper.py" "$VAULT" sql "DELETE FROM documents WHERE position = 5"
told "a removed suspension" 6 'a row of documents .* is gone' halligan charter status
cp before.db vault/vault.db
"$LIB/tamper.py" "$VAULT" sql "UPDATE documents SET position = 1000 + position WHERE position > 3"
"$LIB/tamper.py" "$VAULT" sql "UPDATE documents SET position = 1009 - position WHERE position > 3"
told "a moved one" 6 'a row of documents .* not as the vault left it|is gone' halligan charter status
cp before.db vault/vault.db
"$LIB/tamper.py" "$VAULT" sql "INSERT INTO documents SELECT 6, digest, 1 FROM statements WHERE type = 'test' LIMIT 1"
ok "an added one is not believed" halligan charter status
told "an added one is found" 6 'a row of documents .* none that the vault has' halligan log verify
cp before.db vault/vault.db
ok "the right database is believed again" halligan charter status

# --- below the threshold: a second officer ---
ok "audit's token is suspended too" as ciso suspend audit-1 --reason "left in a taxi"
ok "alice requests again" town_request
# Of 3 of 5 ciso, secops and infra are left: the next takes the last quorum.
told "one more needs a second officer" 3 'NOT YET in force.*prod/db.*second officer' as ciso suspend secops-1 --reason "stolen bag"
said=$(tap_output)
told "the first cannot be the second" 3 'has signed this suspension already' as ciso suspend secops-1 --reason "stolen bag"
ok "it is not in force" as secops token test
again=$(sed -n "s/.*: halligan \(suspend .* agreed\)$/\1/p" <<< "$said")
like "status prints the same command" "$(halligan status 2>&1)" "halligan $again"
ok "infra is the second, by the command that was printed" eval "as infra $again"
like "who reads what it costs" "$(tap_output)" 'ciso wants to suspend it, and says: "stolen bag".*WARNING: no quorum can open these any more: prod/db'
told "what nobody can open cannot be requested" 1 'too few of its seats' town_request
told "the last who could change the charter stay" 1 'nobody could change the charter' as ciso suspend infra-1 --reason "one too many"

# --- a person leaves, one comes ---
town_enroll carol > /dev/null 2>&1
told "only what is suspended is restored" 1 'no token "ciso-1" is suspended' as infra charter propose --restore ciso-1
told "a suspended token proposes nothing" 1 'stolen bag' as secops charter propose --restore secops-1
told "a seat without a token" 1 '"audit" would have no token left: give an enrolment.*--remove-seat' as infra charter propose --remove-token audit-1
told "a seat that quorums name: all of them, as options to edit" 1 \
	"--policy 'production=3 of \(ciso, secops, infra, audit, legal\)' --change '2 of \(ciso, secops, infra, audit, legal\)'" \
	as infra charter propose --remove-seat legal carol.enrolment
told "the one that is left" 1 "without it: --change '2 of [^-]*\$" as infra charter propose --remove-seat legal carol.enrolment \
	--policy 'production=3 of (ciso, secops, infra, audit, carol)'
ok "a change is proposed" as infra charter propose carol.enrolment --remove-seat legal --restore audit-1 --restore secops-1 \
	--policy 'production=3 of (ciso, secops, infra, audit, carol)' --max-duration 90m --change '2 of (ciso, secops, infra, audit, carol)'
like "how long a lease may be is told, before and after" "$(tap_output)" '- policy production: [^;]*legal\); for at most 2 h;.*\+ policy production: [^;]*carol\); for at most 1 h 30 min;'
like "whose quorum suspensions left too few of, and who of it must sign" "$(tap_output)" \
	'! THE PRESENT QUORUM OF THE POLICY production CANNOT BE MET, tokens of it are suspended: 3 of [^!]*! +everybody of it must sign who can: ciso, infra'
like "which is what is missing" "$(tap_output)" 'Still missing: .*everybody of it must sign who can; not signed yet by ciso\.'
like "who leaves" "$(tap_output)" '- seat legal'
like "who joins" "$(tap_output)" '\+ seat carol: "Carol Newcomer"'
like "what it restores" "$(tap_output)" "restores audit's token .audit-1., suspended by ciso"
like "asked about each token by itself" "$(tap_output)" "It restores audit's token .audit-1., suspended by ciso.*count again.*It restores secops's token .secops-1.,.*count again"
told "a suspended token signs no charter" 1 'stolen bag' as secops charter sign
ok "then ciso: it is in force" as ciso charter sign
like "it is charter 3" "$(halligan charter show 2>&1)" 'Charter 3 of town.example'
is "what was open is void" "$(db "SELECT count(*) FROM ceremonies WHERE state = 'collecting'")" 0
told "and cannot be approved" 1 'no ceremony|void|refused|nothing' as ciso approve
ok "audit's token works again" as audit token test
told "an enrolment is accepted once" 1 'seat "legal", token "legal-1": its enrolment was accepted before' as infra charter propose legal.enrolment
told "one that has its place needs no charter" 1 'carol has its token "carol-1" already' as infra charter propose carol.enrolment
told "a responder's file belongs into the roster" 1 'bob has its token "bob-1" already' as infra charter propose bob.enrolment
like "status names the leaver's envelopes" "$(halligan charter status 2>&1)" 'ALARM 1 secret is still sealed to tokens that left the charter'

# --- a charter that would brick the vault ---
told "seats that a sealed version needs" 1 'nobody could open prod/db any more.*halligan reseal' \
	as ciso charter propose --remove-seat audit --remove-seat secops --policy 'production=2 of (ciso, infra, carol)' --change '2 of (ciso, infra, carol)'
told "a policy that secrets are under" 1 'nobody could open prod/db' \
	as ciso charter propose --policy 'production=3 of (carol, ciso, infra)'

# --- waivers and form factors ---
ok "a waiver is proposed" as ciso charter propose --waive 'carol-1=touch,firmware:an older key until march' --form-factor usb-c-nano --form-factor usb-a-keychain
like "in capitals" "$(tap_output)" 'WAIVER for carol.s token .carol-1.: OLD FIRMWARE, NO TOUCH waived: .an older key until march.'
told "a waiver for nobody" 1 'no token of the new charter has that label' as ciso charter propose --waive 'nobody-1=touch:x y'
told "a waiver of nothing" 2 'is no waiver' as ciso charter propose --waive 'carol-1=magic:x y'
told "a form factor that is none" 2 'is no form factor' as ciso charter propose --form-factor usb-z

# --- the operator who signed the definition leaves ---
waiver=$(newest_draft)
ok "infra is left out" as carol charter propose --remove-seat infra \
	--policy 'production=3 of (ciso, secops, audit, carol)' --change '2 of (ciso, secops, audit, carol)'
like "who signs reads what infra loses" "$(tap_output)" '! infra is no officer, operator, responder any more'
like "and that secrets stay sealed to the seat" "$(tap_output)" 'stay sealed to infra too until they are resealed'
like "and whose quorum that needs besides" "$(tap_output)" \
	'! the present quorum of the policy production must sign this too: 3 of \(ciso, secops, infra, audit, carol\)'
told "two wait: one must be named" 2 "several could be meant.*charter $waiver .*proposed by ciso.*charter $(newest_draft)" as secops charter sign
like "status lists both" "$(halligan status 2>&1)" "ciso proposes it; 1 signed.*carol proposes it"
like "charter status too" "$(halligan charter status 2>&1)" "WAITS charter $waiver .*proposed by ciso"
told "who did not propose it does not withdraw it" 4 'seat ciso|of ciso' as audit withdraw "$waiver" --reason "not mine"
ok "ciso withdraws the waiver" as ciso withdraw "$waiver" --reason "carol has a new key"
told "it is gone" 1 'waits for signatures' as secops charter sign "$waiver"
told "secops signs: two of the old, two of the new, and the policy lacks one" 0 \
	'changes the policy production, whose present quorum .* needs 1 more signature; not signed yet by ciso, infra, audit' as secops charter sign
like "so it is not in force" "$(halligan charter show 2>&1)" 'Charter 3 of town.example'
ok "audit is the third of the policy" as audit charter sign
like "charter 4" "$(halligan charter show 2>&1)" 'Charter 4 of town.example'
ok "the secret that infra defined is still believed" halligan secret show prod/db
ok "it can be requested" town_request
ok "approved" town_approve ciso secops audit
ok "and opened" as alice open --fd 1 --no-wait
ok "and replaced, now sealed to carol as well" as alice done
like "nothing is sealed to those who left any more" "$(halligan charter status 2>&1)" 'margin 1 +ciso, secops, audit, carol'

# --- history ---
ok "the history reads like a story" halligan charter history
like "it begins" "$(tap_output)" 'town.example was founded; ciso joined'
like "a suspension and why" "$(tap_output)" "legal's token .legal-1. was suspended: .lost on the train. \(signed by ciso\)"
like "that a policy changed without its quorum" "$(tap_output)" 'the quorum that policy production had could not be met, tokens of it were suspended'
like "who came, who went, what was restored" "$(tap_output)" "charter 3; carol joined .*; legal left.*audit's token .audit-1. was restored"
like "tests" "$(tap_output)" 'ciso tested the token .ciso-1.: it works'
ok "as JSON" halligan charter history --json
ok "the log verifies at the end" halligan log verify
tap_end
