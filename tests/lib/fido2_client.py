#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What Debian's python3-fido2 makes of a token behind pcscd: one claim a process.

	fido2_client.py READER CLAIM [ARGUMENT...]
	fido2_client.py serve

"serve" reads lines of words parted by the character 31, and runs each in a process of its own, which saves
importing everything again.  Its words: the file that this process writes to, one for its exit code, READER, ...

READER is a part of the reader's name.  Claims are the functions below whose names begin with
"claim_"; they remember credentials in files of the working directory.  Exit code 0: it holds."""
import functools, json, os, sys, traceback
from base64 import b64decode, b64encode
from fido2 import cbor
from fido2.attestation import PackedAttestation
from fido2.ctap import CtapError
from fido2.ctap2 import (AttestedCredentialData, ClientPin, Config, CredentialManagement, Ctap2,
    PinProtocolV1, PinProtocolV2)
from fido2.ctap2.extensions import HmacSecretExtension
from fido2.pcsc import CtapPcscDevice

HASH = bytes(range(32))
RP = {"id": "halligan.invalid", "name": "A vault"}
ES256 = [{"type": "public-key", "alg": -7}]
SALT1, SALT2 = b"1" * 32, b"2" * 32
ERR = CtapError.ERR
PROTOCOLS = {1: PinProtocolV1, 2: PinProtocolV2}

@functools.cache # a second connection would reset the card when it goes
def device(reader):
    found = list(CtapPcscDevice.list_devices(reader))
    assert len(found) == 1, f"{len(found)} tokens at {reader}"
    return found[0]

def user(name):
    return {"id": name.encode() * 4, "name": name, "displayName": f"{name} of the vault"}

def fails(code, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except CtapError as error:
        assert error.code == code, f"{error} instead of {code!r}"
        return
    raise AssertionError(f"it worked; {code!r} was expected")

def save(name, data):
    with open(f"{name}.credential", "w") as file:
        json.dump(b64encode(data).decode(), file)

def load(name):
    with open(f"{name}.credential") as file:
        return AttestedCredentialData(b64decode(json.load(file)))

def listed(*names):
    return [{"type": "public-key", "id": load(name).credential_id} for name in names]

class Token:
    """A PIN, if any, gives each command a token of its own, as CTAP 2.1 wants it."""
    def __init__(self, reader, pin=None, protocol=2):
        self.device = device(reader)
        self.ctap = Ctap2(self.device)
        self.protocol = PROTOCOLS[protocol]()
        self.client_pin = ClientPin(self.ctap, self.protocol)
        self.pin = pin

    def auth(self, permission, message=HASH, rp=RP["id"]):
        if self.pin is None:
            return {}
        token = self.client_pin.get_pin_token(self.pin, permission, rp)
        return {"pin_uv_param": self.protocol.authenticate(token, message),
            "pin_uv_protocol": self.protocol.VERSION}

    def make(self, name="ada", extensions=None, exclude=None, rp=RP, **options):
        return self.ctap.make_credential(HASH, rp, user(name), ES256, exclude_list=exclude,
            extensions=extensions, options=options or None,
            **self.auth(ClientPin.PERMISSION.MAKE_CREDENTIAL, rp=rp["id"]))

    def get(self, allow=None, extensions=None, rp=RP, **options):
        return self.ctap.get_assertion(rp["id"], HASH, allow_list=allow, extensions=extensions,
            options=options or None, **self.auth(ClientPin.PERMISSION.GET_ASSERTION, rp=rp["id"]))

    def prf(self, name, salt2=b"", **options):
        extension = HmacSecretExtension(self.ctap, self.protocol)
        inputs = {"hmacGetSecret": {"salt1": SALT1, "salt2": salt2}}
        answer = self.get(listed(name),
            {"hmac-secret": extension.process_get_input(inputs)}, **options)
        answer.verify(HASH, load(name).public_key)
        return list(extension.process_get_output(answer.auth_data)["hmacGetSecret"].values())

    def manage(self, rp=None):
        token = self.client_pin.get_pin_token(self.pin,
            ClientPin.PERMISSION.CREDENTIAL_MGMT, rp)
        return CredentialManagement(self.ctap, self.protocol, token)

    def config(self):
        token = self.client_pin.get_pin_token(self.pin, ClientPin.PERMISSION.AUTHENTICATOR_CFG)
        return Config(self.ctap, self.protocol, token)

def claim_info(reader):
    info = Token(reader).ctap.info
    assert info.versions == ["FIDO_2_0", "FIDO_2_1"] and info.pin_uv_protocols == [2, 1]
    assert set(info.extensions) == {"credProtect", "hmac-secret"}
    assert info.aaguid == b"NOT A REAL TOKEN"
    assert info.options["clientPin"] is False and info.options["rk"] and info.options["credMgmt"]
    assert info.firmware_version == 0x050704

def claim_attestation(reader, root_file):
    from cryptography import x509
    made = Token(reader).make("attested")
    result = PackedAttestation().verify(made.att_statement, made.auth_data, HASH)
    leaf = x509.load_der_x509_certificate(result.trust_path[0])
    with open(root_file, "rb") as file:
        root = x509.load_pem_x509_certificate(file.read())
    root.public_key().verify(leaf.signature, leaf.tbs_certificate_bytes)
    assert leaf.issuer == root.subject
    firmware = leaf.extensions.get_extension_for_oid(
        x509.ObjectIdentifier("1.3.6.1.4.1.41482.13.1"))
    assert firmware.value.value == b"\x04\x03\x05\x07\x04"
    try:
        PackedAttestation().verify(made.att_statement, made.auth_data, HASH[::-1])
    except Exception:
        return
    raise AssertionError("another hash was attested too")

def claim_make(reader, name, extensions="{}", options="{}", pin=None):
    made = Token(reader, pin).make(name, json.loads(extensions) or None, **json.loads(options))
    assert made.auth_data.is_user_present()
    assert made.auth_data.is_user_verified() == (pin is not None)
    wanted = json.loads(extensions) or None
    assert made.auth_data.extensions == wanted, made.auth_data.extensions
    save(name, made.auth_data.credential_data)

def claim_get(reader, name, pin=None):
    token = Token(reader, pin)
    first, second = token.get(listed(name)), token.get(listed(name))
    for answer in first, second:
        answer.verify(HASH, load(name).public_key)
        assert answer.auth_data.is_user_present()
        assert answer.auth_data.is_user_verified() == (pin is not None)
    assert second.auth_data.counter > first.auth_data.counter

def claim_preflight(reader, name):
    answer = Token(reader).get(listed(name), up=False)
    answer.verify(HASH, load(name).public_key)
    assert not answer.auth_data.is_user_present()

def claim_excluded(reader, name):
    fails(ERR.CREDENTIAL_EXCLUDED, Token(reader).make, name, exclude=listed(name))
    Token(reader).make(name, exclude=listed(name), rp={"id": "other.invalid", "name": "o"})

def claim_other_rp(reader, name):
    fails(ERR.NO_CREDENTIALS, Token(reader).get, listed(name),
        rp={"id": "other.invalid", "name": "o"})

def claim_unknown(reader, name, pin=None):
    fails(ERR.NO_CREDENTIALS, Token(reader, pin).get, listed(name))

def claim_prf(reader, name, pin):
    """Same for each protocol, both salts alike, and another one with the PIN."""
    plain = Token(reader).prf(name)
    assert len(plain) == 1 and len(plain[0]) == 32
    for protocol in 1, 2:
        both = Token(reader, None, protocol).prf(name, SALT2)
        assert both[0] == plain[0] and both[1] != both[0]
        verified = Token(reader, pin, protocol).prf(name, SALT2)
        assert verified[0] != both[0] and verified[1] != both[1]
        assert verified == Token(reader, pin, 3 - protocol).prf(name, SALT2)

def claim_prf_wants_touch(reader, name):
    fails(ERR.UNSUPPORTED_OPTION, Token(reader).prf, name, up=False)

def claim_prf_is(reader, name, file):
    """The PRF is what it was when FILE was written, which this does the first time."""
    output = Token(reader).prf(name)[0]
    try:
        with open(file, "rb") as old:
            assert old.read() == output, "another PRF"
    except FileNotFoundError:
        with open(file, "wb") as new:
            new.write(output)

def claim_set_pin(reader, pin):
    token = Token(reader)
    assert token.ctap.info.options["clientPin"] is False
    for protocol in 1, 2:
        fails(ERR.PIN_POLICY_VIOLATION, Token(reader, None, protocol).client_pin.set_pin, "x" * 64)
    token.client_pin.set_pin(pin)
    assert Token(reader).ctap.info.options["clientPin"] is True
    fails(ERR.PIN_AUTH_INVALID, token.client_pin.set_pin, "another")

def claim_change_pin(reader, old, new, protocol="2"):
    token = Token(reader, old, int(protocol))
    token.client_pin.change_pin(old, new)
    fails(ERR.PIN_INVALID, token.client_pin.get_pin_token, old,
        ClientPin.PERMISSION.GET_ASSERTION, RP["id"])
    token.client_pin.get_pin_token(new, ClientPin.PERMISSION.GET_ASSERTION, RP["id"])
    assert token.client_pin.get_pin_retries() == (8, False)

def claim_wrong_pins(reader, pin):
    """Three in a row, then not even the right one, until it was pulled."""
    token = Token(reader).client_pin
    ask = (ClientPin.PERMISSION.GET_ASSERTION, RP["id"])
    for tries, error in (7, ERR.PIN_INVALID), (6, ERR.PIN_INVALID), (5, ERR.PIN_AUTH_BLOCKED):
        fails(error, token.get_pin_token, "wrong", *ask)
        assert token.get_pin_retries() == (tries, tries == 5), token.get_pin_retries()
    fails(ERR.PIN_AUTH_BLOCKED, token.get_pin_token, pin, *ask)
    assert token.get_pin_retries() == (5, True)

def claim_pin_tries(reader, tries):
    assert Token(reader).client_pin.get_pin_retries() == (int(tries), False)

def claim_old_token(reader, name, pin):
    """The way of CTAP 2.0, which is bound to an RP by its first use."""
    token = Token(reader)
    agreement, secret = token.client_pin._get_shared_secret()
    from fido2.utils import sha256
    answer = token.ctap.client_pin(2, 5, key_agreement=agreement,
        pin_hash_enc=token.protocol.encrypt(secret, sha256(pin.encode())[:16]))
    value = token.protocol.decrypt(secret, answer[2])
    param = token.protocol.authenticate(value, HASH)
    assert token.ctap.get_assertion(RP["id"], HASH, listed(name), options={"up": False},
        pin_uv_param=param, pin_uv_protocol=2).auth_data.is_user_verified()
    fails(ERR.PIN_AUTH_INVALID, token.ctap.get_assertion, "other.invalid", HASH, listed(name),
        options={"up": False}, pin_uv_param=param, pin_uv_protocol=2)

def claim_token_is_spent(reader, name, pin):
    """A token serves one touch, one RP, and what it was asked for."""
    token = Token(reader, pin)
    auth = token.auth(ClientPin.PERMISSION.GET_ASSERTION)
    fails(ERR.PIN_AUTH_INVALID, token.ctap.make_credential, HASH, RP, user("x"), ES256, **auth)
    fails(ERR.PIN_AUTH_INVALID, token.ctap.get_assertion, "other.invalid", HASH, listed(name),
        **auth)
    fails(ERR.PIN_AUTH_INVALID, token.ctap.get_assertion, RP["id"], HASH[::-1], listed(name),
        **auth)
    token.ctap.get_assertion(RP["id"], HASH, listed(name), **auth)
    fails(ERR.PIN_AUTH_INVALID, token.ctap.get_assertion, RP["id"], HASH, listed(name), **auth)

def claim_residents(reader, pin, *names):
    """All that list themselves are found, the newest first, with names when verified."""
    token = Token(reader, pin)
    first = token.get()
    assert first.number_of_credentials == len(names), first.number_of_credentials
    answers = [first] + [token.ctap.get_next_assertion() for _ in names[1:]]
    for answer, name in zip(answers, names):
        assert answer.user == user(name), answer.user
        answer.verify(HASH, load(name).public_key)
    fails(ERR.NOT_ALLOWED, token.ctap.get_next_assertion)

def claim_names_its_user(reader, name):
    """One that lists itself says whose it is, by id, even when it was asked for by its own."""
    assert Token(reader).get(listed(name)).user == {"id": user(name)["id"]}

def claim_visible(reader, *names):
    """Without verification only these are found, by their ids alone."""
    token = Token(reader)
    first = token.get()
    answers = [first] + [token.ctap.get_next_assertion()
        for _ in range(1, first.number_of_credentials or 1)]
    assert [a.user for a in answers] == [{"id": user(name)["id"]} for name in names]

def claim_rk_wants_pin(reader):
    fails(ERR.PIN_REQUIRED, Token(reader).make, "nobody", rk=True)

def claim_manage(reader, pin, *names):
    R = CredentialManagement.RESULT
    management = Token(reader, pin).manage()
    metadata = management.get_metadata()
    assert metadata[R.EXISTING_CRED_COUNT] == len(names)
    assert metadata[R.MAX_REMAINING_COUNT] == 100 - len(names)
    rps = management.enumerate_rps()
    assert [rp[R.RP] for rp in rps] == [{"id": RP["id"]}]
    found = management.enumerate_creds(rps[0][R.RP_ID_HASH])
    assert [c[R.USER] for c in found] == [user(name) for name in names]
    for credential, name in zip(found, names):
        assert credential[R.CREDENTIAL_ID] == listed(name)[0]
        assert credential[R.PUBLIC_KEY] == load(name).public_key
    fails(ERR.NOT_ALLOWED, management.enumerate_creds_next)

def claim_delete(reader, pin, name):
    Token(reader, pin).manage().delete_cred(listed(name)[0])
    fails(ERR.NO_CREDENTIALS, Token(reader, pin).manage().delete_cred, listed(name)[0])
    fails(ERR.NO_CREDENTIALS, Token(reader, pin).get, listed(name))

def claim_rename(reader, pin, name):
    R, management = CredentialManagement.RESULT, Token(reader, pin).manage(RP["id"])
    renamed = dict(user(name), name="renamed")
    management.update_user_info(listed(name)[0], renamed)
    from fido2.utils import sha256
    found = management.enumerate_creds(sha256(RP["id"].encode()))
    assert renamed in [c[R.USER] for c in found]
    fails(ERR.PIN_AUTH_INVALID, management.get_metadata)
    management.update_user_info(listed(name)[0], user(name))

def claim_plain_flavour(reader):
    """Without keep-alive, short with chaining and extended, the answer is the same."""
    token = device(reader)
    request = b"\x01" + cbor.encode({1: HASH, 2: RP, 3: dict(user("plain"), name="plain" * 40), 4: ES256})
    assert len(request) > 250
    for extended in False, True:
        token.use_ext_apdu = extended
        answer, sw1, sw2 = token._chain_apdus(0x80, 0x10, 0, 0, request)
        assert (answer[0], sw1, sw2) == (0, 0x90, 0x00), (answer[:1], sw1, sw2)
        assert cbor.decode(answer[1:])[1] == "packed"

def claim_keepalive(reader, name):
    """It says that it waits, and goes on once touched (by somebody else)."""
    Token(reader).ctap.get_assertion(RP["id"], HASH, listed(name),
        on_keepalive=lambda status: print("waiting", int(status), flush=True))

def claim_cancel(reader):
    token = device(reader)
    assert token._chain_apdus(0x80, 0x10, 0x80, 0, b"\x0b") == (b"\x02", 0x91, 0x00)
    assert token._chain_apdus(0x80, 0x11, 0, 0) == (b"\x02", 0x91, 0x00)
    assert token._chain_apdus(0x80, 0x11, 0x11, 0) == (b"\x2d", 0x90, 0x00)
    assert token._chain_apdus(0x80, 0x11, 0, 0) == (b"", 0x69, 0x85)

def claim_selection(reader):
    Token(reader).ctap.selection()

def claim_fails(reader, code, name, pin=None):
    """An assertion ends with this CTAP error."""
    fails(ERR[code], Token(reader, pin).get, listed(name))

def claim_breaks(reader, name):
    """An assertion ends in an error that is not the token's own."""
    try:
        Token(reader).get(listed(name))
    except CtapError as error:
        assert error.code == ERR.OTHER, error
    except AssertionError:
        raise
    except Exception:
        pass
    else:
        raise AssertionError("it worked")

