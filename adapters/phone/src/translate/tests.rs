//! Every page on every family in every language.

use std::collections::BTreeSet;

use domain::settings::Settings;
use domain::{
    AfterCall, AgentSession, Call, CallDirection, CallState, DeviceName, Leaving, Mobile,
    MobileMode, OwnerRefusalKind, PresenceState, ReasonCategory, SessionNumber, SignedIn,
    SignedOut, SignedOutBy, Status, Voice, VoiceState,
};
use http::HeaderMap;
use protocols::phone_xml::{Charset, Object, decode, encode};

use super::*;
use crate::link::{HOST_CHARACTERS_MAX, LinkKey, Press};
use crate::query::{BadParameter, Fault};
use crate::testing::{NOW, key, settings};
use crate::texts::{Language, Library};

const MODELS: [&str; 9] =
    ["CP-6945", "CP-7942G", "CP-7841", "CP-8821", "CP-8845", "CP-8875", "DP-9871", "CP-860", ""];

fn session(state: VoiceState) -> AgentSession {
    let in_call = matches!(state, VoiceState::Talking { .. } | VoiceState::WrapUp { .. });
    let call = Call {
        id: "c1".to_owned(),
        direction: CallDirection::Inbound,
        number: "0301234".to_owned(),
        began_at: NOW,
        variables: Vec::new(),
        wrap_up_reason: Some(ReasonCode(21)),
        wrap_up_text: None,
        state: CallState::Active,
        other_line: None,
        queue: None,
    };
    AgentSession {
        agent: key("1001"),
        number: SessionNumber(7),
        generation: 1,
        status: Status::SignedIn(Box::new(SignedIn {
            at: NOW,
            node: "gw-a.example".parse().unwrap(),
            extension: "2001".parse().unwrap(),
            device: None,
            screen: Some("SEP001122334455".parse().unwrap()),
            mobile: Some(Mobile { number: "0170".parse().unwrap(), mode: MobileMode::CallByCall }),
            proof: None,
            client: None,
            voice: Some(Voice { state, since: NOW }),
            call: in_call.then_some(call),
            changes: 3,
            origins: domain::Origins::default(),
        })),
    }
}

fn doing(session: &AgentSession) -> Doing {
    let presence = Presence::owned(session.signed_in().unwrap()).unwrap();
    Doing { mark: 3, presence, queues: None }
}

fn states() -> Vec<VoiceState> {
    let lunch = AfterCall::NotReady(Some(ReasonCode(12)));
    let then = AfterCall::Ready;
    vec![
        VoiceState::NotReady { reason: None },
        VoiceState::NotReady { reason: Some(ReasonCode(12)) },
        VoiceState::Ready,
        VoiceState::Talking { then, asked: false },
        VoiceState::Talking { then: lunch, asked: true },
        VoiceState::WrapUp { then, asked: true, until: NOW },
    ]
}

fn problems() -> Vec<Problem> {
    let text = || "SEP1".to_owned();
    let mut problems = vec![
        Problem::Wrong,
        Problem::Locked { minutes: 5 },
        Problem::Busy { seconds: 7 },
        Problem::Unavailable,
        Problem::Maintenance { alternate: None },
        Problem::Maintenance { alternate: Some("gw-b.example".to_owned()) },
        Problem::Agent,
        Problem::Extension(text()),
        Problem::ExtensionForm,
        Problem::ExtensionUsed(text()),
        Problem::Device(text()),
        Problem::DeviceUsed,
        Problem::DeviceName,
        Problem::Mobile,
        Problem::MobileForm,
        Problem::InCall,
        Problem::Form,
        Problem::Link,
        Problem::Internal,
        Problem::MobileNotOffered,
        Problem::SignedOnElsewhere(None),
        Problem::SignedOnElsewhere(Some(text())),
        Problem::OwnerAway,
        Problem::NotConfirmed,
        Problem::SeveralPairs,
        Problem::Leaving,
    ];
    problems.extend(KINDS.map(|kind| Problem::Owner { kind, code: 4_294_967_295 }));
    for fault in [Fault::Repeated, Fault::Encoding, Fault::Control, Fault::Long(32), Fault::Many] {
        problems.push(Problem::Parameter(BadParameter { name: "id", fault }));
    }
    problems
}

