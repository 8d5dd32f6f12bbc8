//! Changes of settings with their audit entries; sessions, tokens and the set-up link.

use std::sync::Arc;
use std::time::Duration;

use domain::settings::{LocalAccount, SettingDocument};
use domain::{
    AccessToken, Actor, AuditEntry, AuditHead, ChainCheck, Command, ConsoleCommand, Deed, Document,
    Identity, Key, Refusal, Reply, Role, SESSIONS_MAX, SetUpLink, TOKENS_MAX, WebSession,
};
use engine::testing::engine_on;
use engine::{Engine, Outcome};
use store::MemoryStore;

use crate::Bench;
use crate::store_away::Faulty;

fn by(who: &str) -> Actor {
    Actor { who: who.to_owned(), how: None, from: Some("192.0.2.1".to_owned()), reference: None }
}

fn audited(command: Command) -> Command {
    Command::Audited { by: by("admin"), deed: None, command: Some(Box::new(command)) }
}

fn told(command: ConsoleCommand) -> Command {
    let deed = Some(Deed::done("tried", "x"));
    let command = Some(Box::new(Command::Console(command)));
    Command::Audited { by: by("admin"), deed, command }
}

async fn entries(engine: &Engine) -> (AuditHead, Vec<AuditEntry>) {
    let head = match engine.document(&Key::audit_head()).await.unwrap().map(|it| it.document) {
        Some(Document::AuditHead(head)) => head,
        _ => AuditHead::default(),
    };
    let mut entries = Vec::new();
    for number in head.first..=head.number {
        let found = engine.document(&Key::audit(number)).await.unwrap().unwrap();
        let Document::Audit(entry) = found.document else { panic!("no entry") };
        entries.push(*entry);
    }
    (head, entries)
}

/// The chain must hold; how many entries tell of that action.
async fn count(engine: &Engine, action: &str) -> usize {
    let (head, entries) = entries(engine).await;
    let mut check = ChainCheck::new(&head);
    for entry in &entries {
        check.take(entry).unwrap();
    }
    check.finish(&head).unwrap();
    entries.iter().filter(|entry| entry.deed.action == action).count()
}

fn account(name: &str) -> LocalAccount {
    LocalAccount {
        name: name.parse().unwrap(),
        description: None,
        roles: vec![Role::Administrator],
        password_hash: Some("$argon2id$secret".to_owned()),
        totp: None,
        disabled: false,
    }
}

fn renamed(bench: &Bench, agent: &str, name: &str) -> SettingDocument {
    let settings = bench.engine.settings();
    let mut agent = settings.agents[&agent.parse().unwrap()].as_ref().clone();
    agent.name = Some(name.to_owned());
    SettingDocument::Agent(agent)
}

#[tokio::test]
async fn ops_02_a_change_and_its_entry_are_one_commit_and_name_the_field() {
    let mut bench = Bench::new().await;
    let put = vec![renamed(&bench, "1001", "Somebody"), SettingDocument::Account(account("boss"))];
    let change = |base, put| audited(Command::ChangeSettings { base, put, removed: Vec::new() });
    let outcome = bench.submit(change(1, put.clone())).await;
    assert_eq!(outcome, Outcome::Done(Reply::Settings { number: 2 }));
    let (_, all) = entries(&bench.engine).await;
    let entry = all.last().unwrap();
    assert_eq!((entry.by.who.as_str(), entry.deed.action.as_str()), ("admin", "settings_changed"));
    let fields: Vec<_> = entry.deed.changes.iter().map(|it| it.field.as_str()).collect();
    assert!(fields.contains(&"agents/1001 name"), "{fields:?}");
    assert!(!format!("{entry:?}").contains("argon2id"), "{entry:?}");
    // For settings of before nothing is changed and nothing told.
    let refused = bench.submit(change(1, put)).await;
    assert_eq!(refused, Outcome::Refused(Refusal::SettingsMoved));
    assert_eq!(count(&bench.engine, "settings_changed").await, 1);
}

