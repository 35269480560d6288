#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One secret from adoption through two ceremonies, on the real pcscd and a real sshd.
# Its vault is its own: founding and adoption are among what it shows.
. "$(dirname "$0")/../lib/vault.sh"
town_start

# login KEYFILE: a real login with only that key.
printf '[127.0.0.1]:%s %s\n' "$SSHD_PORT" "$SSHD_HOST_KEY" > known_hosts
login() {
	ssh -F none -p "$SSHD_PORT" -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityAgent=none \
		-o IdentityFile="$1" -o UserKnownHostsFile="\"$TOKENS_DIR/known_hosts\"" \
		"$SSHD_USER@127.0.0.1" true
}

# Her own agent is full: each key of it would count as a try (MaxAuthTries), and one more may not come in.
tokens_agent
for number in 1 2 3 4 5 6 7 8; do
	ssh-keygen -q -t ed25519 -N '' -C "$number" -f "own.$number" && ssh-add -q "own.$number" && rm "own.$number"
done
# The command that `open --agent` printed, as it stands.
agent_login() { $printed -o BatchMode=yes "$@" true; }
gone() { ! [ -e "$1" ]; }

ok "init opens the founding" town_init
cosign() { # cosign DRIVER FILE OPTION...: legal's device enrolls one of its sides
	local driver=$1 file=$2; shift 2
	as legal enroll --seat legal --person "${PERSON[legal]}" --roles officer --label legal-1 --driver "$driver" \
		--attestation-certs simulated-root.pem --out "$file" "$@"
}
ok "five tokens are enrolled" town_enroll ciso secops infra audit alice
refused "a FIDO2 side without a PIV key beside it cannot have its serial signed" cosign fido2 legal.enrolment --cosign
like "and what to do is said" "$(tap_output)" 'enroll its PIV side first: halligan enroll --driver piv'
ok "its PIV side gets a key" cosign piv legal-piv.enrolment
ok "the sixth is a FIDO2 token, and the PIV side of the device signs that it has this serial" cosign fido2 legal.enrolment --cosign
like "which is said" "$(tap_output)" "serial ${SERIAL[legal]} \\(its PIV side signed that\\)"
ok "charter 1 is drafted, and signed by its first founder" town_draft
cp -a "$VAULT" unfounded
ok "the other four sign it" town_found_all
refused "in a copy from before that, put elsewhere, nobody founds the same vault again" as secops charter sign --vault unfounded
like "for it lives" "$(tap_output)" "a vault that this computer knows alive, last at $VAULT: an old copy of it was put at $PWD/unfounded"
ok "alice enters the roster, signed by an operator and another officer" town_roster
ssh-keygen -q -t ed25519 -N '' -f other
ssh-keygen -q -t ed25519 -N '' -C breakglass -f breakglass
lines() { printf '# a comment\n\nrestrict,command="date" %s\n' "$(cat other.pub)"; }
ok "secret add adopts and rotates" town_secret
{ lines; cat "$SSHD_AUTHORIZED"; } > with-lines && cat with-lines > "$SSHD_AUTHORIZED"
refused "the key that was handed over is refused by sshd" login breakglass

ceremony() {
	ok "alice requests" town_request
	ok "three officers approve: $*" town_approve "$@"
	ok "alice opens it into an agent of the lease with one touch" as alice open --agent --no-wait
	printed=$(tap_output | sed -n 's/^ *\(ssh -F .*\)/\1/p')
	is "the command that logs in is printed" "$(sed 's,-F /[^ ]*/halligan-[^ ]*/config,-F CONFIG,' <<< "$printed")" "ssh -F CONFIG prod-db"
	is "her own agent has got nothing" "$(ssh-add -l | wc -l)" 8
	ok "and logs in as it stands, though her own agent is full" agent_login
	refused "to no other host than the definition's" agent_login -o HostKeyAlias=elsewhere
	ok "done rotates it" as alice done
	refused "the released key is refused by sshd" agent_login
}
ceremony ciso audit legal
is "unrelated lines stand as they were" "$(grep -v breakglass "$SSHD_AUTHORIZED")" "$(lines)"
ok "the log verifies" halligan log verify
like "status says that nothing waits" "$(halligan status)" 'nothing waits|no one|1 secret'
ceremony secops infra audit
ok "the log verifies again" halligan log verify

