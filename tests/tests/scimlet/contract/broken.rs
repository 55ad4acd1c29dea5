//! Stores that break one rule of the contract each.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use scimlet::store::{
    Committed, Direction, Key, Link, Page, Query, Refusal, Rejection, Store, StoreDecorator, Write,
};

/// Breaks a store.
pub type Breaking = fn(Arc<dyn Store>) -> Arc<dyn Store>;

/// Faults by name, each with how the sentence begins that says it.
pub const BROKEN: [(&str, Breaking, &str); 5] = [
    ("no_uniqueness", |of| breaking(of, Fault::NoUniqueness), "unique: a unique term is taken"),
    ("lost_versions", |of| breaking(of, Fault::LostVersions), "get_commit: wrong versions are"),
    ("half_commits", |of| breaking(of, Fault::HalfCommits), "get_commit: a refused commit leaves"),
    ("lost_results", |of| breaking(of, Fault::LostResults), "find: combinations nest"),
    ("links_at_one_end", |of| breaking(of, Fault::LinksStay), "unlinking: removing takes links at"),
];

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    NoUniqueness,
    LostVersions,
    HalfCommits,
    LostResults,
    LinksStay,
}

struct Broken {
    inner: Arc<dyn Store>,
    fault: Fault,
    /// Links to entries that were removed.
    left: Mutex<BTreeSet<(Key, Key)>>,
}

fn breaking(inner: Arc<dyn Store>, fault: Fault) -> Arc<dyn Store> {
    Arc::new(Broken { inner, fault, left: Mutex::default() })
}

#[async_trait]
impl StoreDecorator for Broken {
    type Inner = dyn Store;

    fn inner(&self) -> &dyn Store {
        &*self.inner
    }

    fn wrap(&self, snapshot: Arc<dyn Store>) -> Arc<dyn Store> {
        breaking(snapshot, self.fault)
    }

    async fn find(&self, query: Query) -> Result<Page, Refusal> {
        let is_filtered = !query.filter.is_empty();
        let mut page = self.inner.find(query).await?;
        if self.fault == Fault::LostResults && is_filtered {
            page.hits.pop();
        }
        Ok(page)
    }

    async fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal> {
        let found = self.inner.has(links.clone()).await?;
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let is_left = |link: &Link| left.contains(&(link.source.clone(), link.target.clone()));
        Ok(found.into_iter().zip(&links).map(|(found, link)| found || is_left(link)).collect())
    }

    async fn commit(
        &self,
        at: u64,
        actor: String,
        mut writes: Vec<Write>,
    ) -> Result<Committed, Rejection> {
        for write in &mut writes {
            match self.fault {
                Fault::NoUniqueness => not_unique(write),
                Fault::LostVersions => self.of_any_version(write).await,
                Fault::LinksStay => self.keep_links(write).await,
                Fault::HalfCommits | Fault::LostResults => {}
            }
        }
        let done = self.inner.commit(at, actor.clone(), writes.clone()).await;
        if let (Fault::HalfCommits, Err(rejection)) = (self.fault, &done) {
            // As a store without transactions does, which goes from write to write.
            writes.truncate(rejection.write as usize);
            for write in writes {
                drop(self.inner.commit(at, actor.clone(), vec![write]).await);
            }
        }
        done
    }
}

fn not_unique(write: &mut Write) {
    let terms = match write {
        Write::Insert(draft) => &mut draft.terms,
        Write::Replace(replacement) => &mut replacement.draft.terms,
        _ => return,
    };
    terms.iter_mut().for_each(|term| term.unique = false);
}

impl Broken {
    /// Lets a replacement and an expectation be of the version that there is.
    async fn of_any_version(&self, write: &mut Write) {
        let (key, version) = match write {
            Write::Replace(of) => (&of.draft.key, &mut of.version),
            Write::Expect(of) => (&of.key, &mut of.version),
            Write::Remove(of) => {
                of.version = None;
                return;
            }
            _ => return,
        };
        if let Ok(found) = self.inner.get(vec![key.clone()]).await
            && let Some(entry) = found.into_iter().next().flatten()
        {
            *version = entry.version;
        }
    }

    async fn keep_links(&self, write: &Write) {
        let Write::Remove(removal) = write else { return };
        let asked = vec![removal.key.clone()];
        let pages = self.inner.links(asked, "members".into(), Direction::Incoming, None, 100).await;
        let links = pages.into_iter().flatten().flat_map(|page| page.links);
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.extend(links.map(|link| (link.source, link.target)));
    }
}
