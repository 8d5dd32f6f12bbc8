//! The demo in the foreground: start it, say what to try, pass signals on, end as it ends.
//!
//! ```text
//!   build -> started --endpoints file is there--> hints shown --signal--> stopping -> ended
//! ```
//!
//! Knows of the demo only its command line and the members of the endpoints file it prints from.

use std::error::Error;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::setup::Purpose;
use crate::workspace::Workspace;
use crate::{Outcome, cargo, web};

mod hints;

/// How often we look for the endpoints file, for signals and for the end of the demo.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Leaves the simulated contact-centre server out, so that the gateway owns voice state itself.
const NO_CTI: &str = "--no-cti";

/// How long the demo may take to be ready or to stop when nobody is watching.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a demo with these arguments needs.
pub(crate) fn purpose(arguments: &[String]) -> Purpose {
    match value_of("--nodes", arguments) {
        None | Some("1") => Purpose::Demo,
        Some(_) => Purpose::DemoOfNodes,
    }
}

/// Builds the release programs and runs the demo until it is stopped.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Outcome {
    // Whoever has no npm still sees the demo: the console says on its own page what it lacks.
    if let Err(why) = web::pages(workspace) {
        println!("demo: the console's pages are not built, so it has none: {why}");
    }
    println!("demo: building jackfield and jackfield-peers (release; minutes the first time)");
    cargo::run(&cargo::build_programs(true))?;
    let folder = workspace.target_directory.join("demo");
    let (arguments, endpoints) = complete(arguments, &folder);
    let here = std::env::current_dir()?;
    let shown = hints::Shown {
        jackfield: shorten(&workspace.program("release", "jackfield"), &here),
        peers: shorten(&workspace.program("release", "jackfield-peers"), &here),
        endpoints: shorten(&endpoints, &here),
    };

    // Registered before the start, so that no signal finds the demo running and us not listening.
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let endpoints = EndpointsFile::new(endpoints);
    let mut demo = start(workspace, &arguments)?;
    println!("demo: starting, Ctrl-C stops it");
    let status = watch(&mut demo, &mut signals, &endpoints, &shown).inspect_err(|_| {
        // We cannot watch it any more, so it must not go on behind our back.
        let _ = demo.kill();
    })?;
    Ok(exit_code(status))
}

/// Passes signals on and shows the hints once, until the demo ends.
fn watch(
    demo: &mut Child,
    signals: &mut Signals,
    endpoints: &EndpointsFile,
    shown: &hints::Shown,
) -> Result<ExitStatus, Box<dyn Error>> {
    let mut hinted = false;
    loop {
        if let Some(status) = demo.try_wait()? {
            return Ok(status);
        }
        for signal in signals.pending() {
            pass_on(demo, signal)?;
        }
        if !hinted && let Some(written) = endpoints.read_new()? {
            println!("{}", shown.text(&written)?);
            hinted = true;
        }
        thread::sleep(LOOK_EVERY);
    }
}

/// Starts the demo in a folder of its own, asks for its status, stops it; then the same with two nodes.
/// An error says what went wrong.
pub(crate) fn start_and_stop(workspace: &Workspace) -> Result<(), Box<dyn Error>> {
    start_and_stop_with(workspace, &[])?;
    start_and_stop_with(workspace, &["--nodes=2".to_owned()])
}

fn start_and_stop_with(workspace: &Workspace, arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let folder = workspace.target_directory.join("demo-check");
    let (arguments, endpoints) = complete(arguments, &folder);
    let endpoints = EndpointsFile::new(endpoints);
    let mut demo = start(workspace, &arguments)?;
    let answered = answers(workspace, &mut demo, &endpoints);
    pass_on(&demo, SIGTERM)?;
    let status = wait_for(|| Ok(demo.try_wait()?)).inspect_err(|_| {
        // It does not stop when asked; leave nothing running behind a failed check.
        let _ = demo.kill();
    })?;
    answered?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("the demo was stopped and ended with {status}").into())
    }
}

/// Waits until the demo is ready and asks the running node for its status.
fn answers(
    workspace: &Workspace,
    demo: &mut Child,
    endpoints: &EndpointsFile,
) -> Result<(), Box<dyn Error>> {
    let written = wait_for(|| match demo.try_wait()? {
        Some(status) => Err(format!("the demo ended with {status} before it was ready").into()),
        None => endpoints.read_new(),
    })?;
    let socket = hints::admin_socket(&written)?;
    let status = Command::new(workspace.program("release", "jackfield"))
        .args(["status", "--socket", socket])
        .current_dir(&workspace.root)
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`jackfield status` of the demo ended with {status}").into())
    }
}

/// The demo's arguments, with our folder and endpoints file unless the caller chose others, and the
/// path of the endpoints file.
fn complete(arguments: &[String], folder: &Path) -> (Vec<String>, PathBuf) {
    let mut all = vec!["demo".to_owned()];
    let folder = match value_of("--dir", arguments) {
        Some(chosen) => PathBuf::from(chosen),
        None => {
            all.extend(["--dir".to_owned(), folder.display().to_string()]);
            folder.to_owned()
        }
    };
    let endpoints = match value_of("--endpoints", arguments) {
        Some(chosen) => PathBuf::from(chosen),
        None => {
            let endpoints = folder.join("endpoints.json");
            all.extend(["--endpoints".to_owned(), endpoints.display().to_string()]);
            endpoints
        }
    };
    // The simulated contact-centre server is part of it, unless it is declined or asked for by name.
    if !arguments.iter().any(|argument| argument == NO_CTI || argument == "--cti") {
        all.push("--cti".to_owned());
    }
    all.extend(arguments.iter().filter(|argument| *argument != NO_CTI).cloned());
    (all, endpoints)
}

