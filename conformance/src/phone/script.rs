//! The phone driven by a program: JSON lines in, JSON lines out.
//!
//! Every line out is an object with one member:
//!
//! - `ready`: once, when the web server listens.
//! - `screen`: the display changed; the whole parsed screen and the XML it came from.
//! - `violation`: the gateway broke a rule.
//! - `push`: a push was dealt with; never holds its password.
//! - `no_handshake`: somebody connected to the web server and went before TLS stood: no push.
//! - `event`: a number dialled, a key passed on, and the like.
//! - `headset`: something happened to the headset; its member `event` says what.
//! - `raw`: the outcome of a `raw` command; `draw`: the display as text.
//! - `done`: the command is finished: its name, `ok`, and `error` if it could not be done.
//!
//! Commands run one after another, in order; a command that fetches is done when the answer is shown.
//! Pushes and refreshes go on all the time. `conformance/README.md` lists the commands.

mod command;
mod headset;

use std::io::{BufRead, Write};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::mpsc;

use self::command::{Condition, Step};
use self::headset::HeadsetCondition;
use super::draw;
use super::driver::{Driver, Report};
use crate::headset::Worn;

/// Seconds after which a command that waits for an answer is given up.
const COMMAND_SECONDS_MAX: u64 = 30;
/// Lines read ahead of the command that runs.
const LINES_AHEAD_MAX: usize = 16;

/// Exit code after a violation, with `--strict-exit`.
pub(crate) const EXIT_VIOLATION: u8 = 3;
/// Exit code after a command that could not be done, with `--strict-exit`.
pub(crate) const EXIT_REFUSED: u8 = 4;

/// What the phone is busy with.
struct Pending {
    name: String,
    until: Until,
    deadline: Instant,
}

enum Until {
    Settled,
    HeadsetSettled,
    Headset(HeadsetCondition),
    Condition(Condition),
}

/// Runs commands from `input` until it ends or says exit; answers the exit code.
pub(crate) async fn run(
    driver: &mut Driver,
    input: impl BufRead + Send + 'static,
    output: &mut impl Write,
    strict_exit: bool,
) -> std::io::Result<u8> {
    let mut lines = read_lines(input);
    let mut pending: Option<Pending> = None;
    let mut refused = false;
    ready(driver, output)?;
    loop {
        while let Some(report) = driver.report() {
            print(output, &tell(driver, report))?;
        }
        if let Some(current) = &pending {
            let finished = match &current.until {
                Until::Settled => driver.is_settled(),
                Until::HeadsetSettled => driver.headset().is_ok_and(Worn::is_settled),
                Until::Headset(condition) => condition.holds(driver),
                Until::Condition(condition) => condition.holds(driver),
            };
            let late = Instant::now() >= current.deadline;
            if finished || late {
                let error = (!finished).then(|| match &current.until {
                    Until::Settled | Until::HeadsetSettled => "no answer in time".to_owned(),
                    Until::Headset(condition) => condition.unmet(driver),
                    Until::Condition(condition) => condition.unmet(driver),
                });
                refused |= error.is_some();
                // What a condition saw comes before its outcome.
                while let Some(report) = driver.report() {
                    print(output, &tell(driver, report))?;
                }
                done(output, &current.name, error)?;
                pending = None;
                continue;
            }
        }
        let deadline = pending.as_ref().map(|pending| pending.deadline);
        tokio::select! {
            () = driver.step() => {}
            () = sleep_until(deadline) => {}
            line = lines.recv(), if pending.is_none() => {
                let Some(line) = line else { break };
                if line.trim().is_empty() {
                    continue;
                }
                match begin(driver, output, &line)? {
                    Begun::Exit => break,
                    Begun::Pending(begun) => pending = Some(begun),
                    Begun::Refused(name, error) => {
                        while let Some(report) = driver.report() {
                            print(output, &tell(driver, report))?;
                        }
                        refused = true;
                        done(output, &name, Some(error))?;
                    }
                }
            }
        }
    }
    Ok(match strict_exit {
        true if driver.violations() > 0 => EXIT_VIOLATION,
        true if refused => EXIT_REFUSED,
        _ => 0,
    })
}

enum Begun {
    Exit,
    Pending(Pending),
    Refused(String, String),
}

