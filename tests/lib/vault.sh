# SPDX-License-Identifier: Apache-2.0
# People, their simulated tokens, a private sshd and a vault, for scenarios and the demo: source
# this file (bash).
#
#	. "$(dirname "$0")/../lib/vault.sh"
#	town_founded				# folder, tokens, sshd, and a copy of the vault that scenarios
#						# share: charter, roster and the secret prod/db; goes to the folder
#	as alice request prod/db --reason ... --incident INC-1 --for 30m
#	town_approve ciso secops infra
#
# town_start and town_found make a vault of one's own, for another charter or for what founding shows.
#
# `as SEAT COMMAND...` runs halligan with that seat's token, answering PIN prompts and confirmations
# on a terminal as the person would, but does not wait for a token that is not there (AS_WAIT).  Exit status and screen are halligan's.
#
# Sets VAULT, HALLIGAN, SERIAL[seat]; exports HALLIGAN_VAULT and XDG_STATE_HOME (one client's memory
# for all people: they share a machine).

LIB=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
. "$LIB/tap.sh"
. "$LIB/tokens.sh"
. "$LIB/sshd.sh"

OFFICERS=(ciso secops infra audit legal)
declare -A SERIAL=([ciso]=30000001 [secops]=30000002 [infra]=30000003 [audit]=30000004
	[legal]=30000005 [alice]=30000006)
declare -A ROLES=([ciso]=officer [secops]=officer [infra]=officer,operator,responder [audit]=officer
	[legal]=officer [alice]=responder)
declare -A PERSON=([ciso]="Chris Iso" [secops]="Sam Ecops" [infra]="Ines Fra" [audit]="Audrey Dit"
	[legal]="Lea Gal" [alice]="Alice Oncall")
declare -A DRIVER=([legal]=fido2) # the others have PIV tokens
TOWN_PIN=73920158 TOWN_PUK=51907364
QUORUM='3 of (ciso, secops, infra, audit, legal)'
AS_OPTIONS=(--timeout 60)
AS_WAIT=0s

# as SEAT COMMAND...
as() {
	local seat=$1; shift
	setpriv --pdeathsig TERM -- "$LIB/terminal.py" "${AS_OPTIONS[@]}" --always 'PIN[^\n]*: $' "$TOWN_PIN" \
		--always '[Tt]ype yes: $' yes -- "$HALLIGAN" "$@" --serial "${SERIAL[$seat]}" --wait "$AS_WAIT"
}
# Without a person: no token, no terminal.
halligan() { "$HALLIGAN" "$@" </dev/null; }

town_start() {
	sshd_check # before anything takes its time
	[ -n "$TOKENS_REMOVE" ] || tokens_folder
	town_host
	export HALLIGAN_VAULT=$TOKENS_DIR/vault XDG_STATE_HOME=$TOKENS_DIR/state
	VAULT=$HALLIGAN_VAULT
	TOKENS_PIN=$TOWN_PIN TOKENS_PUK=$TOWN_PUK TOKENS_FIDO_PIN=$TOWN_PIN tokens_start "$TOKENS_DIR" "${SERIAL[@]}"
	"$SIMTOKEN" root > simulated-root.pem
	sshd_start "$TOKENS_DIR"
}

# The vault's machine is reached over ssh only: halligan in a PATH that its sshd sets, a login key beside the
# break-glass one, and a user's ssh_config in the mount namespace that the scenario has to itself.
town_remote() {
	[ -n "${HALLIGAN_ALONE:-}" ] || tap_skip "needs root to mount an ssh_config of its own"
	mkdir bin
	ln -s "$HALLIGAN" bin/halligan
	ssh-keygen -q -t ed25519 -N '' -C admin -f admin
	sshd_stop
	SSHD_ENVIRONMENT="PATH=$TOKENS_DIR/bin:/usr/bin:/bin" sshd_start "$TOKENS_DIR" \
		"AuthorizedKeysFile \"$SSHD_AUTHORIZED\" \"$TOKENS_DIR/admin.pub\""
	printf '[127.0.0.1]:%s %s\n' "$SSHD_PORT" "$SSHD_HOST_KEY" > known_hosts
	cat > ssh_config <<-END
	Host *
		IdentityFile $TOKENS_DIR/admin
		IdentitiesOnly yes
		IdentityAgent none
		UserKnownHostsFile $TOKENS_DIR/known_hosts
		BatchMode yes
	END
	mount --bind ssh_config /etc/ssh/ssh_config
	export HALLIGAN_VAULT=ssh://127.0.0.1:$SSHD_PORT$VAULT
}

