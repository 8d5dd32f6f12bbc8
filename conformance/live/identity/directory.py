"""A slapd with people in it, in a folder and on a port of its own, for an identity provider to ask."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import time

SCHEMAS, MODULES = pathlib.Path("/etc/ldap/schema"), pathlib.Path("/usr/lib/ldap")
BASE = "dc=example,dc=com"
START_SECONDS = 20
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])

CONFIGURATION = """\
include {schemas}/core.schema
include {schemas}/cosine.schema
include {schemas}/inetorgperson.schema
modulepath {modules}
moduleload back_mdb
pidfile {folder}/slapd.pid
database mdb
suffix "{base}"
directory {folder}/data
maxsize 16777216
"""


def missing():
    if not all(shutil.which(name, path=PATH) for name in ("slapd", "slapadd")) or not SCHEMAS.is_dir():
        return "slapd is not installed"
    return ""


@contextlib.contextmanager
def running(folder, people):
    """Gives its URL; `people` are those of an identity provider, user@domain as `mail`."""
    folder = pathlib.Path(folder) / "slapd"
    (folder / "data").mkdir(parents=True)
    configuration = folder / "slapd.conf"
    configuration.write_text(CONFIGURATION.format(schemas=SCHEMAS, modules=MODULES, folder=folder, base=BASE))
    entries = [f"dn: {BASE}\nobjectClass: organization\nobjectClass: dcObject\no: example\ndc: example\n"]
    entries += [f"dn: uid={one['user']},{BASE}\nobjectClass: inetOrgPerson\nuid: {one['uid']}\ncn: {one['uid']}\n"
                f"sn: {one['uid']}\nmail: {one['user_principal']}\nuserPassword: {one['password']}\n" for one in people]
    slapadd, slapd = (shutil.which(name, path=PATH) for name in ("slapadd", "slapd"))
    subprocess.run([slapadd, "-f", configuration], input="\n".join(entries), text=True, check=True,
                   capture_output=True)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    url = f"ldap://127.0.0.1:{port}"
    process = subprocess.Popen([slapd, "-d", "0", "-h", url, "-f", configuration], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError("slapd does not answer") from None
                time.sleep(0.02)
        yield url
    finally:
        process.terminate()
        process.wait()