/// Gives every page there is to `judge`, for one model in one language.
fn each_page(model: &str, language: Language, mut judge: impl FnMut(&Client<'_>, Page)) {
    let library = Library::read();
    let mut settings: Settings = settings();
    std::sync::Arc::make_mut(&mut settings.phone_service).mobile_agents = true;
    let mut headers = HeaderMap::new();
    headers.insert("x-ciscoipphonemodelname", model.parse().unwrap());
    headers.insert("accept-language", language.tag().parse().unwrap());
    headers.insert("accept-charset", "utf-8".parse().unwrap());
    let client = Client::of(&headers, &settings.phone_service, &library);
    let base = format!("https://{}:65535", "h".repeat(HOST_CHARACTERS_MAX));
    let device: DeviceName = "SEP001122334455".parse().unwrap();
    let key = LinkKey::new(&[7; 32]);
    let scene = Scene {
        client: &client,
        base: &base,
        elsewhere: Some(&base),
        device: &device,
        settings: &settings,
        key: &key,
        now: NOW,
        links: OnceCell::new(),
    };
    for state in states() {
        let session = session(state);
        let doing = doing(&session);
        let shown = Shown::of(&session, &doing).unwrap();
        for remark in [
            None,
            Some(Remark::ReasonGone),
            Some(Remark::NotReadyFirst),
            Some(Remark::CallGone),
            Some(Remark::InCall),
            Some(Remark::Changed),
            Some(Remark::NotConfirmed),
            Some(Remark::Away),
            Some(Remark::NotKnown),
        ] {
            judge(&client, home(&scene, shown, remark));
        }
        judge(&client, call(&scene, shown));
        for category in ReasonCategory::ALL {
            judge(&client, reasons(&scene, shown, category));
        }
    }
    each_page_of_a_centre(&scene, &mut judge);
    let kept = "A".repeat(22);
    let longest = Form {
        id: Field::Known("a".repeat(32)),
        extension: Field::Known("#".repeat(24)),
        ..Form::default()
    };
    judge(&client, form(&scene, &Form::default(), None));
    judge(&client, form(&scene, &longest, None));
    judge(&client, form(&scene, &Form { kept: Some(kept.clone()), ..Form::default() }, None));
    for ended in [
        Ended::SignedOut,
        Ended::BySupervisor,
        Ended::BySystem(None),
        Ended::BySystem(Some(ReasonCode(255))),
        Ended::BySystem(Some(ReasonCode(65_535))),
        Ended::Elsewhere,
        Ended::Unknown,
    ] {
        judge(&client, form(&scene, &Form::default(), Some(ended.notice(&client))));
    }
    judge(&client, devices(&scene, &[device.clone(), "SEP7".parse().unwrap()], &kept));
    judge(&client, mobile_modes(&scene, &kept));
    for each in problems() {
        let of = |ways| problem(&client, &each, ways, "REF-4711");
        judge(&client, of(Ways { retry: Some(base.clone()), ..Ways::default() }));
        judge(&client, of(Ways::default()));
        let home = Some((15, format!("{base}/home")));
        judge(&client, of(Ways { retry: Some(base.clone()), home, ..Ways::default() }));
    }
}

const KINDS: [OwnerRefusalKind; 13] = [
    OwnerRefusalKind::WrongPassword,
    OwnerRefusalKind::AlreadySignedOn,
    OwnerRefusalKind::AgentUnknown,
    OwnerRefusalKind::ExtensionInUse,
    OwnerRefusalKind::Device,
    OwnerRefusalKind::Locked,
    OwnerRefusalKind::Mobile,
    OwnerRefusalKind::State,
    OwnerRefusalKind::Reason,
    OwnerRefusalKind::Call,
    OwnerRefusalKind::Away,
    OwnerRefusalKind::NotOffered,
    OwnerRefusalKind::Other,
];

/// The pages of states and calls that only a contact centre tells of.
fn each_page_of_a_centre(scene: &Scene<'_>, judge: &mut impl FnMut(&Client<'_>, Page)) {
    let mut session = session(VoiceState::Talking { then: AfterCall::Ready, asked: false });
    let Status::SignedIn(signed_in) = &mut session.status else { panic!("signed in") };
    signed_in.voice = None;
    let call = signed_in.call.take().unwrap();
    let call = |state, line: Option<&str>, number: &str| Call {
        state,
        number: number.to_owned(),
        queue: Some("Orders".to_owned()),
        other_line: line.map(|line| line.parse().unwrap()),
        ..call.clone()
    };
    let states = [
        PresenceState::SignedOut { reason: None },
        PresenceState::Reserved,
        PresenceState::Held,
        PresenceState::WrapUp { ready_afterwards: true },
        PresenceState::Busy,
        PresenceState::Unknown,
    ];
    let calls = vec![
        call(CallState::Alerting, None, ""),
        call(CallState::Held, None, "0301"),
        call(CallState::Dialling, Some("2099"), "0302"),
    ];
    for (state, not_known_since) in
        states.into_iter().flat_map(|state| [(state, None), (state, Some(NOW))])
    {
        let (pending, calls) = (Some(PresenceState::Ready), calls.clone());
        let presence = Presence { state, since: NOW, pending, until: None, calls, not_known_since };
        for longest_since in [None, Some(NOW)] {
            let queues = Some(QueueFigures { calls: 3, longest_since });
            let doing = Doing { mark: 3, presence: presence.clone(), queues };
            let shown = Shown::of(&session, &doing).unwrap();
            judge(scene.client, home(scene, shown, None));
            judge(scene.client, super::call(scene, shown));
            for kind in KINDS {
                let remark = Remark::Owner { kind, code: 4_294_967_295 };
                judge(scene.client, home(scene, shown, Some(remark)));
            }
        }
    }
}

