//! Asking a judge: in a process of its own, for so long and no longer, and never about what it would fetch.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::saml::{Judge, ONE, Parties, Verdict};

/// How long a judge may take for one message.
const PATIENCE: Duration = Duration::from_secs(120);

/// How many signatures of one message are looked at.
const SIGNATURES_MAX: usize = 16;

/// The signature of the message itself, and one of all by its number.
const OWN: &str =
    "/*/*[local-name()='Signature' and namespace-uri()='http://www.w3.org/2000/09/xmldsig#']";
const EACH: &str =
    "//*[local-name()='Signature' and namespace-uri()='http://www.w3.org/2000/09/xmldsig#']";
/// What xmlsec1 says where there is no such signature, or more than one.
const NOT_ONE: &str = "xpath expression evaluation does not return a single node";

/// What a judge says of a message; an error means that it could not be asked at all.
pub(super) fn ask(judge: Judge, message: &Path, parties: &Parties<'_>) -> Result<Verdict, String> {
    let bytes =
        std::fs::read(message).map_err(|error| format!("{}: {error}", message.display()))?;
    if would_fetch(&bytes) {
        return Ok(Verdict::NotAsked);
    }
    match judge {
        Judge::Samael => samael(message, parties),
        Judge::Xmlsec1 => xmlsec1(message, parties),
    }
}

/// Both judges stand on libxml2 and libxmlsec1, which open what a reference, a declaration or a style sheet names
/// before they know who wrote it. Rather too much is kept from them than too little.
fn would_fetch(message: &[u8]) -> bool {
    // So that UTF-16 reads like UTF-8.
    let text: Vec<u8> = message.iter().copied().filter(|&byte| byte != 0).collect();
    let text = String::from_utf8_lossy(&text);
    let names_another_place = text.match_indices("URI").any(|(at, name)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let is_whole = before.is_none_or(|before| before.is_whitespace() || before == ':');
        let rest = text.get(at + name.len()..).unwrap_or_default().trim_start();
        let Some(value) = rest.strip_prefix('=').map(str::trim_start) else { return false };
        let within = value.strip_prefix(['"', '\'']).unwrap_or_default();
        is_whole && !within.starts_with(['#', '"', '\''])
    });
    let declares = text.contains("<!DOCTYPE") || text.contains("<!ENTITY");
    let outside = text.contains("SYSTEM") || text.contains("PUBLIC");
    names_another_place || declares && outside || text.contains("/XSL/Transform")
}

/// Samael is linked, so it is this program that is started again.
fn samael(message: &Path, parties: &Parties<'_>) -> Result<Verdict, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let folder = parties.metadata.parent().unwrap_or(Path::new("."));
    let mut command = Command::new(program);
    command.arg(ONE).arg(message).arg("--folder").arg(folder);
    command.args(["--request-id", parties.request_id, "--sp", parties.service]);
    command.args(["--acs", parties.consumer]);
    let Some(told) = answer(command, PATIENCE)? else { return Ok(Verdict::NoAnswer) };
    // libxmlsec1 tells standard error what it thinks, before.
    let text = told.text.trim().lines().next_back().unwrap_or_default();
    match text.split_once(' ').unwrap_or((text, "")) {
        ("refused", words) => Ok(Verdict::Refused(one_line(words))),
        ("accepted", uids) => Ok(Verdict::Accepted(one_line(uids))),
        // It began, so that nothing else than a crash ends it without a word.
        _ if told.status.is_none() => Ok(Verdict::NoAnswer),
        _ => Err(format!("{}: {}", message.display(), told.text.trim())),
    }
}

/// Knows signatures and not SAML: it accepts where the message has one of its own and every one there is verifies
/// by the provider's key.
fn xmlsec1(message: &Path, parties: &Parties<'_>) -> Result<Verdict, String> {
    let verify = |path: &str| {
        let mut command = Command::new("xmlsec1");
        command.args(["--verify", "--pubkey-cert-pem"]).arg(&parties.certificate);
        // Keys and certificates in the message count for nothing; nothing outside the message is read.
        command.args([
            "--enabled-key-data",
            "rsa,ecdsa",
            "--enabled-reference-uris",
            "empty,same-doc",
        ]);
        for name in ["protocol:Response", "assertion:Assertion"] {
            command.arg("--id-attr:ID").arg(format!("urn:oasis:names:tc:SAML:2.0:{name}"));
        }
        command.args(["--node-xpath", path]).arg(message);
        answer(command, PATIENCE)
    };
    let each = |number: usize| format!("({EACH})[{number}]");
    // Where there is no second one, the message's own is the only one.
    let numbers = [2, 1].into_iter().chain(3..=SIGNATURES_MAX);
    for path in std::iter::once(OWN.to_owned()).chain(numbers.map(each)) {
        let Some(told) = verify(&path)? else { return Ok(Verdict::NoAnswer) };
        match told.status {
            Some(0) => {}
            None => return Ok(Verdict::NoAnswer),
            Some(_) if path != OWN && told.text.contains(NOT_ONE) => {
                return Ok(Verdict::Accepted(String::new()));
            }
            Some(_) => return Ok(Verdict::Refused(reason(&told.text))),
        }
    }
    Ok(Verdict::Refused(format!("more than {SIGNATURES_MAX} signatures")))
}

