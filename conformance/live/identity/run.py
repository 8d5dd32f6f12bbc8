"""Journeys of other people's programs through a gateway that runs: identity providers, OAuth clients, JOSE libraries.

Usage: run.py ENDPOINTS.json [--only WORD] [--node PROGRAM] [--oracles PROGRAM]. The gateway's own provider and settings are what its
administrator finds changed afterwards, so give it one that is there for this. Prints one line a journey, `ok NAME`,
`failed NAME: why` or `left out NAME: reason`, and exits with 1 if any failed.
"""

import argparse
import contextlib
import json
import os
import pathlib
import queue
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import browser
import directory
import gateway

HERE = pathlib.Path(__file__).parent
PROVIDER = "live"
REDIRECT = "https://client.localhost/called-back"
ENTITY = "https://idp.localhost/journey"
PASSWORD = "planted for the journey"
START_SECONDS = 30
END_SECONDS = 15
JOURNEY_SECONDS = 120
# No name of a client may stand for two.
MARK = os.urandom(4).hex()
# Libraries of Python warn of one another.
SILENT = "-W", "ignore"


class LeftOut(Exception):
    """Something that a journey needs is not here."""


class Provider:
    """An identity provider that runs, and what it tells."""

    def __init__(self, program, folder, sign, more=()):
        people = [] if "--ldap" in more else ["--users", folder / "users.json"]
        command = [sys.executable, *SILENT, HERE / program, "--sp-metadata", folder / "sp.xml", "--sign", sign]
        self.process = subprocess.Popen([*command, *people, *more], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.lines = queue.Queue()
        self.errors = []
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=lambda: self.errors.extend(self.process.stderr), daemon=True).start()
        try:
            line = self.lines.get(timeout=START_SECONDS)
        except queue.Empty:
            line = None
        if not line or not line.startswith("ready "):
            self.process.kill()
            self.process.wait()
            said = "".join(self.errors).strip()
            if said.startswith("left out: "):
                raise LeftOut(said.removeprefix("left out: "))
            raise RuntimeError(f"{program} did not start: {said[-400:]}")
        told = json.loads(line.removeprefix("ready "))
        self.certificate = told["certificate"]
        self.base = browser.origin_of(told["metadata"])
        self.metadata = browser.Browser([self.certificate]).ask("GET", told["metadata"]).body

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def end(self):
        """Ends it; gives what it told meanwhile."""
        self.process.stdin.close()
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        told = []
        while (line := self.lines.get()) is not None:
            told.append(line.strip())
        return told


class Place:
    """The gateway, its administrator, and a folder for what is made on the way."""

    def __init__(self, options, folder):
        self.gateway = gateway.Gateway(options.endpoints)
        self.administrator = gateway.Administrator(self.gateway)
        self.administrator.prepare()
        self.node, self.folder, self.oracles = options.node, folder, options.oracles
        self.user = self.gateway.agents[0]
        (folder / "sp.xml").write_bytes(self.gateway.sp_metadata())
        self.people = [{"user": agent, "password": PASSWORD, "uid": agent, "user_principal": f"{agent}@example.com"}
                       for agent in self.gateway.agents]
        (folder / "users.json").write_text(json.dumps(self.people))

    @contextlib.contextmanager
    def trusted(self, program, sign="both", more=()):
        """A provider that runs and is the one that the gateway believes."""
        provider = Provider(program, self.folder, sign, more)
        try:
            self.administrator.trust(PROVIDER, provider.metadata)
            yield provider
        finally:
            self.told = provider.end()

    @contextlib.contextmanager
    def client(self, kind="confidential", **more):
        made = self.administrator.register(f"journey {MARK}", REDIRECT, kind, **more)
        try:
            yield made
        finally:
            self.administrator.forget(made)

    def authorize(self, client, state="some state"):
        """Where a client sends a browser; whoever follows it has no use for the code."""
        asked = {"response_type": "code", "client_id": client["id"], "redirect_uri": client["redirect"],
                 "state": state, "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
                 "code_challenge_method": "S256"}
        return f"{self.gateway.issuer}/ids/v1/oauth/authorize?{urllib.parse.urlencode(asked)}"

    def browser(self, provider):
        return browser.Browser([self.gateway.authority, provider.certificate])


