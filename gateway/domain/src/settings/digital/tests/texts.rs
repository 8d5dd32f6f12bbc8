//! Responses, wrap-up categories and signatures, and for which CSQs they are.

use serde_json::{Value, json};

use super::{check, problems, put, sample, settings, with};

#[test]
fn ccp_06_a_response_has_a_title_of_its_own_and_at_most_1500_characters() {
    let place = "/predefined_responses/0";
    check(&format!("{place}/title"), json!("Bye"), &["predefined_responses"]);
    check(&format!("{place}/title"), json!("x".repeat(100)), &[]);
    check(&format!("{place}/title"), json!("x".repeat(101)), &["predefined_responses[0].title"]);
    check(&format!("{place}/title"), Value::Null, &["predefined_responses[0].title"]);
    let of_length = |length: usize| json!(format!("<p>{}</p>", "\u{e4}".repeat(length - 7)));
    check(&format!("{place}/text"), of_length(1_500), &[]);
    for bad in [of_length(1_501), json!(""), json!(" \n"), json!("a\u{0}b"), Value::Null] {
        check(&format!("{place}/text"), bad, &["predefined_responses[0].text"]);
    }
    let (_, message) = problems(with(&format!("{place}/text"), of_length(1_501))).remove(0);
    assert!(message.contains("1500 characters, markup among them"), "{message}");
    assert!(message.contains("not 1501"), "{message}");
}

#[test]
fn ccp_06_six_characters_stand_in_no_title_and_in_no_response_for_chats() {
    for forbidden in ['<', '>', '(', ')', '"', '|'] {
        let text = json!(format!("a{forbidden}b"));
        for position in [0, 1] {
            let key = format!("predefined_responses[{position}].title");
            check(&format!("/predefined_responses/{position}/title"), text.clone(), &[&key]);
        }
        check("/predefined_responses/0/text", text.clone(), &[]);
        check("/predefined_responses/1/text", text, &["predefined_responses[1].text"]);
    }
}

#[test]
fn ccp_06_at_most_500_responses_of_both_channels_together() {
    let responses = |count: usize| {
        let response = |number: usize| {
            let channel = if number.is_multiple_of(2) { "email" } else { "chat" };
            json!({"title": format!("t{number}"), "text": "x", "channel": channel})
        };
        Value::Array((0..count).map(response).collect())
    };
    check("/predefined_responses", responses(500), &[]);
    check("/predefined_responses", responses(501), &["predefined_responses"]);
    let (_, message) = problems(with("/predefined_responses", responses(501))).remove(0);
    assert_eq!(message, "has 501 entries, at most 500");
}

/// The sample with eleven more CSQs for email, and their names.
fn with_eleven() -> (Value, Vec<String>) {
    let mut sample = sample();
    let names: Vec<_> = (0..11).map(|it| format!("q{it:02}")).collect();
    for name in &names {
        let email = json!({"address": format!("{name}@example.com"), "mail_server": "other",
                           "password": "x"});
        let csq = json!({"name": name, "skills": {"German": 1}, "email": email});
        put(&mut sample, "/csqs/-", csq);
    }
    (sample, names)
}

#[test]
fn ccp_06_a_response_is_for_all_csqs_or_at_most_ten_of_its_channel() {
    let (mut sample, names) = with_eleven();
    put(&mut sample, "/predefined_responses/0/csqs", json!(names[..10]));
    let one = settings(sample.clone());
    let of = |name: &str| -> Vec<String> {
        let responses = one.predefined_responses_for(one.csqs.get(name).unwrap());
        responses.map(|it| it.title.clone()).collect()
    };
    assert_eq!(of("q00"), ["Hello"]);
    assert_eq!(of("q10"), Vec::<String>::new());
    assert_eq!(of("talk"), ["Bye"]);
    put(&mut sample, "/predefined_responses/0/csqs", json!(names));
    let found = problems(sample.clone());
    assert_eq!(
        found,
        [("predefined_responses[0].csqs".to_owned(), "has 11 entries, at most 10".to_owned())]
    );
    for (bad, word) in [
        (json!(["nobody"]), "which is not in csqs"),
        (json!(["talk"]), "not of the channel email"),
        (json!(["q00", "q00"]), "more than once"),
    ] {
        put(&mut sample, "/predefined_responses/0/csqs", bad);
        let found = problems(sample.clone());
        assert!(found.len() == 1 && found[0].1.contains(word), "{found:?}");
    }
}

