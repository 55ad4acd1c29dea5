//! Tests that need what not every machine has, such as an interpreter. A developer's machine may
//! lack it; the machine that decides about a change (`CI=true`) may not.

use anyhow::Error;
use libtest_mimic::{Completion, Failed};

/// The body of a `Trial::ignorable_test`: runs with what is needed. Where that is not there, the
/// trial is ignored and says why, or fails if `CI` is `true`.
///
/// # Errors
/// If it is not there and has to be, or as `run`.
pub fn with<T>(
    needed: anyhow::Result<T>,
    run: impl FnOnce(T) -> anyhow::Result<()>,
) -> Result<Completion, Failed> {
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    with_strictness(needed, run, ci)
}

fn with_strictness<T>(
    needed: anyhow::Result<T>,
    run: impl FnOnce(T) -> anyhow::Result<()>,
    strict: bool,
) -> Result<Completion, Failed> {
    match needed {
        Ok(needed) => match run(needed) {
            Ok(()) => Ok(Completion::Completed),
            Err(error) => Err(failed(&error)),
        },
        Err(why) if strict => Err(failed(&why.context("CI=true demands what is not there"))),
        Err(why) => Ok(Completion::ignored_with(format!("{why:#}"))),
    }
}

fn failed(error: &Error) -> Failed {
    format!("{error:#}").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn what_is_missing_is_said() {
        let missing = || Err::<(), _>(anyhow!("no python3"));
        let ignored = with_strictness(missing(), |()| Ok(()), false);
        assert!(
            matches!(ignored, Ok(Completion::Ignored { reason: Some(why) }) if why == "no python3")
        );
        let failed = with_strictness(missing(), |()| Ok(()), true).err();
        let why = failed.expect("it fails").message().unwrap_or_default().to_owned();
        assert!(why.contains("CI=true") && why.contains("no python3"));
    }

    #[test]
    fn a_failure_is_never_ignored() {
        let run = |()| Err(anyhow!("wrong answer"));
        assert!(with_strictness(Ok(()), run, false).is_err());
        assert!(matches!(with_strictness(Ok(()), |()| Ok(()), true), Ok(Completion::Completed)));
    }
}
