//! The command line of the servers, and their life as one.

use std::io::Write;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use crate::idp::keys::SigningKey;

use super::HOST;
use super::accounts::Accounts;
use super::children::{Children, program};
use super::folder::{Folder, Ports};
use super::mailboxes::{Mailbox, Wanted};
use super::token_server::{self, Service};
use super::tokens::{self, Setup, Tokens};
use super::{dovecot, postfix, proxies};

/// Time until every server answers.
const STARTING_TIME: Duration = Duration::from_secs(30);
/// What is left out here: a program or a right is missing.
const LEFT_OUT: u8 = 3;

/// Run private mail servers: Dovecot and Postfix on loopback ports, an endpoint for OAuth tokens, and proxies.
///
/// Nothing that is sent to them leaves the machine: mail for another domain than those of the mailboxes is
/// discarded. Whoever submits mail has to be the sender. The folder keeps ports, certificates and mail: started
/// there again, the servers come back as they were.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Once all of them answer, one line of JSON on standard output names their addresses. \
    They end with standard input, and on SIGTERM and SIGINT. It ends with 3 where a program or a right is \
    missing, and says which. Postfix starts only as root.\n\nExample:\n  \
    jackfield-peers mail-servers --folder /tmp/mail --mailbox support:secret --proxies"
)]
pub(crate) struct MailServersArguments {
    /// Where everything of theirs is
    #[arg(long, value_name = "DIR")]
    pub(super) folder: PathBuf,
    /// A mailbox; its user is its whole address
    #[arg(long, value_name = "NAME:PASSWORD", required = true)]
    pub(super) mailbox: Vec<Wanted>,
    /// The domain of names without one
    #[arg(long, value_name = "DOMAIN", default_value = "mail.test")]
    pub(super) domain: String,
    /// Start an HTTP and a SOCKS proxy, too
    #[arg(long)]
    pub(super) proxies: bool,
    /// How long a token is good for
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600)]
    pub(super) token_seconds: u64,
}

/// Runs the servers until they are told to end, or one of them does by itself.
pub(crate) async fn run(
    arguments: MailServersArguments,
    output: &mut (impl Write + Send),
) -> Result<u8, String> {
    let written = |error: std::io::Error| error.to_string();
    if let Some(reason) = missing(arguments.proxies) {
        writeln!(output, "{reason}").map_err(written)?;
        return Ok(LEFT_OUT);
    }
    let signalled = |error: std::io::Error| format!("signals: {error}");
    let mut terminated = signal(SignalKind::terminate()).map_err(signalled)?;
    let mut interrupted = signal(SignalKind::interrupt()).map_err(signalled)?;
    let mut servers = Servers::start(&arguments).await?;
    let told = writeln!(output, "{}", servers.ready()).and_then(|()| output.flush());
    let outcome = match told {
        Err(error) => Err(error.to_string()),
        Ok(()) => tokio::select! {
            death = servers.children.death() => Err(death),
            () = input_ends() => Ok(0),
            _ = terminated.recv() => Ok(0),
            _ = interrupted.recv() => Ok(0),
        },
    };
    servers.end().await;
    outcome
}

/// Why the servers cannot run here.
pub(super) fn missing(with_proxies: bool) -> Option<String> {
    let of_proxies = ["danted", "tinyproxy"].into_iter().filter(|_| with_proxies);
    let absent = ["dovecot", "postfix"].into_iter().chain(of_proxies);
    let mut absent = absent.filter(|name| program(name).is_none());
    if let Some(name) = absent.next() {
        return Some(format!("left out: {name} is not installed"));
    }
    if postfix::daemons().is_none() {
        return Some("left out: postfix is not installed".to_owned());
    }
    let is_root = rustix::process::geteuid().is_root();
    (!is_root).then(|| "not permitted here: postfix starts only as root".to_owned())
}

/// The servers while they run.
pub(super) struct Servers {
    children: Children,
    /// The endpoints for tokens.
    tasks: JoinSet<()>,
    ready: Value,
}

