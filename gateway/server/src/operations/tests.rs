//! Health and metrics as monitoring sees them.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Mutex;

use domain::Timestamp;
use engine::surface::Peer;
use engine::testing::{ManualClock, engine_on};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use store::MemoryStore;

use super::*;

/// A surface that is as ready as it is told.
struct Told(&'static str, Mutex<Readiness>);

#[async_trait]
impl Surface for Told {
    fn name(&self) -> &'static str {
        self.0
    }

    fn routes(self: Arc<Self>) -> Vec<Route> {
        Vec::new()
    }

    fn readiness(&self) -> Readiness {
        self.1.lock().unwrap().clone()
    }

    async fn run(self: Arc<Self>, _stop: watch::Receiver<bool>) {}
}

struct Fixture {
    operations: Arc<Operations>,
    health: Arc<Health>,
    phone: Arc<Told>,
    desktop: Arc<Told>,
}

async fn fixture(token: Option<&str>) -> Fixture {
    fixture_on(Arc::new(MemoryStore::new()), token).await
}

async fn fixture_on(store: Arc<dyn store::Store>, token: Option<&str>) -> Fixture {
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_000_000)));
    let engine = engine_on(store, clock, 1).await;
    let health = Health::new();
    let told = |name| Arc::new(Told(name, Mutex::new(Readiness::Ready)));
    let (phone, desktop) = (told("phone"), told("desktop"));
    health.watch_over(vec![phone.clone(), desktop.clone()]);
    let operations =
        Operations::new(Arc::clone(&health), engine, Metrics::new(), token.map(Secret::new));
    Fixture { operations, health, phone, desktop }
}

impl Fixture {
    async fn ask(&self, target: &str, from: &str, bearer: Option<&str>) -> Response<Bytes> {
        let path = target.split('?').next().unwrap();
        let routes = Arc::clone(&self.operations).routes();
        let route = routes.iter().find(|route| route.path == path).expect(path);
        route.handler.whole(self.request(target, from, bearer)).await
    }

    fn request(&self, target: &str, from: &str, bearer: Option<&str>) -> Request {
        let mut headers = HeaderMap::new();
        if let Some(bearer) = bearer {
            let value = HeaderValue::from_str(&format!("Bearer {bearer}")).unwrap();
            headers.insert(AUTHORIZATION, value);
        }
        Request {
            method: Method::GET,
            uri: target.parse().unwrap(),
            headers,
            body: Bytes::new(),
            parameters: BTreeMap::new(),
            peer: Peer { address: from.parse::<IpAddr>().unwrap(), base: String::new() },
            principal: None,
            reference: String::new(),
        }
    }

    /// Asks from this machine and compares status and text.
    async fn check(&self, target: &str, status: u16, text: &str) {
        let answer = self.ask(target, "127.0.0.1", None).await;
        let found = String::from_utf8_lossy(answer.body()).into_owned();
        assert_eq!((answer.status().as_u16(), found.as_str()), (status, text), "{target}");
        assert_eq!(answer.headers()[CACHE_CONTROL], "no-store");
    }
}

