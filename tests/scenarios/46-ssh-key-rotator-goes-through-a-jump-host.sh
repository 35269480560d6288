#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A target behind a jump host is tried, changed and checked through it. The jump host decides nothing: the target proves its own
# pinned host key, and a jump host that is down, lies or forbids the way makes the target unreachable. Nothing is left behind.
set -u
LIB=$(dirname "$(readlink -f "$0")")/../lib
. "$LIB/tap.sh"
. "$LIB/sshd.sh"
FOLDER=$(mktemp -d); trap 'rm -rf "$FOLDER"' EXIT; cd "$FOLDER" || exit 99
ROTATE=$(readlink -f "${HALLIGAN_BUILD:?the build folder}")/rotators/halligan-rotate-ssh-key

for name in old new way stranger; do ssh-keygen -q -t ed25519 -N '' -f $name; done
sshd_start "$FOLDER"
KEYS=$SSHD_AUTHORIZED
JUMP_PORT=$(sshd_free_port)
JUMP=$FOLDER/jump/sshd
mkdir -p "$JUMP"
# jump_start OPTION...: a second sshd, in a process whose id is in `jump_pid`.
jump_start() {
	(SSHD_PORT=$JUMP_PORT; sshd_start "$FOLDER/jump" "$@"; exec sleep 600) & jump_pid=$!
	until (exec 9<>"/dev/tcp/127.0.0.1/$JUMP_PORT") 2>/dev/null; do sleep 0.05; done
}
jump_stop() {
	kill "$jump_pid"; wait "$jump_pid" 2>/dev/null
	while (exec 9<>"/dev/tcp/127.0.0.1/$JUMP_PORT") 2>/dev/null; do sleep 0.05; done
}
(umask 077; printf 'restrict,port-forwarding,permitopen="127.0.0.1:%d" %s\n' "$SSHD_PORT" "$(cat way.pub)" >"$JUMP/authorized_keys")
jump_start
cat old.pub >"$KEYS"
# target PYTHON: the target with its jump, as t and j, changed.
target() {
	sshd_target ssh | JUMP_KEY=$(cut -d' ' -f1,2 "$JUMP/host_key.pub") JUMP_PORT=$JUMP_PORT WAY=$FOLDER/way \
		python3 -c "import json,os,sys; t=json.load(sys.stdin); j=t['jump']={'host':'127.0.0.1','port':int(os.environ['JUMP_PORT']),
	'user':t['user'],'host_key':os.environ['JUMP_KEY'],'key_file':os.environ['WAY']}
${1-}
print(json.dumps(t))"
}
ask() { local change=$1; shift
	"$LIB/rotator.py" --seconds "${SECONDS_EACH:-20}" --current private-key=old --next private-key=new "$ROTATE" "$(target "$change")" "$@"; }
words() { cut -d' ' -f1 | tr '\n' ' '; }
logins() { grep -c 'Accepted publickey' "$JUMP/log"; }

before=$(logins)
like "a target behind a jump host is checked and tried" "$(ask "" check probe-current probe-next | words)" '^ok accepted refused $'
ok "through the jump host" [ "$(logins)" -gt "$before" ]
is "and changed" "$(ask "" add probe-next withdraw-current probe-next probe-current | words)" "added accepted withdrawn accepted refused "
ok "the new key stands there" grep -qF "$(cut -d' ' -f2 new.pub)" "$KEYS"
is "and on the jump host nothing was changed" "$(cut -d'"' -f3 "$JUMP/authorized_keys")" " $(cat way.pub)"
cat old.pub >"$KEYS"
python3 -c 'print("#" * 79 + "\n", end="") or [print("#" + "x" * 78) for _ in range(9000)]' >>"$KEYS"
is "a file of 700 KiB goes through, too" "$(ask "" add probe-next | words)" "added accepted "
cat old.pub >"$KEYS"