/// The value of an option written as `--name VALUE` or `--name=VALUE`.
fn value_of<'a>(name: &str, arguments: &'a [String]) -> Option<&'a str> {
    arguments.iter().enumerate().find_map(|(index, argument)| {
        match argument.strip_prefix(name)?.strip_prefix('=') {
            Some(value) => Some(value),
            None if argument == name => arguments.get(index + 1).map(String::as_str),
            None => None,
        }
    })
}

/// Starts the program in a process group of its own: a Ctrl-C at the terminal then reaches it once,
/// through us, and not a second time by itself.
fn start(workspace: &Workspace, arguments: &[String]) -> Result<Child, Box<dyn Error>> {
    let program = workspace.program("release", "jackfield");
    Command::new(&program)
        .args(arguments)
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|error| format!("{} does not start: {error}", program.display()).into())
}

/// Hands a signal to the demo. A closed terminal asks it to stop, because a plain SIGHUP asks a
/// Jackfield to read its settings again.
fn pass_on(demo: &Child, signal: i32) -> Result<(), Box<dyn Error>> {
    let signal = if signal == SIGINT { Signal::INT } else { Signal::TERM };
    let process = Pid::from_child(demo);
    Ok(kill_process(process, signal)?)
}

/// The endpoints file, and which file stood there before the demo was started: what an earlier run
/// left, or one that still runs, would look as if ours were ready. It is the demo's to remove.
#[derive(Debug)]
struct EndpointsFile {
    path: PathBuf,
    former: Option<(u64, i64, i64)>,
}

impl EndpointsFile {
    fn new(path: PathBuf) -> Self {
        let former = identity(&path);
        Self { path, former }
    }

    /// What the demo wrote, once it is there and whole.
    fn read_new(&self) -> Result<Option<serde_json::Value>, Box<dyn Error>> {
        if self.former.is_some() && identity(&self.path) == self.former {
            return Ok(None);
        }
        match fs::read(&self.path) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Tells a file from one written in its place.
fn identity(path: &Path) -> Option<(u64, i64, i64)> {
    let about = fs::metadata(path).ok()?;
    Some((about.ino(), about.mtime(), about.mtime_nsec()))
}

fn wait_for<T>(
    mut look: impl FnMut() -> Result<Option<T>, Box<dyn Error>>,
) -> Result<T, Box<dyn Error>> {
    let give_up = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if give_up < Instant::now() {
            return Err(format!("the demo took more than {} s", PATIENCE.as_secs()).into());
        }
        thread::sleep(LOOK_EVERY);
    }
}

fn shorten(path: &Path, here: &Path) -> PathBuf {
    path.strip_prefix(here).unwrap_or(path).to_owned()
}

/// The demo's own exit code; 128 and the signal's number, as shells have it, if a signal ended it.
fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &[&str], expected: &[&str], endpoints: &str) {
        let given: Vec<_> = given.iter().map(|&each| each.to_owned()).collect();
        let (arguments, path) = complete(&given, Path::new("target/demo"));
        assert_eq!(arguments, expected);
        assert_eq!(path, Path::new(endpoints));
    }

    #[test]
    fn our_folder_is_used_unless_another_is_chosen() {
        let ours = "target/demo/endpoints.json";
        check(&[], &["demo", "--dir", "target/demo", "--endpoints", ours, "--cti"], ours);
        check(&[NO_CTI], &["demo", "--dir", "target/demo", "--endpoints", ours], ours);
        check(
            &["--dir", "/srv/x"],
            &["demo", "--endpoints", "/srv/x/endpoints.json", "--cti", "--dir", "/srv/x"],
            "/srv/x/endpoints.json",
        );
        check(
            &["--endpoints=here.json", "-v"],
            &["demo", "--dir", "target/demo", "--cti", "--endpoints=here.json", "-v"],
            "here.json",
        );
    }

    #[test]
    fn an_option_that_only_begins_alike_is_not_taken() {
        check(
            &["--directory", "x"],
            &[
                "demo",
                "--dir",
                "target/demo",
                "--endpoints",
                "target/demo/endpoints.json",
                "--cti",
                "--directory",
                "x",
            ],
            "target/demo/endpoints.json",
        );
    }

    #[test]
    fn several_nodes_need_more() {
        let needed = |arguments: &[&str]| {
            let arguments: Vec<_> = arguments.iter().map(|&each| each.to_owned()).collect();
            purpose(&arguments)
        };
        assert_eq!(needed(&["--nodes", "1"]), Purpose::Demo);
        assert_eq!(needed(&["--dir", "x"]), Purpose::Demo);
        assert_eq!(needed(&["--nodes=2"]), Purpose::DemoOfNodes);
    }

    #[test]
    fn what_an_earlier_run_left_is_not_taken_for_ours() {
        let path = std::env::temp_dir().join(format!("jackfield-xtask-{}", std::process::id()));
        fs::write(&path, "{\"of\": \"the one before\"}").expect("a temporary file is written");
        let endpoints = EndpointsFile::new(path.clone());
        assert!(endpoints.read_new().expect("it is readable").is_none());
        let other = path.with_extension("new");
        fs::write(&other, "{\"of\": \"ours\"}").expect("a temporary file is written");
        fs::rename(&other, &path).expect("it is replaced");
        let read = endpoints.read_new().expect("it is readable").expect("it is ours");
        assert_eq!(read["of"], "ours");
        fs::remove_file(&path).expect("it is removed");
        assert!(endpoints.read_new().expect("its absence is no error").is_none());
    }

    #[test]
    fn a_signal_ends_with_the_code_shells_use() {
        assert_eq!(exit_code(ExitStatus::from_raw(15)), ExitCode::from(143));
        assert_eq!(exit_code(ExitStatus::from_raw(3 << 8)), ExitCode::from(3));
    }
}
