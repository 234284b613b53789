//! What a service is known to lack, by the names of the checks that show it, and whether a run
//! shows just that.
//!
//! It runs nothing and knows no check: names come in as they are.
//!
//! ```
//! use storehouse_test_support::services::gaps::{Gap, Outcome, judge};
//!
//! let gaps = [Gap::certain("strange_values_are_kept", "it drops empty values")];
//! let kept = |check| Outcome { check, mode: "plain", broken: None };
//!
//! let verdict = judge(&[kept("a_folder_lists"), kept("strange_values_are_kept")], &gaps);
//!
//! assert_eq!(verdict.kept, 2);
//! assert_eq!(
//!     verdict.problems,
//!     ["strange_values_are_kept (plain) passes: take it off the list of known gaps"]
//! );
//! ```

/// A check that fails on a service, and why that is not the driver's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    check: &'static str,
    mode: Option<&'static str>,
    lacks: &'static str,
    certain: bool,
}

impl Gap {
    /// Makes a gap that shows in every run, in both modes: `lacks` says what the service cannot do.
    #[must_use]
    pub const fn certain(check: &'static str, lacks: &'static str) -> Self {
        Self {
            check,
            mode: None,
            lacks,
            certain: true,
        }
    }

    /// Makes a gap that shows in some runs and not in others: a race.
    #[must_use]
    pub const fn sometimes(check: &'static str, lacks: &'static str) -> Self {
        Self {
            certain: false,
            ..Self::certain(check, lacks)
        }
    }

    /// Limits the gap to one of the modes; in the other the check passes.
    #[must_use]
    pub const fn only(mut self, mode: &'static str) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Returns the name of the check.
    #[must_use]
    pub fn check(&self) -> &'static str {
        self.check
    }

    /// Returns what the service lacks.
    #[must_use]
    pub fn lacks(&self) -> &'static str {
        self.lacks
    }

    fn is_of(&self, outcome: &Outcome) -> bool {
        self.check == outcome.check && self.mode.is_none_or(|mode| mode == outcome.mode)
    }
}

/// What a check came to in one mode.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its name.
    pub check: &'static str,
    /// `plain` or `prefixed`.
    pub mode: &'static str,
    /// The sentence that it failed with, if it did.
    pub broken: Option<String>,
}

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// How many checks passed.
    pub kept: usize,
    /// How many failed as is known.
    pub known: usize,
    /// How many of these fail in every run.
    pub certain: usize,
    /// What nobody expects, a sentence each.
    pub problems: Vec<String>,
}

/// Compares what happened with what is known.
#[must_use]
pub fn judge(outcomes: &[Outcome], gaps: &[Gap]) -> Verdict {
    let mut verdict = Verdict::default();
    for outcome in outcomes {
        let gap = gaps.iter().find(|gap| gap.is_of(outcome));
        let Outcome { check, mode, .. } = outcome;
        match (&outcome.broken, gap) {
            (Some(_), Some(gap)) => {
                verdict.known += 1;
                verdict.certain += usize::from(gap.certain);
            }
            (Some(sentence), None) => verdict
                .problems
                .push(format!("{check} ({mode}) fails: {sentence}")),
            (None, gap) => {
                verdict.kept += 1;
                if gap.is_some_and(|gap| gap.certain) {
                    verdict.problems.push(format!(
                        "{check} ({mode}) passes: take it off the list of known gaps"
                    ));
                }
            }
        }
    }
    verdict
}

/// Returns the gaps whose check is none of these, for example because it has another name by now.
#[must_use]
pub fn of_no_check<'a>(gaps: &'a [Gap], checks: &[&str]) -> Vec<&'a Gap> {
    let unknown = |gap: &&Gap| !checks.contains(&gap.check);
    gaps.iter().filter(unknown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(mode: &'static str, broken: Option<&str>) -> Outcome {
        Outcome {
            check: "a_check",
            mode,
            broken: broken.map(str::to_owned),
        }
    }

    #[test]
    fn a_run_shows_just_what_is_known() {
        let certain = Gap::certain("a_check", "it cannot");
        let sometimes = Gap::sometimes("a_check", "it can be late");
        let other = Gap::certain("another_check", "it cannot");
        let (kept, broken) = (None, Some("no promise"));
        let fails = "a_check (plain) fails: no promise";
        let passes = "a_check (plain) passes: take it off the list of known gaps";
        for (case, broken, gaps, (kept, known), problem) in [
            ("kept", kept, vec![], (1, 0), None),
            ("broken", broken, vec![], (0, 0), Some(fails)),
            ("broken as known", broken, vec![certain], (0, 1), None),
            ("kept by now", kept, vec![certain], (1, 0), Some(passes)),
            ("a race lost", broken, vec![sometimes], (0, 1), None),
            ("a race won", kept, vec![sometimes], (1, 0), None),
            ("another's gap", broken, vec![other], (0, 0), Some(fails)),
            (
                "this mode's gap",
                broken,
                vec![certain.only("plain")],
                (0, 1),
                None,
            ),
            (
                "the other mode's gap, broken",
                broken,
                vec![certain.only("prefixed")],
                (0, 0),
                Some(fails),
            ),
            (
                "the other mode's gap, kept",
                kept,
                vec![certain.only("prefixed")],
                (1, 0),
                None,
            ),
            (
                "a gap in each mode",
                broken,
                vec![certain.only("prefixed"), certain.only("plain")],
                (0, 1),
                None,
            ),
        ] {
            let verdict = judge(&[outcome("plain", broken)], &gaps);

            let problems = problem.into_iter().map(str::to_owned).collect();
            let certain = match case {
                "a race lost" => 0,
                _ => known,
            };
            let expected = Verdict {
                kept,
                known,
                certain,
                problems,
            };
            assert_eq!(verdict, expected, "{case}");
        }
    }

    #[test]
    fn a_gap_of_both_modes_shows_in_each() {
        let gaps = [Gap::certain("a_check", "it cannot")];

        let verdict = judge(
            &[
                outcome("plain", Some("no promise")),
                outcome("prefixed", None),
            ],
            &gaps,
        );

        assert_eq!((verdict.kept, verdict.known), (1, 1));
        assert_eq!(verdict.problems.len(), 1);
    }

    #[test]
    fn a_gap_of_no_check_is_found() {
        let gaps = [
            Gap::certain("a_check", "it cannot"),
            Gap::certain("a_chekc", "it cannot"),
        ];

        let found: Vec<_> = of_no_check(&gaps, &["a_check", "another_check"])
            .into_iter()
            .map(Gap::check)
            .collect();

        assert_eq!(found, ["a_chekc"]);
    }
}