def claim_lies_about_uv(reader, name):
    answer = Token(reader).get(listed(name))
    answer.verify(HASH, load(name).public_key)
    assert answer.auth_data.is_user_verified() and not answer.auth_data.is_user_present()

def claim_reset(reader):
    Token(reader).ctap.reset()
    token = Token(reader)
    assert token.ctap.info.options["clientPin"] is False
    assert token.ctap.info.remaining_disc_creds == 100

def claim_uv(reader, name):
    """A finger verifies, alone or for a token; one touch is enough."""
    token = Token(reader)
    assert token.ctap.info.options["uv"] is True and token.ctap.info.uv_modality == 2
    made = token.make(name, uv=True)
    assert made.auth_data.is_user_verified()
    save(name, made.auth_data.credential_data)
    value = token.client_pin.get_uv_token(ClientPin.PERMISSION.GET_ASSERTION, RP["id"])
    answer = token.ctap.get_assertion(RP["id"], HASH, listed(name), pin_uv_protocol=2,
        pin_uv_param=token.protocol.authenticate(value, HASH))
    assert answer.auth_data.is_user_verified() and answer.auth_data.is_user_present()
    assert token.client_pin.get_uv_retries()[0] == 3

def claim_wrong_finger(reader, name):
    token = Token(reader)
    ask = (ClientPin.PERMISSION.GET_ASSERTION, RP["id"])
    fails(ERR.OPERATION_DENIED, token.get, listed(name), uv=True)
    fails(ERR.UV_INVALID, token.client_pin.get_uv_token, *ask)
    fails(ERR.UV_BLOCKD, token.client_pin.get_uv_token, *ask)
    assert token.client_pin.get_uv_retries()[0] == 0

