#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Bad input on the command line: each is refused with the right exit code and a message that says what
# happened and what to do, and nothing is changed by it.
# Garbage servers stand in 66, changed bytes in 67, pulled tokens in 68, a full disk in 64.
# Its vault is its own: half of what is refused is said before there is a vault, or while it is being founded.
. "$(dirname "$0")/../lib/vault.sh"
. "$LIB/refusals.sh"
SERIAL[novice]=30000007 # a token as it comes from the maker
SERIAL[mallory]=30000008
town_start

# --- words and options ---
told "no command: help" 2 'halligan' halligan
told "an unknown command names the nearest" 2 'no command "aprove"; did you mean `halligan approve`' halligan aprove
told "half a command names its group" 2 'needs one more word: .*secret add' halligan secret
told "a misspelt second word names the nearest" 2 'did you mean `halligan secret list`' halligan secret lst
told "an unknown option names the nearest" 2 'no option --reson; did you mean --reason' halligan request prod/db --reson x
told "an option twice" 2 '\-\-for is given twice' halligan request prod/db --for 1m --for 2m
told "an option without its value" 2 '\-\-for needs a value' halligan request prod/db --for
told "a flag with a value" 2 '\-\-json takes no value' halligan status --json=yes
told "an argument too many" 2 'one argument too many|takes no argument' halligan log verify now
told "an argument missing" 2 'argument is missing: halligan secret show NAME' halligan secret show
told "a flag that is needed" 2 'wants either --stdio or --due' halligan serve
told "a vault must be named" 2 'which vault. Give --vault' env -u HALLIGAN_VAULT "$HALLIGAN" status
told "another scheme" 2 'only a folder, or ssh://' halligan status --vault https://example.org/vault
told "ssh without a folder" 2 'names no folder; write ssh://' halligan status --vault ssh://example.org
told "a host that is an option of ssh" 2 'malformed; write ssh://' halligan status --vault ssh://-oProxyCommand=x/vault
told "a control character in the place" 2 'control characters' halligan status --vault $'va\x1b[31mult'
told "a vault that is not there" 1 'no vault at .*/nowhere; make one with halligan init' halligan status --vault nowhere
is "asking for it made nothing" "$(find . -name 'nowhere*' | wc -l)" 0
told "request where there is no vault" 1 'no vault at .*/nowhere' as alice request prod/db --reason x --incident 1 --for 1m --vault nowhere
told "a folder that is something else" 1 'no vault at|not a vault' halligan status --vault "$TOKENS_DIR/sshd"
told "a file where the folder should be" 1 'Not a directory' halligan status --vault "$TOKENS_DIR/${SERIAL[ciso]}.json"
told "a server serves a folder" 2 'folder of its own machine' halligan serve --stdio --vault ssh://h/v

# --- founding ---
told "a copy to a relative path" 2 'directory:/ABSOLUTE' halligan init --name town.example --training --copy directory:here
told "copy and no-copy" 2 'contradict' halligan init --name town.example --no-copy --copy directory:/x
told "a copy to a folder that is not there" 1 'no folder /nonexistent/copies for copies: make it' halligan init --name town.example --training --copy directory:/nonexistent/copies
told "a vault's name with a space" 2 '"town hall" is no vault.s name: 1 to 63 letters' halligan init --name 'town hall' --training --no-copy
is "none of these made a vault" "$(test -e vault/vault.db; echo $?)" 1
town_init > init.log 2>&1
told "a second init" 1 'vault at .* already' town_init
told "a request while it is being founded" 1 'still being founded' as alice request prod/db --reason x --incident 1 --for 1m

