//! The routes, without a network.

use std::collections::BTreeMap;

use engine::surface::Peer;

use super::*;
use crate::folder::tests::Place;

fn provisioning(place: &Place, networks: &[&str], memory_bytes_max: u64) -> Arc<Provisioning> {
    let (files, _) = place.served(1_000_000);
    let networks = networks.iter().map(|network| network.parse().unwrap()).collect();
    Provisioning::new(files, networks, memory_bytes_max)
}

async fn get(surface: &Arc<Provisioning>, listener: &str, name: &str) -> Response<Bytes> {
    let routes = Arc::clone(surface).routes();
    let route = routes.iter().find(|route| route.listener == listener).unwrap();
    assert_eq!(route.methods, [Method::GET]);
    let request = Request {
        method: Method::GET,
        uri: "/".parse().unwrap(),
        headers: http::HeaderMap::new(),
        body: Bytes::new(),
        parameters: BTreeMap::from([("path".to_owned(), name.to_owned())]),
        peer: Peer { address: [192, 0, 2, 7].into(), base: "http://gw.example:6970".to_owned() },
        principal: None,
        reference: "REF12345".to_owned(),
    };
    route.handler.whole(request).await
}

#[tokio::test]
async fn hst_11_files_are_served_over_http_and_https() {
    let place = Place::new();
    place.write("CSFanna.cnf.xml", "<device></device>");
    place.write("sip88xx.loads", "loads");
    let surface = provisioning(&place, &["192.0.2.0/24"], 1_000_000);
    for listener in ["provisioning", "provisioning_tls"] {
        let answer = get(&surface, listener, "CSFanna.cnf.xml").await;
        assert_eq!(
            (answer.status(), &answer.headers()["content-type"]),
            (StatusCode::OK, &"text/xml".parse().unwrap())
        );
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let text = std::str::from_utf8(answer.body()).unwrap();
        assert!(text.contains("/headset/CSFanna?from=192.0.2.7</discoveryURL>"), "{text}");
        let answer = get(&surface, listener, "sip88xx.loads").await;
        assert_eq!(answer.headers()["content-type"], "application/octet-stream");
        assert_eq!(answer.body(), "loads");
    }
    let signed = "CSFanna.cnf.xml.sgn";
    let answer = get(&surface, "provisioning_tls", signed).await;
    assert_eq!(
        (answer.status(), &answer.headers()["content-type"]),
        (StatusCode::OK, &"text/xml".parse().unwrap())
    );
    assert_eq!(get(&surface, "provisioning", signed).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn hst_11_what_is_not_served_says_why() {
    let place = Place::new();
    place.write("large", &"x".repeat(1_000_001));
    place.write("right", &"x".repeat(1_000_000));
    let surface = provisioning(&place, &["192.0.2.7"], 10_000);
    for (name, status) in [
        ("missing", StatusCode::NOT_FOUND),
        ("../missing", StatusCode::NOT_FOUND),
        ("", StatusCode::NOT_FOUND),
        ("large", StatusCode::FORBIDDEN),
        ("right", StatusCode::SERVICE_UNAVAILABLE),
    ] {
        let answer = get(&surface, "provisioning", name).await;
        assert_eq!(answer.status(), status, "{name}");
        assert!(!answer.body().is_empty());
    }
    let busy = get(&surface, "provisioning", "right").await;
    assert_eq!(busy.headers()["retry-after"], AGAIN_AFTER);
}

/// A folder all of whose readers wait.
struct Hanging;

#[async_trait]
impl Files for Hanging {
    async fn open(&self, _: IpAddr, _: &str, _: Via) -> Result<crate::ServedFile, NotServed> {
        Err(NotServed::Busy)
    }
}

#[tokio::test]
async fn where_too_much_is_read_already_phones_are_asked_to_come_again() {
    let networks = vec!["0.0.0.0/0".parse().unwrap()];
    let surface = Provisioning::new(Arc::new(Hanging), networks, 1_000);
    let busy = get(&surface, "provisioning", "a").await;
    assert_eq!(busy.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(busy.headers()["retry-after"], AGAIN_AFTER);
}

#[tokio::test]
async fn hst_11_other_networks_get_nothing() {
    let place = Place::new();
    place.write("a", "a");
    for networks in [&["192.0.2.0/29", "192.0.2.7"][..], &["0.0.0.0/0"]] {
        let surface = provisioning(&place, networks, 1_000_000);
        assert_eq!(get(&surface, "provisioning", "a").await.status(), StatusCode::OK);
    }
    for networks in [&[][..], &["198.51.100.0/24", "::/0"]] {
        let surface = provisioning(&place, networks, 1_000_000);
        let answer = get(&surface, "provisioning", "a").await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
        assert_ne!(answer.body(), "a");
    }
}
