#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Little memory may be locked, by somebody who may not lock more (CAP_IPC_LOCK): with 512 KiB each command says so
# before anybody enters a PIN or touches a token; with 1 MiB, and with Debian's 8, a whole ceremony runs, `done` too.
. "$(dirname "$0")/../lib/vault.sh"
. "$LIB/refusals.sh"
if ldd "$HALLIGAN" | grep -q libasan; then tap_skip "the address sanitizer locks nothing"; fi
town_founded

# within KIB: halligan from now on, and what it starts.  An ordinary user has nothing to drop, and may not.
PROGRAM=$HALLIGAN
drop=(setpriv --bounding-set -ipc_lock --)
"${drop[@]}" true 2> /dev/null || drop=()
within() {
	printf '#!/bin/bash\nulimit -l %s && exec %s%q "$@"\n' "$1" "${drop[*]} " "$PROGRAM" > within
	chmod 755 within
	HALLIGAN=$PWD/within
}
within 8192
"$HALLIGAN" --version > /dev/null || tap_skip "less than 8 MiB may be locked here"

within 512
cant='cannot lock [0-9]+ more bytes of memory for secrets .*this process may lock 524288 bytes \(RLIMIT_MEMLOCK\); raise it with `ulimit -l'
little() { # little COMMAND...: it needs more, and says so before anything is asked
	told "512 KiB: ${*: -1} says that it is too little, and how to raise it" 1 "$cant" "$@"
	refused "and asks for no PIN" grep -qE 'PIN|[Tt]ouch' <<< "$(tap_output)"
}
little as alice request prod/db --reason x --incident 1 --for 30m
for command in approve open done; do little as alice $command; done
little halligan status
little halligan token list
little halligan log verify
for word in --version --help 'approve --help'; do
	# shellcheck disable=SC2086
	ok "512 KiB: $word answers" halligan $word
done

for kib in 1024 8192; do
	within $kib
	ok "$kib KiB: a request" town_request
	ok "three approvals, one with a FIDO2 token" town_approve ciso infra legal
	ok "open, into an agent" as alice open --agent --no-wait
	ok "done, which rotates" as alice done
	ok "status" halligan status
	ok "the log verifies" halligan log verify
	ok "the tokens are listed" halligan token list
done
tap_end
