#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Rotating an SSH key puts the new key beside the old one, in a line like each that has it, and then takes those of the
# old one away; nothing else changes: here, and over ssh. What cannot be changed safely is left as it was.
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
	is "$access: a new key is made, tried, put beside the old one, and both work" "$(generate $access first second \
		describe check probe-current generate probe-next add probe-next probe-current | cut -d' ' -f1 | tr '\n' ' ')" \
		"ok ok accepted ok refused added accepted accepted "
	ok "$access: ssh itself logs in with the new key" login second
	ok "$access: and with the old one" login first
	# Only below the fourth and the last line may one be new, which differs from that by the key alone.
	python3 - before "$KEYS" "$(blob first)" "$(blob second)" >check.log 2>&1 <<-'END'
		import sys
		before, after, old, new = open(sys.argv[1], "rb").read(), open(sys.argv[2], "rb").read(), *map(str.encode, sys.argv[3:5])
		lines = before.split(b"\n")
		for number in (7, 5): lines.insert(number + 1, lines[number].replace(old, new))
		assert b"\n".join(lines) == after, after
		assert before.count(old) == 4 and after.count(new) == 2
	END
	is "$access: every other byte stands" "$?$(cat check.log)" 0
	is "$access: owner and mode stand" "$(stat -c '%u %g %a' "$KEYS")" "$(stat -c '%u %g %a' before)"
	cp -p "$KEYS" both
	like "$access: adding again is added, and changes nothing" "$(rotate $access first second add; cmp "$KEYS" both && echo same)" \
		'^added .*stood beside the old one in .* already.*same'
	is "$access: then the old key is taken away, and is refused" \
		"$(rotate $access first second probe-next withdraw-current probe-next probe-current | cut -d' ' -f1 | tr '\n' ' ')" \
		"accepted withdrawn accepted refused "
	ok "$access: ssh itself logs in with the new key alone" login second
	refused "$access: and not with the old one" login first
	python3 - before "$KEYS" "$(blob first)" "$(blob second)" >check.log 2>&1 <<-'END'
		import sys
		before, after, old, new = open(sys.argv[1], "rb").read(), open(sys.argv[2], "rb").read(), *map(str.encode, sys.argv[3:5])
		lines = before.split(b"\n")
		for number in (5, 7): lines[number] = lines[number].replace(old, new)
		assert b"\n".join(lines) == after, after
	END
	is "$access: every other byte stands, after all" "$?$(cat check.log)" 0
	is "$access: owner and mode stand" "$(stat -c '%u %g %a' "$KEYS")" "$(stat -c '%u %g %a' before)"
	is "$access: nothing is left beside the file" "$(find "$SSHD_FOLDER" -name '.*halligan*' | wc -l)" 0

	cp -p "$KEYS" before
	like "$access: withdrawing again is withdrawn, and changes nothing" "$(rotate $access first second withdraw-current; cmp "$KEYS" before && echo same)" \
		'^withdrawn .*does not stand in .*same'
	like "$access: adding where the old key is gone is added, and changes nothing" "$(rotate $access first second add; cmp "$KEYS" before && echo same)" \
		'^added .*stood in .* already, the old one does not.*same'

	blob rsa >"$KEYS"
	is "$access: an RSA key can be replaced by an Ed25519 one" "$(rotate $access rsa second add probe-next probe-current withdraw-current \
		probe-current | cut -d' ' -f1 | tr '\n' ' ')$(cat "$KEYS")" "added accepted accepted withdrawn refused $(blob second)"

	blob first >"$KEYS"
	like "$access: the last line that lets anybody in is not taken away" "$(rotate $access first other withdraw-current; blob first | cmp - "$KEYS" && echo same)" \
		'^unchanged .*(new key does not stand in|does not let .* in with the new key).*same'
	blob other >"$KEYS"; cp "$KEYS" before
	if [ $access = local ]; then
		like "$access: neither key in the file: unchanged, with the likely cause" "$(rotate $access first second add; cmp before "$KEYS" && echo same)" \
			"^unchanged neither the current nor the new key stands in $KEYS.*second AuthorizedKeysFile.*authorized_keys2.*same"
	else
		like "$access: let in with neither key: unchanged" "$(rotate $access first second add; cmp before "$KEYS" && echo same)" \
			'^unchanged .*neither the current nor the new.*same'
	fi
done

