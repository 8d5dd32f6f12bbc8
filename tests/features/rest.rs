//! The REST interface of the real gateway: a session, a token, settings, and whatever a checker that
//! reads the description thinks of.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::wire::{Answer, api};

const ADMINISTRATOR: &str = "rest-administrator";
const PASSWORD: &str = "planted-rest-password";

/// Makes an account that may administer, and gives it a token.
fn token(gateway: &Gateway) -> String {
    let document = json!({"roles": ["administrator", "supervisor"], "password": PASSWORD});
    let put = json!({"section": "accounts", "name": ADMINISTRATOR, "document": document});
    gateway.admin(json!({"do": "settings_change", "edits": [{"put": put}]}));
    let made = gateway.admin(json!({
        "do": "token_make", "account": ADMINISTRATOR, "name": "checker", "days": 1,
    }));
    made["token"].as_str().unwrap().to_owned()
}

/// The checker, where `cargo xtask setup` put it or anywhere programs are.
fn checker() -> Option<PathBuf> {
    let own = std::env::current_exe().unwrap();
    let target = own.ancestors().nth(3).unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&path).collect();
    folders.insert(0, target.join("live-venv/bin"));
    folders.into_iter().map(|folder| folder.join("schemathesis")).find(|file| file.is_file())
}

/// Every operation is asked as its description has it and as it has it not: no answer is a fault of
/// ours, has a status, type or shape that is not described, or takes what is described as wrong.
#[test]
fn ops_06_a_checker_that_reads_the_description_finds_nothing_undescribed() {
    let Some(checker) = checker() else {
        println!("left out: schemathesis is missing; run cargo xtask setup");
        return;
    };
    let gateway = Gateway::start();
    let token = token(&gateway);
    let api = gateway.endpoint("api");
    let origin = api.strip_suffix("/api/v1").unwrap();
    let configuration = gateway.folder().join("schemathesis.toml");
    // Not in the arguments, which everybody on the machine may see.
    let statuses = "[400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 422, 428, 429, 503]";
    let text = format!(
        "[headers]\nAuthorization = \"Bearer {token}\"\n\
         [checks.negative_data_rejection]\nexpected-statuses = {statuses}\n"
    );
    std::fs::write(&configuration, text).unwrap();
    let output = Command::new(checker)
        .arg("--config-file")
        .arg(&configuration)
        .args(["run", &format!("{api}/openapi.json"), "--url", origin])
        .args(["--tls-verify", &gateway.endpoint("ca")])
        .args(["--phases", "examples,coverage,fuzzing", "--max-examples", "15", "--seed", "7"])
        .args(["--checks", CHECKS])
        .args(["--generation-database", "none", "--no-color", "--continue-on-failure"])
        .args(["--exclude-operation-id-regex", SAWS, "--request-timeout", "30"])
        .args(["--request-retries", "3"])
        .current_dir(gateway.folder())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
}

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,negative_data_rejection";

/// What takes away the account or token that the checker itself comes with, of which it learns from lists; and
/// what never ends.
const SAWS: &str = "^(signOut|revokeToken|endSession|deleteAccount|patchAccount|applySettings|changeSettings|\
    watchEvents)$";

/// One administrator with a browser, or with what a browser would never send.
struct Person<'g> {
    gateway: &'g Gateway,
    cookie: String,
}

