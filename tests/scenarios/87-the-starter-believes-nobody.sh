#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The starter is asked for what root did not list, for what leads into a vault by any way, for programs that somebody else has a
# hand in, by whoever should not ask: it starts none of it, and says so to the vault and on its own log.
. "$(dirname "$0")/../lib/vault.sh"
. "$LIB/refusals.sh"
tokens_folder
cd "$TOKENS_DIR" || exit 99
[ "$(id -u)" -eq 0 ] || { echo "1..0 # SKIP only root has a host to list things for"; exit 0; }
town_host
for folder in /run /srv; do mount -n -t tmpfs -o mode=755 none $folder || exit 99; done # of its own
STARTER=$HALLIGAN_BUILD/daemon/starter/halligan-starter
CONF=/etc/halligan/starter.conf
printf '%s\n' "keeper:x:64801:64801::/nonexistent:/bin/sh" "deploy:x:64802:64802::/nonexistent:/bin/sh" >> /etc/passwd
mkdir -p -m 755 /srv/given /srv/given/in /srv/other /srv/copies /etc/halligan/programs
mkdir -m 700 /srv/vault; echo secret > /srv/vault/host.key; mkdir /srv/vault/escrow
echo given | tee /srv/given/file > /srv/given/in/file
conf() { printf '%s\n' "$@" > $CONF; chmod 644 $CONF; }
usual() { conf "vault keeper" "account deploy" "path /srv/given" "path /srv/vault" "path /srv/copies" "program see" "hide /srv/copies"; }
usual

