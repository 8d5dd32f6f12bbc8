//! Digital contacts in a settings file: limits, references, round trips.

use serde_json::{Value, json};

use crate::settings::{
    AGENT_ALIAS_PLACE, Channel, MailServer, MailServerKind, SECRET_MEMBERS, SecretOf, Section,
    SettingDocument, Settings, SettingsFile, SettingsHead, UnclearSending, export, export_document,
    masked,
};
use crate::{Sealed, Secret};

mod csqs;
mod texts;

/// A key file as Google hands it out, but for the key, which opens nothing.
fn google_key() -> String {
    json!({
        "type": "service_account",
        "client_email": "reader@project.iam.gserviceaccount.example",
        "private_key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "private_key_id": "1",
        "token_uri": "https://oauth2.googleapis.com/token",
    })
    .to_string()
}

/// A mail server and a CSQ of every kind, and something of everything else.
fn sample() -> Value {
    let server = |name: &str, kind: &str| {
        json!({"name": name, "kind": kind, "imap_host": format!("imap.{name}.example"),
               "smtp_host": format!("smtp.{name}.example")})
    };
    let csq = |name: &str, email: Value| {
        let mut csq = json!({"name": name, "skills": {"German": 3},
               "email": {"address": format!("{name}@example.com"), "mail_server": name}});
        csq["email"].as_object_mut().unwrap().extend(email.as_object().unwrap().clone());
        csq
    };
    json!({
        "skills": [{"name": "German"}],
        "proxies": {"http": {"host": "proxy.example"}, "socks": {"host": "socks.example"}},
        "mail": {"subject_tags": ["[EXTERNAL]"], "authentication_server_id": "mx.example"},
        "mail_servers": [
            server("exchange", "exchange"),
            server("office", "office365"),
            server("gmail", "gmail"),
            server("other", "imap"),
        ],
        "csqs": [
            csq("exchange", json!({"password": "hunter2"})),
            csq("office", json!({"password": "hunter2", "tenant": "contoso.example", "client_id": "c1",
                "client_secret": "hunter2", "client_secret_expires_on": "2028-02-29"})),
            csq("gmail", json!({"google_key": google_key(), "reading": "oauth", "sending": "oauth"})),
            csq("other", json!({"password": "hunter2", "aliases": ["help@example.com"],
                "acknowledgement": {"subject": "We have it", "text": "Thank you.\nSupport"}})),
            {"name": "talk", "channel": "chat", "selection": "most_skilled", "skills": {"German": 1}},
        ],
        "predefined_responses": [
            {"title": "Hello", "text": "<p>Hello</p>"},
            {"title": "Bye", "channel": "chat", "text": "Bye!", "csqs": ["talk"]},
        ],
        "wrap_up_categories": [{"name": "Sale", "reasons": ["Bought", "Asked"], "csqs": ["other"]}],
        "email_signatures": [
            {"name": "All", "content": "<p>{{agent-alias}}</p>"},
            {"name": "Own", "content": "<b>Own</b>", "csqs": ["other"]},
        ],
        "channels": {"customer_records": {"url": "https://crm.example/records", "secret": "hunter2"}},
    })
}

fn settings(value: Value) -> Settings {
    let file = SettingsFile::read(value).unwrap_or_else(|found| panic!("{found}"));
    let seal = |of: SecretOf, _: &Secret| Sealed::from_text(format!("v2:{}", of.place()));
    let documents = file.into_documents(|_| None, seal);
    Settings::from_documents(&SettingsHead::default(), documents.0)
}

/// The sample with `value` in the place of what is at `pointer`, or without that where it is nothing.
fn with(pointer: &str, value: Value) -> Value {
    let mut sample = sample();
    put(&mut sample, pointer, value);
    sample
}

fn put(sample: &mut Value, pointer: &str, value: Value) {
    let (table, member) = pointer.rsplit_once('/').unwrap();
    match sample.pointer_mut(table).unwrap() {
        Value::Object(table) if value.is_null() => {
            table.remove(member);
        }
        Value::Object(table) => {
            table.insert(member.to_owned(), value);
        }
        Value::Array(list) if member == "-" => list.push(value),
        Value::Array(list) if value.is_null() => {
            list.remove(member.parse().unwrap());
        }
        Value::Array(list) => list[member.parse::<usize>().unwrap()] = value,
        other => panic!("{other}"),
    }
}

