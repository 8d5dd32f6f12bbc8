//! Rounds over a node in memory: each mail is one contact, whatever breaks off.

mod anew;
mod broken;

use std::collections::BTreeMap;
use std::time::Duration;

use domain::mail::{Aside, Disposition};
use domain::{Input, MailNotice, Timestamp};

use super::*;
use crate::testing::{Folder, HOUR, START, World, mail, until_crash};

/// Each subject once.
fn once(numbers: impl IntoIterator<Item = u32>) -> BTreeMap<String, usize> {
    numbers.into_iter().map(|number| (format!("mail {number}"), 1)).collect()
}

#[tokio::test]
async fn mail_01_new_mails_become_contacts_and_nothing_is_read_twice() {
    let world = World::new().await;
    for number in 1..=3 {
        world.server.state().deliver(START, mail(number));
    }
    assert_eq!(world.round().await.unwrap().mails, 3);
    assert_eq!(world.subjects().await, once(1..=3));
    let contacts = world.contacts().await;
    let first = contacts.iter().find(|it| it.subject == "mail 1").unwrap();
    assert_eq!(first.customer.address, "ada@customer.test");
    let blob = first.mail.blob.clone().unwrap();
    assert_eq!(world.port.blob(&blob).await.unwrap(), Some(mail(1)));
    let bytes = world.server.state().fetched_bytes;
    assert_eq!(world.round().await.unwrap().mails, 0);
    assert_eq!(world.server.state().fetched_bytes, bytes, "nothing was fetched again");
    world.server.state().deliver(START, mail(4));
    assert_eq!(world.round().await.unwrap().mails, 1);
    assert_eq!(world.subjects().await, once(1..=4));
}

/// The first rows of the table of crashes: whatever was done when a node dies, the next one makes it whole.
#[tokio::test]
async fn mail_01_a_crash_at_any_point_of_a_round_leaves_each_mail_one_contact() {
    let mut points = 0;
    for polls in 1.. {
        let mut world = World::new().await;
        for number in 1..=3 {
            world.server.state().deliver(START, mail(number));
        }
        let done = {
            let mut rounds = world.rounds_of(world.terms());
            let mut folder = Folder(world.server.clone());
            until_crash(polls, rounds.round(&mut folder)).await
        };
        world.fail_over();
        world.round().await.unwrap();
        assert_eq!(world.subjects().await, once(1..=3), "after {polls} steps");
        world.engine.abandon();
        points = polls;
        if done.is_some() {
            break;
        }
    }
    assert!(points > 8, "a round has many points at which it may end, not {points}");
}

#[tokio::test]
async fn mail_01_a_server_that_goes_away_at_any_point_loses_and_doubles_nothing() {
    for answers in 0.. {
        let world = World::new().await;
        let big = [mail(9), vec![b'x'; 1_100_000]].concat();
        for raw in [mail(1), big, mail(3)] {
            world.server.state().deliver(START, raw);
        }
        world.server.state().answers_left = Some(answers);
        let is_whole = world.round().await.is_ok();
        world.server.state().answers_left = None;
        world.round().await.unwrap();
        assert_eq!(world.subjects().await, once([1, 3, 9]), "after {answers} answers");
        world.engine.abandon();
        if is_whole {
            assert!(answers >= 5);
            return;
        }
    }
}

#[tokio::test]
async fn mail_01_the_same_mail_under_another_number_is_no_second_contact() {
    let world = World::new().await;
    world.server.state().deliver(START, mail(1));
    let traced = [b"Received: from elsewhere\r\n".as_slice(), &mail(1)].concat();
    let again = world.server.state().deliver(START, traced);
    // The same id and another text is another mail.
    let mut other = mail(1);
    other.extend_from_slice(b"and more\r\n");
    world.server.state().deliver(START, other);
    world.round().await.unwrap();
    assert_eq!(world.subjects().await, BTreeMap::from([("mail 1".to_owned(), 2)]));
    let seen = world.port.mail_seen("support", "INBOX", 7, again).await.unwrap().unwrap();
    let is_either =
        matches!(seen.disposition, Disposition::Duplicate { .. } | Disposition::Contact { .. });
    assert!(is_either, "{seen:?}");
}

