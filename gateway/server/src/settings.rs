//! Settings as files: read, checked as a whole, secrets hashed and sealed, applied or exported.
//!
//! ```text
//!   bytes -> YAML -> SettingsFile (every problem at once) -> hashes, seals -> ApplySettings
//! ```
//!
//! The file's keyed digest is kept with the settings: a file that did not change is recognised at
//! the next start and not hashed again.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use console::Context;
use domain::settings::{
    Documents, HashOf, Planned, SecretOf, Settings, SettingsFile, export, plan,
};
use domain::{
    AgentId, Command, DeviceName, Input, InputId, PairName, Problems, Reply, Sealed, Secret,
    Timestamp,
};
use engine::clock::{Clock, SystemClock};
use engine::{Engine, Outcome, SealingKeys};
use identity::Identity;
use ring::hmac;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::Value;
use x509_cert::der::Decode;

use crate::authentication::{HashingError, Pool, is_usable_hash};
use crate::yaml;

/// What the digest of a file is made for.
const FILE_PURPOSE: &str = "settings_file";

/// The code of a refusal to switch single sign-on on before all of it was tested.
pub(crate) const NOT_TESTED: &str = "not_tested";

/// Why settings are not applied.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApplyError {
    /// Something in the file is wrong; all of it is told.
    #[error("{0}")]
    Problems(Problems),
    /// A password cannot be hashed.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// The machine gives no randomness to seal with.
    #[error("a secret cannot be sealed: the machine gives no random numbers")]
    Sealing,
    /// Reading the file broke off, which is a fault of ours.
    #[error("the settings cannot be read: the program failed, see its log")]
    Broken,
    /// The settings contradict what agents are doing.
    #[error("refused: {0}")]
    Refused(String),
    /// What was to be changed is not what the one who asked has seen.
    #[error("changed meanwhile: it is no longer what was seen; look again")]
    Precondition,
    /// There is no such document.
    #[error("there is no {0}")]
    NotFound(String),
    /// A file rules the settings.
    #[error("{0}")]
    ReadOnly(String),
    /// Nobody would be left who may change settings.
    #[error("{0}")]
    LastAdministrator(String),
    /// Single sign-on would be on before all of it was tested.
    #[error("single sign-on stays off: {}", .0.join("; "))]
    NotTested(Vec<String>),
    /// The settings moved, again and again.
    #[error("others change the settings all the time; try again")]
    Moved,
    /// The store cannot take it.
    #[error("not applied: {0}")]
    Submit(#[from] engine::SubmitError),
}

/// What came of applying a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Applied {
    /// The settings' number now.
    pub(crate) number: u64,
    /// Whether anything changed.
    pub(crate) changed: bool,
}

/// A settings file as far as it was read, with its problems.
struct Looked {
    file: Option<SettingsFile>,
    sealed: Vec<SealedMember>,
    metadata: Vec<WrittenMetadata>,
    problems: Problems,
}

/// A secret that a file gives sealed, under its key.
struct SealedMember {
    key: String,
    purpose: &'static str,
    sealed: Sealed,
}

/// Reads and checks a settings file; every problem is told at once.
pub(crate) fn check(bytes: &[u8], sealing: Option<&SealingKeys>) -> Result<SettingsFile, Problems> {
    read(bytes).opened_by(sealing, &Settings::default(), SystemClock.now())
}

/// Reads a settings file. It takes its time with a large file.
fn read(bytes: &[u8]) -> Looked {
    let mut problems = Problems::default();
    match problems.keep("file", yaml::read(bytes)) {
        Some(value) => look(value),
        None => Looked { file: None, sealed: Vec::new(), metadata: Vec::new(), problems },
    }
}

/// Looks at settings as a value. What one check finds hides nothing from the others.
fn look(value: Value) -> Looked {
    let (sealed, metadata) = (sealed_members(&value), WrittenMetadata::all_in(&value));
    let mut looked = Looked { file: None, sealed, metadata, problems: Problems::default() };
    check_hashes(&value, &mut looked.problems);
    check_trust(&value, &mut looked.problems);
    match SettingsFile::read(value) {
        Ok(file) => looked.file = Some(file),
        Err(found) => {
            for problem in found.as_slice() {
                looked.problems.add(problem.key.clone(), &problem.message);
            }
        }
    }
    looked
}

impl Looked {
    /// The file, unless it has a problem; what is sealed in it must open here, and metadata that are not
    /// in force must be good at `now`.
    fn opened_by(
        mut self,
        sealing: Option<&SealingKeys>,
        in_force: &Settings,
        now: Timestamp,
    ) -> Result<SettingsFile, Problems> {
        for metadata in &self.metadata {
            metadata.judge(in_force, now.seconds(), &mut self.problems);
        }
        for SealedMember { key, purpose, sealed } in &self.sealed {
            if let Some(sealing) = sealing {
                self.problems.keep(key.clone(), sealing.unseal(purpose, sealed));
            }
        }
        match self.file {
            Some(file) => self.problems.into_result().map(|()| file),
            None => Err(self.problems),
        }
    }
}

