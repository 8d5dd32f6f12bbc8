//! What a phone offers when it registers, and what of it is accepted (`optionsind`).

use std::collections::BTreeSet;

use super::pen::Pen;
use crate::phone_xml::tree::Element;

/// Messages that a gateway puts into one request at most, whatever a phone offers.
pub const COMBINE_MAX: u8 = 6;

/// What a phone offers, or what of it is accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OptionsIndication {
    /// Several messages in one request.
    pub combine: Option<Combine>,
    /// How it is told whether the handset is up.
    pub hook_status: Option<Ways>,
    /// How the state of shared lines is told.
    pub shared_line: Option<Ways>,
    /// How the state of lines beside speed-dial keys is told.
    pub busy_lamps: Option<Ways>,
    /// What it can do besides.
    pub flags: BTreeSet<Flag>,
}

/// Several messages in one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Combine {
    /// How many at most.
    pub max: u8,
    /// Whether they may be remotecc requests. A phone that does not offer it gets none at all.
    pub remotecc_status: bool,
    /// Whether they may be service control.
    pub service_control: bool,
}

/// How a state is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// By NOTIFY that nobody asked for.
    pub unsolicited: bool,
    /// To whoever subscribes.
    pub subscription: bool,
}

macro_rules! flags {
    ($($(#[$meta:meta])* $flag:ident = $name:literal,)*) => {
        /// Something a phone can do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Flag { $($(#[$meta])* $flag,)* }

        impl Flag {
            /// All of them, in the order phones write them.
            pub const ALL: &'static [Self] = &[$(Self::$flag),*];

            fn element(self) -> &'static str {
                match self { $(Self::$flag => $name,)* }
            }
        }
    };
}

flags! {
    /// Calls are joined on request.
    Join = "joinreq",
    /// All lines can be forwarded, not the first one alone.
    ForwardAnyLine = "cfwdall-anyline",
    /// A supervisor can speak to the agent alone.
    Coaching = "coaching",
    /// It sends an alarm after it was out of service.
    OutOfServiceAlarm = "oosalarm",
    /// It shows who was called first.
    OriginalCalled = "rpid-orig-called",
    /// It knows the parameter `x-cisco-number`.
    CiscoNumber = "x-cisco-number",
    /// It shares screens by BFCP.
    Bfcp = "bfcp",
    /// It knows iX channels.
    Ix = "ix",
    /// A gateway can record its calls.
    GatewayRecording = "gatewayrecording",
    /// It shows which conference it is in.
    ConferenceInstance = "conferenceDisplayInstance",
}

/// What of `offered` is accepted: as much of it as servers that phones are known to work with accept. What is
/// left out is not used.
pub fn accepted(offered: &OptionsIndication) -> OptionsIndication {
    let unsolicited =
        |ways: &Ways| ways.unsolicited.then_some(Ways { unsolicited: true, subscription: false });
    let combine = offered.combine.filter(|one| one.remotecc_status || one.service_control);
    OptionsIndication {
        combine: combine.map(|one| Combine { max: one.max.min(COMBINE_MAX), ..one }),
        hook_status: offered.hook_status.as_ref().and_then(unsolicited),
        shared_line: offered.shared_line.as_ref().and_then(unsolicited),
        busy_lamps: offered.busy_lamps.filter(|ways| ways.unsolicited || ways.subscription),
        flags: [Flag::Join, Flag::ForwardAnyLine]
            .into_iter()
            .filter(|flag| offered.flags.contains(flag))
            .collect(),
    }
}

impl OptionsIndication {
    /// Reads an `optionsind`; what is not known is counted.
    pub(super) fn read(element: &Element, ignored: &mut usize) -> Self {
        let mut read = Self::default();
        for child in &element.children {
            match (child.name.as_str(), child.attribute("usage")) {
                ("combine", _) => match Combine::read(child, ignored) {
                    Some(combine) => read.combine = Some(combine),
                    None => *ignored += 1,
                },
                ("dialog", Some("hook status")) => {
                    read.hook_status = Some(Ways::read(child, ignored));
                }
                ("dialog", Some("shared line")) => {
                    read.shared_line = Some(Ways::read(child, ignored));
                }
                ("presence", Some("blf speed dial")) => {
                    read.busy_lamps = Some(Ways::read(child, ignored));
                }
                (name, _) => match Flag::ALL.iter().find(|flag| flag.element() == name) {
                    Some(flag) => {
                        read.flags.insert(*flag);
                    }
                    None => *ignored += 1,
                },
            }
        }
        read
    }

    /// Writes an `optionsind`. In an answer `cfwdall-anyline` says `Yes`, as servers write it.
    pub(super) fn write(&self, pen: &mut Pen, is_answer: bool) {
        pen.within("optionsind", |pen| {
            if let Some(combine) = &self.combine {
                combine.write(pen);
            }
            let ways = [
                ("dialog", "hook status", &self.hook_status),
                ("dialog", "shared line", &self.shared_line),
                ("presence", "blf speed dial", &self.busy_lamps),
            ];
            for (element, usage, ways) in ways {
                if let Some(ways) = ways {
                    pen.within_kind(element, ("usage", usage), |pen| ways.write(pen));
                }
            }
            for flag in &self.flags {
                match flag {
                    Flag::ForwardAnyLine if is_answer => pen.leaf(flag.element(), "Yes"),
                    _ => pen.empty(flag.element(), &[]),
                }
            }
        });
    }
}

impl Combine {
    fn read(element: &Element, ignored: &mut usize) -> Option<Self> {
        let max = element.attribute("max")?.trim().parse().ok().filter(|max| *max > 0)?;
        let mut read = Self { max, remotecc_status: false, service_control: false };
        for child in &element.children {
            match child.name.as_str() {
                "remotecc" => {
                    read.remotecc_status = child.child("status").is_some();
                    *ignored += child.children.iter().filter(|one| one.name != "status").count();
                }
                "service-control" => read.service_control = true,
                _ => *ignored += 1,
            }
        }
        Some(read)
    }

    fn write(&self, pen: &mut Pen) {
        pen.within_kind("combine", ("max", &self.max.to_string()), |pen| {
            if self.remotecc_status {
                pen.within("remotecc", |pen| pen.empty("status", &[]));
            }
            if self.service_control {
                pen.empty("service-control", &[]);
            }
        });
    }
}

impl Ways {
    fn read(element: &Element, ignored: &mut usize) -> Self {
        let has = |name| element.child(name).is_some();
        let known = ["unot", "sub"];
        let others = element.children.iter().filter(|one| !known.contains(&one.name.as_str()));
        *ignored += others.count();
        Self { unsolicited: has("unot"), subscription: has("sub") }
    }

    fn write(&self, pen: &mut Pen) {
        if self.unsolicited {
            pen.empty("unot", &[]);
        }
        if self.subscription {
            pen.empty("sub", &[]);
        }
    }
}
