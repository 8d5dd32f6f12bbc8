//! What settings say of a CSQ's contacts: its mail server, signature, responses and categories.

use super::{
    Channel, Csq, EmailCsq, EmailSignature, MailServer, PredefinedResponse, Proxy, Settings,
    WrapUpCategory,
};

impl Settings {
    /// The CSQs of that channel, by name.
    pub fn csqs_of(&self, channel: Channel) -> impl Iterator<Item = &Csq> {
        self.csqs.values().map(AsRef::as_ref).filter(move |csq| csq.channel == channel)
    }

    /// The mail server of that mailbox.
    pub fn mail_server_of(&self, email: &EmailCsq) -> Option<&MailServer> {
        self.mail_servers.get(&email.mail_server).map(AsRef::as_ref)
    }

    /// The HTTP proxy on the way to that mail server and to its tokens, where one is.
    pub fn http_proxy_of(&self, server: &MailServer) -> Option<&Proxy> {
        self.proxies.http.as_ref().filter(|_| server.http_proxy)
    }

    /// The SOCKS proxy on the way to that mail server, where one is.
    pub fn socks_proxy_of(&self, server: &MailServer) -> Option<&Proxy> {
        self.proxies.socks.as_ref().filter(|_| server.socks_proxy)
    }

    /// The signature under answers of that CSQ: its own, else the one for all (CCP-08).
    pub fn email_signature_for(&self, csq: &str) -> Option<&EmailSignature> {
        let mut signatures = self.email_signatures.values().map(AsRef::as_ref);
        let own = signatures.clone().find(|it| it.csqs.iter().any(|named| named == csq));
        own.or_else(|| signatures.find(|it| it.csqs.is_empty()))
    }

    /// The responses that agents may use in contacts of that CSQ, by title.
    pub fn predefined_responses_for(&self, csq: &Csq) -> impl Iterator<Item = &PredefinedResponse> {
        let responses = self.predefined_responses.values().map(AsRef::as_ref);
        responses.filter(move |it| it.channel == csq.channel && it.is_for(&csq.name))
    }

    /// The categories that agents pick reasons of in contacts of that CSQ, by name.
    pub fn wrap_up_categories_for(&self, csq: &str) -> impl Iterator<Item = &WrapUpCategory> {
        self.wrap_up_categories.values().map(AsRef::as_ref).filter(move |it| it.is_for(csq))
    }
}

#[cfg(test)]
mod tests;
