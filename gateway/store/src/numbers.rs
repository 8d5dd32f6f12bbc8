//! Databases keep signed numbers; ours are compared for equality or stay far below the sign.

pub(crate) fn to_sql(number: u64) -> i64 {
    number.cast_signed()
}

/// The number that was kept.
pub(crate) fn from_sql(number: i64) -> u64 {
    number.cast_unsigned()
}
