//! What is answered to whole requests, without sockets.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use domain::{Principal, Proof, Role, Secret, Timestamp};
use engine::surface::{Callers, Readiness, Request, ResponsePolicy, Route, Surface};
use engine::testing::{ManualClock, OpenAdmission, PlainAuthenticator};
use engine::{Admission, Applicant, Attempt, AuthenticationRefusal, Authenticator, Metrics};
use http::header::{ALLOW, AUTHORIZATION, HOST, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tokio::sync::watch;

use super::proofs::{NotProven, PasswordTry};
use super::*;
use crate::config::Config;
use crate::log::LineLimit;

mod headset;
mod pieces;

/// Answers with what it was asked, or misbehaves.
pub(crate) struct Echo {
    pub(crate) name: &'static str,
    pub(crate) paths: &'static [(&'static str, &'static [Method])],
}

#[async_trait]
impl Surface for Echo {
    fn name(&self) -> &'static str {
        self.name
    }

    fn routes(self: Arc<Self>) -> Vec<Route> {
        let route = |(path, methods): &(&'static str, &'static [Method])| Route {
            listener: "phone",
            path,
            methods,
            callers: match *path {
                "/agents" | "/agents-change" | "/agents-news/{sort}" => {
                    Callers::Roles(&[Role::Agent])
                }
                "/administrators" => Callers::Roles(&[Role::Administrator]),
                _ => Callers::Anyone,
            },
            body_bytes_max: 16,
            policy: match *path {
                path if path.starts_with("/phone") || path.starts_with("/fippa") => {
                    ResponsePolicy::Phone
                }
                _ => ResponsePolicy::Browser,
            },
            handler: match *path {
                "/pieces/{sort}" | "/agents-news/{sort}" => Route::pieces(pieces::answer),
                _ => Route::handler(echo),
            },
        };
        self.paths.iter().map(route).collect()
    }

    fn readiness(&self) -> Readiness {
        Readiness::Ready
    }

    async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let _ = stop.wait_for(|stop| *stop).await;
    }
}

pub(crate) const PATHS: &[(&str, &[Method])] = &[
    ("/echo/{word}", &[Method::GET, Method::POST]),
    ("/panic", &[Method::GET]),
    ("/slow", &[Method::GET]),
    ("/agents", &[Method::GET]),
    ("/agents-change", &[Method::POST]),
    ("/administrators", &[Method::GET]),
    ("/phone/{word}", &[Method::GET, Method::POST]),
    ("/phone-panic", &[Method::GET]),
    ("/phone-slow", &[Method::GET]),
    ("/post", &[Method::POST]),
    ("/pieces/{sort}", &[Method::GET]),
    ("/agents-news/{sort}", &[Method::GET]),
    ("/fippa/s/{token}/{page}", &[Method::GET, Method::POST]),
];

async fn echo(request: Request) -> Response<Bytes> {
    match request.uri.path() {
        "/panic" | "/phone-panic" | "/fippa/s/t/panic" => panic!("as asked"),
        "/slow" | "/phone-slow" | "/fippa/s/t/slow" => std::future::pending::<()>().await,
        _ => {}
    }
    let word = request.parameters.get("word").cloned().unwrap_or_default();
    let who = request.principal.map(|principal| principal.who).unwrap_or_default();
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let (method, peer) = (request.method, request.peer);
    let text = format!("{method} {word} {body} {who} {} {}", peer.address, peer.base);
    Response::new(Bytes::from(text))
}

/// Knows the cookie `good` and the token `good`, both of the agent 1001.
#[derive(Default)]
struct Shown {
    tried: Mutex<Vec<Tried>>,
    /// How often it was asked again, and what it says to that once.
    looks: Mutex<u32>,
    after: Mutex<Option<Result<Principal, NotProven>>>,
}

/// For which account, at which surface, and why it was refused.
type Tried = (String, &'static str, Option<&'static str>);

#[async_trait]
impl Proofs for Shown {
    async fn of_cookie(&self, cookie: &Secret) -> Result<Principal, NotProven> {
        match cookie.expose() {
            "good" => Ok(agent("1001".to_owned(), Proof::Cookie)),
            "away" => Err(NotProven::Unavailable),
            _ => Err(NotProven::Nobody),
        }
    }

