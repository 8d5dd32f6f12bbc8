use domain::Timestamp;

use super::*;

#[test]
fn ccp_11_mail_servers_are_reachable_in_part_or_not_at_all() {
    let servers = |states: &[&str]| -> Vec<Value> {
        states.iter().map(|state| json!({"state": state})).collect()
    };
    for (states, expected) in [
        (&["reachable", "not_used"][..], "reachable"),
        (&["reachable", "unreachable"], "partly"),
        (&["unreachable", "not_used"], "unreachable"),
        // Nobody's mails depend on one that is not used.
        (&["not_used"], "reachable"),
    ] {
        assert_eq!(overall(&servers(states)), expected, "{states:?}");
    }
}

#[test]
fn ccp_01_a_mailbox_is_told_with_its_reason_its_last_round_and_what_waits() {
    let at = Timestamp::from_seconds(1_795_842_600);
    let status = |state| MailboxStatus {
        csq: "support".to_owned(),
        state,
        last_round_at: Some(at),
        behind: 2,
    };
    for (state, expected, code) in [
        (MailboxState::Ok, "working", None),
        (MailboxState::Warned("soon".to_owned()), "working", Some("mailbox_amiss")),
        (MailboxState::Failing("refused".to_owned()), "unable", Some("mailbox_down")),
        (MailboxState::StoreRefuses("full".to_owned()), "unable", Some("mailbox_not_kept")),
        (MailboxState::Elsewhere, "unknown", Some("mailbox_elsewhere")),
        (MailboxState::Unknown, "unknown", Some("mailbox_not_yet")),
    ] {
        let told = mailbox(&status(state), Some("gw-b".to_owned()), 7);
        assert_eq!((told["state"].as_str(), told["code"].as_str()), (Some(expected), code));
        assert_eq!(told["reason"].is_null(), code.is_none());
        assert_eq!(told["last_round_at"], json!(at.microseconds()));
        assert_eq!((&told["behind"], &told["waiting"]), (&json!(2), &json!(7)));
        assert_eq!(told["node"], json!("gw-b"));
    }
    let told = mailbox(&status(MailboxState::Failing("refused".to_owned())), None, 0);
    assert!(told["reason"].as_str().unwrap().contains("refused"), "{told}");
}

/// Pages have words for these codes in every language.
#[tokio::test]
async fn ccp_11_why_a_server_was_not_reached_is_told_by_code_as_tests_tell_it() {
    let server: MailServer = serde_json::from_value(json!({
        "name": "mail", "kind": "imap", "imap_host": "imap.example.test", "imap_port": 993,
        "smtp_host": "smtp.example.test", "smtp_port": 587, "smtp_security": "start_tls",
        "http_proxy": false, "socks_proxy": false, "mechanism": "xoauth2",
    }))
    .unwrap();
    let told = reach(&server, vec!["support".to_owned()], Err("no proxy".to_owned())).await;
    assert_eq!(told["state"], "unreachable");
    assert_eq!(
        (&told["reading"]["code"], &told["reading"]["said"]),
        (&json!("unusable"), &json!("no proxy"))
    );
    assert_eq!((told.get("why"), &told["sending"]), (None, &json!(null)));
    let greeted = Check {
        side: Side::Reading,
        subject: Subject::Greeting,
        folder: None,
        outcome: Outcome::Passed,
    };
    let late = check_json(&timed_out(&server, &[]));
    assert_eq!(
        (&late["side"], &late["code"], &late["host"]),
        (&json!("reading"), &json!("timed_out"), &json!("imap.example.test"))
    );
    let late = check_json(&timed_out(&server, &[greeted]));
    assert_eq!((&late["side"], &late["host"]), (&json!("sending"), &json!("smtp.example.test")));
}

#[tokio::test]
async fn mail_07_the_virus_scanner_is_asked_whether_it_is_there() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let off = scanner(None).await;
    assert_eq!((&off["state"], &off["address"]), (&json!("off"), &json!(null)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let settings = VirusScanner {
        address: address.clone(),
        scan_bytes_max: 65_536,
        when_unreachable: domain::settings::Unscanned::Withhold,
    };
    let answering = tokio::spawn(async move {
        for answer in [&b"PONG\0"[..], b"220 mail.example ESMTP\r\n\0"] {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = [0; 6];
            stream.read_exact(&mut asked).await.unwrap();
            assert_eq!(&asked, b"zPING\0");
            stream.write_all(answer).await.unwrap();
        }
    });
    let told = scanner(Some(&settings)).await;
    assert_eq!((&told["state"], &told["address"]), (&json!("working"), &json!(address)));
    let told = scanner(Some(&settings)).await;
    assert_eq!((&told["state"], &told["code"]), (&json!("unable"), &json!("malformed")));
    answering.await.unwrap();
    let told = scanner(Some(&settings)).await;
    assert_eq!(
        (&told["code"], &told["when_unreachable"]),
        (&json!("unreachable"), &json!("withhold"))
    );
}
