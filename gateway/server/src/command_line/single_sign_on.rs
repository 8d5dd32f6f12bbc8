//! `jackfield sso`: single sign-on as whoever may use the machine looks at it and switches it.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use domain::settings::METADATA_BYTES_MAX;
use serde_json::{Value, json};

use super::{Problem, WhichNode};

pub(super) const HELP: &str = "\
First the trust, then the tests, then the switch: give the identity provider our metadata and take its own; open the \
link of each test in a browser and sign on; then enable. Local accounts always sign in with their password, so that a \
broken trust can be mended. Secrets are printed once.

Example:
  jackfield sso metadata > sp.xml
  jackfield sso idp corporate idp.xml
  jackfield sso status
  jackfield sso test identity/gw-a
  jackfield sso enable
  jackfield sso client add Desktop https://desktop.example/callback";

/// What is done about single sign-on.
#[derive(Debug, Subcommand)]
pub(super) enum SsoDeed {
    /// Tell how it stands: nodes, identity providers, tests, keys.
    Status {
        /// As JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        node: WhichNode,
    },
    /// Print a link that tests one component; whoever opens it signs on.
    Test {
        /// As `status` names it, such as identity/gw-a.
        component: String,
        #[command(flatten)]
        node: WhichNode,
    },
    /// Switch it on, once every component passed its test.
    Enable {
        /// Although not all was tested; people may be locked out.
        #[arg(long)]
        untested: bool,
        #[command(flatten)]
        node: WhichNode,
    },
    /// Switch it off; people sign in with passwords again.
    Disable {
        #[command(flatten)]
        node: WhichNode,
    },
    /// Make keys of one kind anew.
    Keys {
        /// Which kind.
        #[arg(value_enum)]
        kind: KeyKind,
        /// Access tokens of the old ones are good no more, for keys that were stolen; sign-ons go on.
        #[arg(long)]
        invalidate: bool,
        #[command(flatten)]
        node: WhichNode,
    },
    /// Sign requests with the next SAML certificate, which the identity provider knows by then.
    ActivateSamlKey {
        #[command(flatten)]
        node: WhichNode,
    },
    /// Print our metadata (sp.xml), for the identity provider.
    Metadata {
        #[command(flatten)]
        node: WhichNode,
    },
    /// Give an identity provider its metadata, and make it where it is new.
    Idp {
        /// What it is called here.
        name: String,
        /// Its metadata (XML); `-` reads standard input.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        node: WhichNode,
    },
    /// Fetch an identity provider's metadata from its address, and take what changed.
    IdpFetch {
        /// What it is called here.
        name: String,
        #[command(flatten)]
        node: WhichNode,
    },
    /// Add applications that get tokens, and make their secrets.
    Client {
        #[command(subcommand)]
        deed: ClientDeed,
    },
}

/// What is done with applications.
#[derive(Debug, Subcommand)]
pub(super) enum ClientDeed {
    /// Add one; its id and its secret are printed, the secret this once.
    Add(AddArguments),
    /// Make another secret; the one before is good no more.
    Secret {
        /// The id of the application.
        client_id: String,
        #[command(flatten)]
        node: WhichNode,
    },
}

/// Which application.
#[derive(Debug, Args)]
pub(super) struct AddArguments {
    /// What it is called.
    name: String,
    /// Where browsers are sent back to, to the letter.
    #[arg(value_name = "URL", required = true)]
    urls: Vec<String>,
    /// It keeps no secret: it runs in browsers or on people's machines.
    #[arg(long)]
    public: bool,
    #[command(flatten)]
    node: WhichNode,
}

/// Kinds of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum KeyKind {
    /// What signs tokens.
    Signing,
    /// What seals them.
    Encryption,
    /// What signs requests to the identity provider.
    Saml,
}

impl KeyKind {
    fn name(self) -> &'static str {
        match self {
            Self::Signing => "signing",
            Self::Encryption => "encryption",
            Self::Saml => "saml",
        }
    }
}

type Asked = (WhichNode, Value, fn(&Value) -> String);

