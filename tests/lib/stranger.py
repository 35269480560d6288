# SPDX-License-Identifier: Apache-2.0
"""What a stranger writes from docs/FORMAT.md alone, in another language over another library: the
header, the ciphertext, shares, HPKE, statements.  Shares no code with the product."""
import base64, hashlib, hmac, json
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

class Reader:
    def __init__(self, data): self.data, self.at = data, 0
    def take(self, size):
        piece = self.data[self.at:self.at + size]
        if len(piece) != size: raise ValueError("too short")
        self.at += size
        return piece
    def u(self, bits): return int.from_bytes(self.take(bits // 8), "big")
    def lp(self, bits): return self.take(self.u(bits))
    def end(self):
        if self.at != len(self.data): raise ValueError("trailing bytes")

def lp8(text): return bytes([len(text)]) + text
def sha256(*parts): return hashlib.sha256(b"".join(parts)).digest()
def mac(key, data): return hmac.new(key, data, hashlib.sha256).digest()
def expand(prk, info, size): return HKDFExpand(hashes.SHA256(), size, info).derive(prk)

# --- a sealed version ---

def read_header(data):
    r, h = Reader(data), {}
    if r.take(4) != b"HALv" or r.u(16) != 1: raise ValueError("not a header of format 1")
    h["flags"] = r.u(8)
    h["vault"], h["secret"], h["definition"] = r.take(32), r.take(16), r.take(32)
    h["version"], h["charter"], h["quorum"] = r.take(4), r.take(32), r.lp(16).decode()
    h["envelopes"] = []
    for _ in range(r.u(16)):
        e = {"seat": r.lp(8), "token": r.take(32), "suite": (r.u(16), r.u(16), r.u(16)), "key": r.lp(16)}
        e["shares"] = [(tuple(r.take(5)), r.take(32)) for _ in range(r.u(8))]
        h["envelopes"].append(e)
    h["aad"], h["com"] = data[:r.at], r.take(32)
    r.end()
    h["hash"] = sha256(data)
    return h

def read_anchor(data, seed):
    """Sequence number, from and to of the slot that counts, each state as size, log root, state root."""
    if len(data) != 8192: raise ValueError("size")
    label, slots = b"halligan/v1 anchor\0", []
    key = expand(mac(b"", seed), lp8(b"halligan/v1 anchor key"), 32)
    for index in range(2):
        slot = data[4096 * index:4096 * index + 512]
        seq, states = int.from_bytes(slot[51:59], "big"), (slot[59:131], slot[131:203])
        if slot[:19] == label and seq % 2 == index and slot[203:235] == mac(key, slot[:203]) and not any(slot[235:]):
            slots.append((seq, *((int.from_bytes(s[:8], "big"), s[8:40], s[40:]) for s in states)))
    if not slots: raise ValueError("no valid slot")
    return max(slots)

def open_with_dek(header_bytes, ciphertext, dek):
    h = read_header(header_bytes)
    ids = lp8(b"halligan/v1 dek") + h["vault"] + h["secret"] + h["version"]
    prk = mac(b"", dek)
    k_enc, k_com = expand(prk, lp8(b"enc") + ids, 32), expand(prk, lp8(b"com") + ids, 32)
    if not hmac.compare_digest(mac(k_com, h["aad"]), h["com"]): raise ValueError("com_dek")
    payload = AESGCM(k_enc).decrypt(bytes(12), ciphertext, h["aad"])
    r = Reader(payload)
    credential = r.lp(32)
    size = len(payload)
    if any(payload[r.at:]) or size < 256 or size & (size - 1): raise ValueError("padding")
    return credential

def fields(credential):
    r = Reader(credential)
    if r.u(8) != 1: raise ValueError("not a credential of format 1")
    found = {}
    for _ in range(r.u(8)):
        name = r.lp(8).decode()
        found[name] = r.lp(32)
    r.end()
    return found

# --- sharing ---

def multiply(a, b):
    product = 0
    while b:
        if b & 1: product ^= a
        a, b = (a << 1) ^ (0x11b if a & 0x80 else 0), b >> 1
    return product

def inverse(a):
    return next(b for b in range(256) if multiply(a, b) == 1)

def combine(shares):
    """shares: {x: y}, exactly m of them."""
    secret = bytes(len(next(iter(shares.values()))))
    for x, y in shares.items():
        weight = 1
        for other in shares:
            if other != x: weight = multiply(weight, multiply(other, inverse(other ^ x)))
        secret = bytes(s ^ multiply(weight, b) for s, b in zip(secret, y))
    return secret

def commitment(h, place, salt, y):
    return sha256(lp8(b"halligan/v1 share"), h["vault"], h["secret"], h["version"], h["charter"], bytes(place), salt, y)

def envelope_shares(h, index, plaintext):
    """[(place, y)] of envelope INDEX, checked against the commitments."""
    r, got = Reader(plaintext), []
    for place, expected in h["envelopes"][index]["shares"]:
        salt, y = r.take(32), r.take(32)
        if commitment(h, place, salt, y) != expected: raise ValueError("commitment")
        got.append((place, y))
    r.end()
    return got

# --- HPKE, RFC 9180 base mode, DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM ---

KEM, HPKE = b"KEM\x00\x10", b"HPKE\x00\x10\x00\x01\x00\x02"

def labeled_extract(suite, salt, label, ikm): return mac(salt, b"HPKE-v1" + suite + label + ikm)
def labeled_expand(suite, prk, label, info, size):
    return expand(prk, size.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, size)

def private_key(scalar): return ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256R1())
def public_bytes(key):
    numbers = key.public_key().public_numbers()
    return b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")

def hpke_open(scalar, enc, info, aad, ciphertext):
    key = private_key(scalar)
    peer = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), enc)
    dh = key.exchange(ec.ECDH(), peer)
    prk = labeled_extract(KEM, b"", b"eae_prk", dh)
    shared = labeled_expand(KEM, prk, b"shared_secret", enc + public_bytes(key), 32)
    context = b"\x00" + labeled_extract(HPKE, b"", b"psk_id_hash", b"") + labeled_extract(HPKE, b"", b"info_hash", info)
    secret = labeled_extract(HPKE, shared, b"secret", b"")
    return AESGCM(labeled_expand(HPKE, secret, b"key", context, 32)).decrypt(
        labeled_expand(HPKE, secret, b"base_nonce", context, 12), ciphertext, aad)

