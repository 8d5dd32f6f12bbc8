//! Whether somebody is who they say, by a directory: found by its own account, proven by their password.
//!
//! ```text
//!   our account binds -> search: one entry -> it binds with the password -> our account: its groups
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use domain::settings::{DirectorySync, Settings};
use domain::{Identity, Problems, Secret, Timestamp};
use engine::Clock;
use engine::probe::{Probe, StepOutcome};
use engine::recorder::{Link, Note, Recorder, Way};
use protocols::ldap::{BindPolicy, Entry, Filter, FilterError, Outcome, ResultCode, normalised};
use tokio::sync::RwLock;

use crate::configuration::{Directory, Host, Prepared, Security};
use crate::connection::{Bound, Connection, Wanted};
use crate::groups::{self, GroupFinder};
use crate::standing::{NotBound, Standing};
use crate::sync::{ENTRIES_MAX, Found};
use crate::trouble::Trouble;

/// The most characters of a name that is looked up.
const NAME_CHARACTERS_MAX: usize = 256;
/// The most bytes of a password that is sent.
const PASSWORD_BYTES_MAX: usize = 1_024;

/// Somebody whom a directory proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The directory.
    pub directory: String,
    /// The name of their entry.
    pub dn: String,
    /// Their id in it.
    pub id: String,
    /// How they are called.
    pub name: Option<String>,
    /// The names of their groups in one form, as [`protocols::ldap::normalised`] gives it.
    pub groups: BTreeSet<String>,
}

impl Proven {
    /// Who they are for consoles, with those of their groups that settings grant a role, spelled as
    /// there: two spellings of one name compare equal here alone.
    #[must_use]
    pub fn identity(&self, settings: &Settings) -> Identity {
        let grants = settings.roles.values().filter(|grant| grant.directory == self.directory);
        let granted = grants.flat_map(|grant| &grant.groups);
        let granted = granted.filter(|group| self.groups.contains(&normalised(group)));
        let groups: BTreeSet<_> = granted.cloned().collect();
        Identity::Directory {
            directory: self.directory.clone(),
            user: self.id.clone(),
            groups: groups.into_iter().collect(),
        }
    }
}

/// What a directory says of a name and a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// They belong to that person.
    Proven(Proven),
    /// The name is unknown or the password wrong; the two must look alike.
    Wrong,
    /// It cannot be said, or may not sign in though the password may be right.
    Refused(Refusal),
}

/// What all directories together say of a name and a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identified {
    /// They belong to that person.
    Right(Identity),
    /// No directory knows them so.
    Nobody,
    /// One that might could not be asked.
    Unavailable,
}

/// Why nothing could be proven; for the log and administrators, never for whoever signs in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no directory of that name.
    #[error("there is no directory {0:?}")]
    NoDirectory(String),
    /// Our own account was refused, and is left alone until then.
    #[error("{trouble}; it is left alone for a while, unless its settings change")]
    OwnAccount {
        /// What the server said.
        trouble: Trouble,
        /// Until when.
        until: Timestamp,
    },
    /// No server could be asked.
    #[error(transparent)]
    Trouble(#[from] Trouble),
    /// The filter for agents is none.
    #[error("sync.filter {0}")]
    Filter(FilterError),
    /// Several entries have that name.
    #[error("several entries have that name; user_filter must find one")]
    Ambiguous,
    /// The entry has no id.
    #[error("the entry {dn:?} has no {attribute}")]
    NoId {
        /// The entry.
        dn: String,
        /// The attribute it lacks.
        attribute: String,
    },
    /// The account may not be used.
    #[error("the account {0}")]
    Account(AccountFault),
}

/// Why an account may not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountFault {
    /// It is switched off.
    #[error("is disabled")]
    Disabled,
    /// It is locked.
    #[error("is locked")]
    Locked,
    /// It or its password is too old.
    #[error("or its password has expired")]
    Expired,
    /// Its password must be changed first.
    #[error("must have its password changed first")]
    MustChange,
}

/// A directory and what is known of its own account.
struct Known {
    prepared: Prepared,
    standing: Standing,
}

/// All directories in force.
pub struct Directories {
    clock: Arc<dyn Clock>,
    recorder: OnceLock<Recorder>,
    known: RwLock<BTreeMap<String, Arc<Known>>>,
}

impl std::fmt::Debug for Directories {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("directories")
    }
}

