//! Asks a Finesse server, one document after the other over one connection.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use domain::Secret;
use http::header::{ACCEPT, AUTHORIZATION, HOST, HeaderValue};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use protocols::finesse::{self, DOCUMENT_BYTES_MAX, DecodeError};
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::{Gathered, TeamReasons};
use crate::configuration::tls;

/// The port of the REST interface where the address names none.
const PORT: u16 = 8445;
const CONNECT: Duration = Duration::from_secs(10);
/// A list of thousands takes a server its time.
const ANSWER: Duration = Duration::from_secs(120);

/// A Finesse server, and who we are there.
#[derive(Clone, Debug)]
pub struct Server {
    host: String,
    port: u16,
    user: String,
    password: Secret,
    authorities_pem: String,
}

/// Why a server told nothing.
#[derive(Debug, thiserror::Error)]
pub enum FinesseError {
    /// The address is no `https://name[:port]`.
    #[error("{0:?} is no address; give https://name or https://name:port")]
    Address(String),
    /// The authorities cannot be used.
    #[error("the authorities: {0}")]
    Authorities(String),
    /// Nobody answers there.
    #[error("{host} cannot be reached: {why}")]
    Unreachable {
        /// Name and port.
        host: String,
        /// What the network or TLS says.
        why: String,
    },
    /// The connection broke within an answer.
    #[error("{path}: the answer broke off: {why}")]
    BrokeOff {
        /// What was asked for.
        path: String,
        /// What the network says.
        why: String,
    },
    /// The user or the password is refused.
    #[error(
        "the server refused user or password; it is not asked again, since the fifth wrong \
         password locks the account"
    )]
    Credentials,
    /// The server answers with an error.
    #[error("{path}: the server answers {status}{}", .why.as_ref().map(|why| format!(": {why}")).unwrap_or_default())]
    Status {
        /// What was asked for.
        path: String,
        /// The status.
        status: StatusCode,
        /// What it says.
        why: Option<String>,
    },
    /// The answer is longer than what is read.
    #[error("{path}: the answer is longer than {DOCUMENT_BYTES_MAX} bytes")]
    TooLarge {
        /// What was asked for.
        path: String,
    },
    /// The answer cannot be read.
    #[error("{path}: {error}")]
    Document {
        /// What was asked for.
        path: String,
        /// What is wrong with it.
        error: DecodeError,
    },
}

impl Server {
    /// A server at `https://name[:port]`, with a user that may read configuration there.
    pub fn new(
        address: &str,
        user: &str,
        password: Secret,
        authorities_pem: String,
    ) -> Result<Self, FinesseError> {
        let wrong = || FinesseError::Address(address.chars().take(100).collect());
        let rest = address.strip_prefix("https://").ok_or_else(wrong)?;
        let rest = rest.trim_end_matches('/');
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| wrong())?),
            None => (rest, PORT),
        };
        let is_name = ServerName::try_from(host).is_ok();
        if !is_name || port == 0 || user.is_empty() || user.contains(':') {
            return Err(wrong());
        }
        let (host, user) = (host.to_owned(), user.to_owned());
        Ok(Self { host, port, user, password, authorities_pem })
    }

    fn unreachable(&self, why: impl ToString) -> FinesseError {
        let host = format!("{}:{}", self.host, self.port);
        FinesseError::Unreachable { host, why: why.to_string() }
    }
}

/// An open connection; its task ends with it.
struct Session<'s> {
    server: &'s Server,
    sender: SendRequest<Empty<Bytes>>,
    authorization: HeaderValue,
    _task: tokio::task::JoinSet<()>,
}

/// Reads all that can be taken over.
pub async fn gather(server: &Server) -> Result<Gathered, FinesseError> {
    let mut session = Session::open(server).await?;
    let users = session.read("Users", finesse::users).await?;
    let mut gathered = Gathered { users, ..Gathered::default() };
    gathered.teams = match session.read("Teams", finesse::teams).await {
        // Older servers have no such list; users name their teams.
        Err(FinesseError::Status { status: StatusCode::NOT_FOUND, .. }) => Vec::new(),
        teams => teams?,
    };
    for category in ["NOT_READY", "LOGOUT"] {
        let path = format!("ReasonCodes?category={category}");
        let mut reasons = session.read(&path, finesse::reason_codes).await?;
        for reason in &mut reasons {
            if reason.category.is_empty() {
                category.clone_into(&mut reason.category);
            }
        }
        gathered.reasons.append(&mut reasons);
    }
    gathered.wrap_up = session.read("WrapUpReasons", finesse::wrap_up_reasons).await?;
    gathered.layouts = match session.read("MediaPropertiesLayouts", finesse::layouts).await {
        Err(FinesseError::Status { path, status: StatusCode::NOT_FOUND, .. }) => {
            gathered.left_out.push(format!("layouts: the server has no {path}"));
            Vec::new()
        }
        layouts => layouts?,
    };
    session.read_teams(&mut gathered).await?;
    Ok(gathered)
}

