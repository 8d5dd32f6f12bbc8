//! Text on its way: a line ends with CR LF, and a CR that ends none is followed by NUL (RFC 764).

/// Adds the bytes of a file to `written` as they are on their way.
pub(super) fn put(written: &mut Vec<u8>, content: &[u8]) {
    for &byte in content {
        match byte {
            b'\n' => written.extend_from_slice(b"\r\n"),
            b'\r' => written.extend_from_slice(b"\r\0"),
            other => written.push(other),
        }
    }
}