impl Directories {
    /// None yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, recorder: OnceLock::new(), known: RwLock::default() }
    }

    /// Has what is asked of directories noted there from now on.
    pub fn record_by(&self, recorder: Recorder) {
        self.recorder.get_or_init(|| recorder);
    }

    /// Makes these the directories in force. One that did not change keeps what is known of its own
    /// account; another, corrected perhaps, is tried at once. Those with problems are left out.
    pub async fn set(&self, directories: Vec<Directory>) -> Problems {
        let mut problems = Problems::default();
        let mut known = self.known.write().await;
        let mut fresh = BTreeMap::new();
        for (position, directory) in directories.into_iter().enumerate() {
            let name = directory.name.clone();
            match known.get(&name) {
                Some(same) if same.prepared.directory == directory => {
                    fresh.insert(name, Arc::clone(same));
                }
                _ => match Prepared::new(directory) {
                    Ok(prepared) => {
                        let standing = Standing::default();
                        fresh.insert(name, Arc::new(Known { prepared, standing }));
                    }
                    Err(found) => {
                        for problem in found.as_slice() {
                            let key = format!("directories[{position}].{}", problem.key);
                            problems.add(key, &problem.message);
                        }
                    }
                },
            }
        }
        *known = fresh;
        problems
    }

    /// The names of the directories in force.
    pub async fn names(&self) -> Vec<String> {
        self.known.read().await.keys().cloned().collect()
    }

    /// Why and until when a directory's own account is left alone, where it is.
    pub async fn left_alone(&self, directory: &str) -> Option<(Trouble, Timestamp)> {
        let known = self.known(directory).await?;
        known.standing.refused(self.clock.now()).await
    }

    /// Checks a name and a password against one directory.
    pub async fn authenticate(&self, directory: &str, user: &str, password: &Secret) -> Answer {
        let Some(known) = self.known(directory).await else {
            return Answer::Refused(Refusal::NoDirectory(directory.to_owned()));
        };
        // A server lets anybody in as nobody who shows an empty password, and says yes.
        let length = user.chars().take(NAME_CHARACTERS_MAX + 1).count();
        let is_name = (1..=NAME_CHARACTERS_MAX).contains(&length);
        let is_password = (1..=PASSWORD_BYTES_MAX).contains(&password.expose().len());
        if !is_name || !is_password || user.chars().any(char::is_control) {
            return Answer::Wrong;
        }
        let answer =
            match known.at_some_server(self.clock.now(), Ask::Prove { user, password }).await {
                Ok(Asked::Answer(answer)) => answer,
                Ok(Asked::Found(_)) => Answer::Wrong,
                Err(refusal) => {
                    tracing::warn!(directory, %refusal, "a sign-in could not be judged");
                    Answer::Refused(refusal)
                }
            };
        // The name as it was typed is not told: it may be a password, in the wrong field.
        self.note("sign-in judged", directory, |note| {
            match &answer {
                Answer::Proven(proven) => note.agent(&proven.id).text("result", "proven"),
                Answer::Wrong => note.text("result", "wrong"),
                Answer::Refused(why) => note.text("result", "refused").words("why", why),
            };
        });
        answer
    }

    fn note(&self, kind: &str, directory: &str, tell: impl FnOnce(&mut Note)) {
        if let Some(recorder) = self.recorder.get() {
            recorder.note(Link::Directory, Way::Out, kind, |note| {
                note.peer(directory);
                tell(note);
            });
        }
    }

    /// Asks all directories, by name, who somebody is.
    pub async fn identify(&self, settings: &Settings, user: &str, password: &Secret) -> Identified {
        let mut identified = Identified::Nobody;
        for directory in self.names().await {
            match self.authenticate(&directory, user, password).await {
                Answer::Proven(proven) => return Identified::Right(proven.identity(settings)),
                // Whoever may not sign in is told no more than whoever is unknown.
                Answer::Wrong | Answer::Refused(Refusal::Account(_) | Refusal::Ambiguous) => {}
                Answer::Refused(_) => identified = Identified::Unavailable,
            }
        }
        identified
    }

    /// Tests every server of a directory: connection, our own account, and whether people can be looked
    /// for. An account that was refused a while ago is left alone here too.
    pub async fn probe(&self, directory: &str) -> Probe {
        let mut probe = Probe::new(format!("directory {directory}"));
        let Some(known) = self.known(directory).await else {
            let words = "there is no such directory, or its settings cannot be used; see the log";
            probe.note("settings", StepOutcome::Failed, words);
            return probe;
        };
        for host in &known.prepared.directory.hosts {
            known.probe(host, self.clock.now(), &mut probe).await;
        }
        probe
    }

    /// All entries that are to be taken over from a directory, with their groups.
    pub(crate) async fn read(
        &self,
        directory: &str,
        sync: &DirectorySync,
    ) -> Result<Vec<Found>, Refusal> {
        let missing = || Refusal::NoDirectory(directory.to_owned());
        let known = self.known(directory).await.ok_or_else(missing)?;
        let filter = Filter::parse(&sync.filter, &[]).map_err(Refusal::Filter)?;
        let extension_attribute = sync.extension_attribute.as_deref();
        let ask = Ask::Read { filter: &filter, extension_attribute };
        let asked = known.at_some_server(self.clock.now(), ask).await;
        self.note("entries read", directory, |note| {
            match &asked {
                Ok(Asked::Found(found)) => note.number("entries", found.len() as u64),
                Ok(Asked::Answer(_)) => note.number("entries", 0u64),
                Err(why) => note.text("result", "refused").words("why", why),
            };
        });
        match asked? {
            Asked::Found(found) => Ok(found),
            Asked::Answer(_) => Ok(Vec::new()),
        }
    }

    async fn known(&self, directory: &str) -> Option<Arc<Known>> {
        self.known.read().await.get(directory).cloned()
    }
}