# --- enrolment ---
enroll() { # enroll SEAT OPTION...
	local seat=$1; shift
	as "$seat" enroll --person "Somebody" --label "$seat-1" "$@"
}
again() { # again SERIAL PIN PUK: another token of this serial
	token_kill "$1" && rm "$TOKENS_DIR/$1.json" && "$SIMTOKEN" new --serial "$1" --state "$TOKENS_DIR/$1.json" \
		--pin "$2" --puk "$3" && token_run "$1" && token_ready "$1"
}
again "${SERIAL[novice]}" 123456 "$TOWN_PUK"
remember
told "the factory PIN" 1 'factory PIN, which everybody knows; change it first: halligan token pin --serial' enroll novice --no-offer --seat novice --roles officer --attestation-certs simulated-root.pem --out novice.enrolment
again "${SERIAL[novice]}" "$TOWN_PIN" 12345678
told "the factory PUK" 1 'factory PUK, .*; change it first: halligan token puk --serial' enroll novice --no-offer --seat novice --roles officer --attestation-certs simulated-root.pem --out novice.enrolment
again "${SERIAL[novice]}" "$TOWN_PIN" "$TOWN_PUK"
told "an unknown role" 2 'officer, operator, responder' enroll novice --seat novice --roles oficer --out novice.enrolment
told "a seat's name that is none" 2 'name "No vice"' enroll novice --seat 'No vice' --roles officer --out novice.enrolment
told "control characters in a person's name" 2 'plain text' as novice enroll --person $'Some\x1b[2Jbody' --label n --seat novice --roles officer --out novice.enrolment
told "no certificates: the attestation cannot be judged" 2 'certificates are missing: --attestation-certs FILE' enroll novice --seat novice --roles officer --out novice.enrolment
openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -subj '/CN=Yubico PIV Root CA Serial 263751' -days 9 -out other-root.pem 2>/dev/null
is "before any key was made" "$(halligan token info --serial "${SERIAL[novice]}" 2>&1 | grep -c 'no key')" 3
told "a root of one's own, under the maker's name: it does not chain" 1 'does not chain to a root that this vault pins.*attestation-certs' enroll novice --seat novice --roles officer --attestation-certs other-root.pem --out novice.enrolment
echo "no certificate" > text.pem
told "a file that holds no certificate" 1 'attestation-certs: .*no certificate in PEM' enroll novice --seat novice --roles officer --attestation-certs text.pem --out novice.enrolment
told "a file that is not there" 1 'absent.pem' enroll novice --seat novice --roles officer --attestation-certs absent.pem --out novice.enrolment
halligan init --vault production --name real.example --no-copy > init.log 2>&1
told "a simulated token for a production vault" 1 'does not chain.*NOT A REAL TOKEN' enroll novice --vault production --seat novice --roles officer --attestation-certs simulated-root.pem --out novice.enrolment
unchanged "no enrolment was written, and the vault did not change"
ok "after all this the token can be enrolled" enroll novice --seat novice --roles officer --attestation-certs simulated-root.pem --out novice.enrolment
told "its file is never overwritten" 1 'novice.enrolment exists' enroll novice --seat novice --roles officer --attestation-certs simulated-root.pem --out novice.enrolment
ok "the same token for a second seat (it cannot be known yet)" enroll novice --seat double --roles officer --attestation-certs simulated-root.pem --out double.enrolment
ok "the others enroll" town_enroll "${OFFICERS[@]}" alice

# --- quorums ---
remember
FILES=("${OFFICERS[@]/%/.enrolment}")
draft() { as ciso charter draft --max-duration 2h "$@" "${FILES[@]}"; }
told "an unknown seat names the nearest" 1 'no seat "secop"; did you mean "secops"' draft --policy 'production=3 of (ciso, secop, infra)'
told "a seat twice in a group" 1 'seat "ciso" stands twice' draft --policy 'production=2 of (ciso, ciso, infra)'
told "m is 0" 1 'm is 0' draft --policy 'production=0 of (ciso, infra)'
told "m is more than n" 1 'm is 4 but the group has 3 seats' draft --policy 'production=4 of (ciso, secops, infra)'
told "a seat in two groups joined by and" 1 'seat "infra" stands in two groups' draft --policy 'production=1 of (ciso, infra) and 1 of (infra, audit)'
told "one person alone" 1 'two|persons|people' draft --policy 'production=1 of (ciso, secops)'
told "text after the end" 1 'column' draft --policy 'production=2 of (ciso, secops) please'
told "no policy at all" 2 '\-\-policy NAME=QUORUM' draft
told "a policy without a quorum" 2 'NAME=QUORUM' draft --policy production
told "one token for two seats names both" 1 '30000007 is enrolled for both' draft --policy "production=$QUORUM" novice.enrolment double.enrolment
told "a file twice" 1 'ciso' draft --policy "production=$QUORUM" ciso.enrolment
told "a responder's file belongs to the roster" 1 'roster add' halligan charter draft --policy "production=$QUORUM" alice.enrolment
python3 - > changed.enrolment <<-END
	import base64, json
	statement = json.load(open("ciso.enrolment"))
	payload = base64.b64decode(statement["payload"]).replace(b"Chris", b"Chras")
	statement["payload"] = base64.b64encode(payload).decode()
	print(json.dumps(statement, separators=(",", ":")))