# The file is another than the one that lets the key in.
sshd_stop
blob first >second_file
sshd_start "$FOLDER" "AuthorizedKeysFile \"$KEYS\" \"$FOLDER/second_file\""
for access in local ssh; do
	blob other >"$KEYS"; cp "$KEYS" before
	like "$access: a key that another file lets in: unchanged, with the likely cause" "$(rotate $access first second add; cmp before "$KEYS" && echo same)" \
		"^unchanged neither the current nor the new key stands in $KEYS.*second AuthorizedKeysFile.*authorized_keys2.*same"
	like "$access: which check says before" "$(generate $access first unused check)" "^refused .*let in.*does not stand in $KEYS.*second AuthorizedKeysFile"
	blob second >>second_file
	like "$access: a new key that another file lets in does not make the old line go" "$(blob first >"$KEYS"; rotate $access first second withdraw-current
		blob first | cmp - "$KEYS" && echo same)" '^unchanged the new key does not stand in.*same'
	blob first >second_file
done
sshd_stop
sshd_start "$FOLDER"

# What a killed attempt left: this rotation's own at once, others' when they are old; never what only looks like it.
tag() { ssh-keygen -y -f "$1" | cut -d' ' -f2 | base64 -d | sha256sum | cut -c 1-16; }
for access in local ssh; do
	blob first >"$KEYS"
	mine=$SSHD_FOLDER/.halligan-ssh-key-$(tag second)-0123456789abcdef
	others=$SSHD_FOLDER/.halligan-ssh-key-$(tag other)-0123456789abcdef
	mkdir "$SSHD_FOLDER/.halligan-ssh-key-$(tag second)-0123456789abcdee"
	: >"$mine"; : >"$others"; : >"$SSHD_FOLDER/.halligan-ssh-key-mine"; : >"$SSHD_FOLDER/.halligan-ssh-key-$(tag second)-0123456789abcdef.old"
	ln -s "$KEYS" "$SSHD_FOLDER/.halligan-ssh-key-$(tag second)-0123456789abcded"
	is "$access: what a killed attempt of the same rotation left is removed" "$(rotate $access first second add | cut -d' ' -f1)$(ls "$mine" 2>/dev/null)" added
	is "$access: and nothing else" "$(find "$SSHD_FOLDER" -name '.halligan-*' | wc -l)" 5
	find "$SSHD_FOLDER" -name '.halligan-*' -exec rm -rf {} +
	is "$access: nothing is left beside the file" "$(find "$SSHD_FOLDER" -name '.*halligan*' | wc -l)" 0
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
hostkey "of another type than it says" "t['host_key'].replace('ed25519','rsa')" 'says .*ssh-rsa'
hostkey "a certificate's" "'$(ssh-keygen -q -s elliptic -h -I h -n h other.pub; cut -d' ' -f1,2 other-cert.pub)'" 'not supported'
hostkey "nothing" "''" ''
hostkey "a number" "1" ''
like "a comment after it is none" "$(check "$ROTATE" "$(change "t['host_key']+=' root@db1 of ssh'")")" '^ok'
like "a port out of range is refused" "$(check "$ROTATE" "$(change 't["port"]=65536')")" '^refused .*port'
like "a port may be text" "$(check "$ROTATE" "$(change 't["port"]=str(t["port"])')")" '^ok'
like "a port of nonsense is refused" "$(check "$ROTATE" "$(change 't["port"]="22x"')")" '^refused .*port'
like "an account that does not exist is refused" "$(check "$ROTATE" "$(change 't["user"]="nobody-here"')")" '^refused .*no account'
like "a relative path is refused" "$(check "$ROTATE" "$(change 't["authorized_keys"]="x"')")" '^refused .*absolute'
like "another username than the target's is refused of the next value" \
	"$("$LIB/rotator.py" --current private-key=first --next username=user.wrong --next private-key=first "$ROTATE" "$(sshd_target local)" check)" '^refused .*username'
like "and taken of the current one, whose account may have been renamed" \
	"$("$LIB/rotator.py" --current username=user.wrong --current private-key=first "$ROTATE" "$(sshd_target local)" check)" '^ok'
like "a password is not a private key" \
	"$("$LIB/rotator.py" --current private-key=user "$ROTATE" "$(sshd_target local)" check)" '^refused .*OpenSSH'
