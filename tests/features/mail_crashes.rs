//! A node that reads mails or sends answers is killed again and again: no mail is lost, and none is there twice.
//!
//! Beside it are real mail servers, which stay. `JACKFIELD_ROUNDS` is how often the node is killed in each test, 3 unless
//! it says otherwise; each kill comes at another moment, in turn between what the node does. Counted is where it matters:
//! in the store, and in the mailboxes of the customer and of the queue.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::mail_site::{CUSTOMER, SUPPORT, Site};

const ROUNDS: usize = 3;
/// How many mails are read for each kill, 201 in all where nobody asks for more.
const MAILS_A_KILL: usize = 67;
/// How many answers are sent for each kill.
const ANSWERS_A_KILL: usize = 3;

fn rounds() -> usize {
    let asked = std::env::var("JACKFIELD_ROUNDS");
    asked.map_or(ROUNDS, |rounds| rounds.parse().expect("JACKFIELD_ROUNDS is a number"))
}

/// Subjects in the order in which they are sorted.
fn subjects(name: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{name} {number:04}")).collect()
}

/// Moments that differ from round to round, up to `milliseconds` after something.
fn moment(round: usize, milliseconds: u64) -> Duration {
    // The golden ratio spreads them evenly, however many there are.
    let part = (u64::try_from(round).unwrap() + 1) * 618 % 1_000;
    Duration::from_millis(milliseconds * part / 1_000)
}

fn sorted(documents: &[Value], member: &str) -> Vec<String> {
    let members = documents.iter().map(|it| it[member].as_str().unwrap().to_owned());
    let mut members: Vec<_> = members.collect();
    members.sort();
    members
}

fn sending(mail: &Value) -> bool {
    mail["state"]["state"] == "sending"
}

fn is_to_be_sent(mail: &Value) -> bool {
    let state = mail["state"]["state"].as_str();
    matches!(state, Some("queued" | "prepared" | "sending"))
}

#[test]
fn mail_01_a_node_that_is_killed_while_it_reads_has_each_mail_once() {
    let Some(mut site) = Site::start("mail-ingest") else { return };
    let (begun, rounds) = (Instant::now(), rounds());
    let mails = subjects("Order", rounds * MAILS_A_KILL);
    let count = mails.len();
    let mut in_between = 0;
    for (round, mails) in mails.chunks(MAILS_A_KILL).enumerate() {
        let before = site.count("contact");
        site.deliver(mails.iter().cloned());
        // Once it reads them.
        site.until("a first mail", || (site.count("contact") > before).then_some(()));
        std::thread::sleep(moment(round, 150));
        site.kill();
        in_between += usize::from(site.count("contact") < before + mails.len());
        site.start_again();
    }
    // What is read after all of them has them behind it.
    site.deliver(["Last".to_owned()]);
    let mut expected = mails;
    expected.insert(0, "Last".to_owned());
    site.until("every mail", || (site.count("contact") >= expected.len()).then_some(()));
    assert_eq!(sorted(&site.documents("contact"), "subject"), expected);
    assert_eq!(site.subjects(SUPPORT, ""), expected, "mails stay where they are");
    println!(
        "{count} mails read through {rounds} kill -9, {in_between} in the middle of reading: 0 lost, 0 doubled, in {:.0} s",
        begun.elapsed().as_secs_f64()
    );
}

#[test]
fn mail_13_a_node_that_is_killed_while_it_sends_sends_each_answer_once() {
    let Some(mut site) = Site::start("mail-sending") else { return };
    let (begun, rounds) = (Instant::now(), rounds());
    let questions = subjects("Question", rounds * ANSWERS_A_KILL);
    site.deliver(questions.iter().cloned());
    site.sit_down();
    let (mut answered, mut in_between): (Vec<String>, _) = (Vec::new(), 0);
    for round in 0..rounds {
        let wanted = (round + 1) * ANSWERS_A_KILL;
        site.until("something to answer", || {
            let more = site.answer_all(&answered);
            answered.extend(more);
            (answered.len() >= wanted).then_some(())
        });
        // Once one is handed over, unless they all are.
        site.until("a mail on its way", || {
            let mails = site.documents("mail_out");
            (mails.iter().any(sending) || mails.iter().all(|mail| !is_to_be_sent(mail)))
                .then_some(())
        });
        std::thread::sleep(moment(round, 250));
        site.kill();
        in_between += usize::from(site.documents("mail_out").iter().any(sending));
        site.start_again();
        site.sit_down();
    }
    site.until("the last question", || {
        let more = site.answer_all(&answered);
        answered.extend(more);
        (answered.len() >= questions.len()).then_some(())
    });
    answered.sort();
    assert_eq!(answered, questions, "each was answered once by its agent");
    // What ended unclear too often is back with its agent, who looks whether the customer has it.
    let mut judged = 0;
    site.until("every answer among the sent ones", || {
        judged += site.answer_what_is_missing();
        let is_open = |mail: &Value| !matches!(mail["state"]["state"].as_str(), Some("failed"));
        let filed = |mail: &Value| mail["state"]["is_filed"] == true;
        let mails = site.documents("mail_out");
        let is_done = mails.iter().filter(|mail| is_open(mail)).all(filed);
        (is_done && site.subjects(CUSTOMER, "").len() >= questions.len()).then_some(())
    });
    let taken = site.submissions();
    // Copies that came late leave the inbox too.
    site.until("an inbox without answers", || {
        (site.subjects(SUPPORT, "").len() == questions.len()).then_some(())
    });
    let answers: Vec<_> = questions.iter().map(|question| format!("Re: {question}")).collect();
    assert_eq!(site.subjects(CUSTOMER, ""), answers, "what the customer has");
    assert_eq!(site.subjects(SUPPORT, "Sent Items"), answers, "what is filed");
    assert_eq!(site.subjects(SUPPORT, ""), questions, "the customer's mails stay");
    assert_eq!(sorted(&site.documents("contact"), "subject"), questions, "no answer is a contact");
    println!(
        "{} answers sent through {rounds} kill -9, {in_between} in the middle of sending, {taken} taken by the mail \
         server, {judged} given back as unclear: 0 lost, 0 doubled, in {:.0} s",
        questions.len(),
        begun.elapsed().as_secs_f64()
    );
}
