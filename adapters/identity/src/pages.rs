//! The few plain pages that people see on the way: something went wrong, a test's result, signed off.
//!
//! They say what happened in a sentence, and a number that finds the reason in the log; never the reason itself,
//! except to whoever tests the trust. No script or style stands in a page.

use bytes::Bytes;
use engine::surface::Request;
use http::header::{
    ACCEPT, ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName,
    HeaderValue, LOCATION, REFERRER_POLICY, SET_COOKIE,
};
use http::{Response, StatusCode};

/// Where the pages' style is.
pub(crate) const STYLE_PATH: &str = "/ids/plain.css";
/// Where the script is that sends a request on.
pub(crate) const SCRIPT_PATH: &str = "/ids/submit.js";
/// The pages' style.
pub(crate) const STYLE: &str = include_str!("plain.css");
/// The script that sends a request on.
pub(crate) const SCRIPT: &str = include_str!("submit.js");
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; \
                      form-action 'self'";

const SENDING_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; \
                              frame-ancestors 'none'; form-action https:";

/// What a page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// The application is unknown, or asked to be answered elsewhere than registered.
    Application,
    /// The application's request is not understood.
    Request,
    /// Nobody can sign on now.
    Unavailable,
    /// What the IdP said was not accepted.
    Refused,
    /// The IdP refused.
    Provider,
    /// The wait for the IdP's answer is over, or it is another browser's.
    FlowOver,
    /// The link of a test is over.
    LinkOver,
    /// A test went well.
    Passed,
    /// A test did not.
    Failed,
    /// Whether to sign off.
    SignOff,
    /// Signed off.
    SignedOff,
}

impl Said {
    /// Title and sentence, in English and German.
    fn words(self) -> [(&'static str, &'static str); 2] {
        match self {
            Self::Application => [
                (
                    "This application cannot sign you on",
                    "The application that sent you here is not registered, or asked for an address that is not. \
                     Open it again from its own page; if that does not help, tell your administrator.",
                ),
                (
                    "Diese Anwendung kann Sie nicht anmelden",
                    "Die Anwendung, die Sie hierher geschickt hat, ist nicht eingetragen oder nannte eine andere \
                     Adresse. Öffnen Sie sie neu; hilft das nicht, wenden Sie sich an Ihre Administration.",
                ),
            ],
            Self::Request => [
                (
                    "This link cannot be used",
                    "The application that sent you here asked for something that is not understood. Open it again \
                     from its own page.",
                ),
                (
                    "Dieser Link ist nicht brauchbar",
                    "Die Anwendung, die Sie hierher geschickt hat, fragte nach etwas Unverständlichem. Öffnen Sie \
                     sie neu.",
                ),
            ],
            Self::Unavailable => [
                (
                    "Nobody can sign on right now",
                    "The sign-on service is not ready. Try again in a minute; if it lasts, tell your administrator.",
                ),
                (
                    "Gerade kann sich niemand anmelden",
                    "Der Anmeldedienst ist nicht bereit. Versuchen Sie es in einer Minute wieder; dauert es an, \
                     wenden Sie sich an Ihre Administration.",
                ),
            ],
            Self::Refused => [
                (
                    "You were not signed on",
                    "What your organisation's sign-on sent was not accepted. Tell your administrator the number \
                     below.",
                ),
                (
                    "Sie wurden nicht angemeldet",
                    "Was die Anmeldung Ihrer Organisation geschickt hat, wurde nicht angenommen. Nennen Sie Ihrer \
                     Administration die Nummer unten.",
                ),
            ],
            Self::Provider => [
                (
                    "You were not signed on",
                    "Your organisation's sign-on refused. Try again; if it lasts, tell your administrator the number \
                     below.",
                ),
                (
                    "Sie wurden nicht angemeldet",
                    "Die Anmeldung Ihrer Organisation hat abgelehnt. Versuchen Sie es noch einmal; dauert es an, \
                     nennen Sie Ihrer Administration die Nummer unten.",
                ),
            ],
            Self::FlowOver => [
                (
                    "This sign-on is over",
                    "It took too long, was finished before, or was begun in another browser. Open the application \
                     again from its own page.",
                ),
                (
                    "Diese Anmeldung ist vorbei",
                    "Sie dauerte zu lange, war schon fertig oder begann in einem anderen Browser. Öffnen Sie die \
                     Anwendung neu.",
                ),
            ],
            Self::LinkOver => [
                ("This link is over", "Start the test again in the console."),
                ("Dieser Link ist abgelaufen", "Starten Sie den Test in der Konsole neu."),
            ],
            Self::Passed => [
                (
                    "The test passed",
                    "Single sign-on works here. You can close this page. Your identity provider named:",
                ),
                (
                    "Der Test ist bestanden",
                    "Single Sign-on funktioniert. Sie können diese Seite schließen. Ihr Identity Provider nannte:",
                ),
            ],
            Self::Failed => [
                ("The test failed", "Nobody was signed on, for this reason:"),
                ("Der Test ist fehlgeschlagen", "Niemand wurde angemeldet, aus diesem Grund:"),
            ],
            Self::SignOff => [
                (
                    "Sign off everywhere?",
                    "You are signed off from every application that you opened with this sign-on.",
                ),
                (
                    "Überall abmelden?",
                    "Sie werden von jeder Anwendung abgemeldet, die Sie mit dieser Anmeldung geöffnet haben.",
                ),
            ],
            Self::SignedOff => [
                ("You are signed off", "Applications ask you to sign on again."),
                ("Sie sind abgemeldet", "Anwendungen fragen wieder nach der Anmeldung."),
            ],
        }
    }
}

