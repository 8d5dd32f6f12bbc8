//! Many phones at once, on several threads.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::bench::{Bench, Start, change_device, member};
use crate::flows::errand;
use crate::peer::Peer;
use crate::phone::Phone;

/// How many phones there are.
const PHONES: usize = 240;

fn name(number: usize) -> &'static str {
    Box::leak(format!("SEP0000000{number:05}").into_boxed_str())
}

fn with_phones(start: &mut Start) {
    for number in 0..PHONES {
        change_device(&mut start.settings, name(number), |device| {
            device.sip = Some(member(&format!("user-{number}"), Some("password")));
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sip_accept_33_a_crowd_comes_at_once_is_told_things_and_comes_again() {
    let bench = Bench::with(with_phones).await;
    let (udp, tcp, tls) = (bench.udp, bench.tcp, bench.tls);
    let roots = Arc::new(bench.authority.roots());
    let mut phones = JoinSet::new();
    for number in 0..PHONES {
        let (sip, roots) = (Arc::clone(&bench.sip), Arc::clone(&roots));
        phones.spawn(async move {
            for round in 0..2 {
                let peer = match (number + round) % 3 {
                    0 => Peer::udp(udp).await,
                    1 => Peer::tcp(tcp).await,
                    _ => Peer::tls_by(tls, (*roots).clone(), None).await.unwrap(),
                };
                let mut phone =
                    Phone::new(peer, name(number), &format!("user-{number}"), "password");
                phone.register().await;
                let told = errand(name(number));
                let (delivery, ()) = tokio::join!(sip.deliver(told), async {
                    let got = phone.peer.next().await;
                    phone.peer.answer(&got, "202 Accepted", &[]).await;
                });
                assert!(matches!(delivery, sip::Delivery::Accepted(_)), "{delivery:?}");
            }
        });
    }
    while let Some(phone) = phones.join_next().await {
        phone.unwrap();
    }
    assert_eq!(bench.sip.status().bindings, PHONES);
    bench.until("the ends", || bench.sip.status().connections == 0).await;
    bench
        .until("the figures", || bench.figure("jackfield_sip_transactions{side=\"client\"}") == 0)
        .await;
    bench.end().await;
}
