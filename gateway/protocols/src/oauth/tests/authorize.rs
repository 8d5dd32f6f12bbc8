//! Requests that browsers bring.

use super::*;

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const START: &str = "client_id=c1&redirect_uri=https%3A%2F%2Fapp.example%2Fcb";

fn parse(query: &str) -> Result<AuthorizeRequest, AuthorizeRefused> {
    AuthorizeRequest::parse(query.as_bytes())
}

#[track_caller]
fn demanded(more: &str, is_challenge_required: bool) -> Result<Demand, AuthorizeErrorCode> {
    let request = parse(&format!("{START}&{more}")).unwrap();
    request.demand(is_challenge_required).map_err(|(code, _)| code)
}

#[test]
fn ids_05_a_request_for_a_code_is_read() {
    let query = format!(
        "response_type=code&{START}&state=aHR0cHM6Ly9h%2B%2F%3D%3D&scope=a+b%20c&code_challenge={CHALLENGE}\
         &code_challenge_method=S256&ui_locales=de&nonce=1&nonce=2&empty"
    );
    let request = parse(&query).unwrap();
    let read = AuthorizeRequest {
        client_id: "c1".to_owned(),
        redirect_uri: "https://app.example/cb".to_owned(),
        state: Some("aHR0cHM6Ly9h+/==".to_owned()),
        response_type: Some("code".to_owned()),
        scope: Some("a b c".to_owned()),
        code_challenge: Some(CHALLENGE.to_owned()),
        code_challenge_method: Some("S256".to_owned()),
    };
    assert_eq!(request, read);
    assert_eq!(request.demand(true), Ok(Demand { challenge: Some(CHALLENGE.to_owned()) }));
    let plain = parse(&format!("{START}&response_type=code")).unwrap();
    assert_eq!(plain.demand(false), Ok(Demand { challenge: None }));
    assert_eq!(plain.state, None);
}

#[test]
fn ids_08_before_client_and_redirect_are_known_nothing_is_redirected() {
    for query in
        ["", "client_id=&redirect_uri=https://a.example/", "redirect_uri=https://a.example/"]
    {
        assert_eq!(parse(query), Err(AuthorizeRefused::Client), "{query}");
    }
    let long = "c".repeat(CLIENT_ID_BYTES_MAX + 1);
    let query = format!("client_id={long}&redirect_uri=https://a.example/");
    assert_eq!(parse(&query), Err(AuthorizeRefused::Client));
    let long = "c".repeat(REDIRECT_URL_BYTES_MAX + 1);
    for query in
        ["client_id=c", "client_id=c&redirect_uri=", &format!("client_id=c&redirect_uri={long}")]
    {
        assert_eq!(parse(query), Err(AuthorizeRefused::RedirectUri), "{query}");
    }
    assert_eq!(AuthorizeRefused::Client.name(), "invalid_client");
    assert_eq!(AuthorizeRefused::RedirectUri.name(), "invalid_redirectUri");
}

#[test]
fn ids_05_a_parameter_of_ours_stands_there_once() {
    let refused = |query: &str| match parse(query) {
        Err(AuthorizeRefused::Request(why)) => why,
        other => panic!("{query}: {other:?}"),
    };
    for (name, again) in [
        ("client_id", "client_id=c1"),
        ("client_id", "client%5Fid=c1"),
        ("client_id", "client_id"),
        ("redirect_uri", "redirect_uri=https%3A%2F%2Fapp.example%2Fcb"),
        ("redirect_uri", "%72edirect_uri=https://evil.example/"),
        ("state", "state=a&state=b"),
        ("state", "state=&state="),
        ("response_type", "response_type=code&response_type=token"),
        ("scope", "scope=a&scope=a"),
        ("code_challenge", "code_challenge=a&code_challenge="),
        ("code_challenge_method", "code_challenge_method=S256&code_challenge_method=plain"),
    ] {
        assert_eq!(refused(&format!("{START}&{again}")), format!("{name} is there more than once"));
    }
    for wrong in ["state=%", "state=%4", "state=%zz", "%=1", "other=%+1"] {
        let why = refused(&format!("{START}&{wrong}"));
        assert_eq!(why, "a parameter is not percent-encoded rightly", "{wrong}");
    }
    for wrong in
        ["state=a%00", "state=%0D%0ASet-Cookie", "state=%C3%A9", "state=%ff", "state=\u{e9}"]
    {
        let why = refused(&format!("{START}&{wrong}"));
        assert_eq!(why, "state is too long or not of printable ASCII", "{wrong}");
    }
}