    async fn of_token(&self, token: &Secret) -> Result<Principal, NotProven> {
        match token.expose() {
            "good" => Ok(agent("1001".to_owned(), Proof::Bearer)),
            _ => Err(NotProven::Nobody),
        }
    }

    async fn again(
        &self,
        shown: &proofs::Shown,
        principal: &Principal,
    ) -> Result<Principal, NotProven> {
        *self.looks.lock().unwrap() += 1;
        match self.after.lock().unwrap().take() {
            Some(other) => other,
            None => match shown {
                proofs::Shown::Password(credential) if credential.is_none() => {
                    Err(NotProven::Nobody)
                }
                _ => Ok(principal.clone()),
            },
        }
    }

    fn credential(&self, principal: &Principal) -> Option<String> {
        Some(principal.who.clone())
    }

    fn refuses_passwords(&self, _: &str) -> Option<&'static str> {
        None
    }

    fn may_be_framed(&self) -> bool {
        true
    }

    fn wants_more_than_password(&self, principal: &Principal) -> Option<&'static str> {
        (principal.who == "1002").then_some("a second factor is asked for")
    }

    async fn tell(&self, tried: PasswordTry<'_>) {
        let PasswordTry { account, surface, refused, .. } = tried;
        self.tried.lock().unwrap().push((account.to_owned(), surface, refused));
    }
}

fn agent(who: String, how: Proof) -> Principal {
    Principal {
        who,
        roles: vec![Role::Agent],
        how,
        session: None,
        identity: None,
        teams: Vec::new(),
    }
}

/// Knows the agent 1001 with the password `right`; others are what their name says.
struct Known;

#[async_trait]
impl Authenticator for Known {
    async fn authenticate(&self, attempt: Attempt) -> Result<Principal, AuthenticationRefusal> {
        match (attempt.account.as_str(), attempt.password.expose()) {
            ("1001" | "1002", "right") => Ok(agent(attempt.account, Proof::Password)),
            ("locked", _) => Err(AuthenticationRefusal::Locked { until: Timestamp::default() }),
            ("busy", _) => Err(AuthenticationRefusal::Busy { retry_seconds: 5 }),
            ("away", _) => Err(AuthenticationRefusal::Unavailable),
            _ => Err(AuthenticationRefusal::Wrong),
        }
    }

    async fn admit(&self, _: Applicant) -> Result<Box<dyn Admission>, AuthenticationRefusal> {
        Ok(Box::new(OpenAdmission))
    }

    async fn verify(
        &self,
        password: &Secret,
        hash: Option<&str>,
    ) -> Result<bool, AuthenticationRefusal> {
        PlainAuthenticator.verify(password, hash).await
    }

    async fn hash(&self, password: &Secret) -> Option<String> {
        PlainAuthenticator.hash(password).await
    }
}

/// A configuration with the given limits, for tests of what is above files.
pub(crate) fn config(limits: serde_json::Value) -> Config {
    let value = serde_json::json!({
        "name": "gw-a.example",
        "state_directory": "/nowhere",
        "trusted_proxies": ["10.0.0.0/8"],
        "limits": limits,
    });
    Config::read(value, std::path::Path::new("/")).unwrap()
}

/// A site that answers [`PATHS`].
pub(crate) fn site(config: &Config, metrics: &Metrics) -> Arc<Site> {
    site_with(config, metrics, Arc::new(Shown::default()))
}

fn site_with(config: &Config, metrics: &Metrics, proofs: Arc<dyn Proofs>) -> Arc<Site> {
    let http = HttpMetrics::new(metrics, LineLimit::default());
    let surface: Arc<dyn Surface> = Arc::new(Echo { name: "echo", paths: PATHS });
    let mut tables = route_tables(&[surface], &["phone"], &http).unwrap();
    Arc::new(Site {
        listener: "phone",
        routes: tables.remove("phone").unwrap(),
        base: config.phone.base(),
        proxies: Proxies::configured(config),
        limits: config.limits,
        authenticator: Arc::new(Known),
        proofs,
        clock: Arc::new(ManualClock::new(Timestamp::from_seconds(1))),
        metrics: http,
    })
}

