//! Files of profiles: what is refused, and the sample.

use super::*;

#[track_caller]
fn check(file: &str, expected: &[&str]) {
    let problems = Profile::read(&toml_value(file)).unwrap_err();
    let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(told, expected);
}

#[test]
fn the_sample_is_the_built_in_profile() {
    let sample = Profile::sample();
    assert_eq!(profile(&sample), Profile::default());
    assert_eq!(Profile::read(&Value::Null), Ok(Profile::default()));
    assert!(sample.lines().all(|line| line.chars().count() <= 120), "a line is too long");
    // All keys that stand in it are known, those that are commented out, too.
    let changed = sample.replace("#content", "content").replace("#accepted", "accepted");
    let changed = changed.replace(" = \"", " = \"x");
    let problems = Profile::read(&toml_value(&changed)).unwrap_err();
    assert!(problems.iter().all(|problem| !problem.message.contains("not known")), "{problems:?}");
}

#[test]
fn every_name_and_value_of_the_sample_can_be_changed() {
    let sample = Profile::sample();
    let (top, names) = sample.split_at(sample.find("[names.").unwrap());
    let lines: Vec<_> = names.lines().collect();
    let changeable = (0..lines.len()).filter(|at| lines[*at].contains(" = \""));
    let mut changed = 0;
    for at in changeable {
        let mut lines = lines.clone();
        let line = lines[at].replace(" = \"", " = \"x");
        lines[at] = &line;
        let file = format!("{top}{}", lines.join("\n"));
        assert_ne!(profile(&file), Profile::default(), "{line} changes nothing");
        changed += 1;
    }
    assert!(changed > 100, "only {changed} lines");
}

#[test]
fn every_problem_is_told_with_its_key() {
    check(
        r#"
        format = "yaml"
        content_type = "json"
        accepted_content_types = []
        no = "yes"
        yes = "yes"
        token_header = "X Token"
        colour = "red"
        [names.update]
        state = "1state"
        reason = "a.b.c.d.e"
        sent_at = 5
        who = "x"
        [names.headsets]
        [values.state]
        ready = ""
        login = -1
        "#,
        &[
            "colour is not known here; remove it or mend its spelling",
            "format must be one of json, xml",
            "content_type must be like application/json, without parameters",
            "accepted_content_types must be a list of 1 to 8 texts",
            "token_header must be 1 to 64 letters, digits and the like, without spaces",
            "names.headsets is not known here; remove it or mend its spelling",
            "names.update.who is not known here; remove it or mend its spelling",
            "names.update.state must be a letter or _ and letters, digits, _ and -, at most 64 in all",
            "names.update.reason must be at most 4 names with dots between",
            "names.update.sent_at must be a text; put it in quotation marks",
            "values.state.login must be a text; put it in quotation marks",
            "values.state.ready must be 1 to 64 characters without control characters and without space around",
            "no must differ from yes",
        ],
    );
    let told = Profile::read(&Value::from(5)).unwrap_err();
    assert_eq!(told[0].to_string(), "the file must be a table");
    let wide: String = (0..200).map(|each| format!("x{each} = 1\n")).collect();
    assert_eq!(Profile::read(&toml_value(&wide)).unwrap_err().len(), 100);
}

#[test]
fn names_and_values_must_differ() {
    check(
        r#"
        [names.update]
        state = "agent.state"
        reason = "agent"
        device = "agent.state"
        [values.mode]
        disabled = "0"
        notification = 0
        "#,
        &[
            "names.update.state stands where names.update.device does; give it another name",
            "names.update.reason stands where names.update.device does; give it another name",
            "values.mode.notification is the same as another of its table; values must differ",
        ],
    );
}

#[test]
fn paths_must_be_told_apart_and_stand_below_their_base() {
    check(
        r#"
        [requests]
        discovery = "GET /headset/x"
        configuration = "PUT /headset/{device}/cc"
        update = "PUT headset"
        inventory = "POST /{device}/{device}"
        template = "GET /headset/../{model}"
        "#,
        &[
            "requests.discovery must have {device} in its path",
            "requests.configuration must be a method and a path, with GET, POST",
            "requests.update must be a path that begins with /",
            "requests.inventory must have {device} once",
            "requests.template must have no empty segment, no . and no ..",
        ],
    );
    check(
        r#"
        [requests]
        discovery = "POST /headset/{device}"
        configuration = "POST /headset/x{device}"
        update = "POST /headset/cc-{device}-x"
        inventory = "PUT /headset/{device}/{model}/x"
        template = "GET /headset/{device}"
        [bases]
        contact_centre = "/headset"
        inventory = "/headset/{model}"
        configuration = "/head set"
        "#,
        &[
            "requests.inventory cannot have {model} in its path",
            "requests.template must have {model} in its path",
            "bases.inventory cannot have {model}",
            "bases.configuration must have letters, digits, -._~!$'()*+,;=:@ and one {device} or \
             {model} in a segment",
            "requests.discovery may be mistaken for requests.configuration",
            "requests.discovery may be mistaken for requests.update",
        ],
    );
    check(
        "[requests]\nupdate = \"PUT /other/{device}\"",
        &["bases.contact_centre must be the beginning of the path of requests.update"],
    );
}
