#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What udev makes of security keys and readers, under systemd's rules and ours: mocked devices
# (umockdev), the real rules and the real fido_id, in a mount namespace of our own.
set -u
export UDEV_ROOT HALLIGAN_BUILD
UDEV_ROOT=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
HALLIGAN_BUILD=$(readlink -f "${HALLIGAN_BUILD:-$UDEV_ROOT/build}")
for tool in umockdev-run udevadm unshare; do
	command -v "$tool" >/dev/null || { echo "1..0 # SKIP $tool is not installed"; exit 0; }
done
[ -e /lib/udev/rules.d/60-fido-id.rules ] || { echo "1..0 # SKIP no rules of systemd's"; exit 0; }
[ "$(id -u)" -eq 0 ] || { echo "1..0 # SKIP a mount namespace needs root"; exit 0; }
. "$(dirname "$0")/../lib/tap.sh"

# Our own /run and /dev/char, where udevadm writes, and a group file with the group.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mount -t tmpfs tmpfs /run
mkdir -p /dev/char && mount -t tmpfs tmpfs /dev/char
mkdir -p /run/udev/rules.d
{ grep -v '^halligan:' /etc/group; echo 'halligan:x:64321:'; } > "$folder/group"
mount --bind "$folder/group" /etc/group
cp "$UDEV_ROOT/udev/62-halligan-tokens.rules" /run/udev/rules.d/

# usb NUMBER VENDOR PRODUCT CLASS: a USB device with one interface.
usb() {
	cat <<-END
	P: /devices/usb1/1-$1
	N: bus/usb/001/00$1
	E: SUBSYSTEM=usb
	E: DEVTYPE=usb_device
	E: DEVNAME=/dev/bus/usb/001/00$1
	E: DRIVER=usb
	E: PRODUCT=${2#0}/${3#0}/100
	E: TYPE=0/0/0
	E: BUSNUM=001
	E: DEVNUM=00$1
	E: MAJOR=189
	E: MINOR=$1
	A: bDeviceClass=00\n
	A: idVendor=$2\n
	A: idProduct=$3\n
	A: bcdDevice=0100\n
	A: busnum=1\n
	A: devnum=$1\n
	H: descriptors=12010002000000400000000000010000000109022000010100A032090400000$((${#4} > 2 ? 3 : 0))$40000

	P: /devices/usb1/1-$1/1-$1:1.0
	E: SUBSYSTEM=usb
	E: DEVTYPE=usb_interface
	A: bInterfaceClass=${4:0:2}\n

	END
}
# hidraw NUMBER VENDOR PRODUCT DESCRIPTOR: a hidraw device on USB device NUMBER.
hidraw() {
	local hid=/devices/usb1/1-$1/1-$1:1.0/0003:${2^^}:${3^^}.000$1
	cat <<-END
	P: $hid
	E: SUBSYSTEM=hid
	E: HID_ID=0003:0000${2^^}:0000${3^^}
	E: HID_NAME=mocked
	H: report_descriptor=$4

	P: $hid/hidraw/hidraw$1
	N: hidraw$1
	E: SUBSYSTEM=hidraw
	E: SEQNUM=1
	E: DEVNAME=/dev/hidraw$1
	E: MAJOR=241
	E: MINOR=$1

	END
}
fido=06D0F10901A1010920150026FF007508954081020921150026FF00750895409102C0
keyboard=05010906A101050719E029E715002501750195088102950175088101C0
vendor=0600FF0901A101092015002600FF7508954081020921150026FF00750895409102C0

{
	usb 1 1050 0407 0B0000 && hidraw 1 1050 0407 $fido	# YubiKey: FIDO, and CCID below
	usb 2 1050 0407 030101 && hidraw 2 1050 0407 $keyboard	# its OTP keyboard
	usb 3 dead beef 030000 && hidraw 3 dead beef $vendor	# nobody knows it
	usb 4 dead f1d0 030000 && hidraw 4 dead f1d0 $fido	# nobody knows it, but it speaks FIDO
	usb 5 dead cc1d 0B0000					# any CCID reader
	usb 6 04e6 e003 FF0000					# a reader of the list
	usb 7 04e6 e004 FF0000					# its neighbour, which is none
} > "$folder/devices.umockdev"

# ask ACTION PATH: what udev would do.  The mocked /sys is mounted for real, since programs that rules
# run do not see umockdev's own library; a seam of ours makes it pass for sysfs.
cp "$HALLIGAN_BUILD/tests/scenarios/libsysfs-seam.so" "$folder/seam.so" # whose path holds no space
cat > "$folder/ask" <<'END'
seam=${0%/*}/seam.so
mount --bind "$UMOCKDEV_DIR/sys" /sys
echo "ENV{LD_PRELOAD}=\"$seam\"" > /run/udev/rules.d/00-seam.rules
LD_PRELOAD=$seam exec udevadm test --action="$1" "/sys$2" 2>&1
END
ask() {
	umockdev-run --device "$folder/devices.umockdev" -- \
		unshare -m bash "$folder/ask" "$@" > "$folder/answer"
}
device() { ask add "/devices/usb1/1-$1"; }
raw() {
	local path
	path=$(sed -n "s#^P: \(.*/hidraw/hidraw$1\)\$#\1#p" "$folder/devices.umockdev")
	ask "${2:-add}" "$path"
}
said() { grep -q "$1" "$folder/answer"; }
silent() { [ -s "$folder/answer" ] && said "^SUBSYSTEM=" && ! said "$1"; }
rights() { sed -n "s/.*62-halligan-tokens.rules:[0-9]* \(GROUP\|MODE\) \([0-9]*\)/\2/p" "$folder/answer" | xargs; }

raw 1
ok "a YubiKey's FIDO device is a token" said '^HALLIGAN_TOKEN=1$'
ok "of the kind fido" said '^HALLIGAN_TOKEN_KIND=fido$'
ok "it goes to whoever sits at the machine, as systemd has it" said '^TAGS=.*:uaccess:'
ok "and can be waited for" said '^CURRENT_TAGS=.*:halligan:'
ok "also by a service" said '^TAGS=.*:systemd:'
is "the group halligan may use it, others not" "$(rights)" "64321 0660"
device 1
ok "its CCID interface is a reader" said '^HALLIGAN_TOKEN_KIND=reader$'
raw 2
ok "its keyboard is no token" silent HALLIGAN
ok "and stays root's" silent 64321
raw 3
ok "a device without FIDO is no token" silent HALLIGAN
ok "and stays root's as well" silent 64321
raw 4
ok "a token of an unknown maker is one all the same" said '^HALLIGAN_TOKEN=1$'
device 5
ok "any CCID reader is known by its class" said '^HALLIGAN_TOKEN_KIND=reader$'
ok "and belongs to pcscd: the group gets no right to it" silent 64321
device 6
ok "a reader with a class of its own is known by its number" said '^HALLIGAN_TOKEN=1$'
ok "and systemd alone would not have known it" silent ID_SMARTCARD_READER
ok "nobody gets a right to it" silent :uaccess:
device 7
ok "the number next to it is no reader" silent HALLIGAN
rm /run/udev/rules.d/62-halligan-tokens.rules
raw 1
ok "all this is the work of these rules" silent HALLIGAN
tap_end
