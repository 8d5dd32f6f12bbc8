//! What may be so with pushes to a phone, sorted by what an administrator does about it (PHN-18).

/// How the last push to a phone went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PushReason {
    /// The phone took it.
    Ok,
    /// No push settings are there, or their password was sealed under another key.
    NotConfigured,
    /// Nothing answered in time: the phone is gone, or a firewall stands between.
    NoAnswer,
    /// Nothing listens on the port: web access of the phone is off.
    ConnectionRefused,
    /// What listens speaks no TLS 1.2 or later: HTTP only, or a phone too old.
    NotHttps,
    /// The phone's certificate is not the one in the settings or, where they give none, not signed
    /// by an authority that we trust for phones with the phone's name in it. Nothing was sent.
    CertificateUnknown,
    /// The phone refused the application user: user or password is wrong, or the phone is not among
    /// the user's devices, or it cannot ask our authentication callback.
    CredentialsRefused,
    /// The phone answered that it did not do it.
    Refused,
}

impl PushReason {
    /// Every reason.
    pub const ALL: [Self; 8] = [
        Self::Ok,
        Self::NotConfigured,
        Self::NoAnswer,
        Self::ConnectionRefused,
        Self::NotHttps,
        Self::CertificateUnknown,
        Self::CredentialsRefused,
        Self::Refused,
    ];

    /// The name used in status and figures.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NotConfigured => "not_configured",
            Self::NoAnswer => "no_answer",
            Self::ConnectionRefused => "connection_refused",
            Self::NotHttps => "not_https",
            Self::CertificateUnknown => "certificate_unknown",
            Self::CredentialsRefused => "credentials_refused",
            Self::Refused => "refused",
        }
    }

    /// Whether nothing of ours reached the phone, so that trying again at once may help.
    pub(crate) fn is_transport(self) -> bool {
        matches!(self, Self::NoAnswer | Self::ConnectionRefused)
    }
}
