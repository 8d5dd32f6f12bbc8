"""The gateway that runs, as its endpoints file has it, and what its administrator does by REST."""

import json
import pathlib
import urllib.parse

import browser

# REST paths, in one place.
METADATA = "/identity/providers/{name}/metadata"
IDENTITY_SETTINGS = "/identity-settings"
CLIENTS = "/oauth-clients"
CLIENT = "/oauth-clients/{client_id}"


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
            raise RuntimeError(f"GET {path}: status {answer.status}")
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
            raise RuntimeError(f"{method} {path}: status {answer.status}: {answer.text[:300]}")
        self.tag = answer.headers.get("ETag")
        return answer.json() if answer.body else None

    def patch(self, path, change):
        """Changes what was seen a moment ago."""
        self.ask("GET", path)
        more = {"If-Match": self.tag} if self.tag else {}
        return self.ask("PATCH", path, change, "application/merge-patch+json", more)

    def trust(self, name, metadata):
        """Lets people be proven by the provider with that metadata, and by no other."""
        path = METADATA.format(name=urllib.parse.quote(name))
        self.ask("PUT", path, metadata, "application/samlmetadata+xml")
        self.patch(IDENTITY_SETTINGS, {"provider": name})

    def register(self, name, redirect, kind="confidential", **more):
        """A client of the identity service: {id, secret, redirect}."""
        made = self.ask("POST", CLIENTS, {"name": name, "redirect_urls": [redirect], "kind": kind})
        if more:
            self.patch(CLIENT.format(client_id=made["client_id"]), more)
        return {"id": made["client_id"], "secret": made.get("secret"), "redirect": redirect}

    def forget(self, client):
        self.ask("DELETE", CLIENT.format(client_id=client["id"]))
