//! The messages as files, with an index that says what is to become of each.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};

use super::{Entry, Forge, Place, entries, forms};
use crate::idp::keys::SigningKey;
use crate::idp::metadata::metadata;

/// Write SAML responses into a folder: good ones in the shapes of several products, and every known
/// attack, each with what a strict service provider makes of it.
///
/// The folder gets one file a message, `index.json`, the metadata of the identity provider as `idp.xml`, and
/// its certificate as `idp.pem`. Members of the index are `file`, `name`, `class`, `expected` (`accepted` or
/// `refused`), `step` and `reason` (what fails first, in the order of the documents), `explanation`, and
/// `after` where another message has to be accepted before. `forms.json` lists in the same way whole bodies
/// of requests, each with its `content_type`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  \
    jackfield-peers saml-messages --out messages --now $(date +%s) --request-id _1f2e \\\n      \
    --sp gw.example --acs https://gw.example:8553/ids/saml/response --idp https://idp.example/metadata")]
pub(crate) struct MessagesArguments {
    /// The folder, which is made
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// When the messages are issued, in seconds since 1970
    #[arg(long, value_name = "SECONDS")]
    now: u64,
    /// ID of the request that they answer
    #[arg(long, value_name = "ID")]
    request_id: String,
    /// Entity ID of the service provider
    #[arg(long, value_name = "ENTITY")]
    sp: String,
    /// URL of its assertion consumer service
    #[arg(long, value_name = "URL")]
    acs: String,
    /// Entity ID of the identity provider
    #[arg(long, value_name = "ENTITY")]
    idp: String,
    /// RSA key of the identity provider (PEM, PKCS#8); made there if there is none yet
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Whom the messages are about
    #[arg(long, value_name = "USER", default_value = "ada")]
    uid: String,
    /// The same with the domain
    #[arg(long, value_name = "USER@DOMAIN", default_value = "ada@example.com")]
    user_principal: String,
    /// RelayState of the bodies
    #[arg(long, value_name = "TEXT", default_value = "relay")]
    relay_state: String,
    /// What messages refer to that hope to be fetched: a listener there proves that nobody did
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9/fetched")]
    fetch_url: String,
    /// Only messages of this name; may be repeated
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
}

/// Writes the messages and tells how many there are.
pub(crate) fn run(arguments: &MessagesArguments, output: &mut impl Write) -> Result<u8, String> {
    let now = arguments.now;
    let key = match &arguments.key {
        Some(path) => SigningKey::kept_in(path, &arguments.idp, now)?,
        None => SigningKey::generate(&arguments.idp, now)?,
    };
    let place = Place {
        sp: arguments.sp.clone(),
        acs: arguments.acs.clone(),
        idp: arguments.idp.clone(),
        request_id: arguments.request_id.clone(),
        now_seconds: now,
        uid: arguments.uid.clone(),
        principal: arguments.user_principal.clone(),
        fetch_url: arguments.fetch_url.clone(),
    };
    let foreign = SigningKey::generate("other.example", now)?;
    let forge = Forge { place, key: Arc::new(key), foreign: Arc::new(foreign) };
    let is_wanted =
        |entry: &Entry| arguments.only.is_empty() || arguments.only.contains(&entry.name);
    let folder = &arguments.out;
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut index = Vec::new();
    for entry in entries(&forge)?.iter().filter(|entry| is_wanted(entry)) {
        let file = format!("{}.xml", entry.name);
        write(folder, &file, &entry.bytes)?;
        index.push(line(entry, &file, None));
    }
    let mut bodies = Vec::new();
    for (entry, content_type) in forms::entries(&forge, &arguments.relay_state)? {
        if is_wanted(&entry) {
            let file = format!("{}.form", entry.name);
            write(folder, &file, &entry.bytes)?;
            bodies.push(line(&entry, &file, Some(content_type)));
        }
    }
    let (messages, forms) = (index.len(), bodies.len());
    write_json(folder, "index.json", index)?;
    write_json(folder, "forms.json", bodies)?;
    write(folder, "idp.pem", forge.key.certificate_pem().as_bytes())?;
    let sign_on = format!("https://{}/sso", host_of(&forge.place.idp));
    let description = metadata(&forge.place.idp, &sign_on, &[&forge.key]);
    write(folder, "idp.xml", description.as_bytes())?;
    let text = format!("{messages} messages and {forms} forms in {}\n", folder.display());
    output.write_all(text.as_bytes()).map_err(|error| error.to_string())?;
    Ok(0)
}

/// The host of an entity ID that is a URL, else one that stands for it.
fn host_of(entity: &str) -> &str {
    let host = entity.split_once("://").and_then(|(_, rest)| rest.split(['/', ':']).next());
    host.filter(|host| !host.is_empty()).unwrap_or("idp.example")
}

fn line(entry: &Entry, file: &str, content_type: Option<&str>) -> Value {
    let expected = if entry.step.is_none() { "accepted" } else { "refused" };
    let reason = Some(entry.reason).filter(|reason| !reason.is_empty());
    let members = [
        ("file", json!(file)),
        ("name", json!(entry.name)),
        ("class", json!(entry.class)),
        ("expected", json!(expected)),
        ("step", json!(entry.step)),
        ("reason", json!(reason)),
        ("explanation", json!(entry.explanation)),
        ("after", json!(entry.after)),
        ("content_type", json!(content_type)),
    ];
    let said = members.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(said.map(|(name, value)| (name.to_owned(), value)).collect())
}

fn write(folder: &Path, file: &str, bytes: &[u8]) -> Result<(), String> {
    let path = folder.join(file);
    std::fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}

fn write_json(folder: &Path, file: &str, lines: Vec<Value>) -> Result<(), String> {
    let text = serde_json::to_string_pretty(&Value::Array(lines));
    let text = text.map_err(|error| format!("{file}: {error}"))?;
    write(folder, file, format!("{text}\n").as_bytes())
}
