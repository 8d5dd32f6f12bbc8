//! Lines of JSON on the admin socket.
//!
//! ```text
//!   {"id": 1, "do": "maintenance", "on": true}
//!   {"id": 1, "ok": {"maintenance": true}}
//!   {"id": 2, "error": {"code": "agent_unknown", "message": "no agent has that id"}}
//! ```
//!
//! Members that a request does not know are refused, as in every file people write.

use std::sync::Arc;

use domain::settings::Reader;
use domain::{Problems, Refusal};
use engine::SubmitError;
use serde_json::{Value, json};

use super::{agents, deeds, directories, status};
use crate::node::Shared;
use crate::{probe, words};

/// The most bytes of a line; a whole settings file fits with every character escaped once.
pub(crate) const LINE_BYTES_MAX: usize = 40 * 1024 * 1024;

/// Why a request came to nothing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    /// For programs.
    pub(crate) code: String,
    /// For people.
    pub(crate) message: String,
    /// What is wrong with a file or a request, each under its key.
    pub(crate) problems: Problems,
}

/// What a client is told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    id: Value,
    result: Result<Value, Failure>,
}

impl Failure {
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        let (code, message) = (code.to_owned(), message.into());
        Self { code, message, problems: Problems::default() }
    }

    pub(crate) fn problems(code: &str, problems: Problems) -> Self {
        Self { code: code.to_owned(), message: problems.to_string(), problems }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::new(&words::code(&refusal), words::refusal(&refusal))
    }
}

impl From<SubmitError> for Failure {
    fn from(error: SubmitError) -> Self {
        let code = match error {
            SubmitError::Busy => "busy",
            SubmitError::Stopping => "stopping",
            SubmitError::Unknown => "unknown",
            SubmitError::Unavailable { .. } | SubmitError::Undecided => "unavailable",
        };
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
        Self::new(code, format!("{error}{}", cause.unwrap_or_default()))
    }
}

impl Answer {
    pub(super) fn malformed(message: &str) -> Self {
        Self { id: Value::Null, result: Err(Failure::new("malformed", message)) }
    }

    /// The line, its end included.
    pub(super) fn line(&self) -> String {
        let value = match &self.result {
            Ok(value) => json!({"id": self.id, "ok": value}),
            Err(failure) => {
                let problems = failure.problems.as_slice().iter();
                let problems = problems.map(|it| json!({"key": it.key, "message": it.message}));
                let problems: Vec<_> = problems.collect();
                let (code, message) = (&failure.code, &failure.message);
                let error = if problems.is_empty() {
                    json!({"code": code, "message": message})
                } else {
                    json!({"code": code, "message": message, "problems": problems})
                };
                json!({"id": self.id, "error": error})
            }
        };
        format!("{value}\n")
    }
}

/// Does what a line asks.
pub(super) async fn answer(shared: &Arc<Shared>, line: &[u8]) -> Answer {
    let Ok(Value::Object(mut members)) = serde_json::from_slice::<Value>(line) else {
        return Answer::malformed("a request is one JSON object on a line");
    };
    let id = members.remove("id").unwrap_or_default();
    let deed = members.remove("do").unwrap_or_default();
    let result = done(shared, deed.as_str().unwrap_or_default(), members.into()).await;
    Answer { id, result }
}

async fn done(shared: &Arc<Shared>, deed: &str, members: Value) -> Result<Value, Failure> {
    match deed {
        "status" => read(members, |_| Some(())).map(|()| status::status(shared)),
        "push_states" => read(members, |_| Some(())).map(|()| status::push_states(shared)),
        "settings_apply" => {
            let text = read(members, |reader| reader.text("text"))?;
            deeds::settings_apply(shared, text.as_bytes()).await
        }
        "settings_export" => {
            read(members, |_| Some(()))?;
            deeds::settings_export(shared)
        }
        "certificate" => {
            read(members, |_| Some(()))?;
            deeds::certificate(shared)
        }
        "maintenance" => {
            let on = read(members, |reader| reader.switch("on"))?;
            deeds::maintenance(shared, on).await
        }
        "reload" => {
            read(members, |_| Some(()))?;
            Ok(deeds::reload(shared).await)
        }
        "log_level" => {
            let (level, minutes) = read(members, deeds::read_log_level)?;
            deeds::log_level(shared, level, minutes)
        }
        "probe_list" => read(members, |_| Some(())).map(|()| probe::list(shared)),
        "probe" => {
            let peer = read(members, probe::read)?;
            Ok(probe::run(shared, peer).await?.json())
        }
        "directory_status" => read(members, |_| Some(())).map(|()| directories::status(shared)),
        "directory_sync" => {
            let sync = read(members, directories::read_sync)?;
            Ok(directories::sync(shared, sync).await)
        }
        "import" => {
            let import = read(members, directories::read_import)?;
            directories::import(shared, import).await
        }
        "agent_sign_in" => {
            let wish = read(members, |reader| agents::read_sign_in(reader, shared.engine.node()))?;
            agents::sign_in(shared, wish).await
        }
        "agent_state" => {
            let command = read(members, agents::read_state)?;
            agents::command(shared, command).await
        }
        "call_begin" => {
            let command = read(members, agents::read_call_begin)?;
            agents::command(shared, command).await
        }
        "call_end" => {
            let command = read(members, agents::read_call_end)?;
            agents::command(shared, command).await
        }
        other => Err(Failure::new("unknown_request", format!("there is no request {other:?}"))),
    }
}

/// Reads the members of a request with `take`; what is missing or left over refuses it whole.
fn read<T>(members: Value, take: impl FnOnce(&mut Reader<'_>) -> Option<T>) -> Result<T, Failure> {
    let mut problems = Problems::default();
    let mut reader = Reader::new("", members, &mut problems);
    let taken = take(&mut reader);
    reader.finish();
    match taken {
        Some(taken) if problems.is_empty() => Ok(taken),
        _ if problems.is_empty() => Err(Failure::new("malformed", "a member is missing")),
        _ => Err(Failure::problems("malformed", problems)),
    }
}
