//! What every store must do.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::{
    AgentKey, Ask, Decision, Document, Effect, Event, Guard, Index, IndexRange, InputId, Key, Kind,
    Node, OwedUntil, Reply, SessionNumber, Timestamp, Wake, WakeChange, Write, WriteBody,
};
use store::{
    Beat, BlobHead, Commit, Committed, Cursor, Load, LogPage, NODE_SECONDS, OUTCOME_SECONDS,
    PIECE_BYTES_MAX, Store, StoreError, holder,
};

type AnyStore = Arc<dyn Store>;

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_000_000);
const TTL: Duration = Duration::from_secs(6);

pub(crate) fn empty() -> Decision {
    Decision::already(Reply::Done)
}

pub(crate) fn node(on: bool) -> Document {
    Document::Node(Node { maintenance: on })
}

pub(crate) fn key(id: &str) -> Key {
    Key::new(Kind::Node, id)
}

pub(crate) fn put(id: &str, on: bool) -> Write {
    Write { key: key(id), body: WriteBody::Put(node(on)) }
}

pub(crate) async fn commit(store: &dyn Store, input: &str, decision: Decision) -> Committed {
    let input = InputId::new("test", input);
    store.commit(Commit { input, at: NOW, epoch: None, decision }).await.unwrap()
}

pub(crate) async fn version(store: &dyn Store, id: &str) -> Option<u64> {
    let load = Load { asks: vec![Ask::Document(key(id))], input: None };
    let answer = store.load(load).await.unwrap();
    answer.documents[0].1.as_ref().map(|loaded| loaded.version)
}

fn is_done(committed: &Committed) -> bool {
    matches!(committed, Committed::Done { .. })
}

pub(crate) async fn what_is_committed_is_loaded_with_its_version(store: AnyStore) {
    let write = |on| Decision { writes: vec![put("a", on)], ..empty() };
    assert!(is_done(&commit(&*store, "1", write(true)).await));
    assert_eq!(version(&*store, "a").await, Some(1));
    assert!(is_done(&commit(&*store, "2", write(false)).await));
    let load = Load { asks: vec![Ask::Document(key("a")), Ask::Document(key("b"))], input: None };
    let answer = store.load(load).await.unwrap();
    let (_, found) = &answer.documents[0];
    assert_eq!(found.as_ref().unwrap().version, 2);
    assert_eq!(found.as_ref().unwrap().document, node(false));
    assert_eq!(answer.documents[1], (key("b"), None));
    let gone = Write { key: key("a"), body: WriteBody::Delete };
    commit(&*store, "3", Decision { writes: vec![gone.clone(), gone], ..empty() }).await;
    assert_eq!(version(&*store, "a").await, None);
}

pub(crate) async fn a_guard_that_moved_writes_nothing(store: AnyStore) {
    commit(&*store, "1", Decision { writes: vec![put("a", true)], ..empty() }).await;
    let guarded = |version| Decision {
        guards: vec![Guard { key: key("a"), version }],
        writes: vec![put("a", false), put("b", true)],
        events: vec![Event::new("x", key("a"))],
        effects: vec![Effect { topic: "t".into(), payload: "{}".into(), owed: None }],
        wakes: vec![WakeChange::Set(wake("w", 1, 1))],
        ..empty()
    };
    for (input, version) in [("2", Some(2)), ("3", None)] {
        assert_eq!(commit(&*store, input, guarded(version)).await, Committed::Conflict);
    }
    assert_eq!(version(&*store, "a").await, Some(1));
    assert_eq!(version(&*store, "b").await, None);
    assert_eq!(store.end_of_log().await.unwrap().number, 0);
    assert!(store.promises("t", 0, 9).await.unwrap().is_empty());
    assert!(store.due_wakes(NOW, 9).await.unwrap().due.is_empty());
    assert!(is_done(&commit(&*store, "4", guarded(Some(1))).await));
    assert_eq!(version(&*store, "a").await, Some(2));
    assert_eq!(version(&*store, "b").await, Some(1));
}

pub(crate) async fn a_guard_on_nothing_fails_once_something_is_there(store: AnyStore) {
    let first = || Decision {
        guards: vec![Guard { key: key("a"), version: None }],
        writes: vec![put("a", true)],
        ..empty()
    };
    assert!(is_done(&commit(&*store, "1", first()).await));
    assert_eq!(commit(&*store, "2", first()).await, Committed::Conflict);
}

