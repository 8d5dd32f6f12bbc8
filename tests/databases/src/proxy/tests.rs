use super::*;

/// What `psql` says through the proxy.
fn ask(server: &Server, proxy: &Proxy, sql: &str) -> Result<String, String> {
    server.installed().try_run("psql", &["-X", "-A", "-t", "-c", sql, &proxy.url_of("postgres")])
}

#[test]
fn it_passes_delays_refuses_and_cuts() {
    let Some(server) = crate::shared() else { return };
    let proxy = Proxy::to(server);
    assert_eq!(ask(server, &proxy, "SELECT 1").as_deref(), Ok("1"));
    proxy.set(Mode::Delay(Duration::from_millis(5)));
    assert_eq!(ask(server, &proxy, "SELECT 2").as_deref(), Ok("2"));
    proxy.set(Mode::Refuse);
    assert!(ask(server, &proxy, "SELECT 3").is_err());
    for cut in [Mode::CutAnswersAfter(20), Mode::CutRequestsAfter(20)] {
        proxy.set(cut);
        assert!(ask(server, &proxy, "SELECT 4").is_err());
        assert_eq!(ask(server, &proxy, "SELECT 5").as_deref(), Ok("5"));
    }
}

#[test]
fn what_is_held_is_delivered_later_or_lost() {
    let Some(server) = crate::shared() else { return };
    let proxy = Proxy::to(server);
    server.sql("postgres", "CREATE TABLE held (n int)");
    for (number, lost) in [(1, false), (2, true)] {
        proxy.set(Mode::HoldAnswers);
        std::thread::scope(|scope| {
            let (sender, answered) = std::sync::mpsc::channel();
            let proxy = &proxy;
            let sql = format!("INSERT INTO held VALUES ({number})");
            scope.spawn(move || sender.send(ask(server, proxy, &sql)));
            crate::eventually("a connection", || {
                let state = proxy.shared.state();
                state.connections.iter().any(|connection| !connection.has_ended()).then_some(())
            });
            assert!(answered.try_recv().is_err());
            if lost {
                proxy.cut();
                assert!(answered.recv().unwrap().is_err());
                proxy.set(Mode::Pass);
            } else {
                proxy.set(Mode::Pass);
                answered.recv().unwrap().unwrap();
            }
        });
    }
    assert_eq!(server.sql("postgres", "SELECT n FROM held"), "1");
}

#[test]
fn it_leads_elsewhere() {
    let Some(first) = crate::shared() else { return };
    let Some(second) = Server::start() else { return };
    second.sql("postgres", "CREATE TABLE only_there (n int)");
    let proxy = Proxy::to(first);
    assert!(ask(first, &proxy, "SELECT * FROM only_there").is_err());
    proxy.lead_to(&second);
    assert_eq!(ask(first, &proxy, "SELECT * FROM only_there").as_deref(), Ok(""));
}
