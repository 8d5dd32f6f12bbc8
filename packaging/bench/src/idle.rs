//! What an idle process takes.

use crate::demand::Demand;
use crate::gateway::{Gateway, megabytes, program, resident_megabytes};
use crate::median::median;
use crate::{AnyError, Missed};

const RESIDENT: Demand = Demand::AtMost(40.0);
const PROGRAM: Demand = Demand::AtMost(40.0);
const READY: Demand = Demand::AtMost(300.0);

pub(crate) fn run(rounds: usize) -> Result<Missed, AnyError> {
    let (mut resident, mut ready) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        // Each in a folder of its own, so that each is a first start.
        let gateway = Gateway::demo()?;
        resident.push(resident_megabytes(gateway.child.id())?);
        ready.push(gateway.ready_after.as_secs_f64() * 1e3);
    }
    let (resident, ready, program) = (median(resident), median(ready), megabytes(&program()?)?);
    println!("idle: resident memory                   {resident:>9.1} MB ({RESIDENT})");
    println!("idle: program                           {program:>9.1} MB ({PROGRAM})");
    println!("idle: first start of the demo to ready  {ready:>9.0} ms ({READY})");
    let missed = [
        RESIDENT.missed("idle: resident memory", resident),
        PROGRAM.missed("idle: the program's size", program),
        READY.missed("idle: time to ready", ready),
    ];
    Ok(missed.into_iter().flatten().collect())
}