/// What stands below the sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Below {
    /// The number that finds the log's line.
    Reference,
    /// Words of their own: a reason, or who was signed on.
    Words(String),
    /// A button that signs off.
    SignOffButton,
    /// Nothing.
    Nothing,
}

/// A page for whoever sent `request`.
pub(crate) fn page(
    request: &Request,
    status: StatusCode,
    said: Said,
    below: &Below,
) -> Response<Bytes> {
    let is_german = prefers_german(request);
    let [english, german] = said.words();
    let (title, sentence) = if is_german { german } else { english };
    let below = match below {
        Below::Nothing => String::new(),
        Below::Words(words) => format!("<p class=\"words\">{}</p>", escaped(words)),
        Below::Reference => {
            let label = if is_german { "Nummer" } else { "Number" };
            format!(
                "<p class=\"reference\">{label}: <strong>{}</strong></p>",
                escaped(&request.reference)
            )
        }
        Below::SignOffButton => {
            let label = if is_german { "Abmelden" } else { "Sign off" };
            format!(
                "<form method=\"post\" action=\"/ids/sign-off\"><button>{label}</button></form>"
            )
        }
    };
    let language = if is_german { "de" } else { "en" };
    let body = format!(
        "<!doctype html><html lang=\"{language}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title>\
         <link rel=\"stylesheet\" href=\"{STYLE_PATH}\"></head><body><main><h1>{title}</h1>\
         <p>{sentence}</p>{below}</main></body></html>"
    );
    let mut answer = html(status, body);
    set(&mut answer, CONTENT_SECURITY_POLICY, POLICY);
    answer
}

/// The page that sends a request on to the IdP. Browsers ask the policy about every place that the IdP sends them on
/// to as well, and those are the IdP's affair.
pub(crate) fn sending(body: String) -> Response<Bytes> {
    let mut answer = html(StatusCode::OK, body);
    set(&mut answer, CONTENT_SECURITY_POLICY, SENDING_POLICY);
    answer
}

/// Whether whoever asks is a browser that shows pages.
pub(crate) fn wants_page(request: &Request) -> bool {
    let accepts = request.headers.get_all(ACCEPT).into_iter().filter_map(|it| it.to_str().ok());
    accepts.into_iter().any(|accept| accept.contains("text/html"))
}

fn prefers_german(request: &Request) -> bool {
    let wishes = request.headers.get(ACCEPT_LANGUAGE).and_then(|it| it.to_str().ok());
    let first = wishes.unwrap_or_default().split([',', ';']).next().unwrap_or_default().trim();
    first.get(..2).is_some_and(|language| language.eq_ignore_ascii_case("de"))
}

fn html(status: StatusCode, body: String) -> Response<Bytes> {
    let mut answer = bare(status);
    set(&mut answer, CONTENT_TYPE, "text/html; charset=utf-8");
    *answer.body_mut() = Bytes::from(body);
    answer
}

/// No body, kept nowhere.
pub(crate) fn bare(status: StatusCode) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = status;
    set(&mut answer, CACHE_CONTROL, "no-store");
    set(&mut answer, REFERRER_POLICY, "no-referrer");
    answer
}

/// Somewhere else, by GET whatever was asked (RFC 9700, section 4.12).
pub(crate) fn elsewhere(place: &str) -> Response<Bytes> {
    let mut answer = bare(StatusCode::SEE_OTHER);
    set(&mut answer, LOCATION, place);
    answer
}

/// JSON, kept nowhere.
pub(crate) fn json(status: StatusCode, body: &serde_json::Value) -> Response<Bytes> {
    let mut answer = bare(status);
    set(&mut answer, CONTENT_TYPE, "application/json");
    *answer.body_mut() = Bytes::from(body.to_string());
    answer
}

/// Sets a header field; a value that cannot stand in one is left out.
pub(crate) fn set(answer: &mut Response<Bytes>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}

/// Adds a cookie.
pub(crate) fn add_cookie(answer: &mut Response<Bytes>, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        answer.headers_mut().append(SET_COOKIE, value);
    }
}

/// As text between tags.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}
