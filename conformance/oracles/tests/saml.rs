//! The messages that are posted to the gateway, judged by other implementations: they agree, or it is said why not.

#![expect(clippy::unwrap_used, reason = "tests say what they expect by failing")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

const REQUEST: &str = "_4d1f0a7be2c9461c8f2b6d3e5a907c11";
const SERVICE: &str = "ids.example";
const CONSUMER: &str = "https://ids.example:8553/ids/saml/response";
const PROVIDER: &str = "http://idp.example/adfs/services/trust";

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("oracles-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).status().is_ok()
}

/// The simulated peers, which write the messages.
fn peers() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/debug/jackfield-peers");
    std::env::var_os("JACKFIELD_PEERS_BIN").map_or(beside, PathBuf::from)
}

fn write_messages(folder: &Path) {
    // Other judges read the clock themselves.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().to_string();
    let mut command = Command::new(peers());
    command.arg("saml-messages").arg("--out").arg(folder).args(["--now", &now]);
    command.args(["--request-id", REQUEST, "--sp", SERVICE, "--acs", CONSUMER, "--idp", PROVIDER]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn judged(folder: &Path, more: &[&str]) -> (Output, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oracles"));
    command.arg("saml").arg(folder).args(["--request-id", REQUEST, "--sp", SERVICE]);
    let output = command.args(["--acs", CONSUMER]).args(more).output().unwrap();
    let told = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (output, String::from_utf8_lossy(&told).into_owned())
}

/// Leaves these messages in the index and no others.
fn keep_alone(folder: &Path, names: &[&str]) {
    let index = folder.join("index.json");
    let mut list: Vec<serde_json::Value> =
        serde_json::from_slice(&std::fs::read(&index).unwrap()).unwrap();
    list.retain(|message| names.iter().any(|&name| message["name"] == name));
    assert_eq!(list.len(), names.len());
    std::fs::write(&index, serde_json::to_vec(&list).unwrap()).unwrap();
}

#[test]
fn other_implementations_agree_or_it_is_explained() {
    if !is_there("xmlsec1") {
        println!("left out: xmlsec1 is not installed");
        return;
    }
    let folder = Folder::new("messages");
    write_messages(&folder.0);
    let (output, told) = judged(&folder.0, &[]);
    println!("{told}");
    assert!(output.status.success(), "{told}");
    assert!(told.contains(" 0 problems"), "{told}");
    assert_eq!(told.contains("samael was not asked"), !cfg!(feature = "samael"));
}

#[test]
fn without_the_list_every_difference_is_a_problem() {
    if !is_there("xmlsec1") {
        println!("left out: xmlsec1 is not installed");
        return;
    }
    let folder = Folder::new("unlisted");
    write_messages(&folder.0);
    keep_alone(
        &folder.0,
        &["plain-both-signed", "unsigned", "other-audience", "reference-by-http"],
    );
    let list = folder.0.join("differences.json");
    std::fs::write(&list, "[]").unwrap();
    let list = list.to_str().unwrap();
    let (output, told) = judged(&folder.0, &["--only", "xmlsec1", "--differences", list]);
    assert_eq!(output.status.code(), Some(1), "{told}");
    let problems: Vec<_> = told.lines().filter_map(|line| line.strip_prefix("problem: ")).collect();
    let expected = [
        "other-audience: xmlsec1 says accepted, unexplained",
        "reference-by-http: xmlsec1 says not asked, unexplained",
    ];
    assert_eq!(problems, expected, "{told}");
}

#[test]
fn what_cannot_be_judged_is_told() {
    let folder = Folder::new("none");
    let (output, told) = judged(&folder.0, &[]);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("index.json"), "{told}");
    std::fs::write(folder.0.join("index.json"), "[]").unwrap();
    let (output, told) = judged(&folder.0, &["--only", "xmlsec1"]);
    assert_eq!(
        (output.status.code(), told.trim()),
        (Some(2), "oracles: index.json names no message")
    );
    let (output, told) = judged(&folder.0, &["--only", "nobody"]);
    assert_eq!(output.status.code(), Some(2), "{told}");
}
