#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A golden version is opened from docs/FORMAT.md alone, by another language and library, given the
DEK; and an envelope and the quorum as well, given the tokens' keys.  Prints TAP."""
import hashlib, hmac, os, sys
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden")

def golden(name):
    with open(os.path.join(GOLDEN, name), "rb") as file:
        return file.read()

class Reader:
    def __init__(self, data): self.data, self.at = data, 0
    def take(self, size):
        piece = self.data[self.at:self.at + size]
        assert len(piece) == size
        self.at += size
        return piece
    def u(self, bits): return int.from_bytes(self.take(bits // 8), "big")
    def lp(self, bits): return self.take(self.u(bits))

def lp8(text): return bytes([len(text)]) + text

def read_header(data):
    r, h = Reader(data), {}
    assert r.take(4) == b"HALv" and r.u(16) == 1
    h["flags"] = r.u(8)
    h["vault"], h["secret"], h["definition"] = r.take(32), r.take(16), r.take(32)
    h["version"], h["charter"], h["quorum"] = r.take(4), r.take(32), r.lp(16).decode()
    h["envelopes"] = []
    for _ in range(r.u(16)):
        e = {"seat": r.lp(8).decode(), "token": r.take(32), "suite": (r.u(16), r.u(16), r.u(16)), "key": r.lp(16)}
        e["shares"] = [(tuple(r.take(5)), r.take(32)) for _ in range(r.u(8))]
        h["envelopes"].append(e)
    h["aad"], h["com"] = data[:r.at], r.take(32)
    assert r.at == len(data)
    return h

def derive(prk, info): return HKDFExpand(hashes.SHA256(), 32, info).derive(prk)

def open_version(header_bytes, ciphertext, dek):
    h = read_header(header_bytes)
    ids = lp8(b"halligan/v1 dek") + h["vault"] + h["secret"] + h["version"]
    prk = hmac.new(b"", dek, hashlib.sha256).digest()
    k_enc, k_com = derive(prk, lp8(b"enc") + ids), derive(prk, lp8(b"com") + ids)
    if not hmac.compare_digest(hmac.new(k_com, h["aad"], hashlib.sha256).digest(), h["com"]):
        raise ValueError("com_dek")
    payload = AESGCM(k_enc).decrypt(bytes(12), ciphertext, h["aad"])
    r = Reader(payload)
    credential = r.lp(32)
    assert not any(payload[r.at:]) and len(payload) >= 256 and len(payload) & (len(payload) - 1) == 0
    return credential

def fields(credential):
    r = Reader(credential)
    assert r.u(8) == 1
    found = {r.lp(8).decode(): r.lp(32) for _ in range(r.u(8))}
    assert r.at == len(credential)
    return found

tests = []
def claim(text):
    def register(function): tests.append((text, function)); return function
    return register

@claim("the golden version opens with the DEK to the golden credential")
def opens():
    got = open_version(golden("version-1.header"), golden("version-1.ciphertext"), golden("version-1.dek"))
    assert got == golden("version-1.credential") and fields(got)

@claim("another DEK is refused by com_dek before anything is decrypted")
def commits():
    wrong = bytearray(golden("version-1.dek")); wrong[0] ^= 1
    try: open_version(golden("version-1.header"), golden("version-1.ciphertext"), bytes(wrong))
    except ValueError as error: assert str(error) == "com_dek"
    else: raise AssertionError("opened")

@claim("every byte of the header and of the ciphertext is bound")
def bound():
    header, ciphertext, dek = golden("version-1.header"), golden("version-1.ciphertext"), golden("version-1.dek")
    for at in range(len(header)):
        try: open_version(header[:at] + bytes([header[at] ^ 1]) + header[at + 1:], ciphertext, dek)
        except (ValueError, AssertionError, InvalidTag): continue
        raise AssertionError(f"header byte {at}")
    for at in range(len(ciphertext)):
        try: open_version(header, ciphertext[:at] + bytes([ciphertext[at] ^ 1]) + ciphertext[at + 1:], dek)
        except InvalidTag: continue
        raise AssertionError(f"ciphertext byte {at}")

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
