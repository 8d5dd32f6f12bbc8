//! Opening the service and signing in.

use std::sync::Arc;

use domain::settings::{DevicePolicy, FormMethod, PhoneService, Settings};
use domain::{Command, Input, InputId, MobileMode};
use http::Method;
use protocols::phone_xml::Object;

use crate::locked;
use crate::testing::{BASE, BUSY, CLERK, Handset, LOCKED, Node, settings};

fn serving(change: impl FnOnce(&mut PhoneService)) -> Settings {
    let mut settings = settings();
    change(Arc::make_mut(&mut settings.phone_service));
    settings
}

#[tokio::test]
async fn phn_03_each_of_the_eight_subsets_asks_only_for_what_is_missing() {
    let all = [("id", "1001"), ("extension", "2001"), ("password", "password-1001")];
    for subset in 0..8_usize {
        let node = Node::new().await;
        let mut phone = Handset::new(&node, "SEP1");
        let is_given = |index: usize| subset & (1 << index) != 0;
        let given: Vec<_> = (0..3).filter(|it| is_given(*it)).map(|it| all[it]).collect();
        let missing: Vec<_> = (0..3).filter(|it| !is_given(*it)).map(|it| all[it]).collect();
        let query: Vec<_> = given.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut view = phone.open(&query.join("&")).await;
        if !missing.is_empty() {
            let names: Vec<_> = missing.iter().map(|(name, _)| (*name, None)).collect();
            assert_eq!(view.fields(), names);
            assert_eq!(node.state("1001").await, "signed_out");
            view = phone.submit(&view, &missing).await;
        }
        assert_eq!(view.title(), "Not Ready");
        assert_eq!(node.state("1001").await, "not_ready");
        assert!(phone.cookie.is_some());
        assert!(!phone.seen.contains("password-1001"), "the password is echoed: {}", phone.seen);
        assert_eq!(locked(&node.phone.pending).count(), 0);
    }
}

#[tokio::test]
async fn phn_16_an_empty_prefill_counts_as_none() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let view = phone.open("id=&extension=&password=").await;
    assert_eq!(view.fields(), [("id", None), ("extension", None), ("password", None)]);
    assert_eq!(view.prompt(), "Enter your details");
    assert_eq!(view.keys(), ["Exit", "SignIn", "Erase"]);
}

#[tokio::test]
async fn a_form_that_is_not_complete_comes_back_and_says_so() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let view = phone.open("").await;
    let values = [("id", "1002"), ("extension", ""), ("password", "")];
    let view = phone.submit(&view, &values).await;
    assert_eq!(view.prompt(), "Please fill in every field");
    assert_eq!(view.fields(), [("extension", None), ("password", None)]);
    // Whose password is right and who has no line of their own is asked for one.
    let values = [("extension", ""), ("password", "password-1002")];
    let view = phone.submit(&view, &values).await;
    assert_eq!(view.prompt(), "Please fill in every field");
    assert_eq!(view.fields(), [("extension", None)]);
    assert!(!phone.seen.contains("password-1002"));
    assert_eq!(phone.submit(&view, &[("extension", "2002")]).await.title(), "Not Ready");
}

#[tokio::test]
async fn who_has_a_line_of_their_own_may_leave_it_empty() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let view = phone.open("").await;
    let values = [("id", "1001"), ("extension", ""), ("password", "password-1001")];
    let view = phone.submit(&view, &values).await;
    assert!(view.text().contains("Ada, Line 2001"), "{view:?}");
}

#[tokio::test]
async fn a_line_left_empty_is_not_asked_for_when_the_same_values_are_tried_again() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let password = format!("password-{BUSY}");
    let view = phone.open("").await;
    let values = [("id", BUSY), ("extension", ""), ("password", password.as_str())];
    let busy = phone.submit(&view, &values).await;
    let again = phone.press(&busy, "Retry").await;
    assert!(again.text().contains("try again in 7 s"), "{again:?}");
}

