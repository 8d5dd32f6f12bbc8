//! What must hold for any bytes at all.

use std::time::{Duration, Instant};

use super::{
    Dialect, EncodeError, Framer, Framing, Input, MESSAGE_BYTES_MAX, Message, Output,
    ProtocolVersion, Secret, Session, SessionSettings, SideInput, SideOutput, Sides, SidesSettings,
    TagWidth, decode, encode,
};

/// The first byte chooses a framing and how the rest is cut; the rest is a stream of messages. What
/// could be read is written and must then be read as the same message; a session and a pair are fed
/// with it too. Panics where something does not hold, which is what a fuzzer looks for. `start` is
/// any moment.
pub fn fuzz(data: &[u8], start: Instant) {
    let Some((&choice, stream)) = data.split_first() else { return };
    let framing = framing(choice);
    messages(&framing, stream);
    conversation(&framing, choice, stream, start);
}

/// Framings that differ in what they read.
pub(super) fn framing(choice: u8) -> Framing {
    let (version, tag_width, dialect) = match choice % 7 {
        0 => (13, TagWidth::One, Dialect::Enterprise),
        1 => (14, TagWidth::One, Dialect::Enterprise),
        2 => (19, TagWidth::One, Dialect::Enterprise),
        3 => (20, TagWidth::Two, Dialect::Enterprise),
        4 => (24, TagWidth::Two, Dialect::Enterprise),
        5 => (18, TagWidth::One, Dialect::Express),
        _ => (18, TagWidth::Two, Dialect::Express),
    };
    let version = ProtocolVersion::new(version).unwrap_or(ProtocolVersion::OLDEST);
    Framing { version, tag_width, dialect }
}

#[expect(clippy::panic, reason = "a fuzz target tells what it found by panicking")]
fn messages(framing: &Framing, mut stream: &[u8]) {
    let mut framer = Framer::new(MESSAGE_BYTES_MAX);
    while let Ok(Some(frame)) = framer.next(&mut stream) {
        let Ok(first) = decode(framing, frame) else { continue };
        let bytes = match encode(framing, &first.message) {
            Ok(bytes) => bytes,
            // Peers may send more than we may, and what our layouts do not have.
            Err(error) => {
                assert!(!matches!(error, EncodeError::Nul { .. }), "a NUL was read: {error}");
                continue;
            }
        };
        let mut rest = bytes.as_slice();
        let mut second = Framer::new(MESSAGE_BYTES_MAX);
        let Ok(Some(frame)) = second.next(&mut rest) else { panic!("no frame was written") };
        match decode(framing, frame) {
            Ok(second) => {
                assert_eq!(second.message, first.message, "a message changed on its way");
                assert_eq!(second.ignored_fields, 0, "what was written is not all read");
            }
            Err(error) => panic!("what was written cannot be read: {error}"),
        }
    }
}

fn conversation(framing: &Framing, choice: u8, stream: &[u8], start: Instant) {
    let Framing { version, tag_width, dialect } = *framing;
    let settings = SessionSettings {
        tag_width: Some(tag_width),
        ..SessionSettings::gateway(dialect, version, "client", Secret::default())
    };
    let Ok(mut session) = Session::new(settings, start) else { return };
    let mut sides = Sides::new(
        SidesSettings {
            has_second: choice & 0x80 != 0,
            reconnect: Duration::from_secs(120),
            dialect,
            keeps_standby: version.number() >= 24,
        },
        start,
    );
    let confirmation = Message::OpenConf(super::InvokeId(1), Box::default());
    let mut stream = stream.to_vec();
    if choice & 0x40 != 0 {
        let mut opened = encode(framing, &confirmation).unwrap_or_default();
        opened.append(&mut stream);
        stream = opened;
    }
    let mut now = start;
    let mut is_over = false;
    for piece in stream.chunks(usize::from(choice % 13) + 1) {
        now += Duration::from_millis(u64::from(piece.first().copied().unwrap_or(0)) * 40);
        let _ = session.handle(now, Input::Timer);
        let _ = session.handle(now, Input::Received(piece));
        while let Some(output) = session.poll() {
            assert!(!is_over, "something follows the end of a session");
            tell(&mut sides, now, &output);
            is_over = matches!(output, Output::Closed(_));
        }
        assert_eq!(session.deadline().is_none(), is_over, "a session without a deadline");
        sides.handle(now, &SideInput::Timer, u32::from(choice));
        let mut connects = 0;
        while let Some(output) = sides.poll() {
            connects += u32::from(matches!(output, SideOutput::Connect(_)));
        }
        assert!(connects <= 2, "a side is connected again and again");
    }
}

fn tell(sides: &mut Sides, now: Instant, output: &Output) {
    let side = super::Side::A;
    match output {
        Output::Opened(conf) => {
            let session_type = conf.session_type;
            sides.handle(now, &SideInput::Opened { side, session_type }, 0);
        }
        Output::Promoted => sides.handle(now, &SideInput::Promoted { side }, 0),
        Output::Closed(reason) => sides.handle(now, &SideInput::Closed { side, reason }, 0),
        _ => {}
    }
}
