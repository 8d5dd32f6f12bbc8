"""A browser without a screen: follows redirects, keeps cookies and fills in forms as a person would.

As a program it reads one JSON object from standard input, {"url", "stop", "user", "password", "authorities": [FILE],
"cookies": FILE}, goes there, and writes one JSON object: where it stopped and how it got there. It stops before it
would ask for a URL that begins with `stop`, and on a page that it has no answer to. Cookies are kept in the file from
one run to the next.

Of a real browser it has what sign-ons stumble over: SameSite, Secure and __Host- cookies, the Origin and Sec-Fetch
headers, Referrer-Policy, and form-action of a page's policy, which holds for the redirects after a form too.
"""

import html.parser
import http.client
import json
import pathlib
import ssl
import sys
import time
import urllib.parse

STEPS_MAX = 20
BODY_BYTES_MAX = 4 * 1024 * 1024
TIMEOUT_SECONDS = 20
TEXT_KINDS = ("text", "email", "")


class Refused(Exception):
    """What a browser would not do."""


class Page(html.parser.HTMLParser):
    """The forms and words of a page."""

    def __init__(self, text):
        super().__init__()
        self.forms = []
        self.words = []
        self._form = None
        self._is_quiet = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = {"action": given.get("action", ""), "method": given.get("method", "get").lower(), "fields": []}
            self.forms.append(self._form)
        elif tag in ("input", "button") and self._form is not None:
            kind = given.get("type", "submit" if tag == "button" else "text").lower()
            field = {"name": given.get("name", ""), "value": given.get("value", ""), "kind": kind}
            if kind not in ("checkbox", "radio") or "checked" in given:
                self._form["fields"].append(field)
        self._is_quiet = tag in ("script", "style") or self._is_quiet

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        if tag in ("script", "style"):
            self._is_quiet = False

    def handle_data(self, data):
        if not self._is_quiet and data.strip():
            self.words.append(" ".join(data.split()))


def origin_of(url):
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def site_of(url):
    """What SameSite goes by: scheme and registrable name. Below `localhost` each name is its own."""
    parts = urllib.parse.urlsplit(url)
    host = (parts.hostname or "").lower()
    if not host.replace(".", "").isdigit():
        host = ".".join(host.split(".")[-2:])
    return parts.scheme, host


class Cookies:
    """What servers asked to be told again. Only for their own host: Domain is not followed."""

    def __init__(self, kept=()):
        self.kept = list(kept)

    def take(self, url, lines):
        parts = urllib.parse.urlsplit(url)
        for line in lines:
            pair, *attributes = [piece.strip() for piece in line.split(";")]
            name, _, value = pair.partition("=")
            given = {}
            for attribute in attributes:
                key, _, word = attribute.partition("=")
                given[key.strip().lower()] = word.strip()
            path = given.get("path", "")
            same_site = given.get("samesite", "lax").lower()
            is_secure = "secure" in given
            if is_secure and parts.scheme != "https" or same_site == "none" and not is_secure:
                raise Refused(f"cookie {name} would be dropped: Secure is missing or vain")
            if name.startswith("__Host-") and not (is_secure and path == "/" and "domain" not in given):
                raise Refused(f"cookie {name} would be dropped: __Host- asks for Secure, Path=/ and no Domain")
            path = path if path.startswith("/") else parts.path.rpartition("/")[0] or "/"
            ends = time.time() + int(given["max-age"]) if given.get("max-age") else None
            is_past = "1970" in given.get("expires", "")
            key = (name, parts.hostname, path)
            self.kept = [old for old in self.kept if (old["name"], old["host"], old["path"]) != key]
            if not is_past and (ends is None or ends > time.time()):
                self.kept.append({"name": name, "value": value, "host": parts.hostname, "path": path,
                                  "secure": is_secure, "same_site": same_site, "ends": ends})

    def header(self, url, method, is_cross_site):
        parts = urllib.parse.urlsplit(url)
        told = []
        for cookie in self.kept:
            path = cookie["path"]
            below = parts.path == path or parts.path.startswith(path.rstrip("/") + "/")
            is_sent = {"strict": not is_cross_site, "none": True}.get(
                cookie["same_site"], not is_cross_site or method == "GET")
            is_alive = cookie["ends"] is None or cookie["ends"] > time.time()
            if cookie["host"] == parts.hostname and below and is_sent and is_alive:
                told.append(f"{cookie['name']}={cookie['value']}")
        return "; ".join(told)


class Answer:
    """What a server said."""

    def __init__(self, url, status, headers, body):
        self.url, self.status, self.headers, self.body = url, status, headers, body

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.body)

    def policy(self, directive):
        """The sources that a page's policy names for it, or None."""
        for part in (self.headers.get("Content-Security-Policy") or "").split(";"):
            words = part.split()
            if words and words[0].lower() == directive:
                return words[1:]
        return None


def allows(sources, page, target):
    """Whether a list of sources has the target."""
    if sources is None:
        return True
    scheme = urllib.parse.urlsplit(target).scheme + ":"
    origin = origin_of(target)
    for source in sources:
        word = source.lower().rstrip("/")
        if word == "'self'" and origin == origin_of(page) or word in ("*", scheme):
            return True
        if word == origin or target.startswith(source) or "://" not in word and origin.endswith("://" + word):
            return True
    return False


