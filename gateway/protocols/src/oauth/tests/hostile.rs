//! Bytes that do not hold together: the kept corpus with mutations, and any at all.

use super::*;

fn corpus() -> Vec<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/oauth");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

#[test]
fn the_kept_corpus_and_20000_mutations_hold() {
    const TELLING: &[u8] = b"&=%+?#:/@[]\\;. 0\n\r\x00\xFF";
    let corpus = corpus();
    assert!(corpus.len() >= 12);
    for bytes in &corpus {
        fuzz::forms(bytes);
    }
    let mut random = Xorshift(0x9E37_79B9_7F4A_7C15);
    for _ in 0..20_000 {
        let mut bytes = corpus[random.below(corpus.len())].clone();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len() + 1);
            match random.below(5) {
                0 if at < bytes.len() => bytes[at] ^= 1 << random.below(7),
                1 => bytes.insert(at, TELLING[random.below(TELLING.len())]),
                2 => drop(bytes.drain(at..(at + random.below(9)).min(bytes.len()))),
                3 => bytes.truncate(at),
                _ => {
                    let other = &corpus[random.below(corpus.len())];
                    let from = random.below(other.len() + 1);
                    bytes.truncate(at);
                    bytes.extend_from_slice(&other[from..]);
                }
            }
        }
        fuzz::forms(&bytes);
    }
}

struct Xorshift(u64);

impl Xorshift {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % u64::try_from(end.max(1)).unwrap()) as usize
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        fuzz::forms(&bytes);
    }

    #[test]
    fn any_url_is_read_or_refused(text in "(https?://)?[a-z0-9.:@\\[\\]/?#%&=-]{0,60}") {
        fuzz::forms(format!("\n\n{text}").as_bytes());
    }
}
