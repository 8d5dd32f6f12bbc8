//! The commands of the control socket as data: their words, their members, their help.
//!
//! On the socket a command is one JSON object a line with a member `command`; on the command line it
//! is words, which this module makes into that object. Both know the same members and no others.

use std::fmt::Write;

use serde_json::{Map, Value, json};

/// What an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    Nothing,
    Text,
    Number,
    /// `NAME=VALUE`, any number of times.
    Pairs,
}

/// One command.
pub(crate) struct Command {
    pub(crate) name: &'static str,
    /// Words after the name; a `?` at the end marks one that may be left out.
    words: &'static [&'static str],
    options: &'static [(&'static str, Takes)],
    help: &'static str,
}

use Takes::{Nothing, Number, Pairs, Text};

const CALL_DATA: &[(&str, Takes)] = &[
    ("var", Pairs),
    ("named", Pairs),
    ("ani", Text),
    ("dnis", Text),
    ("ced", Text),
    ("queue", Text),
    ("line", Number),
    ("wrap-up", Text),
];

pub(crate) const COMMANDS: &[Command] = &[
    Command {
        name: "agents",
        words: &[],
        options: &[("limit", Number), ("signed-on", Nothing)],
        help: "lists agents; 100 unless --limit says otherwise",
    },
    Command { name: "agent", words: &["agent"], options: &[], help: "shows one agent" },
    Command {
        name: "sign-in",
        words: &["agent"],
        options: &[("line", Text), ("device", Text), ("state", Text)],
        help: "signs an agent in as from elsewhere, at a line of another with --line",
    },
    Command {
        name: "sign-out",
        words: &["agent"],
        options: &[("reason", Number)],
        help: "signs an agent out as a supervisor does: reason 999",
    },
    Command {
        name: "state",
        words: &["agent", "state"],
        options: &[("reason", Number)],
        help: "sets an agent's state as a supervisor does: ready, not-ready, work-ready, work-not-ready or logout; reason 999 for not-ready",
    },
    Command {
        name: "call",
        words: &["extension?"],
        options: CALL_DATA,
        help: "a call comes for an extension or an agent's id, out of a queue with --queue; without anybody named it waits in the queue. --var 1=Gold, --named user_x=y, --line 2 for the other line",
    },
    Command {
        name: "answer",
        words: &["agent"],
        options: &[],
        help: "answers the call that rings there, as on the phone",
    },
    Command { name: "hold", words: &["agent"], options: &[], help: "holds the agent's call" },
    Command { name: "retrieve", words: &["agent"], options: &[], help: "takes the held call back" },
    Command {
        name: "clear",
        words: &["agent-or-call"],
        options: &[],
        help: "hangs up for an agent, or ends a call by its number",
    },
    Command {
        name: "data",
        words: &["agent-or-call"],
        options: CALL_DATA,
        help: "changes data of a call",
    },
    Command {
        name: "dial",
        words: &["agent", "number"],
        options: &[("line", Number)],
        help: "the agent's phone calls a number",
    },
    Command { name: "calls", words: &[], options: &[], help: "lists calls" },
    Command {
        name: "device",
        words: &["agent", "in-or-out"],
        options: &[],
        help: "a phone leaves service (its agent is signed out with 50003) or comes back",
    },
    Command {
        name: "peripheral",
        words: &["online-or-offline"],
        options: &[],
        help: "system event 3 or 4",
    },
    Command {
        name: "system-event",
        words: &["event"],
        options: &[("argument", Number), ("text", Text)],
        help: "sends a system event by its number: 6 PG off-line, 7 and 8 CTI server off-line and on-line, ...",
    },
    Command {
        name: "side",
        words: &["what", "side?"],
        options: &[],
        help: "active a|b, down a|b (listener and links), up a|b, maintenance, show",
    },
    Command {
        name: "fault",
        words: &["what", "value?", "count?"],
        options: &[
            ("side", Text),
            ("session", Number),
            ("request", Text),
            ("failure", Nothing),
            ("seconds", Number),
            ("reset", Nothing),
        ],
        help: "see below",
    },
    Command {
        name: "violations",
        words: &[],
        options: &[("clear", Nothing)],
        help: "what clients did against the guide",
    },
    Command {
        name: "sessions",
        words: &[],
        options: &[],
        help: "lists sessions with version, masks and requests seen",
    },
    Command {
        name: "log",
        words: &[],
        options: &[("limit", Number), ("request", Text)],
        help: "the latest requests, passwords left out",
    },
    Command {
        name: "wait",
        words: &["what", "value?", "more?"],
        options: &[("seconds", Number)],
        help: "until: agent ID STATE, sessions N, standby N, calls N, request NAME [N], violations N; 10 s unless --seconds says otherwise",
    },
    Command {
        name: "load",
        words: &[],
        options: &[
            ("agents", Number),
            ("events-per-second", Number),
            ("seconds", Number),
            ("sign-ons-per-second", Number),
            ("calls", Nothing),
        ],
        help: "signs agents on, then changes their states at a steady rate, with --calls through reserved and talking; answers when all is written",
    },
    Command {
        name: "states",
        words: &[],
        options: &[("limit", Number)],
        help: "the last state and marker of each agent of a load",
    },
    Command {
        name: "reset",
        words: &[],
        options: &[],
        help: "ends calls, signs everybody out, forgets faults, violations and log",
    },
];

