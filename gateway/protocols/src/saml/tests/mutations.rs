//! The kept corpus, and thousands of seeded mutations of it.

use super::super::fuzz;
use super::signer::{
    AD_FS, Draft, EC_PEM, IDP_PEM, OKTA, PYSAML2, SIMPLE, Shape, Signs, UNPREFIXED, good, judged,
};

const TELLING: &[&str] = &[
    "<",
    ">",
    "/>",
    "</",
    "&",
    ";",
    "\"",
    "'",
    "=",
    ":",
    " ",
    "\r\n",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?",
    "?>",
    "&#13;",
    "&lt;",
    "#",
    "_a1",
    "_r1",
    " ID=\"_a1\"",
    " xmlns=\"\"",
    " xmlns:ds=\"urn:x\"",
    "xmlns:p=\"urn:p\"",
    "Assertion",
    "ds:",
    "\u{0}",
    "\u{E9}",
    "\u{FFFE}",
    "anna",
    "<Issuer/>",
    "<!DOCTYPE a>",
    "%",
    "+",
    "SAMLResponse=",
];

#[test]
fn ids_03_the_kept_corpus_and_20000_mutations_hold() {
    let folder = format!("{}/corpus/saml_response", env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let corpus: Vec<_> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
    assert!(corpus.len() >= 8);
    corpus.iter().for_each(|bytes| fuzz::response(bytes));
    let mut random = Xorshift(0x9E37_79B9_7F4A_7C15);
    for _ in 0..20_000 {
        let mut bytes = corpus[random.below(corpus.len())].clone();
        for _ in 0..=random.below(4) {
            mutate(&mut bytes, &corpus, &mut random);
        }
        fuzz::response(&bytes);
    }
}

/// However a well-signed message is spoilt: where it is still taken, it says the same.
#[test]
fn ids_03_mutated_good_messages_prove_nothing_else() {
    let shapes: [Shape; 5] = [AD_FS, OKTA, SIMPLE, PYSAML2, UNPREFIXED];
    let corpus: Vec<Vec<u8>> = shapes
        .iter()
        .flat_map(|shape| [(*shape, Signs::Both), (*shape, Signs::Message)])
        .map(|(shape, signs)| Draft { shape, signs, ..Draft::default() }.signed().into_bytes())
        .collect();
    let proven = judged(&good()).unwrap();
    let mut random = Xorshift(0x2545_F491_4F6C_DD1D);
    let mut taken = 0;
    for _ in 0..5_000 {
        let mut bytes = corpus[random.below(corpus.len())].clone();
        for _ in 0..=random.below(2) {
            mutate(&mut bytes, &corpus, &mut random);
        }
        let Ok(text) = String::from_utf8(bytes) else { continue };
        if let Ok(told) = judged(&text) {
            assert!(told == proven, "{text}");
            taken += 1;
        }
    }
    // White space in a tag, a comment, key info: some changes mean nothing.
    assert!(taken > 0);
}

/// The corpus is what the signer writes, with the key that the fuzz function does not trust.
#[test]
fn the_corpus_holds_signed_messages() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/saml_response/ad-fs.xml");
    let kept = std::fs::read_to_string(file).unwrap();
    assert_eq!(kept.trim_end(), Draft { pem: IDP_PEM, ..Draft::default() }.signed());
    assert!(judged(&kept).is_ok() && EC_PEM != IDP_PEM);
}

fn mutate(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Xorshift) {
    let at = random.below(bytes.len() + 1);
    match random.below(7) {
        0 if at < bytes.len() => bytes[at] = random.next() as u8,
        1 | 2 => {
            let piece = TELLING[random.below(TELLING.len())].bytes();
            bytes.splice(at..at, piece);
        }
        3 => {
            let end = (at + random.below(20)).min(bytes.len());
            bytes.drain(at..end);
        }
        4 => {
            let end = (at + random.below(600)).min(bytes.len());
            let piece = bytes[at..end].to_vec();
            bytes.splice(at..at, piece);
        }
        5 => {
            let other = &corpus[random.below(corpus.len())];
            let from = random.below(other.len());
            let to = (from + random.below(600)).min(other.len());
            bytes.splice(at..at, other[from..to].iter().copied());
        }
        _ if random.below(4) == 0 => bytes.truncate(at),
        _ => {}
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
