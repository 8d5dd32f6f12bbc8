//! A client that reads mail (RFC 9051 as far as RFC 3501 agrees) without leaving a trace, strict about responses.

use std::path::Path;

use super::sasl::Login;
use super::wire::{Place, Route, Wire};

/// Bytes of a literal: a mail.
const LITERAL_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A session.
pub(super) struct Imap {
    wire: Wire,
    place: Place,
    commands: u32,
}

/// One response: its text with `{n}` where literals were, and these.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Response {
    text: String,
    literals: Vec<Vec<u8>>,
}

impl Imap {
    /// Connects with TLS and reads the greeting.
    pub(super) async fn open(
        place: &Place,
        route: &Route,
        ca: Option<&Path>,
    ) -> Result<Self, String> {
        let wire = Wire::open(place, route).await?.secured(&place.host, ca).await?;
        let mut session = Self { wire, place: place.clone(), commands: 0 };
        let greeting = session.response().await?.text;
        if !greeting.starts_with("* OK ") {
            return Err(format!("the server does not greet: {greeting}"));
        }
        Ok(session)
    }

    pub(super) async fn sign_in(&mut self, login: &Login) -> Result<(), String> {
        let name = login.mechanism.name();
        let offers = self.command("CAPABILITY").await?;
        let mut offers = offers.iter().filter_map(|it| it.text.strip_prefix("* CAPABILITY "));
        let wanted = format!("AUTH={name}");
        if !offers.any(|line| line.split(' ').any(|it| it.eq_ignore_ascii_case(&wanted))) {
            return Err(format!("the server does not offer {wanted}"));
        }
        let tag = self.send(&format!("AUTHENTICATE {name}")).await?;
        let mut answers = login.answers(&self.place.host, self.place.port).into_iter();
        loop {
            let response = self.response().await?;
            if response.text.starts_with('+') {
                // With nothing left to say the exchange is called off.
                let answer = answers.next().unwrap_or_else(|| "*".to_owned());
                self.wire.write(format!("{answer}\r\n").as_bytes()).await?;
            } else if let Some(outcome) = outcome(&tag, &response) {
                return outcome;
            }
        }
    }

    /// Opens a folder for reading only.
    pub(super) async fn examine(&mut self, folder: &str) -> Result<(), String> {
        let quoted = folder.replace('\\', "\\\\").replace('"', "\\\"");
        self.command(&format!("EXAMINE \"{quoted}\"")).await.map(drop)
    }

    /// The UIDs of all mails in the folder, as it is now.
    pub(super) async fn uids(&mut self) -> Result<Vec<u32>, String> {
        let responses = self.command("UID SEARCH ALL").await?;
        let lines = responses.iter().filter_map(|it| it.text.strip_prefix("* SEARCH"));
        let numbers = lines.flat_map(|line| line.split(' ').filter(|word| !word.is_empty()));
        let number =
            |word: &str| word.parse::<u32>().map_err(|_| format!("no UID in SEARCH: {word:?}"));
        numbers.map(number).collect()
    }

    /// A mail as it is; `None` if it is gone.
    pub(super) async fn mail(&mut self, uid: u32) -> Result<Option<Vec<u8>>, String> {
        let responses = self.command(&format!("UID FETCH {uid} BODY.PEEK[]")).await?;
        let wanted = format!("UID {uid}");
        let mut fetched = responses.into_iter().filter(|response| {
            let is_fetch = response.text.split(' ').nth(2) == Some("FETCH");
            is_fetch && response.text.contains(&wanted) && response.text.contains("BODY[]")
        });
        Ok(fetched.next().and_then(|response| response.literals.into_iter().next()))
    }

    pub(super) async fn log_out(mut self) -> Result<(), String> {
        self.command("LOGOUT").await.map(drop)
    }

    async fn command(&mut self, line: &str) -> Result<Vec<Response>, String> {
        let tag = self.send(line).await?;
        let mut responses = Vec::new();
        loop {
            let response = self.response().await?;
            match outcome(&tag, &response) {
                Some(outcome) => return outcome.map(|()| responses),
                None if response.text.starts_with("* ") => responses.push(response),
                None => return Err(format!("no response to {tag}: {:?}", response.text)),
            }
        }
    }

    async fn send(&mut self, line: &str) -> Result<String, String> {
        if line.contains(['\r', '\n']) {
            return Err("a line end within a command".to_owned());
        }
        self.commands += 1;
        let tag = format!("a{}", self.commands);
        self.wire.write(format!("{tag} {line}\r\n").as_bytes()).await?;
        Ok(tag)
    }

    async fn response(&mut self) -> Result<Response, String> {
        let mut response = Response { text: String::new(), literals: Vec::new() };
        loop {
            let line = self.wire.line().await?;
            response.text.push_str(&line);
            let count = line.strip_suffix('}').and_then(|line| line.rsplit_once('{'));
            let Some(count) = count.and_then(|(_, count)| count.parse().ok()) else {
                return Ok(response);
            };
            if count > LITERAL_BYTES_MAX {
                return Err(format!("a literal of {count} bytes"));
            }
            response.literals.push(self.wire.exact(count).await?);
        }
    }
}

/// How the command went, if this is the answer to it.
fn outcome(tag: &str, response: &Response) -> Option<Result<(), String>> {
    let text = response.text.strip_prefix(tag)?.strip_prefix(' ')?;
    Some(match text.split(' ').next() {
        Some("OK") => Ok(()),
        _ => Err(text.to_owned()),
    })
}