def expect(told, stopped, typed=None):
    assert told["stopped"] == stopped, f"{told.get('status')} {told.get('words')} after {told['steps']}"
    assert typed is None or told["typed"] == typed, f"a password was typed {told['typed']} times"


def sign_on(place, program, sign):
    """A person signs on and is called back, and then needs no password: neither of us nor, without us, of it."""
    with place.trusted(program, sign) as provider, place.client() as client:
        person = place.browser(provider)
        told = person.go(place.authorize(client), client["redirect"], place.user, PASSWORD)
        expect(told, "there", 1)
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(told["url"]).query))
        assert query.get("code") and query.get("state") == "some state", sorted(query)
        assert query.get("iss") == place.gateway.issuer, query.get("iss")
        expect(person.go(place.authorize(client), client["redirect"]), "there", 0)
        ours = urllib.parse.urlsplit(place.gateway.issuer).hostname
        person.cookies.kept = [cookie for cookie in person.cookies.kept if cookie["host"] != ours]
        expect(person.go(place.authorize(client), client["redirect"]), "there", 0)


def of_a_directory(place):
    """The people are those of an LDAP directory."""
    if why := directory.missing():
        raise LeftOut(why)
    with directory.running(place.folder, place.people) as url:
        more = ["--ldap", url, "--ldap-base", directory.BASE, "--ldap-principal", "mail"]
        with place.trusted("idp_pysaml2.py", more=more) as provider, place.client() as client:
            for password, stopped in (("wrong", "page"), (PASSWORD, "there")):
                told = place.browser(provider).go(place.authorize(client), client["redirect"], place.user, password)
                expect(told, stopped, 1)


def refused_sign_on(place, program, sign):
    """A person whose Response has a signature on the assertion alone is not signed on."""
    with place.trusted(program, sign) as provider, place.client() as client:
        told = place.browser(provider).go(place.authorize(client), client["redirect"], place.user, PASSWORD)
        expect(told, "page", 1)
        assert told["url"].startswith(place.gateway.issuer) and told["status"] >= 400, told
        assert told["words"], "the page is empty"


def wrong_password(place, program):
    """Whoever the provider does not know gets no further than its page."""
    with place.trusted(program) as provider, place.client() as client:
        told = place.browser(provider).go(place.authorize(client), client["redirect"], place.user, "wrong")
        expect(told, "page", 1)
        assert not told["url"].startswith(place.gateway.issuer), told["url"]


def another_key(place, program):
    """Only the key in the metadata is believed; once it is put right the same browser is signed on."""
    with place.trusted(program, more=["--entity-id", ENTITY]) as provider, place.client() as client:
        person = place.browser(provider)
        other = Provider(program, place.folder, "both", ["--entity-id", ENTITY])
        other.end()
        place.administrator.trust(PROVIDER, other.metadata.replace(other.base.encode(), provider.base.encode()))
        told = person.go(place.authorize(client), client["redirect"], place.user, PASSWORD)
        expect(told, "page", 1)
        assert told["url"].startswith(place.gateway.issuer) and told["status"] >= 400, told
        place.administrator.trust(PROVIDER, provider.metadata)
        expect(person.go(place.authorize(client), client["redirect"]), "there", 0)


def authorize_errors(place):
    """Who may not be sent back sees a page; who may is told by an error with state and iss."""
    with place.client() as client:
        person = browser.Browser([place.gateway.authority])
        good = place.authorize(client)
        for old, new in ((client["id"], "0" * 40), ("called-back", "called-back%2F"), ("called-back", "..")):
            told = person.go(good.replace(old, new, 1), "https://client.localhost")
            expect(told, "page")
            assert told["status"] in (400, 401), told
        wrong = {"unsupported_response_type": ("response_type=code", "response_type=token"),
                 "invalid_request": ("code_challenge_method=S256", "code_challenge_method=plain")}
        for error, (old, new) in wrong.items():
            told = person.go(good.replace(old, new, 1), client["redirect"])
            expect(told, "there")
            query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(told["url"]).query))
            is_so = [query.get(name) for name in ("error", "state", "iss", "code")]
            assert is_so == [error, "some state", place.gateway.issuer, None], is_so


