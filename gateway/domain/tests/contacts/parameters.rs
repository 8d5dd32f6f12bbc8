//! Channel parameters with emails, and who gets them: changes reach what comes after them (CCP-09), a call and a
//! line have no say in it (RTE-04), the skills alone do (RTE-07).

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{
    AgentId, AgentKey, Command, ContactWish, DeskWish, Document, ReasonCode, Refusal, SignIn,
    SignInOn, SignedOutBy, VoiceState, Wish,
};
use proptest::prelude::*;

use super::world::{Came, World, agent, arrived};

fn sign_in(world: &mut World, who: u8, has_extension: bool) {
    world.desk(who, DeskWish::SignIn { has_extension });
    world.desk(who, DeskWish::Ready);
}

/// The agent signs in to a line.
fn sign_in_to_line(world: &mut World, who: u8) {
    let command = Command::SignIn(Box::new(SignIn {
        agent: AgentKey::owned(agent(who)),
        extension: format!("200{who}").parse().unwrap(),
        device: None,
        mobile: None,
        on: SignInOn::Local,
        node: "gw-a.example".parse().unwrap(),
        verifier: None,
        follows: None,
    }));
    assert_eq!(world.command(command), Came::Done);
}

fn voice(world: &World, who: u8) -> Option<VoiceState> {
    world.documents().find_map(|document| match document {
        Document::Session(session) if session.agent.id == agent(who) => {
            session.signed_in().map(|it| it.voice.as_ref().unwrap().state)
        }
        _ => None,
    })
}

/// Who has which mail of `support` in hand, by its number there.
fn in_hand(world: &World) -> BTreeMap<u32, AgentId> {
    let contacts = world.contacts().into_iter();
    contacts.filter_map(|it| Some((it.mail.ledger.uid, it.agent()?.clone()))).collect()
}

#[test]
fn ccp_09_fewer_emails_for_each_agent_take_none_away_and_more_come_at_once() {
    let mut world = World::new();
    sign_in(&mut world, 0, false);
    for uid in 1..=4 {
        world.mail(arrived("support", uid, 1));
    }
    world.route();
    assert_eq!(in_hand(&world).len(), 2);
    world.channels(|channels| channels.emails_per_agent = 1);
    world.route();
    assert_eq!(in_hand(&world).len(), 2, "what an agent has stays");
    world.answer(world.contact_by_uid(1).id);
    world.route();
    assert_eq!(
        in_hand(&world).into_keys().collect::<Vec<_>>(),
        [2],
        "no more than one from now on"
    );
    world.channels(|channels| channels.emails_per_agent = 3);
    world.route();
    assert_eq!(in_hand(&world).into_keys().collect::<Vec<_>>(), [2, 3, 4]);
}

#[test]
fn ccp_09_a_changed_sticky_time_reaches_contacts_that_come_after_it() {
    let mut world = World::new();
    sign_in(&mut world, 0, false);
    world.mail(arrived("support", 1, 1));
    world.route();
    let first = world.contact_by_uid(1);
    world.answer(first.id);
    world.desk(0, DeskWish::SignOut { reason: None, by: SignedOutBy::Agent });
    let next = |uid| {
        let mut mail = arrived("support", uid, 1);
        mail.answers = first.mail.message_id.clone().into_iter().collect();
        mail
    };
    world.mail(next(2));
    world.channels(|channels| channels.sticky_email_hours = 1);
    world.mail(next(3));
    let until = |world: &World, uid| world.contact_by_uid(uid).sticky.unwrap().until;
    let hours = |count: u64| world.now.after(Duration::from_secs(count * 3_600));
    assert_eq!((until(&world, 2), until(&world, 3)), (hours(4), hours(1)));
    // After an hour the later one is anybody's, and the earlier one waits still.
    sign_in(&mut world, 1, false);
    world.pass(Duration::from_secs(3_601));
    world.all_due();
    sign_in(&mut world, 1, false);
    world.route();
    assert_eq!(in_hand(&world), BTreeMap::from([(3, agent(1))]));
}

