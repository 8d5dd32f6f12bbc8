//! Bytes that do not hold together: cut, lying, random, and the kept corpus with mutations.

use std::time::Instant;

use proptest::prelude::*;

use super::super::fuzz::framing as framing_of;
use super::round_trips::messages;
use super::*;

#[test]
fn every_cut_of_every_message_is_read_or_refused() {
    for choice in 0..7 {
        let framing = framing_of(choice);
        for message in messages(framing, 7) {
            let written = encode(&framing, &message).unwrap();
            for end in HEADER_BYTES..written.len() {
                let frame = Frame { number: message.number(), body: &written[HEADER_BYTES..end] };
                if let Err(error) = decode(&framing, frame) {
                    assert_eq!(error.message, message.number());
                    assert!(error.offset <= frame.body.len(), "{error}");
                }
            }
        }
    }
}

#[test]
fn a_fixed_part_that_ends_early_is_refused_with_the_field() {
    let body = &bytes(NOT_READY)[..18];
    let error = decode(&cce(14), Frame { number: 30, body }).unwrap_err();
    assert_eq!((error.field, error.offset), ("StateDuration", 16));
    assert_eq!(error.problem, Problem::Truncated);
}

#[test]
fn lists_that_lie_about_their_length_are_refused() {
    let groups = |announced: &str, list: &str| {
        let fixed = NOT_READY.strip_suffix("0000").unwrap();
        let body = bytes(&format!("{fixed} {announced} {list}"));
        decode(&cce(14), Frame { number: 30, body: &body })
    };
    let one = "3E04 00000007 4002 0001";
    let error = groups("0002", one).unwrap_err();
    assert_eq!(error.problem, Problem::Missing { announced: 2, present: 1 });
    let error = groups("0064", one).unwrap_err();
    assert_eq!(error.problem, Problem::TooMany { announced: 100, max: 99 });
    assert_eq!(groups("0001", one).unwrap().ignored_fields, 0);
    assert_eq!(groups("0000", one).unwrap().ignored_fields, 2);
}

#[test]
fn floating_fields_that_do_not_end_or_have_no_tag_are_refused() {
    let read = |floats: &str| {
        let body = bytes(&format!("{NOT_READY} {floats}"));
        decode(&cce(14), Frame { number: 30, body: &body })
    };
    assert_eq!(read("0405 '20").unwrap_err().problem, Problem::Truncated);
    assert_eq!(read("04").unwrap_err().problem, Problem::Truncated);
    assert_eq!(read("0001 00").unwrap_err().problem, Problem::TagZero);
    assert_eq!(read("7B03 000001").unwrap_err().problem, Problem::Width { bytes: 3 });
    assert_eq!(read("FE02 0000").unwrap().ignored_fields, 1);
    // Latin-1 and unfinished texts are read.
    let decoded = read("0403 'M FC '1").unwrap();
    let Message::Event(Event::AgentState(event)) = decoded.message else { panic!() };
    assert_eq!(event.agent.extension, text("Mü1"));
}

#[test]
fn a_stream_may_be_cut_anywhere_and_is_bounded() {
    let written = bytes("00000004 00000005 00000007 00000000 0000FFFF 00000004 00000006 00000008");
    for size in 1..written.len() {
        let mut framer = Framer::new(64);
        let mut found = Vec::new();
        for piece in written.chunks(size) {
            let mut rest = piece;
            while let Some(frame) = framer.next(&mut rest).unwrap() {
                found.push((frame.number, frame.body.len()));
            }
        }
        assert_eq!(found, [(5, 4), (0xFFFF, 0), (6, 4)], "cut into {size}");
        assert!(!framer.is_inside());
    }
    let error = Framer::new(64).next(&mut &bytes("00000039 00000005")[..]).unwrap_err();
    assert_eq!(error.problem, Problem::Oversize { bytes: 65, max: 64 });
    let mut framer = Framer::new(usize::MAX);
    assert!(framer.next(&mut &bytes("000030CC 00000005")[..]).unwrap().is_none());
    assert!(Framer::new(usize::MAX).next(&mut &bytes("000030CD 00000005")[..]).is_err());
}

#[test]
fn the_kept_corpus_and_20000_mutations_hold() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/cti");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let corpus: Vec<_> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
    assert!(corpus.len() >= 10);
    let start = Instant::now();
    for bytes in &corpus {
        fuzz(bytes, start);
    }
    let mut random = Xorshift(0x9E37_79B9_7F4A_7C15);
    for _ in 0..20_000 {
        let mut bytes = corpus[random.below(corpus.len())].clone();
        for _ in 0..=random.below(6) {
            mutate(&mut bytes, &mut random);
        }
        fuzz(&bytes, start);
    }
}

fn mutate(bytes: &mut Vec<u8>, random: &mut Xorshift) {
    const TELLING: [u8; 12] = [0, 1, 2, 4, 5, 7, 25, 62, 82, 194, 254, 255];
    let at = random.below(bytes.len() + 1);
    match random.below(5) {
        0 if at < bytes.len() => bytes[at] = random.next() as u8,
        1 if at < bytes.len() => bytes[at] = TELLING[random.below(TELLING.len())],
        2 => {
            let end = (at + random.below(9)).min(bytes.len());
            bytes.drain(at..end);
        }
        3 => {
            let end = (at + random.below(30)).min(bytes.len());
            let piece = bytes[at..end].to_vec();
            bytes.splice(at..at, piece);
        }
        _ => bytes.insert(at, TELLING[random.below(TELLING.len())]),
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
        (self.next() % end.max(1) as u64) as usize
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(
        number in 0u32..300,
        choice in any::<u8>(),
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut data = vec![choice];
        data.extend_from_slice(&(body.len() as u32).to_be_bytes());
        data.extend_from_slice(&number.to_be_bytes());
        data.extend_from_slice(&body);
        fuzz(&data, Instant::now());
    }
}