ssh-keygen -q -t ed25519 -N secret -f locked
like "a key with a passphrase is refused with the remedy" \
	"$("$LIB/rotator.py" --current private-key=locked "$ROTATE" "$(sshd_target local)" check)" '^refused .*passphrase.*ssh-keygen -p'

# Files that are not what they seem.
both() { printf '%s %s ' "$(blob first)" "$(blob other)" | sed 's,[+],[+],g'; }
for access in local ssh; do
	blob first >"$KEYS"; chmod 600 "$KEYS"
	mv "$KEYS" "$SSHD_FOLDER/real"; ln -s real "$KEYS"
	like "$access: a symbolic link of ours is followed, and stays one" \
		"$(rotate $access first other add | cut -d" " -f1; [ -L "$KEYS" ] && tr "\n" " " <"$SSHD_FOLDER/real")" "^added.$(both)\$"
	rm "$KEYS"; blob first >"$KEYS"; ln "$KEYS" "$SSHD_FOLDER/twin"
	like "$access: a file with other hard links is left" "$(rotate $access first other add; cut -d' ' -f1,2 "$KEYS")" \
		"^unchanged .*hard links.*$(like_blob first)"
	rm "$SSHD_FOLDER/twin" "$SSHD_FOLDER/real"
	if [ "$(id -u)" -ne 0 ]; then echo "# skipped: $access: only root can give files away"; else
		blob first >"$SSHD_FOLDER/real"; chown nobody "$SSHD_FOLDER/real"; ln -sf real "$KEYS"
		like "$access: a symbolic link to somebody else's file is left" \
			"$(rotate $access first other add; cat "$SSHD_FOLDER/real")" "^unchanged .*belongs to.*$(like_blob first)"
		rm "$KEYS" "$SSHD_FOLDER/real"
	fi
done
for access in local ssh; do
	for mode in 666 660 602; do
		blob first >"$KEYS"; chmod $mode "$KEYS"
		like "$access: a file of mode $mode, which others may write, is left" "$(rotate $access first other add; cat "$KEYS")" \
			"^unchanged .*can (be written by other|write to it).*chmod go-w.*$(like_blob first)"
	done
	chmod 600 "$KEYS"
	for mode in 770 2775 707; do
		chmod $mode "$SSHD_FOLDER"
		like "$access: so is one in a folder of mode $mode, where others could exchange it" "$(rotate $access first other add)" \
			'^unchanged .*(be written by other|in its folder).*chmod go-w'
	done
	chmod 1777 "$SSHD_FOLDER"
	like "$access: in a sticky folder they cannot" "$(rotate $access first other add)" '^added'
	chmod 0700 "$SSHD_FOLDER"; blob first >"$KEYS"
	(umask 077; truncate -s 40G "$FOLDER/huge") # not one that sshd reads
	like "$access: a file that is far too large is left, unread" "$(SSHD_AUTHORIZED=$FOLDER/huge rotate $access first other add)" \
		'^unchanged .*larger than 1024 KiB'
	rm "$FOLDER/huge"
done
blob first >"$KEYS"
chmod 600 "$KEYS"; printf '\0' >>"$KEYS"
like "a damaged file is left" "$(rotate local first other add)" '^unchanged .*NUL'
# A home that is mounted when somebody looks for it: the file is in what is mounted, not in the empty folder before.
if [ -z "${HALLIGAN_ALONE:-}" ]; then echo "# skipped: only root mounts"; else
	(umask 077; mkdir -p auto homes/me); ln -s auto way
	for kind in direct indirect; do
		for way in auto way; do
			(umask 077; blob first >homes/me/authorized_keys)
			got=$("$LIB/automount.py" $kind "$FOLDER/auto" "$FOLDER/homes" "$LIB/rotator.py" --current private-key=first --next private-key=other \
				"$ROTATE" "$(SSHD_AUTHORIZED=$FOLDER/$way/me/authorized_keys sshd_target local)" add)
			[ $? -ne 77 ] || { echo "# skipped: the kernel mounts no autofs here"; break 2; }
			like "a home that is mounted when somebody looks for it ($kind, by $way) is found" "$got $(cut -d' ' -f1,2 homes/me/authorized_keys | tr '\n' ' ')" \
				"^added .*$(both)\$"
		done
	done
	rm -r auto way homes
fi
rm "$KEYS"
like "a missing file changes nothing" "$(rotate local first other add)" '^unchanged '
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
