//! Files that are no backup, or not ours, or not whole: each is told, and nothing is replaced.

use store::{BackupError, BackupKey, SealingBackupKey, SqliteStore, Store, inspect};

use super::{inside, put_blob, restored, schema_set, sealing, write, written};
use crate::cases::{commit, version};
use crate::{Folder, open_when_free};

/// Bytes of one part with its tag, after a header of some hundred.
const PART: usize = 256 * 1024 + 16;

/// A backup of three parts and a bit, with its folder and store.
async fn made(name: &str) -> (Folder, SqliteStore, Vec<u8>) {
    let folder = Folder::new(name);
    let store = SqliteStore::open(&folder.store()).unwrap();
    commit(&store, "1", write("a")).await;
    put_blob(&store, "m", 90).await;
    let bytes = written(&store).await;
    (folder, store, bytes)
}

/// Where the first part begins.
fn beginning(bytes: &[u8]) -> usize {
    14 + u32::from_be_bytes(bytes[10..14].try_into().unwrap()) as usize
}

/// Such bytes are told to be wrong and restored by nobody, however they are read.
async fn refused(store: &SqliteStore, bytes: &[u8]) -> BackupError {
    let told = inside(bytes).unwrap_err();
    restored(store, bytes).await.unwrap_err();
    assert_eq!(version(store, "a").await, Some(2), "{told}");
    told
}

#[tokio::test]
async fn ops_04_files_that_are_not_whole_replace_nothing() {
    let (_folder, store, bytes) = made("not-whole").await;
    commit(&store, "2", write("a")).await;
    let first = beginning(&bytes);
    let mut cuts = vec![0, 3, 12, first - 1, first, bytes.len() - 1];
    for part in 0..(bytes.len() - first).div_ceil(PART) {
        cuts.extend([first + part * PART, first + part * PART + PART / 2]);
    }
    for cut in cuts.into_iter().filter(|cut| *cut < bytes.len()) {
        let error = refused(&store, &bytes[..cut]).await;
        let expected = match cut {
            _ if cut < first => matches!(error, BackupError::NoBackup),
            _ => matches!(error, BackupError::CutOff { .. }),
        };
        assert!(expected, "{cut}: {error:?}");
    }
    let mut swapped = bytes.clone();
    let (left, right) = swapped[first..].split_at_mut(PART);
    left.swap_with_slice(&mut right[..PART]);
    assert!(matches!(refused(&store, &swapped).await, BackupError::Damaged { part: 1 }));
    let mut altered = bytes.clone();
    altered[first + PART + 9] ^= 1;
    assert!(matches!(refused(&store, &altered).await, BackupError::Damaged { part: 2 }));
    let mut longer = bytes.clone();
    longer.extend([0; 40]);
    refused(&store, &longer).await;
    // The header counts as well.
    let text = bytes.windows(5).position(|it| it == b"1.2.3").unwrap();
    let mut renamed = bytes.clone();
    renamed[text] = b'9';
    assert!(matches!(refused(&store, &renamed).await, BackupError::Damaged { part: 1 }));
    restored(&store, &bytes).await.unwrap();
    assert_eq!(version(&store, "a").await, Some(1));
    store.close().await;
}

#[tokio::test]
async fn ops_04_files_that_are_something_else_are_told() {
    let (_folder, store, bytes) = made("something-else").await;
    commit(&store, "2", write("a")).await;
    let mut random = vec![0; 100_000];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut random).unwrap();
    assert!(matches!(refused(&store, &random).await, BackupError::NoBackup));
    let mut format = bytes.clone();
    format[9] = 7;
    let error = refused(&store, &format).await;
    assert!(matches!(error, BackupError::Format { found: 7, known: 1 }), "{error:?}");
    assert!(error.to_string().contains("use the program that wrote it"));
    // A length that nothing follows takes no memory.
    let mut long = bytes.clone();
    long[10..14].fill(0xff);
    let error = refused(&store, &long).await;
    assert!(matches!(error, BackupError::Header { .. }), "{error:?}");
    let mut garbled = bytes.clone();
    garbled[14] = b'x';
    assert!(matches!(refused(&store, &garbled).await, BackupError::Header { .. }));
    store.close().await;
}

#[tokio::test]
async fn ops_04_the_key_that_a_file_wants_is_told() {
    let (_folder, store, bytes) = made("keys").await;
    let open = |key: &BackupKey| inspect(bytes.as_slice(), key, &mut |_| ()).unwrap_err();
    let error = open(&sealing(2));
    assert!(matches!(error, BackupError::OtherSealingKey { .. }), "{error:?}");
    assert!(error.to_string().contains("id1") && error.to_string().contains("id2"));
    let wrong =
        BackupKey::Sealing(vec![SealingBackupKey { key: [9; 32].into(), id: "id1".into() }]);
    assert!(matches!(open(&wrong), BackupError::Header { .. }));
    let passphrase = BackupKey::Passphrase(b"x".to_vec().into());
    assert!(matches!(open(&passphrase), BackupError::WantsSealingKey { .. }));
    store.close().await;
}

#[tokio::test]
async fn ops_04_what_a_newer_program_wrote_is_refused_by_its_numbers() {
    let (folder, store, _) = made("newer-backup").await;
    store.close().await;
    drop(store);
    schema_set(&folder.store(), 7);
    let store = open_when_free(&folder.store()).await.unwrap();
    let bytes = written(&store).await;
    let found = inside(&bytes).unwrap();
    let error = found.refuse_newer().unwrap_err();
    assert!(matches!(error, BackupError::Newer { .. }), "{error:?}");
    for part in ["1.2.3", "schema 7", "up to 1", "install the newer program"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    store.close().await;
}
