//! What the service says about a headset, read strictly: discovery, configuration, answers.
//!
//! Each reader answers what the phone goes by, and adds a sentence to `problems` for each departure from
//! the schema. Members that the schema does not know are nobody's business.

use serde_json::{Map, Value};

use super::base::{AgentState, Mode, MuteKey};
use super::timestamp;

/// The schema that this phone reads.
const SCHEMA: u64 = 1;
/// Characters of a reason's label.
const LABEL_LENGTH_MAX: usize = 100;

/// What went wrong, in words.
pub(crate) type Problems = Vec<String>;

/// One class of service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Service {
    pub(crate) enabled: bool,
    pub(crate) primary: Option<String>,
    pub(crate) secondary: Option<String>,
}

/// What discovery answered.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Discovery {
    pub(crate) version: String,
    /// The contact centre's class, with its mode.
    pub(crate) contact_centre: Service,
    pub(crate) mode: Mode,
    pub(crate) config_url: Option<String>,
    pub(crate) inventory: Service,
    pub(crate) templates: Service,
    /// Shown with all other requests, where there is one.
    pub(crate) token: Option<String>,
    /// Seconds since 1970.
    pub(crate) token_expires: Option<u64>,
}

/// What the contact centre's configuration says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Configuration {
    pub(crate) mode: Mode,
    pub(crate) mute_key: MuteKey,
    pub(crate) agent: Option<String>,
    pub(crate) agent_problem: Option<String>,
    pub(crate) state: Option<AgentState>,
    pub(crate) reason: u64,
    pub(crate) default_reason: Option<u64>,
}

/// The object in an answer's body.
pub(crate) fn object(
    content_type: Option<&str>,
    body: &[u8],
    problems: &mut Problems,
) -> Option<Map<String, Value>> {
    let media_type = content_type.unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        problems.push(format!("the Content-Type is {media_type:?}, not application/json"));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Some(members),
        Ok(_) => {
            problems.push("the body is no JSON object".to_owned());
            None
        }
        Err(error) => {
            problems.push(format!("the body is no JSON: {error}"));
            None
        }
    }
}

/// The URL of discovery in a phone's file.
pub(crate) fn discovery_url_in(file: &[u8]) -> Result<String, String> {
    let text = std::str::from_utf8(file).map_err(|_| "it is not UTF-8".to_owned())?;
    let document =
        roxmltree::Document::parse(text).map_err(|error| format!("it is no XML: {error}"))?;
    let mut found = document.descendants().filter(|node| node.has_tag_name("discoveryURL"));
    let (Some(element), None) = (found.next(), found.next()) else {
        return Err("it does not hold exactly one discoveryURL".to_owned());
    };
    let url = element.text().unwrap_or_default();
    let uri = url.parse::<http::Uri>().ok().filter(|uri| uri.scheme_str() == Some("https"));
    match uri.and_then(|uri| uri.host().map(str::to_owned)) {
        Some(_) => Ok(url.to_owned()),
        None => Err("its discoveryURL is no https URL".to_owned()),
    }
}

/// Reads an answer to discovery; `None` where nothing can be gone by.
pub(crate) fn discovery(
    members: &Map<String, Value>,
    device: &str,
    tag: Option<&str>,
    now: u64,
    problems: &mut Problems,
) -> Option<Discovery> {
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    if members.get("schema").and_then(Value::as_u64) != Some(SCHEMA) {
        problems.push(format!("schema is {:?}, not {SCHEMA}", members.get("schema")));
        return None;
    }
    if text("deviceName") != Some(device) {
        problems.push(format!("deviceName is {:?}, not {device}", text("deviceName")));
        return None;
    }
    let version = text("version").unwrap_or_default();
    if version.is_empty() {
        problems.push("version is no text".to_owned());
    }
    match tag.map(entity) {
        None => problems.push("discovery without ETag".to_owned()),
        Some(None) => problems.push(format!("{tag:?} is no ETag")),
        Some(Some(inner)) if inner != version => {
            problems.push(format!("the ETag {inner:?} is not the version {version:?}"));
        }
        Some(Some(_)) => {}
    }
    if let Some(hint) = members.get("retryAfterSeconds")
        && hint.as_u64().is_none_or(|seconds| seconds == 0)
    {
        problems.push(format!("retryAfterSeconds is {hint}"));
    }
    let mut found = Discovery { version: version.to_owned(), ..Discovery::default() };
    services(members, &mut found, problems)?;
    found.token = text("token").map(str::to_owned);
    match (members.get("token"), members.get("tokenExpiresAt")) {
        (None | Some(Value::Null), None | Some(Value::Null)) => {}
        (Some(Value::String(token)), Some(Value::String(expires))) => {
            if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
                problems.push("the token is no printable text".to_owned());
                found.token = None;
            }
            found.token_expires = timestamp::read(expires);
            match found.token_expires {
                None => problems.push(format!("tokenExpiresAt is {expires:?}, no time in UTC")),
                Some(at) if at <= now => problems.push("the token is over already".to_owned()),
                Some(_) => {}
            }
        }
        _ => problems.push("token and tokenExpiresAt go together, both as text".to_owned()),
    }
    Some(found)
}

