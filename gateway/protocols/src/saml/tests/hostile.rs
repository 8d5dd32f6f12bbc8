//! Bombs: whatever fits into 256 KiB is refused, by a limit or for what it is.

use super::super::SamlReason::{
    self, NotWellFormed, TooDeep, TooLarge, TooManyAttributes, TooManyElements,
};
use super::super::{PROTOCOL, SIGNATURE, judge};
use super::signer::{Draft, IDP_PEM, Signs, destinations, expected, good, refused, trusted};

const BYTES: usize = 256 * 1024;

/// A response filled up to the limit with `piece`.
fn filled(head: &str, piece: impl Fn(usize) -> String, tail: &str) -> String {
    let mut text = head.to_owned();
    for at in 0.. {
        let piece = piece(at);
        if text.len() + piece.len() + tail.len() > BYTES {
            break;
        }
        text.push_str(&piece);
    }
    text + tail
}

fn root() -> String {
    format!("<p:Response xmlns:p=\"{PROTOCOL}\" xmlns:ds=\"{SIGNATURE}\" Version=\"2.0\"")
}

#[test]
fn ids_03_bombs_of_every_shape_are_refused() {
    let (begin, end) = (format!("{}>", root()), "</p:Response>");
    let namespaces: String =
        (0..60).map(|at| format!(" xmlns:n{at}='u:{}{at}'", "x".repeat(500))).collect();
    for (what, text, reason) in [
        ("elements", filled(&begin, |_| "<a/>".to_owned(), end), TooManyElements),
        ("depth", filled(&begin, |_| "<a>".to_owned(), end), TooDeep),
        ("attributes", filled(&root(), |at| format!(" a{at}=''"), "/>"), TooManyAttributes),
        (
            "namespaces",
            filled(&root(), |at| format!(" xmlns:a{at}='u:1'"), "/>"),
            SamlReason::Namespace,
        ),
        ("signatures", filled(&begin, |_| "<ds:Signature/>".to_owned(), end), TooManyElements),
        (
            "references to characters",
            filled(&begin, |_| "&#65;".to_owned(), end),
            SamlReason::Assertions,
        ),
        (
            "CDATA sections",
            filled(&begin, |_| "<![CDATA[]]>".to_owned(), end),
            SamlReason::Assertions,
        ),
        ("comments", filled(&begin, |_| "<!---->".to_owned(), end), SamlReason::Assertions),
        ("brackets", filled(&begin, |_| "<".to_owned(), end), NotWellFormed),
        ("ampersands", filled(&begin, |_| "&".to_owned(), end), NotWellFormed),
        ("quotes", filled(&format!("{} a=\"", root()), |_| "'".to_owned(), end), NotWellFormed),
        ("half a comment", filled(&begin, |_| "<!--".to_owned(), end), NotWellFormed),
        (
            "white space behind",
            filled(&format!("{begin}{end}"), |_| "\n".to_owned(), ""),
            SamlReason::Assertions,
        ),
        (
            "entities",
            filled("<!DOCTYPE a [", |at| format!("<!ENTITY a{at} '&a;&a;'>"), "]><a/>"),
            SamlReason::DocumentType,
        ),
        (
            "doubled attributes",
            filled(&begin, |_| format!("<a{}/>", " b=''".repeat(200)), end),
            NotWellFormed,
        ),
        (
            "attributes everywhere",
            filled(
                &begin,
                |_| format!("<a{}/>", (0..250).map(|at| format!(" a{at}=''")).collect::<String>()),
                end,
            ),
            SamlReason::Assertions,
        ),
        (
            "long namespaces",
            filled(
                &format!("{}{namespaces}>", root()),
                |at| format!("<n{}:a n{}:b=''/>", at % 60, (at + 1) % 60),
                end,
            ),
            TooManyElements,
        ),
        (
            "identifiers",
            filled(&begin, |at| format!("<a ID='{}{at}'/>", "x".repeat(60)), end),
            SamlReason::Assertions,
        ),
    ] {
        assert!(text.len() > BYTES - 4_096 && text.len() <= BYTES, "{what}: {}", text.len());
        let destinations = destinations();
        let told =
            judge(text.as_bytes(), &[trusted(IDP_PEM)], &expected(&destinations)).unwrap_err();
        assert_eq!(told.reason, reason, "{what}: {told}");
    }
    refused(&"<".repeat(BYTES + 1), TooLarge);
}

/// Filling added to a good message gets past the limits, but costs one digest at most.
#[test]
fn ids_03_good_messages_with_filling_are_refused() {
    let good = Draft { signs: Signs::Message, ..Draft::default() }.signed();
    let fill = |piece: &str| {
        let at = good.find("<samlp:Status>").unwrap();
        filled(&good[..at], |_| piece.to_owned(), &good[at..])
    };
    refused(&fill("x"), SamlReason::Digest);
    refused(&fill("&#13;"), SamlReason::Digest);
    refused(&fill("<x a=\"&quot;&quot;\"/>"), TooManyElements);
    let list =
        (0..64).map(|at| format!(" xmlns:n{at}='u:{}'", "x".repeat(500))).collect::<String>();
    refused(
        &good.replacen("<samlp:Status>", &format!("<x{list}/><samlp:Status>"), 1),
        SamlReason::Namespace,
    );
    // Namespaces that are written again and again make a form longer than is taken.
    let declared: String =
        (0..55).map(|at| format!(" xmlns:n{at}=\"u:{}{at}\"", "x".repeat(500))).collect();
    let used: String = (0..55).map(|at| format!(" n{at}:a=\"\"")).collect();
    let text = good.replacen("<samlp:Response ", &format!("<samlp:Response{declared} "), 1);
    let at = text.find("<samlp:Status>").unwrap();
    let text = filled(&text[..at], |_| format!("<x{used}/>"), &text[at..]);
    refused(&text, TooLarge);
}

#[test]
fn ids_03_what_stands_around_a_message_is_refused() {
    let xml = good();
    for (before, after) in [
        ("x", ""),
        ("", "x"),
        ("", "<x/>"),
        ("<x/>", ""),
        ("", "&#32;"),
        ("", "\u{FEFF}"),
        ("", "</x>"),
        ("", "<![CDATA[]]>"),
    ] {
        refused(&format!("{before}{xml}{after}"), NotWellFormed);
    }
    refused(&format!("{xml}{xml}"), NotWellFormed);
    refused(&format!("{xml}\0"), SamlReason::Character);
    for whole in [
        format!("\u{FEFF}{xml}\n"),
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- c -->{xml}<!-- c -->\n"),
    ] {
        super::signer::accepted(&whole);
    }
    // Cut off anywhere.
    for end in (0..xml.len()).step_by(7).filter(|end| xml.is_char_boundary(*end)) {
        refused(&xml[..end], NotWellFormed);
    }
}
