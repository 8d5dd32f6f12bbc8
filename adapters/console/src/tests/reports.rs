//! Reports over the routes: what they count, who sees what of it, pages, tables, and what is refused.

pub(crate) mod mails;

use domain::Role;
use http::Method;
use serde_json::{Value, json};

use self::mails::Mails;
use crate::operations;
use crate::testing::{Ask, Place, administrator, agent_person, person, supervisor};

const AGENTS: &str = "/api/v1/reports/email-agent-activity";
const QUEUES: &str = "/api/v1/reports/email-csq-activity";
const PAIRS: &str = "/api/v1/reports/email-csq-agent-summary";

fn reader() -> domain::Principal {
    person("wallboard", &[Role::Report], &[])
}

/// The members of those names of each row.
fn rows(page: &Value, names: &[&str]) -> Vec<Value> {
    let items = page["items"].as_array().unwrap_or_else(|| panic!("{page}"));
    let row = |item: &Value| names.iter().map(|name| item[name].clone()).collect();
    items.iter().map(row).collect()
}

#[tokio::test]
async fn rpt_01_reports_tell_what_became_of_mails_and_who_did_it() {
    let mails = Mails::told().await;
    let place = &mails.place;
    let page = place.get(QUEUES, administrator()).await.json();
    let names = ["csq", "arrived", "automatic", "discarded", "replied", "waiting", "in_hand"];
    assert_eq!(
        rows(&page, &names),
        [json!(["staff", 1, 0, 0, 0, 1, 0]), json!(["support", 2, 1, 2, 0, 0, 0])]
    );
    let names =
        ["csq", "first_wait_mean_seconds", "first_wait_longest_seconds", "lasting_mean_seconds"];
    assert_eq!(rows(&page, &names)[1], json!(["support", 79, 99, 204]));
    assert_eq!((&page["total"], &page["next"]), (&json!(2), &Value::Null));
    assert_eq!(page["to"], "2027-01-15T08:10:00Z");
    assert_eq!(page["from"], "2027-01-08T08:10:00Z");
    let page = place.get(AGENTS, administrator()).await.json();
    let names =
        ["agent", "name", "assigned", "discarded", "requeued", "taken", "handling_mean_seconds"];
    assert_eq!(
        rows(&page, &names),
        [
            json!(["1001", "Agent 1001", 2, 1, 1, 0, 70]),
            json!(["1002", "=HYPERLINK(\"x\"), \"Bob\"", 1, 1, 0, 0, 110]),
            json!(["2001", "Agent 2001", 1, 0, 0, 1, 30]),
        ]
    );
    let page = place.get(PAIRS, administrator()).await.json();
    assert_eq!(
        rows(&page, &["csq", "agent", "assigned"]),
        [json!(["staff", "2001", 1]), json!(["support", "1001", 2]), json!(["support", "1002", 1])]
    );
}

#[tokio::test]
async fn rpt_01_a_stretch_has_its_beginning_and_not_its_end() {
    let mails = Mails::told().await;
    let arrived = async |from: &str, to: &str| {
        let target = format!("{QUEUES}?from={from}&to={to}");
        let page = mails.place.get(&target, administrator()).await.json();
        let rows = page["items"].as_array().unwrap().clone();
        rows.iter().map(|row| row["arrived"].as_u64().unwrap()).sum::<u64>()
    };
    // One came at eight o'clock sharp and two a second later, whatever zone that is told in.
    assert_eq!(arrived("2027-01-15T07:00:00Z", "2027-01-15T08:00:00Z").await, 0);
    assert_eq!(arrived("2027-01-15T08:00:00Z", "2027-01-15T09:00:00Z").await, 3);
    assert_eq!(arrived("2027-01-15T09:00:00%2B01:00", "2027-01-15T09:00:01%2B01:00").await, 1);
    assert_eq!(arrived("2027-01-15T08:00:00.000001Z", "2027-01-15T08:00:01.000001Z").await, 2);
}