# see: tells each file that it finds in what its arguments name, one a line.
cat > /etc/halligan/programs/see <<'END'
#!/bin/sh
for one in $SEEN "$@"; do case $one in /*) for each in "$one" "$one"/*; do [ ! -e "$each" ] || echo "$each" >&2; done ;; esac; done
id -un >&2
exit 2
END
chmod 755 /etc/halligan/programs/see
cp /etc/halligan/programs/see see

# asked WISH [LINE...]: by root, on a starter of its own; its log in asked.log.
asked() { "$LIB/starter_ask.py" --starter "$STARTER" "$@" 2> asked.log; }
# seen WISH-MEMBERS PATH...: what the program see finds there.
seen() {
	local members=$1 arguments; shift
	arguments=$(printf ',"%s"' "$@")
	asked "{\"command\":\"/etc/halligan/programs/see\"${members:+,$members}}" \
		"{\"target\":{\"command\":[\"/etc/halligan/programs/see\"$arguments],\"hash\":\"$(sha256sum < /etc/halligan/programs/see | cut -d' ' -f1)\"},\"seconds\":10}" '{"verb":"check"}'
}
# no CLAIM PATTERN WISH: refused with these words, to the vault and in the log; nothing was started.
no() {
	local claim=$1 pattern=$2 said; shift 2
	said=$(asked "$@")
	like "$claim" "$said" "^\{\"refused\":.*$pattern"
	like "- and the starter's log has it" "$(cat asked.log)" "halligan-starter: refused to user 0: .*$pattern"
}

# --- what root listed is had ---
like "a program that root listed runs, as the account for rotators" "$(seen '')" '"reasons":\["halligan-rotate"\]'
like "or as another that root listed" "$(seen '"account":"deploy"')" '"reasons":\["deploy"\]'
like "a folder that root listed is shown" "$(seen '"reads":["/srv/given"]' /srv/given)" '"/srv/given/file"'
like "or one in it, and nothing beside it" "$(seen '"reads":["/srv/given/in"]' /srv/given/in /srv/given)" '\["/srv/given/in","/srv/given/in/file","/srv/given","halligan-rotate"\]'
like "without a definition that names it, it is not shown" "$(seen '' /srv/given)" '\["halligan-rotate"\]'

# --- an account that does more on this host ---
setpriv --reuid 64802 --regid 64802 --clear-groups -- sh -c 'for i in $(seq 100); do sleep 1000 & done; wait' & crowd=$!
tokens_until 20 eval '[ "$(pgrep -c -u 64802 -x sleep)" = 100 ]'
like "an account with a hundred processes of its own has its rotator" "$(seen '"account":"deploy"')" '"reasons":\["deploy"\]'
pkill -u 64802; wait $crowd
cat > /etc/halligan/programs/stay <<'END'
#!/bin/sh
: > "$1/began"; while [ ! -e "$1/go" ]; do sleep 0.1; done; exit 2
END
chmod 755 /etc/halligan/programs/stay; mkdir -p /srv/given/stay; chown deploy /srv/given/stay
conf "account deploy" "path /srv/given" "program stay"
asked '{"command":"/etc/halligan/programs/stay","account":"deploy","changes":["/srv/given/stay"]}' \
	"{\"target\":{\"command\":[\"/etc/halligan/programs/stay\",\"/srv/given/stay\"],\"hash\":\"$(sha256sum < /etc/halligan/programs/stay | cut -d' ' -f1)\"},\"seconds\":20}" '{"verb":"check"}' > stay.said & stays=$!
tokens_until 20 test -e /srv/given/stay/began
is "when memory runs out a rotator, and what it started, is what the kernel ends first" \
	"$(for pid in $(pgrep -u 64802); do cat /proc/"$pid"/oom_score_adj; done | sort -u)" 1000
touch /srv/given/stay/go; wait $stays
rm -r /srv/given/stay; usual

# --- a socket with a name ---
cat > /etc/halligan/programs/speak <<'END'
#!/usr/bin/python3
import socket, sys
for name, family, address in (("named", socket.AF_UNIX, "/srv/given/socket"), ("beside", socket.AF_UNIX, "/srv/other/socket"),
        ("abstract", socket.AF_UNIX, "\0halligan-87"), ("network", socket.AF_INET, ("127.0.0.1", 8787))):
    try: socket.socket(family).connect(address); said = "reached"
    except OSError as error: said = error.strerror
    print(name, said, file=sys.stderr)
sys.exit(2)
END
chmod 755 /etc/halligan/programs/speak
python3 - <<'END' &
import os, socket, time
kept = []
for family, address in ((socket.AF_UNIX, "/srv/given/socket"), (socket.AF_UNIX, "/srv/other/socket"), (socket.AF_UNIX, "\0halligan-87"),
        (socket.AF_INET, ("127.0.0.1", 8787))):
    kept.append(socket.socket(family)); kept[-1].bind(address); kept[-1].listen(99)
os.chmod("/srv/given/socket", 0o666); os.chmod("/srv/other/socket", 0o666)
open("listening", "w").close()
while os.path.exists("listening"): time.sleep(0.1)
END
tokens_until 20 test -e listening
conf "path /srv/given" "program speak" "program see"
speaks() {
	asked "{\"command\":\"/etc/halligan/programs/speak\"$1}" \
		"{\"target\":{\"command\":[\"/etc/halligan/programs/speak\"],\"hash\":\"$(sha256sum < /etc/halligan/programs/speak | cut -d' ' -f1)\"},\"seconds\":10}" '{"verb":"check"}'
}
like "a rotator that named none speaks on no socket with a name" "$(speaks '')" \
	'"named Function[^"]*","beside Function[^"]*","abstract Function[^"]*","network reached"'
like "one that named a socket has that, and no network" "$(speaks ',"socket":"/srv/given/socket","changes":["/srv/given/socket"],"network":false')" \
	'"named reached","beside No such file or directory","abstract Connection refused","network (Function|Network)[^"]*"'
like "where it names a host as well, both" "$(speaks ',"socket":"/srv/given/socket","changes":["/srv/given/socket"]')" '"named reached","beside No such file or directory","abstract [^"]*","network reached"'
STARTER=$HALLIGAN_BUILD/tests/adversary/rotator/halligan-starter-capped
export HALLIGAN_KERNEL="namespaces=no"
for network in true false; do
	no "where no namespaces keep it from others' sockets none is spoken on (network: $network)" 'would reach all others' \
		'{"socket":"/srv/given/socket","changes":["/srv/given/socket"],"network":'$network'}'
done
unset HALLIGAN_KERNEL; STARTER=$HALLIGAN_BUILD/daemon/starter/halligan-starter
rm listening
usual

# --- what root did not list ---
no "another account is refused" 'no rotator may run as .{1,2}keeper' '{"account":"keeper"}'
no "root is" 'no rotator may run as .{1,2}root' '{"account":"root"}'
no "another program" 'there is no /etc/halligan/programs/other' '{"command":"/etc/halligan/programs/other"}'
cp see /etc/halligan/programs/other
no "also when it is there" 'does not list it .a line .program other' '{"command":"/etc/halligan/programs/other"}'
no "a program from anywhere" 'does not stand in /etc/halligan/programs' '{"command":"/usr/bin/dash"}'
no "or by a way around" 'does not stand in /etc/halligan/programs' '{"command":"/etc/halligan/programs/../programs/see"}'
no "a rotator of the host's own" 'no rotator see' '{"rotator":"see","own":true,"hash":"'"$(printf '0%.0s' {1..64})"'"}'
no "a rotator by its path" 'cannot be the name of a rotator' '{"rotator":"../see"}'
no "another path" 'does not list it .a line .path /srv/other' '{"reads":["/srv/other"]}'
no "the folder above" 'into a vault|does not list it' '{"reads":["/srv"]}'
no "another hash than the program's" 'another program than a moment ago' '{"command":"/etc/halligan/programs/see","command_hash":"'"$(printf '0%.0s' {1..64})"'"}'
no "than the rotator's" 'another program than a moment ago' '{"hash":"'"$(printf '0%.0s' {1..64})"'"}'
for fds in folder,folder socket,file file,folder; do
	no "descriptors of its own ($fds)" 'is no pipe' "{\"fds\":[\"${fds/,/\",\"}\"]}"
done
no "more descriptors than it names" 'fewer descriptors than came' '{"fds":["file","file","file"]}'
no "arguments" 'argv' '{"argv":["-c"]}'
no "an environment" 'environment' '{"environment":{}}'
no "a user id" 'uid' '{"uid":0}'
no "no end" 'seconds' '{"seconds":1000000}'
no "capabilities of root's as another account do nothing, and none that there is not" 'capabilities' '{"capabilities":["SYS_ADMIN"]}'
no "garbage" 'not the JSON' --raw 'garbage'
conf "account root" "program see"
no "root for a program of the host's own, listed or not" 'as root only rotators run that come with Halligan' '{"account":"root","command":"/etc/halligan/programs/see"}'
like "what comes with Halligan root may be" "$(asked '{"account":"root"}')" '"started":true'
usual

# --- ways into a vault ---
hide='"hidden":["/srv/vault"]'
no "a vault itself" 'into a vault' "{\"reads\":[\"/srv/vault\"],$hide}"
no "a file in it" 'into a vault' "{\"reads\":[\"/srv/vault/host.key\"],$hide}"
no "by .." 'no path' '{"reads":["/srv/given/../vault"]}'
ln -s /srv/vault /srv/given/link
no "by a link" 'into a vault' "{\"reads\":[\"/srv/given/link\"],$hide}"
no "by a link on the way" 'into a vault' "{\"changes\":[\"/srv/given/link/escrow\"],$hide}"
chown -h deploy /srv/given/link
no "by somebody's link, wherever it leads" 'belongs to user 64802' '{"reads":["/srv/given/link"]}'
rm /srv/given/link
ln /srv/vault/host.key /srv/given/hard
no "by a hard link" 'has 2 names' "{\"reads\":[\"/srv/given/hard\"],$hide}"
rm /srv/given/hard
mkdir /srv/given/mounted /srv/given/part; touch /srv/given/one
mount --bind /srv/vault /srv/given/mounted
no "by a bind mount" 'into a vault' "{\"reads\":[\"/srv/given/mounted\"],$hide}"
no "by what is mounted below" 'into a vault' "{\"reads\":[\"/srv/given\"],$hide}"
umount /srv/given/mounted
mount --bind /srv/vault/escrow /srv/given/part
no "by a bind mount of a part" 'into a vault' "{\"changes\":[\"/srv/given/part\"],$hide}"
umount /srv/given/part
mount --bind /srv/vault/host.key /srv/given/one
no "of a file" 'into a vault' "{\"reads\":[\"/srv/given/one\"],$hide}"
umount /srv/given/one
no "a copy sink that root hides" 'into a vault' '{"reads":["/srv/copies"]}'
conf "path /etc"
no "the configuration" 'into a vault' '{"reads":["/etc/halligan"]}'
no "what it lies in" 'into a vault' '{"reads":["/etc"]}'
no "its programs" 'into a vault' '{"changes":["/etc/halligan/programs"]}'
usual
no "one to change in one to read" 'name folders that do not lie in each other' '{"reads":["/srv/given"],"changes":["/srv/given/in"]}'
like "one in another that is shown as much is seen there: nothing is mounted in what may be somebody's" \
	"$(seen '"changes":["/srv/given"],"reads":["/srv/given/in"]' /srv/given/in)" '"/srv/given/in/file"'
conf "path /tmp" "path /dev" "path /proc"
for one in /tmp /dev /dev/null /proc/self; do no "$one, which it has of its own or never" 'is shown to no rotator' "{\"changes\":[\"$one\"]}"; done
usual
mknod /srv/given/device c 1 3; mkfifo /srv/given/fifo
no "a device" 'neither a file, a folder nor a socket' '{"reads":["/srv/given/device"]}'
no "a pipe" 'neither a file, a folder nor a socket' '{"reads":["/srv/given/fifo"]}'
rm /srv/given/device /srv/given/fifo

# A path that becomes a link between check and use: its folder is deploy's, who exchanges it without end.
chown deploy /srv/given
python3 - <<'END' &
import os, time
os.setuid(64802)
end = time.time() + 8
while time.time() < end and os.path.exists("/srv/given/file"):
    try:
        os.rename("/srv/given/in", "/srv/given/away"); os.symlink("/srv/vault", "/srv/given/in")
        os.unlink("/srv/given/in"); os.rename("/srv/given/away", "/srv/given/in")
    except OSError: pass
END
racer=$!
: > raced
for _ in {1..12}; do seen "\"account\":\"deploy\",\"reads\":[\"/srv/given/in\"]" /srv/given/in 2>&1 | head -n 2 | tail -n 1 >> raced; asked '{}' > /dev/null; done
kill $racer; wait $racer 2> /dev/null
rm -f /srv/given/away; [ -d /srv/given/in ] || { rm -f /srv/given/in; mkdir -m 755 /srv/given/in; }
is "whatever is exchanged while it is asked, the vault is not seen ($(grep -c '/srv/given/in/file' raced) times it was the folder)" "$(grep -c 'host.key\|escrow' raced)" 0
chown root /srv/given

# --- programs that somebody else has a hand in ---
program() { rm -rf /etc/halligan/programs/see; cp see /etc/halligan/programs/see; chmod 755 /etc/halligan/programs/see; }
wish='{"command":"/etc/halligan/programs/see","command_hash":"'$(sha256sum < see | cut -d' ' -f1)'"}'
chmod 757 /etc/halligan/programs/see
no "a program that others may write" 'can be written by others' "$wish"; program
chmod 777 /etc/halligan/programs
no "in a folder that others may write" 'can be written by others' "$wish"; chmod 755 /etc/halligan/programs
chown deploy /etc/halligan/programs/see
no "that belongs to somebody else" 'belongs to user 64802' "$wish"; program
rm /etc/halligan/programs/see; mkdir /etc/halligan/programs/see
no "that is a folder" 'not a plain file' "$wish"; program
rm /etc/halligan/programs/see; mknod -m 755 /etc/halligan/programs/see c 1 3
no "that is a device" 'not a plain file' "$wish"; program
rm /etc/halligan/programs/see; ln -s other /etc/halligan/programs/see
no "that is a link" 'symbolic link' "$wish"; program
chmod 644 /etc/halligan/programs/see
no "that is not executable" 'not an executable file' "$wish"; program
echo '# other' >> /etc/halligan/programs/see
no "that changed since its hash was taken" 'another program than a moment ago' "$wish"; program
printf '#!/no/such/interpreter\n' > /etc/halligan/programs/see
like "whose interpreter is missing: it is started by the rotator, who says so" "$(seen '')" '"reasons":\["cannot start /etc/halligan/programs/see: No such file'
program

# --- who asks ---
install -d -m 755 /run/halligan-starter
"$STARTER" --socket /run/halligan-starter/socket 2> listener.log & listener=$!
tokens_until 20 test -S /run/halligan-starter/socket
is "the socket is the vault's alone" "$(stat -c '%a %U' /run/halligan-starter/socket)" "600 keeper"
ask=$(mktemp /tmp/ask.XXXXXX); cp "$LIB/starter_ask.py" "$ask"; chmod 755 "$ask" # where others can read it
by() { local uid=$1; shift; setpriv --reuid "$uid" --regid "$uid" --clear-groups -- "$ask" --socket /run/halligan-starter/socket "$@" 2>&1; }
like "the vault's account is heard" "$(by 64801 --raw '{"tell":true}')" '"holds":\{"kind":"account","account":"halligan-rotate"'
no "a socket that is none of its paths" 'is none of the paths' '{"socket":"/srv/nowhere"}'
no "what is hidden by a way around" 'hidden|absolute' '{"hidden":["/srv/given/../../etc"]}'
like "another account cannot even connect" "$(by 64802 --raw '{"tell":true}')" 'PermissionError'
chmod 666 /run/halligan-starter/socket
by 64802 --raw '{"tell":true}' > stranger.said
refused "nor is it heard where it can" grep -q holds stranger.said
like "which is logged" "$(cat listener.log)" 'refused to user 64802: only user 64801 may ask here'
cat > hold.py <<'END'
import socket, sys
held = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(16)]
for one in held: one.connect("/run/halligan-starter/socket")
print("held", flush=True)
sys.stdin.read()
END
coproc HOLDS { exec setpriv --reuid 64801 --regid 64801 --clear-groups python3 -c "$(cat hold.py)"; }
read -r -u "${HOLDS[0]}" held
like "who asks while as many run as may ($held) is told so" "$(by 64801 --raw '{"tell":true}')" '"code":"busy","text":"too many rotators run at once'
eval "exec ${HOLDS[1]}>&-"; wait "$HOLDS_PID"
tokens_until 20 eval "by 64801 --raw '{\"tell\":true}' | grep -q holds"
like "and is heard when there is room" "$(by 64801 --raw '{"tell":true}')" '"holds"'
like "the vault cannot have its own account" "$(conf "vault keeper" "account keeper"; by 64801 '{"account":"keeper"}'; usual)" "the vault.s own account"
kill $listener
conf "account deploy"
like "without a vault's account root listens for nobody" "$("$STARTER" --socket /run/halligan-starter/socket 2>&1)" "names no vault.s account"

# --- starter.conf ---
wrong() { local claim=$1 pattern=$2; shift 2; conf "$@"; no "$claim" "$pattern" '{}'; }
wrong "an unknown entry is refused, with its line" 'line 2: no entry is called so' "account deploy" "acount deploy"
like "a comment may stand behind an entry" "$(conf "path /srv/given # of the mail server"; asked '{}')" '"started":true'
no "an account that is not there is said to be that" 'this host has no account nowhere' '{"account":"nowhere"}'
wrong "an unknown account" 'line 1: this host has no such account' "account nobody-at-all"
wrong "a path that is none" 'line 1: a path must be absolute' "path srv"
usual; chmod 666 $CONF
no "a file that others may write" 'starter.conf can be written by others' '{}'
usual; chown deploy $CONF
no "or that is somebody else's" 'starter.conf belongs to user 64802' '{}'
chown root $CONF
sed -i '/^halligan-rotate:/d' /etc/passwd
no "the account halligan-rotate missing: what to do is said" 'useradd --system' '{}'
echo "halligan-rotate:x:0:0::/nonexistent:/usr/sbin/nologin" >> /etc/passwd
no "an account that is root by another name runs no program of the host's own" 'as root only rotators run' '{"command":"/etc/halligan/programs/see"}'
tap_end