pub(crate) async fn a_repeated_input_gets_its_first_outcome(store: AnyStore) {
    let reply = |number| Reply::Settings { number };
    let write =
        |number| Decision { writes: vec![put("a", true)], ..Decision::already(reply(number)) };
    assert!(is_done(&commit(&*store, "1", write(7)).await));
    assert_eq!(commit(&*store, "1", write(8)).await, Committed::Known(reply(7)));
    assert_eq!(version(&*store, "a").await, Some(1));
    let input = InputId::new("test", "1");
    assert_eq!(store.outcome(&input).await.unwrap(), Some(reply(7)));
    let load = Load { asks: Vec::new(), input: Some(input) };
    assert_eq!(store.load(load).await.unwrap().known, Some(reply(7)));
    assert_eq!(store.outcome(&InputId::new("test", "2")).await.unwrap(), None);
}

pub(crate) async fn a_conflict_leaves_the_input_free(store: AnyStore) {
    let guarded = |version| Decision {
        guards: vec![Guard { key: key("a"), version }],
        writes: vec![put("a", true)],
        ..empty()
    };
    assert_eq!(commit(&*store, "1", guarded(Some(3))).await, Committed::Conflict);
    assert!(is_done(&commit(&*store, "1", guarded(None)).await));
}

pub(crate) fn session(id: &str, number: u64) -> Write {
    let agent: AgentKey = format!("owned:{id}").parse().unwrap();
    let document = domain::AgentSession {
        agent: agent.clone(),
        number: SessionNumber(number),
        generation: 1,
        status: domain::Status::SignedOut(domain::SignedOut {
            at: NOW,
            reason: None,
            by: domain::SignedOutBy::Agent,
        }),
    };
    Write { key: Key::session(&agent), body: WriteBody::Put(Document::Session(document)) }
}

async fn keys(store: &dyn Store, range: IndexRange) -> Vec<String> {
    let load = Load { asks: vec![Ask::Range(range)], input: None };
    let answer = store.load(load).await.unwrap();
    answer.ranges[0].1.iter().map(|indexed| indexed.key.id.clone()).collect()
}

pub(crate) async fn an_index_follows_its_documents(store: AnyStore) {
    let at = |number: u64| {
        IndexRange::exactly(Index::SessionByNumber, SessionNumber(number).to_string(), 9)
    };
    commit(&*store, "1", Decision { writes: vec![session("1001", 5)], ..empty() }).await;
    assert_eq!(keys(&*store, at(5)).await, ["owned:1001"]);
    commit(&*store, "2", Decision { writes: vec![session("1001", 6)], ..empty() }).await;
    assert!(keys(&*store, at(5)).await.is_empty());
    assert_eq!(keys(&*store, at(6)).await, ["owned:1001"]);
    let gone = Write { key: session("1001", 6).key, body: WriteBody::Delete };
    commit(&*store, "3", Decision { writes: vec![gone], ..empty() }).await;
    assert!(keys(&*store, at(6)).await.is_empty());
}

pub(crate) async fn a_range_is_sorted_and_limited(store: AnyStore) {
    let writes = [3, 1, 2, 9].map(|number| session(&format!("100{number}"), number)).to_vec();
    commit(&*store, "1", Decision { writes, ..empty() }).await;
    let range = |limit| IndexRange {
        index: Index::SessionByNumber,
        from: SessionNumber(1).to_string(),
        to: SessionNumber(3).to_string(),
        limit,
    };
    assert_eq!(keys(&*store, range(9)).await, ["owned:1001", "owned:1002", "owned:1003"]);
    assert_eq!(keys(&*store, range(2)).await, ["owned:1001", "owned:1002"]);
}

fn event(name: &str) -> Decision {
    Decision { events: vec![Event::new(name, key("a")).with("code", 7)], ..empty() }
}

