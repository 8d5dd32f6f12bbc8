//! Exact bytes of worked screens, round trips, hostile input, and the kept corpus with mutations.

use proptest::prelude::*;

use super::*;

fn key(name: &str, position: i8, url: &str) -> SoftKey {
    SoftKey { name: name.to_owned(), position, url: url.to_owned() }
}

fn screen(title: &str, prompt: &str, soft_keys: Vec<SoftKey>) -> Screen {
    Screen {
        application_id: Some("finesse".to_owned()),
        title: Some(title.to_owned()),
        prompt: Some(prompt.to_owned()),
        soft_keys,
    }
}

fn item(label: &str, parameter: &str, flags: InputFlags) -> InputItem {
    InputItem { label: label.to_owned(), parameter: parameter.to_owned(), flags, default: None }
}

fn sign_in() -> Object {
    Object::Input(Input {
        screen: screen(
            "Sign in",
            "Enter your details",
            vec![
                key("Exit", 1, "SoftKey:Exit"),
                key("SignIn", 2, "SoftKey:Submit"),
                key("Erase", 3, "SoftKey:<<"),
            ],
        ),
        url: "https://gw.example/fippa/s/TOKEN/signin".to_owned(),
        post: false,
        items: vec![
            item("ID", "id", InputFlags::Text),
            item("Password", "password", InputFlags::HiddenText),
            item("Extension", "extension", InputFlags::Telephone),
        ],
    })
}

fn home() -> Object {
    Object::Text(Text {
        screen: screen(
            "Not Ready - Lunch",
            "Queue statistics",
            vec![
                key("Ready", 1, "https://gw.example/fippa/s/TOKEN/ready?n=7"),
                key("NotReady", 2, "https://gw.example/fippa/s/TOKEN/notready"),
                key("SignOut", 3, "https://gw.example/fippa/s/TOKEN/signout"),
                key("Refresh", 4, "SoftKey:Update"),
            ],
        ),
        text: "Your state: Not Ready - Lunch\rCalls queued: 3\rLongest wait: 00:01:12\r\
               Updated: 10:41:07"
            .to_owned(),
    })
}

fn reasons() -> Object {
    let item = |name: &str, code: u16| MenuItem {
        name: name.to_owned(),
        url: format!("https://gw.example/fippa/s/TOKEN/state?s=nr&c={code}&n=8"),
    };
    let keys = vec![
        key("Back", 1, "https://gw.example/fippa/s/TOKEN/home"),
        key("Select", 2, "SoftKey:Select"),
    ];
    let screen = screen("Not Ready reason", "Choose one", keys);
    Object::Menu(Menu { screen, items: vec![item("Lunch", 12), item("Training", 13)] })
}

fn push() -> Object {
    let url = "https://gw.example/fippa/s/TOKEN/home".to_owned();
    Object::Execute(Execute { items: vec![ExecuteItem { url, priority: Priority::Now }] })
}

/// The worked screen as it is written here for people, without the white space between elements.
fn packed(written: &str) -> String {
    let (declaration, body) = written.split_once('\n').unwrap();
    let lines: String = body.lines().map(str::trim).collect();
    format!("{declaration}\n{lines}")
}

#[track_caller]
fn check_bytes(object: &Object, written: &str) {
    let bytes = encode(object, Charset::Utf8);
    assert_eq!(String::from_utf8(bytes.clone()).unwrap(), packed(written));
    for bytes in [bytes.as_slice(), written.as_bytes()] {
        let decoded = decode(bytes).unwrap();
        assert_eq!((&decoded.object, decoded.ignored, decoded.shortened), (object, 0, 0));
    }
}

#[test]
fn phn_17_the_worked_screens_are_written_byte_for_byte() {
    check_bytes(&sign_in(), include_str!("../../corpus/phone_xml/sign-in.xml"));
    check_bytes(&home(), include_str!("../../corpus/phone_xml/home.xml"));
    check_bytes(&reasons(), include_str!("../../corpus/phone_xml/reasons.xml"));
    check_bytes(&push(), include_str!("../../corpus/phone_xml/push.xml"));
}

