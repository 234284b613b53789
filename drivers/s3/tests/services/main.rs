//! The contract's checks against S3 services other than MinIO, which are installed and started.
//!
//!     cargo test -p storehouse-s3 --features service-tests --test services -- moto garage a_copy
//!
//! Words that name services pick them; without one it takes those that CI takes. Other words pick
//! the checks that have them in their names. What a service lacks is known by `gaps`: a run fails
//! if a check fails that is not listed, and if one passes that is.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program that runs checks, which report by panicking"
)]

mod dropped;
#[path = "../bucket/fixture.rs"]
mod fixture;
mod gaps;
mod run;
#[path = "../bucket/subject.rs"]
mod subject;
mod table;

use std::{
    env,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use storehouse_conformance::{Check, checks};
use storehouse_test_support::services::{
    Service,
    gaps::{Gap, judge, of_no_check},
};

/// Each of another kind: objects as files, in memory, and written in Java. What is left out takes
/// longer to build than CI has time.
const IN_CI: [&str; 3] = ["versitygw", "moto", "s3proxy"];

fn main() -> ExitCode {
    let asked = match Asked::read(env::args().skip(1)) {
        Ok(asked) => asked,
        Err(why) => {
            println!("{why}");
            return ExitCode::FAILURE;
        }
    };
    run::silence_checks();
    let (mut passed, mut failed) = (0, 0);
    for name in &asked.services {
        match on(name, &asked) {
            Ok((kept, broken)) => {
                passed += kept;
                failed += broken;
            }
            Err(why) => {
                println!("{why}");
                failed += 1;
            }
        }
    }
    println!("\n{passed} passed, {failed} failed");
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Runs the checks on one service, and prints each result that the list of gaps does not have. Returns how many went as expected
/// and how many did not.
fn on(name: &str, asked: &Asked) -> Result<(usize, usize), String> {
    let checks = &asked.checks[..];
    let gaps = of_these_checks(gaps::of(name), checks)?;
    let service = Arc::new(Service::start(name)?);
    let started = Instant::now();
    let outcomes = run::outcomes(&service, checks);
    let verdict = judge(&outcomes, &gaps);
    for problem in &verdict.problems {
        println!("{name}: {problem}");
    }
    println!(
        "{name} {}: {} of {} kept, {} known gaps, in {} s",
        service.version(),
        verdict.kept,
        outcomes.len(),
        verdict.known,
        Duration::as_secs(&started.elapsed()),
    );
    let (mut kept, mut broken) = (verdict.kept + verdict.known, verdict.problems.len());
    if asked.all {
        let (stayed, times) = dropped::how_often_the_object_stays(&service);
        println!("{name}: {times} saves dropped over an object, which stayed {stayed} times");
        // A race that is lost now and then is in the document, and not in its figure.
        let kept_at_best = outcomes.len() - verdict.certain;
        let found = table::limitations(&service)?;
        let row = table::row(name, service.version(), kept_at_best, &found);
        let is_documented = table::is_documented(&row);
        if !is_documented {
            println!("{name}: docs/s3-services.md has no row that begins so: {row}");
        }
        for holds in [stayed == times, is_documented] {
            kept += usize::from(holds);
            broken += usize::from(!holds);
        }
    }
    Ok((kept, broken))
}

fn of_these_checks(listed: &[Gap], picked: &[Check]) -> Result<Vec<Gap>, String> {
    let all: Vec<&str> = checks().iter().map(Check::name).collect();
    let unknown = of_no_check(listed, &all);
    if let Some(gap) = unknown.first() {
        return Err(format!("{}, a known gap, is no check", gap.check()));
    }
    let of_picked = |gap: &&Gap| picked.iter().any(|check| check.name() == gap.check());
    Ok(listed.iter().filter(of_picked).copied().collect())
}

/// What the words of the command line pick.
struct Asked {
    services: Vec<String>,
    checks: Vec<Check>,
    /// No word picks a check.
    all: bool,
}

impl Asked {
    fn read(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let names = Service::names();
        let (mut services, parts): (Vec<_>, Vec<_>) =
            words.partition(|word| names.contains(&word.as_str()));
        if services.is_empty() {
            services = IN_CI.map(str::to_owned).into();
        }
        let mut picked = checks();
        for part in &parts {
            if !picked.iter().any(|check| check.name().contains(part)) {
                let names = names.join(", ");
                return Err(format!(
                    "{part:?} is no part of a check's name, and no service: {names}"
                ));
            }
        }
        picked.retain(|check| {
            parts.is_empty() || parts.iter().any(|part| check.name().contains(part))
        });
        Ok(Self {
            services,
            checks: picked,
            all: parts.is_empty(),
        })
    }
}
