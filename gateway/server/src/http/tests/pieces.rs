//! Answers whose body comes piece by piece.

use std::sync::atomic::{AtomicBool, Ordering};

use engine::surface::{Body, BrokenOff, Pieces, Source};

use super::*;

/// Gives pieces as its sort says: `three` and no more, `news` for ever, `broken` and `panic` after one,
/// `much` as fast as they are taken, `silent` none.
struct Sorted {
    sort: String,
    given: usize,
}

#[async_trait]
impl Source for Sorted {
    async fn next(&mut self) -> Option<Result<Bytes, BrokenOff>> {
        self.given += 1;
        match (self.sort.as_str(), self.given) {
            ("three", 4) => None,
            ("broken", 2) => Some(Err(BrokenOff)),
            ("panic", 2) => panic!("as asked"),
            ("much", _) => Some(Ok(Bytes::from(vec![b'x'; 32 * 1024]))),
            ("silent", _) | ("news", 3..) => std::future::pending().await,
            (_, given) => Some(Ok(Bytes::from(format!("piece {given}\n")))),
        }
    }
}

/// Answers `/pieces/{sort}`.
pub(super) async fn answer(request: Request) -> Response<Body> {
    let sort = request.parameters.get("sort").cloned().unwrap_or_default();
    if sort == "panic-before" {
        panic!("as asked");
    }
    let is_news = ["news", "silent"].contains(&sort.as_str());
    let source = Sorted { sort, given: 0 };
    Response::new(Body::Pieces(match is_news {
        true => Pieces::news(source, Bytes::from_static(b"bye\n")),
        false => Pieces::whole(Box::new(source), None),
    }))
}

async fn asked(sort: &str) -> Response<Outgoing> {
    let config = config(serde_json::json!({"request_seconds": 1}));
    let from: IpAddr = "192.0.2.1".parse().unwrap();
    let target = format!("/pieces/{sort}");
    site(&config, &Metrics::new()).answer(from, request(Method::GET, &target)).await
}

/// The pieces until the end, and whether it is whole.
async fn pieces(body: &mut Outgoing) -> (String, bool) {
    let mut text = String::new();
    loop {
        match body.frame().await {
            None => return (text, true),
            Some(Err(BrokenOff)) => return (text, false),
            Some(Ok(frame)) => {
                text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap())
            }
        }
    }
}

#[tokio::test]
async fn a_body_comes_piece_by_piece_until_it_is_over() {
    let mut answer = asked("three").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    let body = answer.body_mut();
    assert!(body.is_pieces());
    let over = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&over);
    body.until(watch::channel(false).1, move || told.store(true, Ordering::Relaxed));
    let read = pieces(body).await;
    assert_eq!(read, ("piece 1\npiece 2\npiece 3\n".to_owned(), true));
    assert!(over.load(Ordering::Relaxed));
}

#[tokio::test]
async fn news_end_with_a_last_word_when_the_node_stops() {
    for (sort, before) in [("news", "piece 1\npiece 2\n"), ("silent", "")] {
        let mut answer = asked(sort).await;
        let (stop, stopping) = watch::channel(false);
        let body = answer.body_mut();
        body.until(stopping, || {});
        let mut text = String::new();
        while text != before {
            let frame = body.frame().await.unwrap().unwrap();
            text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        }
        // Who waits for the next piece is woken by the end.
        let (last, _) = tokio::join!(pieces(body), async {
            tokio::task::yield_now().await;
            stop.send_replace(true);
        });
        assert_eq!(last, ("bye\n".to_owned(), true), "{sort}");
    }
}

#[tokio::test]
async fn what_is_to_be_whole_goes_on_when_the_node_stops() {
    let mut answer = asked("three").await;
    let body = answer.body_mut();
    body.until(watch::channel(true).1, || {});
    assert_eq!(pieces(body).await.0, "piece 1\npiece 2\npiece 3\n");
}

#[tokio::test]
async fn a_source_that_panics_or_breaks_off_ends_its_own_body_and_that_is_seen() {
    for sort in ["broken", "panic"] {
        let mut answer = asked(sort).await;
        assert_eq!(pieces(answer.body_mut()).await, ("piece 1\n".to_owned(), false), "{sort}");
        assert!(answer.body_mut().frame().await.is_none(), "{sort}");
    }
    assert_eq!(asked("panic-before").await.status(), 500);
}

/// Reads news that `fields` prove, while what is shown proves something else once, and then tells how they ended.
async fn news_after(
    (name, value): (HeaderName, &str),
    other: Result<Principal, NotProven>,
) -> (String, u32) {
    let shown = Arc::new(Shown::default());
    let site = site_with(&config(serde_json::json!({})), &Metrics::new(), shown.clone());
    let mut request = request(Method::GET, "/agents-news/silent");
    request.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
    let mut answer = site.answer("192.0.2.1".parse::<IpAddr>().unwrap(), request).await;
    assert_eq!(answer.status(), 200);
    *shown.after.lock().unwrap() = Some(other);
    let minute = std::time::Duration::from_secs(60);
    // The clock of the runtime stands still and jumps to the next timer.
    let read = tokio::time::timeout(minute, pieces(answer.body_mut())).await;
    let looks = *shown.looks.lock().unwrap();
    (read.map_or_else(|_| "goes on".to_owned(), |(text, _)| text), looks)
}

#[tokio::test(start_paused = true)]
async fn ops_06_news_end_once_a_session_or_a_token_is_over_or_roles_are_others() {
    let cookie = (http::header::COOKIE, "__Host-jackfield=good");
    let token = (AUTHORIZATION, "Bearer good");
    for shown in [cookie.clone(), token] {
        let over = news_after(shown.clone(), Err(NotProven::Nobody)).await;
        assert_eq!(over, ("bye\n".to_owned(), 1));
        let mut other = agent("1001".to_owned(), Proof::Cookie);
        other.roles.push(Role::Supervisor);
        assert_eq!(news_after(shown.clone(), Ok(other)).await, ("bye\n".to_owned(), 1));
        let mut other = agent("1001".to_owned(), Proof::Cookie);
        other.teams.push("sales".parse().unwrap());
        assert_eq!(news_after(shown, Ok(other)).await, ("bye\n".to_owned(), 1));
    }
    // Who is as before, and whom nobody can judge, reads on.
    let same = agent("1001".to_owned(), Proof::Cookie);
    assert_eq!(news_after(cookie.clone(), Ok(same)).await.0, "goes on");
    assert_eq!(news_after(cookie, Err(NotProven::Unavailable)).await.0, "goes on");
}
