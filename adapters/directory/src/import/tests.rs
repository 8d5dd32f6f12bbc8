//! What holds for anything that is taken over, and CSV with all that spreadsheets do to it.

use domain::settings::SettingsFile;
use proptest::prelude::*;
use serde_json::json;

use super::csv::{Kind, read};
use super::*;

fn faults(text: &str, kind: Kind) -> Vec<String> {
    match read(text.as_bytes(), kind) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn ops_16_tables_are_read_with_either_separator_and_with_a_mark() {
    let comma =
        read(b"id,name,team,roles\n1001,\"Muster, Anna\",Sales,agent|supervisor\n", Kind::Agents);
    let semicolon = read(
        b"\xEF\xBB\xBFID;Name;Team;Roles\r\n1001;Muster, Anna;Sales;agent|supervisor\r\n;;;\r\n",
        Kind::Agents,
    );
    assert_eq!(comma, semicolon);
    let agents = comma.unwrap().entries.remove(&Section::Agents).unwrap();
    assert_eq!(agents[0]["name"], "Muster, Anna");
    assert_eq!(agents[0]["roles"], json!(["agent", "supervisor"]));
    // A column that is not there says nothing, an empty cell says none.
    let agents = read(b"id,team\n1001,\n", Kind::Agents).unwrap().entries.remove(&Section::Agents);
    let agents = agents.unwrap();
    assert_eq!(agents[0]["team"], Value::Null);
    assert!(!agents[0].contains_key("name"));
    let devices = read(b"name,lines,profile\nSEP1,2001|2002,no\n", Kind::Devices).unwrap();
    assert_eq!(devices.entries[&Section::Devices][0]["lines"], json!(["2001", "2002"]));
}

#[test]
fn ops_16_every_bad_row_is_told_by_line_and_column() {
    let told = faults(
        "id,name,extension,roles\n1001,Anna,2001,agent\nno id,Bert,20x1,king\n1003,a\n1001,Anna,2001,agent\n",
        Kind::Agents,
    );
    assert_eq!(told.len(), 5, "{told:?}");
    assert!(told[0].starts_with("line 3, column id: "), "{told:?}");
    assert!(told[1].starts_with("line 3, column extension: "), "{told:?}");
    assert!(told[2].starts_with("line 3, column roles: "), "{told:?}");
    assert_eq!(told[3], "line 4: there are 2 cells under 4 columns");
    assert_eq!(told[4], "line 5: 1001 is in line 2 already");
    assert!(faults("nam,label\n", Kind::Reasons)[0].contains("no column \"nam\""));
    assert!(faults("", Kind::Agents)[0].contains("empty"));
    assert!(read(b"\xFF\xFEi\0d\0", Kind::Agents).unwrap_err()[0].why.contains("UTF-16"));
    assert!(read(b"id,name\n1001,\xE4\n", Kind::Agents).unwrap_err()[0].why.contains("UTF-8"));
    // An open quotation mark swallows what follows, and is told where it begins.
    let swallowed = format!("id,name\n1001,\"Anna\n{}", "1002,Bert\n".repeat(1_000));
    assert!(faults(&swallowed, Kind::Agents)[0].starts_with("line 2, column name"));
}

#[test]
fn ops_16_a_formula_is_refused_whatever_stands_before_it() {
    for formula in
        ["=1+1", "+1", "-1", "@x", "\t=1", "  =1", "\u{a0}@x", "\u{feff} =1", "=cmd|'/c calc'!A1"]
    {
        let text = format!("id,name\n1001,\"{formula}\"\n");
        assert!(
            faults(&text, Kind::Agents)[0].starts_with("line 2, column name: begins"),
            "{formula:?}"
        );
    }
    assert_eq!(faults("name,lines\nSEP1,+4930123\n", Kind::Devices), [""; 0]);
}

#[test]
fn cti_08_only_agents_of_that_origin_are_changed_or_removed() {
    let present = json!({"agents": [
        {"id": "1", "name": "Ours", "password_hash": "$argon2id$x"},
        {"id": "2", "name": "Theirs", "origin": "site", "password_hash": "$argon2id$y"},
        {"id": "3", "origin": "site"},
        {"id": "4", "origin": "other"},
    ], "voice": {"wrap_up_seconds": 3}});
    let entry = |value: Value| value.as_object().unwrap().clone();
    let mut imported = Imported { origin: Some("site".into()), ..Imported::default() };
    imported.add(Section::Agents, entry(json!({"id": "1", "name": "Taken"})));
    imported.add(Section::Agents, entry(json!({"id": "2", "name": "Changed", "team": null})));
    imported.add(Section::Agents, entry(json!({"id": "5", "name": "New"})));
    let merged = merged(present, &imported, Mode::Mirror);
    assert_eq!(merged.held_up, ["1"]);
    assert_eq!(merged.changed, ["2"]);
    assert_eq!(merged.added, ["5"]);
    assert_eq!(merged.removed, ["3"]);
    assert_eq!(
        merged.settings["agents"],
        json!([
            {"id": "1", "name": "Ours", "password_hash": "$argon2id$x"},
            {"id": "2", "name": "Changed", "origin": "site", "password_hash": "$argon2id$y"},
            {"id": "4", "origin": "other"},
            {"id": "5", "name": "New", "origin": "site"},
        ])
    );
    assert_eq!(merged.settings["voice"], json!({"wrap_up_seconds": 3}));
}

#[test]
fn ops_16_what_is_merged_is_a_settings_file() {
    let present = json!({"teams": [{"name": "Sales"}], "agents": [{"id": "1001"}]});
    let agents = read(b"id,name,team,extension,roles\n1001,Anna,Sales,2001,agent\n", Kind::Agents);
    let settings = merged(present, &agents.unwrap(), Mode::AddAndChange).settings;
    let teams = read(b"name,wrap_up_seconds\nSales,20\nSupport,\n", Kind::Teams).unwrap();
    let settings = merged(settings, &teams, Mode::AddAndChange).settings;
    let reasons =
        read(b"category,code,label,teams\nnot_ready,12,Lunch,Sales\n", Kind::Reasons).unwrap();
    let settings = merged(settings, &reasons, Mode::AddAndChange).settings;
    SettingsFile::read(settings).unwrap();
}

fn agents() -> impl Strategy<Value = Vec<Map<String, Value>>> {
    let agent = (0..12_u8, proptest::option::of("[a-c]{1,2}"), proptest::option::of("[x-z]"));
    proptest::collection::vec(agent, 0..10).prop_map(|agents| {
        let mut seen = std::collections::BTreeSet::new();
        let fresh = agents.into_iter().filter(|(id, _, _)| seen.insert(*id));
        let made = fresh.map(|(id, name, origin)| {
            let mut members = Map::new();
            members.insert("id".to_owned(), json!(id.to_string()));
            members.insert("name".to_owned(), json!(name));
            members.insert("origin".to_owned(), json!(origin));
            members.retain(|_, value| !value.is_null());
            members
        });
        made.collect()
    })
}

proptest! {
    #[test]
    fn ops_16_taking_over_twice_is_taking_over_once(
        here in agents(), taken in agents(), origin in proptest::option::of("[x-z]"), mirror: bool
    ) {
        let mode = if mirror { Mode::Mirror } else { Mode::AddAndChange };
        let mut imported = Imported { origin: origin.clone(), ..Imported::default() };
        for mut members in taken {
            members.remove("origin");
            imported.add(Section::Agents, members);
        }
        let present = json!({"agents": here});
        let once = merged(present.clone(), &imported, mode);
        let twice = merged(once.settings.clone(), &imported, mode);
        prop_assert_eq!(&twice.settings, &once.settings);
        prop_assert!(twice.added.is_empty() && twice.changed.is_empty() && twice.removed.is_empty());
        // Nothing goes but what mirrors, and of an origin only its own.
        let after: Vec<_> = once.settings["agents"].as_array().cloned().unwrap_or_default();
        for agent in present["agents"].as_array().unwrap() {
            let kept = after.iter().any(|it| it["id"] == agent["id"]);
            let own = agent["origin"].as_str() == origin.as_deref();
            prop_assert!(kept || mirror && own);
            if !own {
                prop_assert!(after.contains(agent));
            }
        }
    }

    #[test]
    fn any_file_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for kind in [Kind::Agents, Kind::Teams, Kind::Reasons, Kind::Devices] {
            if let Err(faults) = read(&bytes, kind) {
                prop_assert!(!faults.is_empty());
            }
        }
    }
}