fn request(method: Method, target: &str) -> http::Request<Full<Bytes>> {
    http::Request::builder()
        .method(method)
        .uri(target)
        .header(HOST, "gw-a.example:8445")
        .body(Full::default())
        .unwrap()
}

async fn answer(request: http::Request<Full<Bytes>>) -> Response<Bytes> {
    let config = config(serde_json::json!({"request_seconds": 1}));
    let from: IpAddr = "192.0.2.1".parse().unwrap();
    whole(site(&config, &Metrics::new()).answer(from, request).await).await
}

/// The answer with all of its body.
async fn whole(answer: Response<Outgoing>) -> Response<Bytes> {
    let (parts, body) = answer.into_parts();
    Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
}

/// Asks, and compares the status and a part of the text.
#[track_caller]
fn check(request: http::Request<Full<Bytes>>, status: u16, part: &str) -> Response<Bytes> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let answer = runtime.unwrap().block_on(answer(request));
    let text = String::from_utf8_lossy(answer.body()).into_owned();
    assert_eq!(answer.status().as_u16(), status, "{text}");
    assert!(text.contains(part), "{text:?} without {part:?}");
    answer
}

#[test]
fn a_route_gets_the_whole_request() {
    let mut post = request(Method::POST, "/echo/a%20b?query=1");
    *post.body_mut() = Full::from("some body");
    check(post, 200, "POST a b some body  192.0.2.1 https://gw-a.example:8445");
    check(request(Method::HEAD, "/echo/x"), 200, "HEAD x");
}

#[test]
fn what_nothing_answers_is_told_with_a_reference() {
    for target in ["/", "/echo", "/echo/", "/echo/a/b", "/ECHO/a", "/echo/../panic", "//echo/a"] {
        check(request(Method::GET, target), 404, "reference ");
    }
    let answer = check(request(Method::DELETE, "/echo/x"), 405, "reference ");
    assert_eq!(answer.headers()[ALLOW], "GET, HEAD, POST");
    let answer = check(request(Method::GET, "/post"), 405, "");
    assert_eq!(answer.headers()[ALLOW], "POST");
}

#[test]
fn parameters_that_are_no_plain_text_are_refused() {
    for bad in ["/echo/%00", "/echo/a%0d%0aSet-Cookie:x", "/echo/%ff", "/echo/%7f"] {
        check(request(Method::GET, bad), 400, "reference ");
    }
    check(request(Method::GET, "/echo/a%2fb"), 200, "GET a/b");
    check(request(Method::GET, "/echo/%e4"), 400, "");
}

