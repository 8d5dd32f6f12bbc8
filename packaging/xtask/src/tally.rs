//! Counting: what test programs print, added up per kind, and the lines a run closes with.
//!
//! Knows the text form of Rust's test harness and our own `left out:` and `not permitted here:` lines;
//! starts nothing.

use std::fmt;

/// Begins a line with which a test says that it could not run for want of a program.
const LEFT_OUT: &str = "left out:";
/// Begins a line with which a test says that it could not run for want of a right, which no set-up
/// can give: it fails nowhere.
const NOT_PERMITTED: &str = "not permitted here:";

/// What came of one step, or of all steps of a kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    /// Tests that are marked as ignored; house rules forbid that, examples in documentation may be.
    pub(crate) ignored: u64,
    /// Reasons, one for each thing left out for want of a program.
    pub(crate) left_out: Vec<String>,
    /// Reasons, one for each thing that this user or machine may not do.
    pub(crate) not_permitted: Vec<String>,
}

impl Tally {
    /// A check that is one thing: it passed or it did not.
    pub(crate) fn of_check(passed: bool) -> Self {
        Self { passed: u64::from(passed), failed: u64::from(!passed), ..Self::default() }
    }

    fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
        self.left_out.extend(other.left_out.iter().cloned());
        self.not_permitted.extend(other.not_permitted.iter().cloned());
    }
}

/// Reads the output of `cargo test -- --show-output` line by line, cargo's own lines among it.
#[derive(Debug)]
pub(crate) struct Reader {
    /// Kind of the step, then the other kinds in the order in which their programs ran.
    tallies: Vec<(String, Tally)>,
    /// Names of test programs that count for another kind.
    apart: Vec<(String, String)>,
    current: usize,
    in_output_of_passed: bool,
}

impl Reader {
    /// Counts for `kind`, except for the programs named in `apart` with their kinds.
    pub(crate) fn new(kind: &str, apart: &[(String, String)]) -> Self {
        let apart = apart.iter().map(|(name, kind)| (name.replace('-', "_"), kind.clone()));
        Self {
            tallies: vec![(kind.to_owned(), Tally::default())],
            apart: apart.collect(),
            current: 0,
            in_output_of_passed: false,
        }
    }

    /// Counts a line; `true` if a person watching wants to see it.
    pub(crate) fn line(&mut self, line: &str) -> bool {
        let trimmed = line.trim();
        if let Some(result) = trimmed.strip_prefix("test result: ") {
            self.in_output_of_passed = false;
            self.result(result);
            return true;
        }
        if let Some(program) = trimmed.strip_prefix("Running ") {
            self.program(program);
            return true;
        }
        match trimmed {
            "successes:" => self.in_output_of_passed = true,
            "failures:" => self.in_output_of_passed = false,
            _ => {}
        }
        if let Some(reason) = trimmed.strip_prefix(LEFT_OUT) {
            return self.note(reason, |tally| &mut tally.left_out);
        }
        if let Some(reason) = trimmed.strip_prefix(NOT_PERMITTED) {
            return self.note(reason, |tally| &mut tally.not_permitted);
        }
        let passed = trimmed.starts_with("test ") && trimmed.ends_with("... ok");
        let announced = trimmed.starts_with("running ")
            && (trimmed.ends_with(" tests") || trimmed.ends_with(" 1 test"));
        !(self.in_output_of_passed || passed || announced || trimmed.is_empty())
    }

    /// Keeps a reason in a list of the program that runs, unless it is known; `true` if it is new.
    fn note(&mut self, reason: &str, list: impl Fn(&mut Tally) -> &mut Vec<String>) -> bool {
        let reason = reason.trim().to_owned();
        let mut lists = self.tallies.iter_mut().map(|(_, tally)| list(tally));
        if lists.any(|list| list.contains(&reason)) {
            return false;
        }
        if let Some((_, tally)) = self.tallies.get_mut(self.current) {
            list(tally).push(reason);
        }
        true
    }

    /// Everything counted, per kind; a command that failed without a failed test counts as one.
    pub(crate) fn closed(mut self, success: bool) -> Vec<(String, Tally)> {
        let failed: u64 = self.tallies.iter().map(|(_, tally)| tally.failed).sum();
        if !success
            && failed == 0
            && let Some((_, tally)) = self.tallies.first_mut()
        {
            tally.failed = 1;
        }
        self.tallies
    }

