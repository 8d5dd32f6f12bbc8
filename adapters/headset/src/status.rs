//! What administrators see of headsets, and the test of one.

use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::settings::HeadsetMode;
use domain::{AgentKey, DeviceName, HeadsetStatus, Timestamp};
use engine::probe::{Probe, StepOutcome};
use engine::{Notice, TellOutcome};

use crate::answer::takes_part;
use crate::identity::Proven;
use crate::service::Headset;
use crate::translate::{self, Light};
use crate::unknown::UnknownRequest;

/// How long a phone may take in a test.
const ANSWER: Duration = Duration::from_secs(5);

/// A phone with a headset, as this node knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadsetSeen {
    /// The phone.
    pub device: DeviceName,
    /// Whose state it shows.
    pub agent: Option<AgentKey>,
    /// Why it shows nobody's although somebody is there.
    pub problem: Option<String>,
    /// What it was told last.
    pub told: Option<HeadsetStatus>,
    /// What its light shows while there is no call.
    pub light: Light,
    /// Whether it can be told anything from this node.
    pub reached: bool,
    /// Whether it gave no answer twice, so that it is told nothing until it registers.
    pub dead: bool,
    /// When it last discovered its services here.
    pub discovered_at: Option<Timestamp>,
    /// When it last fetched the configuration here.
    pub configured_at: Option<Timestamp>,
    /// How it last proved to be this phone.
    pub proven: Option<Proven>,
}

impl Headset {
    /// The phones that this node tells, or that asked it, by name.
    pub fn seen(&self) -> Vec<HeadsetSeen> {
        let mode = self.port.settings().headset.mode;
        let state = self.state();
        let mut devices = state.teller.devices();
        devices.extend(state.seen.keys().cloned());
        devices.sort();
        devices.dedup();
        let seen = devices.into_iter().map(|device| {
            let whose = state.roster.agent_of(&device);
            let told = state.teller.last_told(&device);
            let asked = state.seen.get(&device);
            HeadsetSeen {
                agent: whose.agent().cloned(),
                problem: whose.problem(),
                told,
                light: translate::light(mode, told.map(|told| told.state), None),
                reached: self.port.channels().reach(&device).is_some(),
                dead: state.teller.is_dead(&device),
                discovered_at: asked.and_then(|asked| asked.discovered_at),
                configured_at: asked.and_then(|asked| asked.configured_at),
                proven: asked.and_then(|asked| asked.proven),
                device,
            }
        });
        seen.collect()
    }

    /// Requests that the profile does not know, masked, the newest first.
    pub fn unknown_requests(&self) -> Vec<UnknownRequest> {
        self.unknown.lock().unwrap_or_else(std::sync::PoisonError::into_inner).all()
    }

    /// The address for discovery that stands in that phone's file (HST-11), with a handle where phones may
    /// prove themselves by one; bound to the phone's address, where that is known.
    /// `None` where nobody listens for headsets.
    pub fn discovery_url(&self, device: &DeviceName, address: Option<IpAddr>) -> Option<String> {
        if !self.is_served.load(Ordering::Acquire) {
            return None;
        }
        let settings = self.port.settings();
        let path = match protocols::headset::DeviceName::new(device.as_str()) {
            Ok(device) => self.profile.path(protocols::headset::Request::Discovery, &device, ""),
            Err(_) => format!("/headset/{device}"),
        };
        let url = format!("{}{path}", self.base);
        if !settings.headset.proof.contains(&domain::settings::HeadsetProof::Token) {
            return Some(url);
        }
        let handle = self.tickets.handle(&settings.headset, device, address, self.port.now());
        Some(format!("{url}?{}={handle}", self.profile.handle_query()))
    }

    /// Tests the way to a phone's headset: the phone is told again what it shows.
    pub async fn probe(&self, device: &DeviceName) -> Probe {
        let mut probe = Probe::new(format!("headset {device}"));
        let settings = self.port.settings();
        if settings.headset.mode == HeadsetMode::Disabled {
            probe.note("settings", StepOutcome::Failed, "headsets are off; set headset.mode");
            return probe;
        }
        if !takes_part(&settings, device) {
            probe.note(
                "settings",
                StepOutcome::Failed,
                "the device is not listed; add it to devices",
            );
            return probe;
        }
        let (whose, told, asked) = {
            let state = self.state();
            let whose = state.roster.agent_of(device);
            let told = state.teller.told(device, whose.agent());
            (whose, told, state.seen.get(device).copied())
        };
        let words = match (whose.agent(), whose.problem()) {
            (Some(agent), _) => Ok(((), format!("{} is signed in there", agent.id))),
            (None, Some(problem)) => Err(problem),
            (None, None) => Ok(((), "nobody is signed in there".to_owned())),
        };
        probe.step("agent", async { words }).await;
        let discovered = asked.and_then(|asked| asked.discovered_at);
        let words = match discovered {
            Some(at) => {
                let ago = self.port.now().since(at).as_secs();
                Ok(((), format!("the phone asked this node {ago} s ago")))
            }
            None => {
                Err("the phone never asked this node for its services; does its file name the \
                         discovery URL, and does it trust our certificate?"
                    .to_owned())
            }
        };
        probe.step("discovery", async { words }).await;
        let presence = whose.agent().and_then(|agent| self.presence(agent));
        let status = translate::status(presence.as_ref(), None).or(told);
        let Some(status) = status else {
            probe.note("state", StepOutcome::Failed, "the agent's state is not known now");
            return probe;
        };
        let tell = self.port.channels().tell(device, Notice::AgentStatus(status));
        let telling = async {
            match tokio::time::timeout(ANSWER, tell).await {
                Ok(TellOutcome::Told) => Ok(((), format!("it took {}", status.state.name()))),
                Ok(TellOutcome::NoChannel) => {
                    Err("the phone is not registered with this node over SIP, or takes no such \
                         requests; look at `jackfield probe sip-device`"
                        .to_owned())
                }
                Ok(TellOutcome::Failed(why)) => Err(format!("it was not told: {}", why.name())),
                Err(_) => Err(format!("no answer within {} s", ANSWER.as_secs())),
            }
        };
        probe.step("state", telling).await;
        probe
    }
}
