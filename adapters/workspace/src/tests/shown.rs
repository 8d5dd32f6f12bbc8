//! What a contact's page is told: mails without bytes, what became of answers, what is odd about a mail.

use domain::ContactId;
use domain::mail::{BounceSaid, Bounced, OutState};
use domain::{Input, InputId, Report};
use serde_json::{Value, json};

use super::place::{Place, agent, lead};

const BIDI: &str = "\u{202e}";

async fn moved(place: &Place, out: &Value, state: OutState, waits: bool) {
    let out: ContactId = out.as_str().unwrap().parse().unwrap();
    let at = waits.then(|| place.port.now().after(std::time::Duration::from_secs(60)));
    let id = InputId::new("out", format!("{out} {state:?} {waits}"));
    let was = place.port.mail_out(out).await.unwrap().unwrap().state;
    let report = Report::MailOutMoved { out, was, state, next_try_at: at, other_ids: Vec::new() };
    place.port.submit(Input::report(id, report)).await.unwrap();
}

/// Agent 1001 answers with this HTML: the number of the outgoing mail.
async fn answered(place: &Place, contact: &str, html: &str) -> Value {
    let draft =
        json!({"mode": "reply", "to": ["ada@example.test"], "subject": "Re: Hi", "html": html});
    let kept = place.put(&agent("1001"), &format!("{contact}/draft"), draft).await.good().json();
    let version = json!({"version": kept["version"]});
    let sent = place.post(&agent("1001"), &format!("{contact}/send"), version).await.good().json();
    sent["out"].clone()
}

#[tokio::test]
async fn mail_01_a_mail_without_bytes_is_told_without_it_and_can_be_requeued_and_discarded() {
    let place = Place::new().await;
    place.unseen("support").await;
    let _stream = place.ready("1001").await;
    place.until_in_hand("1001", 1).await;
    let it = agent("1001");
    let contact = place.contacts("1001").await.remove(0);
    let told = place.get(&it, &contact).await.good().json();
    assert_eq!((&told["mail"], &told["has_raw"]), (&json!(null), &json!(false)));
    assert_eq!(told["recipients"], json!({"reply": null, "reply_all": null}));
    assert_eq!((&told["notice"], &told["is_mine"]), (&json!("cannot_fetch"), &json!(true)));
    assert_eq!(told["wrap_up_categories"][0]["name"], "Kind");
    place.get(&it, &format!("{contact}/body")).await.good();
    for rest in ["raw", "attachments/1", "answer/body", "answer/attachments/1"] {
        place.get(&it, &format!("{contact}/{rest}")).await.problem(404, "not_found");
    }
    let chosen = json!({"chosen": [{"category": "Kind", "reason": "a"}]});
    place.put(&it, &format!("{contact}/wrap-up"), chosen).await.good();
    place.post(&it, &format!("{contact}/requeue"), json!({"csq": "support"})).await.good();
    let _other = place.ready("1002").await;
    place.until_in_hand("1002", 1).await;
    place.post(&agent("1002"), &format!("{contact}/discard"), json!(null)).await.good();
}

#[tokio::test]
async fn mail_05_what_became_of_an_answer_is_told_with_the_servers_words() {
    let place = Place::new().await;
    let (_stream, contact) = place.one_in_hand().await;
    let it = agent("1001");
    let out = answered(&place, &contact, "<p>Good day</p>").await;
    let line = async || {
        let told = place.get(&it, &contact).await.good().json();
        let lines = told["conversation"].as_array().unwrap().clone();
        (lines.into_iter().find(|line| line["direction"] == "out"), told)
    };
    let at = place.port.now();
    let sending = || OutState::Sending { by: None, asks_copy: false };
    for (state, waits, word) in [
        (OutState::Prepared, false, "sending"),
        (sending(), false, "sending"),
        (OutState::Prepared, true, "delayed"),
        (sending(), true, "sending"),
        (OutState::Unknown { since: None }, false, "unknown"),
        (OutState::Accepted { at, is_filed: false, settled: 0 }, false, "sent"),
    ] {
        moved(&place, &out, state, waits).await;
        let (line, _) = line().await;
        let line = line.unwrap();
        assert_eq!(line["state"], word, "{line}");
        assert_eq!(line["next_try_at"].is_string(), word == "delayed", "{line}");
    }
    // Another server reports of it later, in words that must not be believed to be ours.
    let said = BounceSaid {
        original: Some(format!("{}@example.test", out.as_str().unwrap())),
        out: None,
        recipients: vec![Bounced {
            recipient: format!("{BIDI}{}@example.test", "a".repeat(400)),
            action: "failed".to_owned(),
            status: "5.1.1\r\nno such user".to_owned(),
        }],
        is_report: true,
    };
    place.bounce(said).await;
    let (_, told) = line().await;
    let note = &told["notes"][0];
    let recipient = note["recipient"].as_str().unwrap();
    assert_eq!((recipient.chars().count(), recipient.contains(BIDI)), (321, false), "{note}");
    assert_eq!((&note["is_ours"], &note["status"]), (&json!(false), &json!("5.1.1  no such user")));
    assert_eq!(told["failed_answer"], json!(null));
}

