//! Running other people's programs: what they say is handed on, and what they refuse is an error.

use std::error::Error;
use std::io::Write;
use std::process::{Command, Stdio};

/// Why something could not be done, in one sentence.
pub(crate) type Problem = Box<dyn Error>;

/// Runs it with our terminal.
pub(crate) fn run(command: &mut Command) -> Result<(), Problem> {
    let status = command.stdin(Stdio::null()).status().map_err(|error| missing(command, &error))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{} ended with {status}", name(command)).into())
    }
}

/// Runs it and gives what it wrote to standard output.
pub(crate) fn bytes(command: &mut Command) -> Result<Vec<u8>, Problem> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| missing(command, &error))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{} ended with {}: {}", name(command), output.status, said.trim()).into())
}

/// The same as text.
pub(crate) fn text(command: &mut Command) -> Result<String, Problem> {
    Ok(String::from_utf8(bytes(command)?)?)
}

/// Runs it with that input and gives what it wrote; for programs that read all before they write much, or
/// little enough for a pipe.
pub(crate) fn filtered(command: &mut Command, input: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| missing(command, &error))?;
    let mut into = child.stdin.take().ok_or("no pipe to write to")?;
    let written = std::thread::scope(|scope| {
        let writer = scope.spawn(move || into.write_all(input));
        let output = child.wait_with_output();
        (writer.join(), output)
    });
    let (written, output) = written;
    let output = output?;
    match written {
        Ok(written) => written?,
        Err(_) => return Err("the input could not be written".into()),
    }
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(format!("{} ended with {}", name(command), output.status).into())
    }
}

fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

fn missing(command: &Command, error: &std::io::Error) -> Problem {
    format!("{}: {error}", name(command)).into()
}