END
told "an enrolment with a changed byte" 6 'changed.enrolment: enrolment of seat "ciso".*signature does not verify' halligan charter draft --policy "production=$QUORUM" changed.enrolment "${FILES[@]:1}"
rm changed.enrolment
unchanged "no draft stands"
ok "a right draft is drawn up and signed" town_charter
ok "the roster" town_roster
told "a token of another seat cannot be enrolled" 1 '30000001 is enrolled for the seat ciso already.*take another' \
	enroll ciso --seat chief --roles officer --attestation-certs simulated-root.pem --out chief.enrolment
told "a token that is in no charter" 4 'belongs to no seat of this vault; this needs a token of an officer or operator' as mallory roster remove alice

# --- secrets ---
ssh-keygen -q -t ed25519 -N '' -C breakglass -f breakglass
cat breakglass.pub > "$SSHD_AUTHORIZED"
sshd_target local > target.json
define() { as infra secret add "$1" --policy production --rotator ssh-key --effect "root on db1" --target-json "$2"; }
give() { as infra secret adopt prod/db "$@"; }
sed "s/\"port\":$SSHD_PORT/\"port\":$(sshd_free_port)/" target.json > dead.json
ok "a definition is drawn up" define prod/db target.json
told "who signed it does not sign it again" 1 'has signed it already; somebody else signs it now' as infra secret sign
ok "a second person signs it" as ciso secret sign
told "nothing waits any more" 1 'no such definition waits.*secret add' as ciso secret sign
ok "another" define prod/dead dead.json
ok "and its second signature" as ciso secret sign
remember
told "a change that names a secret twice" 2 'prod/db stands twice, as secret 1 and 3' as infra secret change prod/db prod/dead prod/db --effect x
told "a retirement that does" 2 'prod/dead stands twice, as secret 1 and 2' as infra secret retire prod/dead prod/dead
told "one of two would stay as it is: it is named, and neither changes" 1 'prod/dead: nothing would change' as infra secret change prod/db prod/dead --target-json dead.json
is "nobody is asked for a PIN" "$(tap_output | grep -c 'PIN of')" 0
unchanged "none of these left anything"
headings() { tap_output | grep -E '^--- [12] of 2: prod/|^Sign these 2 changes|^    (before|after) +"root on'; }
ok "both are changed by one statement" as infra secret change prod/db prod/dead --effect "root on its host"
read_first=$(headings)
is "with one touch" "$(tap_output | grep -c '^Touched')" 1
is "each is read under its own heading, before and after" "$(wc -l <<< "$read_first") $(grep -c before <<< "$read_first") $(grep -c after <<< "$read_first")" "7 2 2"
like "and it is said who is needed" "$(tap_output)" 'Still needed, yours included: secret: prod/db and 1 more: the quorum of policy production'
ok "who signs next" as ciso secret sign
is "reads the same" "$(headings)" "$read_first"
ok "a third person makes the quorum" as secops secret sign
like "and then both are in force" "$(halligan secret show prod/db; halligan secret show prod/dead)" 'root on its host.*root on its host'
umask 077
head -c 65537 /dev/zero | tr '\0' x > large
head -c 65530 large > nearly
: > empty
remember
told "a credential over 64 KiB" 1 'large.*65536|64 KiB' give --field private-key=large
told "fields that are too long together" 1 '65536|64 KiB' give --field private-key=breakglass --field note=nearly
told "an empty field" 1 'empty' give --field private-key=empty
told "no value" 2 'present value is missing: --field' give
told "an unknown field names the nearest" 2 'no field "private_key"; did you mean private-key' give --field private_key=breakglass
told "a field twice" 2 'private-key is given twice' give --field private-key=breakglass --field private-key=breakglass
told "a file that is not there" 1 'absent' give --field private-key=absent
told "a file that others can read is no secret" 1 'breakglass.pub is open to other users' give --field private-key=breakglass.pub
cp breakglass.pub public; chmod 600 public
told "what is no private key" 1 'this is no private key.*public key' give --field private-key=public
told "an unknown policy names the nearest" 2 'no policy "producton"; did you mean production' as infra secret add prod/other --policy producton --rotator ssh-key --effect x --target-json target.json
told "an unknown rotator" 1 'ssh-kee' as infra secret add prod/other --policy production --rotator ssh-kee --effect x --target-json target.json
told "a rotator by its path" 1 'rotator' as infra secret add prod/other --policy production --rotator ../cli/halligan --effect x --target-json target.json
told "a value without the field that the rotator needs" 2 'no private-key, and rotator ssh-key needs one: --field private-key=FILE' give --field password=breakglass
told "a target that the rotator has nothing for" 1 'nothing for a target like this' as infra secret add prod/other --policy production --rotator ssh-key --effect x --target access=telnet
told "a name that is none" 2 'no secret.s name' as infra secret add 'Prod DB' --policy production --rotator ssh-key --effect x --target-json target.json
told "control characters in the effect" 2 'plain text' as infra secret add prod/other --policy production --rotator ssh-key --effect $'x\u202ey' --target-json target.json
echo '{"host":"a","host":"b"}' > twice.json
told "a target with a key twice" 1 'twice.json' as infra secret add prod/other --policy production --rotator ssh-key --effect x --target-json twice.json
ssh-keygen -q -t ed25519 -N '' -C stranger -f stranger
ssh-keygen -q -s stranger -I me -n "$SSHD_USER" breakglass.pub
told "a key with a certificate, before a PIN" 1 'takes no certificate' give --field private-key=breakglass --field certificate=breakglass-cert.pub
is "nobody is asked for one" "$(tap_output | grep -c "Touch")" 0
told "a value that the target does not accept" 5 'refus.*nothing was stored' give --field private-key=stranger
told "a target that cannot be reached" 5 'reach.*run the same command again' as infra secret adopt prod/dead --field private-key=breakglass
# Another machine comes up where it is expected.
elsewhere() {
	local SSHD_FOLDER SSHD_AUTHORIZED SSHD_HOST_KEY SSHD_PORT HALLIGAN_ALONE=
	SSHD_PORT=$(sed 's/.*"port":\([0-9]*\).*/\1/' dead.json)
	sshd_start elsewhere-host
}
mkdir elsewhere-host && elsewhere
told "a machine with another host key than the definition's is given nothing" 5 'shows another host key.*than the definition.s' as infra secret adopt prod/dead --field private-key=breakglass
is "no key was offered there" "$(grep -cE 'Accepted|Failed|publickey' elsewhere-host/sshd/log)" 0
told "an operator's token is needed" 4 'belongs to the seat ciso; this needs a token of an operator' as ciso secret adopt prod/db --field private-key=breakglass
unchanged "none of these left a secret, a leaf or an escrow file, or changed the target"
ok "a right one is taken" town_secret
remember
told "a second of the same name, before a PIN" 1 'secret "prod/db" already.*secret show' define prod/db target.json
told "a second value, before a PIN" 1 'prod/db has a value already: .*secret show' give --field private-key=stranger
like "nobody is asked for one" "$(tap_output | grep -c "Touch")" 0
unchanged "the first stands"