#[test]
fn phn_17_every_page_is_within_the_limits_of_every_phone() {
    for model in MODELS {
        for language in Language::ALL {
            each_page(model, language, |client, page| check_limits(model, client, &page));
        }
    }
}

#[track_caller]
fn check_limits(model: &str, client: &Client<'_>, page: &Page) {
    let screen = page.object.screen().unwrap();
    let keys = &screen.soft_keys;
    assert!((1..=8).contains(&keys.len()), "{model}: {page:?}");
    let positions: Vec<_> = keys.iter().map(|key| key.position).collect();
    assert!(positions.iter().copied().eq(1..=i8::try_from(keys.len()).unwrap()), "{page:?}");
    let leads_out = |url: &str| url.starts_with("https://") || url == "SoftKey:Exit";
    assert!(keys.iter().any(|key| leads_out(&key.url)), "{page:?}");
    let mut urls: Vec<&str> = keys.iter().map(|key| key.url.as_str()).collect();
    match &page.object {
        Object::Menu(menu) => {
            assert!(screen.prompt.is_some(), "79xx draw a menu without a prompt wrongly");
            urls.extend(menu.items.iter().map(|item| item.url.as_str()));
            let fits = |name: &str| name.chars().count() <= client.label_characters;
            assert!(menu.items.iter().all(|item| fits(&item.name)), "{model}: {page:?}");
        }
        Object::Input(input) => {
            assert!(client.model.shows_forms);
            assert!((1..=5).contains(&input.items.len()));
            assert!(input.items.iter().all(|item| !item.label.is_empty()));
            let masked: Vec<_> =
                input.items.iter().filter(|it| it.parameter == "password").collect();
            assert!(masked.iter().all(|it| it.flags.letters() == "AP" && it.default.is_none()));
            urls.push(&input.url);
        }
        Object::Text(text) => assert!(!text.text.is_empty()),
        other => panic!("{other:?}"),
    }
    urls.extend(page.refresh.iter().map(|(_, url)| url.as_str()));
    for url in urls {
        assert!(url.chars().count() <= 256, "{} {url}", url.len());
    }
    if client.model.prompt_only {
        assert!(screen.title.is_none() && screen.prompt.is_some(), "{page:?}");
    }
    let decoded = decode(&encode(&page.object, client.charset)).unwrap();
    assert_eq!((decoded.ignored, decoded.shortened), (0, 0));
}

