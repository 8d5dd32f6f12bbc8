//! The crate `oauth2` as an application: it takes a sign-on's code and does with the tokens what one can do.
//!
//! Takes the JSON that `conformance/live/identity/run.py` gives its other clients, on standard input, and prints one line
//! a step. `curl` carries its requests, so that no second HTTP library is needed.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use oauth2::basic::BasicClient;
use oauth2::http::{Response, StatusCode, header::CONTENT_TYPE};
use oauth2::{
    AccessToken, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest,
    HttpResponse, IntrospectionUrl, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken,
    RequestTokenError, RevocationUrl, StandardRevocableToken, TokenIntrospectionResponse as _,
    TokenResponse as _, TokenUrl,
};
use serde_json::{Value, json};

/// A request could not be carried.
#[derive(Debug)]
struct Uncarried(String);

impl std::fmt::Display for Uncarried {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Uncarried {}

/// Makes the journey; what it tells of it.
pub(crate) fn journey() -> Result<(String, bool), String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| error.to_string())?;
    let given: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let mut told = String::new();
    match steps(&given, &mut told) {
        Ok(()) => Ok((told, true)),
        Err(problem) => Ok((format!("{told}failed {problem}\n"), false)),
    }
}

fn steps(given: &Value, told: &mut String) -> Result<(), String> {
    let text = |pointer: &str| {
        let found = given.pointer(pointer).and_then(Value::as_str);
        found.map(str::to_owned).ok_or_else(|| format!("{pointer} is not given"))
    };
    let authority = text("/authority")?;
    let http = |request: HttpRequest| carry(&authority, &request);
    let issuer = text("/issuer")?;
    let place = format!("{issuer}/.well-known/oauth-authorization-server");
    let metadata = curl(&authority, &format!("url = {}\n", json!(place)))?;
    let metadata: Value = serde_json::from_slice(&metadata.1).map_err(|error| error.to_string())?;
    let at = |name: &str| {
        let found = metadata.get(name).and_then(Value::as_str);
        found.map(str::to_owned).ok_or_else(|| format!("{name} is not in the metadata"))
    };
    let unread = |error: &dyn std::fmt::Display| error.to_string();
    let redirect = text("/client/redirect")?;
    let mut client = BasicClient::new(ClientId::new(text("/client/id")?))
        .set_auth_uri(AuthUrl::new(at("authorization_endpoint")?).map_err(|it| unread(&it))?)
        .set_token_uri(TokenUrl::new(at("token_endpoint")?).map_err(|it| unread(&it))?)
        .set_introspection_url(
            IntrospectionUrl::new(at("introspection_endpoint")?).map_err(|it| unread(&it))?,
        )
        .set_revocation_url(
            RevocationUrl::new(at("revocation_endpoint")?).map_err(|it| unread(&it))?,
        )
        .set_redirect_uri(RedirectUrl::new(redirect.clone()).map_err(|it| unread(&it))?);
    if let Ok(secret) = text("/client/secret") {
        client = client.set_client_secret(ClientSecret::new(secret));
    }
    let begin = || -> Result<(String, PkceCodeVerifier), String> {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let asked = client.authorize_url(CsrfToken::new_random).set_pkce_challenge(challenge);
        let (url, state) = asked.url();
        let back = browse(given, url.as_str(), &redirect)?;
        let parameter = |name: &str| {
            let pairs = back.query_pairs();
            let found = pairs.into_iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.into_owned()).ok_or_else(|| format!("no {name} came back"))
        };
        demand(parameter("state")? == *state.secret(), "the state came back changed")?;
        demand(parameter("iss")? == issuer, "another issuer answered")?;
        Ok((parameter("code")?, verifier))
    };
    let mut done = |what: &str| {
        *told += &format!("ok {what}\n");
    };

    let (code, verifier) = begin()?;
    let tokens = client
        .exchange_code(AuthorizationCode::new(code.clone()))
        .set_pkce_verifier(verifier)
        .request(&http)
        .map_err(|error| format!("the code: {error}"))?;
    demand(tokens.expires_in().is_some_and(|it| it.as_secs() > 0), "the token never ends")?;
    done("a code becomes tokens");

    let (other, _) = begin()?;
    let wrong = PkceCodeVerifier::new("x".repeat(64));
    let refused =
        client.exchange_code(AuthorizationCode::new(other)).set_pkce_verifier(wrong).request(&http);
    demand(is_invalid_grant(&refused), "another verifier is taken")?;
    done("another verifier is refused");

    let refresh = tokens.refresh_token().ok_or("no refresh token came")?.clone();
    let both = text("/refresh")? == "with_access_token";
    let next = |refresh: &RefreshToken, access: &AccessToken| {
        let asked = client.exchange_refresh_token(refresh);
        let asked = match both {
            true => asked.add_extra_param("access_token", access.secret().clone()),
            false => asked,
        };
        asked.request(&http)
    };
    let second =
        next(&refresh, tokens.access_token()).map_err(|error| format!("refresh: {error}"))?;
    let newer = second.refresh_token().ok_or("no next refresh token came")?.clone();
    demand(newer.secret() != refresh.secret(), "the refresh token stays the same")?;
    done("a refresh gives the next pair");

    if given.get("introspects").and_then(Value::as_bool) == Some(true) {
        let found = client
            .introspect(second.access_token())
            .request(&http)
            .map_err(|error| format!("introspection: {error}"))?;
        demand(found.active(), "a good token is inactive")?;
        done("introspection knows the token");
    }
    client
        .revoke_token(StandardRevocableToken::RefreshToken(newer.clone()))
        .map_err(|error| error.to_string())?
        .request(&http)
        .map_err(|error| format!("revocation: {error}"))?;
    demand(is_invalid_grant(&next(&newer, second.access_token())), "a revoked token is taken")?;
    done("what is revoked is refused");

    let again = client.exchange_code(AuthorizationCode::new(code)).request(&http);
    demand(is_invalid_grant(&again), "a code is taken twice")?;
    done("a code is taken once");
    Ok(())
}