# --- the vault's folder ---
remember
mended() { # mended PATH COMMAND CLAIM: refused with the command that mends it, which then mends it
	told "$3" 1 "$1 .*\\($2 $1\\)" halligan status
	$2 "$1"
}
chmod 0777 "$VAULT"; mended "$VAULT" "chmod 700" "a vault's folder that all may write to"
chmod 0666 "$VAULT/vault.db"; mended "$VAULT/vault.db" "chmod 600" "a database that all may write to"
if [ "$(id -u)" -ne 0 ]; then echo "# skipped: only root can give folders away"; else
	chown 65534 "$VAULT/ceremony"
	mended "$VAULT/ceremony" "chown 0" "a folder of ceremony keys that another account owns"
fi
mv "$VAULT/host.key" elsewhere; ln -s "$PWD/elsewhere" "$VAULT/host.key"
told "a host key behind a symbolic link" 1 "$VAULT/host.key is a symbolic link" halligan status
rm "$VAULT/host.key"; ln elsewhere "$VAULT/host.key"
told "a host key with a second name" 1 "$VAULT/host.key has a second name" halligan status
rm elsewhere
mkdir open; chmod 0755 open
told "a new vault in a folder that all may read" 1 '\(chmod 700 .*/open\)' halligan init --vault "$PWD/open" --name x.example --no-copy
told "nobody is told to close a folder that is no vault" 1 'no vault at' halligan status --vault "$PWD/open/.."
rm -r open
unchanged "mended as told, it is the vault that it was"