#[tokio::test]
async fn a_change_of_one_document_is_in_force_on_another_node_with_all_the_others() {
    let mut bench = Bench::new().await;
    let other = engine_on(Arc::clone(&bench.store), bench.clock.clone(), 2).await;
    let mut number = other.port(Arc::new(engine::testing::PlainAuthenticator)).settings_changes();
    let put = vec![renamed(&bench, "1001", "Somebody")];
    let removed = vec![Key::new(domain::Kind::Setting, "agent/1003")];
    bench.submit(audited(Command::ChangeSettings { base: 1, put, removed })).await;
    let seen = tokio::time::timeout(Duration::from_secs(10), number.wait_for(|it| *it == 2)).await;
    seen.expect("in time").unwrap();
    let (here, there) = (bench.engine.settings(), other.settings());
    assert_eq!(here.documents(), there.documents());
    assert_eq!(there.agents.len(), 2);
    assert_eq!(there.agents[&"1001".parse().unwrap()].called(), "Somebody");
    // And it is what the store holds, as a node that starts reads it.
    let third = engine_on(Arc::clone(&bench.store), bench.clock.clone(), 3).await;
    assert_eq!(third.settings().documents(), here.documents());
}

#[tokio::test]
async fn ops_02_sign_ins_of_agents_are_told_once_in_the_audit_log() {
    let mut bench = Bench::new().await;
    let other = engine_on(Arc::clone(&bench.store), bench.clock.clone(), 2).await;
    bench.sign_in("1001", "2001").await;
    bench.sign_in("1002", "2002").await;
    bench.submit(told(ConsoleCommand::EndSession { digest: "none".to_owned() })).await;
    let both = async {
        while count(&bench.engine, "agent_signed_in").await < 2 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), both).await.expect("told");
    let (_, all) = entries(&other).await;
    let first = all.iter().find(|it| it.deed.action == "agent_signed_in").unwrap();
    assert_eq!(first.by.who, "1001");
    assert_eq!(first.deed.object, "agents/1001");
    assert_eq!(count(&other, "agent_signed_in").await, 2);
}

