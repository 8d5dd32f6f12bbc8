//! Typed values.

use crate::sip::{
    CSeq, Contacts, Headers, MediaType, Message, Method, Name, NameAddress, StartLine, Text, Uri,
    Value, Via,
};

/// The first byte chooses a field, the rest is its value. Whatever is read is printed and then read as the same;
/// nothing that is asked of a message panics, or gives a text with a control character.
pub fn fuzz_headers(data: &[u8]) {
    let Some((&choice, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let Ok(value) = Value::new(text.trim_matches([' ', '\t'])) else { return };
    let names = [
        Name::VIA,
        Name::FROM,
        Name::TO,
        Name::CONTACT,
        Name::ROUTE,
        Name::CSEQ,
        Name::EXPIRES,
        Name::MAX_FORWARDS,
        Name::CONTENT_TYPE,
        Name::EVENT,
        Name::SUBSCRIPTION_STATE,
        Name::REQUIRE,
        Name::REFER_TO,
        Name::RETRY_AFTER,
    ];
    let name = names.get(usize::from(choice) % names.len()).cloned().unwrap_or(Name::VIA);
    let mut headers = Headers::default();
    headers.push(name, value);
    let start =
        StartLine::Request { method: Method::Options, uri: Text::from_static("sip:a@b.example") };
    ask_everything(&Message { start, headers, body: bytes::Bytes::new() });
    if let Ok(uri) = Uri::parse(text) {
        check_uri(&uri);
    }
}

/// Asks a message for all it has.
pub(super) fn ask_everything(message: &Message) {
    for via in message.vias().into_iter().flatten() {
        check_via(&via);
    }
    let _ = message.top_via();
    for address in [message.from(), message.to()].into_iter().flatten() {
        check_address(&address);
    }
    if let Ok(Contacts::List(contacts)) = message.contacts() {
        contacts.iter().for_each(check_address);
    }
    for name in [Name::ROUTE, Name::RECORD_ROUTE, Name::PATH, Name::SERVICE_ROUTE] {
        message.routes(&name).into_iter().flatten().for_each(|route| check_address(&route));
    }
    if let Ok(cseq) = message.cseq() {
        assert!(cseq.number <= CSeq::NUMBER_MAX, "a number is out of range");
        let printed = cseq.value().map(|value| value.as_str().to_owned());
        assert!(printed.is_ok_and(|printed| CSeq::read(&printed) == Ok(cseq)), "a CSeq changed");
    }
    if let Some(media) = message.content_type() {
        let printed = Text::from(media.to_string());
        assert_eq!(MediaType::read(&printed), Some(media), "a media type changed");
    }
    for name in [Name::REQUIRE, Name::SUPPORTED, Name::ALLOW] {
        assert!(message.tokens(&name).iter().all(|token| !token.is_empty()), "an empty token");
    }
    let _ = (message.expires(), message.retry_after());
    let _ = (message.event(), message.subscription_state(), message.refer_to());
    if let Some(Ok(uri)) = message.request_uri().map(Uri::read) {
        check_uri(&uri);
    }
}

fn check_via(via: &Via) {
    let printed = Text::from(via.to_string());
    assert_eq!(Via::read(&printed, &printed).as_ref(), Ok(via), "a Via changed");
}

fn check_address(address: &NameAddress) {
    check_uri(&address.uri);
    let printed = address.to_string();
    assert_eq!(NameAddress::parse(&printed).as_ref(), Ok(address), "an address changed");
}

fn check_uri(uri: &Uri) {
    assert_eq!(Uri::parse(uri.as_str()).as_ref(), Ok(uri), "a URI changed");
    assert!(uri.matches(uri), "a URI does not match itself");
    assert_eq!(uri.aor().is_some(), uri.is_sip(), "an address of record of another scheme");
    if let Some(aor) = uri.aor() {
        let canonical = Uri::parse(&aor).ok().and_then(|uri| uri.aor());
        assert_eq!(canonical.as_deref(), Some(aor.as_str()), "an address of record has two forms");
    }
}
