//! What an idle process takes.

use crate::AnyError;
use crate::gateway::{Gateway, megabytes, program, resident_megabytes};

pub(crate) fn run() -> Result<(), AnyError> {
    let gateway = Gateway::demo()?;
    let resident = resident_megabytes(gateway.child.id())?;
    let ready = gateway.ready_after.as_millis();
    println!("idle: resident memory                   {resident:>9.1} MB (at most 40)");
    println!(
        "idle: program                           {:>9.1} MB (at most 25)",
        megabytes(&program()?)?
    );
    println!("idle: first start of the demo to ready  {ready:>9} ms (at most 300)");
    Ok(())
}
