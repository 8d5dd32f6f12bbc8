//! Phones that another adapter has a channel to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{DeviceName, ReasonCode, Wish};
use engine::{
    Channel, ChannelKind, ChannelRequest, Channels, Reach, ShowFailure, ShowPriority, Wanted,
};
use tokio::sync::{mpsc, oneshot};

use super::{WebServer, certificates, handset, is_waited_for, run, state, until, with_push};
use crate::testing::{BASE, Node};
use crate::{PushReason, locked};

/// What a channel does with what it is to show.
#[derive(Clone, Copy)]
enum Does {
    Show,
    Refuse,
    Hang,
    Lose,
}

type Answer = oneshot::Sender<Result<(), ShowFailure>>;

/// A channel to SEP1, and all that was to be shown by it.
struct FakeChannel {
    here: Channel,
    told: Arc<Mutex<Vec<String>>>,
    does: Arc<Mutex<Does>>,
}

impl FakeChannel {
    fn new(node: &Node, does: Does) -> Self {
        Self::by(node, does, Channels::register)
    }

    fn by(
        node: &Node,
        does: Does,
        register: fn(
            &Channels,
            &DeviceName,
            ChannelKind,
            mpsc::Sender<ChannelRequest>,
            Reach,
        ) -> Channel,
    ) -> Self {
        let (sender, mut requests) = mpsc::channel::<ChannelRequest>(8);
        let channels = node.port.channels();
        let here = {
            let device = "SEP1".parse().unwrap();
            register(channels, &device, ChannelKind::Sip, sender, Reach::default())
        };
        let (told, does) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(does)));
        let (kept, doing) = (Arc::clone(&told), Arc::clone(&does));
        tokio::spawn(async move {
            let mut hanging: Vec<Answer> = Vec::new();
            while let Some(request) = requests.recv().await {
                assert_eq!(request.device.as_str(), "SEP1");
                let Wanted::Show(show) = request.wanted else { panic!("it is told something") };
                assert_eq!(show.priority, ShowPriority::Now);
                locked(&kept).push(show.url);
                let does = *locked(&doing);
                match does {
                    Does::Show => request.answer.send(Ok(())).unwrap(),
                    Does::Refuse => request.answer.send(Err(ShowFailure::Refused)).unwrap(),
                    Does::Hang => hanging.push(request.answer),
                    Does::Lose => drop(request.answer),
                }
            }
        });
        Self { here, told, does }
    }

    fn told(&self) -> Vec<String> {
        locked(&self.told).clone()
    }

    fn does(&self, does: Does) {
        *locked(&self.does) = does;
    }
}

#[tokio::test]
async fn phn_05_a_phone_with_a_channel_is_told_by_it_alone() {
    let certificates = certificates("SEP1");
    let server = WebServer::start(Some(&certificates)).await;
    let node = Node::new().await;
    with_push(&node, server.port, &certificates.authority, None).await;
    let _stop = run(&node);
    let channel = FakeChannel::new(&node, Does::Show);
    let mut phone = handset(&node);
    let home = phone.sign_in("1001", "2001").await;
    phone.press(&home, "Ready").await;
    assert_eq!(channel.told().len(), 0, "its own press is answered");
    node.wish("1001", Wish::NotReady(Some(ReasonCode(12)))).await;
    until("a show", async || channel.told().len() == 1).await;
    let told = channel.told();
    assert!(told[0].starts_with(BASE) && told[0].ends_with("/home"), "{told:?}");
    assert_eq!(phone.get(&told[0]).await.title(), "Not Ready - Lunch");
    until("ok", async || state(&node) == Some(PushReason::Ok)).await;
    assert_eq!(server.requests().len(), 0);
    // Once the channel is gone the web server is told as before.
    drop(channel.here);
    node.wish("1001", Wish::Ready).await;
    until("a push", async || server.requests().len() == 1).await;
    assert_eq!(phone.get(&server.told()[0]).await.title(), "Ready");
}

#[tokio::test]
async fn phn_05_a_channel_needs_no_settings_of_pushes() {
    let node = Node::new().await;
    let _stop = run(&node);
    let channel = FakeChannel::new(&node, Does::Show);
    let mut phone = handset(&node);
    phone.sign_in("1001", "2001").await;
    node.wish("1001", Wish::Ready).await;
    until("a show", async || channel.told().len() == 1).await;
    assert_eq!(phone.get(&channel.told()[0]).await.title(), "Ready");
    until("ok", async || state(&node) == Some(PushReason::Ok)).await;
    let probe = node.phone.probe(&"SEP1".parse().unwrap()).await;
    assert_eq!(probe.steps[0].what, "channel", "{probe:?}");
    assert_ne!(probe.verdict(), engine::probe::Verdict::Failed, "{probe:?}");
}

