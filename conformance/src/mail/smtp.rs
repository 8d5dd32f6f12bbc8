//! A client that submits mail (RFC 5321, 3207, 4954), strict about replies.

use std::path::Path;

use clap::ValueEnum;

use super::sasl::Login;
use super::wire::{Place, Route, Wire};

/// How the connection is kept private.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Security {
    /// Not at all.
    None,
    /// TLS after STARTTLS.
    StartTls,
    /// TLS from the beginning.
    Tls,
}

/// A session.
pub(super) struct Smtp {
    wire: Wire,
    place: Place,
    /// What the server offers, in capitals.
    extensions: Vec<String>,
}

/// A reply: its code, and its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Reply {
    code: u16,
    lines: Vec<String>,
}

impl Reply {
    fn expect(self, code: u16) -> Result<Self, String> {
        if self.code == code {
            return Ok(self);
        }
        Err(format!("{} {}", self.code, self.lines.join(" / ")))
    }
}

impl Smtp {
    /// Connects and says hello, privately where it is asked for.
    pub(super) async fn open(
        place: &Place,
        route: &Route,
        security: Security,
        ca: Option<&Path>,
    ) -> Result<Self, String> {
        let mut wire = Wire::open(place, route).await?;
        if security == Security::Tls {
            wire = wire.secured(&place.host, ca).await?;
        }
        let mut session = Self { wire, place: place.clone(), extensions: Vec::new() };
        session.reply().await?.expect(220)?;
        session.hello().await?;
        if security == Security::StartTls {
            if !session.offers("STARTTLS") {
                return Err("the server does not offer STARTTLS".to_owned());
            }
            session.command("STARTTLS", 220).await?;
            session.wire = session.wire.secured(&place.host, ca).await?;
            session.hello().await?;
        }
        Ok(session)
    }

    async fn hello(&mut self) -> Result<(), String> {
        let reply = self.command("EHLO localhost", 250).await?;
        self.extensions = reply.lines.iter().skip(1).map(|line| line.to_uppercase()).collect();
        Ok(())
    }

    fn offers(&self, name: &str) -> bool {
        self.extensions.iter().any(|line| line.split(' ').next() == Some(name))
    }

    pub(super) async fn sign_in(&mut self, login: &Login) -> Result<(), String> {
        let name = login.mechanism.name();
        let offered = self.extensions.iter().find_map(|line| line.strip_prefix("AUTH "));
        if !offered.is_some_and(|offered| offered.split(' ').any(|it| it == name)) {
            return Err(format!("the server does not offer AUTH {name}"));
        }
        let mut reply = self.ask(&format!("AUTH {name}")).await?;
        for answer in login.answers(&self.place.host, self.place.port) {
            if reply.code != 334 {
                break;
            }
            reply = self.ask(&answer).await?;
        }
        reply.expect(235).map(drop)
    }

    /// Hands a mail over; returns what the server said to it.
    pub(super) async fn submit(
        &mut self,
        from: &str,
        to: &[String],
        mail: &[u8],
    ) -> Result<String, String> {
        let mut parameters = String::new();
        if !mail.is_ascii() {
            if !self.offers("8BITMIME") {
                return Err("the server does not take mails of 8 bits".to_owned());
            }
            parameters.push_str(" BODY=8BITMIME");
        }
        if !from.is_ascii() || !to.iter().all(|address| address.is_ascii()) {
            if !self.offers("SMTPUTF8") {
                return Err("the server takes no addresses but of ASCII".to_owned());
            }
            parameters.push_str(" SMTPUTF8");
        }
        self.command(&format!("MAIL FROM:<{from}>{parameters}"), 250).await?;
        for address in to {
            self.command(&format!("RCPT TO:<{address}>"), 250).await?;
        }
        self.command("DATA", 354).await?;
        self.wire.write(&stuffed(mail)).await?;
        let reply = self.reply().await?.expect(250)?;
        Ok(format!("250 {}", reply.lines.join(" ")))
    }

    pub(super) async fn quit(mut self) -> Result<(), String> {
        self.command("QUIT", 221).await.map(drop)
    }

    async fn command(&mut self, line: &str, code: u16) -> Result<Reply, String> {
        self.ask(line).await?.expect(code)
    }

    async fn ask(&mut self, line: &str) -> Result<Reply, String> {
        // An address with a line end in it would be a command of its own.
        if line.contains(['\r', '\n']) {
            return Err("a line end within a command".to_owned());
        }
        self.wire.write(format!("{line}\r\n").as_bytes()).await?;
        self.reply().await
    }

    async fn reply(&mut self) -> Result<Reply, String> {
        let mut lines = Vec::new();
        let mut first = None;
        loop {
            let line = self.wire.line().await?;
            let (digits, rest) = line.split_at_checked(3).unwrap_or((&line, ""));
            let is_code = digits.len() == 3 && digits.bytes().all(|it| it.is_ascii_digit());
            let code = digits.parse().ok().filter(|_| is_code);
            let code: u16 = code.ok_or_else(|| format!("no reply: {line:?}"))?;
            if *first.get_or_insert(code) != code {
                return Err(format!("two codes in one reply: {line:?}"));
            }
            let text = rest.get(1..).unwrap_or_default();
            lines.push(text.to_owned());
            match rest.chars().next() {
                Some('-') => {}
                Some(' ') | None => return Ok(Reply { code, lines }),
                Some(_) => return Err(format!("no reply: {line:?}")),
            }
        }
    }
}

/// The mail as DATA takes it: lines end with CR LF, a dot at the beginning of one is doubled.
fn stuffed(mail: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(mail.len() + 5);
    let mail = mail.strip_suffix(b"\n").unwrap_or(mail);
    for line in mail.split(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            bytes.push(b'.');
        }
        bytes.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b".\r\n");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_with_cr_lf_and_dots_are_doubled() {
        assert_eq!(stuffed(b"a\n.b\r\n..\n"), b"a\r\n..b\r\n...\r\n.\r\n");
        assert_eq!(stuffed(b"a"), b"a\r\n.\r\n");
    }
}