/// The quoted part of an ETag.
fn entity(tag: &str) -> Option<&str> {
    tag.strip_prefix("W/").unwrap_or(tag).strip_prefix('"')?.strip_suffix('"')
}

fn services(
    members: &Map<String, Value>,
    found: &mut Discovery,
    problems: &mut Problems,
) -> Option<()> {
    let Some(entries) = members.get("services").and_then(Value::as_array) else {
        problems.push("services is no list".to_owned());
        return None;
    };
    let mut seen: Vec<&str> = Vec::new();
    for entry in entries {
        let Some(class) = entry.get("serviceClass").and_then(Value::as_str) else {
            problems.push("a service without serviceClass".to_owned());
            continue;
        };
        if seen.contains(&class) {
            problems.push(format!("two services of the class {class}"));
            continue;
        }
        seen.push(class);
        let service = service(class, entry, problems);
        match class {
            "cc" => {
                found.mode = mode(entry, problems);
                found.config_url = url(class, entry, "configUrl", problems);
                if service.enabled && found.config_url.is_none() {
                    problems.push("cc is enabled without configUrl".to_owned());
                }
                found.contact_centre = service;
            }
            "inventory" => found.inventory = service,
            "config" => found.templates = service,
            other => problems.push(format!("the class of service {other}")),
        }
        if class != "cc" && entry.get("mode").is_some_and(|mode| !mode.is_null()) {
            problems.push(format!("{class} has a mode"));
        }
    }
    if !seen.contains(&"cc") {
        problems.push("no service of the class cc".to_owned());
    }
    Some(())
}

fn service(class: &str, entry: &Value, problems: &mut Problems) -> Service {
    let enabled = entry.get("enabled").and_then(Value::as_bool);
    if enabled.is_none() {
        problems.push(format!("{class}: enabled is no truth value"));
    }
    let enabled = enabled.unwrap_or_default();
    let primary = url(class, entry, "primary", problems);
    let secondary = url(class, entry, "secondary", problems);
    if enabled && primary.is_none() {
        problems.push(format!("{class} is enabled without primary"));
    }
    if primary.is_some() && primary == secondary {
        problems.push(format!("{class}: primary and secondary are the same"));
    }
    Service { enabled, primary, secondary }
}

/// A URL, or nothing where it is null or not there.
fn url(class: &str, entry: &Value, name: &str, problems: &mut Problems) -> Option<String> {
    match entry.get(name) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => {
            let uri = text.parse::<http::Uri>().ok();
            let is_secure = uri.is_some_and(|uri| {
                uri.scheme_str() == Some("https") && uri.host().is_some_and(|host| !host.is_empty())
            });
            if !is_secure || text.ends_with('/') || text.contains(['?', '#']) {
                problems.push(format!("{class}: {name} is no plain https URL: {text:?}"));
            }
            is_secure.then(|| text.clone())
        }
        Some(other) => {
            problems.push(format!("{class}: {name} is {other}"));
            None
        }
    }
}

fn mode(entry: &Value, problems: &mut Problems) -> Mode {
    let named = entry.get("mode").and_then(Value::as_str).and_then(Mode::named);
    if named.is_none() {
        problems.push(format!("the mode is {:?}", entry.get("mode")));
    }
    named.unwrap_or_default()
}

/// Reads the configuration of the class `cc`.
pub(crate) fn configuration(
    members: &Map<String, Value>,
    problems: &mut Problems,
) -> Configuration {
    let mode = mode(&Value::Object(members.clone()), problems);
    let (state, reason) = state(members, problems);
    let agent = nullable_text(members, "agentId", problems);
    let agent_problem = match members.contains_key("agentProblem") {
        true => nullable_text(members, "agentProblem", problems),
        false => None,
    };
    // An agent whose state nobody knows may be told as signed out; nobody has no state.
    if agent.is_none() && state.is_some_and(|state| state != AgentState::Logout) {
        problems.push(format!("nobody is in the state {state:?}"));
    }
    let key = members.get("muteButton").and_then(Value::as_str).and_then(MuteKey::named);
    if key.is_none() {
        problems.push(format!("muteButton is {:?}", members.get("muteButton")));
    }
    reasons(members, problems);
    light_table(mode, members, problems);
    let default_reason = match members.get("defaultNotReadyReason") {
        None | Some(Value::Null) => None,
        Some(number) if number.is_u64() => number.as_u64(),
        other => {
            problems.push(format!("defaultNotReadyReason is {other:?}, neither a number nor null"));
            None
        }
    };
    let mute_key = key.unwrap_or_default();
    Configuration { mode, mute_key, agent, agent_problem, state, reason, default_reason }
}