/// What people read on a page, apart from what settings and calls bring.
fn words(page: &Page) -> Vec<String> {
    let screen = page.object.screen().unwrap();
    let mut words: Vec<String> = screen.soft_keys.iter().map(|key| key.name.clone()).collect();
    words.extend(screen.title.clone());
    words.extend(screen.prompt.clone());
    match &page.object {
        Object::Text(text) => words.extend(text.text.lines().map(str::to_owned)),
        Object::Input(input) => words.extend(input.items.iter().map(|item| item.label.clone())),
        _ => {}
    }
    words
}

#[test]
fn phn_08_no_page_mixes_languages() {
    let all = |language| {
        let mut found = BTreeSet::new();
        each_page("CP-8845", language, |_, page| found.extend(words(&page)));
        found
    };
    let english = all(Language::English);
    // What is the same in both: names, numbers, and words the languages share.
    let shared = |word: &str| {
        ["ID", "Status", "Maintenance", "Connexion"].contains(&word)
            || word.contains("2001")
            || word.chars().all(|letter| !letter.is_lowercase())
            || ["Customer: ", "Account: ", "Gone: ", "Tier: "].iter().any(|it| word.starts_with(it))
    };
    for language in Language::ALL.into_iter().filter(|it| *it != Language::English) {
        let own = all(language);
        assert!(own.len() > 60, "{language:?}: {}", own.len());
        let foreign: Vec<_> = own.intersection(&english).filter(|word| !shared(word)).collect();
        assert!(foreign.is_empty(), "{language:?} shows English: {foreign:?}");
        assert!(own.iter().all(|word| !word.is_empty() && !word.contains('$')));
    }
}

#[test]
fn phn_17_keys_stand_where_each_family_has_them() {
    let order = |model: &str, wanted: ScreenName| {
        let mut found = Vec::new();
        each_page(model, Language::English, |_, page| {
            if page.name == wanted && found.is_empty() {
                let keys = page.object.screen().unwrap().soft_keys.clone();
                found = keys.into_iter().map(|key| key.name).collect();
            }
        });
        found
    };
    assert_eq!(order("CP-8845", ScreenName::SignIn), ["Exit", "SignIn", "Erase"]);
    assert_eq!(order("CP-7942G", ScreenName::SignIn), ["SignIn", "Erase", "Exit"]);
    assert_eq!(order("CP-7841", ScreenName::Reasons(ReasonCategory::NotReady)), ["Back", "Select"]);
    assert_eq!(order("CP-6945", ScreenName::Reasons(ReasonCategory::NotReady)), ["Select", "Back"]);
    assert_eq!(order("CP-7841", ScreenName::Problem), ["Exit", "Retry"]);
    assert_eq!(order("CP-7975G", ScreenName::Problem), ["Retry", "Exit"]);
    for model in ["CP-8845", "CP-7942G"] {
        let keys = order(model, ScreenName::Home);
        assert_eq!(keys, ["Ready", "NotReady", "SignOut", "Refresh", "Backup"], "{model}");
    }
}

#[test]
fn phn_17_a_69xx_shows_the_state_in_its_prompt() {
    const STATES: [&str; 7] =
        ["Talking", "Wrap-up", "Signed out", "Call arriving", "On hold", "Busy", "Not known"];
    each_page("CP-6945", Language::English, |_, page| {
        if page.name == ScreenName::Home {
            let screen = page.object.screen().unwrap();
            let prompt = screen.prompt.as_deref().unwrap();
            let state = |prompt: &str| prompt.contains("Ready") || STATES.contains(&prompt);
            assert!(state(prompt), "{prompt}");
        }
    });
}

