//! Answers, their limits and what becomes of them, and the other ends of contacts.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::place::{Ask, Place, Reply, agent, lead};

const ADA: &str = "ada@example.test";

async fn write(place: &Place, contact: &str, draft: Value) -> Reply {
    place.put(&agent("1001"), &format!("{contact}/draft"), draft).await
}

fn draft(version: u32, html: &str) -> Value {
    json!({"mode": "reply", "to": [ADA], "subject": "Re: Hi", "html": html, "version": version})
}

async fn upload(place: &Place, contact: &str, query: &str, kind: &str, bytes: usize) -> Reply {
    let target = format!("{contact}/files?{query}");
    let (who, body) = (Some(agent("1001")), vec![7; bytes]);
    place.ask(Ask { who, method: Method::POST, target: &target, kind, body }).await
}

#[tokio::test]
async fn mail_08_a_draft_is_kept_with_versions_and_an_old_page_overwrites_nothing() {
    let place = Place::new().await;
    let (_stream, contact) = place.one_in_hand().await;
    let kept = write(&place, &contact, draft(0, "<p>one</p>")).await.good().json();
    assert_eq!(kept["version"], 1);
    write(&place, &contact, draft(0, "<p>other</p>")).await.problem(409, "stale");
    let kept = write(&place, &contact, draft(1, "<p>two</p>")).await.good().json();
    assert_eq!(kept["version"], 2);
    let told = place.get(&agent("1001"), &contact).await.good().json();
    assert_eq!((&told["draft"]["html"], &told["begun"]), (&json!("<p>two</p>"), &json!(true)));
    place.delete(&agent("1001"), &format!("{contact}/draft")).await.good();
    let told = place.get(&agent("1001"), &contact).await.good().json();
    assert_eq!((&told["draft"], &told["begun"]), (&json!(null), &json!(false)));
}

#[tokio::test]
async fn mail_07_recipients_are_checked_and_the_field_is_named() {
    let place = Place::new().await;
    let (_stream, contact) = place.one_in_hand().await;
    for field in ["to", "cc", "bcc"] {
        let many = |count: u32| -> Value {
            (0..count).map(|it| json!(format!("a{it}@example.test"))).collect()
        };
        let with = |all: Value, version: u32| {
            let mut draft = json!({"mode": "reply", "html": "", "version": version});
            draft[field] = all;
            draft
        };
        let words = write(&place, &contact, with(many(21), 0)).await.problem(422, "too_many");
        assert!(words.contains("20 recipients"), "{words}");
        for bad in ["nobody", "a@b\r\nBcc: c@example.test", "a@example.test, b@example.test"] {
            let refused = write(&place, &contact, with(json!([bad]), 0)).await;
            let words = refused.problem(422, "invalid");
            assert!(words.starts_with(&format!("{field}: ")), "{words}");
            assert_eq!(refused.json()["errors"][0]["field"], field);
        }
        write(&place, &contact, with(many(20), 0)).await.good();
        place.delete(&agent("1001"), &format!("{contact}/draft")).await.good();
    }
}

#[tokio::test]
async fn mail_07_a_subject_has_no_lines_and_an_end_and_a_text_its_limit() {
    let place = Place::new().await;
    let (_stream, contact) = place.one_in_hand().await;
    let subject = "Re: Hi\r\nBcc: eve@example.test\0\u{7f}";
    let given = json!({"mode": "reply", "to": [ADA], "subject": subject, "html": ""});
    write(&place, &contact, given).await.good();
    let told = place.get(&agent("1001"), &contact).await.good().json();
    let kept = told["draft"]["subject"].as_str().unwrap();
    assert_eq!(kept, "Re: Hi  Bcc: eve@example.test");
    let given = json!({"mode": "reply", "subject": "x".repeat(501), "html": "", "version": 1});
    let words = write(&place, &contact, given).await.problem(422, "answer_too_large");
    assert!(words.contains("500 characters"), "{words}");
}