def envelope_info(h, index):
    e = h["envelopes"][index]
    return sha256(lp8(b"halligan/v1 envelope"), h["vault"], h["secret"], h["version"], h["charter"],
        h["definition"], lp8(e["seat"]), e["token"])

def spare_info(h, index, spare):
    """Of the shares of envelope INDEX, handed on to the token SPARE."""
    e = h["envelopes"][index]
    return sha256(lp8(b"halligan/v1 spare"), h["vault"], h["secret"], h["version"], h["charter"],
        h["definition"], lp8(e["seat"]), e["token"], spare)

def box_info(label, h, ceremony, seat, token):
    return sha256(lp8(label), h["vault"], h["secret"], h["version"], h["hash"], ceremony, lp8(seat), token)

# --- statements ---

def pae(kind, payload):
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)

def read_statement(text):
    """Type, members, digest, PAE and signatures by keyid, of which nothing is verified."""
    envelope = json.loads(text)
    payload = base64.b64decode(envelope["payload"], validate=True)
    signed = pae(envelope["payloadType"].encode(), payload)
    return {**json.loads(payload), "type": envelope["payloadType"], "digest": sha256(signed), "pae": signed,
        "signatures": {s["keyid"]: base64.b64decode(s["sig"], validate=True) for s in envelope["signatures"]}}

def verify_ed25519(statement, keyid, public):
    """A host's statement, or the end of a lease; InvalidSignature."""
    ed25519.Ed25519PublicKey.from_public_bytes(public).verify(statement["signatures"][keyid], statement["pae"])

def lease_public(seed):
    return ed25519.Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw)

# --- a release ---

def check_ceremony(h, request, ceremony):
    """The ceremony answers this request, and its one item is the version of header H: the recipients."""
    if ceremony["request"] != request["digest"].hex(): raise ValueError("of another request")
    (asked,), (item,) = request["items"], ceremony["items"]
    if ceremony["recipients"] != request["recipients"]: raise ValueError("recipients")
    for name in ("secret", "version", "definition", "header"):
        if item[name] != asked[name]: raise ValueError(name)
    if (item["header"], item["quorum"]) != (h["hash"].hex(), h["quorum"]): raise ValueError("header")
    return {bytes.fromhex(r["token"]): bytes.fromhex(r["key"]) for r in ceremony["recipients"]}

def check_release(ceremony, release):
    """What was released is the ceremony's one item, to the ceremony's recipients."""
    if release["ceremony"] != ceremony["digest"].hex(): raise ValueError("of another ceremony")
    if release["recipients"] != [r["token"] for r in ceremony["recipients"]]: raise ValueError("recipients")
    (item,), (opened,) = ceremony["items"], release["items"]
    for name in ("secret", "version", "header"):
        if opened[name] != item[name]: raise ValueError(name)

def open_answer(h, ceremony, seat, token, scalar, box):
    """(lease key's seed, credential)."""
    info = box_info(b"halligan/v1 answer", h, ceremony["digest"], seat.encode(), token)
    plaintext = hpke_open(scalar, box[:65], info, ceremony["digest"], box[65:])
    return plaintext[:32], plaintext[32:]

def open_release(header, request, ceremony, release, host, scalar, box):
    """All that a recipient has, as bytes, and the host's statement key: the credential, once all of it was checked."""
    h = read_header(header)
    request, ceremony, release = map(read_statement, (request, ceremony, release))
    for statement in (ceremony, release): verify_ed25519(statement, "host", host)
    check_release(ceremony, release)
    own = public_bytes(private_key(scalar))
    token = next((t for t, key in check_ceremony(h, request, ceremony).items() if key == own), None)
    if token is None: raise ValueError("sealed to others")
    seed, credential = open_answer(h, ceremony, request["seat"], token, scalar, box)
    if lease_public(seed).hex() != release["key"]: raise ValueError("lease key")
    return credential

def open_reply(h, approval, scalar, box):
    """The envelope (65 bytes enc, then ciphertext) that the host handed out for APPROVAL."""
    info = sha256(lp8(b"halligan/v1 reply"), h["vault"], approval["digest"], h["hash"],
        lp8(approval["seat"].encode()), bytes.fromhex(approval["token"]))
    return hpke_open(scalar, box[:65], info, approval["digest"], box[65:])
