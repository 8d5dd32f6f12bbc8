//! What a Finesse server tells of users, teams, reasons and layouts (REST, XML).
//!
//! Elements may come in any order, and unknown ones are passed over; documents are read within limits.
//! Source: the "Cisco Finesse REST API Developer Guide". Names differ in case between releases, so
//! case is not minded.

#[cfg(test)]
mod tests;

use crate::phone_xml::DecodeError as TreeError;
use crate::phone_xml::tree::{Element, Limits, read_within};

/// Bytes of a document that are read: thousands of users with all that is said of them.
pub const DOCUMENT_BYTES_MAX: usize = 32 * 1024 * 1024;
const LIMITS: Limits =
    Limits { bytes_max: DOCUMENT_BYTES_MAX, depth_max: 16, nodes_max: 2_000_000 };

/// Why bytes are no document of that sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It is larger, or nested deeper, than what is read.
    #[error("the document is larger than what is read")]
    TooLarge,
    /// It is no well-formed XML, or cut off.
    #[error("the document is no whole XML")]
    Malformed,
    /// It is something else.
    #[error("the document is no {0}")]
    Another(&'static str),
}

/// A user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// What they type at sign-in.
    pub login_id: String,
    /// Their name in the call manager or directory.
    pub login_name: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// `Agent`, `Supervisor`, `Administrator`.
    pub roles: Vec<String>,
    /// The team they are in, by number.
    pub team_id: String,
    /// Its name.
    pub team_name: String,
    /// The line of the present session; empty while signed out.
    pub extension: String,
    /// The teams they lead: number and name.
    pub leads: Vec<(String, String)>,
}

/// A team.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Team {
    /// Its number.
    pub id: String,
    /// Its name, which another may have too.
    pub name: String,
}

/// A reason of a state or of a wrap-up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason {
    /// `NOT_READY` or `LOGOUT`; empty for wrap-up.
    pub category: String,
    /// The code; wrap-up reasons have none.
    pub code: String,
    /// The number at the end of its address.
    pub id: String,
    /// What agents read.
    pub label: String,
    /// Whether it is for everybody.
    pub for_all: bool,
    /// Whether the server made it, and uses it itself.
    pub system: bool,
}

/// A layout of call variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Its name.
    pub name: String,
    /// Whether it holds for teams without one of their own.
    pub is_default: bool,
    /// Label and variable of the line above the columns.
    pub header: Vec<(String, String)>,
    /// Label and variable of each line, column by column.
    pub columns: Vec<Vec<(String, String)>>,
}

/// What a server says of an error; its first one.
#[must_use]
pub fn error_text(bytes: &[u8]) -> Option<String> {
    let root = read_within(bytes, Limits { bytes_max: 64 * 1024, ..LIMITS }).ok()?;
    let error = child(&root, "ApiError")?;
    let parts = ["ErrorType", "ErrorMessage", "ErrorData"].map(|name| text(error, name));
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    (is(&root, "ApiErrors") && !parts.is_empty()).then(|| parts.join(", "))
}

/// Reads a list of users.
pub fn users(bytes: &[u8]) -> Result<Vec<User>, DecodeError> {
    list(bytes, "Users", "User", user)
}

/// Reads a list of teams.
pub fn teams(bytes: &[u8]) -> Result<Vec<Team>, DecodeError> {
    list(bytes, "Teams", "Team", |team| Team { id: number(team), name: text(team, "name") })
}

/// Reads a list of reasons of states.
pub fn reason_codes(bytes: &[u8]) -> Result<Vec<Reason>, DecodeError> {
    let root = root(bytes, "ReasonCodes")?;
    let category = root.attribute("category").unwrap_or_default().to_owned();
    let reasons = children(&root, "ReasonCode").map(|element| {
        let own = text(element, "category");
        let category = if own.is_empty() { category.clone() } else { own };
        Reason { category, code: text(element, "code"), ..reason(element) }
    });
    Ok(reasons.collect())
}

/// Reads a list of wrap-up reasons.
pub fn wrap_up_reasons(bytes: &[u8]) -> Result<Vec<Reason>, DecodeError> {
    list(bytes, "WrapUpReasons", "WrapUpReason", reason)
}

/// Reads a list of layouts.
pub fn layouts(bytes: &[u8]) -> Result<Vec<Layout>, DecodeError> {
    list(bytes, "MediaPropertiesLayouts", "MediaPropertiesLayout", |layout| Layout {
        name: text(layout, "name"),
        is_default: text(layout, "type").eq_ignore_ascii_case("DEFAULT"),
        header: child(layout, "header").map(entries).unwrap_or_default(),
        columns: children(layout, "column").map(entries).collect(),
    })
}

fn user(element: &Element) -> User {
    let roles = child(element, "roles").map(|roles| children(roles, "role")).into_iter().flatten();
    let leads = child(element, "teams").map(|teams| children(teams, "Team")).into_iter().flatten();
    User {
        login_id: text(element, "loginId"),
        login_name: text(element, "loginName"),
        first_name: text(element, "firstName"),
        last_name: text(element, "lastName"),
        roles: roles.map(|role| role.text.trim().to_owned()).collect(),
        team_id: text(element, "teamId"),
        team_name: text(element, "teamName"),
        extension: text(element, "extension"),
        leads: leads.map(|team| (number(team), text(team, "name"))).collect(),
    }
}

fn reason(element: &Element) -> Reason {
    let is_yes = |name| text(element, name).eq_ignore_ascii_case("true");
    Reason {
        category: String::new(),
        code: String::new(),
        id: number(element),
        label: text(element, "label"),
        for_all: is_yes("forAll"),
        system: is_yes("systemCode"),
    }
}

fn entries(element: &Element) -> Vec<(String, String)> {
    let entries = children(element, "entry");
    entries.map(|entry| (text(entry, "displayName"), text(entry, "mediaProperty"))).collect()
}

/// The number of an object: its own, else what stands at the end of its address.
fn number(element: &Element) -> String {
    let id = text(element, "id");
    if !id.is_empty() {
        return id;
    }
    let uri = text(element, "uri");
    uri.rsplit('/').next().unwrap_or_default().to_owned()
}

fn list<T>(
    bytes: &[u8],
    name: &'static str,
    each: &str,
    read: impl Fn(&Element) -> T,
) -> Result<Vec<T>, DecodeError> {
    Ok(children(&root(bytes, name)?, each).map(read).collect())
}

fn root(bytes: &[u8], name: &'static str) -> Result<Element, DecodeError> {
    let root = read_within(bytes, LIMITS).map_err(|error| match error {
        TreeError::TooLarge { .. } | TreeError::TooDeep | TreeError::TooManyNodes => {
            DecodeError::TooLarge
        }
        _ => DecodeError::Malformed,
    })?;
    if is(&root, name) { Ok(root) } else { Err(DecodeError::Another(name)) }
}

fn is(element: &Element, name: &str) -> bool {
    element.name.eq_ignore_ascii_case(name)
}

fn children<'a>(element: &'a Element, name: &'a str) -> impl Iterator<Item = &'a Element> {
    element.children.iter().filter(move |child| is(child, name))
}

fn child<'a>(element: &'a Element, name: &str) -> Option<&'a Element> {
    element.children.iter().find(|child| is(child, name))
}

fn text(element: &Element, name: &str) -> String {
    child(element, name).map(|child| child.text.trim().to_owned()).unwrap_or_default()
}
