//! How much the flight recorder keeps, as the configuration says.

use std::time::Duration;

use engine::recorder::Bounds;

use super::raw::Raw;

/// Reads it.
pub(super) fn bounds(raw: &Raw) -> Bounds {
    let megabytes = usize::try_from(raw.number("flight_recorder.megabytes")).unwrap_or(usize::MAX);
    Bounds {
        bytes: megabytes.saturating_mul(1024 * 1024),
        lasting: Duration::from_secs(raw.number("flight_recorder.minutes") * 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn byd_02_what_is_usual_is_what_the_recorder_takes_for_usual_and_0_is_off() {
        let read = |more: &str| {
            let text = format!("name = \"gw-a.example\"\nstate_directory = \"/x\"\n{more}");
            Config::parse(&text, "/".as_ref()).unwrap().flight_recorder
        };
        assert_eq!(read(""), Bounds::default());
        let off = read("[flight_recorder]\nmegabytes = 0\n");
        assert_eq!(off, Bounds { bytes: 0, ..Bounds::default() });
        let more = read("[flight_recorder]\nmegabytes = 64\nminutes = 30\n");
        assert_eq!((more.bytes, more.lasting), (64 << 20, Duration::from_secs(1_800)));
    }
}