/// Everything that a phone is answered while somebody tries that id, without what is random.
async fn told_of(id: &str) -> Vec<String> {
    let values = [("id", id), ("extension", "2009"), ("password", "wrong-password")];
    let mut told = Vec::new();
    for subset in 0..8_usize {
        let is_given = |index: &usize| subset & (1 << index) != 0;
        let given: Vec<_> = (0..3).filter(is_given).map(|it| values[it]).collect();
        let query: Vec<_> = given.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let query = query.join("&");
        for path in ["", "/signin"] {
            let node = Node::new().await;
            let mut phone = Handset::new(&node, "SEP1");
            let mut view = phone.get(&format!("{BASE}/fippa/SEP1{path}?{query}")).await;
            told.push(format!("{view:?}"));
            if matches!(view.object, Object::Input(_)) {
                // Everything that is asked for, but the line.
                let names: Vec<_> = view.fields().iter().map(|(name, _)| *name).collect();
                let value =
                    |name: &str| values.iter().find(|it| it.0 == name && name != "extension");
                let rest: Vec<_> =
                    names.iter().map(|name| value(name).copied().unwrap_or((*name, ""))).collect();
                view = phone.submit(&view, &rest).await;
                told.push(format!("{view:?}"));
            }
            if matches!(view.object, Object::Text(_)) && view.has_key("Retry") {
                told.push(format!("{:?}", phone.press(&view, "Retry").await));
            }
        }
    }
    told.iter()
        .map(|text| {
            let mut pieces = text.split("kept=");
            let first = pieces.next().unwrap_or_default().to_owned();
            let rest = pieces.map(|piece| format!("kept=?{}", &piece[22..]));
            (first + &rest.collect::<String>()).replace(id, "ID")
        })
        .collect()
}

#[tokio::test]
async fn phn_03_a_known_and_an_unknown_id_look_alike_until_the_password_was_right() {
    let (known, unknown) = (told_of("1001").await, told_of("5555").await);
    assert_eq!(known, unknown);
    assert!(known.len() > 20 && known.iter().any(|it| it.contains("password is wrong")));
    assert!(known.iter().all(|it| !it.contains("2001")), "{known:?}");
}

#[tokio::test]
async fn phn_03_a_form_may_come_back_in_a_body() {
    let post = serving(|service| service.form_method = FormMethod::Post);
    let node = Node::with(post).await;
    let mut phone = Handset::new(&node, "SEP1");
    let view = phone.open("extension=2001").await;
    let Object::Input(input) = &view.object else { panic!("{view:?}") };
    assert!(input.post);
    let body = "id=1001&password=password-1001";
    let view = phone.request(Method::POST, &input.url, body).await;
    assert_eq!(view.title(), "Not Ready");
    // A family that knows no such thing is not asked.
    let mut old = Handset::new(&node, "SEP2");
    old.headers[0].1 = "CP-7942G";
    let Object::Input(input) = old.open("").await.object else { panic!() };
    assert!(!input.post);
}

#[tokio::test]
async fn a_wrong_password_leads_back_to_the_values_that_were_typed() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let view = phone.open("").await;
    let values = [("id", "1010"), ("extension", "2001"), ("password", "pass-word")];
    let wrong = phone.submit(&view, &values).await;
    assert_eq!(wrong.keys(), ["Exit", "Retry"]);
    assert!(wrong.text().contains("The ID or password is wrong"));
    assert!(wrong.text().contains("Reference: REF-4711"));
    let form = phone.press(&wrong, "Retry").await;
    let expected = [("id", Some("1010")), ("extension", Some("2001")), ("password", None)];
    assert_eq!(form.fields(), expected);
    let values = [("id", "1001"), ("extension", "2001"), ("password", "password-1001")];
    assert_eq!(phone.submit(&form, &values).await.title(), "Not Ready");
    assert!(!phone.seen.contains("pass-word"));
}

