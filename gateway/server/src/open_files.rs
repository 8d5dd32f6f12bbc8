//! How many files and sockets this process may have open, against what its listeners may need.

use domain::Problems;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Config;

/// For the store, the log, sockets that listen, connections of ours to phones, files being read.
const RESERVE: u64 = 512;

/// Raises the limit in force to the most that this process may have, since the usual one of 1,024
/// is for programs that use select(2).
pub(crate) fn raise() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "the limit of open files cannot be raised");
    }
}

/// Notes where the configuration allows more connections than this process may have open files.
pub(crate) fn check(config: &Config, problems: &mut Problems) {
    check_limit(config, getrlimit(Resource::Nofile).maximum, problems);
}

fn check_limit(config: &Config, limit: Option<u64>, problems: &mut Problems) {
    let needed = needed(config);
    let Some(limit) = limit.filter(|limit| *limit < needed) else { return };
    let message = format_args!(
        "{max} on each listener{sip} may need {needed} open files, and here are at most {limit}: lower \
         it, or raise the hard limit (LimitNOFILE= of the service, ulimit -Hn)",
        max = config.limits.connections_max,
        sip = match of_sip(config) {
            0 => String::new(),
            max => format!(" and {max} of SIP (limits.sip_connections_max)"),
        },
    );
    problems.add("limits.connections_max", message);
}

fn needed(config: &Config) -> u64 {
    // As with SIP, a node that serves no headsets is not to be told of them.
    let headset = config.headset.chosen && !config.headset.addresses.is_empty();
    let listeners = 2 + u64::from(config.phone.refusal_port.is_some()) + u64::from(headset);
    let listeners = config.provisioning.of_http().saturating_add(listeners);
    let connections = u64::try_from(config.limits.connections_max).unwrap_or(u64::MAX);
    let of_sip = u64::try_from(of_sip(config)).unwrap_or(u64::MAX);
    connections.saturating_mul(listeners).saturating_add(of_sip).saturating_add(RESERVE)
}

/// Connections of SIP, where the operator wants it: a node that speaks none is not to be told of them.
fn of_sip(config: &Config) -> usize {
    let sip = &config.sip;
    let has_streams = sip.chosen && !(sip.tls.is_empty() && sip.tcp.is_empty());
    if has_streams { sip.limits.connections_max } else { 0 }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn more_connections_than_open_files_are_a_problem() {
        let value = json!({
            "name": "gw-a.example", "state_directory": "/nowhere",
            "limits": {"connections_max": 1_000}, "listeners": {"phone": {"refusal_port": 8082}},
        });
        let config = Config::read(value, "/".as_ref()).unwrap();
        let keys = |limit| {
            let mut problems = Problems::default();
            check_limit(&config, limit, &mut problems);
            problems.as_slice().iter().map(|it| it.key.clone()).collect::<Vec<_>>()
        };
        assert_eq!(keys(Some(3_511)), ["limits.connections_max"]);
        assert!(keys(Some(3_512)).is_empty());
        assert!(keys(None).is_empty());
        let value = json!({
            "name": "gw-a.example", "state_directory": "/nowhere",
            "limits": {"connections_max": 1_000, "sip_connections_max": 3_000},
            "listeners": {"sip": {"tcp_port": 0}},
        });
        let config = Config::read(value, "/".as_ref()).unwrap();
        let mut problems = Problems::default();
        check_limit(&config, Some(5_511), &mut problems);
        assert!(problems.to_string().contains("3000 of SIP"), "{problems}");
        let mut problems = Problems::default();
        check_limit(&config, Some(5_512), &mut problems);
        assert!(problems.is_empty());
    }

    #[test]
    fn the_limit_is_raised_as_far_as_it_goes() {
        raise();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
    }
}