# What the jump host demands is told by check.
refused_by_check() { like "$1: check refuses" "$(ask "$2" check)" "^refused .*$3"; like "$1: a probe is unreachable" "$(ask "$2" probe-current)" '^unreachable'; }
refused_by_check "a key that the jump host does not take" "j['key_file']='$FOLDER/stranger'" 'jump host.*does not let'
chmod 644 way
refused_by_check "a key file that is open to others" "" 'way is open to other users'
chmod 600 way
cp way locked; ssh-keygen -q -p -P '' -N secret -f locked >/dev/null
refused_by_check "a locked key file" "j['key_file']='$FOLDER/locked'" "jump host's key.*passphrase"
ssh-keygen -q -t dsa -N '' -f "$FOLDER/dsa"
refused_by_check "a key of a type that no host takes" "j['key_file']='$FOLDER/dsa'" "jump host's key.*DSA"
refused_by_check "no key file" "j['key_file']='$FOLDER/none'" 'none'
unreachable() { like "$1" "$(SECONDS_EACH=4 ask "$2" probe-current probe-next | tr '\n' ' ')" "^unreachable .*$3.*unreachable"; }
unreachable "another host key of the jump host is unreachable" "j['host_key']='$(cut -d' ' -f1,2 stranger.pub)'" 'jump host'
unreachable "so is another host key of the target, behind the right one" "t['host_key']='$(cut -d' ' -f1,2 stranger.pub)'" 'host key'
unreachable "a port that the key may not go to" "t['port']=$JUMP_PORT" 'does not connect'
unreachable "a jump host that is down" "j['port']=$(sshd_free_port)" 'cannot be reached'

# A jump host that lies: it takes the way, and answers in the target's place.
jump_stop
(umask 077; printf 'restrict,port-forwarding %s\n' "$(cat way.pub)" >"$JUMP/authorized_keys")
jump_start
coproc LIAR { exec "$LIB/ssh_liar.py" success; }
read -r port <&"${LIAR[0]}"
unreachable "whoever the jump host leads to instead decides nothing" "t['port']=$port" 'host key'
kill "$LIAR_PID" 2>/dev/null; wait "$LIAR_PID" 2>/dev/null
unreachable "a port where nobody listens behind it" "t['port']=$(sshd_free_port)" 'does not connect'
jump_stop
jump_start "AllowTcpForwarding no"
unreachable "a jump host that forbids forwarding" "" 'does not connect'
jump_stop
jump_start "PasswordAuthentication yes" "AuthenticationMethods publickey,password"
refused_by_check "a jump host that wants a second factor" "" 'jump host.*second factor'
jump_stop
cat old.pub >"$KEYS"

# Silence, in time; and nothing stays.
connected() { awk -v port="$(printf ':%04X' "$JUMP_PORT")" '$4 == "01" && substr($2, length($2) - 4) == port { found = 1 } END { exit !found }' /proc/net/tcp; }
coproc LIAR { exec "$LIB/ssh_liar.py" version; }
read -r port <&"${LIAR[0]}"
begun=$(date +%s)
unreachable "a jump host that falls silent" "j['port']=$port" 'no answer in time'
ok "in time" [ $(($(date +%s) - begun)) -le 11 ]
kill "$LIAR_PID" 2>/dev/null; wait "$LIAR_PID" 2>/dev/null
jump_start
coproc LIAR { exec "$LIB/ssh_liar.py" version; }
read -r port <&"${LIAR[0]}"
unreachable "a target that falls silent behind it" "t['port']=$port" 'no answer in time'
before=$(logins)
SECONDS_EACH=60 ask "t['port']=$port" probe-current >/dev/null 2>&1 & asking=$!
rotator=
until rotator=$(pgrep -f "^$ROTATE\$"); do sleep 0.05; done
until [ "$(logins)" -gt "$before" ] || ! kill -0 "$rotator" 2>/dev/null; do sleep 0.05; done
sleep 0.3
ok "while it lives the jump host has a connection" connected
kill -9 "$rotator"; wait $asking 2>/dev/null
refused "killed in the middle, it leaves no process" pgrep -f "^$ROTATE\$"
ended() { for _ in {1..100}; do connected || return 0; sleep 0.1; done; return 1; }
ok "and the jump host has no connection any more" ended
kill "$LIAR_PID" 2>/dev/null; wait "$LIAR_PID" 2>/dev/null

# What the target says of its jump.
says() { like "a jump with $1 is refused by name" "$(ask "$2" check)" "^refused .*$3"; }
says "access local" "t['access']='local'; t['authorized_keys']='$KEYS'" 'jump.*access ssh only'
says "no key_file" "del j['key_file']" 'jump.*key_file'
says "a relative key_file" "j['key_file']='way'" 'key_file.*absolute'
says "no host key" "del j['host_key']" 'jump.*host_key'
says "a host that would be an option" "j['host']='-oProxyCommand=x'" 'jump.*host'
says "an unknown member" "j['via']=1" 'jump.*via'
says "no object in it" "t['jump']='root@host'" 'jump'
jump_stop
tap_end
