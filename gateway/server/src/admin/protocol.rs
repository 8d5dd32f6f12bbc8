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

use console::{Context, Failure};
use domain::settings::Reader;
use domain::{Actor, Problems, Proof, Refusal};
use serde_json::{Value, json};

use super::agents::AskedBy;
use super::{
    about, agent_phone, agents, backups, certificates, cti, deeds, device_states, digital,
    directories, flight_recorder, headset_phones, headsets, identity, kept, overview, people,
    phones, secrets, status,
};
use crate::console::set_up;
use crate::node::Shared;
use crate::{probe, settings, words};

/// The most bytes of a line; a whole settings file fits with every character escaped once.
pub(crate) const LINE_BYTES_MAX: usize = 40 * 1024 * 1024;

/// What a client is told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    id: Value,
    result: Result<Value, Failure>,
}

/// A refusal of the domain.
pub(crate) fn refused(refusal: &Refusal) -> Failure {
    Failure::new(&words::code(refusal), words::refusal(refusal))
}

impl Answer {
    pub(super) fn of(id: Value, result: Result<Value, Failure>) -> Self {
        Self { id, result }
    }

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
                let (code, message) = (&failure.code, told(failure));
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

/// What went wrong with what lies behind it: who may open the socket looks after the node.
fn told(failure: &Failure) -> String {
    let cause = failure.cause.as_ref().map(|cause| format!(": {cause}"));
    format!("{}{}", failure.message, cause.unwrap_or_default())
}

/// Does what a line asks.
pub(super) async fn answer(shared: &Arc<Shared>, line: &[u8]) -> Answer {
    let Ok(Value::Object(mut members)) = serde_json::from_slice::<Value>(line) else {
        return Answer::malformed("a request is one JSON object on a line");
    };
    let id = members.remove("id").unwrap_or_default();
    let deed = members.remove("do").unwrap_or_default();
    let context = by_socket();
    let result = done(shared, &context, deed.as_str().unwrap_or_default(), members.into()).await;
    Answer { id, result }
}

/// Whoever may open the socket.
pub(super) fn by_socket() -> Context {
    let by = Actor {
        who: "command line".to_owned(),
        how: Some(Proof::LocalSocket),
        from: Some("admin socket".to_owned()),
        reference: None,
    };
    Context { by, idempotency: None }
}

/// Does what is asked, for whoever asks.
pub(crate) async fn done(
    shared: &Arc<Shared>,
    context: &Context,
    deed: &str,
    members: Value,
) -> Result<Value, Failure> {
    match deed {
        "status" => {
            read(members, |_| Some(()))?;
            Ok(status::with_drift(shared).await)
        }
        "overview" => {
            read(members, |_| Some(()))?;
            Ok(overview::overview(shared).await)
        }
        "about" => read(members, |_| Some(())).map(|()| about::about(shared)),
        "agent_phone" => {
            let agent = read(members, |reader| reader.required("agent"))?;
            agent_phone::agent_phone(shared, &agent)
        }
        "cti_status" => read(members, |_| Some(())).map(|()| cti::status(shared)),
        "digital_status" => {
            read(members, |_| Some(()))?;
            Ok(digital::status(shared).await)
        }
        "device_states" => {
            let wanted = read(members, device_states::WantedDevices::read)?;
            Ok(device_states::list(shared, &wanted))
        }
        "history" => {
            let wanted = read(members, overview::read_history)?;
            Ok(shared.history.told(&wanted))
        }
        "push_states" => read(members, |_| Some(())).map(|()| status::push_states(shared)),
        "settings_apply" => {
            let text = read(members, |reader| reader.text("text"))?;
            deeds::settings_apply(shared, text.as_bytes(), context).await
        }
        "settings_plan" => {
            let text = read(members, |reader| reader.text("text"))?;
            deeds::settings_plan(shared, text.as_bytes()).await
        }
        "settings_change" => {
            let edits = read(members, settings::Edits::read)?;
            deeds::settings_change(shared, &edits, context).await
        }
        "settings_export" => {
            read(members, |_| Some(()))?;
            deeds::settings_export(shared)
        }
        "phone_config" => {
            let asked = read(members, phones::read)?;
            phones::config(shared, &asked)
        }
        "certificate" => {
            read(members, |_| Some(()))?;
            deeds::certificate(shared)
        }
        "certificates" => {
            read(members, |_| Some(()))?;
            certificates::list(shared)
        }
        "certificate_request" => {
            let wish = read(members, certificates::read_request)?;
            certificates::request(shared, wish, context).await
        }
        "certificate_import" => {
            let import = read(members, certificates::read_import)?;
            certificates::import(shared, import, context).await
        }
        "certificate_renew" => {
            let renewal = read(members, certificates::read_renew)?;
            certificates::renew(shared, renewal, context).await
        }
        "certificate_order" => {
            read(members, |_| Some(()))?;
            certificates::order(shared, context).await
        }
        "certificate_export" => {
            read(members, |_| Some(()))?;
            certificates::export(shared).await
        }
        "maintenance" => {
            let (node, on) =
                read(members, |reader| Some((reader.parsed("node"), reader.switch("on")?)))?;
            deeds::maintenance(shared, node, on, context).await
        }
        "reload" => {
            read(members, |_| Some(()))?;
            Ok(deeds::reload(shared, context).await)
        }
        "log_level" => {
            let (level, minutes) = read(members, deeds::read_log_level)?;
            deeds::log_level(shared, level, minutes, context).await
        }
        "probe_list" | "probes" => read(members, |_| Some(())).map(|()| probe::list(shared)),
        "probe" => {
            let peer = read(members, probe::read)?;
            Ok(probe::run(shared, peer).await?.json())
        }
        "directory_status" => read(members, |_| Some(())).map(|()| directories::status(shared)),
        "directory_sync" => {
            let sync = read(members, directories::read_sync)?;
            Ok(directories::sync(shared, sync, context).await)
        }
        "import_csv" => {
            let table = read(members, directories::read_csv)?;
            let import = directories::tabled(table).await?;
            directories::import(shared, import, context).await
        }
        "import_finesse" => {
            let asked = read(members, directories::read_finesse)?;
            let import = directories::gathered(shared, asked).await?;
            directories::import(shared, import, context).await
        }
        "backups" => {
            read(members, |_| Some(()))?;
            backups::list(shared).await
        }
        "backup_make" => {
            let passphrase = read(members, |it| Some(backups::read_new_passphrase(it)))?;
            backups::make(shared, passphrase, context).await
        }
        "backup_delete" => {
            let named = read(members, backups::read_named)?;
            backups::delete(shared, named, context).await
        }
        "backup_verify" => {
            let named = read(members, backups::read_named)?;
            backups::verify(shared, named).await
        }
        "backup_restore" => {
            let named = read(members, backups::read_named)?;
            backups::replace(shared, named, context).await
        }
        "store_check" => {
            read(members, |_| Some(()))?;
            kept::store_check(shared).await
        }
        "support_bundle" => {
            let with = read(members, kept::read_bundle)?;
            kept::support_bundle(shared, with, context).await
        }
        "retention_plan" => {
            read(members, |_| Some(()))?;
            kept::retention(shared, true, context).await
        }
        "retention_run" => {
            read(members, |_| Some(()))?;
            kept::retention(shared, false, context).await
        }
        "set_up_link" => {
            read(members, |_| Some(()))?;
            let link = set_up::make(shared, context, true).await?.unwrap_or_default();
            Ok(json!({"text": format!("{link}\n")}))
        }
        "import" => {
            let import = read(members, directories::read_import)?;
            directories::import(shared, import, context).await
        }
        "retention" => {
            let dry_run = read(members, |it| Some(it.switch("dry_run").unwrap_or_default()))?;
            kept::retention(shared, dry_run, context).await
        }
        "erase" => {
            let wish = read(members, kept::read_erase)?;
            kept::erase(shared, wish, context).await
        }
        "headsets_list" => {
            let wanted = read(members, headsets::WantedHeadsets::read)?;
            headsets::list(shared, wanted).await
        }
        "headset_phones" => {
            let wanted = read(members, headset_phones::WantedPhones::read)?;
            headset_phones::list(shared, &wanted)
        }
        "headset_unknown_requests" => {
            read(members, |_| Some(()))?;
            headset_phones::unknown(shared)
        }
        "flight_recorder" => {
            let wanted = read(members, |reader| flight_recorder::read(reader, shared))?;
            Ok(flight_recorder::look(shared, wanted).await)
        }
        "flight_recorder_export" => {
            let wanted = read(members, |reader| flight_recorder::read_export(reader, shared))?;
            flight_recorder::export(shared, wanted, context).await
        }
        "secrets_status" => {
            read(members, |_| Some(()))?;
            secrets::status(shared).await
        }
        "secrets_reseal" => {
            read(members, |_| Some(()))?;
            secrets::reseal(shared, context).await
        }
        "agent_sign_in" => {
            let wish = read(members, |reader| agents::read_sign_in(reader, shared.engine.node()))?;
            agents::sign_in(shared, wish).await
        }
        "agent_state" => {
            let (command, by) = read(members, agents::read_state)?;
            agents::command(shared, command, by, context).await
        }
        "call_begin" => {
            let command = read(members, agents::read_call_begin)?;
            agents::command(shared, command, AskedBy::Administrator, context).await
        }
        "call_end" => {
            let command = read(members, agents::read_call_end)?;
            agents::command(shared, command, AskedBy::Administrator, context).await
        }
        deed if identity::knows(deed) => identity::done(shared, context, deed, members).await,
        deed if people::knows(deed) => people::done(shared, context, deed, members).await,
        other => Err(Failure::new("unknown_request", format!("there is no request {other:?}"))),
    }
}

/// Reads the members of a request with `take`; what is missing or left over refuses it whole.
pub(super) fn read<T>(
    members: Value,
    take: impl FnOnce(&mut Reader<'_>) -> Option<T>,
) -> Result<T, Failure> {
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

#[cfg(test)]
mod tests;
