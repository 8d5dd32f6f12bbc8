"""Who may sign in at an identity provider, and the sign-in page they see."""

import hmac
import html
import json
import pathlib


class Listed:
    """People from a file: [{"user", "password", "uid", "user_principal"}]."""

    def __init__(self, file):
        self.people = {person["user"]: person for person in json.loads(pathlib.Path(file).read_text())}

    def find(self, user, password):
        person = self.people.get(user)
        if person is None or not hmac.compare_digest(person["password"].encode(), password.encode()):
            return None
        return {"uid": person["uid"], "user_principal": person["user_principal"]}


class Directory:
    """People of an LDAP directory: looked for by `uid`, proven by a bind."""

    def __init__(self, url, base, principal):
        import ldap3

        self.ldap3, self.url, self.base, self.principal = ldap3, url, base, principal

    def find(self, user, password):
        # A bind without a password succeeds and proves nothing.
        if not password:
            return None
        ldap3 = self.ldap3
        with ldap3.Connection(self.url, read_only=True, auto_bind=True) as asking:
            wanted = f"(uid={ldap3.utils.conv.escape_filter_chars(user)})"
            asking.search(self.base, wanted, attributes=["uid", self.principal])
            if len(asking.entries) != 1:
                return None
            entry = asking.entries[0]
        proving = ldap3.Connection(self.url, entry.entry_dn, password, read_only=True)
        is_proven = proving.bind()
        proving.unbind()
        return {"uid": str(entry.uid), "user_principal": str(entry[self.principal])} if is_proven else None


PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Sign in</title></head><body><main>
<h1>Sign in</h1>{told}
<form method="post" action="{action}">
<input type="hidden" name="flow" value="{flow}">
<p><label>User <input name="user" autocomplete="username" required autofocus></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p>
<p><button>Sign in</button></p>
</form></main></body></html>
"""


def sign_in_page(action, flow, is_refused=False):
    told = '\n<p role="alert">That user and password are not known.</p>' if is_refused else ""
    return PAGE.format(told=told, action=html.escape(action), flow=html.escape(flow))