#[tokio::test]
async fn phn_05_a_phone_that_gets_a_channel_is_told_what_it_missed() {
    let node = Node::new().await;
    let _stop = run(&node);
    let mut phone = handset(&node);
    phone.sign_in("1001", "2001").await;
    // There is no way to it.
    node.wish("1001", Wish::Ready).await;
    let channel = FakeChannel::new(&node, Does::Lose);
    until("an outcome", async || state(&node) == Some(PushReason::NoAnswer)).await;
    drop(channel);
    // It waits for its time, but for another way.
    let channel = FakeChannel::new(&node, Does::Show);
    until("a show", async || channel.told().len() == 1).await;
    assert_eq!(phone.get(&channel.told()[0]).await.title(), "Ready");
    // Who shows what is newest is told nothing.
    let again = FakeChannel::new(&node, Does::Show);
    node.wish("1001", Wish::NotReady(None)).await;
    until("a show", async || !again.told().is_empty()).await;
    assert_eq!(phone.get(&again.told()[0]).await.title(), "Not Ready");
    assert_eq!((channel.told().len(), again.told().len()), (1, 1));
}

#[tokio::test]
async fn phn_05_a_phone_that_begins_anew_is_shown_its_page_though_it_is_not_old() {
    let node = Node::new().await;
    let _stop = run(&node);
    let before = FakeChannel::new(&node, Does::Show);
    let mut phone = handset(&node);
    phone.sign_in("1001", "2001").await;
    let anew = FakeChannel::by(&node, Does::Show, Channels::register_anew);
    until("a show", async || anew.told().len() == 1).await;
    assert_eq!(before.told().len(), 0);
    assert_eq!(phone.get(&anew.told()[0]).await.title(), "Not Ready");
}

/// One change while the channel does that; gives what the web server was told, and how that went.
async fn fall_back(does: Does) -> (usize, Option<PushReason>) {
    let certificates = certificates("SEP1");
    let server = WebServer::start(Some(&certificates)).await;
    let node = Node::new().await;
    with_push(&node, server.port, &certificates.authority, None).await;
    let _stop = run(&node);
    let channel = FakeChannel::new(&node, does);
    let mut phone = handset(&node);
    phone.sign_in("1001", "2001").await;
    node.wish("1001", Wish::Ready).await;
    until("an outcome", async || state(&node).is_some()).await;
    assert_eq!(channel.told(), server.told(), "both were told the same");
    assert_eq!(phone.get(&server.told()[0]).await.title(), "Ready");
    (server.requests().len(), state(&node))
}

#[tokio::test]
async fn phn_05_where_the_channel_refuses_the_web_server_is_told() {
    assert_eq!(fall_back(Does::Refuse).await, (1, Some(PushReason::Ok)));
}

#[tokio::test]
async fn phn_05_where_the_channel_is_lost_the_web_server_is_told() {
    assert_eq!(fall_back(Does::Lose).await, (1, Some(PushReason::Ok)));
}

#[tokio::test]
async fn phn_05_where_the_channel_hangs_the_web_server_is_told() {
    assert_eq!(fall_back(Does::Hang).await, (1, Some(PushReason::Ok)));
}

#[tokio::test]
async fn phn_18_what_a_channel_says_is_told_where_there_is_no_other_way() {
    let node = Node::new().await;
    let _stop = run(&node);
    let channel = FakeChannel::new(&node, Does::Refuse);
    handset(&node).sign_in("1001", "2001").await;
    node.wish("1001", Wish::Ready).await;
    until("an outcome", async || state(&node) == Some(PushReason::Refused)).await;
    assert_eq!(channel.told().len(), 1, "a refusal is not repeated at once");
    // It is tried again when its time comes.
    channel.does(Does::Lose);
    node.clock.advance(Duration::from_secs(5));
    until("an outcome", async || state(&node) == Some(PushReason::NoAnswer)).await;
    assert_eq!(channel.told().len(), 4, "what did not reach the phone is tried three times");
}

#[tokio::test]
async fn phn_20_a_silent_phone_is_asked_by_its_channel() {
    let node = Node::new().await;
    let channel = FakeChannel::new(&node, Does::Show);
    let mut phone = handset(&node);
    phone.sign_in("1001", "2001").await;
    node.clock.advance(Duration::from_secs(120));
    node.phone.tick().await;
    until("the question", async || is_waited_for(&node)).await;
    phone.get(&channel.told()[0]).await;
    node.clock.advance(Duration::from_secs(60));
    node.phone.tick().await;
    assert_eq!(node.state("1001").await, "not_ready");
    // The next time it cannot be asked.
    channel.does(Does::Refuse);
    node.clock.advance(Duration::from_secs(60));
    node.phone.tick().await;
    until("the end", async || node.state("1001").await == "signed_out").await;
}

#[tokio::test]
async fn phn_19_a_window_that_was_closed_is_shown_nothing_by_a_channel() {
    let node = Node::new().await;
    let _stop = run(&node);
    let channel = FakeChannel::new(&node, Does::Show);
    let mut phone = handset(&node);
    phone.sign_in("1001", "2001").await;
    phone.open("").await;
    node.wish("1001", Wish::Ready).await;
    node.clock.advance(Duration::from_secs(120));
    until("the end", async || node.state("1001").await == "signed_out").await;
    until("the phone is forgotten", async || locked(&node.phone.screens).count() == 0).await;
    assert_eq!(channel.told().len(), 0);
}
