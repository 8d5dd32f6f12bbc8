//! Mails and names that mean harm, as a browser is given them.

use std::sync::Arc;
use std::time::Duration;

use domain::ContactId;

use super::place::{Place, agent};

const HOSTILE: &str = "From: ada@example.test\r\nSubject: Hi\r\nMIME-Version: 1.0\r\n\
Content-Type: multipart/mixed; boundary=b\r\n\r\n\
--b\r\nContent-Type: text/html\r\n\r\n\
<script>alert(1)</script><p onmouseover=x()>hello</p><img src=https://spy.test/a.png>\
<img src=/api/v1/session><a href=javascript:x()>a</a><svg><script>1</script></svg>\
<style>@import 'https://spy.test'</style><iframe src=/></iframe></body></html>\r\n\
--b\r\nContent-Type: image/svg+xml\r\nContent-Disposition: inline; filename=\"a.svg\"\r\n\r\n\
<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>\r\n\
--b\r\nContent-Type: text/html\r\n\
Content-Disposition: attachment; filename*=utf-8''a%0D%0ASet-Cookie%3A%20x%3D1%22.html\r\n\r\n\
<script>alert(1)</script>\r\n--b--\r\n";

#[tokio::test]
async fn mail_11_a_hostile_mail_does_nothing_in_the_frame() {
    let place = Place::new().await;
    let (_stream, contact) = place.one_in_hand_of(HOSTILE.as_bytes()).await;
    let shown = place.get(&agent("1001"), &format!("{contact}/body")).await.good();
    let policy = shown.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; img-src data:; "), "{policy}");
    assert!(policy.contains("; sandbox ") && !policy.contains("script"), "{policy}");
    assert!(!policy.contains("allow-same-origin"), "{policy}");
    assert_eq!(shown.header("x-content-type-options"), "nosniff");
    assert_eq!(shown.header("referrer-policy"), "no-referrer");
    assert_eq!(shown.header("cache-control"), "no-store");
    let text = shown.text();
    assert!(text.contains("hello"), "{text}");
    for word in
        ["<script", "onmouseover", "javascript:", "<svg", "@import", "<iframe", "/api/v1/session"]
    {
        assert!(!text.contains(word), "{word} in {text}");
    }
    assert!(!text.contains(" src=\"https://spy.test"), "{text}");
    let shown = place.get(&agent("1001"), &format!("{contact}/body?remote=yes")).await.good();
    assert!(shown.header("content-security-policy").contains("img-src data: https:;"));
    assert!(shown.text().contains(" src=\"https://spy.test/a.png"), "{}", shown.text());
}

#[tokio::test]
async fn mail_11_files_of_a_mail_are_saved_and_never_shown_as_pages() {
    let place = Place::new().await;
    let (_stream, contact) = place.one_in_hand_of(HOSTILE.as_bytes()).await;
    let told = place.get(&agent("1001"), &contact).await.good().json();
    let files = told["mail"]["attachments"].as_array().unwrap();
    assert_eq!(files.len(), 2, "{files:?}");
    for file in files {
        let target = format!("{contact}/attachments/{}", file["number"]);
        let given = place.get(&agent("1001"), &target).await.good();
        assert_eq!(given.header("content-type"), "application/octet-stream");
        assert_eq!(given.header("x-content-type-options"), "nosniff");
        assert_eq!(given.header("content-security-policy"), "default-src 'none'; sandbox");
        let way = given.header("content-disposition");
        assert!(way.starts_with("attachment; filename*=UTF-8''"), "{way}");
        assert!(!way.contains(['\r', '\n', '"']) && given.headers.get("set-cookie").is_none());
    }
    for number in ["99", "-1", "4294967296", "0x1", "1%2F..", "%00", ""] {
        let target = format!("{contact}/attachments/{number}");
        place.get(&agent("1001"), &target).await.problem(404, "not_found");
    }
    let raw = place.get(&agent("1001"), &format!("{contact}/raw")).await.good();
    assert_eq!(raw.body, HOSTILE.as_bytes());
    assert_eq!(raw.header("content-type"), "application/octet-stream");
    assert!(raw.header("content-disposition").starts_with("attachment; "));
}

#[tokio::test]
async fn a_mail_that_is_asked_for_many_times_leaves_places_to_others() {
    let place = Place::new().await;
    let it = place.workspace.as_ref();
    let (one, other) = (ContactId(1), ContactId(2));
    let taken = [it.turn(one).await.unwrap(), it.turn(one).await.unwrap()];
    let waits = tokio::time::timeout(Duration::from_millis(1), it.turn(one)).await;
    assert!(waits.is_err(), "a third reading of one mail did not wait");
    let also = it.turn(other).await.unwrap();
    drop(taken);
    let again = it.turn(one).await.unwrap();
    drop((also, again));
    it.turn(other).await.unwrap();
    assert_eq!(it.turns.lock().unwrap().len(), 1, "nobody waits for others any more");
}

#[tokio::test]
async fn mails_are_read_a_few_at_a_time_and_whoever_waits_comes_to_their_turn() {
    let place = Place::new().await;
    let (_stream, contact) = place.one_in_hand().await;
    let all = u32::try_from(place.workspace.reads.available_permits()).unwrap();
    let taken = Arc::clone(&place.workspace.reads).acquire_many_owned(all).await.unwrap();
    let it = agent("1001");
    for rest in ["", "/body", "/raw", "/attachments/1"] {
        let target = format!("{contact}{rest}");
        let waits = tokio::time::timeout(Duration::from_millis(1), place.get(&it, &target)).await;
        assert!(waits.is_err(), "{target} did not wait");
    }
    drop(taken);
    place.get(&it, &format!("{contact}/body")).await.good();
    let all_back = place.workspace.reads.acquire_many(all).await.unwrap();
    drop(all_back);
}
