//! What phones report of the headsets at them, and how headsets of a model are set up.

use bytes::Bytes;
use domain::settings::{HeadsetFirmware, HeadsetTemplate, HeadsetValue, Settings};
use domain::{
    DeviceName, HeadsetConnection, HeadsetEvent, HeadsetFacts, Input, InputId, Reply, Report,
    SeenHeadset,
};
use engine::Outcome;
use engine::surface::Request;
use http::{Response, StatusCode};
use protocols::headset::{
    self as wire, FirmwareChoice, HeadsetKind, HeadsetSettings, HeadsetStatus, Refusal, Template,
};

use crate::answer::{content_type, status};
use crate::service::Headset;

impl Headset {
    /// Takes in what a phone reports of its headsets.
    pub(crate) async fn inventory(
        &self,
        device: &DeviceName,
        request: &Request,
    ) -> Response<Bytes> {
        if !self.profile.takes(content_type(request)) {
            return self.wrong_type();
        }
        let event = match self.profile.read_inventory(&request.body) {
            Ok(event) => event,
            Err(bad) => return self.malformed(&bad),
        };
        if event.device.is_some_and(|named| !named.as_str().eq_ignore_ascii_case(device.as_str())) {
            let words = "the body names another device than the request";
            return self.refuse(Refusal::AnotherDevice, words);
        }
        let Some(number) = self.port.random::<16>().map(u128::from_be_bytes) else {
            return self.refuse(Refusal::Unavailable, "the machine gives no randomness");
        };
        let mut present = Vec::new();
        let mut gone = Vec::new();
        for headset in event.headsets {
            let is_gone = headset.status == Some(HeadsetStatus::Disconnected);
            let Ok(serial) = headset.serial_number.parse() else {
                let words = "a serial number is 1 to 64 printable characters of ASCII";
                return self.refuse(Refusal::Malformed, words);
            };
            let list = if is_gone { &mut gone } else { &mut present };
            list.push(SeenHeadset { serial, facts: facts(headset) });
        }
        let kind = match event.event {
            wire::HeadsetEvent::Connected => HeadsetEvent::Connected,
            wire::HeadsetEvent::Disconnected => {
                gone.append(&mut present);
                HeadsetEvent::Disconnected
            }
            wire::HeadsetEvent::Snapshot => HeadsetEvent::Snapshot,
        };
        let mut reports = Vec::new();
        // A snapshot of none says that nothing is connected.
        if kind == HeadsetEvent::Snapshot || !present.is_empty() {
            reports.push((kind, present));
        }
        if !gone.is_empty() {
            reports.push((HeadsetEvent::Disconnected, gone));
        }
        for (place, (event, headsets)) in reports.into_iter().enumerate() {
            let (device, at) = (device.clone(), self.port.now());
            let report = Report::HeadsetSeen { device, event, headsets, at };
            let id = InputId::new("headset_seen", format_args!("{number:032x}-{place}"));
            match self.port.submit(Input::report(id, report)).await {
                Ok(Outcome::Done(Reply::HeadsetsSeen { left_out })) => {
                    self.figures.left_out(left_out.into());
                }
                Ok(_) => {}
                Err(_) => {
                    let words = "it could not be kept now; report it again";
                    return self.refuse(Refusal::Unavailable, words);
                }
            }
        }
        status(StatusCode::ACCEPTED)
    }

    /// How headsets of a model are set up.
    pub(crate) fn template(&self, settings: &Settings, model: &str) -> Response<Bytes> {
        match settings.headset.template(model) {
            Some(template) => {
                self.body(StatusCode::OK, self.profile.write_template(&translated(template)))
            }
            None => self.refuse(Refusal::NotFound, "no template is configured for that model"),
        }
    }
}

fn facts(headset: wire::HeadsetSeen) -> HeadsetFacts {
    HeadsetFacts {
        model: headset.model,
        vendor: headset.vendor,
        connection: match headset.kind {
            HeadsetKind::Wired => HeadsetConnection::Wired,
            HeadsetKind::DectWireless => HeadsetConnection::DectWireless,
            HeadsetKind::Unknown => HeadsetConnection::Unknown,
        },
        firmware: headset.firmware,
        user: headset.user,
        template: headset.template,
        dock_model: headset.dock_model,
        device_model: headset.device_model,
        software_version: headset.software_version,
        owner: headset.headset_owner,
        device_owner: headset.phone_owner,
    }
    .bounded()
}

fn translated(template: &HeadsetTemplate) -> Template {
    let choice = |name: &str| match template.settings.get(name) {
        Some(HeadsetValue::Choice(word)) => Some(word.clone()),
        _ => None,
    };
    let switch = |name: &str| match template.settings.get(name) {
        Some(HeadsetValue::Switch(on)) => Some(*on),
        _ => None,
    };
    Template {
        model: template.model.clone(),
        version: template.version.clone(),
        firmware: Some(match template.firmware {
            HeadsetFirmware::Remain => FirmwareChoice::Remain,
            HeadsetFirmware::Latest => FirmwareChoice::Latest,
        }),
        settings: HeadsetSettings {
            speaker_volume: match template.settings.get("speaker_volume") {
                Some(HeadsetValue::Number(number)) => Some(*number),
                _ => None,
            },
            microphone_gain: choice("microphone_gain"),
            sidetone: choice("sidetone"),
            equaliser: choice("equalizer"),
            audio_bandwidth: choice("audio_bandwidth"),
            bluetooth: switch("bluetooth"),
            conference: switch("conference"),
            firmware_source: choice("firmware_source"),
            dect_radio_range: choice("dect_radio_range"),
            dock_behaviour: switch("dock_behaviour"),
        },
    }
}
