//! Mail servers, queues and what agents put into answers, in settings.

use domain::settings::{
    CUSTOMER_RECORDS_SECRET_PURPOSE, GOOGLE_KEY_PURPOSE, MAIL_CLIENT_SECRET_PURPOSE,
    MAILBOX_PASSWORD_PURPOSE,
};

use super::*;

fn put(section: &str, name: &str, document: &Value) -> Value {
    json!({"edits": [{"put": {"section": section, "name": name, "document": document}}]})
}

fn remove(section: &str, name: &str) -> Value {
    json!({"edits": [{"remove": {"section": section, "name": name}}]})
}

fn mailbox(secret: &str) -> Value {
    json!({"mail_server": "office", "address": "help@example.com", "tenant": "t", "client_id": "c",
           "password": secret, "client_secret": secret})
}

fn file() -> Value {
    json!({
        "skills": [{"name": "German"}],
        "mail_servers": [{"name": "office", "kind": "office365", "imap_host": "imap.example",
                          "smtp_host": "smtp.example"}],
        "csqs": [{"name": "help", "skills": {"German": 2}, "email": mailbox("hunter2")}],
        "predefined_responses": [{"title": "Hello", "text": "<p>Hello</p>", "csqs": ["help"]}],
        "wrap_up_categories": [{"name": "Sale", "reasons": ["Bought"], "csqs": ["help"]}],
        "email_signatures": [{"name": "Own", "content": "{{agent-alias}}", "csqs": ["help"]}],
        "channels": {"customer_records": {"url": "https://crm.example/", "secret": "hunter2"}},
    })
}

#[tokio::test]
async fn ccp_04_secrets_of_mailboxes_are_sealed_and_open_for_their_purpose_alone() {
    let it = fixture().await;
    it.apply(&file().to_string()).await.unwrap();
    let before = it.engine.settings();
    let sealed = [
        (SecretOf::Mailbox("help".to_owned()), MAILBOX_PASSWORD_PURPOSE),
        (SecretOf::MailClient("help".to_owned()), MAIL_CLIENT_SECRET_PURPOSE),
        (SecretOf::CustomerRecords, CUSTOMER_RECORDS_SECRET_PURPOSE),
    ];
    for (of, purpose) in &sealed {
        let sealed = before.secret(of).unwrap();
        assert_eq!(it.sealing.unseal(purpose, &sealed).unwrap().expose(), "hunter2");
        assert!(it.sealing.unseal(GOOGLE_KEY_PURPOSE, &sealed).is_err());
    }
    let exported = exported(&before).unwrap();
    assert!(!exported.contains("hunter2"), "{exported}");
    it.apply(&exported).await.unwrap();
    assert_eq!(it.engine.settings().documents(), before.documents());
    // Sealed by another deployment's key they are refused, each at its place.
    let foreign = SealingKeys::single([8; 32]);
    let seal =
        |purpose: &str| foreign.seal(purpose, &Secret::new("x")).unwrap().as_text().to_owned();
    let mut other = file();
    let email = other["csqs"][0]["email"].as_object_mut().unwrap();
    for name in ["password", "client_secret"] {
        email.remove(name);
    }
    email.insert("password_sealed".to_owned(), json!(seal(MAILBOX_PASSWORD_PURPOSE)));
    email.insert("client_secret_sealed".to_owned(), json!(seal(MAIL_CLIENT_SECRET_PURPOSE)));
    let records = json!({"url": "https://crm.example/",
                         "secret_sealed": seal(CUSTOMER_RECORDS_SECRET_PURPOSE)});
    other["channels"]["customer_records"] = records;
    let keys = [
        "channels.customer_records.secret_sealed",
        "csqs[0].email.password_sealed",
        "csqs[0].email.client_secret_sealed",
    ];
    check_keys(&other.to_string(), &keys);
}

#[test]
fn ccp_04_a_file_with_secrets_of_mailboxes_in_the_clear_is_told_from_one_without() {
    for name in ["password", "google_key", "client_secret"] {
        let csq = json!({"name": "help", "email": {name: "x"}});
        assert!(holds_plain_secrets(&json!({"csqs": [csq]})), "{name}");
        let csq = json!({"name": "help", "email": {format!("{name}_sealed"): "x"}});
        assert!(!holds_plain_secrets(&json!({"csqs": [csq]})), "{name}");
    }
    let records = |name: &str| json!({"channels": {"customer_records": {name: "x"}}});
    assert!(holds_plain_secrets(&records("secret")));
    assert!(!holds_plain_secrets(&records("secret_sealed")));
}

