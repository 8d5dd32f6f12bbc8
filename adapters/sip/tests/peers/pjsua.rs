//! PJSUA2 as a phone: it registers like any other, and never answers a REFER.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use domain::settings::Sip;
use engine::probe::{StepOutcome, Verdict};
use sip::Delivery;

use crate::node::{DOMAIN, Node, PASSWORD, Place, phone_name, registering, user};
use crate::process::{Running, fresh_folder, shipped, until};

/// The Python that `cargo xtask setup` gave it to, or any that has it.
fn python() -> Option<PathBuf> {
    let own = std::env::current_exe().unwrap();
    let target = own.ancestors().nth(3).unwrap();
    let candidates = [target.join("live-venv/bin/python"), "python3".into()];
    candidates.into_iter().find(|python| {
        let asked = Command::new(python).args(["-c", "import pjsua2"]).output();
        asked.is_ok_and(|output| output.status.success())
    })
}

/// Registers, is sent a REFER that it leaves without an answer, stays registered, and leaves.
async fn silent(python: &PathBuf, transport: &str) {
    let written = Sip {
        domains: vec![DOMAIN.to_owned()],
        // 64 times as long and no answer is given up.
        timer_t1_milliseconds: 100,
        timer_t2_milliseconds: 800,
        ..Sip::default()
    };
    let node = Node::start_with(Place::take(), vec![registering(1)], written).await;
    let mut command = Command::new(python);
    command.arg(shipped("pjsua2_phone.py")).args([&node.address(), transport, DOMAIN, &user(1)]);
    let mut phone = Running::start_talking(command, fresh_folder("pjsua2"));
    let mut input = phone.input();
    writeln!(input, "{PASSWORD}").unwrap();
    until("the registration", || node.sip.status().reachable == 1).await;

    let begun = Instant::now();
    let name = phone_name(1);
    let (probe, refer) = tokio::join!(node.probe(&name), node.refer(&name));
    let took = begun.elapsed();
    assert_eq!(refer, Delivery::Silent, "after {took:?}");
    assert_eq!(probe.verdict(), Verdict::Partial, "{probe:?}");
    let asked = probe.steps.last().unwrap();
    assert_eq!(asked.outcome, StepOutcome::Failed, "{probe:?}");
    assert!(asked.words.contains("no answer to REFER"), "{probe:?}");
    // Not before its time, which has a floor and no ceiling on a machine that does other things too.
    assert!(took >= Duration::from_secs(6), "{took:?}");

    let status = node.sip.status();
    assert_eq!((status.bindings, status.reachable), (1, 1), "silence is no farewell");
    assert!(phone.ended().is_none(), "{}", phone.log());
    writeln!(input).unwrap();
    let ended = phone.end().await;
    assert!(ended.success() && phone.log().contains("\"left\""), "{}", phone.log());
    until("no binding", || node.sip.status().bindings == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_that_never_answers_refer_is_told_of_and_stays_registered() {
    let Some(python) = python() else {
        println!("left out: pjsua2-python is not installed; run cargo xtask setup");
        return;
    };
    tokio::join!(silent(&python, "tcp"), silent(&python, "udp"));
}
