//! A contact centre's CTI server, simulated: both sides of one peripheral, strict by the guide.
//!
//! Written from the published CTI Server Message Reference Guide (GED-188) and the Unified CCX CTI
//! Protocol Developer Guide alone; it knows nothing of any gateway's code.
//!
//! - `wire`, `numbers`: frames, floating fields, the protocol's numbers.
//! - `request`: what clients may send, as data, and the judge of it; `events`, `call_events`: what
//!   the server sends.
//! - `world`: the peripheral as one machine without sockets; `server`: the tasks and sockets around it.
//! - `population`, `options`: whom it knows, and the command line.
//! - `record`: the states that were written, in a file.
//! - `commands`: the control socket's commands as data; `control`: their command line.
//!
//! The control socket takes one JSON object a line, such as
//! `{"command":"call","extension":"2001","variables":{"1":"Gold"},"queue":"Sales"}`, or the same as words, and
//! answers each with one line in order: `{"ok":true,...}` or `{"ok":false,"problem":"..."}`. `wait` and
//! `load` answer when they are over. Words and options of the command line are the members, dashes as
//! underscores (`--var` is `variables`; what may be one of two is named by the first: `agent`, `in`,
//! `online`). `jackfield-peers control --help` lists all.

mod call_events;
mod commands;
mod control;
mod events;
mod numbers;
mod options;
mod population;
mod record;
mod request;
mod server;
mod wire;
mod world;

#[cfg(test)]
mod tests;

use std::io::Write;

use self::server::Server;

pub(crate) use self::control::{ControlArguments, run as run_control};
pub(crate) use self::options::CtiArguments;

/// Runs a CTI server until the program is ended.
pub(crate) async fn run(
    arguments: CtiArguments,
    output: &mut (impl Write + Send),
) -> Result<u8, String> {
    let settings = arguments.settle()?;
    let script = match &arguments.script {
        None => Vec::new(),
        Some(path) => {
            let named = |problem: String| format!("{}: {problem}", path.display());
            let text = std::fs::read_to_string(path).map_err(|error| named(error.to_string()))?;
            let lines = text.lines().enumerate();
            let lines = lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
            let requests = lines.map(|(at, line)| {
                let request = commands::from_line(line);
                request.map_err(|problem| named(format!("line {}: {problem}", at + 1)))
            });
            requests.collect::<Result<Vec<_>, _>>()?
        }
    };
    let lines = Box::new(|line: &str| {
        // Nothing is left to tell it to if even this cannot be written.
        let _ = writeln!(std::io::stderr(), "cti-server: {line}");
    });
    let mut server = Server::bind(&arguments, settings, lines).await?;
    let endpoints = server.endpoints();
    if let Some(path) = &arguments.endpoints {
        let text = format!("{endpoints}\n");
        std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    writeln!(output, "ready {endpoints}").map_err(|error| error.to_string())?;
    output.flush().map_err(|error| error.to_string())?;
    for request in script {
        let mut answer = server.command(&request);
        if let Ok(answer) = answer.try_recv()
            && answer.get("ok") != Some(&serde_json::Value::Bool(true))
        {
            let _ = writeln!(std::io::stderr(), "cti-server: script: {request}: {answer}");
        }
    }
    if !arguments.until_input_ends {
        server.run().await;
        return Ok(0);
    }
    tokio::select! {
        () = server.run() => {}
        () = input_ends() => {}
    }
    Ok(0)
}

/// Waits for the end of standard input; what comes before it is passed over.
async fn input_ends() {
    let (ended, end) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        // Whoever waits may be gone.
        let _ = ended.send(());
    });
    let _ = end.await;
}
