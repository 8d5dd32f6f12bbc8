//! What must hold for any bytes at all.

use bytes::Bytes;

use super::remotecc::{self, ReasonElement};
use super::{
    Alarm, Fragment, OptionsIndication, ReasonAlarm, Remotecc, ServiceControl, UserCallData,
    accepted, multipart, press,
};

/// Reads `data`, a content type up to the first line feed and then a body, as parts; parts that can be written
/// are written and must be read as the same parts. Panics where that does not hold, which is what a fuzzer
/// looks for.
#[expect(clippy::panic, reason = "a fuzz target tells what it found by panicking")]
pub fn fuzz_multipart(data: &[u8]) {
    let cut = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (content_type, body) = data.split_at_checked(cut).unwrap_or_default();
    let Ok(content_type) = std::str::from_utf8(content_type) else { return };
    let body = Bytes::copy_from_slice(body.get(1..).unwrap_or_default());
    let Ok(parts) = multipart::parts(content_type.trim(), &body) else { return };
    assert!(parts.len() <= multipart::PARTS_MAX, "more parts than there may be");
    let held: usize = parts.iter().map(|part| part.body.len()).sum();
    assert!(held <= body.len(), "parts hold more than the body");
    let _ = press(&parts);
    let Ok(written) = multipart::write(&parts) else { return };
    let again = multipart::parts(multipart::CONTENT_TYPE, &written)
        .unwrap_or_else(|error| panic!("what was written cannot be read: {error}"));
    assert_eq!(again, parts, "a part changed on its way");
}

/// Reads `data` as every kind of body a phone sends or gets; what could be read and can be written is written
/// and must then be read as the same value. Panics where that does not hold.
#[expect(clippy::panic, reason = "a fuzz target tells what it found by panicking")]
pub fn fuzz_remotecc(data: &[u8]) {
    if let Ok(first) = remotecc::decode(data) {
        for reason in ReasonElement::ALL {
            let Ok(written) = first.remotecc.encode(reason) else { continue };
            let second = remotecc::decode(&written)
                .unwrap_or_else(|error| panic!("what was written cannot be read: {error}"));
            assert_eq!(second.remotecc, first.remotecc, "a document changed on its way");
            assert_eq!(second.ignored, 0, "what was written is not known");
        }
        if let Remotecc::Request(remotecc::Request::Options(offered)) = &first.remotecc {
            let taken = accepted(offered);
            assert_eq!(accepted(&taken), taken, "what was accepted is accepted differently");
            assert!(is_within(&taken, offered), "something was accepted that was not offered");
        }
    }
    if let Ok((first, _)) = ServiceControl::decode(data)
        && let Ok(written) = first.encode()
    {
        assert_eq!(ServiceControl::decode(&written), Ok((first, 0)), "service control changed");
    }
    if let Ok(first) = Fragment::decode(data)
        && let Ok(written) = first.encode()
    {
        assert_eq!(Fragment::decode(&written), Ok(first), "a status line changed");
    }
    let _ = Alarm::decode(data);
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = ReasonAlarm::of(text);
    if let Ok(first) = UserCallData::parse(text)
        && let Ok(uri) = first.uri()
    {
        assert_eq!(UserCallData::parse(&uri), Ok(first), "a URI changed");
    }
}

fn is_within(taken: &OptionsIndication, offered: &OptionsIndication) -> bool {
    let combine = match (taken.combine, offered.combine) {
        (Some(taken), Some(offered)) => {
            taken.max <= offered.max
                && taken.remotecc_status <= offered.remotecc_status
                && taken.service_control <= offered.service_control
        }
        (taken, _) => taken.is_none(),
    };
    let pairs = [
        (taken.hook_status, offered.hook_status),
        (taken.shared_line, offered.shared_line),
        (taken.busy_lamps, offered.busy_lamps),
    ];
    let ways = pairs.iter().all(|(taken, offered)| match (taken, offered) {
        (Some(taken), Some(offered)) => {
            taken.unsolicited <= offered.unsolicited && taken.subscription <= offered.subscription
        }
        (taken, _) => taken.is_none(),
    });
    combine && ways && taken.flags.is_subset(&offered.flags)
}