type Answered<T> = Result<
    T,
    RequestTokenError<
        Uncarried,
        oauth2::StandardErrorResponse<oauth2::basic::BasicErrorResponseType>,
    >,
>;

fn is_invalid_grant<T>(answered: &Answered<T>) -> bool {
    matches!(answered, Err(RequestTokenError::ServerResponse(told))
        if *told.error() == oauth2::basic::BasicErrorResponseType::InvalidGrant)
}

fn demand(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

/// Where the browser is called back to.
fn browse(given: &Value, url: &str, stop: &str) -> Result<oauth2::url::Url, String> {
    let program: Vec<String> = given
        .get("browser")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|part| part.as_str().map(str::to_owned))
        .collect();
    let (name, arguments) = program.split_first().ok_or("no browser is given")?;
    let mut asked = json!({"url": url, "stop": stop});
    for name in ["authorities", "cookies", "user", "password"] {
        if let (Some(asked), Some(value)) = (asked.as_object_mut(), given.get(name)) {
            asked.insert(name.to_owned(), value.clone());
        }
    }
    let answer = fed(Command::new(name).args(arguments), &asked.to_string())?;
    let answer: Value = serde_json::from_slice(&answer).map_err(|error| error.to_string())?;
    demand(answer.get("stopped").and_then(Value::as_str) == Some("there"), &answer.to_string())?;
    let back = answer.get("url").and_then(Value::as_str).unwrap_or_default();
    back.parse().map_err(|error| format!("{back}: {error}"))
}

fn carry(authority: &str, request: &HttpRequest) -> Result<HttpResponse, Uncarried> {
    let mut asked = format!("url = {}\n", json!(request.uri().to_string()));
    asked += &format!("request = {}\n", json!(request.method().as_str()));
    for (name, value) in request.headers() {
        let value = value.to_str().map_err(|error| Uncarried(error.to_string()))?;
        asked += &format!("header = {}\n", json!(format!("{name}: {value}")));
    }
    let body = String::from_utf8_lossy(request.body());
    asked += &format!("data-raw = {}\n", json!(body));
    let (status, body, media_type) = curl(authority, &asked).map_err(Uncarried)?;
    let status = StatusCode::from_u16(status).map_err(|error| Uncarried(error.to_string()))?;
    let answer = Response::builder().status(status).header(CONTENT_TYPE, media_type).body(body);
    answer.map_err(|error| Uncarried(error.to_string()))
}

/// Status, body and media type. What is asked goes by standard input, where nobody else reads it.
fn curl(authority: &str, asked: &str) -> Result<(u16, Vec<u8>, String), String> {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--max-time", "20", "--cacert", authority]);
    command.args(["--write-out", "\n%{http_code} %{content_type}", "--config", "-"]);
    let mut answer = fed(&mut command, asked)?;
    let end = answer.iter().rposition(|byte| *byte == b'\n').ok_or("curl tells no status")?;
    let line = String::from_utf8_lossy(&answer.split_off(end)).trim().to_owned();
    let (status, media_type) = line.split_once(' ').unwrap_or((&line, ""));
    let status = status.parse().map_err(|_| format!("{line} is no status"))?;
    Ok((status, answer, media_type.to_owned()))
}

/// What a program prints that is given that.
fn fed(command: &mut Command, input: &str) -> Result<Vec<u8>, String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).map_err(|error| error.to_string())?;
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}
