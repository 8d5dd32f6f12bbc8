//! `jackfield import` and `jackfield probe` against a running node.

use crate::place::{Place, text};
use crate::run::{configure, start};

/// The exit code, and what was printed to both outputs.
fn ask(place: &Place, arguments: &[&str]) -> (Option<i32>, String) {
    let mut all = arguments.to_vec();
    all.extend(["--config", "@jackfield.toml"]);
    let output = place.run(&all);
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

#[test]
fn ops_16_a_table_is_planned_then_applied_and_a_bad_one_is_refused_whole() {
    let place = Place::new();
    configure(&place, "");
    let mut program = start(&place, &[]);
    place.write("teams.csv", "\u{feff}name;wrap_up_seconds\r\nSales;20\r\n");
    place.write("agents.csv", "id,name,team\n1001,Anna,Sales\n1002,Bert,Sales\n");
    place.write("bad.csv", "id,name,team\n1003,Carl,Sales\nno id,=1+1,Sales\n");
    let teams = ["import", "csv", "@teams.csv", "--kind", "teams", "--apply"];
    assert_eq!(ask(&place, &teams).0, Some(0));
    let planned = ask(&place, &["import", "csv", "@agents.csv", "--kind", "agents"]);
    assert!(
        planned.1.contains("+ agents/1001 ") && planned.1.contains("--apply does it"),
        "{planned:?}"
    );
    assert!(!ask(&place, &["export"]).1.contains("Anna"));
    let agents = ["import", "csv", "@agents.csv", "--kind", "agents", "--apply"];
    let applied = ask(&place, &agents);
    assert!(applied.1.contains("applied, settings number 2"), "{applied:?}");
    assert!(ask(&place, &["export"]).1.contains("Anna"));
    assert!(ask(&place, &agents).1.contains("all of it is in force already"));
    let bad = ask(&place, &["import", "csv", "@bad.csv", "--kind", "agents", "--apply"]);
    assert_eq!(bad.0, Some(1));
    for part in ["line 3, column id: ", "line 3, column name: ", "nothing was taken over"] {
        assert!(bad.1.contains(part), "{part}: {bad:?}");
    }
    assert!(!ask(&place, &["export"]).1.contains("Carl"));
    assert_eq!(program.stop(), Some(0));
}

#[test]
fn ops_15_a_test_tells_its_steps_and_fails_where_one_does() {
    let place = Place::new();
    configure(&place, "");
    let mut program = start(&place, &[]);
    let listed = ask(&place, &["probe"]);
    assert_eq!(
        listed,
        (Some(0), "jackfield probe store\njackfield probe certificate\n".to_owned())
    );
    let store = ask(&place, &["probe", "store"]);
    assert_eq!(store.0, Some(0), "{store:?}");
    assert!(store.1.ends_with("store: ok\n"), "{store:?}");
    let pair =
        "cti_pairs: [{name: east, peripheral_id: 1, dialect: express, side_a: '127.0.0.1:1'}]";
    place.write("settings.yaml", pair);
    assert_eq!(ask(&place, &["apply", "@settings.yaml"]).0, Some(0));
    let pair = ask(&place, &["probe", "cti", "east"]);
    assert_eq!(pair.0, Some(1), "{pair:?}");
    assert!(pair.1.contains("FAILED") && pair.1.contains("cti east: failed"), "{pair:?}");
    let unknown = ask(&place, &["probe", "cti", "west"]);
    assert!(unknown.0 == Some(1) && unknown.1.contains("no pair west"), "{unknown:?}");
    assert_eq!(program.stop(), Some(0));
}
