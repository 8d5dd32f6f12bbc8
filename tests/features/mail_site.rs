//! A site with mail: a node, real mail servers beside it, and an agent who answers by the REST interface.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::gateway::program;
use crate::node::Node;
use crate::wire::{self, Answer, Tls};

pub(crate) const SUPPORT: &str = "support@mail.test";
pub(crate) const CUSTOMER: &str = "customer@else.test";
/// How long all mails of a test may take.
const PATIENCE: Duration = Duration::from_secs(180);
/// How long the copy of an answer may take to show in these tests.
const PROOF_SECONDS: u32 = 6;

/// Dovecot and Postfix in a folder of their own; they end with the value.
struct Servers {
    child: Child,
    folder: PathBuf,
    ready: Value,
}

impl Servers {
    /// None where they cannot run here, which is told.
    fn start(name: &str) -> Option<Self> {
        let folder = std::env::temp_dir().join(format!("jackfield-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let mailboxes = [SUPPORT, CUSTOMER].map(|address| format!("{address}:{address} secret"));
        let mut child = Command::new(program("JACKFIELD_PEERS_BIN", "jackfield-peers"))
            .args(["mail-servers", "--folder"])
            .arg(&folder)
            .args(mailboxes.iter().flat_map(|mailbox| ["--mailbox", mailbox]))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let mut servers = Self { child, folder, ready: Value::Null };
        if line.starts_with("left out: ") || line.starts_with("not permitted here: ") {
            println!("{}", line.trim());
            return None;
        }
        servers.ready = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line:?}"));
        Some(servers)
    }

    fn maildir(&self, address: &str) -> PathBuf {
        PathBuf::from(self.ready["maildirs"][address].as_str().unwrap())
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        // They end with their standard input, and end their own children first.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub(crate) struct Site {
    // Before its servers, so that it ends first.
    node: Node,
    servers: Servers,
    /// Header lines of the agent's session.
    session: String,
    /// The stream that says that the agent's browser is there.
    presence: Option<Tls>,
}

impl Site {
    /// One queue, and one agent who has five mails at a time.
    pub(crate) fn start(name: &str) -> Option<Self> {
        let servers = Servers::start(name)?;
        let node = Node::start("", &[]);
        let site = Self { node, servers, session: String::new(), presence: None };
        site.apply();
        let inbox = site.servers.maildir(SUPPORT).join("new");
        site.until("a mailbox that is read", || inbox.exists().then_some(()));
        Some(site)
    }

    fn apply(&self) {
        let ready = &self.servers.ready;
        let authority = std::fs::read_to_string(ready["ca"].as_str().unwrap()).unwrap();
        let settings = json!({
            "teams": [{"name": "Support"}],
            "skills": [{"name": "english"}],
            "agents": [{
                "id": "1001", "team": "Support", "password": "secret-1001", "skills": {"english": 5},
            }],
            "channels": {"emails_per_agent": 5},
            "trust": [{"name": "mail", "purposes": ["mail"], "certificates": authority}],
            "mail_servers": [{
                "name": "mail", "kind": "imap", "sent_folder": "Sent Items",
                "imap_host": ready["imaps"]["host"], "imap_port": ready["imaps"]["port"],
                "smtp_host": ready["submission"]["host"], "smtp_port": ready["submission"]["port"],
                "proof_seconds": PROOF_SECONDS,
            }],
            "csqs": [{
                "name": "support", "channel": "email", "skills": {"english": 1},
                "email": {
                    "mail_server": "mail", "address": SUPPORT,
                    "password": format!("{SUPPORT} secret"), "poll_seconds": 60,
                },
            }],
        });
        let file = self.node.folder.join("site.yaml");
        std::fs::write(&file, settings.to_string()).unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
        let output = self.node.command(&["apply", file.to_str().unwrap()]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Mails of a customer with those subjects are in the queue's inbox at once.
    pub(crate) fn deliver(&self, subjects: impl IntoIterator<Item = String>) {
        let inbox = self.servers.maildir(SUPPORT).join("new");
        let owner = std::fs::metadata(&inbox).unwrap();
        for subject in subjects {
            let name = subject.replace(' ', "-");
            let mail = format!(
                "From: Customer <{CUSTOMER}>\r\nTo: {SUPPORT}\r\nSubject: {subject}\r\n\
                 Message-ID: <{name}@else.test>\r\n\r\nAbout {subject}.\r\n"
            );
            let made = inbox.with_file_name("tmp").join(format!("1700000000.{name}.site"));
            std::fs::write(&made, mail).unwrap();
            std::os::unix::fs::chown(&made, Some(owner.uid()), Some(owner.gid())).unwrap();
            std::fs::rename(&made, inbox.join(made.file_name().unwrap())).unwrap();
        }
    }

    /// The node dies without a word.
    pub(crate) fn kill(&mut self) {
        self.node.signal(Signal::KILL);
        self.node.until_ended();
        self.presence = None;
    }

    pub(crate) fn start_again(&mut self) {
        self.node.spawn_again();
        self.node.wait_until_ready();
    }

    /// The agent sits down, or sits still, and is Ready.
    pub(crate) fn sit_down(&mut self) {
        let account = json!({"account": "1001", "password": "secret-1001", "acknowledged": true});
        let answer = self.ask("POST /session", &account);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let cookie = answer.header("set-cookie").unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let authority = self.authority();
        self.session = format!("Cookie: {cookie}\r\nOrigin: https://{authority}\r\n");
        self.told("PUT /workspace/desk", &json!({}));
        self.told("PUT /workspace/desk/state", &json!({"state": "ready"}));
        let mut stream = self.connect();
        let session = &self.session;
        write!(
            stream,
            "GET /api/v1/workspace/events HTTP/1.1\r\nHost: {authority}\r\n{session}\r\n"
        )
        .unwrap();
        stream.flush().unwrap();
        self.presence = Some(stream);
    }

    /// The agent answers what they have in hand and did not answer before; gives the subjects.
    pub(crate) fn answer_all(&self, before: &[String]) -> Vec<String> {
        self.answer(|subject| !before.iter().any(|it| it == subject))
    }

    /// The agent sends once more what the customer has not got; gives how many such there were.
    pub(crate) fn answer_what_is_missing(&self) -> usize {
        let got = self.subjects(CUSTOMER, "");
        self.answer(|subject| !got.contains(&format!("Re: {subject}"))).len()
    }

    fn answer(&self, wants: impl Fn(&str) -> bool) -> Vec<String> {
        let mut answered = Vec::new();
        let told = self.told("GET /workspace/contacts", &Value::Null);
        for contact in told["contacts"].as_array().unwrap() {
            let id = contact["id"].as_str().unwrap();
            let subject = contact["subject"].as_str().unwrap().to_owned();
            if !wants(&subject) {
                continue;
            }
            // One that came back has a draft already.
            let contact = self.told(&format!("GET /workspace/contacts/{id}"), &Value::Null);
            let version = contact["draft"]["version"].as_u64().unwrap_or_default();
            let draft = json!({
                "mode": "reply", "to": [CUSTOMER], "subject": format!("Re: {subject}"),
                "html": format!("<p>We have it: {subject}.</p>"), "version": version,
            });
            let kept = self.told(&format!("PUT /workspace/contacts/{id}/draft"), &draft);
            let version = json!({"version": kept["version"]});
            self.told(&format!("POST /workspace/contacts/{id}/send"), &version);
            answered.push(subject);
        }
        answered
    }

    fn authority(&self) -> String {
        format!("localhost:{}", self.node.console_port)
    }

    fn connect(&self) -> Tls {
        wire::connect(&self.authority(), wire::roots([self.node.certificate()]))
    }

    fn ask(&self, asked: &str, body: &Value) -> Answer {
        let (method, path) = asked.split_once(' ').unwrap();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
        let request = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{kind}{}\
             Content-Length: {}\r\n\r\n{body}",
            self.authority(),
            self.session,
            body.len()
        );
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        wire::read(&mut stream).expect("an answer")
    }

    #[track_caller]
    fn told(&self, asked: &str, body: &Value) -> Value {
        let answer = self.ask(asked, body);
        assert!((200..300).contains(&answer.status), "{asked}: {}", answer.text());
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    /// How much the store has of one kind.
    pub(crate) fn count(&self, kind: &str) -> usize {
        let asked = "SELECT count(*) FROM document WHERE kind = ?1";
        let count: i64 = self.store().query_row(asked, [kind], |row| row.get(0)).unwrap();
        usize::try_from(count).unwrap()
    }

    fn store(&self) -> Connection {
        let path = self.node.folder.join("state/jackfield.db");
        let store = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
        store.busy_timeout(Duration::from_secs(10)).unwrap();
        store
    }

    /// What the store has of one kind, whether its node lives or not.
    pub(crate) fn documents(&self, kind: &str) -> Vec<Value> {
        let store = self.store();
        let mut asked = store.prepare("SELECT body FROM document WHERE kind = ?1").unwrap();
        let bodies = asked.query_map([kind], |row| row.get::<_, String>(0)).unwrap();
        bodies.map(|body| serde_json::from_str(&body.unwrap()).unwrap()).collect()
    }

    /// The mails of a folder, sorted by subject.
    pub(crate) fn subjects(&self, address: &str, folder: &str) -> Vec<String> {
        let maildir = self.servers.maildir(address);
        let place = if folder.is_empty() { maildir } else { maildir.join(format!(".{folder}")) };
        let mut subjects = Vec::new();
        for part in ["new", "cur"] {
            let Ok(entries) = std::fs::read_dir(place.join(part)) else { continue };
            // What is moved meanwhile is there the next time.
            let mails = entries.filter_map(|entry| std::fs::read(entry.ok()?.path()).ok());
            subjects.extend(mails.filter_map(|mail| {
                let mail = String::from_utf8_lossy(&mail).into_owned();
                mail.lines().find_map(|line| line.strip_prefix("Subject: ")).map(str::to_owned)
            }));
        }
        subjects.sort();
        subjects
    }

    /// How many mails Postfix took, once none is on its way any more.
    pub(crate) fn submissions(&self) -> usize {
        let path = Path::new(self.servers.ready["logs"]["smtp"].as_str().unwrap());
        self.until("an end of delivering", || {
            let log = std::fs::read_to_string(path).ok()?;
            let taken = log.lines().filter(|line| line.contains("(queue active)")).count();
            let gone = log.lines().filter(|line| line.ends_with(": removed")).count();
            (taken == gone).then_some(taken)
        })
    }

    /// Waits until `found` gives something.
    #[track_caller]
    pub(crate) fn until<T>(&self, what: &str, mut found: impl FnMut() -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = found() {
                return found;
            }
            assert!(Instant::now() < deadline, "{what} did not come");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
