#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A private key is taken in whatever form ssh-keygen and openssl write it, locked or not, and is sealed in one; what is something
# else is refused by its name, before anybody is asked for a PIN.
set -u
. "$(dirname "$0")/../lib/vault.sh"
UNLOCK=$(readlink -f "${HALLIGAN_BUILD:?the build folder}")/rotators/halligan-unlock-key
WORD='pass phrase, with "quotes" and ümlauts'
umask 077
FOLDER=$(mktemp -d); trap 'rm -rf "$FOLDER"' EXIT; cd "$FOLDER" || exit 99

# unlock FILE: the key in `out`, words in `said`; a file `FILE.word` has the passphrase.
unlock() {
	local word=/dev/null
	[ ! -e "$1.word" ] || word=$1.word
	"$UNLOCK" 3<"$1" 4<"$word" 5>out >said </dev/null
}
same() { diff <(ssh-keygen -y -f out | cut -d' ' -f1,2) <(cut -d' ' -f1,2 "$1.pub") >/dev/null; }
# taken CLAIM FILE KEY: and it is the key of KEY.pub.
taken() {
	is "$1 is taken" "$(unlock "$2"; echo "$?$(cat said)")" 0
	ok "$1: it is the same key, which ssh-keygen reads" same "$3"
	is "$1: in OpenSSH's form" "$(head -n 1 out)" "-----BEGIN OPENSSH PRIVATE KEY-----"
}

for key in "ed25519 256" "ecdsa 256" "ecdsa 384" "ecdsa 521" "rsa 2048" "rsa 3072"; do
	read -r type bits <<<"$key"
	name=$type-$bits
	ssh-keygen -q -t "$type" -b "$bits" -N '' -C "of $name" -f "$name"
	taken "$name as ssh-keygen writes it" "$name" "$name"
	is "$name: its comment stays" "$(ssh-keygen -y -f out | cut -d' ' -f3-)" "of $name"
	for cipher in aes256-ctr aes192-ctr aes128-ctr aes256-cbc aes192-cbc aes128-cbc aes256-gcm@openssh.com aes128-gcm@openssh.com; do
		[ $cipher = aes256-ctr ] || [ $name = ed25519-256 ] || continue
		cp "$name" locked; ssh-keygen -q -p -P '' -N "$WORD" -Z $cipher -f locked >/dev/null
		printf %s "$WORD" >locked.word
		taken "$name locked by $cipher" locked "$name"
	done
	cp "$name" pkcs8; ssh-keygen -q -p -P '' -N '' -m PKCS8 -f pkcs8 >/dev/null 2>&1
	if [ "$type" = ed25519 ]; then # which ssh-keygen does not write so
		python3 - ed25519-256 >seed <<-'END'
			import base64, sys
			lines = open(sys.argv[1]).read().split("\n")
			data = base64.b64decode("".join(lines[1:-2]))
			at = data.rindex(b"\0\0\0\x40") + 4
			sys.stdout.buffer.write(bytes.fromhex("302e020100300506032b657004220420") + data[at:at + 32])
		END
		openssl pkey -inform DER -in seed -out pkcs8 2>/dev/null
	fi
	like "$name in PKCS#8 is what openssl calls so" "$(head -n 1 pkcs8)" 'BEGIN PRIVATE KEY'
	taken "$name in PKCS#8" pkcs8 "$name"
	for how in "-v2 aes-256-cbc" "-v2 aes-128-cbc -v2prf hmacWithSHA1" "-scrypt"; do
		# shellcheck disable=SC2086
		openssl pkcs8 -topk8 -in pkcs8 $how -passout "pass:$WORD" -out locked
		taken "$name in PKCS#8 locked by $how" locked "$name"
	done
	[ "$type" != ed25519 ] || continue
	cp "$name" pem; ssh-keygen -q -p -P '' -N '' -m PEM -f pem >/dev/null
	taken "$name in PEM" pem "$name"
	cp "$name" locked; ssh-keygen -q -p -P '' -N "$WORD" -m PEM -f locked >/dev/null
	taken "$name in locked PEM" locked "$name"
done
openssl ecparam -name prime256v1 -genkey -out ecparam 2>/dev/null
ssh-keygen -y -f ecparam >ecparam.pub 2>/dev/null || { openssl pkcs8 -topk8 -nocrypt -in ecparam -out e8; ssh-keygen -y -f e8 >ecparam.pub; }
taken "openssl's curve and key in one file" ecparam ecparam

