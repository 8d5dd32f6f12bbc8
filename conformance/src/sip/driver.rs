//! Phones driven by lines of words: commands in, JSON lines out.

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::compose::Telling;
use super::event::Event;
use super::handset::{Command, Fault, Handset};
use super::link::{self, Origin, Route};

/// Exit code after the server did what the documents forbid.
pub(crate) const EXIT_PROBLEM: u8 = 3;
/// Exit code after a command that could not be understood or done.
pub(crate) const EXIT_NOT_DONE: u8 = 4;

/// Events and lines waiting.
const WAITING_MAX: usize = 1024;
/// How long `wait` waits unless it says otherwise.
const WAIT: Duration = Duration::from_secs(10);

/// Commands, for the command line's help.
pub(crate) const HELP: &str = "Commands, one a line on standard input; @DEVICE before one means that phone alone:\n  \
    register               register, or refresh now\n  \
    unregister [reset|restart]\n                         \
    Expires: 0, with the Reason of a phone that resets or restarts\n  \
    keepalive              REGISTER with cisco-keep-alive, as to a standby node\n  \
    token                  ask whether the phone may come home\n  \
    alarm                  REFER with an alarm\n  \
    press KEY              softkeyeventmsg, such as HLog\n  \
    data [APPLICATION] TEXT\n                         \
    the data of a UserCallData: key of that application (1 unless named)\n  \
    result CODE            the result of something that was asked\n  \
    ping                   CR LF CR LF, and expect the pong\n  \
    drop                   close the connection and stay away\n  \
    silent on|off          hear nothing that is SIP\n  \
    answer CODE|right      answer requests with that code, or as they deserve\n  \
    fault NAME on|off, fault none\n                         \
    silent, dumb, late, twice, wrong-via, half-open, byte-at-a-time, stop-reading, old, compact, folded\n  \
    wait EVENT [SECONDS]   wait for an event not waited for before (10 s)\n  \
    sleep SECONDS\n  \
    quit\n\n\
    Lines out are objects with `event` and `phone`: connected, not_connected, registered, unregistered, \
    challenged, refused, unanswered, accepted, pong, refer, notify, options, other, repeated, lost, \
    problem (the server broke a rule), waited, not_done.\n\
    Exit codes: 0; 2 for a wrong command line; 3 after a problem; 4 after a command that was not done.";

/// What one line wants.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Command(Command),
    Wait { event: String, patience: Duration },
    Sleep(Duration),
    Quit,
}

struct Phone {
    device: String,
    commands: mpsc::Sender<Command>,
}

/// What `wait` waits for.
struct Waiting {
    device: Option<String>,
    event: String,
    until: Instant,
}

/// Runs phones until the input ends or says quit; answers the exit code.
pub(crate) async fn run(
    handsets: Vec<Handset>,
    route: Route,
    origin: Origin,
    at_once: bool,
    stays: bool,
    input: impl BufRead + Send + 'static,
    output: &mut impl Write,
) -> std::io::Result<u8> {
    let route = Arc::new(route);
    let (sender, mut events) = mpsc::channel(WAITING_MAX);
    let mut phones = Vec::new();
    for handset in handsets {
        let (commands, received) = mpsc::channel(WAITING_MAX);
        let device = handset.identity.device.clone();
        let (name, sender) = (device.clone(), sender.clone());
        // A reader that is behind for a thousand events has stopped reading.
        let tell = move |event| drop(sender.try_send((name.clone(), event)));
        tokio::spawn(link::live(handset, Arc::clone(&route), origin.clone(), received, tell));
        phones.push(Phone { device, commands });
    }
    if at_once {
        command(&phones, None, &Command::Register).await;
    }
    let mut lines = read_lines(input);
    let mut board = Board::default();
    let mut input_over = false;
    let mut waiting: Option<Waiting> = None;
    let mut asleep: Option<Instant> = None;
    loop {
        if let Some(wanted) = &waiting {
            let seen = board.take(wanted.device.as_deref(), &wanted.event);
            if seen || wanted.until <= Instant::now() {
                let line = json!({"event": "waited", "for": wanted.event, "ok": seen});
                board.not_done |= !seen;
                print(output, &line)?;
                waiting = None;
            }
        }
        let is_free = waiting.is_none() && asleep.is_none();
        if is_free && input_over && !stays {
            break;
        }
        let until = waiting.as_ref().map(|it| it.until).or(asleep);
        tokio::select! {
            // What happened before a command comes before its outcome.
            biased;
            event = events.recv() => {
                let Some((device, event)) = event else { break };
                print(output, &board.note(device, &event))?;
            }
            line = lines.recv(), if is_free && !input_over => {
                let Some(line) = line else {
                    input_over = true;
                    continue;
                };
                let line = line.trim();
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                let (device, words) = addressed(line);
                let known = device.is_none_or(|it| phones.iter().any(|phone| phone.device == it));
                match parse(words).and_then(|step| match known {
                    true => Ok(step),
                    false => Err("there is no such phone".to_owned()),
                }) {
                    Err(words) => {
                        let event = Event::NotDone { command: line.to_owned(), words };
                        print(output, &board.note(String::new(), &event))?;
                    }
                    Ok(Step::Quit) => break,
                    Ok(Step::Sleep(pause)) => asleep = Some(Instant::now() + pause),
                    Ok(Step::Wait { event, patience }) => {
                        let device = device.map(str::to_owned);
                        waiting = Some(Waiting { device, event, until: Instant::now() + patience });
                    }
                    Ok(Step::Command(wanted)) => command(&phones, device, &wanted).await,
                }
            }
            () = sleep_until(until) => asleep = None,
        }
    }
    Ok(match () {
        () if board.problems > 0 => EXIT_PROBLEM,
        () if board.not_done => EXIT_NOT_DONE,
        () => 0,
    })
}