pub(crate) async fn the_log_is_read_in_order_after_a_cursor(store: AnyStore) {
    let start = store.end_of_log().await.unwrap();
    for name in ["one", "two", "three"] {
        commit(&*store, name, event(name)).await;
    }
    let LogPage::Lines(lines) = store.read_log(start, 2).await.unwrap() else {
        panic!("restarted")
    };
    let names: Vec<_> = lines.iter().map(|line| line.event.name.as_str()).collect();
    assert_eq!(names, ["one", "two"]);
    assert_eq!(lines[0].event.details["code"], "7");
    assert_eq!(lines[0].at, NOW);
    let LogPage::Lines(rest) = store.read_log(lines[1].cursor, 9).await.unwrap() else {
        panic!("restarted")
    };
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0].cursor, store.end_of_log().await.unwrap());
    assert_eq!(store.read_log(rest[0].cursor, 9).await.unwrap(), LogPage::Lines(Vec::new()));
}

pub(crate) async fn a_new_epoch_restarts_readers_of_the_log(store: AnyStore) {
    commit(&*store, "1", event("one")).await;
    let before = store.end_of_log().await.unwrap();
    let epoch = store.raise_epoch().await.unwrap();
    assert_eq!(epoch, before.epoch + 1);
    let end = store.end_of_log().await.unwrap();
    assert_eq!(end.epoch, epoch);
    assert_eq!(store.read_log(before, 9).await.unwrap(), LogPage::Restarted(end));
    assert_eq!(store.read_log(end, 9).await.unwrap(), LogPage::Lines(Vec::new()));
    // Read from the beginning, old lines lead on to new ones.
    let LogPage::Lines(lines) = store.read_log(Cursor { number: 0, ..end }, 9).await.unwrap()
    else {
        panic!("restarted")
    };
    assert_eq!(lines[0].cursor, end);
}

pub(crate) async fn a_cursor_beyond_the_end_restarts(store: AnyStore) {
    let end = store.end_of_log().await.unwrap();
    let beyond = Cursor { number: end.number + 5, ..end };
    assert_eq!(store.read_log(beyond, 9).await.unwrap(), LogPage::Restarted(end));
}

pub(crate) async fn what_was_decided_in_another_epoch_is_decided_anew(store: AnyStore) {
    let load = Load { asks: vec![Ask::Document(key("a"))], input: None };
    let epoch = store.load(load).await.unwrap().epoch;
    let try_commit = |id: &str, epoch| {
        let decision = Decision { writes: vec![put("a", true)], ..empty() };
        let input = InputId::new("test", id);
        store.commit(Commit { input, at: NOW, epoch: Some(epoch), decision })
    };
    assert!(is_done(&try_commit("1", epoch).await.unwrap()));
    let next = store.raise_epoch().await.unwrap();
    assert_eq!(try_commit("2", epoch).await.unwrap(), Committed::Conflict);
    assert_eq!(version(&*store, "a").await, Some(1));
    assert_eq!(try_commit("1", epoch).await.unwrap(), Committed::Known(Reply::Done));
    assert!(is_done(&try_commit("2", next).await.unwrap()));
}

pub(crate) async fn the_last_lines_are_given_in_order(store: AnyStore) {
    assert!(store.last_lines(3).await.unwrap().is_empty());
    for name in ["one", "two", "three"] {
        commit(&*store, name, event(name)).await;
    }
    let lines = store.last_lines(2).await.unwrap();
    let names: Vec<_> = lines.iter().map(|line| line.event.name.as_str()).collect();
    assert_eq!(names, ["two", "three"]);
    assert_eq!(lines[1].cursor, store.end_of_log().await.unwrap());
    assert_eq!(store.last_lines(9).await.unwrap().len(), 3);
}

fn sign(node: &str, run: u64, first: bool) -> Beat {
    Beat { node: node.to_owned(), run, first, status: format!("{{\"run\":{run}}}") }
}

