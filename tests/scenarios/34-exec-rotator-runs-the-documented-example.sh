#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The examples of docs/rotators.md, as they stand on the page, keep to the contract, one of each style; and programs behind
# the exec rotator that fail, hang, chatter or tell secrets are found out.
set -u
LIB=$(dirname "$(readlink -f "$0")")/../lib
. "$LIB/tap.sh"
FOLDER=$(mktemp -d); trap 'rm -rf "$FOLDER"' EXIT; cd "$FOLDER" || exit 99
ROTATE=$(readlink -f "${HALLIGAN_BUILD:?the build folder}")/rotators/halligan-rotate-exec

HALLIGAN=$(readlink -f "$HALLIGAN_BUILD")/cli/halligan
PAGE=$LIB/../../docs/rotators.md
# page LANGUAGE [N]: the Nth block of the page in that language.
page() { awk -v begin='```'"$1" -v wanted="${2:-1}" '$0 == "```" { on = 0 } on { print } $0 == begin { on = ++count == wanted }' "$PAGE"; }
page sh >rotate-mail-user
chmod 755 rotate-mail-user
hash_of() { sha256sum "$1" | cut -d' ' -f1; }
printf 'first password' >old
printf 'another password' >next
printf breakglass >user
users() { printf 'jane:$6$x$y\nbreakglass:%s\nmark:$6$x$z\n' "$(openssl passwd -6 -in old)" >users; chmod 640 users; }
users
# target [JSON members]: the definition of the page.
target() { printf '{"command":["%s","%s","breakglass"],"hash":"%s"%s}' "$FOLDER/rotate-mail-user" "$FOLDER/users" "$(hash_of rotate-mail-user)" "${1:+,$1}"; }
ask() { local target=$1; shift
	"$LIB/rotator.py" --seconds "${SECONDS_EACH:-20}" --current username=user --current password=old --next password=next "$ROTATE" "$target" "$@"; }
generate() { local target=$1; shift
	"$LIB/rotator.py" --current username=user --current password=old --save password=made "$ROTATE" "$target" "$@"; }

like "it describes itself" "$(ask "$(target)" describe)" '^ok .*"can": \["expel"\], "contract": 2, "death": "refused", "fields": \["password"\], "grace": 0, "holds": 1, "identity": "ambient", "rotator": "exec", "style": "replace"'
is "the example makes, tries and applies a password; the old one is refused" "$(generate "$(target)" \
	check probe-current generate probe-next apply apply probe-next probe-current expel | cut -d' ' -f1 | tr '\n' ' ')" \
	"ok accepted ok refused applied applied accepted refused none "
is "the password it made is the one in the file" "$(printf '%s' "$(cat made)" | openssl passwd -6 -stdin -salt "$(sed -n 's/^breakglass:$6$\([^$]*\).*/\1/p' users)")" \
	"$(sed -n 's/^breakglass://p' users)"
