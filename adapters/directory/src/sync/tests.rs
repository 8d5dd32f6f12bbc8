//! What becomes of odd entries, and of a directory that is suddenly empty.

use std::sync::Arc;

use domain::settings::{
    Directory, DirectorySecurity, DirectoryServer, DirectoryTeam, SettingsFile,
};
use domain::settings::{SettingDocument, SettingsHead};
use domain::{Key, Sealed};
use protocols::ldap::Attribute;

use super::*;

fn directory() -> Directory {
    Directory {
        name: "site".to_owned(),
        servers: vec![DirectoryServer { host: "a.example".to_owned(), port: 636 }],
        security: DirectorySecurity::Ldaps,
        bind_dn: "cn=x".to_owned(),
        bind_password: Some(Sealed::from_text("v1:x")),
        base_dn: "dc=x".to_owned(),
        user_filter: "(uid={user})".to_owned(),
        id_attribute: "uid".to_owned(),
        name_attribute: "cn".to_owned(),
        group_attribute: "memberOf".to_owned(),
        group_base_dn: None,
        timeout_seconds: 5,
        sync: Some(DirectorySync {
            filter: "(objectClass=person)".to_owned(),
            every_minutes: 60,
            extension_attribute: Some("telephoneNumber".to_owned()),
            teams: vec![DirectoryTeam {
                group: "CN=Sales, OU=Groups".to_owned(),
                team: "Sales".parse().unwrap(),
            }],
            removal_percent_max: 20,
        }),
    }
}

fn entry(uid: &str, line: &str) -> Found {
    let attribute = |name: &str, value: &str| Attribute {
        name: name.to_owned(),
        values: vec![value.as_bytes().to_vec()],
    };
    let attributes =
        vec![attribute("uid", uid), attribute("cn", "A B"), attribute("telephoneNumber", line)];
    let groups = [normalised("cn=sales,ou=groups")].into();
    Found { entry: Entry { name: format!("uid={uid}"), attributes }, groups }
}

/// Settings with a team and so many agents of the directory; one agent is ours.
fn settings(count: usize) -> Settings {
    let agents = (0..count).map(|number| {
        json!({"id": number.to_string(), "team": "Sales", "origin": "site", "extension": "1"})
    });
    let ours = json!({"id": "ours", "name": "Ours"});
    let value = json!({
        "teams": [{"name": "Sales"}],
        "agents": agents.chain([ours]).collect::<Vec<_>>(),
    });
    let file = SettingsFile::read(value).unwrap();
    let documents = file.into_documents(|_| None, |_, _| Sealed::from_text("x"));
    let mut settings = Settings::from_documents(&SettingsHead::default(), documents.0);
    settings.directories = Arc::new([("site".to_owned(), Arc::new(directory()))].into());
    settings.number = 7;
    settings
}

fn run(settings: &Settings, found: &[Found], wanted: bool) -> (Option<Change>, SyncReport) {
    let directory = directory();
    let sync = directory.sync.as_ref().unwrap();
    planned(settings, sync, rows(&directory, sync, found), wanted, Timestamp::default())
}

#[test]
fn cti_08_additions_changes_and_deletions_arrive_and_what_is_held_up_or_failed_is_told() {
    let mut found: Vec<_> = (1..10).map(|number| entry(&number.to_string(), "1")).collect();
    found.extend([entry("new", "2001"), entry("ours", "3"), entry("not an id", "4")]);
    found.extend([entry("new", "2002"), entry("odd", "extension 5")]);
    let (change, report) = run(&settings(10), &found, false);
    let change = change.unwrap();
    assert_eq!(report.result, SyncResult::Done);
    assert_eq!((report.added, report.changed, report.removed), (2, 9, 1));
    assert_eq!(change.base, 7);
    assert_eq!(change.removed, [Key::new(domain::Kind::Setting, "agent/0")]);
    let added = change.put.iter().find_map(|document| match document {
        SettingDocument::Agent(agent) if agent.id.as_str() == "new" => Some(agent),
        _ => None,
    });
    let added = added.unwrap();
    assert_eq!(added.origin.as_deref(), Some("site"));
    assert_eq!(added.team.as_ref().map(|team| team.as_str()), Some("Sales"));
    assert_eq!(added.extension.as_ref().map(|it| it.as_str()), Some("2001"));
    assert_eq!(report.held_up.iter().map(|row| row.who.as_str()).collect::<Vec<_>>(), ["ours"]);
    let failed: Vec<_> = report.failed.iter().map(|row| row.who.as_str()).collect();
    assert_eq!(failed, ["not an id", "new", "odd"]);
    assert_eq!(report.not_taken, 4);
}

#[test]
fn cti_08_a_directory_that_lost_too_many_removes_nobody_unless_it_is_told_to() {
    let settings = settings(10);
    let (change, report) = run(&settings, &[], false);
    assert_eq!(report.result, SyncResult::TooManyRemovals { percent_max: 20 });
    assert_eq!((change, report.removed), (None, 10));
    assert!(report.json()["why"].as_str().unwrap().contains("10 agents"), "{}", report.json());
    let (change, report) = run(&settings, &[], true);
    assert_eq!(report.result, SyncResult::Done);
    // Ours stays.
    assert_eq!(change.unwrap().removed.len(), 10);
    let eight: Vec<_> = (0..8).map(|number| entry(&number.to_string(), "1")).collect();
    assert_eq!(run(&settings, &eight, false).1.result, SyncResult::Done);
    let seven: Vec<_> = (0..7).map(|number| entry(&number.to_string(), "1")).collect();
    assert_ne!(run(&settings, &seven, false).1.result, SyncResult::Done);
}

#[test]
fn cti_08_the_second_time_nothing_changes() {
    let found: Vec<_> = (0..10).map(|number| entry(&number.to_string(), "1")).collect();
    let settings = settings(10);
    let (change, _) = run(&settings, &found, false);
    let change = change.unwrap();
    let after = settings.changed(&SettingsHead::default(), change.put, &change.removed);
    assert!(run(&after, &found, false).0.unwrap().is_empty());
}

#[test]
fn an_entry_with_the_name_of_an_account_stops_nobody_else() {
    let mut settings = settings(2);
    let value = json!({"accounts": [{"name": "root", "roles": ["administrator"]}]});
    let file = SettingsFile::read(value).unwrap();
    let documents = file.into_documents(|_| None, |_, _| Sealed::from_text("x"));
    settings.accounts = Settings::from_documents(&SettingsHead::default(), documents.0).accounts;
    let found = [entry("0", "1"), entry("1", "1"), entry("root", "2"), entry("new", "3")];
    let (change, report) = run(&settings, &found, false);
    assert_eq!((report.result, report.added, report.found), (SyncResult::Done, 1, 4));
    let failed: Vec<_> = report.failed.iter().map(|row| row.who.as_str()).collect();
    assert_eq!((failed, report.not_taken), (vec!["root"], 1));
    assert!(change.is_some());
}
