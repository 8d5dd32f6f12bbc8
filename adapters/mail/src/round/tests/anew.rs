//! Folders that are read anew after nobody could read them for a while.

use super::*;

/// What lies there now, by how many hours ago it came; all else is gone, and the numbers are others.
fn replace(world: &World, uid_validity: u32, mails: &[(i64, u32)]) {
    let now = world.port.now().seconds();
    let mut state = world.server.state();
    state.uid_validity = uid_validity;
    state.uid_next = 1;
    state.mails.clear();
    for (hours, number) in mails {
        state.deliver(Timestamp::from_seconds(now - hours * 3_600), mail(*number));
    }
}

/// Another host name, or a user with another name, as where a password is given up for tokens.
#[tokio::test]
async fn mail_15_what_came_before_a_mailbox_was_reached_by_another_name_is_fetched() {
    for (address, expected) in [("support", once(1..=4)), ("other", once([1, 4]))] {
        let world = World::new().await;
        let terms = world.terms();
        let mut folder = Folder(world.server.clone());
        world.server.state().deliver(START, mail(1));
        let mut before = world.rounds_for("support", "example\\support", terms.clone());
        before.round(&mut folder).await.unwrap();
        world.clock.advance(HOUR * 60);
        replace(&world, 7, &[(400, 9), (60, 1), (58, 2), (20, 3), (1, 4)]);
        let mut after = world.rounds_for(address, "support@example.test", terms);
        assert!(!after.round(&mut folder).await.unwrap().is_renumbered);
        assert_eq!(world.subjects().await, expected, "{address}");
        // What the search left out is noted.
        let noted = after.round(&mut folder).await.unwrap();
        assert_eq!(noted.mails, noted.too_old, "{address}");
        world.engine.abandon();
    }
}

/// The mails of a weekend are being read when the folder is made anew once more.
#[tokio::test]
async fn mail_15_a_second_renumbering_while_the_first_is_read_loses_nothing() {
    // The connection breaks before the first mail, or at the second.
    for breaks_at in [1, 2] {
        let world = World::new().await;
        world.server.state().deliver(START, mail(1));
        world.round().await.unwrap();
        world.clock.advance(HOUR * 60);
        let mails = [(58, 2), (50, 3), (20, 4), (1, 5)];
        replace(&world, 8, &mails);
        world.server.state().breaking.insert(breaks_at);
        world.round().await.unwrap_err();
        world.server.state().breaking.clear();
        world.clock.advance(HOUR);
        replace(&world, 9, &[(400, 9), (59, 2), (51, 3), (21, 4), (2, 5)]);
        assert!(world.round().await.unwrap().is_renumbered);
        assert_eq!(world.subjects().await, once(1..=5), "{breaks_at}");
        world.engine.abandon();
    }
}
