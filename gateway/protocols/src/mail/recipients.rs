//! Whom an answer goes to.

use super::address::is_same;
use super::{Address, RECIPIENTS_MAX, Read, Recipients};

/// The customer: where an answer is wanted, else who wrote it, but never one of our `own` addresses.
pub fn reply(read: &Read, own: &[String]) -> Recipients {
    let is_own = |address: &Address| own.iter().any(|own| is_same(own, &address.address));
    let wanted = read.reply_to.iter().chain(&read.from).find(|address| !is_own(address));
    Recipients { to: wanted.cloned().into_iter().collect(), ..Recipients::default() }
}

/// The customer and everybody the mail names, each once, without our `own` addresses.
pub fn reply_all(read: &Read, own: &[String]) -> Recipients {
    let mut recipients = reply(read, own);
    let mut left_out = 0;
    let mut seen: Vec<String> = recipients.to.iter().map(|to| to.address.to_lowercase()).collect();
    for (addresses, field) in [(&read.to, &mut recipients.to), (&read.cc, &mut recipients.cc)] {
        for address in addresses {
            let folded = address.address.to_lowercase();
            if own.iter().any(|own| is_same(own, &address.address)) || seen.contains(&folded) {
                continue;
            }
            seen.push(folded);
            if field.len() < RECIPIENTS_MAX {
                field.push(address.clone());
            } else {
                left_out += 1;
            }
        }
    }
    recipients.left_out = left_out;
    recipients
}
