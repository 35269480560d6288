#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Rotating an SSH key changes the key, in every line that has it, and nothing else: here, and over
# ssh; and what cannot be changed safely is refused with the file as it was.
set -u
LIB=$(dirname "$(readlink -f "$0")")/../lib
. "$LIB/tap.sh"
. "$LIB/sshd.sh"
FOLDER=$(mktemp -d); trap 'rm -rf "$FOLDER"' EXIT; cd "$FOLDER" || exit 99
ROTATE=$(readlink -f "${HALLIGAN_BUILD:?the build folder}")/rotators/halligan-rotate-ssh-key

sshd_start "$FOLDER"
KEYS=$SSHD_AUTHORIZED
ssh-keygen -q -t ed25519 -N '' -C 'break glass' -f first
ssh-keygen -q -t rsa -b 2048 -N '' -C 'of RSA' -f rsa
ssh-keygen -q -t ed25519 -N '' -C other -f other
printf root-wrong >user.wrong
printf %s "$SSHD_USER" >user
blob() { ssh-keygen -y -f "$1" | cut -d' ' -f1,2; }
# The same as a pattern.
like_blob() { blob "$1" | sed "s,[+],[+],g"; }
# rotate ACCESS CURRENT NEXT VERB...: with both values given.
rotate() { local access=$1 current=$2 next=$3; shift 3
	"$LIB/rotator.py" --current private-key="$current" --next private-key="$next" "$ROTATE" "$(sshd_target "$access")" "$@"; }
# generate ACCESS CURRENT NEW VERB...: the next value is made by the rotator.
generate() { local access=$1 current=$2 new=$3; shift 3
	"$LIB/rotator.py" --current private-key="$current" --save private-key="$new" "$ROTATE" "$(sshd_target "$access")" "$@"; }
# login KEY: by the ordinary client.
login() { ssh -F none -i "$1" -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=no \
	-o UserKnownHostsFile=/dev/null -p "$SSHD_PORT" "$SSHD_USER@127.0.0.1" true; }

for access in local ssh; do
	# Everything that an editor could spoil: CRLF, options with quotes, the key twice and as a comment,
	# bytes that are no UTF-8, blanks, no newline at the end.
	printf '# head %s\r\n\n  \n#%s old\n%s other\r\nno-pty,environment="A=\\"x y\\"" %s one\t two \n\xff\xfe\nfrom="127.0.0.0/8" %s' \
		"$(blob first)" "$(blob first)" "$(blob other)" "$(blob first)" "$(blob first)" >"$KEYS"
	chmod 640 "$KEYS"
	cp -p "$KEYS" before
	is "$access: a new key is made, tried, put in place, and works; the old one does not" "$(generate $access first second \
		describe check probe-current generate probe-next apply probe-next probe-current | cut -d' ' -f1 | tr '\n' ' ')" \
		"ok ok accepted ok refused applied accepted refused "
	ok "$access: ssh itself logs in with the new key" login second
	refused "$access: ssh itself does not log in with the old key" login first
	# Only the fourth and the last line may differ, and only by the key.
	python3 - before "$KEYS" "$(blob first)" "$(blob second)" >check.log 2>&1 <<-'END'
		import sys
		before, after, old, new = open(sys.argv[1], "rb").read(), open(sys.argv[2], "rb").read(), *map(str.encode, sys.argv[3:5])
		lines = before.split(b"\n")
		for number in (5, 7): lines[number] = lines[number].replace(old, new)
		assert b"\n".join(lines) == after, after
		assert before.count(old) == 4 and after.count(new) == 2
	END
	is "$access: every other byte stands" "$?$(cat check.log)" 0
	is "$access: owner and mode stand" "$(stat -c '%u %g %a' "$KEYS")" "$(stat -c '%u %g %a' before)"
	is "$access: nothing is left beside the file" "$(find "$SSHD_FOLDER" -name '.*halligan*' | wc -l)" 0

	like "$access: applying again is applied, and changes nothing" "$(rotate $access first second apply; cmp "$KEYS" <(cat "$KEYS") && echo same)" \
		'^applied .*stood in .* already.*same'

	cp -p "$KEYS" before
	like "$access: an RSA key can be replaced by an Ed25519 one" "$(
		blob rsa >>"$KEYS"; printf '\n' >>"$KEYS"; sed -i '/^from/s/ \?ssh-rsa.*//' "$KEYS"; blob rsa >>"$KEYS"
		rotate $access rsa second apply; tail -n 1 "$KEYS")" "^applied .*$(like_blob second)\$"

	blob other >"$KEYS"; cp "$KEYS" before
	if [ $access = local ]; then
		like "$access: neither key in the file: rejected, unchanged" "$(rotate $access first second apply; cmp before "$KEYS" && echo same)" \
			'^rejected neither the current nor the new key.*same'
	else
		like "$access: let in with neither key: unknown, unchanged" "$(rotate $access first second apply; cmp before "$KEYS" && echo same)" \
			'^unknown .*neither the current nor the new.*same'
	fi
done