#[test]
fn a_form_may_ask_to_be_sent_in_a_body() {
    let Object::Input(mut input) = sign_in() else { unreachable!() };
    input.post = true;
    let bytes = encode(&Object::Input(input.clone()), Charset::Utf8);
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(text.contains("<URL method=\"post\">https://gw.example/"), "{text}");
    assert_eq!(decode(&bytes).unwrap().object, Object::Input(input));
}

#[test]
fn latin1_objects_say_so_and_hold_only_what_it_has() {
    let text = Text {
        screen: Screen { title: Some("Käse".to_owned()), ..Screen::default() },
        text: "5 € – 休".to_owned(),
    };
    let bytes = encode(&Object::Text(text), Charset::Latin1);
    let expected = b"<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n<CiscoIPPhoneText>\
        <Title>K\xE4se</Title><Text>5 EUR - ?</Text></CiscoIPPhoneText>";
    assert_eq!(bytes, expected);
}

#[test]
fn phn_17_everything_is_cut_to_the_schemas_limits() {
    let long = "ä".repeat(5_000);
    let screen = Screen {
        application_id: Some(long.clone()),
        title: Some(long.clone()),
        prompt: Some(long.clone()),
        soft_keys: vec![key(&long, 1, &long); SOFT_KEYS_MAX + 1],
    };
    let item = MenuItem { name: long.clone(), url: long.clone() };
    let menu = Menu { screen: screen.clone(), items: vec![item; MENU_ITEMS_MAX + 1] };
    let decoded = decode(&encode(&Object::Menu(menu), Charset::Utf8)).unwrap();
    assert_eq!((decoded.ignored, decoded.shortened), (0, 0));
    let Object::Menu(menu) = decoded.object else { unreachable!() };
    let length = |text: &str| text.chars().count();
    assert_eq!(length(menu.screen.title.as_ref().unwrap()), WORD_CHARACTERS_MAX);
    assert_eq!(length(menu.screen.prompt.as_ref().unwrap()), WORD_CHARACTERS_MAX);
    let id = menu.screen.application_id.as_ref().unwrap();
    assert_eq!(length(id), APPLICATION_ID_CHARACTERS_MAX);
    assert_eq!(menu.screen.soft_keys.len(), SOFT_KEYS_MAX);
    assert_eq!(length(&menu.screen.soft_keys[0].name), WORD_CHARACTERS_MAX);
    assert_eq!(length(&menu.screen.soft_keys[0].url), URL_CHARACTERS_MAX);
    assert_eq!(menu.items.len(), MENU_ITEMS_MAX);
    assert_eq!(length(&menu.items[0].name), MENU_NAME_CHARACTERS_MAX);
    assert_eq!(length(&menu.items[0].url), URL_CHARACTERS_MAX);
    let text = Object::Text(Text { screen, text: long });
    let Object::Text(text) = decode(&encode(&text, Charset::Utf8)).unwrap().object else {
        unreachable!()
    };
    assert_eq!(length(&text.text), TEXT_CHARACTERS_MAX);
}

#[test]
fn a_response_is_read_from_attributes_and_from_elements() {
    let item = |status, data: &str, url: &str| ResponseItem {
        status,
        data: data.to_owned(),
        url: url.to_owned(),
    };
    let read = |bytes: &[u8]| match decode(bytes).unwrap() {
        Decoded { object: Object::Response(response), ignored, .. } => (response.items, ignored),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        read(include_bytes!("../../corpus/phone_xml/response-attributes.xml")),
        (vec![item(Some(0), "Success", "https://gw.example/a?b=1&c=2")], 0)
    );
    assert_eq!(
        read(include_bytes!("../../corpus/phone_xml/response-elements.xml")),
        (vec![item(Some(6), "No active call", "Key:Hold")], 1)
    );
    let odd = b"<CiscoIPPhoneResponse><ResponseItem Status='x'/></CiscoIPPhoneResponse>";
    assert_eq!(read(odd), (vec![item(None, "", "")], 0));
}

#[test]
fn an_error_is_read_with_and_without_a_number() {
    let read = |text: &str| decode(text.as_bytes()).unwrap().object;
    let error = |number, text: &str| Object::Error(PhoneError { number, text: text.to_owned() });
    assert_eq!(read("<CiscoIPPhoneError Number=\"4\"/>"), error(Some(4), ""));
    assert_eq!(read("<CiscoIPPhoneError Number='x'>why</CiscoIPPhoneError>"), error(None, "why"));
}