/// The part of xmlsec1's words that says why.
fn reason(text: &str) -> String {
    if text.contains(NOT_ONE) {
        return "the message has no signature of its own, or several".to_owned();
    }
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    // `func=...:subj=unknown:error=12:invalid data:data and digest do not match`
    one_line(line.split(":error=").last().unwrap_or(line))
}

fn one_line(words: &str) -> String {
    words.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(120).collect()
}

/// What a process told before it ended.
#[derive(Debug)]
struct Told {
    /// None where a signal ended it.
    status: Option<i32>,
    text: String,
}

/// Runs a process; none where it had to be ended.
fn answer(mut command: Command, patience: Duration) -> Result<Option<Told>, String> {
    let name = command.get_program().display().to_string();
    let failed = |error: std::io::Error| format!("{name}: {error}");
    let (output, input) = std::io::pipe().map_err(failed)?;
    command.stdin(Stdio::null()).stdout(input.try_clone().map_err(failed)?).stderr(input);
    let mut child = command.spawn().map_err(failed)?;
    // Holds our ends of the pipe open, which would never end then.
    drop(command);
    let (send, ended) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = Vec::new();
        let read = { output }.read_to_end(&mut text).map(|_| text);
        // Nobody listens any more where it took too long.
        let _ = send.send(read);
    });
    match ended.recv_timeout(patience) {
        Ok(text) => {
            let text = String::from_utf8_lossy(&text.map_err(failed)?).into_owned();
            let status = child.wait().map_err(failed)?.code();
            Ok(Some(Told { status, text }))
        }
        Err(_) => {
            end(&mut child);
            Ok(None)
        }
    }
}

fn end(child: &mut Child) {
    // It may have ended by itself meanwhile.
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_fetched_is_kept_away() {
        for text in [
            "<Reference URI=\"http://192.0.2.1/\">",
            "<Reference\tURI = 'file:///etc/passwd'>",
            "<Reference URI=\"&#x68;ttp://192.0.2.1/\">",
            "<ds:RetrievalMethod ds:URI='x'/>",
            "<!DOCTYPE a SYSTEM 'a.dtd'><a/>",
            "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///b'>]><a>&b;</a>",
            "<x xmlns='http://www.w3.org/1999/XSL/Transform'/>",
        ] {
            assert!(would_fetch(text.as_bytes()), "{text}");
            let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert!(would_fetch(&wide), "{text}");
        }
        for text in [
            "<Reference URI=\"#_1\"/>",
            "<Reference URI=''/>",
            "<Audience>URI=http</Audience>",
            "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
            "<a xmlns='URI'/>",
        ] {
            assert!(!would_fetch(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn who_takes_too_long_is_ended() {
        let mut command = Command::new("sleep");
        command.arg("1000");
        assert!(answer(command, Duration::from_millis(1)).unwrap().is_none());
        let mut command = Command::new("sh");
        command.args(["-c", "echo here; echo there >&2; exit 3"]);
        let told = answer(command, PATIENCE).unwrap().unwrap();
        assert_eq!((told.status, told.text.as_str()), (Some(3), "here\nthere\n"));
        let mut command = Command::new("sh");
        command.args(["-c", "kill -9 $$"]);
        assert_eq!(answer(command, PATIENCE).unwrap().unwrap().status, None);
        assert!(answer(Command::new("/none/at/all"), PATIENCE).is_err());
    }

    #[test]
    fn the_reason_is_the_end_of_the_first_line() {
        let text = "func=xmlSec:file=digests.c:line=355:obj=sha256:subj=unknown:error=12:invalid data:no match\nFAIL\n";
        assert_eq!(reason(text), "12:invalid data:no match");
        assert_eq!(
            reason("\nError: duplicate ID attribute \"_1\"\nERROR"),
            "Error: duplicate ID attribute \"_1\""
        );
    }
}
