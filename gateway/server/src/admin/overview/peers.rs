//! Parts that stand for others: nodes, contact centres, directories, phones, headsets, receivers of the log.

use console::{Part, PartCode, PartKind, PartState};
use directory::{SyncReport, SyncResult};
use domain::settings::{Channel, HeadsetMode, Settings};
use engine::{NodeSeen, PairStatus};
use mail::{MailboxState, MailboxStatus};
use sip::{NextHopStatus, SipStatus};

use crate::log::SyslogState;
use crate::node::Shared;

/// The other nodes of the deployment.
pub(super) fn other_nodes(shared: &Shared, settings: &Settings) -> Vec<Part> {
    let own = shared.engine.node();
    let nodes = shared.engine.nodes();
    nodes.iter().filter(|node| node.node != *own).map(|it| other_node(it, settings)).collect()
}

fn other_node(node: &NodeSeen, settings: &Settings) -> Part {
    let kind = PartKind::OtherNode;
    let amiss = |state, code| Part::not_ok(kind, state, code).with("node", node.node.to_string());
    let said = |name: &str| node.said.get(name).map(String::as_str);
    let (state, number) = (said("state"), said("settings"));
    let expected = settings.number.to_string();
    let part = if !node.live && node.left {
        amiss(PartState::Off, PartCode::OtherNodeLeft)
    } else if !node.live {
        amiss(PartState::Missing, PartCode::OtherNodeGone)
    } else if let Some(state) = state.filter(|state| *state != "ready") {
        amiss(PartState::Partial, PartCode::OtherNodeAmiss).with("state", state)
    } else if let Some(version) = said("version").filter(|it| *it != crate::VERSION) {
        amiss(PartState::Partial, PartCode::OtherNodeVersion).with("version", version)
    } else if let Some(number) = number.filter(|number| *number != expected) {
        amiss(PartState::Partial, PartCode::OtherNodeBehind)
            .with("number", number)
            .with("expected", expected)
    } else {
        Part::ok(kind)
    };
    part.named(node.node.to_string())
}

/// Every pair of the settings.
pub(super) fn cti_pairs(shared: &Shared, settings: &Settings) -> Vec<Part> {
    if settings.cti_pairs.is_empty() {
        return vec![Part::not_ok(PartKind::CtiPair, PartState::Off, PartCode::CtiNone)];
    }
    let statuses = shared.port.pair_statuses();
    let names = settings.cti_pairs.keys().map(|name| {
        let status = statuses.iter().find(|(known, _)| known == name).map(|(_, status)| status);
        cti_pair(status).named(name.to_string())
    });
    names.collect()
}

/// How one pair stands.
pub(in crate::admin) fn cti_pair(status: Option<&PairStatus>) -> Part {
    let kind = PartKind::CtiPair;
    let Some(status) = status else {
        return Part::not_ok(kind, PartState::Unknown, PartCode::CtiNotBegun);
    };
    let part = match (status.active_side, &status.problem) {
        (None, why) => {
            Part::not_ok(kind, PartState::Missing, PartCode::CtiDown).because(why.as_deref())
        }
        (Some(side), Some(why)) => Part::not_ok(kind, PartState::Partial, PartCode::CtiAmiss)
            .with("side", side.to_string())
            .because(Some(why.as_str())),
        (Some(_), None) if status.unknown_agents > 0 => {
            Part::not_ok(kind, PartState::Partial, PartCode::CtiCatchingUp)
                .with("agents", status.unknown_agents)
        }
        (Some(_), None) => Part::ok(kind),
    };
    part.since(status.since)
}

/// The mailbox of every CSQ for email.
pub(super) fn mailboxes(shared: &Shared, settings: &Settings) -> Vec<Part> {
    if settings.csqs_of(Channel::Email).next().is_none() {
        return vec![Part::not_ok(PartKind::Mailbox, PartState::Off, PartCode::MailboxNone)];
    }
    let statuses = shared.mailboxes.as_ref().map(|mailboxes| mailboxes.statuses());
    statuses.unwrap_or_default().iter().map(mailbox).collect()
}

/// How one mailbox stands.
fn mailbox(status: &MailboxStatus) -> Part {
    let kind = PartKind::Mailbox;
    let part = match &status.state {
        MailboxState::Ok => Part::ok(kind),
        MailboxState::Warned(why) => Part::not_ok(kind, PartState::Partial, PartCode::MailboxAmiss)
            .because(Some(why.as_str())),
        MailboxState::Failing(why) => Part::not_ok(kind, PartState::Missing, PartCode::MailboxDown)
            .because(Some(why.as_str())),
        MailboxState::StoreRefuses(why) => {
            Part::not_ok(kind, PartState::Missing, PartCode::MailboxNotKept)
                .because(Some(why.as_str()))
        }
        MailboxState::Elsewhere => {
            Part::not_ok(kind, PartState::Unknown, PartCode::MailboxElsewhere)
        }
        MailboxState::Unknown => Part::not_ok(kind, PartState::Unknown, PartCode::MailboxNotYet),
    };
    part.named(status.csq.as_str()).since(status.last_round_at)
}

/// Every directory of the settings.
pub(super) async fn directories(shared: &Shared, settings: &Settings) -> Vec<Part> {
    let reports = shared.keeper.reports();
    let mut parts = Vec::new();
    for it in settings.directories.values() {
        let part = match shared.directories.left_alone(&it.name).await {
            Some((trouble, _)) => left_alone(&trouble.to_string()),
            None => directory(reports.get(&it.name), it.sync.is_some()),
        };
        parts.push(part.named(it.name.as_str()));
    }
    parts
}

