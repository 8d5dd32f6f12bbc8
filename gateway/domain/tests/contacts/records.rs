//! Records of contacts that ended, promised to the site's own systems (CTX-02).

use domain::mail::OutState;
use domain::{ContactWish, Ending};

use crate::ready;
use crate::world::{World, agent, arrived};

#[test]
fn ctx_02_a_contact_that_ends_owes_its_record_once() {
    let mut world = World::new();
    ready(&mut world, 0);
    world.mail(arrived("support", 1, 1));
    world.mail(arrived("support", 2, 2));
    world.route();
    world.answer(world.contact_by_uid(1).id);
    let other = world.contact_by_uid(2);
    world.contact(other.id, other.agent(), ContactWish::Discard);
    assert_eq!(world.promises("customer_record"), 2);
    world.contact(other.id, Some(&agent(0)), ContactWish::Discard);
    assert_eq!(world.promises("customer_record"), 2);
}

#[test]
fn ctx_02_a_contact_that_comes_back_and_ends_again_owes_another_record() {
    let mut world = World::new();
    ready(&mut world, 0);
    world.mail(arrived("support", 1, 1));
    world.route();
    let contact = world.contact_by_uid(1);
    world.answer(contact.id);
    let closed = world.contact_by_uid(1);
    let reason = "550 no such user".to_owned();
    let (first, before) = (Ending::of(&closed), Ending { count: None, ..Ending::of(&closed) });
    assert!(first.holds(&closed) && before.holds(&closed));
    let failed = OutState::Failed { at: world.now, reason, is_unclear: false, settled: 0 };
    world.out(closed.answer.unwrap(), failed);
    // While it goes on there is nothing to tell.
    let open = world.contact_by_uid(1);
    assert!(!open.is_closed() && !first.holds(&open) && !before.holds(&open));
    world.route();
    world.contact(contact.id, Some(&agent(0)), ContactWish::Discard);
    let again = world.contact_by_uid(1);
    assert!(again.is_closed() && !first.holds(&again) && Ending::of(&again).holds(&again));
    let owed = world.promised("customer_record");
    assert_eq!(owed, [format!("{}.1", contact.id), format!("{}.2", contact.id)]);
    let read: Vec<_> = owed.iter().map(|it| it.parse()).collect();
    assert_eq!(read, [Ok(first), Ok(Ending::of(&again))]);
    assert_eq!(contact.id.to_string().parse(), Ok(before));
    for wrong in ["", ".1", "x.1", &format!("{}.", contact.id), &format!("{}.-1", contact.id)] {
        assert!(wrong.parse::<Ending>().is_err(), "{wrong}");
    }
}
