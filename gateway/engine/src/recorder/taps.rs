//! What the engine itself notes: what was asked for an agent, or told of one, and what came of it.

use domain::{
    AgentSession, Command, DeviceName, Extension, Input, InputBody, Report, SignIn, SignInOn,
    SignedOutBy, Wish,
};

use super::{Link, Note, Way};
use crate::engine::Engine;
use crate::{Outcome, SubmitError};

impl Engine {
    /// Notes what was asked for an agent or told of one, before it is looked at.
    pub(crate) fn note_asked(&self, input: &Input) {
        let Some(agent) = input.agent() else { return };
        let (kind, way) = name(input);
        self.recorder.note(Link::Engine, way, kind, |note| {
            note.agent(&agent.id);
            if !agent.is_owned() {
                note.peer(&agent.pair);
            }
            // What comes before it says who came with it; the rest may be a digest of a link.
            if let Some((by, _)) = input.id.as_str().split_once('/') {
                note.text("by", by);
            }
            match &input.body {
                InputBody::Command(command) => asked(note, command),
                InputBody::Report(report) => reported(note, report),
            }
            if let Some(session) = self.mirror.session_of(agent) {
                placed(note, &session);
            }
        });
    }

    /// Notes what came of it.
    pub(crate) fn note_outcome(&self, input: &Input, outcome: &Result<Outcome, SubmitError>) {
        let Some(agent) = input.agent() else { return };
        let (kind, _) = name(input);
        self.recorder.note(Link::Engine, Way::Here, kind, |note| {
            note.agent(&agent.id);
            match outcome {
                Ok(Outcome::Done(_)) => {
                    note.text("result", "done");
                }
                Ok(Outcome::Refused(refusal)) => {
                    note.text("result", "refused");
                    // The name of the refusal is what it is tagged with when it is written.
                    let written = serde_json::to_value(refusal).unwrap_or_default();
                    if let Some(code) = written.get("refusal").and_then(|code| code.as_str()) {
                        note.text("refusal", code);
                    }
                    if let domain::Refusal::Owner { why } = refusal {
                        note.number("code", why.code).words("words", &why.words);
                    }
                }
                Ok(Outcome::Unclear(_)) => {
                    note.text("result", "unclear");
                }
                Err(error) => {
                    note.text("result", "failed").text("why", error);
                }
            }
        });
    }
}

fn name(input: &Input) -> (&'static str, Way) {
    match &input.body {
        InputBody::Command(command) => (command_name(command), Way::In),
        InputBody::Report(report) => {
            let name = match report {
                Report::WakeDue(_) => "timer_due",
                Report::PasswordChecked { .. } => "password_checked",
                Report::VoiceSignedOut { .. } => "voice_signed_out",
                Report::Left { .. } => "left",
                Report::SeenAt { .. } => "seen_at_node",
                Report::NodeGone { .. } => "node_gone",
                Report::ClientPresence { .. } => "client_presence",
                Report::HeadsetSeen { .. } => "headset_seen",
                Report::MailArrived(_) => "mail_arrived",
                Report::MailCursorMoved(_) => "mail_cursor_moved",
                Report::MailOutMoved { .. } => "mail_out_moved",
                Report::DeskPresence(_) => "desk_presence",
                Report::DeskOver { .. } => "desk_over",
            };
            (name, Way::Here)
        }
    }
}

fn command_name(command: &Command) -> &'static str {
    match command {
        Command::SignIn(_) => "sign_in",
        Command::Agent(command) => match command.wish {
            Wish::Ready => "ready",
            Wish::NotReady(_) => "not_ready",
            Wish::WrapUpReason(_) => "wrap_up_reason",
            Wish::SignOut(_) => "sign_out",
            Wish::ForceSignOut { .. } => "force_sign_out",
            Wish::CallBegins { .. } => "call_begins",
            Wish::CallEnds { .. } => "call_ends",
        },
        Command::SignOutRemoved(_) => "sign_out_removed",
        Command::Audited { command: Some(command), .. } => command_name(command),
        _ => "other",
    }
}

fn asked(note: &mut Note, command: &Command) {
    match command {
        Command::SignIn(wish) => {
            let SignIn { extension, device, on, mobile, .. } = wish.as_ref();
            let screen = match on {
                SignInOn::Phone { device, .. } => Some(device),
                SignInOn::Client { .. } | SignInOn::Local => None,
            };
            at(note, Some(extension), screen.or(device.as_ref()));
            if mobile.is_some() {
                note.text("mobile", "yes");
            }
        }
        Command::Agent(command) => match &command.wish {
            Wish::NotReady(Some(reason)) | Wish::SignOut(Some(reason)) => {
                note.text("reason", reason);
            }
            Wish::WrapUpReason(reason) => {
                note.text("reason", reason);
            }
            Wish::ForceSignOut { reason, by } => {
                note.text("asked_by", by_name(*by));
                if let Some(reason) = reason {
                    note.text("reason", reason);
                }
            }
            Wish::CallBegins { id, number, .. } => {
                note.call(id).text("number", number);
            }
            Wish::CallEnds { id: Some(id) } => {
                note.call(id);
            }
            _ => {}
        },
        Command::Audited { command: Some(command), .. } => asked(note, command),
        _ => {}
    }
}

fn reported(note: &mut Note, report: &Report) {
    match report {
        Report::VoiceSignedOut { reason, by, .. } => {
            note.text("by_whom", by_name(*by));
            if let Some(reason) = reason {
                note.text("reason", reason);
            }
        }
        Report::Left { reason: Some(reason), .. } => {
            note.text("reason", reason);
        }
        Report::SeenAt { node, .. } | Report::NodeGone { node, .. } => {
            note.text("at_node", node);
        }
        _ => {}
    }
}

/// Where the session is held.
fn placed(note: &mut Note, session: &AgentSession) {
    if let Some(signed_in) = session.signed_in() {
        let device = signed_in.screen.as_ref().or(signed_in.device.as_ref());
        at(note, Some(&signed_in.extension), device);
    }
}

fn at(note: &mut Note, line: Option<&Extension>, device: Option<&DeviceName>) {
    if let Some(line) = line {
        note.line(line);
    }
    if let Some(device) = device {
        note.device(device);
    }
}

fn by_name(by: SignedOutBy) -> &'static str {
    match by {
        SignedOutBy::Agent => "agent",
        SignedOutBy::Supervisor => "supervisor",
        SignedOutBy::System => "system",
    }
}
