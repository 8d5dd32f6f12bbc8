//! What must hold for any bytes at all. Each function panics where something does not, which is what a fuzzer
//! looks for.

use std::fmt::Debug;
use std::str;
use std::sync::LazyLock;

use super::{
    AgentState, Answer, Asked, Configuration, Current, DeviceName, Discovery, FirmwareChoice,
    HEADSETS_MAX, HeadsetEvent, HeadsetKind, HeadsetSeen, HeadsetSettings, HeadsetStatus,
    InventoryEvent, Lights, Mode, Moment, MuteButton, Profile, Reason, Refusal, Routed, Service,
    ServiceClass, Template, Token, Update, masked,
};

/// Bytes that are kept of a request that nobody knows.
const MASKED_BYTES_MAX: usize = 4_096;

/// The built-in profile, and one that differs from it in every way.
#[expect(clippy::panic, reason = "a fuzz target tells what it found by panicking")]
static PROFILES: LazyLock<[Profile; 2]> = LazyLock::new(|| {
    let xml = serde_json::json!({
        "format": "xml", "time_format": "epoch_milliseconds", "yes": "1", "no": "0",
        "names": {"update": {"state": "agent.state", "reason": "agent.reason"}},
        "values": {"state": {"login": 0, "logout": 1, "not_ready": 2, "ready": 3}},
    });
    [Profile::default(), Profile::read(&xml).unwrap_or_else(|told| panic!("{told:?}"))]
});

/// Reads `data` as every document there is, in JSON and in XML; what could be read is written and must then be
/// read as the same document. It is masked, too, and taken for a path.
pub fn fuzz_headset_documents(data: &[u8]) {
    for profile in PROFILES.iter() {
        again(data, |it| profile.read_update(it), |it| profile.write_update(it));
        again(data, |it| profile.read_inventory(it), |it| profile.write_inventory(it));
        again(data, |it| profile.read_discovery(it), |it| profile.write_discovery(it));
        again(data, |it| profile.read_configuration(it), |it| profile.write_configuration(it));
        again(data, |it| profile.read_answer(it), |it| profile.write_answer(it));
        again(data, |it| profile.read_template(it), |it| profile.write_template(it));
        if let Ok(event) = profile.read_inventory(data) {
            assert!(event.headsets.len() <= HEADSETS_MAX, "more headsets than there may be");
        }
    }
    let text = str::from_utf8(data).unwrap_or("x");
    let kept = masked(text, text, &[(text, data), ("Accept", data)], data).to_string();
    assert!(kept.is_ascii() && kept.len() <= MASKED_BYTES_MAX, "too much is kept");
    for profile in PROFILES.iter() {
        if let Routed::Asked(asked) = profile.route("GET", text) {
            route_again(profile, &asked);
        }
    }
}

/// Reads `data` as a profile in JSON; with one that is taken, every path and every document must come back as it
/// was.
pub fn fuzz_headset_profile(data: &[u8]) {
    let Ok(file) = serde_json::from_slice(data) else { return };
    let profile = match Profile::read(&file) {
        Ok(profile) => profile,
        Err(problems) => {
            assert!(!problems.is_empty(), "a profile is refused without a problem");
            return;
        }
    };
    let Ok(device) = DeviceName::new("SEP001122334455") else { return };
    for asked in requests(&device) {
        route_again(&profile, &asked);
    }
    documents_come_back(&profile, &device);
}

fn requests(device: &DeviceName) -> [Asked; 5] {
    let some = || Some(device.clone());
    [
        Asked::Discovery { device: device.clone() },
        Asked::Configuration { device: device.clone() },
        Asked::Update { device: some() },
        Asked::Inventory { device: some() },
        Asked::Template { device: some(), model: "Headset 562".to_owned() },
    ]
}

