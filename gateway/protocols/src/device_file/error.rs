//! Why a device file is not merged into.

use super::{BYTES_MAX, DEPTH_MAX, NODES_MAX, ROOT, VALUE_CHARACTERS_MAX};

/// What is wrong with a device file, or with what shall be merged into it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceFileError {
    /// Too many bytes.
    #[error("a device file of {bytes} bytes is too large, at most {BYTES_MAX} are read")]
    TooLarge {
        /// How many there are.
        bytes: usize,
    },
    /// Elements nested too deep.
    #[error("elements are nested more than {DEPTH_MAX} deep")]
    TooDeep,
    /// Too many elements and attributes.
    #[error("a device file has more than {NODES_MAX} elements and attributes")]
    TooManyNodes,
    /// A document type, which device files do not have.
    #[error("a device file with a document type is refused")]
    DocumentType,
    /// An entity that XML itself does not define.
    #[error("a device file with an entity of its own is refused")]
    Entity,
    /// Neither UTF-8 nor ISO 8859-1, or not what the declaration says.
    #[error("a device file is in an encoding other than the declared one, or in an unknown one")]
    Encoding,
    /// Not well-formed.
    #[error("a device file is not well-formed XML, near byte {byte}")]
    Malformed {
        /// How far it was read.
        byte: usize,
    },
    /// Another root.
    #[error("the root element is not `{ROOT}`")]
    NotADevice,
    /// An element of ours stands there more than once, so that none of them is the one.
    #[error("`{name}` stands there more than once")]
    Twice {
        /// Its name.
        name: &'static str,
    },
    /// An element of ours holds elements there.
    #[error("`{name}` holds other elements there")]
    NotPlain {
        /// Its name.
        name: &'static str,
    },
    /// What shall stand there cannot.
    #[error(
        "`{name}` cannot hold that: {VALUE_CHARACTERS_MAX} printable ASCII characters are the most"
    )]
    Unwritable {
        /// Its name.
        name: &'static str,
    },
}