fn begin(driver: &mut Driver, output: &mut impl Write, line: &str) -> std::io::Result<Begun> {
    let (name, step) = match command::parse(line, driver) {
        Ok(parsed) => parsed,
        Err((name, error)) => return Ok(Begun::Refused(name, error)),
    };
    let mut until = Until::Settled;
    let mut seconds = COMMAND_SECONDS_MAX as f64;
    let outcome = match step {
        Step::Exit => return Ok(Begun::Exit),
        Step::Phone(command) => driver.command(command),
        Step::Fault(fault) => {
            driver.set_fault(fault);
            Ok(())
        }
        Step::Raw { method, url, headers, body } => {
            driver.raw(method, url, &headers, body);
            Ok(())
        }
        Step::Wait { condition, seconds: most } => {
            until = Until::Condition(condition);
            seconds = most;
            Ok(())
        }
        Step::Headset(command) => {
            until = Until::HeadsetSettled;
            driver.headset_command(command)
        }
        Step::HeadsetState => driver.headset().map(Worn::state).map(|state| {
            driver.tell_headset("state", state);
        }),
        Step::HeadsetDraw => driver.headset().map(base_lines).map(|lines| {
            driver.tell_headset("draw", json!({"lines": lines}));
        }),
        Step::WaitHeadset { condition, seconds: most } => {
            until = Until::Headset(condition);
            seconds = most;
            driver.headset().map(drop)
        }
        Step::Show => {
            print(output, &json!({"screen": screen_json(driver)}))?;
            Ok(())
        }
        Step::Draw => {
            let identity = driver.handset.identity();
            let status = driver.handset.status_line();
            let lines = draw::draw(identity.model, driver.handset.screen(), status);
            print(output, &json!({"draw": draw::texts(&lines)}))?;
            Ok(())
        }
    };
    Ok(match outcome {
        Ok(()) => {
            let deadline = Instant::now() + Duration::from_secs_f64(seconds);
            Begun::Pending(Pending { name, until, deadline })
        }
        Err(error) => Begun::Refused(name, error),
    })
}

/// The headset's base as it would be drawn.
fn base_lines(headset: &Worn) -> Value {
    let lines = headset.with(|machine, _| crate::headset::draw::draw(machine));
    json!(crate::headset::draw::texts(&lines))
}

fn ready(driver: &Driver, output: &mut impl Write) -> std::io::Result<()> {
    let identity = driver.handset.identity();
    let url = identity.service_url.as_deref().map(super::uri::redacted);
    let push = driver.push_address.map(|address| address.to_string());
    print(
        output,
        &json!({"ready": {
            "device": identity.device,
            "model": identity.model.name,
            "service": url,
            "push": push,
        }}),
    )
}

fn tell(driver: &Driver, report: Report) -> Value {
    match report {
        Report::Screen(screen) => {
            let mut value = screen.to_json(driver.handset.identity().model);
            if let (Some(members), Some(status)) =
                (value.as_object_mut(), driver.handset.status_line())
            {
                members.insert("call_plane".to_owned(), json!(status));
            }
            json!({"screen": value})
        }
        Report::Violation(text) => json!({"violation": text}),
        Report::Push(value) => json!({"push": value}),
        Report::NoHandshake(value) => json!({"no_handshake": value}),
        Report::Event { name, detail } => json!({"event": {name: detail}}),
        Report::Raw(value) => json!({"raw": value}),
        Report::Headset(value) => json!({"headset": value}),
    }
}

fn screen_json(driver: &Driver) -> Value {
    driver.handset.screen().to_json(driver.handset.identity().model)
}

fn done(output: &mut impl Write, name: &str, error: Option<String>) -> std::io::Result<()> {
    let value = match error {
        None => json!({"done": {"command": name, "ok": true}}),
        Some(error) => json!({"done": {"command": name, "ok": false, "error": error}}),
    };
    print(output, &value)
}

fn print(output: &mut impl Write, value: &Value) -> std::io::Result<()> {
    writeln!(output, "{value}")?;
    output.flush()
}

/// Reads lines on a thread of their own, as standard input cannot be waited for otherwise.
fn read_lines(input: impl BufRead + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(LINES_AHEAD_MAX);
    std::thread::spawn(move || {
        for line in input.lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
