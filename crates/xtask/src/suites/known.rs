//! The list of known failures of a suite: `case-path # reason` in each line. A failure that is not listed and a listed
//! case that passes both fail the run.

use super::{CaseResult, Outcome};
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Cases that are known to fail, each with a reason.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Known(BTreeMap<String, String>);

/// A run held against the list.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Verdict {
    /// Cases that passed.
    pub(super) passed: usize,
    /// Cases that failed and are listed.
    pub(super) expected: usize,
    /// Cases out of scope.
    pub(super) skipped: usize,
    /// Cases that failed and are not listed, with what went wrong.
    pub(super) unexpected: Vec<(String, String)>,
    /// Cases that are listed and passed.
    pub(super) fixed: Vec<String>,
}

/// What stands for a reason until someone has found it out.
const UNKNOWN: &str = "not looked into";

impl Known {
    /// Reads the list; an absent file is an empty list.
    pub(super) fn read(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        Self::parse(&text).with_context(|| path.display().to_string())
    }

    fn parse(text: &str) -> Result<Self> {
        let mut cases = BTreeMap::new();
        for (index, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let Some((case, reason)) = line.split_once(" # ").filter(|(_, reason)| !reason.trim().is_empty())
            else {
                bail!("line {}: write `case-path # reason`", index + 1);
            };
            if cases.insert(case.trim().to_owned(), reason.trim().to_owned()).is_some() {
                bail!("line {}: {} is listed twice", index + 1, case.trim());
            }
        }
        Ok(Self(cases))
    }

    /// Writes the list in order of the case paths; an empty list is no file.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let at = || path.display().to_string();
        if self.0.is_empty() {
            return if path.exists() { fs::remove_file(path).with_context(at) } else { Ok(()) };
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(at)?;
        }
        let lines: String = self.0.iter().map(|(case, reason)| format!("{case} # {reason}\n")).collect();
        fs::write(path, lines).with_context(at)
    }

    /// Takes the cases that pass off the list, and puts those that fail on it. A case that this run did not have stays.
    pub(super) fn update(&mut self, results: &[CaseResult]) {
        for result in results {
            match result.outcome {
                Outcome::Failed(_) => {
                    self.0.entry(result.case.clone()).or_insert_with(|| UNKNOWN.to_owned());
                }
                Outcome::Passed | Outcome::Skipped(_) => {
                    self.0.remove(&result.case);
                }
            }
        }
    }

    /// Holds a run against the list. A case that is listed and was not run is no matter: another folder may hold it.
    pub(super) fn judge(&self, results: &[CaseResult]) -> Verdict {
        let mut verdict = Verdict::default();
        for CaseResult { case, outcome } in results {
            let listed = self.0.contains_key(case);
            match outcome {
                Outcome::Passed => {
                    verdict.passed += 1;
                    verdict.fixed.extend(listed.then(|| case.clone()));
                }
                Outcome::Failed(_) if listed => verdict.expected += 1,
                Outcome::Failed(why) => verdict.unexpected.push((case.clone(), why.clone())),
                Outcome::Skipped(_) => verdict.skipped += 1,
            }
        }
        verdict
    }
}

impl Verdict {
    /// Whether the list is true.
    pub(super) fn is_good(&self) -> bool {
        self.unexpected.is_empty() && self.fixed.is_empty()
    }

    /// `resvg   1050 passed, 42 failed (40 known), 0 skipped`.
    pub(super) fn line(&self, suite: &str) -> String {
        let failed = self.expected + self.unexpected.len();
        format!(
            "{suite:<18} {} passed, {failed} failed ({} known), {} skipped",
            self.passed, self.expected, self.skipped
        )
    }

    pub(super) fn json(&self, suite: &str) -> Value {
        let unexpected: Vec<_> = self.unexpected.iter().map(|(case, _)| case).collect();
        json!({
            "suite": suite,
            "passed": self.passed,
            "failed": self.expected + self.unexpected.len(),
            "skipped": self.skipped,
            "known": self.expected,
            "unexpected": unexpected,
            "fixed": self.fixed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(case: &str, outcome: Outcome) -> CaseResult {
        CaseResult { case: case.into(), outcome }
    }

    #[test]
    fn a_run_is_judged_by_the_list_and_updates_it() {
        let mut known =
            Known::parse("# a heading\n\na/one # no masks\na/two # no masks\nb/elsewhere # slow\n").unwrap();
        let results = [
            result("a/one", Outcome::Passed),
            result("a/two", Outcome::Failed("3 %".into())),
            result("a/three", Outcome::Failed("5 %".into())),
            result("a/four", Outcome::Passed),
            result("a/five", Outcome::Skipped("script".into())),
        ];
        let verdict = known.judge(&results);
        let unexpected = vec![("a/three".to_owned(), "5 %".to_owned())];
        let fixed = vec!["a/one".to_owned()];
        assert_eq!(verdict, Verdict { passed: 2, expected: 1, skipped: 1, unexpected, fixed });
        assert!(!verdict.is_good());
        assert!(verdict.line("a").contains("2 passed, 2 failed (1 known), 1 skipped"));

        known.update(&results);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("conformance/a.txt");
        known.write(&path).unwrap();
        let text = "a/three # not looked into\na/two # no masks\nb/elsewhere # slow\n";
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert!(Known::read(&path).unwrap().judge(&results).is_good());
    }

    #[test]
    fn a_line_without_a_reason_is_refused() {
        for text in ["a/one", "a/one # ", "a # x\na # y"] {
            assert!(Known::parse(text).is_err(), "{text}");
        }
    }
}