/// Waits until that many entries tell of that action.
async fn until_told(engine: &Engine, action: &str, wanted: usize) {
    while count(engine, action).await < wanted {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn sign_out(bench: &mut Bench, agent: &str) {
    let by = domain::SignedOutBy::Supervisor;
    bench.wish(agent, domain::Wish::ForceSignOut { reason: None, by }).await;
}

#[tokio::test(start_paused = true)]
async fn ops_02_sign_ins_of_the_last_day_are_told_in_the_order_of_the_log() {
    let mut bench = Bench::new().await;
    bench.sign_in("1001", "2001").await;
    bench.clock.advance(Duration::from_secs(2 * 86_400));
    bench.sign_in("1002", "2002").await;
    let happened_at = engine::Clock::now(bench.clock.as_ref());
    bench.clock.advance(Duration::from_secs(600));
    bench.engine.tell_audit(by("admin"), Deed::done("tried", "x")).await;
    let told = until_told(&bench.engine, "agent_signed_in", 1);
    tokio::time::timeout(Duration::from_secs(60), told).await.expect("told");
    let (_, all) = entries(&bench.engine).await;
    assert!(all.is_sorted_by_key(|entry| entry.at), "{all:?}");
    let mut told = all.iter().filter(|it| it.deed.action == "agent_signed_in");
    let entry = told.next().unwrap();
    // What is longer ago stays in the event log alone.
    assert_eq!((entry.by.who.as_str(), told.next()), ("1002", None));
    let happened = entry.deed.changes.iter().find(|it| it.field == "happened_at").unwrap();
    assert_eq!(happened.after, Some(happened_at.microseconds().to_string()));
}

#[tokio::test(start_paused = true)]
async fn ops_02_a_log_of_many_pages_is_told_in_one_go() {
    let mut bench = Bench::new().await;
    for _ in 0..500 {
        bench.sign_in("1001", "2001").await;
        sign_out(&mut bench, "1001").await;
    }
    let lines = bench.store.end_of_log().await.unwrap().number;
    assert!(lines > 1_000, "{lines}");
    until_told(&bench.engine, "agent_signed_in", 1).await;
    // Not a page with every look, five seconds apart.
    let told = until_told(&bench.engine, "agent_signed_in", 500);
    tokio::time::timeout(Duration::from_secs(2), told).await.expect("told");
}

#[tokio::test]
async fn ops_02_what_is_told_at_once_waits_for_its_turn_and_is_not_refused() {
    let store = Faulty::way_to(Arc::new(MemoryStore::new()));
    let bench = Bench::on(store.clone()).await;
    store.be_slow();
    let now = engine::Clock::now(bench.clock.as_ref());
    let mut telling = tokio::task::JoinSet::new();
    for number in 0..400 {
        let engine = Arc::clone(&bench.engine);
        let token = AccessToken {
            identity: Identity::Account { name: format!("a{number}").parse().unwrap() },
            name: "t".to_owned(),
            roles: vec![Role::Report],
            digest: "d".to_owned(),
            made_at: now,
            ends_at: now,
            credential: None,
        };
        let make =
            ConsoleCommand::MakeToken { id: format!("{number:016}"), token: Box::new(token) };
        let input = domain::Input::command(domain::InputId::new("make", number), told(make));
        telling.spawn(async move { engine.submit(input).await });
    }
    for outcome in telling.join_all().await {
        assert_eq!(outcome.unwrap(), Outcome::Done(Reply::Done));
    }
    assert_eq!(count(&bench.engine, "tried").await, 400);
}

fn session(bench: &Bench) -> WebSession {
    let now = engine::Clock::now(bench.clock.as_ref());
    WebSession {
        identity: Identity::Account { name: "boss".parse().unwrap() },
        number: "n".to_owned(),
        began_at: now,
        seen_at: now,
        ends_at: now.after(Duration::from_secs(3_600)),
        from: "192.0.2.1".to_owned(),
        credential: None,
        family: None,
    }
}

async fn begin(bench: &mut Bench, digest: &str, step: Option<u64>) -> Outcome {
    let second_factor = step.map(|step| ("boss".parse().unwrap(), step));
    let session = Box::new(session(bench));
    let digest = digest.to_owned();
    let command = ConsoleCommand::BeginSession { digest, session, second_factor };
    bench.submit(Command::Console(command)).await
}

#[tokio::test]
async fn ops_06_an_account_has_so_many_sessions_and_the_oldest_ends() {
    let mut bench = Bench::new().await;
    for number in 0..SESSIONS_MAX + 3 {
        bench.clock.advance(Duration::from_secs(1));
        begin(&mut bench, &format!("{number:03}"), None).await;
    }
    for number in 0..SESSIONS_MAX + 3 {
        let found = bench.engine.document(&Key::web_session(&format!("{number:03}"))).await;
        assert_eq!(found.unwrap().is_some(), number >= 3, "{number}");
    }
}

#[tokio::test]
async fn ops_06_a_session_is_removed_at_its_end() {
    let mut bench = Bench::new().await;
    begin(&mut bench, "one", None).await;
    bench.clock.advance(Duration::from_secs(3_700));
    let gone = async {
        while bench.engine.document(&Key::web_session("one")).await.unwrap().is_some() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), gone).await.expect("removed");
}

#[tokio::test]
async fn ops_06_a_one_time_password_is_taken_once() {
    let mut bench = Bench::new().await;
    assert_eq!(begin(&mut bench, "a", Some(100)).await, Outcome::Done(Reply::Done));
    for step in [99, 100] {
        let refused = begin(&mut bench, "b", Some(step)).await;
        assert_eq!(refused, Outcome::Refused(Refusal::UsedAlready));
    }
    assert_eq!(begin(&mut bench, "c", Some(101)).await, Outcome::Done(Reply::Done));
}

#[tokio::test]
async fn ops_06_tokens_of_one_account_have_a_limit() {
    let mut bench = Bench::new().await;
    let now = engine::Clock::now(bench.clock.as_ref());
    let token = AccessToken {
        identity: Identity::Account { name: "boss".parse().unwrap() },
        name: "t".to_owned(),
        roles: vec![Role::Report],
        digest: "d".to_owned(),
        made_at: now,
        ends_at: now.after(Duration::from_secs(60)),
        credential: None,
    };
    for number in 0..=TOKENS_MAX {
        let (id, token) = (format!("{number:016}"), Box::new(token.clone()));
        let outcome = bench.submit(told(ConsoleCommand::MakeToken { id, token })).await;
        let expected = match number {
            number if number < TOKENS_MAX => Outcome::Done(Reply::Done),
            _ => Outcome::Refused(Refusal::TooMany { limit: TOKENS_MAX }),
        };
        assert_eq!(outcome, expected, "{number}");
    }
    // Those whose time is over go by themselves, and count no longer.
    bench.clock.advance(Duration::from_secs(61));
    let gone = async {
        while bench
            .engine
            .document(&Key::access_token(&format!("{:016}", 0)))
            .await
            .unwrap()
            .is_some()
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), gone).await.expect("removed");
    let ends_at = engine::Clock::now(bench.clock.as_ref()).after(Duration::from_secs(60));
    let token = Box::new(AccessToken { ends_at, ..token });
    let made = ConsoleCommand::MakeToken { id: "f".repeat(16), token };
    assert_eq!(bench.submit(told(made)).await, Outcome::Done(Reply::Done));
}

