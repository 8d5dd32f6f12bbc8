//! Whether somebody would be left who may administer.

use domain::Role;
use domain::settings::{Section, Settings};
use serde_json::Value;

/// One change of one document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Edit {
    /// Makes or replaces a document.
    Put {
        /// Its section.
        section: Section,
        /// Its name; empty where there is one only.
        name: String,
        /// What it shall hold, secrets as they are.
        document: Value,
    },
    /// Removes a document.
    Remove {
        /// Its section.
        section: Section,
        /// Its name.
        name: String,
    },
}

impl Edit {
    fn place(&self) -> (Section, &str) {
        match self {
            Self::Put { section, name, .. } | Self::Remove { section, name } => (*section, name),
        }
    }
}

/// Whether the edits would take away the last one who may administer: an enabled account with a
/// password, an agent, or whoever a directory grants the role. Where there was nobody before, nothing
/// is taken away.
pub(crate) fn takes_the_last(settings: &Settings, edits: &[Edit]) -> bool {
    let touches = |edit: &Edit| {
        let (section, _) = edit.place();
        matches!(section, Section::Account | Section::Agent | Section::Role | Section::Directory)
    };
    edits.iter().any(touches) && is_left(settings, &[]) && !is_left(settings, edits)
}

fn is_left(settings: &Settings, edits: &[Edit]) -> bool {
    let untouched =
        |section: Section, name: &str| !edits.iter().any(|edit| edit.place() == (section, name));
    let accounts = settings.accounts.values().any(|it| {
        it.roles.contains(&Role::Administrator)
            && !it.disabled
            && it.password_hash.is_some()
            && untouched(Section::Account, it.name.as_str())
    });
    // A contact centre judges its agents' passwords itself.
    let judged_elsewhere = !settings.cti_pairs.is_empty();
    let agents = || {
        settings.agents.values().any(|it| {
            it.roles.contains(&Role::Administrator)
                && (judged_elsewhere || it.password_hash.is_some())
                && untouched(Section::Agent, it.id.as_str())
        })
    };
    let has_directory = |name: &str| {
        let put = edits.iter().rev().find(|edit| edit.place() == (Section::Directory, name));
        match put {
            Some(edit) => matches!(edit, Edit::Put { .. }),
            None => settings.directories.contains_key(name),
        }
    };
    let grants = || {
        settings.roles.values().any(|it| {
            it.role == Role::Administrator
                && has_directory(&it.directory)
                && untouched(Section::Role, &it.name)
        })
    };
    // Of two edits of one document the last holds.
    let lasting = edits.iter().enumerate().filter(|(position, edit)| {
        !edits.iter().skip(position + 1).any(|later| later.place() == edit.place())
    });
    let put = || {
        lasting.clone().any(|(_, edit)| match edit {
            Edit::Put { section: Section::Account, document, .. } => {
                has_role(document) && !is_disabled(document) && has_password(document)
            }
            Edit::Put { section: Section::Agent, document, .. } => {
                has_role(document) && (judged_elsewhere || has_password(document))
            }
            Edit::Put { section: Section::Role, document, .. } => {
                let directory = document.get("directory").and_then(Value::as_str);
                document.get("role").and_then(Value::as_str) == Some("administrator")
                    && directory.is_some_and(has_directory)
            }
            _ => false,
        })
    };
    accounts || grants() || put() || agents()
}

fn has_role(document: &Value) -> bool {
    let roles = document.get("roles").and_then(Value::as_array);
    roles.is_some_and(|roles| roles.iter().any(|role| role == "administrator"))
}

fn is_disabled(document: &Value) -> bool {
    document.get("disabled") == Some(&Value::Bool(true))
}

fn has_password(document: &Value) -> bool {
    let given = |name: &str| document.get(name).is_some_and(Value::is_string);
    given("password") || given("password_hash")
}
