//! The command line of the identity provider.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, ValueEnum};
use serde_json::json;
use tokio::net::TcpListener;

use crate::headset::client::Client;
use crate::tls;

use super::keys::SigningKey;
use super::messages::Signed;
use super::provider::{Provider, Setup, User};
use super::server::{self, Source};

/// Be a SAML identity provider: it takes signed AuthnRequests by HTTP-POST, strictly, asks people who they
/// are, and answers the service.
///
/// Whoever signed in has a session, and is asked no more. The control socket takes one JSON object a line:
/// `{"command":"log"}` and `"refusals"` tell what came; `"forget-log"` and `"forget-sessions"` do so;
/// `{"command":"sign","what":"message"}` (`both`, `assertion`, `nothing`) signs otherwise;
/// `{"command":"clock","seconds":-600}` dates answers back; `{"command":"message","name":"xsw2"}` answers with
/// that message of `saml-messages` from then on, `"name":null` as usual again; `{"command":"new-key"}` signs
/// with another key and shows the metadata; `{"command":"user","user":{...}}` adds or changes somebody.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Once it listens, one line `ready {...}` on standard output names its addresses. \
    With --until-input-ends it ends with 1 if a request was refused.\n\nExample:\n  \
    jackfield-peers idp --listen 127.0.0.1:8444 --users users.json --sp-metadata sp.xml \\\n      \
    --authority idp-authority.pem"
)]
pub(crate) struct IdpArguments {
    /// Address to listen at with HTTPS
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The name it is reached by
    #[arg(long, value_name = "HOST", default_value = "localhost")]
    name: String,
    /// Certificate of its HTTPS (PEM); without it an authority of its own issues one for the name
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
    /// Key of its HTTPS (PEM)
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// File to write the certificate of its own authority to (PEM)
    #[arg(long, value_name = "FILE", conflicts_with = "certificate")]
    authority: Option<PathBuf>,
    /// Its entity ID; the URL of its metadata unless told otherwise
    #[arg(long, value_name = "ENTITY")]
    entity_id: Option<String>,
    /// RSA key that signs (PEM, PKCS#8); made there if there is none yet
    #[arg(long, value_name = "FILE")]
    signing_key: Option<PathBuf>,
    /// Who may sign in: a JSON list of objects with user, password, uid, user_principal
    #[arg(long, value_name = "FILE")]
    users: PathBuf,
    /// Metadata of the service provider: a file or an https URL, read anew for each request
    #[arg(long, value_name = "FILE|URL", required_unless_present = "any_sp")]
    sp_metadata: Option<String>,
    /// What the URL's server has to be trusted by (PEM); without it nothing is checked
    #[arg(long, value_name = "FILE")]
    sp_ca: Option<PathBuf>,
    /// Answer any service provider, which proves itself by the certificate in its request
    #[arg(long, conflicts_with = "sp_metadata")]
    any_sp: bool,
    /// File to write its metadata to (XML)
    #[arg(long, value_name = "FILE")]
    metadata: Option<PathBuf>,
    /// What of its answers is signed
    #[arg(long, value_enum, default_value_t = Sign::Message)]
    sign: Sign,
    /// Address of the control socket; loopback only
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    control: SocketAddr,
    /// File to write the addresses to, as JSON
    #[arg(long, value_name = "FILE")]
    endpoints: Option<PathBuf>,
    /// End when standard input ends
    #[arg(long)]
    until_input_ends: bool,
}

/// What of an answer is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Sign {
    /// The message alone.
    Message,
    /// The message and the assertion in it.
    Both,
    /// The assertion alone, which services have to refuse.
    Assertion,
}

impl From<Sign> for Signed {
    fn from(sign: Sign) -> Self {
        match sign {
            Sign::Message => Self::Message,
            Sign::Both => Self::Both,
            Sign::Assertion => Self::Assertion,
        }
    }
}

/// Runs the identity provider until the program is ended.
pub(crate) async fn run(
    arguments: IdpArguments,
    output: &mut (impl Write + Send),
) -> Result<u8, String> {
    if !arguments.control.ip().is_loopback() {
        return Err(format!("--control {}: the control socket is for loopback", arguments.control));
    }
    let bound = async |address: SocketAddr| {
        TcpListener::bind(address).await.map_err(|error| format!("{address}: {error}"))
    };
    let listener = bound(arguments.listen).await?;
    let control = bound(arguments.control).await?;
    let port = listener.local_addr().map_or(0, |address| address.port());
    let origin = format!("https://{}:{port}", arguments.name);
    let (tls, authority) = match (&arguments.certificate, &arguments.key) {
        (Some(certificate), Some(key)) => (server::tls_of(certificate, key)?, None),
        _ => server::tls_for(&arguments.name).map(|(tls, authority)| (tls, Some(authority)))?,
    };
    if let (Some(path), Some(authority)) = (&arguments.authority, &authority) {
        write(path, authority)?;
    }
    let provider = Arc::new(Mutex::new(provider(&arguments, origin.clone())?));
    if let Some(path) = &arguments.metadata {
        let provider = provider.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        write(path, &provider.metadata())?;
    }
    let source = Arc::new(source(&arguments)?);
    let ready = json!({
        "idp": origin,
        "entity_id": arguments.entity_id.clone().unwrap_or_else(|| format!("{origin}/metadata")),
        "metadata": format!("{origin}/metadata"),
        "sso": format!("{origin}/sso"),
        "control": control.local_addr().map(|it| it.to_string()).unwrap_or_default(),
        "authority_pem": authority,
    });
    if let Some(path) = &arguments.endpoints {
        write(path, &format!("{ready}\n"))?;
    }
    writeln!(output, "ready {ready}").map_err(|error| error.to_string())?;
    output.flush().map_err(|error| error.to_string())?;
    tokio::select! {
        () = server::serve(listener, tls, Arc::clone(&provider), source) => {}
        () = server::control(control, Arc::clone(&provider)) => {}
        () = input_ends(), if arguments.until_input_ends => {}
    }
    Ok(u8::from(server::locked(&provider).has_refused()))
}

fn provider(arguments: &IdpArguments, origin: String) -> Result<Provider, String> {
    let path = &arguments.users;
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| named(&error))?;
    let users: Vec<User> = serde_json::from_str(&text).map_err(|error| named(&error))?;
    let entity = arguments.entity_id.clone().unwrap_or_else(|| format!("{origin}/metadata"));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let key = match &arguments.signing_key {
        Some(path) => SigningKey::kept_in(path, &entity, now)?,
        None => SigningKey::generate(&entity, now)?,
    };
    let foreign = Arc::new(SigningKey::generate("other.example", now)?);
    let signed = arguments.sign.into();
    Ok(Provider::new(Setup { entity, origin, key: Arc::new(key), foreign, users, signed }))
}

fn source(arguments: &IdpArguments) -> Result<Source, String> {
    let Some(place) = &arguments.sp_metadata else { return Ok(Source::Anybody) };
    if !place.starts_with("https://") {
        return Ok(Source::File(PathBuf::from(place)));
    }
    let tls = tls::client_config(arguments.sp_ca.as_deref())?;
    let client = Client { tls, source: None, resolve: Arc::new([]) };
    Ok(Source::Url { url: place.clone(), client, last: Mutex::default() })
}

fn write(path: &std::path::Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Waits for the end of standard input; what comes before it is passed over.
async fn input_ends() {
    let (ended, end) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        // Whoever waits may be gone.
        let _ = ended.send(());
    });
    let _ = end.await;
}