#[test]
fn children_come_in_any_order_and_strangers_are_counted() {
    let decoded = decode(include_bytes!("../../corpus/phone_xml/any-order.xml")).unwrap();
    let menu = Menu {
        screen: Screen {
            title: Some(String::new()),
            soft_keys: vec![key("", -1, "SoftKey:Exit")],
            ..Screen::default()
        },
        // XML turns a bare CR into LF.
        items: vec![MenuItem { name: "x\ny\nz".to_owned(), url: "a".to_owned() }],
    };
    assert_eq!(decoded.object, Object::Menu(menu));
    assert_eq!(decoded.ignored, 1);
}

#[track_caller]
fn check_refused(bytes: &[u8], expected: DecodeError) {
    assert_eq!(decode(bytes), Err(expected));
}

#[test]
fn hostile_bytes_are_refused_each_for_its_reason() {
    let text = |inside: &str| format!("<CiscoIPPhoneText>{inside}</CiscoIPPhoneText>");
    let malformed =
        ["", "x", "<a", "<a></b>", "<a/><a/>", "<a>", "&amp;", "<a b=c/>", "<a b='&x;'/>"];
    for bytes in malformed {
        check_refused(bytes.as_bytes(), DecodeError::Malformed);
    }
    check_refused(
        include_bytes!("../../corpus/phone_xml/document-type.xml"),
        DecodeError::DocumentType,
    );
    check_refused(text("<Text>&a;</Text>").as_bytes(), DecodeError::Entity);
    check_refused(b"<CiscoIPPhoneVideo/>", DecodeError::UnknownObject);
    check_refused(b"<?xml version='1.0' encoding='utf-16'?><a/>", DecodeError::Encoding);
    check_refused(b"<?xml version='1.0' encoding='utf-8'?><a>\xE9</a>", DecodeError::Encoding);
    let deep = "<a>".repeat(DEPTH_MAX + 1);
    check_refused(deep.as_bytes(), DecodeError::TooDeep);
    let wide = text(&"<a/>".repeat(NODES_MAX));
    check_refused(wide.as_bytes(), DecodeError::TooManyNodes);
    let large = vec![b' '; BYTES_MAX + 1];
    check_refused(&large, DecodeError::TooLarge { bytes: BYTES_MAX + 1 });
    let missing = |parent, element| DecodeError::Missing { parent, element };
    check_refused(b"<CiscoIPPhoneInput/>", missing(Kind::Input, "URL"));
    check_refused(b"<CiscoIPPhoneExecute/>", missing(Kind::Execute, "ExecuteItem"));
}

#[test]
fn what_is_at_a_limit_is_still_read() {
    let children = NODES_MAX - 1;
    let wide = format!("<CiscoIPPhoneText>{}</CiscoIPPhoneText>", "<a/>".repeat(children));
    assert_eq!(decode(wide.as_bytes()).unwrap().ignored, children);
    let mut large = b"<CiscoIPPhoneText/>".to_vec();
    large.resize(BYTES_MAX, b' ');
    assert!(decode(&large).is_ok());
}

#[test]
fn the_kept_corpus_and_20000_mutations_hold() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/phone_xml");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let corpus: Vec<_> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
    assert!(corpus.len() >= 10);
    for bytes in &corpus {
        fuzz(bytes);
    }
    let mut random = Xorshift(0x9E37_79B9_7F4A_7C15);
    for _ in 0..20_000 {
        let mut bytes = corpus[random.below(corpus.len())].clone();
        for _ in 0..=random.below(6) {
            mutate(&mut bytes, &corpus, &mut random);
        }
        fuzz(&bytes);
    }
}

