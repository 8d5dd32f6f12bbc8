//! The files of one folder, as phones ask for them; device files with elements of ours in them.
//!
//! ```text
//!   name --checked--> Name --beneath the folder--> open file --> a device file? --no--> as it is
//!                                                       |yes, of a listed device
//!                               kept by its stamp <--read--> merged with the elements of that device
//! ```
//!
//! What a device file lacks of the settings is the operator's own: one that cannot be merged into is
//! served as it is, and told once. A signed file (`.sgn`) is never merged into, since its signature would
//! be wrong then; under that name HTTPS gives the unsigned one, which is what phones want there.

mod beneath;
mod figures;
mod kept;
mod name;
#[cfg(test)]
pub(crate) mod tests;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use domain::DeviceName;
use engine::Metrics;
use memchr::memmem;
use protocols::device_file::Element;

use crate::readers::{NotRead, Readers};
use crate::{Files, NotServed, ServedFile, Via};
use beneath::{Beneath, Opened};
use figures::Figures;
use kept::{DeviceFiles, Kept};
use name::{DeviceFileName, Name};

/// What the device files of listed devices that have none of their own are made from.
pub const DEFAULT_FILE: &str = "default-device.cnf.xml";
/// What stands for the name of the device there.
pub const DEVICE_NAME: &str = "#DEVICENAME#";

/// Our elements for a device that loads its file from that address; nothing for one that is not listed.
pub type Elements = Arc<dyn Fn(&DeviceName, IpAddr) -> Option<Vec<Element>> + Send + Sync>;

/// The files of a folder.
pub struct FolderFiles {
    shared: Arc<Shared>,
    readers: Readers,
}

struct Shared {
    folder: Beneath,
    elements: Elements,
    device_files: DeviceFiles,
    figures: Figures,
}

impl std::fmt::Debug for FolderFiles {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "files of {:?}", self.shared.folder)
    }
}

impl FolderFiles {
    /// The files below `folder`, none of more than so many bytes.
    pub fn new(
        folder: PathBuf,
        file_bytes_max: u64,
        elements: Elements,
        metrics: &Metrics,
    ) -> Arc<Self> {
        let shared = Shared {
            folder: Beneath::new(folder, file_bytes_max),
            elements,
            device_files: DeviceFiles::default(),
            figures: Figures::new(metrics),
        };
        Arc::new(Self { shared: Arc::new(shared), readers: Readers::default() })
    }
}

#[async_trait]
impl Files for FolderFiles {
    async fn open(&self, source: IpAddr, name: &str, by: Via) -> Result<ServedFile, NotServed> {
        let shared = Arc::clone(&self.shared);
        let name = name.to_owned();
        // A disk may take its time, and a folder may be one of another machine.
        let found = self.readers.read_soon(move || shared.find(source, &name, by)).await;
        let found = found.unwrap_or_else(|not_read| match not_read {
            NotRead::Busy => Err(NotServed::Busy),
            NotRead::Failed => Err(NotServed::Unreadable),
        });
        self.shared.figures.count(by, found.as_ref().err().copied());
        found.map(|file| file.read_by(&self.readers))
    }
}

impl Shared {
    fn find(&self, source: IpAddr, name: &str, by: Via) -> Result<ServedFile, NotServed> {
        let name = Name::read(name)?;
        match name.device_file(by == Via::Https) {
            Some(asked) => self.device_file(&asked, source),
            None => self.folder.open(&name).map(Opened::served),
        }
    }

    /// The file of a device, whichever way its name is spelt.
    fn device_file(
        &self,
        asked: &DeviceFileName<'_>,
        source: IpAddr,
    ) -> Result<ServedFile, NotServed> {
        let spellings = asked.spellings();
        let listed = || {
            let devices = spellings.iter().filter_map(|it| it.parse::<DeviceName>().ok());
            let mut listed = devices.filter_map(|device| {
                let elements = (self.elements)(&device, source)?;
                Some((device, elements))
            });
            listed.next()
        };
        for spelling in &spellings {
            let name = format!("{spelling}{}", name::DEVICE_FILE_END);
            let opened = match self.folder.open(&Name::of_file(&name)) {
                Err(NotServed::Unknown) => continue,
                opened => opened?,
            };
            let Some((_, elements)) = listed() else { return Ok(opened.served()) };
            let kept = self.device_files.read(&name, opened)?;
            return Ok(ServedFile::made(self.merged(&kept, &elements, &name)));
        }
        let (device, elements) = listed().ok_or(NotServed::Unknown)?;
        let opened = self.folder.open(&Name::of_file(DEFAULT_FILE))?;
        let kept = self.device_files.read(DEFAULT_FILE, opened)?;
        let made = self.merged(&kept, &elements, DEFAULT_FILE);
        Ok(ServedFile::made(named(&made, &device)))
    }

    fn merged(&self, kept: &Kept, elements: &[Element], name: &str) -> Bytes {
        match kept.merged(elements) {
            Ok(merged) => merged.into(),
            Err(error) => {
                self.figures.count_unmerged();
                if kept.is_told_first() {
                    let why = error.to_string();
                    tracing::warn!(
                        file = name,
                        why,
                        "served as it is: our elements cannot be merged in"
                    );
                }
                kept.bytes()
            }
        }
    }
}

/// A file that was made from the default one, for that device.
fn named(file: &Bytes, device: &DeviceName) -> Bytes {
    let mut named = Vec::with_capacity(file.len());
    let mut copied = 0;
    for place in memmem::find_iter(file, DEVICE_NAME) {
        named.extend_from_slice(file.get(copied..place).unwrap_or_default());
        named.extend_from_slice(device.as_str().as_bytes());
        copied = place.saturating_add(DEVICE_NAME.len());
    }
    named.extend_from_slice(file.get(copied..).unwrap_or_default());
    named.into()
}