pub(crate) async fn signs_of_life_have_an_age_and_an_end(store: AnyStore) {
    let seconds = |seconds| NOW.after(Duration::from_secs(seconds));
    for node in ["gw-a", "gw-b"] {
        let seen = store.beat(sign(node, 1, true), NOW).await.unwrap().nodes;
        // The first sign promises nothing yet.
        assert!(seen.iter().find(|it| it.node == node).unwrap().left);
        store.beat(sign(node, 1, false), NOW).await.unwrap();
    }
    let seen = store.beat(sign("gw-b", 1, false), seconds(2)).await.unwrap().nodes;
    let ages: Vec<_> =
        seen.iter().map(|it| (it.node.as_str(), it.left, it.age.as_secs())).collect();
    assert_eq!(ages, [("gw-a", false, 2), ("gw-b", false, 0)]);
    assert_eq!(seen[0].status, "{\"run\":1}");
    store.leave("gw-a", 1).await.unwrap();
    // One that was on its way still does not bring it back.
    store.beat(sign("gw-a", 1, false), seconds(3)).await.unwrap();
    let seen = store.beat(sign("gw-b", 1, false), seconds(3)).await.unwrap().nodes;
    assert_eq!((seen[0].left, seen[1].left), (true, false));
    store.beat(sign("gw-a", u64::MAX, true), seconds(4)).await.unwrap();
    let seen = store.beat(sign("gw-a", u64::MAX, false), seconds(4)).await.unwrap().nodes;
    assert_eq!((seen[0].run, seen[0].left, seen[0].age.as_secs()), (u64::MAX, false, 0));
    // A process that never comes further makes its node no younger.
    for run in 5..9 {
        store.beat(sign("gw-b", run, true), seconds(run)).await.unwrap();
    }
    let seen = store.beat(sign("gw-a", u64::MAX, false), seconds(10)).await.unwrap().nodes;
    assert_eq!((seen[1].left, seen[1].age.as_secs()), (false, 7));
    store.sweep(seconds(NODE_SECONDS + 10), 10).await.unwrap();
    let seen = store.beat(sign("gw-c", 1, true), seconds(NODE_SECONDS + 10)).await.unwrap().nodes;
    let names: Vec<_> = seen.iter().map(|it| it.node.as_str()).collect();
    assert_eq!(names, ["gw-a", "gw-c"]);
}

pub(crate) async fn a_process_started_anew_ends_the_one_before(store: AnyStore) {
    store.beat(sign("gw-a", 1, true), NOW).await.unwrap();
    store.beat(sign("gw-ab", 1, true), NOW).await.unwrap();
    let lease = async |node: &str, run, name: &str| {
        store.acquire_lease(name, &holder(node, run), NOW, TTL).await.unwrap()
    };
    let old = lease("gw-a", 1, "one").await.unwrap();
    lease("gw-ab", 1, "two").await.unwrap();
    store.beat(sign("gw-a", 2, true), NOW).await.unwrap();
    let replaced = store.beat(sign("gw-a", 1, false), NOW).await;
    assert!(matches!(replaced, Err(StoreError::Replaced)));
    store.leave("gw-a", 1).await.unwrap();
    let seen = store.beat(sign("gw-a", 2, false), NOW).await.unwrap().nodes;
    assert_eq!((seen[0].run, seen[0].left), (2, false));
    // What it held is its own no more, and free at once, under a higher fence; what others hold is theirs.
    assert!(matches!(store.renew_lease(&old, NOW, TTL).await, Err(StoreError::LeaseLost)));
    assert_eq!(lease("gw-c", 1, "two").await, None);
    let new = lease("gw-a", 2, "one").await.unwrap();
    assert!(new.fence > old.fence);
    assert!(matches!(store.renew_lease(&old, NOW, TTL).await, Err(StoreError::LeaseLost)));
}

fn wake(id: &str, second: i64, generation: u64) -> Wake {
    let due_at = Timestamp::from_seconds(second);
    Wake { id: id.to_owned(), due_at, subject: key("a"), generation }
}

fn wakes(changes: Vec<WakeChange>) -> Decision {
    Decision { wakes: changes, ..empty() }
}

pub(crate) async fn wakes_are_due_in_order_and_say_when_the_next_is(store: AnyStore) {
    let set = [wake("c", 30, 1), wake("a", 10, 1), wake("b", 20, u64::MAX)].map(WakeChange::Set);
    commit(&*store, "1", wakes(set.to_vec())).await;
    let at = |second| store.due_wakes(Timestamp::from_seconds(second), 9);
    let due = at(20).await.unwrap();
    assert_eq!(due.due, [wake("a", 10, 1), wake("b", 20, u64::MAX)]);
    assert_eq!(due.next_at, Some(Timestamp::from_seconds(30)));
    assert_eq!(at(9).await.unwrap().next_at, Some(Timestamp::from_seconds(10)));
    commit(&*store, "2", wakes(vec![WakeChange::Set(wake("a", 40, 2))])).await;
    commit(&*store, "3", wakes(vec![WakeChange::Clear("c".into())])).await;
    let due = at(100).await.unwrap();
    assert_eq!(due.due, [wake("b", 20, u64::MAX), wake("a", 40, 2)]);
    assert_eq!(due.next_at, None);
}

