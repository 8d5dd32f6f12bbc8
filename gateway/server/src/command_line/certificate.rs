//! `jackfield certificate`: which certificates a node has, and how others take their place.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use clap::{Args, Subcommand, ValueEnum};
use domain::Secret;
use serde_json::{Value, json};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::{Problem, WhichNode};
use crate::password_file;
use crate::secret_file;
use crate::tls::certificates::{BYTES_MAX, Purpose};

const REQUEST_HELP: &str = "\
The request is printed as PEM; its key is made on the node, stays there and waits for the certificate, \
which `jackfield certificate import` puts in place. The node's own names stand in it anyway.

A new key is on an elliptic curve. No RSA key is made here; where phones or an authority want one, make \
it and hand it in:
  openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out new.key
  jackfield certificate request --key-file new.key > request.csr

Example:
  jackfield certificate request --organization 'Example Ltd' --country GB > request.csr";

const IMPORT_HELP: &str = "\
FILE is PEM, with the server's certificate and those that signed it in any order, or PKCS #12. Where \
PEM holds no key, and --key-file names none, it is that of the request made before. Everything is \
checked first, and all that is wrong is told at once; then listeners show the new certificate without a \
restart. What was in force is kept beside it as .old.

A password is read from a file that only its owner and group may read, or with `-` from standard input.

Example:
  jackfield certificate import signed.pem
  jackfield certificate import gateway.p12 --password-file /etc/jackfield/p12.password";

/// What is done with certificates.
#[derive(Debug, Subcommand)]
pub(super) enum CertificateDeed {
    /// Tell which certificates are in force, which are trusted, and when each expires.
    Show {
        /// As JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        node: WhichNode,
    },
    /// Make a key and print the request to have it signed.
    #[command(after_long_help = REQUEST_HELP)]
    Request(Box<RequestArguments>),
    /// Put a certificate with its chain in place.
    #[command(after_long_help = IMPORT_HELP)]
    Import {
        /// The file, PEM or PKCS #12.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The key (PEM), where it stands in a file of its own.
        #[arg(long, value_name = "FILE")]
        key_file: Option<PathBuf>,
        /// The password of the file or key; `-` reads standard input.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        #[command(flatten)]
        purpose: For,
        #[command(flatten)]
        node: WhichNode,
    },
    /// Make a new self-signed certificate with a new key; phones must trust it anew.
    Renew {
        /// Even where somebody else signed the one in force.
        #[arg(long)]
        replace: bool,
        #[command(flatten)]
        purpose: For,
        #[command(flatten)]
        node: WhichNode,
    },
    /// Ask the ACME authority now, whatever it waits for; `show` tells what came of it.
    Order {
        #[command(flatten)]
        node: WhichNode,
    },
    /// Print what every node shows to phones, as PEM, for the call manager's phone-trust store.
    Export {
        #[command(flatten)]
        node: WhichNode,
    },
}

/// What is asked for.
#[derive(Debug, Args)]
pub(super) struct RequestArguments {
    /// The sort of a new key.
    #[arg(long, value_enum, default_value_t = KeySort::EcdsaP256, conflicts_with = "key_file")]
    key: KeySort,
    /// A key (PEM) that was made elsewhere, RSA too.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// The password of that key; `-` reads standard input.
    #[arg(long, value_name = "FILE", requires = "key_file")]
    password_file: Option<PathBuf>,
    /// A name or address beside the node's own; may be given several times.
    #[arg(long = "name", value_name = "NAME")]
    names: Vec<String>,
    /// Organisation.
    #[arg(long)]
    organization: Option<String>,
    /// Part of the organisation.
    #[arg(long)]
    organizational_unit: Option<String>,
    /// Town.
    #[arg(long)]
    locality: Option<String>,
    /// State or province.
    #[arg(long)]
    state: Option<String>,
    /// Country, two capital letters.
    #[arg(long)]
    country: Option<String>,
    /// Give up a request that waits already, and its key.
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    purpose: For,
    #[command(flatten)]
    node: WhichNode,
}