/// Every sealed secret in a file, under its key.
fn sealed_members(value: &Value) -> Vec<SealedMember> {
    let mut found = Vec::new();
    let mut look = |key: String, pointer: &str, of: SecretOf| {
        if let Some(sealed) = value.pointer(pointer).and_then(Value::as_str) {
            let sealed = Sealed::from_text(sealed);
            found.push(SealedMember { key, purpose: of.purpose(), sealed });
        }
    };
    let push = "/phone_service/push/password_sealed";
    look("phone_service.push.password_sealed".to_owned(), push, SecretOf::Push);
    for (part, of) in [("http", SecretOf::HttpProxy), ("socks", SecretOf::SocksProxy)] {
        let pointer = format!("/proxies/{part}/password_sealed");
        look(format!("proxies.{part}.password_sealed"), &pointer, of);
    }
    let records = "/channels/customer_records/secret_sealed";
    let key = "channels.customer_records.secret_sealed";
    look(key.to_owned(), records, SecretOf::CustomerRecords);
    // Only the purpose of what a list holds is looked at, which its owner's name does not change.
    let lists = [
        ("cti_pairs", "client_password_sealed", SecretOf::CtiPair(PairName::owned())),
        ("accounts", "totp_sealed", AgentId::parse("x").map_or(SecretOf::Push, SecretOf::Totp)),
        ("directories", "bind_password_sealed", SecretOf::Directory(String::new())),
        (
            "devices",
            "sip.password_sealed",
            DeviceName::parse("x").map_or(SecretOf::Push, SecretOf::SipDevice),
        ),
        ("sip.next_hops", "password_sealed", SecretOf::SipNextHop(String::new())),
        (
            "alarms.receivers",
            "webhook.signing_secret_sealed",
            SecretOf::AlarmReceiver(String::new()),
        ),
        ("alarms.receivers", "mail.password_sealed", SecretOf::AlarmReceiver(String::new())),
        ("csqs", "email.password_sealed", SecretOf::Mailbox(String::new())),
        ("csqs", "email.google_key_sealed", SecretOf::GoogleKey(String::new())),
        ("csqs", "email.client_secret_sealed", SecretOf::MailClient(String::new())),
    ];
    for (list, member, of) in lists {
        let (at, within) = (list.replace('.', "/"), member.replace('.', "/"));
        let length = value.pointer(&format!("/{at}")).and_then(Value::as_array).map_or(0, Vec::len);
        for position in 0..length {
            let key = format!("{list}[{position}].{member}");
            look(key, &format!("/{at}/{position}/{within}"), of.clone());
        }
    }
    found
}

/// The bytes of a settings file, bounded; refused where every user of the machine may read it and
/// it holds passwords in the clear. It takes its time with a large file of that sort.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, Problems> {
    let read = || -> std::io::Result<(Vec<u8>, u32)> {
        let mut bytes = Vec::new();
        let limit = u64::try_from(yaml::BYTES_MAX).unwrap_or(u64::MAX);
        let file = File::open(path)?;
        let mode = file.metadata()?.permissions().mode() & 0o7777;
        // One more than is taken, so that a longer file is refused and not cut.
        file.take(limit + 1).read_to_end(&mut bytes)?;
        Ok((bytes, mode))
    };
    let mut problems = Problems::default();
    let key = path.display().to_string();
    let Some((bytes, mode)) = problems.keep(key.clone(), read()) else { return Err(problems) };
    // What cannot be read is told by whoever reads it.
    let is_open = mode & 0o007 != 0;
    if is_open && yaml::read(&bytes).is_ok_and(|value| holds_plain_secrets(&value)) {
        problems.add(
            key,
            format_args!(
                "has mode {mode:04o}, so every user of this machine may reach the passwords in it; \
                 take that away: chmod o-rwx"
            ),
        );
        return Err(problems);
    }
    Ok(bytes)
}

fn holds_plain_secrets(value: &Value) -> bool {
    let any = |list: &str, member: &str| {
        let mut entries = value.pointer(list).and_then(Value::as_array).into_iter().flatten();
        entries.any(|entry| entry.pointer(member).is_some())
    };
    any("/agents", "/password")
        || any("/agents", "/pin")
        || any("/oauth_clients", "/secret")
        || any("/accounts", "/password")
        || any("/accounts", "/totp")
        || any("/cti_pairs", "/client_password")
        || any("/directories", "/bind_password")
        || any("/devices", "/sip/password")
        || any("/sip/next_hops", "/password")
        || any("/alarms/receivers", "/webhook/signing_secret")
        || any("/alarms/receivers", "/mail/password")
        || any("/csqs", "/email/password")
        || any("/csqs", "/email/google_key")
        || any("/csqs", "/email/client_secret")
        || [
            "/phone_service/push/password",
            "/proxies/http/password",
            "/proxies/socks/password",
            "/channels/customer_records/secret",
        ]
        .iter()
        .any(|pointer| value.pointer(pointer).is_some())
}

