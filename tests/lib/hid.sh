# SPDX-License-Identifier: Apache-2.0
# Simulated USB keys for scenarios: source this after tap.sh, tokens.sh and fido.sh.
#
#	hid_start 1901 1902	tokens, the first as /dev/hidraw900, the next as 901, ...
#	hid 900 info		fido-cli there; piv_start /dev/hidraw900 ... works as well
#	hid_fault 900 KIND [MESSAGE]; hid_well 900	spoil its answers (hid_token.py has the kinds)
#
# umockdev's testbed shows them, the seam (hidraw_seam.c) connects; no pcscd runs.  Numbers from 900:
# a node that is gone from the testbed must not show a real one.

HID_BUILD=$(readlink -f "$HALLIGAN_BUILD")/tests/scenarios
HID_TOKEN=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/hid_token.py")

hid_device() { # NUMBER: for umockdev
	local hid=/devices/usb1/1-$1/1-$1:1.0/0003:1050:0407.0$1
	cat <<-END
	P: /devices/usb1/1-$1
	E: SUBSYSTEM=usb
	E: DEVTYPE=usb_device
	E: DRIVER=usb
	A: manufacturer=Halligan\n
	A: product=Simulated USB key\n

	P: $hid
	E: SUBSYSTEM=hid
	E: HID_ID=0003:00001050:00000407
	E: HID_NAME=Simulated USB key
	H: report_descriptor=06D0F10901A1010920150026FF007508954081020921150026FF00750895409102C0

	P: $hid/hidraw/hidraw$1
	N: hidraw$1
	L: device=../..
	E: SUBSYSTEM=hidraw
	E: DEVNAME=/dev/hidraw$1
	E: MAJOR=241
	E: MINOR=$1

	END
}

# hid_preload PROGRAM: what to preload, by names, since a path may hold a space: HID_BUILD must be in LD_LIBRARY_PATH.
# A sanitizer's library must be the first one.
hid_preload() {
	ldd "$(command -v "$1")" 2>/dev/null | sed -n 's/.*lib[a-z]*san\.so[^ ]* => \([^ ]*\).*/\1/p' | tr '\n' ' '
	printf 'libhidraw-seam.so libumockdev-preload.so.0'
}
# hid_program COMMAND...: with the mocked keys.
hid_program() {
	local preload
	preload=$(hid_preload "$1")
	LD_LIBRARY_PATH=$HID_BUILD LD_PRELOAD=$preload UMOCKDEV_DIR=$HID_TESTBED HIDRAW_FOLDER=$TOKENS_DIR "$@"
}
hid() { local number=$1; shift; hid_program "$PIV_CLI" "/dev/hidraw$number" "$@" </dev/null 2>&1; }
hid_list() { hid_program "$PIV_CLI" list </dev/null 2>&1; }
hid_fault() { echo "${*:2}" > "$TOKENS_DIR/.fault" && mv "$TOKENS_DIR/.fault" "$TOKENS_DIR/hidraw$1.fault"; }
hid_well() { rm -f "$TOKENS_DIR/hidraw$1.fault"; }

# hid_start SERIAL...: states that are there already are reused.
hid_start() {
	local serial number=900
	for serial; do hid_device $number; number=$((number + 1)); done > hid.umockdev
	# shellcheck disable=SC2016
	tokens_spawn hid.log umockdev-run --device hid.umockdev -- sh -c 'echo "$UMOCKDEV_DIR" > hid.dir; exec sleep 3600'
	tokens_until 20 test -s hid.dir || tokens_fail "umockdev-run did not start"
	HID_TESTBED=$(cat hid.dir)
	number=900
	for serial; do
		[ -f "$serial.json" ] || "$SIMTOKEN" new --serial "$serial" --state "$serial.json" \
			--firmware 5.7.4 || tokens_fail "cannot make token $serial"
		token_run "$serial"
		tokens_until 20 test -S "$serial.sock" || tokens_fail "token $serial did not start"
		tokens_spawn "hidraw$number.log" "$HID_TOKEN" hidraw$number "$TOKENS_DIR/$serial.sock" \
			"$TOKENS_DIR" "$HID_TESTBED"
		tokens_until 20 test -S hidraw$number.sock || tokens_fail "hidraw$number did not start"
		number=$((number + 1))
	done
	export PCSCLITE_CSOCK_NAME=$TOKENS_DIR/none/pcscd.comm
}
# hid_plug SERIAL NUMBER: and wait until it is seen.
hid_plug() { token_control "$1" plug >/dev/null; tokens_until 20 test -S "hidraw$2.sock"; }
hid_unplug() { token_control "$1" unplug >/dev/null; tokens_until 20 test ! -e "hidraw$2.sock"; }
# hid_steps NUMBER STEP...: like piv_start.
hid_steps() {
	local number=$1 cli=$PIV_CLI; shift
	printf '#!/bin/sh\nLD_LIBRARY_PATH=%s LD_PRELOAD="%s" exec %s "$@"\n' "${HID_BUILD@Q}" "$(hid_preload "$cli")" "${cli@Q}" > hid-cli
	chmod 755 hid-cli
	PIV_CLI=./hid-cli UMOCKDEV_DIR=$HID_TESTBED HIDRAW_FOLDER=$TOKENS_DIR piv_start "/dev/hidraw$number" "$@"
}
