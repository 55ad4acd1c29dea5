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

/// Returns the lines that are too wide.
pub(super) fn wide_lines(sources: &[(String, String)]) -> Vec<String> {
    let is_wide = |line: &str, _: &str| line.chars().count() > WIDTH;
    lines(sources, "is wider than 100", is_wide)
}

/// Returns the doc comments whose first words refer to something that is not there.
pub(super) fn beginnings(sources: &[(String, String)]) -> Vec<String> {
    let is_reference = |line: &str, before: &str| {
        let begins = |text: &str| BEGINNINGS.iter().any(|words| text.starts_with(words));
        doc(line).is_some_and(begins) && doc(before).is_none()
    };
    lines(sources, "does not stand alone", is_reference)
}

/// Returns the text of a line of a doc comment; `None` for other lines.
fn doc(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let text = line.strip_prefix("///").or(line.strip_prefix("//!"))?;
    Some(text.trim_start())
}

/// Returns the file, the rule, the number and the text of each line that `is_found` finds, given
/// that line and the one before it.
fn lines(
    sources: &[(String, String)],
    rule: &str,
    is_found: impl Fn(&str, &str) -> bool,
) -> Vec<String> {
    let mut found = Vec::new();
    for (name, text) in sources {
        let mut before = "";
        for (number, line) in (1..).zip(text.lines()) {
            if is_found(line, before) {
                found.push(format!("{name} {rule}: {number}: {}", line.trim()));
            }
            before = line;
        }
    }
    found
}
