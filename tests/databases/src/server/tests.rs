use super::*;

#[test]
fn a_database_is_created_and_written() {
    let Some(server) = shared() else { return };
    let url = server.database("A name of its own");
    assert!(
        url.starts_with("postgresql:///A%20name%20of%20its%20own?host=/tmp/jackfield-pg-"),
        "{url}"
    );
    assert!(server.socket().as_os_str().len() < 108);
    server.sql("A name of its own", "CREATE TABLE t (n int)");
    server.sql("A name of its own", "INSERT INTO t VALUES (1), (2)");
    assert_eq!(server.sql("A name of its own", "SELECT n, n FROM t ORDER BY n"), "1|1\n2|2");
    let refused = server.try_sql("postgres", "SELECT * FROM t").unwrap_err();
    assert!(refused.contains("does not exist"), "{refused}");
}

#[test]
fn what_was_committed_is_there_after_a_kill_a_stop_and_a_pause() {
    let Some(server) = Server::start() else { return };
    server.sql("postgres", "CREATE TABLE t (n int)");
    server.sql("postgres", "INSERT INTO t VALUES (1)");
    server.kill();
    assert!(server.try_sql("postgres", "SELECT 1").is_err());
    server.start_again();
    server.sql("postgres", "INSERT INTO t VALUES (2)");
    server.stop(Stop::Immediate);
    server.start_again();
    server.stop(Stop::Fast);
    server.start_again();
    server.pause();
    std::thread::scope(|scope| {
        let (sender, answered) = std::sync::mpsc::channel();
        let server = &server;
        scope.spawn(move || sender.send(server.sql("postgres", "SELECT sum(n) FROM t")));
        // Whoever connects now waits; how long is not what is tested.
        assert!(answered.try_recv().is_err());
        server.resume();
        assert_eq!(answered.recv().unwrap(), "3");
    });
    server.pause();
    server.kill();
    server.start_again();
    assert_eq!(server.sql("postgres", "SELECT count(*) FROM t"), "2");
}

#[test]
fn settings_are_taken_at_the_start_and_later() {
    let settings = vec![("application_name".to_owned(), "it's".to_owned())];
    let options = Options { durable: true, settings, ..Options::default() };
    let Some(server) = Server::start_with(&options) else { return };
    assert_eq!(server.sql("postgres", "SHOW fsync"), "on");
    assert!(server.data().join("PG_VERSION").exists());
    server.set("work_mem", "7MB");
    assert_eq!(server.sql("postgres", "SHOW work_mem"), "7MB");
}

#[test]
fn nothing_stays_behind() {
    let Some(server) = Server::start() else { return };
    let data = server.data().to_owned();
    let folder = server.host().to_owned();
    server.pause();
    drop(server);
    assert!(processes::of(&data).is_empty());
    assert!(!folder.exists());
}

/// The test program runs itself as one that is killed.
#[test]
fn a_server_ends_with_the_program_that_is_killed() {
    const VARIABLE: &str = "DATABASES_TO_BE_KILLED";
    if std::env::var_os(VARIABLE).is_some() {
        let Some(server) = Server::start() else { return };
        println!("folder {}", server.host().display());
        loop {
            std::thread::park();
        }
    }
    if Installed::find().is_none() {
        return;
    }
    use std::io::BufRead as _;
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture"])
        .arg("server::tests::a_server_ends_with_the_program_that_is_killed")
        .env(VARIABLE, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
    let folder = lines
        .map_while(Result::ok)
        .find_map(|line| line.split_once("folder ").map(|(_, path)| PathBuf::from(path)))
        .expect("the other program names its folder");
    assert!(!processes::of(&folder.join("data")).is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
    eventually("the end of its server", || {
        (processes::of(&folder.join("data")).is_empty() && !folder.exists()).then_some(())
    });
}