fn problems(value: Value) -> Vec<(String, String)> {
    match SettingsFile::read(value) {
        Ok(_) => Vec::new(),
        Err(problems) => {
            let each = problems.as_slice().iter();
            each.map(|it| (it.key.clone(), it.message.clone())).collect()
        }
    }
}

/// Compares the keys of all problems of the sample changed as [`with`] does.
#[track_caller]
fn check(pointer: &str, value: Value, expected: &[&str]) {
    let found = problems(with(pointer, value.clone()));
    let keys: Vec<_> = found.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, expected, "{pointer} {value}: {found:?}");
}

/// A number has these limits, both of which the message names.
#[track_caller]
fn check_range(pointer: &str, key: &str, least: u64, most: u64) {
    check(pointer, json!(least), &[]);
    check(pointer, json!(most), &[]);
    for beyond in [least.checked_sub(1), Some(most + 1)].into_iter().flatten() {
        let found = problems(with(pointer, json!(beyond)));
        let [(place, message)] = found.as_slice() else { panic!("{pointer}: {found:?}") };
        assert_eq!(place, key);
        assert!(message.contains(&format!("from {least} to {most}, not {beyond}")), "{message}");
    }
}

#[test]
fn what_is_exported_is_read_back_and_named_by_what_it_is() {
    let one = settings(sample());
    assert_eq!(settings(export(&one)), one);
    assert_eq!(one.csqs.len(), 5);
    for document in one.documents() {
        assert_eq!(one.document(&document.key()), Some(document));
    }
    let gone: Vec<_> = one.documents().iter().map(SettingDocument::key).collect();
    let none = one.changed(&SettingsHead::default(), [], &gone);
    assert_eq!(none, Settings { number: 0, source: None, ..Settings::default() });
}

#[test]
fn ccp_04_secrets_are_sealed_for_what_they_are_and_sealed_anew() {
    let one = settings(sample());
    let secrets = [
        (SecretOf::Mailbox("office".to_owned()), "mailbox", "csqs/office email.password"),
        (SecretOf::GoogleKey("gmail".to_owned()), "google_key", "csqs/gmail email.google_key"),
        (
            SecretOf::MailClient("office".to_owned()),
            "mail_client",
            "csqs/office email.client_secret",
        ),
        (SecretOf::CustomerRecords, "customer_records", "channels.customer_records.secret"),
    ];
    for (of, purpose, place) in secrets {
        assert_eq!((of.purpose(), of.place().as_str()), (purpose, place));
        let sealed = Sealed::from_text(format!("v2:{place}"));
        assert_eq!(one.secret(&of), Some(sealed));
        let documents = one.with_secrets();
        let holder = documents.iter().find(|it| it.secrets().iter().any(|(it, _)| *it == of));
        let anew = holder.unwrap().clone().with_secret(&of, Sealed::from_text("anew"));
        let anew = one.changed(&SettingsHead::default(), [anew], &[]);
        assert_eq!(anew.secret(&of), Some(Sealed::from_text("anew")));
        let others = documents.iter().flat_map(|it| it.secrets()).filter(|(it, _)| *it != of);
        for (other, sealed) in others {
            assert_eq!(anew.secret(&other).as_ref(), Some(sealed), "{other:?}");
        }
    }
}

#[test]
fn ccp_04_secrets_are_seen_by_nobody() {
    let file = SettingsFile::read(sample()).unwrap();
    let one = settings(sample());
    let shown = masked(export(&one)).to_string();
    for printed in [format!("{file:?}"), format!("{one:?}"), shown] {
        for secret in ["hunter2", "PRIVATE KEY", "v2:"] {
            assert!(!printed.contains(secret), "{secret}: {printed}");
        }
    }
    for name in ["password", "google_key", "client_secret", "secret"] {
        let sealed = format!("{name}_sealed");
        assert!(SECRET_MEMBERS.contains(&name) && SECRET_MEMBERS.contains(&sealed.as_str()));
    }
    let both = json!({"url": "https://crm.example", "secret": "a", "secret_sealed": "v2:b"});
    check("/channels/customer_records", both, &["channels.customer_records.secret"]);
}