#[tokio::test]
async fn rpt_01_arrivals_are_counted_by_the_hours_and_days_of_a_time_zone() {
    let mails = Mails::told().await;
    let stretch = "from=2027-01-14T18:30:00Z&to=2027-01-16T18:30:00Z";
    let arrivals = async |more: &str| {
        let target = format!("{QUEUES}?{stretch}{more}");
        mails.place.get(&target, administrator()).await.json()["arrivals"].clone()
    };
    let by_day = arrivals("&step=day&time_zone=Asia/Kolkata").await;
    assert_eq!((&by_day["step"], &by_day["time_zone"]), (&json!("day"), &json!("Asia/Kolkata")));
    assert_eq!(by_day["starts"], json!(["2027-01-14T18:30:00Z", "2027-01-15T18:30:00Z"]));
    assert_eq!(
        by_day["series"],
        json!([{"csq": "staff", "counts": [1, 0]}, {"csq": "support", "counts": [2, 0]}])
    );
    let by_hour = arrivals("").await;
    assert_eq!((&by_hour["step"], &by_hour["time_zone"]), (&json!("hour"), &json!("UTC")));
    assert_eq!(by_hour["starts"].as_array().unwrap().len(), 49);
    assert_eq!(
        (&by_hour["starts"][0], &by_hour["starts"][1]),
        (&json!("2027-01-14T18:30:00Z"), &json!("2027-01-14T19:00:00Z"))
    );
    assert_eq!(by_hour["series"][1]["counts"][14], 2);
    // A long stretch is counted by the day unless somebody says otherwise.
    let target = format!("{QUEUES}?from=2026-12-20T00:00:00Z&to=2027-01-20T00:00:00Z");
    let long = mails.place.get(&target, administrator()).await.json();
    assert_eq!(long["arrivals"]["starts"].as_array().unwrap().len(), 31);
    let target = format!("{target}&step=hour");
    let long = mails.place.get(&target, administrator()).await.json();
    assert_eq!(long["arrivals"]["starts"].as_array().unwrap().len(), 31 * 24);
}

#[tokio::test]
async fn rpt_01_a_time_in_which_nothing_came_is_an_empty_report() {
    let place = Place::new().await;
    for path in [AGENTS, QUEUES, PAIRS] {
        let page = place.get(path, administrator()).await.json();
        assert_eq!(
            (&page["items"], &page["total"], &page["next"]),
            (&json!([]), &json!(0), &Value::Null)
        );
        let table = place.get(&format!("{path}.csv"), administrator()).await;
        assert_eq!((table.status.as_u16(), table.text.matches("\r\n").count()), (200, 1));
    }
    let page = place.get(QUEUES, administrator()).await.json();
    assert_eq!(page["arrivals"]["series"], json!([]));
}

#[tokio::test]
async fn rpt_01_what_cannot_be_asked_for_is_named_with_its_limit_and_what_to_do() {
    let place = Place::new().await;
    for (query, field, words) in [
        ("from=yesterday", "from", "2026-"),
        ("to=2027-01-15", "to", "2026-"),
        ("from=2027-01-16T00:00:00Z&to=2027-01-15T00:00:00Z", "from", "must be before to"),
        ("from=2027-01-15T00:00:00Z&to=2027-01-15T00:00:00Z", "from", "must be before to"),
        (
            "from=2026-10-01T00:00:00Z&to=2027-01-15T00:00:00Z",
            "from",
            "at most 92 days before to, and after 1970; ask for a shorter stretch",
        ),
        ("from=1969-12-31T00:00:00Z&to=1970-01-15T00:00:00Z", "from", "after 1970"),
        ("to=0001-01-01T00:00:00Z", "from", "after 1970"),
        ("limit=0", "limit", "from 1 to 1000"),
        ("limit=1001", "limit", "from 1 to 1000"),
        ("after=!", "after", "is no cursor of a page of this report"),
        ("after=WzEsMiwzLFtdXQ", "after", "is no cursor"),
        ("time_zone=Europe/Nowhere", "time_zone", "such as Europe/Berlin"),
        ("time_zone=../../etc/passwd", "time_zone", "such as Europe/Berlin"),
        ("step=minute", "step", "must be one of hour, day"),
        (
            "step=hour&from=2026-11-01T00:00:00Z&to=2027-01-01T00:00:00Z",
            "step",
            "at most 31 days; ask for a shorter stretch, or by day",
        ),
        ("team=sales", "team", "is not known here"),
    ] {
        let reply = place.get(&format!("{QUEUES}?{query}"), administrator()).await;
        reply.assert_problem(400, "bad_query");
        let error = &reply.json()["errors"][0];
        assert_eq!(error["field"], field, "{query}: {error}");
        assert!(error["message"].as_str().unwrap().contains(words), "{query}: {error}");
    }
    // A table has no pages and no steps, and the other reports have no steps.
    for target in [format!("{QUEUES}.csv?limit=5"), format!("{AGENTS}?step=day")] {
        place.get(&target, administrator()).await.assert_problem(400, "bad_query");
    }
}