async fn command(phones: &[Phone], device: Option<&str>, command: &Command) {
    for phone in phones.iter().filter(|it| device.is_none_or(|device| it.device == device)) {
        // A phone's task lives as long as its sender.
        let _ = phone.commands.send(command.clone()).await;
    }
}

async fn sleep_until(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until.into()).await,
        None => std::future::pending().await,
    }
}

/// What has happened and was not waited for.
#[derive(Default)]
struct Board {
    unwaited: HashMap<(String, String), usize>,
    problems: usize,
    not_done: bool,
}

impl Board {
    fn note(&mut self, device: String, event: &Event) -> Value {
        self.problems += usize::from(matches!(event, Event::Problem { .. }));
        self.not_done |= matches!(event, Event::NotDone { .. });
        let mut line = event.to_json();
        let name = line.get("event").and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(members) = line.as_object_mut() {
            members.insert("phone".to_owned(), json!(device));
        }
        *self.unwaited.entry((device, name)).or_default() += 1;
        line
    }

    fn take(&mut self, device: Option<&str>, event: &str) -> bool {
        let found = self.unwaited.iter_mut().find(|((of, name), count)| {
            **count > 0 && name == event && device.is_none_or(|device| device == of)
        });
        match found {
            Some((_, count)) => {
                *count -= 1;
                true
            }
            None => false,
        }
    }
}

fn print(output: &mut impl Write, line: &Value) -> std::io::Result<()> {
    writeln!(output, "{line}")?;
    output.flush()
}

fn read_lines(input: impl BufRead + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(16);
    std::thread::spawn(move || {
        for line in input.lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

fn addressed(line: &str) -> (Option<&str>, &str) {
    match line.strip_prefix('@').and_then(|rest| rest.split_once(char::is_whitespace)) {
        Some((device, words)) => (Some(device), words.trim_start()),
        None => (None, line),
    }
}

fn parse(line: &str) -> Result<Step, String> {
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let command = match (name, rest) {
        ("register", "") => Command::Register,
        ("unregister", "") => Command::Unregister(None),
        ("unregister", "reset") => Command::Unregister(Some("reset-reset")),
        ("unregister", "restart") => Command::Unregister(Some("reset-restart")),
        ("keepalive", "") => Command::KeepAlive,
        ("token", "") => Command::Tell(Telling::Token),
        ("alarm", "") => Command::Tell(Telling::Alarm),
        ("press", key) if !key.is_empty() => Command::Tell(Telling::SoftKey(key.to_owned())),
        ("data", data) if !data.is_empty() => Command::Tell(parse_data(data)),
        ("result", code) => Command::Tell(Telling::Result(parse_code(code)?)),
        ("ping", "") => Command::Ping,
        ("drop", "") => Command::Drop,
        ("silent", on) => Command::Fault(Fault::Silent, parse_switch(on)?),
        ("answer", "right") => Command::Answer(None),
        ("answer", code) => Command::Answer(Some(parse_code(code)?)),
        ("fault", "none") => Command::NoFaults,
        ("fault", words) => {
            let (fault, on) = words.split_once(' ').unwrap_or((words, "on"));
            Command::Fault(Fault::from_str(fault, true)?, parse_switch(on.trim())?)
        }
        ("wait", words) if !words.is_empty() => {
            let (event, seconds) = words.split_once(' ').unwrap_or((words, ""));
            let patience = if seconds.is_empty() { WAIT } else { parse_seconds(seconds)? };
            return Ok(Step::Wait { event: event.to_owned(), patience });
        }
        ("sleep", seconds) => return Ok(Step::Sleep(parse_seconds(seconds)?)),
        ("quit" | "exit", "") => return Ok(Step::Quit),
        _ => return Err("no such command; --help lists them".to_owned()),
    };
    Ok(Step::Command(command))
}

/// `[APPLICATION] TEXT`: a number first is the application's.
fn parse_data(words: &str) -> Telling {
    let numbered =
        words.split_once(' ').and_then(|(number, text)| Some((number.parse().ok()?, text)));
    let (application, text) = numbered.unwrap_or((1, words));
    Telling::Data { application, text: text.to_owned() }
}

fn parse_code(text: &str) -> Result<u16, String> {
    let code = text.parse().ok().filter(|code| (200..700).contains(code));
    code.ok_or_else(|| format!("{text:?} is no final status code"))
}

fn parse_switch(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("it is on or off".to_owned()),
    }
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.trim().parse().ok().and_then(|it| Duration::try_from_secs_f64(it).ok());
    seconds.ok_or_else(|| format!("{text:?} is no number of seconds"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_of_the_help_is_understood() {
        for line in [
            "register",
            "unregister",
            "unregister reset",
            "unregister restart",
            "keepalive",
            "token",
            "alarm",
            "press HLog",
            "data 7 a b",
            "result 200",
            "ping",
            "drop",
            "silent on",
            "answer 503",
            "answer right",
            "fault byte-at-a-time",
            "fault old off",
            "fault none",
            "wait registered",
            "wait refer 2.5",
            "sleep 0.1",
            "quit",
        ] {
            assert!(parse(line).is_ok(), "{line}");
        }
        for line in
            ["", "regster", "press", "answer 100", "silent", "fault nothing", "wait", "sleep"]
        {
            assert!(parse(line).is_err(), "{line}");
        }
        assert_eq!(parse_data("7 a b"), Telling::Data { application: 7, text: "a b".to_owned() });
        assert_eq!(parse_data("a b"), Telling::Data { application: 1, text: "a b".to_owned() });
    }
}