#[test]
fn ccp_02_a_mail_server_has_the_ports_and_folders_of_its_kind() {
    let one = settings(sample());
    let server = |name: &str| (**one.mail_servers.get(name).unwrap()).clone();
    for server in one.mail_servers.values() {
        assert_eq!((server.imap_port, server.smtp_port), (993, 587));
        assert!(!server.http_proxy && !server.socks_proxy);
    }
    let folders = ["exchange", "office", "gmail", "other"].map(|name| {
        let server = server(name);
        (server.kind.inbox_folder(), server.sent_folder().to_owned())
    });
    let folder = |name: &str| ("INBOX", name.to_owned());
    let wanted = ["Sent Items", "Sent Items", "[Gmail]/Sent Mail", "Sent"].map(folder);
    assert_eq!(folders, wanted);
    let own = MailServer { sent_folder: Some("Gesendet".to_owned()), ..server("office") };
    assert_eq!(own.sent_folder(), "Gesendet");
    let tls = settings(with("/mail_servers/0/smtp_security", json!("tls")));
    assert_eq!(tls.mail_servers.get("exchange").unwrap().smtp_port, 465);
    for name in ["imap_port", "smtp_port"] {
        let key = format!("mail_servers[0].{name}");
        check_range(&format!("/mail_servers/0/{name}"), &key, 1, 65_535);
    }
    check("/mail_servers/0/kind", json!("pop3"), &["mail_servers[0].kind"]);
    check("/mail_servers/0/description", json!("x".repeat(128)), &[]);
    check("/mail_servers/0/description", json!("x".repeat(129)), &["mail_servers[0].description"]);
}

/// What files by itself tells by that; what does not tells by a copy.
#[test]
fn ccp_02_unclear_answers_are_judged_as_the_server_says_or_its_kind() {
    use UnclearSending::{Ask, OwnCopy, Repeat};
    let one = settings(sample());
    let server = |name: &str| (**one.mail_servers.get(name).unwrap()).clone();
    let judged = ["exchange", "office", "gmail", "other"].map(|it| server(it).unclear_sending());
    assert_eq!(judged, [OwnCopy, Repeat, Repeat, OwnCopy]);
    assert_eq!(server("office").proof_seconds, 60);
    for (word, meant) in UnclearSending::NAMED {
        let own = settings(with("/mail_servers/0/unclear_sending", json!(word)));
        assert_eq!(own.mail_servers.get("exchange").unwrap().unclear_sending(), meant);
    }
    assert_eq!(MailServer { unclear_sending: Some(Ask), ..server("gmail") }.unclear_sending(), Ask);
    let key = "mail_servers[0].unclear_sending";
    check("/mail_servers/0/unclear_sending", json!("twice"), &[key]);
    check_range("/mail_servers/0/proof_seconds", "mail_servers[0].proof_seconds", 2, 1_800);
}

#[test]
fn ccp_02_hosts_of_mail_servers_are_names_and_no_addresses() {
    for name in ["imap_host", "smtp_host"] {
        let pointer = format!("/mail_servers/0/{name}");
        let key = format!("mail_servers[0].{name}");
        check(&pointer, json!("mail.example"), &[]);
        check(&pointer, Value::Null, &[&key]);
        for bad in ["192.0.2.1", "2001:db8::1", "mail.example:993", "imaps://mail.example", ""] {
            check(&pointer, json!(bad), &[&key]);
        }
    }
    let (_, message) = problems(with("/mail_servers/0/imap_host", json!("192.0.2.1"))).remove(0);
    assert!(message.contains("full name") && message.contains("192.0.2.1"), "{message}");
}

