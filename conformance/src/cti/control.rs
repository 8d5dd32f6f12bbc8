//! The command line's side of the control socket: words in, a readable answer out.

use std::fmt::Write;
use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::commands;

/// Drive a running `jackfield-peers cti-server`: place calls, change states, break things.
///
/// Exits with 0 when it was done, with 1 when it was refused.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = commands::help(), after_long_help = commands::help())]
pub(crate) struct ControlArguments {
    /// Address of the control socket, `peers` in the endpoints file
    address: SocketAddr,
    /// Print the answer as the JSON line it is
    #[arg(long)]
    json: bool,
    /// A command and its words
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// Sends the command; answers the text to print and whether it was done.
pub(crate) async fn run(arguments: &ControlArguments) -> Result<(String, bool), String> {
    let mut words = arguments.words.clone();
    let before = words.len();
    words.retain(|word| word != "--json");
    let as_json = arguments.json || words.len() < before;
    let request = commands::from_words(&words)?;
    let io = |error: std::io::Error| format!("{}: {error}", arguments.address);
    let mut stream = TcpStream::connect(arguments.address).await.map_err(io)?;
    stream.write_all(format!("{request}\n").as_bytes()).await.map_err(io)?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).await.map_err(io)?;
    let answer: Value = serde_json::from_str(&line)
        .map_err(|error| format!("{}: the answer is no JSON: {error}", arguments.address))?;
    let done = answer.get("ok") == Some(&Value::Bool(true));
    if as_json {
        return Ok((line, done));
    }
    Ok((readable(&answer, done), done))
}

/// One line for each member, lists as rows.
fn readable(answer: &Value, done: bool) -> String {
    if !done {
        let problem = answer.get("problem").and_then(Value::as_str).unwrap_or("no answer");
        return format!("refused: {problem}\n");
    }
    let mut text = String::new();
    let members = answer.as_object().into_iter().flatten();
    for (name, value) in members.filter(|(name, _)| *name != "ok") {
        match value {
            Value::Array(rows) => {
                let _ = writeln!(text, "{name}: {}", rows.len());
                for row in rows {
                    let _ = writeln!(text, "  {}", row_text(row));
                }
            }
            other => {
                let _ = writeln!(text, "{name}: {}", row_text(other));
            }
        }
    }
    if text.is_empty() { "done\n".to_owned() } else { text }
}

fn row_text(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let empty = [Value::Null, json!(""), json!([]), json!({})];
            let shown = members.iter().filter(|(_, value)| !empty.contains(value));
            let shown = shown.map(|(name, value)| format!("{name} {}", row_text(value)));
            shown.collect::<Vec<_>>().join(", ")
        }
        Value::Array(values) => {
            let shown: Vec<_> = values.iter().map(row_text).collect();
            format!("[{}]", shown.join("; "))
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
