//! Secrets of every sort are planted wherever one can be given, the node does all it does, and none of them
//! stands anywhere but where it was put (OPS-05).

use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;

use rustls::RootCertStore;
use serde_json::{Value, json};

use crate::node::{Node, eventually, free_port};
use crate::phone::Phone;
use crate::planted::{Places, Planted, base64};
use crate::wire::{self, Answer};

/// A request of the console's REST interface.
struct Console<'a> {
    node: &'a Node,
    trusted: RootCertStore,
}

impl Console<'_> {
    fn ask(&self, method: &str, path: &str, headers: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n{headers}\r\n{body}",
            port = self.node.console_port,
            length = body.len(),
        );
        let sent = wire::send_to(self.node.console_port, &self.trusted, request.as_bytes());
        sent.unwrap_or_else(|| panic!("no answer to {method} {path}"))
    }
}

fn settings(planted: &mut Planted, with_peers: bool) -> Value {
    let away = free_port();
    let mut settings = json!({
        "teams": [{"name": "Support"}],
        "agents": [
            {"id": "1001", "team": "Support", "password": planted.text("agent")},
            {"id": "1002", "team": "Support", "password": planted.text("second agent")},
        ],
        "accounts": [
            {"name": "boss", "roles": ["administrator"], "password": planted.text("account")},
            {"name": "second", "roles": ["administrator"], "password": planted.text("second account"),
             "totp": planted.exactly("totp", "PLANTEDGEZDGNBVGY3TQOJQGEZDGNBV")},
        ],
        "phone_service": {"push": {
            "user": "push", "password": planted.text("push"), "port": away,
        }},
    });
    if with_peers {
        let peers = json!({
            "cti_pairs": [{"name": "south", "dialect": "express", "side_a": format!("127.0.0.1:{away}"),
                           "client_id": "gateway", "client_password": planted.text("client")}],
            "directories": [{
                "name": "head", "servers": [{"host": "127.0.0.1", "port": away}],
                "bind_dn": "cn=gateway,dc=example", "bind_password": planted.text("directory"),
                "base_dn": "dc=example", "user_filter": "(uid={user})", "timeout_seconds": 1,
            }],
            "alarms": {"receivers": [
                {"name": "hook", "webhook": {"url": format!("https://127.0.0.1:{away}/"),
                 "signing_secret": planted.text("alarm hook")}},
                {"name": "people", "mail": {
                    "host": "127.0.0.1", "port": away, "user": "gateway",
                    "password": planted.text("alarm mail"),
                    "from": "a@example.com", "to": ["b@example.com"],
                }},
            ]},
            "proxies": {
                "http": {"host": "127.0.0.1", "port": away, "user": "gateway",
                         "password": planted.text("http proxy")},
                "socks": {"host": "127.0.0.1", "port": away, "user": "gateway",
                          "password": planted.text("socks proxy")},
            },
            "sip": {"domains": ["voice.example"], "next_hops": [{
                "name": "edge", "servers": [{"host": "127.0.0.1", "port": away}], "transport": "tcp",
                "user": "gateway", "password": planted.text("next hop"),
            }]},
            "devices": [{"name": "SEP001122334477", "sip": {
                "user": "phone", "password": planted.text("phone in SIP"),
            }}],
        });
        settings.as_object_mut().unwrap().extend(peers.as_object().unwrap().clone());
    }
    settings
}

