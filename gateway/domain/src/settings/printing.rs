//! No part of the settings prints a secret, or what passwords can be tried on.

use serde_json::{Value, json};

use super::*;
use crate::step::{SignIn, SignInOn};
use crate::{Command, Input, InputId, Secret, Timestamp, Verifier};

const PIN: &str = "918273645";
const CLIENT_SECRET: &str = "hunter2-hunter2-hunter2-hunter2-hunter2";

/// Secrets of every sort, each in the clear or as it is kept.
fn planted(kept: bool) -> Value {
    let password = |text: &str| match kept {
        true => ("password_hash".to_owned(), format!("$argon2id$hunter2-{text}")),
        false => ("password".to_owned(), format!("hunter2-{text}")),
    };
    let secret = |name: &str| match kept {
        true => (format!("{name}_sealed"), json!(format!("v2:hunter2-{name}"))),
        false => (name.to_owned(), json!(format!("hunter2-{name}"))),
    };
    let with = |mut value: Value, (name, text): (String, Value)| {
        value[name] = text;
        value
    };
    let words = |(name, text): (String, String)| (name, json!(text));
    let totp = match kept {
        true => ("totp_sealed".to_owned(), json!("v2:hunter2-totp")),
        false => ("totp".to_owned(), json!("HUNTER2GEZDGNBVGY3TQOJQGEZDGNBV")),
    };
    let account = json!({"name": "boss", "roles": ["administrator"]});
    let account = with(with(account, words(password("account"))), totp);
    let proxy = json!({"host": "proxy.example", "port": 3128, "user": "gateway"});
    let hop = json!({"name": "a", "servers": [{"host": "sip.example"}], "user": "gateway"});
    let pin = match kept {
        true => ("pin_hash".to_owned(), json!("$argon2id$hunter2-pin")),
        false => ("pin".to_owned(), json!(PIN)),
    };
    let agent = with(with(json!({"id": "1001"}), words(password("agent"))), pin);
    let client = json!({"client_id": "0".repeat(40), "name": "a", "redirect_urls": ["https://a"]});
    let client_secret = match kept {
        true => ("secret_digest".to_owned(), json!(OauthClient::digest_of(CLIENT_SECRET))),
        false => ("secret".to_owned(), json!(CLIENT_SECRET)),
    };
    let email = json!({"mail_server": "a", "address": "a@example.com", "tenant": "t", "client_id": "c"});
    let email = with(with(email, secret("password")), secret("client_secret"));
    json!({
        "agents": [agent],
        "oauth_clients": [with(client, client_secret)],
        "accounts": [account],
        "cti_pairs": [with(json!({"name": "a", "dialect": "express", "side_a": "cti.example:42027"}),
                           secret("client_password"))],
        "phone_service": {"push": with(json!({"user": "push"}), secret("password"))},
        "proxies": {"http": with(proxy, secret("password"))},
        "skills": [{"name": "German"}],
        "mail_servers": [{"name": "a", "kind": "office365", "imap_host": "a", "smtp_host": "a"}],
        "csqs": [{"name": "a", "skills": {"German": 1}, "email": email}],
        "channels": {"customer_records": with(json!({"url": "https://a"}), secret("secret"))},
        "sip": {"domains": ["voice.example"], "next_hops": [with(hop, secret("password"))]},
        "devices": [{"name": "SEP1", "sip": with(json!({"user": "1"}), secret("password"))}],
    })
}

#[track_caller]
fn check(what: &str, printed: &str) {
    let digest = OauthClient::digest_of(CLIENT_SECRET);
    for secret in ["hunter2", PIN, digest.as_str()] {
        assert!(!printed.to_lowercase().contains(secret), "{what}: {printed}");
    }
}

#[test]
fn ops_05_settings_print_no_secret_and_no_hash() {
    for kept in [false, true] {
        let file = SettingsFile::read(planted(kept)).unwrap_or_else(|found| panic!("{found}"));
        check("a file", &format!("{file:?} {file:#?}"));
        let hash = |_: &HashOf| Some("$argon2id$hunter2".to_owned());
        let documents = file.into_documents(hash, |_, _| Sealed::from_text("v2:hunter2"));
        let settings = Settings::from_documents(&SettingsHead::default(), documents.0.clone());
        assert_eq!(settings.agents.len() + settings.accounts.len(), 2);
        check("settings", &format!("{settings:?}"));
        let changed = plan(&Settings::default(), &documents.0);
        check("a plan", &format!("{changed:?}"));
        let command = Command::ApplySettings { documents, source: None };
        check("an input", &format!("{:?}", Input::command(InputId::new("a", "b"), command)));
    }
}

#[test]
fn ops_05_a_verifier_does_not_print_itself() {
    let hash = "$argon2id$hunter2".to_owned();
    let verifier = Verifier { hash: hash.clone(), at: Timestamp::default() };
    check("a verifier", &format!("{verifier:?}"));
    let sign_in = SignIn {
        agent: "pair:1001".parse().unwrap(),
        extension: "2001".parse().unwrap(),
        device: None,
        mobile: None,
        on: SignInOn::Local,
        node: "gw-a.example".parse().unwrap(),
        verifier: Some(hash),
        follows: None,
    };
    check("a sign-in", &format!("{sign_in:?}"));
}

#[test]
fn ops_05_a_reader_prints_no_member_of_what_it_reads() {
    let mut problems = crate::Problems::default();
    let reader = Reader::new("", json!({"password": "hunter2"}), &mut problems);
    check("a reader", &format!("{reader:?}"));
    check("a password", &format!("{:?}", NewPassword::Plain(Secret::new("hunter2"))));
}
