//! conformance/requirements.md tells the truth: every rule has one line, and every test it names exists.

use std::collections::BTreeSet;

use crate::checkout::{checkout, report};
use crate::tokens::test_functions;

const TABLE: &str = "conformance/requirements.md";
const IDS: &str = "conformance/requirements-ids.txt";

#[test]
fn every_rule_has_one_line_and_every_test_named_there_exists() {
    let functions = checkout().sources.iter().flat_map(|source| test_functions(&source.tokens));
    let tests = functions.chain(browser_tests()).collect();
    let breaches = breaches(&checkout().text(IDS), &checkout().text(TABLE), &tests);
    report(
        "conformance/requirements.md has one true line for each rule",
        &breaches,
        "write one line `| ID | in short | tests |` for each id of requirements-ids.txt, in its order; \
         the last cell is `not yet`, or the names of the tests that prove the rule, each in backquotes; \
         `not yet; so far` may stand before names that prove a part",
    );
}

#[test]
fn a_test_named_after_a_rule_stands_in_the_rules_line() {
    // The tests of the simulated peers prove the judge, not the product.
    let product = checkout().sources.iter().filter(|it| !it.path.starts_with("conformance/"));
    let functions = product.flat_map(|source| test_functions(&source.tokens));
    let tests = functions.chain(browser_tests()).collect();
    report(
        "a test whose name begins with the id of a rule stands in the line of that rule",
        &left_out(&checkout().text(IDS), &checkout().text(TABLE), &tests),
        "read the test, and add its name in backquotes to the line of conformance/requirements.md; \
         where it proves a part alone, the line begins with `not yet; so far`; where it proves nothing \
         of that rule, give the test another name",
    );
}

#[test]
fn rules_are_numbered_without_gaps() {
    let ids = checkout().text(IDS);
    let breaches = gaps(ids.lines());
    report(
        "the rules of an area are numbered from 01 without gaps",
        &breaches,
        "an id never changes its meaning and never goes; add new ones at the end of their area",
    );
}

/// The names of the tests that are run in a browser: `test("name", ...)` at the beginning of a line.
fn browser_tests() -> Vec<String> {
    let files = checkout().files.iter().filter(|file| file.ends_with(".test.mjs"));
    let named = |text: String| -> Vec<String> {
        let lines = text.lines().filter_map(|line| line.strip_prefix("test(\""));
        lines.filter_map(|rest| rest.split_once('"').map(|(name, _)| name.to_owned())).collect()
    };
    files.flat_map(|file| named(checkout().text(file))).collect()
}

fn breaches(ids: &str, table: &str, tests: &BTreeSet<String>) -> Vec<String> {
    let ids: Vec<_> = ids.lines().collect();
    let rows: Vec<_> = table.lines().filter_map(row).collect();
    let mut breaches = Vec::new();
    for id in &ids {
        match rows.iter().filter(|(row, ..)| row == id).count() {
            1 => {}
            0 => breaches.push(format!("{id} has no line")),
            count => breaches.push(format!("{id} has {count} lines")),
        }
    }
    for (id, _, proof) in &rows {
        if !ids.contains(id) {
            breaches.push(format!("{id} is not in requirements-ids.txt"));
        }
        let named = proof.split('`').skip(1).step_by(2);
        let mut count = 0;
        for name in named {
            count += 1;
            let function = name.rsplit("::").next().unwrap_or(name);
            if !tests.contains(function) {
                breaches.push(format!("{id}: there is no test {name}"));
            }
        }
        let says_so = if count == 0 { *proof == "not yet" } else { is_list(proof) };
        if !says_so {
            breaches.push(format!("{id}: {proof:?} is neither `not yet` nor a list of tests"));
        }
    }
    let in_order = rows.iter().map(|(id, ..)| *id).filter(|id| ids.contains(id));
    if breaches.is_empty() && !in_order.eq(ids.iter().copied()) {
        breaches.push("the lines are in another order than requirements-ids.txt".to_owned());
    }
    breaches
}