#[test]
fn ccp_02_a_mail_server_goes_by_a_proxy_only_where_the_system_has_one() {
    for (name, other) in [("http", "socks"), ("socks", "http")] {
        let mut sample = with(&format!("/mail_servers/3/{name}_proxy"), json!(true));
        let one = settings(sample.clone());
        let server = one.mail_servers.get("other").unwrap();
        let hosts = [one.http_proxy_of(server), one.socks_proxy_of(server)]
            .map(|proxy| proxy.map(|proxy| proxy.host.clone()));
        let wanted = match name {
            "http" => [Some("proxy.example".to_owned()), None],
            _ => [None, Some("socks.example".to_owned())],
        };
        assert_eq!(hosts, wanted);
        put(&mut sample, &format!("/proxies/{other}"), Value::Null);
        assert_eq!(problems(sample.clone()), []);
        put(&mut sample, &format!("/proxies/{name}"), Value::Null);
        let found = problems(sample);
        let [(key, message)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(*key, format!("mail_servers[3].{name}_proxy"));
        assert!(message.contains(&format!("proxies.{name} is not set; set it first")), "{message}");
    }
}

#[test]
fn ccp_02_tokens_come_from_where_the_kind_of_server_says_unless_it_says_otherwise() {
    let one = settings(sample());
    let email = |name: &str| one.csqs.get(name).unwrap().email.clone().unwrap();
    let url = |name: &str| email(name).token_url(one.mail_servers.get(name).unwrap());
    let microsoft = "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token";
    assert_eq!(url("office").as_deref(), Some(microsoft));
    assert_eq!(url("gmail").as_deref(), Some("https://oauth2.googleapis.com/token"));
    assert_eq!((url("exchange"), url("other")), (None, None));
    let scope = |name: &str| one.mail_servers.get(name).unwrap().token_scope().map(str::to_owned);
    assert_eq!(scope("office").as_deref(), Some("https://outlook.office365.com/.default"));
    assert_eq!(scope("gmail").as_deref(), Some("https://mail.google.com/"));
    assert_eq!(scope("other"), None);

    let national = "https://login.cloud.example/{tenant}/oauth2/v2.0/token";
    let changed = settings(with("/mail_servers/1/token_url", json!(national)));
    let server = changed.mail_servers.get("office").unwrap();
    assert_eq!(
        email("office").token_url(server).as_deref(),
        Some("https://login.cloud.example/contoso.example/oauth2/v2.0/token")
    );
    assert_eq!(server.token_url(None), None);
    for bad in ["http://login.example/", "https://192.0.2.1/", "https://a@b.example/", "login"] {
        check("/mail_servers/1/token_url", json!(bad), &["mail_servers[1].token_url"]);
    }
    for (position, name) in [(0, "token_url"), (3, "token_scope")] {
        let pointer = format!("/mail_servers/{position}/{name}");
        let key = format!("mail_servers[{position}].{name}");
        check(&pointer, json!("https://login.example/token"), &[&key]);
    }
}

#[test]
fn ccp_05_what_others_name_is_not_removed_and_they_are_told() {
    let removed = [
        ("/mail_servers/3", "csqs[3].email.mail_server", "\"other\""),
        ("/skills/0", "csqs[0].skills", "\"German\""),
        ("/csqs/4", "predefined_responses[1].csqs", "\"talk\""),
    ];
    for (pointer, key, name) in removed {
        let found = problems(with(pointer, Value::Null));
        assert_eq!(found[0].0, key);
        assert!(found[0].1.contains(name) && found[0].1.contains("which is not in"), "{found:?}");
    }
    let named = ["wrap_up_categories[0].csqs", "email_signatures[1].csqs"];
    check("/csqs/3", Value::Null, &named);
}

#[test]
fn ccp_09_channel_parameters_have_their_limits_and_usual_values() {
    let usual = settings(json!({})).channels;
    assert_eq!((usual.join_minutes, usual.sticky_email_hours), (1, 4));
    assert!(usual.is_chat_while_on_voice && usual.is_voice_while_on_chat);
    let ranges = [
        ("no_answer_seconds", 5, 600),
        ("join_minutes", 1, 60),
        ("inactivity_minutes", 1, 1_440),
        ("chats_per_agent", 1, 5),
        ("emails_per_agent", 1, 5),
        ("sticky_email_hours", 1, 120),
    ];
    for (name, least, most) in ranges {
        check_range(&format!("/channels/{name}"), &format!("channels.{name}"), least, most);
    }
    for name in ["is_chat_while_on_voice", "is_voice_while_on_chat"] {
        check(&format!("/channels/{name}"), json!(false), &[]);
        check(&format!("/channels/{name}"), json!("yes"), &[&format!("channels.{name}")]);
    }
    let url = "/channels/customer_records/url";
    check(url, json!("http://crm.example"), &["channels.customer_records.url"]);
    check(url, Value::Null, &["channels.customer_records.url"]);
}

#[test]
fn mail_07_a_virus_scanner_has_a_place_a_limit_and_what_happens_without_it() {
    assert_eq!(settings(json!({})).channels.virus_scanner, None);
    let of = |scanner: Value| settings(json!({"channels": {"virus_scanner": scanner}})).channels;
    let usual = of(json!({"address": "127.0.0.1:3310"})).virus_scanner.clone().unwrap();
    assert_eq!(
        (usual.scan_bytes_max, usual.when_unreachable),
        (26_214_400, crate::settings::Unscanned::Withhold)
    );
    let at = "/channels/virus_scanner";
    check(at, json!({}), &["channels.virus_scanner.address"]);
    for good in ["clamd.example:3310", "[2001:db8::1]:3310", "unix:/run/clamav/clamd.ctl"] {
        check(at, json!({"address": good, "when_unreachable": "allow"}), &[]);
    }
    let long = format!("unix:/{}", "x".repeat(120));
    for bad in ["clamd", "clamd:0", ":3310", "unix:clamd.ctl", "tcp://a:3310", "[x]:1", &long] {
        check(at, json!({"address": bad}), &["channels.virus_scanner.address"]);
    }
    let with = |name: &str, value: Value| json!({"address": "a:1", name: value});
    for (name, bad) in [
        ("scan_bytes_max", json!(65_535)),
        ("scan_bytes_max", json!(1_073_741_825)),
        ("when_unreachable", json!("never")),
    ] {
        check(at, with(name, bad), &[&format!("channels.virus_scanner.{name}")]);
    }
}

#[test]
fn dsk_06_pages_that_may_show_the_workspace_are_origins_and_nothing_wider() {
    let origins = "/channels/workspace_frame_origins";
    let key = |position: usize| format!("channels.workspace_frame_origins[{position}]");
    let good = json!(["https://Desktop.example:8445/", "https://desktop.example:443"]);
    check(origins, good.clone(), &[]);
    let read = settings(json!({"channels": {"workspace_frame_origins": good}})).channels;
    let expected = ["https://desktop.example:8445", "https://desktop.example"];
    assert_eq!(read.workspace_frame_origins, expected);
    for bad in
        ["*", "http://desktop.example", "https://*.example", "https://a.example; x", "'self'"]
    {
        check(origins, json!(["https://a.example", bad]), &[&key(1)]);
    }
    check(origins, json!(["https://a.example", "https://A.example:443"]), &[&key(1)]);
    let many: Vec<_> = (0..11).map(|number| format!("https://a{number}.example")).collect();
    check(origins, json!(many[..10]), &[]);
    check(origins, json!(many), &["channels.workspace_frame_origins"]);
}

#[test]
fn mail_as_a_whole_has_its_limits() {
    let usual = settings(json!({})).mail;
    assert_eq!((usual.joins_by_subject_days, usual.raw_megabytes_max), (14, 35));
    assert_eq!(usual.allowed_token_hosts, ["oauth2.googleapis.com"]);
    for (name, least, most) in [
        ("joins_by_subject_days", 0, 365),
        ("raw_megabytes_max", 1, 150),
        ("acknowledgements_per_hour_max", 0, 10_000),
    ] {
        check_range(&format!("/mail/{name}"), &format!("mail.{name}"), least, most);
    }
    check("/mail/subject_tags", json!(["x".repeat(40)]), &[]);
    check("/mail/subject_tags", json!(["x".repeat(41)]), &["mail.subject_tags"]);
    check("/mail/subject_tags", json!(vec!["x"; 51]), &["mail.subject_tags"]);
    check("/mail/authentication_server_id", json!("a b"), &["mail.authentication_server_id"]);
    let hosts = "/mail/allowed_token_hosts";
    check(hosts, json!(["oauth2.googleapis.com", "TOKENS.example"]), &[]);
    for bad in ["192.0.2.1", "https://tokens.example", "oauth2.googleapis.com"] {
        let hosts_with = json!(["oauth2.googleapis.com", bad]);
        check(hosts, hosts_with, &["mail.allowed_token_hosts[1]"]);
    }
}

#[test]
fn every_section_of_digital_contacts_stands_alone_in_a_file() {
    let one = settings(sample());
    let sections = [
        Section::Mail,
        Section::MailServer,
        Section::Csq,
        Section::PredefinedResponse,
        Section::WrapUpCategory,
        Section::EmailSignature,
        Section::Channels,
    ];
    let exported = export(&one);
    for section in sections {
        let documents = one.documents().into_iter().filter(|it| it.section() == section);
        let documents: Vec<_> = documents.map(|it| export_document(&it)).collect();
        let wanted = match section.is_single() {
            true => documents.first().cloned().unwrap(),
            false => Value::Array(documents),
        };
        assert_eq!(exported[section.file_key()], wanted);
    }
    assert_eq!(one.csqs_of(Channel::Email).count(), 4);
    assert_eq!(MailServerKind::NAMED.map(|(name, kind)| name == kind.name()), [true; 4]);
    assert_eq!(AGENT_ALIAS_PLACE, "{{agent-alias}}");
}