#[tokio::test]
async fn ops_06_an_unused_set_up_link_goes_once_there_is_an_administrator() {
    let mut bench = Bench::new().await;
    let ends_at = engine::Clock::now(bench.clock.as_ref()).after(Duration::from_secs(60));
    let link = SetUpLink { digest: "right".to_owned(), ends_at };
    bench.submit(told(ConsoleCommand::OpenSetUpLink { link, replaces: true })).await;
    let waits =
        async |bench: &Bench| bench.engine.document(&Key::set_up_link()).await.unwrap().is_some();
    let put = |password_hash: Option<&str>| {
        let password_hash = password_hash.map(str::to_owned);
        vec![SettingDocument::Account(LocalAccount { password_hash, ..account("boss") })]
    };
    let change = |base, put| Command::ChangeSettings { base, put, removed: Vec::new() };
    // Who cannot sign in is none.
    let base = bench.engine.settings().number;
    bench.submit(change(base, put(None))).await;
    assert!(waits(&bench).await);
    bench.submit(change(base + 1, put(Some("$argon2id$x")))).await;
    assert_eq!(bench.engine.settings().number, base + 2);
    assert!(!waits(&bench).await);
}

#[tokio::test]
async fn ops_06_a_set_up_link_is_good_once_and_for_a_time() {
    let mut bench = Bench::new().await;
    let use_it = |digest: &str, base| {
        let (digest, account) = (digest.to_owned(), Box::new(account("boss")));
        told(ConsoleCommand::UseSetUpLink { digest, base, account })
    };
    let over = Outcome::Refused(Refusal::LinkOver);
    assert_eq!(bench.submit(use_it("right", 1)).await, over);
    let ends_at = engine::Clock::now(bench.clock.as_ref()).after(Duration::from_secs(60));
    let link = || SetUpLink { digest: "right".to_owned(), ends_at };
    bench.submit(told(ConsoleCommand::OpenSetUpLink { link: link(), replaces: true })).await;
    assert_eq!(bench.submit(use_it("wrong", 1)).await, over);
    bench.clock.advance(Duration::from_secs(61));
    assert_eq!(bench.submit(use_it("right", 1)).await, over);
    bench.clock.set_back(Duration::from_secs(61));
    let moved = Outcome::Refused(Refusal::SettingsMoved);
    assert_eq!(bench.submit(use_it("right", 0)).await, moved);
    let done = bench.submit(use_it("right", 1)).await;
    assert_eq!(done, Outcome::Done(Reply::Settings { number: 2 }));
    assert!(bench.engine.settings().accounts.contains_key(&"boss".parse().unwrap()));
    // Neither it nor another is good once there is an administrator.
    assert_eq!(bench.submit(use_it("right", 2)).await, over);
    bench.submit(told(ConsoleCommand::OpenSetUpLink { link: link(), replaces: true })).await;
    assert_eq!(bench.submit(use_it("right", 2)).await, over);
}