is "the other users stand" "$(grep -v breakglass users | tr '\n' ' ')" 'jane:$6$x$y mark:$6$x$z '
is "and the mode" "$(stat -c %a users)" 640
like "neither value in the file: unchanged" "$(ask "$(target)" apply)" '^unchanged neither the old nor the new'
# One that proves nothing: it says 194 for each no.
sed 's/^\tend 195 "the password is wrong.*/\tend 194 "the password is wrong" ;;/' rotate-mail-user >rotate-liar; chmod 755 rotate-liar; chmod 600 old user
printf '{"command":["%s","%s","breakglass"]}' "$FOLDER/rotate-liar" "$FOLDER/users" >liar.json
cp users users.kept; users
refused "a program that refuses without proof is found out" "$HALLIGAN" rotator test exec --target-json liar.json --value username=user --value password=old
like "by name, with what it said" "$(tap_output)" 'WRONG: where neither value is accepted, probe does not answer denied: probe current answers "refused" and says "the password is wrong"'
is "and that is all" "$(grep -c WRONG "$TAP_OUTPUT")" 1
mv users.kept users
mkdir still; : >still/users
# What follows, where that folder is read-only.
still() { unshare --mount --propagation private --user --map-root-user -- sh -c 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"' "$FOLDER/still" "$@"; }
like "all that is wrong with its target is told at once" \
	"$(still "$LIB/rotator.py" --current username=user --current password=old "$ROTATE" "$(target | sed 's|/users|/still/users|')" check)" \
	'^refused .*does not stand in.*still/users cannot be written.*no new file can be made beside'
mv users gone
like "no file: unreachable, and why" "$(ask "$(target)" probe-current)" '^unreachable .*cannot be read'
like "apply: unknown" "$(ask "$(target)" apply)" '^unknown .*cannot be read'
mv gone users

cp old old.kept; cp next next.kept; printf x >old; printf y >next
is "a password is denied where no other is accepted" "$(ask "$(target)" probe-next | cut -d' ' -f1)" denied
mv old.kept old; mv next.kept next

# Each example through the checker: the target of the page, at a place of ours.
chmod 600 old user
here() { page json "$1" | sed -e "s|/etc/halligan/programs|$FOLDER|;s|/srv/mail|$FOLDER|;s|/srv/api|$FOLDER|" \
	-e "s|https://[^\"]*|${2:-}|;s|SHA-256 of that file in hex|$(hash_of rotate-mail-user)|"; }
users
here 1 >mail.json
ok "the example of style replace keeps to the contract" "$HALLIGAN" rotator test exec --target-json mail.json --value username=user --value password=old
is "and its target is as it was" "$(ask "$(target)" probe-current | cut -d' ' -f1)" accepted
sed -i '/"generate":/d' mail.json
ok "also where it generates" "$HALLIGAN" rotator test exec --target-json mail.json --value username=user --value password=old

page python >rotate-api-token; chmod 755 rotate-api-token
printf 'the first token' >token; chmod 600 token
hash_of token >tokens
cat >service.py <<'END'
import hashlib, http.server, time
class Service(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        with open("tokens") as file: lines = [(line.split() + ["inf"])[:2] for line in file]
        good = any(key == hashlib.sha256(token.encode()).hexdigest() and time.time() < float(until) for key, until in lines)
        self.send_response(200 if good else 401); self.send_header("Content-Length", "0"); self.end_headers()
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Service)
print(server.server_port, flush=True)
server.serve_forever()
END
python3 service.py >port & SERVICE=$!
trap 'kill $SERVICE 2>/dev/null; rm -rf "$FOLDER"' EXIT
until [ -s port ]; do sleep 0.05; done
here 2 "http://127.0.0.1:$(cat port)/" >api.json
ok "the example of style overlap keeps to the contract" "$HALLIGAN" rotator test exec --target-json api.json --value token=token
is "and its target is as it was" "$(cat tokens)" "$(hash_of token)"
check_api() { "$LIB/rotator.py" --current token=token "$ROTATE" '{"command":["'"$FOLDER/$1"'","/nowhere/tokens","nowhere"'"${2:-}"'],"fields":["token"]}' check; }
like "all that is wrong with another is told at once" "$(check_api rotate-api-token)" '/nowhere/tokens cannot be written.*/nowhere cannot be written.*nowhere is no address'

# The one with a grace time.
page python 2 >rotate-dying-token; chmod 755 rotate-dying-token
here 3 "http://127.0.0.1:$(cat port)/" >dying.json
ok "the example with a grace time keeps to the contract" "$HALLIGAN" rotator test exec --target-json dying.json --value token=token
is "no reason is missing" "$(tap_output | grep -c 'names one')" 0
like "that its death is not tried is said" "$(tap_output)" 'good for 600 s more: that it dies is not tried'
like "and that the test's own values live on" "$(tap_output)" 'takes the values of this test for 600 s more'
is "the value that was given has its place again, and no other" "$(grep -v ' ' tokens)" "$(hash_of token)"
is "those of the test run out" "$(grep -c ' [0-9]*$' tokens)" "$(($(wc -l <tokens) - 1))"
like "all that is wrong with its target is told at once" "$(check_api rotate-dying-token ',"soon"')" 'tokens cannot be written.*no address.*soon is no number'
hash_of token >tokens; printf 'the second token' >second
dying() { "$LIB/rotator.py" --current token=token --next token=second "$ROTATE" "$(cat dying.json)" "$@" | cut -d' ' -f1 | tr '\n' ' '; }
is "an old token is good while its time runs" "$(dying add probe-current withdraw-current probe-current probe-next)" "added accepted withdrawn accepted accepted "
cp tokens before; sleep 1.1
is "asked again, withdraw gives it no more time" "$(dying withdraw-current)$(cmp tokens before)" "withdrawn "
printf third >third; hash_of third >>tokens
is "one in its grace time keeps no other out" "$(grep -c -v ' ' tokens)" 2
is "a third with a place would be too many" "$("$LIB/rotator.py" --current token=second --next token=old "$ROTATE" "$(cat dying.json)" add | cut -d' ' -f1)" unchanged
sed -i 's/ [0-9]*$/ 1/' tokens
is "when its time is over it is refused" "$(dying probe-current probe-next)" "refused accepted "
sed -i "/$(hash_of third)/d" tokens
is "brought back, it has its place again" "$("$LIB/rotator.py" --current token=second --next token=token "$ROTATE" "$(cat dying.json)" add probe-next | cut -d' ' -f1 | tr '\n' ' ')$(grep -c ' ' tokens)" "added accepted 0"
hash_of token >tokens
kill $SERVICE
refused "without its service it says so" "$HALLIGAN" rotator test exec --target-json api.json --value token=token
like "by name" "$(cat "$TAP_OUTPUT")" 'NOT TRIED: the present value is accepted: probe current answers "unreachable"'
like "and does not blame the program" "$(cat "$TAP_OUTPUT")" 'halligan: the target could not be tried, and nothing else is wrong'

page c >keys.c
ok "the example of style issue compiles" cc -std=gnu11 -O2 -Wall -Wextra -Werror -o halligan-rotate-keys keys.c -ljansson
page json 4 >halligan-rotate-keys.json
mkdir keys; printf 'the first key' >keys/given; cp keys/given key; chmod 600 key
ok "and keeps to the contract" "$HALLIGAN" rotator test ./halligan-rotate-keys --target folder="$FOLDER/keys" --value token=key
is "it names all members that it does not know" "$(tap_output | grep -c 'names one')" 0
is "and its target is as it was" "$(ls keys) $(cat keys/given)" "given the first key"
keys() { "$LIB/rotator.py" --name n --current token=key --next token=old "$FOLDER/halligan-rotate-keys" "$@" | cut -d' ' -f1 | tr '\n' ' '; }
is "it finds no value dead in a store that is not there" "$(keys '{"folder":"/nowhere"}' probe-next issue withdraw-current)" "unreachable unchanged unchanged "
is "nor for a target that it does not know" "$(keys "{\"folder\":\"$FOLDER/keys\",\"x\":\"y\"}" describe check probe-next issue)" "refused refused unreachable unchanged "
reasons() { "$LIB/rotator.py" --name n --current token=key --next token=old "$FOLDER/halligan-rotate-keys" "$@"; }
like "and tells all that is wrong with it" "$(reasons '{"folder":"/nowhere","x":"y"}' check)" 'x.* is not known.*folder: No such file'

# Values drawn by the rotator itself.
users
drawn='"generate":{"length":40,"alphabet":"abcdefgh2345"}'
is "a value is drawn without the program" "$(generate "$(target "$drawn")" generate apply probe-next | cut -d' ' -f1 | tr '\n' ' ')" "ok applied accepted "
like "of the letters and the length asked for" "$(cat made)" '^[abcdefgh2345]{40}$'
like "a weak one is refused" "$(ask "$(target '"generate":{"length":10,"alphabet":"0123456789"}')" check)" '^refused .*80 bits'
like "an alphabet that repeats itself is refused" "$(ask "$(target '"generate":{"length":90,"alphabet":"aa"}')" check)" '^refused .*distinct'

# The program is pinned.
like "an unknown member is refused by name" "$(ask "$(target '"setings":{}')" check)" '^refused .*setings'
like "a relative command is refused" "$(ask '{"command":["rotate"]}' check)" '^refused .*absolute'
like "all that is wrong with a target is told at once" \
	"$(ask '{"command":["rotate"],"hash":"xyz","setings":{},"fields":[],"generate":{"length":3,"alphabet":"aa"}}' check)" \
	'^refused .*absolute path.*hash.*64 lower-case.*fields.*generate: alphabet.*distinct.*setings'
like "two secrets are refused" "$(ask "$(target '"fields":["password","private-key"]')" check)" '^refused .*one of'
chmod 755 rotate-mail-user

# script BODY: a program that does something else.
script() { printf '#!/bin/sh\n%s\n' "$1" >program; chmod 755 program; }
own() { printf '{"command":["%s"],"hash":"%s"%s}' "$FOLDER/program" "$(hash_of program)" "${1:+,$1}"; }
verbs() { ask "$(own)" "$@" | cut -d' ' -f1 | tr '\n' ' '; }
each="check probe-next apply add withdraw-current withdraw-orphans expel warn unmint" # without a value to make
statuses() { verbs $each; }
script 'exit 0'; is "exit status 0" "$(statuses)" "ok accepted applied added withdrawn withdrawn ended told unminted "
script 'exit 194'; is "exit status 194: what takes away rejects nothing" "$(statuses)" "refused refused rejected rejected unknown unknown none none unknown "
script 'exit 195'; is "exit status 195 is a denial, or that nothing was changed" "$(statuses)" "refused denied unchanged unchanged unchanged unchanged cannot-tell cannot-tell unchanged "
nothing="refused unreachable unknown unknown unknown unknown cannot-tell cannot-tell unknown "
for status in 1 2 3 4 9 10 11 12 127 193 196 255; do
	script "exit $status"; is "exit status $status tells nothing" "$(statuses)" "$nothing"
done
# What ends by accident ends with 1.
made() { local verb; for verb in issue mint; do generate "$(own)" $verb; done | cut -d' ' -f1 | tr '\n' ' '; }
printf '#!/usr/bin/python3\nimport sys\nprint(open("/nowhere/" + sys.argv[1]).read())\n' >program
is "an exception that nobody catches tells nothing" "$(statuses)" "$nothing"
is "nor does it reject what is made" "$(made)" "unknown unknown "
script 'set -e; { echo written >&5; } 2>/dev/null || :; grep -q "$1" /dev/null; exit 0' # and grep says nothing of why
is "a command that fails under set -e tells nothing" "$(statuses)" "$nothing"
is "nor does it reject what is made, or take it" "$(made)" "unknown unknown "
for status in 10 11; do # of curl, rsync, restic, usermod
	script "set -e; { echo written >&5; } 2>/dev/null || :; sh -c 'exit $status'; exit 0"
	is "nor does the status $status of a command that fails there" "$(statuses)$(made)" "${nothing}unknown unknown "
done
like "and the status is said" "$(ask "$(own)" probe-next)" '^unreachable .*/program exited with status 1'
script 'kill -KILL $$'; is "death by a signal is unknown" "$(verbs check probe-next apply expel)" "refused unreachable unknown cannot-tell "
like "and said to be so" "$(ask "$(own)" apply)" '^unknown .*signal 9'
script 'echo "no such role" >&2; echo "line 2" >&2; exit 194'
like "the first line of stderr is the detail" "$(ask "$(own)" apply)" '^rejected no such role $'
like "where it refuses, each line is a reason" "$(ask "$(own)" check)" '^refused +.*"reasons": \["no such role", "line 2"\]'
script 'echo "no such role" >&2; echo "its password is $(cat <&3)" >&2; printf "\033[31m\n" >&2; echo "line 4" >&2; exit 194'
like "unless it holds the value, or is not plain" "$(ask "$(own)" check)" \
	'^refused +.*"reasons": \["no such role", "\(the program.s message held the secret: not shown\)", "line 4"\]'
script 'printf "\\033[31mred\n" >&2; exit 194'
like "unless it is not plain text" "$(ask "$(own)" apply)" '^rejected  $'
script 'echo "cannot set $(cat <&4)" >&2; exit 194'
like "or holds the value" "$(ask "$(own)" apply)" '^rejected .*held the secret: not shown'
for verb in generate issue mint; do # a value that was made, and is lost: nobody may read it in the minutes
	script 'printf "made by the target" >&5; echo "there is made by the target now" >&2; exit 1'
	like "or the value that $verb made" "$(generate "$(own)" $verb)" '^(refused|unknown) .*held the secret: not shown'
done
script 'exit 0'
like "a program that generates nothing is refused" "$(generate "$(own)" generate)" '^refused .*wrote no value'
script 'head -c 70000 /dev/zero >&5'
like "so is a value over 64 KiB" "$(generate "$(own)" generate)" '^refused .*more than 65536'
for verb in issue mint; do
	for status in 0 194 195 10 11 1; do
		script "printf made >&5; exit $status"
		generate "$(own)" $verb | cut -d' ' -f1
	done | tr '\n' ' ' >made-results
	is "$verb, of each exit status" "$(cat made-results)" "${verb%e}ed rejected unchanged unknown unknown unknown "
	script 'exit 0'
	like "$verb that writes no value is unknown" "$(generate "$(own)" $verb)" '^unknown .*wrote no value'
	script 'case $1 in issue | mint) printf "made by the target" >&5 ;; esac'; rm -f made
	is "$verb: its value serves as next" "$(generate "$(own)" $verb probe-next | cut -d' ' -f1 | tr '\n' ' ')" "${verb%e}ed accepted "
	is "and comes on descriptor 5" "$(cat made)" "made by the target"
done
script 'exit 0'
announces='"announces":{"style":"overlap","holds":2,"identity":"self","grace":60,"death":"copies-open","can":["warn"]}'
like "it announces what the target says" "$(ask "$(own "$announces")" describe)" \
	'^ok .*"can": \["warn"\].*"death": "copies-open".*"grace": 60, "holds": 2, "identity": "self".*"style": "overlap"'
like "unless that contradicts itself" "$(ask "$(own "${announces/2/1}")" describe)" '^refused .*holds'
like "or is what an older contract had" "$(ask "$(own '"identity":"self"')" describe)" '^refused .*identity'
script 'yes >&2 & yes & exit 0'
is "chatter without end does not hold it up" "$(verbs apply)" "applied "
script '(sleep 600) & exit 0'
is "nor does a child that is left behind" "$(verbs apply)" "applied "
script 'setsid sh -c "echo \$\$ >>'"$FOLDER"'/left; exec sleep 600" & until [ -s '"$FOLDER"'/left ]; do sleep 0.05; done'
gone() { ! kill -0 "$(cat left)" 2>/dev/null; }
is "one that has a session of its own does not hold it up" "$(verbs apply)" "applied "
ok "nor stay with the value" gone
verbs apply expel >/dev/null; rm left; verbs probe-next describe >/dev/null
ok "after any verb" gone
script 'sleep 600'
like "a program that hangs is unknown, and named" "$(SECONDS_EACH=3 ask "$(own)" apply)" "^unknown +$FOLDER/program did not end in time"
printf '#!/nowhere/sh\n' >program
like "one that cannot be started is named" "$(ask "$(own)" apply)" "^unknown +.*cannot start $FOLDER/program: No such file"
printf '#!/nowhere/sh\n' >halligan-rotate-nothing; chmod 755 halligan-rotate-nothing
sed 's/"keys"/"nothing"/' halligan-rotate-keys.json >halligan-rotate-nothing.json
refused "so is a rotator" "$HALLIGAN" rotator test ./halligan-rotate-nothing --target folder="$FOLDER/keys" --value token=key
like "by its path" "$(tap_output)" "cannot start $FOLDER/halligan-rotate-nothing: No such file"
# Values of 64 KiB in each direction, while nothing reads.
head -c 65000 /dev/urandom | base64 -w0 | head -c 65000 >old; head -c 65000 /dev/zero | tr '\0' x >next
script 'exit 0'
is "a program that reads nothing does not block it" "$(verbs apply)" "applied "
script 'test "$(wc -c <&3)$(wc -c <&4)" = 6500065000'
is "one that reads gets everything" "$(verbs apply)" "applied "

# Styles and verbs that the target announces.
script 'echo "$*" $HALLIGAN_NAME >>'"$FOLDER"'/names; case $1 in issue) echo made >&5;; esac; exit 0'
many='"announces":{"style":"issue","holds":2,"identity":"via","grace":0,"death":"refused","can":["warn","mint"]}'
printf 'other value' >other
"$LIB/rotator.py" --name the-name --current password=old --via token=other "$ROTATE" "$(own "$many")" issue withdraw-orphans withdraw-current warn unmint >answers
is "each verb of contract 2 is one of the program's" "$(cut -d' ' -f1 answers | tr '\n' ' ')" "issued withdrawn withdrawn told unminted "
is "which is told which, and the name" "$(tr '\n' '|' <names)" "issue the-name|withdraw orphans the-name|withdraw current the-name|warn the-name|unmint the-name|"
script 'cat <&6 >&5'
"$LIB/rotator.py" --current password=old --via username=user --via token=other --save password=made "$ROTATE" "$(own "$many")" mint >/dev/null
is "the value that changes this one is on descriptor 6" "$(cat made)" "other value"

# What a program is given.
printf pw >old; printf pw2 >next
script 'exec 2>'"$FOLDER"'/seen; echo "$0 $*" >&2; env | sort >&2; cat >&2; cat <&3 >&2; echo >&2; cat <&4 >&2; exit 0'
ask "$(own '"settings":{"role":"breakglass","host":"db1"}')" probe-current >/dev/null
is "it gets verb, settings and values, and a clean environment" "$(grep -v -e '^PWD=' -e '^_=' -e '^OLDPWD=' seen | tr '\n' '|')" \
	'/dev/fd/8 probe current|LC_ALL=C.UTF-8|PATH=/usr/sbin:/usr/bin:/sbin:/bin|{"role":"breakglass","host":"db1"}|pw|pw2|'
tap_end
