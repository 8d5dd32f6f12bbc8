//! Every model of the table walks through all screens within its own limits.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;

use crate::gateway::{Gateway, program};
use crate::phone::{DEVICE, Phone};
use crate::wire;

pub(crate) fn models() -> Vec<String> {
    let output = Command::new(program("JACKFIELD_PEERS_BIN", "jackfield-peers"))
        .arg("models")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let first = text.lines().filter_map(|line| line.split_whitespace().next());
    first
        .filter(|word| word.starts_with("CP-") || word.starts_with("DP-"))
        .map(str::to_owned)
        .collect()
}

/// Presses a key where it stands behind More as well.
fn walk(gateway: &Gateway, model: &str) -> Vec<String> {
    let mut phone = Phone::new(gateway, DEVICE, model);
    phone.open();
    assert_eq!(phone.kind(), "Input", "{model}: {:#}", phone.screen);
    phone.fill(json!({"id": "1001", "extension": "2001", "password": "nonsense"}));
    phone.press("SignIn");
    assert_eq!(phone.kind(), "Text", "{model}");
    phone.press("Retry");
    phone.sign_in(gateway, "1001", "2001");
    phone.press("Ready");
    gateway.admin(json!({"do": "call_begin", "agent": "1001", "number": "+49301", "variables": {"callVariable1": "Ä—日本"}}));
    phone.wait(json!({"softkey": "CData", "seconds": 20, "pushes": 1}));
    phone.press("CData");
    phone.press("WrapUp");
    let item = phone.items()[0].clone();
    phone.select(&item);
    gateway.admin(json!({"do": "call_end", "agent": "1001"}));
    phone.wait(json!({"title": "Wrap-up", "seconds": 20, "pushes": 2}));
    phone.press("NotReady");
    let item = phone.items()[0].clone();
    phone.select(&item);
    phone.press("SignOut");
    let item = phone.items()[0].clone();
    phone.select(&item);
    assert_eq!(phone.kind(), "Input", "{model}");
    let pages = phone.pages.clone();
    phone.leave();
    pages
}

#[test]
fn phn_17_every_model_is_served_within_its_limits() {
    let gateway = Gateway::start();
    let models = models();
    assert!(models.len() >= 20, "{models:?}");
    let mut pages = Vec::new();
    for model in &models {
        // 69xx and 79xx come through a proxy that ends their TLS; see `old_phones`.
        // 840 and 860 open no service by a key and have no forms; see below.
        if ["CP-69", "CP-79", "CP-840", "CP-860"].iter().any(|other| model.starts_with(other)) {
            continue;
        }
        pages.extend(walk(&gateway, model));
    }
    validate(&pages);
}

#[test]
fn phn_17_a_phone_without_forms_signs_in_by_its_subscription_alone() {
    let gateway = Gateway::start();
    let headers = "x-CiscoIPPhoneModelName: CP-860\r\nAccept-Charset: utf-8\r\n";
    let asked = wire::get(&gateway, &format!("/fippa/{DEVICE}?id=1001"), headers).text();
    assert!(asked.contains("cannot show a form"), "{asked}");
    let password = gateway.password("1001");
    let query = format!("id=1001&extension=2001&password={password}");
    let home = wire::get(&gateway, &format!("/fippa/{DEVICE}?{query}"), headers).text();
    assert!(home.contains("<Title>Not Ready</Title>"), "{home}");
}

/// Judges pages by the schema of phone objects with a program of others.
pub(crate) fn validate(pages: &[String]) {
    if Command::new("xmllint").arg("--version").output().is_err() {
        println!("left out: xmllint is missing; install libxml2-utils");
        return;
    }
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("jackfield-pages-{}-{number}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/cisco-ip-phone-objects.xsd");
    let mut files = Vec::new();
    for (number, page) in pages.iter().enumerate() {
        let file = folder.join(format!("{number}.xml"));
        // The page was decoded already; its declaration may name another charset.
        let body = page.split_once("?>").map_or(page.as_str(), |(_, body)| body);
        std::fs::write(&file, body).unwrap();
        files.push(file);
    }
    let output = Command::new("xmllint")
        .args(["--noout", "--schema", schema])
        .args(&files)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(output.status.success(), "{told}");
    assert!(files.len() > 20);
}
