//! Ways to devices: the best one is taken, one that fails is passed over, keys come back.

use domain::{DeviceName, HeadsetNews, Settings};
use engine::testing::{ManualClock, PlainAuthenticator, memory_port};
use engine::{
    Channel, ChannelKind, ChannelRequest, Channels, Notice, PRESS_BYTES_MAX, Port, Presenter,
    Reach, Registered, SHOW_TIME, Show, ShowFailure, ShowOutcome, ShowPriority, TellOutcome,
    Wanted,
};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::*;

async fn port() -> Port {
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_000)));
    memory_port(&Settings::default(), Arc::new(PlainAuthenticator), clock).await
}

fn device() -> DeviceName {
    "SEP1".parse().unwrap()
}

fn page(name: &str) -> Show {
    Show { url: format!("https://gw.example/{name}"), priority: ShowPriority::Now }
}

/// A channel and the requests that come by it.
struct Way {
    here: Channel,
    requests: mpsc::Receiver<ChannelRequest>,
}

impl Way {
    fn new(channels: &Channels, kind: ChannelKind) -> Self {
        let (sender, requests) = mpsc::channel(2);
        Self { here: channels.register(&device(), kind, sender, Reach::default()), requests }
    }

    /// Answers the next request with that; gives what was to be shown.
    async fn answer(&mut self, answer: Result<(), ShowFailure>) -> Show {
        let request = self.requests.recv().await.unwrap();
        assert_eq!(request.device, device());
        request.answer.send(answer).unwrap();
        match request.wanted {
            Wanted::Show(show) => show,
            Wanted::Tell(notice) => panic!("told {notice:?}"),
        }
    }

    /// Answers all requests with that.
    fn always(mut self, answer: Result<(), ShowFailure>) -> Channel {
        tokio::spawn(async move {
            while let Some(request) = self.requests.recv().await {
                let _ = request.answer.send(answer);
            }
        });
        self.here
    }
}

fn figures(port: &Port) -> String {
    String::from_utf8(port.metrics().text()).unwrap()
}

#[tokio::test]
async fn a_device_is_reached_by_its_best_channel() {
    let port = port().await;
    let (channels, device) = (port.channels(), device());
    assert!(!channels.reaches(&device));
    assert_eq!(channels.show(&device, page("a")).await, ShowOutcome::NoChannel);
    let mut web = Way::new(channels, ChannelKind::WebPush);
    assert!(channels.reaches(&device));
    let (outcome, shown) = tokio::join!(channels.show(&device, page("b")), web.answer(Ok(())));
    assert_eq!((outcome, shown), (ShowOutcome::Shown(ChannelKind::WebPush), page("b")));
    let mut sip = Way::new(channels, ChannelKind::Sip);
    let (outcome, shown) = tokio::join!(channels.show(&device, page("c")), sip.answer(Ok(())));
    assert_eq!((outcome, shown), (ShowOutcome::Shown(ChannelKind::Sip), page("c")));
    assert!(web.requests.try_recv().is_err(), "one way is enough");
    let told = figures(&port);
    assert!(told.contains("jackfield_device_channels{channel=\"sip\"} 1"), "{told}");
    drop((web, sip));
    assert!(!channels.reaches(&device));
    let told = figures(&port);
    assert!(told.contains("jackfield_device_channels{channel=\"sip\"} 0"), "{told}");
    assert!(told.contains("jackfield_device_channels{channel=\"web_push\"} 0"), "{told}");
    let shown = "jackfield_device_shows_total{channel=\"sip\",result=\"shown\"} 1";
    assert!(told.contains(shown), "{told}");
}

