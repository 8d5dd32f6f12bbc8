//! CSeq: the number of a request in its conversation.

use crate::sip::{Method, Value, grammar};

/// A value of CSeq.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CSeq {
    /// The number, below 2^31.
    pub number: u32,
    /// The method of the request.
    pub method: Method,
}

impl CSeq {
    /// The greatest number.
    pub const NUMBER_MAX: u32 = (1 << 31) - 1;

    /// Number and the method's name in that value.
    pub(in super::super) fn split(text: &str) -> Result<(u32, &str), grammar::Wrong> {
        let (digits, rest) = grammar::cut(text, |byte| !grammar::is_blank(byte));
        let number = grammar::number(digits, Self::NUMBER_MAX.into())?;
        let method = grammar::trim_start(rest);
        if !grammar::is_token_text(method) {
            return Err("has no method");
        }
        Ok((u32::try_from(number).map_err(|_| "is out of range")?, method))
    }

    pub(in super::super) fn read(text: &str) -> Result<Self, grammar::Wrong> {
        let (number, method) = Self::split(text)?;
        Ok(Self { number, method: Method::of(method) })
    }

    /// As the value of a field; a method that is no token gives none.
    pub fn value(&self) -> Result<Value, crate::sip::Unwritable> {
        Value::new(format!("{} {}", self.number, self.method))
    }
}
