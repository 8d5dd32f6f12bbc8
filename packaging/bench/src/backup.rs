//! A backup of bodies while commits go on, beside encrypting the same bytes without a store.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use domain::{Decision, Document, InputId, Key, Kind, Node, Reply, Timestamp, Write, WriteBody};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use store::{
    BackupKey, BackupOrigin, BlobHead, Commit, PIECE_BYTES_MAX, SealingBackupKey, SqliteStore,
    Store,
};

use crate::demand::Demand;
use crate::durable::Folder;
use crate::median::median;
use crate::{AnyError, Missed};

const RATE: Demand = Demand::AtLeast(100.0);

pub(crate) fn run(rounds: usize, quick: bool) -> Result<Missed, AnyError> {
    let megabytes: u32 = if quick { 32 } else { 512 };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let folder = Folder::new();
    let store = SqliteStore::open(&folder.0.join("store.db"))?;
    runtime.block_on(fill(&store, megabytes))?;
    let store = Arc::new(store);
    let (mut rates, mut plain, mut commits, mut restores) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (seconds, committed) = runtime.block_on(backed_up(Arc::clone(&store), &folder.0))?;
        rates.push(f64::from(megabytes) / seconds);
        commits.push(committed);
        plain.push(f64::from(megabytes) / encrypted(&folder.0)?);
        let began = Instant::now();
        let file = std::fs::File::open(folder.0.join("backup"))?;
        let inspected = store::inspect(file, &key(), &mut |_| ())?;
        if inspected.inspection.wrong > 0 {
            return Err("the backup is not what was written".into());
        }
        let file = std::fs::File::open(folder.0.join("backup"))?;
        runtime.block_on(store::restore(store.as_ref(), file, key()))?;
        restores.push(f64::from(megabytes) / began.elapsed().as_secs_f64());
    }
    runtime.block_on(store.close());
    let (rate, plain) = (median(rates), median(plain));
    println!("backup: {megabytes} MB of bodies, commits going on    {rate:>9.0} MB/s ({RATE})");
    println!("backup: the same bytes copied, AES-256-GCM  {plain:>9.0} MB/s");
    println!("backup: ratio                               {:>9.2}", rate / plain);
    println!("backup: commits meanwhile                   {:>9.0} /s", median(commits));
    println!("backup: restored, read twice                {:>9.0} MB/s", median(restores));
    Ok(RATE.missed("backup: megabytes a second", rate).into_iter().collect())
}

fn key() -> BackupKey {
    BackupKey::Sealing(vec![SealingBackupKey { key: [1; 32].into(), id: "bench".to_owned() }])
}

async fn fill(store: &SqliteStore, megabytes: u32) -> Result<(), AnyError> {
    // Bodies are ciphertext mostly; what repeats would flatter nobody here, since nothing is compressed.
    let piece: Vec<u8> = (0..PIECE_BYTES_MAX).map(|byte| (byte % 251) as u8).collect();
    let pieces = 4 * 16;
    let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
    (0..pieces).for_each(|_| digest.update(&piece));
    let digest: String =
        digest.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    for body in 0..megabytes / 16 {
        let id = format!("body/{body}");
        for number in 0..pieces {
            store.put_piece(&id, number, piece.clone()).await?;
        }
        let bytes = u64::from(pieces) * u64::try_from(PIECE_BYTES_MAX)?;
        let (at, digest) = (Timestamp::default(), digest.clone());
        store.finish_blob(BlobHead { id, bytes, pieces, digest, at }).await?;
    }
    Ok(())
}

/// Seconds that it took, into a file, and commits a second meanwhile.
async fn backed_up(store: Arc<SqliteStore>, folder: &Path) -> Result<(f64, f64), AnyError> {
    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let tasks: Vec<_> = (0..8_u64)
        .map(|caller| {
            let (store, stop, done) = (Arc::clone(&store), Arc::clone(&stop), Arc::clone(&done));
            tokio::spawn(async move {
                let mut number = 0_u64;
                while !stop.load(Ordering::Relaxed) {
                    let node = Document::Node(Node { maintenance: number.is_multiple_of(2) });
                    let key = Key::new(Kind::Node, caller.to_string());
                    let decision = Decision {
                        writes: vec![Write { key, body: WriteBody::Put(node) }],
                        ..Decision::already(Reply::Done)
                    };
                    let input = InputId::new("bench", format!("{:p}/{caller}/{number}", &stop));
                    let at = Timestamp::default();
                    if store.commit(Commit { input, at, epoch: None, decision }).await.is_err() {
                        return;
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                    number += 1;
                    // As many as a large site has, not as many as there can be.
                    tokio::time::sleep(Duration::from_millis(4)).await;
                }
            })
        })
        .collect();
    let began = Instant::now();
    let (out, mut parts) = tokio::sync::mpsc::channel::<Vec<u8>>(4);
    let path = folder.join("backup");
    let writing = tokio::task::spawn_blocking(move || -> std::io::Result<()> {
        use std::io::Write as _;
        let mut file = std::fs::File::create(path)?;
        while let Some(part) = parts.blocking_recv() {
            file.write_all(&part)?;
        }
        file.sync_all()
    });
    let origin = BackupOrigin::new("bench", "bench.example", "sqlite", 1, Timestamp::default());
    let written = store::backup(store.as_ref(), key(), origin, out).await;
    writing.await??;
    written?;
    let seconds = began.elapsed().as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await?;
    }
    let committed = u32::try_from(done.load(Ordering::Relaxed))?;
    Ok((seconds, f64::from(committed) / seconds))
}

/// Seconds that reading the same bytes, encrypting them in pieces of one size and writing them takes.
fn encrypted(folder: &Path) -> Result<f64, AnyError> {
    use std::io::{Read as _, Write as _};
    let began = Instant::now();
    let mut from = std::fs::File::open(folder.join("store-blobs.db"))?;
    let mut to = std::fs::File::create(folder.join("plain"))?;
    let key = UnboundKey::new(&AES_256_GCM, &[2; 32]).map_err(|_| "no key")?;
    let key = LessSafeKey::new(key);
    for number in 0_u32.. {
        let mut part = Vec::with_capacity(PIECE_BYTES_MAX + 16);
        (&mut from).take(u64::try_from(PIECE_BYTES_MAX)?).read_to_end(&mut part)?;
        if part.is_empty() {
            break;
        }
        let mut nonce = [0; 12];
        nonce.iter_mut().zip(number.to_be_bytes()).for_each(|(into, byte)| *into = byte);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let sealed = key.seal_in_place_append_tag(nonce, Aad::empty(), &mut part);
        sealed.map_err(|_| "not encrypted")?;
        to.write_all(&part)?;
    }
    to.sync_all()?;
    let seconds = began.elapsed().as_secs_f64();
    std::fs::remove_file(folder.join("plain"))?;
    Ok(seconds)
}
