//! Views for reporting tools: they count what reports count, and a role that may read them reads nothing else.

use std::collections::BTreeMap;

use domain::report::{AgentWork, EmailReport, QueueWork, Seconds};
use domain::settings::{Agent, SettingDocument, Skill};
use domain::{Contact, ContactId, Decision, Document, Key, Timestamp, Write, WriteBody};
use serde_json::{Value, json};
use store::{PostgresStore, Store};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Row};

use super::{database, open, session};
use crate::cases::{commit, empty};

/// The guide with what an operator types.
const GUIDE: &str = include_str!("../../../../../packaging/docs/operating.md");

/// What an operator types to make the role.
fn documented() -> String {
    let (_, behind) = GUIDE.split_once("### Reports read from the database").expect("a section");
    let (_, behind) = behind.split_once("```sql\n").expect("statements");
    let (statements, _) = behind.split_once("```").expect("their end");
    statements.replace("DATABASE jackfield", "DATABASE reports")
}

/// Numbers that look random and are always the same.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }
}

/// A contact as the life of one leaves it.
fn contact(numbers: &mut Numbers, number: u128) -> Contact {
    let micros = |numbers: &mut Numbers, most: u64| i64::try_from(numbers.below(most)).unwrap();
    let arrived = 1_780_000_000_000_000 + micros(numbers, 86_400_000_000);
    let mut now = arrived;
    let mut legs = Vec::new();
    for _ in 0..numbers.below(4) {
        let from = now + micros(numbers, 100_000_000);
        // A clock that was set back ends something before it began.
        now = from - 1_000 + micros(numbers, 500_000_000);
        let end = numbers.one_of(&["requeued", "signed_out", "lost", "reassigned", "closed"]);
        let (agent, csq) =
            (numbers.one_of(&["1001", "1002"]), numbers.one_of(&["support", "staff"]));
        let mut leg = json!({"agent": agent, "csq": csq, "from": from, "ended": [now, end]});
        // Programs before noted nothing of how.
        if end == "closed" && numbers.below(2) == 0 {
            leg["closing"] = json!(numbers.one_of(&["replied", "forwarded", "discarded"]));
        }
        legs.push(leg);
    }
    let mut place = json!({"state": "queued"});
    if let Some(last) = legs.last_mut() {
        let agent = last["agent"].clone();
        match numbers.below(3) {
            0 => {
                let since = last["from"].clone();
                last.as_object_mut().unwrap().remove("ended");
                place = json!({"state": "active", "agent": agent, "since": since});
            }
            1 => {
                last["ended"][1] = json!("closed");
                let how = numbers.one_of(&["replied", "forwarded", "discarded"]);
                place = json!({"state": "closed", "at": now, "how": how, "agent": agent});
            }
            _ => {}
        }
    }
    let id = ContactId(number);
    let mut told = json!({
        "id": id, "channel": "email", "csq": numbers.one_of(&["support", "staff"]),
        "routed_csq": numbers.one_of(&["support", "staff"]), "conversation": id,
        "customer": {"address": "planted-customer@example.test", "name": "planted-customer"},
        "subject": "planted-subject", "arrived_at": arrived, "waiting_since": arrived,
        "automatic": numbers.below(4) == 0, "terms": "x", "legs": legs, "notice": null,
        "mail": {
            "blob": null, "bytes": 1, "message_id": null, "received_at": arrived, "is_plain_text": true,
            "ledger": {"csq": "support", "folder": "INBOX", "uid_validity": 1, "uid": 1, "identity": "x"},
        },
    });
    told.as_object_mut().unwrap().extend(place.as_object().unwrap().clone());
    serde_json::from_value(told).unwrap()
}

async fn write(store: &PostgresStore, input: &str, documents: Vec<(Key, Document)>) {
    let write = |(key, document)| Write { key, body: WriteBody::Put(document) };
    let writes = documents.into_iter().map(write).collect();
    commit(store, input, Decision { writes, ..empty() }).await;
}

