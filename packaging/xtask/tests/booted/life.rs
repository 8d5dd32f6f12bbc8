//! What happens in the life of an installed gateway: its administrator, requests while it is replaced.

use std::fs;

use serde_json::json;

use super::machine::{Machine, packages, said, wait};

const API: &str = "https://127.0.0.1:9443/api/v1";
const PASSWORD: &str = "for-this-test-alone";
/// Where the cookie is kept, in the machine.
const COOKIES: &str = "/run/cookies";
/// How many knock at once.
const KNOCKERS: usize = 4;

/// The Debian package of that step, as machines see it.
pub(crate) fn deb(step: &str) -> String {
    package(step, "jackfield_", ".deb")
}

/// The package with the simulated peers.
pub(crate) fn peers(step: &str) -> String {
    package(step, "jackfield-peers_", ".deb")
}

/// The package for rpm.
pub(crate) fn rpm(step: &str) -> String {
    package(step, "jackfield-0", ".rpm")
}

fn package(step: &str, begin: &str, end: &str) -> String {
    let folder = packages(step).unwrap_or_else(|| panic!("no packages of the step {step}"));
    let names = fs::read_dir(folder).unwrap().map(|each| each.unwrap().file_name());
    let mut names = names.map(|name| name.to_string_lossy().into_owned());
    let name = names.find(|name| name.starts_with(begin) && name.ends_with(end)).unwrap();
    format!("/packages/{step}/{name}")
}

/// Makes the first administrator by the set-up link and signs in.
pub(crate) fn administrator(machine: &Machine) {
    let link = wait("the set-up link", || {
        let output = machine.output(&["cat", "/var/lib/jackfield/set-up-link"]);
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    });
    let secret = link.trim().split("#set-up=").nth(1).unwrap();
    let account = json!({"secret": secret, "account": "admin", "password": PASSWORD});
    post(machine, "set-up", &account.to_string());
    let account = json!({"account": "admin", "password": PASSWORD, "acknowledged": true});
    post(machine, "session", &account.to_string());
    assert!(is_signed_in(machine));
}

fn post(machine: &Machine, what: &str, body: &str) {
    let url = format!("{API}/{what}");
    let answer = machine.output(&[
        "curl",
        "-sSk",
        "--fail-with-body",
        "-c",
        COOKIES,
        "-H",
        "Content-Type: application/json",
        "-d",
        body,
        &url,
    ]);
    assert!(answer.status.success(), "{what}: {}", said(&answer));
}

/// Adds a document as the console does: by the cookie, only where nothing is.
pub(crate) fn add(machine: &Machine, path: &str, body: &str) {
    let url = format!("{API}/{path}");
    let answer = machine.output(&[
        "curl",
        "-sSk",
        "--fail-with-body",
        "-b",
        COOKIES,
        "-X",
        "PUT",
        "-H",
        "Origin: https://127.0.0.1:9443",
        "-H",
        "If-None-Match: *",
        "-H",
        "Content-Type: application/json",
        "-d",
        body,
        &url,
    ]);
    assert!(answer.status.success(), "{path}: {}", said(&answer));
}

/// What a simulated phone says that signs an agent in at the service.
pub(crate) fn sign_in_at_a_phone(machine: &Machine, device: &str, fields: &str) -> String {
    let commands = format!(
        "(echo '{{\"services\": true}}'; sleep 3; echo '{{\"type\": {fields}}}'; \
          echo '{{\"press\": \"SignIn\"}}'; sleep 3) | \
         timeout 60 jackfield-peers phone --script --device {device} --model CP-8845 \
           --url https://gw-a.example.com:8445/fippa/ --resolve gw-a.example.com=127.0.0.1"
    );
    machine.shell(&commands)
}

/// Whether the cookie counts.
pub(crate) fn is_signed_in(machine: &Machine) -> bool {
    let url = format!("{API}/session");
    let answer = machine.output(&["curl", "-sSk", "--fail-with-body", "-b", COOKIES, &url]);
    answer.status.success() && said(&answer).contains("admin")
}

/// Requests one after the other, each over a connection of its own, until told to end.
pub(crate) struct Knocking<'a> {
    machine: &'a Machine,
    children: Vec<std::process::Child>,
}

impl<'a> Knocking<'a> {
    /// Begins, and returns once answers come.
    pub(crate) fn begin(machine: &'a Machine) -> Self {
        machine.shell("rm -rf /run/knocking && mkdir /run/knocking");
        let lines = format!(
            "while [ ! -e /run/knocking/end ]; do \
               curl -sk -o /dev/null --max-time 20 {API}/sign-on; echo $?; \
             done >>/run/knocking/$1"
        );
        let knock = |number: usize| machine.spawn(&["sh", "-c", &lines, "sh", &number.to_string()]);
        let children = (0..KNOCKERS).map(knock).collect();
        let knocking = Self { machine, children };
        wait("answers", || (knocking.codes().len() >= 2 * KNOCKERS).then_some(()));
        knocking
    }

    /// Ends, and says how many requests were answered; all have to be.
    pub(crate) fn end(mut self) -> usize {
        let before = self.codes().len();
        wait("requests afterwards", || (self.codes().len() >= before + 2 * KNOCKERS).then_some(()));
        self.machine.shell("touch /run/knocking/end");
        for child in &mut self.children {
            child.wait().unwrap();
        }
        let codes = self.codes();
        let failed: Vec<_> = codes.iter().filter(|code| *code != "0").collect();
        assert!(
            failed.is_empty(),
            "curl's codes (7 is refused) of {} requests: {failed:?}",
            codes.len()
        );
        codes.len()
    }

    fn codes(&self) -> Vec<String> {
        let text = self.machine.shell("cat /run/knocking/[0-9] 2>/dev/null || true");
        text.split_whitespace().map(str::to_owned).collect()
    }
}

/// Makes the store one that a later program wrote.
pub(crate) fn raise_store_version(machine: &Machine) {
    machine.run(&["sqlite3", "/var/lib/jackfield/jackfield.db", "PRAGMA user_version = 99"]);
}
