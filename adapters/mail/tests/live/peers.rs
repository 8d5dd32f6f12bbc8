//! The servers, in a folder of their own; both end with the value.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mail::account::Endpoint;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::Value;

use super::USERS;

static STARTED: AtomicU32 = AtomicU32::new(0);

pub(crate) struct Peers {
    child: Child,
    folder: PathBuf,
    pub(crate) endpoints: Value,
}

impl Peers {
    /// None where they cannot run here, which is told.
    pub(crate) fn start() -> Option<Self> {
        let program = program()?;
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("jackfield-mail-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let mailboxes = USERS.iter().flat_map(|user| ["--mailbox".to_owned(), of(user)]);
        let mut child = Command::new(program)
            .args(["mail-servers", "--proxies", "--folder"])
            .arg(&folder)
            .args(mailboxes)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let mut peers = Self { child, folder, endpoints: Value::Null };
        if line.starts_with("left out: ") || line.starts_with("not permitted here: ") {
            println!("{}", line.trim());
            return None;
        }
        let json = line.trim().trim_start_matches("ready ");
        peers.endpoints = serde_json::from_str(json).unwrap_or_else(|_| panic!("{line:?}"));
        Some(peers)
    }

    pub(crate) fn endpoint(&self, name: &str) -> Endpoint {
        let endpoint = &self.endpoints[name];
        let port = endpoint["port"].as_u64().unwrap();
        Endpoint::new(endpoint["host"].as_str().unwrap(), u16::try_from(port).unwrap())
    }

    /// A client that trusts them.
    pub(crate) fn client_config(&self) -> Arc<ClientConfig> {
        let file = std::fs::read(self.endpoints["ca"].as_str().unwrap()).unwrap();
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&file) {
            roots.add(certificate.unwrap()).unwrap();
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Arc::new(config)
    }

    /// The flags of the mails in a folder of that user that somebody looked into, as letters; the inbox has no name.
    pub(crate) fn flags(&self, user: &str, folder: &str) -> Vec<String> {
        let maildir = self.endpoints["maildirs"][super::address(user)].as_str().unwrap();
        let maildir = Path::new(maildir);
        let place =
            if folder.is_empty() { maildir.into() } else { maildir.join(format!(".{folder}")) };
        let files = std::fs::read_dir(place.join("cur")).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        names
            .map(|name| name.split_once(":2,").map_or_else(String::new, |it| it.1.into()))
            .collect()
    }

    /// What a server has logged.
    pub(crate) fn log(&self, name: &str) -> String {
        let path = self.endpoints["logs"][name].as_str().unwrap();
        std::fs::read_to_string(Path::new(path)).unwrap_or_default()
    }
}

fn of(user: &str) -> String {
    format!("{user}:{user} secret")
}

impl Drop for Peers {
    fn drop(&mut self) {
        // They end with their standard input, and end their own children first.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The program that is named, or the one beside this test's own, which the test command builds first.
fn program() -> Option<PathBuf> {
    let here = std::env::current_exe().unwrap();
    let beside = here.ancestors().nth(2).unwrap().join("jackfield-peers");
    let program = std::env::var_os("JACKFIELD_PEERS_BIN").map_or(beside, PathBuf::from);
    if !program.exists() {
        println!("left out: {} is not built", program.display());
        return None;
    }
    Some(program)
}
