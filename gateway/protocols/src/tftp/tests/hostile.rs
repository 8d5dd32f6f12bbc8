//! Bytes that do not hold together: the kept corpus with mutations, and any at all.

use super::*;

#[test]
fn the_kept_corpus_and_20000_mutations_hold() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/tftp");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let corpus: Vec<_> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
    assert!(corpus.len() >= 20);
    let start = Instant::now();
    for bytes in &corpus {
        fuzz_tftp(bytes, start);
    }
    let mut random = Xorshift(0x9E37_79B9_7F4A_7C15);
    for _ in 0..20_000 {
        let mut bytes = corpus[random.below(corpus.len())].clone();
        for _ in 0..=random.below(6) {
            mutate(&mut bytes, &corpus, &mut random);
        }
        fuzz_tftp(&bytes, start);
    }
}

/// Whole steps of a life come more often than single bytes.
fn mutate(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Xorshift) {
    const TELLING: &[u8] = b"~acswtu\0\x01\x02\x03\x04\x05\x06\x0809\xFF";
    let at = random.below(bytes.len() + 1);
    match random.below(7) {
        0 if at < bytes.len() => bytes[at] = random.next() as u8,
        1 => bytes.insert(at, TELLING[random.below(TELLING.len())]),
        2 => {
            let end = (at + random.below(9)).min(bytes.len());
            bytes.drain(at..end);
        }
        3 => bytes.truncate(at),
        4 => {
            let whats = b"acswtur";
            bytes.extend_from_slice(&[b'~', whats[random.below(7)], random.next() as u8]);
            bytes.extend_from_slice(&[0, random.below(8) as u8, 0, random.below(5) as u8]);
        }
        _ => {
            let other = &corpus[random.below(corpus.len())];
            let steps: Vec<_> = other.split(|byte| *byte == b'~').collect();
            bytes.push(b'~');
            bytes.extend_from_slice(steps[random.below(steps.len())]);
        }
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

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        fuzz_tftp(&bytes, Instant::now());
    }

    /// Each cut of a request is refused, but for one that ends before its options or between two.
    #[test]
    fn every_cut_of_a_request_is_read_or_refused(end in 0_usize..60) {
        let request = b"\0\x01a-file.xml\0octet\0blksize\x001428\0timeout\x006\0tsize\x000\0";
        let cut = &request[..end.min(request.len())];
        let is_whole = matches!(end, 19 | 32 | 42) || end >= request.len();
        prop_assert_eq!(decode(cut).is_ok(), is_whole, "{}", end);
    }
}
