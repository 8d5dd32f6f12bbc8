//! Exact bytes of worked messages, hostile input, filters and names.

use proptest::prelude::*;

use super::*;

fn filter(text: &str) -> Filter {
    Filter::parse(text, &["user", "dn"]).expect(text)
}

fn search(filter: &Filter, filled: &[(&str, &[u8])]) -> Vec<u8> {
    encode(
        2,
        &Request::Search(Search {
            base: "dc=x",
            scope: Scope::Subtree,
            entries_max: 2,
            seconds_max: 300,
            filter,
            filled,
            attributes: &["uid"],
            page: Some((500, b"\x01")),
        }),
    )
}

#[test]
fn a_bind_is_written_as_the_standard_shows_it() {
    let bytes = encode(1, &Request::Bind { name: "cn=a", password: b"pw" });
    let head = b"\x30\x31\x02\x01\x01\x60\x0d\x02\x01\x03\x04\x04cn=a\x80\x02pw";
    assert_eq!(bytes.get(..head.len()), Some(head.as_slice()));
    assert!(bytes.ends_with(b"1.3.6.1.4.1.42.2.27.8.5.1"));
    assert_eq!(encode(3, &Request::Unbind), b"\x30\x05\x02\x01\x03\x42\x00");
}

#[test]
fn a_search_is_written_with_its_page() {
    let bytes = search(&filter("(uid=a)"), &[]);
    let expected = [
        b"\x30\x56\x02\x01\x02".as_slice(),
        b"\x63\x27\x04\x04dc=x\x0a\x01\x02\x0a\x01\x00\x02\x01\x02\x02\x02\x01\x2c\x01\x01\x00",
        b"\xa3\x08\x04\x03uid\x04\x01a\x30\x05\x04\x03uid",
        b"\xa0\x28\x30\x26\x04\x161.2.840.113556.1.4.319\x01\x01\xff",
        b"\x04\x09\x30\x07\x02\x02\x01\xf4\x04\x01\x01",
    ];
    assert_eq!(bytes, expected.concat());
}

#[test]
fn filters_are_written_as_rfc_4515_has_them() {
    let bytes = |text: &str| filter(text).bytes(&[]);
    assert_eq!(bytes("(cn=*)"), b"\x87\x02cn");
    assert_eq!(bytes("(!(cn=a))"), b"\xa2\x09\xa3\x07\x04\x02cn\x04\x01a");
    assert_eq!(bytes("(&(a>=1)(b<=2)(c~=3))").first(), Some(&0xA0));
    assert_eq!(bytes("(cn=a*b*c)"), b"\xa4\x0f\x04\x02cn\x30\x09\x80\x01a\x81\x01b\x82\x01c");
    assert_eq!(bytes("(cn=*b*)"), b"\xa4\x09\x04\x02cn\x30\x03\x81\x01b");
    assert_eq!(bytes("(cn=\\2a\\28x)"), b"\xa3\x09\x04\x02cn\x04\x03*(x");
    assert_eq!(bytes("(member:1.2.3:=cn=a)"), b"\xa9\x15\x81\x051.2.3\x82\x06member\x83\x04cn=a");
    assert_eq!(bytes("(ou:dn:=a)"), b"\xa9\x0a\x82\x02ou\x83\x01a\x84\x01\xff");
    assert_eq!(bytes("(& (a=b) (c=d) )"), bytes("(&(a=b)(c=d))"));
}

#[test]
fn ids_17_what_somebody_typed_stays_one_value() {
    let filter = filter("(&(objectClass=person)(uid={user}))");
    assert!(filter.has_place("user") && !filter.has_place("dn"));
    for typed in ["*)(uid=*", "a)(|(uid=*", "*", "\\2a", "{user}", "\0", "a\u{e9}"] {
        let bytes = filter.bytes(&[("user", typed.as_bytes())]);
        // One `and` of two comparisons, the second of which holds all that was typed.
        let mut wanted = vec![4, u8::try_from(typed.len()).unwrap()];
        wanted.extend_from_slice(typed.as_bytes());
        assert!(bytes.ends_with(&wanted), "{typed:?}");
        assert_eq!(bytes.iter().filter(|byte| **byte == 0xA3).count(), 2, "{typed:?}");
    }
}

