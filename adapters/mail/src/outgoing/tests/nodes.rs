//! Several nodes that send from one store: each mail goes out once, whoever keeps the topic when.

use std::collections::BTreeSet;

use async_trait::async_trait;
use tokio::sync::Semaphore;

use super::*;
use crate::testing::{Copies, Server};

/// A server that takes its time over the first mail it gets.
struct Slow {
    server: Arc<Server>,
    /// Somebody came.
    came: Semaphore,
    /// They may go.
    goes_on: Semaphore,
}

#[async_trait]
impl Sending for Slow {
    fn address(&self) -> &str {
        self.server.address()
    }

    fn longest(&self, envelope: &Envelope, bytes: usize) -> Duration {
        self.server.longest(envelope, bytes)
    }

    async fn submit(&self, envelope: &Envelope, raw: &[u8], progress: &Progress) -> Submitted {
        self.came.add_permits(1);
        let _permit = self.goes_on.acquire().await.unwrap();
        self.server.submit(envelope, raw, progress).await
    }

    async fn is_sent(&self, letter: &Letter<'_>) -> Result<Option<Vec<String>>, Trouble> {
        self.server.is_sent(letter).await
    }

    async fn has_copy(&self, letter: &Letter<'_>) -> Result<bool, Trouble> {
        self.server.has_copy(letter).await
    }

    async fn file(&self, letter: &Letter<'_>, by_copies: bool) -> Result<Filed, Trouble> {
        self.server.file(letter, by_copies).await
    }
}

/// Settings by which whoever writes is told that their mail arrived.
pub(super) fn acknowledging(file: &mut serde_json::Value) {
    file["csqs"][0]["email"]["acknowledgement"] = json!({"subject": "a", "text": "b"});
    file["mail"] = json!({"acknowledgements_per_hour_max": 10_000});
}

/// So many customers are owed word that their mail arrived.
pub(super) async fn owed(mails: u32) -> World {
    let world = World::with(acknowledging).await;
    write(&world, mails).await;
    world
}

/// So many customers write.
pub(super) async fn write(world: &World, mails: u32) {
    for number in 1..=mails {
        let raw = String::from_utf8(mail(number)).unwrap();
        let raw = raw.replace("ada@", &format!("ada{number}@"));
        world.server.state().deliver(START, raw.into_bytes());
    }
    world.round().await.unwrap();
}

/// How many mails were handed over, and how many different ones.
fn handed_over(world: &World) -> (usize, usize) {
    let state = world.server.state();
    let mails: BTreeSet<_> = state.submitted.iter().map(|it| it.1.clone()).collect();
    (state.submitted.len(), mails.len())
}

#[tokio::test]
async fn mail_13_a_lease_that_moves_away_and_back_while_a_mail_is_handed_over_doubles_nothing() {
    let world = owed(3).await;
    let slow = Arc::new(Slow {
        server: Arc::clone(&world.server),
        came: Semaphore::new(0),
        goes_on: Semaphore::new(0),
    });
    let first = world.outgoing_of(world.port.clone(), Arc::clone(&slow) as _);
    first.keep_topic(Some(Instant::now() + HOUR));
    let mut mails = first.due().await.unwrap();
    let mails = mails.remove("support").unwrap();
    assert_eq!(mails.len(), 3);
    let work = {
        let first = Arc::clone(&first);
        tokio::spawn(async move { first.work("support", mails).await })
    };
    slow.came.acquire().await.unwrap().forget();
    // The first one is under way; meanwhile another node has the topic, and sends the others.
    let server = Arc::clone(&world.server);
    let second = world.outgoing_of(world.other_port(), server as _);
    due(&second).await;
    assert_eq!(handed_over(&world), (2, 2), "the one under way is not due yet");
    // The topic is the first one's again, as it never stopped to believe.
    slow.goes_on.add_permits(100);
    work.await.unwrap();
    assert_eq!(handed_over(&world), (3, 3));
    hours(&world, &first, 1).await;
    hours(&world, &second, 1).await;
    assert_eq!(handed_over(&world), (3, 3));
    assert!(world.port.mails_out_open().await.unwrap().is_empty());
}

#[tokio::test]
async fn mail_13_only_whoever_is_told_that_a_mail_is_theirs_hands_it_over() {
    let world = owed(1).await;
    let id = world.port.mails_out_open().await.unwrap()[0].id;
    let server = Arc::clone(&world.server);
    let [first, second] = [world.port.clone(), world.other_port()]
        .map(|port| world.outgoing_of(port, Arc::clone(&server) as _));
    for outgoing in [&first, &second] {
        outgoing.keep_topic(Some(Instant::now() + HOUR));
    }
    // Both saw it when its bytes were kept, and nobody was sending it.
    world.server.state().says = [refused(450, false)].into();
    first.advance(id).await;
    world.clock.advance(HOUR);
    let mail = world.port.mail_out(id).await.unwrap().unwrap();
    assert_eq!(mail.state, OutState::Prepared);
    let (mut seen_by_first, mut seen_by_second) = (mail.clone(), mail);
    let came = first.send(&mut seen_by_first, server.as_ref()).await;
    assert!(came.is_ok(), "{came:?}");
    let came = second.send(&mut seen_by_second, server.as_ref()).await;
    assert!(came.is_err(), "{came:?}");
    assert_eq!(handed_over(&world), (1, 1));
}

#[tokio::test]
async fn mail_05_nothing_is_sent_once_the_topic_is_not_surely_kept() {
    let world = owed(2).await;
    let outgoing = world.outgoing();
    outgoing.keep_topic(Some(Instant::now()));
    for (csq, mails) in outgoing.due().await.unwrap() {
        outgoing.work(&csq, mails).await;
    }
    assert_eq!(handed_over(&world), (0, 0));
    due(&outgoing).await;
    assert_eq!(handed_over(&world), (2, 2));
}

#[tokio::test]
async fn mail_05_however_many_mails_cannot_be_filed_others_are_sent() {
    // More than a page of the index has.
    let world = owed(510).await;
    let outgoing = world.outgoing();
    {
        let mut state = world.server.state();
        (state.is_sent_away, state.copies) = (true, Copies::Refused);
    }
    due(&outgoing).await;
    world.clock.advance(Duration::from_secs(60));
    due(&outgoing).await;
    assert_eq!(world.port.mails_out_open().await.unwrap().len(), 510, "they are sent, not filed");
    let raw = String::from_utf8(mail(1_000)).unwrap().replace("ada@", "ada1000@");
    world.server.state().deliver(world.port.now(), raw.into_bytes());
    world.round().await.unwrap();
    // What waits to be filed is not looked at, and holds up nothing.
    let now = world.port.mails_out_due(world.port.now()).await.unwrap();
    assert_eq!(now.len(), 1);
    due(&outgoing).await;
    assert_eq!(handed_over(&world), (511, 511));
}