    /// `unittests src/lib.rs (target/debug/deps/store-0123456789abcdef)`
    fn program(&mut self, running: &str) {
        let path = running.rsplit_once('(').map_or("", |(_, path)| path.trim_end_matches(')'));
        let file = path.rsplit('/').next().unwrap_or(path);
        let name = file.rsplit_once('-').map_or(file, |(name, _)| name);
        let kind = self.apart.iter().find(|(program, _)| program == name).map(|(_, kind)| kind);
        let known = |kind: &String| self.tallies.iter().position(|(known, _)| known == kind);
        self.current = match kind {
            None => 0,
            Some(kind) => known(kind).unwrap_or_else(|| {
                self.tallies.push((kind.clone(), Tally::default()));
                self.tallies.len() - 1
            }),
        };
    }

    /// `ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s`
    fn result(&mut self, result: &str) {
        let Some((_, tally)) = self.tallies.get_mut(self.current) else { return };
        let counts = result.split_once(". ").map_or(result, |(_, counts)| counts);
        for part in counts.split(';') {
            let mut words = part.split_whitespace();
            let (Some(Ok(count)), Some(what)) = (words.next().map(str::parse::<u64>), words.next())
            else {
                continue;
            };
            match what {
                "passed" => tally.passed += count,
                "failed" => tally.failed += count,
                "ignored" => tally.ignored += count,
                _ => {}
            }
        }
    }
}

/// What a whole run says at its end.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    /// In the order in which kinds were first seen.
    kinds: Vec<(String, Tally)>,
    not_run: Vec<(String, &'static str)>,
    /// Whether something left out for want of a program counts as failed.
    strict: bool,
}

