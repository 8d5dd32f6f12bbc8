//! Why a provider's file is not taken, and what an administrator does about it.

use std::fmt;

use crate::saml::refused::shown;

/// What is wrong with a provider's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MetadataReason {
    /// It is no XML that we would read.
    Unreadable,
    /// It is XML of another kind.
    NotMetadata,
    /// It breaks the schema of SAML metadata.
    Structure,
    /// It describes no identity provider.
    NoProvider,
    /// It describes several, and none was chosen.
    SeveralProviders,
    /// It does not describe the one that was chosen.
    UnknownProvider,
    /// It was good until a moment that has passed.
    Expired,
    /// Requests cannot be posted to the provider.
    NoPostService,
    /// Where requests are posted is no address that we would send a browser to.
    BadServiceUrl,
    /// It names no key that responses are signed with.
    NoSigningKey,
    /// It names more keys than we would try.
    TooManyKeys,
    /// A certificate cannot be read.
    BadCertificate,
    /// A key is too short.
    WeakKey,
    /// A key is of a sort that we cannot check with.
    UnknownKey,
}

impl MetadataReason {
    /// What an administrator does about it.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Unreadable => "export the file from the identity provider again, as XML in UTF-8",
            Self::NotMetadata => {
                "upload the SAML 2.0 metadata of the identity provider, whose first element is \
                 EntityDescriptor or EntitiesDescriptor"
            }
            Self::Structure => {
                "export the file again and do not edit it; it has to conform to the schema of SAML \
                 2.0 metadata"
            }
            Self::NoProvider => {
                "export the metadata of the identity provider, not of an application that uses it"
            }
            Self::SeveralProviders => "name the entity id of the one that is meant",
            Self::UnknownProvider => "correct the entity id or upload the file that holds it",
            Self::Expired => "export a file that is still valid",
            Self::NoPostService => {
                "switch on the HTTP-POST binding for sign-on at the identity provider and export \
                 the file again"
            }
            Self::BadServiceUrl => {
                "let the identity provider be reached by https under a host name and export the \
                 file again"
            }
            Self::NoSigningKey => {
                "switch on the signing of responses at the identity provider and export the file \
                 again"
            }
            Self::TooManyKeys => "remove certificates that are no longer used",
            Self::BadCertificate => "export the file again with the signing certificate in it",
            Self::WeakKey => {
                "give the identity provider a signing certificate with RSA of 2,048 bits or more"
            }
            Self::UnknownKey => {
                "give the identity provider a signing certificate with an RSA key of 2,048 to 8,192 \
                 bits or an EC key on P-256"
            }
        }
    }
}

/// A provider's file that is not taken: which element, what is wrong with it and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataRefused {
    /// What is wrong.
    pub reason: MetadataReason,
    /// The element it is wrong with, or `file`.
    pub element: String,
    /// The same in words, with what was found; shortened, without control characters.
    pub problem: String,
}

impl MetadataRefused {
    pub(super) fn new(reason: MetadataReason, element: &str, problem: impl Into<String>) -> Self {
        Self { reason, element: shown(element), problem: problem.into() }
    }
}

impl fmt::Display for MetadataRefused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}; {}", self.element, self.problem, self.reason.remedy())
    }
}

impl std::error::Error for MetadataRefused {}
