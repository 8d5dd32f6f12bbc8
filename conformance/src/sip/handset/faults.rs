//! What is wrong with a phone on purpose.

use std::time::Duration;

use crate::sip::compose::{AnswerFault, Style};

/// One thing that can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Fault {
    /// Hears nothing that is SIP: never answers
    Silent,
    /// Registers, but answers nothing that the server asks
    Dumb,
    /// Answers after three seconds
    Late,
    /// Sends each answer twice
    Twice,
    /// Answers with a Via that is not the request's
    WrongVia,
    /// Neither reads nor sends; the connection stays
    HalfOpen,
    /// Sends a byte at a time, a millisecond apart
    ByteAtATime,
    /// Sends, but never reads
    StopReading,
    /// Writes requests as RFC 2543: no magic branch, no Max-Forwards
    Old,
    /// Writes compact header names
    Compact,
    /// Folds header lines
    Folded,
}

/// How late an answer is.
pub(crate) const LATE: Duration = Duration::from_secs(3);

/// All that is wrong now.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Faults {
    pub(crate) silent: bool,
    pub(crate) dumb: bool,
    pub(crate) late: bool,
    pub(crate) twice: bool,
    pub(crate) half_open: bool,
    pub(crate) byte_at_a_time: bool,
    pub(crate) stop_reading: bool,
    /// The code to answer requests with.
    pub(crate) code: Option<u16>,
    pub(crate) answer: AnswerFault,
    pub(crate) style: Style,
}

impl Faults {
    /// Switches one.
    pub(crate) fn set(&mut self, fault: Fault, on: bool) {
        let place = match fault {
            Fault::Silent => &mut self.silent,
            Fault::Dumb => &mut self.dumb,
            Fault::Late => &mut self.late,
            Fault::Twice => &mut self.twice,
            Fault::WrongVia => &mut self.answer.wrong_via,
            Fault::HalfOpen => &mut self.half_open,
            Fault::ByteAtATime => &mut self.byte_at_a_time,
            Fault::StopReading => &mut self.stop_reading,
            Fault::Old => &mut self.style.old,
            Fault::Compact => &mut self.style.compact,
            Fault::Folded => &mut self.style.folded,
        };
        *place = on;
    }
}
