"""The gateway that runs, as its endpoints file has it, and what its administrator does by REST."""

import json
import os
import pathlib
import secrets
import urllib.parse

import browser

# REST paths, in one place.
METADATA = "/identity/providers/{name}/metadata"
PROVIDER = "/identity-providers/{name}"
IDENTITY_SETTINGS = "/identity-settings"
CLIENT = "/oauth-clients/{client_id}"


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, asked, answer):
        super().__init__(f"{asked}: status {answer.status}: {answer.text[:300]}")
        self.status = answer.status


class Gateway:
    """Its places and its people."""

    def __init__(self, endpoints):
        told = json.loads(pathlib.Path(endpoints).read_text())
        self.authority = told["ca"]
        identity = told["identity"]
        # Either its base, or a table with it.
        self.issuer = (identity if isinstance(identity, str) else identity["base"]).rstrip("/")
        self.api = told["api"]
        self.admin = told["admin"]
        self.agents = [str(agent["id"]) for agent in told["agents"]]
        self.client = told.get("oauth_client")

    def fetch(self, path):
        answer = browser.Browser([self.authority]).ask("GET", self.issuer + path)
        if answer.status != 200:
            raise Refused(f"GET {path}", answer)
        return answer

    def sp_metadata(self):
        return self.fetch("/ids/saml/sp.xml").body


class Administrator:
    """Signed in at the REST interface like a person: a cookie and the page's own origin."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.browser = browser.Browser([gateway.authority])
        self.ask("POST", "/session", {"account": gateway.admin["user"], "password": gateway.admin["password"],
                                      "acknowledged": True})

    def ask(self, method, path, content=None, kind="application/json", more=None):
        """The answer's document; anything but success is an error."""
        url = self.gateway.api + path
        body = content if isinstance(content, (bytes, type(None))) else json.dumps(content).encode()
        headers = {"Origin": browser.origin_of(url), "Accept": "application/json", **(more or {})}
        if body is not None:
            headers["Content-Type"] = kind
        told = self.browser.cookies.header(url, method, False)
        answer = self.browser.ask(method, url, body, {**headers, "Cookie": told} if told else headers)
        if answer.status >= 300:
            raise Refused(f"{method} {path}", answer)
        self.tag = answer.headers.get("ETag")
        return answer.json() if answer.body else None

    def patch(self, path, change):
        """Changes what was seen a moment ago."""
        self.ask("GET", path)
        more = {"If-Match": self.tag} if self.tag else {}
        return self.ask("PATCH", path, change, "application/merge-patch+json", more)

    def prepare(self):
        """Gives the service its name where it has none yet: the one it is reached by."""
        if not self.ask("GET", IDENTITY_SETTINGS).get("hosts"):
            host = urllib.parse.urlsplit(self.gateway.issuer).netloc
            self.patch(IDENTITY_SETTINGS, {"hosts": [host]})

    def trust(self, name, metadata):
        """Lets people be proven by the provider with that metadata, and by no other."""
        name_in_path = urllib.parse.quote(name)
        try:
            self.ask("PUT", METADATA.format(name=name_in_path), metadata, "application/samlmetadata+xml")
        except Refused as problem:
            if problem.status != 404:
                raise
            # One that is not there yet is made by the settings.
            self.ask("PUT", PROVIDER.format(name=name_in_path), {"metadata": metadata.decode()})
        self.patch(IDENTITY_SETTINGS, {"provider": name})

    def register(self, name, redirect, kind="confidential", **more):
        """A client of the identity service: {id, secret, redirect}."""
        client = {"id": os.urandom(20).hex(), "secret": None, "redirect": redirect}
        document = {"name": name, "redirect_urls": [redirect], "kind": kind, **more}
        if kind == "confidential":
            client["secret"] = document["secret"] = secrets.token_urlsafe(32)
        self.ask("PUT", CLIENT.format(client_id=client["id"]), document)
        return client

    def forget(self, client):
        self.ask("DELETE", CLIENT.format(client_id=client["id"]))
