//! A few documents changed, validated together with all others as a file would be.
//!
//! ```text
//!   edits + what is in force -> a settings file of what they touch -> every problem by field
//!        -> ChangeSettings{base} -> settings moved meanwhile? once more
//! ```
//!
//! Agents and phones are many, and nothing names a phone: of those only what an edit touches is looked
//! at, so that one label edited among 24,000 agents costs no look at each of them. What SIP calls a phone
//! is its own alone, so phones that are called what an edited one shall be are looked at too, and all
//! that speak SIP where its section is edited, whose next hops they name, or that name a pair where pairs
//! are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use console::{Context, ETAG_PURPOSE, etag};
use domain::settings::{
    AGENTS_MAX, DEVICES_MAX, MASK, Reader, Section, SettingDocument, Settings, SettingsHead,
    export, export_document,
};
use domain::{
    Actor, Command, DeviceName, Input, InputId, Key, Kind, Problems, Refusal, Reply, administrators,
};
use engine::Outcome;
use serde_json::{Map, Value};

use super::{Applied, ApplyError, Maker, look, made, single_sign_on};

mod trial;

pub(crate) use trial::with_unsaved;

/// How often a change is made anew for settings that moved.
const TRIES: usize = 8;
/// The most edits of one change.
const EDITS_MAX: usize = 1_000;

/// What is to become of one document, which may hold secrets in the clear: it does not print.
#[derive(Clone, PartialEq)]
struct Edit {
    section: Section,
    /// `None` where the section has one document.
    name: Option<String>,
    /// What it shall be; `None` where it shall go.
    document: Option<Value>,
}

/// Edits, and what the one who asks has seen.
#[derive(Clone, PartialEq)]
pub(crate) struct Edits {
    edits: Vec<Edit>,
    seen: Option<Seen>,
}

#[derive(Clone, Debug, PartialEq)]
struct Seen {
    section: Section,
    name: Option<String>,
    /// `None` where it must not be there yet.
    etag: Option<String>,
}

impl Edits {
    /// Reads the members of the deed `settings_change`.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let edits = reader.list("edits", EDITS_MAX, |reader| {
            let put = reader.table("put", |reader| {
                let (section, name) = read_place(reader)?;
                let document = reader.value("document").unwrap_or_default();
                if !document.is_object() {
                    reader.problem("document", "must be a table");
                }
                Some(Edit { section, name, document: Some(document) })
            });
            let removed = reader.table("remove", |reader| {
                let (section, name) = read_place(reader)?;
                Some(Edit { section, name, document: None })
            });
            put.or(removed)
        });
        if edits.is_empty() {
            reader.problem("edits", "must hold at least one edit");
        }
        // Of two the one could undo the other; nobody could tell which was meant.
        let mut places = BTreeSet::new();
        for (position, edit) in edits.iter().enumerate() {
            if !places.insert(edit.key()) {
                let message = format_args!("changes {} a second time", edit.called());
                reader.problem(&format!("edits[{position}]"), message);
            }
        }
        let seen = reader.table("if_match", |reader| {
            let (section, name) = read_place(reader)?;
            let etag = reader.text("etag");
            Some(Seen { section, name, etag })
        });
        Some(Self { edits, seen })
    }
}

fn read_place(reader: &mut Reader<'_>) -> Option<(Section, Option<String>)> {
    let sections = Section::ALL.map(|section| (section.file_key(), section));
    if !reader.has("section") {
        reader.problem("section", "is missing");
    }
    let section = reader.choice("section", &sections);
    let name = reader.text("name");
    let section = section?;
    if section.is_single() == name.is_some() {
        let message = if section.is_single() {
            "is for lists only; there is one document of this section"
        } else {
            "is missing"
        };
        reader.problem("name", message);
        return None;
    }
    Some((section, name))
}

impl Edit {
    fn key(&self) -> Key {
        let section = self.section.name();
        let id = match &self.name {
            Some(name) => format!("{section}/{name}"),
            None => section.to_owned(),
        };
        Key::new(Kind::Setting, id)
    }

    fn called(&self) -> String {
        let section = self.section.file_key();
        self.name.as_ref().map_or_else(|| section.to_owned(), |name| format!("{section}/{name}"))
    }
}

