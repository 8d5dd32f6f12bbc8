use proptest::prelude::*;

use super::*;

/// What a scanner makes of what it is given: the file, where all of it is right.
fn given(mut bytes: &[u8]) -> Option<Vec<u8>> {
    bytes = bytes.strip_prefix(SCAN)?;
    let mut file = Vec::new();
    loop {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        if length == 0 {
            return rest.is_empty().then_some(file);
        }
        file.extend_from_slice(rest.get(..length)?);
        bytes = rest.get(length..)?;
    }
}

fn asked(file: &[u8]) -> Vec<u8> {
    let mut bytes = SCAN.to_vec();
    for (length, chunk) in chunks(file) {
        bytes.extend_from_slice(&length);
        bytes.extend_from_slice(chunk);
    }
    bytes.extend_from_slice(&END);
    bytes
}

fn answer(text: &str) -> Result<Option<Answer>, AnswerError> {
    AnswerReader::default().take(text.as_bytes())
}

#[test]
fn mail_07_a_scanner_is_asked_with_lengths_before_each_piece_and_an_end() {
    assert_eq!(asked(b"ab"), b"zINSTREAM\0\0\0\0\x02ab\0\0\0\0");
    assert_eq!(asked(b""), b"zINSTREAM\0\0\0\0\0");
    let long = vec![7; CHUNK_BYTES_MAX * 2 + 1];
    assert_eq!(chunks(&long).count(), 3);
    assert_eq!(given(&asked(&long)).unwrap(), long);
}

#[test]
fn mail_07_a_scanners_answers_are_understood() {
    for (text, expected) in [
        ("PONG\0", Answer::Pong),
        ("stream: OK\0", Answer::Clean),
        ("stream: Win.Test.EICAR_HDB-1 FOUND\0", Answer::Found("Win.Test.EICAR_HDB-1".to_owned())),
        ("stream: A b: c(12:3) FOUND\0", Answer::Found("A b: c(12:3)".to_owned())),
        ("INSTREAM size limit exceeded. ERROR\0", Answer::TooLarge),
        (
            "stream: Can't allocate memory ERROR\0",
            Answer::Failed("stream: Can't allocate memory".to_owned()),
        ),
        ("stream: \u{202e}x\u{7} FOUND\0", Answer::Found("x".to_owned())),
        ("stream: OK\0stream: X FOUND\0", Answer::Clean),
    ] {
        assert_eq!(answer(text), Ok(Some(expected)), "{text:?}");
    }
    // Nothing but a whole, plain "OK" says that a file is clean.
    for text in ["stream: OK", "", "stream: "] {
        assert_eq!(answer(text), Ok(None), "{text:?}");
    }
    for text in ["OK\0", "stream:OK\0", "stream: NOT OK\0", "220 mail.example ESMTP\0", "\0"] {
        assert!(matches!(answer(text), Err(AnswerError::Other(_))), "{text:?}");
    }
    let long = "x".repeat(ANSWER_BYTES_MAX + 1);
    assert_eq!(answer(&long), Err(AnswerError::TooLong));
    let long = format!("stream: {} FOUND\0", "x".repeat(1_000));
    assert_eq!(answer(&long), Ok(Some(Answer::Found("x".repeat(WORDS_CHARACTERS_MAX)))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn mail_07_a_file_comes_to_the_scanner_as_it_is(
        file in proptest::collection::vec(any::<u8>(), 0..140_000),
    ) {
        prop_assert_eq!(given(&asked(&file)), Some(file));
    }
}

proptest! {
    #[test]
    fn mail_07_a_scanners_answer_is_read_alike_in_any_pieces(
        step: u8,
        start in prop_oneof![Just(""), Just("PONG"), Just("stream: "), Just("stream: OK")],
        rest in proptest::collection::vec(any::<u8>(), 0..5_000),
        end in prop_oneof![Just(""), Just("\0"), Just(" FOUND\0"), Just(" ERROR\0")],
    ) {
        let mut data = vec![step];
        data.extend_from_slice(start.as_bytes());
        data.extend_from_slice(&rest);
        data.extend_from_slice(end.as_bytes());
        fuzz_clamd(&data);
    }
}
