//! Each bullet of `systems.md` has a number, and each number a trial. The file is read where it
//! lies.

use std::fs;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet_tests::{needs, supplied};

use super::Section;

/// Compares the numbers of the trials with the bullets.
pub(super) fn trial(sections: &[Section]) -> Trial {
    let numbered = sections.iter().map(|section| {
        let bullets = section.bullets.iter();
        let bullets = bullets.map(|bullet| (bullet.number.clone(), bullet.words));
        (section.heading, bullets.collect::<Vec<_>>())
    });
    let numbered: Vec<_> = numbered.collect();
    Trial::ignorable_test("systems::every_bullet_has_a_number", move || {
        needs::with(text(), |text| {
            let sections = bullets(&text);
            let known = numbered.len();
            ensure!(sections.len() == known, "{} sections", sections.len());
            for ((heading, numbered), section) in numbered.iter().zip(&sections) {
                compare(numbered, section).with_context(|| (*heading).to_owned())?;
            }
            Ok(())
        })
    })
}

fn text() -> anyhow::Result<String> {
    let path = supplied::folder().join("systems.md");
    fs::read_to_string(&path).with_context(|| format!("no {}", path.display()))
}

/// A section's heading and its bullets, each on one line.
struct Read {
    heading: String,
    bullets: Vec<String>,
}

/// The sections behind the introduction.
fn bullets(text: &str) -> Vec<Read> {
    let sections = text.split("\n## ").skip(1);
    let read = sections.map(|section| {
        let (heading, body) = section.split_once('\n').unwrap_or((section, ""));
        let body = format!("\n{body}");
        let bullets = body.split("\n* ").skip(1);
        let line = |bullet: &str| bullet.split_whitespace().collect::<Vec<_>>().join(" ");
        Read { heading: heading.trim().replace('`', ""), bullets: bullets.map(line).collect() }
    });
    read.collect()
}

fn compare(numbered: &[(String, &str)], section: &Read) -> anyhow::Result<()> {
    let Read { heading, bullets } = section;
    for (at, bullet) in bullets.iter().enumerate() {
        let (number, words) =
            numbered.get(at).with_context(|| format!("{heading}: no number: {bullet}"))?;
        let end = number.rsplit('-').next();
        ensure!(end == Some(&*(at + 1).to_string()), "{number} at {bullet}");
        ensure!(bullet.starts_with(words), "{number} is not: {bullet}");
    }
    let (here, there) = (numbered.len(), bullets.len());
    ensure!(here == there, "{heading}: {here} numbers, {there} bullets");
    Ok(())
}