#[tokio::test]
async fn rpt_01_a_table_is_rfc_4180_and_no_cell_is_a_formula() {
    let mails = Mails::told().await;
    let reply = mails.place.get(&format!("{AGENTS}.csv"), administrator()).await;
    assert_eq!(reply.header("content-type"), "text/csv; charset=utf-8");
    let name = "attachment; filename=\"email-agent-activity.csv\"";
    assert_eq!(reply.header("content-disposition"), name);
    assert_eq!(reply.header("cache-control"), "no-store");
    let lines: Vec<_> = reply.text.split("\r\n").collect();
    let head = "agent,name,assigned,replied,forwarded,discarded,requeued,taken,in_hand,\
                handling_mean_seconds,handling_longest_seconds";
    assert_eq!(lines[0], head);
    // A name that a spreadsheet would calculate, with what separates and quotes cells.
    assert!(
        lines[2].starts_with("\"1002\",\"'=HYPERLINK(\"\"x\"\"), \"\"Bob\"\"\",\"1\","),
        "{}",
        lines[2]
    );
    assert_eq!((lines.len(), lines[4]), (5, ""));
    let reply = mails.place.get(&format!("{PAIRS}.csv"), administrator()).await;
    assert!(
        reply.text.contains("\r\n\"support\",\"1001\",\"Agent 1001\",\"2\","),
        "{}",
        reply.text
    );
    let reply = mails.place.get(&format!("{QUEUES}.csv"), administrator()).await;
    let line = "\r\n\"support\",\"2\",\"1\",\"0\",\"0\",\"2\",\"0\",\"0\",\"79\",\"99\",\"204\",\"210\"\r\n";
    assert!(reply.text.contains(line), "{}", reply.text);
}

#[tokio::test]
async fn rpt_01_pages_belong_together_and_each_row_stands_on_one() {
    let mails = Mails::told().await;
    let place = &mails.place;
    let first = place.get(&format!("{PAIRS}?limit=2"), administrator()).await.json();
    assert_eq!(
        rows(&first, &["csq", "agent"]),
        [json!(["staff", "2001"]), json!(["support", "1001"])]
    );
    assert_eq!(first["total"], 3);
    let after = first["next"].as_str().unwrap();
    // What comes meanwhile is of no account for the pages behind the first.
    mails.arrives("support", false).await;
    let second = format!("{PAIRS}?limit=2&after={after}");
    let page = place.get(&second, administrator()).await.json();
    assert_eq!(rows(&page, &["csq", "agent"]), [json!(["support", "1002"])]);
    assert_eq!((&page["next"], &page["to"]), (&Value::Null, &first["to"]));
    // Once the count is gone it is made anew, of the same time.
    for _ in 0..9 {
        place.get(QUEUES, administrator()).await;
    }
    let again = place.get(&second, administrator()).await.json();
    assert_eq!((&again["items"], &again["to"]), (&page["items"], &page["to"]));
    let with_steps = place.get(&format!("{QUEUES}?limit=1"), administrator()).await.json();
    assert!(with_steps["arrivals"].is_object());
    let after = with_steps["next"].as_str().unwrap();
    let page = place.get(&format!("{QUEUES}?limit=1&after={after}"), administrator()).await.json();
    assert_eq!((&page["arrivals"], &page["items"][0]["csq"]), (&Value::Null, &json!("support")));
    // Another stretch of time has other pages.
    let target = format!("{QUEUES}?from=2027-01-01T00:00:00Z&after={after}");
    let reply = place.get(&target, administrator()).await;
    reply.assert_problem(400, "bad_query");
    assert_eq!(reply.json()["errors"][0]["field"], "after");
    // A supervisor's pages have what a supervisor sees.
    let own = place.get(&format!("{AGENTS}?limit=1"), supervisor()).await.json();
    assert_eq!((&own["total"], &own["items"][0]["agent"]), (&json!(2), &json!("1001")));
    let target = format!("{AGENTS}?after={}", own["next"].as_str().unwrap());
    let rest = place.get(&target, supervisor()).await.json();
    assert_eq!(rows(&rest, &["agent"]), [json!(["1002"])]);
}

