//! Packets against the figures of RFC 1350, 2347, 2348 and 2349.

use super::*;

#[track_caller]
fn check(bytes: &[u8], packet: &Packet<'_>) {
    assert_eq!(decode(bytes).as_ref(), Ok(packet));
    assert_eq!(encode(packet), bytes);
}

#[track_caller]
fn check_refused(bytes: &[u8], error: DecodeError) {
    assert_eq!(decode(bytes), Err(error), "{}", bytes.escape_ascii());
}

#[test]
fn packets_are_read_and_written_as_rfc_1350_has_them() {
    let mut request = request(Mode::Octet, Options::default());
    check(b"\0\x01SEP001122334455.cnf.xml\0octet\0", &Packet::Read(request));
    request.mode = Mode::Netascii;
    check(b"\0\x02SEP001122334455.cnf.xml\0netascii\0", &Packet::Write(request));
    check(b"\0\x03\x01\x02abc", &Packet::Data { block: 0x0102, content: b"abc" });
    check(b"\0\x03\0\x01", &Packet::Data { block: 1, content: b"" });
    check(b"\0\x04\xff\xfe", &Packet::Acknowledgement { block: 0xFFFE });
    let code = ErrorCode::FILE_NOT_FOUND;
    check(b"\0\x05\0\x01no file\0", &Packet::Error { code, message: b"no file" });
}

#[test]
fn options_are_read_and_written_as_rfc_2347_has_them() {
    let all =
        Options { block_bytes: Some(1428), timeout_seconds: Some(6), file_bytes: Some(42_000_000) };
    check(b"\0\x06blksize\x001428\0timeout\x006\0tsize\x0042000000\0", &Packet::Options(all));
    check(
        b"\0\x01SEP001122334455.cnf.xml\0octet\0blksize\x001428\0timeout\x006\0tsize\x0042000000\0",
        &Packet::Read(request(Mode::Octet, all)),
    );
}

#[track_caller]
fn check_options(options: &[u8], expected: Options) {
    let bytes = [b"\0\x01a\0OCTET\0".as_slice(), options].concat();
    let Ok(Packet::Read(request)) = decode(&bytes) else { panic!("{}", options.escape_ascii()) };
    assert_eq!(request.options, expected, "{}", options.escape_ascii());
}

#[test]
fn names_of_options_and_modes_are_read_in_any_case_and_unknown_options_passed_over() {
    check_options(b"BlkSize\x00512\0windowsize\x0016\0x\0\0", block_of(512));
    check_options(b"windowsize\x0016\0windowsize\x008\0", Options::default());
}

#[test]
fn values_that_cannot_be_used_are_left_out_and_blocks_that_are_too_large_made_smaller() {
    for value in ["7", "0", "", "-8", "+8", " 8", "8 ", "0x10", "eight", "18446744073709551616"] {
        check_options(format!("blksize\0{value}\0").as_bytes(), Options::default());
    }
    for (value, bytes) in [("8", 8), ("65464", 65_464), ("65465", 65_464), ("99999999", 65_464)] {
        check_options(format!("blksize\0{value}\0").as_bytes(), block_of(bytes));
    }
    for (value, seconds) in [("0", None), ("1", Some(1)), ("255", Some(255)), ("256", None)] {
        let expected = Options { timeout_seconds: seconds, ..Options::default() };
        check_options(format!("timeout\0{value}\0").as_bytes(), expected);
    }
    for (value, bytes) in [("0", Some(0)), ("x", None), ("18446744073709551615", Some(u64::MAX))] {
        let expected = Options { file_bytes: bytes, ..Options::default() };
        check_options(format!("tsize\0{value}\0").as_bytes(), expected);
    }
}

