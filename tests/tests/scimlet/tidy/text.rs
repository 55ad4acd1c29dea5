//! The width of lines, and how doc comments begin.

/// The most characters of a line, comments included.
const WIDTH: usize = 100;

/// Beginnings that do not stand alone, in rustdoc or on hover, where nothing is above the comment.
const BEGINNINGS: [&str; 9] = [
    "The same ",
    "As above",
    "As sent",
    "As [",
    "The reverse",
    "What ",
    "Who ",
    "Whoever ",
    "Whether nobody ",
];

/// The lines that break a rule all the same, by folder or file: how many are too wide, and how many
/// begin a doc comment so. The numbers may only fall.
const EXCEPTIONS: [(&str, usize, usize); 2] = [("guest/core/", 17, 0), ("tests/", 91, 142)];

/// Returns the lines that are too wide.
pub(super) fn wide_lines(sources: &[(String, String)]) -> Vec<String> {
    let is_wide = |line: &str, _: &str| line.chars().count() > WIDTH;
    let findings = lines(sources, is_wide);
    beyond(findings, "is wider than 100", |(_, wide, _)| wide)
}

/// Returns the doc comments whose first words refer to something that is not there.
pub(super) fn beginnings(sources: &[(String, String)]) -> Vec<String> {
    let is_reference = |line: &str, before: &str| {
        let begins = |text: &str| BEGINNINGS.iter().any(|words| text.starts_with(words));
        doc(line).is_some_and(begins) && doc(before).is_none()
    };
    let findings = lines(sources, is_reference);
    beyond(findings, "does not stand alone", |(.., begin)| begin)
}

/// Returns the text of a line of a doc comment; `None` for other lines.
fn doc(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let text = line.strip_prefix("///").or(line.strip_prefix("//!"))?;
    Some(text.trim_start())
}

/// Returns file, number and text of the lines that `is_found` finds, given each line and the one
/// before it.
fn lines(
    sources: &[(String, String)],
    is_found: impl Fn(&str, &str) -> bool,
) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (name, text) in sources {
        let mut before = "";
        for (number, line) in (1..).zip(text.lines()) {
            if is_found(line, before) {
                found.push((name.clone(), format!("{number}: {}", line.trim())));
            }
            before = line;
        }
    }
    found
}

/// Returns the findings without those of folders that have no more than their exceptions.
fn beyond(
    mut findings: Vec<(String, String)>,
    rule: &str,
    allowed: impl Fn((&str, usize, usize)) -> usize,
) -> Vec<String> {
    for exception in EXCEPTIONS {
        let is_in = |finding: &&(String, String)| finding.0.starts_with(exception.0);
        if findings.iter().filter(is_in).count() <= allowed(exception) {
            findings.retain(|finding| !is_in(&finding));
        }
    }
    let text = |(name, line)| format!("{name} {rule}: {line}");
    findings.into_iter().map(text).collect()
}
