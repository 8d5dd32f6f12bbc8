//! Why a message was refused: a reason of a closed set, and words for the log.

use std::borrow::Cow;
use std::fmt;

/// Characters of a peer's value that a detail shows.
const SHOWN_CHARACTERS_MAX: usize = 200;

/// A message that is refused. Its `Display` is a sentence for the log, without values of people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SamlRefused {
    /// What went wrong, of a closed set.
    pub reason: SamlReason,
    /// What exactly, for the log.
    pub detail: Cow<'static, str>,
}

impl SamlRefused {
    /// A refusal with its words.
    pub fn new(reason: SamlReason, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { reason, detail: detail.into() }
    }
}

impl fmt::Display for SamlRefused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.reason.name(), self.detail)?;
        match self.reason.hint() {
            Some(hint) => write!(formatter, " ({hint})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for SamlRefused {}

/// A value of a peer as a detail shows it: bounded, and without characters that could forge a line.
pub(super) fn shown(value: &str) -> String {
    let mut shown: String =
        value.chars().take(SHOWN_CHARACTERS_MAX).flat_map(char::escape_debug).collect();
    if value.chars().nth(SHOWN_CHARACTERS_MAX).is_some() {
        shown.push_str("...");
    }
    shown
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What was wrong with a message, in the order in which it is looked for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum SamlReason {
            $($(#[$doc])* $variant,)*
        }

        impl SamlReason {
            /// Every reason there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name for metrics.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

reasons! {
    /// The body is not the form that the binding asks for.
    Form = "form",
    /// The message is not strict base64.
    Base64 = "base64",
    /// The message is longer than is read.
    TooLarge = "too_large",
    /// Not UTF-8, or another encoding is declared.
    Encoding = "encoding",
    /// A character that XML 1.0 does not have.
    Character = "character",
    /// A document type is declared.
    DocumentType = "document_type",
    /// A processing instruction.
    ProcessingInstruction = "processing_instruction",
    /// An entity beyond the five of XML itself.
    Entity = "entity",
    /// Not well-formed XML.
    NotWellFormed = "not_well_formed",
    /// Namespaces are declared or used wrongly.
    Namespace = "namespace",
    /// Elements are nested too deeply.
    TooDeep = "too_deep",
    /// An element has too many attributes and namespaces.
    TooManyAttributes = "too_many_attributes",
    /// The document has too many elements.
    TooManyElements = "too_many_elements",
    /// The root is not a Response of SAML 2.0.
    NotAResponse = "not_a_response",
    /// Something is encrypted.
    Encrypted = "encrypted",
    /// Not exactly one assertion, or one in a place where none belongs.
    Assertions = "assertions",
    /// An identifier is missing, malformed, used twice, or looks like one without being it.
    Ids = "ids",
    /// Nothing is signed.
    Unsigned = "unsigned",
    /// Only the assertion is signed.
    OnlyAssertionSigned = "only_assertion_signed",
    /// A signature in a place where none belongs.
    SignaturePlace = "signature_place",
    /// A signature is not of the one shape that is taken.
    SignatureShape = "signature_shape",
    /// A signature uses another algorithm.
    Algorithm = "algorithm",
    /// A signature refers to something else than the element that it stands in.
    Reference = "reference",
    /// The identity provider has no key to check with.
    NoKey = "no_key",
    /// No key of the identity provider made a signature.
    SignatureValue = "signature_value",
    /// What is signed was changed.
    Digest = "digest",
    /// Issued by somebody else.
    Issuer = "issuer",
    /// The identity provider says that sign-in did not succeed.
    Status = "status",
    /// Meant for another address.
    Destination = "destination",
    /// Answers no request, or another one.
    InResponseTo = "in_response_to",
    /// A time that is not in UTC, or none at all.
    Time = "time",
    /// From the future.
    TooEarly = "too_early",
    /// Too old.
    TooLate = "too_late",
    /// The name of the person is missing or of another format.
    NameId = "name_id",
    /// Nothing confirms that the bearer is the person.
    SubjectConfirmation = "subject_confirmation",
    /// Conditions are missing, unknown or not met.
    Conditions = "conditions",
    /// Meant for another service.
    Audience = "audience",
    /// Nothing is said about how the person signed in.
    AuthnStatement = "authn_statement",
    /// The session at the identity provider is over.
    SessionOver = "session_over",
    /// The message was used before; the caller's memory knows.
    Replayed = "replayed",
    /// An attribute is missing, twice, or not one plain value.
    Attribute = "attribute",
    /// The relay state is not one that was given out to this browser.
    RelayState = "relay_state",
}

impl SamlReason {
    /// What an administrator can do about it, where that is known.
    pub fn hint(self) -> Option<&'static str> {
        match self {
            Self::OnlyAssertionSigned => Some(
                "sign the response too; AD FS: Set-AdfsRelyingPartyTrust -SamlResponseSignature \
                 MessageAndAssertion",
            ),
            Self::Unsigned => Some("the identity provider must sign the response"),
            Self::Algorithm => Some(
                "the identity provider must sign with RSA and SHA-256; AD FS: \
                 Set-AdfsRelyingPartyTrust -SignatureAlgorithm \
                 http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            ),
            Self::Encrypted => Some(
                "switch encryption of assertions off; AD FS: Set-AdfsRelyingPartyTrust \
                 -EncryptClaims $false",
            ),
            Self::SignatureValue | Self::NoKey => Some(
                "when the identity provider changed its certificate, upload its metadata again",
            ),
            Self::Issuer => Some("compare with entityID in the uploaded metadata"),
            Self::Audience => {
                Some("the entity id of this service at the identity provider differs")
            }
            Self::NameId => Some(
                "the name id must be of format \
                 urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
            ),
            Self::TooEarly | Self::TooLate => Some("compare the clocks of both sides"),
            Self::Status => Some(
                "its own log tells why; InvalidNameIDPolicy: let it send a transient name id, AD FS by a claim \
                 rule with namequalifier and spnamequalifier",
            ),
            Self::Destination => Some(
                "compare with the addresses for answers in our metadata, to the letter, port included",
            ),
            Self::InResponseTo => {
                Some("sign-ons must begin at an application, not at the identity provider")
            }
            Self::Attribute => {
                Some("the identity provider must send one uid and one user_principal (uid@domain)")
            }
            _ => None,
        }
    }
}
