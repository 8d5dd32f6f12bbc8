//! The few words before TLS where a server begins in the clear (RFC 3207).
//!
//! They are read byte by byte, so that nothing that somebody slipped in before TLS counts after it.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::trouble::{Trouble, said};

/// Bytes of one answer.
const ANSWER_BYTES_MAX: usize = 32 * 1024;

/// Reads the greeting and asks for TLS; the next bytes are those of TLS.
pub(super) async fn start_tls(
    stream: &mut TcpStream,
    host: &str,
    hello: &str,
) -> Result<(), Trouble> {
    expect(stream, host, "its greeting").await?;
    let offers = ask(stream, host, &format!("EHLO {hello}\r\n"), "our greeting").await?;
    let offers_tls = offers.lines().any(|line| {
        line.get(4..).is_some_and(|offer| offer.trim().eq_ignore_ascii_case("STARTTLS"))
    });
    if !offers_tls {
        let why = "it does not offer STARTTLS, and nothing is sent in the clear".to_owned();
        return Err(Trouble::Tls { host: host.to_owned(), why });
    }
    ask(stream, host, "STARTTLS\r\n", "STARTTLS").await.map(drop)
}

async fn ask(
    stream: &mut TcpStream,
    host: &str,
    command: &str,
    what: &str,
) -> Result<String, Trouble> {
    let sent = stream.write_all(command.as_bytes()).await;
    sent.map_err(|error| Trouble::Lost { host: host.to_owned(), why: error.to_string() })?;
    expect(stream, host, what).await
}

/// An answer that is a yes.
async fn expect(stream: &mut TcpStream, host: &str, what: &str) -> Result<String, Trouble> {
    let host = host.to_owned();
    let text = match answer(stream).await {
        Ok(Some(text)) => text,
        Ok(None) => {
            return Err(Trouble::Malformed { host, why: "it does not speak SMTP".to_owned() });
        }
        Err(error) => return Err(Trouble::Lost { host, why: error.to_string() }),
    };
    if !text.starts_with('2') {
        let what = what.to_owned();
        return Err(Trouble::Refused { host, what, code: None, text: said(&text, "") });
    }
    Ok(text)
}

/// All lines of an answer; `None` where it is none.
async fn answer(stream: &mut TcpStream) -> std::io::Result<Option<String>> {
    let mut all = Vec::new();
    let mut begin = 0;
    loop {
        let byte = stream.read_u8().await?;
        all.push(byte);
        if all.len() > ANSWER_BYTES_MAX {
            return Ok(None);
        }
        if byte != b'\n' {
            continue;
        }
        let line = all.get(begin..).unwrap_or_default();
        let is_code = line.get(..3).is_some_and(|code| code.iter().all(u8::is_ascii_digit));
        match (is_code, line.get(3)) {
            (true, Some(b'-')) => begin = all.len(),
            (true, Some(b' ' | b'\r' | b'\n')) => {
                return Ok(Some(String::from_utf8_lossy(&all).into_owned()));
            }
            _ => return Ok(None),
        }
    }
}