impl<'g> Person<'g> {
    fn sign_in(gateway: &'g Gateway, account: &str, password: &str) -> Self {
        let body = json!({"account": account, "password": password, "acknowledged": true});
        let answer = ask(gateway, "POST /session", JSON, &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let cookie = answer.header("set-cookie").unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Self { gateway, cookie }
    }

    /// A request from a page of ours.
    #[track_caller]
    fn ask(&self, asked: &str, more: &str, body: &Value) -> Answer {
        let origin = self.gateway.endpoint("api").replace("/api/v1", "");
        self.ask_from(&format!("Origin: {origin}\r\n"), asked, more, body)
    }

    #[track_caller]
    fn ask_from(&self, origin: &str, asked: &str, more: &str, body: &Value) -> Answer {
        let headers = format!("Cookie: {}\r\n{origin}{more}", self.cookie);
        ask(self.gateway, asked, &headers, body)
    }

    #[track_caller]
    fn refused(&self, asked: &str, more: &str, body: &Value, (status, code): (u16, &str)) {
        let answer = self.ask(asked, more, body);
        assert_eq!((answer.status, json_of(&answer)["code"].as_str()), (status, Some(code)));
    }
}

const JSON: &str = "Content-Type: application/json\r\n";
const PATCH: &str = "Content-Type: application/merge-patch+json\r\n";

#[track_caller]
fn ask(gateway: &Gateway, asked: &str, headers: &str, body: &Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    api(gateway, asked, headers, &body)
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_str(&answer.text()).unwrap_or_else(|_| panic!("{}", answer.text()))
}

/// Signs in as the demo's administrator.
fn administrator(gateway: &Gateway) -> Person<'_> {
    let admin = &gateway.endpoints["admin"];
    let part = |name: &str| admin[name].as_str().unwrap();
    Person::sign_in(gateway, part("user"), part("password"))
}

#[test]
fn ops_06_an_administrator_signs_in_changes_what_was_seen_and_signs_out() {
    let gateway = Gateway::start();
    let person = administrator(&gateway);
    let nothing = Value::Null;
    let who = json_of(&person.ask("GET /session", "", &nothing));
    assert_eq!((&who["how"], &who["roles"]), (&json!("cookie"), &json!(["administrator"])));
    assert!(who["ends_at"].is_string(), "{who}");
    // A page of another site sends the cookie in vain.
    let change = json!({"name": "Ada"});
    for origin in ["", "Origin: https://evil.example\r\n", "Sec-Fetch-Site: cross-site\r\n"] {
        let answer = person.ask_from(origin, "PATCH /agents/1001", PATCH, &change);
        assert_eq!(answer.status, 403, "{origin} {}", answer.text());
    }
    let seen = person.ask("GET /agents/1001", "", &nothing).header("etag").unwrap();
    let seen = format!("{PATCH}If-Match: {seen}\r\n");
    let answer = person.ask("PATCH /agents/1001", &seen, &change);
    assert_eq!((answer.status, json_of(&answer)["changed"].as_bool()), (200, Some(true)));
    let moved = (412, "precondition_failed");
    person.refused("PATCH /agents/1001", &seen, &json!({"name": "Bea"}), moved);
    let now = person.ask("GET /agents/1001", "", &nothing);
    assert_eq!(json_of(&now)["name"], "Ada");
    assert_eq!(now.header("etag"), answer.header("etag"));
    // A repeat is done once, and what others name stays.
    let key = format!("{JSON}Idempotency-Key: one\r\n");
    let made = person.ask("PUT /teams/New%2FTeam", &key, &json!({}));
    assert_eq!(made.status, 201, "{}", made.text());
    let again = person.ask("PUT /teams/New%2FTeam", &key, &json!({}));
    assert_eq!(json_of(&again)["number"], json_of(&made)["number"]);
    let team = json_of(&now)["team"].as_str().unwrap().to_owned();
    person.refused(&format!("DELETE /teams/{team}"), "", &nothing, (409, "in_use"));
    assert_eq!(person.ask("DELETE /session", "", &nothing).status, 204);
    assert_eq!(person.ask("GET /session", "", &nothing).status, 401);
}

