//! A search bound to one resource type: the query for the store, and the evaluation here.

use super::super::expand::Expansion;
use super::super::{Session, nesting};
use super::errors::too_many;
use super::matches::{Match, MatchBuffer, found, order};
use super::search::Search;
use crate::cursor::{Binding, BoundQuery};
use crate::error::{Error, ErrorKind};
use crate::filter::Filter;
use crate::index::{self, Pushed};
use crate::limits;
use crate::port::Level;
use crate::predicate::{self, Predicate};
use crate::projection::Projection;
use crate::resource::Resource;
use crate::resource_type::ResourceType;
use crate::sort::Sort;
use crate::store::{Hit, Key, Order, Page, Query, Window};

/// A search bound to a resource type.
pub(super) struct Plan<'a> {
    session: &'a Session<'a>,
    pub resource_type: &'a ResourceType,
    /// The kind under which the store keeps the resources.
    kind: String,
    predicate: Predicate,
    pub pushed: Pushed,
    pub sort: Option<Sort>,
    /// The order for the store; `None` if it cannot sort so, or need not.
    pub order: Option<Order>,
    /// Whether each resource needs its sort key, because other types are sorted together with this
    /// one.
    keyed: bool,
    /// The relations and mirrors that predicate and order read.
    reads: Projection,
}

impl<'a> Plan<'a> {
    /// `root` says that the search covers all types: attributes that a type does not have then
    /// count as without a value.
    pub fn new(
        session: &'a Session<'a>,
        resource_type: &'a ResourceType,
        filter: Option<&Filter>,
        search: &Search,
        root: bool,
    ) -> Result<Self, Error> {
        let predicate = match filter {
            Some(filter) if root => predicate::bind_leniently(filter, resource_type)?,
            Some(filter) => predicate::bind(filter, resource_type)?,
            None => Predicate::All(Vec::new()),
        };
        let predicate = predicate.of_type(resource_type.name());
        check_mirrors(session, resource_type, &predicate)?;
        let complete = session.admission.index.complete(resource_type.name());
        let nested = nesting::within(session, resource_type, &predicate)?;
        let pushed = index::push(&predicate, resource_type, complete, &nested);
        if pushed.unserved > limits::FILTER_UNSERVED {
            let detail = format!(
                "the filter has {} terms that no index serves; there may be {}",
                pushed.unserved,
                limits::FILTER_UNSERVED
            );
            return Err(Error::new(ErrorKind::TooMany, detail));
        }
        let sort = match &search.sort_by {
            Some(path) => Sort::bind(path, search.descending, resource_type)?,
            None => None,
        };
        let order = sort.as_ref().and_then(|sort| {
            let path = index::order(&sort.field, resource_type, complete)?;
            Some(Order { path, descending: sort.descending })
        });
        Ok(Self {
            session,
            resource_type,
            kind: resource_type.name().to_owned(),
            reads: reads(&predicate, sort.as_ref()),
            keyed: root && sort.is_some(),
            predicate,
            pushed,
            sort,
            order,
        })
    }

    /// Returns this search among resources of the type that the store keeps under another kind.
    pub fn of_kind(self, kind: String) -> Self {
        Self { kind, ..self }
    }

    /// Returns whether no resource of the type can match.
    pub fn is_never(&self) -> bool {
        self.predicate.constant() == Some(false)
    }

    /// Returns whether the order can only be made here.
    pub fn is_sorted_here(&self) -> bool {
        self.sort.is_some() && self.order.is_none()
    }

    /// Evaluates a filter that requires one id, for which only that entry is read; `None` for other
    /// filters.
    pub fn named(&self) -> Result<Option<Vec<Match>>, Error> {
        let Some(id) = self.predicate.named_id() else {
            return Ok(None);
        };
        let found = self.session.entries(&[Key::new(self.kind.clone(), id)])?;
        let hits = found.into_iter().flatten();
        let page = Page {
            hits: hits.map(|entry| Hit { entry, position: String::new() }).collect(),
            total: None,
            exact: false,
            ordered: false,
        };
        self.journal("by id");
        let judged = self.filtered(page, true)?.into_iter();
        Ok(Some(judged.filter_map(|(found, _)| found).collect()))
    }