/// What is asked once our own account is bound.
#[derive(Clone, Copy)]
enum Ask<'a> {
    /// Whether somebody is who they say.
    Prove { user: &'a str, password: &'a Secret },
    /// All entries of a filter, with an attribute more.
    Read { filter: &'a Filter, extension_attribute: Option<&'a str> },
}

/// What came of it.
enum Asked {
    Answer(Answer),
    Found(Vec<Found>),
}

impl Known {
    /// Asks the first server that answers.
    async fn at_some_server(&self, now: Timestamp, ask: Ask<'_>) -> Result<Asked, Refusal> {
        if let Some((trouble, until)) = self.standing.refused(now).await {
            return Err(Refusal::OwnAccount { trouble, until });
        }
        let mut last = None;
        for host in &self.prepared.directory.hosts {
            let asked = async {
                let mut connection = Connection::open(&self.prepared, host).await?;
                let answer = self.at(&mut connection, now, ask).await?;
                connection.close().await;
                Ok(answer)
            };
            match asked.await {
                Err(Refusal::Trouble(trouble)) if trouble.is_of_one_server() => {
                    tracing::debug!(%trouble, "the next server of the directory is tried");
                    last = Some(trouble);
                }
                answer => return answer,
            }
        }
        let nobody = || Trouble::Unreachable { host: String::new(), why: "no server".to_owned() };
        Err(last.unwrap_or_else(nobody).into())
    }

    async fn at(
        &self,
        connection: &mut Connection<'_>,
        now: Timestamp,
        ask: Ask<'_>,
    ) -> Result<Asked, Refusal> {
        self.become_ourselves(connection, now).await?;
        match ask {
            Ask::Prove { user, password } => {
                self.prove(connection, now, user, password).await.map(Asked::Answer)
            }
            Ask::Read { filter, extension_attribute } => {
                let read = self.read(connection, filter, extension_attribute).await;
                Ok(Asked::Found(read?))
            }
        }
    }

    async fn read(
        &self,
        connection: &mut Connection<'_>,
        filter: &Filter,
        extension_attribute: Option<&str>,
    ) -> Result<Vec<Found>, Trouble> {
        let prepared = &self.prepared;
        let attributes: Vec<_> =
            attributes(prepared).into_iter().chain(extension_attribute).collect();
        let base = prepared.directory.base_dn.as_str();
        let wanted = Wanted { base, filter, filled: &[], attributes: &attributes };
        let entries = connection.find_all(wanted, "entries", ENTRIES_MAX).await?;
        let mut finder = GroupFinder::default();
        let mut found = Vec::with_capacity(entries.len());
        for entry in entries {
            let groups = finder.of(connection, prepared, &entry).await?;
            found.push(Found { entry, groups });
        }
        Ok(found)
    }

    async fn probe(&self, host: &Host, now: Timestamp, probe: &mut Probe) {
        let opening = async {
            let opened = Connection::open(&self.prepared, host).await;
            let words = match self.prepared.directory.security {
                Security::Plain => "connected; NOT private, passwords can be read on the way",
                Security::Ldaps | Security::StartTls => "connected, private, certificate trusted",
            };
            opened.map(|it| (it, words.to_owned())).map_err(|trouble| trouble.to_string())
        };
        let Some(mut connection) = probe.step(format!("{host}: connect"), opening).await else {
            return;
        };
        let binding = async {
            let bound = self.become_ourselves(&mut connection, now).await;
            bound.map(|()| ((), "let in".to_owned())).map_err(|refusal| refusal.to_string())
        };
        if probe.step(format!("{host}: our own account"), binding).await.is_some() {
            let looking = async {
                let found = one(&mut connection, &self.prepared, "jackfield-probe").await;
                let found = found.map_err(|refusal| refusal.to_string())?;
                let words = if found.is_some() {
                    "user_filter finds somebody whatever is typed"
                } else {
                    "people can be looked for"
                };
                Ok(((), words.to_owned()))
            };
            probe.step(format!("{host}: search"), looking).await;
        }
        connection.close().await;
    }

