"""Authlib as an OAuth client of the identity service, with joserfc to read its tokens.

Takes and prints what journey.mjs does, whose steps it repeats; `authority` is the certificates to believe. Authlib does
not look at `iss` of an authorization response, so that step is not here.
"""

import json
import pathlib
import subprocess
import sys
import urllib.parse

from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url
from joserfc import jwk, jwt

BROWSER = pathlib.Path(__file__).parents[1] / "browser.py"
ALGORITHMS = ["RS256", "ES256"]


class Client:
    def __init__(self, given, secret):
        client = given["client"]
        self.given, self.redirect = given, client["redirect"]
        proof = "client_secret_basic" if secret else "none"
        self.session = OAuth2Session(
            client["id"], secret, redirect_uri=self.redirect, code_challenge_method="S256",
            token_endpoint_auth_method=proof, revocation_endpoint_auth_method=proof)
        self.session.verify = given["authority"]
        # A list of authorities in the environment would win over that one.
        self.session.trust_env = False
        place = get_well_known_url(given["issuer"], external=True)
        answer = self.session.request("GET", place, withhold_token=True)
        answer.raise_for_status()
        self.metadata = AuthorizationServerMetadata(answer.json())
        self.metadata.validate()

    def begin(self):
        """A sign-on up to the call back: its URL, what it is compared with, and how often a password was typed."""
        verifier = generate_token(64)
        url, state = self.session.create_authorization_url(
            self.metadata["authorization_endpoint"], code_verifier=verifier)
        names = ("authorities", "cookies", "user", "password")
        asked = {"url": url, "stop": self.redirect, **{name: self.given[name] for name in names}}
        done = subprocess.run([sys.executable, BROWSER], input=json.dumps(asked), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert told["stopped"] == "there", f"{told.get('status')} {told.get('words')}"
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(told["url"]).query))
        assert query.get("iss") == self.given["issuer"], query.get("iss")
        return told["url"], {"state": state, "code_verifier": verifier}, told["typed"]

    def exchange(self, url, checks):
        return self.session.fetch_token(
            self.metadata["token_endpoint"], authorization_response=url, **checks)

    def refresh(self, token, **more):
        return self.session.refresh_token(self.metadata["token_endpoint"], refresh_token=token, **more)

    def introspect(self, token):
        answer = self.session.introspect_token(self.metadata["introspection_endpoint"], token=token)
        answer.raise_for_status()
        return answer.json()

    def revoke(self, token):
        self.session.revoke_token(self.metadata["revocation_endpoint"], token=token).raise_for_status()

    def read(self, token):
        """The claims of a token that the published keys prove."""
        answer = self.session.request("GET", self.metadata["jwks_uri"], withhold_token=True)
        keys = jwk.KeySet.import_key_set(answer.json())
        return jwt.decode(token, keys, algorithms=ALGORITHMS)


def refused(codes, does):
    try:
        does()
    except AuthlibBaseError as problem:
        assert problem.error in codes, problem.error
    else:
        raise AssertionError(f"taken, where {codes} is due")


class Journey:
    """The steps, in their order; each is named by the first line of what it says of itself."""

    def __init__(self, given):
        self.given = given
        self.client = Client(given, given["client"]["secret"])
        self.tokens = None

    def discovery(self):
        """discovery says what it must"""
        told = self.client.metadata
        assert told["issuer"] == self.given["issuer"], told["issuer"]
        assert told["response_types_supported"] == ["code"]
        assert told["code_challenge_methods_supported"] == ["S256"]

    def code(self):
        """a code becomes tokens of the person"""
        url, checks, _ = self.client.begin()
        self.tokens = self.client.exchange(url, checks)
        assert self.tokens["user_id"] == self.given["user"]
        assert self.tokens["token_type"].lower() == "bearer" and self.tokens["expires_in"] > 0

    def again(self):
        """the next sign-on asks nothing"""
        _, _, typed = self.client.begin()
        assert typed == 0

    def state(self):
        """another state is refused"""
        url, checks, _ = self.client.begin()
        try:
            self.client.exchange(url, {**checks, "state": "another"})
        except AuthlibBaseError as problem:
            assert problem.error == "mismatching_state", problem.error
        else:
            raise AssertionError("the client let it through")

    def verifier(self):
        """another verifier is refused"""
        url, checks, _ = self.client.begin()
        refused(["invalid_grant"], lambda: self.client.exchange(url, {**checks, "code_verifier": generate_token(64)}))

    def secret(self):
        """another secret is refused"""
        if secret := self.given["client"]["secret"]:
            wrong = Client(self.given, secret + "x")
            url, checks, _ = wrong.begin()
            refused(["invalid_client"], lambda: wrong.exchange(url, checks))

    def next_pair(self):
        """a refresh gives the next pair"""
        with_access = self.given["refresh"] == "with_access_token"
        more = {"access_token": self.tokens["access_token"]} if with_access else {}
        before, self.tokens = self.tokens, self.client.refresh(self.tokens["refresh_token"], **more)
        assert self.tokens["refresh_token"] != before["refresh_token"]
        if with_access:
            refused(["invalid_request", "invalid_grant"], lambda: self.client.refresh(self.tokens["refresh_token"]))

    def token(self):
        """the token is what the client was promised"""
        token = self.tokens["access_token"]
        if self.given["readable"]:
            read = self.client.read(token)
            assert read.header["typ"] == "at+jwt", read.header
            wanted = (self.given["issuer"], self.given["client"]["id"], self.given["user"])
            assert tuple(read.claims[name] for name in ("iss", "client_id", "user_id")) == wanted
            jwt.JWTClaimsRegistry(exp={"essential": True}, iat={"essential": True}, jti={"essential": True}).validate(
                read.claims)
        else:
            assert token.count(".") == 4

    def introspection(self):
        """introspection knows the token"""
        if self.given["introspects"]:
            token = self.tokens["access_token"]
            told = self.client.introspect(token)
            assert (told["active"], told["client_id"]) == (True, self.given["client"]["id"])
            assert self.client.introspect(token + "x") == {"active": False}

    def replay(self):
        """a code that comes again ends what came of it"""
        url, checks, _ = self.client.begin()
        first = self.client.exchange(url, checks)
        refused(["invalid_grant"], lambda: self.client.exchange(url, checks))
        refused(["invalid_grant"], lambda: self.client.refresh(
            first["refresh_token"], access_token=first["access_token"]))

    def revocation(self):
        """what is revoked is refused"""
        self.client.revoke(self.tokens["refresh_token"])
        refused(["invalid_grant"], lambda: self.client.refresh(
            self.tokens["refresh_token"], access_token=self.tokens["access_token"]))
        if self.given["introspects"]:
            assert self.client.introspect(self.tokens["access_token"]) == {"active": False}
        self.client.revoke("never-issued")


STEPS = (Journey.discovery, Journey.code, Journey.again, Journey.state, Journey.verifier, Journey.secret,
         Journey.next_pair, Journey.token, Journey.introspection, Journey.replay, Journey.revocation)


def main():
    journey, failures = Journey(json.load(sys.stdin)), 0
    for step in STEPS:
        try:
            step(journey)
            print("ok authlib", step.__doc__, flush=True)
        except Exception as problem:  # whatever it is, the next step is taken
            failures += 1
            print(f"failed authlib {step.__doc__}: {type(problem).__name__}: {problem}", flush=True)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
