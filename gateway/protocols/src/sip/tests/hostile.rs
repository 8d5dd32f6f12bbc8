//! Any bytes at all.

use proptest::prelude::*;

use super::*;

fn corpus(folder: &str, at_least: usize) -> Vec<Vec<u8>> {
    let folder = format!("{}/corpus/{folder}", env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let corpus: Vec<_> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
    assert!(corpus.len() >= at_least);
    corpus
}

fn run(corpus: &[Vec<u8>], fuzz: fn(&[u8])) {
    for bytes in corpus {
        fuzz(bytes);
    }
    let mut random = Xorshift(0x9E37_79B9_7F4A_7C15);
    for _ in 0..20_000 {
        let mut bytes = corpus[random.below(corpus.len())].clone();
        for _ in 0..=random.below(6) {
            mutate(&mut bytes, &mut random);
        }
        fuzz(&bytes);
    }
}

#[test]
fn sip_accept_49_the_kept_streams_and_20000_mutations_hold() {
    run(&corpus("sip_wire", 12), fuzz_wire);
}

#[test]
fn sip_accept_49_the_kept_values_and_20000_mutations_hold() {
    run(&corpus("sip_headers", 20), fuzz_headers);
}

/// The work for the largest that is taken must be linear in its length, whatever it is made of.
#[test]
fn sip_accept_49_the_largest_inputs_are_refused_or_read() {
    let fills = [
        ";a", ",", "\"", "\\", "<", ">", " ", "=", "%", "\r\n ", "a:b\r\n", "\r\n", "[", ";a=\"",
        "v:", "@",
    ];
    for fill in fills {
        for head in [
            "",
            "Contact: <sip:a@b.example>",
            "Via: SIP/2.0/UDP a.example",
            "From: ",
            "Require: a",
            "X: ",
        ] {
            let long = fill.repeat(65_000 / fill.len());
            for line_bytes in [8 << 10, 64 << 10] {
                let limits = Limits { line_bytes, head_bytes: 64 << 10, ..Limits::default() };
                let text = register_and(&format!("{head}{long}"));
                let _ = datagram(&Bytes::from(text), &limits);
            }
            fuzz_headers(format!("\x03{head}{}", &long[..8000]).as_bytes());
        }
    }
}

fn mutate(bytes: &mut Vec<u8>, random: &mut Xorshift) {
    const TELLING: &[u8] = b"\r\n\t :;,<>\"\\@%=?*&/.[]0A\0\x7f\xff\xc3";
    const PIECES: [&[u8]; 16] = [
        b"\r\n",
        b"\r\n\r\n",
        b"\r\n ",
        b";;",
        b",,",
        b"\\\"",
        b"Content-Length: 4\r\n",
        b"l:0\r\n",
        b"v:SIP/2.0/UDP a;rport\r\n",
        b" , ",
        b"%00",
        b"SIP/2.0 200 \r\n",
        b"<sip:",
        b";received=::1",
        b"*",
        b"[::1]",
    ];
    let at = random.below(bytes.len() + 1);
    match random.below(6) {
        0 if at < bytes.len() => bytes[at] = random.next() as u8,
        1 if at < bytes.len() => bytes[at] = TELLING[random.below(TELLING.len())],
        2 => {
            let end = (at + random.below(9)).min(bytes.len());
            bytes.drain(at..end);
        }
        3 => {
            let end = (at + random.below(60)).min(bytes.len());
            let piece = bytes[at..end].to_vec();
            let to = random.below(bytes.len() + 1);
            bytes.splice(to..to, piece);
        }
        4 => {
            bytes.splice(at..at, PIECES[random.below(PIECES.len())].iter().copied());
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
    fn any_bytes_are_read_or_refused(choice in any::<u8>(), body in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut data = vec![choice];
        data.extend_from_slice(&body);
        fuzz_wire(&data);
        fuzz_headers(&data);
    }

    /// Messages put together of lines that hide others.
    #[test]
    fn nothing_is_smuggled(
        choice in any::<u8>(),
        lines in prop::collection::vec(prop::sample::select(vec![
            "Content-Length: 0", "Content-Length : 7", "l: 30", "L:5", "Content-Length:\r\n 9", "content-length: 007",
            "X: Content-Length: 50", "Content-Length-X: 3", "X-Content-Length: 3", "", "\r", "\n", "BYE sip:a@b.example SIP/2.0",
            "Via: SIP/2.0/TLS a.example;branch=z9hG4bK1", "From: <sip:a@b.example>;tag=1", "To: <sip:a@b.example>",
            "Call-ID: 1", "CSeq: 1 BYE", "Subject: \r\n \r\n x", "Transfer-Encoding: chunked", "\t", " Content-Length: 3",
        ]), 0..40),
    ) {
        let mut text = format!("{}{}", choice as char, "BYE sip:a@b.example SIP/2.0\r\nv: SIP/2.0/TLS a.example\r\nf: <sip:a@b.example>\r\nt: <sip:a@b.example>\r\ni: 1\r\nCSeq: 1 BYE\r\n");
        text.push_str(&lines.join("\r\n"));
        let mut data = vec![choice];
        data.extend_from_slice(text.get(1..).unwrap_or_default().as_bytes());
        fuzz_wire(&data);
    }
}
