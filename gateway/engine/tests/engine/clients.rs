//! Desktop clients that come, move and stay away.

use std::time::Duration;

use domain::{
    Client, Command, Input, InputId, Reply, Report, SessionRef, SignIn, SignInOn, SignedOut, Status,
};
use engine::testing::{PlainAuthenticator, engine_on};
use engine::{ClientConnection, Outcome, Port};

use crate::{Bench, key, sign_in};

impl Bench {
    fn port(&self) -> Port {
        self.engine.port(std::sync::Arc::new(PlainAuthenticator))
    }

    fn connect(&self) -> ClientConnection {
        self.port().connect_client(&key("1001")).unwrap()
    }

    /// Signs in over that connection, or over none.
    async fn sign_in_over(&mut self, connection: Option<&ClientConnection>) -> SessionRef {
        let on = connection.map_or(SignInOn::Local, |connection| SignInOn::Client {
            connection: connection.number(),
        });
        let wish = SignIn { on, ..sign_in("1001", "2001") };
        match self.submit(Command::SignIn(Box::new(wish))).await {
            Outcome::Done(Reply::SignedIn { session }) => session,
            other => panic!("{other:?}"),
        }
    }

    async fn until(&self, wanted: impl Fn(&Status) -> bool) {
        let mut watch = self.port().watch(&key("1001"));
        let waiting = watch.wait_for(|it| it.as_ref().is_some_and(|it| wanted(&it.status)));
        tokio::time::timeout(Duration::from_secs(30), waiting).await.unwrap().unwrap();
    }

    async fn until_connected(&self, connection: &ClientConnection) {
        let client = Client::at(self.engine.node().clone(), connection.number());
        self.until(|status| client_of(status) == Some(&client)).await;
    }

    async fn until_unavailable(&self) {
        self.until(is_unavailable).await;
    }

    async fn is_signed_in(&self) -> bool {
        let session = self.engine.session_of(&key("1001")).await.unwrap();
        session.is_some_and(|session| session.signed_in().is_some())
    }

    /// Moves the clock, and gives all that is due then the time to be done.
    async fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
}

fn client_of(status: &Status) -> Option<&Client> {
    let Status::SignedIn(signed_in) = status else { return None };
    signed_in.client.as_ref()
}

fn is_unavailable(status: &Status) -> bool {
    client_of(status).is_some_and(|client| client.unavailable_since().is_some())
}

#[tokio::test(start_paused = true)]
async fn dsk_03_a_client_that_goes_is_told_and_signed_out_after_a_minute() {
    let mut bench = Bench::new().await;
    let connection = bench.connect();
    let session = bench.sign_in_over(Some(&connection)).await;
    connection.speak_for(session);
    bench.until_connected(&connection).await;
    drop(connection);
    bench.until_unavailable().await;
    bench.pass(59).await;
    assert!(bench.is_signed_in().await);
    bench.pass(1).await;
    bench
        .until(|status| match status {
            Status::SignedOut(SignedOut { reason, .. }) => reason.is_some_and(|it| it.0 == 255),
            _ => false,
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn dsk_03_a_client_that_returns_in_time_is_not_signed_out() {
    let mut bench = Bench::new().await;
    let first = bench.connect();
    let session = bench.sign_in_over(Some(&first)).await;
    drop(first);
    bench.until_unavailable().await;
    bench.pass(59).await;
    let second = bench.connect();
    second.speak_for(session);
    bench.until_connected(&second).await;
    bench.pass(600).await;
    assert!(bench.is_signed_in().await);
}

#[tokio::test(start_paused = true)]
async fn dsk_03_a_client_that_comes_and_goes_at_once_is_told_as_both() {
    let mut bench = Bench::new().await;
    let session = bench.sign_in_over(None).await;
    let connection = bench.connect();
    connection.speak_for(session);
    drop(connection);
    bench.until_unavailable().await;
}

/// Nobody says that the clients of a process that was killed are gone but the next one of its name.
#[tokio::test(start_paused = true)]
async fn dsk_03_a_node_that_starts_anew_tells_that_its_clients_are_gone() {
    let mut bench = Bench::new().await;
    let connection = bench.connect();
    bench.sign_in_over(Some(&connection)).await;
    bench.until_connected(&connection).await;
    bench.engine.abandon();
    bench.engine = engine_on(bench.store.clone(), bench.clock.clone(), 2).await;
    bench.until_unavailable().await;
}

#[tokio::test(start_paused = true)]
async fn dsk_04_the_newest_connection_of_a_node_stands_for_all() {
    let mut bench = Bench::new().await;
    let first = bench.connect();
    let session = bench.sign_in_over(Some(&first)).await;
    first.speak_for(session);
    let second = bench.connect();
    second.speak_for(session);
    bench.until_connected(&second).await;
    // The older one goes: nothing changes. The newer one goes: the older one is still there.
    drop(first);
    let third = bench.connect();
    third.speak_for(session);
    bench.until_connected(&third).await;
    drop(third);
    bench.until_connected(&second).await;
    bench.pass(600).await;
    assert!(bench.is_signed_in().await);
    drop(second);
    bench.until_unavailable().await;
}

/// A client that signs in again over the same connection is there all along, and what spoke for the session
/// before has no say.
#[tokio::test(start_paused = true)]
async fn dsk_04_an_old_client_has_no_say_in_a_new_session() {
    let mut bench = Bench::new().await;
    let (old, new) = (bench.connect(), bench.connect());
    let session = bench.sign_in_over(Some(&old)).await;
    old.speak_for(session);
    let session = bench.sign_in_over(Some(&new)).await;
    new.speak_for(session);
    bench.until_connected(&new).await;
    drop(old);
    let session = bench.sign_in_over(Some(&new)).await;
    new.speak_for(session);
    bench.pass(600).await;
    assert!(bench.is_signed_in().await);
    bench.until_connected(&new).await;
}

/// A node that others took for gone has its clients still.
#[tokio::test(start_paused = true)]
async fn dsk_03_a_client_that_others_took_for_gone_is_told_again() {
    let mut bench = Bench::new().await;
    let connection = bench.connect();
    let session = bench.sign_in_over(Some(&connection)).await;
    // The adapter did not wait for the answer, and does not tell for whom it speaks.
    bench.pass(0).await;
    let report = Report::NodeGone {
        agent: key("1001"),
        session,
        node: bench.engine.node().clone(),
        heir: "gw-b.example".parse().unwrap(),
    };
    let input = Input::report(InputId::new("test", "gone"), report);
    bench.engine.submit(input).await.unwrap();
    let kept = bench.engine.document(&domain::Key::session(&key("1001"))).await.unwrap().unwrap();
    let domain::Document::Session(kept) = kept.document else { panic!("{kept:?}") };
    assert!(is_unavailable(&kept.status), "{kept:?}");
    bench.until_connected(&connection).await;
}
