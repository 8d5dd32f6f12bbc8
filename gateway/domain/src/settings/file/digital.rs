//! What a settings file says of digital contacts, checked together and made documents of.

use super::{SecretOf, SettingsFile};
use crate::settings::csq::check_mailboxes;
use crate::settings::email_signature::check_signatures;
use crate::settings::list::refuse_repeated;
use crate::settings::wrap_up_category::check_categories;
use crate::settings::{NewSecret, SettingDocument, WrittenChannels, WrittenCsq};
use crate::{Problems, Sealed};

impl SettingsFile {
    /// Notes names that stand more than once.
    pub(super) fn check_repeated_digital(&self, problems: &mut Problems) {
        refuse_repeated("mail_servers", &self.mail_servers, |it| it.name.clone(), problems);
        refuse_repeated("csqs", &self.csqs, |it| it.csq.name.clone(), problems);
        let responses = &self.predefined_responses;
        refuse_repeated("predefined_responses", responses, |it| it.title.clone(), problems);
        let categories = &self.wrap_up_categories;
        refuse_repeated("wrap_up_categories", categories, |it| it.name.clone(), problems);
        let signatures = &self.email_signatures;
        refuse_repeated("email_signatures", signatures, |it| it.name.clone(), problems);
    }

    /// What only several sections or entries together can say.
    pub(super) fn check_digital(&self, problems: &mut Problems) {
        let proxies = &self.proxies.proxies;
        for (position, server) in self.mail_servers.iter().enumerate() {
            let sides = [
                ("http", server.http_proxy, proxies.http.is_some()),
                ("socks", server.socks_proxy, proxies.socks.is_some()),
            ];
            for (name, _, _) in sides.iter().filter(|(_, is_wanted, is_set)| *is_wanted && !is_set)
            {
                let message = format_args!(
                    "is on, and proxies.{name} is not set; set it first or switch this off"
                );
                problems.add(format!("mail_servers[{position}].{name}_proxy"), message);
            }
        }
        check_mailboxes(self.csqs.iter().map(|it| &it.csq), &self.mail_servers, problems);
        let names = self.csqs.iter().map(|it| it.csq.name.as_str());
        check_categories(&self.wrap_up_categories, names, problems);
        check_signatures(&self.email_signatures, problems);
    }
}

/// The document of a CSQ, its secrets sealed by `sealed`.
pub(super) fn of_csq(
    written: WrittenCsq,
    mut sealed: impl FnMut(SecretOf, NewSecret) -> Sealed,
) -> SettingDocument {
    let WrittenCsq { mut csq, password, google_key, client_secret } = written;
    let name = || csq.name.clone();
    let password = password.map(|it| sealed(SecretOf::Mailbox(name()), it));
    let google_key = google_key.map(|it| sealed(SecretOf::GoogleKey(name()), it));
    let client_secret = client_secret.map(|it| sealed(SecretOf::MailClient(name()), it));
    if let Some(email) = csq.email.as_mut() {
        email.password = password;
        email.google_key = google_key;
        email.client_secret = client_secret;
    }
    SettingDocument::Csq(Box::new(csq))
}

/// The document of what holds for all digital contacts.
pub(super) fn of_channels(
    written: WrittenChannels,
    mut sealed: impl FnMut(SecretOf, NewSecret) -> Sealed,
) -> SettingDocument {
    let WrittenChannels { mut channels, secret } = written;
    if let Some(records) = channels.customer_records.as_mut() {
        records.secret = secret.map(|it| sealed(SecretOf::CustomerRecords, it));
    }
    SettingDocument::Channels(Box::new(channels))
}
