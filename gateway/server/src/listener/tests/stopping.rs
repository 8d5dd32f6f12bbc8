//! What becomes of connections when the node stops.

use super::*;

#[tokio::test]
async fn ops_01_who_came_before_a_stop_is_answered_once_and_told_that_it_is_over() {
    let it = start(With::default());
    let (mut before, mut begun) = (it.connect().await, it.connect().await);
    begun.write_all(b"GET /e").await.unwrap();
    it.until(|metrics| metrics.open.value() == 2).await;
    it.stop.send_replace(true);
    before.write_all(GET).await.unwrap();
    begun.write_all(GET.strip_prefix(b"GET /e").unwrap()).await.unwrap();
    for mut each in [before, begun] {
        let answer = rest(&mut each).await.to_lowercase();
        assert!(answer.starts_with("http/1.1 200"), "{answer}");
        assert_eq!(answer.matches("connection: close").count(), 1, "{answer}");
    }
    tokio::time::timeout(DEADLINE, it.served).await.expect("an end").unwrap();
    // The same during a handshake.
    let Secured { it, folder, .. } = secured(json!({}));
    let stream = it.connect().await;
    it.until(|metrics| metrics.open.value() == 1).await;
    it.stop.send_replace(true);
    let name = ServerName::try_from("gw-a.example").unwrap();
    let client = Arc::new(client(&folder, "first", &[&rustls::version::TLS13]));
    let mut stream = TlsConnector::from(client).connect(name, stream).await.unwrap();
    stream.write_all(GET).await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
