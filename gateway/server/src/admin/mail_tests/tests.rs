use domain::Sealed;
use domain::settings::{SettingsFile, SettingsHead};

use super::*;

/// Settings with one CSQ at Office 365, by password and by token; `change` is what a test has otherwise.
fn settings(change: impl FnOnce(&mut Value)) -> Settings {
    let mut file = json!({
        "skills": [{"name": "english"}],
        "mail_servers": [
            {"name": "one", "kind": "office365", "imap_host": "imap.example.test", "smtp_host": "smtp.example.test"},
            {"name": "same", "kind": "office365", "imap_host": "IMAP.example.test", "smtp_host": "smtp.example.test"},
            {"name": "other", "kind": "office365", "imap_host": "imap.other.test", "smtp_host": "smtp.example.test"},
        ],
        "csqs": [{
            "name": "support", "channel": "email", "skills": {"english": 1},
            "email": {
                "mail_server": "one", "address": "support@example.test", "password": "x", "tenant": "contoso",
                "client_id": "1", "client_secret": "y",
            },
        }],
    });
    change(&mut file);
    let documents =
        SettingsFile::read(file).unwrap().into_documents(|_| None, |_, _| Sealed::from_text("x"));
    Settings::from_documents(&SettingsHead::default(), documents.0)
}

fn with_server(server: &str) -> Settings {
    settings(|file| file["csqs"][0]["email"]["mail_server"] = json!(server))
}

fn refused(unsaved: &Settings, document: &Value) -> Vec<String> {
    match refuse_kept_secrets(&settings(|_| {}), unsaved, "support", document) {
        Ok(()) => Vec::new(),
        Err(failure) => {
            failure.problems.as_slice().iter().map(|problem| problem.key.clone()).collect()
        }
    }
}

#[test]
fn ccp_04_kept_secrets_go_to_no_other_server_than_they_were_kept_for() {
    let kept = json!({"email": {"password": MASK, "client_secret_sealed": MASK}});
    // The same hosts under another name, or in other letters, are the same servers.
    assert_eq!(refused(&with_server("one"), &kept), [""; 0]);
    assert_eq!(refused(&with_server("same"), &kept), [""; 0]);
    let both = ["email.password", "email.client_secret"];
    assert_eq!(refused(&with_server("other"), &kept), both);
    // Left out, or sent back as it is kept, it is not typed either.
    let sealed = json!({"email": {"password_sealed": "v1:x", "client_secret": MASK}});
    assert_eq!(refused(&with_server("other"), &sealed), both);
    let one = json!({"email": {"password": "typed", "client_secret": MASK}});
    assert_eq!(refused(&with_server("other"), &one), ["email.client_secret"]);
    let typed = json!({"email": {"password": "typed", "client_secret": "typed too"}});
    assert_eq!(refused(&with_server("other"), &typed), [""; 0]);
}

#[test]
fn ccp_04_secrets_of_a_new_queue_are_all_typed() {
    let new = settings(|file| file["csqs"][0]["name"] = json!("new"));
    let in_force = settings(|_| {});
    let typed = json!({"email": {"password": "typed", "client_secret": "typed too"}});
    assert!(refuse_kept_secrets(&in_force, &new, "new", &typed).is_ok());
    let kept = json!({"email": {"password": MASK, "client_secret": "typed"}});
    assert!(refuse_kept_secrets(&in_force, &new, "new", &kept).is_err());
}

#[test]
fn ccp_04_few_tests_run_at_once_and_not_many_in_a_minute() {
    let tests = MailTests::default();
    let now = Timestamp::from_seconds(1_795_842_600);
    let one = tests.place(now).unwrap();
    let two = tests.place(now).unwrap();
    let busy = tests.place(now).err().unwrap();
    assert!(busy.code == "busy" && busy.message.contains("already"), "{busy:?}");
    drop((one, two));
    for _ in 2..PER_MINUTE_MAX {
        drop(tests.place(now).unwrap());
    }
    let busy = tests.place(now).err().unwrap();
    assert!(busy.code == "busy" && busy.message.contains("minute"), "{busy:?}");
    assert!(tests.place(now.after(MINUTE)).is_ok());
    // Nor is anybody kept waiting by a clock that was set back.
    assert!(tests.place(Timestamp::from_seconds(1_795_000_000)).is_ok());
}

#[test]
fn ccp_04_a_failed_check_is_told_with_what_to_do() {
    let check = Check {
        side: Side::Reading,
        subject: Subject::Sent,
        folder: Some("Sent".to_owned()),
        outcome: Outcome::NotTried,
    };
    let told = check_json(&check);
    assert_eq!(told["outcome"], json!("not_tried"));
    assert_eq!((&told["check"], &told["side"]), (&json!("sent"), &json!("reading")));
    assert_eq!((&told["folder"], &told["remedy"]), (&json!("Sent"), &Value::Null));
}