/// Makes the edits, all of them or none.
pub(crate) async fn change(
    make: Maker<'_>,
    edits: &Edits,
    context: &Context,
) -> Result<Applied, ApplyError> {
    // A repeat is not judged by what it brought about itself.
    let own = context.idempotency.as_ref().map(|own| InputId::new("settings_change", own));
    if let Some(own) = &own
        && let Some(Reply::Settings { number }) = make.engine.outcome(own).await?
    {
        return Ok(Applied { number, changed: true });
    }
    let link_key = make.engine.link_key(ETAG_PURPOSE);
    for _ in 0..TRIES {
        let before = make.engine.settings();
        check_seen(&before, edits.seen.as_ref(), &link_key)?;
        let (wanted, edits_of_looked) = (edits.clone(), before.clone());
        let looked = tokio::task::spawn_blocking(move || wanted.looked(&edits_of_looked)).await;
        let (looked, names) = looked.map_err(|_| ApplyError::Broken)??;
        let documents = made(make, &before, looked).await.map_err(|error| match error {
            ApplyError::Problems(problems) => ApplyError::Problems(names.told(&problems)),
            error => error,
        })?;
        edits.check_made(&documents.0)?;
        let edited: BTreeSet<Key> = edits.edits.iter().map(Edit::key).collect();
        let put: Vec<_> = documents
            .0
            .into_iter()
            .filter(|it| {
                edited.contains(&it.key()) && before.document(&it.key()).as_ref() != Some(it)
            })
            .collect();
        let removed = edits.edits.iter().filter(|edit| edit.document.is_none());
        let removed: Vec<_> =
            removed.map(Edit::key).filter(|key| before.document(key).is_some()).collect();
        check_counts(&before, &put, &removed)?;
        check_administrators(&before, &put, &removed, &context.by)?;
        single_sign_on::check(make.identity, &before, &put, false, &context.by)?;
        let id = match &own {
            Some(own) => own.clone(),
            None => InputId::new("settings_change", fresh()?),
        };
        let command = Command::ChangeSettings { base: before.number, put, removed };
        let by = context.by.clone();
        let command = Command::Audited { by, deed: None, command: Some(Box::new(command)) };
        match make.engine.submit(Input::command(id, command)).await? {
            Outcome::Done(Reply::Settings { number }) => {
                return Ok(Applied { number, changed: number != before.number });
            }
            Outcome::Refused(Refusal::SettingsMoved) => {}
            Outcome::Refused(refusal) => {
                return Err(ApplyError::Refused(crate::words::refusal(&refusal)));
            }
            Outcome::Done(_) | Outcome::Unclear(_) => {
                return Err(engine::SubmitError::Undecided.into());
            }
        }
    }
    Err(ApplyError::Moved)
}

/// Of agents and phones only a part was looked at, so what there may be at most is counted here.
fn check_counts(
    before: &Settings,
    put: &[SettingDocument],
    removed: &[Key],
) -> Result<(), ApplyError> {
    let mut problems = Problems::default();
    let limits = [
        (Section::Agent, before.agents.len(), AGENTS_MAX),
        (Section::Device, before.devices.len(), DEVICES_MAX),
    ];
    for (section, present, most) in limits {
        let put = put.iter().filter(|it| it.section() == section);
        let new = put.filter(|it| before.document(&it.key()).is_none()).count();
        let of_section = |key: &&Key| key.id.split('/').next() == Some(section.name());
        let gone = removed.iter().filter(of_section).count();
        if new > 0 && (present + new).saturating_sub(gone) > most {
            problems.add(section.file_key(), format_args!("must hold at most {most} elements"));
        }
    }
    problems.into_result().map_err(ApplyError::Problems)
}

fn check_seen(
    before: &Settings,
    seen: Option<&Seen>,
    link_key: &[u8; 32],
) -> Result<(), ApplyError> {
    let Some(seen) = seen else { return Ok(()) };
    let edit = Edit { section: seen.section, name: seen.name.clone(), document: None };
    let now = before.document(&edit.key()).map(|it| etag(link_key, &export_document(&it)));
    if now == seen.etag { Ok(()) } else { Err(ApplyError::Precondition) }
}

/// Somebody must be left who may change settings: a console that locks everybody out is no use. The
/// command line of a node's machine can still.
pub(crate) fn check_administrators(
    before: &Settings,
    put: &[SettingDocument],
    removed: &[Key],
    by: &Actor,
) -> Result<(), ApplyError> {
    if by.how == Some(domain::Proof::LocalSocket) {
        return Ok(());
    }
    let touches = |section: Section| {
        matches!(
            section,
            Section::Account
                | Section::Agent
                | Section::Role
                | Section::Directory
                | Section::SignOn
                | Section::Identity
                | Section::IdentityProvider
        )
    };
    let of_removed =
        |key: &Key| Section::ALL.into_iter().find(|it| key.id.split('/').next() == Some(it.name()));
    if !put.iter().any(|it| touches(it.section()))
        && !removed.iter().filter_map(of_removed).any(touches)
    {
        return Ok(());
    }
    let after = before.changed(&SettingsHead::default(), put.to_vec(), removed);
    check_left(before, &after)
}

