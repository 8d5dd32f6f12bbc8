//! Who signs in is proven by the directory, and nobody else is.

use std::sync::Arc;

use directory::{Answer, Directories, Directory, Groups, Identified, Proven, Security};
use domain::settings::{DirectorySecurity, RoleGrant};
use domain::{Role, Secret, Settings};
use engine::SystemClock;
use protocols::ldap::normalised;

use crate::server::Content;

pub(crate) async fn directories(directory: Directory) -> Directories {
    let directories = Directories::new(Arc::new(SystemClock));
    let problems = directories.set(vec![directory]).await;
    assert!(problems.is_empty(), "{problems}");
    directories
}

pub(crate) async fn answer(directories: &Directories, user: &str, password: &str) -> Answer {
    directories.authenticate("site", user, &Secret::new(password)).await
}

async fn proven(directories: &Directories, user: &str, password: &str) -> Proven {
    match answer(directories, user, password).await {
        Answer::Proven(proven) => proven,
        other => panic!("{user} was not proven: {other:?}"),
    }
}

const ANNA: &str = "uid=anna,ou=people,dc=example,dc=org";

fn people() -> Content {
    let mut content = Content::default();
    content.person("anna", "right-1", "").person("bert", "right-2", "");
    content.person("twin", "right-3", "uid: double\n").person("twain", "right-4", "uid: double\n");
    content.person("locked", "right-5", "pwdAccountLockedTime: 000001010000Z\n");
    content.person("star*", "right-6", "");
    content.group("support", &[ANNA]);
    content.group("all", &["cn=support,ou=groups,dc=example,dc=org"]);
    content.group("round", &["cn=all,ou=groups,dc=example,dc=org"]);
    content
}

#[tokio::test]
async fn ids_17_a_user_of_the_directory_signs_in_with_the_right_password_alone() {
    let server = slapd_or_leave!(&people());
    let directories = directories(server.directory()).await;
    let anna = proven(&directories, "anna", "right-1").await;
    assert_eq!((anna.id.as_str(), anna.dn.as_str()), ("anna", ANNA));
    assert_eq!(anna.name.as_deref(), Some("Person anna"));
    assert_eq!(proven(&directories, "bert", "right-2").await.id, "bert");
    assert_eq!(answer(&directories, "bert", "right-1").await, Answer::Wrong);
    assert_eq!(answer(&directories, "nobody", "right-1").await, Answer::Wrong);
    // An empty password would be a bind as nobody, which servers answer with yes.
    assert_eq!(answer(&directories, "anna", "").await, Answer::Wrong);
    assert_eq!(answer(&directories, "", "right-1").await, Answer::Wrong);
    assert_eq!(answer(&directories, &"a".repeat(257), "right-1").await, Answer::Wrong);
    assert_eq!(answer(&directories, "anna\0", "right-1").await, Answer::Wrong);
    assert!(matches!(
        directories.authenticate("other", "anna", &Secret::new("right-1")).await,
        Answer::Refused(directory::Refusal::NoDirectory(_))
    ));
}

#[tokio::test]
async fn ids_17_a_name_that_is_a_filter_finds_nobody() {
    let server = slapd_or_leave!(&people());
    let directories = directories(server.directory()).await;
    for user in ["*", "a*", "*)(uid=anna", "anna)(|(uid=*", "*))%00", "\\61nna", "anna)"] {
        assert_eq!(answer(&directories, user, "right-1").await, Answer::Wrong, "{user}");
    }
    // Somebody may really be called that.
    assert_eq!(proven(&directories, "star*", "right-6").await.id, "star*");
}