def schema(place):
    """What is given to identity providers is metadata by the schema of SAML."""
    from saml2.xml import schema as saml_schema

    saml_schema.validate((place.folder / "sp.xml").read_text())


CLIENTS = {
    "authlib": lambda place: [sys.executable, *SILENT, HERE / "clients/authlib_client.py"],
    "oauth4webapi": lambda place: [place.node, HERE / "clients/journey.mjs", "oauth4webapi"],
    "oauth2 (crate)": lambda place: [place.oracles, "oauth"],
    "openid-client": lambda place: [place.node, HERE / "clients/journey.mjs", "openid_client"],
}
# By name: the kind of client, and what is set of it.
REGISTRATIONS = {
    "as the source has it": ("confidential", {"may_introspect": True, "encrypt_tokens": True}),
    "by the RFC alone": (
        "confidential", {"may_introspect": True, "encrypt_tokens": False, "refresh": "refresh_token_only"}),
    "public": ("public", {"encrypt_tokens": False, "refresh": "refresh_token_only"}),
}


def client_journey(place, library, registration):
    """A library as a client; prints its steps, indented."""
    kind, more = REGISTRATIONS[registration]
    if library == "oauth2 (crate)":
        if not place.oracles:
            raise LeftOut("--oracles does not name the program of conformance/oracles")
    elif library != "authlib" and not (HERE / "clients/node_modules").is_dir():
        raise LeftOut("npm ci was not run in conformance/live/identity/clients")
    with place.trusted("idp_pysaml2.py") as provider, place.client(kind, **more) as client:
        cookies = place.folder / f"cookies-{os.urandom(4).hex()}"
        given = {
            "issuer": place.gateway.issuer, "authority": place.gateway.authority,
            "authorities": [place.gateway.authority, provider.certificate],
            "client": client, "user": place.user, "password": PASSWORD, "cookies": str(cookies),
            "refresh": more.get("refresh", "with_access_token"), "introspects": more.get("may_introspect", False),
            "readable": not more["encrypt_tokens"], "browser": [sys.executable, str(HERE / "browser.py")],
        }
        environment = {**os.environ, "NODE_EXTRA_CA_CERTS": place.gateway.authority}
        done = subprocess.run(CLIENTS[library](place), input=json.dumps(given), capture_output=True, text=True,
                              env=environment, timeout=JOURNEY_SECONDS)
        for line in done.stdout.splitlines():
            print("   ", line, flush=True)
        assert done.returncode == 0, f"exit {done.returncode} {done.stderr[-600:]}".strip()


def journeys():
    """Each with its name."""
    yield "sp.xml and the schema", schema
    yield "what authorize refuses", authorize_errors
    for program, name in (("idp_pysaml2.py", "pysaml2"), ("idp_simplesamlphp.py", "SimpleSAMLphp")):
        for sign in ("both", "message"):
            yield f"{name} signs {sign}", lambda place, p=program, s=sign: sign_on(place, p, s)
        yield f"{name} signs the assertion alone", lambda place, p=program: refused_sign_on(place, p, "assertion")
        yield f"{name} knows no such password", lambda place, p=program: wrong_password(place, p)
        yield f"{name} with another key", lambda place, p=program: another_key(place, p)
    yield "pysaml2 asks a directory", of_a_directory
    for library in CLIENTS:
        for registration in REGISTRATIONS:
            yield (f"{library} {registration}",
                   lambda place, one=library, other=registration: client_journey(place, one, other))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("endpoints")
    parser.add_argument("--only", default="", help="journeys with this word in their name")
    parser.add_argument("--node", default="node", help="the program Node.js")
    parser.add_argument("--oracles", help="the program of conformance/oracles")
    options = parser.parse_args()
    failures = 0
    with tempfile.TemporaryDirectory(prefix="journeys-") as folder:
        place = Place(options, pathlib.Path(folder))
        for name, journey in journeys():
            if options.only not in name:
                continue
            begun = time.monotonic()
            try:
                journey(place)
                print(f"ok {name} ({time.monotonic() - begun:.1f} s)", flush=True)
            except LeftOut as why:
                print(f"left out {name}: {why}", flush=True)
            except Exception as problem:  # whatever it is, the next journey is made
                failures += 1
                print(f"failed {name}: {type(problem).__name__}: {problem}", flush=True)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
