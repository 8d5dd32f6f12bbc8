"""An identity provider made of pysaml2: takes an AuthnRequest by HTTP-POST, asks who it is, and posts a Response.

Needs the program xmlsec1. Writes `ready {"entity_id", "metadata", "certificate"}` as a line when it listens, then one
JSON line for each request and sign-on, and ends with its standard input. The service provider's metadata is a file or
an https URL that is read once at the start.
"""

import argparse
import base64
import html
import http.cookies
import http.server
import json
import pathlib
import secrets
import shutil
import ssl
import sys
import tempfile
import threading
import urllib.parse
import xml.etree.ElementTree

from saml2 import BINDING_HTTP_POST
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAMEID_FORMAT_TRANSIENT
from saml2.server import Server

import browser
import keys
import people

SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
BASIC = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
PROTOCOL = "{urn:oasis:names:tc:SAML:2.0:protocol}"
SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
BODY_BYTES_MAX = 256 * 1024
SIGNED = {"both": (True, True), "message": (True, False), "assertion": (False, True)}
# pysaml2 has a name of its own for `uid`, unless it is told that names stand for themselves.
ATTRIBUTES = {"identifier": BASIC, **{way: {name: name for name in ("uid", "user_principal")} for way in ("fro", "to")}}
DONE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Signed in</title></head><body>
<form method="post" action="{action}">
<input type="hidden" name="SAMLResponse" value="{response}">{relay}
<noscript><button>Continue</button></noscript>
</form><script>document.forms[0].submit()</script></body></html>
"""


def tell(event, **more):
    print(json.dumps({"event": event, **more}), flush=True)


class Provider:
    """The identity provider: what it is configured with and whom it has seen."""

    def __init__(self, options, folder, base):
        self.options, self.base = options, base
        self.flows, self.sessions, self.seen = {}, {}, set()
        self.people = (people.Directory(options.ldap, options.ldap_base, options.ldap_principal) if options.ldap
                       else people.Listed(options.users))
        certificate, key = keys.self_signed(folder / "signing", options.host)
        sp = folder / "sp.xml"
        sp.write_bytes(read_metadata(options.sp_metadata, options.authority))
        maps = folder / "attributes"
        maps.mkdir(exist_ok=True)
        (maps / "plain.py").write_text(f"MAP = {ATTRIBUTES!r}\n")
        self.server = Server(config=IdPConfig().load({
            "entityid": options.entity_id or f"{base}/metadata",
            "xmlsec_binary": shutil.which("xmlsec1"),
            "key_file": str(key),
            "cert_file": str(certificate),
            "attribute_map_dir": str(maps),
            "metadata": {"local": [str(sp)]},
            "signing_algorithm": RSA_SHA256,
            "digest_algorithm": SHA256,
            "service": {"idp": {
                "endpoints": {"single_sign_on_service": [(f"{base}/sso", BINDING_HTTP_POST)]},
                "name_id_format": [NAMEID_FORMAT_TRANSIENT],
                "want_authn_requests_signed": True,
                "policy": {"default": {"lifetime": {"minutes": 5}, "attribute_restrictions": None,
                                       "name_form": BASIC}},
            }},
        }))
        self.metadata = str(entity_descriptor(self.server.config)).encode()

    def begin(self, fields):
        """Judges a posted AuthnRequest; pysaml2 has the signature, Destination and times, the rest is compared here."""
        request = self.server.parse_authn_request(fields["SAMLRequest"], BINDING_HTTP_POST)
        message = request.message
        problems = strict(base64.b64decode(fields["SAMLRequest"]), message, self.seen)
        tell("request", id=message.id, issuer=message.issuer.text, problems=problems)
        if problems:
            raise ValueError("; ".join(problems))
        self.seen.add(message.id)
        flow = secrets.token_urlsafe(16)
        self.flows[flow] = (message, fields.get("RelayState"))
        return flow

    def finish(self, flow, person):
        """The page that takes a Response to the service provider."""
        message, relay_state = self.flows.pop(flow)
        answer = self.server.response_args(message, [BINDING_HTTP_POST])
        is_message, is_assertion = SIGNED[self.options.sign]
        response = self.server.create_authn_response(
            person, userid=person["uid"], authn={"class_ref": PASSWORD, "authn_auth": self.base},
            sign_response=is_message, sign_assertion=is_assertion, sign_alg=RSA_SHA256, digest_alg=SHA256,
            in_response_to=answer["in_response_to"], destination=answer["destination"],
            sp_entity_id=answer["sp_entity_id"], name_id_policy=answer["name_id_policy"])
        tell("signed_on", uid=person["uid"], sign=self.options.sign)
        relay = "" if relay_state is None else (
            f'\n<input type="hidden" name="RelayState" value="{html.escape(relay_state)}">')
        text = base64.b64encode(str(response).encode()).decode()
        return DONE.format(action=html.escape(answer["destination"]), response=text, relay=relay)


def strict(xml_text, message, seen):
    """What is not as it was agreed on in an AuthnRequest whose signature is good."""
    root = xml.etree.ElementTree.fromstring(xml_text)
    policy = root.find(f"{PROTOCOL}NameIDPolicy")
    policy = {} if policy is None else policy.attrib
    algorithms = {element.get("Algorithm") for name in ("SignatureMethod", "DigestMethod")
                  for element in root.iter(SIGNATURE + name)}
    wanted = [
        ("algorithms", algorithms, {RSA_SHA256, SHA256}),
        ("ForceAuthn", root.get("ForceAuthn"), "false"),
        ("IsPassive", root.get("IsPassive"), "false"),
        ("ProtocolBinding", root.get("ProtocolBinding"), BINDING_HTTP_POST),
        ("NameIDPolicy Format", policy.get("Format"), NAMEID_FORMAT_TRANSIENT),
        ("AllowCreate", policy.get("AllowCreate"), "true"),
        ("SPNameQualifier", policy.get("SPNameQualifier"), message.issuer.text),
    ]
    problems = [f"{what} is {is_so}, not {due}" for what, is_so, due in wanted if is_so != due]
    return problems + ["this request came before"] * (message.id in seen)


def read_metadata(place, authority):
    if not place.startswith("https://"):
        return pathlib.Path(place).read_bytes()
    answer = browser.Browser([authority] if authority else []).ask("GET", place)
    if answer.status != 200:
        raise SystemExit(f"{place}: status {answer.status}")
    return answer.body


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self):
        if self.path == "/metadata":
            self.answer(200, self.server.provider.metadata, kind="application/samlmetadata+xml")
        else:
            self.answer(404, "There is nothing here.")

    def do_POST(self):
        provider = self.server.provider
        length = int(self.headers.get("Content-Length", 0))
        if length > BODY_BYTES_MAX:
            self.close_connection = True
            return self.answer(413, "Too large.")
        fields = dict(urllib.parse.parse_qsl(self.rfile.read(length).decode("ascii", "replace")))
        with self.server.one_by_one:
            try:
                if self.path == "/sso":
                    flow = provider.begin(fields)
                    jar = http.cookies.SimpleCookie(self.headers.get("Cookie", ""))
                    person = provider.sessions.get(jar["idp"].value) if "idp" in jar else None
                    page = provider.finish(flow, person) if person else people.sign_in_page("/sign-in", flow)
                    return self.answer(200, page)
                if self.path == "/sign-in":
                    person = provider.people.find(fields.get("user", ""), fields.get("password", ""))
                    if person is None:
                        return self.answer(200, people.sign_in_page("/sign-in", fields["flow"], True))
                    session = secrets.token_urlsafe(32)
                    provider.sessions[session] = person
                    # Asked for by a page of another site.
                    cookie = f"idp={session}; Path=/; Secure; HttpOnly; SameSite=None"
                    return self.answer(200, provider.finish(fields["flow"], person), cookie=cookie)
            except Exception as problem:  # a request that is refused ends nothing
                tell("refused", why=f"{type(problem).__name__}: {problem}"[:500])
                return self.answer(400, "The request was refused.")
        return self.answer(404, "There is nothing here.")

    def answer(self, status, content, kind="text/html; charset=utf-8", cookie=None):
        content = content if isinstance(content, bytes) else content.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--listen", default="127.0.0.1:0")
    parser.add_argument("--host", default="idp.localhost", help="the name it is reached by")
    parser.add_argument("--entity-id", help="its URL /metadata where this is absent")
    parser.add_argument("--sp-metadata", required=True, help="a file or an https URL")
    parser.add_argument("--authority", help="certificates to believe where that is a URL")
    parser.add_argument("--users", help='a file, [{"user", "password", "uid", "user_principal"}]')
    parser.add_argument("--ldap", help="ldap://HOST:PORT, in place of --users")
    parser.add_argument("--ldap-base", default="")
    parser.add_argument("--ldap-principal", default="userPrincipalName", help="the attribute with user@domain")
    parser.add_argument("--sign", choices=SIGNED, default="both")
    parser.add_argument("--certificate", help="for TLS, with --key; one of its own where absent")
    parser.add_argument("--key")
    options = parser.parse_args()
    if bool(options.users) == bool(options.ldap):
        parser.error("one of --users and --ldap is needed")
    with tempfile.TemporaryDirectory(prefix="idp-") as temporary:
        folder = pathlib.Path(temporary)
        given = options.certificate and (options.certificate, options.key)
        own = given or keys.self_signed(folder / "tls", options.host)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*own)
        address, _, port = options.listen.rpartition(":")
        server = http.server.ThreadingHTTPServer((address, int(port)), Handler)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        base = f"https://{options.host}:{server.server_port}"
        server.provider, server.one_by_one = Provider(options, folder, base), threading.Lock()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        ready = {"entity_id": server.provider.server.config.entityid, "metadata": f"{base}/metadata",
                 "certificate": str(own[0])}
        print("ready " + json.dumps(ready), flush=True)
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    main()
