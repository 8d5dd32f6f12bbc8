//! A backup is written, or restored, where no node runs: the store of the configuration is opened here.

use std::fs::File;
use std::sync::Arc;

use domain::{Document, Key, Secret};
use engine::{Kinship, SystemClock};
use serde_json::{Value, json};
use store::{BackupOrigin, OpenError, PostgresStore, SqliteStore, Store};

use super::Problem;
use super::new_file::{NewFile, Progress};
use crate::backup::{self, Wish};
use crate::config::{Config, StoreConfig};
use crate::node::NodeError;
use crate::words::with_causes;
use crate::{opening, sealing_file, secret_file};

/// What becomes of a store that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// It is made.
    Made,
    /// It is told.
    Told,
}

/// Opens the store of a configuration; one that is away is not waited for.
pub(super) async fn open_now(config: &Config, missing: Missing) -> Result<Arc<dyn Store>, Problem> {
    match &config.store {
        StoreConfig::Sqlite { path } if missing == Missing::Told && !path.exists() => {
            Err(Problem(format!("error: there is no store at {}", path.display())))
        }
        StoreConfig::Sqlite { path } => {
            if let Some(folder) = path.parent() {
                secret_file::make_folder(folder)?;
            }
            let owned = path.clone();
            let opened = tokio::task::spawn_blocking(move || SqliteStore::open(&owned)).await;
            match opened.map_err(|_| NodeError::StoreOpening)? {
                Err(error @ OpenError::Damaged { .. }) => Err(Problem(format!(
                    "error: {error}; move {} and the files beside it that begin alike away, and \
                     restore again",
                    path.display()
                ))),
                opened => Ok(Arc::new(opened.map_err(NodeError::from)?)),
            }
        }
        StoreConfig::Postgresql(database) => {
            let options = opening::options(database).map_err(NodeError::from)?;
            let opened = PostgresStore::open(options).await;
            Ok(Arc::new(opened.map_err(NodeError::from)?))
        }
    }
}

pub(super) async fn backup_here(
    config: &Config,
    passphrase: Option<Secret>,
    new: &mut NewFile,
) -> Result<u64, Problem> {
    let sealing = sealing_file::read(&config.sealing_key_file).map_err(NodeError::from)?;
    let store = open_now(config, Missing::Told).await?;
    let written = async {
        let epoch = store.end_of_log().await.map_err(store::BackupError::from)?.epoch;
        let sort = if store.is_shared() { "postgresql" } else { "sqlite" };
        let now = engine::Clock::now(&SystemClock);
        let origin = BackupOrigin::new(crate::VERSION, config.name.as_str(), sort, epoch, now);
        let (out, mut parts) = tokio::sync::mpsc::channel(2);
        let key = backup::key(passphrase.as_ref(), &sealing);
        let writing = store::backup(store.as_ref(), key, origin, out);
        let keeping = async {
            // Dropped where the file takes no more, which ends the writing.
            let mut parts = std::mem::replace(&mut parts, tokio::sync::mpsc::channel(1).1);
            while let Some(part) = parts.recv().await {
                new.write(&part)?;
            }
            Ok::<_, std::io::Error>(())
        };
        let (written, kept) = tokio::join!(writing, keeping);
        kept?;
        written
    };
    let written = written.await;
    store.close().await;
    Ok(written.map_err(|error| Problem(format!("error: {}", with_causes(&error))))?.bytes)
}

pub(super) async fn restore_here(
    config: &Config,
    file: File,
    passphrase: Option<Secret>,
    wish: Wish,
) -> Result<Value, Problem> {
    let sealing = sealing_file::read(&config.sealing_key_file).map_err(NodeError::from)?;
    let failed = |error: &dyn std::error::Error| Problem(format!("error: {}", with_causes(error)));
    let key = || backup::key(passphrase.as_ref(), &sealing);
    let mut progress = Progress::new("read");
    let reading = file.try_clone()?;
    let inside = store::inspect(reading, &key(), &mut |bytes| progress.tell(bytes))
        .map_err(|error| failed(&error))?;
    let store = open_now(config, if wish.dry_run { Missing::Told } else { Missing::Made }).await?;
    let restored = async {
        let load =
            store::Load { asks: vec![domain::Ask::Document(Key::deployment())], input: None };
        let loaded = store.load(load).await.map_err(|error| failed(&error))?;
        let present = loaded.documents.into_iter().find_map(|(_, loaded)| match loaded?.document {
            Document::Deployment(present) => Some(present),
            _ => None,
        });
        let archived = inside.inspection.deployment.as_ref();
        let kinship = Kinship::of(&sealing, present.as_ref(), archived);
        let refused = backup::refused(&inside, kinship, wish);
        let mut answer = json!({
            "inside": backup::told(&inside),
            "warning": backup::warning(kinship),
            "refused": refused,
        });
        if wish.dry_run {
            let present = store::check(store.as_ref()).await.map_err(|error| failed(&error))?;
            if let Some(members) = answer.as_object_mut() {
                members.insert("replaces".to_owned(), json!(backup::replaced(&present)));
            }
            return Ok(answer);
        }
        if let Some(why) = refused {
            return Err(Problem(format!("error: {why}")));
        }
        store::restore(store.as_ref(), file, key()).await.map_err(|error| failed(&error))?;
        Ok(answer)
    };
    let restored = restored.await;
    store.close().await;
    restored
}
