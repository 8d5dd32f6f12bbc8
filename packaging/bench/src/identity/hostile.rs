//! Messages of 256 KB that are made to cost as much as they can, and what the worst of them costs.

use protocols::saml::{ASSERTION, Expected, PROTOCOL, TrustedKey, judge};

use super::provider::{ENTITY, Provider};
use super::service::ENTITY as AUDIENCE;
use crate::AnyError;
use crate::median::median;

const BYTES: usize = 256 * 1024;
const REPEATS: usize = 5;

/// The shape that costs most, and the milliseconds of CPU that it takes.
pub(super) fn worst(provider: &Provider) -> Result<(&'static str, f64), AnyError> {
    let keys = super::keys(provider)?;
    let mut worst = ("none", 0.0_f64);
    for (shape, xml) in shapes(provider) {
        let mut took = Vec::new();
        for _ in 0..REPEATS {
            let before = cpu_milliseconds()?;
            if judges(&xml, &keys) {
                return Err(format!("a hostile message was taken: {shape}").into());
            }
            took.push(cpu_milliseconds()? - before);
        }
        let took = median(took);
        if took >= worst.1 {
            worst = (shape, took);
        }
    }
    Ok(worst)
}

fn judges(xml: &str, keys: &[TrustedKey]) -> bool {
    let expected = Expected {
        idp_entity_id: ENTITY,
        own_entity_id: AUDIENCE,
        destinations: &[],
        request_id: "_request",
        now_millis: 0,
        skew_seconds: 60,
        response_age_seconds: 300,
        accept_ecdsa: true,
        accept_misprinted_name_id_format: true,
        relaxed_user_principal: true,
    };
    judge(xml.as_bytes(), keys, &expected).is_ok()
}

/// What this thread used so far.
fn cpu_milliseconds() -> Result<f64, AnyError> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: f64 = text.split(' ').next().ok_or("no figure")?.parse()?;
    Ok(nanoseconds / 1e6)
}

/// A response whose signature has the right shape and value for nothing, with `inside` in its assertion.
fn response(provider: &Provider, declarations: &str, inside: &str) -> String {
    let head = format!(
        "<samlp:Response xmlns:samlp=\"{PROTOCOL}\"{declarations} ID=\"_r\" Version=\"2.0\">\
         <saml:Issuer xmlns:saml=\"{ASSERTION}\">{ENTITY}</saml:Issuer>"
    );
    let tail = format!(
        "<saml:Assertion xmlns:saml=\"{ASSERTION}\" ID=\"_a\" Version=\"2.0\">{inside}</saml:Assertion>\
         </samlp:Response>"
    );
    // Signed, so that the check goes on to the digest of all of it: what only the provider itself could send.
    let signature = provider.signature("_r", "something else");
    format!("{head}{signature}{tail}")
}

fn shapes(provider: &Provider) -> Vec<(&'static str, String)> {
    let room = BYTES - 8_192;
    let fill = |piece: &str, most: usize| piece.repeat((room / piece.len()).min(most));
    let numbered = |count: usize, piece: &dyn Fn(usize) -> String| -> String {
        let mut text = String::new();
        for number in 0..count {
            let piece = piece(number);
            if text.len() + piece.len() > room {
                break;
            }
            text.push_str(&piece);
        }
        text
    };
    let spaces = numbered(200, &|number| format!(" xmlns:n{number}=\"urn:{number}\""));
    let attributes = numbered(250, &|number| format!(" a{number}=\"&amp;&#x41;\""));
    let prefixed = numbered(200, &|number| format!(" n{number}:a=\"1\""));
    let deep = format!("{}{}", "<x>".repeat(28), "</x>".repeat(28));
    vec![
        ("empty elements", response(provider, "", &fill("<x/>", 3_900))),
        (
            "elements with text",
            response(provider, "", &fill(&format!("<x>{}</x>", "y".repeat(56)), 3_900)),
        ),
        ("deep elements", response(provider, "", &fill(&deep, 3_900 / 28))),
        ("references", response(provider, "", &format!("<x>{}</x>", fill("&#x41;", usize::MAX)))),
        ("text to escape", response(provider, "", &format!("<x>{}</x>", fill("&lt;", usize::MAX)))),
        ("one long text", response(provider, "", &format!("<x>{}</x>", "y".repeat(room)))),
        ("comments", response(provider, "", &fill("<!-- -->", usize::MAX))),
        (
            "character data",
            response(provider, "", &format!("<x>{}</x>", fill("<![CDATA[&]]>", usize::MAX))),
        ),
        (
            "carriage returns",
            response(provider, "", &format!("<x>{}</x>", fill("&#13;\r\n", usize::MAX))),
        ),
        ("attributes", response(provider, "", &fill(&format!("<x{attributes}/>"), 3_900))),
        (
            "attributes in namespaces",
            response(provider, &spaces, &fill(&format!("<x{prefixed}/>"), 3_900)),
        ),
        ("namespaces anew", response(provider, "", &fill(&format!("<x{spaces}/>"), 3_900))),
        (
            "elements in many namespaces",
            response(provider, &spaces, &numbered(3_900, &|it| format!("<n{0}:x/>", it % 200))),
        ),
        (
            "a long namespace in many elements",
            response(
                provider,
                &format!(" xmlns:n=\"urn:{}\"", "u".repeat(60_000)),
                &fill("<n:x/>", 3_900),
            ),
        ),
        (
            "identifiers",
            response(provider, "", &numbered(3_900, &|it| format!("<x ID=\"_i{it:040}\"/>"))),
        ),
        ("a long name", response(provider, "", &format!("<{0}></{0}>", "x".repeat(room / 2 - 8)))),
        (
            "not closed",
            format!("<samlp:Response xmlns:samlp=\"{PROTOCOL}\">{}", fill("<x>", usize::MAX)),
        ),
        ("angle brackets", "<".repeat(BYTES)),
    ]
}