#[test]
fn rte_04_the_state_for_emails_and_that_for_calls_change_apart() {
    let mut world = World::new();
    sign_in_to_line(&mut world, 0);
    sign_in(&mut world, 0, true);
    let before = voice(&world, 0).unwrap();
    assert!(
        matches!(before, VoiceState::NotReady { .. }),
        "ready for emails is not ready for calls"
    );
    world.mail(arrived("support", 1, 1));
    world.route();
    assert_eq!(
        in_hand(&world),
        BTreeMap::from([(1, agent(0))]),
        "not ready for calls blocks no email"
    );
    assert_eq!(voice(&world, 0), Some(before), "an email changes nothing of voice");
    world.desk(0, DeskWish::NotReady { reason: None });
    assert_eq!(voice(&world, 0), Some(before));
    world.voice(0, Wish::Ready);
    assert!(matches!(voice(&world, 0), Some(VoiceState::Ready)));
    let desk = &world.desks()[0];
    assert_eq!(
        desk.signed_in().unwrap().state.name(),
        "not_ready",
        "ready for calls is not for emails"
    );
    // Whoever signs out of the desk stays at the phone.
    world.desk(0, DeskWish::SignOut { reason: None, by: SignedOutBy::Agent });
    assert!(matches!(voice(&world, 0), Some(VoiceState::Ready)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn rte_07_an_agent_gets_emails_as_the_skills_give_beside_voice_or_without(
        skills in prop::collection::vec((0..11_u8, 0..11_u8, any::<bool>()), 4),
    ) {
        let mut world = World::new();
        for (who, (english, billing, has_line)) in (0..).zip(&skills) {
            world.skills(who, &[("english", *english), ("billing", *billing)]);
            if *has_line {
                sign_in_to_line(&mut world, who);
            }
            sign_in(&mut world, who, *has_line);
        }
        for uid in 1..=8 {
            world.mail(arrived("support", uid, 1));
        }
        world.route();
        let in_hand = in_hand(&world);
        for (who, (english, ..)) in (0..).zip(&skills) {
            // `support` asks for English at 3 or above; who has it is filled up, and nobody else gets any.
            let wanted = if *english >= 3 { 2 } else { 0 };
            let has = in_hand.values().filter(|it| **it == agent(who)).count();
            prop_assert_eq!(has, wanted, "agent {}", who);
        }
    }
}

#[test]
fn rte_07_whoever_has_skills_for_chats_alone_gets_no_email_nor_is_given_one() {
    let mut world = World::new();
    world.chat_queue("talk", "talking");
    world.skills(0, &[("talking", 9)]);
    sign_in(&mut world, 0, false);
    world.mail(arrived("support", 1, 1));
    world.route();
    assert_eq!(in_hand(&world), BTreeMap::new());
    let contact = world.contact_by_uid(1).id;
    let came = world.contact(contact, None, ContactWish::Assign { agent: agent(0) });
    assert!(matches!(came, Came::Refused(_)), "{came:?}");
}

#[test]
fn ccp_10_a_teams_own_reasons_hold_at_the_desk_as_at_the_phone() {
    let mut world = World::new();
    world.teams(&[(0, "red"), (1, "blue")]);
    world.reason_of_team(7, "red");
    for who in [0, 1] {
        sign_in_to_line(&mut world, who);
        sign_in(&mut world, who, true);
    }
    let reason = Some(ReasonCode(7));
    assert_eq!(world.desk(0, DeskWish::NotReady { reason }), Came::Done);
    let refused = |came| matches!(came, Came::Refused(Refusal::ReasonUnknown { .. }));
    assert!(refused(world.desk(1, DeskWish::NotReady { reason })));
    // Whoever changes the team has its reasons from then on, for emails and for calls.
    world.teams(&[(1, "red")]);
    assert_eq!(world.desk(1, DeskWish::NotReady { reason }), Came::Done);
    world.voice(1, Wish::NotReady(reason));
    assert_eq!(voice(&world, 1), Some(VoiceState::NotReady { reason }));
}