pub(crate) async fn a_wake_is_claimed_once(store: AnyStore) {
    commit(&*store, "1", wakes(vec![WakeChange::Set(wake("a", 10, 3))])).await;
    let claim = |generation| wakes(vec![WakeChange::Claim { id: "a".into(), generation }]);
    assert_eq!(commit(&*store, "2", claim(2)).await, Committed::ClaimGone);
    let moved = Decision { guards: vec![Guard { key: key("x"), version: Some(1) }], ..claim(3) };
    assert_eq!(commit(&*store, "3", moved.clone()).await, Committed::Conflict);
    assert!(is_done(&commit(&*store, "3", claim(3)).await));
    assert_eq!(commit(&*store, "4", claim(3)).await, Committed::ClaimGone);
    // With nothing to claim any more, there is nothing to decide anew.
    assert_eq!(commit(&*store, "5", moved).await, Committed::ClaimGone);
}

pub(crate) async fn a_claim_that_fails_keeps_the_other_claims(store: AnyStore) {
    commit(&*store, "1", wakes(vec![WakeChange::Set(wake("a", 10, 1))])).await;
    let both = ["a", "b"].map(|id| WakeChange::Claim { id: id.into(), generation: 1 });
    assert_eq!(commit(&*store, "2", wakes(both.to_vec())).await, Committed::ClaimGone);
    assert_eq!(store.due_wakes(NOW, 9).await.unwrap().due.len(), 1);
}

fn promise(topic: &str, payload: &str, owed: Option<OwedUntil>) -> Effect {
    Effect { topic: topic.to_owned(), payload: payload.to_owned(), owed }
}

pub(crate) async fn promises_keep_their_order_and_ids(store: AnyStore) {
    let owed = OwedUntil { subject: key("a"), generation: u64::MAX, deadline: NOW };
    let effects = vec![promise("mail", "1", None), promise("cti", "2", Some(owed))];
    commit(&*store, "one", Decision { effects: effects.clone(), ..empty() }).await;
    let more = vec![promise("mail", "3", None)];
    commit(&*store, "two", Decision { effects: more, ..empty() }).await;
    let mails = store.promises("mail", 0, 9).await.unwrap();
    let ids: Vec<_> = mails.iter().map(|it| (it.id.as_str(), it.effect.payload.as_str())).collect();
    assert_eq!(ids, [("test/one/0", "1"), ("test/two/0", "3")]);
    assert_eq!(store.promises("mail", mails[0].number, 9).await.unwrap(), mails[1..]);
    let owed = store.promises("cti", 0, 9).await.unwrap();
    assert_eq!(owed[0].effect, effects[1]);
}

pub(crate) async fn a_promise_outlives_the_outcome_of_its_input(store: AnyStore) {
    let decision = || Decision { effects: vec![promise("mail", "1", None)], ..empty() };
    commit(&*store, "one", decision()).await;
    let later = NOW.after(Duration::from_secs(OUTCOME_SECONDS + 1));
    assert_eq!(store.sweep(later, 10).await.unwrap(), 1);
    // The same input once more, long after: the promise is the same, too.
    assert!(is_done(&commit(&*store, "one", decision()).await));
    assert_eq!(store.promises("mail", 0, 9).await.unwrap().len(), 1);
}

pub(crate) async fn promises_are_closed_only_under_the_lease(store: AnyStore) {
    let effects = vec![promise("mail", "1", None)];
    commit(&*store, "one", Decision { effects, ..empty() }).await;
    let first = store.acquire_lease("outbox", "a", NOW, TTL).await.unwrap().unwrap();
    let later = NOW.after(TTL);
    let second = store.acquire_lease("outbox", "b", later, TTL).await.unwrap().unwrap();
    let ids = vec!["test/one/0".to_owned()];
    let refused = store.close_promises(ids.clone(), &first).await;
    assert!(matches!(refused, Err(StoreError::LeaseLost)));
    assert_eq!(store.promises("mail", 0, 9).await.unwrap().len(), 1);
    store.close_promises(ids, &second).await.unwrap();
    assert!(store.promises("mail", 0, 9).await.unwrap().is_empty());
}

