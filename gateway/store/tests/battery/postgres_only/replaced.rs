//! Content that was replaced: a promoted standby, a restored backup, an operator's word.

use std::time::Duration;

use databases::{Proxy, Server, Standby};
use domain::{Decision, Event};
use store::{Cursor, LogPage, PostgresStore, Store, StoreError};

use super::{database, open, options, session, until, woken, write};
use crate::cases::{NOW, commit, empty, key, version};

async fn epoch(store: &PostgresStore) -> u64 {
    store.end_of_log().await.unwrap().epoch
}

#[tokio::test]
async fn ops_03_a_promoted_standby_without_the_tail_is_a_new_epoch_for_all() {
    let Some(primary) = Server::start() else { return };
    primary.database("gateway");
    let proxy = Proxy::to(&primary);
    let options = options(proxy.url_of("gateway"));
    let stores = [open(&options).await, open(&options).await];
    commit(&stores[0], "1", write("a")).await;
    let standby = Standby::of(&primary, "second");
    standby.wait_for_all_of(&primary);
    standby.fall_behind();
    commit(&stores[0], "2", write("lost")).await;
    let lasting = Duration::from_secs(3600);
    let lease = stores[1].acquire_lease("poll", "b", NOW, lasting).await.unwrap().unwrap();
    let before = stores[0].end_of_log().await.unwrap();
    let mut wake_ups = stores.each_ref().map(|store| store.wake_up());
    primary.kill();
    standby.promote();
    proxy.lead_to(standby.server());
    for (store, wake_up) in stores.iter().zip(&mut wake_ups) {
        until("the new epoch", async || {
            woken(wake_up).await;
            (store.end_of_log().await.ok()?.epoch == before.epoch + 1).then_some(())
        })
        .await;
    }
    // Once for both.
    assert_eq!(epoch(&stores[0]).await, before.epoch + 1);
    assert_eq!(version(&stores[1], "lost").await, None);
    assert_eq!(version(&stores[1], "a").await, Some(1));
    let end = stores[1].end_of_log().await.unwrap();
    assert_eq!(stores[1].read_log(before, 9).await.unwrap(), LogPage::Restarted(end));
    let lost = stores[1].renew_lease(&lease, NOW, lasting).await;
    assert!(matches!(lost, Err(StoreError::LeaseLost)));
    // What was lost can be committed again, and its line comes after all that were seen.
    commit(&stores[1], "2", write("lost")).await;
    let now = stores[0].end_of_log().await.unwrap();
    assert!(now > before && now.number > end.number, "{now:?} {before:?}");
    for store in stores {
        store.close().await;
    }
}

#[tokio::test]
async fn numbers_go_on_above_those_of_a_server_that_counted_further() {
    let Some(options) = database("counted_further") else { return };
    let store = open(&options).await;
    commit(&store, "1", write("a")).await;
    store.close().await;
    // A backup of a server that had seen very many transactions, played into this one.
    let restoring = session(&options.url).await;
    restoring
        .batch_execute(
            "UPDATE log SET number = number + 1000000000000;
             UPDATE meta SET value = 'another/00000001' WHERE name = 'identity';",
        )
        .await
        .unwrap();
    let store = open(&options).await;
    let before = store.end_of_log().await.unwrap();
    assert_eq!(before.epoch, 2);
    assert!(before.number > 1_000_000_000_000);
    let event = Event::new("new", key("a"));
    commit(&store, "2", Decision { events: vec![event], ..empty() }).await;
    let LogPage::Lines(lines) = store.read_log(before, 9).await.unwrap() else {
        panic!("restarted")
    };
    assert_eq!(lines[0].event.name, "new");
    let start = Cursor { number: 0, ..before };
    let LogPage::Lines(lines) = store.read_log(start, 9).await.unwrap() else {
        panic!("restarted")
    };
    assert_eq!(lines.len(), 2);
    store.close().await;
}

#[tokio::test]
async fn content_that_lost_its_tail_in_place_is_a_new_epoch_once() {
    let Some(options) = database("lost_tail") else { return };
    let stores = [open(&options).await, open(&options).await];
    commit(&stores[0], "1", write("a")).await;
    let kept = stores[0].end_of_log().await.unwrap();
    commit(&stores[0], "2", write("b")).await;
    let mut wake_ups = stores.each_ref().map(|store| store.wake_up());
    for (store, wake_up) in stores.iter().zip(&mut wake_ups) {
        until("the line", async || {
            woken(wake_up).await;
            (store.end_of_log().await.unwrap() > kept).then_some(())
        })
        .await;
    }
    let restoring = session(&options.url).await;
    let text = "DELETE FROM log WHERE number > $1";
    restoring.execute(text, &[&kept.number.cast_signed()]).await.unwrap();
    for (store, wake_up) in stores.iter().zip(&mut wake_ups) {
        until("the new epoch", async || {
            woken(wake_up).await;
            (epoch(store).await == 2).then_some(())
        })
        .await;
    }
    assert_eq!(stores[0].end_of_log().await.unwrap(), Cursor { epoch: 2, ..kept });
    for store in stores {
        store.close().await;
    }
}

#[tokio::test]
async fn an_epoch_raised_at_one_node_is_seen_at_the_other() {
    let Some(options) = database("raised_elsewhere") else { return };
    let (one, other) = (open(&options).await, open(&options).await);
    let lease =
        other.acquire_lease("poll", "b", NOW, Duration::from_secs(60)).await.unwrap().unwrap();
    let mut wake_up = other.wake_up();
    let raised = one.raise_epoch().await.unwrap();
    until("the new epoch", async || {
        woken(&mut wake_up).await;
        (epoch(&other).await == raised).then_some(())
    })
    .await;
    let lost = other.close_promises(Vec::new(), &lease).await;
    assert!(matches!(lost, Err(StoreError::LeaseLost)));
    one.close().await;
    other.close().await;
}