#[tokio::test]
async fn mail_05_an_answer_that_came_back_is_told_to_its_writer_with_the_reason() {
    let place = Place::new().await;
    let (_stream, contact) = place.one_in_hand().await;
    let it = agent("1001");
    let out = answered(&place, &contact, "<p>Good day</p>").await;
    let reason = format!("550 5.1.1 {BIDI}no such user");
    moved(
        &place,
        &out,
        OutState::Failed { at: place.port.now(), reason, is_unclear: false, settled: 0 },
        false,
    )
    .await;
    place.until_in_hand("1001", 1).await;
    let told = place.get(&it, &contact).await.good().json();
    let failed = &told["failed_answer"];
    assert_eq!(
        (&failed["status"], &failed["is_ours"]),
        (&json!("550 5.1.1 no such user"), &json!(true))
    );
    assert_eq!(told["notes"], json!([failed.clone()]));
    assert_eq!(told["draft"]["html"], "<p>Good day</p>");
    // Once it is over there is nothing to write anew.
    place.post(&it, &format!("{contact}/discard"), json!(null)).await.good();
    let told = place.get(&it, &contact).await.good().json();
    assert_eq!(
        (&told["failed_answer"], told["notes"].as_array().unwrap().len()),
        (&json!(null), 1)
    );
}

#[tokio::test]
async fn mail_16_a_sent_answer_is_shown_cleaned_to_who_may_read_its_contact() {
    let place = Place::new().await;
    let (_stream, contact) = place.one_in_hand().await;
    let it = agent("1001");
    let at = format!("{contact}/answer/body");
    place.get(&it, &at).await.problem(404, "not_found");
    let html = "<p>Good day<script>alert(1)</script><img src=\"https://spy.test/a.png\"></p>";
    let out = answered(&place, &contact, html).await;
    // Before anything went out it is what was written.
    let shown = place.get(&it, &at).await.good();
    assert!(shown.text().contains("Good day") && !shown.text().contains("<script"));
    assert!(!shown.text().contains(" src=\"https://spy.test"), "{}", shown.text());
    let sent = "From: support@example.test\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/related; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/html\r\n\r\n\
        <p onclick=x()>As it went out</p><script>alert(1)</script><img src=cid:a@b>\r\n\
        --b\r\nContent-Type: image/png\r\nContent-ID: <a@b>\r\nContent-Disposition: inline; filename=a.png\r\n\r\n\
        picture\r\n--b--\r\n";
    let blob = format!("out/{}", out.as_str().unwrap());
    place.port.put_blob(&blob, sent.as_bytes()).await.unwrap();
    let shown = place.get(&it, &at).await.good();
    let policy = shown.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; img-src data:; "), "{policy}");
    assert!(policy.contains("; sandbox ") && !policy.contains("allow-same-origin"), "{policy}");
    let text = shown.text();
    assert!(text.contains("As it went out"), "{text}");
    assert!(!text.contains("<script") && !text.contains("onclick"), "{text}");
    let picture = " src=\"data:image/png;base64,cGljdHVyZQ==\"";
    assert!(text.contains(picture), "{picture} in {text}");
    let file = place.get(&it, &format!("{contact}/answer/attachments/1")).await.good();
    assert_eq!((file.header("content-type"), &file.body[..]), ("image/png", &b"picture"[..]));
    // Of the same CSQ, and whoever leads; nobody else.
    for reader in [agent("1002"), lead()] {
        let told = place.get(&reader, &contact).await.good().json();
        assert_eq!(told["is_mine"], false);
        place.get(&reader, &at).await.good();
    }
    place.get(&agent("2001"), &at).await.problem(404, "not_found");
    place
        .get(&agent("2001"), &format!("{contact}/answer/attachments/1"))
        .await
        .problem(404, "not_found");
}

#[tokio::test]
async fn mail_04_reply_all_says_how_many_there_was_no_room_for() {
    let place = Place::new().await;
    let people: Vec<_> = (0..35).map(|number| format!("p{number}@example.test")).collect();
    let raw = format!(
        "From: ada@example.test\r\nTo: {}\r\nSubject: Hi\r\n\r\nx\r\n",
        people.join(",\r\n ")
    );
    let (_stream, contact) = place.one_in_hand_of(raw.as_bytes()).await;
    let told = place.get(&agent("1001"), &contact).await.good().json();
    let all = &told["recipients"]["reply_all"];
    assert_eq!((all["to"].as_array().unwrap().len(), &all["left_out"]), (20, &json!(16)));
    assert_eq!(told["recipients"]["reply"]["left_out"], 0);
}