const FAULTS: &str = "\
Faults (--side a|b where one side is meant, --session N where one session is):
  fault drop-link [--reset]          links end without a word
  fault heartbeats off|on            heartbeats are not answered
  fault delay MILLISECONDS           all output comes later; 0 ends it
  fault order event-first|confirmation-first
  fault lose REQUEST [COUNT]         confirmations of a request go missing
  fault refuse CODE [--request R] [--failure]
                                     the next request is refused by the switch (or with FAILURE_CONF)
  fault raw HEX                      these bytes are sent
  fault half-frame                   half a message, and silence
  fault lying-length [BY]            a header names BY bytes more (or fewer) than follow
  fault flood RATE --seconds N       system texts at a rate
  fault unknown-agents [COUNT]       states of agents nobody has
  fault both-active | fault off
";

/// Help on all commands.
pub(crate) fn help() -> String {
    let mut text = String::from("Commands:\n");
    for command in COMMANDS {
        let mut head = command.name.to_owned();
        for word in command.words {
            match word.strip_suffix('?') {
                Some(word) => head.push_str(&format!(" [{}]", word.to_uppercase())),
                None => head.push_str(&format!(" {}", word.to_uppercase())),
            }
        }
        for (option, takes) in command.options {
            let value = match takes {
                Nothing => "",
                Text => " TEXT",
                Number => " N",
                Pairs => " NAME=VALUE",
            };
            head.push_str(&format!(" [--{option}{value}]"));
        }
        let _ = writeln!(text, "  {head}\n      {}", command.help);
    }
    text.push('\n');
    text.push_str(FAULTS);
    text
}

/// Makes words into a request of the control socket.
pub(crate) fn from_words(words: &[String]) -> Result<Value, String> {
    let (name, rest) = words.split_first().ok_or("no command; --help lists them")?;
    let command = COMMANDS.iter().find(|command| command.name == name);
    let command = command.ok_or_else(|| format!("{name:?} is no command; --help lists them"))?;
    let mut members = Map::new();
    members.insert("command".to_owned(), json!(command.name));
    let mut places = command.words.iter();
    let mut rest = rest.iter();
    while let Some(word) = rest.next() {
        let Some(option) = word.strip_prefix("--") else {
            let place = places.next().ok_or_else(|| format!("{name}: {word:?} is one too many"))?;
            members.insert(member(place.trim_end_matches('?')), json!(word));
            continue;
        };
        let (option, given) = match option.split_once('=') {
            Some((option, value)) => (option, Some(value.to_owned())),
            None => (option, None),
        };
        let takes = command.options.iter().find(|(each, _)| *each == option);
        let (_, takes) = takes.ok_or_else(|| format!("{name} has no --{option}"))?;
        let mut value = || {
            given
                .clone()
                .or_else(|| rest.next().cloned())
                .ok_or_else(|| format!("--{option} wants a value"))
        };
        match takes {
            Nothing => drop(members.insert(member(option), json!(true))),
            Text => drop(members.insert(member(option), json!(value()?))),
            Number => {
                let text = value()?;
                let number: u64 =
                    text.parse().map_err(|_| format!("--{option} {text:?} is no number"))?;
                members.insert(member(option), json!(number));
            }
            Pairs => {
                let text = value()?;
                let (key, value) = text
                    .split_once('=')
                    .ok_or_else(|| format!("--{option} {text:?}: it is NAME=VALUE"))?;
                let pairs = members.entry(member(option)).or_insert_with(|| json!({}));
                if let Value::Object(pairs) = pairs {
                    pairs.insert(key.to_owned(), json!(value));
                }
            }
        }
    }
    let missing = places.find(|place| !place.ends_with('?'));
    match missing {
        Some(missing) => Err(format!("{name} wants {}", missing.to_uppercase())),
        None => Ok(Value::Object(members)),
    }
}

/// Reads one line of the socket or of a script: a JSON object, or words.
pub(crate) fn from_line(line: &str) -> Result<Value, String> {
    if !line.trim_start().starts_with('{') {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        return from_words(&words);
    }
    let value: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let members = value.as_object().ok_or("it is no object")?;
    let name = members.get("command").and_then(Value::as_str).ok_or("`command` is missing")?;
    let command = COMMANDS.iter().find(|command| command.name == name);
    let command = command.ok_or_else(|| format!("{name:?} is no command"))?;
    for key in members.keys().filter(|key| *key != "command") {
        let words = command.words.iter().map(|word| member(word.trim_end_matches('?')));
        let mut known = words.chain(command.options.iter().map(|(option, _)| member(option)));
        if !known.any(|each| each == *key) {
            return Err(format!("{name} has no member {key:?}"));
        }
    }
    Ok(value)
}

/// The JSON member of a word or option.
fn member(name: &str) -> String {
    match name {
        "agent-or-call" | "in-or-out" | "online-or-offline" => {
            name.split('-').next().unwrap_or_default().to_owned()
        }
        "var" => "variables".to_owned(),
        _ => name.replace('-', "_"),
    }
}
