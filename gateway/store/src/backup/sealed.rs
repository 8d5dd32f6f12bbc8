//! The encrypted part of a backup: parts of one size, each under a nonce of its own.
//!
//! ```text
//!   part = AES-256-GCM(key of this file, nonce = 0 (7) | number (4) | last (1), header's digest; 256 KiB) | tag
//! ```
//!
//! The key is this file's alone, so numbers do for nonces. Every part but the last is full, and the last one
//! says that it is: so parts that are missing, swapped, repeated or of another file do not open.

use std::io::{BufRead, Read};

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{Context, SHA256};

use super::BackupError;

/// Bytes of content in each part but the last.
pub(super) const PART_BYTES: usize = 256 * 1024;
/// Bytes of the tag behind each.
const TAG_BYTES: usize = 16;

/// Encrypts or opens parts.
pub(super) struct Cipher {
    key: LessSafeKey,
    header: Vec<u8>,
}

impl Cipher {
    pub(super) fn new(key: &[u8; 32], header: &[u8]) -> Result<Self, BackupError> {
        let unbound = UnboundKey::new(&AES_256_GCM, key)
            .map_err(|_| BackupError::Header { what: "no key can be made" })?;
        Ok(Self { key: LessSafeKey::new(unbound), header: header.to_vec() })
    }

    fn seal(&self, number: u32, last: bool, bytes: &mut Vec<u8>) -> Result<(), BackupError> {
        let sealed =
            self.key.seal_in_place_append_tag(nonce(number, last), Aad::from(&self.header), bytes);
        sealed.map_err(|_| BackupError::Content { what: "it is too large" })
    }

    /// `None` where it is not that part.
    fn open(&self, number: u32, last: bool, mut bytes: Vec<u8>) -> Option<Vec<u8>> {
        let opened =
            self.key.open_in_place(nonce(number, last), Aad::from(&self.header), &mut bytes);
        let length = opened.ok()?.len();
        bytes.truncate(length);
        Some(bytes)
    }
}

fn nonce(number: u32, last: bool) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    let number = number.to_be_bytes();
    for (into, byte) in bytes.iter_mut().skip(7).zip(number.into_iter().chain([u8::from(last)])) {
        *into = byte;
    }
    Nonce::assume_unique_for_key(bytes)
}

/// Takes content and gives parts.
pub(super) struct Sealing<Out> {
    cipher: Cipher,
    number: u32,
    part: Vec<u8>,
    digest: Context,
    out: Out,
}

impl<Out: FnMut(Vec<u8>) -> Result<(), BackupError>> Sealing<Out> {
    pub(super) fn new(cipher: Cipher, out: Out) -> Self {
        Self { cipher, number: 0, part: new_part(), digest: Context::new(&SHA256), out }
    }

