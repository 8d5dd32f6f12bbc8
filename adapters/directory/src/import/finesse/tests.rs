//! What is odd at a server becomes words, not wrong settings.

use protocols::finesse::{Reason, Team, User};

use super::*;
use crate::import::Section;

fn user(login_id: &str, team_id: &str, team_name: &str) -> User {
    User {
        login_id: login_id.to_owned(),
        first_name: "An <b>na".to_owned(),
        team_id: team_id.to_owned(),
        team_name: team_name.to_owned(),
        roles: vec!["Agent".to_owned(), "Administrator".to_owned()],
        ..User::default()
    }
}

fn reason(category: &str, code: &str, label: &str, for_all: bool) -> Reason {
    Reason {
        category: category.to_owned(),
        code: code.to_owned(),
        id: "17".to_owned(),
        label: label.to_owned(),
        for_all,
        system: false,
    }
}

#[test]
fn ops_16_odd_users_and_teams_are_told_and_the_rest_is_taken() {
    let gathered = Gathered {
        users: vec![user("1001", "5", "Sales"), user("no id", "6", "Sales"), user("1001", "5", "")],
        teams: vec![
            Team { id: "5".into(), name: "Sales".into() },
            Team { id: "7".into(), name: "=1".into() },
        ],
        ..Gathered::default()
    };
    let imported = imported(&gathered);
    assert_eq!(imported.count(Section::Teams), 1);
    let agents = &imported.entries[&Section::Agents];
    assert_eq!(agents.len(), 1);
    // Running Finesse gives no right here, and markup is text like any other.
    assert_eq!(agents[0]["roles"], serde_json::json!(["agent"]));
    assert_eq!(agents[0]["name"], "An <b>na");
    assert!(!agents[0].contains_key("extension"));
    let told = imported.left_out.join("\n");
    for part in ["both \"Sales\"", "\"no id\"", "twice", "formula", "passwords", "extensions"] {
        assert!(told.contains(part), "{part} is not told: {told}");
    }
}

#[test]
fn ops_16_reasons_are_for_everybody_or_for_the_teams_that_have_them() {
    let mut gathered = Gathered {
        users: vec![user("1", "5", "Sales")],
        reasons: vec![
            reason("NOT_READY", "12", "Lunch", true),
            reason("LOGOUT", "41", &"x".repeat(50), false),
            reason("NOT_READY", "70000", "Too high", true),
        ],
        wrap_up: vec![reason("", "", "Sale", false)],
        ..Gathered::default()
    };
    let states = ["17".to_owned()].into();
    gathered.of_teams.insert("5".into(), TeamReasons { states, ..TeamReasons::default() });
    let imported = imported(&gathered);
    let reasons = &imported.entries[&Section::Reasons];
    let codes: Vec<_> =
        reasons.iter().map(|it| (it["category"].clone(), it["code"].clone())).collect();
    assert_eq!(codes, [("not_ready".into(), 12.into()), ("sign_out".into(), 41.into())]);
    assert_eq!(reasons[1]["teams"], serde_json::json!(["Sales"]));
    let told = imported.left_out.join("\n");
    assert!(told.contains("cut to 40") && told.contains("70000"), "{told}");
    assert!(told.contains("wrap_up 17: no team has it"), "{told}");
}

#[test]
fn ops_16_an_address_is_https() {
    let server = |address: &str| {
        Server::new(address, "admin", domain::Secret::new("x"), String::new()).map(|_| ())
    };
    assert!(server("https://finesse.example").is_ok());
    assert!(server("https://finesse.example:8445/").is_ok());
    for bad in
        ["http://finesse.example", "finesse.example", "https://", "https://a b", "https://a:x"]
    {
        assert!(server(bad).is_err(), "{bad}");
    }
}
