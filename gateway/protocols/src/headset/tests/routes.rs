//! Request lines to what is asked, and back to paths.

use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(method: &str, path: &str, expected: Routed) {
    assert_eq!(Profile::default().route(method, path), expected, "{method} {path}");
}

fn known(asked: Asked) -> Routed {
    Routed::Asked(asked)
}

#[test]
fn the_paths_of_the_built_in_profile_are_known() {
    let (name, some) = (device("SEP001122334455"), Some(device("SEP001122334455")));
    check("GET", "/headset/SEP001122334455", known(Asked::Discovery { device: name.clone() }));
    check(
        "GET",
        "/headset/SEP001122334455?key=a/b/c",
        known(Asked::Discovery { device: name.clone() }),
    );
    check("GET", "/headset/SEP001122334455/cc", known(Asked::Configuration { device: name }));
    let device = some.clone();
    check("PUT", "/headset/SEP001122334455/cc/agent-state", known(Asked::Update { device }));
    let device = some.clone();
    check("POST", "/headset/SEP001122334455/inventory/events", known(Asked::Inventory { device }));
    let model = "Cisco 562 é".to_owned();
    check(
        "GET",
        "/headset/SEP001122334455/config/templates/Cisco%20562%20%C3%A9",
        known(Asked::Template { device: some, model }),
    );
}

#[test]
fn other_methods_and_paths_are_told_apart() {
    check("POST", "/headset/SEP001122334455", Routed::WrongMethod(vec!["GET"]));
    check("get", "/headset/SEP001122334455", Routed::WrongMethod(vec!["GET"]));
    check("GET", "/headset/x/cc/agent-state", Routed::WrongMethod(vec!["PUT"]));
    for path in [
        "",
        "*",
        "headset/x",
        "/",
        "/headset",
        "/headset/",
        "//headset/x",
        "/headset/x/",
        "/Headset/x",
        "/headset/x/cc/agent-state/y",
        "/headset/..",
        "/headset/%2e%2E/cc",
        "/headset/.",
        "/headset/a%2Fb",
        "/headset/a%5cb",
        "/headset/a%",
        "/headset/a%4",
        "/headset/a%zz",
        "/headset/%00",
        "/headset/%ff",
        "/headset/%C3%A9",
        "/headset/a%20b",
        "/headset/sixteen-letters-",
        "/headset/x/config/templates/..",
        "/headset/x/config/templates/%2E%2E",
        "/headset/x/config/templates/a%0Ab",
        "/headset/x/../x",
        "http://one/headset/x",
    ] {
        check("GET", path, Routed::Unknown);
    }
    check("GET", &format!("/headset/x{}", "/y".repeat(2_000)), Routed::Unknown);
    let model = "x".repeat(65);
    check("GET", &format!("/headset/x/config/templates/{model}"), Routed::Unknown);
}

#[test]
fn one_path_may_have_two_methods() {
    let profile = profile("[requests]\nupdate = \"PUT /headset/{device}/cc\"");
    let asked = Asked::Update { device: Some(device("x")) };
    assert_eq!(profile.route("PUT", "/headset/x/cc"), known(asked));
    let asked = Asked::Configuration { device: device("x") };
    assert_eq!(profile.route("GET", "/headset/x/cc"), known(asked));
    assert_eq!(profile.route("POST", "/headset/x/cc"), Routed::WrongMethod(vec!["GET", "PUT"]));
}

#[test]
fn tokens_and_handles_are_found() {
    let usual = Profile::default();
    assert_eq!((usual.token_header(), usual.handle_query()), ("Authorization", "key"));
    assert_eq!(usual.token("bearer  a.b-c "), Some("a.b-c"));
    for value in ["", "Bearer", "Bearer ", "Basic abc", "Bearer a b", "abc"] {
        assert_eq!(usual.token(value), None, "{value}");
    }
    let plain = profile("token_header = \"X-Token\"\ntoken_scheme = \"\"\nhandle_query = \"h\"");
    assert_eq!((plain.token_header(), plain.token("abc")), ("X-Token", Some("abc")));
    assert_eq!(plain.handle("a=1&h=2"), Some("2"));
    for query in ["", "h", "h=", "h=1&h=2", "hh=1", "H=1"] {
        assert_eq!(plain.handle(query), None, "{query}");
    }
}

proptest! {
    #[test]
    fn a_path_that_was_written_is_asked(
        name in "[A-Za-z0-9._-]{1,15}", model in "[ -~é€]{1,64}",
    ) {
        let (Ok(device), true) = (DeviceName::new(&name), is_model(&model)) else { return Ok(()) };
        let profile = Profile::default();
        let some = Some(device.clone());
        let asked = [
            (Request::Discovery, Asked::Discovery { device: device.clone() }),
            (Request::Configuration, Asked::Configuration { device: device.clone() }),
            (Request::Update, Asked::Update { device: some.clone() }),
            (Request::Inventory, Asked::Inventory { device: some.clone() }),
            (Request::Template, Asked::Template { device: some, model: model.clone() }),
        ];
        for (request, asked) in asked {
            prop_assert_eq!((asked.request(), asked.device()), (request, Some(&device)));
            let path = profile.path(request, &device, &model);
            prop_assert_eq!(profile.route(profile.method(request), &path), known(asked));
        }
    }

    #[test]
    fn any_path_is_routed(method in ".{0,8}", path in "(/[a-z%0-9./{}é]{0,12}){0,7}") {
        let _ = Profile::default().route(&method, &path);
    }
}