/// Tests whose names begin with an id, such as `phn_05_`, and are not named in its line.
fn left_out(ids: &str, table: &str, tests: &BTreeSet<String>) -> Vec<String> {
    let rows: Vec<_> = table.lines().filter_map(row).collect();
    let mut breaches = Vec::new();
    for test in tests {
        let mut parts = test.splitn(3, '_');
        let (Some(area), Some(number), Some(_)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        let id = format!("{}-{number}", area.to_ascii_uppercase());
        if !is_id(&id) {
            continue;
        }
        if !ids.lines().any(|line| line == id) {
            breaches.push(format!("{test}: there is no rule {id}"));
            continue;
        }
        let proof = rows.iter().find(|(row, ..)| *row == id).map_or("", |(.., proof)| *proof);
        let mut named = proof.split('`').skip(1).step_by(2);
        if !named.any(|name| name.rsplit("::").next() == Some(test)) {
            breaches.push(format!("{id} does not name {test}"));
        }
    }
    breaches
}

/// Names in backquotes with commas between them, perhaps after `not yet; so far`.
fn is_list(proof: &str) -> bool {
    let names = proof.strip_prefix("not yet; so far ").unwrap_or(proof);
    names.split(", ").all(|name| {
        let name = name.strip_prefix('`').and_then(|name| name.strip_suffix('`'));
        name.is_some_and(|name| !name.is_empty() && !name.contains('`'))
    })
}

/// The cells of a line that begins with an id; headings and rulers are none.
fn row(line: &str) -> Option<(&str, &str, &str)> {
    let mut cells = line.strip_prefix('|')?.strip_suffix('|')?.split('|').map(str::trim);
    let (id, short, proof) = (cells.next()?, cells.next()?, cells.next()?);
    (is_id(id) && !short.is_empty()).then_some((id, short, proof))
}

/// Whether it has the form of an id, such as `PHN-05`.
fn is_id(text: &str) -> bool {
    text.split_once('-').is_some_and(|(area, number)| {
        !area.is_empty()
            && area.chars().all(|letter| letter.is_ascii_uppercase())
            && number.len() == 2
            && number.chars().all(|digit| digit.is_ascii_digit())
    })
}

fn gaps<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut breaches = Vec::new();
    let mut areas: Vec<&str> = Vec::new();
    let mut number = 0;
    for id in ids {
        let area = id.split('-').next().unwrap_or(id);
        if areas.last() != Some(&area) {
            if areas.contains(&area) {
                breaches.push(format!("{id}: the area {area} is in two places"));
            }
            areas.push(area);
            number = 0;
        }
        number += 1;
        if id != format!("{area}-{number:02}") {
            breaches.push(format!("{id} stands where {area}-{number:02} should"));
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(table: &str, breached: usize) {
        let tests = BTreeSet::from(["phn_01_a".to_owned(), "phn_02_b".to_owned()]);
        let breaches = breaches("PHN-01\nPHN-02", table, &tests);
        assert_eq!(breaches.len(), breached, "{breaches:?}");
    }

    #[test]
    fn a_true_table_passes() {
        check("| PHN-01 | a | not yet |\n| PHN-02 | b | `phn_01_a`, `x::phn_02_b` |", 0);
        check("| PHN-01 | a | not yet; so far `phn_01_a` |\n| PHN-02 | b | not yet |", 0);
    }

    #[test]
    fn an_untrue_table_does_not() {
        check("| PHN-01 | a | not yet |", 1);
        check("| PHN-02 | a | not yet |\n| PHN-01 | b | not yet |", 1);
        check("| PHN-01 | a | `phn_01_gone` |\n| PHN-02 | b | soon |", 2);
        check("| PHN-01 | a | not yet |\n| PHN-02 | b | |\n| PHN-02 | b | not yet |", 2);
        check(
            "| PHN-01 | a | see `phn_01_a` |\n| PHN-02 | b | not yet |\n| PHN-03 | c | not yet |",
            2,
        );
    }

    /// Compares how many tests are not named where they should be.
    #[track_caller]
    fn check_left_out(table: &str, tests: &[&str], breached: usize) {
        let tests = tests.iter().map(|&test| test.to_owned()).collect();
        let breaches = left_out("PHN-01\nPHN-02", table, &tests);
        assert_eq!(breaches.len(), breached, "{breaches:?}");
    }

    #[test]
    fn tests_named_after_a_rule_are_looked_for_in_its_line() {
        let table = "| PHN-01 | a | not yet; so far `x::phn_01_a` |\n| PHN-02 | b | `phn_02_b` |";
        check_left_out(table, &["phn_01_a", "phn_02_b", "no_01", "a_2b_c", "old_7942_x"], 0);
        check_left_out(table, &["phn_01_b"], 1);
        check_left_out(table, &["phn_02_a", "phn_03_b"], 2);
        check_left_out("| PHN-01 | a | `phn_02_b` |\n| PHN-02 | b | not yet |", &["phn_02_b"], 1);
    }

    #[test]
    fn gaps_and_split_areas_are_found() {
        assert!(gaps(["A-01", "A-02", "B-01"].into_iter()).is_empty());
        assert_eq!(gaps(["A-01", "A-03"].into_iter()).len(), 1);
        assert_eq!(gaps(["A-01", "B-01", "A-02"].into_iter()).len(), 2);
    }
}
