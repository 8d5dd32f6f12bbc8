//! CSQs and their mailboxes.

use serde_json::{Value, json};

use super::{check, check_range, google_key, problems, put, sample, settings, with};
use crate::settings::{GoogleKey, MailProof, Selection, SettingsFile};

#[test]
fn ccp_03_a_csq_has_a_name_a_selection_a_channel_and_skills_with_a_least_competence() {
    let one = settings(sample());
    let csq = |name: &str| (**one.csqs.get(name).unwrap()).clone();
    assert_eq!(csq("talk").selection, Selection::MostSkilled);
    assert_eq!(csq("other").selection, Selection::LongestAvailable);
    assert_eq!(csq("other").skills.into_iter().collect::<Vec<_>>(), [("German".to_owned(), 3)]);
    check("/csqs/4/name", json!("x".repeat(64)), &["predefined_responses[1].csqs"]);
    check("/csqs/0/name", json!("x".repeat(65)), &["csqs[0].name"]);
    check("/csqs/0/selection", json!("random"), &["csqs[0].selection"]);
    check("/csqs/0/channel", json!("fax"), &["csqs[0].channel"]);
    check("/csqs/1/name", json!("exchange"), &["csqs"]);
    for competence in [json!(0), json!(11), json!("3"), json!(2.5)] {
        check("/csqs/0/skills/German", competence, &["csqs[0].skills"]);
    }
    check("/csqs/0/email", Value::Null, &["csqs[0].email"]);
    check(
        "/csqs/4/email",
        json!({}),
        &["csqs[4].email", "csqs[4].email.mail_server", "csqs[4].email.address"],
    );
}

#[test]
fn ccp_03_the_hundred_and_first_email_csq_is_refused_and_chats_do_not_count() {
    let mut sample = sample();
    let csqs = |count: usize| {
        let csq = |number: usize| {
            json!({"name": format!("q{number}"), "skills": {"German": 1}, "email": {"password": "x",
                   "address": format!("q{number}@example.com"), "mail_server": "other"}})
        };
        let mut csqs: Vec<_> = (0..count).map(csq).collect();
        csqs.push(json!({"name": "talk", "channel": "chat", "skills": {"German": 1}}));
        csqs.push(json!({"name": "other", "channel": "chat", "skills": {"German": 1}}));
        Value::Array(csqs)
    };
    put(&mut sample, "/email_signatures", Value::Null);
    put(&mut sample, "/csqs", csqs(100));
    assert_eq!(problems(sample.clone()), []);
    put(&mut sample, "/csqs", csqs(101));
    let found = problems(sample);
    let [(key, message)] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(key, "csqs");
    assert!(message.contains("101 CSQs for email"), "{message}");
    assert!(message.contains("Jackfield takes at most 100"), "{message}");
}

#[test]
fn ccp_04_a_mailbox_has_its_limits_and_usual_values() {
    let one = settings(sample());
    let email = |name: &str| one.csqs.get(name).unwrap().email.clone().unwrap();
    let other = email("other");
    assert_eq!((other.poll_seconds, other.snapshot_minutes), (180, 120));
    assert!(!other.is_snapshot_strict);
    assert_eq!((other.inbox_folder.as_str(), other.user_name()), ("INBOX", "other@example.com"));
    assert_eq!(other.sent_folder(one.mail_server_of(&other).unwrap()), "Sent");
    let place = "/csqs/3/email";
    check_range(&format!("{place}/poll_seconds"), "csqs[3].email.poll_seconds", 60, 3_600);
    let key = "csqs[3].email.snapshot_minutes";
    check_range(&format!("{place}/snapshot_minutes"), key, 60, 43_200);
    for (name, good, bad) in [
        ("inbox_folder", json!("x".repeat(200)), json!("x".repeat(201))),
        ("sent_folder", json!("Gesendete Objekte"), json!("a\nb")),
        ("user_name", json!("x".repeat(320)), json!("x".repeat(321))),
        ("address", json!("a+b@example.com"), json!("Ann <a@example.com>")),
        ("password", json!("x".repeat(256)), json!("x".repeat(257))),
    ] {
        check(&format!("{place}/{name}"), good, &[]);
        let key = format!("csqs[3].email.{name}");
        let found = problems(with(&format!("{place}/{name}"), bad));
        assert!(found.iter().any(|(place, _)| *place == key), "{found:?}");
    }
    let own = settings(with("/csqs/3/email/sent_folder", json!("Out")));
    let own = own.csqs.get("other").unwrap().email.clone().unwrap();
    assert_eq!(own.sent_folder(one.mail_server_of(&own).unwrap()), "Out");
    let aliases: Vec<_> = (0..21).map(|it| format!("a{it}@example.com")).collect();
    check(&format!("{place}/aliases"), json!(aliases[..20]), &[]);
    check(&format!("{place}/aliases"), json!(aliases), &["csqs[3].email.aliases"]);
    check(&format!("{place}/aliases"), json!(["nobody"]), &["csqs[3].email.aliases[0]"]);
    check(
        &format!("{place}/aliases"),
        json!(["a@example.com", "OTHER@example.com", "A@example.com"]),
        &["csqs[3].email.aliases[1]", "csqs[3].email.aliases[2]"],
    );
    let text = format!("{place}/acknowledgement/text");
    check(&text, json!("x".repeat(1_500)), &[]);
    check(&text, json!("x".repeat(1_501)), &["csqs[3].email.acknowledgement.text"]);
    let subject = format!("{place}/acknowledgement/subject");
    for bad in ["x".repeat(201), "We\r\nBcc: all".to_owned()] {
        check(&subject, json!(bad), &["csqs[3].email.acknowledgement.subject"]);
    }
}

