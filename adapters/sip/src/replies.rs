//! Answers of ours.

use std::time::SystemTime;

use domain::Timestamp;
use protocols::sip::{Message, Name, Status, Value, reply};

/// Methods that are taken.
pub(crate) const ALLOW: &str = "REGISTER, OPTIONS, REFER, NOTIFY, CANCEL, ACK";
/// Bodies that are taken.
pub(crate) const ACCEPT: &str = "application/x-cisco-remotecc-request+xml, \
    application/x-cisco-remotecc-response+xml, application/x-cisco-alarm+xml, multipart/mixed, \
    message/sipfrag, application/dialog-info+xml, text/plain";
/// Event packages that phones may tell of.
pub(crate) const ALLOW_EVENTS: &str = "refer, dialog, service-control";
/// Extensions that are known.
pub(crate) const SUPPORTED: [&str; 3] = ["path", "outbound", "norefersub"];

/// Who answers, for the field Warning (RFC 3261, section 20.43).
const WARNING_AGENT: &str = "399 jackfield";
/// The most characters of words in a field.
const WORDS_MAX: usize = 200;

/// An answer with nothing but what it needs.
pub(crate) fn plain(request: &Message, status: Status, tag: &str) -> Message {
    reply(request, status, Some(tag))
}

/// A refusal that says why.
pub(crate) fn refusal(request: &Message, status: Status, tag: &str, words: &str) -> Message {
    let mut message = plain(request, status, tag);
    warn(&mut message, words);
    message
}

/// Says why, as text in quotes.
pub(crate) fn warn(message: &mut Message, words: &str) {
    let kept = words.chars().take(WORDS_MAX);
    let text: String = kept
        .map(|it| match it {
            '"' | '\\' => '\'',
            it if it.is_control() => ' ',
            it => it,
        })
        .collect();
    add(message, Name::WARNING, &format!("{WARNING_AGENT} \"{text}\""));
}

/// Why something cannot be read, down to the limit that it broke.
pub(crate) fn reason(problem: &dyn std::error::Error) -> String {
    match problem.source() {
        Some(source) => format!("{problem}: {source}"),
        None => problem.to_string(),
    }
}

/// Adds a field; one that cannot be written is left out.
pub(crate) fn add(message: &mut Message, name: Name, value: &str) {
    if let Ok(value) = Value::new(value) {
        message.headers.push(name, value);
    }
}

/// Says when to try again.
pub(crate) fn retry_after(message: &mut Message, seconds: u32) {
    message.headers.push(Name::RETRY_AFTER, Value::number(seconds.into()));
}

/// Says what time it is; phones set their clocks by it.
pub(crate) fn date(message: &mut Message, now: Timestamp) {
    let since = u64::try_from(now.microseconds().max(0)).unwrap_or_default();
    let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_micros(since);
    add(message, Name::DATE, &httpdate::fmt_http_date(time));
}

/// Leaves out what the answer can do without: all challenges but the last, and what is only useful.
/// `false` where there is nothing to leave out.
pub(crate) fn shorten(message: &mut Message) -> bool {
    let before = message.headers.len();
    for name in [Name::WARNING, Name::ALLOW, Name::ACCEPT, Name::SUPPORTED, Name::ALLOW_EVENTS] {
        message.headers.remove(&name);
    }
    let last = message.headers.all(&Name::WWW_AUTHENTICATE).last().cloned();
    if let Some(last) = last {
        message.headers.set(Name::WWW_AUTHENTICATE, last);
    }
    message.headers.len() < before
}

/// Whether the sender of a request takes a body of that type in its answer; who says nothing takes all that it may
/// expect.
pub(crate) fn takes(request: &Message, kind: &str) -> bool {
    let mut is_told = false;
    for value in request.headers.all(&Name::ACCEPT) {
        is_told = true;
        for range in value.as_str().split(',') {
            let (range, parameters) = range.split_once(';').unwrap_or((range, ""));
            let is_refused = parameters.split(';').any(|each| {
                let quality = each.trim().strip_prefix("q=").map(str::trim);
                quality.and_then(|it| it.parse::<f32>().ok()).is_some_and(|it| it <= 0.0)
            });
            let range = range.trim().to_ascii_lowercase();
            let whole = kind.split('/').next().unwrap_or_default();
            let is_meant = range == kind || range == "*/*" || range == format!("{whole}/*");
            if is_meant && !is_refused {
                return true;
            }
        }
    }
    !is_told
}
