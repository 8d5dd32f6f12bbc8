//! The log of the whole program at a syslog receiver that settings name.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use serde_json::{Value, json};

use crate::gateway::{Gateway, PATIENCE, program};
use crate::node::eventually;
use crate::phone::{DEVICE, Phone};
use crate::wire;

/// A strict receiver; it ends with the value.
struct Receiver {
    child: Child,
    endpoints: Value,
    lines: mpsc::Receiver<Value>,
}

impl Receiver {
    fn start(options: &[&str]) -> Self {
        let mut child = Command::new(program("JACKFIELD_PEERS_BIN", "jackfield-peers"))
            .arg("syslog-receiver")
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut ready = String::new();
        output.read_line(&mut ready).unwrap();
        let endpoints = serde_json::from_str(ready.strip_prefix("ready ").unwrap()).unwrap();
        let (send, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = send.send(serde_json::from_str(&line).unwrap());
            }
        });
        Self { child, endpoints, lines }
    }

    fn port(&self, transport: &str) -> u64 {
        let address = self.endpoints[transport].as_str().unwrap();
        address.rsplit(':').next().unwrap().parse().unwrap()
    }

    /// Messages up to the first one that begins with these words; any breach fails the test.
    #[track_caller]
    fn until(&self, words: &str) -> Vec<Value> {
        let mut messages = Vec::new();
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("{words} did not come after {messages:?}"));
            assert_eq!(line.get("violation"), None, "{line}");
            let Some(message) = line.get("message") else { continue };
            messages.push(message.clone());
            if message["text"].as_str().is_some_and(|text| text.starts_with(words)) {
                return messages;
            }
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn ops_02_the_log_goes_to_the_syslog_receivers_in_the_settings() {
    let mut gateway = Gateway::start();
    let authority = gateway.folder().join("authority.pem");
    let receiver = Receiver::start(&[
        "--tcp",
        "127.0.0.1:0",
        "--tls",
        "127.0.0.1:0",
        "--authority",
        authority.to_str().unwrap(),
    ]);
    let password = gateway.password("1001");
    gateway.settings(|settings| {
        settings["logging"] = json!({
            "enterprise_number": 64_999,
            "syslog": [
                {"name": "plain", "host": "127.0.0.1", "transport": "tcp", "framing": "newline",
                 "port": receiver.port("tcp"), "level": "error"},
                {"name": "private", "host": "localhost", "transport": "tls", "level": "debug",
                 "port": receiver.port("tls"), "facility": 20},
            ],
        });
        let certificates = std::fs::read_to_string(&authority).unwrap();
        let trust = json!({"name": "logs", "purposes": ["syslog"], "certificates": certificates});
        let trusted = settings.as_object_mut().unwrap().entry("trust").or_insert(json!([]));
        trusted.as_array_mut().unwrap().push(trust);
    });
    let known = "jackfield_syslog_queue_length{receiver=\"private\"}";
    eventually("the receiver", || {
        wire::get_plain(&gateway.endpoint("metrics")).text().contains(known).then_some(())
    });
    gateway.settings(|settings| settings["voice"]["wrap_up_seconds"] = json!(33));
    let messages = receiver.until("settings applied");
    // A receiver's level adds nothing to that of the log.
    assert!(messages.iter().all(|it| it["severity"] != 7), "{messages:?}");
    let applied = messages.last().unwrap();
    assert_eq!(applied["facility"], 20);
    assert_eq!(applied["app_name"], "jackfield");
    assert_eq!(applied["structured_data"]["jackfield@64999"][0][0], "target");
    gateway.settings(|settings| settings["logging"]["level"] = json!("debug"));
    receiver.until("settings applied");
    // What the log does not hold at its lowest level, nobody is sent either.
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.open();
    phone.fill(json!({"id": "1001", "extension": "2001", "password": "wrong-and-secret"}));
    phone.press("SignIn");
    phone.sign_in(&gateway, "1001", "2001");
    phone.leave();
    gateway.terminate();
    let messages = receiver.until("stopped");
    assert!(messages.iter().any(|it| it["msgid"] == "record"), "{messages:?}");
    let everything = Value::from(messages).to_string();
    assert!(!everything.contains("wrong-and-secret") && !everything.contains(&password));
    assert!(!everything.contains("receiver is away"), "{everything}");
}
