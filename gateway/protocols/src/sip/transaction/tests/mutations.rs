//! The kept corpus, and 20,000 seeded mutations of it.

use super::*;

const MUTATIONS: usize = 20_000;

macro_rules! kept {
    ($name:literal) => {
        include_bytes!(concat!("../../../../corpus/sip_transactions/", $name)).as_slice()
    };
}

const CORPUS: [&[u8]; 6] = [
    kept!("repeated.txt"),
    kept!("refused.txt"),
    kept!("old.txt"),
    kept!("asked.txt"),
    kept!("answered.txt"),
    kept!("many.txt"),
];

#[test]
fn kept_messages_are_messages() {
    let steps = CORPUS.iter().flat_map(|life| life.split(|byte| *byte == b'~'));
    let messages: Vec<_> = steps.filter(|step| step[0] == b'm').collect();
    assert!(messages.len() > 10);
    for step in messages {
        let bytes = fuzz::lines(&step[3..]);
        let read = crate::sip::datagram(&bytes, &crate::sip::Limits::default());
        assert!(read.is_ok(), "{read:?}");
    }
}

#[test]
fn mutated_lives_hold_together() {
    let corpus = CORPUS;
    let start = Instant::now();
    corpus.iter().for_each(|bytes| fuzz_transactions(bytes, start));
    let mut random = Xorshift(0x9E37_79B9_7F4A_7C15);
    for _ in 0..MUTATIONS {
        let mut bytes = corpus[random.below(corpus.len())].to_vec();
        for _ in 0..=random.below(6) {
            mutate(&mut bytes, &corpus, &mut random);
        }
        fuzz_transactions(&bytes, start);
    }
}

/// Whole steps come more often than single bytes.
fn mutate(bytes: &mut Vec<u8>, corpus: &[&[u8]], random: &mut Xorshift) {
    let at = random.below(bytes.len() + 1);
    match random.below(8) {
        0 if at < bytes.len() => bytes[at] = random.next() as u8,
        1 => {
            let telling = b"~mrsqaxlwe\n:;,=\" /z9hG4bK[]<>\t\x00\xFF";
            bytes.insert(at, telling[random.below(telling.len())]);
        }
        2 => {
            let end = (at + random.below(20)).min(bytes.len());
            bytes.drain(at..end);
        }
        3..=5 => {
            let other = corpus[random.below(corpus.len())];
            let steps: Vec<_> = other.split(|byte| *byte == b'~').collect();
            let step = steps[random.below(steps.len())];
            bytes.push(b'~');
            bytes.extend_from_slice(step);
        }
        6 => {
            let whats = b"mrsqaxlwe";
            let what = whats[random.below(whats.len())];
            bytes.extend_from_slice(&[b'~', what, random.next() as u8, random.next() as u8]);
            bytes.extend_from_slice(&[random.below(7) as u8, random.next() as u8]);
            bytes.push(random.next() as u8);
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