/// What settings are made with.
#[derive(Clone, Copy)]
pub(crate) struct Maker<'a> {
    pub(crate) engine: &'a Arc<Engine>,
    pub(crate) sealing: &'a Arc<SealingKeys>,
    pub(crate) pool: &'a Pool,
    /// Says what of single sign-on was not tested.
    pub(crate) identity: Option<&'a Arc<Identity>>,
}

/// Applies a settings file: all of it or nothing.
pub(crate) async fn apply(
    make: Maker<'_>,
    bytes: &[u8],
    by: &Context,
) -> Result<Applied, ApplyError> {
    let source = source_of(make.engine, bytes);
    let before = make.engine.settings();
    if before.source.as_ref() == Some(&source) {
        return Ok(Applied { number: before.number, changed: false });
    }
    let documents = documents(make, &before, bytes).await?;
    check_administrators_of_all(&before, &documents.0, &by.by)?;
    single_sign_on::check(make.identity, &before, &documents.0, true, &by.by)?;
    let id = InputId::new("settings", format_args!("{}/{source}", before.number));
    let command = Command::ApplySettings { documents, source: Some(source) };
    let command =
        Command::Audited { by: by.by.clone(), deed: None, command: Some(Box::new(command)) };
    match make.engine.submit(Input::command(id, command)).await? {
        Outcome::Done(Reply::Settings { number }) => {
            Ok(Applied { number, changed: number != before.number })
        }
        Outcome::Done(_) => Ok(Applied { number: make.engine.settings().number, changed: true }),
        Outcome::Refused(refusal) => Err(ApplyError::Refused(crate::words::refusal(&refusal))),
        // No owner of voice state is asked about settings.
        Outcome::Unclear(_) => Err(engine::SubmitError::Undecided.into()),
    }
}

/// A keyed digest of a file: it follows from the secret that all nodes share, and so stays what it is when
/// the sealing key is replaced.
fn source_of(engine: &Engine, bytes: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &engine.link_key(FILE_PURPOSE));
    let tag = hmac::sign(&key, bytes);
    tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether exactly that file is in force.
pub(crate) fn is_in_force(make: Maker<'_>, bytes: &[u8]) -> bool {
    make.engine.settings().source == Some(source_of(make.engine, bytes))
}

/// What a settings file would change; nothing does (BYD-05).
pub(crate) async fn planned(make: Maker<'_>, bytes: &[u8]) -> Result<Vec<Planned>, ApplyError> {
    let before = make.engine.settings();
    let wanted = documents(make, &before, bytes).await?;
    Ok(plan(&before, &wanted.0))
}

/// The documents of a settings file, checked, hashed and sealed.
async fn documents(
    make: Maker<'_>,
    before: &Arc<Settings>,
    bytes: &[u8],
) -> Result<Documents, ApplyError> {
    let text = bytes.to_vec();
    let looked = tokio::task::spawn_blocking(move || read(&text)).await;
    made(make, before, looked.map_err(|_| ApplyError::Broken)?).await
}

/// How many documents a settings file would change. No password is hashed: one that is given in the clear
/// counts as the hash that its owner has, so that whoever asks often costs no time of sign-ins.
pub(crate) async fn differing(make: Maker<'_>, bytes: &[u8]) -> Result<usize, ApplyError> {
    let before = make.engine.settings();
    let text = bytes.to_vec();
    let looked = tokio::task::spawn_blocking(move || read(&text)).await;
    let looked = looked.map_err(|_| ApplyError::Broken)?;
    let file = opened(make, looked).await?;
    let hashed = Arc::clone(&before);
    let hash = move |of: &HashOf| hashed.hash(of).or_else(|| Some("not hashed".to_owned()));
    let wanted = with_secrets(make, &before, file, hash).await?;
    let compared = tokio::task::spawn_blocking(move || plan(&before, &wanted.0).len()).await;
    compared.map_err(|_| ApplyError::Broken)
}

/// The documents of what was looked at, unless it has a problem.
async fn made(
    make: Maker<'_>,
    before: &Arc<Settings>,
    looked: Looked,
) -> Result<Documents, ApplyError> {
    let file = opened(make, looked).await?;
    let hashes = hashes(before, &file, make.pool).await?;
    with_secrets(make, before, file, move |of| hashes.get(of).cloned()).await
}