#[tokio::test]
async fn rpt_01_a_supervisor_sees_the_agents_of_their_teams_and_every_queue() {
    let mails = Mails::told().await;
    let place = &mails.place;
    for (path, names, own) in [
        (AGENTS, vec!["agent"], vec![json!(["1001"]), json!(["1002"])]),
        (PAIRS, vec!["csq", "agent"], vec![json!(["support", "1001"]), json!(["support", "1002"])]),
        (QUEUES, vec!["csq"], vec![json!(["staff"]), json!(["support"])]),
    ] {
        let page = place.get(path, supervisor()).await.json();
        assert_eq!(rows(&page, &names), own);
        assert_eq!(page["total"], own.len());
        let table = place.get(&format!("{path}.csv"), supervisor()).await.text;
        assert_eq!(table.matches("\r\n").count(), own.len() + 1);
        assert!(!table.contains("2001"), "{table}");
        let nobodys = person("lead", &[Role::Supervisor], &[]);
        let page = place.get(path, nobodys).await.json();
        assert_eq!(page["total"], if path == QUEUES { 2 } else { 0 });
        // An agent reads no report; their own numbers stand in the workspace.
        place.get(path, agent_person("1001")).await.assert_problem(403, "forbidden");
        place.ask(Ask::new(Method::GET, path, None)).await.assert_problem(401, "unauthorized");
        let all = place.get(path, reader()).await.json();
        assert_eq!(all, place.get(path, administrator()).await.json());
    }
}

#[tokio::test]
async fn rpt_03_the_role_report_reads_reports_and_the_names_in_them_and_nothing_else() {
    let mut read = Vec::new();
    for operation in operations::all() {
        let engine::surface::Callers::Roles(roles) = operation.callers else { continue };
        if roles.contains(&Role::Report) {
            read.push((operation.method, operation.path));
        }
    }
    // What everybody has of their own: the session, the password, tokens.
    let own = |path: &str| {
        ["/api/v1/session", "/api/v1/tokens", "/api/v1/password"]
            .iter()
            .any(|it| path.starts_with(it))
    };
    read.retain(|(_, path)| !own(path));
    assert!(read.iter().all(|(method, _)| method == Method::GET), "{read:?}");
    let paths: Vec<_> = read.iter().map(|(_, path)| path.trim_start_matches("/api/v1/")).collect();
    assert_eq!(
        paths,
        [
            "teams",
            "agents",
            "reason-codes",
            "teams/{name}",
            "agents/{id}",
            "reason-codes/{category}/{code}",
            "reports/email-agent-activity",
            "reports/email-agent-activity.csv",
            "reports/email-csq-activity",
            "reports/email-csq-activity.csv",
            "reports/email-csq-agent-summary",
            "reports/email-csq-agent-summary.csv",
        ]
    );
}
