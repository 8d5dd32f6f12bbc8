//! Exact bytes of merged files, hostile files, properties, and the kept corpus with mutations.

use proptest::prelude::*;

use super::fuzz::ours;
use super::*;

const DISCOVERY: &str = "discoveryURL";
const URL: &str = "https://gw-a.example:9444/headset/SEP001122334455";

fn read(bytes: &[u8]) -> Result<DeviceFile, DeviceFileError> {
    DeviceFile::read(Bytes::copy_from_slice(bytes))
}

fn discovery() -> Vec<Element> {
    vec![(DISCOVERY, URL.to_owned())]
}

#[track_caller]
fn check_with(file: &str, ours: &[Element], merged: &str) {
    let read_file = read(file.as_bytes()).unwrap();
    let actual = read_file.merge(ours).unwrap();
    assert_eq!(String::from_utf8(actual).unwrap(), merged);
    fuzz(file.as_bytes());
}

#[track_caller]
fn check(file: &str, merged: &str) {
    check_with(file, &discovery(), &merged.replace("URL;", &line(DISCOVERY, URL)));
}

#[track_caller]
fn refused(file: &[u8], error: DeviceFileError) {
    let result = read(file).and_then(|file| file.merge(&discovery()));
    assert_eq!(result, Err(error), "{}", String::from_utf8_lossy(file));
    fuzz(file);
}

fn corpus() -> Vec<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/device_file");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

#[test]
fn hst_11_an_element_that_is_missing_comes_last_below_the_root() {
    check("<device></device>", "<device>URL;</device>");
    check("<device/>", "<device>URL;</device>");
    check("<device a='/>' />\n", "<device a='/>' >URL;</device>\n");
    check("<device><a/></device >", "<device><a/>URL;</device >");
    check("<device>\n<a/>\n</device>\n", "<device>\n<a/>\n  URL;\n</device>\n");
    check("<device>\r\n\t<a/>\r\n</device>", "<device>\r\n\t<a/>\r\n  URL;\r\n</device>");
    check(
        "<?xml version='1.0' encoding='UTF-8'?>\n<!-- </device> -->\n<device>\n<x><![CDATA[</device>]]></x>\n\
         </device><!-- </device> -->",
        "<?xml version='1.0' encoding='UTF-8'?>\n<!-- </device> -->\n<device>\n<x><![CDATA[</device>]]></x>\n  \
         URL;\n</device><!-- </device> -->",
    );
}

#[test]
fn hst_11_an_element_that_stands_there_is_replaced_and_nothing_else_touched() {
    check(
        "<device>\n  <discoveryURL>http://old.example/</discoveryURL>\n  <b>ü &amp; €</b>\n</device>",
        "<device>\n  URL;\n  <b>ü &amp; €</b>\n</device>",
    );
    check("<device><discoveryURL/></device>", "<device>URL;</device>");
    check("<device><discoveryURL x='1'\n></discoveryURL\n></device>", "<device>URL;</device>");
    check(
        "<device><discoveryURL>a<!--b--><![CDATA[</discoveryURL>]]></discoveryURL></device>",
        "<device>URL;</device>",
    );
    // What is no element of ours, or only looks like one.
    check(
        "<device><!-- <discoveryURL/> --><discoveryurl/><x discoveryURL='&lt;discoveryURL>'/></device>",
        "<device><!-- <discoveryURL/> --><discoveryurl/><x discoveryURL='&lt;discoveryURL>'/>URL;</device>",
    );
}

#[test]
fn hst_11_an_element_is_replaced_wherever_it_stands_alone() {
    check(
        "<device><vendorConfig><discoveryURL>x</discoveryURL></vendorConfig></device>",
        "<device><vendorConfig>URL;</vendorConfig></device>",
    );
    // The one directly below the root is the one.
    check(
        "<device><a><discoveryURL>x</discoveryURL></a><discoveryURL>y</discoveryURL></device>",
        "<device><a><discoveryURL>x</discoveryURL></a>URL;</device>",
    );
}

#[test]
fn hst_11_several_elements_are_merged_each_in_its_place() {
    let elements = [
        ("servicesURL", "https://gw-a.example:8445/fippa/A?x=1&y=2".to_owned()),
        ("discoveryURL", URL.to_owned()),
        ("authenticationURL", "https://gw-a.example:8445/phone-auth".to_owned()),
    ];
    check_with(
        "<device>\n <authenticationURL/>\n <other>1</other>\n <servicesURL>http://x/</servicesURL>\n</device>\n",
        &elements,
        "<device>\n <authenticationURL>https://gw-a.example:8445/phone-auth</authenticationURL>\n \
         <other>1</other>\n <servicesURL>https://gw-a.example:8445/fippa/A?x=1&amp;y=2</servicesURL>\n  \
         <discoveryURL>https://gw-a.example:9444/headset/SEP001122334455</discoveryURL>\n</device>\n",
    );
}