/// 300 contacts and two agents in the store.
async fn fill(store: &PostgresStore) -> Vec<Contact> {
    let mut numbers = Numbers(7);
    let contacts: Vec<_> = (1..=300).map(|number| contact(&mut numbers, number)).collect();
    for (round, some) in contacts.chunks(50).enumerate() {
        let documents =
            some.iter().map(|it| (Key::contact(it.id), Document::Contact(Box::new(it.clone()))));
        write(store, &format!("contacts {round}"), documents.collect()).await;
    }
    let agent = |id: &str, name: Option<&str>| {
        SettingDocument::Agent(Agent {
            id: id.parse().unwrap(),
            name: name.map(str::to_owned),
            team: name.map(|_| "Support".parse().unwrap()),
            pair: None,
            alias: None,
            skills: BTreeMap::new(),
            origin: None,
            extension: None,
            roles: Vec::new(),
            password_hash: Some("planted-hash".to_owned()),
            pin_hash: None,
        })
    };
    let skill =
        SettingDocument::Skill(Skill { name: "planted-setting".to_owned(), description: None });
    let settings = [agent("1001", Some("Ann")), agent("1002", None), skill];
    let settings = settings.into_iter().map(|it| (it.key(), Document::Setting(Box::new(it))));
    write(store, "settings", settings.collect()).await;
    contacts
}

fn number(row: &Row, name: &str) -> u64 {
    u64::try_from(row.get::<_, i64>(name)).unwrap()
}

fn seconds(row: &Row, name: &str) -> Seconds {
    Seconds {
        count: number(row, &format!("{name}_count")),
        total: number(row, &format!("{name}_total_seconds")),
        longest: number(row, &format!("{name}_longest_seconds")),
    }
}

/// Sums of hours as an outside tool makes them.
const QUEUES: &str = "
    SELECT csq, sum(arrived)::int8 AS arrived, sum(automatic)::int8 AS automatic, sum(replied)::int8 AS replied,
           sum(forwarded)::int8 AS forwarded, sum(discarded)::int8 AS discarded, sum(waiting)::int8 AS waiting,
           sum(in_hand)::int8 AS in_hand, sum(first_wait_count)::int8 AS first_wait_count,
           sum(first_wait_total_seconds)::int8 AS first_wait_total_seconds,
           max(first_wait_longest_seconds) AS first_wait_longest_seconds,
           sum(lasting_count)::int8 AS lasting_count, sum(lasting_total_seconds)::int8 AS lasting_total_seconds,
           max(lasting_longest_seconds) AS lasting_longest_seconds
    FROM jackfield_report.email_csq_activity GROUP BY csq";
const PAIRS: &str = "
    SELECT csq, agent, sum(assigned)::int8 AS assigned, sum(replied)::int8 AS replied,
           sum(forwarded)::int8 AS forwarded, sum(discarded)::int8 AS discarded, sum(requeued)::int8 AS requeued,
           sum(taken)::int8 AS taken, sum(in_hand)::int8 AS in_hand, sum(handling_count)::int8 AS handling_count,
           sum(handling_total_seconds)::int8 AS handling_total_seconds,
           max(handling_longest_seconds) AS handling_longest_seconds
    FROM jackfield_report.email_agent_activity GROUP BY csq, agent";

async fn counted(client: &Client) -> EmailReport {
    let mut report = EmailReport::default();
    for row in client.query(QUEUES, &[]).await.unwrap() {
        let work = QueueWork {
            arrived: number(&row, "arrived"),
            automatic: number(&row, "automatic"),
            replied: number(&row, "replied"),
            forwarded: number(&row, "forwarded"),
            discarded: number(&row, "discarded"),
            waiting: number(&row, "waiting"),
            in_hand: number(&row, "in_hand"),
            first_wait: seconds(&row, "first_wait"),
            lasting: seconds(&row, "lasting"),
        };
        report.queues.insert(row.get("csq"), work);
    }
    for row in client.query(PAIRS, &[]).await.unwrap() {
        let work = AgentWork {
            assigned: number(&row, "assigned"),
            replied: number(&row, "replied"),
            forwarded: number(&row, "forwarded"),
            discarded: number(&row, "discarded"),
            requeued: number(&row, "requeued"),
            taken: number(&row, "taken"),
            in_hand: number(&row, "in_hand"),
            handling: seconds(&row, "handling"),
        };
        let agent = row.get::<_, String>("agent").parse().unwrap();
        report.pairs.insert((row.get("csq"), agent), work);
    }
    report
}

/// A session of the role that the guide makes.
async fn reporting(url: &str) -> Client {
    session(&url.replace("user=postgres", "user=jackfield_reporting")).await
}