#[tokio::test]
async fn what_was_mistyped_in_the_form_can_be_typed_anew() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let view = phone.open("extension=2001").await;
    let long = "1".repeat(33);
    let wrong = phone.submit(&view, &[("id", &long), ("password", "password-1001")]).await;
    assert!(wrong.text().contains("at most 32 characters"), "{wrong:?}");
    assert_eq!(wrong.keys(), ["Exit", "Retry"]);
    let form = phone.press(&wrong, "Retry").await;
    assert_eq!(form.fields(), [("id", None), ("extension", Some("2001"))]);
    let home = phone.submit(&form, &[("id", "1001"), ("extension", "2001")]).await;
    assert_eq!(home.title(), "Not Ready");
    assert!(!phone.seen.contains("password-1001"));
    // What a subscription has wrong is not mended at the phone.
    let view = phone.open(&format!("id={long}")).await;
    assert_eq!(view.keys(), ["Exit"]);
}

#[tokio::test]
async fn a_field_cleared_for_correction_stays_empty() {
    let mut settings = serving(|service| service.mobile_agents = true);
    let agents = Arc::make_mut(&mut settings.agents);
    let mut own = (*agents[&"1002".parse().unwrap()]).clone();
    own.extension = Some("2002".parse().unwrap());
    agents.insert(own.id.clone(), Arc::new(own));
    let node = Node::with(settings).await;
    let mut phone = Handset::new(&node, "SEP1");
    let view = phone.open("").await;
    let values =
        [("id", "1002"), ("extension", "20x2"), ("password", "password-1002"), ("mobile", "0170")];
    let wrong = phone.submit(&view, &values).await;
    assert!(wrong.text().contains("only digits"), "{wrong:?}");
    let form = phone.press(&wrong, "Retry").await;
    let expected = [("id", Some("1002")), ("extension", Some("20x2")), ("mobile", Some("0170"))];
    assert_eq!(form.fields(), expected, "the password is kept and not asked for");
    let values = [("id", "1002"), ("extension", ""), ("mobile", "")];
    let home = phone.submit(&form, &values).await;
    assert!(home.text().contains("Line 2002") && !home.text().contains("0170"), "{home:?}");
    let session = node.session("1002").await.unwrap();
    assert_eq!(session.signed_in().unwrap().mobile, None);
    assert!(!phone.seen.contains("password-1002"));
}

#[tokio::test]
async fn cti_04_a_mobile_agent_on_a_shared_line_is_asked_each_question_once() {
    let node = Node::with(serving(|service| service.mobile_agents = true)).await;
    let mut phone = Handset::new(&node, "SEP5");
    let view = phone.open("id=1002&extension=2050&password=password-1002&mobile=0170").await;
    let view = phone.choose(&view, "Keep me connected").await;
    let home = phone.choose(&view, "SEP8").await;
    assert!(home.text().contains("Calls go to 0170"), "{home:?}");
    let session = node.session("1002").await.unwrap();
    let signed_in = session.signed_in().unwrap();
    assert_eq!(signed_in.mobile.as_ref().unwrap().mode, MobileMode::NailedConnection);
    assert_eq!(signed_in.device.as_ref().unwrap().as_str(), "SEP8");
}

#[tokio::test]
async fn what_was_typed_is_there_again_once_a_lock_is_over() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let locked = phone.open(&format!("id={LOCKED}&extension=2001&password=x")).await;
    node.clock.advance(std::time::Duration::from_secs(domain::LOCK_SECONDS + 60));
    let form = phone.press(&locked, "Retry").await;
    let expected = [("id", Some(LOCKED)), ("extension", Some("2001")), ("password", None)];
    assert_eq!(form.fields(), expected);
}

