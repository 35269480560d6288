#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a scan looks for, one NAME HEX a line (see scan.py).

usage: needles.py text NAME TEXT
       needles.py key FILE                    seed and text of an OpenSSH Ed25519 private key
       needles.py shares VAULT CEREMONY       the shares that officers re-sealed to an open ceremony,
                                              opened with its key as a stranger would
"""
import base64, os, re, sqlite3, struct, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import stranger

def key(path):
    with open(path, "rb") as file:
        text = file.read()
    body = re.search(rb"-----BEGIN OPENSSH PRIVATE KEY-----(.*?)-----END", text, re.S).group(1)
    raw = base64.b64decode(body)
    at = raw.index(b"ssh-ed25519", raw.index(b"ssh-ed25519") + 1) + len(b"ssh-ed25519")
    at += 4 + struct.unpack(">I", raw[at:at + 4])[0] # the public half again
    size = struct.unpack(">I", raw[at:at + 4])[0]
    print("key", raw[at + 4:at + 4 + 32].hex())
    assert size == 64
    # The lines of the text that hold the private half.
    line = body.strip().split(b"\n")[2]
    print("key-text", line[:40].hex())

def shares(vault, ceremony):
    with open(os.path.join(vault, "ceremony", ceremony + ".key"), "rb") as file:
        scalar = file.read()[6:]
    db = sqlite3.connect(f"file:{vault}/vault.db?mode=ro", uri=True)
    secret, version, digest = db.execute("SELECT secret, version, digest FROM ceremonies WHERE id = ?",
        (bytes.fromhex(ceremony),)).fetchone()
    header = stranger.read_header(db.execute("SELECT header FROM versions WHERE secret = ? AND number = ?",
        (secret, version)).fetchone()[0])
    for seat, token, index, enc, ciphertext in db.execute(
            "SELECT seat, token, envelope, enc, ciphertext FROM approvals WHERE ceremony = ? AND complete",
            (bytes.fromhex(ceremony),)):
        info = stranger.box_info(b"halligan/v1 approval", header, digest, seat.encode(), token)
        plaintext = stranger.hpke_open(scalar, enc, info, digest, ciphertext)
        for number, (_, y) in enumerate(stranger.envelope_shares(header, index, plaintext)):
            print(f"share-{seat}-{number}", y.hex())

verb, *rest = sys.argv[1:]
if verb == "text": print(rest[0], rest[1].encode().hex())
else: {"key": key, "shares": shares}[verb](*rest)