#[test]
fn ops_12_every_error_page_shows_a_reference_and_a_way_out() {
    for language in Language::ALL {
        each_page("CP-8845", language, |client, page| {
            if page.name == ScreenName::Problem {
                let Object::Text(text) = &page.object else { panic!("{page:?}") };
                assert!(text.text.ends_with("REF-4711"), "{page:?}");
                let keys = &text.screen.soft_keys;
                assert!(keys.iter().any(|key| key.url == "SoftKey:Exit"));
                assert_eq!(client.charset, Charset::Utf8);
            }
        });
    }
}

#[test]
fn phn_20_no_page_of_a_session_stays_beyond_the_inactivity_time() {
    for model in MODELS {
        each_page(model, Language::English, |_, page| {
            let seconds = page.refresh.as_ref().map(|(seconds, _)| *seconds);
            match page.name {
                ScreenName::Home | ScreenName::Call => assert_eq!(seconds, Some(15)),
                // Long enough to choose.
                ScreenName::Reasons(_) => assert_eq!(seconds, Some(90)),
                _ => {}
            }
        });
    }
}

#[test]
fn ops_11_a_problem_of_a_session_leads_to_its_home_screen() {
    let library = Library::read();
    let settings = settings();
    let client = Client::of(&HeaderMap::new(), &settings.phone_service, &library);
    let keys = |retry: &str| {
        let home = Some((15, "home".to_owned()));
        let ways = Ways { retry: Some(retry.to_owned()), home, ..Ways::default() };
        let page = problem(&client, &Problem::Unavailable, ways, "REF-4711");
        assert_eq!(page.refresh, Some((15, "home".to_owned())));
        let keys = page.object.screen().unwrap().soft_keys.clone();
        keys.into_iter().map(|key| (key.name, key.url)).collect::<Vec<_>>()
    };
    let key = |name: &str, url: &str| (name.to_owned(), url.to_owned());
    let exit = key("Exit", "SoftKey:Exit");
    assert_eq!(keys("ready"), [exit.clone(), key("Retry", "ready"), key("State", "home")]);
    assert_eq!(keys("home"), [exit, key("Retry", "home")], "one way needs one key");
}

#[test]
fn phn_05_a_press_that_came_to_nothing_may_be_so_already() {
    let check = |press, state, expected| {
        let session = session(state);
        let doing = doing(&session);
        let shown = Shown::of(&session, &doing).unwrap();
        assert_eq!(is_so(press, shown, &settings()), expected, "{press:?} {state:?}");
    };
    let (lunch, none) = (Some(ReasonCode(12)), None);
    let talking = |then| VoiceState::Talking { then, asked: true };
    check(Press::Ready, VoiceState::Ready, true);
    check(Press::Ready, VoiceState::NotReady { reason: none }, false);
    check(Press::Ready, talking(AfterCall::Ready), true);
    let wrap_up = VoiceState::WrapUp { then: AfterCall::Ready, asked: false, until: NOW };
    check(Press::Ready, wrap_up, false);
    check(Press::NotReady(lunch), VoiceState::NotReady { reason: lunch }, true);
    check(Press::NotReady(lunch), VoiceState::NotReady { reason: none }, false);
    check(Press::NotReady(lunch), talking(AfterCall::NotReady(lunch)), true);
    check(Press::WrapUp(ReasonCode(21)), wrap_up, true);
    check(Press::WrapUp(ReasonCode(22)), wrap_up, false);
    check(Press::WrapUp(ReasonCode(21)), VoiceState::Ready, false);
    check(Press::SignOut(none), VoiceState::NotReady { reason: none }, false);
}

fn issued(generation: u32) -> Issued {
    let holder = domain::SessionRef { number: SessionNumber(7), generation };
    Issued { holder, changes: 0, device: "SEP1".parse().unwrap(), at: NOW }
}

