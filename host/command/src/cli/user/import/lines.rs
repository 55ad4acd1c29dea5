//! Reads a file in batches of lines, on a thread of its own: it may be a terminal.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::thread;

use anyhow::Context as _;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::cli::unreadable;

/// The most lines of a batch.
const LINES: usize = 200;
/// The most bytes of a line, and of a batch before its last line.
const BYTES: usize = 1 << 20;

/// A batch of lines.
#[derive(Default)]
pub(super) struct Batch {
    /// Lines with their numbers, without blank ones; or the reason why a line is unusable.
    pub(super) lines: Vec<(u64, Result<String, &'static str>)>,
    /// The number of the last line that was read, blank or not; 0 if there is none.
    pub(super) last: u64,
}

/// Reads the batches after line `after`. The last one may be an error.
pub(super) fn read(file: &str, after: u64) -> anyhow::Result<Receiver<anyhow::Result<Batch>>> {
    let input: Box<dyn BufRead + Send> = match file {
        "-" => Box::new(BufReader::new(io::stdin())),
        _ => Box::new(BufReader::new(File::open(file).with_context(|| unreadable(file))?)),
    };
    let (sender, receiver) = channel(1);
    let file = file.to_owned();
    thread::spawn(move || {
        if let Err(error) = send(Lines { input, number: 0 }, after, &sender) {
            let error = anyhow::Error::from(error).context(unreadable(&file));
            drop(sender.blocking_send(Err(error)));
        }
    });
    Ok(receiver)
}

fn send(mut lines: Lines, after: u64, sender: &Sender<anyhow::Result<Batch>>) -> io::Result<()> {
    while lines.number < after && lines.skip()? {}
    loop {
        let batch = lines.batch()?;
        if batch.last == 0 || sender.blocking_send(Ok(batch)).is_err() {
            return Ok(());
        }
    }
}

struct Lines {
    input: Box<dyn BufRead + Send>,
    /// The number of the line that was read last; counts from 1.
    number: u64,
}

impl Lines {
    /// Skips a line. Returns `false` at the end of the file.
    fn skip(&mut self) -> io::Result<bool> {
        let passed = self.input.skip_until(b'\n')? > 0;
        self.number += u64::from(passed);
        Ok(passed)
    }

    /// Reads a batch. Its `last` is 0 at the end of the file.
    fn batch(&mut self) -> io::Result<Batch> {
        let mut batch = Batch::default();
        let mut bytes = 0;
        while batch.lines.len() < LINES && bytes < BYTES {
            let Some(line) = self.line()? else {
                break;
            };
            batch.last = self.number;
            let line =
                line.map(|line| line.trim_matches(['\u{feff}', ' ', '\t', '\r', '\n']).to_owned());
            bytes += line.as_ref().map_or(0, String::len);
            if line.as_ref() != Ok(&String::new()) {
                batch.lines.push((self.number, line));
            }
        }
        Ok(batch)
    }

    fn line(&mut self) -> io::Result<Option<Result<String, &'static str>>> {
        let mut bytes = Vec::new();
        let mut start = self.input.by_ref().take(BYTES as u64);
        if start.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        if bytes.len() == BYTES && !bytes.ends_with(b"\n") {
            self.input.skip_until(b'\n')?;
            return Ok(Some(Err("the line is longer than a mebibyte")));
        }
        Ok(Some(String::from_utf8(bytes).map_err(|_| "the line is no UTF-8")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batches(input: Vec<u8>, after: u64) -> Vec<Batch> {
        let (sender, mut receiver) = channel(16);
        let input = Box::new(io::Cursor::new(input));
        send(Lines { input, number: 0 }, after, &sender).unwrap();
        drop(sender);
        std::iter::from_fn(|| receiver.blocking_recv()).map(Result::unwrap).collect()
    }

    #[test]
    fn lines_keep_their_numbers() {
        let [batch] = &batches(b"\xef\xbb\xbf{}\r\n\n\xff\n{\"a\":1}".to_vec(), 0)[..] else {
            panic!("it is one batch");
        };
        let [first, broken, last] = &batch.lines[..] else {
            panic!("{:?}", batch.lines);
        };
        assert_eq!(*first, (1, Ok("{}".to_owned())));
        assert!(matches!(broken, (3, Err(_))), "{broken:?}");
        assert_eq!(*last, (4, Ok("{\"a\":1}".to_owned())));
        assert_eq!(batch.last, 4);
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over() {
        let mut input = vec![b'x'; BYTES + 1];
        input.extend(b"\n{}\n");
        let [batch] = &batches(input, 0)[..] else {
            panic!("it is one batch");
        };
        assert!(batch.lines[0].1.is_err());
        assert_eq!(batch.lines[1], (2, Ok("{}".to_owned())));
    }

    #[test]
    fn batches_are_bounded_and_begin_behind_a_line() {
        let input = "{}\n".repeat(2 * LINES + 1).into_bytes();
        let lasts = |after| {
            let batches = batches(input.clone(), after);
            batches.iter().map(|batch| batch.last).collect::<Vec<_>>()
        };
        assert_eq!(lasts(0), [200, 400, 401]);
        assert_eq!(lasts(399), [401]);
        assert_eq!(lasts(401), [0; 0]);
        assert_eq!(lasts(500), [0; 0]);
    }
}