#[tokio::test]
async fn phn_03_a_subscription_whose_password_is_no_longer_kept_is_asked_for_that_alone() {
    let late = crate::pending::LIFETIME + std::time::Duration::from_secs(1);
    for (prefilled, typed) in [
        ("extension=2001&password=password-1001", ("id", "1001")),
        ("id=1001&password=password-1001", ("extension", "2001")),
    ] {
        let node = Node::new().await;
        let mut phone = Handset::new(&node, "SEP1");
        let form = phone.open(prefilled).await;
        node.clock.advance(late);
        let form = phone.submit(&form, &[typed]).await;
        assert_eq!(form.fields(), [("password", None)], "{prefilled}");
        assert!(form.prompt().contains("again"), "{form:?}");
        let home = phone.submit(&form, &[("password", "password-1001")]).await;
        assert_eq!(home.title(), "Not Ready");
    }
    // The same on the way by another attempt.
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let busy = phone.open(&format!("id={BUSY}&extension=2001&password=password-{BUSY}")).await;
    node.clock.advance(late);
    assert_eq!(phone.press(&busy, "Retry").await.fields(), [("password", None)]);
    // What was cleared for correction does not come back.
    let wrong = phone.open("id=1001&extension=20x9&password=password-1001").await;
    let form = phone.press(&wrong, "Retry").await;
    node.clock.advance(late);
    let form = phone.submit(&form, &[("id", "1001"), ("extension", "")]).await;
    assert_eq!(form.fields(), [("extension", None), ("password", None)]);
    let home = phone.submit(&form, &[("password", "password-1001")]).await;
    assert!(home.text().contains("Line 2001"), "{home:?}");
}

#[tokio::test]
async fn phn_03_another_attempt_keeps_a_prefilled_password_out_of_the_page() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let query = format!("id={BUSY}&extension=2001&password=password-{BUSY}");
    let busy = phone.open(&query).await;
    assert!(busy.text().contains("try again in 7 s"), "{busy:?}");
    let again = phone.press(&busy, "Retry").await;
    assert!(
        again.text().contains("try again in 7 s"),
        "the same values are tried again: {again:?}"
    );
    assert!(!phone.seen.contains("password-"));
}

#[tokio::test]
async fn trouble_at_sign_in_is_told_in_the_users_words() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let mut check = async |query: &str, words: &str| {
        let view = phone.open(query).await;
        assert!(view.text().contains(words), "{query}: {view:?}");
        assert!(view.has_key("Exit") && view.text().contains("REF-4711"));
        view
    };
    let all = |id: &str, line: &str| format!("id={id}&extension={line}&password=password-{id}");
    check(&all(LOCKED, "2001"), "locked for another 5 min").await;
    check(&all(CLERK, "2001"), "not set up as an agent").await;
    check(&all("7000", "2001"), "not set up as an agent").await;
    check(&all("1001", "20x1"), "only digits").await;
    Handset::new(&node, "SEP2").sign_in("1002", "2002").await;
    check(&all("1001", "2002"), "Another agent uses the line 2002").await;
    let mut second = Handset::new(&node, "SEP2");
    let view = second.open(&all("1001", "2001")).await;
    assert!(view.text().contains("Another agent is signed in on this phone"));
    assert!(!second.seen.contains("1002"), "who it is stays hidden");
}

#[tokio::test]
async fn phn_16_a_phone_that_is_not_listed_gets_a_clear_page() {
    let node = Node::with(serving(|service| service.devices = DevicePolicy::Listed)).await;
    let mut stranger = Handset::new(&node, "SEP9");
    for query in ["", "id=1001&extension=2001&password=password-1001"] {
        let view = stranger.open(query).await;
        assert!(view.text().contains("This phone (SEP9) is not set up"), "{view:?}");
    }
    Handset::new(&node, "SEP1").sign_in("1001", "2001").await;
    let mut other = Handset::new(&node, "SEP8");
    let view = other.open("id=1002&extension=2999&password=password-1002").await;
    assert!(view.text().contains("There is no line 2999"), "{view:?}");
}