impl Summary {
    /// `strict` where nobody would read that something was left out.
    pub(crate) fn new(strict: bool, not_run: Vec<(String, &'static str)>) -> Self {
        Self { kinds: Vec::new(), not_run, strict }
    }

    /// Adds what came of one step.
    pub(crate) fn add(&mut self, kind: &str, tally: &Tally) {
        match self.kinds.iter_mut().find(|(name, _)| name == kind) {
            Some((_, sum)) => sum.add(tally),
            None => self.kinds.push((kind.to_owned(), tally.clone())),
        }
    }

    /// Whether a step of this kind failed.
    pub(crate) fn has_failed(&self, kind: &str) -> bool {
        self.kinds.iter().any(|(name, tally)| name == kind && tally.failed > 0)
    }

    /// Failures, including what was left out where that counts.
    pub(crate) fn failed(&self) -> u64 {
        self.kinds.iter().map(|(_, tally)| self.failed_of(tally)).sum()
    }

    fn passed(&self) -> u64 {
        self.kinds.iter().map(|(_, tally)| tally.passed).sum()
    }

    fn failed_of(&self, tally: &Tally) -> u64 {
        let left_out = if self.strict { tally.left_out.len() as u64 } else { 0 };
        tally.failed + left_out
    }
}

/// One line per kind, then the plain total as the last line.
impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.kinds.iter().map(|(name, _)| name);
        let width = names.chain(self.not_run.iter().map(|(name, _)| name)).map(String::len).max();
        let width = width.unwrap_or(0);
        for (name, tally) in &self.kinds {
            let failed = self.failed_of(tally);
            let run = tally.passed + tally.failed;
            write!(formatter, "{name:width$}  {run:5} run  {:5} passed", tally.passed)?;
            if failed > 0 {
                write!(formatter, "  {failed:5} FAILED")?;
            }
            if tally.ignored > 0 {
                write!(formatter, "  {} left out: marked as ignored", tally.ignored)?;
            }
            if !tally.left_out.is_empty() {
                let reasons = tally.left_out.join("; ");
                write!(formatter, "  {} left out: {reasons}", tally.left_out.len())?;
            }
            if !tally.not_permitted.is_empty() {
                let reasons = tally.not_permitted.join("; ");
                write!(formatter, "  {} not permitted here: {reasons}", tally.not_permitted.len())?;
            }
            writeln!(formatter)?;
        }
        for (name, reason) in &self.not_run {
            writeln!(formatter, "{name:width$}  left out: {reason}")?;
        }
        write!(formatter, "{} passed, {} failed", self.passed(), self.failed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `output` of a run that ended well; gives what was counted and the lines a person sees.
    fn read(output: &str) -> (Tally, Vec<&str>) {
        let mut reader = Reader::new("unit", &[]);
        let shown = output.lines().filter(|line| reader.line(line)).collect();
        let (_, tally) = reader.closed(true).remove(0);
        (tally, shown)
    }

    #[test]
    fn results_of_several_programs_add_up() {
        let (tally, shown) = read(
            "\
running 2 tests
test a ... ok
test b ... ok

successes:

successes:
    a
    b

test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

running 3 tests
test c ... ok
test d ... FAILED
test e ... ignored

failures:

---- d stdout ----
thread 'd' panicked at src/lib.rs:1:1: no

test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
",
        );
        assert_eq!(tally, Tally { passed: 3, failed: 1, ignored: 1, ..Tally::default() });
        assert!(shown.contains(&"test d ... FAILED"));
        assert!(shown.iter().any(|line| line.contains("panicked")));
        assert!(!shown.contains(&"test c ... ok") && !shown.contains(&"    a"));
    }

    #[test]
    fn reasons_for_leaving_out_are_read_from_passed_tests_once_each() {
        let (tally, shown) = read(
            "\
successes:

---- a stdout ----
looking for programs
left out: xmllint is not installed

---- b stdout ----
left out: xmllint is not installed

---- c stdout ----
not permitted here: to mount

test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
",
        );
        assert_eq!(tally.left_out, ["xmllint is not installed"]);
        assert_eq!(tally.not_permitted, ["to mount"]);
        assert_eq!(shown.len(), 3);
    }

    #[test]
    fn programs_of_another_kind_are_counted_apart() {
        let apart = [("store-check".to_owned(), "battery".to_owned())];
        let mut reader = Reader::new("unit", &apart);
        let output = "
     Running unittests src/lib.rs (target/debug/deps/domain-0123456789abcdef)
test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
     Running tests/store-check.rs (target/debug/deps/store_check-0123456789abcdef)
test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
     Running unittests src/main.rs (target/debug/deps/xtask-0123456789abcdef)
test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
";
        for line in output.lines() {
            reader.line(line);
        }
        let tally = |passed, failed| Tally { passed, failed, ..Tally::default() };
        let expected = [("unit".to_owned(), tally(7, 0)), ("battery".to_owned(), tally(3, 1))];
        assert_eq!(reader.closed(false), expected);
    }

    #[test]
    fn a_command_that_failed_without_a_failed_test_counts_as_one_failure() {
        let failed = |lines: &[&str], success| {
            let mut reader = Reader::new("unit", &[]);
            for line in lines {
                reader.line(line);
            }
            reader.closed(success).remove(0).1.failed
        };
        assert_eq!(failed(&["error: could not compile `domain`"], false), 1);
        assert_eq!(failed(&["test result: FAILED. 1 passed; 3 failed"], false), 3);
        assert_eq!(failed(&[], true), 0);
    }

    #[test]
    fn the_last_line_is_the_plain_total() {
        let mut summary = Summary::new(false, vec![("bench".into(), "slow, runs with --all")]);
        summary.add("unit", &Tally { passed: 5, failed: 1, ..Tally::default() });
        summary.add("unit", &Tally { passed: 2, ..Tally::default() });
        summary.add("format", &Tally::of_check(true));
        let text = summary.to_string();
        assert_eq!(text.lines().next(), Some("unit        8 run      7 passed      1 FAILED"));
        assert!(text.contains("\nbench   left out: slow, runs with --all\n"));
        assert_eq!(text.lines().last(), Some("8 passed, 1 failed"));
    }

    #[test]
    fn in_ci_what_is_left_out_for_want_of_a_program_fails_and_for_want_of_a_right_does_not() {
        let (left_out, not_permitted) = (vec!["xmllint".into()], vec!["to mount".into()]);
        let tally = Tally { passed: 4, left_out, not_permitted, ..Tally::default() };
        for (strict, failed) in [(false, 0), (true, 1)] {
            let mut summary = Summary::new(strict, Vec::new());
            summary.add("features", &tally);
            assert_eq!(summary.failed(), failed);
            let expected = "1 left out: xmllint  1 not permitted here: to mount";
            assert!(summary.to_string().contains(expected), "{summary}");
        }
    }
}