#[test]
fn ccp_04_a_google_key_is_a_service_accounts_file_and_aims_at_no_other_host() {
    let place = "/csqs/2/email/google_key";
    let with_member = |name: &str, value: Value| {
        let mut key: Value = serde_json::from_str(&google_key()).unwrap();
        put(&mut key, &format!("/{name}"), value);
        json!(key.to_string())
    };
    check(place, with_member("token_uri", Value::Null), &[]);
    check(place, with_member("quota_project_id", json!("p")), &[]);
    let bad = [
        json!("{"),
        json!("[]"),
        with_member("type", json!("authorized_user")),
        with_member("client_email", Value::Null),
        with_member("private_key", json!("hunter2")),
        with_member("token_uri", json!("http://oauth2.googleapis.com/token")),
        with_member("token_uri", json!("https://tokens.example/token")),
        with_member("token_uri", json!("https://oauth2.googleapis.com@evil.example/")),
        with_member("token_uri", json!("https://oauth2.googleapis.com.evil.example/")),
    ];
    for bad in bad {
        let found = problems(with(place, bad));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, "csqs[2].email.google_key");
        assert!(!found[0].1.contains("hunter2"), "{found:?}");
    }
    let mut allowed = with(place, with_member("token_uri", json!("https://tokens.example/token")));
    put(&mut allowed, "/mail/allowed_token_hosts", json!(["Tokens.example"]));
    assert_eq!(problems(allowed), []);
    let read = GoogleKey::read(&google_key(), &["oauth2.googleapis.com".to_owned()]).unwrap();
    assert!(read.private_key.expose().contains("BEGIN PRIVATE KEY"));
    assert!(!format!("{read:?}").contains("BEGIN"));
}