town_init() { halligan init --name town.example --training --no-copy; }

# town_enroll SEAT...
town_enroll() {
	local seat
	for seat; do
		as "$seat" enroll --seat "$seat" --person "${PERSON[$seat]}" --roles "${ROLES[$seat]}" \
			--label "$seat-1" --driver "${DRIVER[$seat]:-piv}" --attestation-certs simulated-root.pem --out "$seat.enrolment" || return
	done
}

town_charter() { town_draft "$@" && town_found_all; }
town_draft() {
	as "${OFFICERS[0]}" charter draft --policy "production=${1:-$QUORUM}" --max-duration 2h \
		"${OFFICERS[@]/%/.enrolment}"
}
# The founders who did not draw it up.
town_found_all() {
	local seat
	for seat in "${OFFICERS[@]:1}"; do as "$seat" charter sign || return; done
}

# The name of the draft that came last.
newest_draft() { "$LIB/tamper.py" "$VAULT" get "SELECT lower(hex(substr(digest, 1, 4))) FROM drafts ORDER BY arrival DESC LIMIT 1"; }
town_roster() {
	as infra roster add alice.enrolment && as ciso roster sign
}

# town_define NAME OPTION...: by two people
town_define() {
	local name=$1; shift
	as "${OPERATOR:-infra}" secret add "$name" "$@" && as "${SECOND:-ciso}" secret sign "$(newest_draft)"
}
# town_add NAME OPTION...: the secret NAME, defined and then adopted; what goes with which command is known here.  One that is
# defined already is adopted alone.
town_add() {
	local name=$1 define=() adopt=()
	shift
	while [ $# -gt 0 ]; do
		case $1 in
		--field | --from-fd | --passphrase-fd) adopt+=("$1" "$2"); shift ;;
		--no-rotate) adopt+=("$1") ;;
		*) define+=("$1" "$2"); shift ;;
		esac
		shift
	done
	halligan secret show "$name" > /dev/null 2>&1 || town_define "$name" "${define[@]}" || return
	as "${OPERATOR:-infra}" secret adopt "$name" "${adopt[@]}"
}

# A break-glass key on the private sshd; secret prod/db
town_secret() {
	[ -f breakglass ] || ssh-keygen -q -t ed25519 -N '' -C breakglass -f breakglass
	cat breakglass.pub > "$SSHD_AUTHORIZED"
	sshd_target local > target.json
	town_add prod/db --policy production --rotator ssh-key --effect "root on db1" \
		--target-json target.json --field private-key=breakglass "$@"
}

# The vault's host, of root's: an /etc of the scenario's own, before anything else is mounted there, with the account for rotators.
# Whoever is root is alone (alone.sh), and what such a program starts has its /etc already.
ROTATORS=halligan-rotate
town_host() {
	[ "$(id -u)" -eq 0 ] && [ ! -d /tmp/.etc ] || return 0
	cp -a /etc /tmp/.etc && mount -n --bind /tmp/.etc /etc || exit 99
	getent passwd $ROTATORS > /dev/null || {
		echo "$ROTATORS:x:${ROTATORS_UID:=64711}:$ROTATORS_UID::/nonexistent:/usr/sbin/nologin" >> /etc/passwd
		echo "$ROTATORS:x:$ROTATORS_UID:" >> /etc/group
	}
	(umask 022; mkdir -p /etc/halligan; : > /etc/halligan/starter.conf)
	town_lists "account root" "path ${TOKENS_DIR:-/tmp}/sshd"
}
# town_lists ENTRY...: root lists them for rotators.  An ordinary user has no such list.
town_lists() {
	[ "$(id -u)" -ne 0 ] || printf '%s\n' "$@" >> /etc/halligan/starter.conf
}
# town_gives FILE...: rotators may change them, and what is in a folder by now.
town_gives() {
	local file
	[ "$(id -u)" -eq 0 ] || return 0
	chown -R "$ROTATORS:$ROTATORS" "$@" || return
	for file; do grep -qxF "path $file" /etc/halligan/starter.conf || town_lists "path $file"; done
}