#[tokio::test]
async fn mail_07_files_have_limits_and_only_their_writer_reads_them() {
    let place = Place::new().await;
    let (_stream, contact) = place.one_in_hand().await;
    let ten = 10 * 1024 * 1024;
    let refused = upload(&place, &contact, "name=big", "text/plain", ten + 1).await;
    assert!(refused.problem(422, "answer_too_large").contains("10 MB"));
    upload(&place, &contact, "name=a", "text/plain", ten).await.good();
    upload(&place, &contact, "name=b", "text/plain", ten).await.good();
    let refused = upload(&place, &contact, "name=c", "text/plain", 1).await;
    assert!(refused.problem(422, "answer_too_large").contains("20 MB"));
    let told = place.get(&agent("1001"), &contact).await.good().json();
    for file in told["draft"]["files"].as_array().unwrap() {
        let at = format!("{contact}/files/{}", file["id"].as_str().unwrap());
        assert_eq!(place.get(&agent("1001"), &at).await.good().body.len(), ten);
        place.get(&agent("1002"), &at).await.problem(404, "not_found");
        place.delete(&agent("1001"), &at).await.good();
        place.get(&agent("1001"), &at).await.problem(404, "not_found");
    }
    for number in 0..10 {
        upload(&place, &contact, &format!("name={number}"), "text/plain", 1).await.good();
    }
    let refused = upload(&place, &contact, "name=11", "text/plain", 1).await;
    assert!(refused.problem(422, "too_many").contains("10 files"));
    for (query, kind, bytes) in [
        ("name=", "text/plain", 1),
        ("name=..%2F..%2F", "text/plain", 1),
        ("name=x", "text/plain", 0),
        ("name=x&inline=yes", "image/svg+xml", 1),
    ] {
        upload(&place, &contact, query, kind, bytes).await.problem(422, "invalid");
    }
}

#[tokio::test]
async fn mail_07_a_file_whose_sender_goes_away_stands_in_the_draft_or_nowhere() {
    let place = Place::new().await;
    let (_stream, contact) = place.one_in_hand().await;
    let free = place.workspace.uploads.available_permits();
    let mut asking = Box::pin(upload(&place, &contact, "name=a", "text/plain", 10));
    loop {
        let polled = poll_fn(|context| Poll::Ready(asking.as_mut().poll(context))).await;
        assert!(polled.is_pending(), "it was taken in before anybody could go away");
        if place.workspace.uploads.available_permits() < free {
            break;
        }
        tokio::task::yield_now().await;
    }
    drop(asking);
    let deadline = Instant::now() + Duration::from_secs(20);
    while place.workspace.uploads.available_permits() < free {
        assert!(Instant::now() < deadline, "its place is not given back");
        tokio::task::yield_now().await;
    }
    let told = place.get(&agent("1001"), &contact).await.good().json();
    let file = told["draft"]["files"][0]["id"].as_str().expect("it is in the draft");
    let file = place.get(&agent("1001"), &format!("{contact}/files/{file}")).await.good();
    assert_eq!(file.body.len(), 10);
}

#[tokio::test]
async fn mail_08_an_answer_needs_a_draft_of_that_version_and_a_recipient_and_is_sent_once() {
    let place = Place::new().await;
    let (_stream, contact) = place.one_in_hand().await;
    let it = agent("1001");
    let send = format!("{contact}/send");
    let of = |version: u32| json!({"version": version});
    place.post(&it, &send, of(0)).await.problem(409, "nothing_written");
    write(&place, &contact, json!({"mode": "reply", "html": "x"})).await.good();
    place.post(&it, &send, of(1)).await.problem(422, "no_recipient");
    write(&place, &contact, draft(1, "x")).await.good();
    place.post(&it, &send, of(1)).await.problem(409, "stale");
    let (one, two) = tokio::join!(place.post(&it, &send, of(2)), place.post(&it, &send, of(2)));
    let sent: Vec<_> = [one, two].into_iter().filter(|it| it.status.is_success()).collect();
    assert!(!sent.is_empty());
    let outs: std::collections::BTreeSet<_> = sent.iter().map(Reply::text).collect();
    assert_eq!(outs.len(), 1, "{outs:?}");
    assert_eq!(place.port.mails_out_open().await.unwrap().len(), 1);
    assert_eq!(place.contacts("1001").await, Vec::<String>::new());
    let told = place.get(&it, &contact).await.good().json();
    assert_eq!((&told["state"], &told["how"]), (&json!("closed"), &json!("replied")));
}

#[tokio::test]
async fn mail_08_removing_a_file_that_is_not_there_begins_no_answer() {
    let place = Place::new().await;
    let (_stream, contact) = place.one_in_hand().await;
    place.delete(&agent("1001"), &format!("{contact}/files/{:032x}", 7)).await.good();
    let told = place.get(&agent("1001"), &contact).await.good().json();
    assert_eq!((&told["draft"], &told["begun"]), (&json!(null), &json!(false)));
}

