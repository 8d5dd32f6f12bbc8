//! Lives of the packages on machines of their own: installed, upgraded, removed, with systemd as first process.
//!
//! `cargo xtask package-test` makes the packages and runs this; it takes root and Debian's debootstrap. Each
//! test says what it saw. The packages of a life: `first`, `second` of a higher version, and `third` of a
//! still higher one whose configuration is shipped otherwise.

#![expect(clippy::print_stdout, reason = "what was seen is told to whoever runs it")]

mod life;
mod machine;

use machine::{Machine, hindrance, said, wait};

use life::{Knocking, add, administrator, deb, is_signed_in, peers, rpm, sign_in_at_a_phone};

/// Leaves the test where no machine can be booted.
macro_rules! machine {
    ($name:literal) => {
        match hindrance() {
            Some(why) => {
                println!("{why}");
                return;
            }
            None => Machine::boot($name),
        }
    };
}

#[test]
fn ops_01_a_debian_package_serves_at_once_and_goes_without_a_trace() {
    let machine = machine!("life");
    let installed = machine.run(&["dpkg", "-i", &deb("first")]);
    assert!(installed.contains("Setting up jackfield"), "{installed}");
    machine.wait_until_it_serves();
    println!("seen: installed with nothing asked, and it serves");
    assert_eq!(machine.run(&["stat", "-c", "%a %U %G", "/etc/jackfield"]), "750 root jackfield\n");
    let file = "/etc/jackfield/jackfield.toml";
    assert_eq!(machine.run(&["stat", "-c", "%a %U %G", file]), "640 root jackfield\n");
    let link = "/var/lib/jackfield/set-up-link";
    assert_eq!(machine.run(&["stat", "-c", "%a %U", link]), "600 jackfield\n");
    assert!(machine.journal().contains(link), "{}", machine.journal());
    let text = machine.run(&["cat", link]);
    assert!(text.starts_with("https://gw-a.example.com:9443/#set-up="), "another name or port");
    println!("seen: the journal says where the set-up link is");
    administrator(&machine);
    println!("seen: its administrator signed in");

    machine.run(&["dpkg", "--remove", "jackfield"]);
    assert!(machine.has(file) && machine.has("/var/lib/jackfield/jackfield.db"));
    assert!(!machine.has("/usr/bin/jackfield"));
    assert_eq!(machine.property("ActiveState"), "inactive");
    println!("seen: removed; configuration and state are there");
    machine.run(&["dpkg", "-i", &deb("first")]);
    machine.wait_until_it_serves();
    assert!(is_signed_in(&machine), "{}", machine.journal());
    println!("seen: installed again; its administrator is signed in still");

    let purged = machine.output(&["dpkg", "--purge", "jackfield"]);
    assert!(purged.status.success(), "{}", said(&purged));
    for path in ["/etc/jackfield", "/var/lib/jackfield", "/etc/apparmor.d/usr.bin.jackfield"] {
        assert!(!machine.has(path), "{path} is left");
    }
    let left =
        machine.shell("find /etc /var /usr -xdev -name '*jackfield*' -not -path '/var/log/*'");
    assert_eq!(left.trim(), "", "something is left");
    assert!(machine.run(&["id", "jackfield"]).contains("jackfield"));
    println!("seen: purged; nothing is left but its user");
}

#[test]
fn ops_01_a_newcomer_comes_from_the_package_to_an_agent_at_a_phone() {
    let machine = machine!("newcomer");
    machine.run(&["dpkg", "-i", &deb("first"), &peers("first")]);
    machine.wait_until_it_serves();
    administrator(&machine);
    add(&machine, "teams/Support", "{}");
    let agent = r#"{"team": "Support", "extension": "2001", "password": "4711"}"#;
    add(&machine, "agents/1001", agent);
    add(&machine, "devices/SEP001122334455", "{}");
    println!("seen: team, agent and phone added with the cookie of the first administrator");
    let fields = r#"{"id": "1001", "extension": "2001", "password": "4711"}"#;
    let said = sign_in_at_a_phone(&machine, "SEP001122334455", fields);
    assert!(!said.contains("\"violation\""), "{said}");
    let status = machine.run(&["jackfield", "status"]);
    assert!(said.contains("NotReady") || said.contains("Not Ready"), "{said}\n{status}");
    println!("seen: the agent signed in at the phone of jackfield-peers");
    println!("{status}");
}

