//! The mail servers of `--mail`: another program beside this one, which ends with it.
//!
//! They give rights up and have to enter their folder, so that it stands beside the demo's own, which is closed.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};

use serde_json::{Value, json};

use super::Folder;
use super::peers::program;
use crate::node::NodeError;

/// Queues, reasons, answers and a signature, as a person would write them.
const SETTINGS: &str = include_str!("../../../../packaging/demo-mail-settings.yaml");
/// The domain of the queues' mailboxes.
const DOMAIN: &str = "demo.test";
/// The name of the mail server in settings.
const SERVER: &str = "demo";
/// Mailboxes with their passwords: two of queues, and one of a customer.
const MAILBOXES: [&str; 3] =
    ["support:demo-support", "billing:demo-billing", "customer@else.test:demo-customer"];

/// Running servers.
pub(super) struct Mail {
    /// What they say of themselves.
    ready: Value,
    child: Child,
    /// They end when this does, however we end.
    input: Option<ChildStdin>,
}

impl Mail {
    /// Starts them; when this returns, all answer.
    pub(super) fn start(folder: &Folder) -> Result<Self, NodeError> {
        let program = program();
        let failed = |why: String| NodeError::Peers { program: program.clone(), why };
        let mut child = Command::new(&program)
            .args(["mail-servers", "--domain", DOMAIN, "--folder"])
            .arg(beside(folder))
            .args(MAILBOXES.iter().flat_map(|mailbox| ["--mailbox", mailbox]))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| failed(error.to_string()))?;
        let input = child.stdin.take();
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            let mut output = BufReader::new(output);
            output.read_line(&mut line).map_err(|error| failed(error.to_string()))?;
        }
        match serde_json::from_str(&line) {
            Ok(ready) => Ok(Self { ready, child, input }),
            Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                let why = match line.trim() {
                    "" => "it ended before it was ready; its own message is above",
                    reason => reason,
                };
                Err(failed(why.to_owned()))
            }
        }
    }

    /// Puts the servers, what they prove themselves by, and the queues into settings.
    pub(super) fn add_to(&self, settings: &mut Value) -> Result<(), NodeError> {
        let Some(members) = settings.as_object_mut() else { return Ok(()) };
        let more = crate::yaml::read(SETTINGS.as_bytes())
            .map_err(|error| NodeError::Settings(error.to_string()))?;
        let Value::Object(mut more) = more else { return Ok(()) };
        let skills = more.remove("agent_skills").unwrap_or_default();
        for agent in members.get_mut("agents").and_then(Value::as_array_mut).into_iter().flatten() {
            let id = agent.get("id").and_then(Value::as_str).unwrap_or_default();
            if let Some(skills) = skills.get(id).cloned()
                && let Some(agent) = agent.as_object_mut()
            {
                agent.insert("skills".to_owned(), skills);
            }
        }
        members.extend(more);
        let part = |of: &str, name: &str| self.ready.get(of).and_then(|of| of.get(name)).cloned();
        let server = json!([{
            "name": SERVER, "kind": "imap", "description": "Mail server of the demo",
            "imap_host": part("imaps", "host"), "imap_port": part("imaps", "port"),
            "smtp_host": part("submission", "host"), "smtp_port": part("submission", "port"),
            "sent_folder": "Sent Items",
        }]);
        members.insert("mail_servers".to_owned(), server);
        let path = PathBuf::from(self.ready.get("ca").and_then(Value::as_str).unwrap_or_default());
        let authority =
            std::fs::read_to_string(&path).map_err(|source| NodeError::Write { path, source })?;
        let trust = json!({"name": "demo mail", "certificates": authority, "purposes": ["mail"]});
        if let Some(all) = members.get_mut("trust").and_then(Value::as_array_mut) {
            all.push(trust);
        }
        Ok(())
    }

    /// What the endpoints file tells of them: where customers send mail and read answers.
    pub(super) fn told(&self) -> [(&'static str, Value); 5] {
        let part = |name: &str| self.ready.get(name).cloned().unwrap_or_default();
        [
            ("imaps", part("imaps")),
            ("smtp", part("smtp")),
            ("mailboxes", part("mailboxes")),
            ("mail_ca", part("ca")),
            ("maildirs", part("maildirs")),
        ]
    }
}

impl Drop for Mail {
    fn drop(&mut self) {
        // They end in order with their input; killed, they would leave that to others.
        self.input = None;
        let _ = self.child.wait();
    }
}

fn beside(folder: &Folder) -> PathBuf {
    let mut path = folder.path.clone().into_os_string();
    path.push("-mail");
    path.into()
}