#[test]
fn ccp_13_an_email_csq_needs_a_mail_server_that_is_there_and_every_csq_a_skill() {
    let found = problems(with("/csqs/0/email/mail_server", json!("none")));
    let [(key, message)] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(key, "csqs[0].email.mail_server");
    assert!(message.contains("not in mail_servers; set up the mail server first"), "{message}");
    check("/csqs/0/email/mail_server", Value::Null, &["csqs[0].email.mail_server"]);
    for (position, skills) in [(0, json!({})), (4, Value::Null)] {
        let pointer = format!("/csqs/{position}/skills");
        let found = problems(with(&pointer, skills));
        let [(key, message)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(*key, format!("csqs[{position}].skills"));
        assert!(message.contains("at least one skill"), "{message}");
    }
    check("/csqs/0/skills/French", json!(1), &["csqs[0].skills"]);
    // What is wrong with a mail server is told there and not at each of its CSQs.
    check("/mail_servers/0/imap_host", json!("192.0.2.1"), &["mail_servers[0].imap_host"]);
    // Nor what is wrong with a CSQ at what is for it.
    check("/csqs/3/email/poll_seconds", json!(1), &["csqs[3].email.poll_seconds"]);
    check("/csqs/3/email/address", Value::Null, &["csqs[3].email.address"]);
}

#[test]
fn ccp_13_a_mailbox_is_one_csqs_alone_by_account_address_and_alias() {
    let taken = |pointer: &str, value: Value, key: &str, word: &str| {
        let found = problems(with(pointer, value));
        let [(place, message)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(place, key);
        assert!(message.contains(word), "{message}");
    };
    taken(
        "/csqs/1/email/address",
        json!("Exchange@example.com"),
        "csqs[1].email.address",
        "the CSQ \"exchange\" already",
    );
    taken(
        "/csqs/3/email/aliases/0",
        json!("office@EXAMPLE.com"),
        "csqs[3].email.aliases[0]",
        "the CSQ \"office\" already",
    );
    // By the alias of one that stands before.
    let mut sample = sample();
    put(
        &mut sample,
        "/csqs/-",
        json!({"name": "later", "skills": {"German": 1}, "email":
        {"address": "help@example.com", "mail_server": "exchange", "password": "x"}}),
    );
    let found = problems(sample.clone());
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "csqs[5].email.address");
    // By who signs in, at the same host whatever the mail server is called.
    put(&mut sample, "/csqs/5/email/address", json!("new@example.com"));
    put(&mut sample, "/csqs/5/email/user_name", json!("OTHER@example.com"));
    put(&mut sample, "/mail_servers/0/imap_host", json!("IMAP.other.example"));
    let found = problems(sample.clone());
    let [(key, message)] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(key, "csqs[5].email.user_name");
    assert!(message.contains("a mailbox of its own"), "{message}");
    put(&mut sample, "/mail_servers/0/imap_host", json!("imap.exchange.example"));
    assert_eq!(problems(sample), []);
}

/// What each kind of mail server asks for, by the CSQ of that kind in the sample.
#[test]
fn ccp_13_fields_are_asked_for_by_the_kind_of_mail_server() {
    let cases: [(usize, &str, Value, &[&str]); 30] = [
        // Exchange: a password, and nothing of tokens.
        (0, "password", Value::Null, &["password"]),
        (0, "reading", json!("oauth"), &["reading"]),
        (0, "sending", json!("oauth"), &["sending"]),
        (0, "google_key", json!(google_key()), &["google_key"]),
        (0, "tenant", json!("t"), &["tenant"]),
        (0, "client_id", json!("c"), &["client_id"]),
        (0, "client_secret", json!("s"), &["client_secret"]),
        (0, "client_secret_expires_on", json!("2028-01-01"), &["client_secret_expires_on"]),
        // Office 365: reads by token, sends by either.
        (1, "password", Value::Null, &["password"]),
        (1, "reading", json!("basic"), &["reading"]),
        (1, "reading", json!("oauth"), &[]),
        (1, "sending", json!("oauth"), &[]),
        (1, "tenant", Value::Null, &["tenant"]),
        (1, "tenant", json!("a/b"), &["tenant"]),
        (1, "client_id", Value::Null, &["client_id"]),
        (1, "client_secret", Value::Null, &["client_secret"]),
        (1, "client_secret_expires_on", json!("2027-02-29"), &["client_secret_expires_on"]),
        (1, "google_key", json!(google_key()), &["google_key"]),
        // Gmail: either way, the key with tokens alone.
        (2, "google_key", Value::Null, &["google_key"]),
        (2, "sending", json!("basic"), &[]),
        (2, "reading", json!("basic"), &[]),
        (2, "password", json!("x"), &[]),
        (2, "tenant", json!("t"), &["tenant"]),
        (2, "client_id", json!("c"), &["client_id"]),
        (2, "client_secret", json!("s"), &["client_secret"]),
        // Any other: a password.
        (3, "password", Value::Null, &["password"]),
        (3, "reading", json!("oauth"), &["reading"]),
        (3, "sending", json!("oauth"), &["sending"]),
        (3, "google_key", json!(google_key()), &["google_key"]),
        (3, "tenant", json!("t"), &["tenant"]),
    ];
    for (position, name, value, wanted) in cases {
        let wanted: Vec<_> =
            wanted.iter().map(|name| format!("csqs[{position}].email.{name}")).collect();
        let wanted: Vec<_> = wanted.iter().map(String::as_str).collect();
        check(&format!("/csqs/{position}/email/{name}"), value, &wanted);
    }
    // Without basic nobody is asked for a password.
    let mut sample = with("/csqs/1/email/sending", json!("oauth"));
    put(&mut sample, "/csqs/1/email/password", Value::Null);
    assert_eq!(problems(sample), []);
    let one = settings(super::sample());
    let email = one.csqs.get("office").unwrap().email.clone().unwrap();
    assert_eq!((email.reading, email.sending), (MailProof::Oauth, MailProof::Basic));
}

#[test]
fn ccp_13_gmail_by_password_is_taken_without_one_and_warned_of() {
    let mut sample = sample();
    for name in ["reading", "sending", "google_key"] {
        put(&mut sample, &format!("/csqs/2/email/{name}"), Value::Null);
    }
    let file = SettingsFile::read(sample.clone()).unwrap();
    let warned = |warnings: Vec<crate::Problem>| -> Vec<String> {
        warnings.into_iter().map(|it| it.key).filter(|key| key.starts_with("csqs")).collect()
    };
    assert_eq!(warned(file.warnings()), ["csqs[2].email.password"]);
    let one = settings(sample.clone());
    // By name, Gmail's is the second there.
    assert_eq!(warned(one.warnings()), ["csqs[1].email.password"]);
    let email = one.csqs.get("gmail").unwrap().email.clone().unwrap();
    assert_eq!((email.reading, email.sending), (MailProof::Basic, MailProof::Basic));
    put(&mut sample, "/csqs/2/email/password", json!("x"));
    assert_eq!(warned(settings(sample).warnings()), Vec::<String>::new());
}
