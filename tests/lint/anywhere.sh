#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The suite runs for anybody: whatever stands in the environment, wherever temporary files go, in a container, in a
# clone that git changed on its way; and what it starts ends with it.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/alone.sh"
. "$(dirname "$0")/../lib/environment.sh"
lib=$(dirname "$(readlink -f "$0")")/../lib
top=$(readlink -f "$lib/../..")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 99
until_seconds() { local end=$((SECONDS + $1)); shift; until "$@"; do [ $SECONDS -lt $end ] || return 1; sleep 0.1; done; }

# --- the environment ---
cat > program <<END
#!/bin/bash -p
. "$lib/environment.sh"
environment_known "\$0" "\$@"
printf '%s|' "\$@" "\$(umask)" "\$(trap -p PIPE INT)" "\${TMPDIR:-none}" "\$(cd known && pwd)" "\$(type -t grep)" "\$(date +%A -d 2026-11-30)"
sh -c env | sed 's/=.*//' | grep -vxE '_|PWD|OLDPWD|SHLVL' | sort | tr '\n' ' '
END
chmod 755 program
mkdir known other other/known 'a folder'
echo 'echo noise; exit 3' > noise
wanted="a b||0022||$folder/a folder|$folder/known|file|Monday|HALLIGAN_BUILD HOME LANG LC_ALL PATH TMPDIR "
plainly() { env -i HOME=/ HALLIGAN_BUILD="b c" TMPDIR="$folder/a folder" "$@"; }
is "of the environment a few names are kept" "$(plainly ./program "a b" '')" "$wanted"
strangely() {
	plainly BASH_ENV="$folder/noise" ENV="$folder/noise" CDPATH="$folder/other" SHELLOPTS=noclobber:errexit POSIXLY_CORRECT=1 \
		GREP_OPTIONS=-v LC_ALL=C LANG=tr_TR.UTF-8 LANGUAGE=de GLOBIGNORE='*' 'BASH_FUNC_grep%%=() { echo noise; }' PYTHONPATH=/nonexistent \
		GIT_DIR=/nonexistent SSH_AUTH_SOCK=/nonexistent HALLIGAN_VAULT=/nonexistent LD_LIBRARY_PATH=/nonexistent XDG_CACHE_HOME=/nonexistent "$@"
}
is "whatever else stands there, and however files are made" "$(umask 077; trap '' PIPE INT; strangely ./program "a b" '')" "$wanted"
is "run shows none of it" "$(umask 077; strangely "$top/run" help)" "$(plainly "$top/run" help)"
ok "nor needs any" env -i "$top/run" help
like "a folder for temporary files that is not there is said" "$(TMPDIR=/nonexistent ./program 2>&1)" 'TMPDIR is no folder.*/nonexistent.*none'
entries() { for entry in run .ci/run tests/all tests/demo tests/demo-shell tests/bare tests/builds; do head -n 1 "$top/$entry"; done | sort -u; }
is "each program of the suite begins without the environment's start-up files" "$(entries)" "#!/bin/bash -p"
mkdir empty
(PATH=$folder/empty; environment_needs pcscd pcscd) 2> needs
is "a program that is missing is named, with its package" "$(cat needs)" \
	"pcscd was not found: install the package pcscd (as root: ./run install)"
(PATH=/usr/bin:/bin; environment_set; command -v pcscd sshd | wc -l) > daemons
is "daemons are found by an ordinary user's PATH" "$(cat daemons)" 2

# --- a clone ---
mkdir clone
cp "$top/.gitattributes" clone/
printf 'one\ntwo\n' > clone/script
printf 'one\r\ntwo\n' > clone/golden
cp -r clone before
cloned() {
	cd clone && git init -q . && git -c core.autocrlf=true add . && rm script golden &&
		git -c core.autocrlf=true checkout-index -a && cd .. && diff -r -x .git before clone
}
ok "git changes no line end on its way, though it is told to" env -i PATH="$PATH" bash -c "$(declare -f cloned); cloned"

