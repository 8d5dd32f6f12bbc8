//! Rules of routing, as properties of random situations.

use std::collections::BTreeSet;

use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;

use super::*;

const SKILLS: [&str; 4] = ["billing", "english", "french", "support"];

#[derive(Clone, Debug)]
struct Person {
    id: AgentId,
    skills: BTreeMap<String, u8>,
    places: usize,
    free_since: i64,
}

#[derive(Clone, Debug)]
struct Mail {
    number: u128,
    csq: String,
    since: i64,
    sticks_to: Option<AgentId>,
    not_for: BTreeSet<AgentId>,
}

#[derive(Clone, Debug)]
struct Rule {
    selection: Selection,
    skills: BTreeMap<String, u8>,
}

#[derive(Clone, Debug)]
struct Situation {
    rules: BTreeMap<String, Rule>,
    people: Vec<Person>,
    mails: Vec<Mail>,
}

fn skills(least: usize) -> impl Strategy<Value = BTreeMap<String, u8>> {
    btree_map(prop::sample::select(&SKILLS[..]).prop_map(str::to_owned), 1..=10_u8, least..4)
}

fn agent(number: u8) -> AgentId {
    format!("{}", 1_000 + u32::from(number)).parse().unwrap()
}

fn situation() -> impl Strategy<Value = Situation> {
    let selection = prop_oneof![Just(Selection::LongestAvailable), Just(Selection::MostSkilled)];
    let rule = (selection, skills(1)).prop_map(|(selection, skills)| Rule { selection, skills });
    let rules = vec(rule, 1..4).prop_map(|rules| {
        rules.into_iter().enumerate().map(|(number, rule)| (format!("q{number}"), rule)).collect()
    });
    let person = (skills(0), 1..3_usize, 0..5_i64);
    let people = vec(person, 0..8).prop_map(|people| {
        let one = |(number, (skills, places, free_since)): (usize, _)| Person {
            id: agent(u8::try_from(number).unwrap()),
            skills,
            places,
            free_since,
        };
        people.into_iter().enumerate().map(one).collect()
    });
    let mail =
        (0..4_usize, 0..5_i64, prop::option::weighted(0.2, 0..8_u8), btree_set(0..8_u8, 0..2));
    let mails = vec(mail, 0..12).prop_map(|mails| {
        let one = |(number, (csq, since, sticks_to, not_for)): (
            usize,
            (_, _, Option<u8>, BTreeSet<u8>),
        )| Mail {
            number: u128::try_from(number).unwrap(),
            csq: format!("q{csq}"),
            since,
            sticks_to: sticks_to.map(agent),
            not_for: not_for.into_iter().map(agent).collect(),
        };
        mails.into_iter().enumerate().map(one).collect()
    });
    (rules, people, mails).prop_map(|(rules, people, mails)| Situation { rules, people, mails })
}

impl Situation {
    fn routed(&self) -> Vec<(ContactId, AgentId)> {
        let queues = self.rules.iter().map(|(name, rule)| {
            (name.as_str(), QueueRule { selection: rule.selection, skills: &rule.skills })
        });
        let agents = self.people.iter().map(|person| FreeAgent {
            agent: &person.id,
            skills: &person.skills,
            places: person.places,
            free_since: Timestamp::from_seconds(person.free_since),
        });
        let waiting = self.mails.iter().map(|mail| Waiting {
            contact: ContactId(mail.number),
            csq: &mail.csq,
            since: Timestamp::from_seconds(mail.since),
            sticks_to: mail.sticks_to.as_ref(),
            not_for: &mail.not_for,
        });
        route(&queues.collect(), agents.collect(), waiting.collect())
    }

    fn may(&self, mail: &Mail, person: &Person) -> bool {
        self.rules.get(&mail.csq).is_some_and(|rule| {
            qualifies(&person.skills, &rule.skills)
                && !mail.not_for.contains(&person.id)
                && mail.sticks_to.as_ref().is_none_or(|agent| *agent == person.id)
        })
    }

    fn sum(&self, mail: &Mail, person: &Person) -> usize {
        let rule = &self.rules[&mail.csq];
        rule.skills.keys().map(|name| usize::from(person.skills[name])).sum()
    }
}

