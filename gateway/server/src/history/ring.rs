//! The last values of one series: an hour of them as they came, and a day of their means.

use super::{COARSE, COARSE_MAX, FINE_MAX, UNKNOWN};

/// What a series holds.
pub(super) trait Figure: Copy {
    /// The mean of what is known of several.
    fn mean(values: &[Self]) -> Self;
}

impl Figure for f64 {
    fn mean(values: &[Self]) -> Self {
        let known = || values.iter().filter(|value| value.is_finite());
        let count = u32::try_from(known().count()).unwrap_or(u32::MAX);
        // None of nothing is not a number either.
        known().sum::<Self>() / Self::from(count)
    }
}

impl Figure for u16 {
    fn mean(values: &[Self]) -> Self {
        let known = || values.iter().filter(|value| **value != UNKNOWN);
        let count = u32::try_from(known().count()).unwrap_or(u32::MAX);
        let sum: u32 = known().map(|value| u32::from(*value)).sum();
        (sum + count / 2)
            .checked_div(count)
            .map_or(UNKNOWN, |mean| Self::try_from(mean).unwrap_or(UNKNOWN))
    }
}

/// The values of one series, in places that are used again and again.
#[derive(Debug)]
pub(super) struct Ring<T> {
    fine: Box<[T]>,
    coarse: Box<[T]>,
}

impl<T: Figure> Ring<T> {
    /// A series that was `before` all the time.
    pub(super) fn new(before: T) -> Self {
        let boxed = |length| vec![before; length].into_boxed_slice();
        Self { fine: boxed(FINE_MAX), coarse: boxed(COARSE_MAX) }
    }

    /// The value of the step after `count` others.
    pub(super) fn put(&mut self, count: u64, value: T) {
        if let Some(place) = self.fine.get_mut(place(count, FINE_MAX)) {
            *place = value;
        }
        if (count + 1).is_multiple_of(COARSE) {
            let first = count + 1 - COARSE;
            let values: Vec<_> = (first..=count)
                .filter_map(|step| self.fine.get(place(step, FINE_MAX)).copied())
                .collect();
            if let Some(place) = self.coarse.get_mut(place(first / COARSE, COARSE_MAX)) {
                *place = T::mean(&values);
            }
        }
    }

    /// The last values after `count` steps, `length` of them; `told` puts each in words, and what was before
    /// the first step is not known.
    pub(super) fn last<U: Default + Clone>(
        &self,
        is_fine: bool,
        count: u64,
        length: usize,
        told: impl Fn(&T) -> U,
    ) -> Vec<U> {
        let (values, there) = match is_fine {
            true => (&self.fine, count),
            false => (&self.coarse, count / COARSE),
        };
        let length = length.min(values.len());
        let known = usize::try_from(there).unwrap_or(usize::MAX).min(length);
        let mut last = vec![U::default(); length - known];
        let first = there - u64::try_from(known).unwrap_or(there);
        let values_known = (first..there).filter_map(|step| values.get(place(step, values.len())));
        last.extend(values_known.map(told));
        last
    }
}

fn place(step: u64, length: usize) -> usize {
    let length = u64::try_from(length).unwrap_or(u64::MAX);
    usize::try_from(step % length).unwrap_or(0)
}