/// The request, and how its answer is shown.
pub(super) fn request(deed: SsoDeed) -> Result<Asked, Problem> {
    let done = |_: &Value| "done\n".to_owned();
    Ok(match deed {
        SsoDeed::Status { json: as_json, node } => {
            let shown = if as_json { pretty } else { status };
            (node, json!({"do": "identity_overview"}), shown)
        }
        SsoDeed::Test { component, node } => {
            let request = json!({"do": "identity_test", "component": component});
            (node, request, |answer| format!("{}\n", text(answer, "url")))
        }
        SsoDeed::Enable { untested, node } => {
            (node, json!({"do": "identity_mode", "on": true, "untested": untested}), switched)
        }
        SsoDeed::Disable { node } => (node, json!({"do": "identity_mode", "on": false}), switched),
        SsoDeed::Keys { kind, invalidate, node } => {
            let kind = kind.name();
            (node, json!({"do": "identity_keys", "kind": kind, "invalidate": invalidate}), done)
        }
        SsoDeed::ActivateSamlKey { node } => (node, json!({"do": "identity_saml_activate"}), done),
        SsoDeed::Metadata { node } => {
            let request = json!({"do": "identity_sp_metadata"});
            (node, request, |answer| text(answer, "text").to_owned())
        }
        SsoDeed::Idp { name, file, node } => {
            let metadata = read_metadata(&file)?;
            let request =
                json!({"do": "identity_provider_metadata", "name": name, "metadata": metadata});
            (node, request, taken)
        }
        SsoDeed::IdpFetch { name, node } => {
            (node, json!({"do": "identity_provider_fetch", "name": name}), taken)
        }
        SsoDeed::Client { deed: ClientDeed::Add(AddArguments { name, urls, public, node }) } => {
            let kind = if public { "public" } else { "confidential" };
            let request = json!({
                "do": "oauth_client_add", "name": name, "redirect_urls": urls, "kind": kind,
            });
            (node, request, client)
        }
        SsoDeed::Client { deed: ClientDeed::Secret { client_id, node } } => {
            (node, json!({"do": "oauth_client_secret", "client_id": client_id}), client)
        }
    })
}