#[tokio::test]
async fn a_channel_that_refuses_is_passed_over() {
    let port = port().await;
    let (channels, device) = (port.channels(), device());
    let _sip = Way::new(channels, ChannelKind::Sip).always(Err(ShowFailure::Refused));
    let refused = ShowOutcome::Failed(ShowFailure::Refused);
    assert_eq!(channels.show(&device, page("a")).await, refused);
    let _web = Way::new(channels, ChannelKind::WebPush).always(Ok(()));
    let shown = ShowOutcome::Shown(ChannelKind::WebPush);
    assert_eq!(channels.show(&device, page("a")).await, shown);
    let told = figures(&port);
    let refused = "jackfield_device_shows_total{channel=\"sip\",result=\"refused\"} 2";
    assert!(told.contains(refused), "{told}");
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_hangs_is_waited_for_no_longer_than_its_limit() {
    let port = port().await;
    let (channels, device) = (port.channels(), device());
    let sip = Way::new(channels, ChannelKind::Sip);
    let silent = ShowOutcome::Failed(ShowFailure::NoAnswer);
    let showing = timeout(SHOW_TIME * 2, channels.show(&device, page("a")));
    assert_eq!(showing.await, Ok(silent));
    // What was not taken fills the queue; nothing waits for room in it.
    assert_eq!(channels.show(&device, page("b")).await, silent);
    let busy = ShowOutcome::Failed(ShowFailure::Busy);
    assert_eq!(channels.show(&device, page("c")).await, busy);
    drop(sip);
    assert_eq!(channels.show(&device, page("d")).await, ShowOutcome::NoChannel);
}

#[tokio::test]
async fn a_way_that_is_lost_meanwhile_is_gone() {
    let port = port().await;
    let (channels, device) = (port.channels(), device());
    let mut sip = Way::new(channels, ChannelKind::Sip);
    let losing = async { drop(sip.requests.recv().await.unwrap().answer) };
    let (outcome, ()) = tokio::join!(channels.show(&device, page("a")), losing);
    assert_eq!(outcome, ShowOutcome::Failed(ShowFailure::Gone));
    sip.requests.close();
    let gone = ShowOutcome::Failed(ShowFailure::Gone);
    assert_eq!(channels.show(&device, page("a")).await, gone);
}

#[tokio::test]
async fn a_device_that_registers_anew_is_reached_by_the_newest_way() {
    let port = port().await;
    let (channels, device) = (port.channels(), device());
    let mut registrations = channels.registrations();
    let old = Way::new(channels, ChannelKind::Sip);
    let mut new = Way::new(channels, ChannelKind::Sip);
    let again =
        channels.register_anew(&device, ChannelKind::WebPush, mpsc::channel(1).0, Reach::default());
    for is_fresh in [false, false, true] {
        let registered = Registered { device: device.clone(), is_fresh };
        assert_eq!(registrations.recv().await, Ok(registered));
    }
    drop(again);
    // The old one is gone only now, and takes nothing of the new one with it.
    drop(old);
    let (outcome, _) = tokio::join!(channels.show(&device, page("a")), new.answer(Ok(())));
    assert_eq!(outcome, ShowOutcome::Shown(ChannelKind::Sip));
    let told = figures(&port);
    assert!(told.contains("jackfield_device_channels{channel=\"sip\"} 1"), "{told}");
}

async fn shown_by(presenter: &Presenter, page_name: &str) {
    let outcome = presenter.show(&device(), page(page_name)).await;
    assert_eq!(outcome, ShowOutcome::Shown(ChannelKind::Sip));
}

#[tokio::test]
async fn keys_come_to_whoever_showed_last() {
    let port = port().await;
    let (channels, device) = (port.channels(), device());
    assert!(!channels.pressed(&device, "1"), "nobody ever showed anything");
    let _sip = Way::new(channels, ChannelKind::Sip).always(Ok(()));
    assert!(!channels.pressed(&device, "2"), "nobody shows anything");
    let (mut one, mut other) = (channels.presenter(), channels.presenter());
    shown_by(&one, "a").await;
    assert!(channels.pressed(&device, "3"));
    let pressed = one.pressed().await;
    assert_eq!((pressed.device, pressed.data.as_str()), (device.clone(), "3"));
    shown_by(&other, "b").await;
    assert!(channels.pressed(&device, "4"));
    assert_eq!(other.pressed().await.data, "4");
    let elsewhere: DeviceName = "SEP2".parse().unwrap();
    assert!(!channels.pressed(&elsewhere, "5"));
    // A page whose keys are links of its own.
    channels.show(&device, page("c")).await;
    assert!(!channels.pressed(&device, "6"));
    shown_by(&other, "d").await;
    drop(other);
    assert!(!channels.pressed(&device, "7"), "who showed it is gone");
    tokio::select! {
        biased;
        pressed = one.pressed() => panic!("{pressed:?} was shown by somebody else"),
        () = std::future::ready(()) => {}
    }
}

#[tokio::test]
async fn keys_stay_with_who_showed_last_where_a_device_refuses() {
    let port = port().await;
    let (channels, device) = (port.channels(), device());
    let mut sip = Way::new(channels, ChannelKind::Sip);
    let (mut one, mut other) = (channels.presenter(), channels.presenter());
    let (outcome, _) = tokio::join!(one.show(&device, page("a")), sip.answer(Ok(())));
    assert_eq!(outcome, ShowOutcome::Shown(ChannelKind::Sip));
    let refusing = sip.answer(Err(ShowFailure::Refused));
    let (outcome, _) = tokio::join!(other.show(&device, page("b")), refusing);
    assert_eq!(outcome, ShowOutcome::Failed(ShowFailure::Refused));
    assert!(channels.pressed(&device, "1"));
    assert_eq!(one.pressed().await.data, "1");
    // A device may be quicker with a key than with its answer.
    let quick = async {
        let request = sip.requests.recv().await.unwrap();
        assert!(channels.pressed(&device, "2"));
        request.answer.send(Ok(())).unwrap();
    };
    tokio::join!(other.show(&device, page("c")), quick);
    assert_eq!(other.pressed().await.data, "2");
}

#[tokio::test]
async fn keys_that_nobody_fetches_and_keys_that_carry_too_much_are_refused() {
    let port = port().await;
    let (channels, device) = (port.channels(), device());
    let _sip = Way::new(channels, ChannelKind::Sip).always(Ok(()));
    let mut presenter = channels.presenter();
    shown_by(&presenter, "a").await;
    let longest = "x".repeat(PRESS_BYTES_MAX);
    assert!(!channels.pressed(&device, &format!("{longest}x")));
    let mut taken = 0;
    while channels.pressed(&device, &longest) {
        taken += 1;
        assert!(taken <= 1_000, "there is no limit");
    }
    for _ in 0..taken {
        assert_eq!(presenter.pressed().await.data, longest);
    }
    assert!(channels.pressed(&device, "again"));
    let told = figures(&port);
    for (result, count) in [("too_long", 1), ("busy", 1), ("taken", taken + 1)] {
        let line = format!("jackfield_device_presses_total{{result=\"{result}\"}} {count}\n");
        assert!(told.contains(&line), "{told}");
    }
}

#[tokio::test]
async fn ops_05_neither_links_nor_keys_print_themselves() {
    let port = port().await;
    let (channels, device) = (port.channels(), device());
    let mut sip = Way::new(channels, ChannelKind::Sip);
    let mut presenter = channels.presenter();
    let (_, show) = tokio::join!(presenter.show(&device, page("TOKEN")), sip.answer(Ok(())));
    assert!(channels.pressed(&device, "SECRET"));
    let pressed = presenter.pressed().await;
    let printed = format!("{show:?} {pressed:?} {presenter:?} {channels:?} {:?}", sip.here);
    assert!(!printed.contains("TOKEN") && !printed.contains("SECRET"), "{printed}");
    assert!(printed.contains("SEP1"), "{printed}");
}

#[tokio::test]
async fn hst_05_a_notice_goes_by_the_channel_that_carries_notices_alone() {
    let port = port().await;
    let (channels, device) = (port.channels(), device());
    let notice = Notice::HeadsetNews(HeadsetNews::ServicesChanged);
    let pushed = Way::new(channels, ChannelKind::WebPush).always(Ok(()));
    assert_eq!(channels.tell(&device, notice).await, TellOutcome::NoChannel);
    assert_eq!((channels.reach(&device), channels.told_devices()), (None, vec![]));

    let mut way = Way::new(channels, ChannelKind::Sip);
    let reach =
        Reach { address: Some([192, 0, 2, 7].into()), is_shared: true, hop: Some("edge".into()) };
    way.here.set_reach(reach.clone());
    assert_eq!(channels.reach(&device), Some(reach.clone()));
    assert_eq!(channels.told_devices(), std::slice::from_ref(&device));
    let (told, request) = tokio::join!(channels.tell(&device, notice), async {
        let request = way.requests.recv().await.unwrap();
        request.answer.send(Ok(())).unwrap();
        request.wanted
    });
    assert_eq!((told, request), (TellOutcome::Told, Wanted::Tell(notice)));
    let (told, ()) = tokio::join!(channels.tell(&device, notice), async {
        let request = way.requests.recv().await.unwrap();
        request.answer.send(Err(ShowFailure::Refused)).unwrap();
    });
    assert_eq!(told, TellOutcome::Failed(ShowFailure::Refused));
    let told = r#"jackfield_device_notices_total{notice="headset_news",result="told"} 1"#;
    assert!(figures(&port).contains(told));
    // A channel that took its place is reached as it says itself.
    let other = Way::new(channels, ChannelKind::Sip);
    way.here.set_reach(reach);
    assert_eq!(channels.reach(&device), Some(Reach::default()));
    drop((pushed, way, other));
}

#[tokio::test]
async fn hst_14_a_device_that_says_that_it_is_there_still_is_told_apart_from_one_that_registers() {
    let port = port().await;
    let (channels, device) = (port.channels(), device());
    // Nobody needs to listen.
    channels.refreshed(&device);
    let (mut registrations, mut refreshes) = (channels.registrations(), channels.refreshes());
    let way = Way::new(channels, ChannelKind::Sip);
    channels.refreshed(&device);
    let is_fresh = false;
    let registered = Registered { device: device.clone(), is_fresh };
    assert_eq!(registrations.try_recv(), Ok(registered));
    assert_eq!(refreshes.try_recv(), Ok(device));
    assert!(registrations.try_recv().is_err() && refreshes.try_recv().is_err());
    drop(way);
}