#[tokio::test]
async fn phn_09_maintenance_refuses_every_sign_in_and_names_the_alternate() {
    let node = Node::new().await;
    let mut working = Handset::new(&node, "SEP1");
    let home = working.sign_in("1001", "2001").await;
    let command = Command::SetMaintenance { node: node.port.node().clone(), on: true };
    node.port.submit(Input::command(InputId::new("test", "on"), command)).await.unwrap();
    let mut phone = Handset::new(&node, "SEP2");
    for query in ["", "id=1002", "id=1002&extension=2002&password=password-1002"] {
        let view = phone.open(query).await;
        assert_eq!(view.title(), "Maintenance");
        assert!(view.text().contains("down for maintenance"));
        assert!(view.text().contains("Alternate service: Agent service B"));
    }
    assert_eq!(node.state("1002").await, "signed_out");
    // Who is signed in goes on.
    assert_eq!(working.press(&home, "Ready").await.title(), "Ready");
}

#[tokio::test]
async fn cti_05_a_shared_line_asks_which_phone_is_used() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP5");
    let view = phone.open("id=1002&extension=2050&password=password-1002").await;
    assert_eq!(view.title(), "Choose your phone");
    assert_eq!(view.items(), ["Desk by the window", "SEP8"]);
    assert!(!phone.seen.contains("password-1002"));
    // Back leads to what is known, to be looked over; the password is kept.
    let back = phone.press(&view, "Back").await;
    assert_eq!(back.fields(), [("id", Some("1002")), ("extension", Some("2050"))]);
    let view = phone.submit(&back, &[("id", "1002"), ("extension", "2050")]).await;
    let view = phone.choose(&view, "Desk by the window").await;
    assert_eq!(view.title(), "Not Ready");
    let session = node.session("1002").await.unwrap();
    let signed_in = session.signed_in().unwrap();
    assert_eq!(signed_in.device.as_ref().unwrap().as_str(), "SEP7");
    assert_eq!(signed_in.screen.as_ref().unwrap().as_str(), "SEP5");
}

#[tokio::test]
async fn cti_04_a_mobile_agent_gives_a_number_and_says_how_it_is_connected() {
    let node = Node::with(serving(|service| service.mobile_agents = true)).await;
    let mut phone = Handset::new(&node, "SEP1");
    let view = phone.open("id=1001&extension=2001").await;
    assert_eq!(view.fields(), [("password", None), ("mobile", None)]);
    let values = [("password", "password-1001"), ("mobile", "%2B49301234")];
    let choice = phone.submit(&view, &values).await;
    assert_eq!(choice.items(), ["Call me for each call", "Keep me connected"]);
    assert!(!phone.seen.contains("password-1001"));
    let home = phone.choose(&choice, "Keep me connected").await;
    assert!(home.text().contains("Calls go to +49301234"), "{home:?}");
    let session = node.session("1001").await.unwrap();
    let mobile = session.signed_in().unwrap().mobile.clone().unwrap();
    assert_eq!(mobile.mode, MobileMode::NailedConnection);
}

#[tokio::test]
async fn cti_04_where_mobile_agents_are_not_allowed_a_number_is_refused() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    assert_eq!(phone.open("id=1001&extension=2001").await.fields(), [("password", None)]);
    let all = "id=1001&extension=2001&password=password-1001&mobile=";
    let view = phone.open(&format!("{all}0301234&mode=call")).await;
    assert!(view.text().contains("mobile phone is not allowed"), "{view:?}");
    let node = Node::with(serving(|service| service.mobile_agents = true)).await;
    let mut phone = Handset::new(&node, "SEP1");
    let view = phone.open(&format!("{all}call%20me&mode=call")).await;
    assert!(view.text().contains("A mobile number has only digits"), "{view:?}");
}

#[tokio::test]
async fn cti_04_a_number_that_is_not_allowed_is_refused_before_anything_is_asked() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    for query in ["mobile=0170", "id=1001&mobile=0170&mode=call", "extension=2001&mobile=0170"] {
        let view = phone.open(query).await;
        assert!(view.text().contains("mobile phone is not allowed"), "{query}: {view:?}");
        let form = phone.press(&view, "Retry").await;
        let fields: Vec<_> = form.fields().iter().map(|(name, _)| *name).collect();
        assert_eq!(fields, ["id", "extension", "password"], "{query}");
        // Who was told may sign in without it.
        let values = [("id", "1001"), ("extension", "2001"), ("password", "password-1001")];
        let home = phone.submit(&form, &values).await;
        assert_eq!(home.title(), "Not Ready");
        let session = node.session("1001").await.unwrap();
        assert_eq!(session.signed_in().unwrap().mobile, None);
    }
}

