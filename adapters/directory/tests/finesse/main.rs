//! Reading a simulated Finesse server, which is written from the guide alone and strict.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails loudly, and says why it was left out"
)]

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use directory::import::finesse::{FinesseError, Server, gather, imported};
use directory::import::{Change, Imported, Mode, Section};
use domain::settings::Becomes;
use domain::{Secret, Settings};
use serde_json::Value;

/// The program beside this test's own, which the test command builds first.
fn program() -> Option<PathBuf> {
    let here = std::env::current_exe().unwrap();
    let program = here.ancestors().nth(2).unwrap().join("jackfield-peers");
    if program.exists() {
        return Some(program);
    }
    println!("left out: {} is not built", program.display());
    None
}

/// A running server.
struct Finesse {
    child: Child,
    address: String,
    authority_pem: String,
}

impl Finesse {
    fn start(options: &[&str]) -> Option<Self> {
        let mut child = Command::new(program()?)
            .arg("finesse-server")
            .args(options)
            .arg("--until-input-ends")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(line.strip_prefix("ready ").unwrap()).unwrap();
        let text = |name: &str| ready[name].as_str().unwrap().to_owned();
        Some(Self { child, address: text("finesse"), authority_pem: text("authority_pem") })
    }

    fn server(&self, password: &str) -> Server {
        let password = Secret::new(password);
        let authority = self.authority_pem.clone();
        Server::new(&self.address, "administrator", password, authority).unwrap()
    }

    async fn read(&self) -> Result<Imported, FinesseError> {
        gather(&self.server("finesse-secret")).await.map(|gathered| imported(&gathered))
    }

    /// Ends it; it says whether anything was forbidden.
    #[track_caller]
    fn nothing_was_broken(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success(), "the server tells violations");
    }
}

impl Drop for Finesse {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn ops_16_all_that_finesse_offers_becomes_a_plan_with_what_is_odd_told() {
    let Some(finesse) = Finesse::start(&[]) else { return };
    let imported = finesse.read().await.unwrap();
    // Of 2,000 one has no id of ours, and one is there twice.
    assert_eq!(imported.count(Section::Agents), 1_998);
    assert_eq!(imported.count(Section::Teams), 2);
    assert_eq!(imported.count(Section::Layouts), 1);
    let told = imported.left_out.join("\n");
    for part in
        ["\"not an id\"", "twice", "both \"Sales\"", "formula", "extension", "passwords", "70000"]
    {
        assert!(told.contains(part), "{part} is not told: {told}");
    }
    let change = Change::new(&Settings::default(), &imported, Mode::AddAndChange).unwrap();
    // Five reasons of states and two of wrap-up, with agents, teams and the layout.
    assert_eq!(change.count(Becomes::Added), 1_998 + 2 + 1 + 7);
    let reason = |code: u64| {
        let reasons = imported.entries[&Section::Reasons].iter();
        reasons.clone().find(|it| it["code"] == code).cloned().unwrap_or_default()
    };
    assert_eq!(reason(13)["label"], "<b>Training</b> & more");
    assert_eq!(reason(14)["teams"], serde_json::json!(["Support & Repair"]));
    // Both teams of that name have it.
    assert_eq!(reason(43)["teams"], serde_json::json!(["Sales"]));
    assert!(reason(32_767).is_empty());
    finesse.nothing_was_broken();
}

#[tokio::test]
async fn ops_16_an_older_server_without_a_list_of_teams_is_read_too() {
    let Some(finesse) = Finesse::start(&["--fault", "no-teams", "--users", "50"]) else { return };
    let imported = finesse.read().await.unwrap();
    assert_eq!(imported.count(Section::Teams), 2);
    finesse.nothing_was_broken();
}

#[tokio::test]
async fn ops_10_a_refused_password_is_not_tried_again() {
    let Some(finesse) = Finesse::start(&["--users", "5"]) else { return };
    let refused = gather(&finesse.server("mistyped")).await.unwrap_err();
    assert!(matches!(refused, FinesseError::Credentials), "{refused}");
    finesse.nothing_was_broken();
}

#[tokio::test]
async fn ops_16_a_server_that_fails_takes_nothing_over() {
    for (fault, words) in [
        ("unavailable", "SERVER_OUT_OF_SERVICE"),
        ("cut-body", "broke off"),
        ("huge-body", "longer than"),
        ("html", "is no Users"),
    ] {
        let Some(finesse) = Finesse::start(&["--fault", fault, "--users", "5"]) else { return };
        let refused = finesse.read().await.unwrap_err().to_string();
        assert!(refused.contains(words), "{fault}: {refused}");
        finesse.nothing_was_broken();
    }
}

#[tokio::test]
async fn ops_16_a_server_of_another_authority_is_told_no_password() {
    let Some(finesse) = Finesse::start(&["--users", "5"]) else { return };
    let another = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let authority = another.cert.pem();
    let server =
        Server::new(&finesse.address, "administrator", Secret::new("x"), authority).unwrap();
    let refused = gather(&server).await.unwrap_err();
    assert!(matches!(refused, FinesseError::Unreachable { .. }), "{refused}");
    finesse.nothing_was_broken();
}
