//! A strict mail server: commands in their order, TLS and signing in as it wants them, nothing passed on.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::settings::{AlarmMail, AlarmReceiver, AlarmSeverity, MailSecurity};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A mail that was taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Taken {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) lines: Vec<String>,
    pub(crate) is_private: bool,
    pub(crate) user: Option<String>,
}

impl Taken {
    /// The value of a header, unfolded; there must be one.
    pub(crate) fn header(&self, name: &str) -> String {
        let headers: Vec<_> = self.lines.iter().take_while(|line| !line.is_empty()).collect();
        let begin = format!("{name}: ");
        let at: Vec<_> = (0..headers.len()).filter(|at| headers[*at].starts_with(&begin)).collect();
        assert_eq!(at.len(), 1, "{name} in {headers:?}");
        let folded = headers[at[0] + 1..].iter().take_while(|line| line.starts_with(' '));
        let rest: String = folded.map(|line| line.as_str()).collect();
        format!("{}{rest}", &headers[at[0]][begin.len()..])
    }
}

#[derive(Clone)]
pub(crate) struct PostOffice {
    pub(crate) address: SocketAddr,
    acceptor: TlsAcceptor,
    security: MailSecurity,
    account: Option<(&'static str, &'static str)>,
    taken: Arc<Mutex<Vec<Taken>>>,
    heard: Arc<Mutex<Vec<String>>>,
    gone: Arc<Mutex<Vec<&'static str>>>,
}

impl PostOffice {
    pub(crate) async fn start(
        acceptor: TlsAcceptor,
        security: MailSecurity,
        account: Option<(&'static str, &'static str)>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (taken, heard, gone) = (Arc::default(), Arc::default(), Arc::default());
        let office = Self { address, acceptor, security, account, taken, heard, gone };
        let serving = office.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = serving.clone();
                tokio::spawn(async move {
                    if serving.security == MailSecurity::Tls {
                        let Ok(stream) = serving.acceptor.accept(stream).await else { return };
                        serving.serve(stream, true, true).await;
                    } else if let Some(stream) = serving.serve(stream, false, true).await {
                        let Ok(stream) = serving.acceptor.accept(stream).await else { return };
                        serving.serve(stream, true, false).await;
                    }
                });
            }
        });
        office
    }

    /// Nobody is at that address any more.
    pub(crate) fn lose(&self, address: &'static str) {
        self.gone.lock().unwrap().push(address);
    }

    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }

    /// Commands that came before TLS.
    pub(crate) fn heard_in_the_open(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    pub(crate) fn receiver(&self) -> AlarmReceiver {
        AlarmReceiver {
            name: "people".to_owned(),
            severity: AlarmSeverity::Warning,
            webhook: None,
            mail: Some(AlarmMail {
                host: "localhost".to_owned(),
                port: self.address.port(),
                security: self.security,
                user: None,
                password: None,
                from: "gateway@example.com".to_owned(),
                to: vec!["one@example.com".to_owned(), "two@example.org".to_owned()],
            }),
        }
    }

    /// One conversation; gives the stream back where TLS is to begin on it.
    async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        is_private: bool,
        greets: bool,
    ) -> Option<S> {
        let mut stream = BufReader::new(stream);
        if greets {
            say(&mut stream, "220 office.example ESMTP").await?;
        }
        let mut taken = Taken { is_private, ..Taken::default() };
        let mut has_helloed = false;
        loop {
            let line = hear(&mut stream).await?;
            if !is_private {
                self.heard.lock().unwrap().push(line.clone());
            }
            let (command, rest) = line.split_once(' ').unwrap_or((&line, ""));
            let needs_account = self.account.is_some() && taken.user.is_none();
            match command {
                "EHLO" => {
                    has_helloed = true;
                    let mut lines = vec!["office.example".to_owned(), "8BITMIME".to_owned()];
                    if !is_private && self.security == MailSecurity::StartTls {
                        lines.push("STARTTLS".to_owned());
                    }
                    if is_private && self.account.is_some() {
                        lines.push("AUTH PLAIN".to_owned());
                    }
                    let last = lines.pop()?;
                    for line in lines {
                        say(&mut stream, &format!("250-{line}")).await?;
                    }
                    say(&mut stream, &format!("250 {last}")).await?;
                }
                "STARTTLS" if !is_private => {
                    say(&mut stream, "220 go on").await?;
                    assert!(stream.buffer().is_empty(), "something came before TLS");
                    return Some(stream.into_inner());
                }
                "AUTH" if is_private => {
                    let (user, password) = self.account?;
                    let expected = STANDARD.encode(format!("\0{user}\0{password}"));
                    if rest == format!("PLAIN {expected}") {
                        taken.user = Some(user.to_owned());
                        say(&mut stream, "235 welcome").await?;
                    } else {
                        say(&mut stream, "535 5.7.8 no").await?;
                    }
                }
                "MAIL" if has_helloed && !needs_account => {
                    let address = rest.strip_prefix("FROM:<").unwrap();
                    taken.from = address.split_once('>').unwrap().0.to_owned();
                    say(&mut stream, "250 ok").await?;
                }
                "RCPT" if !taken.from.is_empty() => {
                    let address = rest.strip_prefix("TO:<").unwrap().strip_suffix('>').unwrap();
                    if self.gone.lock().unwrap().contains(&address) {
                        say(&mut stream, "550 5.1.1 no such mailbox").await?;
                        continue;
                    }
                    taken.to.push(address.to_owned());
                    say(&mut stream, "250 ok").await?;
                }
                "DATA" if !taken.to.is_empty() => {
                    say(&mut stream, "354 go on").await?;
                    loop {
                        let line = hear(&mut stream).await?;
                        if line == "." {
                            break;
                        }
                        let line = line.strip_prefix('.').unwrap_or(&line).to_owned();
                        taken.lines.push(line);
                    }
                    self.taken.lock().unwrap().push(taken.clone());
                    say(&mut stream, "250 taken").await?;
                }
                "QUIT" => {
                    say(&mut stream, "221 bye").await?;
                    return None;
                }
                _ => say(&mut stream, "503 not now").await?,
            }
        }
    }
}

async fn say<S: AsyncWrite + AsyncRead + Unpin>(
    stream: &mut BufReader<S>,
    line: &str,
) -> Option<()> {
    stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).await.ok()?;
    stream.get_mut().flush().await.ok()
}

/// A line; bare ends of line are not let through.
async fn hear<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut bytes = Vec::new();
    stream.read_until(b'\n', &mut bytes).await.ok().filter(|read| *read > 0)?;
    let line = String::from_utf8(bytes).unwrap();
    let line = line.strip_suffix("\r\n").unwrap_or_else(|| panic!("{line:?} ends bare"));
    assert!(!line.contains('\r'), "{line:?}");
    Some(line.to_owned())
}