    async fn become_ourselves(
        &self,
        connection: &mut Connection<'_>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let bound = self.standing.bind(connection, &self.prepared, now).await;
        bound.map_err(|refused| match refused {
            NotBound::Refused { trouble, until } => Refusal::OwnAccount { trouble, until },
            NotBound::Trouble(trouble) => Refusal::Trouble(trouble),
        })
    }

    async fn prove(
        &self,
        connection: &mut Connection<'_>,
        now: Timestamp,
        user: &str,
        password: &Secret,
    ) -> Result<Answer, Refusal> {
        let prepared = &self.prepared;
        let directory = &prepared.directory;
        let Some(entry) = one(connection, prepared, user).await? else {
            return Ok(Answer::Wrong);
        };
        match connection.bind(&entry.name, password.expose()).await? {
            Bound::Yes => {}
            Bound::No(outcome, policy) => {
                return match fault(&outcome, policy) {
                    Some(fault) => Err(Refusal::Account(fault)),
                    None if outcome.code == ResultCode::INVALID_CREDENTIALS => Ok(Answer::Wrong),
                    None => Err(connection.refused("the user's password", outcome).into()),
                };
            }
        }
        let id = entry.texts(&directory.id_attribute).next().map(str::to_owned);
        let Some(id) = id else {
            let attribute = directory.id_attribute.clone();
            return Err(Refusal::NoId { dn: entry.name, attribute });
        };
        // Users may not see groups; our own account does.
        if groups::attribute(prepared).is_none() {
            self.become_ourselves(connection, now).await?;
        }
        let groups = GroupFinder::default().of(connection, prepared, &entry).await?;
        let name = entry.texts(&directory.name_attribute).next().map(str::to_owned);
        Ok(Answer::Proven(Proven {
            directory: directory.name.clone(),
            name,
            dn: entry.name,
            id,
            groups,
        }))
    }
}

/// The entry of that name, where there is one and only one.
async fn one(
    connection: &mut Connection<'_>,
    prepared: &Prepared,
    user: &str,
) -> Result<Option<Entry>, Refusal> {
    let attributes = attributes(prepared);
    let filled = [("user", user.as_bytes())];
    let wanted = Wanted {
        base: &prepared.directory.base_dn,
        filter: &prepared.user_filter,
        filled: &filled,
        attributes: &attributes,
    };
    let (mut entries, had_more) = connection.find(wanted, 2).await?;
    match (entries.pop(), entries.is_empty() && !had_more) {
        (None, true) => Ok(None),
        (Some(entry), true) => Ok(Some(entry)),
        _ => Err(Refusal::Ambiguous),
    }
}

/// The attributes of a person that we use.
fn attributes(prepared: &Prepared) -> Vec<&str> {
    let directory = &prepared.directory;
    let own = [directory.id_attribute.as_str(), directory.name_attribute.as_str()];
    let all = own.into_iter().chain(groups::attribute(prepared));
    all.filter(|name| !name.is_empty()).collect()
}

/// What is wrong with the account, where the server says more than that the password is wrong.
fn fault(outcome: &Outcome, policy: Option<BindPolicy>) -> Option<AccountFault> {
    let by_policy = policy.map(|policy| match policy {
        BindPolicy::Expired => AccountFault::Expired,
        BindPolicy::Locked => AccountFault::Locked,
        BindPolicy::MustChange => AccountFault::MustChange,
    });
    by_policy.or_else(|| active_directory(&outcome.message))
}

/// Active Directory tells in the text: `80090308: LdapErr: DSID-..., comment: ..., data 533, v4563`.
fn active_directory(message: &str) -> Option<AccountFault> {
    let (_, data) = message.split_once("AcceptSecurityContext error, data ")?;
    let code = data.split(|it: char| !it.is_ascii_hexdigit()).next()?;
    match u32::from_str_radix(code, 16).ok()? {
        0x533 => Some(AccountFault::Disabled),
        0x775 => Some(AccountFault::Locked),
        0x532 | 0x701 => Some(AccountFault::Expired),
        0x773 => Some(AccountFault::MustChange),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_17_what_active_directory_says_of_an_account_is_understood() {
        let said = |data: &str| {
            format!(
                "80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data \
                 {data}, v4563\0"
            )
        };
        assert_eq!(active_directory(&said("533")), Some(AccountFault::Disabled));
        assert_eq!(active_directory(&said("775")), Some(AccountFault::Locked));
        assert_eq!(active_directory(&said("532")), Some(AccountFault::Expired));
        assert_eq!(active_directory(&said("773")), Some(AccountFault::MustChange));
        // A wrong password, and an unknown user, are no faults of the account.
        assert_eq!(active_directory(&said("52e")), None);
        assert_eq!(active_directory(&said("525")), None);
        assert_eq!(active_directory("data 533"), None);
    }
}