fn read_metadata(file: &Path) -> Result<String, Problem> {
    // One more than is taken, so that a longer file is refused and not cut.
    let limit = u64::try_from(METADATA_BYTES_MAX).unwrap_or(u64::MAX) + 1;
    let mut bytes = Vec::new();
    let named = |error: std::io::Error| Problem(format!("error: {}: {error}", file.display()));
    match file == Path::new("-") {
        true => std::io::stdin().lock().take(limit).read_to_end(&mut bytes)?,
        false => {
            let file = File::open(file).map_err(named)?;
            file.take(limit).read_to_end(&mut bytes).map_err(named)?
        }
    };
    String::from_utf8(bytes)
        .map_err(|_| Problem(format!("error: {}: must be UTF-8", file.display())))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

fn pretty(answer: &Value) -> String {
    format!("{}\n", serde_json::to_string_pretty(answer).unwrap_or_default())
}

fn warnings(answer: &Value) -> Vec<String> {
    let of_settings = list(answer, "/warnings")
        .map(|it| format!("warning: {}: {}", text(it, "key"), text(it, "message")));
    let of_metadata = list(answer, "/warnings_of_metadata").filter_map(Value::as_str);
    of_settings.chain(of_metadata.map(|it| format!("warning: {it}"))).collect()
}

fn switched(answer: &Value) -> String {
    let mut lines = warnings(answer);
    let is_on = answer.get("on") == Some(&Value::Bool(true));
    lines.push(format!("single sign-on is {}", if is_on { "on" } else { "off" }));
    clean(&lines)
}

fn taken(answer: &Value) -> String {
    let mut lines = warnings(answer);
    lines.push(match answer.get("changed") == Some(&Value::Bool(true)) {
        true => "taken; test single sign-on again".to_owned(),
        false => "already in force".to_owned(),
    });
    clean(&lines)
}

fn client(answer: &Value) -> String {
    let mut lines = vec![format!("client_id: {}", text(answer, "client_id"))];
    lines.extend(answer.get("secret").and_then(Value::as_str).map(|it| format!("secret: {it}")));
    clean(&lines)
}

/// How it stands, for people.
fn status(answer: &Value) -> String {
    let mut lines = vec![format!("single sign-on is {}", text(answer, "mode"))];
    let why = list(answer, "/why_not").filter_map(Value::as_str);
    if text(answer, "mode") == "off" {
        lines.extend(why.map(|why| format!("  not ready: {why}")));
    }
    for node in list(answer, "/nodes") {
        let state = text(node, "state").replace('_', " ");
        let publisher = node.get("publisher") == Some(&Value::Bool(true));
        let publisher = if publisher { ", publisher" } else { "" };
        lines.push(format!(
            "node {}: {state}, {}{publisher}",
            text(node, "node"),
            text(node, "host")
        ));
        lines.extend(list(node, "/reasons").map(|it| format!("  {}", text(it, "message"))));
    }
    for provider in list(answer, "/providers") {
        let changed = provider.get("changed_since_test") == Some(&Value::Bool(true));
        let changed = if changed { ", not proven by a test as it is now" } else { "" };
        let (name, entity_id) = (text(provider, "name"), text(provider, "entity_id"));
        lines.push(format!("identity provider {name}: {entity_id}{changed}"));
        for certificate in list(provider, "/certificates") {
            let (subject, end) = (text(certificate, "subject"), until(certificate));
            lines.push(format!("  certificate {subject}{end}"));
        }
        let warnings = list(provider, "/warnings").filter_map(Value::as_str);
        lines.extend(warnings.map(|it| format!("  warning: {it}")));
    }
    lines.extend(list(answer, "/components").map(component));
    for kind in ["signing", "encryption", "saml"] {
        for key in list(answer, &format!("/keys/{kind}")) {
            let (id, state) = (text(key, "id"), text(key, "state"));
            lines.push(format!("{kind} key {id}: {state}{}", until(key)));
        }
    }
    clean(&lines)
}

fn component(component: &Value) -> String {
    let name = text(component, "name");
    let Some(tested) = component.get("tested").filter(|it| !it.is_null()) else {
        return format!("{name}: not tested");
    };
    let at = tested.get("at").and_then(Value::as_i64).map(when).unwrap_or_default();
    let is = |member: &str| tested.get(member) == Some(&Value::Bool(true));
    let then = if is("is_current") { "" } else { ", before the trust changed" };
    match is("passed") {
        true => format!("{name}: passed at {at} as {}{then}", text(tested, "who")),
        false => format!("{name}: FAILED at {at}: {}{then}", text(tested, "reason")),
    }
}

fn until(of: &Value) -> String {
    let end = of.get("not_after").and_then(Value::as_i64).map(when);
    end.map(|end| format!(", until {end}")).unwrap_or_default()
}

fn when(seconds: i64) -> String {
    crate::backup::when(domain::Timestamp::from_seconds(seconds))
}

/// What others said must not drive a terminal.
fn clean(lines: &[String]) -> String {
    lines.iter().map(|line| line.replace(char::is_control, "?") + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_11_how_single_sign_on_stands_is_told_in_lines_that_drive_no_terminal() {
        let answer = json!({
            "mode": "off", "why_not": ["console/gw-a was not tested"],
            "nodes": [{
                "node": "gw-a", "host": "ids.example:8553", "publisher": true, "state": "out_of_service",
                "reasons": [{"code": "no_keys", "message": "keys are missing"}],
            }],
            "providers": [{
                "name": "main", "entity_id": "https://idp.example\u{1b}", "changed_since_test": true,
                "certificates": [{"subject": "CN=idp", "not_after": 1_800_000_000_i64}], "warnings": ["w"],
            }],
            "components": [
                {"name": "console/gw-a", "tested": null},
                {"name": "identity/gw-a", "tested": {
                    "at": 1_800_000_000_i64, "passed": false, "reason": "not signed", "is_current": false,
                }},
            ],
            "keys": {"signing": [{"id": "k1", "state": "active"}]},
        });
        assert_eq!(
            status(&answer),
            "single sign-on is off\n  not ready: console/gw-a was not tested\n\
             node gw-a: out of service, ids.example:8553, publisher\n  keys are missing\n\
             identity provider main: https://idp.example?, not proven by a test as it is now\n  \
             certificate CN=idp, until 2027-01-15 08:00:00 UTC\n  warning: w\n\
             console/gw-a: not tested\n\
             identity/gw-a: FAILED at 2027-01-15 08:00:00 UTC: not signed, before the trust changed\n\
             signing key k1: active\n"
        );
    }

    #[test]
    fn ids_08_an_application_is_told_with_its_secret_where_it_has_one() {
        let answer = json!({"client_id": "ab", "secret": "s3"});
        assert_eq!(client(&answer), "client_id: ab\nsecret: s3\n");
        assert_eq!(client(&json!({"client_id": "ab", "secret": null})), "client_id: ab\n");
    }

    #[test]
    fn ids_11_what_was_left_untested_is_told_where_it_is_switched_on() {
        let warning = json!({"key": "identity.single_sign_on", "message": "is on, and not all"});
        assert_eq!(
            switched(&json!({"on": true, "warnings": [warning]})),
            "warning: identity.single_sign_on: is on, and not all\nsingle sign-on is on\n"
        );
        assert_eq!(switched(&json!({"on": false})), "single sign-on is off\n");
    }
}
