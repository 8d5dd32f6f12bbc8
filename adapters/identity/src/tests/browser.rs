//! A browser: cookies of each host, forms, and what is read out of pages.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method, Response};
use serde_json::Value;

use super::idp::{Idp, SSO_URL, Statement};
use super::place::{APP, OLD, Place, VERIFIER};

/// What was answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn of(response: Response<Bytes>) -> Self {
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(body.to_vec()).unwrap();
        Self { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn location(&self) -> &str {
        assert_eq!(self.status, 303, "{self:?}");
        self.header(LOCATION.as_str())
    }

    /// A parameter of the place that it sends to.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let (_, query) = self.location().split_once('?')?;
        let mut found = query.split('&').filter_map(|pair| pair.split_once('='));
        found.find(|(key, _)| *key == name).map(|(_, value)| unescaped(value))
    }

    pub(crate) fn code(&self) -> String {
        self.parameter("code").unwrap_or_else(|| panic!("no code: {self:?}"))
    }

    /// Fails unless it is an error of that name.
    #[track_caller]
    pub(crate) fn assert_error(&self, status: u16, error: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.json()["error"], error, "{self:?}");
        assert_eq!(self.header("cache-control"), "no-store");
    }
}

/// A request on its way to the identity provider.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) xml: String,
    pub(crate) relay_state: String,
}

impl Sent {
    pub(crate) fn of(reply: &Reply) -> Self {
        assert_eq!(reply.status, 200, "{reply:?}");
        let xml = STANDARD.decode(value_of(&reply.text, "SAMLRequest")).unwrap();
        assert!(reply.text.contains(&format!("action=\"{SSO_URL}\"")), "{reply:?}");
        Self {
            xml: String::from_utf8(xml).unwrap(),
            relay_state: value_of(&reply.text, "RelayState"),
        }
    }

    pub(crate) fn attribute(&self, name: &str) -> String {
        let (_, rest) = self.xml.split_once(&format!(" {name}=\"")).unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    }

    /// What a provider says to it.
    pub(crate) fn statement(&self, place: &Place) -> Statement {
        let acs = self.attribute("AssertionConsumerServiceURL");
        Statement::to(&self.attribute("ID"), &acs, place.now())
    }

    pub(crate) fn form(&self, xml: &str) -> String {
        form(&[("SAMLResponse", &STANDARD.encode(xml)), ("RelayState", &self.relay_state)])
    }
}

fn value_of(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).expect("a field");
    rest.split_once('"').unwrap().0.to_owned()
}

/// A browser at one node at a time; its cookies are of that node's host.
#[derive(Clone, Default)]
pub(crate) struct Browser {
    pub(crate) node: usize,
    pub(crate) cookies: Vec<(String, String)>,
}

impl Browser {
    pub(crate) fn at(node: usize) -> Self {
        Self { node, cookies: Vec::new() }
    }

    /// The cookie whose name begins so.
    pub(crate) fn cookie(&self, beginning: &str) -> Option<(String, String)> {
        self.cookies.iter().find(|(name, _)| name.starts_with(beginning)).cloned()
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("text/html"));
        let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        let cookies = cookies.collect::<Vec<_>>().join("; ");
        if !cookies.is_empty() {
            headers.insert(COOKIE, cookies.parse().unwrap());
        }
        headers
    }

    fn take(&mut self, reply: &Reply) {
        for cookie in reply.headers.get_all(SET_COOKIE) {
            let text = cookie.to_str().unwrap();
            assert!(text.starts_with("__Host-"), "{text}");
            assert!(text.contains("; Path=/; Secure; HttpOnly; SameSite="), "{text}");
            let (name, rest) = text.split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !text.ends_with("Max-Age=0") {
                let value = rest.split_once(';').unwrap().0;
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    pub(crate) async fn get(&mut self, place: &Place, target: &str) -> Reply {
        let reply = place.ask(self.node, Method::GET, target, self.headers(), "").await;
        self.take(&reply);
        reply
    }

    pub(crate) async fn post(
        &mut self,
        place: &Place,
        target: &str,
        more: &[(&'static str, &str)],
        body: &str,
    ) -> Reply {
        let mut headers = self.headers();
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, kind);
        for (name, value) in more {
            headers.insert(*name, value.parse().unwrap());
        }
        let reply = place.ask(self.node, Method::POST, target, headers, body).await;
        self.take(&reply);
        reply
    }

    /// Asks for a code for that application.
    pub(crate) async fn authorize(&mut self, place: &Place, client: &str) -> Reply {
        let verifier = Some(VERIFIER).filter(|_| client != OLD);
        self.get(place, &authorize_target(client, APP, verifier)).await
    }

    /// Is sent to the provider.
    pub(crate) async fn sent(&mut self, place: &Place, client: &str) -> Sent {
        Sent::of(&self.authorize(place, client).await)
    }

    /// Brings what the provider says back.
    pub(crate) async fn brings(&mut self, place: &Place, sent: &Sent, xml: &str) -> Reply {
        self.post(place, "/ids/saml/response", &[], &sent.form(xml)).await
    }

    /// Signs on, with a code for that application at the end.
    pub(crate) async fn signs_on(&mut self, place: &Place, client: &str) -> String {
        let sent = self.sent(place, client).await;
        let xml = Idp::usual().says(&sent.statement(place));
        self.brings(place, &sent, &xml).await.code()
    }
}

/// Where an application sends a browser.
pub(crate) fn authorize_target(client: &str, redirect: &str, verifier: Option<&str>) -> String {
    let challenge = verifier.map(|it| protocols::oauth::challenge_of(it).unwrap());
    let mut parameters =
        vec![("response_type", "code"), ("client_id", client), ("redirect_uri", redirect)];
    parameters.extend([("state", "s&t=1"), ("scope", "one two")]);
    if let Some(challenge) = &challenge {
        parameters
            .extend([("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")]);
    }
    format!("/ids/v1/oauth/authorize?{}", form(&parameters))
}

/// Parameters as a form has them.
pub(crate) fn form(parameters: &[(&str, &str)]) -> String {
    let pairs = parameters.iter().map(|(name, value)| format!("{name}={}", escaped(value)));
    pairs.collect::<Vec<_>>().join("&")
}

pub(crate) fn escaped(text: &str) -> String {
    let bytes = text.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    });
    bytes.collect()
}

fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (taken, byte) = match first {
            '%' => (3, u8::from_str_radix(&rest[1..3], 16).unwrap()),
            '+' => (1, b' '),
            other => (1, u8::try_from(other).unwrap()),
        };
        bytes.push(byte);
        rest = &rest[taken..];
    }
    String::from_utf8(bytes).unwrap()
}