#[tokio::test]
async fn mail_04_a_contact_that_is_moved_while_it_is_answered_is_sent_or_moved_and_never_both() {
    let place = Place::new().await;
    let (_stream, contact) = place.one_in_hand().await;
    let _other = place.ready("1002").await;
    write(&place, &contact, draft(0, "x")).await.good();
    let (send, reassign) = (format!("{contact}/send"), format!("{contact}/reassign"));
    let (sent, moved) = tokio::join!(
        async { place.post(&agent("1001"), &send, json!({"version": 1})).await },
        async { place.post(&lead(), &reassign, json!({"agent": "1002"})).await },
    );
    assert_ne!(sent.status.is_success(), moved.status.is_success(), "{sent:?} {moved:?}");
    let outs = place.port.mails_out_open().await.unwrap().len();
    let has: usize = if moved.status.is_success() { 1 } else { 0 };
    assert_eq!((outs, place.contacts("1002").await.len()), (1 - has, has));
    assert_eq!(place.contacts("1001").await, Vec::<String>::new());
}

#[tokio::test]
async fn mail_10_a_discard_may_be_repeated() {
    let place = Place::new().await;
    let (_stream, contact) = place.one_in_hand().await;
    let discard = format!("{contact}/discard");
    for _ in 0..2 {
        place.post(&agent("1001"), &discard, json!(null)).await.good();
    }
    place.post(&agent("1002"), &discard, json!(null)).await.problem(404, "not_found");
    let told = place.get(&agent("1001"), &contact).await.good().json();
    assert_eq!(told["how"], "discarded");
}

#[tokio::test]
async fn mail_09_a_requeued_contact_goes_to_somebody_else_and_never_while_it_is_forwarded() {
    let place = Place::new().await;
    let (_stream, contact) = place.one_in_hand().await;
    let it = agent("1001");
    let requeue = format!("{contact}/requeue");
    place.post(&it, &requeue, json!({"csq": "none"})).await.problem(422, "csq_unknown");
    write(&place, &contact, json!({"mode": "forward", "to": [ADA], "html": ""})).await.good();
    let to = json!({"csq": "support"});
    place.post(&it, &requeue, to.clone()).await.problem(409, "forward_open");
    place.delete(&it, &format!("{contact}/draft")).await.good();
    place.post(&it, &requeue, to).await.good();
    write(&place, &contact, draft(0, "late")).await.problem(404, "not_found");
    let _other = place.ready("1002").await;
    place.until_in_hand("1002", 1).await;
    assert_eq!(place.contacts("1002").await, [contact]);
}

#[tokio::test]
async fn ccp_16_at_most_five_wrap_up_reasons_and_only_those_of_the_contact() {
    let place = Place::new().await;
    let (_stream, contact) = place.one_in_hand().await;
    let put = format!("{contact}/wrap-up");
    let chosen = |all: &[&str]| {
        let all: Vec<_> = all.iter().map(|it| json!({"category": "Kind", "reason": it})).collect();
        json!({"chosen": all})
    };
    let it = agent("1001");
    let six = chosen(&["a", "b", "c", "d", "e", "f"]);
    let words = place.put(&it, &put, six).await.problem(422, "too_many");
    assert!(words.contains("5 wrap-up"), "{words}");
    place.put(&it, &put, chosen(&["nothing"])).await.problem(422, "wrap_up_unknown");
    place.put(&it, &put, chosen(&["a", "b", "c", "d", "e"])).await.good();
    let told = place.get(&it, &contact).await.good().json();
    assert_eq!(told["wrap_up"].as_array().unwrap().len(), 5);
    assert_eq!(told["wrap_up_categories"][0]["name"], "Kind");
}

#[tokio::test]
async fn mail_07_an_answer_is_cleaned_before_it_goes_to_a_customer() {
    let place = Place::new().await;
    let (_stream, contact) = place.one_in_hand().await;
    let html = "<script>alert(1)</script><p onclick=\"x()\" style=\"position:fixed;background:\
                url(https://spy.test/a)\">hello</p><form action=https://evil.test><input name=p>\
                </form><a href=\"javascript:x()\">a</a><iframe src=https://evil.test></iframe>\
                <meta http-equiv=refresh content=\"0;url=https://evil.test\"><base href=//evil.test>\
                <svg onload=x()></svg><link rel=stylesheet href=https://evil.test/x>";
    let kept = write(&place, &contact, draft(0, html)).await.good().json();
    let kept = kept["html"].as_str().unwrap();
    assert!(kept.contains("hello"), "{kept}");
    for word in [
        "<script",
        "onclick",
        "position",
        "url(",
        "<form",
        "<input",
        "javascript:",
        "<iframe",
        "<meta",
        "<base",
        "<svg",
        "<link",
        "evil.test",
        "spy.test",
    ] {
        assert!(!kept.contains(word), "{word} in {kept}");
    }
}