# --- who ends ---
is "what begins when who started it has ended, ends" "$(setpriv --pdeathsig TERM -- sh -c "$MORTAL" 999999999 echo alive)." .
env --ignore-signal=HUP --default-signal=INT "$lib/terminal.py" -- sh -c 'echo $$; exec sleep 600' > terminal.log 2>&1 & terminal=$!
until_seconds 30 test -s terminal.log
kill -INT $terminal
wait $terminal
is "a terminal that is interrupted ends by that" $? 130
is "and says nothing of it" "$(wc -l < terminal.log)" 1
gone() { ! kill -0 "$1" 2> /dev/null; }
ok "as does what ran there" until_seconds 30 gone "$(head -n 1 terminal.log | tr -d '\r')"

# --- namespaces ---
if [ "$(id -u)" -ne 0 ] || ! alone_check "this test" 2> check.log; then
	echo "# skipped: only root can be in want of a capability"
	tap_end
	exit
fi
# Where it can write: the build folder is seen from inside.
seen=$(mktemp -d "${HALLIGAN_BUILD:?}/anywhere.XXXXXX")
someone=$(mktemp -d /tmp/someone.XXXXXX) # below /tmp, wherever temporary files go
trap 'rm -rf "$folder" "$seen" "$someone"' EXIT
cat > "$seen/program" <<'END'
#!/bin/bash
. "$1"; alone "$0" "$@"
ls /tmp | grep '^someone\.' | tr '\n' ' '
echo $$ "$(mktemp)" "$(ls "$HOME" | wc -l)" "$(find "${HALLIGAN_VECTORS:-/dev/null}" -type f | wc -l)"
END
chmod 755 "$seen/program"
mkdir "$someone"/{vectors,tmp,home,cache} && echo x > "$someone/vectors/x"
like "with its folders below /tmp what runs alone finds new ones, and a place for its own files" \
	"$(TMPDIR=$someone/tmp HOME=$someone/home XDG_CACHE_HOME=$someone/cache HALLIGAN_VECTORS=$someone/vectors \
		"$seen/program" "$lib/alone.sh")" \
	"^${someone##*/} 1 /tmp/tmp\.[^/]* 0 1\$"
without() { capsh --drop=cap_sys_admin -- -c 'exec "$0" "$@"' "$@"; }
like "root who may not mount runs alone in a user namespace" "$(without env -u HALLIGAN_ALONE "$seen/program" "$lib/alone.sh")" '^ ?1 /tmp/tmp\.'
cat > "$seen/etc" <<'END'
. "$1"; alone "$0" "$@"
find /etc/halligan -printf '%m %P\n'
END
chmod 755 "$seen/etc"
is "what the host's root lists for the host's own vaults is out of sight" "$(unshare --mount --propagation private -- sh -c \
	'cp -a /etc "$3" && mount -n --bind "$3" /etc && install -d -m 777 /etc/halligan/programs && exec bash "$1" "$2"' \
	sh "$seen/etc" "$lib/alone.sh" "$seen/copy")" "755 "
cat > "$seen/forbidden" <<'END'
echo 0 > /proc/sys/user/max_user_namespaces && unset HALLIGAN_ALONE && exec capsh --drop=cap_sys_admin -- -c 'exec "$0" "$@"' "$@"
END
forbidden() { unshare --user --map-root-user sh "$seen/forbidden" "$@"; }
for program in "run test" "run demo" "run train" "tests/all --check slice" "tests/all --check" "tests/demo /nonexistent" \
	tests/scenarios/13-token-harnesses-run-side-by-side.sh; do
	# shellcheck disable=SC2086
	forbidden "$top/"$program > said 2>&1
	like "where there are no namespaces at all, $program does not run" $? '^(1|2|99)$'
	is "and says why in one line" "$(grep -c 'no namespaces can be made here' said) of $(wc -l < said)" "1 of 1"
done
ok "lint and units need none" forbidden "$top/tests/all" --check lint quick

cat > "$seen/program" <<'END'
#!/bin/bash
. "$1"; alone "$0" "$@"
echo begun
sleep "$2"
END
for signal in TERM INT HUP; do
	long=9$RANDOM.$RANDOM # of no other run
	rm -f alone.log
	env --default-signal=INT,HUP "$seen/program" "$lib/alone.sh" $long > alone.log 2>&1 & starter=$!
	until_seconds 60 test -s alone.log
	kill -$signal $starter; wait $starter
	is "what runs alone ends by a SIG$signal to who started it" $? 130
	none() { ! pgrep -fx "sleep $long" > /dev/null; }
	ok "with all that it started" until_seconds 60 none
	is "and says so" "$(tail -n 1 alone.log)" "$seen/program: interrupted"
done
tap_end
