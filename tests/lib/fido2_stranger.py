#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A FIDO2 seat's keys as a stranger computes them from the documents, with Debian's python3-fido2
and python3-cryptography alone.

	fido2_stranger.py keys READER FOLDER PIN	prints "share=POINT", "release=POINT" in hex
	fido2_stranger.py secrets READER FOLDER PIN	the same, but what must stay secret: PRF
							outputs and private keys, "NAME HEX"
	fido2_stranger.py attestation FOLDER		the registration verifies under its leaf, over
							the hash that enrolment documents

READER is a PC/SC reader's name, or a hidraw device's path.  FOLDER holds what fido-cli's step "make" kept."""
import hashlib, hmac, os, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fido2.ctap2 import AuthenticatorData, ClientPin, Ctap2, PinProtocolV2
from fido2.ctap2.extensions import HmacSecretExtension
from fido2.hid import open_device
from fido2.pcsc import CtapPcscDevice

RP = "halligan:vault"

def lp8(text):
    return bytes([len(text)]) + text

def mac(key, *parts):
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()

def extract(salt, ikm):
    return mac(salt or bytes(32), ikm)

def expand(prk, info): # 32 bytes
    return mac(prk, info, b"\x01")

def derive_key_pair(ikm): # RFC 9180, 7.1.3
    suite = b"KEM" + (0x0010).to_bytes(2, "big")
    prk = extract(b"", b"HPKE-v1" + suite + b"dkp_prk" + ikm)
    for counter in range(256):
        info = (32).to_bytes(2, "big") + b"HPKE-v1" + suite + b"candidate" + bytes([counter])
        scalar = int.from_bytes(expand(prk, info), "big")
        try:
            return ec.derive_private_key(scalar, ec.SECP256R1())
        except ValueError:
            pass

def read(folder, name):
    with open(os.path.join(folder, name), "rb") as file:
        return file.read()

def outputs(reader, folder, pin):
    salt = read(folder, "salt")
    labels = [lp8(b"halligan/v1 fido2 " + name) for name in (b"share", b"release")]
    salts = [hashlib.sha256(label + salt).digest() for label in labels]
    [device] = CtapPcscDevice.list_devices(reader) if reader[0] != "/" else [open_device(reader)]
    ctap, protocol = Ctap2(device), PinProtocolV2()
    client, hash_ = ClientPin(ctap, protocol), hashlib.sha256(b"anything").digest()
    token = client.get_pin_token(pin, ClientPin.PERMISSION.GET_ASSERTION, RP)
    extension = HmacSecretExtension(ctap, protocol)
    inputs = extension.process_get_input(
        {"hmacGetSecret": {"salt1": salts[0], "salt2": salts[1]}})
    answer = ctap.get_assertion(RP, hash_,
        [{"type": "public-key", "id": read(folder, "id")}], {"hmac-secret": inputs},
        pin_uv_param=protocol.authenticate(token, hash_), pin_uv_protocol=2)
    outputs = extension.process_get_output(answer.auth_data)["hmacGetSecret"]
    for name, label, output in zip(("share", "release"), labels, outputs.values()):
        yield name, output, derive_key_pair(expand(extract(b"", output), label))

def keys(reader, folder, pin):
    for name, _, key in outputs(reader, folder, pin):
        point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        print(f"{name}={point.hex()}")

def secrets(reader, folder, pin):
    for name, output, key in outputs(reader, folder, pin):
        scalar = key.private_numbers().private_value.to_bytes(32, "big")
        print(f"{name}-prf {output.hex()}\n{name}-key {scalar.hex()}")

def attestation(folder):
    data, hash_ = read(folder, "authdata"), read(folder, "hash")
    init = bytes([1]) + bytes(31)
    assert hash_ == hashlib.sha256(lp8(b"halligan/v1 fido2 credential") + init + lp8(b"secops") +
        read(folder, "salt")).digest()
    leaf = x509.load_der_x509_certificate(read(folder, "certificate"))
    leaf.public_key().verify(read(folder, "signature"), data + hash_, ec.ECDSA(hashes.SHA256()))
    parsed = AuthenticatorData(data)
    assert parsed.rp_id_hash == hashlib.sha256(RP.encode()).digest()
    assert parsed.is_user_verified() and parsed.is_user_present()
    assert parsed.extensions == {"credProtect": 3, "hmac-secret": True}
    assert parsed.credential_data.credential_id == read(folder, "id")
    x, y = (parsed.credential_data.public_key[part] for part in (-2, -3))
    assert b"\x04" + x + y == read(folder, "key")

if __name__ == "__main__":
    {"keys": keys, "secrets": secrets, "attestation": attestation}[sys.argv[1]](*sys.argv[2:])