# --- requests ---
remember
ask() { as alice request "$@"; }
told "no reason" 2 '\-\-reason TEXT is missing' ask prod/db --incident 1 --for 30m
told "an empty reason" 2 'reason must be 1 to' ask prod/db --reason '' --incident 1 --for 30m
told "a control character in a reason" 2 'reason must be .*without control' ask prod/db --reason $'all \x1b[2K fine' --incident 1 --for 30m
told "a line feed in a reason" 2 'reason must be .*without control' ask prod/db --reason $'fine\n  approved   ciso' --incident 1 --for 30m
told "a bidi character in a reason" 2 'direction' ask prod/db --reason $'not \u202e enif' --incident 1 --for 30m
told "bytes that are no UTF-8 in a reason" 2 'reason must be' ask prod/db --reason $'\xff\xfe' --incident 1 --for 30m
told "a reason that is too long" 2 'reason must be 1 to' ask prod/db --reason "$(head -c 600 large)" --incident 1 --for 30m
told "a control character in an incident" 2 'incident must be' ask prod/db --reason x --incident $'1\r2' --for 30m
told "a duration over the policy's maximum" 1 'allows at most 2 h; ask for less' ask prod/db --reason x --incident 1 --for 3h
told "a duration of nothing" 2 '\-\-for' ask prod/db --reason x --incident 1 --for 0s
told "a duration that is none" 2 'such as' ask prod/db --reason x --incident 1 --for soon
told "a secret that is not there names the nearest or the list" 1 'no secret "prod/bd".*(prod/db|secret list)' ask prod/bd --reason x --incident 1 --for 30m
told "no secret at all" 2 'at least one secret|argument is missing' ask --reason x --incident 1 --for 30m
told "the same secret twice" 2 'prod/db stands twice, as secret 1 and 2' ask prod/db prod/db --reason x --incident 1 --for 30m
told "501 secrets" 2 '501 secrets are too many' ask $(printf 'prod/s%d ' {1..501}) --reason x --incident 1 --for 30m
told "a recipient of another seat" 1 'the seat alice has no token "ciso-1"; only tokens of the seat that asks can receive' ask prod/db --recipient ciso-1 --reason x --incident 1 --for 30m
told "an officer who is no responder" 4 'belongs to the seat ciso; this needs a token of a responder' as ciso request prod/db --reason x --incident 1 --for 30m
told "no person at a terminal" 1 'terminal' halligan request prod/db --reason x --incident 1 --for 30m --serial "${SERIAL[alice]}"
tokens_pcscd_stop
told "pcscd is not running" 4 'pcscd.*systemctl start' ask prod/db --reason x --incident 1 --for 30m
told "nor for the list of tokens" 4 'pcscd.*systemctl start' halligan token list
tokens_pcscd; tokens_until 20 test -S "$PCSCLITE_CSOCK_NAME"
for seat in "${!SERIAL[@]}"; do token_ready "${SERIAL[$seat]}"; done
unchanged "nothing was requested"

