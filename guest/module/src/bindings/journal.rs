//! `wit/journal.wit`.

use super::sent;

sent! {
    pub enum Level {
        Debug,
        Info,
        Warn,
        Error,
    }

    pub struct Note {
        pub level: Level,
        pub topic: String,
        pub text: String,
    }

    struct Written<'a> {
        note: &'a Note,
    }
}

pub fn write(note: &Note) {
    // Nothing follows from the answer.
    crate::import::tell("journal.write", &Written { note });
}
