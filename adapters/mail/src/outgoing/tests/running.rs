//! The task itself, as it looks for mails and begins jobs: what does not go on costs nothing meanwhile.

use domain::Key;
use engine::testing::UnsteadyStore;

use super::nodes::{acknowledging, write};
use super::*;

/// More than a look or two reads, and a small part of what is read without a pause in the time that is watched.
const LOADS_MAX: u64 = 60;
const WATCHED: Duration = Duration::from_millis(1_500);

/// Customers are owed word that their mail arrived.
async fn owing(mails: u32) -> (World, Arc<UnsteadyStore>, Vec<ContactId>) {
    let (world, store) = World::unsteady(acknowledging).await;
    write(&world, mails).await;
    let open = world.port.mails_out_open().await.unwrap();
    (world, store, open.into_iter().map(|mail| mail.id).collect())
}

/// How often the store is read while something is seen to be stuck.
async fn loads(store: &UnsteadyStore) -> u64 {
    let before = store.loads();
    tokio::time::sleep(WATCHED).await;
    store.loads() - before
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so().await {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn mail_05_a_mail_that_cannot_be_read_holds_up_no_other_and_is_not_read_on_and_on() {
    let (world, store, ids) = owing(3).await;
    store.has_newer(Key::mail_out(ids[0]));
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(world.outgoing().run(stopped));
    until("the others go out", async || world.server.state().submitted.len() == 2).await;
    let loads = loads(&store).await;
    assert!(loads < LOADS_MAX, "{loads}");
    stop.send_replace(true);
    running.await.unwrap();
}

#[tokio::test]
async fn mail_05_a_store_that_takes_nothing_is_not_asked_on_and_on() {
    let (world, store, ids) = owing(3).await;
    store.take_nothing(true);
    let outgoing = world.outgoing();
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(Arc::clone(&outgoing).run(stopped));
    until("they wait", async || ids.iter().all(|id| outgoing.is_held(*id))).await;
    let loads = loads(&store).await;
    assert!(loads < LOADS_MAX, "{loads}");
    assert!(world.server.state().submitted.is_empty());
    store.take_nothing(false);
    // What waits is looked at once its pause is over, and what was done is a reason to look at once.
    world.clock.advance(Duration::from_secs(60));
    until("they go out", async || world.server.state().submitted.len() == 3).await;
    stop.send_replace(true);
    running.await.unwrap();
}