/// The path of a request must be routed to it; a device that its path does not name is not found again.
fn route_again(profile: &Profile, asked: &Asked) {
    let (request, Some(device)) = (asked.request(), asked.device()) else { return };
    let model = match asked {
        Asked::Template { model, .. } => model.as_str(),
        _ => "",
    };
    let path = profile.path(request, device, model);
    let found = profile.route(profile.method(request), &path);
    let without = match asked.clone() {
        Asked::Update { .. } => Asked::Update { device: None },
        Asked::Inventory { .. } => Asked::Inventory { device: None },
        Asked::Template { model, .. } => Asked::Template { device: None, model },
        other => other,
    };
    let is_same = found == Routed::Asked(asked.clone()) || found == Routed::Asked(without);
    assert!(is_same, "{path} is not asked as it was written: {found:?}");
}

fn documents_come_back(profile: &Profile, device: &DeviceName) {
    // Whole seconds, which every format of times can tell.
    let moment = Moment::from_microseconds(1_795_804_200_000_000);
    let current =
        Some(Current { state: AgentState::NotReady, reason: Some(5), since: Some(moment) });
    let update = Update {
        device: Some(device.clone()),
        request_id: Some("5f0c-1".to_owned()),
        state: AgentState::Ready,
        reason: Some(0),
        sent_at: Some(moment),
    };
    let bytes = profile.write_update(&update);
    assert_eq!(profile.read_update(&bytes), Ok(update), "an update changed");
    let headset = HeadsetSeen {
        serial_number: "<S&1>".to_owned(),
        kind: HeadsetKind::Wired,
        status: Some(HeadsetStatus::Connected),
        since: Some(moment),
        age_days: Some(3),
        ..HeadsetSeen::default()
    };
    let event = HeadsetEvent::Snapshot;
    let headsets = vec![headset.clone(), headset];
    let event = InventoryEvent { device: Some(device.clone()), event, headsets };
    let bytes = profile.write_inventory(&event);
    assert_eq!(profile.read_inventory(&bytes), Ok(event), "an inventory changed");
    let service = Service {
        class: ServiceClass::ContactCentre,
        enabled: true,
        mode: Some(Mode::Notification),
        primary: "https://one.example:9444/x".to_owned(),
        secondary: None,
        configuration_url: Some("https://one.example:9444/y?a&b".to_owned()),
    };
    let discovery = Discovery {
        device: device.clone(),
        version: "1".to_owned(),
        services: vec![service],
        retry_after_seconds: Some(300),
        token: Some(Token::new("token")),
        token_expires: Some(moment),
    };
    let bytes = profile.write_discovery(&discovery);
    assert_eq!(profile.read_discovery(&bytes), Ok(discovery), "discovery changed");
    let configuration = Configuration {
        mode: Mode::NotificationAndControl,
        agent: Some("1001".to_owned()),
        agent_problem: None,
        current,
        reasons: vec![Reason { code: 5, label: "Lunch".to_owned() }],
        default_reason: Some(5),
        mute_button: MuteButton::ReadyToggle,
        lights: Some(Lights::USUAL),
    };
    let bytes = profile.write_configuration(&configuration);
    assert_eq!(profile.read_configuration(&bytes), Ok(configuration), "a configuration changed");
    let refused = Some((Refusal::NotNow, "in a call".to_owned()));
    let answer = Answer { refused, current, now: Some(moment) };
    let bytes = profile.write_answer(&answer);
    assert_eq!(profile.read_answer(&bytes), Ok(answer), "an answer changed");
    let settings = HeadsetSettings {
        speaker_volume: Some(7),
        bluetooth: Some(false),
        sidetone: Some("low".to_owned()),
        ..HeadsetSettings::default()
    };
    let template = Template {
        model: "562".to_owned(),
        version: "1-10".to_owned(),
        firmware: Some(FirmwareChoice::Latest),
        settings,
    };
    let bytes = profile.write_template(&template);
    assert_eq!(profile.read_template(&bytes), Ok(template), "a template changed");
}

/// What can be read must be read the same once it was written.
#[expect(clippy::panic, reason = "a fuzz target tells what it found by panicking")]
fn again<T: Debug + PartialEq, E: Debug>(
    data: &[u8],
    read: impl Fn(&[u8]) -> Result<T, E>,
    write: impl Fn(&T) -> Vec<u8>,
) {
    let Ok(first) = read(data) else { return };
    let second = read(&write(&first))
        .unwrap_or_else(|error| panic!("what was written cannot be read: {error:?}"));
    assert_eq!(second, first, "a document changed on its way");
}
