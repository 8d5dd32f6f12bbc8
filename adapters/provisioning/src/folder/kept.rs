//! Device files that were read, kept as long as they are what they were.
//!
//! After a power cut all phones of a site ask at once, many of them for the same default file.

use std::collections::{HashMap, VecDeque};
use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use protocols::device_file::{BYTES_MAX, DeviceFile, DeviceFileError, Element};

use super::beneath::Opened;
use crate::NotServed;
use crate::stamp::Stamp;

/// How many files are kept, and how many bytes of them.
const FILES_MAX: usize = 1_024;
const FILES_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A device file as it was read.
#[derive(Debug)]
pub(super) struct Kept {
    stamp: Stamp,
    bytes: Bytes,
    file: Result<DeviceFile, DeviceFileError>,
    /// Whether it was told that it cannot be merged into.
    is_told: AtomicBool,
}

impl Kept {
    /// With those elements in it.
    pub(super) fn merged(&self, elements: &[Element]) -> Result<Vec<u8>, DeviceFileError> {
        self.file.as_ref().map_err(DeviceFileError::clone)?.merge(elements)
    }

    pub(super) fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    /// Whether what is wrong with it is told for the first time.
    pub(super) fn is_told_first(&self) -> bool {
        !self.is_told.swap(true, Ordering::Relaxed)
    }
}

/// Device files by the name they have in the folder.
#[derive(Debug, Default)]
pub(super) struct DeviceFiles {
    kept: Mutex<Shelf>,
}

#[derive(Debug, Default)]
struct Shelf {
    files: HashMap<String, Arc<Kept>>,
    /// The oldest first.
    order: VecDeque<String>,
    bytes: usize,
}

impl DeviceFiles {
    /// The file as it is now.
    pub(super) fn read(&self, name: &str, opened: Opened) -> Result<Arc<Kept>, NotServed> {
        let stamp = opened.stamp();
        let found = self.shelf().files.get(name).filter(|kept| kept.stamp == stamp).cloned();
        if let Some(kept) = found {
            return Ok(kept);
        }
        let bytes_max = u64::try_from(BYTES_MAX).unwrap_or(u64::MAX);
        if opened.bytes() > bytes_max {
            return Err(NotServed::TooLarge);
        }
        let mut bytes = Vec::new();
        let read = (&opened.file).take(bytes_max).read_to_end(&mut bytes);
        let metadata = read.and_then(|_| opened.file.metadata());
        let metadata = metadata.map_err(|_| NotServed::Unreadable)?;
        let bytes = Bytes::from(bytes);
        let file = DeviceFile::read(bytes.clone());
        let kept = Arc::new(Kept { stamp, bytes, file, is_told: AtomicBool::new(false) });
        // Written to while it was read, it may be neither the old nor the new.
        if Stamp::of(&metadata) == stamp {
            self.shelf().put(name, &kept);
        }
        Ok(kept)
    }

    fn shelf(&self) -> std::sync::MutexGuard<'_, Shelf> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    fn put(&mut self, name: &str, kept: &Arc<Kept>) {
        match self.files.insert(name.to_owned(), Arc::clone(kept)) {
            Some(old) => self.bytes = self.bytes.saturating_sub(old.bytes.len()),
            None => self.order.push_back(name.to_owned()),
        }
        self.bytes = self.bytes.saturating_add(kept.bytes.len());
        while self.files.len() > FILES_MAX || self.bytes > FILES_BYTES_MAX {
            let Some(oldest) = self.order.pop_front() else { return };
            if let Some(old) = self.files.remove(&oldest) {
                self.bytes = self.bytes.saturating_sub(old.bytes.len());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::tests::Place;

    #[test]
    fn what_is_kept_is_bounded() {
        let place = Place::new();
        place.write("a", "<device/>");
        let files = DeviceFiles::default();
        for number in 0..FILES_MAX + 10 {
            files.read(&format!("{number}"), place.open("a")).unwrap();
        }
        let shelf = files.shelf();
        assert_eq!((shelf.files.len(), shelf.order.len()), (FILES_MAX, FILES_MAX));
        assert_eq!(shelf.bytes, FILES_MAX * "<device/>".len());
        assert!(!shelf.files.contains_key("9") && shelf.files.contains_key("10"));
        drop(shelf);
        place.write("large", &format!("<device>{}</device>", " ".repeat(BYTES_MAX - 100)));
        for number in 0..20 {
            files.read(&format!("large{number}"), place.open("large")).unwrap();
        }
        let shelf = files.shelf();
        assert!(shelf.bytes <= FILES_BYTES_MAX && shelf.files.len() == 16, "{}", shelf.bytes);
    }

    #[test]
    fn a_file_is_read_once_until_it_changes() {
        let place = Place::new();
        place.write("a", "<device/>");
        let files = DeviceFiles::default();
        let first = files.read("a", place.open("a")).unwrap();
        assert!(Arc::ptr_eq(&first, &files.read("a", place.open("a")).unwrap()));
        place.write("a", "<device>1</device>");
        let second = files.read("a", place.open("a")).unwrap();
        assert_eq!(second.bytes(), "<device>1</device>");
        assert_eq!(files.shelf().order.len(), 1);
        assert_eq!(files.shelf().bytes, second.bytes.len());
    }
}