#[tokio::test]
async fn mail_16_a_mail_that_names_anothers_conversation_says_so_and_whether_it_may_be_read() {
    let place = Place::new().await;
    let raw = b"From: bob@example.test\r\nSubject: Pay\r\n\r\nx\r\n";
    place.mail("staff", "bob@example.test", raw, false).await;
    place.answer("support", "ada@example.test", raw, false, &["m1@example.test"]).await;
    let _stream = place.ready("1001").await;
    place.until_in_hand("1001", 1).await;
    let contact = place.contacts("1001").await.remove(0);
    let told = place.get(&agent("1001"), &contact).await.good().json();
    assert!(told["names"].is_string(), "{told}");
    assert_eq!(told["names_is_readable"], false);
    // What waits is open to whoever leads.
    assert_eq!(place.get(&lead(), &contact).await.good().json()["names_is_readable"], true);
}

#[tokio::test]
async fn mail_07_pictures_of_a_mail_stand_within_its_page_and_others_among_its_files() {
    let place = Place::new().await;
    let part = |id: &str, kind: &str, bytes: &str| {
        format!(
            "--b\r\nContent-Type: {kind}\r\nContent-ID: <{id}@x>\r\nContent-Disposition: inline; filename={id}\r\n\r\n\
             {bytes}\r\n"
        )
    };
    let raw = [
        "From: ada@example.test\r\nSubject: Hi\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n\
         <img src=cid:photo@x alt=Photo><img src=cid:drawing@x alt=Drawing><img src=cid:large@x alt=Large>\r\n",
        &part("photo", "image/jpeg", "picture"),
        &part("drawing", "image/svg+xml", "<svg onload=alert(1)></svg>"),
        &part("large", "image/png", &"x".repeat(5 * 1024 * 1024 + 1)),
        &part("unused", "image/gif", "gif"),
        "--b--\r\n",
    ]
    .concat();
    let (_stream, contact) = place.one_in_hand_of(raw.as_bytes()).await;
    let it = agent("1001");
    let text = place.get(&it, &format!("{contact}/body")).await.good().text();
    let photo = "<img src=\"data:image/jpeg;base64,cGljdHVyZQ==\" alt=\"Photo\">";
    assert!(text.contains(photo), "{photo} in {text:.2000}");
    assert!(text.contains("<img alt=\"Drawing\"><img alt=\"Large\">"), "{text:.2000}");
    assert!(!text.contains("/attachments/") && !text.contains("svg"), "{text:.2000}");
    let told = place.get(&it, &contact).await.good().json();
    let files = told["mail"]["attachments"].as_array().unwrap();
    let inline: Vec<_> = files.iter().map(|file| (&file["name"], &file["is_inline"])).collect();
    let told = |name, is_inline| (json!(name), json!(is_inline));
    let expected =
        [told("photo", true), told("drawing", false), told("large", false), told("unused", false)];
    assert_eq!(inline, expected.each_ref().map(|(name, is_inline)| (name, is_inline)));
}

/// Some conversations go on for years, with machines above all.
#[tokio::test]
async fn mail_16_a_long_conversation_tells_its_latest_mails_and_the_one_that_is_open() {
    let place = Place::new().await;
    let (_stream, first) = place.one_in_hand().await;
    let cut = async |at: &str| {
        let told = place.get(&lead(), at).await.good().json();
        let lines = told["conversation"].as_array().unwrap().iter();
        let subjects: Vec<String> =
            lines.map(|line| line["subject"].as_str().unwrap().to_owned()).collect();
        (told["conversation_is_cut"].clone(), subjects)
    };
    assert_eq!(cut(&first).await, (json!(false), vec!["Invoice 1 for support".to_owned()]));
    for _ in 0..203 {
        place.clock.advance(std::time::Duration::from_secs(1));
        let raw = b"Subject: Re: Hi\r\n\r\nx";
        place.answer("support", "ada@example.test", raw, false, &["m1@example.test"]).await;
    }
    place.until("they wait", |port| port.open_contacts().len() == 204).await;
    let (is_cut, subjects) = cut(&first).await;
    assert_eq!((is_cut, subjects.len()), (json!(true), 201));
    let latest = (5..=204).map(|number| format!("Invoice {number} for support"));
    let wanted: Vec<_> =
        std::iter::once("Invoice 1 for support".to_owned()).chain(latest).collect();
    assert_eq!(subjects, wanted);
}