    /// Returns how many match, and `count` of them beginning at `offset`. There are fewer if a page
    /// of them would be full, unless `all` are wanted.
    pub fn part(&self, offset: u64, count: usize, all: bool) -> Result<(u64, Vec<Match>), Error> {
        if self.is_never() {
            return Ok((0, Vec::new()));
        }
        let mut all = match self.named()? {
            Some(found) => found,
            None => match self.direct(offset, count, all)? {
                Some(part) => return Ok(part),
                None => self.scanned()?.ok_or_else(too_many)?,
            },
        };
        if let Some(Sort { descending, .. }) = self.sort {
            order(&mut all, &|a, b| a.compare(b, descending));
        }
        let total = u64::try_from(all.len()).unwrap_or(u64::MAX);
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        Ok((total, all.into_iter().skip(offset).take(count).collect()))
    }

    /// Returns the part as found by the store; `None` if the store cannot determine it.
    fn direct(
        &self,
        offset: u64,
        count: usize,
        all: bool,
    ) -> Result<Option<(u64, Vec<Match>)>, Error> {
        if self.pushed.weakened || self.is_sorted_here() {
            return Ok(None);
        }
        let limit = |left: usize| u32::try_from(left.min(limits::PAGE_MAX)).unwrap_or(u32::MAX);
        let mut page = self.find(Window::Offset(offset), limit(count), true)?;
        let total = match page.total {
            Some(total) if self.is_exact(&page) && self.is_ordered(&page) => total,
            _ => return Ok(None),
        };
        self.journal("by the store");
        let mut held = MatchBuffer::default();
        loop {
            let last = page.hits.last().map(|hit| hit.position.clone());
            held.add(self.filtered(page, self.keyed)?);
            let found = held.found.len();
            let known = offset.saturating_add(u64::try_from(found).unwrap_or(u64::MAX));
            match last {
                Some(last) if found < count && known < total && (all || !held.is_full()) => {
                    page = self.find(Window::After(last), limit(count - found), false)?;
                }
                _ => return Ok(Some((total, held.found))),
            }
        }
    }

    /// Returns all matches in the order of creation, by reading everything that the store returns;
    /// `None` if that is more than [`limits::SCAN_ENTRIES`].
    pub fn scanned(&self) -> Result<Option<Vec<Match>>, Error> {
        let (mut held, mut read) = (MatchBuffer::default(), 0usize);
        let mut window = Window::Offset(0);
        let is_complete = loop {
            let page = self.unordered(window, limits::SCAN_PAGE, false)?;
            let last = page.hits.last().map(|hit| hit.position.clone());
            let is_last = page.is_last(limits::SCAN_PAGE);
            read = read.saturating_add(page.hits.len());
            held.add(self.filtered(page, self.sort.is_some())?);
            match last {
                Some(_) if !is_last && read >= limits::SCAN_ENTRIES => break false,
                Some(position) if !is_last => window = Window::After(position),
                _ => break true,
            }
        };
        self.journal(&format!("by a scan of {read}"));
        Ok(is_complete.then_some(held.found))
    }

    /// Returns how many match; `None` if the store does not know and counting would require too
    /// much reading.
    pub fn total(&self) -> Result<Option<u64>, Error> {
        if self.is_never() {
            return Ok(Some(0));
        }
        let count = |found: Vec<Match>| u64::try_from(found.len()).unwrap_or(u64::MAX);
        if let Some(found) = self.named()? {
            return Ok(Some(count(found)));
        }
        if !self.pushed.weakened {
            let page = self.unordered(Window::Offset(0), 0, true)?;
            if self.is_exact(&page) && page.total.is_some() {
                return Ok(page.total);
            }
        }
        Ok(self.scanned()?.map(count))
    }