fn nullable_text(
    members: &Map<String, Value>,
    name: &str,
    problems: &mut Problems,
) -> Option<String> {
    match members.get(name) {
        Some(Value::Null) => None,
        Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
        other => {
            problems.push(format!("{name} is {other:?}, neither text nor null"));
            None
        }
    }
}

/// State with number, reason and time, wherever a document tells one.
fn state(members: &Map<String, Value>, problems: &mut Problems) -> (Option<AgentState>, u64) {
    let told = match members.get("state") {
        None | Some(Value::Null) => {
            if members.get("stateCode").is_some_and(|code| !code.is_null()) {
                problems.push("a stateCode without state".to_owned());
            }
            return (None, 0);
        }
        Some(told) => told,
    };
    let Some(state) = told.as_str().and_then(AgentState::named) else {
        problems.push(format!("the state is {told}"));
        return (None, 0);
    };
    if members.get("stateCode").and_then(Value::as_u64) != Some(state.number()) {
        problems.push(format!(
            "the stateCode of {} is {:?}",
            state.name(),
            members.get("stateCode")
        ));
    }
    let reason = match members.get("reasonCode") {
        None | Some(Value::Null) => Some(0),
        Some(number) => number.as_u64(),
    };
    if reason.is_none() {
        problems.push(format!("the reasonCode is {:?}", members.get("reasonCode")));
    }
    time(members, "since", problems);
    (Some(state), reason.unwrap_or_default())
}

fn time(members: &Map<String, Value>, name: &str, problems: &mut Problems) {
    match members.get(name) {
        None | Some(Value::Null) => {}
        Some(Value::String(text)) if timestamp::read(text).is_some() => {}
        Some(other) => problems.push(format!("{name} is {other}, no time in UTC")),
    }
}

fn reasons(members: &Map<String, Value>, problems: &mut Problems) {
    let Some(reasons) = members.get("notReadyReasons").and_then(Value::as_array) else {
        problems.push("notReadyReasons is no list".to_owned());
        return;
    };
    for reason in reasons {
        let label = reason.get("label").and_then(Value::as_str);
        let is_label = label.is_some_and(|it| it.chars().count() <= LABEL_LENGTH_MAX);
        if reason.get("code").and_then(Value::as_u64).is_none() || !is_label {
            problems.push(format!("a reason without code or with too long a label: {reason}"));
        }
    }
}

/// `led` says what the lights mean; where it names a row of the table, it says what the table says.
fn light_table(mode: Mode, members: &Map<String, Value>, problems: &mut Problems) {
    // Where the integration is off the light shows mute, which needs no table.
    if mode == Mode::Disabled && members.get("led").is_none_or(Value::is_null) {
        return;
    }
    let Some(Value::Object(rows)) = members.get("led") else {
        problems.push("led is no object".to_owned());
        return;
    };
    let expected =
        [("inCall", "green"), ("inCallMuted", "red"), ("ready", "off"), ("notReady", "red")];
    for (row, light) in expected {
        if let Some(told) = rows.get(row)
            && told.as_str() != Some(light)
        {
            problems.push(format!("led: {row} is {told}, not {light}"));
        }
    }
}

/// Judges an answer to an update or an event: its status, and what its body must tell with it.
pub(crate) fn answer(
    status: u16,
    statuses: &[u16],
    members: Option<&Map<String, Value>>,
    problems: &mut Problems,
) {
    if !statuses.contains(&status) {
        problems.push(format!("an answer with the status {status}"));
    }
    let Some(members) = members else { return };
    state(members, problems);
    time(members, "now", problems);
    if status < 300 {
        return;
    }
    let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
    let code = text("error");
    if code.is_empty() || code.contains(char::is_whitespace) {
        problems.push(format!("{status} without a code in `error`: {:?}", members.get("error")));
    }
    if text("message").is_empty() {
        problems.push(format!("{status} without words in `message`"));
    }
    if status == 409 && members.get("state").is_none() {
        problems.push("409 without the current state".to_owned());
    }
}

/// Judges a template; answers its version.
pub(crate) fn template(
    members: &Map<String, Value>,
    model: &str,
    problems: &mut Problems,
) -> Option<String> {
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    if text("model") != Some(model) {
        problems.push(format!("a template of {:?}, not of {model}", text("model")));
    }
    if !matches!(text("firmware"), Some("remain" | "latest")) {
        problems.push(format!("firmware is {:?}", members.get("firmware")));
    }
    if !members.get("settings").is_some_and(Value::is_object) {
        problems.push("settings is no object".to_owned());
    }
    let version = text("templateVersion").filter(|it| (1..=16).contains(&it.len()));
    if version.is_none() {
        problems.push(format!("templateVersion is {:?}", members.get("templateVersion")));
    }
    version.map(str::to_owned)
}

#[cfg(test)]
mod tests;
