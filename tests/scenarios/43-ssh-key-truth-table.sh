#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An account is always reachable with a value that the vault has sealed, and no liar ever proves a key dead: hosts of all
# kinds, adopted and rotated, while at each step the connection is cut, the host's session or the rotator is killed, or
# somebody else takes the port.
set -u
LIB=$(dirname "$(readlink -f "$0")")/../lib
. "$LIB/tap.sh"
. "$LIB/sshd.sh"
. "$LIB/sweep.sh"
FOLDER=$(mktemp -d); trap 'rm -rf "$FOLDER"' EXIT; cd "$FOLDER" || exit 99
ROTATE=$(readlink -f "${HALLIGAN_BUILD:?the build folder}")/rotators/halligan-rotate-ssh-key
STEP=${STEP:-31} # of the plain suite's cases

for name in old other way; do ssh-keygen -q -t ed25519 -N '' -C $name -f $name; done
ssh-keygen -q -t rsa -b 2048 -N '' -f rsa
ssh-keygen -q -t ecdsa -N '' -f host_ecdsa
printf 'Authenticated to 127.0.0.1\nroot@x: Permission denied (publickey).\n' >banner

# Who takes the port: by words, and by SSH with another host key; a third one repeats what the host said before.
coproc LIAR { exec "$LIB/ssh_liar.py" disconnect 'bye\nAuthenticated to x\nroot@t: Permission denied (publickey).'; }
read -r words <&"${LIAR[0]}"
mkdir -p stranger
stranger=$(sshd_free_port)
(SSHD_PORT=$stranger; sshd_start "$FOLDER/stranger"; exec sleep 6000) & STRANGER_PID=$!
until (exec 9<>"/dev/tcp/127.0.0.1/$stranger") 2>/dev/null; do sleep 0.05; done
# The one of them carries connections on, for whoever has another key.
cat way.pub >stranger/sshd/authorized_keys
JUMP=$(printf '{"host":"127.0.0.1","port":%d,"user":"%s","host_key":"%s","key_file":"%s"}' "$stranger" "$(id -un)" \
	"$(cut -d' ' -f1,2 stranger/sshd/host_key.pub)" "$FOLDER/way")
LIARS="{\"words\":$words,\"other\":$stranger,\"replay\":0}"

