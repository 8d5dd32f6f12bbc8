//! Up to where the log and the outbox are whole.
//!
//! A line's number comes from its transaction's, which is given when the transaction begins to write. Lines
//! appear when it commits, so a higher number may be seen before a lower one. A reader that went on after
//! the higher one would never see the lower. So it reads only below a horizon. Three statements, each with
//! a snapshot of its own, in this order:
//!
//! 1. `xmax`: whoever has ended has a lower number, and so has everybody who got a number before one of
//!    those;
//! 2. the numbers of the transactions under way in this database now;
//! 3. the lines.
//!
//! The horizon is the lowest of 1 and 2. Take any transaction with a number below it. Its number was given
//! before statement 1 looked: numbers are given in order, and one not lower had ended by then. In statement 2
//! it was not under way, since the horizon would be no higher than it otherwise; the server shows a number
//! from the moment it is given (before the next one can be) until the transaction has ended for every later
//! snapshot. So it had ended before statement 3 took its snapshot: its lines are there, or it was rolled
//! back and they never will be. No line below the horizon can appear later.
//!
//! Transactions of other databases of the server hold up nothing. Prepared transactions, which statement 2
//! would not show, are not used here.

use tokio_postgres::Row;

use super::fault::Fault;
use super::identity::no_row;
use crate::numbers::from_sql;

/// How many numbers each transaction has, for its lines and its promises.
pub(super) const PLACES: u64 = 4096;

/// Up to where the log and the outbox are whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Horizon {
    pub(super) epoch: u64,
    /// Every number below it is there, or never will be.
    pub(super) number: u64,
}

impl Horizon {
    /// From the answers to `HORIZON` and, asked after it, `UNDER_WAY`.
    pub(super) fn of(ended: &[Row], under_way: &[Row]) -> Result<Self, Fault> {
        let (ended, under_way) = ended.first().zip(under_way.first()).ok_or_else(no_row)?;
        let next = from_sql(ended.try_get(0)?);
        let origin: i64 = ended.try_get(2)?;
        let running: Vec<i64> = under_way.try_get(0)?;
        let lowest = running.into_iter().filter_map(|low| whole(next, low)).min();
        let number = lowest.unwrap_or(next).min(next).saturating_mul(PLACES);
        Ok(Self {
            epoch: from_sql(ended.try_get(1)?),
            number: number.saturating_add_signed(origin),
        })
    }
}

/// The whole number of a transaction of which the lower 32 bits are known, where it is below `next`.
/// Two that exist at the same time are less than 2^31 apart.
fn whole(next: u64, low: i64) -> Option<u64> {
    let behind = (next.cast_signed().wrapping_sub(low)) & 0xffff_ffff;
    let behind = from_sql(behind);
    (behind < 1 << 31).then(|| next.saturating_sub(behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_number_is_that_of_the_nearest_transaction() {
        assert_eq!(whole(700, 650), Some(650));
        assert_eq!(whole(700, 700), Some(700));
        // Begun after the others were looked at.
        assert_eq!(whole(700, 705), None);
        let wrapped = (3 << 32) + 5;
        assert_eq!(whole(wrapped, 3), Some((3 << 32) + 3));
        assert_eq!(whole(wrapped, 0xffff_fff0), Some((2 << 32) + 0xffff_fff0));
        assert_eq!(whole((3 << 32) - 2, 4), None);
    }
}
