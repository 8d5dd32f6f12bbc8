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
        let device = quoted(Path::new(device.ok_or("the endpoints file names no device")?));
        let socket = admin_socket(endpoints)?;
        let nodes = nodes(endpoints)?;
        let (jackfield, peers) = (quoted(&self.jackfield), quoted(&self.peers));
        let phone = format!("{peers} phone --endpoints {}", quoted(&self.endpoints));
        let mut text = match nodes.as_slice() {
            [_, _, ..] => format!(
                "\nJackfield runs: {} nodes on one database. In a second terminal, in this folder:\n\n",
                nodes.len()
            ),
            _ => "\nJackfield runs. In a second terminal, in this folder:\n\n".to_owned(),
        };
        let mut line = |parts: std::fmt::Arguments<'_>| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{parts}");
        };
        match nodes.as_slice() {
            [first, _, ..] => {
                let first = &first.label;
                line(format_args!("  a phone to work from, at {first}"));
                line(format_args!("    {phone} --node {first} --device {device} --model {MODEL}"));
            }
            _ => {
                line(format_args!("  a phone to work from"));
                line(format_args!("    {phone} --device {device} --model {MODEL}"));
            }
        }
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
        if let Some(console) = endpoints.get("console").and_then(Value::as_str) {
            let admin =
                |part: &str| endpoints.pointer(&format!("/admin/{part}")).and_then(Value::as_str);
            line(format_args!(
                "  the console, in a browser on this machine, which warns of the demo's certificate"
            ));
            line(format_args!("    {console}"));
            if let (Some(user), Some(password)) = (admin("user"), admin("password")) {
                line(format_args!("    sign in there as {user} with {password}"));
            }
        }
        if let Some(control) = endpoints.get("peers").and_then(Value::as_str) {
            line(format_args!("  a call from the simulated contact centre, and who answers it"));
            line(format_args!(
                "    {peers} control {control} call 1001 --ani 5551234 --var 1=Gold"
            ));
            line(format_args!("    {peers} control {control} answer 1001"));
        }
        if let [first, second, ..] = nodes.as_slice() {
            let (first_label, second_label) = (&first.label, &second.label);
            line(format_args!("  {first_label} ends without a word"));
            line(format_args!("    kill -9 {}", first.process));
            line(format_args!(
                "  carry on at {second_label}: q ends the phone above; sign in again, the state is kept"
            ));
            line(format_args!(
                "    {phone} --node {second_label} --device {device} --model {MODEL}"
            ));
            if let Some(demo) = endpoints.get("demo_pid").and_then(Value::as_u64) {
                line(format_args!("  {first_label} comes back"));
                line(format_args!("    kill -HUP {demo}"));
            }
            line(format_args!("  what each node says of itself and of the others"));
            for node in &nodes {
                let socket = quoted(Path::new(node.socket));
                line(format_args!("    {jackfield} status --socket {socket}"));
            }
        } else {
            line(format_args!("  what the gateway says of itself"));
            line(format_args!("    {jackfield} status --socket {}", quoted(Path::new(socket))));
        }
        Ok(text)
    }
}

/// What is typed to work with one node.
struct Node<'a> {
    /// The first part of its name, which is enough to choose it.
    label: String,
    process: u64,
    socket: &'a str,
}

fn nodes(endpoints: &Value) -> Result<Vec<Node<'_>>, String> {
    let nodes = array(endpoints, "nodes")?.iter().map(|node| {
        let name = node.get("name").and_then(Value::as_str)?;
        let label = name.split('.').next().unwrap_or(name);
        let process = node.get("pid").and_then(Value::as_u64)?;
        let socket = node.get("admin_socket").and_then(Value::as_str)?;
        Some(Node { label: quoted(Path::new(label)), process, socket })
    });
    let nodes: Option<Vec<_>> = nodes.collect();
    nodes.ok_or_else(|| "a node in the endpoints file lacks name, pid or admin_socket".to_owned())
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
            "nodes": [{"name": "localhost", "pid": 7, "admin_socket": "target/demo/admin socket"}],
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
    fn several_nodes_are_tried_step_by_step() {
        let node = |letter: char, pid: u32| {
            serde_json::json!({
                "name": format!("node-{letter}.localhost"),
                "pid": pid,
                "admin_socket": format!("target/demo/nodes/node-{letter}/admin.sock"),
            })
        };
        let endpoints = serde_json::json!({
            "admin_socket": "target/demo/nodes/node-a/admin.sock",
            "agents": [{"id": "1001", "extension": "2001", "password": "river-7"}],
            "devices": ["SEP001122334455", "SEP001122334456"],
            "nodes": [node('a', 71), node('b', 72)],
            "demo_pid": 70,
        });
        let expected = "
Jackfield runs: 2 nodes on one database. In a second terminal, in this folder:

  a phone to work from, at node-a
    target/release/jackfield-peers phone --endpoints target/demo/endpoints.json --node node-a \
                        --device SEP001122334455 --model CP-8845
    sign in there as one of
      id    extension  password
      1001  2001       river-7
  node-a ends without a word
    kill -9 71
  carry on at node-b: q ends the phone above; sign in again, the state is kept
    target/release/jackfield-peers phone --endpoints target/demo/endpoints.json --node node-b \
                        --device SEP001122334455 --model CP-8845
  node-a comes back
    kill -HUP 70
  what each node says of itself and of the others
    target/release/jackfield status --socket target/demo/nodes/node-a/admin.sock
    target/release/jackfield status --socket target/demo/nodes/node-b/admin.sock
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
