//! The posted form.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::SamlReason::{Base64, Form, RelayState, TooLarge};
use super::super::{PostedResponse, SamlReason, read_form};

const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

#[track_caller]
fn taken(body: &str, xml: &[u8], relay_state: Option<&str>) {
    let relay_state = relay_state.map(str::to_owned);
    assert_eq!(
        read_form(FORM, body.as_bytes()),
        Ok(PostedResponse { xml: xml.to_vec(), relay_state })
    );
}

#[track_caller]
fn check(body: &str, reason: SamlReason) {
    assert_eq!(read_form(FORM, body.as_bytes()).map_err(|told| told.reason), Err(reason), "{body}");
}

#[test]
fn ids_03_forms_are_read() {
    taken("SAMLResponse=PGEvPg%3D%3D", b"<a/>", None);
    taken("SAMLResponse=PGEvPg==&RelayState=abcd1234", b"<a/>", Some("abcd1234"));
    taken("RelayState=&SAMLResponse=PG%0D%0AEv+Pg%3d%3D&SAMLEncoding=x&&a", b"<a/>", Some(""));
    taken("%53AMLResponse=PGEvPg==&samlresponse=x&SAMLRequest=y", b"<a/>", None);
    taken("SAMLResponse=", b"", None);
    for media in [
        "application/x-www-form-urlencoded; charset=UTF-8",
        " Application/X-WWW-Form-Urlencoded ;x",
    ] {
        assert!(read_form(Some(media), b"SAMLResponse=PGEvPg==").is_ok());
    }
    let state = "x".repeat(80);
    taken(&format!("SAMLResponse=PGEvPg==&RelayState={state}"), b"<a/>", Some(&state));
}

#[test]
fn ids_03_other_forms_are_refused() {
    for media in [
        None,
        Some(""),
        Some("multipart/form-data"),
        Some("application/xml"),
        Some("application/x-www-form-urlencodedx"),
    ] {
        let told = read_form(media, b"SAMLResponse=PGEvPg==").unwrap_err();
        assert_eq!(told.reason, Form);
    }
    for body in [
        "",
        "RelayState=x",
        "SAMLresponse=PGEvPg==",
        "SAMLResponse=PGEvPg==&SAMLResponse=PGEvPg==",
        "SAMLResponse=PGEvPg==&%53AMLResponse=PGEvPg==",
        "SAMLResponse=PGEvPg==&SAMLResponse",
        "SAMLResponse=PGEvPg==&RelayState=a&Relay%53tate=b",
        "SAMLResponse=%",
        "SAMLResponse=%4",
        "SAMLResponse=%zz",
        "%zz=1&SAMLResponse=PGEvPg==",
    ] {
        check(body, Form);
    }
    for body in [
        "SAMLResponse=PGEvPg",
        "SAMLResponse=PGEvPg=",
        "SAMLResponse=PGEvPg===",
        "SAMLResponse=PGEvPh==",
        "SAMLResponse=PGEvPg==x",
        "SAMLResponse=PGEv*g==",
        "SAMLResponse=PG-_",
        "SAMLResponse=PGEv%09Pg==",
        "SAMLResponse=%3Ca/%3E",
        "SAMLResponse=PGEvPg%253D%253D",
        "SAMLResponse=PGEvPg==%00",
        "SAMLResponse=PG==Ev",
    ] {
        check(body, Base64);
    }
    check(&format!("SAMLResponse=PGEvPg==&RelayState={}", "x".repeat(81)), RelayState);
    check("SAMLResponse=PGEvPg==&RelayState=%FF", RelayState);
    let large = format!("SAMLResponse={}", "A".repeat(256 * 1024));
    check(&large, TooLarge);
    let whole = STANDARD.encode(vec![b'x'; 190 * 1024]);
    assert!(read_form(FORM, format!("SAMLResponse={whole}").as_bytes()).is_ok());
}
