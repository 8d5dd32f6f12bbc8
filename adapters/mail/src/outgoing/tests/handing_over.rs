//! Submissions that take long, are cut, or end in the middle: what is known of them is not lost.

use async_trait::async_trait;
use engine::testing::UnsteadyStore;
use tokio::sync::Semaphore;

use super::*;
use crate::testing::Server;

/// A server that keeps a mail waiting for ever, before its last byte or after it; it may have the mail then.
struct Tarpit {
    server: Arc<Server>,
    is_whole: bool,
    has_it: bool,
    longest: Duration,
    /// Somebody came.
    came: Semaphore,
}

impl Tarpit {
    fn of(world: &World, is_whole: bool, longest: Duration) -> Arc<Self> {
        let server = Arc::clone(&world.server);
        Arc::new(Self { server, is_whole, has_it: false, longest, came: Semaphore::new(0) })
    }
}

/// The node dies while it hands a mail over, which the server has in full; or has got nothing of.
pub(super) async fn die_sending(world: &World, has_it: bool) {
    let server = Arc::clone(&world.server);
    let came = Semaphore::new(0);
    let tarpit = Arc::new(Tarpit { server, is_whole: has_it, has_it, longest: HOUR, came });
    let outgoing = world.outgoing_of(world.port.clone(), Arc::clone(&tarpit) as _);
    let work = tokio::spawn(async move { due(&outgoing).await });
    tarpit.came.acquire().await.unwrap().forget();
    work.abort();
    assert!(work.await.unwrap_err().is_cancelled());
}

#[async_trait]
impl Sending for Tarpit {
    fn address(&self) -> &str {
        self.server.address()
    }

    fn longest(&self, _: &Envelope, _: usize) -> Duration {
        self.longest
    }

    async fn submit(&self, envelope: &Envelope, raw: &[u8], progress: &Progress) -> Submitted {
        if self.is_whole {
            progress.whole();
        }
        if self.has_it {
            self.server.submit(envelope, raw, progress).await;
        }
        self.came.add_permits(1);
        std::future::pending().await
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

#[tokio::test]
async fn mail_05_a_mail_that_is_cut_before_its_end_was_surely_not_sent() {
    for is_whole in [false, true] {
        let world = World::new().await;
        let out = answered(&world, AnswerMode::Reply).await;
        let tarpit = Tarpit::of(&world, is_whole, Duration::from_millis(20));
        let outgoing = world.outgoing_of(world.port.clone(), tarpit);
        due(&outgoing).await;
        let mail = world.port.mail_out(out).await.unwrap().unwrap();
        let is_unclear = matches!(mail.state, OutState::Unknown { .. });
        assert_eq!((is_unclear, mail.proof.unclear > 0), (is_whole, is_whole), "{mail:?}");
        assert!(is_whole || mail.state == OutState::Prepared, "{mail:?}");
    }
}

/// Whoever asks what became of a mail asks no sooner than its submission is over, however long that may take.
#[tokio::test]
async fn mail_13_another_node_waits_for_as_long_as_a_submission_may_take() {
    let world = World::new().await;
    let out = answered(&world, AnswerMode::Reply).await;
    let tarpit = Tarpit::of(&world, true, HOUR);
    let outgoing = world.outgoing_of(world.port.clone(), Arc::clone(&tarpit) as _);
    let work = tokio::spawn(async move { due(&outgoing).await });
    tarpit.came.acquire().await.unwrap().forget();
    world.clock.advance(HOUR - Duration::from_secs(1));
    let second = world.outgoing_of(world.other_port(), Arc::clone(&world.server) as _);
    due(&second).await;
    assert!(matches!(state(&world, out).await, OutState::Sending { .. }));
    assert!(world.server.state().submitted.is_empty());
    world.clock.advance(Duration::from_secs(60));
    due(&second).await;
    assert!(!matches!(state(&world, out).await, OutState::Sending { .. }));
    work.abort();
}

#[tokio::test]
async fn mail_13_a_node_that_stops_leaves_what_it_had_not_handed_over_to_the_next_at_once() {
    let world = World::new().await;
    let out = answered(&world, AnswerMode::Reply).await;
    let tarpit = Tarpit::of(&world, false, HOUR);
    let outgoing = world.outgoing_of(world.port.clone(), Arc::clone(&tarpit) as _);
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(outgoing.run(stopped));
    tarpit.came.acquire().await.unwrap().forget();
    stop.send_replace(true);
    running.await.unwrap();
    let mail = world.port.mail_out(out).await.unwrap().unwrap();
    assert_eq!((&mail.state, mail.proof.unclear), (&OutState::Prepared, 0));
    let second = world.outgoing_of(world.other_port(), Arc::clone(&world.server) as _);
    due(&second).await;
    assert_eq!(world.server.state().submitted.len(), 1);
}

/// A server that takes each mail while the store of the node that sends it takes nothing any more.
struct Unkept {
    server: Arc<Server>,
    store: Arc<UnsteadyStore>,
}

#[async_trait]
impl Sending for Unkept {
    fn address(&self) -> &str {
        self.server.address()
    }

    fn longest(&self, envelope: &Envelope, bytes: usize) -> Duration {
        self.server.longest(envelope, bytes)
    }

    async fn submit(&self, envelope: &Envelope, raw: &[u8], progress: &Progress) -> Submitted {
        self.store.take_nothing(true);
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

#[tokio::test]
async fn mail_13_what_a_server_said_is_told_to_the_store_until_that_takes_it() {
    let (world, store) = World::unsteady(|_| {}).await;
    let out = answered(&world, AnswerMode::Reply).await;
    let unkept = Unkept { server: Arc::clone(&world.server), store: Arc::clone(&store) };
    let outgoing = world.outgoing_of(world.port.clone(), Arc::new(unkept));
    let comes_back = async {
        while world.server.state().submitted.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // Longer than whoever only repeats what is busy tries.
        tokio::time::sleep(Duration::from_millis(400)).await;
        store.take_nothing(false);
    };
    tokio::join!(due(&outgoing), comes_back);
    let mail = world.port.mail_out(out).await.unwrap().unwrap();
    assert!(matches!(mail.state, OutState::Accepted { .. }), "{:?}", mail.state);
    assert_eq!((mail.tries, mail.proof.unclear), (1, 0));
}

#[tokio::test]
async fn mail_13_a_node_that_stops_waits_for_no_store() {
    let (world, store) = World::unsteady(|_| {}).await;
    answered(&world, AnswerMode::Reply).await;
    let unkept = Unkept { server: Arc::clone(&world.server), store };
    let outgoing = world.outgoing_of(world.port.clone(), Arc::new(unkept));
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(outgoing.run(stopped));
    while world.server.state().submitted.is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stop.send_replace(true);
    let ended = tokio::time::timeout(Duration::from_secs(30), running).await;
    ended.expect("it waits for the store").unwrap();
}
