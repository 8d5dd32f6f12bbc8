//! What the flight recorder is told of headsets: which request, what became of it, and what phones were told. No
//! token, no handle and no body.

use std::net::IpAddr;

use domain::{AgentKey, DeviceName, HeadsetNews, HeadsetStatus};
use engine::TellOutcome;
use engine::recorder::{Link, Recorder, Way};

use crate::judge::Wanted;

/// A request of a headset was answered.
pub(crate) fn answered(
    recorder: &Recorder,
    request: &str,
    (source, reference): (IpAddr, &str),
    device: Option<&DeviceName>,
    wanted: Option<Wanted>,
    status: u16,
) {
    recorder.note(Link::Headset, Way::In, request, |note| {
        note.peer(source);
        if let Some(device) = device {
            note.device(device);
        }
        if let Some(wanted) = wanted {
            let wanted = match wanted {
                Wanted::Ready => "ready",
                Wanted::NotReady => "not_ready",
            };
            note.text("wants", wanted);
        }
        note.number("status", status);
        if !(200..400).contains(&status) {
            note.text("reference", reference);
        }
    });
}

/// A phone was told of its agent's state, or was not.
pub(crate) fn told_status(
    recorder: &Recorder,
    device: &DeviceName,
    agent: Option<&AgentKey>,
    status: HeadsetStatus,
    outcome: TellOutcome,
) {
    recorder.note(Link::Headset, Way::Out, "agent status", |note| {
        note.device(device);
        if let Some(agent) = agent {
            note.agent(&agent.id);
        }
        note.text("state", status.state.name());
        if status.reason != 0 {
            note.number("reason", status.reason);
        }
        note.text("result", result(outcome));
    });
}

/// A phone was told that something changed for its headset, or was not.
pub(crate) fn told_news(
    recorder: &Recorder,
    device: &DeviceName,
    news: HeadsetNews,
    outcome: TellOutcome,
) {
    recorder.note(Link::Headset, Way::Out, "news", |note| {
        note.device(device).text("news", news.name()).text("result", result(outcome));
    });
}

fn result(outcome: TellOutcome) -> &'static str {
    use engine::ShowFailure::{Busy, Gone, NoAnswer, Refused};
    match outcome {
        TellOutcome::Told => "told",
        TellOutcome::Failed(Busy) => "busy",
        TellOutcome::Failed(Gone) => "gone",
        TellOutcome::Failed(NoAnswer) => "no_answer",
        TellOutcome::Failed(Refused) => "refused",
        TellOutcome::NoChannel => "no_channel",
    }
}