impl Servers {
    /// Starts all of them; when this returns, all answer.
    pub(super) async fn start(arguments: &MailServersArguments) -> Result<Self, String> {
        let folder = Folder::open(&arguments.folder)?;
        let ports = folder.ports()?;
        let authority = folder.certificates()?;
        let accounts = Accounts::read()?;
        let mailboxes: Vec<_> =
            arguments.mailbox.iter().map(|wanted| wanted.mailbox_in(&arguments.domain)).collect();
        let (service, oauth) = token_service(&folder, &ports, arguments, &mailboxes)?;
        let tasks = endpoints(&folder, &ports, &service).await?;
        let mut servers = Self { children: Children::new()?, tasks, ready: Value::Null };
        let result = servers.start_children(&folder, &ports, &accounts, arguments, &mailboxes);
        let mut result = result.await;
        if result.is_ok() {
            let expected = if arguments.proxies { 8 } else { 6 };
            let of_proxies = [ports.http_proxy, ports.socks_proxy];
            let of_mail = [
                ports.sasl,
                ports.imaps,
                ports.lmtp,
                ports.smtp,
                ports.submission,
                ports.submissions,
            ];
            for port in of_mail.into_iter().chain(of_proxies).take(expected) {
                result = result.and(servers.children.answers(port, STARTING_TIME).await);
            }
        }
        if let Err(problem) = result {
            servers.end().await;
            return Err(problem);
        }
        servers.ready = ready(&folder, &ports, arguments, &mailboxes, &authority, oauth);
        Ok(servers)
    }

    async fn start_children(
        &mut self,
        folder: &Folder,
        ports: &Ports,
        accounts: &Accounts,
        arguments: &MailServersArguments,
        mailboxes: &[Mailbox],
    ) -> Result<(), String> {
        for port in [ports.imaps, ports.lmtp, ports.sasl, ports.smtp, ports.submission]
            .into_iter()
            .chain([ports.submissions, ports.http_proxy, ports.socks_proxy])
        {
            // Somebody else's answer would be taken for theirs.
            let held = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
            held.map_err(|error| format!("port {port}, kept in ports.json: {error}"))?;
        }
        let at = |name: &str| program(name).ok_or_else(|| format!("{name} is not installed"));
        let text = |path: &Path| path.display().to_string();
        let dovecot = text(&dovecot::write(folder, ports, accounts, mailboxes)?);
        self.children.start(folder, "dovecot", &at("dovecot")?, &["-F", "-c", &dovecot])?;
        let daemons = postfix::daemons().ok_or("postfix is not installed")?;
        let postfix = text(&postfix::write(folder, ports, accounts, mailboxes, daemons)?);
        // It also makes the folders of the queue.
        let checked = tokio::process::Command::new(at("postfix")?)
            .args(["-c", &postfix, "check"])
            .stdin(std::process::Stdio::null())
            .output()
            .await
            .map_err(|error| format!("postfix: {error}"))?;
        if !checked.status.success() {
            return Err(format!("postfix check: {}", String::from_utf8_lossy(&checked.stderr)));
        }
        let master = daemons.join("master");
        self.children.start(folder, "postfix", &master, &["-c", &postfix, "-d"])?;
        if arguments.proxies {
            let http = text(&proxies::write_http(folder, ports, accounts)?);
            self.children.start(folder, "tinyproxy", &at("tinyproxy")?, &["-d", "-c", &http])?;
            let socks = text(&proxies::write_socks(folder, ports)?);
            let pid = text(&folder.file("danted.pid"));
            let line = ["-f", &socks, "-p", &pid];
            self.children.start(folder, "danted", &at("danted")?, &line)?;
        }
        Ok(())
    }

    /// Where everything is.
    pub(super) fn ready(&self) -> &Value {
        &self.ready
    }

    /// Ends all of them; when this returns, none is left.
    pub(super) async fn end(mut self) {
        self.children.end().await;
        self.tasks.shutdown().await;
    }
}