pub(crate) async fn a_lease_has_one_holder_until_it_expires(store: AnyStore) {
    let first = store.acquire_lease("poll", "a", NOW, TTL).await.unwrap().unwrap();
    assert_eq!(store.acquire_lease("poll", "b", NOW, TTL).await.unwrap(), None);
    let again = store.acquire_lease("poll", "a", NOW, TTL).await.unwrap().unwrap();
    assert_eq!(again.fence, first.fence);
    let half = NOW.after(TTL / 2);
    let renewed = store.renew_lease(&first, half, TTL).await.unwrap();
    assert_eq!(renewed.expires_at, half.after(TTL));
    assert_eq!(store.acquire_lease("poll", "b", NOW.after(TTL), TTL).await.unwrap(), None);
    let late = half.after(TTL);
    let second = store.acquire_lease("poll", "b", late, TTL).await.unwrap().unwrap();
    assert!(second.fence > first.fence);
    let lost = store.renew_lease(&renewed, late, TTL).await;
    assert!(matches!(lost, Err(StoreError::LeaseLost)));
    // The same holder, but anew after its end: what it did before must not count any more.
    let later = late.after(TTL);
    let third = store.acquire_lease("poll", "b", later, TTL).await.unwrap().unwrap();
    assert!(third.fence > second.fence);
}

pub(crate) async fn a_released_lease_is_free_at_once(store: AnyStore) {
    let first = store.acquire_lease("poll", "a", NOW, TTL).await.unwrap().unwrap();
    store.release_lease(&first).await.unwrap();
    let second = store.acquire_lease("poll", "b", NOW, TTL).await.unwrap().unwrap();
    assert!(second.fence > first.fence);
    store.release_lease(&first).await.unwrap();
    assert_eq!(store.acquire_lease("poll", "a", NOW, TTL).await.unwrap(), None);
}

pub(crate) async fn a_new_epoch_ends_leases(store: AnyStore) {
    let lease = store.acquire_lease("poll", "a", NOW, TTL).await.unwrap().unwrap();
    store.raise_epoch().await.unwrap();
    let lost = store.renew_lease(&lease, NOW, TTL).await;
    assert!(matches!(lost, Err(StoreError::LeaseLost)));
}

pub(crate) async fn a_blob_exists_once_it_is_finished(store: AnyStore) {
    store.put_piece("m", 0, vec![1; 10]).await.unwrap();
    store.put_piece("m", 1, vec![2; 5]).await.unwrap();
    assert_eq!(store.piece("m", 0).await.unwrap(), None);
    let head = BlobHead { id: "m".into(), bytes: 15, pieces: 2, digest: "d".into(), at: NOW };
    store.finish_blob(head.clone()).await.unwrap();
    assert_eq!(store.blob("m").await.unwrap(), Some(head));
    assert_eq!(store.piece("m", 1).await.unwrap(), Some(vec![2; 5]));
    assert_eq!(store.piece("m", 2).await.unwrap(), None);
    store.delete_blob("m").await.unwrap();
    assert_eq!(store.blob("m").await.unwrap(), None);
    assert_eq!(store.piece("m", 0).await.unwrap(), None);
}

fn blob(pieces: u32, digest: &str) -> BlobHead {
    BlobHead { id: "m".into(), bytes: 15, pieces, digest: digest.into(), at: NOW }
}

pub(crate) async fn a_finished_blob_is_never_changed(store: AnyStore) {
    store.put_piece("m", 0, vec![1; 15]).await.unwrap();
    store.finish_blob(blob(1, "d")).await.unwrap();
    let refused = store.put_piece("m", 0, vec![2; 9]).await;
    assert!(matches!(refused, Err(StoreError::BlobFinished { .. })), "{refused:?}");
    let refused = store.finish_blob(blob(1, "other")).await;
    assert!(matches!(refused, Err(StoreError::BlobFinished { .. })), "{refused:?}");
    store.finish_blob(blob(1, "d")).await.unwrap();
    assert_eq!(store.piece("m", 0).await.unwrap(), Some(vec![1; 15]));
    assert_eq!(store.blob("m").await.unwrap(), Some(blob(1, "d")));
}

