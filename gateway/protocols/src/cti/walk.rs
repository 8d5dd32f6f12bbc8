//! Layouts are written once and walked in both directions, so that reading and writing agree.

use super::fields::Field;
use super::framing::Framing;
use super::secret::Secret;

/// A text that may be absent. Boxed strings, since messages hold many and most are absent.
pub type Text = Option<Box<str>>;

/// A number of a message, as wide as its field is.
pub(super) trait Scalar: Copy + Default {
    /// Bytes on the wire.
    const BYTES: usize;
    fn from_wire(number: u32) -> Self;
    fn to_wire(self) -> u32;
}

macro_rules! scalar {
    ($($number:ty: $bytes:literal),*) => {$(
        impl Scalar for $number {
            const BYTES: usize = $bytes;
            fn from_wire(number: u32) -> Self {
                number as Self
            }
            fn to_wire(self) -> u32 {
                self as u32
            }
        }
    )*};
}

scalar!(u8: 1, u16: 2, u32: 4, i32: 4);

/// `BOOL` has two bytes.
impl Scalar for bool {
    const BYTES: usize = 2;
    fn from_wire(number: u32) -> Self {
        number != 0
    }
    fn to_wire(self) -> u32 {
        u32::from(self)
    }
}

/// Whoever goes through a layout: the reader fills values in, the writer puts them on the wire.
pub(super) trait Walk {
    type Error;

    fn framing(&self) -> &Framing;

    /// A number of the fixed part.
    fn fixed<T: Scalar>(&mut self, name: &'static str, value: &mut T) -> Result<(), Self::Error>;

    /// A number of the fixed part that says how long a list is: `entries` when writing.
    fn count(
        &mut self,
        name: &'static str,
        entries: usize,
        max: usize,
    ) -> Result<usize, Self::Error>;

    /// A number of the fixed part that some peers leave out and we always write.
    fn fixed_or_missing<T: Scalar>(
        &mut self,
        name: &'static str,
        value: &mut T,
    ) -> Result<(), Self::Error>;

    /// A number that later messages do not have room for: the fixed part may end before it.
    fn fixed_if_present<T: Scalar>(
        &mut self,
        name: &'static str,
        value: &mut Option<T>,
    ) -> Result<(), Self::Error>;

    /// `FAILURE_CONF` comes in two forms; see [`super::FailureConf`].
    fn failure_form(&mut self, with_peripheral_error: bool) -> bool;

    /// The fixed part ends here.
    fn floating(&mut self) -> Result<(), Self::Error>;

    /// The rest of the body has no known layout.
    fn unknown_rest(&mut self);

    /// A floating number.
    fn float<T: Scalar>(&mut self, field: &Field, value: &mut Option<T>)
    -> Result<(), Self::Error>;

    /// A floating `STRING`.
    fn text(&mut self, field: &Field, value: &mut Text) -> Result<(), Self::Error>;

    /// A floating `UNSPEC`.
    fn bytes(&mut self, field: &Field, value: &mut Option<Box<[u8]>>) -> Result<(), Self::Error>;

    /// A password; `terminated` tells a `STRING` from an `UNSPEC`.
    fn secret(
        &mut self,
        field: &Field,
        terminated: bool,
        value: &mut Option<Secret>,
    ) -> Result<(), Self::Error>;

    /// The agent's id, which has two tags; the dialect decides.
    fn agent_id(&mut self, value: &mut Text) -> Result<(), Self::Error>;

    /// A `NAMEDVAR`, or a `NAMEDARRAY` when there is an index.
    fn named(
        &mut self,
        field: &Field,
        index: Option<&mut u8>,
        name: &mut Box<str>,
        value: &mut Box<str>,
    ) -> Result<(), Self::Error>;

    /// A floating number that says how long a list is; absent means none.
    fn float_count(
        &mut self,
        field: &Field,
        entries: usize,
        max: usize,
    ) -> Result<usize, Self::Error>;

    /// A list of `count` entries among the floating fields.
    fn list<T: Entry>(&mut self, count: usize, list: &mut Vec<T>) -> Result<(), Self::Error>;
}

/// What a message, or a part of one, is made of, in the order of the guide.
pub(super) trait Layout: Default {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error>;
}

/// An entry of a list: some floating fields, the first of which begins the entry.
pub(super) trait Entry: Default {
    /// The field every entry begins with.
    const LEAD: &'static Field;
    fn walk<W: Walk>(&mut self, walk: &mut W) -> Result<(), W::Error>;
}

/// A floating number that an entry always has; absent reads as the default.
pub(super) fn always<W: Walk, T: Scalar>(
    walk: &mut W,
    field: &Field,
    value: &mut T,
) -> Result<(), W::Error> {
    let mut present = Some(*value);
    walk.float(field, &mut present)?;
    *value = present.unwrap_or_default();
    Ok(())
}