/// Writes a file for its owner alone.
fn write(node: &Node, name: &str, bytes: &[u8]) -> String {
    let path = node.folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn ops_05_no_planted_secret_is_anywhere_but_where_it_was_put() {
    let mut planted = Planted::default();
    let token_file = std::env::temp_dir().join(format!("jackfield-token-{}", std::process::id()));
    let token = planted.exactly("metrics token", "planted-metrics-token-0123456789");
    std::fs::write(&token_file, &token).unwrap();
    std::fs::set_permissions(&token_file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let operations = format!("metrics_token_file = \"{}\"", token_file.display());
    let mut node = Node::spawn_with("log.level = \"trace\"", &operations, &[]);
    node.wait_until_ready();
    let mut places = Places::default();
    let trusted = wire::roots([node.certificate()]);
    let console = Console { node: &node, trusted: trusted.clone() };

    // The set-up link, and the sealing key in every form people may meet it in.
    let link_file = node.folder.join("state/set-up-link");
    let link = eventually("the set-up link", || std::fs::read_to_string(&link_file).ok());
    planted.exactly("set-up link", link.trim().rsplit('#').next().unwrap());
    let set_up = json!({"secret": planted.text("wrong link"), "account": "x",
                        "password": planted.text("set-up")});
    places.answer("a wrong set-up", &console.ask("POST", "/api/v1/set-up", "", &set_up));
    let key = std::fs::read_to_string(node.folder.join("state/sealing.key")).unwrap();
    planted.exactly("sealing key", key.trim());
    planted.bytes("sealing key's bytes", &hex(key.trim()));

    // Settings that are wrong, then right.
    let mut wrong = settings(&mut planted, true);
    wrong["phone_service"]["push"]["port"] = json!("planted?");
    wrong["accounts"][1]["totp"] = json!(planted.text("no totp"));
    let file = write(&node, "wrong.yaml", wrong.to_string().as_bytes());
    let refused = node.command(&["apply", &file]);
    assert_eq!(refused.status.code(), Some(1));
    places.output("apply of what is wrong", &refused);
    let broken = format!("agents: [{{id: \"1001\", password: \"{}", planted.text("broken file"));
    let broken = write(&node, "broken.yaml", broken.as_bytes());
    places.output("apply of what is no YAML", &node.command(&["apply", &broken]));
    let owned = settings(&mut planted, false);
    let file = write(&node, "owned.yaml", owned.to_string().as_bytes());
    let applied = node.command(&["apply", &file]);
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    places.output("apply", &applied);

    phones(&node, &mut planted, &mut places, &trusted);
    let shown = people(&console, &mut planted, &mut places);

    // Peers that do not answer.
    let file = write(&node, "peers.yaml", settings(&mut planted, true).to_string().as_bytes());
    let applied = node.command(&["apply", &file]);
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    places.output("apply of peers", &applied);
    eventually("a peer that does not answer", || {
        let status = node.command(&["status", "--json"]);
        let status: Value = serde_json::from_slice(&status.stdout).unwrap();
        status["cti_pairs"]["south"]["problem"].as_str().map(str::to_owned)
    });
    let basic = base64(format!("stranger:{}", planted.text("stranger")).as_bytes());
    let header = format!("Authorization: Basic {basic}\r\n");
    places.answer("a stranger", &console.ask("GET", "/api/v1/status", &header, &Value::Null));
    planted.exactly("Basic credentials of a stranger", &basic);

    everything(&node, &console, &shown, &mut planted, &mut places);
    monitoring(&node, &token, &mut planted, &mut places);
    database(&node, &mut planted, &mut places);
    state(&node, &mut places);
    places.check(&planted, &["state/sealing.key", "state/set-up-link"]);
    std::fs::remove_file(token_file).unwrap();
}

/// Right and wrong sign-ins at phones, passwords in URLs.
fn phones(node: &Node, planted: &mut Planted, places: &mut Places, trusted: &RootCertStore) {
    let url = format!("https://localhost:{}/fippa/", node.phone_port);
    let ca = node.certificate();
    let device = ["--url", &url, "--ca", ca.to_str().unwrap()];
    let mut phone = Phone::at("SEP001122334455", "CP-8845", &device);
    phone.open();
    let sign_in = |phone: &mut Phone, password: String| {
        phone.fill(json!({"id": "1001", "extension": "2001", "password": password}));
        phone.press("SignIn");
    };
    sign_in(&mut phone, planted.text("wrong at a phone"));
    phone.press("Retry");
    sign_in(&mut phone, planted.text("agent"));
    phone.press("Ready");
    assert!(phone.shown().contains("Ready"), "{}", phone.shown());
    phone.press("NotReady");
    places.text("pages of a phone", phone.pages.join("\n"));
    phone.leave();
    let sign_out = node.command(&["agent", "sign-out", "1001"]);
    assert!(sign_out.status.success());
    let escaped = planted.escaped("prefilled in a URL");
    for target in [
        format!("/fippa/SEP001122334456?id=1002&extension=2002&password={escaped}"),
        format!("/fippa/SEP001122334456/signin?id=1002&extension=2002&password={escaped}"),
        format!("/no/such/page/{escaped}?password={escaped}"),
        format!("/fippa/s/{escaped}/home"),
    ] {
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\r\n",
            node.phone_port
        );
        let answer = wire::send_to(node.phone_port, trusted, request.as_bytes()).unwrap();
        // A form that was opened with a password holds it, for the phone that gave it.
        let own_form = answer.status == 200 && answer.text().contains("<CiscoIPPhoneInput");
        if !own_form {
            places.answer(&target.replace(&escaped, "..."), &answer);
        }
    }
}

/// What people and programs show the console.
struct Shown {
    cookie: String,
    token: String,
}

fn people(console: &Console<'_>, planted: &mut Planted, places: &mut Places) -> Shown {
    let sign_in = |account: &str, password: &str, one_time: Option<&str>| {
        let mut body = json!({"account": account, "password": password});
        if let Some(one_time) = one_time {
            body["one_time"] = one_time.into();
        }
        console.ask("POST", "/api/v1/session", "", &body)
    };
    let wrong = planted.text("wrong at the console");
    places.answer("a wrong password", &sign_in("boss", &wrong, None));
    let account = planted.text("second account");
    let one_time = planted.exactly("one-time password", "planted17");
    places.answer("a wrong second factor", &sign_in("second", &account, Some(&one_time)));
    let malformed = json!({"account": 7, "password": [planted.text("malformed")]});
    places.answer("no sign-in", &console.ask("POST", "/api/v1/session", "", &malformed));
    let right = sign_in("boss", &planted.text("account"), None);
    assert_eq!(right.status, 200, "{}", right.text());
    let cookie = right.header("set-cookie").unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    planted.exactly("cookie", cookie.split_once('=').unwrap().1);
    let headers = format!("Cookie: {cookie}\r\nSec-Fetch-Site: same-origin\r\n");
    let wish = json!({"name": "a program", "roles": ["administrator"]});
    let made = console.ask("POST", "/api/v1/tokens", &headers, &wish);
    assert_eq!(made.status, 201, "{}", made.text());
    let made: Value = serde_json::from_slice(&made.body).unwrap();
    let token = planted.exactly("access token", made["token"].as_str().unwrap());
    for (what, header) in [
        (
            "a wrong token",
            format!(
                "Authorization: Bearer {}",
                planted.exactly("wrong token", "jf_0123456789abcdef_plantedwrongtoken")
            ),
        ),
        (
            "a wrong cookie",
            format!(
                "Cookie: __Host-jackfield={}",
                planted.exactly("wrong cookie", "planted-wrong-cookie")
            ),
        ),
        (
            "odd credentials",
            format!(
                "Authorization: Odd {}",
                planted.exactly("odd credentials", "planted-odd-credentials")
            ),
        ),
    ] {
        let answer = console.ask("GET", "/api/v1/status", &format!("{header}\r\n"), &Value::Null);
        assert_eq!(answer.status, 401, "{what}: {}", answer.text());
        places.answer(what, &answer);
    }
    Shown { cookie, token }
}

/// All that an administrator may read, change and write.
fn everything(
    node: &Node,
    console: &Console<'_>,
    shown: &Shown,
    planted: &mut Planted,
    places: &mut Places,
) {
    let bearer = format!("Authorization: Bearer {}\r\n", shown.token);
    let cookie = format!("Cookie: {}\r\n", shown.cookie);
    for path in [
        "session",
        "teams",
        "agents",
        "agents/1001",
        "reason-codes",
        "layouts",
        "devices",
        "devices/SEP001122334477",
        "sip",
        "trust",
        "cti-pairs",
        "cti-pairs/south",
        "accounts",
        "accounts/second",
        "directories",
        "directories/head",
        "roles",
        "skills",
        "phone-service",
        "voice",
        "headset",
        "headsets",
        "headsets.csv",
        "headset-phones",
        "headset-unknown-requests",
        "logging",
        "alarms",
        "proxies",
        "sign-on-settings",
        "retention",
        "settings",
        "status",
        "nodes",
        "audit",
        "audit/check",
        "tokens",
        "sessions",
        "certificates",
        "certificates/export",
        "sign-on",
        "team-states",
        "flight-recorder?limit=10000",
        "flight-recorder/export?limit=10000",
    ] {
        for headers in [&bearer, &cookie] {
            let answer = console.ask("GET", &format!("/api/v1/{path}"), headers, &Value::Null);
            // What a node cannot do it says too.
            assert!(![401, 403, 500].contains(&answer.status), "{path}: {}", answer.text());
            places.answer(path, &answer);
        }
    }
    let wrong = json!({"user": "push", "password": planted.text("changed"), "port": "planted?"});
    let changed = json!({"push": wrong});
    for (method, path, body) in [
        ("PUT", "/api/v1/phone-service", changed),
        (
            "PUT",
            "/api/v1/accounts/third",
            json!({"name": "third", "password": planted.text("third account"), "roles": ["odd"]}),
        ),
        ("POST", "/api/v1/settings/plan", settings(planted, true)),
    ] {
        places.answer(path, &console.ask(method, path, &bearer, &body));
    }

    let passphrase = write(node, "passphrase", planted.text("passphrase").as_bytes());
    let backup = node.folder.join("with-passphrase.backup");
    for arguments in [
        &["status"][..],
        &["status", "--json"],
        &["export"],
        &["secrets", "status"],
        &["secrets", "reseal"],
        &["certificate", "show"],
        &["certificate", "export"],
        &["certificate"],
        &["reload"],
        &["support-bundle", "support.tar", "--with-flight-recorder"],
        &["flight-recorder", "--limit", "10000"],
        &["flight-recorder", "--limit", "10000", "--json"],
        &["backup", "plain.backup"],
        &["backup", backup.to_str().unwrap(), "--passphrase-file", &passphrase],
        &["restore", "plain.backup", "--dry-run"],
        &["store", "check"],
        &["retention", "--dry-run"],
    ] {
        let output = node.command(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        places.output(&arguments.join(" "), &output);
    }
    for name in ["support.tar", "plain.backup", "with-passphrase.backup"] {
        places.file(name, &node.folder.join(name));
    }
    let other = write(node, "other", planted.text("other passphrase").as_bytes());
    let refused = node.command(&["restore", backup.to_str().unwrap(), "--passphrase-file", &other]);
    assert_eq!(refused.status.code(), Some(1));
    places.output("a wrong passphrase", &refused);
    certificate(node, planted, places);
}

/// A certificate with its key and the password of both, right and wrong.
fn certificate(node: &Node, planted: &mut Planted, places: &mut Places) {
    let password = planted.text("PKCS #12");
    let right = write(node, "p12-password", password.as_bytes());
    let wrong = write(node, "p12-wrong", planted.text("wrong PKCS #12").as_bytes());
    let run = |arguments: &[&str]| {
        Command::new("openssl").args(arguments).current_dir(&node.folder).output().ok()
    };
    let made = run(&[
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        "own.key",
        "-out",
        "own.pem",
        "-days",
        "30",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
        "-addext",
        "extendedKeyUsage=serverAuth",
    ]);
    if made.is_none() {
        println!("left out: openssl is missing, so no PKCS #12 file is imported");
        return;
    }
    let packed = run(&[
        "pkcs12",
        "-export",
        "-in",
        "own.pem",
        "-inkey",
        "own.key",
        "-out",
        "own.p12",
        "-passout",
        "file:p12-password",
    ]);
    assert!(packed.unwrap().status.success());
    let key = std::fs::read_to_string(node.folder.join("own.key")).unwrap();
    let line = key.lines().nth(1).unwrap();
    planted.exactly("private key", line);
    let refused = node.command(&["certificate", "import", "own.p12", "--password-file", &wrong]);
    assert_eq!(refused.status.code(), Some(1));
    places.output("import with a wrong password", &refused);
    let taken = node.command(&["certificate", "import", "own.p12", "--password-file", &right]);
    places.output("import", &taken);
    assert!(taken.status.success(), "{}", String::from_utf8_lossy(&taken.stderr));
    places.output("certificate show", &node.command(&["certificate", "show"]));
    places.output("certificate export", &node.command(&["certificate", "export"]));
}

fn monitoring(node: &Node, token: &str, planted: &mut Planted, places: &mut Places) {
    let base = format!("http://127.0.0.1:{}", node.operations_port);
    for path in ["metrics", "readyz", "livez", "startupz", "readyz?strict", "none"] {
        places.answer(path, &wire::get_plain(&format!("{base}/{path}")));
    }
    let wrong = planted.exactly("wrong metrics token", "planted-wrong-metrics-token");
    for token in [token, &wrong] {
        let mut stream = wire::tcp(&format!("127.0.0.1:{}", node.operations_port));
        let request = format!(
            "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\
             Connection: close\r\n\r\n"
        );
        std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
        places.answer("metrics with a token", &wire::read(&mut stream).unwrap());
    }
}

/// The password of a database that does not answer.
fn database(node: &Node, planted: &mut Planted, places: &mut Places) {
    let password = write(node, "db-password", planted.text("database").as_bytes());
    let text = format!(
        "name = \"localhost\"\nstate_directory = \"{}\"\n[store]\n\
         url = \"postgresql://jackfield@127.0.0.1:{}/jackfield?sslmode=disable\"\n\
         password_file = \"{password}\"\n",
        node.folder.join("other").display(),
        free_port(),
    );
    let file = write(node, "db.toml", text.as_bytes());
    let program = crate::gateway::program("JACKFIELD_BIN", "jackfield");
    let output = Command::new(program).args(["check", "--config", &file]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    places.output("check of a database", &output);
}

/// What the node leaves on the machine: its log, its process, its files and their modes.
fn state(node: &Node, places: &mut Places) {
    assert!(node.log().contains(" DEBUG "), "{}", node.log());
    places.text("the log", node.log());
    for file in ["cmdline", "environ"] {
        places.bytes(&format!("/proc/PID/{file}"), node.of_the_process(file));
    }
    let mut folders = vec![node.folder.join("state")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            let (path, found) = (entry.path(), entry.metadata().unwrap());
            let mode = found.permissions().mode() & 0o7777;
            // Certificates are for everybody; the folder above keeps everybody out all the same.
            let holds = |what| std::fs::read_to_string(&path).is_ok_and(|text| text.contains(what));
            let is_certificate = holds("BEGIN CERTIFICATE-----") && !holds("PRIVATE KEY-----");
            assert!(is_certificate || mode & 0o077 == 0, "{} has mode {mode:o}", path.display());
            if found.is_dir() {
                folders.push(path);
            } else if !found.file_type().is_socket() {
                let name = path.strip_prefix(&node.folder).unwrap().to_str().unwrap().to_owned();
                // A private key stands in its own file.
                if !is_private_key(&path) {
                    places.file(&name, &path);
                }
            }
        }
    }
    let mode = std::fs::metadata(node.folder.join("state")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

fn is_private_key(path: &Path) -> bool {
    std::fs::read_to_string(path).is_ok_and(|text| text.contains("PRIVATE KEY-----"))
}

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}
