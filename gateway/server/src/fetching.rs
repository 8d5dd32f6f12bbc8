//! HTTPS to servers that single sign-on needs: an IdP's metadata, another node's identity service.
//!
//! One connection a request; no redirect is followed, so nobody whom an administrator did not name is ever asked.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::settings::TrustPurpose;
use engine::Port;
use http::header::{ACCEPT, HOST};
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::tls::certificates::of_system;
use crate::tls::trust_anchors;

/// For a request from connecting to the last byte of the answer.
const REQUEST_MAX: Duration = Duration::from_secs(10);

/// Reads what is at a URL, for the identity service.
pub(crate) fn fetch(port: Port) -> identity::Fetch {
    Arc::new(move |url, bytes_max| {
        let port = port.clone();
        Box::pin(async move {
            let uri: Uri = url.parse().map_err(|error| format!("{url}: {error}"))?;
            let mut request = Request::new(Bytes::new());
            *request.uri_mut() = uri;
            let any = HeaderValue::from_static("application/samlmetadata+xml, text/xml, */*");
            request.headers_mut().insert(ACCEPT, any);
            let answer = ask(&port, request, bytes_max).await?;
            match answer.status() {
                StatusCode::OK => Ok(answer.into_body().to_vec()),
                status if status.is_redirection() => Err(format!(
                    "{url} sends elsewhere ({status}), which is not followed; name the place itself"
                )),
                status => Err(format!("{url} answers {status}")),
            }
        })
    })
}

/// Asks the server of an https URL; an answer of more than that many bytes is an error.
pub(crate) async fn ask(
    port: &Port,
    request: Request<Bytes>,
    bytes_max: usize,
) -> Result<Response<Bytes>, String> {
    let place = request.uri().clone();
    match timeout(REQUEST_MAX, asked(port, request, bytes_max)).await {
        Ok(answer) => answer.map_err(|error| format!("{}: {error}", shown(&place))),
        Err(_) => Err(format!("{}: no answer in time", shown(&place))),
    }
}

/// Without its query, which may hold what nobody else is to read.
fn shown(place: &Uri) -> String {
    let authority = place.authority().map_or("", |authority| authority.as_str());
    format!("https://{authority}{}", place.path())
}

async fn asked(
    port: &Port,
    request: Request<Bytes>,
    bytes_max: usize,
) -> Result<Response<Bytes>, String> {
    let told = |error: &dyn std::fmt::Display| error.to_string();
    let (mut parts, body) = request.into_parts();
    let authority = match (parts.uri.scheme_str(), parts.uri.authority()) {
        (Some("https"), Some(authority)) => authority.clone(),
        _ => return Err("only https:// is asked".to_owned()),
    };
    let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
    let at = (host.as_str(), authority.port_u16().unwrap_or(443));
    let settings = port.settings();
    let mut roots = trust_anchors(&settings, TrustPurpose::SingleSignOn, port.now()).roots;
    roots.add_parsable_certificates(of_system());
    let tls = ClientConfig::builder_with_provider(crate::tls::provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| told(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(at).await.map_err(|error| told(&error))?;
    let name = ServerName::try_from(host.clone()).map_err(|error| told(&error))?;
    let connector = TlsConnector::from(Arc::new(tls));
    let stream = connector.connect(name, stream).await.map_err(|error| {
        format!("{error}; if its authority is your own, put it into trust with the purpose single_sign_on")
    })?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| told(&error))?;
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    parts.uri = path.parse::<Uri>().map_err(|error| told(&error))?;
    let value = HeaderValue::from_str(authority.as_str()).map_err(|error| told(&error))?;
    parts.headers.insert(HOST, value);
    let asking = async {
        let request = Request::from_parts(parts, Full::new(body));
        let (parts, body) =
            sender.send_request(request).await.map_err(|error| told(&error))?.into_parts();
        let body = Limited::new(body, bytes_max).collect().await;
        let body = body.map_err(|error| told(&error))?.to_bytes();
        Ok(Response::from_parts(parts, body))
    };
    let mut asking = std::pin::pin!(asking);
    tokio::select! {
        answer = &mut asking => answer,
        // It ends by itself only where the other side closes; what was read before counts.
        _ = connection => asking.await,
    }
}