#[tokio::test]
async fn rpt_03_views_of_the_database_count_what_reports_count() {
    let Some(options) = database("reports_counted") else { return };
    let store = open(&options).await;
    let contacts = fill(&store).await;
    let client = session(&options.url).await;
    let mut expected = EmailReport::default();
    contacts.iter().for_each(|it| expected.add(it));
    let told = counted(&client).await;
    assert_eq!(told.queues, expected.queues);
    assert_eq!(told.pairs, expected.pairs);
    assert!(expected.pairs.values().all(|it| it.replied > 0 && it.taken > 0 && it.in_hand > 0));
    // Each mail stands once, with its time, and is found by it.
    let first = contacts.iter().min_by_key(|it| it.arrived_at).unwrap();
    let text = "SELECT contact, (extract(epoch FROM arrived_at) * 1000000)::int8
                FROM jackfield_report.email_contact ORDER BY arrival";
    let rows = client.query(text, &[]).await.unwrap();
    let micros = first.arrived_at.microseconds();
    assert_eq!((rows.len(), rows[0].get::<_, String>(0)), (300, first.id.to_string()));
    assert_eq!(Timestamp::from_microseconds(rows[0].get(1)), Timestamp::from_microseconds(micros));
    let after = format!("{:020}", micros + 1);
    let text = "SELECT count(*) FROM jackfield_report.email_leg WHERE arrival < $1";
    let legs: i64 = client.query_one(text, &[&after]).await.unwrap().get(0);
    assert_eq!(usize::try_from(legs).unwrap(), first.legs.len());
    let rows = client.query("SELECT agent, name, team FROM jackfield_report.agent ORDER BY 1", &[]);
    let rows: Vec<_> =
        rows.await.unwrap().iter().map(|it| (it.get(0), it.get(1), it.get(2))).collect();
    let told: [(String, String, Option<String>); 2] = [
        ("1001".into(), "Ann".into(), Some("Support".into())),
        ("1002".into(), "1002".into(), None),
    ];
    assert_eq!(rows, told);
    store.close().await;
}

#[tokio::test]
async fn rpt_03_a_role_as_the_guide_makes_it_reads_the_views_and_nothing_else() {
    let Some(options) = database("reports") else { return };
    let store = open(&options).await;
    fill(&store).await;
    session(&options.url).await.batch_execute(&documented()).await.unwrap();
    let client = reporting(&options.url).await;
    assert!(!counted(&client).await.queues.is_empty());
    let all =
        client.query("SELECT row_to_json(c)::text FROM jackfield_report.email_contact c", &[]);
    for row in all.await.unwrap() {
        let told: String = row.get(0);
        assert!(!told.contains("planted"), "{told}");
        assert!(serde_json::from_str::<Value>(&told).unwrap()["routed_csq"].is_string());
    }
    // Whatever it sets in its session.
    client.batch_execute("SET default_transaction_read_only = off").await.unwrap();
    let tables = session(&options.url).await;
    let tables =
        tables.query("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'", &[]);
    let tables: Vec<String> = tables.await.unwrap().iter().map(|it| it.get(0)).collect();
    assert!(tables.len() > 8, "{tables:?}");
    let refused = async |text: &str| {
        let error = client.batch_execute(text).await.expect_err(text);
        assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{text}: {error}");
    };
    for table in &tables {
        refused(&format!("SELECT 1 FROM public.{table}")).await;
        refused(&format!("DELETE FROM public.{table}")).await;
    }
    for view in
        ["email_contact", "email_leg", "email_csq_activity", "email_agent_activity", "agent"]
    {
        client.batch_execute(&format!("SELECT 1 FROM jackfield_report.{view}")).await.unwrap();
        refused(&format!("DROP VIEW jackfield_report.{view}")).await;
    }
    refused("CREATE TABLE jackfield_report.own (n int)").await;
    refused("CREATE VIEW jackfield_report.own AS SELECT 1").await;
    // A function of its own, which costs nothing and would be asked first, is shown no row of others.
    let nosy = "
        CREATE TEMPORARY TABLE seen (text text);
        CREATE FUNCTION pg_temp.nosy(told text) RETURNS boolean LANGUAGE plpgsql COST 0.0001
            AS $$ BEGIN INSERT INTO seen VALUES (told); RETURN true; END $$;
        SELECT * FROM jackfield_report.agent WHERE pg_temp.nosy(agent) AND pg_temp.nosy(name);
        SELECT * FROM jackfield_report.email_contact WHERE pg_temp.nosy(contact)";
    client.batch_execute(nosy).await.unwrap();
    let seen = client.query("SELECT DISTINCT text FROM seen", &[]).await.unwrap();
    assert_eq!(seen.len(), 300 + 3, "contacts, two ids of agents and one name");
    // The gateway writes on while a tool reads.
    client.batch_execute("BEGIN; SELECT 1 FROM jackfield_report.email_contact").await.unwrap();
    commit(&store, "meanwhile", super::write("a")).await;
    client.batch_execute("COMMIT").await.unwrap();
    store.close().await;
}
