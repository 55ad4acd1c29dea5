//! The log on stderr: each event is one line of limited length. It has no colours, so that any
//! escape sequence in it can only come from untrusted text and is escaped.

use std::io::{self, Write, stderr};

use scimlet::escape;
use tracing_subscriber::EnvFilter;

/// The most bytes of a line, including the mark of a cut.
const LINE_BYTES: usize = 8 << 10;
/// Bytes reserved for the mark of a line that is cut.
const MARK_BYTES: usize = 64;

/// Processes that share the cache of compiled code get into each other's way when they clean it up,
/// and wasmtime warns of that although nothing is lost.
const CACHE: &str = "wasmtime_internal_cache=error";

/// Starts logging at this level, unless RUST_LOG says otherwise.
pub(super) fn start(level: &str) {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new(format!("{level},{CACHE}")));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| Lines).with_ansi(false).init();
}

/// A writer that receives one event per call.
struct Lines;

impl Write for Lines {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        stderr().write_all(line(&String::from_utf8_lossy(event)).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        stderr().flush()
    }
}

/// Returns the line of an event, including its line break.
fn line(event: &str) -> String {
    let text = escape::line(event.trim_end_matches('\n'));
    if text.len() < LINE_BYTES {
        return format!("{text}\n");
    }
    let cut = text.floor_char_boundary(LINE_BYTES - MARK_BYTES);
    format!("{}… (cut: {} bytes more)\n", &text[..cut], text.len() - cut)
}

#[cfg(test)]
mod tests {
    use super::{LINE_BYTES, line};

    #[test]
    fn an_event_is_one_line_of_bounded_length() {
        assert_eq!(line("a\u{1b}b\nc\n"), "a\\u{1b}b\\nc\n");
        for (length, is_cut) in [(LINE_BYTES - 1, false), (LINE_BYTES, true), (1 << 20, true)] {
            for text in ["a", "ä", "\u{1b}"] {
                let text: String = text.repeat(length).chars().take(length / text.len()).collect();
                let line = line(&text);
                assert!(line.len() <= LINE_BYTES, "{length}");
                assert!(line.ends_with('\n') && line.lines().count() == 1);
                let is_whole = line.trim_end() == text;
                assert!(text.contains('\u{1b}') || is_whole != is_cut);
            }
        }
    }
}
