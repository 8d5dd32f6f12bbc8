"""An identity provider made of SimpleSAMLphp 1.19: PHP's own server behind a TLS front.

Needs Debian's simplesamlphp, php-cli, php-xml and php-mbstring. Takes the options of idp_pysaml2.py and tells the same:
`ready {"entity_id", "metadata", "certificate"}` as a line when it listens; it ends with its standard input. Its own log
follows on standard output as lines with "event": "log".
"""

import argparse
import http.client
import http.server
import json
import os
import pathlib
import secrets
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import keys

INSTALLED = pathlib.Path("/usr/share/simplesamlphp")
NEEDED = ("dom", "mbstring", "openssl")
SIGNED = {"both": ("true", "true"), "message": ("true", "false"), "assertion": ("false", "true")}
METADATA = "/saml2/idp/metadata.php"
START_SECONDS = 20
BODY_BYTES_MAX = 1024 * 1024
# What one hop says to the next, and no more.
HOP = ("connection", "keep-alive", "transfer-encoding", "content-length", "host")

# PHP's server speaks plainly to the TLS front; the programs have to know what the browser sees.
PREPEND = """<?php
$_SERVER['HTTPS'] = 'on';
$_SERVER['SERVER_PORT'] = '%(port)d';
"""

CONFIG = """<?php
$config = [
    'baseurlpath' => '%(base)s/',
    'certdir' => '%(folder)s/signing/',
    'loggingdir' => '%(folder)s/',
    'datadir' => '%(folder)s/',
    'tempdir' => '%(folder)s/temporary',
    'metadatadir' => '%(folder)s/metadata/',
    'attributenamemapdir' => '/etc/simplesamlphp/attributemap/',
    'secretsalt' => '%(salt)s',
    'auth.adminpassword' => '%(salt)s',
    'timezone' => 'UTC',
    'showerrors' => true,
    'errorreporting' => false,
    'logging.level' => SimpleSAML\\Logger::NOTICE,
    'logging.handler' => 'file',
    'enable.saml20-idp' => true,
    'module.enable' => ['exampleauth' => true, 'core' => true, 'saml' => true],
    'session.cookie.name' => 'SimpleSAMLSessionID',
    'session.cookie.path' => '/',
    'session.cookie.secure' => true,
    'session.cookie.samesite' => 'None',
    'session.phpsession.cookiename' => 'SimpleSAML',
    'session.phpsession.savepath' => '%(folder)s/temporary',
    'session.phpsession.httponly' => true,
    'store.type' => 'phpsession',
    'metadata.sources' => [['type' => 'flatfile']],
    'language.default' => 'en',
    'trusted.url.domains' => [],
    'production' => true,
];
"""

SOURCES = """<?php
$listed = json_decode(file_get_contents('%(folder)s/people.json'), true);
$people = [];
foreach ($listed as $one) {
    $people[$one['user'] . ':' . $one['password']] =
        ['uid' => [$one['uid']], 'user_principal' => [$one['user_principal']]];
}
$config = ['people' => array_merge(['exampleauth:UserPass'], $people)];
"""

HOSTED = """<?php
$metadata['%(entity)s'] = [
    'host' => '__DEFAULT__',
    'privatekey' => 'key.pem',
    'certificate' => 'certificate.pem',
    'auth' => 'people',
    'userid.attribute' => 'uid',
    'NameIDFormat' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient',
    'SingleSignOnServiceBinding' => ['urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST'],
    'attributes.NameFormat' => 'urn:oasis:names:tc:SAML:2.0:attrname-format:basic',
    'signature.algorithm' => 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    'validate.authnrequest' => true,
    'saml20.sign.response' => %(message)s,
    'saml20.sign.assertion' => %(assertion)s,
];
"""

# Read by SimpleSAMLphp's own parser of metadata; what it then wants to have signed is said by the option alone.
REMOTE = """<?php
foreach (\\SimpleSAML\\Metadata\\SAMLParser::parseDescriptorsFile('%(folder)s/sp.xml') as $id => $parsed) {
    $metadata[$id] = $parsed->getMetadata20SP();
    $metadata[$id]['saml20.sign.response'] = %(message)s;
    $metadata[$id]['saml20.sign.assertion'] = %(assertion)s;
    $metadata[$id]['validate.authnrequest'] = true;
}
"""


def missing():
    """What is not installed here, in words, or nothing."""
    if not INSTALLED.is_dir() or not shutil.which("php"):
        return "simplesamlphp and php-cli are not installed"
    modules = subprocess.run(["php", "-m"], capture_output=True, text=True).stdout.split()
    lacking = [name for name in NEEDED if name not in modules]
    return f"PHP lacks {', '.join(lacking)}" if lacking else ""