#[test]
fn ccp_07_at_most_25_categories_of_25_reasons_of_40_characters() {
    let categories = |count: usize| {
        let category = |number: usize| {
            let csq = ["exchange", "office", "gmail", "other", "talk"][number % 5];
            json!({"name": format!("c{number}"), "reasons": ["r"], "csqs": [csq]})
        };
        Value::Array((0..count).map(category).collect())
    };
    check("/wrap_up_categories", categories(25), &[]);
    check("/wrap_up_categories", categories(26), &["wrap_up_categories"]);
    let key = ["wrap_up_categories[0].reasons"];
    let reasons = |count: usize| json!((0..count).map(|it| it.to_string()).collect::<Vec<_>>());
    check("/wrap_up_categories/0/reasons", reasons(25), &[]);
    check("/wrap_up_categories/0/reasons", reasons(26), &key);
    check("/wrap_up_categories/0/reasons", json!(["x".repeat(40)]), &[]);
    check("/wrap_up_categories/0/reasons", json!(["x".repeat(41)]), &key);
    check("/wrap_up_categories/0/reasons", Value::Null, &key);
    check("/wrap_up_categories/0/reasons", json!([]), &key);
    check(
        "/wrap_up_categories/0/reasons",
        json!(["a", "b", "a"]),
        &["wrap_up_categories[0].reasons[2]"],
    );
    check("/wrap_up_categories/0/name", json!("x".repeat(40)), &[]);
    check("/wrap_up_categories/0/name", json!("x".repeat(41)), &["wrap_up_categories[0].name"]);
    let twice = json!({"name": "Sale", "reasons": ["x"]});
    check("/wrap_up_categories/-", twice, &["wrap_up_categories"]);
}

#[test]
fn ccp_07_a_csq_has_at_most_ten_categories_those_for_all_among_them() {
    let categories = |own: usize, all: usize| {
        let category = |number: usize| {
            let csqs = if number < own { json!(["other"]) } else { json!([]) };
            json!({"name": format!("c{number:02}"), "reasons": ["r"], "csqs": csqs})
        };
        Value::Array((0..own + all).map(category).collect())
    };
    for (own, all) in [(10, 0), (6, 4)] {
        check("/wrap_up_categories", categories(own, all), &[]);
    }
    for (own, all) in [(11, 0), (7, 4)] {
        let found = problems(with("/wrap_up_categories", categories(own, all)));
        let [(key, message)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(key, "wrap_up_categories");
        assert!(message.contains("\"other\" 11 categories"), "{message}");
        assert!(message.contains("at most 10"), "{message}");
    }
    let one = settings(with("/wrap_up_categories", categories(6, 4)));
    assert_eq!(one.wrap_up_categories_for("other").count(), 10);
    assert_eq!(one.wrap_up_categories_for("gmail").count(), 4);
}

#[test]
fn ccp_08_a_signature_has_a_name_of_its_own_and_at_most_1500_characters() {
    let place = "/email_signatures/0";
    check(&format!("{place}/name"), json!("x".repeat(100)), &[]);
    check(&format!("{place}/name"), json!("x".repeat(101)), &["email_signatures[0].name"]);
    check(&format!("{place}/name"), json!("Own"), &["email_signatures"]);
    check(&format!("{place}/content"), json!("x".repeat(1_500)), &[]);
    for bad in [json!("x".repeat(1_501)), json!(""), Value::Null] {
        check(&format!("{place}/content"), bad, &["email_signatures[0].content"]);
    }
}

#[test]
fn ccp_08_one_signature_for_all_and_one_of_each_csq_which_goes_first() {
    let one = settings(sample());
    let of = |name: &str| one.email_signature_for(name).map(|it| it.name.clone());
    assert_eq!(of("other").as_deref(), Some("Own"));
    assert_eq!(of("gmail").as_deref(), Some("All"));
    let none = settings(with("/email_signatures/0", Value::Null));
    assert_eq!(none.email_signature_for("gmail"), None);
    let signature = |csqs: Value| json!({"name": "New", "content": "x", "csqs": csqs});
    for (csqs, word) in [
        (json!([]), "as \"All\" is already"),
        (json!(["gmail", "other"]), "\"other\", which has the signature \"Own\" already"),
        (json!(["talk"]), "takes no emails"),
        (json!(["nobody"]), "which is not in csqs"),
    ] {
        let found = problems(with("/email_signatures/-", signature(csqs)));
        let [(key, message)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(key, "email_signatures[2].csqs");
        assert!(message.contains(word), "{message}");
    }
    check("/email_signatures/-", signature(json!(["gmail"])), &[]);
    let (mut sample, names) = with_eleven();
    put(&mut sample, "/email_signatures/-", signature(json!(names[..10])));
    assert_eq!(problems(sample.clone()), []);
    put(&mut sample, "/email_signatures/2/csqs", json!(names));
    assert_eq!(problems(sample).len(), 1);
}
