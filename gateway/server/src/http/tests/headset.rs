//! A surface that takes every path of its listener, as that for headsets does, whose paths a profile says.

use super::*;

const METHODS: &[Method] = &[Method::GET, Method::PUT, Method::POST];

/// Tells method, target and who asks.
struct EveryPath;

#[async_trait]
impl Surface for EveryPath {
    fn name(&self) -> &'static str {
        "headset"
    }

    fn routes(self: Arc<Self>) -> Vec<Route> {
        let route = |path| Route {
            listener: "headset",
            path,
            methods: METHODS,
            callers: Callers::Anyone,
            body_bytes_max: 16,
            policy: ResponsePolicy::Phone,
            handler: Route::handler(|request: Request| async move {
                let who = request.principal.map(|it| format!("{} {:?}", it.who, it.how));
                let who = who.unwrap_or_default();
                Response::new(Bytes::from(format!("{} {} {who}", request.method, request.uri)))
            }),
        };
        vec![route("/{*path}")]
    }

    fn readiness(&self) -> Readiness {
        Readiness::Ready
    }

    async fn run(self: Arc<Self>, _: watch::Receiver<bool>) {}
}

async fn ask(method: Method, target: &str, device: Option<Principal>) -> (u16, String) {
    ask_with(request(method, target), device).await
}

async fn ask_with(request: http::Request<Full<Bytes>>, device: Option<Principal>) -> (u16, String) {
    let config = config(serde_json::json!({}));
    let http = HttpMetrics::new(&Metrics::new(), LineLimit::default());
    let mut tables = route_tables(&[Arc::new(EveryPath)], &["headset"], &http).unwrap();
    let site = Site {
        listener: "headset",
        routes: tables.remove("headset").unwrap(),
        base: config.headset.base(),
        proxies: Proxies::none(),
        limits: config.limits,
        authenticator: Arc::new(Known),
        proofs: Arc::new(Shown::default()),
        clock: Arc::new(ManualClock::new(Timestamp::from_seconds(1))),
        metrics: http,
    };
    let caller = Caller { address: [192, 0, 2, 1].into(), device };
    let answer = whole(site.answer(caller, request).await).await;
    (answer.status().as_u16(), String::from_utf8_lossy(answer.body()).into_owned())
}

#[tokio::test]
async fn one_route_takes_every_path_of_its_listener_as_it_was_sent() {
    for method in METHODS {
        for target in [
            "/headset/SEP001122334455",
            "/headset/SEP001122334455/cc/agent-state",
            "/a/b/c/d/e/?key=x",
            "/fippa/",
            "//double",
            "/headset/%53EP%2f..%2Fx",
        ] {
            let (status, text) = ask(method.clone(), target, None).await;
            assert_eq!((status, text), (200, format!("{method} {target} ")));
        }
    }
    assert_eq!(ask(Method::HEAD, "/x", None).await, (200, "HEAD /x ".to_owned()));
    assert_eq!(ask(Method::DELETE, "/x", None).await.0, 405);
    // What no profile can mean is refused before it is looked at.
    assert_eq!(ask(Method::GET, "/x%00", None).await.0, 400);
}

#[tokio::test]
async fn a_device_that_its_connection_proves_is_told_to_the_handler() {
    let device = Principal {
        roles: Vec::new(),
        ..agent("SEP001122334455".to_owned(), Proof::ClientCertificate)
    };
    let (status, text) = ask(Method::PUT, "/x", Some(device)).await;
    assert_eq!((status, text.as_str()), (200, "PUT /x SEP001122334455 ClientCertificate"));
}

/// A certificate opens nothing that asks for a role, and takes no other proof's place.
#[tokio::test]
async fn a_device_has_no_role() {
    let device = agent("1001".to_owned(), Proof::ClientCertificate);
    let config = config(serde_json::json!({}));
    let site = site(&config, &Metrics::new());
    let caller = Caller { address: [192, 0, 2, 1].into(), device: Some(device) };
    let answer = site.answer(caller, request(Method::GET, "/agents")).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_is_refused_before_its_handler_is_no_page_that_would_pass_for_a_yes() {
    let mut large = request(Method::PUT, "/headset/SEP001122334455/cc/agent-state");
    *large.body_mut() = Full::from(vec![b'a'; 17]);
    let (status, text) = ask_with(large, None).await;
    assert_eq!(status, 413, "{text}");
    assert!(!text.contains("CiscoIPPhone"), "{text}");
}