/// For what a certificate is.
#[derive(Debug, Args)]
pub(super) struct For {
    /// The listener it is for: server stands for all that have none of their own.
    #[arg(long, value_name = "PURPOSE", default_value = "server",
          value_parser = Purpose::ALL.map(Purpose::name))]
    purpose: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum KeySort {
    /// On the curve P-256.
    EcdsaP256,
    /// On the curve P-384.
    EcdsaP384,
}

/// How an answer is put in words.
pub(super) type InWords = fn(&Value) -> String;

/// The request on the admin socket, and how its answer is told.
pub(super) fn request(deed: CertificateDeed) -> Result<(WhichNode, Value, InWords), Problem> {
    Ok(match deed {
        CertificateDeed::Show { json, node } => {
            let told: InWords = if json { pretty } else { listed };
            (node, json!({"do": "certificates"}), told)
        }
        CertificateDeed::Request(arguments) => signing_request(*arguments)?,
        CertificateDeed::Import { file, key_file, password_file, purpose, node } => {
            let bytes = read(&file)?;
            let mut request = json!({
                "do": "certificate_import",
                "purpose": purpose.purpose,
                "key": key_file.as_deref().map(read_key).transpose()?,
                "password": password_file.as_deref().map(read_password).transpose()?,
            });
            // PKCS #12 begins as every sequence of DER does; everything else is taken for PEM.
            let (name, text) = match bytes.first() {
                Some(0x30) => ("pkcs12", BASE64_STANDARD.encode(&bytes)),
                _ => ("pem", text(&file, &bytes)?),
            };
            if let Some(members) = request.as_object_mut() {
                members.insert(name.to_owned(), text.into());
            }
            (node, request, put)
        }
        CertificateDeed::Renew { replace, purpose, node } => {
            let request = json!({
                "do": "certificate_renew", "purpose": purpose.purpose, "replace": replace,
            });
            (node, request, put)
        }
        CertificateDeed::Order { node } => {
            (node, json!({"do": "certificate_order"}), |_| "asked\n".to_owned())
        }
        CertificateDeed::Export { node } => {
            let text: InWords = |answer| member(answer, "text").to_owned();
            (node, json!({"do": "certificate_export"}), text)
        }
    })
}

fn signing_request(arguments: RequestArguments) -> Result<(WhichNode, Value, InWords), Problem> {
    let key = arguments.key_file.as_deref().map(read_key).transpose()?;
    let sort = match arguments.key {
        _ if key.is_some() => None,
        KeySort::EcdsaP256 => Some("ecdsa_p256"),
        KeySort::EcdsaP384 => Some("ecdsa_p384"),
    };
    let request = json!({
        "do": "certificate_request",
        "purpose": arguments.purpose.purpose,
        "key_sort": sort,
        "key": key,
        "password": arguments.password_file.as_deref().map(read_password).transpose()?,
        "names": arguments.names,
        "organization": arguments.organization,
        "organizational_unit": arguments.organizational_unit,
        "locality": arguments.locality,
        "state": arguments.state,
        "country": arguments.country,
        "replace": arguments.replace,
    });
    Ok((arguments.node, request, |answer| member(answer, "text").to_owned()))
}

fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    let told = |why: &dyn std::fmt::Display| Problem(format!("{}: {why}", path.display()));
    let file = std::fs::File::open(path).map_err(|error| told(&error))?;
    let mut bytes = Vec::new();
    let limit = u64::try_from(BYTES_MAX).unwrap_or(u64::MAX);
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| told(&error))?;
    if bytes.len() > BYTES_MAX {
        return Err(told(&format_args!(
            "has more than {BYTES_MAX} bytes, which no certificate has"
        )));
    }
    Ok(bytes)
}

fn text(path: &Path, bytes: &[u8]) -> Result<String, Problem> {
    let text = String::from_utf8(bytes.to_vec());
    text.map_err(|_| Problem(format!("{}: is neither PEM nor PKCS #12", path.display())))
}

