//! Tests of one phone and of one next hop, as an administrator asks for them (OPS-15).

use std::sync::Arc;
use std::time::Duration;

use domain::DeviceName;
use engine::probe::{Probe, StepOutcome};
use protocols::sip::body::remotecc::{Request, StatusLine};
use protocols::sip::body::{REQUEST_TYPE, Remotecc};

use crate::element::Element;
use crate::flows::locked;
use crate::next_hops::try_server;
use crate::outgoing::{By, Delivery, Errand};

/// How long a phone may take to answer.
const ANSWER: Duration = Duration::from_secs(5);
/// What a phone shows for a moment.
const SHOWN: &str = "Test";
/// For how long, in seconds.
const SHOWN_SECONDS: u32 = 3;

/// Tests the way to a phone.
pub(crate) async fn device(element: Option<&Arc<Element>>, device: &DeviceName) -> Probe {
    let mut probe = Probe::new(format!("sip device {device}"));
    let Some((element, site)) = element.and_then(|it| Some((it, it.site()?))) else {
        probe.note("settings", StepOutcome::Failed, "SIP is off; set sip.domains");
        return probe;
    };
    let Some(listed) = site.device(device) else {
        let words = "the device is not listed, or has no sip; add it to devices";
        probe.note("settings", StepOutcome::Failed, words);
        return probe;
    };
    let hop = listed.sip.as_ref().and_then(|sip| sip.next_hop.clone());
    match &hop {
        Some(hop) => {
            let words = match element.hop(hop, "", &[]) {
                Some(way) => Ok(((), format!("{hop} answers at {}", way.flow.peer()))),
                None => Err(format!("{hop} does not answer; test it by itself")),
            };
            probe.step("next hop", async { words }).await;
        }
        None => {
            let registered = registered(element, device);
            probe.step("registration", async { registered }).await;
        }
    }
    let request = Request::StatusLine(StatusLine {
        dialog: None,
        text: SHOWN.to_owned(),
        timeout_seconds: SHOWN_SECONDS,
        line: 0,
        priority: 1,
    });
    let Ok(body) = Remotecc::Request(request).encode(site.reason) else {
        return probe;
    };
    let errand = Errand {
        device: device.clone(),
        by: By::Refer,
        content_type: REQUEST_TYPE.to_owned(),
        body,
        needs_remotecc: false,
    };
    let asked = async {
        match tokio::time::timeout(ANSWER, element.deliver(errand)).await {
            Ok(Delivery::Accepted(status)) => Ok(((), format!("answered {}", status.code()))),
            Ok(Delivery::Refused(status, words)) => {
                Err(format!("refused with {} {}", status.code(), words.escape_debug()))
            }
            Ok(Delivery::Unreachable(words) | Delivery::Unsendable(words)) => Err(words.to_owned()),
            Ok(Delivery::HeldOff(left)) => {
                Err(format!("asked to be left alone for {} more s", left.as_secs()))
            }
            Ok(Delivery::Silent) | Err(_) => {
                Err(format!("no answer to REFER within {} s", ANSWER.as_secs()))
            }
        }
    };
    probe.step("REFER (shows a word for a moment)", asked).await;
    probe
}

fn registered(element: &Element, device: &DeviceName) -> Result<((), String), String> {
    let state = locked(&element.state);
    let bindings = state.registrar.reach_device(device.as_str());
    let live = bindings.iter().find(|binding| binding.is_live);
    let Some(binding) = live else {
        return Err(match bindings.is_empty() {
            true => "it is not registered with this node".to_owned(),
            false => "it is registered, and its connection is lost".to_owned(),
        });
    };
    let takes = if binding.remotecc { "takes" } else { "does not offer" };
    let (peer, transport) = (binding.flow.peer(), binding.flow.transport());
    Ok(((), format!("over {transport} from {peer}; it {takes} remotecc")))
}

/// Tests the servers of a next hop.
pub(crate) async fn next_hop(element: Option<&Arc<Element>>, name: &str) -> Probe {
    let mut probe = Probe::new(format!("sip next hop {name}"));
    let Some((element, site)) = element.and_then(|it| Some((it, it.site()?))) else {
        probe.note("settings", StepOutcome::Failed, "SIP is off; set sip.domains");
        return probe;
    };
    let Some(hop) = site.next_hop(name) else {
        probe.note("settings", StepOutcome::Failed, "no next hop has that name; see sip.next_hops");
        return probe;
    };
    for (place, server) in hop.servers.iter().enumerate() {
        let what = format!("OPTIONS to {} port {}", server.host, server.port);
        let asked = async {
            let (status, peer) = try_server(element, hop, place).await?;
            Ok(((), format!("answered {} from {peer}", status.code())))
        };
        probe.step(what, asked).await;
    }
    probe
}
