#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A golden version is opened from docs/FORMAT.md alone (tests/lib/stranger.py), given the DEK, and a
golden release, given a recipient's key.  Prints TAP."""
import base64, json, os, sys
from cryptography.exceptions import InvalidSignature, InvalidTag

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

def released():
    """The golden release: header, request, ceremony, and its one recipient."""
    h = stranger.read_header(golden("version-1.header"))
    request, ceremony = (stranger.read_statement(golden("release-1." + n)) for n in ("request", "ceremony"))
    (token, key), = stranger.check_ceremony(h, request, ceremony).items()
    return h, request, ceremony, token, key

PARTS = ("request", "ceremony", "release", "host", "release-key", "answer")

def open_golden(**changed):
    parts = [changed.get(part.replace("-", "_"), golden("release-1." + part)) for part in PARTS]
    return stranger.open_release(golden("version-1.header"), *parts)

@claim("a release opens with the recipient's key, to the lease key's seed and the credential")
def release_opens():
    credential = open_golden()
    assert credential == golden("version-1.credential") and stranger.fields(credential)

def spoilt_bytes(data):
    for at in range(len(data)): yield at, data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]

def spoilt_statements(text):
    """TEXT with each byte of its payload changed in turn."""
    envelope = json.loads(text)
    for at, payload in spoilt_bytes(base64.b64decode(envelope["payload"])):
        yield at, json.dumps({**envelope, "payload": base64.b64encode(payload).decode()})

REFUSALS = (ValueError, InvalidTag, InvalidSignature)

@claim("every byte of the answer, of the keys, and of the statements under a release is bound")
def release_bytes():
    for part in PARTS:
        spoil = spoilt_statements if part in ("request", "ceremony", "release") else spoilt_bytes
        for at, bad in spoil(golden("release-1." + part)):
            try: open_golden(**{part.replace("-", "_"): bad})
            except REFUSALS: continue
            raise AssertionError(f"{part}: byte {at}")

@claim("ceremony and release are the host's, and the lease key alone ends this release")
def signed():
    host, lease = golden("release-1.host"), stranger.read_statement(golden("release-1.release"))
    for name in ("ceremony", "release"):
        stranger.verify_ed25519(stranger.read_statement(golden("release-1." + name)), "host", host)
    done = stranger.read_statement(golden("release-1.done"))
    assert done["release"] == lease["digest"].hex() and done["seat"] == "" and not int(done["token"], 16)
    stranger.verify_ed25519(done, "lease", bytes.fromhex(lease["key"]))
    try: stranger.verify_ed25519(done, "lease", host)
    except InvalidSignature: pass
    else: raise AssertionError("another key ends it")
    for at, bad in spoilt_statements(golden("release-1.done")):
        try: stranger.verify_ed25519(stranger.read_statement(bad), "lease", bytes.fromhex(lease["key"]))
        except REFUSALS: continue
        raise AssertionError(f"byte {at}")

@claim("an answer opens for no other ceremony, seat, token or version")
def release_bound():
    h, request, ceremony, token, _ = released()
    key, box = golden("release-1.release-key"), golden("release-1.answer")
    spoilt = bytes([token[0] ^ 1]) + token[1:]
    for change in ((h, {"digest": spoilt}, "alice", token), (h, ceremony, "alicia", token), (h, ceremony, "alice", spoilt),
            ({**h, "version": bytes(4)}, ceremony, "alice", token), ({**h, "hash": spoilt}, ceremony, "alice", token)):
        try: stranger.open_answer(*change, key, box)
        except InvalidTag: continue
        raise AssertionError("opened")

@claim("of the golden anchor's two slots the second counts, and each byte of a slot is bound")
def anchor():
    data, seed = golden("anchor-1"), golden("anchor-1.log-seed")
    one, two = (3, b"1" * 32, b"2" * 32), (4, b"A" * 32, b"B" * 32)
    assert stranger.read_anchor(data, seed) == (1, one, two)
    for at in range(512):
        place = 4096 + at
        bad = data[:place] + bytes([data[place] ^ 1]) + data[place + 1:]
        assert stranger.read_anchor(bad, seed) == (0, one, one), f"byte {at}"

@claim("an envelope that the host hands out opens with the key of the approval that asked, and no other")
def reply():
    h, approval = released()[0], stranger.read_statement(golden("release-1.approval"))
    key, box = golden("release-1.reply-key"), golden("release-1.reply")
    assert approval["reply"] == stranger.public_bytes(stranger.private_key(key)).hex()
    assert stranger.open_reply(h, approval, key, box) == golden("version-1.envelope")
    assert stranger.read_statement(golden("release-1.release"))["approvals"] == [approval["digest"].hex()]
    others = [({**approval, "digest": bytes(32)}, box), ({**approval, "seat": "infra"}, box)]
    for other, sealed in others + [(approval, bad) for _, bad in spoilt_bytes(box)]:
        try: stranger.open_reply(h, other, key, sealed)
        except (InvalidTag, ValueError): continue
        raise AssertionError("opened")

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
