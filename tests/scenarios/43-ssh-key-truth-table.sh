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
BUILD=$(readlink -f "${HALLIGAN_BUILD:?the build folder}")
ROTATE=$BUILD/rotators/halligan-rotate-ssh-key

for name in old other way; do ssh-keygen -q -t ed25519 -N '' -C $name -f $name; done
ssh-keygen -q -t rsa -b 2048 -N '' -f rsa
ssh-keygen -q -t ecdsa -N '' -f host_ecdsa
ssh-keygen -q -t ed25519 -N '' -f first_key
printf 'Authenticated to 127.0.0.1\nroot@x: Permission denied (publickey).\n' >banner

# Who takes the port: by words, and by SSH with another host key, who knows nobody, or says of the first key that it is dead; another
# repeats what the host said before. A twin of the host has its very key, and knows nobody.
"$LIB/ssh_liar.py" disconnect 'bye\nAuthenticated to x\nroot@t: Permission denied (publickey).' >words.port & OTHERS=($!)
"$BUILD/tests/scenarios/ssh-host" "$FOLDER/first_key" first >first.port & OTHERS+=($!)
until [ -s words.port ] && [ -s first.port ]; do sleep 0.05; done
words=$(cat words.port) first=$(cat first.port)
read -r -a PORTS < <(sshd_quiet_ports 20)
# other NAME PORT: a host beside the one that is tested.
other() {
	mkdir -p "$1"
	(SSHD_PORT=$2; sshd_start "$PWD/$1"; exec sleep 6000) & OTHERS+=($!)
	until (exec 9<>"/dev/tcp/127.0.0.1/$2") 2>/dev/null; do sleep 0.05; done
}
stranger=${PORTS[0]}
other stranger "$stranger"
# The one of them carries connections on, for whoever has another key.
cat way.pub >stranger/sshd/authorized_keys
JUMP=$(printf '{"host":"127.0.0.1","port":%d,"user":"%s","host_key":"%s","key_file":"%s"}' "$stranger" "$(id -un)" \
	"$(cut -d' ' -f1,2 stranger/sshd/host_key.pub)" "$FOLDER/way")

