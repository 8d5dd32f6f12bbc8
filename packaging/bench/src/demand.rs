//! What is demanded of a figure, told beside it and compared with it.

use std::fmt;

/// The bound of one figure.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Demand {
    AtLeast(f64),
    AtMost(f64),
}

impl Demand {
    /// What to complain of where `figure` does not meet it; one that could not be measured does not.
    pub(crate) fn missed(self, name: &str, figure: f64) -> Option<String> {
        let met = match self {
            Self::AtLeast(bound) => figure >= bound,
            Self::AtMost(bound) => figure <= bound,
        };
        (!met).then(|| format!("{name} is {figure:.2}, demanded is {self}"))
    }

    /// The figure as a multiple of its bound.
    pub(crate) fn ratio(self, figure: f64) -> f64 {
        match self {
            Self::AtLeast(bound) | Self::AtMost(bound) => figure / bound,
        }
    }
}

impl fmt::Display for Demand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(bound) => write!(formatter, "at least {bound}"),
            Self::AtMost(bound) => write!(formatter, "at most {bound}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_at_its_bound_meets_it_and_one_that_is_none_does_not() {
        let missed = |demand: Demand, figure| demand.missed("x", figure).is_some();
        assert!(!missed(Demand::AtLeast(5.0), 5.0) && missed(Demand::AtLeast(5.0), 4.99));
        assert!(!missed(Demand::AtMost(40.0), 40.0) && missed(Demand::AtMost(40.0), 40.01));
        assert!(missed(Demand::AtLeast(0.0), f64::NAN) && missed(Demand::AtMost(0.0), f64::NAN));
        assert_eq!(Demand::AtMost(40.0).ratio(20.0), 0.5);
        let told = Demand::AtLeast(0.7).missed("the ratio", 0.5);
        assert_eq!(told.as_deref(), Some("the ratio is 0.50, demanded is at least 0.7"));
    }
}
