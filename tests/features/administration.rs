//! Administration of real nodes: the first administrator, second factors, settings from every side.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::node::{Node, eventually};
use crate::wire::{self, Answer};

/// The REST interface of one node.
struct Api {
    authority: String,
    trusted: PathBuf,
}

impl Api {
    fn of(node: &Node) -> Self {
        let trusted = node.certificate();
        Self { authority: format!("localhost:{}", node.console_port), trusted }
    }

    fn of_demo(gateway: &Gateway, api: &str) -> Self {
        let trusted = PathBuf::from(gateway.endpoint("ca"));
        Self { authority: wire::authority(api), trusted }
    }

    /// Asks with those header lines; the body is JSON where there is one.
    fn ask(&self, method: &str, path: &str, headers: &str, body: Option<&Value>) -> Answer {
        let mut stream = wire::connect(&self.authority, wire::roots([&self.trusted]));
        let (kind, body) = match body {
            Some(body) if method == "PATCH" => ("application/merge-patch+json", body.to_string()),
            Some(body) => ("application/json", body.to_string()),
            None => ("", String::new()),
        };
        let kind =
            if kind.is_empty() { String::new() } else { format!("Content-Type: {kind}\r\n") };
        let request = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{kind}{headers}\
             Content-Length: {}\r\n\r\n{body}",
            self.authority,
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        wire::read(&mut stream).expect("an answer")
    }

    fn sign_in(&self, body: &Value) -> Answer {
        self.ask("POST", "/session", "", Some(body))
    }

