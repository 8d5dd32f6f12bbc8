//! Proofs that break the grammar or are for others, and the kept corpus with mutations.

use proptest::prelude::*;

use super::*;

#[test]
fn sip_accept_16_what_is_not_for_us_or_not_known_is_challenged_again() {
    let mut scene = Scene::new(&[Algorithm::Sha256]);
    let proof = Made::of(&scene.challenge()).auth();
    let foreign = proof.replace(REALM, "other.example.com");
    let others = [
        "Basic NjAwMTpzM2NyZXQ=",
        "NewScheme a=b",
        "",
        &foreign,
        &proof.replace("algorithm=SHA-256", "algorithm=SHA-999"),
        &Made { algorithm: Algorithm::Md5, ..Made::of(&scene.challenge()) }.auth(),
        &format!(
            "Digest username=\"6001\", realm=\"{REALM}\", uri=\"{URI}\", nonce=\"\", response=\"\""
        ),
    ];
    for other in others {
        assert_eq!(scene.judge(other), Judged::NoProof, "{other}");
    }
    let both = ["Basic x", &foreign, &proof];
    let judged = scene.challenger.judge(scene.now, &scene.flow, &register(), &both, &account);
    assert_eq!(judged, proven("6001"));
    let none = scene.challenger.judge(scene.now, &scene.flow, &register(), &[], &account);
    assert_eq!(none, Judged::NoProof);
}

#[test]
fn broken_proofs_are_malformed() {
    let mut scene = Scene::new(&[Algorithm::Sha256]);
    let proof = Made::of(&scene.challenge()).auth();
    let many = (0..30).map(|place| format!(", p{place}=x")).collect::<String>();
    for broken in [
        proof.replace(", uri=", ",, uri="),
        proof.replace("\", uri=", ", uri="),
        proof.replace(", qop=auth", ", qop="),
        proof.replace(", qop=auth", ", qop"),
        proof.replace(", qop=auth", ", =auth"),
        proof.replace(", qop=auth", " qop=auth"),
        proof.replace(", qop=auth", ", qop=auth-conf"),
        proof.replace(", qop=auth", ", QOP=auth, qop=auth"),
        proof.replace(", nc=00000001", ""),
        proof.replace("cnonce=\"c0ffee\"", "cnonce=\"\""),
        proof.replace("cnonce=\"c0ffee\"", &format!("cnonce=\"{}\"", "c".repeat(257))),
        proof.replace("response=\"", "response=\"0"),
        proof.replace("username=\"6001\", ", ""),
        proof.replace("username=\"6001\"", "username=\"6001\", username*=UTF-8''6001"),
        proof.replace("username=\"6001\"", "username*=latin1''6001"),
        proof.replace("username=\"6001\"", "username*=UTF-8''%FF"),
        proof.replace("username=\"6001\"", "username*=UTF-8''%+1"),
        proof.replace("username=\"6001\"", "username*=6001"),
        proof.replace(", qop=auth", ", qop=auth, userhash=true"),
        proof.replace(&format!("realm=\"{REALM}\", "), ""),
        proof.replace(&format!("uri=\"{URI}\", "), ""),
        proof.replace(&format!("uri=\"{URI}\""), &format!("uri={URI}")),
        format!("{proof},"),
        format!("{proof}{many}"),
        format!("{proof}, x=\"\\"),
        "Digest".to_owned(),
        "Digest ".to_owned(),
    ] {
        let judged = scene.judge(&broken);
        assert!(matches!(judged, Judged::Malformed(_)), "{broken}: {judged:?}");
    }
    let twice = [proof.as_str(), proof.as_str()];
    let judged = scene.challenger.judge(scene.now, &scene.flow, &register(), &twice, &account);
    assert!(matches!(judged, Judged::Malformed(_)));
    assert_eq!(scene.judge(&proof), proven("6001"));
}

#[test]
fn what_the_grammar_allows_is_read() {
    let mut scene = Scene::new(&[Algorithm::Sha256]);
    for change in [
        |proof: &str| proof.replace("Digest ", "dIGEST \t "),
        |proof: &str| proof.replace(", ", " ,\t"),
        |proof: &str| proof.replace("=", " = "),
        |proof: &str| proof.replace("realm", "REALM").replace("nonce", "Nonce"),
        |proof: &str| proof.replace("6001", "\\6\\0\\0\\1"),
        |proof: &str| proof.replace("algorithm=SHA-256", "algorithm=\"sha-256\""),
        |proof: &str| proof.replace("qop=auth", "qop=\"AUTH\""),
        |proof: &str| format!("{proof}, unknown=\"a, b=\\\"c\", +x.y!z=1, opaque=\"\""),
    ] {
        let made = Made::of(&scene.challenge()).auth();
        // Blanks round the sign of equality may not reach into the quoted texts, which have none.
        let changed = change(&made);
        assert_eq!(scene.judge(&changed), proven("6001"), "{changed}");
    }
}

#[test]
fn the_kept_corpus_and_20000_mutations_hold() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/sip_digest");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let corpus: Vec<_> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
    assert!(corpus.len() >= 8);
    let start = Instant::now();
    for bytes in &corpus {
        fuzz_digest(bytes, start);
    }
    let mut random = Xorshift(0x9E37_79B9_7F4A_7C15);
    for _ in 0..20_000 {
        let mut bytes = corpus[random.below(corpus.len())].clone();
        for _ in 0..=random.below(6) {
            mutate(&mut bytes, &corpus, &mut random);
        }
        fuzz_digest(&bytes, start);
    }
}

fn mutate(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Xorshift) {
    const TELLING: &[u8] = b"\"\\,= \t'%*;:\x00\x7F\xC3A0f";
    let at = random.below(bytes.len() + 1);
    match random.below(6) {
        0 if at < bytes.len() => bytes[at] = random.next() as u8,
        1 if at < bytes.len() => bytes[at] = TELLING[random.below(TELLING.len())],
        2 => {
            let end = (at + random.below(9)).min(bytes.len());
            bytes.drain(at..end);
        }
        3 => {
            let other = &corpus[random.below(corpus.len())];
            let from = random.below(other.len());
            let piece = other[from..(from + 40).min(other.len())].to_vec();
            bytes.splice(at..at, piece);
        }
        4 => {
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
    fn any_text_in_quotes_is_read_back(text in "[^\u{0}-\u{1F}\u{7F}]{0,40}", other in ".{0,9}") {
        let value = format!("Digest a={}, b={}", quoted(&text), quoted(&other));
        let parameters = Parameters::of_digest(&value).unwrap().unwrap();
        prop_assert_eq!(parameters.get("a"), Some(text.as_str()));
        prop_assert_eq!(parameters.get("B"), Some(other.as_str()));
    }

    #[test]
    fn any_bytes_are_read_or_refused(choice in any::<u8>(), text in "[\"\\\\,= a-c'*%]{0,60}") {
        let data = [&[choice][..], b"Digest ", text.as_bytes()].concat();
        fuzz_digest(&data, Instant::now());
    }
}