fn token_service(
    folder: &Folder,
    ports: &Ports,
    arguments: &MailServersArguments,
    mailboxes: &[Mailbox],
) -> Result<(Arc<Service>, Value), String> {
    let url = format!("https://{HOST}:{}/token", ports.token);
    let no_chance = || "there is no chance to be had".to_owned();
    let client_secret =
        folder.kept("client-secret", || token_server::chance().ok_or_else(no_chance))?;
    let pem = folder.file("google.key");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let key = SigningKey::kept_in(&pem, tokens::ACCOUNT, now)?;
    let private =
        std::fs::read_to_string(&pem).map_err(|error| format!("{}: {error}", pem.display()))?;
    std::fs::set_permissions(&pem, std::fs::Permissions::from_mode(0o600))
        .map_err(|error| format!("{}: {error}", pem.display()))?;
    let file = folder.write("google-key.json", 0o600, &tokens::key_file(&private, &url))?;
    let oauth = json!({
        "tenant": tokens::TENANT,
        "tenant_token_url": format!("https://{HOST}:{}/{}/oauth2/v2.0/token", ports.token, tokens::TENANT),
        "client_id": tokens::CLIENT_ID,
        "client_secret": client_secret,
        "client_scope": tokens::CLIENT_SCOPE,
        "google_key": file,
        "google_scope": tokens::ACCOUNT_SCOPE,
    });
    let tokens = Tokens::new(Setup {
        url,
        lifetime: Duration::from_secs(arguments.token_seconds),
        client_secret,
        key,
        mailboxes: mailboxes.to_vec(),
        domain: arguments.domain.clone(),
    });
    let service = Service { tokens: Mutex::new(tokens), log: folder.file("tokens.log") };
    Ok((Arc::new(service), oauth))
}

async fn endpoints(
    folder: &Folder,
    ports: &Ports,
    service: &Arc<Service>,
) -> Result<JoinSet<()>, String> {
    let bound = async |port: u16| {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
        listener.map_err(|error| format!("port {port}, kept in ports.json: {error}"))
    };
    let (certificate, key) = (folder.file("localhost.pem"), folder.file("localhost.key"));
    let tls = crate::idp::tls_of(&certificate, &key)?;
    let mut tasks = JoinSet::new();
    tasks.spawn(token_server::issue(bound(ports.token).await?, tls, Arc::clone(service)));
    let introspection = bound(ports.introspection).await?;
    tasks.spawn(token_server::introspect(introspection, Arc::clone(service)));
    Ok(tasks)
}

fn ready(
    folder: &Folder,
    ports: &Ports,
    arguments: &MailServersArguments,
    mailboxes: &[Mailbox],
    authority: &Path,
    oauth: Value,
) -> Value {
    let at = |port: u16| json!({"host": HOST, "port": port});
    let proxy = |port: u16| if arguments.proxies { at(port) } else { Value::Null };
    let boxes = mailboxes.iter().map(|mailbox| {
        json!({"address": mailbox.address, "user": mailbox.address, "password": mailbox.password})
    });
    let maildir = |mailbox: &Mailbox| folder.file(&format!("mail/{}/Maildir", mailbox.address));
    let maildirs: serde_json::Map<_, _> =
        mailboxes.iter().map(|it| (it.address.clone(), json!(maildir(it)))).collect();
    json!({
        "domain": arguments.domain,
        "ca": authority,
        "imaps": at(ports.imaps),
        "lmtp": at(ports.lmtp),
        "smtp": at(ports.smtp),
        "submission": at(ports.submission),
        "submissions": at(ports.submissions),
        "http_proxy": proxy(ports.http_proxy),
        "socks_proxy": proxy(ports.socks_proxy),
        "token_url": format!("https://{HOST}:{}/token", ports.token),
        "oauth": oauth,
        "mailboxes": boxes.collect::<Vec<_>>(),
        "maildirs": maildirs,
        "logs": {
            "imap": folder.file("dovecot.log"),
            "smtp": folder.file("postfix/postfix.log"),
            "tokens": folder.file("tokens.log"),
            "http_proxy": folder.file("tinyproxy.log"),
            "socks_proxy": folder.file("danted.log"),
        },
    })
}

/// Waits for the end of standard input; what comes before it is passed over.
async fn input_ends() {
    let (ended, end) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        // Whoever waits may be gone.
        let _ = ended.send(());
    });
    let _ = end.await;
}
