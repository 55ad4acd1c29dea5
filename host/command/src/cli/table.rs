//! Tables for people.

use scimlet::escape;

/// Formats columns under headings, two spaces apart. No line has trailing spaces, and the last one
/// no line break.
pub(super) fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let mut lines = vec![headings.map(str::to_owned)];
    let plain = |cell: &String| escape::line(cell).into_owned();
    lines.extend(rows.iter().map(|row| row.each_ref().map(plain)));
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
    let widths: [usize; N] = std::array::from_fn(|column| width(column).unwrap_or(0));
    let padded = |line: &[String; N]| {
        let cells = line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines.iter().map(padded).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn columns_line_up() {
        let rows = [["äcme".to_owned(), "1".to_owned()], ["b".to_owned(), String::new()]];
        assert_eq!(table(["NAME", "N"], &rows), "NAME  N\näcme  1\nb");
        let rows = [["a\nb".to_owned(), "1".to_owned()]];
        assert_eq!(table(["NAME", "N"], &rows), "NAME  N\na\\nb  1");
    }
}
