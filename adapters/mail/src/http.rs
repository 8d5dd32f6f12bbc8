//! One thing posted to a server over HTTPS, and its answer: forms to who gives tokens, records to the site.
//!
//! One connection for each, since neither happens often. Redirects are not followed, since what is posted is
//! secret.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

use crate::account::{Endpoint, Route};
use crate::connect::{connect, encrypt};
use crate::trouble::Trouble;

/// Bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// A status and what came with it.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

/// The host and the path of an `https` address.
pub(crate) fn place(url: &str) -> Result<(Endpoint, String), Trouble> {
    let unusable = || Trouble::Unusable(format!("{url:?} is no https address"));
    let uri: Uri = url.parse().map_err(|_| unusable())?;
    if uri.scheme_str() != Some("https") {
        return Err(unusable());
    }
    let authority = uri.authority().ok_or_else(unusable)?;
    if authority.as_str().contains('@') || authority.host().is_empty() {
        return Err(unusable());
    }
    let host = authority.host().trim_matches(['[', ']']);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    Ok((Endpoint::new(host, authority.port_u16().unwrap_or(443)), path.to_owned()))
}

/// Posts a form to `url`.
pub(crate) async fn post_form(
    url: &str,
    fields: &[(&str, &str)],
    route: &Route,
    tls: &Arc<rustls::ClientConfig>,
    patience: Duration,
) -> Result<Answer, Trouble> {
    let headers = [(CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded")];
    let posting = Posting { url, headers: &headers, body: form(fields), route, tls };
    posting.post(true, patience).await
}

/// What is posted, and how it gets there.
pub(crate) struct Posting<'a> {
    pub(crate) url: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: String,
    pub(crate) route: &'a Route,
    pub(crate) tls: &'a Arc<rustls::ClientConfig>,
}

impl Posting<'_> {
    /// Posts it; the status, as soon as it is there, and whatever is said beside it. All of it may take `patience`.
    pub(crate) async fn for_status(self, patience: Duration) -> Result<StatusCode, Trouble> {
        let host = place(self.url)?.0.host;
        match timeout(patience, self.post(false, patience)).await {
            Ok(answer) => answer.map(|answer| answer.status),
            Err(_) => Err(silent(host)),
        }
    }

    async fn post(self, wants_body: bool, patience: Duration) -> Result<Answer, Trouble> {
        let Self { url, headers, body, route, tls } = self;
        let (endpoint, path) = place(url)?;
        let stream = connect(&endpoint, route, patience).await?;
        let stream = encrypt(stream, &endpoint.host, tls, patience).await?;
        let host = if endpoint.port == 443 {
            endpoint.host.clone()
        } else {
            format!("{}:{}", endpoint.host, endpoint.port)
        };
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(HOST, host)
            .header(ACCEPT, "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| Trouble::Unusable(format!("{url:?} cannot be asked: {error}")))?;
        let lost = |why: String| Trouble::Lost { host: endpoint.host.clone(), why };
        let asking = async {
            let shaken = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
            let (mut sender, connection) = shaken.map_err(|error| lost(error.to_string()))?;
            let answering = async {
                let response = sender.send_request(request).await;
                let response = response.map_err(|error| lost(error.to_string()))?;
                let status = response.status();
                if !wants_body {
                    return Ok(Answer { status, body: Bytes::new() });
                }
                let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
                let body = body.map_err(|error| lost(error.to_string()))?.to_bytes();
                Ok(Answer { status, body })
            };
            tokio::pin!(answering);
            tokio::pin!(connection);
            tokio::select! {
                answer = &mut answering => answer,
                // What was read before the end is still handed out.
                _ = &mut connection => answering.await,
            }
        };
        match timeout(patience, asking).await {
            Ok(answer) => answer,
            Err(_) => Err(silent(endpoint.host.clone())),
        }
    }
}

fn silent(host: String) -> Trouble {
    Trouble::TimedOut { host, what: "an answer to what we posted".to_owned() }
}

/// Fields as `application/x-www-form-urlencoded`.
fn form(fields: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in fields {
        if !text.is_empty() {
            text.push('&');
        }
        encode(name, &mut text);
        text.push('=');
        encode(value, &mut text);
    }
    text
}

fn encode(value: &str, to: &mut String) {
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => {
                to.push(char::from(byte));
            }
            b' ' => to.push('+'),
            other => to.push_str(&format!("%{other:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_is_asked() {
        let (endpoint, path) = place("https://login.example.com/t/v2.0/token?x=y").unwrap();
        assert_eq!(endpoint, Endpoint::new("login.example.com", 443));
        assert_eq!(path, "/t/v2.0/token?x=y");
        assert_eq!(place("https://[::1]:8443/").unwrap().0, Endpoint::new("::1", 8443));
        for no in ["http://x.test/", "https://a@b/", "/token", "ftp://x", "https:///x", ""] {
            assert!(place(no).is_err(), "{no}");
        }
    }

    #[test]
    fn values_of_a_form_cannot_add_fields() {
        let text = form(&[("scope", "https://a/.default b"), ("client_secret", "x&y=ö\r\n")]);
        assert_eq!(text, "scope=https%3A%2F%2Fa%2F.default+b&client_secret=x%26y%3D%C3%B6%0D%0A");
    }
}