/// The same for settings as a whole.
pub(super) fn check_administrators_of_all(
    before: &Settings,
    wanted: &[SettingDocument],
    by: &Actor,
) -> Result<(), ApplyError> {
    // A file that a node starts with, or reads again, is a person's on its machine.
    if by.how.is_none() || by.how == Some(domain::Proof::LocalSocket) {
        return Ok(());
    }
    let after = Settings::from_documents(&SettingsHead::default(), wanted.to_vec());
    check_left(before, &after)
}

fn check_left(before: &Settings, after: &Settings) -> Result<(), ApplyError> {
    if administrators(before) > 0 && administrators(after) == 0 {
        let asks = after.sign_on.administrators_need_totp;
        let why = if asks && !before.sign_on.administrators_need_totp {
            "no administrator has a second factor; give one to an administrator first"
        } else {
            "nobody would be left who may change settings; make another administrator first"
        };
        return Err(ApplyError::LastAdministrator(why.to_owned()));
    }
    Ok(())
}

/// Where the edited documents stand in the file that was looked at.
struct Names(Vec<(String, String)>);

impl Names {
    /// Problems by the edited document's own fields, where there is one edit; else by its name.
    fn told(&self, problems: &Problems) -> Problems {
        let mut told = Problems::default();
        for problem in problems.as_slice() {
            let found = self.0.iter().find_map(|(prefix, called)| {
                let rest = problem.key.strip_prefix(prefix.as_str())?;
                if rest.is_empty() {
                    return Some((called, ""));
                }
                rest.strip_prefix('.').map(|rest| (called, rest))
            });
            let key = match (found, self.0.len()) {
                (Some((_, "")), 1) => String::new(),
                (Some((_, field)), 1) => field.to_owned(),
                (Some((called, "")), _) => called.clone(),
                (Some((called, field)), _) => format!("{called}.{field}"),
                (None, _) => problem.key.clone(),
            };
            told.add(key, &problem.message);
        }
        told
    }
}

impl Edits {
    /// Refuses documents that are not what they were asked for by: the one would be kept in the place
    /// of the other.
    fn check_made(&self, made: &[SettingDocument]) -> Result<(), ApplyError> {
        let made: BTreeSet<Key> = made.iter().map(SettingDocument::key).collect();
        let mut problems = Problems::default();
        for edit in self.edits.iter().filter(|edit| edit.document.is_some()) {
            if !made.contains(&edit.key()) {
                let member = match edit.section {
                    Section::Reason => "code",
                    section => naming(section),
                };
                let key = match self.edits.len() {
                    1 => member.to_owned(),
                    _ => format!("{}.{member}", edit.called()),
                };
                problems.add(key, "is not the name that the document is changed under");
            }
        }
        problems.into_result().map_err(ApplyError::Problems)
    }

    /// A settings file of what the edits touch, looked at.
    fn looked(self, before: &Settings) -> Result<(super::Looked, Names), ApplyError> {
        let file = self.part_of(before);
        let Value::Object(mut file) = export(&file) else { return Err(ApplyError::Broken) };
        let mut names = Vec::new();
        let mut problems = Problems::default();
        // What is edited stands behind what is not, so that it is told of it where the two do not go
        // together.
        for edit in &self.edits {
            let list = file.get_mut(edit.section.file_key()).and_then(Value::as_array_mut);
            if let (Some(list), Some(name)) = (list, &edit.name) {
                list.retain(|it| name_of(it, edit.section) != *name);
            }
        }
        for edit in self.edits {
            // Found under another spelling, it is another's name.
            let present = before.document(&edit.key()).filter(|it| it.key() == edit.key());
            if edit.document.is_none() && present.is_none() {
                return Err(ApplyError::NotFound(edit.called()));
            }
            let section = edit.section.file_key();
            let called = edit.called();
            let document = edit.document.map(|document| {
                let present = present.as_ref().map(export_document).unwrap_or_default();
                let mut kept = Problems::default();
                let document = with_kept_secrets("", document, &present, &mut kept);
                for problem in kept.as_slice() {
                    problems.add(problem.key.clone(), &problem.message);
                }
                named(document, edit.section, edit.name.as_deref())
            });
            if edit.section.is_single() {
                names.push((section.to_owned(), called));
                file.remove(section);
                file.extend(document.map(|document| (section.to_owned(), document)));
                continue;
            }
            let list = file.entry(section).or_insert_with(|| Value::Array(Vec::new()));
            let Some(list) = list.as_array_mut() else { return Err(ApplyError::Broken) };
            if let Some(document) = document {
                names.push((format!("{section}[{}]", list.len()), called));
                list.push(document);
            }
        }
        problems.into_result().map_err(ApplyError::Problems)?;
        Ok((look(Value::Object(file)), Names(names)))
    }

