//! Whole bodies of requests: a good message in a form that is not as the binding says.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Entry, Fault, Forge, Signed};

/// Bodies with their types; `relay_state` is what the service gave out.
pub(super) fn entries(
    forge: &Forge,
    relay_state: &str,
) -> Result<Vec<(Entry, &'static str)>, String> {
    let form = "application/x-www-form-urlencoded";
    let message = |name: &str| forge.plain(name, Signed::Message);
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let field = |text: &str| format!("SAMLResponse={}", encoded(&STANDARD.encode(text)));
    let relay = format!("&RelayState={}", encoded(relay_state));
    let mut entries = Vec::new();
    let good = "form-with-line-breaks";
    let letters = STANDARD.encode(message(good)?);
    let lines: Vec<&str> = letters
        .as_bytes()
        .chunks(76)
        .map(|it| std::str::from_utf8(it).unwrap_or_default())
        .collect();
    let body = format!("SAMLResponse={}{relay}", encoded(&lines.join("\r\n")));
    entries.push((Entry::accepted(good, "line breaks in the base64", body), form));
    let mut push = |name: &str, kind: &'static str, fault: Fault, body: &dyn Fn(&str) -> String| {
        let text = message(name)?;
        entries.push((Entry::refused(name, "form", fault, body(&text)), kind));
        Ok::<_, String>(())
    };
    let wrong = |explanation| -> Fault { (1, "form", explanation) };
    push("form-two-messages", form, wrong("SAMLResponse twice"), &|text| {
        format!("{0}&{0}{relay}", field(text))
    })?;
    push(
        "form-name-encoded",
        form,
        wrong("SAMLResponse again, its name percent-encoded"),
        &|text| format!("{}&SAML%52esponse=AAAA{relay}", field(text)),
    )?;
    push("form-two-states", form, wrong("RelayState twice"), &|text| {
        format!("{}{relay}&RelayState=x", field(text))
    })?;
    push("form-no-message", form, wrong("no SAMLResponse"), &|_| relay.replacen('&', "", 1))?;
    push("form-empty-message", form, wrong("an empty SAMLResponse"), &|_| {
        format!("SAMLResponse={relay}")
    })?;
    push("form-empty", form, wrong("no body"), &|_| String::new())?;
    push("form-json", "application/json", wrong("another type"), &|text| {
        format!("{{\"SAMLResponse\":\"{}\"}}", STANDARD.encode(text))
    })?;
    push("form-text", "text/plain", wrong("the body of a form as plain text"), &|text| {
        format!("{}{relay}", field(text))
    })?;
    let wrong = |explanation| -> Fault { (1, "base64", explanation) };
    push("form-letters-of-others", form, wrong("an * in the base64"), &|text| {
        format!("{}%2A{relay}", field(text))
    })?;
    push("form-url-letters", form, wrong("the alphabet of URLs"), &|text| {
        // What makes letters of that alphabet certain is a comment in front.
        let text = format!("<!-- \u{3ff}\u{3ff}\u{3ff}??>>~~ -->{text}");
        format!("SAMLResponse={}{relay}", URL_SAFE_NO_PAD.encode(text))
    })?;
    push("form-padding-within", form, wrong("two pieces of base64, each padded"), &|text| {
        let pieces = format!("{}{}", STANDARD.encode("<!---->1"), STANDARD.encode(text));
        format!("SAMLResponse={}{relay}", encoded(&pieces))
    })?;
    push("form-not-encoded", form, wrong("the message itself"), &|text| {
        format!("SAMLResponse={}{relay}", encoded(text))
    })?;
    let wrong = |explanation| -> Fault { (21, "relay state", explanation) };
    push("form-no-state", form, wrong("no RelayState"), &|text| field(text))?;
    push("form-other-state", form, wrong("a RelayState that was not given out"), &|text| {
        format!("{}&RelayState=AAAAAAAA", field(text))
    })?;
    push("form-state-is-a-url", form, wrong("a URL as RelayState"), &|text| {
        format!("{}&RelayState=https%3A%2F%2Fother.example%2F", field(text))
    })?;
    push("form-long-state", form, wrong("a RelayState of more than 80 bytes"), &|text| {
        format!("{}&RelayState={}", field(text), "a".repeat(81))
    })?;
    Ok(entries)
}