#[tokio::test]
async fn ccp_04_a_mailbox_is_changed_and_keeps_the_secrets_that_are_not() {
    let it = fixture().await;
    it.apply(&file().to_string()).await.unwrap();
    let secret = |of: &SecretOf| it.engine.settings().secret(of);
    let (password, client) =
        (SecretOf::Mailbox("help".to_owned()), SecretOf::MailClient("help".to_owned()));
    let first = (secret(&password), secret(&client));
    let mut email = mailbox("hunter3");
    let members = email.as_object_mut().unwrap();
    members.remove("password");
    members.insert("password_sealed".to_owned(), json!("(set)"));
    members.insert("poll_seconds".to_owned(), json!(60));
    let document = json!({"skills": {"German": 2}, "email": email});
    it.change(put("csqs", "help", &document)).await.unwrap();
    assert_eq!(secret(&password), first.0);
    assert_ne!(secret(&client), first.1);
    let mut bad = document;
    bad["email"]["poll_seconds"] = json!(59);
    bad["email"]["client_secret"] = json!("(set)");
    let refused = it.change(put("csqs", "help", &bad)).await;
    assert_eq!(refused, Err("email.client_secret".to_owned()));
    bad["email"]["client_secret"] = json!("hunter3");
    let refused = it.change(put("csqs", "help", &bad)).await;
    assert_eq!(refused, Err("email.poll_seconds".to_owned()));
}

#[tokio::test]
async fn ccp_05_a_queue_and_its_mail_server_stay_while_others_name_them() {
    let it = fixture().await;
    it.apply(&file().to_string()).await.unwrap();
    let refused = it.change(remove("mail_servers", "office")).await;
    assert_eq!(refused, Err("csqs[0].email.mail_server".to_owned()));
    let refused = it.change(remove("csqs", "help")).await;
    let named = "predefined_responses[0].csqs wrap_up_categories[0].csqs email_signatures[0].csqs";
    assert_eq!(refused, Err(named.to_owned()));
    let refused = it.change(remove("skills", "German")).await;
    assert_eq!(refused, Err("csqs[0].skills".to_owned()));
    for (section, name) in [
        ("predefined_responses", "Hello"),
        ("wrap_up_categories", "Sale"),
        ("email_signatures", "Own"),
        ("csqs", "help"),
        ("mail_servers", "office"),
        ("skills", "German"),
    ] {
        it.change(remove(section, name)).await.unwrap();
    }
    assert!(it.engine.settings().csqs.is_empty());
}

#[tokio::test]
async fn ccp_06_a_response_is_changed_under_its_title() {
    let it = fixture().await;
    it.apply(&file().to_string()).await.unwrap();
    let named = |title: &str| json!({"title": title, "text": "<p>Hi</p>"});
    it.change(put("predefined_responses", "Hello", &json!({"text": "<p>Hi</p>"}))).await.unwrap();
    let text = it.engine.settings().predefined_responses["Hello"].text.clone();
    assert_eq!(text, "<p>Hi</p>");
    let refused = it.change(put("predefined_responses", "Hello", &named("Other"))).await;
    assert_eq!(refused, Err("title".to_owned()));
    // Another with the same title would be the same document, so it is one of a second name alone.
    it.change(put("predefined_responses", "Other", &named("Other"))).await.unwrap();
    assert_eq!(it.engine.settings().predefined_responses.len(), 2);
}

#[tokio::test]
async fn ccp_02_a_proxy_that_mail_goes_by_is_not_taken_away() {
    let it = fixture().await;
    it.apply(&file().to_string()).await.unwrap();
    let server = |on: bool| {
        json!({"kind": "office365", "imap_host": "imap.example", "smtp_host": "smtp.example",
               "http_proxy": on})
    };
    let refused = it.change(put("mail_servers", "office", &server(true))).await;
    assert_eq!(refused, Err("http_proxy".to_owned()));
    let proxies =
        |document: Value| json!({"edits": [{"put": {"section": "proxies", "document": document}}]});
    it.change(proxies(json!({"http": {"host": "proxy.example"}}))).await.unwrap();
    it.change(put("mail_servers", "office", &server(true))).await.unwrap();
    let refused = it.change(proxies(json!({}))).await;
    assert_eq!(refused, Err("mail_servers[0].http_proxy".to_owned()));
}
