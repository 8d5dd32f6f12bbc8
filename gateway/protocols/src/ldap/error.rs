//! Why bytes are no message, and why a text is no filter.

/// Why bytes are no message we can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A length or tag is not as the encoding rules have it, or a part is missing.
    #[error("it is no LDAP message")]
    Malformed,
    /// It is longer than anything we asked for.
    #[error("a message of {bytes} bytes is longer than what we read")]
    TooLarge {
        /// The length it announces.
        bytes: usize,
    },
    /// An entry has more values than we take.
    #[error("an entry has too many values")]
    TooMany,
}

/// Why a text is no filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// It is longer than filters may be.
    #[error("must be at most {max} bytes", max = super::FILTER_BYTES_MAX)]
    TooLong,
    /// Its parentheses are nested deeper than they may be.
    #[error("must be nested at most {max} deep", max = super::FILTER_DEPTH_MAX)]
    TooDeep,
    /// Something else stands where that should.
    #[error("lacks {what} at byte {at}")]
    Lacks {
        /// What should stand there.
        what: &'static str,
        /// Where.
        at: usize,
    },
    /// It names a place that nothing fills.
    #[error("names {{{0}}}, which nothing fills here")]
    Place(String),
}
