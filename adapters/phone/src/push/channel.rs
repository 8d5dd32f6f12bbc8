//! The way a push goes: by a channel that another adapter has to the phone, else to its web server.
//!
//! A channel needs neither web access nor credentials nor certificates, so it comes first. Where it fails the
//! web server is told, as long as the pace of credentials allows.

use domain::DeviceName;
use engine::{Show, ShowFailure, ShowOutcome, ShowPriority};

use super::Begin;
use crate::activity::Screen;
use crate::{Phone, PushReason, locked};

/// The way a push goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// By a channel.
    Channel,
    /// To the phone's web server.
    Web,
}

impl Phone {
    /// The way a push to a phone would go now, where there is one.
    pub(super) fn way(&self, device: &DeviceName) -> Option<Way> {
        if self.port.channels().reaches(device) {
            return Some(Way::Channel);
        }
        self.port.settings().phone_service.push.as_ref().map(|_| Way::Web)
    }

    /// Tells a phone to open `url`, and gives which way it went in the end; `began` is the one for which
    /// the push began.
    pub(super) async fn tell(
        &self,
        device: &DeviceName,
        screen: &Screen,
        url: String,
        urgent: bool,
        began: Way,
    ) -> (PushReason, Way) {
        let failed = match self.show(device, &url).await {
            Some(PushReason::Ok) => return (PushReason::Ok, Way::Channel),
            failed => failed,
        };
        let settings = self.port.settings();
        if let Some(failed) = failed {
            tracing::debug!(%device, reason = failed.name(), "a phone's channel failed");
            if settings.phone_service.push.is_none() {
                return (failed, Way::Channel);
            }
        }
        // Whether credentials may be shown was asked already of what began for the web server.
        let may_show_them = || {
            let mut pace = locked(&self.pace);
            pace.credentials(device, self.port.now(), urgent) == Begin::Now
        };
        if began == Way::Channel && !may_show_them() {
            return (failed.unwrap_or(PushReason::NoAnswer), Way::Channel);
        }
        (self.push_screen(device, screen, url, &settings).await, Way::Web)
    }

    /// Has a phone open `url` by its best channel; `None` where it has none.
    async fn show(&self, device: &DeviceName, url: &str) -> Option<PushReason> {
        let show = Show { url: url.to_owned(), priority: ShowPriority::Now };
        match self.port.channels().show(device, show).await {
            ShowOutcome::Shown(_) => Some(PushReason::Ok),
            ShowOutcome::Failed(ShowFailure::Refused) => Some(PushReason::Refused),
            ShowOutcome::Failed(ShowFailure::Busy | ShowFailure::Gone | ShowFailure::NoAnswer) => {
                Some(PushReason::NoAnswer)
            }
            ShowOutcome::NoChannel => None,
        }
    }
}