/// They are kept side by side, on a store that takes its time.
#[tokio::test]
async fn mail_01_two_copies_of_one_mail_in_one_batch_are_one_contact_that_opens() {
    let folder = std::env::temp_dir().join(format!("jackfield-copies-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let world = World::in_file(&folder.join("store.db")).await;
    let copy = |number, from: &str| {
        [format!("Received: from {from}\r\n").as_bytes(), &mail(number)].concat()
    };
    for number in 1..=8 {
        for from in ["one", "two"] {
            world.server.state().deliver(START, copy(number, from));
        }
    }
    assert_eq!(world.round().await.unwrap().mails, 16);
    assert_eq!(world.subjects().await, once(1..=8));
    for contact in world.contacts().await {
        let kept = world.port.blob(contact.mail.blob.as_deref().unwrap()).await;
        let kept = kept.unwrap_or_else(|error| panic!("{}: {error}", contact.subject)).unwrap();
        assert!(String::from_utf8_lossy(&kept).contains(&contact.subject));
    }
    // The mailbox goes on.
    world.server.state().deliver(START, copy(1, "three"));
    world.server.state().deliver(START, mail(9));
    assert_eq!(world.round().await.unwrap().mails, 2);
    assert_eq!(world.subjects().await, once(1..=9));
    world.engine.abandon();
    let _ = std::fs::remove_dir_all(&folder);
}

#[tokio::test]
async fn mail_01_another_uidvalidity_is_read_anew_and_doubles_nothing() {
    let world = World::new().await;
    for number in 1..=3 {
        world.server.state().deliver(START, mail(number));
    }
    world.round().await.unwrap();
    {
        let mut state = world.server.state();
        state.uid_validity = 8;
        state.uid_next = 1;
        state.mails.clear();
        for number in [3, 4, 1] {
            state.deliver(START, mail(number));
        }
    }
    assert!(world.round().await.unwrap().is_renumbered);
    assert_eq!(world.subjects().await, once(1..=4));
    assert!(!world.round().await.unwrap().is_renumbered);
}

/// The server was moved over a weekend, and kept the times of what came to it meanwhile.
#[tokio::test]
async fn mail_15_what_came_before_a_renumbering_that_nobody_could_see_is_fetched() {
    let world = World::new().await;
    world.server.state().deliver(START, mail(1));
    world.round().await.unwrap();
    world.clock.advance(HOUR * 60);
    let ago = |hours: i64| Timestamp::from_seconds(world.port.now().seconds() - hours * 3_600);
    {
        let mut state = world.server.state();
        state.uid_validity = 8;
        state.uid_next = 1;
        state.mails.clear();
        state.deliver(ago(400), mail(9));
        state.deliver(START, mail(1));
        for (hours, number) in [(58, 2), (20, 3), (1, 4)] {
            state.deliver(ago(hours), mail(number));
        }
    }
    let done = world.round().await.unwrap();
    assert!(done.is_renumbered);
    // What is older than all that was dealt with stays what it was.
    assert_eq!(world.subjects().await, once(1..=4));
    assert!(!world.round().await.unwrap().is_renumbered);
}

#[tokio::test]
async fn mail_01_a_folder_restored_from_a_backup_hides_no_new_mail_behind_an_old_number() {
    let world = World::new().await;
    for number in 1..=6 {
        world.server.state().deliver(START, mail(number));
    }
    world.round().await.unwrap();
    {
        let mut state = world.server.state();
        // As it was after two mails; another one gets a number that the ledger has.
        state.mails.retain(|uid, _| *uid <= 2);
        state.uid_next = 3;
        state.deliver(START, mail(7));
    }
    assert!(world.round().await.unwrap().is_renumbered);
    assert_eq!(world.subjects().await, once(1..=7));
    world.server.state().deliver(START, mail(8));
    assert!(!world.round().await.unwrap().is_renumbered);
    assert_eq!(world.subjects().await, once(1..=8));
}

#[tokio::test]
async fn mail_01_a_lower_number_that_comes_to_light_later_is_read() {
    let world = World::new().await;
    world.server.state().uid_next = 10;
    world.server.state().deliver(START, mail(1));
    world.round().await.unwrap();
    world.server.state().mails.insert(8, (START, mail(2)));
    world.round().await.unwrap();
    assert_eq!(world.subjects().await, once(1..=2));
}

#[tokio::test]
async fn mail_01_a_mail_that_cannot_be_fetched_becomes_a_contact_that_says_so_and_holds_up_nothing()
{
    let world = World::new().await;
    for number in 1..=3 {
        world.server.state().deliver(START, mail(number));
    }
    world.server.state().withheld.insert(2);
    let mut rounds = world.rounds_of(world.terms());
    let mut folder = Folder(world.server.clone());
    assert_eq!(rounds.round(&mut folder).await.unwrap().behind, 1);
    assert_eq!(world.subjects().await, once([1, 3]));
    assert_eq!(rounds.round(&mut folder).await.unwrap().behind, 1);
    assert_eq!(rounds.round(&mut folder).await.unwrap().behind, 0);
    let contacts = world.contacts().await;
    let notices: Vec<_> = contacts.iter().filter_map(|it| it.notice).collect();
    assert_eq!((contacts.len(), notices), (3, vec![MailNotice::CannotFetch]));
    rounds.round(&mut folder).await.unwrap();
    assert_eq!(world.contacts().await.len(), 3);
}

#[tokio::test]
async fn mail_07_a_mail_that_is_too_large_becomes_a_contact_that_says_so() {
    let world = World::new().await;
    let huge = [mail(1), b"x".repeat(4 * 1024 * 1024)].concat();
    world.server.state().deliver(START, huge.clone());
    world.round().await.unwrap();
    let contacts = world.contacts().await;
    let [contact] = contacts.as_slice() else { panic!("{contacts:?}") };
    assert_eq!(contact.notice, Some(MailNotice::TooLarge));
    assert_eq!((contact.subject.as_str(), contact.mail.bytes), ("mail 1", huge.len() as u64));
    let blob = world.port.blob(contact.mail.blob.as_ref().unwrap()).await.unwrap().unwrap();
    assert_eq!(blob, huge[..256 * 1024]);
}

#[tokio::test]
async fn mail_15_the_snapshot_age_bounds_the_first_reading_and_older_mails_are_listed() {
    let world = World::new().await;
    let ago = |hours: i64| Timestamp::from_seconds(START.seconds() - hours * 3_600);
    for (number, hours) in [(1, 400), (2, 3), (3, 1)] {
        world.server.state().deliver(ago(hours), mail(number));
    }
    assert_eq!(world.round().await.unwrap().too_old, 1);
    assert_eq!(world.subjects().await, once([3]));
    let seen = world.port.mail_seen("support", "INBOX", 7, 2).await.unwrap().unwrap();
    assert_eq!(seen.disposition, Disposition::TooOld);
}

#[tokio::test]
async fn mail_15_what_arrives_during_an_outage_of_any_length_is_fetched() {
    let world = World::new().await;
    world.server.state().deliver(START, mail(1));
    world.round().await.unwrap();
    let at = START.after(HOUR);
    world.server.state().deliver(at, mail(2));
    world.clock.advance(Duration::from_secs(40 * 86_400));
    world.round().await.unwrap();
    assert_eq!(world.subjects().await, once(1..=2));
}

#[tokio::test]
async fn mail_15_an_outage_in_the_first_reading_moves_no_bound() {
    let world = World::new().await;
    world.server.state().deliver(START, mail(1));
    // The folder is opened and searched, and the server is gone.
    world.server.state().answers_left = Some(2);
    world.round().await.unwrap_err();
    world.server.state().answers_left = None;
    world.clock.advance(HOUR * 30);
    world.round().await.unwrap();
    assert_eq!(world.subjects().await, once([1]));
}

#[tokio::test]
async fn mail_15_where_the_site_wants_it_older_mails_are_left_out_later_too() {
    let world = World::new().await;
    let terms = Terms { is_strict: true, ..world.terms() };
    world.round_of(terms.clone()).await.unwrap();
    world.server.state().deliver(START.after(HOUR), mail(1));
    world.clock.advance(HOUR * 5);
    world.server.state().deliver(START.after(HOUR * 4), mail(2));
    assert_eq!(world.round_of(terms).await.unwrap().too_old, 1);
    assert_eq!(world.subjects().await, once([2]));
    let seen = world.port.mail_seen("support", "INBOX", 7, 1).await.unwrap().unwrap();
    assert_eq!(seen.disposition, Disposition::TooOld);
}

#[tokio::test]
async fn mail_14_another_folder_is_read_from_its_snapshot_and_contacts_of_the_old_one_stay() {
    let world = World::new().await;
    for number in 1..=2 {
        world.server.state().deliver(START, mail(number));
    }
    world.round().await.unwrap();
    world.clock.advance(HOUR * 10);
    {
        let mut state = world.server.state();
        state.uid_validity = 99;
        state.uid_next = 1;
        state.mails.clear();
        // One was moved there by hand, and one lies there for long.
        state.deliver(START.after(HOUR * 9), mail(2));
        state.deliver(START.after(HOUR), mail(5));
        state.deliver(START.after(HOUR * 9), mail(6));
    }
    let mut terms = world.terms();
    let manner = Manner { folder: "Other".to_owned(), ..terms.manner.as_ref().clone() };
    terms.manner = Arc::new(manner);
    assert!(!world.round_of(terms).await.unwrap().is_renumbered);
    assert_eq!(world.subjects().await, once([1, 2, 6]));
}

#[tokio::test]
async fn mail_01_many_mails_are_read_in_one_round_and_the_cursor_follows() {
    let world = World::new().await;
    for number in 1..=450 {
        world.server.state().deliver(START, mail(number));
    }
    assert_eq!(world.round().await.unwrap().mails, 450);
    assert_eq!(world.subjects().await, once(1..=450));
    let cursor = world.port.mail_cursor("support", "INBOX").await.unwrap().unwrap();
    assert_eq!(cursor.uid_next, 451);
}

const DAY: Duration = Duration::from_secs(86_400);

/// How many rows of the ledger there are of that folder.
async fn rows(world: &World) -> usize {
    world.port.mails_seen("support", "INBOX", 7, 0, u32::MAX).await.unwrap().len()
}

#[tokio::test]
async fn mail_01_the_ledger_outlives_its_contacts_and_is_bounded() {
    let world = World::new().await;
    let deliver = |range: std::ops::Range<u32>| {
        for number in range {
            world.server.state().deliver(world.port.now(), mail(number));
        }
    };
    deliver(0..150);
    // The same again, and one that says that something unknown did not arrive.
    let again = world.server.state().deliver(world.port.now(), mail(3));
    world.round().await.unwrap();
    assert_eq!(rows(&world).await, 151);
    let seen = world.port.mail_seen("support", "INBOX", 7, again).await.unwrap().unwrap();
    assert!(matches!(seen.disposition, Disposition::Duplicate { .. }), "{seen:?}");
    // All of it is old, and lies where the next round looks: nothing is forgotten, and nothing comes back.
    world.clock.advance(DAY * 61);
    world.engine.forget_ledger().await.unwrap();
    assert_eq!(rows(&world).await, 151);
    assert_eq!(world.round().await.unwrap().mails, 0);
    // Behind 300 others it is looked at by no round any more.
    deliver(200..500);
    world.round().await.unwrap();
    assert_eq!(rows(&world).await, 451);
    world.engine.forget_ledger().await.unwrap();
    assert_eq!(rows(&world).await, 300, "those that are young stay");
    assert_eq!(world.round().await.unwrap().mails, 0);
    world.clock.advance(DAY * 61);
    world.engine.forget_ledger().await.unwrap();
    assert_eq!(rows(&world).await, 200, "as many as are looked at again");
    assert_eq!(world.round().await.unwrap().mails, 0);
    assert_eq!(world.subjects().await, once((0..150).chain(200..500)));
}

#[tokio::test]
async fn mail_01_a_contact_that_was_forgotten_does_not_come_back() {
    let world = World::new().await;
    world.server.state().deliver(START, mail(1));
    world.round().await.unwrap();
    end(&world).await;
    assert_eq!(world.contacts().await.len(), 1);
    world.clock.advance(DAY * 3_651);
    let contacts = world.contacts().await.iter().map(|it| it.id).collect();
    let forget = domain::Command::ForgetContacts { before: world.port.now(), contacts };
    let input = Input::command(InputId::new("forget", 1), forget);
    world.port.submit(input).await.unwrap();
    assert_eq!(world.contacts().await.len(), 0);
    // It lies on the server still, with the number that was read last; and once more, as after a renumbering.
    assert_eq!(world.round().await.unwrap().mails, 0);
    world.server.state().deliver(world.port.now(), mail(1));
    world.round().await.unwrap();
    assert_eq!(world.contacts().await.len(), 0, "the mail is known though its contact is not");
}

/// An agent is done with the only contact.
async fn end(world: &World) {
    use domain::{Command, ContactCommand, ContactWish, DeskCommand, DeskWish};
    let agent: domain::AgentId = "1001".parse().unwrap();
    let submit = async |name: &str, command| {
        let input = Input::command(InputId::new("end", name), command);
        assert!(matches!(world.port.submit(input).await.unwrap(), engine::Outcome::Done(_)));
    };
    let _browser = world.port.connect_desk(&agent).unwrap();
    for (name, wish) in
        [("in", DeskWish::SignIn { has_extension: false }), ("ready", DeskWish::Ready)]
    {
        let desk = DeskCommand { agent: agent.clone(), desk: None, wish };
        submit(name, Command::Desk(desk)).await;
    }
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    let contact = loop {
        let contacts = world.port.open_contacts();
        if let Some(contact) = contacts.iter().find(|it| it.agent().is_some()) {
            break contact.id;
        }
        assert!(tokio::time::Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let wish = ContactWish::Discard;
    submit("discard", Command::Contact(ContactCommand { contact, by: Some(agent), wish })).await;
}

/// Mails of another mailbox bear the numbers of the first one's, and some of its Message-IDs do too.
#[tokio::test]
async fn mail_01_two_mailboxes_of_one_uidvalidity_hide_and_flood_nothing() {
    let world = World::new().await;
    let ago = |hours: i64| Timestamp::from_seconds(START.seconds() - hours * 3_600);
    let terms = world.terms();
    let mailbox = |mails: &[(i64, u32)]| {
        let mut state = world.server.state();
        state.uid_next = 1;
        state.mails.clear();
        for (hours, number) in mails {
            state.deliver(ago(*hours), mail(*number));
        }
    };
    let round = async |account: &str| {
        let mut rounds = world.rounds_at(account, terms.clone());
        rounds.round(&mut Folder(world.server.clone())).await.unwrap()
    };
    mailbox(&[(1, 1), (1, 2), (1, 3)]);
    round("first").await;
    // As many numbers as the first one had, and more.
    mailbox(&[(400, 11), (3, 12), (1, 13), (1, 14)]);
    assert!(!round("second").await.is_renumbered);
    assert_eq!(world.subjects().await, once([1, 2, 3, 13, 14]));
    // What the search left out is noted, then the same again finds nothing; what comes later is one contact.
    let noted = round("second").await;
    assert_eq!((noted.mails, noted.too_old), (1, 1));
    assert_eq!(round("second").await.mails, 0);
    world.server.state().deliver(START, mail(15));
    round("second").await;
    // And back: what the first one has is known by what it says.
    mailbox(&[(1, 1), (1, 2), (1, 3), (1, 4)]);
    round("first").await;
    assert_eq!(world.subjects().await, once([1, 2, 3, 4, 13, 14, 15]));
}

#[tokio::test]
async fn mail_01_a_cursor_of_an_older_program_is_taken_over_once() {
    let world = World::new().await;
    let ago = Timestamp::from_seconds(START.seconds() - 400 * 3_600);
    for number in 1..=3 {
        world.server.state().deliver(START, mail(number));
    }
    world.round().await.unwrap();
    let cursor = world.port.mail_cursor("support", "INBOX").await.unwrap().unwrap();
    let mut written = serde_json::to_value(&cursor).unwrap();
    for name in ["account", "address", "mark", "first_uid_next", "older_left"] {
        written.as_object_mut().unwrap().remove(name);
    }
    let old: MailCursor = serde_json::from_value(written).unwrap();
    assert_eq!((old.account.as_ref(), old.mark, old.first_uid_next), (None, 0, None));
    let id = InputId::new("mail_cursor", "older");
    world.port.submit(Input::report(id, Report::MailCursorMoved(old))).await.unwrap();
    let bytes = world.server.state().fetched_bytes;
    world.server.state().deliver(ago, mail(4));
    assert!(!world.round().await.unwrap().is_renumbered);
    assert_eq!(world.server.state().fetched_bytes, bytes + mail(4).len(), "it goes on");
    assert_eq!(world.subjects().await, once(1..=4));
    let taken = world.port.mail_cursor("support", "INBOX").await.unwrap().unwrap();
    assert_eq!((taken.account, taken.first_uid_next), (cursor.account, Some(4)));
    assert_eq!(taken.address, cursor.address);
}

/// Moving, restoring and releasing a mail keeps the time at which it came to the server.
#[tokio::test]
async fn mail_15_a_mail_that_is_moved_there_later_counts_whatever_time_it_bears() {
    let world = World::new().await;
    let ago = |hours: i64| Timestamp::from_seconds(START.seconds() - hours * 3_600);
    world.server.state().deliver(ago(400), mail(1));
    world.server.state().deliver(ago(3), mail(2));
    let done = world.round().await.unwrap();
    assert_eq!((done.too_old, world.contacts().await.len()), (1, 0));
    world.server.state().deliver(ago(400), mail(3));
    assert_eq!(world.round().await.unwrap().mails, 2, "and the one that lay there is noted");
    assert_eq!(world.subjects().await, once([3]));
}

#[tokio::test]
async fn mail_15_what_is_moved_there_while_the_first_reading_is_broken_off_counts_too() {
    let world = World::new().await;
    let ago = |hours: i64| Timestamp::from_seconds(START.seconds() - hours * 3_600);
    world.server.state().deliver(ago(400), mail(1));
    world.server.state().deliver(ago(1), mail(2));
    world.server.state().answers_left = Some(2);
    world.round().await.unwrap_err();
    world.server.state().answers_left = None;
    world.server.state().deliver(ago(400), mail(3));
    // So many come after it that it lies behind what is looked at again.
    for number in 100..400 {
        world.server.state().deliver(START, mail(number));
    }
    world.round().await.unwrap();
    world.round().await.unwrap();
    assert_eq!(world.subjects().await, once([2, 3].into_iter().chain(100..400)));
}

#[tokio::test]
async fn mail_15_a_mail_server_whose_clock_is_wrong_hides_no_later_mail() {
    for skew in [-3 * 3_600, 3 * 3_600] {
        let world = World::new().await;
        let there = |world: &World| Timestamp::from_seconds(world.port.now().seconds() + skew);
        world.round().await.unwrap();
        for number in 1..=3 {
            let at = there(&world);
            world.server.state().deliver(at, mail(number));
            world.round().await.unwrap();
            world.clock.advance(HOUR);
        }
        assert_eq!(world.subjects().await, once(1..=3), "{skew} s");
        world.engine.abandon();
    }
}

#[tokio::test]
async fn mail_15_mails_that_became_no_contact_are_listed_and_those_left_out_counted() {
    let world = World::new().await;
    let ago = |hours: i64| Timestamp::from_seconds(START.seconds() - hours * 3_600);
    for number in 1..=500 {
        world.server.state().deliver(ago(400), mail(number));
    }
    for (hours, number) in [(3, 501), (1, 502), (1, 502)] {
        world.server.state().deliver(ago(hours), mail(number));
    }
    let report = "From: mailer-daemon@x.test\r\nSubject: undelivered\r\nContent-Type: message/delivery-status\r\n\r\n\
                  Final-Recipient: rfc822; eve@x.test\r\nAction: failed\r\n";
    world.server.state().deliver(START, report.into());
    world.round().await.unwrap();
    assert_eq!(world.subjects().await, once([502]));
    let cursor = world.port.mail_cursor("support", "INBOX").await.unwrap().unwrap();
    assert_eq!(cursor.older_left, Some(500));
    let listed = async |aside| {
        let count = world.port.mails_aside_count("support", aside, 10).await.unwrap();
        let mails = world.port.mails_aside("support", aside, None, 10).await.unwrap();
        assert_eq!(mails.len(), count);
        mails
    };
    assert_eq!(listed(Aside::TooOld).await[0].uid, 501);
    let duplicates = listed(Aside::Duplicate).await;
    assert_eq!(duplicates[0].from, "ada@customer.test");
    assert_eq!(duplicates[0].subject, "mail 502");
    assert_eq!(listed(Aside::Parked).await[0].subject, "undelivered");
    assert_eq!(listed(Aside::Bounce).await.len(), 0);
    assert!(world.port.mails_aside("other", Aside::Parked, None, 10).await.unwrap().is_empty());
}

/// A customer asks what a bounce that they got means: nothing that they say may get lost.
#[tokio::test]
async fn mail_01_a_bounce_that_a_customer_passes_on_is_a_contact() {
    let world = World::new().await;
    for (number, kind) in
        ["message/delivery-status", "message/disposition-notification"].into_iter().enumerate()
    {
        let raw = format!(
            "Message-ID: <p{number}@customer.test>\r\nFrom: ada@customer.test\r\nSubject: what is this\r\n\
             Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nI got this.\r\n--b\r\n\
             Content-Type: {kind}\r\n\r\nFinal-Recipient: rfc822; eve@x.test\r\nAction: failed\r\n--b--\r\n"
        );
        world.server.state().deliver(START, raw.into_bytes());
    }
    world.round().await.unwrap();
    let contacts = world.contacts().await;
    assert_eq!(contacts.len(), 2);
    assert!(contacts.iter().all(|it| !it.automatic && it.mail.blob.is_some()));
}
