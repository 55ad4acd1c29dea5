//! The ListResponse: RFC 7644 section 3.4.2. It is written resource by resource, and ends before it
//! becomes too large: a page may have fewer resources than requested (RFC 7644 section 3.4.2.4, RFC
//! 9865 section 2), but at least one, so that every list ends.

use serde_json::{Value, json};

use super::matches::Match;
use super::plan::Plan;
use crate::error::Error;
use crate::projection::Projection;
use crate::resource::Resource;
use crate::schema::Content;
use crate::service::expand::Expansion;
use crate::service::{Session, represent};
use crate::store::{Entry, Key};
use crate::{json, limits, urn};

/// How many entries are read again per call.
const READ_AGAIN: usize = 20;

/// A ListResponse that is being written.
pub(super) struct List {
    text: Vec<u8>,
    /// How many resources it contains.
    shown: usize,
}

impl List {
    /// Begins a ListResponse without resources.
    pub fn begin() -> Self {
        Self { text: b"{\"Resources\":[".to_vec(), shown: 0 }
    }

    /// Writes resources, each projected by its own type's schemas, until the page is full. Each
    /// comes with the index of its type's plan. Returns how many have been processed; those that no
    /// longer exist are not written.
    pub fn show<'b>(
        &mut self,
        session: &Session<'b>,
        bounds: &[Plan<'b>],
        mut found: Vec<(usize, Match)>,
        projection: &Projection,
    ) -> Result<usize, Error> {
        let related = |(rank, bound): (usize, &Plan<'b>)| {
            let own = found.iter().filter(|(resource_type, _)| *resource_type == rank);
            let keys = own.map(|(_, found)| found.at.clone()).collect();
            (Expansion::new(session, bound.resource_type, keys, projection), bound.resource_type)
        };
        let mut types: Vec<_> = bounds.iter().enumerate().map(related).collect();
        let mut read = 0;
        let mut passed = 0;
        while !self.is_full(read) {
            let (_, rest) = found.split_at_mut(passed);
            if rest.first().is_some_and(|(_, next)| next.entry.is_none()) {
                read_again(session, rest)?;
            }
            let Some((rank, next)) = rest.first_mut() else {
                break;
            };
            passed += 1;
            let Some((related, resource_type)) = types.get_mut(*rank) else {
                continue;
            };
            let Some(entry) = next.entry.take() else {
                related.pass();
                continue;
            };
            if self.shown > 0 {
                self.text.push(b',');
            }
            let (resource, before) = (Resource::from_entry(entry)?, related.read);
            let out = (&mut *related, &mut self.text);
            represent::write(session, resource_type, resource, projection, None, out)?;
            read += related.read - before;
            self.shown += 1;
        }
        Ok(passed)
    }

    /// Returns whether the page is full.
    fn is_full(&self, read: usize) -> bool {
        self.shown > 0 && (self.text.len() >= limits::PAGE_BYTES || read >= limits::PAGE_LINKS)
    }

    /// Returns the text, with the other members of the response.
    pub fn end(mut self, mut head: Content) -> Result<String, Error> {
        head.insert("schemas".into(), json!([urn::LIST_RESPONSE]));
        head.insert("itemsPerPage".into(), self.shown.into());
        self.text.push(b']');
        let begun = self.text.len();
        json::write(&mut self.text, &Value::Object(head))?;
        // The other members continue the object that contains the resources.
        if let Some(brace) = self.text.get_mut(begun) {
            *brace = b',';
        }
        json::text(self.text)
    }
}

/// Reads some of the entries that were not held.
fn read_again(session: &Session<'_>, found: &mut [(usize, Match)]) -> Result<(), Error> {
    let unread = |(_, found): &&mut (usize, Match)| found.entry.is_none();
    let mut unread: Vec<_> = found.iter_mut().filter(unread).take(READ_AGAIN).collect();
    let keys: Vec<Key> = unread.iter().map(|(_, found)| found.at.clone()).collect();
    let entries: Vec<Option<Entry>> = session.entries(&keys)?;
    for ((_, found), entry) in unread.iter_mut().zip(entries) {
        found.entry = entry;
    }
    Ok(())
}
