//! Tokens that were made to be believed, and bytes that do not hold together.

use super::*;

/// Signs `header` rightly with either key and demands the refusal.
#[track_caller]
fn refused(header: &str, refusal: JoseRefused) {
    let keys = Keys::new();
    for algorithm in [Algorithm::Rs256, Algorithm::Es256] {
        let token = keys.sign_header(algorithm, header);
        assert_eq!(keys.verify(&token), Err(refusal), "{header}");
    }
}

#[track_caller]
fn seal_refused(header: &str, refusal: JoseRefused) {
    assert_eq!(decrypt_known(&seal_header(header)), Err(refusal), "{header}");
}

#[test]
fn ids_05_another_algorithm_is_refused_however_it_is_written() {
    for alg in [
        "none",
        "None",
        "NONE",
        "nOnE",
        "HS256",
        "hs256",
        "rs256",
        "Rs256",
        "es256",
        "RS384",
        "PS256",
        "ES384",
        "EdDSA",
        "dir",
        "",
        " RS256",
        "RS256 ",
        "RS256\\u0000",
    ] {
        for kid in ["rsa-1", "ec-1"] {
            refused(
                &format!(r#"{{"alg":"{alg}","kid":"{kid}","typ":"at+jwt"}}"#),
                JoseRefused::Algorithm,
            );
        }
    }
    refused(r#"{"kid":"rsa-1","typ":"at+jwt"}"#, JoseRefused::Algorithm);
    // Right for a key, but not for the one that is named.
    refused(r#"{"alg":"ES256","kid":"rsa-1","typ":"at+jwt"}"#, JoseRefused::Algorithm);
    refused(r#"{"alg":"RS256","kid":"ec-1","typ":"at+jwt"}"#, JoseRefused::Algorithm);
    for alg in ["null", "1", "[\"RS256\"]", "{\"RS256\":1}", "true"] {
        refused(&format!(r#"{{"alg":{alg},"kid":"rsa-1","typ":"at+jwt"}}"#), JoseRefused::Header);
    }
}

#[test]
fn ids_05_a_public_key_is_no_secret_for_hmac() {
    let keys = Keys::new();
    let VerificationKey::Rs256 { pkcs1_der } = &keys.rsa_public else { panic!("no RSA key") };
    for alg in ["HS256", "RS256"] {
        let header = format!(r#"{{"alg":"{alg}","kid":"rsa-1","typ":"at+jwt"}}"#);
        let message = format!("{}.{}", segment::write(header.as_bytes()), segment::write(PAYLOAD));
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, pkcs1_der);
        let tag = ring::hmac::sign(&key, message.as_bytes());
        let refusal = if alg == "RS256" { JoseRefused::Signature } else { JoseRefused::Algorithm };
        let token = format!("{message}.{}", segment::write(tag.as_ref()));
        assert_eq!(keys.verify(&token), Err(refusal));
    }
}

#[test]
fn ids_05_no_header_brings_a_key_or_a_rule() {
    for parameter in [
        r#""crit":["exp"],"exp":1"#,
        r#""crit":[]"#,
        r#""b64":false"#,
        r#""jku":"https://keys.example/""#,
        r#""x5u":"https://keys.example/""#,
        r#""x5c":["MIIB"]"#,
        r#""x5t":"AA""#,
        r#""x5t#S256":"AA""#,
        r#""jwk":{"kty":"oct","k":"AA"}"#,
        r#""zip":"DEF""#,
        r#""epk":{}"#,
        r#""p2c":1000000000"#,
        r#""KID":"rsa-1""#,
        r#""":"""#,
        r#""cty":"JWT""#,
        r#""cty":"""#,
        r#""enc":"A256GCM""#,
    ] {
        for (alg, kid) in [("RS256", "rsa-1"), ("ES256", "ec-1")] {
            let header = format!(r#"{{"alg":"{alg}",{parameter},"kid":"{kid}","typ":"at+jwt"}}"#);
            refused(&header, JoseRefused::Parameter);
        }
    }
    for parameter in [
        r#""zip":"DEF""#,
        r#""crit":["x"],"x":1"#,
        r#""jwk":{}"#,
        r#""typ":"JWT""#,
        r#""iv":"AA""#,
        r#""tag":"AA""#,
        r#""apu":"AA""#,
    ] {
        seal_refused(
            &format!(r#"{{"alg":"dir",{parameter},"cty":"JWT","enc":"A256GCM","kid":"seal-1"}}"#),
            JoseRefused::Parameter,
        );
    }
}

#[test]
fn ids_05_a_member_that_stands_twice_is_refused() {
    for header in [
        r#"{"alg":"RS256","alg":"RS256","kid":"rsa-1","typ":"at+jwt"}"#,
        r#"{"alg":"RS256","kid":"rsa-1","al\u0067":"none","typ":"at+jwt"}"#,
        r#"{"alg":"RS256","kid":"rsa-1","kid":"ec-1","typ":"at+jwt"}"#,
        r#"{"alg":"RS256","kid":"rsa-1","typ":"at+jwt","typ":"rt+jwt"}"#,
        "[]",
        "null",
        "\"alg\"",
        "",
        "{}{}",
        r#"{"alg":"RS256","kid":"rsa-1","typ":"at+jwt"},"#,
        r#"{"alg":"RS256","kid":"rsa-1","typ":"at+jwt",}"#,
        "\u{feff}{}",
        r#"{alg:"RS256"}"#,
    ] {
        refused(header, JoseRefused::Header);
    }
    let spaces = " ".repeat(HEADER_BYTES_MAX);
    refused(&format!(r#"{{"alg":"RS256",{spaces}"kid":"rsa-1"}}"#), JoseRefused::Header);
    let deep = format!(r#"{{"x":{}"#, "[".repeat(400));
    refused(&deep, JoseRefused::Header);
    let keys = Keys::new();
    let latin1 = format!("{}.e30.AA", segment::write(b"{\"alg\":\"\xE9\"}"));
    assert_eq!(keys.verify(&latin1), Err(JoseRefused::Header));
}

#[test]
fn ids_05_a_token_names_a_key_that_is_known() {
    refused(r#"{"alg":"RS256","typ":"at+jwt"}"#, JoseRefused::KeyId);
    for kid in ["", "../etc", "a b", "rsa-1\\u0000", "\u{e9}", &"k".repeat(KEY_ID_BYTES_MAX + 1)] {
        let header = format!(r#"{{"alg":"RS256","kid":"{kid}","typ":"at+jwt"}}"#);
        refused(&header, JoseRefused::KeyId);
    }
    for kid in ["RSA-1", "rsa-2", "rsa-1.", &"k".repeat(KEY_ID_BYTES_MAX)] {
        let header = format!(r#"{{"alg":"RS256","kid":"{kid}","typ":"at+jwt"}}"#);
        refused(&header, JoseRefused::UnknownKey);
    }
    seal_refused(r#"{"alg":"dir","cty":"JWT","enc":"A256GCM"}"#, JoseRefused::KeyId);
    seal_refused(
        r#"{"alg":"dir","cty":"JWT","enc":"A256GCM","kid":"seal-2"}"#,
        JoseRefused::UnknownKey,
    );
}

#[test]
fn ids_05_a_token_is_only_for_what_it_was_made_for() {
    let keys = Keys::new();
    let with = |typ: &str| {
        let header = format!(r#"{{"alg":"ES256","kid":"ec-1","typ":"{typ}"}}"#);
        keys.verify(&keys.sign_header(Algorithm::Es256, &header))
    };
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
        assert_eq!(with(typ).as_deref(), Ok(PAYLOAD), "{typ}");
    }
    for typ in [
        "",
        "JWT",
        "rt+jwt",
        "at+jwt ",
        " at+jwt",
        "text/at+jwt",
        "application/",
        "application/application/at+jwt",
        "/at+jwt",
        "at+jwt;v=1",
        "at\u{2010}jwt",
    ] {
        assert_eq!(with(typ), Err(JoseRefused::Purpose), "{typ}");
    }
    let header = r#"{"alg":"ES256","kid":"ec-1"}"#;
    let without = keys.sign_header(Algorithm::Es256, header);
    assert_eq!(keys.verify(&without), Err(JoseRefused::Purpose));
    let access = keys.sign(Algorithm::Rs256, PAYLOAD).unwrap();
    let as_refresh = verify(&access, "rt+jwt", |kid| keys.of(kid));
    assert_eq!(as_refresh, Err(JoseRefused::Purpose));
}

#[test]
fn ids_05_a_token_has_the_segments_of_its_form() {
    let keys = Keys::new();
    let (message, signature) = RSA_SIGNED.rsplit_once('.').unwrap();
    for token in [
        String::new(),
        message.to_owned(),
        format!("{RSA_SIGNED}."),
        format!("{RSA_SIGNED}.e30"),
        format!(".{RSA_SIGNED}"),
        format!("{message}..{signature}"),
        SEALED.to_owned(),
    ] {
        assert_eq!(keys.verify(&token), Err(JoseRefused::Segments), "{token}");
    }
    for token in [RSA_SIGNED.to_owned(), format!("{SEALED}."), SEALED.replace("..", ".e30.")] {
        assert_eq!(decrypt_known(&token), Err(JoseRefused::Segments), "{token}");
    }
    // What was signed, without its signature or with another's.
    assert_eq!(keys.verify(&format!("{message}.")), Err(JoseRefused::Signature));
    let (_, of_another) = EC_SIGNED.rsplit_once('.').unwrap();
    assert_eq!(keys.verify(&format!("{message}.{of_another}")), Err(JoseRefused::Signature));
    let zeros = segment::write(&[0; 64]);
    let (message, _) = EC_SIGNED.rsplit_once('.').unwrap();
    assert_eq!(keys.verify(&format!("{message}.{zeros}")), Err(JoseRefused::Signature));
    let long = "a".repeat(TOKEN_BYTES_MAX + 1);
    assert_eq!(keys.verify(&long), Err(JoseRefused::TooLarge));
    assert_eq!(decrypt_known(&long), Err(JoseRefused::TooLarge));
}

#[test]
fn ids_05_each_value_is_written_in_one_way() {
    let keys = Keys::new();
    // 256 bytes end in four bits that say nothing: `w` is 48, `x` is 49.
    assert!(RSA_SIGNED.ends_with('w'));
    let other_bits = format!("{}x", RSA_SIGNED.strip_suffix('w').unwrap());
    for token in [
        other_bits,
        format!("{RSA_SIGNED}="),
        format!("{RSA_SIGNED}=="),
        format!("{RSA_SIGNED}\n"),
        format!("{RSA_SIGNED} "),
        format!(" {RSA_SIGNED}"),
        RSA_SIGNED.replace('-', "+"),
        RSA_SIGNED.replace('_', "/"),
        RSA_SIGNED.replacen('.', "=.", 1),
        format!("{RSA_SIGNED}\u{e9}"),
    ] {
        assert_eq!(keys.verify(&token), Err(JoseRefused::Encoding), "{token}");
    }
    assert!(SEALED.ends_with("kEQ"));
    let other_bits = format!("{}R", SEALED.strip_suffix('Q').unwrap());
    for token in [other_bits, format!("{SEALED}=="), SEALED.replace('_', "/")] {
        assert_eq!(decrypt_known(&token), Err(JoseRefused::Encoding), "{token}");
    }
}

#[test]
fn ids_06_a_sealed_token_says_how_it_is_sealed_and_what_it_holds() {
    for alg in ["A256GCMKW", "Dir", "none", "RSA-OAEP", ""] {
        let header = format!(r#"{{"alg":"{alg}","cty":"JWT","enc":"A256GCM","kid":"seal-1"}}"#);
        seal_refused(&header, JoseRefused::Algorithm);
    }
    for enc in ["a256gcm", "A128GCM", "A256CBC-HS512", "none", ""] {
        let header = format!(r#"{{"alg":"dir","cty":"JWT","enc":"{enc}","kid":"seal-1"}}"#);
        seal_refused(&header, JoseRefused::Encryption);
    }
    for cty in ["json", "", "text/jwt", "application/json"] {
        let header = format!(r#"{{"alg":"dir","cty":"{cty}","enc":"A256GCM","kid":"seal-1"}}"#);
        seal_refused(&header, JoseRefused::Content);
    }
    seal_refused(r#"{"alg":"dir","enc":"A256GCM","kid":"seal-1"}"#, JoseRefused::Content);
    seal_refused(r#"{"alg":"dir","cty":"JWT","kid":"seal-1"}"#, JoseRefused::Encryption);
    for cty in ["JWT", "jwt", "application/jwt"] {
        let header = format!(r#"{{"alg":"dir","cty":"{cty}","enc":"A256GCM","kid":"seal-1"}}"#);
        assert_eq!(decrypt_known(&seal_header(&header)).as_deref(), Ok(&b"x"[..]));
    }
}

#[test]
fn ids_06_a_seal_is_whole_or_nothing() {
    let parts: Vec<&str> = SEALED.split('.').collect();
    let with = |at: usize, part: &str| {
        let mut changed = parts.clone();
        changed[at] = part;
        decrypt_known(&changed.join("."))
    };
    assert!(with(0, parts[0]).is_ok());
    let tag = segment::read(parts[4]).unwrap();
    for length in 0..16 {
        assert_eq!(with(4, &segment::write(&tag[..length])), Err(JoseRefused::Seal), "{length}");
    }
    assert_eq!(with(4, &segment::write(&[&tag[..], &[0]].concat())), Err(JoseRefused::Seal));
    // A tag of two halves: its first bytes at the end of the ciphertext.
    let ciphertext = segment::read(parts[3]).unwrap();
    let mut moved = parts.clone();
    let (longer, shorter) =
        (segment::write(&[&ciphertext, &tag[..4]].concat()), segment::write(&tag[4..]));
    (moved[3], moved[4]) = (&longer, &shorter);
    assert_eq!(decrypt_known(&moved.join(".")), Err(JoseRefused::Seal));
    for nonce in [&b""[..], b"12345678901", b"1234567890123", b"1234567890123456", b"123456789012"]
    {
        assert_eq!(with(2, &segment::write(nonce)), Err(JoseRefused::Seal));
    }
    assert_eq!(with(3, ""), Err(JoseRefused::Seal));
    // The header is bound too, even where it means the same.
    let spaced = segment::write(br#"{"alg":"dir","cty":"JWT","enc":"A256GCM","kid":"seal-1"} "#);
    assert_eq!(with(0, &spaced), Err(JoseRefused::Seal));
    assert_eq!(decrypt(SEALED, |_| Some([0; 32])), Err(JoseRefused::Seal));
}

#[test]
fn refusals_have_names_and_show_nothing_of_the_token() {
    assert_eq!(JoseRefused::UnknownKey.name(), "unknown_key");
    assert_eq!(JoseRefused::KeyId.to_string(), "`kid` does not name a key in 64 bytes");
}

fn corpus() -> Vec<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/jose");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

#[test]
fn the_kept_corpus_and_20000_mutations_hold() {
    const TELLING: &[u8] = b".=-_{}\":,\\ AQw0\x00\xFF";
    let corpus = corpus();
    assert!(corpus.len() >= 16);
    for bytes in &corpus {
        fuzz::token(bytes);
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
        fuzz::token(&bytes);
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
        fuzz::token(&bytes);
    }
}