#[test]
fn phn_22_a_page_knows_why_it_speaks_for_nobody() {
    let signed_in = session(VoiceState::Ready);
    let out = |by, reason| AgentSession {
        generation: 2,
        status: Status::SignedOut(SignedOut { at: NOW, reason, by }),
        ..session(VoiceState::Ready)
    };
    let check = |session: &AgentSession, generation, expected| {
        assert_eq!(ended(Some(session), &issued(generation)), expected);
    };
    let code = Some(ReasonCode(255));
    check(&signed_in, 1, None);
    check(&signed_in, 0, Some(Ended::Elsewhere));
    let leaving = |by, reason| AgentSession {
        generation: 2,
        status: Status::Leaving(Leaving { at: NOW, reason, by, until: NOW }),
        ..session(VoiceState::Ready)
    };
    check(&leaving(SignedOutBy::System, code), 1, Some(Ended::BySystem(code)));
    check(&leaving(SignedOutBy::Supervisor, None), 1, Some(Ended::BySupervisor));
    check(&leaving(SignedOutBy::System, code), 0, Some(Ended::Elsewhere));
    check(&out(SignedOutBy::Agent, None), 1, Some(Ended::SignedOut));
    check(&out(SignedOutBy::Supervisor, code), 1, Some(Ended::BySupervisor));
    check(&out(SignedOutBy::System, code), 1, Some(Ended::BySystem(code)));
    // Somebody who had been taken over before the end reads that, not how the other one ended.
    check(&out(SignedOutBy::Agent, None), 0, Some(Ended::Elsewhere));
    let newer = AgentSession { number: SessionNumber(8), ..session(VoiceState::Ready) };
    check(&newer, 1, Some(Ended::Unknown));
    assert_eq!(ended(None, &issued(1)), Some(Ended::Unknown));
}

#[test]
fn ops_11_what_keeps_the_engine_from_it_becomes_a_problem() {
    use engine::{AuthenticationRefusal as Refusal, SubmitError};
    assert_eq!(Problem::of_submit(&SubmitError::Busy), Problem::Busy { seconds: 5 });
    for error in [SubmitError::Unknown, SubmitError::Stopping] {
        assert_eq!(Problem::of_submit(&error), Problem::Unavailable);
    }
    assert_eq!(Problem::of_submit(&SubmitError::Undecided), Problem::Internal);
    let of = |refusal| Problem::of_authentication(refusal, NOW);
    assert_eq!(of(Refusal::Wrong), Problem::Wrong);
    assert_eq!(of(Refusal::Unavailable), Problem::Unavailable);
    assert_eq!(of(Refusal::Locked { until: NOW }), Problem::Locked { minutes: 1 });
    let until = NOW.after(std::time::Duration::from_secs(61));
    assert_eq!(of(Refusal::Locked { until }), Problem::Locked { minutes: 2 });
}

#[test]
fn ops_05_neither_a_page_nor_a_form_prints_its_handle() {
    let kept = "AAAAAAAAAAAAAAAAAAAAAA".to_owned();
    let form = Form { has_password: true, kept: Some(kept.clone()), ..Form::default() };
    assert!(!format!("{form:?}").contains(&kept));
    let settings = settings();
    let library = Library::read();
    let client = Client::of(&HeaderMap::new(), &settings.phone_service, &library);
    let device = "SEP1".parse().unwrap();
    let scene = Scene {
        client: &client,
        base: "https://gw-a.example:8445",
        elsewhere: None,
        device: &device,
        settings: &settings,
        key: &LinkKey::new(&[7; 32]),
        now: NOW,
        links: OnceCell::new(),
    };
    let page = super::form(&scene, &form, None);
    let Object::Input(input) = &page.object else { panic!("no form") };
    assert!(input.url.contains(&kept));
    assert_eq!(format!("{page:?}"), "Page { name: SignIn, .. }");
}
