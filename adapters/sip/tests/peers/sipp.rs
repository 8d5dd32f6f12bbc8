//! SIPp with a scenario of ours, at 127.0.0.3.

use std::fs;
use std::net::UdpSocket;
use std::path::PathBuf;
use std::process::Command;

use crate::process::{Running, found, fresh_folder, shipped};

/// Where every phone is.
pub(crate) const ADDRESS: &str = "127.0.0.3";

/// What a run is to be.
pub(crate) struct Scenario<'a> {
    /// A file of ours.
    pub(crate) name: &'a str,
    /// The server; none for one that waits to be asked.
    pub(crate) server: Option<String>,
    /// `u1`, `t1` or `tn`.
    pub(crate) transport: &'a str,
    /// The port of its own; any where it is 0.
    pub(crate) port: u16,
    /// Calls in all.
    pub(crate) calls: usize,
    /// What stands in the scenario as `[NAME]`.
    pub(crate) keys: &'a [(&'a str, &'a str)],
    /// Users with their passwords, as `[field0]` and, for the proof, `[field1]`.
    pub(crate) users: Vec<(String, String)>,
    /// Of a hundred packets so many are lost, either way.
    pub(crate) lost_percent: u8,
}

/// A run that goes on.
pub(crate) struct Sipp {
    running: Running,
    folder: PathBuf,
    calls: usize,
}

impl Sipp {
    /// Starts a run; `None` where SIPp is not installed.
    pub(crate) fn start(scenario: &Scenario<'_>) -> Option<Self> {
        let program = found("sipp")?;
        let folder = fresh_folder("sipp");
        let mut command = Command::new(program);
        command.args(scenario.server.as_deref()).arg("-sf").arg(shipped(scenario.name));
        command.args(["-t", scenario.transport, "-i", ADDRESS, "-nostdin", "-r", "200"]);
        command.args(["-p", &scenario.port.to_string(), "-m", &scenario.calls.to_string()]);
        command.args(["-max_socket", "2000", "-timeout", "25s", "-timeout_error"]);
        command.args(["-trace_err", "-error_file", "errors", "-trace_stat", "-stf", "figures"]);
        if scenario.lost_percent > 0 {
            command.args(["-lost", &scenario.lost_percent.to_string()]);
        }
        for (name, value) in scenario.keys {
            command.args(["-key", name, value]);
            if *name == "domain" {
                command.args(["-auth_uri", value]);
            }
        }
        if !scenario.users.is_empty() {
            let mut text = "SEQUENTIAL\n".to_owned();
            for (user, password) in &scenario.users {
                text.push_str(&format!(
                    "{user};[authentication username={user} password={password}];\n"
                ));
            }
            fs::write(folder.join("users"), text).unwrap();
            command.args(["-inf", "users"]);
        }
        let calls = scenario.calls;
        Some(Self { running: Running::start(command, folder.clone()), folder, calls })
    }

    /// Waits for its end and demands that every call went well.
    #[track_caller]
    pub(crate) fn succeeds(mut self) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            let status = self.running.end().await;
            let errors = fs::read_to_string(self.folder.join("errors")).unwrap_or_default();
            let figures = fs::read_to_string(self.folder.join("figures")).unwrap_or_default();
            let of = |name| last(&figures, name);
            let (done, failed) = (of("SuccessfulCall(C)"), of("FailedCall(C)"));
            let expected = (Some(self.calls), Some(0));
            let told = format!("at {place}: {status}, done {done:?}, failed {failed:?}\n{errors}");
            assert!(
                status.success() && (done, failed) == expected,
                "{told}\n{}",
                self.running.log()
            );
        }
    }
}

/// The last value of a column.
fn last(figures: &str, name: &str) -> Option<usize> {
    let mut lines = figures.lines();
    let place = lines.next()?.split(';').position(|column| column == name)?;
    lines.next_back()?.split(';').nth(place)?.parse().ok()
}

/// A port of phones that nobody uses.
pub(crate) fn free_port() -> u16 {
    UdpSocket::bind((ADDRESS, 0)).unwrap().local_addr().unwrap().port()
}