/// The file, unless it has a problem. Every phone may have a secret, so it takes its time.
async fn opened(make: Maker<'_>, looked: Looked) -> Result<SettingsFile, ApplyError> {
    let (sealing, in_force) = (Arc::clone(make.sealing), make.engine.settings());
    let now = make.engine.now();
    let opening = move || looked.opened_by(Some(&sealing), &in_force, now);
    let opened = tokio::task::spawn_blocking(opening).await;
    opened.map_err(|_| ApplyError::Broken)?.map_err(ApplyError::Problems)
}

/// The documents of a file, with the hash that `hash` gives for each plain password.
async fn with_secrets(
    make: Maker<'_>,
    before: &Arc<Settings>,
    file: SettingsFile,
    hash: impl FnMut(&HashOf) -> Option<String> + Send + 'static,
) -> Result<Documents, ApplyError> {
    let (before, sealing) = (Arc::clone(before), Arc::clone(make.sealing));
    let sealing = move || {
        let mut unsealed = false;
        let documents = file.into_documents(hash, |of, secret| {
            seal(&before, &sealing, &of, secret).unwrap_or_else(|| {
                unsealed = true;
                Sealed::from_text("")
            })
        });
        if unsealed { Err(ApplyError::Sealing) } else { Ok(documents) }
    };
    tokio::task::spawn_blocking(sealing).await.map_err(|_| ApplyError::Broken)?
}

/// Seals a secret; one that did not change stays sealed as it was, so that its document does not
/// change and whoever uses it need not begin anew.
fn seal(
    before: &Settings,
    sealing: &SealingKeys,
    of: &SecretOf,
    secret: &Secret,
) -> Option<Sealed> {
    let purpose = of.purpose();
    let old = before.secret(of);
    let is_same = |old: &Sealed| sealing.unseal(purpose, old).is_ok_and(|open| open == *secret);
    old.filter(is_same).or_else(|| sealing.seal(purpose, secret))
}

/// All settings in force as YAML that can be applied again.
pub(crate) fn exported(settings: &Settings) -> Result<String, String> {
    yaml::write(&export(settings))
}

async fn hashes(
    before: &Settings,
    file: &SettingsFile,
    pool: &Pool,
) -> Result<std::collections::HashMap<HashOf, String>, HashingError> {
    let passwords: Vec<_> = file
        .plain_passwords()
        .into_iter()
        .map(|(of, password)| {
            // A password that did not change keeps its hash, and what is remembered of it.
            let old = before.hash(&of);
            (of, password, old)
        })
        .collect();
    if !passwords.is_empty() {
        tracing::info!(passwords = passwords.len(), "passwords are hashed");
    }
    Ok(pool.hash_all(passwords).await?.into_iter().collect())
}

/// A hash that costs too much to verify would let its owner stop the node by signing in.
fn check_hashes(value: &Value, problems: &mut Problems) {
    let hashes =
        [("agents", "password_hash"), ("agents", "pin_hash"), ("accounts", "password_hash")];
    for (list, member) in hashes {
        let entries = value.get(list).and_then(Value::as_array).into_iter().flatten();
        for (position, entry) in entries.enumerate() {
            let hash = entry.get(member).and_then(Value::as_str);
            if hash.is_some_and(|hash| hash.starts_with("$argon2id$") && !is_usable_hash(hash)) {
                problems.add(
                    format!("{list}[{position}].{member}"),
                    "is damaged or costs more than we bear (256 MiB, 16 passes, 16 lanes)",
                );
            }
        }
    }
}

fn check_trust(value: &Value, problems: &mut Problems) {
    let trust = value.get("trust").and_then(Value::as_array).into_iter().flatten();
    for (position, entry) in trust.enumerate() {
        if let Some(text) = entry.get("certificates").and_then(Value::as_str) {
            check_certificates(&format!("trust[{position}].certificates"), text, problems);
        }
    }
}

fn check_certificates(key: &str, text: &str, problems: &mut Problems) {
    let mut count = 0_usize;
    for certificate in CertificateDer::pem_slice_iter(text.as_bytes()) {
        count += 1;
        let Some(der) = problems.keep(
            key,
            certificate.map_err(|error| format!("certificate {count} is no PEM: {error}")),
        ) else {
            return;
        };
        let parsed = x509_cert::Certificate::from_der(&der);
        problems.keep(key, parsed.map_err(|error| format!("certificate {count}: {error}")));
    }
    if count == 0 {
        problems.add(key, "must hold at least one PEM certificate");
    }
}

mod change;
mod metadata;
mod single_sign_on;

use change::check_administrators_of_all;
pub(crate) use change::{Edits, change, check_administrators, with_unsaved};
use metadata::WrittenMetadata;

#[cfg(test)]
mod tests;
