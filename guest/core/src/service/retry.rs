//! A client at work. A commit that was refused as stale starts again from the admission, a bounded number of times.

use std::borrow::Borrow;

use super::Session;
use crate::auth::{self, Admission};
use crate::error::{Error, ErrorKind};
use crate::limits;
use crate::port::{Origin, Ports};

/// A client and what it was let in with last.
pub struct RetryingSession<'a> {
    ports: Ports<'a>,
    origin: &'a Origin,
    authorization: Option<&'a str>,
    admission: Admission,
    retries: usize,
}

impl<'a> RetryingSession<'a> {
    /// Lets a client in.
    pub fn begin(
        ports: &Ports<'a>,
        origin: &'a Origin,
        authorization: Option<&'a str>,
    ) -> Result<Self, Error> {
        let mut admission = auth::admit(ports, origin, authorization)?;
        auth::note_use(ports, &mut admission);
        Ok(Self { ports: *ports, origin, authorization, admission, retries: limits::ATTEMPTS })
    }

    /// Goes on from a session with steps of their own attempts, and at the most so many retries of all of them together.
    #[must_use]
    pub fn resume(session: &Session<'a>, retries: usize) -> Self {
        Self {
            ports: session.ports,
            origin: session.origin,
            authorization: session.authorization,
            admission: session.admission.clone(),
            retries,
        }
    }

    /// Runs something that commits once at the most, until it is not stale.
    pub fn attempts<T, E: Borrow<Error> + From<Error>>(
        &mut self,
        mut run: impl FnMut(&Session<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        for _ in 1..limits::ATTEMPTS {
            let outcome = run(&self.session());
            let error = outcome.as_ref().err().map(Borrow::borrow);
            let is_stale = error.is_some_and(|error| error.kind == ErrorKind::Stale);
            if !is_stale || self.retries == 0 {
                return outcome;
            }
            self.renew()?;
        }
        run(&self.session())
    }

    /// What the use cases work with until the next renewal.
    #[must_use]
    pub fn session(&self) -> Session<'_> {
        Session {
            ports: self.ports,
            origin: self.origin,
            authorization: self.authorization,
            admission: &self.admission,
        }
    }

    fn renew(&mut self) -> Result<(), Error> {
        self.retries = self.retries.saturating_sub(1);
        self.admission = auth::admit(&self.ports, self.origin, self.authorization)?;
        Ok(())
    }
}
