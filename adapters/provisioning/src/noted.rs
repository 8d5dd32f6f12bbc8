//! Files with every question told to the flight recorder: who asked for which name, and what became of it.

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use domain::DeviceName;
use engine::recorder::{Link, Recorder, Way};

use crate::{Files, NotServed, ServedFile, Via};

/// What a phone's name begins with in the names of its files.
const PHONE: &str = "SEP";

/// Files that are asked for by way of this.
pub struct NotedFiles {
    files: Arc<dyn Files>,
    recorder: Recorder,
}

impl NotedFiles {
    /// Those files.
    pub fn new(files: Arc<dyn Files>, recorder: Recorder) -> Arc<Self> {
        Arc::new(Self { files, recorder })
    }
}

#[async_trait]
impl Files for NotedFiles {
    async fn open(&self, source: IpAddr, name: &str, by: Via) -> Result<ServedFile, NotServed> {
        let opened = self.files.open(source, name, by).await;
        let by = match by {
            Via::Tftp => "TFTP",
            Via::Http => "HTTP",
            Via::Https => "HTTPS",
        };
        self.recorder.note(Link::Provisioning, Way::In, "asks for a file", |note| {
            note.peer(source).text("by", by).words("name", name);
            if let Some(device) = device(name) {
                note.device(device);
            }
            match &opened {
                Ok(file) => note.text("result", "served").number("bytes", file.length()),
                Err(why) => note.text("result", why),
            };
        });
        opened
    }
}

/// The phone whose file that is, by its name: `SEP001122334455.cnf.xml`, in whatever folder.
fn device(name: &str) -> Option<DeviceName> {
    let file = name.rsplit('/').next()?;
    let stem = file.split('.').next().filter(|stem| stem.starts_with(PHONE))?;
    stem.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byd_02_a_device_file_names_its_phone() {
        let named = |name| device(name).map(|device| device.to_string());
        let phone = Some("SEP001122334455".to_owned());
        assert_eq!(named("SEP001122334455.cnf.xml"), phone);
        assert_eq!(named("a/SEP001122334455.cnf.xml.sgn"), phone);
        for other in ["XMLDefault.cnf.xml", "", "/", "SEP!.cnf", "dialplan.xml"] {
            assert_eq!(named(other), None, "{other}");
        }
    }
}
