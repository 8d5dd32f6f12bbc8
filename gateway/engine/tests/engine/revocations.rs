//! What was revoked, as a node that starts hears of it.

use std::sync::Arc;
use std::time::Duration;

use domain::{Command, IdentityCommand, Input, InputId, Revoked};
use engine::testing::{ManualClock, PlainAuthenticator, engine_at};
use store::{MemoryStore, Store};

use crate::START;

#[tokio::test]
async fn ids_05_a_node_that_starts_hears_of_all_revocations_also_of_many_with_one_end() {
    const COUNT: usize = 1_100;
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let clock = Arc::new(ManualClock::new(START));
    let first = engine_at("gw-a.example", Arc::clone(&store), Arc::clone(&clock) as _, 1).await;
    let ends_at = START.after(Duration::from_secs(3_600));
    let token = |at: usize| Revoked::Token(format!("{at:040}"));
    for (at, later) in
        (0..COUNT).map(|at| (at, Duration::ZERO)).chain([(COUNT, Duration::from_secs(1))])
    {
        let (what, ends_at) = (token(at), ends_at.after(later));
        let command = IdentityCommand::Revoke { what, ends_at, client_id: None };
        let input = Input::command(InputId::new("test", at), Command::Identity(command));
        first.submit(input).await.unwrap();
    }
    let second = engine_at("gw-b.example", store, clock, 2).await;
    let port = second.port(Arc::new(PlainAuthenticator));
    let missed = (0..=COUNT).filter(|at| !port.is_revoked(&token(*at))).count();
    assert_eq!(missed, 0);
    first.abandon();
    second.abandon();
}