# The folder PROGRAMS, for the vault's host's own programs: root's, or anybody else's below a home of its own.
town_programs() {
	if [ -z "${PROGRAMS:-}" ] && [ "$(id -u)" -eq 0 ]; then
		town_host
		PROGRAMS=/etc/halligan/programs
	elif [ -z "${PROGRAMS:-}" ]; then
		export HOME=$TOKENS_DIR/home
		PROGRAMS=$HOME/.config/halligan/programs
	fi
	(umask 022; mkdir -p "$PROGRAMS")
}
# town_program FILE...: each becomes one of them.
town_program() {
	local file
	town_programs && install -m 755 "$@" "$PROGRAMS" || return
	[ "$(id -u)" -eq 0 ] || return 0
	for file; do grep -qxF "program ${file##*/}" /etc/halligan/starter.conf || town_lists "program ${file##*/}"; done
}

# town_exec NAME: a secret whose target is a file, behind the exec rotator and a program that starts no other.
town_exec() {
	cat > exec-target <<-'END'
	#!/bin/sh
	# exec-target FILE VERB [current|next]: what FILE holds is the password
	read -r stored < "$1"
	value() { read -r value <&"$1"; [ "$value" = "$stored" ]; } # values come without a newline
	case "$2 ${3-}" in
	'probe current') value 3 || [ "$value" = "$stored" ] || exit 194 ;;
	'probe next') value 4 || [ "$value" = "$stored" ] || exit 194 ;;
	'apply ') value 4; printf '%s\n' "$value" > "$1" ;;
	'expel ') exit 194 ;;
	esac
	END
	town_program exec-target
	echo first-password-of-the-target | tee exec-password > "exec-${1//\//-}"
	chmod 600 exec-password
	town_gives "$PWD/exec-${1//\//-}"
	printf '{"command":["%s","%s"],"changes":["%s"],"hash":"%s","generate":{"length":32,"alphabet":"abcdefghijkmnpqrstuvwxyz23456789"}}' \
		"$PROGRAMS/exec-target" "$PWD/exec-${1//\//-}" "$PWD/exec-${1//\//-}" "$(sha256sum < exec-target | cut -d' ' -f1)" > exec-target.json
	town_add "$1" --policy production --rotator exec --effect "a password" \
		--target-json exec-target.json --from-fd password=8 8< exec-password
}

# Everything up to the first request.
town_found() {
	{ town_init && town_enroll "${OFFICERS[@]}" alice && town_charter && town_roster &&
		town_secret; } > found.log 2>&1 || { sed 's/^/# /' found.log | tail -n 40; exit 99; }
}

# The shared one.  Where a scenario cannot run alone, its port and paths are others: then one of its own.
town_founded() {
	[ -n "${HALLIGAN_ALONE:-}" ] || { town_start; town_found; return; }
	tokens_folder
	"$LIB/found.sh" "$TOKENS_DIR" || tokens_fail "no founded vault"
	town_start
}

# town_clock WALL [BOOT]: from now on halligan's clocks are so many seconds ahead, before 0 behind (clock_seam.c).
town_clock() {
	HALLIGAN=$HALLIGAN_BUILD/tests/scenarios/halligan-clocked
	town_settled
	echo "$1 ${2:-0}" > "$TOKENS_DIR/clock"
}

# The processes that do what is due in the vault; until there is none, so that what came after a reply is done.
town_due_processes() { pgrep -f "serve --due --vault $VAULT\$"; }
town_is_settled() { ! town_due_processes > /dev/null; }
town_settled() { tokens_until 120 town_is_settled; }
# The one that is at it: what others began after a session finds its lock taken and ends at once.
town_is_one() { [ "$(town_due_processes | wc -l)" -eq 1 ]; }
town_due_process() { tokens_until 30 town_is_one; town_due_processes; }
# After a session of its own, which finds what is due by now.
town_ends() { halligan status > /dev/null 2>&1; town_settled; }
# Until every debt that was tried in vain may be tried again: the last instant that `status` names.
town_due() {
	local again seconds
	again=$(halligan status --json 2> /dev/null | grep -o 'again from [0-9TZ:-]*' | sort | tail -n 1)
	[ -n "$again" ] || return 0
	seconds=$(($(date -d "${again#again from }" +%s) - $(date +%s)))
	[ "$seconds" -le 0 ] || sleep "$seconds"
}
town_request() {
	as alice request prod/db --reason "primary does not boot" --incident INC-4711 --for 30m "$@"
}
town_approve() {
	local seat
	for seat; do as "$seat" approve || return; done
}
