//! The kept corpus, and thousands of seeded mutations of it.

use super::super::{fuzz_headset_documents, fuzz_headset_profile};

const TELLING: &[u8] = b"{}[]<>&;:,/\"'=#!?.-\0\r\n\t \x85\xC3\xE9\xFF019xe%\\u";

#[test]
fn mutated_documents_are_read_or_refused() {
    play("headset_documents", 10, 20_000, fuzz_headset_documents);
}

#[test]
fn mutated_profiles_are_read_or_refused() {
    play("headset_profile", 4, 20_000, fuzz_headset_profile);
}

fn play(folder: &str, files_min: usize, mutations: usize, fuzz: fn(&[u8])) {
    let folder = format!("{}/corpus/{folder}", env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let corpus: Vec<_> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
    assert!(corpus.len() >= files_min);
    corpus.iter().for_each(|bytes| fuzz(bytes));
    let mut random = Xorshift(0x9E37_79B9_7F4A_7C15);
    for _ in 0..mutations {
        let mut bytes = corpus[random.below(corpus.len())].clone();
        for _ in 0..=random.below(4) {
            mutate(&mut bytes, &corpus, &mut random);
        }
        fuzz(&bytes);
    }
}

/// Bytes that mean something come more often than others.
fn mutate(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Xorshift) {
    let at = random.below(bytes.len() + 1);
    match random.below(6) {
        0 if at < bytes.len() => bytes[at] = random.next() as u8,
        1 => bytes.insert(at, TELLING[random.below(TELLING.len())]),
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
            let other = &corpus[random.below(corpus.len())];
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