class Browser:
    """One person's, with its own cookies."""

    def __init__(self, authorities=(), cookies=()):
        self.context = ssl.create_default_context()
        self.cookies = Cookies(cookies)
        for authority in authorities:
            self.context.load_verify_locations(cafile=authority)

    def ask(self, method, url, body=None, headers=None):
        """One request and its answer, whatever that is; no redirect is followed."""
        parts = urllib.parse.urlsplit(url)
        host = parts.hostname or ""
        # As browsers have it, whatever the machine's resolver thinks.
        address = "127.0.0.1" if host == "localhost" or host.endswith(".localhost") else host
        if parts.scheme == "https":
            connection = ByAddress(host, parts.port or 443, address, self.context)
        else:
            connection = http.client.HTTPConnection(address, parts.port or 80, timeout=TIMEOUT_SECONDS)
        target = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
        try:
            connection.request(method, target, body, {"Host": parts.netloc, **(headers or {})})
            response = connection.getresponse()
            content = response.read(BODY_BYTES_MAX)
            self.cookies.take(url, response.headers.get_all("Set-Cookie") or [])
            return Answer(url, response.status, response.headers, content)
        finally:
            connection.close()

    def go(self, url, stop=None, user=None, password=None):
        """Goes there and on, until `stop`, or a page that there is no answer to."""
        method, body, page, sources = "GET", None, None, None
        steps, typed = [], 0
        for _ in range(STEPS_MAX):
            if stop and url.startswith(stop):
                return {"stopped": "there", "url": url, "steps": steps, "typed": typed}
            answer = self.ask(method, url, body, self._headers(method, url, page))
            steps.append({"method": method, "url": url.partition("?")[0], "status": answer.status})
            location = answer.headers.get("Location")
            if answer.status in (301, 302, 303, 307, 308) and location:
                target = urllib.parse.urljoin(url, location)
                if not allows(sources, page.url if page else url, target):
                    raise Refused(f"form-action of the page before does not have {origin_of(target)}")
                if answer.status < 307:
                    method, body = "GET", None
                url = target
                continue
            form, typing = self._form_to_send(Page(answer.text), typed, user, password)
            if form is None:
                words = " ".join(Page(answer.text).words)[:400]
                return {"stopped": "page", "url": url, "status": answer.status, "words": words,
                        "steps": steps, "typed": typed}
            typed += typing
            target = urllib.parse.urljoin(url, form["action"] or url)
            sources = answer.policy("form-action")
            if not allows(sources, url, target):
                raise Refused(f"form-action of {origin_of(url)} does not have {origin_of(target)}")
            filled = urllib.parse.urlencode(form["filled"])
            if form["method"] == "post":
                method, body = "POST", filled
            else:
                method, body, target = "GET", None, target.partition("?")[0] + "?" + filled
            url, page = target, answer
        raise Refused(f"more than {STEPS_MAX} steps")

    def _headers(self, method, url, page):
        is_cross_site = page is not None and site_of(page.url) != site_of(url)
        site = "none"
        if page is not None:
            is_same_origin = origin_of(page.url) == origin_of(url)
            site = "cross-site" if is_cross_site else "same-origin" if is_same_origin else "same-site"
        headers = {"Accept": "text/html,*/*;q=0.8", "Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate",
                   "Sec-Fetch-Dest": "document", "User-Agent": "Mozilla/5.0 (no screen)"}
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            policy = (page.headers.get("Referrer-Policy") or "").strip().lower() if page else ""
            headers["Origin"] = "null" if policy == "no-referrer" else origin_of(page.url) if page else origin_of(url)
        told = self.cookies.header(url, method, is_cross_site)
        return {**headers, "Cookie": told} if told else headers

    def _form_to_send(self, page, typed, user, password):
        """A form with its fields filled in, and whether a password was typed."""
        for form in page.forms:
            kinds = [field["kind"] for field in form["fields"]]
            names = [field["name"] for field in form["fields"]]
            asks = "password" in kinds
            if asks and (typed or user is None) or not asks and not {"SAMLRequest", "SAMLResponse"} & set(names):
                continue
            filled, has_user, has_button = [], False, False
            for field in form["fields"]:
                value = field["value"]
                if field["kind"] in ("submit", "button", "image"):
                    if has_button or not field["name"]:
                        continue
                    has_button = True
                elif field["kind"] == "password":
                    value = password
                elif asks and field["kind"] in TEXT_KINDS and not has_user:
                    value, has_user = user, True
                if field["name"]:
                    filled.append((field["name"], value))
            return {**form, "filled": filled}, int(asks)
        return None, 0


class ByAddress(http.client.HTTPSConnection):
    """To an address, by a name."""

    def __init__(self, host, port, address, context):
        super().__init__(host, port, timeout=TIMEOUT_SECONDS, context=context)
        self.address, self.context = address, context

    def connect(self):
        self.sock = self._create_connection((self.address, self.port), self.timeout)
        self.sock = self.context.wrap_socket(self.sock, server_hostname=self.host)


def main():
    asked = json.load(sys.stdin)
    kept = pathlib.Path(asked["cookies"]) if asked.get("cookies") else None
    cookies = json.loads(kept.read_text()) if kept and kept.exists() else []
    browser = Browser(asked.get("authorities", []), cookies)
    try:
        told = browser.go(asked["url"], asked.get("stop"), asked.get("user"), asked.get("password"))
    except (Refused, OSError) as problem:
        told = {"stopped": "refused", "words": str(problem)}
    if kept:
        kept.write_text(json.dumps(browser.cookies.kept))
    print(json.dumps(told))


if __name__ == "__main__":
    main()
