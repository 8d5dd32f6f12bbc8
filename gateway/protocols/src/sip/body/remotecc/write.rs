//! Values to elements.

use super::super::pen::Pen;
use super::{
    CallForward, ContactUpdate, DataPassThrough, DialogId, Lines, ReasonElement, Request, Response,
};

pub(super) fn response(response: &Response, pen: &mut Pen) {
    pen.within("response", |pen| {
        pen.number("code", response.code.into());
        if let Some(options) = &response.options {
            options.write(pen, true);
        }
    });
}

pub(super) fn request(request: &Request, reason: ReasonElement, pen: &mut Pen) {
    match request {
        Request::BulkRegister(contacts) => pen.within("bulkregisterreq", |pen| {
            for lines in contacts {
                contact(*lines, pen, |pen| pen.empty("register", &[]));
            }
        }),
        Request::Options(options) => options.write(pen, false),
        Request::SoftKey(event) => pen.within("softkeyeventmsg", |pen| {
            pen.leaf("softkeyevent", event.key.as_str());
            dialog("dialogid", event.dialog.as_ref(), pen);
            dialog("consultdialogid", event.consult_dialog.as_ref(), pen);
            dialog("joindialogid", event.join_dialog.as_ref(), pen);
        }),
        Request::Location => pen.empty("x-cisco-location", &[]),
        Request::DataPassThrough(pass) => pass_through(pass, pen),
        Request::StatusLine(line) => pen.within("statuslineupdatereq", |pen| {
            pen.leaf("action", "notify_display");
            dialog("dialogid", line.dialog.as_ref(), pen);
            pen.leaf("statustext", &line.text);
            pen.number("displaytimeout", line.timeout_seconds);
            pen.number("linenumber", line.line);
            pen.number("priority", line.priority);
        }),
        Request::PlayTone { dialog: call, tone, direction } => pen.within("playtonereq", |pen| {
            dialog("dialogid", call.as_ref(), pen);
            pen.leaf("tonetype", tone.as_str());
            pen.leaf("direction", direction.as_str());
        }),
        Request::Notify(notice) => pen.within("notifyreq", |pen| {
            dialog("dialogid", Some(&notice.dialog), pen);
            pen.leaf("feature", notice.feature.as_str());
            pen.leaf("status", notice.status.as_str());
        }),
        Request::RetrieveHeld(call) => {
            pen.within("holdretrievereq", |pen| dialog("dialogid", Some(call), pen));
        }
        Request::AnswerCall(call) => {
            pen.within("answercallreq", |pen| dialog("dialogid", Some(call), pen));
        }
        Request::InitiateCall { dialled, line } => pen.within("initiatecallreq", |pen| {
            pen.leaf("dialstring", dialled);
            pen.number("linenumber", *line);
        }),
        Request::HuntGroupLogOn(on) => {
            pen.within("hlogupdate", |pen| pen.leaf("status", on_or_off(*on)));
        }
        Request::DoNotDisturb(state) => pen.within("dndupdate", |pen| {
            pen.leaf("state", if state.enabled { "enable" } else { "disable" });
            pen.leaf("option", if state.rejects { "callreject" } else { "ringeroff" });
        }),
        Request::CallForward(to) => forward(to, pen),
        Request::BulkUpdate(updates) => pen.within("bulkupdate", |pen| {
            for update in updates {
                contact(update.lines, pen, |pen| states(update, pen));
            }
        }),
        Request::AgentStatus(status) => pen.within("agentstatusupdate", |pen| {
            pen.number("status", status.state.number());
            pen.number(reason.name(), status.reason);
        }),
        Request::HeadsetServices(services) => pen.within("hsintegrationservices", |pen| {
            pen.leaf("serviceclass", services.class.as_str());
            pen.leaf("status", services.status.as_str());
        }),
    }
}

fn contact(lines: Lines, pen: &mut Pen, content: impl FnOnce(&mut Pen)) {
    match lines {
        Lines::All => pen.within_kind("contact", ("all", "true"), content),
        Lines::Line(line) => pen.within_kind("contact", ("line", &line.to_string()), content),
    }
}

fn dialog(name: &str, call: Option<&DialogId>, pen: &mut Pen) {
    let Some(call) = call else { return };
    pen.within(name, |pen| {
        pen.leaf("callid", &call.call_id);
        pen.leaf("localtag", &call.phone_tag);
        pen.leaf("remotetag", &call.server_tag);
    });
}

fn pass_through(pass: &DataPassThrough, pen: &mut Pen) {
    pen.within("datapassthroughreq", |pen| {
        pen.number("applicationid", pass.application);
        pen.number("transactionid", pass.transaction);
        pen.leaf("stationsequence", pass.sequence.as_str());
        pen.number("displaypriority", pass.display_priority);
        pen.number("appinstance", pass.application_instance);
        pen.number("routingid", pass.routing);
        pen.number("confid", pass.conference);
    });
}

fn states(update: &ContactUpdate, pen: &mut Pen) {
    if let Some(waiting) = update.message_waiting {
        pen.leaf("mwi", if waiting { "yes" } else { "no" });
    }
    if let Some(messages) = update.voice_messages {
        let (new, old) = (messages.new.to_string(), messages.old.to_string());
        pen.within("emwi", |pen| pen.empty("voice-msg", &[("new", &new), ("old", &old)]));
    }
    if let Some(to) = &update.forward {
        forward(to, pen);
    }
}

fn forward(to: &CallForward, pen: &mut Pen) {
    pen.within("cfwdallupdate", |pen| {
        pen.leaf("fwdaddress", &to.address);
        pen.leaf("tovoicemail", on_or_off(to.to_voice_mail));
    });
}

fn on_or_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}
