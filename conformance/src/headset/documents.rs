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
    if agent.is_some() != state.is_some_and(|state| state != AgentState::Logout) {
        problems.push(format!("the agent is {agent:?} in the state {state:?}"));
    }
    let key = members.get("muteButton").and_then(Value::as_str).and_then(MuteKey::named);
    if key.is_none() {
        problems.push(format!("muteButton is {:?}", members.get("muteButton")));
    }
    reasons(members, problems);
    light_table(members, problems);
    let default_reason = match members.get("defaultNotReadyReason") {
        Some(Value::Null) => None,
        Some(number) if number.is_u64() => number.as_u64(),
        other => {
            problems.push(format!("defaultNotReadyReason is {other:?}"));
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
fn light_table(members: &Map<String, Value>, problems: &mut Problems) {
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
mod tests {
    use serde_json::json;

    use super::*;

    const DEVICE: &str = "SEP001122334455";

    fn right() -> Value {
        json!({
            "schema": 1, "deviceName": DEVICE, "version": "7", "retryAfterSeconds": 300,
            "token": "t0ken", "tokenExpiresAt": "2100-01-01T00:00:00Z", "more": {},
            "services": [
                {"serviceClass": "cc", "enabled": true, "mode": "control",
                 "primary": "https://a:9444/headset/SEP001122334455/cc",
                 "secondary": "https://b:9444/headset/SEP001122334455/cc",
                 "configUrl": "https://a:9444/headset/SEP001122334455/cc"},
                {"serviceClass": "inventory", "enabled": true,
                 "primary": "https://a:9444/headset/SEP001122334455/inventory", "secondary": null},
            ],
        })
    }

    /// What is wrong with a discovery in which `pointer` became `value`.
    fn spoilt(pointer: &str, value: Value) -> String {
        let mut document = right();
        *document.pointer_mut(pointer).unwrap() = value;
        let mut problems = Problems::new();
        let members = document.as_object().unwrap();
        discovery(members, DEVICE, Some("\"7\""), 1_800_000_000, &mut problems);
        problems.join("; ")
    }

    #[test]
    fn hst_01_a_right_discovery_is_gone_by() {
        let mut problems = Problems::new();
        let document = right();
        let members = document.as_object().unwrap();
        let found = discovery(members, DEVICE, Some("\"7\""), 0, &mut problems).unwrap();
        assert_eq!(problems, Problems::new());
        assert_eq!(found.mode, Mode::Control);
        assert!(found.contact_centre.enabled && found.contact_centre.secondary.is_some());
        assert_eq!(found.inventory.secondary, None);
        assert_eq!(found.token.as_deref(), Some("t0ken"));
    }

    #[test]
    fn hst_01_each_departure_of_discovery_is_told() {
        for (pointer, value, words) in [
            ("/schema", json!(2), "schema is"),
            ("/deviceName", json!("SEP0"), "deviceName is"),
            ("/version", json!("8"), "is not the version"),
            ("/version", json!(7), "version is no text"),
            ("/retryAfterSeconds", json!(0), "retryAfterSeconds"),
            ("/services", json!({}), "services is no list"),
            ("/services", json!([]), "no service of the class cc"),
            ("/services/1/serviceClass", json!("cc"), "two services"),
            ("/services/1/serviceClass", json!("coffee"), "the class of service coffee"),
            ("/services/0/enabled", json!("yes"), "enabled is no truth value"),
            ("/services/0/mode", json!("both"), "the mode is"),
            ("/services/0/primary", json!("http://a/cc"), "no plain https URL"),
            ("/services/0/primary", json!("https://a/cc/"), "no plain https URL"),
            ("/services/0/primary", Value::Null, "enabled without primary"),
            ("/services/0/configUrl", Value::Null, "without configUrl"),
            (
                "/services/0/secondary",
                json!("https://a:9444/headset/SEP001122334455/cc"),
                "are the same",
            ),
            ("/token", json!("a b"), "no printable text"),
            ("/token", Value::Null, "go together"),
            ("/tokenExpiresAt", json!("tomorrow"), "no time in UTC"),
            ("/tokenExpiresAt", json!("2000-01-01T00:00:00Z"), "over already"),
        ] {
            let told = spoilt(pointer, value);
            assert!(told.contains(words), "{words:?} not in {told:?}");
        }
        for (tag, words) in [(None, "without ETag"), (Some("7"), "is no ETag")] {
            let mut problems = Problems::new();
            discovery(right().as_object().unwrap(), DEVICE, tag, 0, &mut problems);
            assert!(problems.join("; ").contains(words));
        }
    }

    fn right_configuration() -> Value {
        json!({
            "mode": "control", "agentId": "1001", "agentProblem": null, "state": "NotReady",
            "stateCode": 2, "reasonCode": 7, "since": "2026-01-31T12:00:00Z",
            "notReadyReasons": [{"code": 7, "label": "Lunch"}], "defaultNotReadyReason": 7,
            "muteButton": "readyToggle",
            "led": {"inCall": "green", "inCallMuted": "red", "ready": "off", "notReady": "red"},
        })
    }

    #[test]
    fn a_configuration_is_gone_by_and_each_departure_told() {
        let mut problems = Problems::new();
        let document = right_configuration();
        let found = configuration(document.as_object().unwrap(), &mut problems);
        assert_eq!(problems, Problems::new());
        assert_eq!((found.state, found.reason), (Some(AgentState::NotReady), 7));
        assert_eq!((found.mute_key, found.default_reason), (MuteKey::ReadyToggle, Some(7)));
        for (name, value, words) in [
            ("mode", json!("on"), "the mode is"),
            ("agentId", json!(1001), "agentId is"),
            ("agentId", Value::Null, "the agent is None"),
            ("state", json!("Talking"), "the state is"),
            ("state", Value::Null, "a stateCode without state"),
            ("stateCode", json!(3), "the stateCode of NotReady"),
            ("reasonCode", json!(-1), "the reasonCode is"),
            ("since", json!("noon"), "since is"),
            ("notReadyReasons", Value::Null, "no list"),
            ("notReadyReasons", json!([{"code": 1, "label": "x".repeat(101)}]), "too long a label"),
            ("defaultNotReadyReason", json!("7"), "defaultNotReadyReason is"),
            ("muteButton", json!("ready"), "muteButton is"),
            ("led", Value::Null, "led is no object"),
            ("led", json!({"inCall": "red"}), "inCall is"),
            ("agentProblem", json!(3), "agentProblem is"),
        ] {
            let mut document = right_configuration();
            document[name] = value;
            let mut problems = Problems::new();
            configuration(document.as_object().unwrap(), &mut problems);
            let told = problems.join("; ");
            assert!(told.contains(words), "{words:?} not in {told:?}");
        }
    }

    #[test]
    fn answers_are_judged_by_their_status() {
        let judged = |status, body: Value| {
            let mut problems = Problems::new();
            answer(status, &[200, 202, 409, 503], body.as_object(), &mut problems);
            problems.join("; ")
        };
        let full = json!({"error": "not_now", "message": "In a call", "state": "Ready",
            "stateCode": 3, "now": "2026-01-31T12:00:00Z"});
        assert_eq!(judged(409, full), "");
        assert_eq!(judged(202, json!({"state": "Ready", "stateCode": 3})), "");
        assert!(judged(204, json!({})).contains("the status 204"));
        assert!(judged(503, json!({"message": "a"})).contains("without a code"));
        assert!(judged(503, json!({"error": "a"})).contains("without words"));
        assert!(judged(409, json!({"error": "a", "message": "a"})).contains("current state"));
        assert!(judged(202, json!({"state": "Ready", "stateCode": 2})).contains("stateCode"));
    }

    #[test]
    fn a_template_is_judged() {
        let judged = |body: Value| {
            let mut problems = Problems::new();
            template(body.as_object().unwrap(), "562", &mut problems);
            problems.len()
        };
        let right = json!({"model": "562", "templateVersion": "1-10", "settings": {},
            "firmware": "remain"});
        assert_eq!(judged(right), 0);
        assert_eq!(judged(json!({})), 4);
    }
}
