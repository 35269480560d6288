#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A new key is of the kind of the old one, or of the kind that the target names: ssh-keygen reads it, and sshd lets it in. A host that
# takes other kinds only is told before anything is made, where it tells.
set -u
LIB=$(dirname "$(readlink -f "$0")")/../lib
. "$LIB/tap.sh"
. "$LIB/sshd.sh"
FOLDER=$(mktemp -d); trap 'rm -rf "$FOLDER"' EXIT; cd "$FOLDER" || exit 99
ROTATE=$(readlink -f "${HALLIGAN_BUILD:?the build folder}")/rotators/halligan-rotate-ssh-key

sshd_start "$FOLDER"
KEYS=$SSHD_AUTHORIZED
typed() { sshd_target "${2-ssh}" | python3 -c "import json,sys; t=json.load(sys.stdin); ${1:+t['key_type']='$1';} print(json.dumps(t))"; }
# make CURRENT KEY_TYPE: the new key in `made`, and what was answered.
make() { rm -f made made.pub; "$LIB/rotator.py" --current private-key="$1" --save private-key=made "$ROTATE" "$(typed "$2")" generate; }
kind() { ssh-keygen -l -f "$1" | awk '{ print $1, $NF }'; }
login() { ssh -F none -i "$1" -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=no \
	-o UserKnownHostsFile=/dev/null -p "$SSHD_PORT" "$SSHD_USER@127.0.0.1" true 2>/dev/null; }
probe() { "$LIB/rotator.py" --current private-key="$1" "$ROTATE" "$(typed "")" probe-current | cut -d' ' -f1; }

ssh-keygen -q -t ed25519 -N '' -f ed25519
for bits in 256 384 521; do ssh-keygen -q -t ecdsa -b $bits -N '' -f ecdsa-$bits; done
for bits in 2048 3072 2500; do ssh-keygen -q -t rsa -b $bits -N '' -f rsa-$bits; done
# As found, as the target says.
row() {
	is "$1 makes $2: $3" "$(make "$1" "$4" | cut -d' ' -f1) $(kind made)" "ok $3"
	ssh-keygen -y -f made >made.pub; cat made.pub >"$KEYS"
	is "$1 makes $2: with the comment that names the account" "$(cut -d' ' -f3- made.pub)" "halligan break-glass key of $SSHD_USER@127.0.0.1"
	ok "$1 makes $2: ssh logs in" login made
	is "$1 makes $2: so does the rotator" "$(probe made)" accepted
}
row ed25519 "its like" "256 (ED25519)" ""
row ecdsa-256 "its like" "256 (ECDSA)" ""
row ecdsa-384 "its like" "384 (ECDSA)" ""
row ecdsa-521 "its like" "521 (ECDSA)" ""
row rsa-2048 "its like" "2048 (RSA)" ""
row rsa-3072 "its like" "3072 (RSA)" ""
row rsa-2500 "a round one" "3072 (RSA)" ""
row rsa-2048 "what is asked for" "256 (ED25519)" ed25519
row ed25519 "what is asked for" "256 (ECDSA)" ecdsa-256
row ed25519 "what is asked for" "384 (ECDSA)" ecdsa-384
row ed25519 "what is asked for" "521 (ECDSA)" ecdsa-521
row ed25519 "what is asked for" "2048 (RSA)" rsa-2048
row ed25519 "what is asked for" "4096 (RSA)" rsa-4096

check() { "$LIB/rotator.py" --current private-key="$1" "$ROTATE" "$(typed "$2")" check; }
for type in rsa RSA rsa-1024 rsa-8192 ed448 dsa sk-ed25519 ""; do
	like "a key_type of \"$type\" is refused by name" \
		"$("$LIB/rotator.py" --current private-key=ed25519 "$ROTATE" "$(typed x | sed "s/\"x\"/\"$type\"/")" check)" '^refused .*key_type.*ed25519'
done

# A server of the kind that FAULTS are made of: RSA and ECDSA alone.
cat rsa-3072.pub >"$KEYS"
sshd_stop
sshd_start "$FOLDER" "PubkeyAcceptedAlgorithms rsa-sha2-512,rsa-sha2-256,ecdsa-sha2-nistp256"
is "a host that takes no Ed25519 is adopted with its RSA key" "$(check rsa-3072 "" | cut -d' ' -f1)" ok
make rsa-3072 "" >/dev/null; ssh-keygen -y -f made >>"$KEYS"
ok "and lets the new key in" login made
is "which the rotator sees" "$(probe made)" accepted
make rsa-3072 ed25519 >/dev/null; ssh-keygen -y -f made >>"$KEYS"
is "a kind that was asked for all the same is not let in, and not believed" "$(probe made)" denied
sshd_stop
tap_end