def claim_always_uv(reader, pin):
    token = Token(reader)
    assert token.ctap.info.options["alwaysUv"] and not token.ctap.info.options["makeCredUvNotRqd"]
    fails(ERR.PIN_REQUIRED, token.make, "always")
    made = Token(reader, pin).make("always")
    save("always", made.auth_data.credential_data)
    fails(ERR.PIN_REQUIRED, token.get, listed("always"))
    token.get(listed("always"), up=False)
    Token(reader, pin).get(listed("always"))

def claim_configure(reader, pin, longer):
    Token(reader, pin).config().toggle_always_uv()
    assert Token(reader).ctap.info.options["alwaysUv"] is False
    Token(reader, pin).config().set_min_pin_length(len(longer))
    info = Token(reader).ctap.info
    assert info.min_pin_length == len(longer) and info.force_pin_change
    client_pin = Token(reader).client_pin
    fails(ERR.PIN_POLICY_VIOLATION, client_pin.get_pin_token, pin,
        ClientPin.PERMISSION.GET_ASSERTION, RP["id"])
    fails(ERR.PIN_POLICY_VIOLATION, client_pin.change_pin, pin, pin)
    client_pin.change_pin(pin, longer)
    client_pin.get_pin_token(longer, ClientPin.PERMISSION.GET_ASSERTION, RP["id"])
    fails(ERR.PIN_POLICY_VIOLATION, Token(reader, longer).config().set_min_pin_length, 4)

def serve():
    for line in sys.stdin:
        fields = line.rstrip("\n").split("\x1f")
        if len(fields) < 4: sys.exit(f"no claim: {line!r}")
        out, code, reader, claim, *arguments = fields
        child = os.fork()
        if child == 0 and os.fork() != 0: os._exit(0) # whoever runs the claim is nobody's child to wait for
        if child != 0:
            os.waitpid(child, 0)
            continue
        status = 1
        with open(out, "a") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        try:
            globals()["claim_" + claim](reader, *arguments)
            sys.stdout.flush()
            status = 0
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
        with open(code + ".new", "w") as file: print(status, file=file)
        os.rename(code + ".new", code)
        os._exit(status)

if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]: serve()
    else: globals()["claim_" + sys.argv[2]](sys.argv[1], *sys.argv[3:])