# --- approvals ---
ok "a request" town_request
id=$(db "SELECT lower(hex(id)) FROM ceremonies")
ok "an officer who is a responder requests too" as infra request prod/db --reason x --incident 2 --for 10m
own=$(db "SELECT lower(hex(id)) FROM ceremonies ORDER BY arrival DESC")
ok "a first approval" as ciso approve "$id"
remember
told "a second approval of one seat" 1 'ciso has approved this ceremony already' as ciso approve "$id"
told "an approval by the requester" 1 '"infra" is the requester, and nobody approves an own request' as infra approve "$own"
told "an approval by a responder" 4 'belongs to the seat alice; this needs a token of an officer' as alice approve "$id"
told "an approval by a stranger's token" 4 'belongs to no seat' as mallory approve "$id"
told "which ceremony, when there are several" 2 'several ceremonies could be meant; name one: .*prod/db for' as secops approve
told "a ceremony that does not exist" 1 'no ceremony 00000000.*' as secops approve 00000000
told "an id that is none" 2 'no ceremony.s id' as secops approve 'DEAD BEEF'
told "a denial without a reason" 2 '\-\-reason TEXT is missing' as secops deny "$id"
told "a denial with control characters" 2 'plain text' as secops deny "$id" --reason $'\x07'
told "a no is a no" 1 'not confirmed' "$LIB/terminal.py" --always 'yes[^\n]*$' no -- "$HALLIGAN" approve "$id" --serial "${SERIAL[secops]}"
told "before the quorum there is nothing to open" 3 'waits for approvals' as alice open "$id" --show --no-wait
told "nor to end" 3 'nothing is released yet, so there is no lease to end' as alice done "$id"
told "nor to rotate" 0 'nothing to replace.*has given its current value to nobody' halligan rotate prod/db
told "open must be told where to" 2 '\-\-agent, --show, --fd' as alice open "$id"
told "a descriptor that is not open is not the terminal's either" 2 'descriptor 3 is not open' as alice open "$id" --fd 3
told "a screen that is none" 1 'shown on a terminal only' halligan open "$id" --show

# --- PINs ---
tries() { token_field "${SERIAL[$1]}" pin_tries; }
pin() { # pin SEAT OPTION-OF-TERMINAL...: approve with these answers
	local seat=$1; shift
	"$LIB/terminal.py" --timeout 20 --answer 'Approve[^\n]*yes[^\n]*$' yes "$@" -- "$HALLIGAN" approve "$id" --serial "${SERIAL[$seat]}"
}
told "a wrong PIN: the token and the tries left" 4 'secops.*30000002.*2 tries left' pin secops --answer 'PIN[^\n]*3 tries left: ?$' 99999999 --answer 'PIN[^\n]*2 tries left: ?$' 99999998
is "before the last try it stops by itself" "$(tries secops)" 1
told "the last try is not spent unasked" 1 'ONE PIN try left.*type its serial.*not confirmed' pin secops --answer 'type its serial[^\n]*$' yes
is "it is still there" "$(tries secops)" 1
told "who types the serial may spend it" 4 'blocked|no try' pin secops --answer 'type its serial[^\n]*$' "${SERIAL[secops]}" --answer 'PIN[^\n]*: ?$' 99999997
told "then it is blocked, and the PUK is named" 4 'blocked.*PUK' pin secops
thrice() { local answers=() i; for i in 1 2 3; do answers+=(--answer 'PIN[^\n]*: ?$' "$1"); done; pin audit "${answers[@]}"; }
told "a PIN that is too short is asked for again, three times in all" 1 '6 to 8 characters.*no try was spent.*6 to 8 characters.*6 to 8' thrice 123
is "no try was spent on it" "$(tries audit)" 3
told "a one-time password that a touch typed" 1 'one-time password' pin audit --answer 'PIN[^\n]*: ?$' cccccccccccbcdefghijklnrtuvcbdefghijklnrtuvc --answer 'PIN[^\n]*: ?$' 12 --answer 'PIN[^\n]*: ?$' 12 --answer 'PIN[^\n]*: ?$' 12
is "was not sent to the token" "$(tries audit)" 3
pin_fd() { # pin_fd PIN: alice requests without a terminal
	halligan request prod/db --reason x --incident 3 --for 1m --serial "${SERIAL[alice]}" --pin-fd 7 7<<<"$1"
}
told "a wrong PIN from a descriptor is tried once" 4 'PIN refused, 2 tries left' pin_fd 99999999
is "and only once" "$(tries alice)" 2
told "the next one likewise" 4 'PIN refused, 1 try left' pin_fd 99999998
told "a PIN from a descriptor never spends the last try" 1 'ONE PIN try is left, and it was not spent.*terminal' pin_fd "$TOWN_PIN"
is "it is there yet" "$(tries alice)" 1
unchanged "none of these approved or requested anything"
ok "with the serial typed and the right PIN all tries are back" "$LIB/terminal.py" --timeout 20 --answer 'Type yes[^\n]*$' yes --answer 'type its serial[^\n]*$' "${SERIAL[alice]}" \
	--answer 'PIN[^\n]*1 try left: ?$' "$TOWN_PIN" -- "$HALLIGAN" cancel "$id" --reason "asked twice" --serial "${SERIAL[alice]}"