impl<'s> Session<'s> {
    async fn open(server: &'s Server) -> Result<Self, FinesseError> {
        let tls = tls(&server.authorities_pem).map_err(FinesseError::Authorities)?;
        let name = ServerName::try_from(server.host.clone());
        let name = name.map_err(|error| server.unreachable(error))?;
        let opening = async {
            let stream = TcpStream::connect((server.host.as_str(), server.port)).await?;
            TlsConnector::from(Arc::clone(&tls)).connect(name, stream).await
        };
        let stream = match timeout(CONNECT, opening).await {
            Ok(stream) => stream.map_err(|error| server.unreachable(error))?,
            Err(_) => return Err(server.unreachable("no answer in time")),
        };
        let shaken = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (sender, connection) = shaken.map_err(|error| server.unreachable(error))?;
        let mut task = tokio::task::JoinSet::new();
        task.spawn(async move {
            // How it ended is told by the request that was under way.
            let _ = connection.await;
        });
        let pair = format!("{}:{}", server.user, server.password.expose());
        let authorization = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair)));
        let mut authorization = authorization.map_err(|error| server.unreachable(error))?;
        authorization.set_sensitive(true);
        Ok(Self { server, sender, authorization, _task: task })
    }

    /// What some teams have beside what is for everybody.
    async fn read_teams(&mut self, gathered: &mut Gathered) -> Result<(), FinesseError> {
        let some = |reasons: &[finesse::Reason]| reasons.iter().any(|it| !it.for_all && !it.system);
        let (states, wrap_up) = (some(&gathered.reasons), some(&gathered.wrap_up));
        let named = gathered.users.iter().map(|user| user.team_id.clone());
        let mut teams: std::collections::BTreeSet<_> = named.collect();
        teams.extend(gathered.teams.iter().map(|team| team.id.clone()));
        // A number is put into an address, so it must be one.
        teams.retain(|id| {
            !id.is_empty() && id.len() <= 20 && id.bytes().all(|it| it.is_ascii_digit())
        });
        for team in teams {
            let mut found = TeamReasons::default();
            for category in ["NOT_READY", "LOGOUT"].into_iter().filter(|_| states) {
                let path = format!("Team/{team}/ReasonCodes?category={category}");
                let reasons = self.read(&path, finesse::reason_codes).await?;
                found.states.extend(reasons.into_iter().map(|it| it.id));
            }
            if wrap_up {
                let path = format!("Team/{team}/WrapUpReasons");
                let reasons = self.read(&path, finesse::wrap_up_reasons).await?;
                found.wrap_up.extend(reasons.into_iter().map(|it| it.id));
            }
            gathered.of_teams.insert(team, found);
        }
        Ok(())
    }

    async fn read<T>(
        &mut self,
        path: &str,
        decode: impl FnOnce(&[u8]) -> Result<T, DecodeError>,
    ) -> Result<T, FinesseError> {
        let path = path.to_owned();
        let broke_off = |why: String| FinesseError::BrokeOff { path: path.clone(), why };
        let host = format!("{}:{}", self.server.host, self.server.port);
        let request = Request::get(format!("/finesse/api/{path}"))
            .header(HOST, host)
            .header(ACCEPT, "application/xml")
            .header(AUTHORIZATION, self.authorization.clone())
            .body(Empty::new())
            .map_err(|error| broke_off(error.to_string()))?;
        let asking = async {
            self.sender.ready().await.map_err(|error| broke_off(error.to_string()))?;
            let sent = self.sender.send_request(request).await;
            let (head, body) = sent.map_err(|error| broke_off(error.to_string()))?.into_parts();
            let collected = Limited::new(body, DOCUMENT_BYTES_MAX).collect().await;
            let body = collected.map_err(|error| {
                match error.downcast_ref::<http_body_util::LengthLimitError>() {
                    Some(_) => FinesseError::TooLarge { path: path.clone() },
                    None => broke_off(error.to_string()),
                }
            })?;
            Ok((head.status, body.to_bytes()))
        };
        let (status, body) = match timeout(ANSWER, asking).await {
            Ok(answer) => answer?,
            Err(_) => return Err(broke_off("no answer in time".to_owned())),
        };
        match status {
            StatusCode::OK => {
                decode(&body).map_err(|error| FinesseError::Document { path: path.clone(), error })
            }
            StatusCode::UNAUTHORIZED => Err(FinesseError::Credentials),
            status => {
                let why = finesse::error_text(&body);
                Err(FinesseError::Status { path: path.clone(), status, why })
            }
        }
    }
}
