#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the udev rules from the list of readers.

usage: generate.py LIST            prints the rules
       generate.py --check LIST RULES   TAP: the list is sound, and RULES are what it gives

The order of files matters: after 60-fido-id.rules, which recognises, before 70-uaccess.rules."""
import re, sys

HEAD = """\
# Made by udev/generate.py from udev/tokens.list; change those.
#
# HALLIGAN_TOKEN=1 stands on every device through which a security key may be reached, and the tag
# "halligan" with it, for those who wait for one to be plugged in or pulled out:
#	udevadm monitor --udev --property --tag-match=halligan
#
# HALLIGAN_TOKEN_KIND=fido: a hidraw device that speaks FIDO.  systemd gives it to whoever sits at the
# machine; the group halligan is for machines at which nobody sits.
# HALLIGAN_TOKEN_KIND=reader: a smart card reader, or a token's CCID interface.  It belongs to pcscd,
# so nobody gets rights to it here.

ACTION=="remove", GOTO="halligan_tokens_end"

SUBSYSTEM=="hidraw", ENV{ID_FIDO_TOKEN}=="1", ENV{HALLIGAN_TOKEN}="1", ENV{HALLIGAN_TOKEN_KIND}="fido", GROUP="halligan", MODE="0660"

SUBSYSTEM!="usb", GOTO="halligan_tokens_tag"
ENV{DEVTYPE}!="usb_device", GOTO="halligan_tokens_end"
ENV{ID_SMARTCARD_READER}=="1", ENV{HALLIGAN_TOKEN}="1", ENV{HALLIGAN_TOKEN_KIND}="reader"
"""
TAIL = """
LABEL="halligan_tokens_tag"
ENV{HALLIGAN_TOKEN}=="1", TAG+="halligan", TAG+="systemd"

LABEL="halligan_tokens_end"
"""
LINE = re.compile(r"([0-9a-f]{4})  ([0-9a-f]{4})  (\S[^|\"]*\S)  \|  (\S.*\S)")

def text(name):
    with open(name, encoding="utf-8") as file: return file.read()

def lines(name):
    return [line for line in text(name).splitlines() if line and not line.startswith("#")]

def faults(name):
    before = ("", "")
    for line in lines(name):
        match = LINE.fullmatch(line)
        if not match:
            yield f"not a vendor, a product, a name and a reason: {line}"
            continue
        if match.group(1, 2) == before: yield f"twice: {line}"
        if match.group(1, 2) < before: yield f"not in order: {line}"
        before = match.group(1, 2)

def rules(name):
    devices = []
    for line in lines(name):
        vendor, product, label, why = LINE.fullmatch(line).groups()
        devices.append(f'\n# {label}: {why}\nATTR{{idVendor}}=="{vendor}", ATTR{{idProduct}}=="{product}", '
            'ENV{HALLIGAN_TOKEN}="1", ENV{HALLIGAN_TOKEN_KIND}="reader"\n')
    return HEAD + "".join(devices) + TAIL

def report(number, claim, wrong):
    print(f"{'not ok' if wrong else 'ok'} {number} - {claim}")
    for fault in wrong: print(f"# {fault}")
    return bool(wrong)

def check(name, made):
    print("1..2")
    bad = report(1, "the list is sorted and names no device twice", list(faults(name)))
    old = [] if bad or text(made) == rules(name) else [f"run: udev/generate.py {name} > {made}"]
    return report(2, "the rules are what the list gives", ["the list is not sound"] if bad else old) or bad

def main(arguments):
    if len(arguments) == 3 and arguments[0] == "--check": return check(*arguments[1:])
    if len(arguments) != 1: sys.exit(__doc__)
    wrong = list(faults(arguments[0]))
    if wrong: sys.exit("\n".join(wrong))
    print(rules(arguments[0]), end="")
    return 0

sys.exit(main(sys.argv[1:]))