is "as before" "$(tries alice)" 3
told "a ceremony that was withdrawn" 1 'is refused: ' as audit approve "$id"
told "withdrawing it twice" 1 'is refused' as alice cancel "$id" --reason again
remember

# --- a server that is spoken to badly ---
told "garbage to the server" 1 'does not speak' bash -c 'printf "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" | "$0" serve --stdio --vault "$1"' "$HALLIGAN" "$VAULT"
told "a frame of 4 GiB to the server" 1 'announced a frame of 4294967295' bash -c 'printf "\377\377\377\377\0\0\0\0{}" | "$0" serve --stdio --vault "$1"' "$HALLIGAN" "$VAULT"
told "half a frame to the server" 1 'closed the connection' bash -c 'printf "\0\0\0\100\0\0\0\0{" | "$0" serve --stdio --vault "$1"' "$HALLIGAN" "$VAULT"
unchanged "the vault is as it was"

# --- somebody who reads the database and does not end ---
python3 -c 'import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN")
database.execute("SELECT count(*) FROM nodes").fetchall()
open("reads", "w")
time.sleep(600)' "$VAULT/vault.db" &
reader=$!
for ((i = 0; i < 100; i++)); do [ -e reads ] && break; sleep 0.1; done
told "a request while somebody reads names them" 1 "process $reader \(python3\) holds the database and does not let go .*end that process or wait" as alice request prod/db --reason x --incident 9 --for 30m --another
ok "what only reads goes on beside them" halligan secret list
kill "$reader"; wait "$reader" 2>/dev/null
unchanged "and nothing came of it"

# --- other formats ---
cp -a "$VAULT" kept
"$LIB/tamper.py" "$VAULT" sql "PRAGMA user_version = 99"
told "a newer format of a vault that has an anchor of ours" 6 'format 99 .*use a newer Halligan.*Or somebody changed that mark' halligan status
is "which is said once" "$(tap_output | grep -c '^halligan:')" 1
told "nothing is approved there" 6 'newer' as audit approve "$own"
is "and it stays as it is" "$(db 'PRAGMA user_version')" 99
"$LIB/tamper.py" "$VAULT" sql "PRAGMA user_version = 1; PRAGMA application_id = $((0x48414c49))"
told "the mark of 0.1 where there is an anchor, which 0.1 had not" 6 'made by Halligan 0\.1.*Or somebody changed that mark' halligan status
rm "$VAULT/anchor"
told "a vault of 0.1" 1 'made by Halligan 0\.1, whose formats this Halligan does not read' halligan status
is "and nobody is told to look for a newer one" "$(tap_output | grep -c newer)" 0
told "nothing is asked of it" 1 'made by Halligan 0\.1' as alice request prod/db --reason x --incident 1 --for 30m
rm -rf "$VAULT"; mv kept "$VAULT"
unchanged "the vault goes on"
tap_end
