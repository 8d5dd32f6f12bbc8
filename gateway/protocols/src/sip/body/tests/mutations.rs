//! The kept corpus, and 20,000 seeded mutations of it.

use super::super::{fuzz_multipart, fuzz_remotecc};
use super::kept;

const MUTATIONS: usize = 20_000;

#[test]
fn mutated_parts_are_read_or_refused() {
    let corpus = [
        kept!("register.part"),
        kept!("register-lf-quoted.part"),
        kept!("nested.part"),
        kept!("press.part"),
    ];
    play(&corpus, b"--\r\n:;=\" \t<>bBuniqueBoundary\0\x80", fuzz_multipart);
}

#[test]
fn mutated_documents_are_read_or_refused() {
    let corpus = [
        kept!("options.xml"),
        kept!("bulk-register.xml"),
        kept!("press.xml"),
        kept!("soft-key.xml"),
        kept!("answer.xml"),
        kept!("bulk-update.xml"),
        kept!("agent-status.xml"),
        kept!("alarm.xml"),
        kept!("entity.xml"),
        kept!("service-control.txt"),
        kept!("sipfrag.txt"),
        kept!("user-call-data.txt"),
    ];
    play(&corpus, b"<>&;/\"'=#!?[]-\0\r\n\t \x85\xC3\xE9\xFF0x{}:", fuzz_remotecc);
}

fn play(corpus: &[&[u8]], telling: &[u8], fuzz: fn(&[u8])) {
    corpus.iter().for_each(|bytes| fuzz(bytes));
    let mut random = Xorshift(0x9E37_79B9_7F4A_7C15);
    for _ in 0..MUTATIONS {
        let mut bytes = corpus[random.below(corpus.len())].to_vec();
        for _ in 0..=random.below(4) {
            mutate(&mut bytes, corpus, telling, &mut random);
        }
        fuzz(&bytes);
    }
}

/// Bytes that mean something come more often than others.
fn mutate(bytes: &mut Vec<u8>, corpus: &[&[u8]], telling: &[u8], random: &mut Xorshift) {
    let at = random.below(bytes.len() + 1);
    match random.below(6) {
        0 if at < bytes.len() => bytes[at] = random.next() as u8,
        1 => bytes.insert(at, telling[random.below(telling.len())]),
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
            let other = corpus[random.below(corpus.len())];
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