    /// Returns each hit of a page with its position, and its match if it matches. Hits are
    /// evaluated if the store's result may be inexact, or if `must` is set.
    pub fn filtered(&self, page: Page, must: bool) -> Result<Vec<(Option<Match>, String)>, Error> {
        let evaluate = must || !self.is_exact(&page);
        if !evaluate {
            let hits = page.hits.into_iter();
            let found = |hit: Hit| (Some(found(hit.entry, None)), hit.position);
            return Ok(hits.map(found).collect());
        }
        let keys = page.hits.iter().map(|hit| hit.entry.key.clone());
        let mut related =
            Expansion::whole(self.session, self.resource_type, keys.collect(), &self.reads);
        let base = &self.session.origin.base_url;
        let judge = |Hit { entry, position }| {
            let shown = Resource::read(&entry)?.shown(self.resource_type, base, related.values()?);
            let key = self.sort.as_ref().and_then(|sort| sort.key(&shown));
            let holds = self.predicate.holds(&shown);
            Ok((holds.then(|| found(entry, key)), position))
        };
        page.hits.into_iter().map(judge).collect()
    }

    /// Reads one page in an order that the store can make.
    pub fn find(&self, window: Window, limit: u32, count: bool) -> Result<Page, Error> {
        self.ask(window, limit, count, self.order.clone())
    }

    fn unordered(&self, window: Window, limit: u32, count: bool) -> Result<Page, Error> {
        self.ask(window, limit, count, None)
    }

    fn ask(
        &self,
        window: Window,
        limit: u32,
        count: bool,
        order: Option<Order>,
    ) -> Result<Page, Error> {
        let query = Query {
            kind: self.kind.clone(),
            filter: self.pushed.nodes.clone(),
            order,
            window,
            limit,
            count,
        };
        Ok(self.session.ports.store.find(query)?)
    }

    /// Returns whether all hits of the page match.
    pub fn is_exact(&self, page: &Page) -> bool {
        !self.pushed.weakened && (page.exact || self.pushed.nodes.is_empty())
    }

    /// Returns whether the hits of the page are in order.
    pub fn is_ordered(&self, page: &Page) -> bool {
        page.ordered || self.order.is_none()
    }

    /// Returns whether hits that the store evaluated still need their sort keys.
    pub fn is_keyed(&self) -> bool {
        self.keyed
    }

    /// Binds a cursor to the query, as it is evaluated here and as the store gets it.
    pub fn bind(&self, cursor: &mut Binding) {
        cursor.add(&BoundQuery {
            kind: &self.kind,
            predicate: &self.predicate,
            sort: self.sort.as_ref(),
            order: self.order.as_ref(),
            nodes: &self.pushed.nodes,
        });
    }

    /// Writes to the journal how the query was answered.
    pub fn journal(&self, how: &str) {
        let weakened = if self.pushed.weakened { ", weakened" } else { "" };
        let nodes = self.pushed.nodes.len();
        let text = format!(
            "{} answered {how}; {nodes} filter nodes pushed down{weakened}",
            self.resource_type.name()
        );
        self.session.note(Level::Debug, "query", &text);
    }
}

/// Refuses filters on mirrors that the client's scopes do not let it see, since results would
/// reveal them.
fn check_mirrors(
    session: &Session<'_>,
    resource_type: &ResourceType,
    predicate: &Predicate,
) -> Result<(), Error> {
    let mut names = Vec::new();
    predicate.reads(&mut names);
    let mirrors = names.iter().filter_map(|name| resource_type.mirror(&name.parse().ok()?));
    match mirrors.into_iter().find(|mirror| !session.sees_mirror(&mirror.relation)) {
        None => Ok(()),
        Some(mirror) => {
            let detail = format!("the credential's scopes do not reach `{}`", mirror.attribute);
            Err(Error::new(ErrorKind::Forbidden, detail))
        }
    }
}

fn reads(predicate: &Predicate, sort: Option<&Sort>) -> Projection {
    let mut names = Vec::new();
    predicate.reads(&mut names);
    names.extend(sort.and_then(|sort| sort.field.steps.first().cloned()));
    let paths = names.iter().filter_map(|name| name.parse().ok()).collect();
    Projection { attributes: Some(paths), ..Projection::default() }
}
