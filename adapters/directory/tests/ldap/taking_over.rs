//! Thousands of entries are taken over by pages, with their teams, and follow the directory.

use std::sync::Arc;
use std::time::Duration;

use directory::{Directories, Keeper, SyncResult};
use domain::settings::{
    DIRECTORY_PASSWORD_PURPOSE, DirectorySecurity, DirectoryServer, DirectorySync, DirectoryTeam,
    Documents, SettingDocument, Settings, Team, Trust, TrustPurpose,
};
use domain::{Actor, Command, Input, InputId, Secret};
use engine::testing::{PlainAuthenticator, memory_port};
use engine::{Clock, Outcome, Port, SystemClock};

use crate::server::{Content, SERVICE, SERVICE_PASSWORD, Slapd};

const COUNT: usize = 5_000;

fn thousands() -> Content {
    let mut content = Content::default();
    let mut members = Vec::new();
    for number in 0..COUNT {
        let uid = format!("agent{number}");
        content.person(&uid, "x", &format!("telephoneNumber: {}\n", 20_000 + number));
        members.push(format!("uid={uid},ou=people,dc=example,dc=org"));
    }
    let (sales, support) = members.split_at(COUNT / 2);
    let all =
        |members: &[String]| members.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
    for (name, members) in [("sales", sales), ("support", support)] {
        let lines = all(members).replace('\n', "\nmember: ");
        content.group(name, &[&lines]);
    }
    content
}

fn settings(server: &Slapd, port: &Port) -> Documents {
    let group = |name: &str, team: &str| DirectoryTeam {
        group: format!("CN={name}, OU=Groups, DC=example, DC=org"),
        team: team.parse().unwrap(),
    };
    let sync = DirectorySync {
        filter: "(&(objectClass=person)(uid=*))".to_owned(),
        every_minutes: 60,
        extension_attribute: Some("telephoneNumber".to_owned()),
        teams: vec![group("sales", "Sales"), group("support", "Support")],
        removal_percent_max: 20,
    };
    let password = Secret::new(SERVICE_PASSWORD);
    let directory = domain::settings::Directory {
        name: "site".to_owned(),
        servers: vec![DirectoryServer { host: "localhost".to_owned(), port: server.private }],
        security: DirectorySecurity::Ldaps,
        bind_dn: SERVICE.to_owned(),
        bind_password: port.seal(DIRECTORY_PASSWORD_PURPOSE, &password),
        base_dn: "dc=example,dc=org".to_owned(),
        user_filter: directory::DEFAULT_USER_FILTER.to_owned(),
        id_attribute: "uid".to_owned(),
        name_attribute: "cn".to_owned(),
        group_attribute: "memberOf".to_owned(),
        group_base_dn: Some("ou=groups,dc=example,dc=org".to_owned()),
        timeout_seconds: 30,
        sync: Some(sync),
    };
    let team = |name: &str| Team { name: name.parse().unwrap(), ..empty_team() };
    let trust = Trust {
        name: "authority".to_owned(),
        purposes: vec![TrustPurpose::Directory],
        certificates: server.authority_pem.clone(),
    };
    Documents(vec![
        SettingDocument::Team(team("Sales")),
        SettingDocument::Team(team("Support")),
        SettingDocument::Trust(trust),
        SettingDocument::Directory(Box::new(directory)),
    ])
}

fn empty_team() -> Team {
    serde_json::from_value(serde_json::json!({"name": "x", "supervisors": []})).unwrap()
}

async fn submit(port: &Port, command: Command) {
    let id = InputId::new("test", format_args!("{:?}", port.random::<8>().unwrap()));
    let outcome = port.submit(Input::command(id, command)).await.unwrap();
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
}

async fn keeper(server: &Slapd) -> (Port, Arc<Keeper>) {
    let authenticator = Arc::new(PlainAuthenticator);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let port = memory_port(&Settings::default(), authenticator, clock.clone()).await;
    let documents = settings(server, &port);
    submit(&port, Command::ApplySettings { documents, source: None }).await;
    let directories = Arc::new(Directories::new(clock));
    (port.clone(), Keeper::new(port, directories, true))
}

fn count_of(settings: &Settings, team: &str) -> usize {
    let in_team = |agent: &&Arc<domain::settings::Agent>| {
        agent.team.as_ref().is_some_and(|name| name.as_str() == team)
    };
    settings.agents.values().filter(in_team).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn cti_08_five_thousand_users_are_taken_over_by_pages_with_their_teams() {
    let server = slapd_or_leave!(&thousands());
    let (port, keeper) = keeper(&server).await;
    keeper.follow().await;
    let report = keeper.take_over("site", false, Actor::gateway()).await;
    assert_eq!(report.result, SyncResult::Done, "{:?}", report.failed.first());
    assert_eq!((report.found, report.added, report.not_taken), (COUNT, COUNT, 0));
    let settings = port.settings();
    assert_eq!((count_of(&settings, "Sales"), count_of(&settings, "Support")), (2_500, 2_500));
    let first = &settings.agents[&"agent7".parse().unwrap()];
    assert_eq!(first.extension.as_ref().unwrap().as_str(), "20007");
    assert_eq!(first.origin.as_deref(), Some("site"));
    // The second time nothing is written.
    let number = settings.number;
    let again = keeper.take_over("site", false, Actor::gateway()).await;
    assert_eq!((again.result, again.added, again.changed), (SyncResult::Done, 0, 0));
    assert_eq!(port.settings().number, number);
}

#[tokio::test(flavor = "multi_thread")]
async fn cti_08_agents_arrive_by_themselves_on_the_node_that_holds_the_lease() {
    let mut content = Content::default();
    content.person("anna", "x", "telephoneNumber: 2001\n");
    let server = slapd_or_leave!(&content);
    let (port, keeper) = keeper(&server).await;
    let (stop, stopping) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(Arc::clone(&keeper).run(stopping));
    let mut changes = port.settings_changes();
    let arrives = changes.wait_for(|_| !port.settings().agents.is_empty());
    tokio::time::timeout(Duration::from_secs(60), arrives).await.unwrap().unwrap();
    assert!(port.settings().agents.contains_key(&"anna".parse().unwrap()));
    stop.send_replace(true);
    tokio::time::timeout(Duration::from_secs(10), running).await.unwrap().unwrap();
}
