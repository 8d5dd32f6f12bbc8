//! Keys of the flight recorder: how much of what links said is kept in memory.

use super::Fallback::Number as Default;
use super::Sort::Number;
use super::{Field, field};

/// How much, and how long.
pub(super) const BOUNDS: &[Field] = &[
    field(
        "flight_recorder.megabytes",
        Number(0, 4_096),
        Default(16),
        &[
            "The most memory for it; 0 switches it off. A message takes some 150 bytes: many thousand phones",
            "that register anew every two minutes fill 16 MB in less than ten minutes.",
        ],
    ),
    field(
        "flight_recorder.minutes",
        Number(1, 1_440),
        Default(10),
        &["How long a message is kept, where the memory is enough."],
    ),
];
