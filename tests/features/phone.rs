//! A simulated phone driven line by line.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::gateway::{Gateway, PATIENCE, program};

pub(crate) const DEVICE: &str = "SEP001122334455";

pub(crate) struct Phone {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<Value>,
    /// What is on display.
    pub(crate) screen: Value,
    /// Every page that was on display, as XML.
    pub(crate) pages: Vec<String>,
    pub(crate) pushes: Vec<Value>,
    /// What came of the last request made by hand.
    pub(crate) raw: Value,
    pub(crate) violations: Vec<String>,
    /// What happened to its headset, in order.
    pub(crate) worn: Vec<Value>,
}

impl Phone {
    /// A phone of a demo device.
    pub(crate) fn new(gateway: &Gateway, device: &str, model: &str) -> Self {
        Self::with(gateway, device, model, &[])
    }

    pub(crate) fn with(gateway: &Gateway, device: &str, model: &str, more: &[&str]) -> Self {
        let endpoints = gateway.endpoints_file();
        let endpoints = ["--endpoints", endpoints.to_str().unwrap()];
        Self::at(device, model, &[&endpoints[..], more].concat())
    }

    /// A phone that is told everything by its command line.
    pub(crate) fn at(device: &str, model: &str, more: &[&str]) -> Self {
        let mut child = Command::new(program("JACKFIELD_PEERS_BIN", "jackfield-peers"))
            .args(["phone", "--script", "--device", device, "--model", model])
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let value = serde_json::from_str(&line).unwrap_or(json!({"garbage": line}));
                if sender.send(value).is_err() {
                    break;
                }
            }
        });
        let input = child.stdin.take();
        let mut phone = Self {
            child,
            input,
            lines,
            screen: Value::Null,
            pages: Vec::new(),
            pushes: Vec::new(),
            raw: Value::Null,
            violations: Vec::new(),
            worn: Vec::new(),
        };
        phone.until("it is ready", |line, _| line.get("ready").is_some());
        phone
    }

    /// Does one thing; panics where the phone cannot.
    #[track_caller]
    pub(crate) fn act(&mut self, command: Value) {
        let done = self.try_act(&command);
        assert_eq!(done["ok"], true, "{command}: {done}\non display: {:#}", self.screen);
    }

    /// Does one thing; says how it went.
    #[track_caller]
    pub(crate) fn try_act(&mut self, command: &Value) -> Value {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{command}").unwrap();
        let line = self.until(&command.to_string(), |line, _| line.get("done").is_some());
        line["done"].clone()
    }

    #[track_caller]
    pub(crate) fn open(&mut self) {
        self.act(json!({"services": true}));
    }

    #[track_caller]
    pub(crate) fn press(&mut self, key: &str) {
        self.act(json!({"press": key}));
    }

    #[track_caller]
    pub(crate) fn select(&mut self, item: &str) {
        self.act(json!({"select": item}));
    }

    #[track_caller]
    pub(crate) fn fill(&mut self, fields: Value) {
        self.act(json!({"type": fields}));
    }

    /// Opens the service and signs in as a demo agent.
    #[track_caller]
    pub(crate) fn sign_in(&mut self, gateway: &Gateway, agent: &str, extension: &str) {
        self.open();
        let password = gateway.password(agent);
        self.fill(json!({"id": agent, "extension": extension, "password": password}));
        self.press("SignIn");
    }

    /// Waits for what the phone shall show, see the phone's own `wait`.
    #[track_caller]
    pub(crate) fn wait(&mut self, conditions: Value) {
        self.act(json!({"wait": conditions}));
    }

    /// A phone of a demo device with a headset, which has registered and found its service.
    pub(crate) fn with_headset(gateway: &Gateway, device: &str, more: &[&str]) -> Self {
        let mut phone = Self::with_any_headset(gateway, device, more);
        phone.wait_headset(json!({"registered": true, "enabled": true, "configurations": 1}));
        phone
    }

    /// The same, whatever comes of it.
    pub(crate) fn with_any_headset(gateway: &Gateway, device: &str, more: &[&str]) -> Self {
        Self::with(gateway, device, "CP-8845", &[&["--headset"], more].concat())
    }

    /// Presses the mute key and the like, see the phone's own `headset`.
    #[track_caller]
    pub(crate) fn headset(&mut self, deed: &str) {
        self.act(json!({"headset": deed}));
    }

    /// Waits for what the headset shall be, see the phone's own `wait_headset`.
    #[track_caller]
    pub(crate) fn wait_headset(&mut self, conditions: Value) {
        self.act(json!({"wait_headset": conditions, "within": 25}));
    }

    /// All there is to know of the headset.
    #[track_caller]
    pub(crate) fn headset_state(&mut self) -> Value {
        self.headset("state");
        let at = self.worn.iter().rposition(|event| event["event"] == "state").unwrap();
        self.worn.remove(at)
    }

    /// What happened of that sort to the headset since its first so many events.
    pub(crate) fn worn_since(&self, first: usize, event: &str) -> Vec<Value> {
        let since = self.worn.iter().skip(first);
        since.filter(|it| it["event"] == event).cloned().collect()
    }

    /// Title, prompt and text on display, for looking into.
    pub(crate) fn shown(&self) -> String {
        let member = |name: &str| self.screen[name].as_str().unwrap_or_default().to_owned();
        format!("{}\n{}\n{}", member("title"), member("prompt"), member("text"))
    }

    /// The sort of object on display, for example `Menu`.
    pub(crate) fn kind(&self) -> &str {
        self.screen["kind"].as_str().unwrap_or_default().trim_start_matches("CiscoIPPhone")
    }

    /// Labels of all soft keys, those behind More too.
    pub(crate) fn soft_keys(&self) -> Vec<String> {
        let keys = self.screen["softkeys_all"].as_array().cloned().unwrap_or_default();
        keys.iter()
            .map(|key| key["name"].as_str().or(key.as_str()).unwrap_or_default().to_owned())
            .collect()
    }

    /// Names of menu items on display.
    pub(crate) fn items(&self) -> Vec<String> {
        let items = self.screen["menu"].as_array().cloned().unwrap_or_default();
        items.iter().map(|item| item["name"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Query parameters the page asks for.
    pub(crate) fn fields(&self) -> Vec<String> {
        let inputs = self.screen["inputs"].as_array().cloned().unwrap_or_default();
        let name = |input: &Value| {
            input["parameter"].as_str().or(input["param"].as_str()).map(str::to_owned)
        };
        inputs.iter().filter_map(name).collect()
    }

    /// Ends the phone, and panics where the gateway broke a rule of the documents.
    #[track_caller]
    pub(crate) fn leave(mut self) {
        self.input.take();
        let deadline = Instant::now() + PATIENCE;
        while let Ok(line) =
            self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            self.note(&line);
        }
        assert_eq!(self.violations, Vec::<String>::new());
    }

    #[track_caller]
    fn until(&mut self, what: &str, found: impl Fn(&Value, &Self) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE + Duration::from_secs(10);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = match self.lines.recv_timeout(left) {
                Ok(line) => line,
                Err(RecvTimeoutError::Timeout) => panic!("{what}: no answer"),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("{what}: the phone ended: {:?}", self.child.wait())
                }
            };
            self.note(&line);
            if found(&line, self) {
                return line;
            }
        }
    }

    fn note(&mut self, line: &Value) {
        if let Some(screen) = line.get("screen") {
            self.screen = screen.clone();
            if let Some(xml) = screen["xml"].as_str() {
                self.pages.push(xml.to_owned());
            }
        }
        if let Some(push) = line.get("push") {
            self.pushes.push(push.clone());
        }
        if let Some(event) = line.get("headset") {
            self.worn.push(event.clone());
        }
        if let Some(raw) = line.get("raw") {
            self.raw = raw.clone();
        }
        if let Some(violation) = line.get("violation") {
            self.violations.push(violation.as_str().unwrap_or_default().to_owned());
        }
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        self.input.take();
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            println!("on display at the end: {:#}", self.screen);
            let last = self.worn.len().saturating_sub(30);
            for event in &self.worn[last..] {
                println!("headset: {event}");
            }
        }
    }
}