#[test]
fn what_is_no_packet_is_refused_with_the_reason() {
    for bytes in [b"".as_slice(), b"\0", b"\0\x01", b"\0\x01a", b"\0\x01a\0octet", b"\0\x04\0"] {
        check_refused(bytes, DecodeError::Truncated);
    }
    check_refused(b"\0\x01a\0octet\0blksize", DecodeError::Truncated);
    check_refused(b"\0\x01a\0octet\0blksize\x008", DecodeError::Truncated);
    check_refused(b"\0\x04\0\x01\0", DecodeError::Trailing);
    for operation in [0_u16, 7, 0x0100, 0xFFFF] {
        let bytes = [operation.to_be_bytes().as_slice(), b"a\0octet\0"].concat();
        check_refused(&bytes, DecodeError::Operation(operation));
    }
    for name in ["", "a\nb", "a\u{7f}", "caf\u{e9}", &"a".repeat(129)] {
        check_refused(format!("\0\x01{name}\0octet\0").as_bytes(), DecodeError::FileName);
    }
    assert!(decode(format!("\0\x01{}\0octet\0", "a".repeat(128)).as_bytes()).is_ok());
    for mode in ["", "mail", "octets", "binary"] {
        check_refused(format!("\0\x01a\0{mode}\0").as_bytes(), DecodeError::Mode);
    }
    // What a name hides behind a NUL is read as the mode.
    check_refused(b"\0\x01a\0.xml\0octet\0", DecodeError::Mode);
    for options in ["blksize\x008\0blksize\x008\0", "tsize\x000\0TSIZE\x000\0", "\x00\x00"] {
        check_refused(format!("\0\x01a\0octet\0{options}").as_bytes(), DecodeError::Option);
    }
    let long = "x".repeat(65);
    for options in [format!("{long}\0\0"), format!("x\0{long}\0")] {
        check_refused(format!("\0\x01a\0octet\0{options}").as_bytes(), DecodeError::Option);
    }
    let many = |count: usize| format!("\0\x01a\0octet\0{}", "x\0y\0".repeat(count));
    assert!(decode(many(16).as_bytes()).is_ok());
    check_refused(many(17).as_bytes(), DecodeError::TooManyOptions);
    check_refused(&[b"\0\x01a\0octet\0".as_slice(), &[b'x'; 512]].concat(), DecodeError::Oversize);
    check_refused(&[b"\0\x05\0\0".as_slice(), &[b'x'; 512]].concat(), DecodeError::Oversize);
    check_refused(&data(1, &[0; 65_465]), DecodeError::Oversize);
    assert!(decode(&data(1, &[0; 65_464])).is_ok());
}

#[test]
fn a_peer_is_told_what_was_wrong_with_a_request_and_nothing_about_other_bytes() {
    let code = |error: DecodeError| error.answer().map(|(code, _)| code);
    assert_eq!(code(DecodeError::FileName), Some(ErrorCode::ACCESS_VIOLATION));
    assert_eq!(code(DecodeError::Mode), Some(ErrorCode::ILLEGAL_OPERATION));
    assert_eq!(code(DecodeError::Option), Some(ErrorCode::OPTIONS_REFUSED));
    assert_eq!(code(DecodeError::Truncated), None);
    assert_eq!(code(DecodeError::Operation(9)), None);
}

#[test]
fn an_error_without_its_nul_is_read() {
    let expected = Packet::Error { code: ErrorCode(3), message: b"disk full" };
    assert_eq!(decode(b"\0\x05\0\x03disk full"), Ok(expected));
    assert_eq!(decode(b"\0\x05\0\x03disk full\0more"), Ok(expected));
}

fn any_options() -> impl Strategy<Value = Options> {
    let blocks = prop::option::of(BLOCK_BYTES_RANGE);
    let seconds = prop::option::of(1_u8..);
    (blocks, seconds, any::<Option<u64>>()).prop_map(
        |(block_bytes, timeout_seconds, file_bytes)| Options {
            block_bytes,
            timeout_seconds,
            file_bytes,
        },
    )
}

proptest! {
    #[test]
    fn every_packet_comes_back_as_it_was(
        name in "[ -~]{1,128}",
        octet in any::<bool>(),
        options in any_options(),
        number in any::<u16>(),
        content in prop::collection::vec(any::<u8>(), 0..2_000),
        message in prop::collection::vec(1_u8.., 0..400),
    ) {
        let mode = if octet { Mode::Octet } else { Mode::Netascii };
        let request = Request { file_name: &name, mode, options };
        for packet in [
            Packet::Read(request),
            Packet::Write(request),
            Packet::Data { block: number, content: &content },
            Packet::Acknowledgement { block: number },
            Packet::Error { code: ErrorCode(number), message: &message },
            Packet::Options(options),
        ] {
            let bytes = encode(&packet);
            prop_assert_eq!(decode(&bytes), Ok(packet));
        }
    }
}
