//! What a call is and why something happened to it ("Constants and Status Codes").

use std::fmt;

use super::status::{name, named};
use super::walk::Scalar;

/// Kind of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallType(pub u16);

impl CallType {
    /// A queued call in.
    pub const ACD_IN: Self = Self(1);
    /// A call in that no queue gave.
    pub const OTHER_IN: Self = Self(6);
    /// A call out.
    pub const OUT: Self = Self(9);
    /// A call between agents.
    pub const AGENT_INSIDE: Self = Self(10);
    /// A consultation.
    pub const CONSULT: Self = Self(12);
    /// A conference.
    pub const CONFERENCE: Self = Self(15);
    /// Neither in nor out of a queue. One edition also prints 27 for it, which is a reservation elsewhere.
    pub const NON_ACD: Self = Self(38);
    /// Not told.
    pub const NONE: Self = Self(0xFFFF);

    /// The number on the wire.
    #[must_use]
    pub const fn code(self) -> u16 {
        self.0
    }

    /// A short name, `None` for numbers the guide does not have.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        name(&CALL_TYPE_NAMES, u32::from(self.0))
    }
}

named!(CallType: u16, 0xFFFF);

/// Why something happened to a call; the guide has more than are named here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventCause(pub u16);

impl EventCause {
    /// A new call.
    pub const NEW_CALL: Self = Self(22);
    /// A transfer.
    pub const TRANSFER: Self = Self(32);
    /// Not told.
    pub const NONE: Self = Self(0xFFFF);

    /// The number on the wire.
    #[must_use]
    pub const fn code(self) -> u16 {
        self.0
    }

    /// A short name, `None` for numbers the guide does not have.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        name(&EVENT_CAUSE_NAMES, u32::from(self.0))
    }
}

named!(EventCause: u16, 0xFFFF);

const CALL_TYPE_NAMES: [(u32, &str); 42] = [
    (1, "ACD in"),
    (2, "pre-route ACD in"),
    (3, "pre-route direct agent"),
    (4, "transfer in"),
    (5, "overflow in"),
    (6, "other in"),
    (7, "auto out"),
    (8, "agent out"),
    (9, "out"),
    (10, "agent inside"),
    (11, "offered"),
    (12, "consult"),
    (13, "consult offered"),
    (14, "consult conference"),
    (15, "conference"),
    (16, "unmonitored"),
    (17, "preview"),
    (18, "reservation"),
    (19, "assist"),
    (20, "emergency"),
    (21, "monitor"),
    (22, "whisper"),
    (23, "barge-in"),
    (24, "intercept"),
    (25, "task"),
    (26, "task"),
    (27, "outbound reservation"),
    (28, "outbound reservation"),
    (29, "outbound reservation"),
    (30, "outbound reservation"),
    (31, "outbound reservation"),
    (32, "outbound customer"),
    (33, "outbound customer"),
    (34, "outbound customer"),
    (35, "outbound customer"),
    (36, "outbound customer"),
    (37, "outbound customer"),
    (38, "non-ACD"),
    (39, "agent greeting"),
    (40, "agent greeting"),
    (41, "voice callback"),
    (0xFFFF, "none"),
];

const EVENT_CAUSE_NAMES: [(u32, &str); 18] = [
    (5, "call cancelled"),
    (8, "forwarded, no answer"),
    (10, "not answered"),
    (22, "new call"),
    (24, "override"),
    (28, "redirected"),
    (32, "transfer"),
    (43, "assist"),
    (44, "emergency"),
    (45, "cleared by supervisor"),
    (46, "monitored by supervisor"),
    (47, "supervisor whispers"),
    (48, "supervisor barged in"),
    (49, "intercepted by supervisor"),
    (50, "call party update"),
    (51, "consult"),
    (61, "snapshot"),
    (0xFFFF, "none"),
];
