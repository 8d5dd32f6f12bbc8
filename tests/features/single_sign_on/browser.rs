//! A browser without a screen: cookies, redirects, and forms that are sent on as a script would.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;

use rustls::RootCertStore;

use crate::wire::{self, Answer, Tls};

/// The most steps of one journey.
const STEPS_MAX: usize = 20;

/// One person's, with cookies of its own. Cookies know no ports, as in any browser.
pub(super) struct Browser {
    roots: RootCertStore,
    /// Connections that are kept for the next request, by host and port.
    connections: HashMap<String, Tls>,
    /// Values by host and name.
    cookies: HashMap<(String, String), String>,
}

/// Where a journey ended.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) url: String,
    /// What is shown there; `None` of a place that is no machine of the test.
    pub(super) answer: Option<Answer>,
    /// How often a password was typed.
    pub(super) typed: usize,
}

impl Page {
    pub(super) fn text(&self) -> String {
        self.answer.as_ref().map(Answer::text).unwrap_or_default()
    }

    /// A parameter of the query that it was sent to.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let query = self.url.split_once('?')?.1;
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(found, _)| *found == name).map(|(_, value)| decoded(value))
    }

    #[track_caller]
    pub(super) fn code(&self) -> String {
        self.parameter("code").unwrap_or_else(|| panic!("no code: {self:#?}"))
    }
}

/// A form of a page.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) action: String,
    pub(super) fields: Vec<(String, String)>,
}

impl Form {
    /// The first form of that page.
    pub(super) fn of(html: &str) -> Option<Self> {
        let at = html.find("<form")?;
        let whole = html[at..].split("</form>").next()?;
        let action = attribute(whole.split('>').next()?, "action")?;
        let inputs = whole.split("<input").skip(1).filter_map(|rest| rest.split('>').next());
        let fields = inputs.filter_map(|input| {
            Some((attribute(input, "name")?, attribute(input, "value").unwrap_or_default()))
        });
        Some(Self { action, fields: fields.collect() })
    }

    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }

    fn fill(&mut self, name: &str, text: &str) {
        for (found, value) in &mut self.fields {
            if found == name {
                text.clone_into(value);
            }
        }
    }
}

impl Browser {
    pub(super) fn new(authority: &str) -> Self {
        let roots = wire::roots([authority]);
        Self { roots, connections: HashMap::new(), cookies: HashMap::new() }
    }

    /// The cookies of that host whose names begin so.
    pub(super) fn cookies(&self, prefix: &str) -> Vec<(String, String)> {
        let found = self.cookies.iter().filter(|((_, name), _)| name.starts_with(prefix));
        found.map(|((_, name), value)| (name.clone(), value.clone())).collect()
    }

    /// The value of the cookie of that name.
    pub(super) fn cookie(&self, name: &str) -> Option<String> {
        let found = self.cookies.iter().find(|((_, found), _)| found == name);
        found.map(|(_, value)| value.clone())
    }

    /// Has a cookie of the test's machine, whoever gave it.
    pub(super) fn keep(&mut self, name: &str, value: &str) {
        self.cookies.insert(("localhost".to_owned(), name.to_owned()), value.to_owned());
    }

    /// Forgets the cookies whose names begin so.
    pub(super) fn forget(&mut self, prefix: &str) {
        self.cookies.retain(|(_, name), _| !name.starts_with(prefix));
    }

    /// One request and its answer; nothing is followed.
    #[track_caller]
    pub(super) fn ask(&mut self, asked: &str, headers: &str, body: &[u8]) -> Answer {
        self.try_ask(asked, headers, body).expect("an answer")
    }

    /// The same; `None` where the other side closed without an answer.
    #[track_caller]
    pub(super) fn try_ask(&mut self, asked: &str, headers: &str, body: &[u8]) -> Option<Answer> {
        let (method, url) = asked.split_once(' ').unwrap();
        let (authority, host, target) = parts(url);
        let mut head = format!(
            "{method} {target} HTTP/1.1\r\nHost: {authority}\r\nAccept: text/html,*/*\r\n\
             Content-Length: {}\r\n{headers}",
            body.len()
        );
        let sent = self.cookies.iter().filter(|((of, _), _)| *of == host);
        let sent: Vec<_> = sent.map(|((_, name), value)| format!("{name}={value}")).collect();
        if !sent.is_empty() {
            write!(head, "Cookie: {}\r\n", sent.join("; ")).unwrap();
        }
        head.push_str("\r\n");
        let bytes = [head.as_bytes(), body].concat();
        let kept = self.connections.remove(&authority);
        // A connection that was kept may be over by now.
        let answered = kept.and_then(|mut stream| Some((exchange(&mut stream, &bytes)?, stream)));
        let (answer, stream) = match answered {
            Some(answered) => answered,
            None => {
                let mut stream = wire::connect(&authority, self.roots.clone());
                (exchange(&mut stream, &bytes)?, stream)
            }
        };
        if answer.header("connection").is_none_or(|it| !it.eq_ignore_ascii_case("close")) {
            self.connections.insert(authority, stream);
        }
        self.take_cookies(&host, &answer);
        Some(answer)
    }