    /// The settings without agents and phones that no edit touches, where nothing else names them.
    fn part_of(&self, before: &Settings) -> Settings {
        let touched = |section| self.edits.iter().any(|edit| edit.section == section);
        let mut part = before.clone();
        let names = |section| -> BTreeSet<String> {
            let edits = self.edits.iter().filter(move |edit| edit.section == section);
            edits.filter_map(|edit| edit.name.clone()).collect()
        };
        // What agents name may not go, so all of them are looked at where it might.
        let named_by_agents =
            [Section::Team, Section::Skill, Section::CtiPair, Section::Account].map(touched);
        if !named_by_agents.contains(&true) {
            let edited = names(Section::Agent);
            let supervisors = before.teams.values().flat_map(|team| &team.supervisors);
            let wanted = edited.iter().filter_map(|name| name.parse().ok());
            let wanted = wanted.chain(supervisors.cloned());
            let agents =
                wanted.filter_map(|id| Some((id.clone(), before.agents.get(&id)?.clone())));
            part.agents = Arc::new(agents.collect());
        }
        let edited = names(Section::Device);
        let by_name = |name: DeviceName| {
            before.devices.get_key_value(&name).map(|(name, device)| (name.clone(), device.clone()))
        };
        let mut devices: BTreeMap<_, _> =
            edited.iter().filter_map(|name| by_name(name.parse().ok()?)).collect();
        if touched(Section::Sip) {
            let with_sip = before.devices.iter().filter(|(_, device)| device.sip.is_some());
            devices.extend(with_sip.map(|(name, device)| (name.clone(), device.clone())));
        }
        if touched(Section::CtiPair) {
            let of_pairs = before.devices.iter().filter(|(_, device)| device.pair.is_some());
            devices.extend(of_pairs.map(|(name, device)| (name.clone(), device.clone())));
        }
        let of_devices = self.edits.iter().filter(|edit| edit.section == Section::Device);
        for sip in of_devices.filter_map(|edit| edit.document.as_ref()?.get("sip")) {
            let text = |name: &str| match sip.get(name) {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Number(number)) => number.to_string(),
                _ => String::new(),
            };
            let alike = before.devices_called_in_sip(&text("user"), &text("address"));
            devices.extend(alike.iter().filter_map(|device| by_name(device.name.clone())));
        }
        part.devices = Arc::new(devices);
        part
    }
}

/// Puts what stood there before into the place of masked secrets.
fn with_kept_secrets(
    path: &str,
    document: Value,
    present: &Value,
    problems: &mut Problems,
) -> Value {
    let at = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match document {
        Value::Object(members) => {
            let kept = members.into_iter().map(|(name, member)| {
                let before = present.get(&name).unwrap_or(&Value::Null);
                let is_masked = member.as_str() == Some(MASK)
                    && domain::settings::SECRET_MEMBERS.contains(&name.as_str());
                if !is_masked {
                    let key = at(&name);
                    return (name, with_kept_secrets(&key, member, before, problems));
                }
                if before.is_null() {
                    problems
                        .add(at(&name), "stands for what is kept, and nothing is; give a value");
                }
                (name, before.clone())
            });
            Value::Object(kept.collect::<Map<_, _>>())
        }
        // Elements of a list are the same ones where they have the same name.
        Value::Array(elements) => {
            let kept = elements.into_iter().enumerate().map(|(position, element)| {
                let name = element.get("name").filter(|name| name.is_string());
                let mut others = present.as_array().into_iter().flatten();
                let before = name.and_then(|name| others.find(|it| it.get("name") == Some(name)));
                let key = format!("{path}[{position}]");
                with_kept_secrets(&key, element, before.unwrap_or(&Value::Null), problems)
            });
            Value::Array(kept.collect())
        }
        other => other,
    }
}

/// The document with the name that it is asked for by, where it says none of its own.
fn named(mut document: Value, section: Section, name: Option<&str>) -> Value {
    let (Some(members), Some(name)) = (document.as_object_mut(), name) else { return document };
    if section == Section::Reason {
        if let Some((category, code)) = name.split_once('/') {
            members.entry("category").or_insert_with(|| category.into());
            let code = code.parse::<u64>().map_or_else(|_| code.into(), Value::from);
            members.entry("code").or_insert(code);
        }
        return document;
    }
    members.entry(naming(section)).or_insert_with(|| name.into());
    document
}

/// The member that names a document of that list; reasons have two.
fn naming(section: Section) -> &'static str {
    match section {
        Section::Agent => "id",
        Section::OauthClient => "client_id",
        Section::PredefinedResponse => "title",
        _ => "name",
    }
}

fn name_of(document: &Value, section: Section) -> String {
    let text = |name: &str| match document.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    match section {
        Section::Reason => format!("{}/{}", text("category"), text("code")),
        section => text(naming(section)),
    }
}

fn fresh() -> Result<String, ApplyError> {
    crate::admin::fresh_number().map_err(|_| ApplyError::Broken)
}