# What editors, mails and Windows make of them.
change() { python3 -c 'import sys; sys.stdout.buffer.write(eval(sys.argv[1])(open(sys.argv[2], "rb").read()))' "$1" "$2" >changed; }
for name in ed25519-256 pem; do
	pub=$name; [ $name != pem ] || pub=rsa-3072
	while read -r claim how; do
		change "lambda text: $how" $name
		taken "$name with ${claim//_/ }" changed $pub
	done <<-'END'
		no_last_newline text.rstrip(b"\n")
		CRLF text.replace(b"\n",b"\r\n")
		CR text.replace(b"\n",b"\r")
		a_byte-order_mark b"\xef\xbb\xbf"+text
		indents b"".join(b"\t  "+line+b"\n"for(line)in(text.split(b"\n")))
		blanks_at_the_ends text.replace(b"\n",b"  \n")
		text_around b"Dear\x20Bob,\n\n"+text+b"\nregards\n"
	END
	change 'lambda text: text.replace(b"\n", b"\r\n")' $name
	is "$name: and what comes out is as if nothing had been" "$(unlock changed; head -c 40 out | tr -d '\r' | cmp -s - <(head -c 40 out) && echo clean)" clean
done

# refused CLAIM FILE PATTERN
refused_as() { like "$1 is refused by its name" "$(unlock "$2" && echo taken; cat said)" "$3"; }
cp ed25519-256.pub public
refused_as "a public key" public '^this is no private key.*public key \(ssh-ed25519\).*without \.pub'
ssh-keygen -q -s rsa-2048 -I me -n root ed25519-256.pub
refused_as "a certificate" ed25519-256-cert.pub '^this is no private key.*certificate.*without -cert\.pub'
openssl rsa -in pem -pubout -out pub.pem 2>/dev/null
refused_as "a public key in PEM" pub.pem 'public key'
openssl req -x509 -key pem -subj /CN=x -out x509 2>/dev/null
refused_as "an X.509 certificate" x509 'X\.509 certificate'
ssh-keygen -e -f rsa-2048.pub >ssh2
refused_as "a public key in ssh.com's form" ssh2 'public key'
printf 'PuTTY-User-Key-File-3: ssh-ed25519\r\n' >ppk
refused_as "PuTTY's" ppk 'PuTTY.*puttygen'
openssl rsa -in pem -outform DER -out der 2>/dev/null
refused_as "DER" der 'DER.*openssl pkey'
python3 -c 'import sys; sys.stdout.buffer.write(open("pem").read().encode("utf-16"))' >utf16
refused_as "UTF-16" utf16 'UTF-16.*plain text'
cat ed25519-256 pem >two
refused_as "a file of two keys" two 'two private keys'
echo hello >hello
refused_as "what is no key at all" hello 'no private key.*ssh-keygen'
for name in ed25519-256 pem pkcs8; do
	for size in 40 200; do
		head -c $size $name >short
		refused_as "$name cut off after $size bytes" short 'cut off|no private key'
	done
done
{ head -n 2 ed25519-256; tail -n 1 ed25519-256; } >short
refused_as "one that lacks its middle" short 'base64|malformed'
openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out pss 2>/dev/null
refused_as "RSA-PSS" pss 'RSA-PSS'
openssl ecparam -name secp256k1 -genkey -noout -out k1
refused_as "secp256k1" k1 'secp256k1.*P-256'
openssl genpkey -algorithm ed448 -out ed448
refused_as "Ed448" ed448 'ED448'
openssl genpkey -algorithm x25519 -out x25519
refused_as "X25519" x25519 'X25519'
openssl dsaparam -genkey -out dsa8 1024 2>/dev/null
refused_as "DSA in PEM" dsa8 'DSA'
openssl genrsa -out rsa512 512 2>/dev/null
refused_as "a short RSA key" rsa512 '512 bits'
cp ed25519-256 locked; ssh-keygen -q -p -P '' -N "$WORD" -Z chacha20-poly1305@openssh.com -f locked >/dev/null
refused_as "a lock that nobody else opens" locked "chacha20-poly1305@openssh.com.*ssh-keygen -p -Z aes256-ctr"
cp ed25519-256 locked; ssh-keygen -q -p -P '' -N "$WORD" -a 100 -f locked >/dev/null
taken "a key locked with a hundred rounds" locked ed25519-256
cp ed25519-256 locked; ssh-keygen -q -p -P '' -N other -f locked >/dev/null
is "a wrong passphrase is told apart" "$(unlock locked; echo $?)" 3
openssl pkcs8 -topk8 -in pem -passout pass:other -out locked
cp rsa-2048 locked; ssh-keygen -q -p -P '' -N other -Z aes256-gcm@openssh.com -f locked >/dev/null
is "under a cipher that knows by itself, too" "$(unlock locked; echo $?)" 3
openssl pkcs8 -topk8 -in pem -passout pass:other -out locked
is "of PKCS#8, too" "$(unlock locked; echo $?)" 3
rm locked.word
is "so is none" "$(unlock locked; echo $?)" 3
python3 - <<'END'
import base64, struct
def string(text): return struct.pack(">I", len(text)) + text
def write(name, blob, private):
    inner = struct.pack(">II", 7, 7) + private + string(b"me")
    inner += bytes(range(1, 1 + -len(inner) % 8))
    data = b"openssh-key-v1\0" + string(b"none") * 2 + string(b"") + struct.pack(">I", 1) + string(blob) + string(inner)
    with open(name, "w") as file: file.write("-----BEGIN OPENSSH PRIVATE KEY-----\n" +
        base64.encodebytes(data).decode() + "-----END OPENSSH PRIVATE KEY-----\n")