#[test]
fn ops_06_a_cookie_or_token_proves_and_a_change_needs_a_page_of_ours() {
    use http::header::{COOKIE, ORIGIN};
    let with = |method: Method, fields: &[(HeaderName, &'static str)]| {
        let target = if method == Method::GET { "/agents" } else { "/agents-change" };
        let mut request = request(method, target);
        for (name, value) in fields {
            request.headers_mut().append(name.clone(), HeaderValue::from_static(value));
        }
        request
    };
    let (get, post) = (Method::GET, Method::POST);
    check(with(get.clone(), &[(COOKIE, "__Host-jackfield=good")]), 200, "1001");
    check(with(get.clone(), &[(COOKIE, "__Host-jackfield=bad")]), 401, "");
    check(with(get.clone(), &[(COOKIE, "__Host-jackfield=away")]), 503, "");
    check(with(get.clone(), &[(AUTHORIZATION, "Bearer good")]), 200, "1001");
    check(with(get.clone(), &[(AUTHORIZATION, "Bearer bad")]), 401, "");
    // What is shown beside a cookie is what counts, also where it is not understood.
    let both = [(COOKIE, "__Host-jackfield=good"), (AUTHORIZATION, "Digest x")];
    check(with(get, &both), 401, "");
    check(with(post.clone(), &[(COOKIE, "__Host-jackfield=good")]), 403, "page of this gateway");
    let own = (ORIGIN, "https://gw-a.example:8445");
    check(with(post.clone(), &[(COOKIE, "__Host-jackfield=good"), own]), 200, "1001");
    let other = (ORIGIN, "https://evil.example");
    check(with(post.clone(), &[(COOKIE, "__Host-jackfield=good"), other]), 403, "");
    check(with(post, &[(AUTHORIZATION, "Bearer good")]), 200, "1001");
}

#[test]
fn ops_06_a_password_alone_opens_no_account_with_a_second_factor() {
    let mut get = request(Method::GET, "/agents");
    let basic = HeaderValue::from_static("Basic MTAwMjpyaWdodA==");
    get.headers_mut().insert(AUTHORIZATION, basic);
    check(get, 403, "second factor");
}

#[test]
fn what_could_be_read_in_two_ways_is_refused() {
    let with = |fields: &[(&'static str, &'static str)]| {
        let mut request = request(Method::POST, "/echo/x");
        for (name, value) in fields {
            let (name, value) = (HeaderName::from_static(name), HeaderValue::from_static(value));
            request.headers_mut().append(name, value);
        }
        request
    };
    check(with(&[("host", "other.example")]), 400, "one Host");
    check(with(&[("transfer-encoding", "chunked")]), 411, "Content-Length");
    check(with(&[("transfer-encoding", "chunked"), ("content-length", "3")]), 411, "");
    check(with(&[("content-length", "3"), ("content-length", "3")]), 400, "one Content-Length");
    let mut without = request(Method::GET, "/echo/x");
    without.headers_mut().remove(HOST);
    check(without, 400, "one Host");
    let mut old = request(Method::GET, "/echo/x");
    old.headers_mut().remove(HOST);
    *old.version_mut() = http::Version::HTTP_10;
    check(old, 200, "GET x");
}

#[test]
fn bodies_and_targets_are_bounded() {
    let body = |length: usize, announced: Option<&str>| {
        let mut request = request(Method::POST, "/echo/x");
        *request.body_mut() = Full::from(vec![b'a'; length]);
        if let Some(announced) = announced {
            let announced = HeaderValue::from_str(announced).unwrap();
            request.headers_mut().insert("content-length", announced);
        }
        request
    };
    check(body(16, None), 200, "aaaaaaaaaaaaaaaa");
    check(body(17, None), 413, "at most 16 bytes");
    let answer = check(body(0, Some("17")), 413, "at most 16 bytes");
    assert_eq!(answer.headers()["connection"], "close");
    check(body(0, Some("18446744073709551616")), 413, "");
    let long = format!("/echo/{}", "a".repeat(4_090));
    check(request(Method::GET, &long), 200, "GET aaa");
    check(request(Method::GET, &format!("{long}a")), 414, "");
    check(request(Method::GET, &format!("/echo/a?{}", "a".repeat(4_096))), 414, "");
}

#[test]
fn a_handler_that_breaks_or_hangs_costs_its_own_request() {
    check(request(Method::GET, "/panic"), 500, "reference ");
    check(request(Method::GET, "/slow"), 503, "reference ");
}

#[test]
fn a_route_for_roles_wants_a_proven_caller() {
    let with = |path: &str, credentials: &str| {
        let mut request = request(Method::GET, path);
        let value = HeaderValue::from_str(credentials).unwrap();
        request.headers_mut().insert(AUTHORIZATION, value);
        request
    };
    let basic = |pair: &str| {
        use base64::Engine as _;
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
    };
    check(with("/agents", &basic("1001:right")), 200, " 1001 ");
    let answer = check(request(Method::GET, "/agents"), 401, "sign in first");
    assert!(answer.headers()[WWW_AUTHENTICATE].to_str().unwrap().starts_with("Basic realm="));
    check(with("/agents", &basic("1001:wrong")), 401, "");
    check(with("/agents", "Bearer right"), 401, "");
    check(with("/administrators", &basic("1001:right")), 403, "role");
    check(with("/agents", &basic("locked:x")), 403, "locked");
    let answer = check(with("/agents", &basic("busy:x")), 429, "5 s");
    assert_eq!(answer.headers()[RETRY_AFTER], "5");
    check(with("/agents", &basic("away:x")), 503, "");
}

#[tokio::test]
async fn ops_02_what_comes_of_a_password_is_told() {
    let shown = Arc::new(Shown::default());
    let config = config(serde_json::json!({}));
    let proofs: Arc<dyn Proofs> = shown.clone();
    let site = site_with(&config, &Metrics::new(), proofs);
    for pair in ["1001:right", "1001:wrong", "1002:right", "locked:x", "busy:x", "away:x"] {
        use base64::Engine as _;
        let pair = base64::engine::general_purpose::STANDARD.encode(pair);
        let mut request = request(Method::GET, "/agents");
        let value = HeaderValue::from_str(&format!("Basic {pair}")).unwrap();
        request.headers_mut().insert(AUTHORIZATION, value);
        site.answer("192.0.2.1".parse::<IpAddr>().unwrap(), request).await;
    }
    let told = shown.tried.lock().unwrap().clone();
    let told: Vec<_> = told.iter().map(|(who, _, why)| (who.as_str(), *why)).collect();
    let expected = [
        ("1001", None),
        ("1001", Some("wrong")),
        ("1002", Some("one_time_needed")),
        ("locked", Some("locked")),
    ];
    assert_eq!(told, expected);
}

#[test]
fn phones_get_no_headers_they_do_not_know() {
    let answer = check(request(Method::GET, "/phone/x"), 200, "");
    assert!(answer.headers().is_empty(), "{:?}", answer.headers());
    let answer = check(request(Method::GET, "/echo/x"), 200, "");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
}

#[test]
fn ops_12_phones_show_why_the_server_refuses_with_a_reference() {
    let shown = |request, part: &str| {
        let answer = check(request, 200, part);
        assert_eq!(answer.headers()["content-type"], "text/xml; charset=utf-8");
        let page = String::from_utf8(answer.body().to_vec()).unwrap();
        let inside = page.split("<Prompt>Reference ").nth(1).expect("a reference");
        let reference = inside.split('<').next().unwrap();
        assert!(reference.len() == 8 && page.matches(reference).count() == 2, "{page}");
        answer
    };
    for path in ["/fippa", "/fippa/", "/fippa/a/b/c", "/fippa/?password=hunter2"] {
        let answer = shown(request(Method::GET, path), "no such page");
        assert!(!String::from_utf8_lossy(answer.body()).contains("hunter2"));
    }
    shown(request(Method::GET, "/phone-panic"), "went wrong");
    shown(request(Method::GET, "/phone-slow"), "took too long");
    shown(request(Method::GET, &format!("/fippa/{}", "a".repeat(4_096))), "not understood");
    let mut large = request(Method::POST, "/phone/x");
    *large.body_mut() = Full::from(vec![b'a'; 17]);
    assert_eq!(shown(large, "not understood").headers()["connection"], "close");
    // Elsewhere the status says it.
    check(request(Method::GET, "/fippax"), 404, "reference ");
}

#[test]
fn ops_11_a_session_page_that_the_server_cannot_show_now_is_asked_for_again() {
    let refresh = |request, part: &str| {
        let answer = check(request, 200, part);
        answer.headers().get("refresh").map(|value| value.to_str().unwrap().to_owned())
    };
    let get = |path: &str| request(Method::GET, path);
    assert_eq!(refresh(get("/fippa/s/t/panic"), "went wrong").as_deref(), Some("15"));
    assert_eq!(refresh(get("/fippa/s/t/slow"), "took too long").as_deref(), Some("15"));
    // What stays as it is, or is no session's page, is not asked for by itself.
    assert_eq!(refresh(get("/fippa/s/t"), "no such page"), None);
    assert_eq!(refresh(request(Method::PUT, "/fippa/s/t/slow"), "not understood"), None);
    assert_eq!(refresh(get("/phone-panic"), "went wrong"), None);
    assert_eq!(refresh(get("/phone-slow"), "took too long"), None);
}

/// Monitoring sees what was meant, not the 200 that phones need.
#[test]
fn a_refusal_shown_to_a_phone_is_counted_as_what_it_is() {
    let metrics = Metrics::new();
    let site = site(&config(serde_json::json!({})), &metrics);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for path in ["/phone-panic", "/fippa/"] {
        let from: IpAddr = "192.0.2.1".parse().unwrap();
        assert_eq!(runtime.block_on(site.answer(from, request(Method::GET, path))).status(), 200);
    }
    let text = String::from_utf8(metrics.text()).unwrap();
    for line in [
        r#"{code_class="5xx",route="/phone-panic",surface="echo"} 1"#,
        r#"{code_class="4xx",route="none",surface="none"} 1"#,
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[test]
fn ops_05_neither_targets_nor_passwords_reach_labels() {
    let metrics = Metrics::new();
    let config = config(serde_json::json!({}));
    let site = site(&config, &metrics);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for target in ["/echo/hunter2?password=hunter2", "/hunter2"] {
        let from: IpAddr = "192.0.2.1".parse().unwrap();
        runtime.block_on(site.answer(from, request(Method::GET, target)));
    }
    let text = String::from_utf8(metrics.text()).unwrap();
    assert!(!text.contains("hunter2"));
    let counted =
        r#"jackfield_http_requests_total{code_class="2xx",route="/echo/{word}",surface="echo"} 1"#;
    assert!(text.contains(counted), "{text}");
    assert!(text.contains(r#"{code_class="4xx",route="none",surface="none"} 1"#));
}

/// Collects the problems of two surfaces with those routes on one listener.
#[track_caller]
fn check_tables(
    first: &'static [(&'static str, &'static [Method])],
    second: &'static [(&'static str, &'static [Method])],
    expected: &[&str],
) {
    let surfaces: Vec<Arc<dyn Surface>> = vec![
        Arc::new(Echo { name: "one", paths: first }),
        Arc::new(Echo { name: "two", paths: second }),
    ];
    let tables = route_tables(
        &surfaces,
        &["phone"],
        &HttpMetrics::new(&Metrics::new(), LineLimit::default()),
    );
    let keys: Vec<_> = match tables {
        Ok(_) => Vec::new(),
        Err(problems) => problems.as_slice().iter().map(|it| it.key.clone()).collect(),
    };
    assert_eq!(keys, expected);
}

#[test]
fn two_surfaces_share_a_listener_but_no_path_and_method() {
    check_tables(&[("/a", &[Method::GET])], &[("/b", &[Method::GET])], &[]);
    check_tables(&[("/a/{x}", &[Method::GET])], &[("/a/{x}", &[Method::POST])], &[]);
    check_tables(&[("/a", &[Method::GET])], &[("/a", &[Method::GET])], &["phone/a"]);
    check_tables(&[("/a", &[Method::GET])], &[("/a", &[Method::HEAD])], &["phone/a"]);
    check_tables(&[("/a/{x}", &[Method::GET])], &[("/a/{y}", &[Method::POST])], &["phone/a/{y}"]);
    let surfaces: Vec<Arc<dyn Surface>> = vec![Arc::new(Echo { name: "one", paths: PATHS })];
    let nowhere = route_tables(
        &surfaces,
        &["operations"],
        &HttpMetrics::new(&Metrics::new(), LineLimit::default()),
    );
    assert_eq!(nowhere.unwrap_err().as_slice().len(), PATHS.len());
}

#[test]
fn a_shared_path_tells_all_methods() {
    let surfaces: Vec<Arc<dyn Surface>> = vec![
        Arc::new(Echo { name: "one", paths: &[("/a", &[Method::GET])] }),
        Arc::new(Echo { name: "two", paths: &[("/a", &[Method::PUT])] }),
    ];
    let tables = route_tables(
        &surfaces,
        &["phone"],
        &HttpMetrics::new(&Metrics::new(), LineLimit::default()),
    )
    .unwrap();
    let found = tables["phone"].find(&Method::DELETE, "/a");
    let routes::Found::OtherMethods(methods) = found else { panic!("{found:?}") };
    assert_eq!(methods, [Method::GET, Method::HEAD, Method::PUT]);
    let found = tables["phone"].find(&Method::PUT, "/a");
    assert!(matches!(found, routes::Found::Route(placed, _) if placed.surface == "two"));
}

#[test]
fn references_differ_and_are_short() {
    let one = check(request(Method::GET, "/"), 404, "");
    let two = check(request(Method::GET, "/"), 404, "");
    assert_ne!(one.body(), two.body());
    assert_eq!(one.status(), StatusCode::NOT_FOUND);
    let text = String::from_utf8_lossy(one.body()).into_owned();
    assert_eq!(text.trim().rsplit(' ').next().unwrap().len(), 8);
}
