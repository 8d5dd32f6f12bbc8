//! Sessions of browsers and access tokens after a restore.

use domain::settings::SettingsHead;
use domain::{
    AccessToken, Ask, Decision, Document, Identity, Key, Timestamp, Wake, WakeChange, WebSession,
    Write, WriteBody,
};
use store::{Load, SqliteStore, Store};

use super::{restored, written};
use crate::Folder;
use crate::cases::{NOW, commit, empty};

fn identity() -> Identity {
    Identity::Account { name: "boss".parse().unwrap() }
}

fn put(document: Document, key: Key) -> Decision {
    let wake = Wake {
        id: format!("over/{}", key.id),
        due_at: Timestamp::from_seconds(NOW.seconds() + 60),
        subject: key.clone(),
        generation: 1,
    };
    let write = Write { key, body: WriteBody::Put(document) };
    Decision { writes: vec![write], wakes: vec![WakeChange::Set(wake)], ..empty() }
}

fn token(id: &str) -> Decision {
    let token = AccessToken {
        identity: identity(),
        name: "program".to_owned(),
        roles: Vec::new(),
        digest: id.to_owned(),
        made_at: NOW,
        ends_at: Timestamp::from_seconds(NOW.seconds() + 60),
        credential: None,
    };
    put(Document::AccessToken(Box::new(token)), Key::access_token(id))
}

fn web_session(digest: &str) -> Decision {
    let session = WebSession {
        identity: identity(),
        number: digest.to_owned(),
        began_at: NOW,
        seen_at: NOW,
        ends_at: Timestamp::from_seconds(NOW.seconds() + 60),
        from: "192.0.2.1".to_owned(),
        credential: None,
        family: None,
    };
    put(Document::WebSession(Box::new(session)), Key::web_session(digest))
}

fn head() -> Decision {
    let head = Document::SettingsHead(SettingsHead::default());
    let write = Write { key: Key::settings_head(), body: WriteBody::Put(head) };
    Decision { writes: vec![write], ..empty() }
}

async fn is_there(store: &dyn Store, key: Key) -> bool {
    let load = Load { asks: vec![Ask::Document(key)], input: None };
    store.load(load).await.unwrap().documents[0].1.is_some()
}

#[tokio::test]
async fn ops_06_a_restore_brings_no_session_and_no_revoked_token_back() {
    let folder = Folder::new("proofs");
    let store = SqliteStore::open(&folder.store()).unwrap();
    commit(&store, "head", head()).await;
    for (input, decision) in
        [("1", token("kept")), ("2", token("revoked")), ("3", web_session("session"))]
    {
        commit(&store, input, decision).await;
    }
    let bytes = written(&store).await;
    let delete = Write { key: Key::access_token("revoked"), body: WriteBody::Delete };
    commit(&store, "4", Decision { writes: vec![delete], ..empty() }).await;
    restored(&store, &bytes).await.unwrap();
    let found =
        [Key::access_token("kept"), Key::access_token("revoked"), Key::web_session("session")];
    for (key, expected) in found.into_iter().zip([true, false, false]) {
        assert_eq!(is_there(&store, key.clone()).await, expected, "{key:?}");
    }
    // Nothing of them is left in indexes or timers.
    let inspection = store::check(&store).await.unwrap();
    assert_eq!((inspection.wrong, inspection.rows["wake"]), (0, 1), "{:?}", inspection.findings);
    store.close().await;
    // Nothing was revoked in the store of a lost machine.
    let folder = Folder::new("proofs_anew");
    let store = SqliteStore::open(&folder.store()).unwrap();
    restored(&store, &bytes).await.unwrap();
    assert!(is_there(&store, Key::access_token("revoked")).await);
    assert!(!is_there(&store, Key::web_session("session")).await);
    store.close().await;
}
