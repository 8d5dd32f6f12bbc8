use super::*;

#[test]
fn a_tail_is_lost_where_the_standby_had_fallen_behind() {
    let Some(primary) = Server::start() else { return };
    let standby = Standby::of(&primary, "second");
    primary.sql("postgres", "CREATE TABLE t (n int)");
    primary.sql("postgres", "INSERT INTO t VALUES (1)");
    standby.wait_for_all_of(&primary);
    standby.fall_behind();
    primary.sql("postgres", "INSERT INTO t VALUES (2)");
    primary.kill();
    standby.promote();
    standby.server().sql("postgres", "INSERT INTO t VALUES (3)");
    assert_eq!(standby.server().sql("postgres", "SELECT n FROM t ORDER BY n"), "1\n3");
}

#[test]
fn a_synchronous_standby_has_all_that_was_acknowledged() {
    let Some(primary) = Server::start() else { return };
    let standby = Standby::of(&primary, "second");
    primary.sql("postgres", "CREATE TABLE t (n int)");
    standby.make_synchronous(&primary);
    standby.fall_behind();
    std::thread::scope(|scope| {
        let (sender, acknowledged) = std::sync::mpsc::channel();
        let primary = &primary;
        scope.spawn(move || sender.send(primary.sql("postgres", "INSERT INTO t VALUES (1)")));
        eventually("a commit that waits", || {
            let sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
            (primary.sql("postgres", sql) == "1").then_some(())
        });
        assert!(acknowledged.try_recv().is_err());
        standby.catch_up();
        acknowledged.recv().unwrap();
    });
    primary.kill();
    standby.promote();
    assert_eq!(standby.server().sql("postgres", "SELECT n FROM t"), "1");
    // It waits for nobody itself.
    standby.server().sql("postgres", "INSERT INTO t VALUES (2)");
}
