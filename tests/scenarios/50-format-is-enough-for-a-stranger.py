#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A golden version is opened from docs/FORMAT.md alone (tests/lib/stranger.py), given the DEK.
Prints TAP."""
import os, sys
from cryptography.exceptions import InvalidTag

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.dont_write_bytecode = True
import stranger

def golden(name):
    with open(os.path.join(HERE, "..", "golden", name), "rb") as file:
        return file.read()

tests = []
def claim(text):
    def register(function): tests.append((text, function)); return function
    return register

@claim("the golden version opens with the DEK to the golden credential")
def opens():
    got = stranger.open_with_dek(golden("version-1.header"), golden("version-1.ciphertext"), golden("version-1.dek"))
    assert got == golden("version-1.credential") and stranger.fields(got)

@claim("another DEK is refused by com_dek before anything is decrypted")
def commits():
    wrong = bytearray(golden("version-1.dek")); wrong[0] ^= 1
    try: stranger.open_with_dek(golden("version-1.header"), golden("version-1.ciphertext"), bytes(wrong))
    except ValueError as error: assert str(error) == "com_dek"
    else: raise AssertionError("opened")

def refused(header, ciphertext):
    try: stranger.open_with_dek(header, ciphertext, golden("version-1.dek"))
    except (ValueError, InvalidTag): return True
    return False

@claim("every byte of the header and of the ciphertext is bound")
def bound():
    header, ciphertext = golden("version-1.header"), golden("version-1.ciphertext")
    for at in range(len(header)):
        assert refused(header[:at] + bytes([header[at] ^ 1]) + header[at + 1:], ciphertext), f"header byte {at}"
    for at in range(len(ciphertext)):
        assert refused(header, ciphertext[:at] + bytes([ciphertext[at] ^ 1]) + ciphertext[at + 1:]), f"ciphertext byte {at}"

@claim("an envelope opens with its token's key, and its shares are those that the header commits to")
def envelope():
    h = stranger.read_header(golden("version-1.header"))
    box, scalar = golden("version-1.envelope"), golden("version-1.share-key")
    own = stranger.public_bytes(stranger.private_key(scalar))
    index = next(i for i, e in enumerate(h["envelopes"]) if e["key"] == own)
    plaintext = stranger.hpke_open(scalar, box[:65], stranger.envelope_info(h, index), h["hash"], box[65:])
    assert stranger.envelope_shares(h, index, plaintext)

@claim("shares that were handed on to a spare token open with its key, and the same commitments hold")
def spare():
    h = stranger.read_header(golden("version-1.header"))
    box, scalar = golden("version-1.spare"), golden("version-1.spare-key")
    info = stranger.spare_info(h, 0, stranger.sha256(b"token spare"))
    plaintext = stranger.hpke_open(scalar, box[:65], info, h["hash"], box[65:])
    assert stranger.envelope_shares(h, 0, plaintext)

failed = 0
print(f"1..{len(tests)}")
for number, (text, function) in enumerate(tests, 1):
    try:
        function()
        print(f"ok {number} - {text}")
    except Exception as error: # every failure is a failed claim
        failed += 1
        print(f"not ok {number} - {text}\n# {type(error).__name__}: {error}")
sys.exit(1 if failed else 0)