fn read_key(path: &Path) -> Result<String, Problem> {
    let bytes = secret_file::read(path).map_err(|error| Problem(format!("error: {error}")))?;
    text(path, &bytes)
}

fn read_password(path: &Path) -> Result<String, Problem> {
    let told = |error: &dyn std::fmt::Display| Problem(format!("error: {error}"));
    if path != Path::new("-") {
        let password: Secret = password_file::read(path).map_err(|error| told(&error))?;
        return Ok(password.expose().to_owned());
    }
    let mut line = Zeroizing::new(String::new());
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

fn member<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn elements<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn pretty(answer: &Value) -> String {
    serde_json::to_string_pretty(answer).unwrap_or_default() + "\n"
}

fn put(answer: &Value) -> String {
    format!(
        "in force for {}: {}, until {}, SHA-256 {}\n",
        member(answer, "purpose"),
        member(answer, "subject"),
        day(answer, "not_after"),
        member(answer, "sha256")
    )
}

/// All certificates for people.
fn listed(answer: &Value) -> String {
    let mut lines = String::new();
    for it in elements(answer, "in_force") {
        let listeners: Vec<_> = elements(it, "listeners").filter_map(Value::as_str).collect();
        let shown = match listeners.as_slice() {
            [] => "shown by no listener at present".to_owned(),
            listeners => format!("shown by {}", listeners.join(", ")),
        };
        lines.push_str(&format!("{} ({shown})\n", member(it, "purpose")));
        certificate_lines(it, &mut lines);
        for signer in elements(it, "chain") {
            line("signed by", member(signer, "subject"), &mut lines);
        }
    }
    for it in elements(answer, "pending") {
        let purpose = member(it, "purpose");
        lines.push_str(&format!("{purpose}: a signing request waits for its certificate\n"));
    }
    if let Some(acme) = answer.get("acme").filter(|acme| !acme.is_null()) {
        lines.push_str(&format!("signed by {} itself\n", member(acme, "directory")));
        line("last asked", &day(acme, "tried_at"), &mut lines);
        line("asks next", &day(acme, "next_at"), &mut lines);
        if let Some(problem) = acme.get("problem").and_then(Value::as_str) {
            line("problem", problem, &mut lines);
        }
    }
    for it in elements(answer, "trusted") {
        let purposes: Vec<_> = elements(it, "purposes").filter_map(Value::as_str).collect();
        lines.push_str(&format!("trusted: {} for {}\n", member(it, "name"), purposes.join(", ")));
        for certificate in elements(it, "certificates") {
            certificate_lines(certificate, &mut lines);
        }
        for problem in elements(it, "problems").filter_map(Value::as_str) {
            line("problem", problem, &mut lines);
        }
    }
    lines
}

fn certificate_lines(it: &Value, lines: &mut String) {
    line("subject", member(it, "subject"), lines);
    let self_signed = it.get("self_signed") == Some(&Value::Bool(true));
    line("issuer", if self_signed { "itself" } else { member(it, "issuer") }, lines);
    let names: Vec<_> = elements(it, "names").filter_map(Value::as_str).collect();
    line("names", &names.join(", "), lines);
    line("serial", member(it, "serial"), lines);
    line("valid", &format!("{} to {}", day(it, "not_before"), day(it, "not_after")), lines);
    line("key", member(it, "key"), lines);
    line("SHA-256", member(it, "sha256"), lines);
}

fn line(name: &str, text: &str, lines: &mut String) {
    // Subjects of certificates are anybody's words.
    let text = text.replace(char::is_control, "?");
    lines.push_str(&format!("  {name:<10} {text}\n"));
}

/// A day in UTC.
fn day(value: &Value, name: &str) -> String {
    let seconds = value.get(name).and_then(Value::as_i64);
    let Some(Ok(at)) = seconds.map(OffsetDateTime::from_unix_timestamp) else {
        return "?".to_owned();
    };
    format!("{:04}-{:02}-{:02}", at.year(), u8::from(at.month()), at.day())
}