#[test]
fn hst_11_bytes_of_either_character_set_stay() {
    let latin1 =
        b"<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><device><a\xFC>\xDF</a\xFC></device>";
    let undeclared = b"<device><a>\xDF</a></device>";
    let marked = b"\xEF\xBB\xBF<device><discoveryURL>\xC3\xA4</discoveryURL></device>";
    for file in [&latin1[..], undeclared, marked] {
        let merged = read(file).unwrap().merge(&discovery()).unwrap();
        let text = |bytes: &[u8]| bytes.iter().copied().map(char::from).collect::<String>();
        let bare = text(&merged).replace(&line(DISCOVERY, URL), "");
        let expected = text(file).replace("<discoveryURL>\u{C3}\u{A4}</discoveryURL>", "");
        assert_eq!(bare, expected);
        fuzz(file);
    }
}

#[test]
fn hst_11_what_is_no_plain_device_file_is_refused() {
    use DeviceFileError::*;
    for root in ["<Default></Default>", "<Device/>", "<x:device/>", "<CiscoIPPhoneText/>"] {
        refused(root.as_bytes(), NotADevice);
    }
    let twice = "<device><discoveryURL>a</discoveryURL><b/><discoveryURL/></device>";
    refused(twice.as_bytes(), Twice { name: DISCOVERY });
    let twice_deeper = "<device><b><discoveryURL/></b><c><discoveryURL/></c></device>";
    refused(twice_deeper.as_bytes(), Twice { name: DISCOVERY });
    let nested = "<device><discoveryURL><a/></discoveryURL></device>";
    refused(nested.as_bytes(), NotPlain { name: DISCOVERY });
    let typed = "<!DOCTYPE device [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><device>&a;</device>";
    refused(typed.as_bytes(), DocumentType);
    refused(b"<device>&a;</device>", Entity);
    refused(b"<device><a x='&a;'/></device>", Malformed { byte: 8 });
    for encoding in [
        &b"<?xml version='1.0' encoding='utf-8'?><device>\xFC</device>"[..],
        b"<?xml version='1.0' encoding='utf-16'?><device/>",
        b"\xEF\xBB\xBF<?xml version='1.0' encoding='iso-8859-1'?><device/>",
        b"\xFF\xFE<\0d\0e\0v\0i\0c\0e\0/\0>\0",
        b"\xFE\xFF\0<\0d\0e\0v\0i\0c\0e\0/\0>",
    ] {
        refused(encoding, Encoding);
    }
    refused(b"<\0d\0e\0v\0i\0c\0e\0/\0>\0", Malformed { byte: 1 });
}

#[test]
fn hst_11_what_is_not_well_formed_is_refused() {
    for file in [
        "",
        " ",
        "device",
        "<device>",
        "<device></device",
        "<device></Device>",
        "<device><a></device></a>",
        "<device/><device/>",
        "<device></device>x",
        "x<device/>",
        "&amp;<device/>",
        "<device/><![CDATA[x]]>",
        "<device><a b='1' b='2'/></device>",
        "<device><a b=1/></device>",
        "<device><a b='<'/></device>",
        "<device>& </device>",
        "<device>]]></device>",
        "<device><!-- a -- b --></device>",
        "<device>\u{1}</device>",
        "<device>&#0;</device>",
        "<device><?xml version='1.0'?></device>",
        "<!-- first --><?xml version='1.0'?><device/>",
    ] {
        let result = read(file.as_bytes());
        let error = result.expect_err(file);
        assert!(matches!(error, DeviceFileError::Malformed { .. }), "{file:?}: {error}");
        fuzz(file.as_bytes());
    }
}

#[test]
fn every_length_has_a_limit() {
    use DeviceFileError::*;
    let large = format!("<device>{}</device>", " ".repeat(BYTES_MAX));
    refused(large.as_bytes(), TooLarge { bytes: large.len() });
    let deep = |depth: usize| {
        format!("<device>{}{}</device>", "<a>".repeat(depth - 1), "</a>".repeat(depth - 1))
    };
    assert!(read(deep(DEPTH_MAX).as_bytes()).is_ok());
    refused(deep(DEPTH_MAX + 1).as_bytes(), TooDeep);
    let many = |count: usize| format!("<device>{}</device>", "<a/>".repeat(count - 1));
    assert!(read(many(NODES_MAX).as_bytes()).is_ok());
    refused(many(NODES_MAX + 1).as_bytes(), TooManyNodes);
    let attributes = "<a b=''/>".repeat(NODES_MAX / 2);
    refused(format!("<device>{attributes}</device>").as_bytes(), TooManyNodes);
}

