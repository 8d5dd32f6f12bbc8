//! HTTPS to an ACME authority by the TLS of the rest of the program, one connection a request.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderValue, Request, Uri};
use http_body_util::{BodyExt, Limited};
use hyper_util::rt::TokioIo;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::tls::certificates::of_system;

/// The most bytes of an answer; a certificate with its chain is some thousand.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// For a request from connecting to the last byte of the answer.
const REQUEST_MAX: Duration = Duration::from_secs(60);

/// Connects to authorities whose servers it can verify.
#[derive(Clone)]
pub(super) struct Client {
    tls: TlsConnector,
}

/// A connection came to nothing.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unreachable(String);

impl Client {
    /// Trusts the authorities of that file, or this machine's.
    pub(super) fn new(authority_file: Option<&Path>) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        match authority_file {
            Some(file) => {
                let told = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
                let all = CertificateDer::pem_file_iter(file).map_err(|error| told(&error))?;
                for certificate in all {
                    let certificate = certificate.map_err(|error| told(&error))?;
                    roots.add(certificate).map_err(|error| told(&error))?;
                }
            }
            None => {
                roots.add_parsable_certificates(of_system());
            }
        }
        if roots.is_empty() {
            return Err("nobody is trusted to vouch for the authority's server: install \
                        ca-certificates, or name certificate.acme.authority_file"
                .to_owned());
        }
        let config = ClientConfig::builder_with_provider(crate::tls::provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(config)) })
    }

    async fn ask(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Result<BytesResponse, Unreachable> {
        let (mut parts, body) = request.into_parts();
        let url = parts.uri.clone();
        let what = |error: &dyn std::fmt::Display| Unreachable(format!("{url}: {error}"));
        let authority = match (url.scheme_str(), url.authority()) {
            (Some("https"), Some(authority)) => authority.clone(),
            _ => return Err(what(&"only https:// is asked")),
        };
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = authority.port_u16().unwrap_or(443);
        let stream =
            TcpStream::connect((host.as_str(), port)).await.map_err(|error| what(&error))?;
        let name = ServerName::try_from(host).map_err(|error| what(&error))?;
        let stream = self.tls.connect(name, stream).await.map_err(|error| what(&error))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|it| what(&it))?;
        let path = url.path_and_query().map_or("/", |path| path.as_str());
        parts.uri = path.parse::<Uri>().map_err(|error| what(&error))?;
        let host = HeaderValue::from_str(authority.as_str()).map_err(|error| what(&error))?;
        parts.headers.insert(HOST, host);
        let asking = async {
            let answer = sender.send_request(Request::from_parts(parts, body)).await;
            let (parts, body) = answer.map_err(|error| what(&error))?.into_parts();
            let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
            let body = body.map_err(|error| what(&error))?.to_bytes();
            Ok(BytesResponse { parts, body: Box::new(body) })
        };
        let mut asking = std::pin::pin!(asking);
        tokio::select! {
            answer = &mut asking => answer,
            // It ends by itself only where the other side closes; what was read before counts.
            _ = connection => asking.await,
        }
    }
}

impl HttpClient for Client {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let client = self.clone();
        Box::pin(async move {
            let url = request.uri().clone();
            match timeout(REQUEST_MAX, client.ask(request)).await {
                Ok(answer) => answer.map_err(|error| Error::Other(Box::new(error))),
                Err(_) => {
                    let why = Unreachable(format!("{url}: no answer in time"));
                    Err(Error::Other(Box::new(why)))
                }
            }
        })
    }
}
