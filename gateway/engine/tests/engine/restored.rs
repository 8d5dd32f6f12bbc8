//! A backup that is restored at one node while others run.

use std::io::{Seek as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use domain::{Actor, Command, Document, Input, InputId, Key, Wish};
use engine::testing::{ManualClock, apply, engine_at};
use engine::{Engine, Outcome};
use store::{BackupKey, PostgresOptions, PostgresStore, SealingBackupKey, SqliteStore, Store};

use crate::{START, command, key, settings, sign_in};

/// Nothing here may take longer.
const DEADLINE: Duration = Duration::from_secs(60);

fn backup_key() -> BackupKey {
    BackupKey::Sealing(vec![SealingBackupKey { key: [1; 32].into(), id: "id".into() }])
}

async fn backed_up(engine: &Engine) -> std::fs::File {
    let (out, mut parts) = tokio::sync::mpsc::channel::<Vec<u8>>(2);
    let path = std::env::temp_dir().join(format!(
        "jackfield-restored-{}-{}",
        std::process::id(),
        engine.settings().number
    ));
    let mut file =
        std::fs::File::options().create_new(true).read(true).write(true).open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let taking = async {
        while let Some(part) = parts.recv().await {
            file.write_all(&part).unwrap();
        }
    };
    let (written, ()) = tokio::join!(engine.backup(backup_key(), "1.0", out), taking);
    written.unwrap();
    file.rewind().unwrap();
    file
}

async fn until(what: &str, mut look: impl AsyncFnMut() -> bool) {
    let found = tokio::time::timeout(DEADLINE, async {
        while !look().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    found.await.unwrap_or_else(|_| panic!("{what}: it never came to that"));
}

async fn submit(engine: &Engine, id: &str, command: Command) -> Outcome {
    engine.submit(Input::command(InputId::new("test", id), command)).await.unwrap()
}

async fn state(engine: &Engine, agent: &str) -> Option<String> {
    let session = engine.session_of(&key(agent)).await.unwrap()?;
    Some(session.signed_in()?.voice.as_ref()?.state.name().to_owned())
}

/// Everything changes after the backup at both nodes; restored at the first, both go by the backup.
async fn check(first: Arc<Engine>, second: Arc<Engine>) {
    apply(&first, &settings()).await;
    submit(&first, "1", Command::SignIn(Box::new(sign_in("1001", "2001")))).await;
    let file = backed_up(&first).await;
    submit(&second, "2", Command::Agent(command("1001", Wish::Ready))).await;
    submit(&second, "3", Command::SignIn(Box::new(sign_in("1002", "2002")))).await;
    apply(&first, &domain::Settings::default()).await;
    let inside = store::inspect(file.try_clone().unwrap(), &backup_key(), &mut |_| ()).unwrap();
    assert_eq!((inside.inspection.signed_in, inside.inspection.agents), (1, 3));
    let by = Actor::gateway();
    let epoch = first.restore(file, backup_key(), by, &inside.origin).await.unwrap();
    assert!(epoch > 1);
    // This one goes by it at once.
    assert_eq!(first.settings().agents.len(), 3);
    assert_eq!(state(&first, "1001").await.as_deref(), Some("not_ready"));
    assert_eq!(state(&first, "1002").await, None);
    // A node that still goes by settings without the agent signs nobody out.
    let late = || Command::SignOutRemoved(key("1001"));
    let left = submit(&second, "late", late()).await;
    assert!(matches!(left, Outcome::Done(_)), "{left:?}");
    until("the other node goes by it", async || {
        second.settings().agents.len() == 3
            && state(&second, "1001").await.as_deref() == Some("not_ready")
            && state(&second, "1002").await.is_none()
    })
    .await;
    // Both work on; an input of after the backup is unknown again, and one of before is known.
    let done = submit(&second, "2", Command::Agent(command("1001", Wish::Ready))).await;
    assert!(matches!(done, Outcome::Done(_)), "{done:?}");
    until("the first node sees it", async || {
        state(&first, "1001").await.as_deref() == Some("ready")
    })
    .await;
    let head = first.document(&Key::audit_head()).await.unwrap().unwrap().document;
    let Document::AuditHead(head) = head else { panic!("no head") };
    let entry = first.document(&Key::audit(head.number)).await.unwrap().unwrap().document;
    let Document::Audit(entry) = entry else { panic!("no entry") };
    assert_eq!(entry.deed.action, "backup_restored");
    assert_eq!(first.check_store().await.unwrap().wrong, 0);
    // Without the agent it does what it is for.
    let mut fewer = settings();
    fewer.number = first.settings().number;
    let mut agents = fewer.agents.as_ref().clone();
    agents.remove(&"1001".parse().unwrap());
    fewer.agents = Arc::new(agents);
    apply(&first, &fewer).await;
    submit(&first, "removed", late()).await;
    assert_eq!(state(&first, "1001").await, None);
    second.close().await;
    first.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ops_04_all_nodes_on_a_database_go_by_a_backup_that_one_restores() {
    let Some(server) = databases::shared() else { return };
    let url = server.database("restored_by_one");
    let clock = Arc::new(ManualClock::new(START));
    let open = async || -> Arc<dyn Store> {
        let opened = PostgresStore::open(PostgresOptions::new(url.clone())).await.unwrap();
        let store: Arc<dyn Store> = Arc::new(opened);
        store
    };
    let first = engine_at("gw-a.example", open().await, clock.clone(), 1).await;
    let second = engine_at("gw-b.example", open().await, clock, 2).await;
    check(first, second).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ops_04_engines_on_one_file_go_by_a_backup_that_one_restores() {
    let folder = std::env::temp_dir().join(format!("jackfield-restored-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder.join("store.db")).unwrap());
    let clock = Arc::new(ManualClock::new(START));
    let first = engine_at("gw-a.example", Arc::clone(&store), clock.clone(), 1).await;
    let second = engine_at("gw-b.example", store, clock, 2).await;
    check(first, second).await;
    std::fs::remove_dir_all(&folder).unwrap();
}
