//! What an administrator does with certificates: look, ask for one, put one in place, hand them out.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use console::{Context, Failure};
use domain::settings::Reader;
use domain::{Deed, Problems, Secret};
use serde_json::{Value, json};

use super::people;
use crate::node::Shared;
use crate::tls::certificates::{BYTES_MAX, Imported, KeyWish, NAMES_MAX, OfNode, Purpose, Wish};

/// The most characters of a password of a key or file.
const PASSWORD_CHARACTERS_MAX: usize = 1_024;

/// A certificate that somebody wants put in place.
pub(super) struct Import {
    purpose: Purpose,
    form: Form,
    password: Option<Secret>,
}

enum Form {
    Pem { text: String, key: Option<Secret> },
    Pkcs12 { base64: String },
}

pub(super) fn list(shared: &Shared) -> Result<Value, Failure> {
    told(&shared.certificates.list())
}

pub(super) async fn export(shared: &Shared) -> Result<Value, Failure> {
    let nodes = shared.certificates.export().await;
    let text: String = nodes.iter().map(in_words).collect();
    told(&nodes).map(|nodes| json!({"nodes": nodes, "text": text}))
}

/// Certificates of a node under a line that names it, which readers of PEM pass over.
fn in_words(of: &OfNode) -> String {
    match (&of.text, &of.problem) {
        (Some(text), _) => format!("# {}\n{text}", of.node),
        (None, why) => {
            let why = why.as_deref().unwrap_or("nothing was told");
            format!("# {}: NOT KNOWN: {}\n", of.node, why.replace(char::is_control, " "))
        }
    }
}

pub(super) fn read_request(reader: &mut Reader<'_>) -> Option<(Purpose, Wish)> {
    let purpose = read_purpose(reader);
    let password = reader.secret("password", PASSWORD_CHARACTERS_MAX);
    let own = reader.secret("key", BYTES_MAX);
    let sorts = [("ecdsa_p256", false), ("ecdsa_p384", true)];
    let sort = reader.choice("key_sort", &sorts);
    let key = match (own, sort) {
        (Some(_), Some(_)) => {
            reader.problem("key_sort", "is for a new key; this request brings its own");
            return None;
        }
        (Some(key), None) => KeyWish::Given(key, password),
        (None, Some(true)) => KeyWish::EcdsaP384,
        (None, _) => KeyWish::EcdsaP256,
    };
    let mut part = |name: &str| reader.short_text(name, 200);
    let (organization, organizational_unit) = (part("organization"), part("organizational_unit"));
    let (locality, state, country) = (part("locality"), part("state"), part("country"));
    let names = reader.parsed_list("names", NAMES_MAX);
    let replace = reader.switch("replace").unwrap_or(false);
    let wish =
        Wish { key, names, organization, organizational_unit, locality, state, country, replace };
    Some((purpose?, wish))
}

pub(super) async fn request(
    shared: &Shared,
    (purpose, wish): (Purpose, Wish),
    context: &Context,
) -> Result<Value, Failure> {
    let made = shared.certificates.request(purpose, wish).await.map_err(refused);
    note(shared, context, "certificate_requested", purpose, &made, |_| None).await;
    Ok(json!({"text": made?}))
}

pub(super) fn read_import(reader: &mut Reader<'_>) -> Option<Import> {
    let purpose = read_purpose(reader);
    let password = reader.secret("password", PASSWORD_CHARACTERS_MAX);
    let key = reader.secret("key", BYTES_MAX);
    let (text, base64) = (reader.text("pem"), reader.text("pkcs12"));
    let form = match (text, base64) {
        (Some(text), None) => Form::Pem { text, key },
        (None, Some(base64)) if key.is_none() => Form::Pkcs12 { base64 },
        (None, Some(_)) => {
            reader.problem("key", "stands in the PKCS #12 file; give none beside it");
            return None;
        }
        _ => {
            reader.problem("pem", "or pkcs12 is needed, and only one of them");
            return None;
        }
    };
    Some(Import { purpose: purpose?, form, password })
}

pub(super) async fn import(
    shared: &Shared,
    import: Import,
    context: &Context,
) -> Result<Value, Failure> {
    let Import { purpose, form, password } = import;
    let certificates = &shared.certificates;
    let imported = match form {
        Form::Pem { text, key } => {
            certificates.import_pem(purpose, text.into_bytes(), key, password).await
        }
        Form::Pkcs12 { base64 } => {
            let mut problems = Problems::default();
            let file = problems.keep("pkcs12", BASE64_STANDARD.decode(base64));
            let Some(file) = file else { return Err(refused(problems)) };
            // A file without a password is one with an empty password.
            let password = password.unwrap_or_else(|| Secret::new(""));
            certificates.import_pkcs12(purpose, file, password).await
        }
    };
    let imported = imported.map_err(refused);
    note(shared, context, "certificate_imported", purpose, &imported, fingerprint).await;
    told(&imported?)
}

pub(super) fn read_renew(reader: &mut Reader<'_>) -> Option<(Purpose, bool)> {
    let purpose = read_purpose(reader);
    let replace = reader.switch("replace").unwrap_or(false);
    Some((purpose?, replace))
}

pub(super) async fn renew(
    shared: &Shared,
    (purpose, replace): (Purpose, bool),
    context: &Context,
) -> Result<Value, Failure> {
    let renewed = shared.certificates.renew_self_signed(purpose, replace).await.map_err(refused);
    note(shared, context, "certificate_renewed", purpose, &renewed, fingerprint).await;
    told(&renewed?)
}

/// Writes to the audit log what was done, or that it was refused.
async fn note<T>(
    shared: &Shared,
    context: &Context,
    action: &str,
    purpose: Purpose,
    outcome: &Result<T, Failure>,
    sha256: fn(&T) -> Option<Value>,
) {
    let object = format!("nodes/{}/certificates/{}", shared.engine.node(), purpose.name());
    let deed = Deed::done(action, object);
    let deed = match outcome {
        Ok(done) => match sha256(done) {
            Some(sha256) => deed.with("sha256", &sha256),
            None => deed,
        },
        Err(failure) => deed.with_outcome(&failure.code),
    };
    people::note(shared, context, deed).await;
}

fn fingerprint(imported: &Imported) -> Option<Value> {
    Some(imported.certificate.sha256.as_str().into())
}

/// Asks the ACME authority now, whatever it waits for.
pub(super) async fn order(shared: &Shared, context: &Context) -> Result<Value, Failure> {
    match shared.certificates.acme() {
        None => Err(Failure::new(
            "refused",
            "no authority signs by itself here: name one in certificate.acme of the configuration",
        )),
        Some(acme) => {
            acme.ask_now();
            let object = format!("nodes/{}/certificates/server", shared.engine.node());
            people::note(shared, context, Deed::done("certificate_ordered", object)).await;
            Ok(json!({"asked": true}))
        }
    }
}

/// Not given, it is the one that every listener shows that has none of its own.
fn read_purpose(reader: &mut Reader<'_>) -> Option<Purpose> {
    if !reader.has("purpose") {
        return Some(Purpose::Server);
    }
    reader.choice("purpose", &Purpose::ALL.map(|purpose| (purpose.name(), purpose)))
}

fn refused(problems: Problems) -> Failure {
    Failure::problems("problems", problems)
}

fn told(value: &impl serde::Serialize) -> Result<Value, Failure> {
    serde_json::to_value(value).map_err(|error| Failure::new("unavailable", error.to_string()))
}
