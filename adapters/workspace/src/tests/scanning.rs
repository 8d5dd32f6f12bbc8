//! Files and the site's virus scanner: one that this test plays, and clamd itself where it is installed.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use engine::testing::apply;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::place::{Ask, Place, agent, settings};

/// What the scanner of these tests takes for a virus.
const MARKER: &str = "jackfield-harmless-marker-6f1d";

/// A mail with a clean file and one with the marker.
fn mail() -> Vec<u8> {
    format!(
        "From: ada@example.test\r\nSubject: Files\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nGood day\r\n\
         --b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=clean.pdf\r\n\r\n\
         nothing\r\n\
         --b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=bad.pdf\r\n\r\n\
         {MARKER}\r\n--b--\r\n"
    )
    .into_bytes()
}

/// How a scanner of this test answers.
#[derive(Clone, Copy)]
enum Plays {
    /// As clamd does.
    Clamd,
    /// As something else.
    Other,
    /// It hangs up.
    HangsUp,
}

/// Listens as a scanner until it is dropped; counts files.
struct Scanner {
    address: String,
    asked: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Scanner {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Scanner {
    async fn play(plays: Plays) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                count.fetch_add(1, Ordering::Relaxed);
                let answer = match plays {
                    Plays::HangsUp => continue,
                    Plays::Other => b"220 mail.example ESMTP\0".to_vec(),
                    Plays::Clamd => {
                        let file = taken(&mut stream).await;
                        let is_bad = String::from_utf8_lossy(&file).contains(MARKER);
                        let said = if is_bad { "stream: Test.Marker FOUND" } else { "stream: OK" };
                        format!("{said}\0").into_bytes()
                    }
                };
                let _ = stream.write_all(&answer).await;
            }
        });
        Self { address, asked, task }
    }
}

async fn taken(stream: &mut tokio::net::TcpStream) -> Vec<u8> {
    let mut begin = [0; 10];
    stream.read_exact(&mut begin).await.unwrap();
    assert_eq!(&begin, b"zINSTREAM\0");
    let mut file = Vec::new();
    loop {
        let mut length = [0; 4];
        stream.read_exact(&mut length).await.unwrap();
        let length = u32::from_be_bytes(length) as usize;
        if length == 0 {
            return file;
        }
        let before = file.len();
        file.resize(before + length, 0);
        stream.read_exact(&mut file[before..]).await.unwrap();
    }
}

async fn scanned_by(place: &Place, address: &str, more: Value) {
    let settings = settings(|file| {
        let mut scanner = json!({"address": address});
        scanner.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        file["channels"]["virus_scanner"] = scanner;
    });
    apply(&place.engine, &settings).await;
}

async fn upload(place: &Place, contact: &str, name: &str, bytes: &str) -> super::place::Reply {
    let target = format!("{contact}/files?name={name}");
    let (who, body) = (Some(agent("1001")), bytes.as_bytes().to_vec());
    let method = http::Method::POST;
    place.ask(Ask { who, method, target: &target, kind: "text/plain", body }).await
}

/// All that must hold, with any scanner that knows the marker under a name with that in it.
async fn check_files(place: &Place, contact: &str, called: &str) {
    let it = agent("1001");
    place.get(&it, &format!("{contact}/attachments/1")).await.good();
    for (rest, name) in [("attachments/2", "bad.pdf"), ("raw", ".eml")] {
        let words = place.get(&it, &format!("{contact}/{rest}")).await.problem(422, "virus_found");
        assert!(words.contains(name) && words.contains(called), "{words}");
    }
    // The mail itself is read, and answered.
    let told = place.get(&it, contact).await.good().json();
    assert_eq!(told["mail"]["attachments"].as_array().unwrap().len(), 2);
    assert!(place.get(&it, &format!("{contact}/body")).await.good().text().contains("Good day"));
    let words = upload(place, contact, "mine.txt", MARKER).await.problem(422, "virus_found");
    assert!(words.contains("mine.txt") && words.contains(called), "{words}");
    let added = upload(place, contact, "good.txt", "nothing").await.good().json();
    let file = added["file"]["id"].as_str().unwrap();
    place.get(&it, &format!("{contact}/files/{file}")).await.good();
    let told = place.get(&it, contact).await.good().json();
    assert_eq!(told["draft"]["files"].as_array().unwrap().len(), 1, "{told}");
    // Nor do they go to somebody else.
    let draft =
        json!({"mode": "forward", "to": ["eve@example.test"], "html": "<p>x</p>", "version": 1});
    place.delete(&it, &format!("{contact}/files/{file}")).await.good();
    let mut draft = draft;
    draft["version"] = place.get(&it, contact).await.good().json()["draft"]["version"].clone();
    let kept = place.put(&it, &format!("{contact}/draft"), draft).await.good().json();
    let version = json!({"version": kept["version"]});
    place.post(&it, &format!("{contact}/send"), version).await.problem(422, "virus_found");
}