#[tokio::test(start_paused = true)]
async fn ops_02_health_names_what_fails() {
    let it = fixture(None).await;
    it.check("/livez", 200, "ok\n").await;
    it.check("/startupz", 200, "ok\n").await;
    it.check("/readyz", 200, "ok\n").await;
    it.check("/readyz?surface=phone", 200, "phone: ok\n").await;
    it.check("/readyz?surface=fax", 404, "there is no such surface\n").await;
    tokio::time::advance(Duration::from_secs(6)).await;
    let silent = "loop: stood still 6 s\nstore writer: no answer for 6 s\n";
    it.check("/livez", 503, silent).await;
    // Both are heard of again.
    let (stop, stopping) = watch::channel(false);
    let running = tokio::spawn(Arc::clone(&it.operations).run(stopping));
    while it.ask("/livez", "127.0.0.1", None).await.status() != 200 {
        tokio::task::yield_now().await;
    }
    stop.send_replace(true);
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn ops_02_a_store_whose_writer_is_gone_is_not_alive() {
    let folder = crate::temporary::Folder::new();
    let store = Arc::new(store::SqliteStore::open(&folder.path().join("a.db")).unwrap());
    let it = fixture_on(store.clone(), None).await;
    let (_stop, stopping) = watch::channel(false);
    tokio::spawn(Arc::clone(&it.operations).run(stopping));
    it.check("/livez", 200, "ok\n").await;
    // As if its thread had died.
    store::Store::close(store.as_ref()).await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    while it.ask("/livez", "127.0.0.1", None).await.status() == 200 {
        assert!(tokio::time::Instant::now() < deadline, "nobody notices");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let answer = it.ask("/livez", "127.0.0.1", None).await;
    let text = String::from_utf8_lossy(answer.body()).into_owned();
    assert!(text.starts_with("store writer: no answer for "), "{text}");
}

#[tokio::test]
async fn ops_05_why_something_is_not_ready_is_for_this_machine_or_a_token() {
    let token = "0123456789abcdef";
    let it = fixture(Some(token)).await;
    *it.phone.1.lock().unwrap() = Readiness::Degraded("a file name".into());
    *it.desktop.1.lock().unwrap() = Readiness::Failing("an address".into());
    let text = async |target: &str, bearer| {
        let answer = it.ask(target, "192.0.2.1", bearer).await;
        (answer.status().as_u16(), String::from_utf8_lossy(answer.body()).into_owned())
    };
    let refused = (401, "a bearer token is needed\n".to_owned());
    assert_eq!(text("/readyz?verbose", None).await, refused);
    assert!(text("/readyz?verbose", Some(token)).await.1.contains("a file name"));
    assert_eq!(text("/readyz?surface=phone", None).await, (200, "phone: degraded\n".to_owned()));
    *it.phone.1.lock().unwrap() = Readiness::Failing("a file name".into());
    let both = (503, "phone: failing\ndesktop: failing\n".to_owned());
    assert_eq!(text("/readyz", None).await, both);
}

#[tokio::test]
async fn ops_11_readiness_is_told_per_surface() {
    let it = fixture(None).await;
    *it.phone.1.lock().unwrap() = Readiness::Degraded("the store is away".into());
    it.check("/readyz?surface=phone", 200, "phone: degraded: the store is away\n").await;
    // For whoever has another node to go to.
    it.check("/readyz?surface=phone&strict", 503, "phone: degraded: the store is away\n").await;
    it.check("/readyz", 200, "ok\n").await;
    *it.desktop.1.lock().unwrap() = Readiness::Failing("no peer".into());
    it.check("/readyz?surface=desktop", 503, "desktop: failing: no peer\n").await;
    it.check("/readyz", 200, "ok\n").await;
    let verbose = "phone: degraded: the store is away\ndesktop: failing: no peer\nstore: ok\n\
                   loop: turned 0 s ago\nstore writer: answered 0 s ago\n";
    it.check("/readyz?verbose", 200, verbose).await;
    *it.phone.1.lock().unwrap() = Readiness::Failing("broken".into());
    it.check("/readyz", 503, "phone: failing: broken\ndesktop: failing: no peer\n").await;
    let figures = it.ask("/metrics", "::1", None).await;
    let text = String::from_utf8_lossy(figures.body()).into_owned();
    assert!(text.contains("jackfield_surface_ready{surface=\"phone\"} 0"), "{text}");
}

#[tokio::test]
async fn a_draining_node_is_not_ready() {
    let it = fixture(None).await;
    it.health.drain();
    it.check("/readyz", 503, "draining: the node stops\n").await;
    it.check("/readyz?surface=phone", 503, "draining: the node stops\n").await;
    it.check("/livez", 200, "ok\n").await;
}

#[tokio::test]
async fn ops_02_metrics_are_for_this_machine_or_a_token() {
    let token = "0123456789abcdef";
    let (open, with_token) = (fixture(None).await, fixture(Some(token)).await);
    let status = async |it: &Fixture, from: &str, bearer| {
        it.ask("/metrics", from, bearer).await.status().as_u16()
    };
    for from in ["127.0.0.1", "127.9.9.9", "::1"] {
        assert_eq!(status(&open, from, None).await, 200, "{from}");
        assert_eq!(status(&with_token, from, None).await, 200, "{from}");
    }
    assert_eq!(status(&open, "192.0.2.1", Some(token)).await, 403);
    assert_eq!(status(&with_token, "192.0.2.1", None).await, 401);
    assert_eq!(status(&with_token, "192.0.2.1", Some("0123456789abcdeF")).await, 401);
    assert_eq!(status(&with_token, "192.0.2.1", Some("0123")).await, 401);
    let answer = with_token.ask("/metrics", "192.0.2.1", Some(token)).await;
    assert_eq!(answer.headers()[CONTENT_TYPE], "text/plain; version=0.0.4; charset=utf-8");
}

/// A proxy on this machine speaks for anybody, so what it hands on has no exemption.
#[tokio::test]
async fn ops_02_metrics_handed_on_by_a_proxy_need_the_token() {
    let it = fixture(None).await;
    let route = Arc::clone(&it.operations).routes().pop().unwrap();
    assert_eq!(route.path, "/metrics");
    for name in ["forwarded", "x-forwarded-for"] {
        let mut request = it.request("/metrics", "127.0.0.1", None);
        request.headers.insert(name, HeaderValue::from_static("for=127.0.0.1"));
        assert_eq!(route.handler.whole(request).await.status(), 403, "{name}");
    }
}
