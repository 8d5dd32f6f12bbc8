//! Requests that clients send.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

fn basic(pair: &str) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}

fn parse(
    authorization: Option<&str>,
    body: &str,
) -> Result<(ClientCredentials, TokenRequest), TokenError> {
    TokenRequest::parse(FORM, authorization, body.as_bytes())
}

#[track_caller]
fn refused(authorization: Option<&str>, body: &str) -> (&'static str, Option<&'static str>) {
    let error = parse(authorization, body).unwrap_err();
    assert_eq!(error.status(), if error.code.name() == "invalid_client" { 401 } else { 400 });
    (error.code.name(), error.www_authenticate())
}

const CODE: &str =
    "grant_type=authorization_code&code=abc&redirect_uri=https%3A%2F%2Fapp.example%2Fcb";
const INVALID_REQUEST: (&str, Option<&str>) = ("invalid_request", None);

#[test]
fn ids_05_a_code_is_redeemed() {
    let verifier = "v".repeat(43);
    let body = format!("{CODE}&client_id=c1&code_verifier={verifier}&scope=ignored&x=1&x=2");
    let (client, request) = parse(None, &body).unwrap();
    assert_eq!((client.id.as_str(), client.via), ("c1", ClientAuthentication::None));
    assert!(client.secret.is_none());
    let TokenRequest::Code { code, redirect_uri, verifier: read } = &request else {
        panic!("no code")
    };
    assert_eq!((code.expose(), redirect_uri.as_str()), ("abc", "https://app.example/cb"));
    assert_eq!(read.as_ref().map(Proof::expose), Some(verifier.as_str()));
    let printed = format!("{client:?} {request:?}");
    assert!(!printed.contains("abc") && !printed.contains("vvv"), "{printed}");
}

#[test]
fn ids_05_a_pair_is_refreshed_with_both_tokens() {
    let body =
        "grant_type=refresh_token&refresh_token=r&access_token=a&client_id=c1&client_secret=s";
    let (client, request) = parse(None, body).unwrap();
    assert_eq!((client.via, client.secret.unwrap().expose()), (ClientAuthentication::Post, "s"));
    let TokenRequest::Refresh { refresh_token, access_token } = request else {
        panic!("no refresh token")
    };
    assert_eq!((refresh_token.expose(), access_token.unwrap().expose()), ("r", "a"));
    let alone = parse(None, "grant_type=refresh_token&refresh_token=r&client_id=c1").unwrap();
    assert!(matches!(alone.1, TokenRequest::Refresh { access_token: None, .. }));
}

#[test]
fn ids_08_a_client_proves_itself_by_the_header_form_encoded() {
    for (pair, id, secret) in [
        ("c1:s", "c1", "s"),
        ("c%201:s%3A+%25%2B", "c 1", "s: %+"),
        ("c1:a:b", "c1", "a:b"),
        ("c%3A1:s", "c:1", "s"),
    ] {
        for scheme in ["Basic", "basic", "BASIC"] {
            let header = basic(pair).replace("Basic", scheme);
            let (client, _) = parse(Some(&header), CODE).unwrap();
            assert_eq!((client.id.as_str(), client.secret.unwrap().expose()), (id, secret));
            assert_eq!(client.via, ClientAuthentication::Basic);
        }
    }
    let (client, _) = parse(Some(&basic("c1:")), CODE).unwrap();
    assert!(client.secret.is_none());
    let same = format!("{CODE}&client_id=c1");
    assert_eq!(parse(Some(&basic("c1:s")), &same).unwrap().0.id, "c1");
}

#[test]
fn ids_08_a_client_that_is_not_named_or_cannot_be_read_is_challenged() {
    let challenge = Some("Basic realm=\"oauth\", charset=\"UTF-8\"");
    let long = format!("{}:s", "c".repeat(CLIENT_ID_BYTES_MAX + 1));
    for header in [
        "Bearer abc",
        "Basic",
        "Basic ",
        "",
        "Basic !!!!",
        "Basic YzE6cw=",
        "Digest username=\"c1\"",
        &basic("c1"),
        &basic(":s"),
        &basic("c1:%"),
        &basic("c1:s%0A"),
        &basic("c1:\u{e9}"),
        &basic("c1\0:s"),
        &basic(&long),
        &basic(&format!("c1:{}", "s".repeat(VALUE_BYTES_MAX))),
    ] {
        let told = ("invalid_client", challenge);
        assert_eq!(refused(Some(header), CODE), told, "{header:?}");
    }
    assert_eq!(refused(None, CODE), ("invalid_client", None));
    assert_eq!(refused(None, &format!("{CODE}&client_id=")), ("invalid_client", None));
    assert_eq!(refused(None, &format!("{CODE}&client_secret=s")), ("invalid_client", None));
    let wrong = |via| TokenError::invalid_client(via, "wrong").www_authenticate();
    assert_eq!(wrong(ClientAuthentication::Basic), challenge);
    assert_eq!(wrong(ClientAuthentication::Post), None);
}

