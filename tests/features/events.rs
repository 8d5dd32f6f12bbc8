//! The console's page, and what it is told as it happens, from the real gateway over TLS.

use std::io::{Read as _, Write as _};

use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::wire::{self, Tls, api};

const ADMINISTRATOR: &str = "watching-administrator";
const PASSWORD: &str = "planted-watching-password";

/// The header line with the cookie of an administrator who signed in.
fn session(gateway: &Gateway) -> String {
    let document = json!({"roles": ["administrator"], "password": PASSWORD});
    let put = json!({"section": "accounts", "name": ADMINISTRATOR, "document": document});
    gateway.admin(json!({"do": "settings_change", "edits": [{"put": put}]}));
    let body = json!({"account": ADMINISTRATOR, "password": PASSWORD, "acknowledged": true});
    let kind = "Content-Type: application/json\r\n";
    let answer = api(gateway, "POST /session", kind, &body.to_string());
    assert_eq!(answer.status, 200, "{}", answer.text());
    let cookie = answer.header("set-cookie").unwrap();
    format!("Cookie: {}\r\n", cookie.split(';').next().unwrap())
}

/// A stream of events, as far as it was read.
struct Stream {
    tls: Tls,
    text: String,
}

impl Stream {
    fn open(gateway: &Gateway, query: &str, cookie: &str) -> Self {
        let authority = wire::authority(&gateway.endpoint("api"));
        let mut tls = wire::connect(&authority, wire::roots([gateway.endpoint("ca")]));
        let request =
            format!("GET /api/v1/events{query} HTTP/1.1\r\nHost: {authority}\r\n{cookie}\r\n");
        tls.write_all(request.as_bytes()).unwrap();
        tls.flush().unwrap();
        Self { tls, text: String::new() }
    }

    /// Reads on until `part` was read.
    #[track_caller]
    fn until(&mut self, part: &str) {
        let mut buffer = [0; 16 * 1024];
        while !self.text.contains(part) {
            let read = self.tls.read(&mut buffer).expect("more of the stream in time");
            assert!(read > 0, "over without {part:?}: {}", self.text);
            self.text.push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
    }

    /// The data of the first event of that name, which has to be read already.
    #[track_caller]
    fn data(&self, name: &str) -> Value {
        let mut events = self.text.split("event: ");
        let event = events.find(|it| it.starts_with(&format!("{name}\n"))).expect("such an event");
        let data = event.split("data: ").nth(1).unwrap().split("\n\n").next().unwrap();
        serde_json::from_str(data).unwrap_or_else(|error| panic!("{error}: {data}"))
    }
}

#[test]
fn ops_06_the_page_is_served_to_anybody_with_a_strict_policy() {
    let gateway = Gateway::start();
    let authority = wire::authority(&gateway.endpoint("api"));
    let get = |path: &str| {
        let mut tls = wire::connect(&authority, wire::roots([gateway.endpoint("ca")]));
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
        tls.write_all(request.as_bytes()).unwrap();
        wire::read(&mut tls).unwrap()
    };
    let page = get("/");
    assert_eq!(page.status, 200);
    assert!(page.text().to_lowercase().starts_with("<!doctype html>"), "{}", page.text());
    assert_eq!(page.header("content-type").unwrap(), "text/html; charset=utf-8");
    assert_eq!(page.header("x-content-type-options").unwrap(), "nosniff");
    assert_eq!(page.header("referrer-policy").unwrap(), "no-referrer");
    assert_eq!(page.header("cache-control").unwrap(), "no-cache");
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    assert_eq!(get("/assets/none.js").status, 404);
}

#[test]
fn ops_06_a_stream_tells_what_happens_and_ends_with_its_session() {
    let gateway = Gateway::start();
    let cookie = session(&gateway);
    let mut stream = Stream::open(&gateway, "?topics=settings,states,log", &cookie);
    stream.until("event: log");
    stream.until("]}\n\n");
    assert!(stream.text.contains("content-type: text/event-stream; charset=utf-8"));
    assert!(stream.data("settings")["number"].is_u64());
    let lines = stream.data("log");
    let ready = |line: &Value| line["message"] == "ready" && line["fields"]["name"].is_string();
    assert!(lines["lines"].as_array().unwrap().iter().any(ready), "{lines}");
    assert!(!stream.text.contains(PASSWORD), "a password is in the log");
    // What somebody changes is told.
    stream.text.clear();
    let put = json!({"section": "teams", "name": "seen", "document": {}});
    gateway.admin(json!({"do": "settings_change", "edits": [{"put": put}]}));
    stream.until("event: settings");
    // Nobody without the session is told anything, and its end is the stream's.
    assert_eq!(api(&gateway, "GET /events", "", "").status, 401);
    let origin = gateway.endpoint("api").replace("/api/v1", "");
    let headers = format!("{cookie}Origin: {origin}\r\n");
    let answer = api(&gateway, "DELETE /session", &headers, "");
    assert!((200..300).contains(&answer.status), "{}", answer.text());
    stream.until("event: bye\ndata: {}\n\n");
    stream.until("0\r\n\r\n");
}

#[test]
fn a_stop_ends_streams_with_a_last_word_also_where_nobody_reads_them() {
    let mut gateway = Gateway::start();
    let cookie = session(&gateway);
    let mut read = Stream::open(&gateway, "?topics=states", &cookie);
    read.until("event: states");
    let unread: Vec<_> = (0..3).map(|_| Stream::open(&gateway, "?level=trace", &cookie)).collect();
    // Others are answered meanwhile.
    let answer = api(&gateway, "GET /log?lines=5&level=info", &cookie, "");
    let page: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(page["items"].as_array().unwrap().len(), 5, "{page}");
    assert_eq!(gateway.terminate(), Some(0));
    read.until("event: bye\ndata: {}\n\n");
    drop(unread);
}

#[test]
fn a_backup_is_downloaded_whole_and_that_stands_in_the_audit_log() {
    let gateway = Gateway::start();
    let cookie = session(&gateway);
    let made = gateway.admin(json!({"do": "backup_make"}));
    let name = made["name"].as_str().unwrap();
    let archive = api(&gateway, &format!("GET /backups/{name}/archive"), &cookie, "");
    assert_eq!(archive.status, 200, "{}", archive.text());
    assert_eq!(archive.header("content-length").unwrap(), made["bytes"].to_string());
    let named = format!("attachment; filename=\"{name}\"");
    assert_eq!(archive.header("content-disposition").unwrap(), named);
    assert_eq!(made["bytes"], archive.body.len());
    let audit = api(&gateway, "GET /audit?limit=5", &cookie, "").text();
    assert!(audit.contains("backup_downloaded") && audit.contains(name), "{audit}");
    for wrong in ["..%2Fsealing.key", "none.jackfield", "%2E%2E%2Fstore.jackfield"] {
        let answer = api(&gateway, &format!("GET /backups/{wrong}/archive"), &cookie, "");
        assert_eq!(answer.status, 404, "{wrong}: {}", answer.text());
    }
}
