#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Neither a FIDO2 PIN, nor what libfido2 makes of it, nor a derived key stays anywhere in memory
# but in locked pages.
set -u
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/tokens.sh"
. "$(dirname "$0")/../lib/fido.sh"

scan=$(readlink -f "$(dirname "$0")/../lib/scan.py")
stranger=$(readlink -f "$(dirname "$0")/../lib/fido2_stranger.py")
if nm "$PIV_CLI" 2>/dev/null | grep -q __asan_init; then
	echo "1..0 # SKIP a sanitizer keeps memory that was freed"
	exit 0
fi
pin=k7Q!zW4x
export TOKENS_READER="Simulated FIDO2 CCID"
tokens_folder
mkdir ada
"$SIMTOKEN" new --state 2801.json --serial 2801 --fido-pin "$pin"
tokens_start "$TOKENS_DIR" 2801
fido 2801 unlock:$pin:1 make:ada >/dev/null
hex() { od -An -tx1 | tr -d ' \n'; }
hash=$(printf %s "$pin" | sha256sum | cut -c 1-64)
{
	printf 'PIN '; printf %s "$pin" | hex; echo
	printf 'hash %s\nhalf %s\n' "${hash:0:32}" "${hash:32}"
	"$stranger" secrets "$(token_reader 2801)" ada "$pin"
} > needles
is "there is something to look for" "$(wc -w < needles)" 14

printf %s "$pin" | "$PIV_CLI" 2801 bind:ada unlock:-:2 sign agree:share sign stop >out 2>&1 &
tokens_until 20 grep -q '^stop$' out
process=$(pgrep -P $$ fido-cli)
tokens_until 10 grep -q '^State:.T' "/proc/$process/status"
like "PIN and keys were used" "$(cat out)" 'unlock ok.*sign ok.agree ok.*sign ok.stop$'
ok "they are nowhere in memory but in locked pages" "$scan" needles memory "$process"
ok "nor in arguments and environment" "$scan" needles process "$process"
disown -a
kill -KILL "$process"

# The scan finds what is there: a program that was told the PIN as an argument.
"$PIV_CLI" 2801 unlock:$pin:0 stop >out2 2>&1 &
tokens_until 30 grep -q '^stop$' out2
other=$(pgrep -n -P $$ fido-cli)
refused "which the scan would have found" "$scan" needles memory "$other"
disown -a
kill -KILL "$other"

tap_end