token = string(b"sk-ssh-ed25519@openssh.com") + string(bytes(range(32))) + string(b"ssh:")
write("sk", token, token + b"\x01" + string(b"handle") + string(b""))
dsa = string(b"ssh-dss") + string(b"\x01") * 4
write("dsa", dsa, dsa + string(b"\x01"))
END
refused_as "a token's key" sk 'FIDO2 token'
refused_as "a DSA key" dsa 'DSA key'

# Each byte of a key changed: refused, or the same key (its comment, the padding).
for name in ed25519-256 pkcs8; do
	python3 - $name $name.changed <<-'END'
		import sys, os
		data = bytearray(open(sys.argv[1], "rb").read())
		os.makedirs(sys.argv[2], exist_ok=True)
		for at in range(30, len(data) - 30, 7):
		    other = bytearray(data); other[at] = ord("B") if other[at] == ord("A") else ord("A")
		    open(f"{sys.argv[2]}/{at}", "wb").write(other)
	END
	wrong=0
	for file in "$name.changed"/*; do unlock "$file" && ! ssh-keygen -y -f out >/dev/null 2>&1 && wrong=$((wrong + 1)); done
	is "$name with a changed byte never becomes what ssh-keygen does not read" $wrong 0
done

# The way in: secret adopt.
town_founded
cp "$FOLDER"/{public,sk,two,pss,pem,ecdsa-384,ecdsa-384.pub,rsa-3072.pub} .
rm -rf "$FOLDER"
sshd_target local >target.json
add() { local name=$1; shift
	town_add "$name" --policy production --rotator ssh-key --effect "root on db1" --target-json target.json "$@"; }
ok "a secret is defined" town_define prod/refused --policy production --rotator ssh-key --effect "root on db1" --target-json target.json
for file in public sk two pss.locked; do
	[ $file != pss.locked ] || openssl pkcs8 -topk8 -in pss -passout "pass:$WORD" -out $file
	before=$(halligan secret list)
	out=$(as infra secret adopt prod/refused --field private-key=$file --passphrase-fd 8 8<<<"$WORD" 2>&1); status=$?
	is "$file: nothing is adopted" "$status $(halligan secret list)" "1 $before"
	refused "$file: and nobody is asked for a PIN" grep -q 'PIN of' <<<"$out"
done
cp ecdsa-384 locked; ssh-keygen -q -p -P '' -N "$WORD" -f locked >/dev/null
cat ecdsa-384.pub >>"$SSHD_AUTHORIZED"
AS_OPTIONS=(--timeout 60 --always 'passphrase of[^\n]*: $' "$WORD")
ok "a locked key is asked for its passphrase at the terminal, and added" add prod/asked --field private-key=locked --no-rotate
like "the same key in another form is no second secret's of that account" "$(as infra secret adopt prod/refused --field private-key=ecdsa-384 --no-rotate 2>&1)" \
	'prod/refused: nothing was kept: it is the key that "prod/asked" has sealed'
AS_OPTIONS=(--timeout 60 --always 'passphrase of[^\n]*: $' wrong)
is "a wrong one is asked for three times" "$(add prod/wrong --field private-key=locked --no-rotate 2>&1 | tr '\r' '\n' | grep -c 'passphrase of the')" 3
AS_OPTIONS=(--timeout 60)
openssl pkcs8 -topk8 -in pem -passout "pass:$WORD" -out locked8
cat rsa-3072.pub >"$SSHD_AUTHORIZED"
ok "or read from a descriptor, and added in another form" add prod/read --field private-key=locked8 --passphrase-fd 8 8<<<"$WORD"
is "whose successor is of the same kind" "$(ssh-keygen -l -f "$SSHD_AUTHORIZED" | tail -n 1 | awk '{ print $1, $NF }')" "3072 (RSA)"
refused "a passphrase where none belongs is an error of usage" as infra secret adopt prod/refused --field password=locked --passphrase-fd 8 8<<<x
tap_end
