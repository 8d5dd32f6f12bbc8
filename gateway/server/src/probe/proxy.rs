//! A test of the proxies on the way out: whether it answers, and takes our user (OPS-15).
//!
//! Nothing is asked for beyond the proxy: the HTTP one is asked for a name that no resolver knows
//! (RFC 2606), the SOCKS one only greeted (RFC 1928, 1929).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Secret;
use domain::settings::{PROXY_PASSWORD_PURPOSE, Proxy};
use engine::Port;
use engine::probe::{Probe, StepOutcome};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most bytes of an answer's head.
const HEAD_BYTES_MAX: usize = 8 * 1024;

/// Tests one of them; `socks` where it speaks SOCKS.
pub(super) async fn proxy(port: &Port, proxy: &Proxy, socks: bool) -> Probe {
    let mut probe = Probe::new(if socks { "proxy socks" } else { "proxy http" });
    let password = proxy.password.as_ref().map(|it| port.unseal(PROXY_PASSWORD_PURPOSE, it));
    let account = match (&proxy.user, password) {
        (Some(user), Some(Ok(password))) => Some((user.as_str(), password)),
        (Some(user), None) => Some((user.as_str(), Secret::new(""))),
        (_, Some(Err(error))) => {
            probe.note("password", StepOutcome::Failed, error.to_string());
            return probe;
        }
        (None, _) => None,
    };
    let connecting = async {
        let to = (proxy.host.as_str(), proxy.port);
        let connected = timeout(PATIENCE, TcpStream::connect(to)).await;
        let stream = connected.map_err(|_| "no answer in 5 s".to_owned())?;
        let stream = stream.map_err(|error| error.to_string())?;
        Ok((stream, format!("{} port {} answers", proxy.host, proxy.port)))
    };
    let Some(stream) = probe.step("connect", connecting).await else { return probe };
    let greeting = async {
        let spoken = async {
            match socks {
                true => greet_socks(stream, account).await,
                false => ask_http(stream, account).await,
            }
        };
        let told = timeout(PATIENCE, spoken).await.map_err(|_| "no answer in 5 s".to_owned())?;
        told.map(|words| ((), words))
    };
    probe.step("greet", greeting).await;
    probe
}

async fn ask_http(
    mut stream: TcpStream,
    account: Option<(&str, Secret)>,
) -> Result<String, String> {
    let credentials = account.map_or_else(String::new, |(user, password)| {
        let pair = STANDARD.encode(format!("{user}:{}", password.expose()));
        format!("Proxy-Authorization: Basic {pair}\r\n")
    });
    let request = format!(
        "CONNECT probe.invalid:443 HTTP/1.1\r\nHost: probe.invalid:443\r\n{credentials}\r\n"
    );
    stream.write_all(request.as_bytes()).await.map_err(|error| error.to_string())?;
    let mut head = Vec::new();
    while !head.windows(2).any(|two| two == b"\r\n") {
        if head.len() > HEAD_BYTES_MAX
            || stream.read_buf(&mut head).await.map_err(|error| error.to_string())? == 0
        {
            break;
        }
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    let mut parts = text.split(' ');
    let speaks = parts.next().is_some_and(|version| version.starts_with("HTTP/1."));
    match parts.next().and_then(|status| status.parse::<u16>().ok()).filter(|_| speaks) {
        Some(407) => Err("it wants a user and password, or refuses ours (407)".to_owned()),
        Some(status @ (403 | 405)) => Err(format!("it forwards no connections for us ({status})")),
        Some(status) => Ok(format!("it speaks HTTP and judged the request ({status})")),
        None => Err("what listens speaks no HTTP".to_owned()),
    }
}

async fn greet_socks(
    mut stream: TcpStream,
    account: Option<(&str, Secret)>,
) -> Result<String, String> {
    let lost = |error: std::io::Error| error.to_string();
    let offered: &[u8] = if account.is_some() { &[5, 2, 0, 2] } else { &[5, 1, 0] };
    stream.write_all(offered).await.map_err(lost)?;
    let mut chosen = [0; 2];
    stream.read_exact(&mut chosen).await.map_err(lost)?;
    match (chosen, account) {
        ([5, 0], _) => Ok("it speaks SOCKS 5 and asks for no user".to_owned()),
        ([5, 2], Some((user, password))) => {
            let (user, password) = (user.as_bytes(), password.expose().as_bytes());
            let length = |bytes: &[u8]| {
                u8::try_from(bytes.len()).map_err(|_| "user or password is too long".to_owned())
            };
            let mut message = vec![1, length(user)?];
            message.extend_from_slice(user);
            message.push(length(password)?);
            message.extend_from_slice(password);
            stream.write_all(&message).await.map_err(lost)?;
            let mut judged = [0; 2];
            stream.read_exact(&mut judged).await.map_err(lost)?;
            match judged {
                [1, 0] => Ok("it speaks SOCKS 5 and takes our user".to_owned()),
                _ => Err("it refuses our user".to_owned()),
            }
        }
        ([5, _], _) => Err("it wants to know us in a way that is not configured".to_owned()),
        _ => Err("what listens speaks no SOCKS 5".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// What is said of a proxy that answers like that.
    async fn told(
        answers: &'static [&'static [u8]],
        socks: bool,
        user: bool,
    ) -> Result<String, String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            for answer in answers {
                let mut heard = [0; 512];
                let _ = stream.read(&mut heard).await;
                let _ = stream.write_all(answer).await;
            }
        });
        let stream = TcpStream::connect(address).await.unwrap();
        let account = user.then(|| ("user", Secret::new("secret")));
        match socks {
            true => greet_socks(stream, account).await,
            false => ask_http(stream, account).await,
        }
    }

    #[tokio::test]
    async fn ops_15_a_proxy_is_tested_with_our_user_and_nothing_beyond_it() {
        let http = [
            ("HTTP/1.1 503 No\r\n\r\n", true),
            ("HTTP/1.1 200 Yes\r\n\r\n", true),
            ("HTTP/1.1 407 Who\r\n\r\n", false),
            ("HTTP/1.1 403 No\r\n\r\n", false),
            ("SSH-2.0-x\r\n", false),
        ];
        for (answer, good) in http {
            let answers: &'static [&'static [u8]] = vec![answer.as_bytes()].leak();
            assert_eq!(told(answers, false, true).await.is_ok(), good, "{answer}");
        }
        assert!(told(&[&[5, 0]], true, false).await.is_ok());
        assert!(told(&[&[5, 2], &[1, 0]], true, true).await.is_ok());
        assert!(told(&[&[5, 2], &[1, 1]], true, true).await.is_err());
        assert!(told(&[&[5, 0xff]], true, false).await.is_err());
        assert!(told(&[b"HT"], true, false).await.is_err());
        assert!(told(&[], true, false).await.is_err());
    }
}
