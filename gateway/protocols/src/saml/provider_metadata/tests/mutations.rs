//! The samples, and thousands of seeded mutations of them.

use super::super::fuzz::fuzz_metadata;

const TELLING: &[u8] = b"<>&;:/\"'=#!?[]-\0\r\n\t \x85\xC3\xA9\xEF\xBB\xBF\xFF0x";

#[test]
fn mutated_metadata_is_read_or_refused() {
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/src/saml/tests/metadata");
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/saml_metadata");
    let mut files: Vec<_> = [samples, kept]
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    let corpus: Vec<_> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
    assert!(corpus.len() >= 10);
    corpus.iter().for_each(|bytes| fuzz_metadata(bytes));
    let mut random = Xorshift(0x9E37_79B9_7F4A_7C15);
    for _ in 0..20_000 {
        let mut bytes = corpus[random.below(corpus.len())].clone();
        for _ in 0..=random.below(4) {
            mutate(&mut bytes, &corpus, &mut random);
        }
        fuzz_metadata(&bytes);
    }
}

/// Bytes that mean something in XML come more often than others.
fn mutate(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Xorshift) {
    let at = random.below(bytes.len() + 1);
    match random.below(7) {
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
        // A letter of base64 for another keeps the XML whole and spoils a certificate.
        5 if bytes.get(at).is_some_and(u8::is_ascii_alphanumeric) => {
            bytes[at] = b"AQgwIDBx/+"[random.below(10)];
        }
        _ => bytes.truncate(at.max(bytes.len() / 2)),
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