#[tokio::test]
async fn cti_04_what_a_subscription_says_about_voice_is_not_asked_for_after_the_password() {
    let node = Node::with(serving(|service| service.mobile_agents = true)).await;
    let voice = "mobile=0170&mode=nailed&device=SEP8";
    for (prefilled, asked, typed) in [
        ("id=1002&extension=2050", "password", "password-1002"),
        ("extension=2050&password=password-1002", "id", "1002"),
    ] {
        let mut phone = Handset::new(&node, "SEP5");
        let form = phone.open(&format!("{prefilled}&{voice}")).await;
        assert_eq!(form.fields(), [(asked, None), ("mobile", Some("0170"))]);
        let home = phone.submit(&form, &[(asked, typed), ("mobile", "0170")]).await;
        assert!(home.text().contains("Calls go to 0170"), "{home:?}");
        let session = node.session("1002").await.unwrap();
        let signed_in = session.signed_in().unwrap();
        assert_eq!(signed_in.mobile.as_ref().unwrap().mode, MobileMode::NailedConnection);
        assert_eq!(signed_in.device.as_ref().unwrap().as_str(), "SEP8");
    }
}

#[tokio::test]
async fn phn_04_supervisors_do_agent_tasks_and_nothing_else() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP3");
    let view = phone.sign_in("1003", "2003").await;
    assert_eq!(view.keys(), ["Ready", "NotReady", "SignOut", "Refresh"]);
    assert_eq!(phone.press(&view, "Ready").await.title(), "Ready");
}

#[tokio::test]
async fn phn_17_a_phone_without_forms_is_told_what_it_takes() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    phone.headers[0].1 = "CP-860";
    let view = phone.open("id=1001").await;
    assert!(view.text().contains("cannot show a form"), "{view:?}");
    phone.sign_in("1001", "2001").await;
}

#[tokio::test]
async fn a_head_request_signs_nobody_in() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let url = format!("{BASE}/fippa/SEP1?id=1001&extension=2001&password=password-1001");
    phone.request(Method::HEAD, &url, "").await;
    assert_eq!(node.state("1001").await, "signed_out");
    assert!(!phone.seen.contains("password-1001"));
    // What is kept under a handle stays under it.
    let form = phone.open("id=1001&password=password-1001").await;
    let Object::Input(input) = &form.object else { panic!("{form:?}") };
    phone.request(Method::HEAD, &input.url.replace("/signin", ""), "").await;
    phone.request(Method::HEAD, &input.url, "").await;
    assert_eq!(locked(&node.phone.pending).count(), 1);
    assert_eq!(phone.submit(&form, &[("extension", "2001")]).await.title(), "Not Ready");
}

#[tokio::test]
async fn phn_10_signing_in_again_carries_on_with_the_same_state() {
    let node = Node::new().await;
    let mut first = Handset::new(&node, "SEP1");
    let view = first.sign_in("1001", "2001").await;
    first.press(&view, "Ready").await;
    let view = Handset::new(&node, "SEP1").sign_in("1001", "2001").await;
    assert_eq!(view.title(), "Ready");
}

#[tokio::test]
async fn phn_17_every_url_is_short_enough_under_the_longest_host_name() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let id = "a".repeat(32);
    let view = phone.open(&format!("id={id}&extension={}", "%23".repeat(24))).await;
    let longest = crate::HOST_CHARACTERS_MAX + "https://:65535".len() - BASE.len();
    let Object::Input(input) = &view.object else { panic!("{view:?}") };
    assert!(input.url.chars().count() + longest <= 256);
}