    pub(super) fn write(&mut self, mut bytes: &[u8]) -> Result<(), BackupError> {
        self.digest.update(bytes);
        while !bytes.is_empty() {
            // Only now: what is full may be the last one.
            if self.part.len() == PART_BYTES {
                self.give(false)?;
            }
            let room = PART_BYTES.saturating_sub(self.part.len()).min(bytes.len());
            let (now, later) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            self.part.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// SHA-256 of all that was written so far.
    pub(super) fn digest(&self) -> Vec<u8> {
        self.digest.clone().finish().as_ref().to_vec()
    }

    pub(super) fn finish(mut self) -> Result<(), BackupError> {
        self.give(true)
    }

    fn give(&mut self, last: bool) -> Result<(), BackupError> {
        let mut part = std::mem::replace(&mut self.part, new_part());
        self.cipher.seal(self.number, last, &mut part)?;
        let next = self.number.checked_add(1);
        self.number = next.ok_or(BackupError::Content { what: "it is too large" })?;
        (self.out)(part)
    }
}

fn new_part() -> Vec<u8> {
    Vec::with_capacity(PART_BYTES + TAG_BYTES)
}

/// Reads parts and gives content.
pub(super) struct Opening<In> {
    cipher: Cipher,
    input: In,
    number: u32,
    part: Vec<u8>,
    at: usize,
    hashed: usize,
    is_last: bool,
    digest: Context,
    bytes: u64,
}

impl<In: BufRead> Opening<In> {
    pub(super) fn new(cipher: Cipher, input: In) -> Self {
        Self {
            cipher,
            input,
            number: 0,
            part: Vec::new(),
            at: 0,
            hashed: 0,
            is_last: false,
            digest: Context::new(&SHA256),
            bytes: 0,
        }
    }

    /// How many bytes of content were read.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// SHA-256 of all that was read so far.
    pub(super) fn digest(&mut self) -> Vec<u8> {
        self.hash();
        self.digest.clone().finish().as_ref().to_vec()
    }

    pub(super) fn byte(&mut self) -> Result<u8, BackupError> {
        let mut byte = [0];
        self.fill(&mut byte)?;
        let [byte] = byte;
        Ok(byte)
    }

    pub(super) fn number<const N: usize>(&mut self) -> Result<[u8; N], BackupError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// So many bytes; memory is taken as they come, whatever a length says.
    pub(super) fn take(&mut self, length: usize) -> Result<Vec<u8>, BackupError> {
        let mut taken = Vec::with_capacity(length.min(PART_BYTES));
        while taken.len() < length {
            let rest = length - taken.len();
            let some = self.some()?;
            let now = some.get(..rest.min(some.len())).unwrap_or(some);
            let count = now.len();
            taken.extend_from_slice(now);
            self.at += count;
        }
        Ok(taken)
    }

    /// Whether all was read, and nothing follows.
    pub(super) fn is_at_end(&mut self) -> Result<bool, BackupError> {
        Ok(self.is_last && self.at >= self.part.len() && self.input.fill_buf()?.is_empty())
    }

    fn fill(&mut self, into: &mut [u8]) -> Result<(), BackupError> {
        let mut done = 0;
        while let Some(rest) = into.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let some = self.some()?;
            let count = some.len().min(rest.len());
            for (into, byte) in rest.iter_mut().zip(some) {
                *into = *byte;
            }
            self.at += count;
            done += count;
        }
        Ok(())
    }

    /// Some content that was not read yet.
    fn some(&mut self) -> Result<&[u8], BackupError> {
        if self.at >= self.part.len() {
            self.next_part()?;
        }
        match self.part.get(self.at..) {
            Some(some) if !some.is_empty() => Ok(some),
            _ => Err(BackupError::Content { what: "it ends too early" }),
        }
    }

    fn next_part(&mut self) -> Result<(), BackupError> {
        if self.is_last {
            return Err(BackupError::Content { what: "it ends too early" });
        }
        self.hash();
        let mut sealed = new_part();
        let most = u64::try_from(PART_BYTES + TAG_BYTES).unwrap_or(u64::MAX);
        self.input.by_ref().take(most).read_to_end(&mut sealed)?;
        let last = self.input.fill_buf()?.is_empty();
        let opened = match self.cipher.open(self.number, last, sealed.clone()) {
            Some(opened) => opened,
            // What ends here and does not say so had more behind it; half a part opens as neither.
            None if last && sealed.len() < PART_BYTES + TAG_BYTES => {
                return Err(BackupError::CutOff { bytes: self.bytes });
            }
            None if last && self.cipher.open(self.number, false, sealed).is_some() => {
                return Err(BackupError::CutOff { bytes: self.bytes });
            }
            None => return Err(BackupError::Damaged { part: u64::from(self.number) + 1 }),
        };
        self.bytes += u64::try_from(opened.len()).unwrap_or(u64::MAX);
        self.number =
            self.number.checked_add(1).ok_or(BackupError::Content { what: "it is too large" })?;
        (self.part, self.at, self.hashed, self.is_last) = (opened, 0, 0, last);
        Ok(())
    }

    fn hash(&mut self) {
        self.digest.update(self.part.get(self.hashed..self.at).unwrap_or_default());
        self.hashed = self.at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cipher(key: u8, header: &[u8]) -> Cipher {
        Cipher::new(&[key; 32], header).unwrap()
    }

    /// Content of that size, its parts.
    fn sealed(size: usize) -> Vec<Vec<u8>> {
        let mut parts = Vec::new();
        let mut sealing = Sealing::new(cipher(1, b"h"), |part| {
            parts.push(part);
            Ok(())
        });
        let content: Vec<u8> = (0..size).map(|number| (number % 251) as u8).collect();
        for piece in content.chunks(70_001) {
            sealing.write(piece).unwrap();
        }
        sealing.finish().unwrap();
        parts
    }

    fn opened(parts: &[Vec<u8>], size: usize, cipher: Cipher) -> Result<Vec<u8>, BackupError> {
        let bytes = parts.concat();
        let mut opening = Opening::new(cipher, bytes.as_slice());
        let content = opening.take(size)?;
        match opening.is_at_end()? {
            true => Ok(content),
            false => Err(BackupError::Content { what: "there is more" }),
        }
    }

    #[test]
    fn content_of_any_size_comes_back() {
        for size in [1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES] {
            let parts = sealed(size);
            assert_eq!(parts.len(), size.div_ceil(PART_BYTES));
            let content = opened(&parts, size, cipher(1, b"h")).unwrap();
            assert!(content.iter().enumerate().all(|(at, byte)| *byte == (at % 251) as u8));
        }
    }

    #[test]
    fn ops_04_parts_that_are_missing_swapped_repeated_or_altered_do_not_open() {
        let size = 3 * PART_BYTES + 9;
        let parts = sealed(size);
        for kept in 0..parts.len() {
            let refused = opened(&parts[..kept], size, cipher(1, b"h")).unwrap_err();
            assert!(matches!(refused, BackupError::CutOff { .. }), "{kept}: {refused:?}");
        }
        let damaged = |parts: &[Vec<u8>]| {
            let refused = opened(parts, size, cipher(1, b"h")).unwrap_err();
            assert!(
                matches!(refused, BackupError::Damaged { .. } | BackupError::CutOff { .. }),
                "{refused:?}"
            );
        };
        for part in 0..parts.len() {
            let mut without = parts.clone();
            without.remove(part);
            damaged(&without);
            let mut twice = parts.clone();
            twice.insert(part, parts[part].clone());
            damaged(&twice);
            for byte in [0, 5, parts[part].len() - 1] {
                let mut altered = parts.clone();
                altered[part][byte] ^= 1;
                damaged(&altered);
            }
        }
        let mut swapped = parts.clone();
        swapped.swap(0, 1);
        damaged(&swapped);
        let mut longer = parts.clone();
        longer.push(vec![7]);
        damaged(&longer);
        for other in [cipher(2, b"h"), cipher(1, b"g")] {
            let refused = opened(&parts, size, other).unwrap_err();
            assert!(matches!(refused, BackupError::Damaged { part: 1 }), "{refused:?}");
        }
    }

    #[test]
    fn ops_04_a_length_that_nothing_follows_takes_no_memory() {
        let parts = sealed(10);
        let mut opening = Opening::new(cipher(1, b"h"), parts[0].as_slice());
        let refused = opening.take(usize::MAX).unwrap_err();
        assert!(matches!(refused, BackupError::Content { .. }), "{refused:?}");
    }
}