#[test]
fn ids_05_a_request_is_bounded() {
    let state = |bytes: usize| format!("{START}&state={}", "s".repeat(bytes));
    assert!(parse(&state(STATE_BYTES_MAX)).is_ok());
    let too_long =
        AuthorizeRefused::Request("state is too long or not of printable ASCII".to_owned());
    assert_eq!(parse(&state(STATE_BYTES_MAX + 1)), Err(too_long));
    let scope = |bytes: usize| format!("{START}&scope={}", "s".repeat(bytes));
    assert!(parse(&scope(VALUE_BYTES_MAX)).is_ok());
    assert!(parse(&scope(VALUE_BYTES_MAX + 1)).is_err());
    let others = |count: usize| format!("{START}{}", "&x=1".repeat(count));
    assert!(parse(&others(PARAMETERS_MAX - 2)).is_ok());
    let large = Err(AuthorizeRefused::Request("the request is too long".to_owned()));
    assert_eq!(parse(&others(PARAMETERS_MAX - 1)), large);
    let other = |bytes: usize| format!("{START}&x={}", "x".repeat(bytes - START.len() - 3));
    assert!(parse(&other(FORM_BYTES_MAX)).is_ok());
    assert_eq!(parse(&other(FORM_BYTES_MAX + 1)), large);
}

#[test]
fn ids_05_only_codes_are_given() {
    use AuthorizeErrorCode::*;
    for other in ["token", "id_token", "code+token", "Code", "none", "code%20"] {
        let more = format!("response_type={other}");
        assert_eq!(demanded(&more, false), Err(UnsupportedResponseType), "{other}");
    }
    assert_eq!(demanded("", false), Err(InvalidRequest));
    assert_eq!(demanded("response_type=", false), Err(InvalidRequest));
    for scope in ["%22", "%5C", "+a", "a+", "a++b", "+"] {
        let more = format!("response_type=code&scope={scope}");
        assert_eq!(demanded(&more, false), Err(InvalidScope), "{scope}");
    }
    let codes = [
        (InvalidRequest, "invalid_request"),
        (UnauthorizedClient, "unauthorized_client"),
        (AccessDenied, "access_denied"),
        (UnsupportedResponseType, "unsupported_response_type"),
        (InvalidScope, "invalid_scope"),
        (ServerError, "server_error"),
        (TemporarilyUnavailable, "temporarily_unavailable"),
    ];
    assert!(codes.iter().all(|(code, name)| code.name() == *name));
}

#[test]
fn ids_05_a_challenge_is_of_s256_wherever_one_is_sent() {
    let refused = Err(AuthorizeErrorCode::InvalidRequest);
    assert_eq!(demanded("response_type=code", true), refused);
    for more in [
        format!("code_challenge={CHALLENGE}"),
        format!("code_challenge={CHALLENGE}&code_challenge_method="),
        format!("code_challenge={CHALLENGE}&code_challenge_method=plain"),
        format!("code_challenge={CHALLENGE}&code_challenge_method=s256"),
        format!("code_challenge={CHALLENGE}a&code_challenge_method=S256"),
        "code_challenge=short&code_challenge_method=S256".to_owned(),
        "code_challenge=&code_challenge_method=S256".to_owned(),
        "code_challenge_method=S256".to_owned(),
        "code_challenge_method=plain".to_owned(),
    ] {
        for is_required in [true, false] {
            let more = format!("response_type=code&{more}");
            assert_eq!(demanded(&more, is_required), refused, "{more}");
        }
    }
}
