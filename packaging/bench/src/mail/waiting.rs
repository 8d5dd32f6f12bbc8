//! Mailboxes in which nothing happens, and then a mail: what they cost, and how soon an agent has it.
//!
//! ```text
//!   mail servers with 100 mailboxes <--IDLE-- the demo's node <--settings by the admin socket
//!           ^--SMTP, one mail after the other                 `--REST--> an agent who is Ready
//! ```

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::AnyError;
use crate::administration::figure;
use crate::client::Client;
use crate::gateway::{Gateway, peers_program, program, resident_megabytes};

const MAILBOXES: usize = 100;
/// Who answers them.
const AGENT: &str = "1001";
/// Until then all mailboxes are waited for, and each mail.
const PATIENCE: Duration = Duration::from_secs(120);

/// What was found.
pub(super) struct Waited {
    /// Megabytes that 100 mailboxes cost.
    pub(super) megabytes: f64,
    /// Milliseconds from a mail's last byte, taken by its server, to the agent, each.
    pub(super) milliseconds: Vec<f64>,
}

pub(super) fn run(mails: usize) -> Result<Waited, AnyError> {
    let servers = Servers::start()?;
    let gateway = Gateway::demo()?;
    let metrics = gateway.endpoint("metrics")?.to_owned();
    // What it does at its start is over by then.
    std::thread::sleep(Duration::from_secs(3));
    let before = resident_megabytes(gateway.child.id())?;
    servers.apply_to(&gateway)?;
    let began = Instant::now();
    while figure(&metrics, "jackfield_mailboxes{state=\"ok\"}")? < 100.0 {
        if began.elapsed() > PATIENCE {
            return Err("not all mailboxes were reached".into());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    std::thread::sleep(Duration::from_secs(5));
    let megabytes = resident_megabytes(gateway.child.id())? - before;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let milliseconds = runtime.block_on(deliver(&gateway, &servers, mails))?;
    Ok(Waited { megabytes, milliseconds })
}

/// Sends mails to one mailbox after the other, and waits for each at the agent.
async fn deliver(gateway: &Gateway, servers: &Servers, mails: usize) -> Result<Vec<f64>, AnyError> {
    let console = gateway.endpoint("console")?;
    let port = console.rsplit(':').next().and_then(|it| it.split('/').next()).ok_or("no port")?;
    let client = Client::new(gateway.endpoint("ca")?, port.parse()?)?;
    let credentials = STANDARD.encode(format!("{AGENT}:demo-{AGENT}"));
    let headers =
        format!("Authorization: Basic {credentials}\r\nContent-Type: application/json\r\n");
    let put = async |path: &str, body: &str| match client.send("PUT", path, &headers, body).await {
        Ok(answer) if answer.head.starts_with("HTTP/1.1 2") => Ok(()),
        Ok(answer) => Err(AnyError::from(format!("{path}: {}{}", answer.head, answer.body))),
        Err(error) => Err(error),
    };
    let mut found = Vec::new();
    for number in 0..mails {
        // Without a browser the desk is given up after a minute; it is taken anew each time.
        put("/api/v1/workspace/desk", "{}").await?;
        put("/api/v1/workspace/desk/state", "{\"state\": \"ready\"}").await?;
        let began = servers.send(number)?;
        let contact = loop {
            let answer = client.get("/api/v1/workspace/contacts", &headers).await?;
            let told: Value = serde_json::from_str(&answer.body)?;
            let mine = told.pointer("/contacts/0/id").and_then(Value::as_str).map(str::to_owned);
            if let Some(contact) = mine {
                break contact;
            }
            if began.elapsed() > PATIENCE {
                return Err(format!("mail {number} did not come: {}", answer.body).into());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        found.push(began.elapsed().as_secs_f64() * 1e3);
        let path = format!("/api/v1/workspace/contacts/{contact}/discard");
        client.send("POST", &path, &headers, "{}").await?;
    }
    Ok(found)
}

/// Mail servers of their own, which end with their input.
struct Servers {
    ready: Value,
    child: Child,
    input: Option<ChildStdin>,
    folder: PathBuf,
}

impl Servers {
    fn start() -> Result<Self, AnyError> {
        let folder =
            std::env::temp_dir().join(format!("jackfield-bench-waiting-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let mut command = Command::new(peers_program()?);
        command.args(["mail-servers", "--domain", "demo.test", "--folder"]).arg(&folder);
        for number in 0..MAILBOXES {
            command.args(["--mailbox", &format!("queue{number}:demo-queue")]);
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take();
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        Ok(Self { ready: serde_json::from_str(&line)?, child, input, folder })
    }

    fn told(&self, place: &str) -> Result<String, AnyError> {
        match self.ready.pointer(place) {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(Value::Number(number)) => Ok(number.to_string()),
            _ => Err(format!("the mail servers tell no {place}").into()),
        }
    }

    /// Adds a queue for each mailbox to what the demo has.
    fn apply_to(&self, gateway: &Gateway) -> Result<(), AnyError> {
        let socket = gateway.endpoint("admin_socket")?;
        let export = Command::new(program()?).args(["export", "--socket", socket]).output()?;
        let mut text = String::from_utf8(export.stdout)?;
        let authority = std::fs::read_to_string(self.told("/ca")?)?.replace('\n', "\\n");
        let trust =
            format!("\n- {{name: bench mail, purposes: [mail], certificates: \"{authority}\"}}");
        match text.find("\ntrust:") {
            Some(place) => text.insert_str(place + "\ntrust:".len(), &trust),
            None => text.push_str(&format!("\ntrust:{trust}\n")),
        }
        let agent = format!("id: '{AGENT}'");
        let quoted = format!("id: \"{AGENT}\"");
        let place = text.find(&agent).or_else(|| text.find(&quoted)).ok_or("no such agent")?;
        text.insert_str(place, "skills: {Bench: 5}\n  ");
        text.push_str(&format!(
            "\nskills:\n- name: Bench\nmail_servers:\n- {{name: bench, kind: imap, imap_host: {}, imap_port: {}, \
             smtp_host: {}, smtp_port: {}}}\ncsqs:\n",
            self.told("/imaps/host")?,
            self.told("/imaps/port")?,
            self.told("/submission/host")?,
            self.told("/submission/port")?,
        ));
        for number in 0..MAILBOXES {
            text.push_str(&format!(
                "- {{name: queue {number}, channel: email, skills: {{Bench: 1}}, email: {{mail_server: bench, \
                 address: queue{number}@demo.test, password: demo-queue, poll_seconds: 3600}}}}\n"
            ));
        }
        super::apply(&text, socket)
    }

    /// Hands a mail in; gives the moment at which the server had taken it.
    fn send(&self, number: usize) -> Result<Instant, AnyError> {
        let address = format!("{}:{}", self.told("/smtp/host")?, self.told("/smtp/port")?);
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let mut answers = BufReader::new(stream.try_clone()?);
        let mut said = |line: &str, wanted: &str| -> Result<(), AnyError> {
            (&stream).write_all(line.as_bytes())?;
            loop {
                let mut answer = String::new();
                answers.read_line(&mut answer)?;
                match answer.get(3..4) {
                    Some("-") => {}
                    _ if answer.starts_with(wanted) => return Ok(()),
                    _ => return Err(answer.into()),
                }
            }
        };
        said("", "220")?;
        said("EHLO localhost\r\n", "250")?;
        said("MAIL FROM:<customer@else.test>\r\n", "250")?;
        said(&format!("RCPT TO:<queue{}@demo.test>\r\n", number % MAILBOXES), "250")?;
        said("DATA\r\n", "354")?;
        let mail = format!(
            "From: Customer <customer{number}@else.test>\r\nTo: queue@demo.test\r\nSubject: Order {number}\r\n\
             Message-ID: <{number}.waiting@else.test>\r\n\r\nWhere is it?\r\n.\r\n"
        );
        said(&mail, "250")?;
        let taken = Instant::now();
        let _ = said("QUIT\r\n", "221");
        Ok(taken)
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