/// Bytes that mean something in XML come more often than others.
fn mutate(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Xorshift) {
    const TELLING: &[u8] = b"<>&;/\"'=#!?[]-\0\r\n\t \x85\xC3\xE9\xFF0x";
    let at = random.below(bytes.len() + 1);
    match random.below(6) {
        0 if at < bytes.len() => bytes[at] = random.next() as u8,
        1 => bytes.insert(at, TELLING[random.below(TELLING.len())]),
        2 => {
            let end = (at + random.below(20)).min(bytes.len());
            bytes.drain(at..end);
        }
        3 => {
            let end = (at + random.below(60)).min(bytes.len());
            let piece = bytes[at..end].to_vec();
            bytes.splice(at..at, piece);
        }
        4 => {
            let other = &corpus[random.below(corpus.len())];
            let from = random.below(other.len());
            let to = (from + random.below(80)).min(other.len());
            bytes.splice(at..at, other[from..to].iter().copied());
        }
        _ => bytes.truncate(at),
    }
}

struct Xorshift(u64);

impl Xorshift {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % u64::try_from(end.max(1)).unwrap()) as usize
    }
}

/// Text that XML and phones can carry, shorter than `characters_end`.
fn any_text(characters_end: usize) -> impl Strategy<Value = String> {
    let character = prop_oneof![
        5 => any::<char>(),
        3 => prop::char::range(' ', '~'),
        1 => prop::sample::select(vec!['\r', '\n', '\t', '&', '<', '>', '"', '\'', 'ß', '休']),
    ];
    let characters = prop::collection::vec(character, 0..characters_end);
    characters.prop_map(|characters| {
        shown(&characters.into_iter().collect::<String>(), Charset::Utf8).into_owned()
    })
}

fn any_screen() -> impl Strategy<Value = Screen> {
    let key = (any_text(33), -1i8..17, any_text(257)).prop_map(|(name, position, url)| SoftKey {
        name,
        position,
        url,
    });
    (
        prop::option::of(any_text(65)),
        prop::option::of(any_text(33)),
        prop::option::of(any_text(33)),
        prop::collection::vec(key, 0..9),
    )
        .prop_map(|(application_id, title, prompt, soft_keys)| Screen {
            application_id,
            title,
            prompt,
            soft_keys,
        })
}

fn any_flags() -> impl Strategy<Value = InputFlags> {
    prop::sample::select(vec![
        InputFlags::Text,
        InputFlags::Telephone,
        InputFlags::Numeric,
        InputFlags::HiddenText,
        InputFlags::HiddenNumeric,
        InputFlags::Upper,
        InputFlags::HiddenEquation,
    ])
}

fn any_object() -> impl Strategy<Value = Object> {
    let text = (any_screen(), any_text(500))
        .prop_map(|(screen, text)| Object::Text(Text { screen, text }));
    let item = (any_text(64), any_text(256)).prop_map(|(name, url)| MenuItem { name, url });
    let menu = (any_screen(), prop::collection::vec(item, 0..8))
        .prop_map(|(screen, items)| Object::Menu(Menu { screen, items }));
    let field = (any_text(32), "[a-z]{1,32}", any_flags(), prop::option::of(any_text(32)));
    let field = field.prop_map(|(label, parameter, flags, default)| InputItem {
        label,
        parameter,
        flags,
        default,
    });
    let fields = prop::collection::vec(field, 0..6);
    let input = (any_screen(), any_text(256), any::<bool>(), fields)
        .prop_map(|(screen, url, post, items)| Object::Input(Input { screen, url, post, items }));
    let priorities = vec![Priority::Now, Priority::WhenIdle, Priority::IfIdle];
    let item = (any_text(256), prop::sample::select(priorities))
        .prop_map(|(url, priority)| ExecuteItem { url, priority });
    let execute =
        prop::collection::vec(item, 1..4).prop_map(|items| Object::Execute(Execute { items }));
    let item = (prop::option::of(any::<u16>()), any_text(256), any_text(256))
        .prop_map(|(status, data, url)| ResponseItem { status, data, url });
    let response =
        prop::collection::vec(item, 0..4).prop_map(|items| Object::Response(Response { items }));
    let error = (prop::option::of(any::<u16>()), any_text(256))
        .prop_map(|(number, text)| Object::Error(PhoneError { number, text }));
    prop_oneof![text, menu, input, execute, response, error]
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_it_was(object in any_object()) {
        let decoded = decode(&encode(&object, Charset::Utf8));
        prop_assert_eq!(decoded, Ok(Decoded { object, ignored: 0, shortened: 0 }));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        fuzz(&bytes);
    }
}