# row NAME ENDS PLAIN MORE OPTION...: PLAIN are the events that the plain suite takes, all of which happen there; MORE are
# members of the row (ssh_truth.py); the file is that of before, `line` what stands in it.  What came of it goes to the file `results`.
line() { cat ../old.pub; }
row() {
	local name=$1 ends=$2 plain=${3//, /\",\"} more=$4 keys=${PLACE:-$PWD/keys}/authorized_keys row counts; shift 4
	ROWS=$((ROWS + 1))
	[ $((ROWS % PARTS)) -eq "$PART" ] || return 0
	mkdir -p "$(dirname "$keys")"
	{ echo "# $name"; line; cat ../other.pub; ${FILL:-true}; } >"$keys"
	row=$(printf '{"name":"%s","rotator":"%s","ends":"%s","old":"%s","files":["%s"],"number":%d,"plain":["%s"],"steps":"few",%s"sshd":%%d,"target":%%s}' \
		"$name" "$ROTATE" "$ends" "$FOLDER/${OLD:-old}" "$keys" $((FIRST + 101 * ROWS)) "$plain" "$more")
	# shellcheck disable=SC2059
	counts=$("$LIB/ssh_truth.py" "$(printf "$row" 0 "{\"access\":\"$ACCESS\"}")" count)
	echo "$counts" >>counts
	[ "${counts% *}" -gt 0 ] || return 0
	sshd_start "$PWD" "$@" "AuthorizedKeysFile \"$keys\" ${SECOND:-}"
	SSHD_AUTHORIZED=$keys
	[ -z "${HOST_KEY:-}" ] || SSHD_HOST_KEY=$(cut -d' ' -f1,2 "$HOST_KEY.pub")
	# shellcheck disable=SC2059
	printf '%s, access %s\t%s\n' "$name" "$ACCESS" "$("$LIB/ssh_truth.py" "$(printf "$row" "${SSHD_PIDS[-1]}" "$(sshd_target "$ACCESS")")" 2>&1 | tr '\n' ' ')" >>results
	sshd_stop
}

# What comes to pass on the way of each access; what changes a file over ssh must run a command there.
rows() {
	local runs=retired plain="cut 6 8, written 0 0, first 7 0, twin 7 0" late="rotator 6 4" cut="cut 4 8" session="session 3 4" forced="none 0 0"
	[ "$ACCESS" = local ] || plain="cut 9 4, words 3 0, other 5 0, first 11 0, replay 9 0, twin 7 0, twin 11 0" late="session 12 4" runs=refused forced="rotator 1 4"
	row "a plain host" retired "$plain" "\"steps\":\"all\",\"liars\":{\"words\":$words,\"other\":$stranger,\"first\":$first,\"replay\":0,\"twin\":$TWIN},"
	[ "$ACCESS" = local ] || row "a host behind a jump host" retired "rotator 10 8" "\"jump\":$JUMP,"
	HOST_KEY=$FOLDER/host_ecdsa OLD=rsa
	line() { cat ../rsa.pub; }
	row "a host of RSA and ECDSA alone" retired "$late" "" "HostKey \"$HOST_KEY\"" \
		"HostKeyAlgorithms ecdsa-sha2-nistp256" "PubkeyAcceptedAlgorithms rsa-sha2-512,rsa-sha2-256,ecdsa-sha2-nistp256"
	HOST_KEY='' OLD=''
	line() { :; }
	SECOND="\"$PWD/second\""; cat ../old.pub >second
	row "a second AuthorizedKeysFile, which alone has the key" refused "none 0 0" '"shut":true,'
	line() { cat ../old.pub; }
	row "a second AuthorizedKeysFile, which has it, too" open "none 0 0" "\"files\":[\"$PWD/keys/authorized_keys\",\"$PWD/second\"],"
	SECOND=''
	row "a banner that lies" retired "$cut" "" "Banner \"$FOLDER/banner\""
	line() { printf 'command="echo Permission denied",no-pty %s\n' "$(cat ../old.pub)"; }
	row "a forced command" $runs "$([ $runs = refused ] && echo "$forced" || echo "written 0 0")" ""
	line() { cat ../old.pub; }
	row "no login shell" $runs "$([ $runs = refused ] && echo "none 0 0" || echo "$session")" "" "ForceCommand /usr/sbin/nologin"
	row "files alone" $runs "$([ $runs = refused ] && echo "cut 1 4" || echo "$late")" "" "ForceCommand internal-sftp"
	row "MaxAuthTries 1" refused "none 0 0, session 1 4" "" "MaxAuthTries 1"
	row "passwords alone" refused "none 0 0" '"shut":true,' "PasswordAuthentication yes" "PubkeyAuthentication no"
	mkdir -p sshd/home
	printf 'printf "Authenticated to nothing; Permission denied (publickey). "\n' >sshd/home/.bashrc
	row "start-up files that talk" retired "written 0 0" ""
	rm sshd/home/.bashrc
	[ "$(id -u)" -ne 0 ] || rows_of_root # "# skipped: ..." is said above
}

rows_of_root() {
	local kept=$SSHD_NAMESPACE
	SSHD_NAMESPACE="umask 077; echo 'root:*:0:0:99999:7:::' >\"\$1/expired\" && mount --bind \"\$1/expired\" /etc/shadow || exit 1; $kept"
	[ "$ACCESS" = local ] || row "an expired password" refused "none 0 0" "" "UsePAM yes"
	SSHD_NAMESPACE=$kept
	mkdir small
	mount -t tmpfs -o size=64k,mode=700 none small
	PLACE=$PWD/small/keys; mkdir "$PLACE"
	fill() { yes "$(cat ../other.pub)" | head -n 100; }
	FILL=fill
	row "a full disk" old "$cut" "\"harm\":\"head -c 1M /dev/zero >$PWD/small/fill 2>/dev/null; true\",\"heal\":\"rm -f $PWD/small/fill\",\"healed\":\"retired\","
	row "a read-only disk" refused "session 2 4" "\"harm\":\"mount -o remount,ro $PWD/small\",\"heal\":\"mount -o remount,rw $PWD/small\",\"healed\":\"retired\","
	umount small
}

COUNTS=(28 349 39) # of rows, of cases, of those that the plain suite takes
[ "$(id -u)" -eq 0 ] || { COUNTS=(23 307 34); echo "# skipped: only root lets a password expire and mounts small disks"; }
# table ACCESS FIRST PARTS PART PORT: a part of its rows, the first of whose cases would be FIRST.
table() {
	ACCESS=$1 FIRST=$2 PARTS=$3 PART=$4 SSHD_PORT=${PORTS[$5]} TWIN=${PORTS[$5 + 1]} ROWS=0 OTHERS=()
	mkdir -p "$FOLDER/$1-$4/sshd" "$FOLDER/$1-$4/twin/sshd" && cd "$FOLDER/$1-$4" && : >results && : >counts || exit
	ssh-keygen -q -t ed25519 -N '' -C '' -f sshd/host_key
	cp sshd/host_key* twin/sshd
	other twin "$TWIN"
	rows
	kill "${OTHERS[@]}"
}
# Beside each other, since logins mostly wait.
TABLES=()
for part in 0 1 2; do (table ssh 1 3 $part $((2 + 2 * part))) & TABLES+=($!); done
for part in 0 1; do (table local 51 2 $part $((10 + 2 * part))) & TABLES+=($!); done
wait "${TABLES[@]}"
kill "${OTHERS[@]}"

# Everything that was to happen did, in the plain suite; of all steps some come where a rotation has ended, or a host says less.
declare -A MET
HAPPENED=0 TAKEN=0 TOLD=0
# In a slice a row may have one case alone, at a step that does not come.
case ${HALLIGAN_SWEEP:-} in */*) happens='[0-9]+' ;; *) happens='[1-9][0-9]*' ;; esac
while IFS=$'\t' read -r -u 9 claim result; do
	TOLD=$((TOLD + 1))
	like "$claim: always reachable with a sealed value, and no liar refuses" "$result" "^well $happens of [0-9]+: "
	echo "# $result"
	read -r _ some _ all kinds <<<"${result/:/}"
	[[ $result = well* ]] || continue
	[ -n "${HALLIGAN_SWEEP:-}" ] || is "... and what was to happen did" "$some" "$all"
	HAPPENED=$((HAPPENED + some)) TAKEN=$((TAKEN + all))
	for kind in $kinds; do MET[${kind%=*}]=$((${MET[${kind%=*}]:-0} + ${kind#*=})); done
done 9< <(cat ./*/results)
CASES=$(awk '{ all += $2 } END { print all }' ./*/counts) ROWS=$(cat ./*/counts | wc -l)
echo "# $HAPPENED of $TAKEN happened, of $CASES cases: $(declare -p MET | tr -d '\n')"
is "the table has all its rows" "$ROWS" ${COUNTS[0]}
is "... and all its cases" "$CASES" ${COUNTS[1]}
case ${HALLIGAN_SWEEP:-} in
*/*) ok "some cases were taken" [ $TAKEN -gt 0 ] ;;
*)
	is "each row was tried" "$TOLD" "$ROWS"
	for kind in none cut session rotator written words other first replay twin; do
		ok "... and each kind of event: $kind" [ "${MET[$kind]:-0}" -gt 0 ]
	done ;;
esac
case ${HALLIGAN_SWEEP:-} in
all)
	is "all cases were taken" $TAKEN "$CASES"
	ok "and of five events four happened" [ $((5 * HAPPENED)) -ge $((4 * TAKEN)) ] ;;
'') is "as many cases were taken as the rows name" $TAKEN ${COUNTS[2]} ;;
esac

# A host that takes keys of the new one's kind alone: the old one is dead when it stands nowhere, and not before.
mkdir kinds
SSHD_PORT=${PORTS[14]}
sshd_start kinds "PubkeyAcceptedAlgorithms ssh-ed25519"
for access in local ssh; do
	probe() { "$LIB/rotator.py" --current private-key=rsa --next private-key=old "$ROTATE" "$(sshd_target $access)" probe-current; }
	cat rsa.pub old.pub >"$SSHD_AUTHORIZED"
	like "access $access: a key that is denied for its kind, and stands there, is not refused" "$(probe)" '^denied .*kind'
	cat old.pub >"$SSHD_AUTHORIZED"
	like "access $access: it is when it does not stand there" "$(probe)" '^refused '
done
sshd_stop
tap_end