pub(crate) async fn a_shorter_blob_leaves_no_piece_of_a_longer_one(store: AnyStore) {
    for number in 0..3 {
        store.put_piece("m", number, vec![1; 10]).await.unwrap();
    }
    store.put_piece("m", 0, vec![2; 15]).await.unwrap();
    store.finish_blob(blob(1, "d")).await.unwrap();
    assert_eq!(store.piece("m", 0).await.unwrap(), Some(vec![2; 15]));
    assert_eq!(store.piece("m", 1).await.unwrap(), None);
    assert_eq!(store.piece("m", 2).await.unwrap(), None);
}

pub(crate) async fn a_piece_has_a_limit(store: AnyStore) {
    store.put_piece("m", 0, vec![0; PIECE_BYTES_MAX]).await.unwrap();
    let refused = store.put_piece("m", 1, vec![0; PIECE_BYTES_MAX + 1]).await;
    assert!(matches!(refused, Err(StoreError::PieceTooLarge { .. })));
}

pub(crate) async fn old_outcomes_and_lines_are_swept(store: AnyStore) {
    commit(&*store, "1", event("one")).await;
    let kept = NOW.after(Duration::from_secs(OUTCOME_SECONDS));
    assert_eq!(store.sweep(kept, 10).await.unwrap(), 0);
    let later = kept.after(Duration::from_secs(1));
    assert_eq!(store.sweep(later, 10).await.unwrap(), 1);
    assert_eq!(store.outcome(&InputId::new("test", "1")).await.unwrap(), None);
    commit(&*store, "2", event("two")).await;
    let end = store.end_of_log().await.unwrap();
    let much_later = NOW.after(Duration::from_secs(store::LOG_SECONDS + 1));
    // One line and one outcome; the last line stays, so that numbers go on from it.
    assert_eq!(store.sweep(much_later, 10).await.unwrap(), 2);
    assert_eq!(store.sweep(much_later, 10).await.unwrap(), 0);
    assert_eq!(store.end_of_log().await.unwrap(), end);
}

pub(crate) async fn callers_at_once_lose_nothing(store: AnyStore) {
    let mut tasks = Vec::new();
    for caller in 0..16 {
        let store = Arc::clone(&store);
        tasks.push(tokio::spawn(async move {
            let mut done = 0;
            for round in 0..25 {
                let id = (caller + round) % 4;
                let before = version(&*store, &id.to_string()).await;
                let guard = Guard { key: key(&id.to_string()), version: before };
                let decision = Decision {
                    guards: vec![guard],
                    writes: vec![put(&id.to_string(), true)],
                    events: vec![Event::new("x", key("a"))],
                    ..empty()
                };
                done += u64::from(is_done(
                    &commit(&*store, &format!("{caller}/{round}"), decision).await,
                ));
            }
            done
        }));
    }
    let mut done = 0;
    for task in tasks {
        done += task.await.unwrap();
    }
    let mut versions = 0;
    for id in 0..4 {
        versions += version(&*store, &id.to_string()).await.unwrap_or(0);
    }
    assert!(done >= 25);
    assert_eq!(versions, done);
    let start = Cursor { number: 0, ..store.end_of_log().await.unwrap() };
    let LogPage::Lines(lines) = store.read_log(start, 1000).await.unwrap() else { panic!() };
    let numbers: BTreeSet<_> = lines.iter().map(|line| line.cursor.number).collect();
    assert_eq!(u64::try_from(numbers.len()).unwrap(), done);
    assert_eq!(store.statistics().commits, done);
    assert_eq!(store.statistics().conflicts, 400 - done);
}

pub(crate) async fn a_commit_whose_caller_left_wakes_others(store: AnyStore) {
    let mut wake_up = store.wake_up();
    let before = *wake_up.borrow_and_update();
    let decision = Decision { writes: vec![put("a", true)], ..empty() };
    let input = InputId::new("test", "1");
    {
        let leaving = store.commit(Commit { input: input.clone(), at: NOW, epoch: None, decision });
        // Polled once, so that the job is on its way, then dropped.
        tokio::select! {
            biased;
            _ = leaving => {}
            () = std::future::ready(()) => {}
        }
    }
    let woken = tokio::time::timeout(Duration::from_secs(10), wake_up.wait_for(|it| *it > before));
    assert!(woken.await.is_ok());
    assert_eq!(store.outcome(&input).await.unwrap(), Some(Reply::Done));
}
