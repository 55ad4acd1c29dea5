//! Requests of a client with retries. After a commit that was refused as stale, the request starts
//! again from the admission, a limited number of times.

use std::borrow::Borrow;

use super::Session;
use crate::auth::{self, Admission};
use crate::error::{Error, ErrorKind};
use crate::limits;
use crate::port::{Origin, Ports};

/// An authenticated client and its current admission, renewed when a commit is stale.
pub struct RetryingSession<'a> {
    ports: Ports<'a>,
    origin: &'a Origin,
    authorization: Option<&'a str>,
    admission: Admission,
    retries: usize,
}

impl<'a> RetryingSession<'a> {
    /// Admits a client.
    ///
    /// # Errors
    /// 401 without a valid credential; 503 if the store is unavailable.
    pub fn begin(
        ports: &Ports<'a>,
        origin: &'a Origin,
        authorization: Option<&'a str>,
    ) -> Result<Self, Error> {
        let mut admission = auth::admit(ports, origin, authorization)?;
        auth::note_use(ports, &mut admission);
        Ok(Self { ports: *ports, origin, authorization, admission, retries: limits::ATTEMPTS })
    }

    /// Continues from a session whose steps each have their own attempts, with at most `retries`
    /// retries of all steps together.
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

    /// Runs a function that commits at most once, until its commit is not stale.
    ///
    /// # Errors
    /// The function's error, which is stale if all attempts were; 401 if the client is no longer
    /// admitted.
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

    /// Returns the session for use cases until the next renewal.
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