#[test]
fn ops_06_nobody_takes_away_the_last_administrator_in_any_way() {
    let gateway = Gateway::start();
    let person = administrator(&gateway);
    let user = gateway.endpoints["admin"]["user"].as_str().unwrap();
    let account = format!("/accounts/{user}");
    let last = (409, "last_administrator");
    let nothing = Value::Null;
    person.refused(&format!("DELETE {account}"), "", &nothing, last);
    for change in [json!({"roles": ["report"]}), json!({"disabled": true})] {
        person.refused(&format!("PATCH {account}"), PATCH, &change, last);
    }
    person.refused(&format!("PUT {account}"), JSON, &json!({"roles": ["administrator"]}), last);
    let edits = json!({"edits": [{"remove": {"section": "accounts", "name": user}}]});
    person.refused("POST /settings/changes", JSON, &edits, last);
    person.refused("PUT /settings", JSON, &json!({}), last);
    assert_eq!(person.ask("GET /session", "", &nothing).status, 200);
}

#[test]
fn ops_05_a_new_password_is_told_nowhere_and_opens() {
    let gateway = Gateway::start();
    let person = administrator(&gateway);
    let user = gateway.endpoints["admin"]["user"].as_str().unwrap();
    let before = person.ask(&format!("GET /accounts/{user}"), "", &Value::Null);
    let change = json!({"password": PASSWORD});
    let changed = person.ask(&format!("PATCH /accounts/{user}"), PATCH, &change);
    assert_eq!(changed.status, 200, "{}", changed.text());
    // Whatever was begun with the old one is over.
    let over = (401, "unauthorized");
    person.refused(&format!("GET /accounts/{user}"), "", &Value::Null, over);
    let person = Person::sign_in(&gateway, user, PASSWORD);
    let after = person.ask(&format!("GET /accounts/{user}"), "", &Value::Null);
    assert_eq!(json_of(&before), json_of(&after));
    assert_ne!(before.header("etag"), after.header("etag"));
    let told = ["/accounts", "/settings", "/audit"];
    for text in told.map(|path| person.ask(&format!("GET {path}"), "", &Value::Null).text()) {
        assert!(!text.contains(PASSWORD) && !text.contains("argon2id"), "{text}");
    }
    let log = gateway.log();
    assert!(!log.contains(PASSWORD) && !log.contains("argon2id"), "{log}");
}

#[test]
fn ops_06_a_supervisor_changes_the_own_teams_states_and_no_others() {
    let gateway = Gateway::start();
    let person = administrator(&gateway);
    let teams = json_of(&person.ask("GET /teams", "", &Value::Null));
    let team = |position: usize| teams["items"][position]["name"].as_str().unwrap();
    let lead = json!({"team": team(0), "roles": ["supervisor"], "password": PASSWORD});
    assert_eq!(person.ask("PUT /agents/lead-1", JSON, &lead).status, 201);
    let lead = Person::sign_in(&gateway, "lead-1", PASSWORD);
    let of = |position: usize| {
        let path = format!("GET /agents?team={}", team(position));
        let found = json_of(&person.ask(&path, "", &Value::Null));
        let items = found["items"].as_array().unwrap().clone();
        let other = items.into_iter().find(|it| it["id"] != "lead-1");
        other.unwrap_or_else(|| panic!("{found}"))["id"].as_str().unwrap().to_owned()
    };
    let (own, other) = (of(0), of(1));
    let state = json!({"state": "ready"});
    let missing = (404, "not_found");
    lead.refused(&format!("PUT /agents/{other}/state"), JSON, &state, missing);
    lead.refused(&format!("GET /agents/{other}/state"), "", &Value::Null, missing);
    // Nobody is signed in there, which is told; so it was allowed.
    let not_in = (409, "not_signed_in");
    lead.refused(&format!("PUT /agents/{own}/state"), JSON, &state, not_in);
    let listed = json_of(&lead.ask("GET /team-states", "", &Value::Null));
    let items = listed["items"].as_array().unwrap();
    assert!(items.iter().all(|it| it["team"] == team(0)), "{listed}");
    let role = json!({"roles": ["administrator"]});
    lead.refused("PATCH /agents/lead-1", PATCH, &role, (403, "forbidden"));
}