def write(folder, options, base):
    message, assertion = SIGNED[options.sign]
    words = {"folder": folder, "base": base, "port": int(base.rpartition(":")[2]), "salt": secrets.token_hex(20),
             "entity": options.entity_id or base + METADATA, "message": message, "assertion": assertion}
    for name in ("metadata", "temporary"):
        (folder / name).mkdir()
    (folder / "people.json").write_bytes(pathlib.Path(options.users).read_bytes())
    (folder / "sp.xml").write_bytes(pathlib.Path(options.sp_metadata).read_bytes())
    texts = {"prepend.php": PREPEND, "config.php": CONFIG, "authsources.php": SOURCES,
             "metadata/saml20-idp-hosted.php": HOSTED, "metadata/saml20-sp-remote.php": REMOTE}
    for name, text in texts.items():
        (folder / name).write_text(text % words)
    return words["entity"]


def php(folder):
    """PHP's own server, once it answers; gives it and its port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    settings = {"auto_prepend_file": folder / "prepend.php", "session.save_path": folder / "temporary",
                "display_errors": "0", "log_errors": "0", "opcache.enable_cli": "1"}
    command = ["php"]
    for name, value in settings.items():
        command += ["-d", f"{name}={value}"]
    command += ["-S", f"127.0.0.1:{port}", "-t", str(INSTALLED / "www")]
    environment = {**os.environ, "SIMPLESAMLPHP_CONFIG_DIR": str(folder), "PHP_CLI_SERVER_WORKERS": "4"}
    # Its workers outlive it unless the whole group is ended.
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, start_new_session=True)
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{METADATA}", timeout=START_SECONDS).read()
            return process, port
        except OSError as problem:
            if process.poll() is not None or time.monotonic() > until:
                end(process)
                raise SystemExit(f"PHP's server does not answer: {problem}")
            time.sleep(0.05)


def end(process):
    try:
        os.killpg(process.pid, 15)
    except ProcessLookupError:
        pass
    process.wait()


class Front(http.server.BaseHTTPRequestHandler):
    """Hands each request on, and its answer back."""

    protocol_version = "HTTP/1.1"
    timeout = 30

    def pass_on(self):
        length = int(self.headers.get("Content-Length", 0))
        if length > BODY_BYTES_MAX:
            self.close_connection = True
            return self.send_error(413)
        body = self.rfile.read(length)
        behind = http.client.HTTPConnection("127.0.0.1", self.server.behind, timeout=30)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
        behind.request(self.command, self.path, body, {**headers, "Host": self.headers["Host"]})
        answer = behind.getresponse()
        content = answer.read()
        behind.close()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_HEAD = pass_on

    def log_message(self, *_):
        pass


def follow(file, is_over):
    """Tells what is added to the log."""
    seen = 0
    while not is_over.wait(0.1) or seen < (file.stat().st_size if file.exists() else 0):
        if file.exists():
            with file.open("rb") as log:
                log.seek(seen)
                for line in log:
                    print(json.dumps({"event": "log", "line": line.decode("utf-8", "replace").strip()}), flush=True)
                seen = log.tell()


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--listen", default="127.0.0.1:0")
    parser.add_argument("--host", default="idp.localhost", help="the name it is reached by")
    parser.add_argument("--entity-id", help="the URL of its metadata where this is absent")
    parser.add_argument("--sp-metadata", required=True, help="a file")
    parser.add_argument("--users", required=True, help='a file, [{"user", "password", "uid", "user_principal"}]')
    parser.add_argument("--sign", choices=SIGNED, default="both")
    parser.add_argument("--certificate", help="for TLS, with --key; one of its own where absent")
    parser.add_argument("--key")
    options = parser.parse_args()
    if why := missing():
        raise SystemExit(f"left out: {why}")
    with tempfile.TemporaryDirectory(prefix="idp-") as temporary:
        folder = pathlib.Path(temporary)
        given = options.certificate and (options.certificate, options.key)
        own = given or keys.self_signed(folder / "tls", options.host)
        keys.self_signed(folder / "signing", options.host)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*own)
        address, _, port = options.listen.rpartition(":")
        server = http.server.ThreadingHTTPServer((address, int(port)), Front)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        base = f"https://{options.host}:{server.server_port}"
        entity = write(folder, options, base)
        process, server.behind = php(folder)
        is_over = threading.Event()
        following = threading.Thread(target=follow, args=(folder / "simplesamlphp.log", is_over))
        try:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            ready = {"entity_id": entity, "metadata": base + METADATA, "certificate": str(own[0])}
            print("ready " + json.dumps(ready), flush=True)
            following.start()
            sys.stdin.read()
        finally:
            server.shutdown()
            end(process)
            is_over.set()
            following.join()


if __name__ == "__main__":
    main()