# A target on another host: the credential changes itself, over ssh.
ssh-keygen -q -t ed25519 -N '' -C far -f far
cat far.pub >> "$SSHD_AUTHORIZED"
far() {
	town_add prod/far --policy production --rotator ssh-key --effect "root on far" \
		--target host=127.0.0.1 --target "port=$SSHD_PORT" --target "user=$SSHD_USER" --target access=ssh \
		--target "authorized_keys=$SSHD_AUTHORIZED" --target "host_key=$SSHD_HOST_KEY" \
		--field private-key=far "$@"
}
refused "there is no option for what the rotator announces" far --self
like "the nearest one is not guessed" "$(tap_output)" 'self'
ok "a secret that changes itself over ssh is adopted and rotated" far
like "by whose right it is changed is said before the touch" "$(tap_output)" 'changed by the credential itself'
like "and shown afterwards" "$(halligan secret show prod/far)" 'changed by the credential itself'
is "a program reads it" "$(halligan secret show prod/far --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["announced"]["identity"])')" self
refused "its first key is refused by sshd" login far

# Both in one ceremony: one request, one approval of each officer, one lease.
again() { as alice request prod/db prod/far --reason "both are down" --incident INC-4712 --for 30m "$@"; }
ok "alice requests both at once" again
like "and is given eight words" "$(tap_output)" 'words +([a-zA-Z]+ ){7}[a-zA-Z]+'
first=$(tap_output | sed -n 's/.*Ceremony \([0-9a-f]*\).*/\1/p')
ok "who runs the same command again, since the first was killed, goes on with it" again
is "it is the same ceremony" "$(tap_output | sed -n 's/.*Ceremony \([0-9a-f]*\).*/\1/p')" "$first"
refused "another one for the same secrets is a mistake" as alice request prod/db prod/far --reason "something else" --incident INC-4712 --for 30m
like "and the first one is named" "$(tap_output)" 'asked for prod/db already: ceremony [0-9a-f]{8} still collects'
ok "three officers approve both" town_approve ciso audit legal
as alice open --fd 9 --no-wait 9> both > open.log 2>&1
is "both keys come, in order, each with its name and size" \
	"$(python3 -c 'import sys
data = open("both", "rb").read()
while data:
    line, data = data.split(b"\n", 1)
    name, size = line.split()
    assert data[:int(size)].startswith(b"-----BEGIN OPENSSH PRIVATE KEY-----"), line
    assert data[int(size):int(size) + 1] == b"\n"
    print(name.decode())
    data = data[int(size) + 1:]' | tr '\n' ' ')" "prod/db prod/far "
ok "an officer ends the lease of both" as ciso done
is "no debt is open" "$("$LIB/tamper.py" "$VAULT" get "SELECT count(*) FROM debts WHERE state <> 'retired'")" 0
like "how the old value's death is known can be read by anybody" "$(halligan secret show prod/far | tr '\n' ' ')" \
	'last time +version 3 took the place of version 2, 20[^ ]*: the target refused the old value; (no session was open with it|sessions opened with it were ended) +proof +"'
is "also by a program" "$(halligan secret show prod/far --json | python3 -c 'import json,sys
r = json.load(sys.stdin)["rotation"]; print(r["old"], r["new"], r["grade"], r["sessions"] in ("none", "ended"), "SHA256:" in r["proof"], r["time"][:2])')" "2 3 refused True True 20"
is "four versions were released, once each" \
	"$("$LIB/tamper.py" "$VAULT" get "SELECT count(*) || '/' || count(DISTINCT hex(secret) || version) FROM opened")" 4/4
tap_end
