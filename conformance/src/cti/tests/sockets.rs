//! The whole server over sockets: control, a slow reader, a side that goes and comes.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::client::{arguments, open};
use crate::cti::server::Server;
use crate::cti::wire::{Framing, header};

struct Running {
    endpoints: Value,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Running {
    async fn start(words: &str) -> Self {
        let arguments = arguments(words);
        let settings = arguments.settle().unwrap();
        let server = Server::bind(&arguments, settings, Box::new(|_| {})).await.unwrap();
        Self { endpoints: server.endpoints(), task: tokio::spawn(server.run()) }
    }

    async fn control(&self, words: &str) -> Value {
        let address: SocketAddr = self.endpoints["peers"].as_str().unwrap().parse().unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(format!("{words}\n").as_bytes()).await.unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).await.unwrap();
        serde_json::from_str(&line).unwrap()
    }

    async fn open(&self, side: &str) -> std::io::Result<TcpStream> {
        let address: SocketAddr = self.endpoints["cti"][side].as_str().unwrap().parse().unwrap();
        let mut stream = TcpStream::connect(address).await?;
        let bytes = open(24, 0x16).encode(Framing::of(24, false, None));
        stream.write_all(&bytes).await?;
        assert_eq!(read(&mut stream).await?, 4);
        Ok(stream)
    }
}

/// Reads one message; answers its number.
async fn read(stream: &mut TcpStream) -> std::io::Result<u32> {
    let mut head = [0; 8];
    stream.read_exact(&mut head).await?;
    let (length, number) = header(head);
    let mut body = vec![0; length as usize];
    stream.read_exact(&mut body).await?;
    Ok(number)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_come_as_words_or_as_objects_and_are_refused_in_words() {
    let server = Running::start("").await;
    let answer = server.control(r#"{"command":"sign-in","agent":"1001"}"#).await;
    assert_eq!(answer["agent"]["state"], json!("not-ready"));
    let answer = server.control("wait agent 2001 not-ready").await;
    assert_eq!(answer["ok"], json!(true));
    let answer = server.control(r#"{"command":"call","to":"2001"}"#).await;
    assert_eq!(answer["problem"], json!("call has no member \"to\""));
    let answer = server.control("{").await;
    assert_eq!(answer["ok"], json!(false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_is_dropped_and_others_hear_everything() {
    let server = Running::start("--queue-bytes 1000000").await;
    let slow = server.open("a").await.unwrap();
    let mut quick = server.open("a").await.unwrap();
    let reader = tokio::spawn(async move {
        let mut count = 0_u64;
        while read(&mut quick).await.is_ok() {
            count += 1;
        }
        count
    });
    server.control("fault flood 200000 --seconds 60").await;
    let answer = server.control("wait sessions 1 --seconds 50").await;
    assert_eq!(answer["ok"], json!(true), "{answer}");
    let sessions = server.control("sessions").await;
    assert_eq!(sessions["sessions"][0]["session"], json!(2));
    server.control("fault drop-link").await;
    assert!(reader.await.unwrap() > 10_000);
    drop(slow);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_side_that_is_down_refuses_connections_until_it_is_up() {
    let server = Running::start("").await;
    let mut session = server.open("a").await.unwrap();
    server.control("side down a").await;
    // System event or nothing, then the end.
    while read(&mut session).await.is_ok() {}
    server.open("b").await.unwrap();
    server.control("side up a").await;
    server.control("side active a").await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while server.open("a").await.is_err() {
        assert!(tokio::time::Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_four_thousand_agents_sign_on_and_change() {
    let server = Running::start("--generate-agents 24000 --queue-bytes 100000000").await;
    let mut session = server.open("a").await.unwrap();
    let reader = tokio::spawn(async move {
        let mut events = 0_u64;
        while read(&mut session).await.is_ok_and(|number| number == 30 || number == 31) {
            events += 1;
        }
        events
    });
    let answer = server
        .control("load --events-per-second 2000 --seconds 1 --sign-ons-per-second 1000000")
        .await;
    assert_eq!((&answer["agents"], &answer["events"]), (&json!(24_000), &json!(2_000)));
    assert_eq!(answer["links"][0]["bytes_waiting"], json!(0));
    let states = server.control("states").await;
    assert_eq!(states["states"].as_array().unwrap().len(), 2_000);
    // What is queued is still written before the link ends.
    server.control("fault drop-link").await;
    assert_eq!(reader.await.unwrap(), 1 + 48_000 + 2_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_state_that_a_session_is_told_is_recorded_with_its_time() {
    let file = std::env::temp_dir().join(format!("jackfield-states-{}.jsonl", std::process::id()));
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
    let server = Running::start(&format!("--record {}", file.display())).await;
    let mut session = server.open("a").await.unwrap();
    server.control("sign-in 1001").await;
    server.control("state 1001 ready").await;
    server.control("state 1001 not-ready --reason 7").await;
    let mut events = 0;
    while events < 4 {
        events += u32::from(read(&mut session).await.unwrap() == 30);
    }
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    let lines = loop {
        let text = std::fs::read_to_string(&file).unwrap();
        let lines: Vec<Value> =
            text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        if lines.len() >= 4 {
            break lines;
        }
        assert!(tokio::time::Instant::now() < deadline, "{text}");
        tokio::task::yield_now().await;
    };
    std::fs::remove_file(&file).unwrap();
    let told = |line: &Value| (line["state"].clone(), line["reason"].clone());
    let told: Vec<_> = lines.iter().map(told).collect();
    let expected = [("login", 0), ("not-ready", 0), ("available", 0), ("not-ready", 7)];
    assert_eq!(told, expected.map(|(state, reason)| (json!(state), json!(reason))));
    assert!(lines.iter().all(|line| line["agent"] == "1001" && line["session"] == 1));
    let times: Vec<u64> = lines.iter().map(|line| line["at"].as_u64().unwrap()).collect();
    assert!(u128::from(times[0]) >= since && times.is_sorted(), "{times:?}");
}

#[test]
fn bad_command_lines_and_files_are_told_by_field_and_limit() {
    let problem = |words: &str| arguments(words).settle().unwrap_err();
    assert!(problem("--maximum-version 26").contains("9 to 25"));
    assert!(problem("--dialect express --maximum-version 19").contains("10 to 18"));
    assert!(problem("--generate-agents 24001").contains("1 to 24000"));
    assert!(problem("--control 0.0.0.0:1").contains("loopback"));
    assert!(problem("--client gw").contains("colon"));
    let read = |text: &str| crate::cti::population::Population::read(text, false);
    let problems = read(
        "agents:\n- {id: '', extension: '2001'}\n- {id: a, extension: '2001', team: 9, skill_groups: [7]}",
    );
    let problems = problems.unwrap_err();
    for part in ["agents[0].id", "1 to 31", "\"2001\" is there twice", "agents[1].team", "7 is not"]
    {
        assert!(problems.contains(part), "{part}: {problems}");
    }
    assert!(read("agents: []\nagent: 1").unwrap_err().contains("agent"));
    let good = read("{\"agents\": [{\"id\": \"1\", \"extension\": \"2\"}]}").unwrap();
    assert_eq!(good.agents[0].instrument, "2");
}