#[tokio::test]
async fn ids_17_two_entries_of_one_name_and_a_locked_account_are_refused() {
    let server = slapd_or_leave!(&people());
    let directories = directories(server.directory()).await;
    let refused = |answer| match answer {
        Answer::Refused(refusal) => refusal.to_string(),
        other => panic!("not refused: {other:?}"),
    };
    let double = refused(answer(&directories, "double", "right-3").await);
    assert!(double.contains("several entries"), "{double}");
    let locked = refused(answer(&directories, "locked", "right-5").await);
    assert_eq!(locked, "the account is locked");
}

#[tokio::test]
async fn ids_17_groups_are_found_directly_nested_and_in_the_entry() {
    let server = slapd_or_leave!(&people());
    let group = |name: &str| normalised(&format!("cn={name},ou=groups,dc=example,dc=org"));
    let mut settings = server.directory();
    let groups = proven(&directories(settings.clone()).await, "anna", "right-1").await.groups;
    assert_eq!(Vec::from_iter(groups), [group("all"), group("round"), group("support")]);
    if let Groups::Search { nested, .. } = &mut settings.groups {
        *nested = false;
    }
    let direct = directories(settings.clone()).await;
    let groups = proven(&direct, "anna", "right-1").await.groups;
    assert_eq!(Vec::from_iter(groups), [group("support")]);
    assert!(proven(&direct, "bert", "right-2").await.groups.is_empty());
    settings.groups = Groups::Attribute("description".to_owned());
    assert!(proven(&directories(settings).await, "anna", "right-1").await.groups.is_empty());
}

#[tokio::test]
async fn ids_17_start_tls_keeps_the_password_private_too() {
    let server = slapd_or_leave!(&people());
    let mut settings = server.directory();
    settings.security = Security::StartTls;
    settings.hosts[0].port = server.plain;
    assert_eq!(proven(&directories(settings).await, "anna", "right-1").await.id, "anna");
}

#[tokio::test]
async fn ids_17_a_group_of_the_directory_gives_a_role_however_its_name_is_spelled() {
    let server = slapd_or_leave!(&people());
    let directories = directories(server.directory()).await;
    let grant = |name: &str, group: &str, role| RoleGrant {
        name: name.to_owned(),
        role,
        directory: "site".to_owned(),
        groups: vec![group.to_owned()],
        users: Vec::new(),
        teams: Vec::new(),
    };
    let mut settings = Settings::default();
    let grants = [
        grant("a", "CN=All, OU=Groups, DC=example, DC=org", Role::Administrator),
        grant("b", "cn=elsewhere,ou=groups,dc=example,dc=org", Role::Report),
    ];
    settings.roles = Arc::new(grants.map(|it| (it.name.clone(), Arc::new(it))).into());
    settings.directories = Arc::new([("site".to_owned(), Arc::new(known()))].into());
    let roles = |identified| match identified {
        Identified::Right(identity) => identity.standing(&settings).map(|standing| standing.roles),
        other => panic!("{other:?}"),
    };
    let identify = async |user: &str, password: &str| {
        directories.identify(&settings, user, &Secret::new(password)).await
    };
    assert_eq!(roles(identify("anna", "right-1").await), Some(vec![Role::Administrator]));
    // Known, and may do nothing here.
    assert_eq!(roles(identify("bert", "right-2").await), None);
    assert_eq!(identify("anna", "right-2").await, Identified::Nobody);
    // Whoever is locked is told no more than whoever is unknown.
    assert_eq!(identify("locked", "right-5").await, Identified::Nobody);
    assert_eq!(identify("double", "right-3").await, Identified::Nobody);
}

/// The directory as settings have it; only that it is there matters here.
fn known() -> domain::settings::Directory {
    domain::settings::Directory {
        name: "site".to_owned(),
        servers: Vec::new(),
        security: DirectorySecurity::Ldaps,
        bind_dn: String::new(),
        bind_password: None,
        base_dn: String::new(),
        user_filter: String::new(),
        id_attribute: String::new(),
        name_attribute: String::new(),
        group_attribute: String::new(),
        group_base_dn: None,
        timeout_seconds: 5,
        sync: None,
    }
}
