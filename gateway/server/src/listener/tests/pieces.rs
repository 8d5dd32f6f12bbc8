//! Answers in pieces over real sockets: readers that wait long, read slowly, or leave.

use super::*;

async fn asked(it: &Fixture, sort: &str) -> TcpStream {
    let mut stream = it.connect().await;
    let asked = format!("GET /pieces/{sort} HTTP/1.1\r\nHost: a\r\n\r\n");
    stream.write_all(asked.as_bytes()).await.unwrap();
    stream
}

/// Reads until `part` was there.
async fn until(stream: &mut TcpStream, part: &str) -> String {
    let mut text = String::new();
    let read = async {
        while !text.contains(part) {
            text.push(char::from(stream.read_u8().await.expect("more of the answer")));
        }
    };
    tokio::time::timeout(DEADLINE, read).await.expect("it never came to that");
    text
}

#[tokio::test]
async fn pieces_are_sent_as_they_come_and_the_connection_is_kept() {
    let it = start(With::default());
    let mut stream = asked(&it, "three").await;
    let answer = until(&mut stream, "\r\n0\r\n\r\n").await;
    assert!(answer.to_lowercase().contains("transfer-encoding: chunked"), "{answer}");
    assert!(answer.contains("8\r\npiece 1\n\r\n"), "{answer}");
    stream.write_all(GET_CLOSE).await.unwrap();
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn a_silent_stream_outlives_the_limits_of_requests_and_ends_at_once_when_the_node_stops() {
    let limits = json!({"header_seconds": 1, "request_seconds": 1, "idle_seconds": 1});
    let it = start(With { limits, ..With::default() });
    let mut streaming = asked(&it, "news").await;
    until(&mut streaming, "piece 2\n").await;
    // One that came later and was idle as long is gone, so the time is over.
    let mut idle = it.connect().await;
    idle.write_all(GET).await.unwrap();
    one_answer(&mut idle).await;
    assert_eq!(rest(&mut idle).await, "");
    let mut other = it.connect().await;
    other.write_all(GET).await.unwrap();
    one_answer(&mut other).await;
    assert_eq!(rest(&mut other).await, "");
    assert_eq!(it.listener.setup.metrics.slow.value(), 0);
    it.stop.send_replace(true);
    assert_eq!(rest(&mut streaming).await.trim(), "4\r\nbye\n\r\n0");
    tokio::time::timeout(DEADLINE, it.served).await.expect("the listener ends").unwrap();
}

#[tokio::test]
async fn who_takes_nothing_of_a_stream_is_cut_off() {
    let it = start(With { limits: json!({"request_seconds": 1}), ..With::default() });
    let mut stream = asked(&it, "much").await;
    // The connection's buffers fill up, then nothing moves any more.
    it.until(|metrics| metrics.slow.value() == 1).await;
    it.until(|metrics| metrics.open.value() == 0).await;
    let mut bytes = Vec::new();
    let _ = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut bytes)).await.unwrap();
    assert!(!bytes.ends_with(b"0\r\n\r\n"));
}

#[tokio::test]
async fn who_leaves_a_stream_frees_the_place() {
    let it = start(With::default());
    let mut stream = asked(&it, "news").await;
    until(&mut stream, "piece 2\n").await;
    assert_eq!(it.listener.setup.metrics.open.value(), 1);
    drop(stream);
    it.until(|metrics| metrics.open.value() == 0).await;
}

#[tokio::test]
async fn a_body_that_broke_off_is_seen_as_such() {
    let it = start(With::default());
    for sort in ["broken", "panic"] {
        let mut stream = asked(&it, sort).await;
        let answer = rest(&mut stream).await;
        assert!(!answer.ends_with("0\r\n\r\n"), "{answer}");
    }
    assert!(it.exchange(GET_CLOSE).await.starts_with("HTTP/1.1 200 OK"));
}
