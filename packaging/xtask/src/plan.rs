//! Which checks there are and in which order they run; decides, and starts nothing.

use crate::cargo;
use crate::workspace::Workspace;

/// Seeds the simulation runs when nobody says otherwise.
pub(crate) const SEEDS_DEFAULT: u32 = 10;

/// Seeds of the long simulation.
const SEEDS_LONG: u32 = 200;

/// How often a node is killed in the long fault rounds.
const ROUNDS_LONG: u32 = 100;

/// How often a node is killed in each of the long rounds with mail.
const MAIL_ROUNDS_LONG: u32 = 20;

/// Largest `jackfield` we ship, in bytes: 40 MB.
const RELEASE_BYTES_MAX: u64 = 40_000_000;

/// How far a run of the checks goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// What every change has to pass.
    Usual,
    /// The slow ones too.
    All,
}

/// One thing to run. Several steps may share a kind; the summary adds them up.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// Name in the summary.
    pub(crate) kind: String,
    pub(crate) work: Work,
    /// Starts the built programs, so it proves nothing if they did not build.
    pub(crate) needs_programs: bool,
}

/// What a step does.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// One cargo command, counted as one check by its exit code.
    Check { arguments: Vec<String>, environment: Vec<(&'static str, String)> },
    /// One `cargo test`, counted by what its test programs report; those named in `apart` count for
    /// another kind.
    Tests {
        arguments: Vec<String>,
        environment: Vec<(&'static str, String)>,
        apart: Vec<(String, String)>,
    },
    /// The release program is at most this large.
    Size { bytes_max: u64 },
    /// The packages of the programs in a folder below target are the same twice, and judges pass them.
    Packages { profile: String },
    /// Packages of three versions are made for tests to install.
    PackagesToTry { profile: String },
    /// The demo starts, answers and stops, with one node and with two.
    Demo,
    /// The pages for browsers: their types are right and they can be built.
    Pages,
    /// The pages in a real browser.
    Browser,
}

/// The steps, and the kinds that do not run with the reason.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    pub(crate) left_out: Vec<(String, &'static str)>,
}

/// Kind of the step that builds the programs; when it fails, steps that need them do not run.
pub(crate) const PROGRAMS: &str = "programs";

/// Everything to run on this workspace, in order.
pub(crate) fn plan(workspace: &Workspace, depth: Depth, seeds: u32) -> Plan {
    let mut plan = Plan::default();
    plan.check("format", &["fmt", "--all", "--check"], &[]);
    // What compiles after this has the pages in it.
    plan.push("pages", Work::Pages);
    let lint = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    plan.check("lint", &lint, &[]);
    plan.fuzz_targets();
    let oracles = cargo::Oracles::of(workspace);
    plan.check("format", &oracles.format(), &[]);
    plan.check("lint", &oracles.lint(), &[]);
    let docs = ["doc", "--workspace", "--no-deps", "--document-private-items", "--locked"];
    plan.check("docs", &docs, &[("RUSTDOCFLAGS", "-D warnings".to_owned())]);
    plan.check(PROGRAMS, &cargo::build_programs(false), &[]);
    plan.check(PROGRAMS, &oracles.build(), &[]);

    let battery = workspace.target_names("store");
    let apart = battery.map(|name| (name.to_owned(), "battery".to_owned())).collect();
    let elsewhere = workspace.test_targets_outside("tests");
    let mut unit = vec!["--lib", "--bins"];
    unit.extend(elsewhere.iter().flat_map(|name| ["--test", name]));
    plan.tests("unit", &unit, &[], apart);
    plan.tests_as_told("unit", oracles.test()).needs_programs = true;
    plan.targets_of_tests(workspace, seeds);
    if workspace.has_doc_tests() {
        plan.tests("doc tests", &["--doc"], &[], Vec::new());
    }
    plan.push("browser", Work::Browser).needs_programs = true;
    plan.push("packages", Work::Packages { profile: "debug".into() }).needs_programs = true;
    plan.slow(workspace, depth);
    plan
}

/// The steps for packages alone; `programs` is a folder, also below target.
pub(crate) fn packages_alone(workspace: &Workspace, programs: &str) -> Plan {
    let mut plan = Plan::default();
    plan.push("packages", Work::Packages { profile: programs.to_owned() });
    plan.package_lives(workspace, programs);
    plan
}

impl Plan {
    /// The fuzz targets are a workspace of their own, which nothing else looks at. Only a run of them
    /// needs the fuzzer itself, so the check names one that need not be there rather than compile C++.
    fn fuzz_targets(&mut self) {
        let manifest = ["--manifest-path", "tests/fuzz/Cargo.toml"];
        self.check("format", &[&["fmt", "--check"], &manifest[..]].concat(), &[]);
        let lint = [&["clippy", "--locked"], &manifest[..], &["--", "-D", "warnings"]].concat();
        self.check("lint", &lint, &[("CUSTOM_LIBFUZZER_PATH", "/none/libFuzzer.a".to_owned())]);
    }

    /// The simulation, the features and the house rules, then every other target there is.
    fn targets_of_tests(&mut self, workspace: &Workspace, seeds: u32) {
        let present = workspace.test_targets("tests");
        let known = ["simulation", "features", "tidy"];
        for name in known {
            if !present.contains(&name) {
                self.left_out.push((name.to_owned(), "there is no such test target yet"));
                continue;
            }
            if name == "simulation" {
                let environment = [("JACKFIELD_SEEDS", seeds.to_string())];
                self.tests(name, &["--test", name], &environment, Vec::new());
            } else {
                // House rules look at the code; all else starts the programs.
                let step = self.tests(name, &["--test", name], &[], Vec::new());
                step.needs_programs = name != "tidy";
            }
        }
        for name in present.into_iter().filter(|name| !known.contains(name)) {
            self.tests(name, &["--test", name], &[], Vec::new()).needs_programs = true;
        }
    }

    fn slow(&mut self, workspace: &Workspace, depth: Depth) {
        let slow = [
            "size",
            "package lives",
            "SAML judges",
            "long simulation",
            "long fault rounds",
            "long mail rounds",
            "bench",
            "demo",
        ];
        if depth == Depth::Usual {
            let reason = "slow, runs with --all";
            self.left_out.extend(slow.map(|kind| (kind.to_owned(), reason)));
            return;
        }
        self.check("size", &cargo::build_programs(true), &[]);
        self.push("size", Work::Size { bytes_max: RELEASE_BYTES_MAX });
        self.package_lives(workspace, "release");
        let judges = cargo::Oracles::all_of(workspace);
        self.check("SAML judges", &judges.lint(), &[]);
        self.tests_as_told("SAML judges", judges.test()).needs_programs = true;
        let long: [(&str, &[&str], _); 3] = [
            ("long simulation", &["simulation"], ("JACKFIELD_SEEDS", SEEDS_LONG)),
            ("long fault rounds", &["cluster"], ("JACKFIELD_ROUNDS", ROUNDS_LONG)),
            (
                "long mail rounds",
                &["features", "mail_crashes"],
                ("JACKFIELD_ROUNDS", MAIL_ROUNDS_LONG),
            ),
        ];
        for (kind, target_and_filter, (variable, count)) in long {
            let target = target_and_filter.first().copied().unwrap_or_default();
            if workspace.test_targets("tests").contains(&target) {
                let environment = [(variable, count.to_string())];
                let selection = [&["--test"][..], target_and_filter].concat();
                let step = self.tests(kind, &selection, &environment, Vec::new());
                step.needs_programs = target != "simulation";
            } else {
                self.left_out.push((kind.to_owned(), "there is no such test target yet"));
            }
        }
        if workspace.has("bench") {
            let bench = ["run", "--release", "--locked", "--package", "bench"];
            self.check("bench", &bench, &[]);
        }
        self.push("demo", Work::Demo);
    }

    /// Packages installed, upgraded and removed on machines of their own. One after another: each boots one.
    fn package_lives(&mut self, workspace: &Workspace, profile: &str) {
        let target = "booted";
        if !workspace.target_names("xtask").any(|name| name == target) {
            self.left_out.push(("package lives".into(), "there is no such test target yet"));
            return;
        }
        let kind = "package lives";
        self.push(kind, Work::PackagesToTry { profile: profile.to_owned() });
        let arguments = ["test", "--locked", "--package", "xtask", "--test", target, "--"];
        let arguments = arguments.iter().chain(&["--show-output", "--test-threads=2"]);
        self.tests_as_told(kind, arguments.map(|&word| word.to_owned()).collect());
    }

    fn check<A: AsRef<str>>(
        &mut self,
        kind: &str,
        arguments: &[A],
        environment: &[(&'static str, String)],
    ) {
        let arguments = arguments.iter().map(|each| each.as_ref().to_owned()).collect();
        self.push(kind, Work::Check { arguments, environment: environment.to_vec() });
    }

    /// Every command selects the whole workspace: with another selection cargo would choose other
    /// features for our libraries and compile them again for each kind. `--show-output` makes the
    /// harness print what passing tests said, where `left out:` lines stand.
    fn tests(
        &mut self,
        kind: &str,
        selection: &[&str],
        environment: &[(&'static str, String)],
        apart: Vec<(String, String)>,
    ) -> &mut Step {
        let arguments = ["test", "--workspace", "--locked", "--no-fail-fast"]
            .into_iter()
            .chain(selection.iter().copied())
            .chain(["--", "--show-output"])
            .map(str::to_owned)
            .collect();
        let environment = environment.to_vec();
        self.push(kind, Work::Tests { arguments, environment, apart })
    }

    /// The tests of another workspace, by a command that says where it is.
    fn tests_as_told(&mut self, kind: &str, arguments: Vec<String>) -> &mut Step {
        self.push(kind, Work::Tests { arguments, environment: Vec::new(), apart: Vec::new() })
    }

    fn push(&mut self, kind: &str, work: Work) -> &mut Step {
        self.steps.push_mut(Step { kind: kind.to_owned(), work, needs_programs: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::example::workspace;

    fn kinds(plan: &Plan) -> Vec<&str> {
        plan.steps.iter().map(|step| step.kind.as_str()).collect()
    }

    #[test]
    fn cheap_checks_come_first_and_the_programs_before_what_starts_them() {
        let plan = plan(&workspace(&["tidy", "features", "simulation"]), Depth::Usual, 10);
        let expected = [
            "format",
            "pages",
            "lint",
            "format",
            "lint",
            "format",
            "lint",
            "docs",
            "programs",
            "programs",
            "unit",
            "unit",
            "simulation",
            "features",
            "tidy",
            "doc tests",
            "browser",
            "packages",
        ];
        assert_eq!(kinds(&plan), expected);
    }

    #[test]
    fn the_oracles_are_built_where_the_features_look_for_them() {
        let plan = plan(&workspace(&["features"]), Depth::Usual, 10);
        let built = plan.steps.iter().find_map(|step| match &step.work {
            Work::Check { arguments, .. } if step.kind == PROGRAMS => {
                let at = arguments.iter().position(|each| each == "--target-dir")?;
                arguments.get(at + 1).cloned()
            }
            _ => None,
        });
        assert_eq!(built.as_deref(), Some("/jackfield/target/oracles"));
        let told = cargo::Oracles::of(&workspace(&[])).program();
        assert_eq!(told.to_str(), Some("/jackfield/target/oracles/debug/oracles"));
    }

    #[test]
    fn the_store_counts_as_battery() {
        let plan = plan(&workspace(&["tidy"]), Depth::Usual, 10);
        let apart = plan.steps.iter().find_map(|step| match &step.work {
            Work::Tests { apart, .. } if !apart.is_empty() => Some(apart.clone()),
            _ => None,
        });
        assert_eq!(apart, Some(vec![("store".to_owned(), "battery".to_owned())]));
    }

    #[test]
    fn a_missing_target_is_left_out_with_a_reason() {
        let plan = plan(&workspace(&["tidy"]), Depth::Usual, 10);
        assert!(!kinds(&plan).contains(&"features"));
        let reason = "there is no such test target yet";
        assert!(plan.left_out.contains(&("features".to_owned(), reason)));
        assert!(plan.left_out.contains(&("simulation".to_owned(), reason)));
    }

    #[test]
    fn an_unknown_target_is_run_under_its_own_name() {
        let plan = plan(&workspace(&["tidy", "upgrades"]), Depth::Usual, 10);
        let step = plan.steps.iter().find(|step| step.kind == "upgrades").expect("it is planned");
        assert!(step.needs_programs);
    }

    #[test]
    fn only_what_starts_the_programs_needs_them() {
        let plan = plan(&workspace(&["tidy", "features", "simulation"]), Depth::All, 10);
        let needing = plan.steps.iter().filter(|step| step.needs_programs);
        let kinds: Vec<_> = needing.map(|step| step.kind.as_str()).collect();
        let expected =
            ["unit", "features", "browser", "packages", "SAML judges", "long mail rounds"];
        assert_eq!(kinds, expected);
    }

    #[test]
    fn seeds_reach_the_simulation() {
        let plan = plan(&workspace(&["simulation"]), Depth::All, 33);
        let seeds: Vec<_> = plan
            .steps
            .iter()
            .filter_map(|step| match &step.work {
                Work::Tests { environment, .. } => environment.first(),
                _ => None,
            })
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        assert_eq!(seeds, [("JACKFIELD_SEEDS", "33"), ("JACKFIELD_SEEDS", "200")]);
    }

    #[test]
    fn the_fault_rounds_are_short_usually_and_long_with_all() {
        let rounds = |depth| -> Vec<_> {
            let steps = plan(&workspace(&["cluster"]), depth, 10).steps.into_iter();
            let steps = steps.filter_map(|step| match step.work {
                Work::Tests { environment, arguments, .. } => {
                    let is_cluster = arguments.iter().any(|word| word == "cluster");
                    (is_cluster && step.needs_programs).then_some((step.kind, environment))
                }
                _ => None,
            });
            steps.collect()
        };
        let usual = [("cluster".to_owned(), Vec::new())];
        let long = [("JACKFIELD_ROUNDS", "100".to_owned())];
        assert_eq!(rounds(Depth::Usual), usual);
        let expected = [usual[0].clone(), ("long fault rounds".to_owned(), Vec::from(long))];
        assert_eq!(rounds(Depth::All), expected);
    }

    #[test]
    fn the_long_mail_rounds_are_one_module_of_the_features() {
        let all = plan(&workspace(&["features"]), Depth::All, 10);
        let step = all.steps.iter().find(|step| step.kind == "long mail rounds");
        let Some(Work::Tests { arguments, environment, .. }) = step.map(|step| &step.work) else {
            panic!("they are planned")
        };
        assert!(arguments.windows(3).any(|it| it == ["--test", "features", "mail_crashes"]));
        assert_eq!(environment, &[("JACKFIELD_ROUNDS", "20".to_owned())]);
    }

    #[test]
    fn slow_checks_run_only_when_asked_for() {
        let usual = plan(&workspace(&["tidy"]), Depth::Usual, 10);
        let all = plan(&workspace(&["tidy"]), Depth::All, 10);
        assert!(!kinds(&usual).contains(&"demo"));
        let slow = ["packages", "size", "size", "SAML judges", "SAML judges", "bench", "demo"];
        assert!(kinds(&all).ends_with(&slow));
    }

    #[test]
    fn every_cargo_command_that_resolves_is_locked() {
        for step in plan(&workspace(&["tidy", "features"]), Depth::All, 10).steps {
            if let Work::Check { arguments, .. } | Work::Tests { arguments, .. } = step.work {
                let formats = arguments.first().is_some_and(|first| first == "fmt");
                assert!(
                    formats || arguments.iter().any(|each| each == "--locked"),
                    "{arguments:?}"
                );
            }
        }
    }
}
