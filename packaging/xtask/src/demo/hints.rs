//! What to try with a running demo: the commands and the names to type, from its endpoints file.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The model the suggested phone plays: colour screen, all features.
const MODEL: &str = "CP-8845";

/// Paths as the person at the terminal would type them.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) jackfield: PathBuf,
    pub(super) peers: PathBuf,
    pub(super) endpoints: PathBuf,
}

impl Shown {
    /// The whole text, or what the endpoints file lacks.
    pub(super) fn text(&self, endpoints: &Value) -> Result<String, String> {
        let device = array(endpoints, "devices")?.first().and_then(Value::as_str);
        let device = device.ok_or("the endpoints file names no device")?;
        let socket = admin_socket(endpoints)?;
        let mut text = String::from("\nJackfield runs. In a second terminal, in this folder:\n\n");
        let mut line = |parts: std::fmt::Arguments<'_>| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{parts}");
        };
        line(format_args!("  a phone to work from"));
        line(format_args!(
            "    {} phone --endpoints {} --device {} --model {MODEL}",
            quoted(&self.peers),
            quoted(&self.endpoints),
            quoted(Path::new(device)),
        ));
        line(format_args!("    sign in there as one of"));
        let header = ["id", "extension", "password"];
        let mut rows = vec![header.map(str::to_owned)];
        for agent in array(endpoints, "agents")? {
            let member = |name| agent.get(name).and_then(Value::as_str).unwrap_or("?").to_owned();
            rows.push(header.map(member));
        }
        let width =
            |column: usize| rows.iter().filter_map(|row| row.get(column)).map(String::len).max();
        let (id_width, extension_width) = (width(0).unwrap_or(0), width(1).unwrap_or(0));
        for [id, extension, password] in &rows {
            line(format_args!("      {id:id_width$}  {extension:extension_width$}  {password}"));
        }
        if let Some(peers) = endpoints.get("peers").and_then(Value::as_str) {
            line(format_args!("  a call from the simulated contact centre, and who answers it"));
            let control = quoted(&self.peers);
            line(format_args!(
                "    {control} control {peers} call 1001 --ani 5551234 --var 1=Gold"
            ));
            line(format_args!("    {control} control {peers} answer 1001"));
        }
        line(format_args!("  what the gateway says of itself"));
        line(format_args!(
            "    {} status --socket {}",
            quoted(&self.jackfield),
            quoted(Path::new(socket))
        ));
        Ok(text)
    }
}

/// Path of the socket the command line asks a running node through.
pub(super) fn admin_socket(endpoints: &Value) -> Result<&str, String> {
    let socket = endpoints.get("admin_socket").and_then(Value::as_str);
    socket.ok_or_else(|| "the endpoints file names no admin_socket".to_owned())
}

fn array<'a>(endpoints: &'a Value, name: &str) -> Result<&'a [Value], String> {
    let array = endpoints.get(name).and_then(Value::as_array);
    array.map(Vec::as_slice).ok_or_else(|| format!("the endpoints file has no list of {name}"))
}

/// A word for the shell: quoted only where it has to be.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+:@=".contains(letter);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown() -> Shown {
        Shown {
            jackfield: "target/release/jackfield".into(),
            peers: "target/release/jackfield-peers".into(),
            endpoints: "target/demo/endpoints.json".into(),
        }
    }

    #[test]
    fn every_command_can_be_pasted() {
        let endpoints = serde_json::json!({
            "admin_socket": "target/demo/admin socket",
            "agents": [{"id": "1001", "extension": "2001", "password": "river-7"}],
            "devices": ["SEP001122334455", "SEP001122334456"],
            "peers": "127.0.0.1:4711",
        });
        let expected = "
Jackfield runs. In a second terminal, in this folder:

  a phone to work from
    target/release/jackfield-peers phone --endpoints target/demo/endpoints.json \
                        --device SEP001122334455 --model CP-8845
    sign in there as one of
      id    extension  password
      1001  2001       river-7
  a call from the simulated contact centre, and who answers it
    target/release/jackfield-peers control 127.0.0.1:4711 call 1001 --ani 5551234 --var 1=Gold
    target/release/jackfield-peers control 127.0.0.1:4711 answer 1001
  what the gateway says of itself
    target/release/jackfield status --socket 'target/demo/admin socket'
";
        assert_eq!(shown().text(&endpoints).as_deref(), Ok(expected));
    }

    #[test]
    fn what_is_missing_in_the_file_is_named() {
        let error = shown().text(&serde_json::json!({"devices": ["SEP001122334455"]}));
        assert_eq!(error, Err("the endpoints file names no admin_socket".to_owned()));
    }

    #[test]
    fn words_are_quoted_only_where_they_have_to_be() {
        assert_eq!(quoted(Path::new("a/b-c.json")), "a/b-c.json");
        assert_eq!(quoted(Path::new("it's")), r"'it'\''s'");
    }
}