# What the target says must make sense.
check() { "$LIB/rotator.py" --current private-key=first "$@" check; }
change() { sshd_target local | python3 -c "import json,sys; t=json.load(sys.stdin); $1; print(json.dumps(t))"; }
like "an unknown member is refused by name" "$(check "$ROTATE" "$(change 't["hots"]=1')")" '^refused .*hots'
like "a missing member is refused by name" "$(check "$ROTATE" "$(change 'del t["host_key"]')")" '^refused .*host_key'
like "a host key that is none is refused" "$(check "$ROTATE" "$(change 't["host_key"]="ssh-ed25519 AAAA"')")" '^refused .*host_key'
like "a host that would be an option is refused" "$(check "$ROTATE" "$(change 't["host"]="-oProxyCommand=x"')")" '^refused .*host'
like "a user that would be an option is refused" "$(check "$ROTATE" "$(change 't["user"]="-x"')")" '^refused .*user'
for row in "blanks|a b" "300 bytes|$(printf 'x%.0s' {1..300})" "letters beyond ASCII|höst" "nothing|" "a user in front|root@host" "a shell's signs|\$(id)"; do
	like "a host of ${row%%|*} is refused" "$(check "$ROTATE" "$(change "t['host']='${row#*|}'")")" '^refused .*host'
	like "a user of ${row%%|*} is refused" "$(check "$ROTATE" "$(change "t['user']='${row#*|}'")")" '^refused .*user'
done
hostkey() { like "a host key that is $1 is refused" "$(check "$ROTATE" "$(change "t['host_key']=$2")")" "^refused .*host_key.*$3"; }
ssh-keygen -q -t ecdsa -N '' -f elliptic
hostkey "two keys" "t['host_key']+' $(cut -d' ' -f1,2 elliptic.pub)'" 'two keys'
for member in host user host_key; do
	is "a newline in $member is refused before the rotator looks at it" "$(check "$ROTATE" "$(change "t['$member']+='\\nx'")" 2>/dev/null)" "ended 1"
done
hostkey "that of a known_hosts line" "'host '+t['host_key']" 'TYPE BASE64|says'
hostkey "of another type than it says" "t['host_key'].replace('ed25519','rsa')" 'says ssh-rsa'
hostkey "a certificate's" "'$(ssh-keygen -q -s elliptic -h -I h -n h other.pub; cut -d' ' -f1,2 other-cert.pub)'" 'not supported'
hostkey "nothing" "''" ''
hostkey "a number" "1" ''
like "a comment after it is none" "$(check "$ROTATE" "$(change "t['host_key']+=' root@db1 of ssh'")")" '^ok'
like "a port out of range is refused" "$(check "$ROTATE" "$(change 't["port"]=65536')")" '^refused .*port'
like "a port may be text" "$(check "$ROTATE" "$(change 't["port"]=str(t["port"])')")" '^ok'
like "a port of nonsense is refused" "$(check "$ROTATE" "$(change 't["port"]="22x"')")" '^refused .*port'
like "an account that does not exist is refused" "$(check "$ROTATE" "$(change 't["user"]="nobody-here"')")" '^refused .*no account'
like "a relative path is refused" "$(check "$ROTATE" "$(change 't["authorized_keys"]="x"')")" '^refused .*absolute'
like "another username than the target's is refused" \
	"$("$LIB/rotator.py" --current username=user.wrong --current private-key=first "$ROTATE" "$(sshd_target local)" check)" '^refused .*username'
like "a password is not a private key" \
	"$("$LIB/rotator.py" --current private-key=user "$ROTATE" "$(sshd_target local)" check)" '^refused .*OpenSSH'
ssh-keygen -q -t ed25519 -N secret -f locked
like "a key with a passphrase is refused with the remedy" \
	"$("$LIB/rotator.py" --current private-key=locked "$ROTATE" "$(sshd_target local)" check)" '^refused .*passphrase.*ssh-keygen -p'

# Files that are not what they seem.
for access in local ssh; do
	blob first >"$KEYS"; chmod 600 "$KEYS"
	mv "$KEYS" "$SSHD_FOLDER/real"; ln -s real "$KEYS"
	like "$access: a symbolic link of ours is followed, and stays one" \
		"$(rotate $access first other apply; [ -L "$KEYS" ] && cat "$SSHD_FOLDER/real")" "^applied.*$(like_blob other)"
	rm "$KEYS"; blob first >"$KEYS"; ln "$KEYS" "$SSHD_FOLDER/twin"
	like "$access: a file with other hard links is rejected" "$(rotate $access first other apply; cut -d' ' -f1,2 "$KEYS")" \
		"^rejected .*hard links.*$(like_blob first)"
	rm "$SSHD_FOLDER/twin" "$SSHD_FOLDER/real"
	if [ "$(id -u)" -ne 0 ]; then echo "# skipped: $access: only root can give files away"; else
		blob first >"$SSHD_FOLDER/real"; chown nobody "$SSHD_FOLDER/real"; ln -sf real "$KEYS"
		like "$access: a symbolic link to somebody else's file is rejected" \
			"$(rotate $access first other apply; cat "$SSHD_FOLDER/real")" "^rejected .*belongs to.*$(like_blob first)"
		rm "$KEYS" "$SSHD_FOLDER/real"
	fi
done
blob first >"$KEYS"; chmod 666 "$KEYS"
like "a file that everybody may write is rejected" "$(rotate local first other apply)" '^rejected .*can be written by other'
chmod 600 "$KEYS"; printf '\0' >>"$KEYS"
like "a damaged file is rejected" "$(rotate local first other apply)" '^rejected .*NUL'
rm "$KEYS"
like "a missing file is rejected" "$(rotate local first other apply)" '^rejected '
# As its author would try it: nothing is wrong with it, killed in the middle or not.
HALLIGAN=$(readlink -f "$HALLIGAN_BUILD")/cli/halligan
for access in local ssh; do
	blob first >"$KEYS"
	sshd_target $access >target.json
	chmod 600 first
	ok "$access: it keeps to the contract" "$HALLIGAN" rotator test ssh-key --target-json target.json --value private-key=first
	is "$access: and its file is as it was" "$(cat "$KEYS")" "$(blob first)"
done
tap_end