#[test]
fn ops_01_an_upgrade_asks_nothing_keeps_what_was_edited_and_refuses_no_connection() {
    let machine = machine!("upgrade");
    machine.run(&["dpkg", "-i", &deb("first")]);
    machine.wait_until_it_serves();
    administrator(&machine);
    let file = "/etc/jackfield/jackfield.toml";
    machine.shell(&format!("printf '[log]\\nlevel = \"warn\"\\n' >>{file}"));
    machine.run(&["systemctl", "restart", "jackfield"]);
    machine.wait_until_it_serves();

    let before = machine.property("MainPID");
    let knocking = Knocking::begin(&machine);
    machine.run(&["dpkg", "-i", &deb("second")]);
    machine.wait_until_it_serves();
    let knocked = knocking.end();
    assert_ne!(machine.property("MainPID"), before, "the old program still serves");
    assert!(machine.run(&["cat", file]).ends_with("[log]\nlevel = \"warn\"\n"));
    assert!(
        !machine.has(&format!("{file}.dpkg-dist")) && !machine.has(&format!("{file}.dpkg-new"))
    );
    assert!(is_signed_in(&machine), "{}", machine.journal());
    println!(
        "seen: upgraded while {knocked} requests came, none refused; the edited configuration stays"
    );

    let options = ["dpkg", "--force-confdef", "--force-confold", "-i", &deb("third")];
    machine.run(&options);
    machine.wait_until_it_serves();
    assert!(machine.run(&["cat", file]).ends_with("[log]\nlevel = \"warn\"\n"));
    assert!(machine.run(&["cat", &format!("{file}.dpkg-dist")]).contains("# third"));
    assert!(is_signed_in(&machine), "{}", machine.journal());
    println!("seen: upgraded where the shipped configuration changed too; the edited one stays");

    machine.run(&["systemctl", "stop", "jackfield"]);
    machine.run(&["dpkg", "--force-confold", "-i", &deb("second")]);
    assert_eq!(machine.property("ActiveState"), "inactive");
    println!("seen: what was stopped is not started by an upgrade");
}

#[test]
fn ops_04_a_program_older_than_the_store_ends_and_says_why() {
    let machine = machine!("downgrade");
    machine.run(&["dpkg", "-i", &deb("second")]);
    machine.wait_until_it_serves();
    machine.run(&["systemctl", "stop", "jackfield"]);
    // As a later program would have left it: the number of the tables' form.
    life::raise_store_version(&machine);
    let installed = machine.output(&["dpkg", "-i", &deb("first")]);
    assert!(installed.status.success(), "{}", said(&installed));
    machine.output(&["systemctl", "start", "jackfield"]);
    wait("a word of the newer store", || machine.journal().contains("newer").then_some(()));
    assert_ne!(machine.property("ActiveState"), "active");
    let state = machine.run(&["dpkg-query", "--show", "--showformat", "${Status}", "jackfield"]);
    assert_eq!(state, "install ok installed");
    println!(
        "seen: a program older than its store ends and says so; the package is installed all the same"
    );
}