#[test]
fn what_is_merged_in_is_bounded_and_ascii() {
    let file = read(b"<device/>").unwrap();
    let merge = |value: &str| file.merge(&[(DISCOVERY, value.to_owned())]);
    assert!(merge(&"x".repeat(VALUE_CHARACTERS_MAX)).is_ok());
    let unwritable = Err(DeviceFileError::Unwritable { name: DISCOVERY });
    for value in ["x".repeat(VALUE_CHARACTERS_MAX + 1), "ü".to_owned(), "a\nb".to_owned()] {
        assert_eq!(merge(&value), unwritable);
    }
    let twice = [discovery(), discovery()].concat();
    assert_eq!(file.merge(&twice), Err(DeviceFileError::Twice { name: DISCOVERY }));
}

#[test]
fn another_reader_finds_our_elements_and_no_other_changed() {
    let mut merged_files = 0;
    for bytes in corpus() {
        let Ok(file) = read(&bytes) else { continue };
        let Ok(merged) = file.merge(&ours()) else { continue };
        // It reads UTF-8 alone; the names of the elements are ASCII in both sets.
        let text = |bytes: &[u8]| {
            let text: String = bytes.iter().copied().map(char::from).collect();
            text.replace("\u{EF}\u{BB}\u{BF}", "")
        };
        let (before, after) = (text(&bytes), text(&merged));
        let before = roxmltree::Document::parse(&before).unwrap();
        let after = roxmltree::Document::parse(&after).unwrap();
        for (name, value) in ours() {
            let found = after.descendants().filter(|node| node.has_tag_name(name));
            assert_eq!(
                found.filter_map(|node| node.text().or(Some(""))).collect::<Vec<_>>(),
                [value]
            );
        }
        let others = |document: &roxmltree::Document<'_>| -> Vec<_> {
            let nodes = document.root_element().descendants().filter(|node| node.is_element());
            let names = nodes.filter(|node| !ours().iter().any(|(it, _)| node.has_tag_name(*it)));
            let told = |node: roxmltree::Node<'_, '_>| {
                let attributes =
                    node.attributes().map(|it| format!("{}={}", it.name(), it.value()));
                let text = node.text().unwrap_or_default().trim();
                format!("{} {text} {}", node.tag_name().name(), attributes.collect::<String>())
            };
            names.map(told).collect()
        };
        assert_eq!(others(&before), others(&after));
        merged_files += 1;
    }
    assert!(merged_files >= 5);
}

#[test]
fn the_kept_corpus_and_20000_mutations_hold() {
    let corpus = corpus();
    assert!(corpus.len() >= 8);
    for bytes in &corpus {
        fuzz(bytes);
    }
    let mut random = Xorshift(0x9E37_79B9_7F4A_7C15);
    for _ in 0..20_000 {
        let mut bytes = corpus[random.below(corpus.len())].clone();
        for _ in 0..=random.below(4) {
            mutate(&mut bytes, &corpus, &mut random);
        }
        fuzz(&bytes);
    }
}

/// Bytes that mean something in XML come more often than others.
fn mutate(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Xorshift) {
    const TELLING: &[u8] = b"<>&;/\"'=#!?[]-\0\r\n\t \xC3\xE9\xFF";
    let at = random.below(bytes.len() + 1);
    match random.below(5) {
        0 if at < bytes.len() => bytes[at] = random.next() as u8,
        1 => bytes.insert(at, TELLING[random.below(TELLING.len())]),
        2 => {
            let end = (at + random.below(20)).min(bytes.len());
            bytes.drain(at..end);
        }
        3 => {
            let other = &corpus[random.below(corpus.len())];
            let from = random.below(other.len());
            let to = (from + random.below(80)).min(other.len());
            bytes.splice(at..at, other[from..to].iter().copied());
        }
        _ => {
            let end = (at + random.below(60)).min(bytes.len());
            let piece = bytes[at..end].to_vec();
            bytes.splice(at..at, piece);
        }
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

/// A piece of a device file's inside, ours among them.
fn any_piece() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just(String::new()),
        "[ -%'-;=?-~äß€\n]{0,12}".prop_filter("no end of CDATA", |text| !text.contains("]]>")),
        "<!--[ a-z<>&]{0,9}-->",
        Just("<![CDATA[</device><discoveryURL>]]>".to_owned()),
        Just("&amp;&lt;&#228;".to_owned()),
        prop::sample::select(vec![
            "<discoveryURL/>",
            "<discoveryURL>old</discoveryURL>",
            "<servicesURL a=\"b\">old</servicesURL>",
            "<sipPort>5060</sipPort>",
            "\r\n",
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        (
            prop::collection::vec(inner, 0..4),
            prop::sample::select(vec!["a", "member", "vendorConfig"]),
        )
            .prop_map(|(pieces, name)| format!("<{name}>{}</{name}>", pieces.concat()))
    })
}

proptest! {
    #[test]
    fn hst_11_merging_twice_is_merging_once(pieces in prop::collection::vec(any_piece(), 0..6)) {
        let file = format!("<?xml version=\"1.0\"?>\n<device>{}</device>\n", pieces.concat());
        let result = read(file.as_bytes());
        prop_assert!(result.is_ok(), "{result:?} {file}");
        fuzz(file.as_bytes());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        fuzz(&bytes);
    }
}