proptest! {
    #[test]
    fn rte_05_nobody_has_a_contact_twice_nor_more_than_there_is_room_for(it in situation()) {
        let routed = it.routed();
        let contacts: BTreeSet<_> = routed.iter().map(|(contact, _)| *contact).collect();
        prop_assert_eq!(contacts.len(), routed.len());
        for person in &it.people {
            let got = routed.iter().filter(|(_, agent)| *agent == person.id).count();
            prop_assert!(got <= person.places);
        }
        prop_assert_eq!(&routed, &it.routed());
    }

    #[test]
    fn rte_05_the_order_in_which_facts_come_makes_no_difference(it in situation()) {
        let mut turned = it.clone();
        turned.people.reverse();
        turned.mails.reverse();
        let set = |routed: Vec<_>| routed.into_iter().collect::<BTreeSet<_>>();
        prop_assert_eq!(set(it.routed()), set(turned.routed()));
    }

    #[test]
    fn rte_05_no_contact_waits_while_an_agent_who_may_take_it_is_free(it in situation()) {
        let routed = it.routed();
        for mail in &it.mails {
            if routed.iter().any(|(contact, _)| contact.0 == mail.number) {
                continue;
            }
            for person in &it.people {
                let got = routed.iter().filter(|(_, agent)| *agent == person.id).count();
                let is_free = got < person.places;
                prop_assert!(!(is_free && it.may(mail, person)), "{mail:?} waits, {person:?} is free");
            }
        }
    }

    #[test]
    fn rte_03_only_who_has_every_skill_at_its_minimum_gets_a_contact(it in situation()) {
        for (contact, agent) in it.routed() {
            let mail = it.mails.iter().find(|mail| mail.number == contact.0).unwrap();
            let person = it.people.iter().find(|person| person.id == agent).unwrap();
            prop_assert!(it.may(mail, person));
            let rule = &it.rules[&mail.csq];
            prop_assert!(rule.skills.iter().all(|(name, least)| person.skills[name] >= *least));
        }
    }

    /// Of one contact alone, so that who was full already is no matter.
    #[test]
    fn rte_01_and_rte_02_the_best_of_those_who_may_gets_it(it in situation()) {
        let Some(mail) = it.mails.first() else { return Ok(()) };
        let mut alone = it.clone();
        alone.mails.truncate(1);
        let routed = alone.routed();
        let may: Vec<_> = it.people.iter().filter(|person| it.may(mail, person)).collect();
        let Some((_, agent)) = routed.first() else {
            prop_assert!(may.is_empty());
            return Ok(());
        };
        let chosen = it.people.iter().find(|person| person.id == *agent).unwrap();
        let first = |person: &Person| (person.free_since, person.id.clone());
        for other in may {
            match it.rules[&mail.csq].selection {
                Selection::LongestAvailable => prop_assert!(first(chosen) <= first(other)),
                Selection::MostSkilled => {
                    let (mine, theirs) = (it.sum(mail, chosen), it.sum(mail, other));
                    let is_first = mine == theirs && first(chosen) <= first(other);
                    prop_assert!(mine > theirs || is_first || mail.sticks_to.is_some());
                }
            }
        }
    }
}

#[test]
fn rte_02_ties_fill_who_was_free_first_up_to_the_limit() {
    let wanted = BTreeMap::from([("english".to_owned(), 3)]);
    let rule = QueueRule { selection: Selection::MostSkilled, skills: &wanted };
    let equal = BTreeMap::from([("english".to_owned(), 5), ("french".to_owned(), 10)]);
    let (first, second) = (agent(1), agent(2));
    let free = |agent, seconds| FreeAgent {
        agent,
        skills: &equal,
        places: 2,
        free_since: Timestamp::from_seconds(seconds),
    };
    let none = BTreeSet::new();
    let waiting = |number: u128| Waiting {
        contact: ContactId(number),
        csq: "support",
        since: Timestamp::from_seconds(i64::try_from(number).unwrap()),
        sticks_to: None,
        not_for: &none,
    };
    let queues = BTreeMap::from([("support", rule)]);
    let routed =
        route(&queues, vec![free(&second, 20), free(&first, 10)], (1..=3).map(waiting).collect());
    let agents: Vec<_> = routed.into_iter().map(|(_, agent)| agent).collect();
    assert_eq!(agents, [first.clone(), first, second]);
}

#[test]
fn rte_03_a_csq_without_a_skill_has_nobody() {
    let skills = BTreeMap::from([("english".to_owned(), 10)]);
    assert!(!qualifies(&skills, &BTreeMap::new()));
    assert!(qualifies(&skills, &BTreeMap::from([("english".to_owned(), 10)])));
}