#[test]
fn ops_01_the_service_is_shut_in_and_comes_back_when_killed() {
    let machine = machine!("shut-in");
    machine.run(&["dpkg", "-i", &deb("first")]);
    machine.wait_until_it_serves();
    let process = machine.property("MainPID");
    let status = machine.run(&["cat", &format!("/proc/{process}/status")]);
    let value = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.trim().to_owned()
    };
    assert_eq!(value("NoNewPrivs:"), "1");
    assert_eq!(value("CapEff:"), "0000000000000000");
    assert_eq!(value("CapBnd:"), "0000000000000000");
    assert_eq!(value("Seccomp:"), "2");
    let inside = ["nsenter", "--target", &process, "--mount", "touch"];
    let refused = machine.output(&[&inside[..], &["/etc/jackfield/written"]].concat());
    assert!(said(&refused).contains("Read-only"), "{}", said(&refused));
    println!("seen: no capability, no new privileges, a filter of system calls, /etc read-only");

    machine.shell(&format!("kill -KILL {process}"));
    wait("another process", || {
        let now = machine.property("MainPID");
        (now != process && now != "0").then_some(())
    });
    machine.wait_until_it_serves();
    assert_eq!(machine.property("NRestarts"), "1");
    println!("seen: killed, and started again by systemd");

    machine.run(&["systemctl", "reload", "jackfield"]);
    machine.shell("echo 'odd = 1' >>/etc/jackfield/jackfield.toml");
    let refused = machine.output(&["systemctl", "restart", "jackfield"]);
    assert!(!refused.status.success());
    assert!(machine.journal().contains("odd"), "{}", machine.journal());
    println!("seen: a configuration with a mistake is told before the start, by its key");
}

#[test]
fn ops_01_packages_install_where_no_systemd_runs() {
    let machine = machine!("image");
    // The same tree once more, without what is mounted in it: neither /proc nor systemd's folder in /run.
    machine
        .shell("mkdir /image && mount --bind / /image && mount --bind /packages /image/packages");
    let image = |words: &[&str]| machine.run(&[&["chroot", "/image"], words].concat());
    image(&["dpkg", "-i", &deb("first"), &peers("first")]);
    assert!(machine.has("/image/etc/systemd/system/multi-user.target.wants/jackfield.service"));
    assert_ne!(machine.property("ActiveState"), "active");
    assert!(image(&["jackfield-peers", "models"]).contains("CP-8845"));
    image(&["dpkg", "--purge", "jackfield", "jackfield-peers"]);
    assert!(!machine.has("/image/etc/jackfield") && !machine.has("/image/usr/bin/jackfield-peers"));
    println!("seen: installed and purged in an image that is being built");
}

#[test]
fn ops_01_a_package_for_rpm_lives_alike() {
    let machine = machine!("rpm");
    // Debian's database of rpm is empty, so what its own packages give is not known there.
    machine.run(&["rpm", "--install", "--nodeps", &rpm("first")]);
    machine.wait_until_it_serves();
    let file = "/etc/jackfield/jackfield.toml";
    assert_eq!(machine.run(&["stat", "-c", "%a %U %G", file]), "640 root jackfield\n");
    administrator(&machine);
    println!("seen: installed, serves, its administrator signed in");
    machine.shell(&format!("printf '[log]\\nlevel = \"warn\"\\n' >>{file}"));
    let before = machine.property("MainPID");
    let knocking = Knocking::begin(&machine);
    machine.run(&["rpm", "--upgrade", "--nodeps", &rpm("third")]);
    machine.wait_until_it_serves();
    let knocked = knocking.end();
    assert_ne!(machine.property("MainPID"), before, "the old program still serves");
    assert!(machine.run(&["cat", file]).ends_with("[log]\nlevel = \"warn\"\n"));
    assert!(machine.run(&["cat", &format!("{file}.rpmnew")]).contains("# third"));
    assert!(is_signed_in(&machine), "{}", machine.journal());
    println!(
        "seen: upgraded while {knocked} requests came, none refused; the edited configuration stays"
    );

    machine.run(&["rpm", "--erase", "--nodeps", "jackfield"]);
    assert!(machine.has(&format!("{file}.rpmsave")) && !machine.has("/usr/bin/jackfield"));
    assert!(machine.has("/var/lib/jackfield/jackfield.db"));
    assert_eq!(machine.property("ActiveState"), "inactive");
    assert!(machine.run(&["id", "jackfield"]).contains("jackfield"));
    println!("seen: erased; the edited configuration, the state and the user are there");
}
