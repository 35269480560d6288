#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a scan looks for, one NAME HEX a line (see scan.py).

usage: needles.py text NAME TEXT
       needles.py key FILE                    seed and text of an OpenSSH Ed25519 private key
       needles.py shares VAULT CEREMONY       the shares that officers re-sealed to an open ceremony,
                                              opened with its key as a stranger would
"""
import base64, json, os, re, sqlite3, struct, sys
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
        scalar = file.read()[6:38] # the lease key's seed follows
    db = sqlite3.connect(f"file:{vault}/vault.db?mode=ro", uri=True)
    id = bytes.fromhex(ceremony)
    digest, = db.execute("SELECT digest FROM ceremonies WHERE id = ?", (id,)).fetchone()
    for position, encoded in db.execute("SELECT position, header FROM items JOIN versions"
            " ON versions.secret = items.secret AND number = version WHERE ceremony = ?", (id,)).fetchall():
        header = stranger.read_header(encoded)
        for seat, index, ciphertext, token, statement in db.execute("SELECT shares.seat, envelope,"
                " ciphertext, token, text FROM shares JOIN voices ON voices.statement = shares.statement"
                " JOIN statements ON digest = shares.statement"
                " WHERE shares.ceremony = ? AND position = ?", (id, position)):
            enc = bytes.fromhex(json.loads(base64.b64decode(json.loads(statement)["payload"]))["enc"])
            info = stranger.box_info(b"halligan/v1 approval", header, digest, seat.encode(), token)
            plaintext = stranger.hpke_open(scalar, enc, info, digest, ciphertext)
            for number, (_, y) in enumerate(stranger.envelope_shares(header, index, plaintext)):
                print(f"share-{seat}-{number}", y.hex())

verb, *rest = sys.argv[1:]
if verb == "text": print(rest[0], rest[1].encode().hex())
else: {"key": key, "shares": shares}[verb](*rest)
