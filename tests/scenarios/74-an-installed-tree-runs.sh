#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What `meson install` makes runs by itself: staged in DESTDIR, moved to its prefix, and there an ordinary user
# runs the demo's ceremony, in a folder with a space in its name, while the build folder cannot be seen.
# HALLIGAN_PREFIX: what is installed there already is run instead (tests/builds).
[ "$(id -u)" -eq 0 ] || { echo "1..0 # SKIP needs root to become another user and to mount"; exit 0; }
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
tests=$(dirname "$(dirname "$(readlink -f "$0")")")
. "$tests/lib/tap.sh"
build=$(readlink -f "${HALLIGAN_BUILD:?the build folder}")
folder=$(mktemp -d)
trap 'cd /; rm -rf --one-file-system "$folder"' EXIT
chmod 755 "$folder"
cd "$folder" || exit 99

option() { # option NAME: of the build folder
	meson introspect --buildoptions "$build" | /usr/bin/python3 -c '
import json, sys
print(next(o["value"] for o in json.load(sys.stdin) if o["name"] == sys.argv[1]))' "$1"
}
# Under the prefix, over what is there already: the machine itself is not changed.
place() { mount -n -t overlay -o "ro,lowerdir=$folder/stage$prefix:$prefix" none "$prefix"; }
outside() { find stage ! -type d ! -path "stage$prefix/*"; }
knows_the_build() { grep -rlF "$build" stage; }

prefix=${HALLIGAN_PREFIX:-}
if [ -z "$prefix" ]; then
	prefix=$(option prefix)
	[ -d "$prefix" ] || { echo "1..0 # SKIP there is no $prefix to mount over"; exit 0; }
	ok "meson install fills DESTDIR" meson install -C "$build" --no-rebuild --strip --destdir "$folder/stage"
	is "all of it below the prefix" "$(outside | head -n 1)." .
	is "nothing of it knows the build folder" "$(knows_the_build | head -n 1)." .
	ok "it is moved to its prefix" place
fi
missing() { zgrep -ho '[A-Za-z]*\.md' "$prefix"/share/man/man[1-8]/halligan* | sort -u | while read -r document; do
	[ -f "$prefix/share/doc/halligan/$document" ] || echo "$document"; done; }
is "the documents that the manual names are there" "$(missing)." .
ok "and the licence" test -f "$prefix/share/doc/halligan/LICENSE"
like "the installed program says its version" "$("$prefix/bin/halligan" --version)" "^halligan [0-9.]+\$"
mount -n -t tmpfs -o mode=700 none "$build"

# An account with a shell, of this mount namespace.
cp /etc/passwd passwd
echo "ordinary:x:61234:61234::$folder/home:/bin/bash" >> passwd
mount -n --bind passwd /etc/passwd
mkdir -p "home/a space"
cp -r "$tests/demo" "$tests/lib" home/
chown -R 61234:61234 home
cd home || exit 99
ordinary() {
	setpriv --reuid 61234 --regid 61234 --clear-groups --inh-caps=-all --bounding-set=-all \
		env -i PATH=/usr/bin:/bin HOME="$PWD" TMPDIR="$PWD/a space" HALLIGAN_PREFIX="$prefix" "$@"
}
simtoken() { ordinary "$prefix/bin/halligan-simtoken" "$@"; }
ok "an ordinary user makes a token" simtoken new --serial 4711 --state 4711.json
driver=$(simtoken reader --state 4711.json --socket 4711.sock | sed -n 's/^LIBPATH //p')
like "the token names the driver for pcscd below the prefix" "$driver" "^$prefix/"
ok "which is there" test -f "$driver"
# What an ordinary user's PATH does not name is found; what is nowhere is named.
(unshare --mount --propagation private -- sh -c 'mount -n --bind /dev/null "$(command -v pcscd)" && exec "$@"' sh \
	setpriv --reuid 61234 --regid 61234 --clear-groups --inh-caps=-all --bounding-set=-all \
	env -i PATH=/usr/bin:/bin HOME="$PWD" HALLIGAN_PREFIX="$prefix" ./demo) > missing.log 2>&1
like "without pcscd the demo says which package is missing" "$(cat missing.log)" 'pcscd was not found: install the package pcscd'
ended=0
ordinary ./demo > demo.log 2>&1 || ended=$?
is "and runs the demo, to its end" $ended 0
[ $ended -eq 0 ] || tail -n 40 demo.log | sed 's/^/# /'
is "with a login by the second key" "$(grep -c 'logged in with the new key' demo.log)" 1
tap_end