#[tokio::test]
async fn mail_07_a_file_in_which_the_scanner_finds_something_is_opened_and_sent_by_nobody() {
    let place = Place::new().await;
    let (_stream, contact) = place.one_in_hand_of(&mail()).await;
    let it = agent("1001");
    // Without one nothing is asked.
    place.get(&it, &format!("{contact}/attachments/2")).await.good();
    assert_eq!(place.get(&it, "me").await.good().json()["scans_files"], false);
    let scanner = Scanner::play(Plays::Clamd).await;
    scanned_by(&place, &scanner.address, json!({})).await;
    assert_eq!(place.get(&it, "me").await.good().json()["scans_files"], true);
    check_files(&place, &contact, "Test.Marker").await;
    // Verdicts are kept: clean, bad, raw (which the forward needs too), two uploads.
    assert_eq!(scanner.asked.load(Ordering::Relaxed), 5);
    let text = String::from_utf8(place.port.metrics().text()).unwrap();
    assert!(text.contains(r#"jackfield_file_scans_total{result="found"} 3"#), "{text}");
    assert!(text.contains(r#"jackfield_file_scans_total{result="clean"} 2"#), "{text}");
    // Signatures are newer later on.
    place.clock.advance(Duration::from_secs(3_601));
    place.get(&it, &format!("{contact}/attachments/1")).await.good();
    assert_eq!(scanner.asked.load(Ordering::Relaxed), 6);
}

#[tokio::test]
async fn mail_07_what_the_scanner_could_not_look_at_is_withheld_or_allowed_as_the_settings_say() {
    let place = Place::new().await;
    let (_stream, contact) = place.one_in_hand_of(&mail()).await;
    let it = agent("1001");
    let file = format!("{contact}/attachments/1");
    let (gone, other, cut) = (
        "127.0.0.1:1".to_owned(),
        Scanner::play(Plays::Other).await,
        Scanner::play(Plays::HangsUp).await,
    );
    for address in [&gone, &other.address, &cut.address] {
        scanned_by(&place, address, json!({})).await;
        let words = place.get(&it, &file).await.problem(503, "not_scanned");
        assert!(words.contains("clean.pdf") && words.contains("try again later"), "{words}");
        upload(&place, &contact, "good.txt", "nothing").await.problem(503, "not_scanned");
        // It is a contact nevertheless.
        place.get(&it, &contact).await.good();
        scanned_by(&place, address, json!({"when_unreachable": "allow"})).await;
        place.get(&it, &file).await.good();
    }
    let scanner = Scanner::play(Plays::Clamd).await;
    scanned_by(&place, &scanner.address, json!({"scan_bytes_max": 65_536})).await;
    let large = "x".repeat(65_537);
    let words = upload(&place, &contact, "l.txt", &large).await.problem(422, "too_large_to_scan");
    assert!(words.contains("scan_bytes_max"), "{words}");
    // What a scanner said once holds for that scanner alone.
    place.get(&it, &file).await.good();
    assert_eq!(scanner.asked.load(Ordering::Relaxed), 1);
}

/// clamd with a signature of the marker and nothing else.
struct Clamd {
    process: Child,
    _folder: Folder,
    address: String,
}

struct Folder(std::path::PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Drop for Clamd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Clamd {
    async fn start(program: &str) -> Self {
        let name = format!("jackfield-clamd-{}", std::process::id());
        let folder = Folder(std::env::temp_dir().join(name));
        let database = folder.0.join("database");
        std::fs::create_dir_all(&database).unwrap();
        let hex: String = MARKER.bytes().map(|byte| format!("{byte:02x}")).collect();
        std::fs::write(database.join("own.ndb"), format!("Jackfield.Marker:0:*:{hex}\n")).unwrap();
        let socket = folder.0.join("clamd.sock");
        let configuration = folder.0.join("clamd.conf");
        let lines = format!(
            "Foreground yes\nLocalSocket {}\nDatabaseDirectory {}\nLogFile {}\nStreamMaxLength 100K\n",
            socket.display(),
            database.display(),
            folder.0.join("clamd.log").display(),
        );
        std::fs::write(&configuration, lines).unwrap();
        let mut command = Command::new(program);
        command.arg("--config-file").arg(&configuration);
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Self { process, _folder: folder, address: format!("unix:{}", socket.display()) }
    }

    async fn until_it_answers(&self) {
        let scanner = domain::settings::VirusScanner {
            address: self.address.clone(),
            scan_bytes_max: 1_000_000,
            when_unreachable: domain::settings::Unscanned::Withhold,
        };
        let deadline = Instant::now() + Duration::from_secs(60);
        while let Err(trouble) = crate::scanner::ping(&scanner).await {
            assert!(Instant::now() < deadline, "clamd: {trouble}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        // It says itself what is too large for it, and hangs up before it was given everything.
        let large = vec![b'x'; 900_000];
        let said = crate::scanner::scan(&scanner, &large).await;
        assert_eq!(said, Err(crate::scanner::ScanTrouble::TooLarge));
    }
}

#[tokio::test]
async fn mail_07_clamd_looks_at_files() {
    let programs = ["/usr/sbin/clamd", "/usr/local/sbin/clamd"];
    let Some(program) = programs.into_iter().find(|program| Path::new(program).exists()) else {
        println!("left out: clamd is not installed (Debian's package clamav-daemon)");
        return;
    };
    let clamd = Clamd::start(program).await;
    clamd.until_it_answers().await;
    let place = Place::new().await;
    let (_stream, contact) = place.one_in_hand_of(&mail()).await;
    scanned_by(&place, &clamd.address, json!({})).await;
    check_files(&place, &contact, "Jackfield.Marker").await;
}
