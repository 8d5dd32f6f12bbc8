//! What is remembered for how long, in which steps, and for whom.

use super::*;

const BEGINNING: i64 = 1_800_000_000;

fn at(step: i64) -> Timestamp {
    Timestamp::from_seconds(BEGINNING + step * 10)
}

fn team(name: &str) -> TeamName {
    name.parse().unwrap()
}

fn sample(sessions: f64, ready: u16) -> Sample {
    let known_teams = vec![team("sales"), team("support")];
    let teams = match ready {
        0 => BTreeMap::new(),
        ready => [((team("sales"), "ready"), ready)].into(),
    };
    Sample {
        whole: [("sessions".to_owned(), sessions)].into(),
        teams,
        known_teams,
        teams_left_out: 0,
    }
}

fn wanted(minutes: u64) -> WantedHistory {
    WantedHistory { series: Vec::new(), minutes, teams: None, whole: true }
}

fn values(told: &Value, name: &str, team: &Value) -> Vec<Option<i64>> {
    let series = told["series"].as_array().unwrap();
    let found = series.iter().find(|it| it["name"] == name && it["team"] == *team);
    let found = found.unwrap_or_else(|| panic!("no {name} in {told}"));
    found["values"].as_array().unwrap().iter().map(Value::as_i64).collect()
}

#[test]
fn ops_06_the_last_hour_is_told_in_steps_of_ten_seconds_and_nothing_is_made_up() {
    let history = History::default();
    for step in 0..5 {
        history.take(at(step), &sample(5.0, u16::try_from(step).unwrap()));
    }
    let told = history.told(&wanted(1));
    assert_eq!(
        (&told["step_seconds"], &told["ends_at"]),
        (&json!(10), &json!(at(4).microseconds()))
    );
    let five = Some(5);
    assert_eq!(values(&told, "sessions", &Value::Null), [None, five, five, five, five, five]);
    // Nobody was ready at first, and before the first step nothing was known.
    let ready = values(&told, "agents.ready", &json!("sales"));
    assert_eq!(ready, [None, Some(0), Some(1), Some(2), Some(3), Some(4)]);
    assert_eq!(told["series"][0]["unit"], "sessions");
    // A gap stays one.
    history.take(at(7), &sample(6.0, 1));
    let told = history.told(&wanted(1));
    assert_eq!(values(&told, "sessions", &Value::Null), [five, five, five, None, None, Some(6)]);
    assert_eq!(values(&told, "agents.ready", &json!("sales"))[3..], [None, None, Some(1)]);
}

#[test]
fn ops_06_a_day_is_told_in_means_of_two_minutes_and_no_more_is_kept() {
    let history = History::default();
    let steps = 12 * 730;
    for step in 0..steps {
        let value = if step % 12 < 6 { 10.0 } else { 20.0 };
        history.take(at(step), &sample(value, 3));
    }
    let told = history.told(&wanted(1_440));
    assert_eq!(told["step_seconds"], 120);
    assert_eq!(told["ends_at"], json!(at(steps - 1).microseconds()));
    let sessions = values(&told, "sessions", &Value::Null);
    assert_eq!((sessions.len(), sessions.iter().all(|it| *it == Some(15))), (720, true));
    assert_eq!(values(&told, "agents.ready", &json!("sales")), vec![Some(3); 720]);
    assert_eq!(values(&history.told(&wanted(60)), "sessions", &Value::Null).len(), 360);
    // After a long sleep of the machine it begins anew, and a clock that is set back is borne.
    history.take(at(steps + 1_000), &sample(1.0, 0));
    history.take(at(steps), &sample(2.0, 0));
    let told = history.told(&wanted(1));
    let sessions = values(&told, "sessions", &Value::Null);
    assert_eq!(sessions, [None, None, None, None, Some(1), Some(2)]);
}

#[test]
fn ops_06_whoever_leads_a_team_is_told_of_that_team_alone() {
    let history = History::default();
    let mut both = sample(2.0, 1);
    both.teams.insert((team("support"), "ready"), 1);
    history.take(at(0), &both);
    let own = WantedHistory { teams: Some(vec![team("support")]), whole: false, ..wanted(60) };
    let told = history.told(&own);
    let names: Vec<_> =
        told["series"].as_array().unwrap().iter().map(|it| (&it["name"], &it["team"])).collect();
    assert_eq!(names, [(&json!("agents.ready"), &json!("support"))]);
    let named = WantedHistory { series: vec!["sessions".to_owned()], ..wanted(60) };
    assert_eq!(history.told(&named)["series"].as_array().unwrap().len(), 1);
    // A team that is gone is forgotten.
    let mut later = sample(2.0, 1);
    later.known_teams = vec![team("sales")];
    history.take(at(1), &later);
    assert_eq!(history.told(&own)["series"], json!([]));
}
