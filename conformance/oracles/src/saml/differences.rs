//! Where other judges are known to say something else than the gateway, each with the reason.
//!
//! The list has to be exact: a difference that is not in it is a problem, and so is one in it that is not there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::saml::{Judge, Verdict};

/// Some messages of which a judge says something else, for one reason.
#[derive(Debug)]
struct Difference {
    judge: Judge,
    verdict: String,
    messages: BTreeSet<String>,
    /// Whom the judge has to take such messages to prove, for the reason to hold.
    uid: Option<String>,
    why: String,
}

impl Difference {
    fn covers(&self, judge: Judge, verdict: &Verdict, name: &str) -> bool {
        let proves = |uid: &String| matches!(verdict, Verdict::Accepted(uids) if uids == uid);
        self.judge == judge
            && self.verdict == verdict.word()
            && self.messages.contains(name)
            && self.uid.as_ref().is_none_or(proves)
    }
}

/// The list.
#[derive(Debug)]
pub(super) struct Differences(Vec<Difference>);

impl Differences {
    /// Reads a list of objects with `judge`, `verdict`, `messages`, `why` and, where it matters, `uid`.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let wrong = |words: &str| format!("the list of differences: {words}");
        let list: Value = serde_json::from_str(text).map_err(|error| wrong(&error.to_string()))?;
        let list = list.as_array().ok_or_else(|| wrong("it is no list"))?;
        let entry = |entry: &Value| {
            let text = |name: &str| {
                let text = entry.get(name).and_then(Value::as_str).unwrap_or_default();
                if text.is_empty() {
                    Err(wrong(&format!("{entry} has no {name}")))
                } else {
                    Ok(text)
                }
            };
            let judge = Judge::named(text("judge")?).ok_or_else(|| wrong("a judge is unknown"))?;
            let names = entry.get("messages").and_then(Value::as_array);
            let names: Option<BTreeSet<_>> = names
                .map(|names| names.iter().filter_map(Value::as_str).map(str::to_owned).collect());
            let messages = names.filter(|names| !names.is_empty());
            let messages = messages.ok_or_else(|| wrong(&format!("{entry} names no message")))?;
            let (verdict, why) = (text("verdict")?.to_owned(), text("why")?.to_owned());
            let uid = entry.get("uid").and_then(Value::as_str).map(str::to_owned);
            Ok(Difference { judge, verdict, messages, uid, why })
        };
        let list = list.iter().map(entry).collect::<Result<Vec<_>, String>>()?;
        let mut seen = BTreeSet::new();
        for difference in &list {
            for name in &difference.messages {
                if !seen.insert((difference.judge, name)) {
                    let judge = difference.judge.name();
                    return Err(wrong(&format!("{judge} and {name} are there twice")));
                }
            }
        }
        Ok(Self(list))
    }

    /// Why this judge says this of that message.
    pub(super) fn why(&self, judge: Judge, verdict: &Verdict, name: &str) -> Option<&str> {
        self.0.iter().find(|it| it.covers(judge, verdict, name)).map(|it| it.why.as_str())
    }

    /// What is wrong: differences nobody explains, and explanations without a difference. Judges that were not
    /// asked explain nothing.
    pub(super) fn compare(
        &self,
        judges: &[Judge],
        found: &BTreeMap<(Judge, &str), Verdict>,
        expected: &BTreeMap<&str, &str>,
    ) -> Vec<String> {
        let differs = |name: &str, verdict: &Verdict| expected.get(name) != Some(&verdict.word());
        let mut problems = Vec::new();
        for ((judge, name), verdict) in found {
            if differs(name, verdict) && self.why(*judge, verdict, name).is_none() {
                let words = match verdict {
                    Verdict::Refused(words) => format!(" ({words})"),
                    Verdict::Accepted(uid) if !uid.is_empty() => format!(" (uid {uid})"),
                    _ => String::new(),
                };
                let (judge, verdict) = (judge.name(), verdict.word());
                problems.push(format!("{name}: {judge} says {verdict}{words}, unexplained"));
            }
        }
        for known in self.0.iter().filter(|it| judges.contains(&it.judge)) {
            for name in &known.messages {
                let verdict = found.get(&(known.judge, name.as_str()));
                let holds = verdict
                    .is_some_and(|it| differs(name, it) && known.covers(known.judge, it, name));
                if !holds {
                    let now = verdict.map_or("nothing", Verdict::word);
                    let (judge, then) = (known.judge.name(), &known.verdict);
                    problems.push(format!("{name}: {judge} is listed with {then} and says {now}"));
                }
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"[
        {"judge": "samael", "verdict": "accepted", "messages": ["doctype"], "why": "it reads them"},
        {"judge": "xmlsec1", "verdict": "accepted", "messages": ["doctype", "late"], "why": "no clock"}
    ]"#;

    fn accepted() -> Verdict {
        Verdict::Accepted(String::new())
    }

    fn problems(
        list: &str,
        judges: &[Judge],
        verdicts: &[(Judge, &'static str, Verdict)],
    ) -> Vec<String> {
        let expected =
            BTreeMap::from([("good", "accepted"), ("doctype", "refused"), ("late", "refused")]);
        let found =
            verdicts.iter().map(|(judge, name, verdict)| ((*judge, *name), verdict.clone()));
        Differences::read(list).unwrap().compare(judges, &found.collect(), &expected)
    }

    #[test]
    fn what_is_explained_is_no_problem() {
        let verdicts = [
            (Judge::Samael, "good", accepted()),
            (Judge::Samael, "doctype", accepted()),
            (Judge::Samael, "late", Verdict::Refused("late".to_owned())),
            (Judge::Xmlsec1, "good", accepted()),
            (Judge::Xmlsec1, "doctype", accepted()),
            (Judge::Xmlsec1, "late", accepted()),
        ];
        assert_eq!(problems(LIST, &Judge::ALL, &verdicts), Vec::<String>::new());
        assert_eq!(problems(LIST, &[Judge::Samael], &verdicts[..3]), Vec::<String>::new());
    }

    #[test]
    fn a_difference_that_nobody_explains_is_a_problem() {
        for verdict in [Verdict::Refused("why".to_owned()), Verdict::NotAsked, Verdict::NoAnswer] {
            let found = problems("[]", &[Judge::Samael], &[(Judge::Samael, "good", verdict)]);
            assert_eq!(found.len(), 1, "{found:?}");
        }
        let other = [(Judge::Samael, "doctype", Verdict::NotAsked)];
        assert_eq!(problems(LIST, &[Judge::Samael], &other).len(), 2);
    }

    #[test]
    fn a_reason_may_hold_for_one_user_alone() {
        let list = LIST.replacen(r#""why""#, r#""uid": "ada", "why""#, 1);
        let takes = |uid: &str| [(Judge::Samael, "doctype", Verdict::Accepted(uid.to_owned()))];
        assert_eq!(problems(&list, &[Judge::Samael], &takes("ada")), Vec::<String>::new());
        let found = problems(&list, &[Judge::Samael], &takes("administrator"));
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn an_explanation_without_a_difference_is_a_problem() {
        let agrees = [(Judge::Samael, "doctype", Verdict::Refused(String::new()))];
        let found = problems(LIST, &[Judge::Samael], &agrees);
        assert_eq!(found, ["doctype: samael is listed with accepted and says refused"]);
        let found = problems(LIST, &[Judge::Samael], &[]);
        assert_eq!(found, ["doctype: samael is listed with accepted and says nothing"]);
    }

    #[test]
    fn a_list_that_is_not_exact_is_refused() {
        for list in [
            "{}",
            r#"[{"judge": "me", "verdict": "accepted", "messages": ["a"], "why": "b"}]"#,
            r#"[{"judge": "samael", "verdict": "accepted", "messages": ["a"], "why": ""}]"#,
            r#"[{"judge": "samael", "verdict": "accepted", "messages": [], "why": "b"}]"#,
            r#"[{"judge": "samael", "verdict": "accepted", "messages": ["a"], "why": "b"},
                {"judge": "samael", "verdict": "no answer", "messages": ["a"], "why": "b"}]"#,
        ] {
            assert!(Differences::read(list).is_err(), "{list}");
        }
        assert!(Differences::read(crate::saml::DIFFERENCES).is_ok());
    }
}
