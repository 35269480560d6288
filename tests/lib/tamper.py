#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Someone who can write the database.

usage: tamper.py VAULT flip TABLE COLUMN [WHERE]      flip one bit in the middle of one cell
       tamper.py VAULT payload TYPE OLD NEW           replace text in the payload of the newest
                                                      statement of a type, signatures kept
       tamper.py VAULT drop-signatures TYPE           remove all signatures of it
       tamper.py VAULT sql STATEMENT                  anything
       tamper.py VAULT get QUERY                      print one cell (blobs in hex)
"""
import base64, json, os, sqlite3, sys

vault, verb, *rest = sys.argv[1:]
db = sqlite3.connect(os.path.join(vault, "vault.db"), isolation_level=None, timeout=10)

# Triggers are put back: the vault looks at its form whenever it begins a transaction.
def disarm():
    triggers = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in triggers: db.execute(f'DROP TRIGGER "{name}"')
    db.execute("PRAGMA ignore_check_constraints = ON")
    return triggers

def arm(triggers):
    for _, text in triggers: db.execute(text)

def edit(kind, change):
    row, text = db.execute("SELECT rowid, text FROM statements WHERE type = ? ORDER BY rowid DESC LIMIT 1",
        (kind,)).fetchone()
    statement = json.loads(text)
    change(statement)
    db.execute("UPDATE statements SET text = ? WHERE rowid = ?",
        (json.dumps(statement, separators=(",", ":")).encode(), row))

def payload(kind, old, new):
    def change(statement):
        before = base64.b64decode(statement["payload"])
        if old.encode() not in before: sys.exit(f"tamper.py: no {old!r} in {before!r}")
        statement["payload"] = base64.b64encode(before.replace(old.encode(), new.encode(), 1)).decode()
    edit(kind, change)

def flip(table, column, where="1"):
    key = {"envelopes": "secret, version, position", "shares": "ceremony, position, seat"}.get(table, "rowid")
    row = db.execute(f"SELECT {column}, {key} FROM {table} WHERE {where} LIMIT 1").fetchone()
    if row is None: sys.exit(f"tamper.py: no row in {table} where {where}")
    text = isinstance(row[0], str)
    cell = bytearray(row[0].encode() if text else row[0])
    cell[len(cell) // 2] ^= 1
    names = [n.strip() for n in key.split(",")]
    db.execute(f"UPDATE {table} SET {column} = ? WHERE " + " AND ".join(f"{n} = ?" for n in names),
        (cell.decode() if text else bytes(cell), *row[1:]))

if verb == "get":
    row = db.execute(rest[0]).fetchone()
    if row is not None: print(row[0].hex() if isinstance(row[0], bytes) else row[0])
else:
    triggers = disarm()
    if verb == "flip": flip(*rest)
    elif verb == "payload": payload(*rest)
    elif verb == "drop-signatures": edit(rest[0], lambda s: s.update(signatures=[]))
    elif verb == "sql": db.executescript(rest[0])
    else: sys.exit(__doc__)
    arm(triggers)
