"""Tokens of joserfc for us to read, and ours for joserfc to read.

Usage: jose_vectors.py make > FILE, or jose_vectors.py read FILE. Both know one form, which clients/jose_vectors.mjs has
too: {"typ", "payload", "keys": JWK set of public keys, "seal": {KID: base64url of 32 bytes}, "tokens": [{"name",
"token", "expected": "accepted" | "refused" | "refused by us"}]}. A token of five segments is sealed and holds a signed
one. `read` prints `ok NAME` or `failed NAME: why` a token and exits with 1 if any failed. What is refused by us alone,
since it is allowed and of no use to anybody honest, `read` leaves out.
"""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import sys

from joserfc import jwe, jwk, jws
from joserfc.errors import JoseError

TYP = "at+jwt"
ALGORITHMS = ["RS256", "ES256"]


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def make():
    """Good tokens in every combination, and what nobody may take."""
    rsa = jwk.RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig"})
    ec = jwk.ECKey.generate_key("P-256", {"kid": "ec-1", "use": "sig"})
    seal = os.urandom(32)
    payload = {"sub": "1001", "exp": 1900000000, "text": "J\u00fcrgen \u2028 \"quoted\""}
    text = json.dumps(payload).encode()
    tokens = []

    def add(name, token, expected="accepted"):
        tokens.append({"name": name, "token": token, "expected": expected})

    def sign(header, key, registry=None):
        return jws.serialize_compact(header, text, key, algorithms=[header["alg"]], registry=registry)

    def sealed(token, **more):
        key = jwk.OctKey.import_key(seal)
        header = {"alg": "dir", "enc": "A256GCM", "cty": "JWT", "kid": "seal-1", **more}
        allowed = ["dir", "A256GCM", "DEF"]
        return jwe.encrypt_compact(header, token, key, algorithms=allowed)

    for alg, key in (("RS256", rsa), ("ES256", ec)):
        kid = key.kid
        good = sign({"alg": alg, "kid": kid, "typ": TYP}, key)
        add(f"{alg} signed", good)
        add(f"{alg} signed, typ written out", sign({"typ": f"application/{TYP}", "kid": kid, "alg": alg}, key))
        add(f"{alg} sealed", sealed(good))
        add(f"{alg} changed", good[:-6] + ("AAAAAA" if good[-6:] != "AAAAAA" else "BBBBBB"), "refused")
        add(f"{alg} for something else", sign({"alg": alg, "kid": kid, "typ": "rt+jwt"}, key), "refused")
        add(f"{alg} by an unknown key", sign({"alg": alg, "kid": "rsa-2", "typ": TYP}, key), "refused")
        add(f"{alg} without a key's name", sign({"alg": alg, "typ": TYP}, key), "refused by us")
        lax = jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
        add(f"{alg} with a place of keys", sign(
            {"alg": alg, "kid": kid, "typ": TYP, "jku": "https://evil.example/keys"}, key, lax), "refused by us")
        own = {"alg": alg, "kid": kid, "typ": TYP, "jwk": key.as_dict(private=False)}
        add(f"{alg} with a key of its own", sign(own, key, lax), "refused by us")
        add(f"{alg} sealed and compressed", sealed(good, zip="DEF"), "refused by us")
        add(f"{alg} sealed without saying what", sealed(good, cty="text"), "refused")
        head, body, _ = good.split(".")
        none = encoded(json.dumps({"alg": "none", "kid": kid, "typ": TYP}).encode())
        add(f"{alg} stripped", f"{none}.{body}.", "refused")
        add(f"{alg} without its signature", f"{head}.{body}.", "refused")
    public = rsa.as_pem(private=False)
    # joserfc does not take a public key for a secret, so the secret is handed over as plain bytes.
    head = encoded(json.dumps({"alg": "HS256", "kid": "rsa-1", "typ": TYP}).encode())
    message = f"{head}.{encoded(text)}".encode()
    mac = hmac.new(public, message, hashlib.sha256).digest()
    add("HS256 with the public key", f"{message.decode()}.{encoded(mac)}", "refused")
    add("sealed, yet not signed", sealed(text), "refused")
    return {"typ": TYP, "payload": payload, "keys": {"keys": [key.as_dict(private=False) for key in (rsa, ec)]},
            "seal": {"seal-1": encoded(seal)}, "tokens": tokens}


def judge(told, token):
    """The payload that joserfc finds proven."""
    if token.count(".") == 4:
        opened = jwe.decrypt_compact(
            token, lambda one: jwk.OctKey.import_key(decoded(told["seal"][one.headers()["kid"]])),
            algorithms=["dir", "A256GCM"])
        if opened.headers().get("cty", "").upper() != "JWT":
            raise JoseError(description="cty is not JWT")
        token = opened.plaintext.decode()
    proven = jws.deserialize_compact(token, jwk.KeySet.import_key_set(told["keys"]), algorithms=ALGORITHMS)
    header = proven.headers()
    if header["typ"].removeprefix("application/") != told["typ"]:
        raise JoseError(description="typ")
    return json.loads(proven.payload)


def read(file):
    told, failures = json.loads(pathlib.Path(file).read_text()), 0
    for vector in told["tokens"]:
        if vector["expected"] == "refused by us":
            continue
        try:
            found = "accepted" if judge(told, vector["token"]) == told["payload"] else "another payload"
        except (JoseError, ValueError, KeyError) as problem:
            found = f"refused ({type(problem).__name__}: {problem})"
        is_right = found.startswith(vector["expected"])
        failures += not is_right
        print(f"ok joserfc {vector['name']}" if is_right else f"failed joserfc {vector['name']}: {found}")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    if sys.argv[1] == "make":
        json.dump(make(), sys.stdout, indent=1)
        print()
    else:
        read(sys.argv[2])
