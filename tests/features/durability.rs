//! What was accepted survives.

use std::process::Command;

use serde_json::json;

use crate::gateway::{Gateway, program};
use crate::phone::{DEVICE, Phone};

#[test]
fn ops_03_a_phone_carries_on_after_kill_9() {
    let mut gateway = Gateway::start();
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.sign_in(&gateway, "1001", "2001");
    phone.press("NotReady");
    let item = phone.items()[0].clone();
    phone.select(&item);
    for round in 0..5 {
        gateway.kill_and_restart();
        // The same page, the same cookie, another process.
        phone.act(json!({"open": "SoftKey:Update"}));
        let expected = match round {
            0 => format!("Not Ready - {item}"),
            round if round % 2 == 0 => "Not Ready".to_owned(),
            _ => "Ready".to_owned(),
        };
        assert!(
            phone.screen["title"].as_str().unwrap().starts_with(&expected),
            "{:#}",
            phone.screen
        );
        if round % 2 == 0 {
            phone.press("Ready");
        } else {
            phone.press("NotReady");
            phone.select(&item);
        }
    }
    phone.leave();
}

/// Agents change their states as fast as they can while the process is killed at random; what was
/// acknowledged is there afterwards.
#[test]
fn ops_03_nothing_acknowledged_is_lost_by_kill_9_at_random() {
    let mut gateway = Gateway::start();
    gateway.admin(json!({"do": "agent_sign_in", "agent": "1001", "extension": "2001"}));
    let mut acknowledged = "not_ready".to_owned();
    for round in 0..20u32 {
        let socket = gateway.endpoint("admin_socket");
        let (sender, receiver) = std::sync::mpsc::channel();
        let start = acknowledged == "ready";
        let worker = std::thread::spawn(move || {
            let mut ready = start;
            for _ in 0..2_000 {
                ready = !ready;
                let state = if ready { "ready" } else { "not_ready" };
                let request =
                    json!({"id": 1, "do": "agent_state", "agent": "1001", "state": state});
                match ask(&socket, &request.to_string()) {
                    Some(answer) if answer.contains("\"ok\"") => {
                        drop(sender.send(state.to_owned()))
                    }
                    _ => return Some(state.to_owned()),
                }
            }
            None
        });
        // The work itself decides when: after so many acknowledgements.
        for _ in 0..(round * 7 % 31 + 1) {
            acknowledged = receiver.recv().unwrap();
        }
        gateway.kill_and_restart();
        let in_hand = worker.join().unwrap();
        while let Ok(state) = receiver.try_recv() {
            acknowledged = state;
        }
        let now =
            gateway.admin(json!({"do": "agent_sign_in", "agent": "1001", "extension": "2001"}));
        let state = now["state"].as_str().unwrap().to_owned();
        // What was in hand when it died may have happened or not; nothing else.
        assert!(
            state == acknowledged || Some(&state) == in_hand.as_ref(),
            "round {round}: {state}, acknowledged {acknowledged}, in hand {in_hand:?}"
        );
        acknowledged = state;
    }
}

/// One request on an admin socket; `None` where there is no answer.
fn ask(socket: &str, request: &str) -> Option<String> {
    use std::io::{BufRead as _, BufReader, Write as _};
    let mut stream = std::os::unix::net::UnixStream::connect(socket).ok()?;
    writeln!(stream, "{request}").ok()?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).ok()?;
    (!line.is_empty()).then_some(line)
}

#[test]
fn ops_01_sigterm_ends_it_with_exit_code_0() {
    let mut gateway = Gateway::start();
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.sign_in(&gateway, "1001", "2001");
    assert_eq!(gateway.terminate(), Some(0));
}

#[test]
fn ops_04_a_newer_store_is_refused_with_exit_code_1() {
    let mut gateway = Gateway::start();
    assert_eq!(gateway.terminate(), Some(0));
    let store = gateway.folder().join("state/jackfield.db");
    assert!(store.exists());
    let connection = rusqlite::Connection::open(store).unwrap();
    connection.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(connection);
    let output = Command::new(program("JACKFIELD_BIN", "jackfield"))
        .arg("demo")
        .arg("--dir")
        .arg(gateway.folder().join("state"))
        .arg("--endpoints")
        .arg(gateway.endpoints_file())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("99") && told.contains("newer"), "{told}");
}

/// A store on a disk that is full: refused clearly, read still, and taken up again with space.
#[test]
fn ops_11_a_full_disk_refuses_clearly_and_recovers() {
    let folder = std::env::temp_dir().join(format!("jackfield-full-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mounted =
        Command::new("mount").args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).arg(&folder).output();
    if !mounted.as_ref().is_ok_and(|output| output.status.success()) {
        match mounted {
            Ok(_) => println!("not permitted here: mounting a small disk; run as root"),
            Err(_) => println!("left out: mount is missing; install mount"),
        }
        let _ = std::fs::remove_dir_all(&folder);
        return;
    }
    let _unmount = Unmount(folder.clone());
    let gateway = Gateway::start_in(folder.clone(), &[]);
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.sign_in(&gateway, "1001", "2001");
    fill(&folder.join("filling"));
    // Some room may be left in pages that the store holds already.
    let mut refused = false;
    for round in 0..2_000 {
        let state = if round % 2 == 0 { "ready" } else { "not_ready" };
        let request = json!({"do": "agent_state", "agent": "1001", "state": state});
        let answer = gateway.try_admin(request);
        if let Some(error) = answer.get("error") {
            assert!(error["message"].as_str().unwrap().contains("full"), "{error}");
            refused = true;
            break;
        }
    }
    assert!(refused, "a full disk took everything");
    // Who is signed in sees their state and a clear page for what cannot be done.
    phone.act(json!({"open": "SoftKey:Update"}));
    assert_eq!(phone.kind(), "Text");
    std::fs::remove_file(folder.join("filling")).unwrap();
    phone.open();
    phone.sign_in(&gateway, "1001", "2001");
    let key = if phone.screen["title"] == "Ready" { "NotReady" } else { "Ready" };
    phone.press(key);
    phone.leave();
}

fn fill(path: &std::path::Path) {
    use std::io::Write as _;
    let mut file = std::fs::File::create(path).unwrap();
    for size in [65_536, 512, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
}

struct Unmount(std::path::PathBuf);

impl Drop for Unmount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