fn left_alone(why: &str) -> Part {
    let kind = PartKind::Directory;
    Part::not_ok(kind, PartState::Missing, PartCode::DirectoryLeftAlone).because(Some(why))
}

fn directory(report: Option<&SyncReport>, by_itself: bool) -> Part {
    let kind = PartKind::Directory;
    let Some(report) = report else {
        return match by_itself {
            true => Part::not_ok(kind, PartState::Unknown, PartCode::DirectoryNotYet),
            false => Part::not_ok(kind, PartState::Off, PartCode::DirectoryByHand),
        };
    };
    let part = match &report.result {
        SyncResult::Failed(why) => {
            Part::not_ok(kind, PartState::Missing, PartCode::DirectoryFailed)
                .because(Some(why.as_str()))
        }
        SyncResult::TooManyRemovals { .. } => {
            Part::not_ok(kind, PartState::Partial, PartCode::DirectoryTooManyRemovals)
                .with("removed", report.removed)
        }
        SyncResult::Done if report.not_taken > 0 => {
            Part::not_ok(kind, PartState::Partial, PartCode::DirectoryNotAll)
                .with("count", report.not_taken)
        }
        SyncResult::Done => Part::ok(kind),
    };
    part.since(Some(report.at))
}

/// Registrations and next hops.
pub(super) fn sip(shared: &Shared, settings: &Settings) -> Vec<Part> {
    let kind = PartKind::Registrations;
    if !settings.sip.is_on() {
        return vec![Part::not_ok(kind, PartState::Off, PartCode::SipOff)];
    }
    let status = shared.sip.as_ref().map(|sip| sip.status()).unwrap_or_default();
    let registers = |it: &&std::sync::Arc<domain::settings::Device>| {
        it.sip.as_ref().is_some_and(|sip| sip.next_hop.is_none())
    };
    let wanted = settings.devices.values().filter(registers).count();
    let is_alone = shared.engine.nodes().iter().filter(|node| node.live).count() <= 1;
    let mut parts = vec![registrations(wanted, &status, is_alone)];
    parts.extend(status.next_hops.iter().map(next_hop));
    parts
}

/// Where there are several nodes, a phone that is missing here may be at another one.
fn registrations(wanted: usize, status: &SipStatus, is_alone: bool) -> Part {
    let missing = wanted.saturating_sub(status.bindings);
    let missing = if is_alone { missing } else { 0 };
    match PartState::of_list(missing, wanted) {
        PartState::Ok => Part::ok(PartKind::Registrations),
        state => Part::not_ok(PartKind::Registrations, state, PartCode::RegistrationsAmiss)
            .with("missing", missing)
            .with("all", wanted),
    }
}

fn next_hop(hop: &NextHopStatus) -> Part {
    let all = hop.servers.len();
    let up = hop.servers.iter().filter(|server| server.is_up).count();
    let why = hop.servers.iter().find_map(|server| server.problem.clone());
    let kind = PartKind::SipNextHop;
    let part = match PartState::of_list(all - up, all) {
        PartState::Ok => Part::ok(kind),
        PartState::Missing => {
            Part::not_ok(kind, PartState::Missing, PartCode::NextHopDown).because(why)
        }
        state => Part::not_ok(kind, state, PartCode::NextHopPartly)
            .with("up", up)
            .with("all", all)
            .because(why),
    };
    part.named(hop.name.as_str())
}

/// How pushes to phones go.
pub(super) fn phones(shared: &Shared, settings: &Settings) -> Part {
    let pushes = (shared.pushes)();
    let amiss = pushes.iter().filter(|push| push.problem.is_some()).count();
    pushed(amiss, pushes.len(), settings.phone_service.push.is_some())
}

fn pushed(amiss: usize, all: usize, is_configured: bool) -> Part {
    let kind = PartKind::Phones;
    match (is_configured, PartState::of_list(amiss, all)) {
        (false, _) => Part::not_ok(kind, PartState::Partial, PartCode::PushNotConfigured),
        (true, PartState::Ok) => Part::ok(kind),
        (true, state) => Part::not_ok(kind, state, PartCode::PhonesRefusePushes)
            .with("amiss", amiss)
            .with("all", all),
    }
}

/// How headsets behind phones are doing.
pub(super) fn headsets(shared: &Shared, settings: &Settings) -> Part {
    let kind = PartKind::Headsets;
    let mode = settings.headset.mode;
    let headset = shared.headset.as_deref().filter(|_| mode != HeadsetMode::Disabled);
    let Some(headset) = headset else {
        return Part::not_ok(kind, PartState::Off, PartCode::HeadsetsOff);
    };
    let seen = headset.seen();
    let amiss = seen.iter().filter(|it| super::super::headset_phones::is_amiss(it, mode)).count();
    match PartState::of_list(amiss, seen.len()) {
        PartState::Ok => Part::ok(kind),
        state => Part::not_ok(kind, state, PartCode::HeadsetsAmiss)
            .with("amiss", amiss)
            .with("all", seen.len()),
    }
}

/// Every receiver of the log.
pub(super) fn syslog(states: Vec<SyslogState>) -> Vec<Part> {
    let kind = PartKind::Syslog;
    if states.is_empty() {
        return vec![Part::not_ok(kind, PartState::Off, PartCode::SyslogNone)];
    }
    let parts = states.into_iter().map(|state| {
        let part = match state.away {
            None => Part::ok(kind),
            Some(why) => Part::not_ok(kind, PartState::Missing, PartCode::SyslogAway)
                .with("waiting", state.waiting)
                .because(Some(why)),
        };
        part.named(state.name)
    });
    parts.collect()
}

#[cfg(test)]
mod tests;