    /// The header lines of somebody who signs in with a browser, which must succeed.
    fn session(&self, body: &Value) -> String {
        let answer = self.sign_in(body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let cookie = answer.header("set-cookie").unwrap();
        for part in ["__Host-jackfield=", "; Secure", "; HttpOnly", "; SameSite=Strict", "; Path=/"]
        {
            assert!(cookie.contains(part), "{cookie}");
        }
        let cookie = cookie.split(';').next().unwrap().to_owned();
        format!("Cookie: {cookie}\r\nOrigin: https://{}\r\n", self.authority)
    }

    #[track_caller]
    fn check(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: Option<&Value>,
        status: u16,
    ) -> Value {
        let answer = self.ask(method, path, headers, body);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }
}

fn code(answer: &Answer) -> String {
    let told: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    told["code"].as_str().unwrap_or_default().to_owned()
}

fn with_password(account: &str, password: &str) -> Value {
    json!({"account": account, "password": password, "acknowledged": true})
}

/// A node that nobody has applied anything to.
fn empty_node() -> (Node, Api) {
    let node = Node::start("", &[]);
    let api = Api::of(&node);
    (node, api)
}

/// The secret in the link that the node wrote down.
fn set_up_secret(node: &Node) -> String {
    let path = node.folder.join("state/set-up-link");
    let link = eventually("the set-up link", || std::fs::read_to_string(&path).ok());
    assert_eq!(mode(&path) & 0o077, 0, "others may read the link");
    assert!(!node.log().contains(link.trim()), "the link is in the log");
    link.trim().split("#set-up=").nth(1).expect("a secret behind #").to_owned()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode()
}

#[test]
fn ops_06_the_first_administrator_is_made_by_a_link_that_is_good_once() {
    let (node, api) = empty_node();
    assert_eq!(api.ask("GET", "/agents", "", None).status, 401);
    let secret = set_up_secret(&node);
    assert_eq!(api.check("GET", "/sign-on", "", None, 200)["set_up"], json!(true));
    let set_up = |secret: &str, password: &str| json!({"secret": secret, "account": "boss", "password": password});
    let refused = api.ask("POST", "/set-up", "", Some(&set_up("x", "long enough")));
    assert_eq!((refused.status, code(&refused).as_str()), (401, "link_over"));
    // What is wrong uses nothing up.
    let short = api.ask("POST", "/set-up", "", Some(&set_up(&secret, "short")));
    assert_eq!(short.status, 422, "{}", short.text());
    let made = api.ask("POST", "/set-up", "", Some(&set_up(&secret, "long enough")));
    assert!(made.status < 300, "{}", made.text());
    let again = api.ask("POST", "/set-up", "", Some(&set_up(&secret, "long enough")));
    assert_eq!((again.status, code(&again).as_str()), (401, "link_over"));
    let headers = api.session(&with_password("boss", "long enough"));
    assert_eq!(api.check("GET", "/session", &headers, None, 200)["who"], json!("boss"));
    assert!(!node.folder.join("state/set-up-link").exists());
    assert_eq!(api.check("GET", "/sign-on", "", None, 200)["set_up"], json!(false));
    // Tries with a wrong link stand in the audit log.
    let list = api.check("GET", "/audit?action=set_up", &headers, None, 200);
    let outcomes = list["items"].as_array().unwrap().iter().map(|it| &it["deed"]["outcome"]);
    let outcomes: Vec<_> = outcomes.collect();
    assert_eq!(outcomes, ["done", "wrong"], "{list}");
    // The one administrator cannot lock everybody out.
    let refused = api.ask("DELETE", "/accounts/boss", &headers, None);
    assert_eq!((refused.status, code(&refused).as_str()), (409, "last_administrator"));
}

#[test]
fn byd_05_the_demo_file_gives_an_empty_node_what_the_demo_has_and_a_plan_before() {
    let (node, _) = empty_node();
    let file = node.folder.join("demo.yaml");
    std::fs::write(&file, include_str!("../../packaging/demo-settings.yaml")).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    let file = file.to_str().unwrap();
    let told = |arguments: &[&str]| {
        let output = node.command(arguments);
        let (out, error) = (output.stdout, String::from_utf8_lossy(&output.stderr).into_owned());
        assert!(output.status.success(), "{arguments:?}: {error}");
        String::from_utf8(out).unwrap()
    };
    let plan = told(&["apply", "--dry-run", file]);
    assert!(plan.contains("+ agents/1001"), "{plan}");
    assert!(plan.contains("nothing is changed yet"), "{plan}");
    assert!(!plan.contains("demo-1001") && !plan.contains("argon2"), "{plan}");
    assert!(!told(&["export"]).contains("1001"));
    assert!(told(&["apply", file]).contains("applied, settings number 1"));
    assert!(told(&["apply", "--dry-run", file]).contains("all of it is in force already"));
    let api = Api::of(&node);
    let headers = api.session(&with_password("admin", "demo-admin"));
    let agents = api.check("GET", "/agents", &headers, None, 200);
    assert_eq!(agents["total"], json!(4));
    let page =
        wire::connect(&format!("localhost:{}", node.phone_port), wire::roots([&api.trusted]));
    drop(page);
}

#[test]
fn byd_05_a_file_that_rules_is_compared_with_what_is_in_force() {
    let node = Node::start("", &["--settings", "settings.yaml"]);
    let status = || -> Value {
        let output = node.command(&["status", "--json"]);
        serde_json::from_slice(&output.stdout).unwrap()
    };
    assert_eq!(status()["settings"]["drift"]["changes"], json!(0));
    let file = node.folder.join("settings.yaml");
    let text = std::fs::read_to_string(&file).unwrap().replace("Lunch", "Long lunch");
    std::fs::write(&file, text).unwrap();
    assert_eq!(status()["settings"]["drift"]["changes"], json!(1));
    // Settings are read-only elsewhere.
    let put = json!({"section": "skills", "name": "German", "document": {}});
    let change = json!({"do": "settings_change", "edits": [{"put": put}]});
    let socket = node.folder.join("state/admin.sock");
    let refused = crate::gateway::ask(socket.to_str().unwrap(), change);
    assert_eq!(refused["error"]["code"], json!("read_only"));
}

/// The password of now by RFC 6238, computed here from its text.
fn one_time(key: &[u8], step: u64) -> String {
    let tag = hmac_sha1(key, &step.to_be_bytes());
    let offset = usize::from(tag[19] & 15);
    let word = u32::from_be_bytes(tag[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", word % 1_000_000)
}

fn sha1(message: &[u8]) -> [u8; 20] {
    let mut state: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    let mut padded = message.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend((message.len() as u64 * 8).to_be_bytes());
    for block in padded.chunks(64) {
        let mut words = [0_u32; 80];
        for (place, bytes) in block.chunks(4).enumerate() {
            words[place] = u32::from_be_bytes(bytes.try_into().unwrap());
        }
        for place in 16..80 {
            let mixed = words[place - 3] ^ words[place - 8] ^ words[place - 14] ^ words[place - 16];
            words[place] = mixed.rotate_left(1);
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (round, word) in words.iter().enumerate() {
            let (mixed, constant) = match round {
                0..20 => ((b & c) | (!b & d), 0x5a82_7999),
                20..40 => (b ^ c ^ d, 0x6ed9_eba1),
                40..60 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6_u32),
            };
            let next = a.rotate_left(5).wrapping_add(mixed).wrapping_add(e);
            let next = next.wrapping_add(constant).wrapping_add(*word);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        }
        for (part, more) in state.iter_mut().zip([a, b, c, d, e]) {
            *part = part.wrapping_add(more);
        }
    }
    let mut digest = [0; 20];
    for (place, part) in state.iter().enumerate() {
        digest[place * 4..place * 4 + 4].copy_from_slice(&part.to_be_bytes());
    }
    digest
}

fn hmac_sha1(key: &[u8], message: &[u8]) -> [u8; 20] {
    let pad = |with: u8| -> Vec<u8> {
        (0..64).map(|place| key.get(place).copied().unwrap_or(0) ^ with).collect()
    };
    let inner = sha1(&[pad(0x36), message.to_vec()].concat());
    sha1(&[pad(0x5c), inner.to_vec()].concat())
}

#[test]
fn ops_06_a_second_factor_is_asked_for_everywhere_and_taken_once() {
    let gateway = Gateway::start();
    let api = Api::of_demo(&gateway, &gateway.endpoint("api"));
    let admin = api.session(&with_password("admin", "demo-admin"));
    let account = json!({
        "roles": ["administrator"],
        "password": "a long password",
        "totp": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
    });
    api.check("PUT", "/accounts/second", &admin, Some(&account), 201);
    let shown = api.check("GET", "/accounts/second", &admin, None, 200);
    assert_eq!(
        (&shown["totp_sealed"], &shown["password_hash"]),
        (&json!("(set)"), &json!("(set)"))
    );
    let with = |one_time: Option<String>| {
        let mut body = with_password("second", "a long password");
        if let Some(one_time) = one_time {
            body["one_time"] = json!(one_time);
        }
        body
    };
    let needed = api.sign_in(&with(None));
    assert_eq!((needed.status, code(&needed).as_str()), (401, "one_time_needed"));
    let wrong = api.sign_in(&with(Some("000000".to_owned())));
    assert_eq!((wrong.status, code(&wrong).as_str()), (401, "one_time_wrong"));
    let step = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 30;
    let right = || one_time(b"12345678901234567890", step());
    let used = right();
    let headers = api.session(&with(Some(used.clone())));
    api.check("GET", "/accounts", &headers, None, 200);
    let again = api.sign_in(&with(Some(used.clone())));
    assert_eq!((again.status, code(&again).as_str()), (401, "one_time_wrong"));
    // Shown again it does not set the count of guesses back either.
    let codes: Vec<_> = ["000000", "000001", &used, "000002"]
        .map(|typed| code(&api.sign_in(&with(Some(typed.to_owned())))))
        .into();
    assert_eq!(codes.last().map(String::as_str), Some("locked"), "{codes:?}");
    // The password alone opens nothing, neither here nor at a phone.
    let basic = "Authorization: Basic c2Vjb25kOmEgbG9uZyBwYXNzd29yZA==\r\n";
    assert_eq!(api.ask("GET", "/accounts", basic, None).status, 403);
}

#[test]
fn ops_06_guessing_one_time_passwords_locks_them_although_the_password_is_right() {
    let gateway = Gateway::start();
    let api = Api::of_demo(&gateway, &gateway.endpoint("api"));
    let admin = api.session(&with_password("admin", "demo-admin"));
    let account = json!({
        "roles": ["report"],
        "password": "a long password",
        "totp": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
    });
    api.check("PUT", "/accounts/second", &admin, Some(&account), 201);
    let mut codes = Vec::new();
    for guess in 0..6 {
        let mut body = with_password("second", "a long password");
        body["one_time"] = json!(format!("00000{guess}"));
        codes.push(code(&api.sign_in(&body)));
    }
    assert_eq!(codes.last().map(String::as_str), Some("locked"), "{codes:?}");
}

#[test]
fn ops_07_a_sign_on_message_is_acknowledged_before_anything_is_tried() {
    let gateway = Gateway::start();
    let api = Api::of_demo(&gateway, &gateway.endpoint("api"));
    let admin = api.session(&with_password("admin", "demo-admin"));
    let message = json!({"message": "For members of staff."});
    api.check("PATCH", "/sign-on-settings", &admin, Some(&message), 200);
    let told = api.check("GET", "/sign-on", "", None, 200);
    assert_eq!(told["message"], json!("For members of staff."));
    let mut body = with_password("admin", "demo-admin");
    body["acknowledged"] = json!(false);
    let refused = api.sign_in(&body);
    assert_eq!((refused.status, code(&refused).as_str()), (403, "unacknowledged"));
    // admin:demo-admin beside a request acknowledges nothing.
    let basic = "Authorization: Basic YWRtaW46ZGVtby1hZG1pbg==\r\n";
    let refused = api.ask("GET", "/accounts", basic, None);
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert!(refused.text().contains("acknowledged"), "{}", refused.text());
    api.session(&with_password("admin", "demo-admin"));
}

#[test]
fn ids_16_a_role_taken_away_or_an_account_disabled_acts_on_sessions_and_tokens_at_once() {
    let gateway = Gateway::start();
    let api = Api::of_demo(&gateway, &gateway.endpoint("api"));
    let admin = api.session(&with_password("admin", "demo-admin"));
    let account = json!({"roles": ["administrator"], "password": "a long password"});
    api.check("PUT", "/accounts/second", &admin, Some(&account), 201);
    let second = api.session(&with_password("second", "a long password"));
    let token = json!({"name": "program", "roles": ["administrator"], "days": 1});
    let made = api.check("POST", "/tokens", &second, Some(&token), 201);
    let bearer = format!("Authorization: Bearer {}\r\n", made["token"].as_str().unwrap());
    for headers in [&second, &bearer] {
        api.check("GET", "/accounts", headers, None, 200);
    }
    api.check("PATCH", "/accounts/second", &admin, Some(&json!({"roles": ["report"]})), 200);
    for headers in [&second, &bearer] {
        let refused = api.ask("GET", "/accounts", headers, None).status;
        assert!(matches!(refused, 401 | 403), "{refused}");
    }
    api.check("PATCH", "/accounts/second", &admin, Some(&json!({"disabled": true})), 200);
    for headers in [&second, &bearer] {
        assert_eq!(api.ask("GET", "/session", headers, None).status, 401);
    }
    assert_eq!(api.sign_in(&with_password("second", "a long password")).status, 401);
}

#[test]
fn ops_06_a_new_password_ends_sessions_and_tokens_and_a_name_made_anew_has_none() {
    let gateway = Gateway::start();
    let api = Api::of_demo(&gateway, &gateway.endpoint("api"));
    let admin = api.session(&with_password("admin", "demo-admin"));
    let account = json!({"roles": ["report"], "password": "a long password"});
    let made = |status| {
        api.check("PUT", "/accounts/second", &admin, Some(&account), status);
        let session = api.session(&with_password("second", "a long password"));
        let token = json!({"name": "program", "roles": ["report"], "days": 1});
        let made = api.check("POST", "/tokens", &session, Some(&token), 201);
        let token = made["token"].as_str().unwrap().to_owned();
        let both = [session, format!("Authorization: Bearer {token}\r\n")];
        for headers in &both {
            api.check("GET", "/session", headers, None, 200);
        }
        both
    };
    let over = |both: &[String; 2]| {
        for headers in both {
            assert_eq!(api.ask("GET", "/session", headers, None).status, 401);
        }
    };
    let before = made(201);
    // What changes nothing of that ends nothing.
    api.check("PATCH", "/accounts/second", &admin, Some(&json!({"description": "x"})), 200);
    for headers in &before {
        api.check("GET", "/session", headers, None, 200);
    }
    let password = json!({"password": "another long password"});
    api.check("PATCH", "/accounts/second", &admin, Some(&password), 200);
    over(&before);
    api.check("DELETE", "/accounts/second", &admin, None, 200);
    let anew = made(201);
    over(&before);
    // An administrator sees the tokens of others, and revokes them.
    let listed = api.check("GET", "/tokens?account=second", &admin, None, 200);
    for token in listed["items"].as_array().unwrap() {
        let target = format!("/tokens/{}?account=second", token["id"].as_str().unwrap());
        api.check("DELETE", &target, &admin, None, 204);
    }
    assert_eq!(api.ask("GET", "/session", &anew[1], None).status, 401);
    // Nobody has a second factor, so none can be asked for.
    let need = json!({"administrators_need_totp": true});
    let refused = api.ask("PATCH", "/sign-on-settings", &admin, Some(&need));
    assert_eq!((refused.status, code(&refused).as_str()), (409, "last_administrator"));
}

#[test]
fn ops_02_every_change_and_sign_in_stands_in_an_unbroken_audit_log() {
    let gateway = Gateway::start();
    let api = Api::of_demo(&gateway, &gateway.endpoint("api"));
    for _ in 0..4 {
        api.sign_in(&with_password("nobody", "wrong password"));
    }
    let admin = api.session(&with_password("admin", "demo-admin"));
    for (pair, status) in [("bm9vbmU6eA==", 401), ("YWRtaW46ZGVtby1hZG1pbg==", 200)] {
        for _ in 0..3 {
            let basic = format!("Authorization: Basic {pair}\r\n");
            api.check("GET", "/session", &basic, None, status);
        }
    }
    api.check("PATCH", "/agents/1001", &admin, Some(&json!({"name": "Somebody"})), 200);
    api.check("PATCH", "/agents/1001", &admin, Some(&json!({"password": "another-secret"})), 200);
    gateway.admin(json!({"do": "maintenance", "on": true}));
    gateway.admin(json!({"do": "maintenance", "on": false}));
    let wish = json!({"do": "agent_sign_in", "agent": "1002", "extension": "2002"});
    gateway.admin(wish);
    let wanted = [
        "settings_changed",
        "sign_in_refused",
        "signed_in",
        "maintenance_on",
        "maintenance_off",
        "agent_signed_in",
    ];
    let list = eventually("all entries", || {
        let list = api.check("GET", "/audit?limit=100", &admin, None, 200);
        let has = |action: &&str| {
            let items = list["items"].as_array().unwrap();
            items.iter().any(|item| item["deed"]["action"] == **action)
        };
        wanted.iter().all(has).then_some(list)
    });
    // As often as it was tried, it is told once; how often more, at the end of the minute.
    let told = |action: &str, object: &str| {
        let items = list["items"].as_array().unwrap().iter();
        let deeds = items.map(|item| &item["deed"]).filter(|deed| deed["action"] == action);
        let all = deeds.filter(|deed| deed["object"] == object);
        all.filter(|deed| !deed.to_string().contains("further")).count()
    };
    assert_eq!(told("sign_in_refused", "sessions"), 1, "{list}");
    assert_eq!(told("sign_in_refused", "surfaces/console"), 1, "{list}");
    assert_eq!(told("signed_in", "surfaces/console"), 1, "{list}");
    let text = list.to_string();
    assert!(text.contains("agents/1001 name") && text.contains("Somebody"), "{text}");
    assert!(!text.contains("another-secret") && !text.contains("argon2id"), "{text}");
    let checked = api.check("GET", "/audit/check", &admin, None, 200);
    assert_eq!(checked["intact"], json!(true), "{checked}");
}

#[test]
fn ops_06_settings_changed_at_one_node_are_in_force_at_the_other() {
    let Some(gateway) = Gateway::start_nodes() else { return };
    let nodes = gateway.endpoints["nodes"].as_array().unwrap().clone();
    let [a, b] = [0, 1].map(|at| {
        let api: &Value = &nodes[at]["api"];
        Api::of_demo(&gateway, api.as_str().unwrap())
    });
    let admin = a.session(&with_password("admin", "demo-admin"));
    a.check("PATCH", "/agents/1001", &admin, Some(&json!({"name": "Somebody"})), 200);
    // A session that began at one node is good at the other.
    let cookie = admin.lines().next().unwrap();
    let there = format!("{cookie}\r\nOrigin: https://{}\r\n", b.authority);
    eventually("the change at the other node", || {
        let agent = b.check("GET", "/agents/1001", &there, None, 200);
        (agent["name"] == "Somebody").then_some(())
    });
    // Both change at once: each in its turn, and the audit log stays whole.
    std::thread::scope(|scope| {
        for (api, headers, agent) in [(&a, &admin, "1002"), (&b, &there, "1003")] {
            scope.spawn(move || {
                for number in 0..10 {
                    let name = json!({"name": format!("Number {number}")});
                    api.check("PATCH", &format!("/agents/{agent}"), headers, Some(&name), 200);
                }
            });
        }
    });
    let checked = a.check("GET", "/audit/check", &admin, None, 200);
    assert_eq!(checked["intact"], json!(true), "{checked}");
    b.check("DELETE", "/session", &there, None, 204);
    assert_eq!(a.ask("GET", "/session", &admin, None).status, 401);
}

#[test]
fn ops_04_backups_are_made_verified_and_restored_by_rest() {
    let gateway = Gateway::start();
    let api = Api::of_demo(&gateway, &gateway.endpoint("api"));
    let admin = api.session(&with_password("admin", "demo-admin"));
    let made = api.check("POST", "/backups", &admin, Some(&json!({})), 201);
    let name = made["name"].as_str().unwrap().to_owned();
    api.check("PATCH", "/agents/1001", &admin, Some(&json!({"name": "Afterwards"})), 200);
    api.check("POST", &format!("/backups/{name}/verify"), &admin, Some(&json!({})), 200);
    api.check("POST", &format!("/backups/{name}/restore"), &admin, Some(&json!({})), 200);
    let password = "Authorization: Basic YWRtaW46ZGVtby1hZG1pbg==\r\n";
    eventually("the name of before", || {
        let agent = api.ask("GET", "/agents/1001", password, None);
        agent.text().contains("Agent 1001").then_some(())
    });
    for odd in ["..%2Fstore.db.jackfield", ".hidden.jackfield", "x", "..", "a%00.jackfield"] {
        let answer = api.ask("POST", &format!("/backups/{odd}/verify"), password, Some(&json!({})));
        assert!((400..500).contains(&answer.status), "{odd}: {}", answer.text());
    }
    api.check("DELETE", &format!("/backups/{name}"), password, None, 200);
}