#[test]
fn ids_08_a_client_proves_itself_in_one_way() {
    let header = basic("c1:s");
    for more in ["client_secret=s", "client_id=c1&client_secret=s", "client_id=c2"] {
        assert_eq!(refused(Some(&header), &format!("{CODE}&{more}")), INVALID_REQUEST, "{more}");
    }
    let long = "c".repeat(CLIENT_ID_BYTES_MAX + 1);
    assert_eq!(refused(None, &format!("{CODE}&client_id={long}")), INVALID_REQUEST);
}

#[test]
fn ids_05_a_form_is_whole_and_says_each_thing_once() {
    for wrong in [
        "",
        "code=abc",
        "grant_type=",
        "grant_type=authorization_code",
        "grant_type=authorization_code&code=abc",
        "grant_type=authorization_code&redirect_uri=https://app.example/",
        "grant_type=authorization_code&code=&redirect_uri=https://app.example/",
        "grant_type=refresh_token",
        "grant_type=refresh_token&refresh_token=&access_token=a",
        "grant_type=refresh_token&refresh_token=a&refresh_token=a",
        "grant_type=refresh_token&refresh_token=a&access%5Ftoken=a&access_token=b",
        "grant_type=refresh_token&grant_type=authorization_code&refresh_token=a",
        "client_id=c1&grant_type=refresh_token&refresh_token=a",
        "grant_type=refresh_token&refresh_token=a%",
        "grant_type=refresh_token&refresh_token=%C3%A9",
    ] {
        assert_eq!(refused(None, &format!("client_id=c1&{wrong}")), INVALID_REQUEST, "{wrong}");
    }
    for grant in [
        "password",
        "client_credentials",
        "implicit",
        "Refresh_Token",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
    ] {
        let body = format!("client_id=c1&grant_type={grant}&username=u&password=p");
        assert_eq!(refused(None, &body), ("unsupported_grant_type", None));
    }
    let long = "t".repeat(VALUE_BYTES_MAX + 1);
    let body = format!("client_id=c1&grant_type=refresh_token&refresh_token={long}");
    assert_eq!(refused(None, &body), INVALID_REQUEST);
    let large = format!("client_id=c1&{CODE}&x={}", "x".repeat(FORM_BYTES_MAX));
    assert_eq!(refused(None, &large), INVALID_REQUEST);
    assert_eq!(refused(None, &format!("client_id=c1&{CODE}{}", "&x".repeat(64))), INVALID_REQUEST);
}

#[test]
fn ids_05_the_media_type_is_that_of_forms() {
    let body = format!("client_id=c1&{CODE}");
    let parse = |kind: Option<&str>| TokenRequest::parse(kind, None, body.as_bytes());
    for kind in [
        "application/x-www-form-urlencoded",
        "Application/X-WWW-Form-Urlencoded",
        "application/x-www-form-urlencoded;charset=UTF-8",
        "application/x-www-form-urlencoded; charset=\"utf-8\"",
        "application/x-www-form-urlencoded ; Charset=ISO-8859-1",
    ] {
        assert!(parse(Some(kind)).is_ok(), "{kind}");
    }
    for kind in [
        "",
        "application/json",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/x-www-form-urlencoded2",
        "application/x-www-form-urlencoded, text/plain",
        "application/x-www-form-urlencoded; charset=utf-16",
        "application/x-www-form-urlencoded; charset=utf-8; charset=utf-7",
    ] {
        assert_eq!(parse(Some(kind)).unwrap_err().code, TokenErrorCode::InvalidRequest, "{kind}");
    }
    assert_eq!(parse(None).unwrap_err().code, TokenErrorCode::InvalidRequest);
}

#[test]
fn ids_05_a_token_is_asked_about_and_ended() {
    let parse = |body: &str| TokenQuery::parse(FORM, Some(&basic("c1:s")), body.as_bytes());
    let hinted = |hint: &str| parse(&format!("token=t&token_type_hint={hint}")).unwrap().1.hint;
    assert_eq!(hinted("access_token"), Some(TokenHint::Access));
    assert_eq!(hinted("refresh_token"), Some(TokenHint::Refresh));
    assert_eq!(hinted("id_token"), None);
    let (client, query) = parse("token=abc&x=1").unwrap();
    assert_eq!((client.id.as_str(), query.token.expose(), query.hint), ("c1", "abc", None));
    assert!(!format!("{query:?}").contains("abc"));
    for wrong in [
        "",
        "token=",
        "token=a&token=b",
        "token=a&token_type_hint=&token_type_hint=",
        "token=a&client_secret=s",
        "token=a&client_id=c2",
        "token=%",
    ] {
        assert_eq!(parse(wrong).unwrap_err().code, TokenErrorCode::InvalidRequest, "{wrong}");
    }
    let unnamed = TokenQuery::parse(FORM, None, b"token=a").unwrap_err();
    assert_eq!(unnamed.code, TokenErrorCode::InvalidClient);
    let other = TokenQuery::parse(Some("application/json"), None, b"{}").unwrap_err();
    assert_eq!(other.code, TokenErrorCode::InvalidRequest);
}