    /// Sends a form to that place.
    #[track_caller]
    pub(super) fn post(&mut self, url: &str, fields: &[(&str, &str)], headers: &str) -> Answer {
        let headers = format!("Content-Type: application/x-www-form-urlencoded\r\n{headers}");
        self.ask(&format!("POST {url}"), &headers, encoded(fields).as_bytes())
    }

    /// Goes there and on, by redirects and forms; who is asked for a password types this one.
    #[track_caller]
    pub(super) fn go(&mut self, url: &str, known_as: Option<(&str, &str)>) -> Page {
        self.go_until(url, known_as, "")
    }

    /// The same up to the page whose form has that field, which is not sent.
    #[track_caller]
    pub(super) fn go_until(
        &mut self,
        url: &str,
        known_as: Option<(&str, &str)>,
        field: &str,
    ) -> Page {
        let mut url = url.to_owned();
        let mut answer = self.ask(&format!("GET {url}"), "", b"");
        let mut typed = 0;
        for _ in 0..STEPS_MAX {
            if let Some(place) = answer.header("location") {
                assert_eq!(answer.status, 303, "a redirect that keeps the body: {answer:?}");
                url = absolute(&url, &place);
                // What stands behind # is not for servers, and this place is no machine here.
                if url.contains('#') || !url.starts_with("https://localhost") {
                    return Page { url, answer: None, typed };
                }
                answer = self.ask(&format!("GET {url}"), "", b"");
                continue;
            }
            let form = Form::of(&answer.text());
            let sends = |form: &Form, name: &str| form.field(name).is_some();
            let Some(mut form) = form.filter(|form| {
                !sends(form, field)
                    && ["SAMLRequest", "SAMLResponse", "password"]
                        .iter()
                        .any(|name| sends(form, name))
            }) else {
                return Page { url, answer: Some(answer), typed };
            };
            if sends(&form, "password") {
                let Some((user, password)) = known_as.filter(|_| typed == 0) else {
                    return Page { url, answer: Some(answer), typed };
                };
                form.fill("user", user);
                form.fill("password", password);
                typed += 1;
            }
            let origin = origin(&url);
            url = absolute(&url, &form.action);
            let fields: Vec<_> =
                form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            answer = self.post(&url, &fields, &format!("Origin: {origin}\r\n"));
        }
        panic!("more than {STEPS_MAX} steps, the last one to {url}");
    }

    /// Keeps what it is asked to, as browsers do, and panics where they would not.
    #[track_caller]
    fn take_cookies(&mut self, host: &str, answer: &Answer) {
        let lines = answer.head.lines().filter_map(|line| line.split_once(':'));
        for (_, line) in lines.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")) {
            let mut parts = line.trim().split("; ");
            let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).unwrap();
            let attributes: Vec<_> = parts.collect();
            for needed in ["Path=/", "Secure", "HttpOnly"] {
                assert!(attributes.contains(&needed), "{name} has no {needed}: {line}");
            }
            let is_bound = !attributes.iter().any(|it| it.starts_with("Domain"));
            assert!(name.starts_with("__Host-") && is_bound, "{line}");
            let key = (host.to_owned(), name.to_owned());
            match attributes.contains(&"Max-Age=0") {
                true => self.cookies.remove(&key),
                false => self.cookies.insert(key, value.to_owned()),
            };
        }
    }
}

fn exchange(stream: &mut Tls, bytes: &[u8]) -> Option<Answer> {
    // A peer that has seen enough may close before all is sent.
    let _ = stream.write_all(bytes);
    let _ = stream.flush();
    wire::read(stream)
}

/// Host and port, host, and what is asked for there.
fn parts(url: &str) -> (String, String, String) {
    let authority = wire::authority(url);
    let host = authority.split(':').next().unwrap().to_owned();
    let target = url.splitn(4, '/').nth(3).unwrap_or_default();
    (authority, host, format!("/{}", target.split('#').next().unwrap()))
}

fn origin(url: &str) -> String {
    format!("https://{}", wire::authority(url))
}

fn absolute(base: &str, place: &str) -> String {
    if place.starts_with('/') { format!("{}{place}", origin(base)) } else { place.to_owned() }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let value = tag.split(&format!(" {name}=\"")).nth(1)?.split('"').next()?;
    let letters = [("&quot;", "\""), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    Some(letters.iter().fold(value.to_owned(), |text, (from, to)| text.replace(from, to)))
}

/// As the body of a form.
pub(super) fn encoded(fields: &[(&str, &str)]) -> String {
    let pairs = fields.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for byte in text.bytes() {
        match byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            true => safe.push(byte.into()),
            false => write!(safe, "%{byte:02X}").unwrap(),
        }
    }
    safe
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        let digits = if *first == b'%' { after.get(..2) } else { None };
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None if *first == b'+' => bytes.push(b' '),
            None => bytes.push(*first),
        }
    }
    String::from_utf8(bytes).unwrap()
}