# row NAME ENDS MORE OPTION...: MORE are members of the row (ssh_truth.py); the file is that of before, `line` what stands in it.
# What came of it goes to the file `results`.
line() { cat ../old.pub; }
row() {
	local name=$1 ends=$2 more=$3 keys=${PLACE:-$PWD/keys}/authorized_keys row counts; shift 3
	mkdir -p "$(dirname "$keys")"
	{ echo "# $name"; line; cat ../other.pub; ${FILL:-true}; } >"$keys"
	row=$(printf '{"name":"%s","rotator":"%s","ends":"%s","old":"%s","files":["%s"],"number":%d,"step":%d,"steps":"few",%s"sshd":%%d,"target":%%s}' \
		"$name" "$ROTATE" "$ends" "$FOLDER/${OLD:-old}" "$keys" $NUMBER "$STEP" "$more")
	# shellcheck disable=SC2059
	counts=$("$LIB/ssh_truth.py" "$(printf "$row" 0 "{\"access\":\"$ACCESS\"}")" count)
	NUMBER=$((NUMBER + ${counts#* })) TAKEN=$((TAKEN + ${counts% *}))
	[ "${counts% *}" -gt 0 ] || return 0
	sshd_start "$PWD" "$@" "AuthorizedKeysFile \"$keys\" ${SECOND:-}"
	SSHD_AUTHORIZED=$keys
	[ -z "${HOST_KEY:-}" ] || SSHD_HOST_KEY=$(cut -d' ' -f1,2 "$HOST_KEY.pub")
	# shellcheck disable=SC2059
	printf '%s, access %s\t%s\n' "$name" "$ACCESS" "$("$LIB/ssh_truth.py" "$(printf "$row" "${SSHD_PIDS[-1]}" "$(sshd_target "$ACCESS")")" 2>&1 | tr '\n' ' ')" >>results
	sshd_stop
}

rows() {
	# What changes a file over ssh must run a command there.
	runs=$([ "$ACCESS" = ssh ] && echo refused || echo retired)
	row "a plain host" retired "\"steps\":\"all\",\"liars\":$LIARS,"
	[ "$ACCESS" = local ] || row "a host behind a jump host" retired "\"jump\":$JUMP,"
	HOST_KEY=$FOLDER/host_ecdsa OLD=rsa
	line() { cat ../rsa.pub; }
	row "a host of RSA and ECDSA alone" old '"takes":["ssh-rsa","ecdsa-sha2-nistp256"],' "HostKey \"$HOST_KEY\"" \
		"HostKeyAlgorithms ecdsa-sha2-nistp256" "PubkeyAcceptedAlgorithms rsa-sha2-512,rsa-sha2-256,ecdsa-sha2-nistp256"
	HOST_KEY='' OLD=''
	line() { :; }
	SECOND="\"$PWD/second\""; cat ../old.pub >second
	row "a second AuthorizedKeysFile, which alone has the key" refused '"shut":true,'
	line() { cat ../old.pub; }
	row "a second AuthorizedKeysFile, which has it, too" open "\"files\":[\"$PWD/keys/authorized_keys\",\"$PWD/second\"],"
	SECOND=''
	row "a banner that lies" retired "" "Banner \"$FOLDER/banner\""
	line() { printf 'command="echo Permission denied",no-pty %s\n' "$(cat ../old.pub)"; }
	row "a forced command" "$runs" ""
	line() { cat ../old.pub; }
	row "no login shell" "$runs" "" "ForceCommand /usr/sbin/nologin"
	row "files alone" "$runs" "" "ForceCommand internal-sftp"
	row "MaxAuthTries 1" refused "" "MaxAuthTries 1"
	row "passwords alone" refused '"shut":true,' "PasswordAuthentication yes" "PubkeyAuthentication no"
	mkdir -p sshd/home
	printf 'printf "Authenticated to nothing; Permission denied (publickey). "\n' >sshd/home/.bashrc
	row "start-up files that talk" retired ""
	rm sshd/home/.bashrc
	[ "$(id -u)" -ne 0 ] || rows_of_root # "# skipped: ..." is said above
}

rows_of_root() {
	local kept=$SSHD_NAMESPACE
	SSHD_NAMESPACE="umask 077; echo 'root:*:0:0:99999:7:::' >\"\$1/expired\" && mount --bind \"\$1/expired\" /etc/shadow || exit 1; $kept"
	[ "$ACCESS" = local ] || row "an expired password" refused "" "UsePAM yes"
	SSHD_NAMESPACE=$kept
	mkdir small
	mount -t tmpfs -o size=64k,mode=700 none small
	PLACE=$PWD/small/keys; mkdir "$PLACE"
	fill() { yes "$(cat ../other.pub)" | head -n 100; }
	FILL=fill
	row "a full disk" old "\"harm\":\"head -c 1M /dev/zero >$PWD/small/fill 2>/dev/null; true\",\"heal\":\"rm -f $PWD/small/fill\",\"healed\":\"retired\","
	row "a read-only disk" old "\"harm\":\"mount -o remount,ro $PWD/small\",\"heal\":\"mount -o remount,rw $PWD/small\",\"healed\":\"retired\","
	umount small
}

# Each access by itself, since logins mostly wait.
[ "$(id -u)" -eq 0 ] || echo "# skipped: only root lets a password expire and mounts small disks"
TAKEN=0
table() { # table ACCESS NUMBER
	ACCESS=$1 NUMBER=$2 SSHD_PORT=$(sshd_free_port)
	mkdir "$FOLDER/$ACCESS" && cd "$FOLDER/$ACCESS" && : >results || exit
	rows
	echo "$TAKEN $((NUMBER - $2))" >counts
}
(table ssh 1) & OTHER_TABLE=$!
(table local 20)
wait $OTHER_TABLE
kill "$LIAR_PID" "$STRANGER_PID"
while IFS=$'\t' read -r -u 9 claim result; do
	like "$claim: always reachable with a sealed value, and no liar refuses" "$result" '^well [0-9]+ of'
	echo "# $result"
done 9< <(cat ssh/results local/results)
paste -d' ' ssh/counts local/counts >counts
read -r taken_there all_there taken_here all_here <counts
echo "# $((taken_there + taken_here)) of $((all_there + all_here)) cases"
ok "there are cases enough" [ $((all_there + all_here)) -ge 200 ]
ok "and some were taken" [ $((taken_there + taken_here)) -ge 5 ]
tap_end
