//! Mails that became no contact, as administrators see them.

use domain::mail::ArrivedMail;
use domain::settings::{SettingsFile, SettingsHead};
use domain::{Customer, Input, InputId, Report, Sealed, Settings, Timestamp};
use serde_json::{Value, json};

use crate::testing::{NOW, Place, administrator, supervisor};

fn with_queue() -> Settings {
    let file = json!({
        "skills": [{"name": "english"}],
        "mail_servers": [{
            "name": "mail", "kind": "imap", "imap_host": "imap.example.test",
            "smtp_host": "smtp.example.test",
        }],
        "csqs": [{
            "name": "support", "channel": "email", "skills": {"english": 1},
            "email": {"mail_server": "mail", "address": "support@example.test", "password": "x"},
        }],
    });
    let file = SettingsFile::read(file).unwrap();
    let documents = file.into_documents(|_| None, |_, _| Sealed::from_text("x"));
    Settings::from_documents(&SettingsHead::default(), documents.0)
}

fn mail(uid: u32, identity: &str, is_too_old: bool) -> ArrivedMail {
    ArrivedMail {
        csq: "support".to_owned(),
        folder: "INBOX".to_owned(),
        uid_validity: 7,
        uid,
        received_at: Timestamp::from_seconds(NOW.seconds() - i64::from(uid)),
        identity: identity.to_owned(),
        message_id: None,
        answers: Vec::new(),
        from: Customer { address: "ada@example.test".to_owned(), name: "Ada".to_owned() },
        subject: format!("mail {uid}"),
        base_subject: format!("mail {uid}"),
        had_reply_prefix: false,
        is_forwarded: false,
        automatic: false,
        bounce: None,
        blob: None,
        bytes: 10,
        is_plain_text: true,
        is_proven: false,
        is_unverified: false,
        copy_of: None,
        notice: None,
        is_too_old,
    }
}

#[tokio::test]
async fn mail_15_mails_that_became_no_contact_are_told_in_pages_with_counts() {
    let place = Place::with(with_queue()).await;
    for (uid, identity, is_too_old) in
        [(1, "a", false), (2, "a", false), (3, "b", true), (4, "c", true), (5, "d", true)]
    {
        let report = Report::MailArrived(Box::new(mail(uid, identity, is_too_old)));
        place.port.submit(Input::report(InputId::new("test", uid), report)).await.unwrap();
    }
    let path = "/api/v1/csqs/support/mails";
    let all = place.get(path, administrator()).await.json();
    let counts = json!({"duplicate": 1, "bounce": 0, "parked": 0, "too_old": 3});
    assert_eq!((&all["counts"], &all["next"]), (&counts, &Value::Null));
    let uids = |page: &Value| -> Vec<u64> {
        page["items"].as_array().unwrap().iter().map(|it| it["uid"].as_u64().unwrap()).collect()
    };
    let everything = uids(&all);
    assert_eq!(everything.len(), 4);
    let again = all["items"].as_array().unwrap().iter().find(|it| it["uid"] == 2).unwrap();
    assert_eq!(again["disposition"], "duplicate");
    assert_eq!((&again["from"], &again["subject"]), (&json!("ada@example.test"), &json!("mail 2")));
    assert!(again["contact"].is_string());
    // Pages together are the whole, whatever became of each.
    let mut paged = Vec::new();
    let mut target = format!("{path}?limit=1");
    loop {
        let page = place.get(&target, administrator()).await.json();
        paged.extend(uids(&page));
        let Some(next) = page["next"].as_str() else { break };
        target = format!("{path}?limit=1&after={next}");
    }
    assert_eq!(paged, everything);
    let old = place.get(&format!("{path}?disposition=too_old"), administrator()).await.json();
    assert_eq!(uids(&old).len(), 3);
    for wrong in ["disposition=contact", "after=x", "after=1-x"] {
        let reply = place.get(&format!("{path}?{wrong}"), administrator()).await;
        reply.assert_problem(400, "bad_query");
    }
    place.get("/api/v1/csqs/none/mails", administrator()).await.assert_problem(404, "not_found");
    place.get(path, supervisor()).await.assert_problem(403, "forbidden");
}