#[test]
fn a_text_that_is_no_filter_is_refused_with_its_place() {
    let parse = |text: &str| Filter::parse(text, &["user"]).map(|_| ());
    for text in ["", "uid=a", "(uid=a", "(uid=a))", "()", "(=a)", "(uid)", "(a=(b))", "(a=\\zz)"] {
        assert!(matches!(parse(text), Err(FilterError::Lacks { .. })), "{text:?}");
    }
    assert_eq!(parse("(uid={dn})"), Err(FilterError::Place("dn".to_owned())));
    assert_eq!(parse(&"(".repeat(FILTER_BYTES_MAX + 1)), Err(FilterError::TooLong));
    let deep = format!("{}(a=b){}", "(!".repeat(16), ")".repeat(16));
    assert_eq!(parse(&deep), Err(FilterError::TooDeep));
}

#[test]
fn names_compare_whatever_their_spelling() {
    let one = normalised("CN=Team A\\, Nord , OU=Groups,DC=example");
    assert_eq!(one, normalised("cn=team a\\2C nord,ou=groups,dc=example"));
    assert_ne!(one, normalised("cn=team a,ou=groups,dc=example"));
    assert_ne!(normalised("cn=a\\,ou=b"), normalised("cn=a,ou=b"));
    assert_eq!(normalised(""), "");
}

#[test]
fn answers_are_read() {
    let bound = b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x31\x04\x00\x04\x00";
    assert_eq!(split(bound), Ok(Some(bound.len())));
    let response = decode(bound).unwrap();
    let wrong = Outcome { code: ResultCode::INVALID_CREDENTIALS, message: String::new() };
    assert_eq!(response.operation, Operation::Bound(wrong));
    let entry =
        b"\x30\x19\x02\x01\x02\x64\x14\x04\x04cn=a\x30\x0c\x30\x0a\x04\x03UID\x31\x03\x04\x01a";
    let Operation::Entry(entry) = decode(entry).unwrap().operation else { panic!("no entry") };
    assert_eq!((entry.name.as_str(), entry.texts("uid").next()), ("cn=a", Some("a")));
}

#[test]
fn a_server_cannot_make_us_wait_for_gigabytes_or_nothing() {
    assert_eq!(
        split(b"\x30\x84\x7f\xff\xff\xff"),
        Err(DecodeError::TooLarge { bytes: 0x7FFF_FFFF })
    );
    assert_eq!(split(b"\x30\x80"), Err(DecodeError::Malformed));
    assert_eq!(split(b"HTTP/1.1 400"), Err(DecodeError::Malformed));
    assert_eq!(split(b"\x30\x82\x01"), Ok(None));
    assert_eq!(split(b""), Ok(None));
    assert_eq!(decode(b"\x30\x00"), Err(DecodeError::Malformed));
}

proptest! {
    #[test]
    fn any_bytes_hold(data in proptest::collection::vec(any::<u8>(), 0..200)) {
        fuzz(&data);
    }

    #[test]
    fn any_filter_holds(text in "[(&|!)a-c=*\\\\{}:<>~0-9 ]{0,60}") {
        fuzz(text.as_bytes());
    }

    #[test]
    fn any_change_of_an_answer_holds(at in 0_usize..27, byte in any::<u8>()) {
        let mut bytes =
            b"\x30\x19\x02\x01\x02\x64\x14\x04\x04cn=a\x30\x0c\x30\x0a\x04\x03UID\x31\x03\x04\x01a"
                .to_vec();
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        fuzz(&bytes);
    }
}
