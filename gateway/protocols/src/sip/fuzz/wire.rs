//! Streams and datagrams.

use bytes::Bytes;

use super::naive;
use crate::sip::{
    Cut, Decoder, Limits, Malformed, Message, Name, StartLine, Status, datagram, encode,
    note_source, reply,
};

/// The first byte chooses limits and how the rest is cut; the rest is a stream, and a datagram too. However it
/// is cut it gives the same messages, and those that a plain second reading gives; what is read is written and
/// then read as the same message; what cannot be read can be answered.
pub fn fuzz_wire(data: &[u8]) {
    let Some((&choice, stream)) = data.split_first() else { return };
    let limits = limits(choice);
    let whole = decode(&limits, stream, stream.len().max(1));
    let cut = decode(&limits, stream, usize::from(choice % 13) + 1);
    assert_eq!(comparable(&whole), comparable(&cut), "messages depend on how the stream is cut");
    if !limits.lenient {
        compare(&whole, &naive::stream(stream, limits.body_bytes as u64));
    }
    for read in &whole {
        look_at(read, &limits);
    }
    look_at(&datagram(&Bytes::copy_from_slice(stream), &limits), &limits);
}

fn limits(choice: u8) -> Limits {
    let lenient = choice & 0x20 != 0;
    if choice & 0x40 != 0 {
        Limits { lenient, ..small() }
    } else {
        Limits { lenient, ..Limits::default() }
    }
}

fn small() -> Limits {
    Limits {
        start_line_bytes: 80,
        line_bytes: 120,
        head_bytes: 600,
        fields: 14,
        vias: 3,
        routes: 2,
        contacts: 2,
        body_bytes: 200,
        lenient: false,
    }
}

/// What a stream gives that comes in pieces of that size.
pub(in super::super) fn decode(
    limits: &Limits,
    stream: &[u8],
    size: usize,
) -> Vec<Result<Message, Malformed>> {
    let mut decoder = Decoder::new(*limits);
    let mut all = Vec::new();
    for piece in stream.chunks(size) {
        decoder.feed(piece);
        loop {
            match decoder.next() {
                Ok(Cut::More) => break,
                Ok(Cut::Ping | Cut::Pong) => {}
                Ok(Cut::Message(message)) => all.push(Ok(message)),
                Err(malformed) if malformed.framing_is_lost => {
                    assert!(!decoder.is_begun(), "a dead stream waits for more");
                    assert_eq!(decoder.next(), Err(malformed.clone()), "a dead stream came back");
                    all.push(Err(malformed));
                    return all;
                }
                Err(malformed) => all.push(Err(malformed)),
            }
        }
        let bound = limits.head_bytes + limits.body_bytes + 2 * size + 4096;
        assert!(decoder.room_bytes() <= 2 * bound, "a stream holds too much");
    }
    all
}

/// Which of two faults is seen first depends on how much was there; that a stream is dead does not.
fn comparable(read: &[Result<Message, Malformed>]) -> Vec<Option<&Result<Message, Malformed>>> {
    let is_lost =
        |read: &Result<Message, Malformed>| read.as_ref().is_err_and(|read| read.framing_is_lost);
    read.iter().map(|read| (!is_lost(read)).then_some(read)).collect()
}

fn compare(read: &[Result<Message, Malformed>], bounded: &[naive::Bounded]) {
    let framed: Vec<_> =
        read.iter().filter(|read| !read.as_ref().is_err_and(|read| read.framing_is_lost)).collect();
    assert!(framed.len() <= bounded.len(), "something is a message that is none");
    let is_dead = framed.len() < read.len();
    assert!(is_dead || framed.len() == bounded.len(), "a message was not seen");
    for (read, bounded) in framed.iter().zip(bounded) {
        let Ok(message) = read else { continue };
        let first_line = match &message.start {
            StartLine::Request { method, uri } => format!("{method} {uri} "),
            StartLine::Response { status, reason } => format!("{} {reason}", status.code()),
        };
        assert!(bounded.first_line.contains(&first_line), "another first line was read");
        let fields: Vec<_> = message
            .headers
            .iter()
            .map(|header| {
                (header.name.as_str().to_ascii_lowercase(), header.value.as_str().to_owned())
            })
            .collect();
        assert_eq!(fields, bounded.fields, "other fields were read");
        assert_eq!(message.body, bounded.body, "another body was read");
    }
}

#[expect(clippy::panic, reason = "a fuzz target tells what it found by panicking")]
fn look_at(read: &Result<Message, Malformed>, limits: &Limits) {
    let message = match read {
        Ok(message) => message,
        Err(malformed) => {
            if let Some(head) = &malformed.head {
                let _ = encode(&reply(head, malformed.status, Some("tag")));
            }
            return;
        }
    };
    assert!(message.body.len() <= limits.body_bytes, "a body is too long");
    let bytes = encode(message);
    // Long names and one blank behind each colon may be more than came.
    let wide = Limits {
        start_line_bytes: 1 << 20,
        line_bytes: 1 << 20,
        head_bytes: 1 << 20,
        lenient: false,
        ..*limits
    };
    match datagram(&bytes, &wide) {
        Ok(again) => assert_eq!(&again, message, "a message changed on its way"),
        Err(malformed) => panic!("what was written cannot be read: {malformed}"),
    }
    let streamed = decode(&wide, &bytes, bytes.len());
    assert!(
        matches!(streamed.as_slice(), [Ok(again)] if again == message),
        "a stream reads it otherwise"
    );
    super::headers::ask_everything(message);
    if message.method().is_some() {
        answer(message.clone(), &wide);
    }
}

/// Every request that was read can be answered, and the answer read by whoever asked.
#[expect(clippy::panic, reason = "a fuzz target tells what it found by panicking")]
fn answer(mut request: Message, limits: &Limits) {
    let vias = request.vias().map_or(0, |vias| vias.len());
    note_source(&mut request, ([192, 0, 2, 1], 50600).into());
    let noted = request.top_via().ok();
    let is_noted = |via: crate::sip::Via| {
        via.parameters.get("received").is_none_or(|address| address == "192.0.2.1")
            && via.parameters.get("rport").is_none_or(|port| port == "50600")
    };
    assert!(noted.is_some_and(is_noted), "a source was noted wrongly");
    assert_eq!(request.vias().map_or(0, |vias| vias.len()), vias, "a Via came or went");
    let answer = reply(&request, Status::OK, Some("a6c85cf"));
    let bytes = encode(&answer);
    match datagram(&bytes, limits) {
        Ok(again) => assert_eq!(again, answer, "an answer changed on its way"),
        // Proxies read answers with more than one Via; we are none.
        Err(malformed) if malformed.field == Name::VIA.as_str() && vias > 1 => {}
        Err(malformed) => panic!("an answer cannot be read: {malformed}"),
    }
}
