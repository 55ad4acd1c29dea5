//! GET and search of many: RFC 7644 section 3.4.2. The store is asked for one page; where it cannot evaluate the filter or the order
//! itself, entries are read in bounded number and evaluated here.

use serde_json::{Value, json};

use super::{Session, related, walk};
use crate::error::{Error, ErrorKind};
use crate::filter::{AttrPath, Filter};
use crate::index::{self, Pushed};
use crate::page::Paging;
use crate::port::Level;
use crate::predicate::{self, Predicate};
use crate::projection::Projection;
use crate::resource::Resource;
use crate::resource_type::ResourceType;
use crate::schema::Content;
use crate::sort::{Sort, SortKey};
use crate::store::{Entry, Key, Page, Query, Window};
use crate::{limits, urn};

/// What is searched for (RFC 7644 section 3.4.3).
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// The filter's text.
    pub filter: Option<String>,
    /// What to sort by.
    pub sort_by: Option<AttrPath>,
    /// Whether the order is reversed.
    pub descending: bool,
    /// As the client gave it.
    pub start_index: Option<i64>,
    /// As the client gave it.
    pub count: Option<i64>,
    /// Which attributes the answer is to hold.
    pub projection: Projection,
}

/// The ListResponse for the resources of a type that match.
pub fn query(session: &Session<'_>, of: &ResourceType, search: &Search) -> Result<Value, Error> {
    let bound = Bound::new(session, of, search)?;
    let found = match bound.named()? {
        Some(found) => Some(found),
        None => bound.direct()?,
    };
    let (total, resources) = found.map_or_else(|| bound.scanned(), Ok)?;
    let computed = related::shown(session, of, &resources, &search.projection)?;
    let show = |(resource, computed): (&Resource, Content)| {
        let mut shown = resource.shown(of, &session.origin.base_url, computed);
        search.projection.apply(of, &mut shown);
        shown
    };
    let shown: Vec<Content> = resources.iter().zip(computed).map(show).collect();
    Ok(json!({
        "schemas": [urn::LIST_RESPONSE],
        "totalResults": total,
        "startIndex": bound.paging.start_index,
        "itemsPerPage": shown.len(),
        "Resources": shown,
    }))
}

/// A search bound to a resource type.
struct Bound<'a> {
    session: &'a Session<'a>,
    of: &'a ResourceType,
    predicate: Predicate,
    pushed: Pushed,
    sort: Option<Sort>,
    /// What the store is to order by; `None` where it cannot, or need not.
    order: Option<(String, bool)>,
    paging: Paging,
    /// Which relations and mirrors the predicate looks at.
    reads: Projection,
}

impl<'a> Bound<'a> {
    fn new(session: &'a Session<'a>, of: &'a ResourceType, search: &Search) -> Result<Self, Error> {
        let predicate = match &search.filter {
            Some(text) => bind(text, of)?,
            None => Predicate::All(Vec::new()),
        };
        let complete = session.admission.index.complete(of.name());
        let nested = walk::within(session, of, &predicate)?;
        let pushed = index::push(&predicate, of, complete, &nested);
        let sort = search
            .sort_by
            .as_ref()
            .map(|path| Sort::bind(path, search.descending, of));
        let sort = sort.transpose()?;
        let order = sort.as_ref().and_then(|sort| {
            index::order(&sort.field, of, complete).map(|path| (path, sort.descending))
        });
        let mut reads = Vec::new();
        predicate.reads(&mut reads);
        let reads = reads.iter().filter_map(|name| name.parse().ok()).collect();
        let reads = Projection {
            attributes: Some(reads),
            ..Projection::default()
        };
        let paging = Paging::new(search.start_index, search.count);
        Ok(Self {
            session,
            of,
            predicate,
            pushed,
            sort,
            order,
            paging,
            reads,
        })
    }

    /// A filter that names one id needs that entry alone; `None` for other filters.
    fn named(&self) -> Result<Option<(u64, Vec<Resource>)>, Error> {
        let Some(id) = self.predicate.named_id() else {
            return Ok(None);
        };
        let key = Key::new(self.of.name(), id);
        let entry = self
            .session
            .ports
            .store
            .get(vec![key])?
            .into_iter()
            .next()
            .flatten();
        let page = Page {
            hits: entry
                .map(|entry| (entry, String::new()))
                .into_iter()
                .collect(),
            total: None,
            exact: false,
            ordered: false,
        };
        self.journal("by id");
        Ok(Some(self.paged(self.matching(page)?)))
    }

    /// One page as the store found it; `None` if it does not know which resources are on it.
    fn direct(&self) -> Result<Option<(u64, Vec<Resource>)>, Error> {
        if self.pushed.weakened || self.sort.is_some() != self.order.is_some() {
            return Ok(None);
        }
        let limit = u32::try_from(self.paging.count).unwrap_or(u32::MAX);
        let page = self.find(Window::Offset(self.paging.offset()), limit, true)?;
        let total = match page.total {
            Some(total) if page.exact && (page.ordered || self.order.is_none()) => total,
            _ => return Ok(None),
        };
        self.journal("by the store");
        let resources = page
            .hits
            .into_iter()
            .map(|(entry, _)| Resource::from_entry(entry));
        Ok(Some((total, resources.collect::<Result<_, _>>()?)))
    }

    /// Everything that the store returns, evaluated here.
    fn scanned(&self) -> Result<(u64, Vec<Resource>), Error> {
        self.journal("by a scan");
        let mut found = Vec::new();
        let mut window = Window::Offset(0);
        let mut read = 0;
        loop {
            let page = self.find(window, limits::SCAN_PAGE, false)?;
            read += page.hits.len();
            let last = page.hits.last().map(|(_, position)| position.clone());
            let full = u32::try_from(page.hits.len()).is_ok_and(|n| n >= limits::SCAN_PAGE);
            found.extend(self.matching(page)?);
            match last {
                Some(position) if full => window = Window::After(position),
                _ => break,
            }
            if read >= limits::SCAN_ENTRIES {
                let detail = "too many resources would have to be read; filter more narrowly";
                return Err(Error::new(ErrorKind::TooMany, detail));
            }
        }
        Ok(self.paged(found))
    }

    /// How many were found, and those on the wanted page.
    fn paged(&self, mut found: Vec<(Option<SortKey>, Resource)>) -> (u64, Vec<Resource>) {
        if let Some(sort) = &self.sort {
            found.sort_by(|a, b| sort.compare(a.0.as_ref(), b.0.as_ref()));
        }
        let total = u64::try_from(found.len()).unwrap_or(u64::MAX);
        let offset = usize::try_from(self.paging.offset()).unwrap_or(usize::MAX);
        let page = found.into_iter().skip(offset).take(self.paging.count);
        (total, page.map(|(_, resource)| resource).collect())
    }

    /// The resources of a page for which the predicate holds, with their sort keys.
    fn matching(&self, page: Page) -> Result<Vec<(Option<SortKey>, Resource)>, Error> {
        let entries = page
            .hits
            .into_iter()
            .map(|(entry, _): (Entry, String)| entry);
        let resources: Vec<Resource> = entries
            .map(Resource::from_entry)
            .collect::<Result<_, _>>()?;
        let computed = related::shown(self.session, self.of, &resources, &self.reads)?;
        let base = &self.session.origin.base_url;
        let mut kept = Vec::new();
        for (resource, computed) in resources.into_iter().zip(computed) {
            let shown = resource.shown(self.of, base, computed);
            if self.predicate.holds(&shown) {
                let key = self.sort.as_ref().and_then(|sort| sort.key(&shown));
                kept.push((key, resource));
            }
        }
        Ok(kept)
    }

    fn find(&self, window: Window, limit: u32, count: bool) -> Result<Page, Error> {
        let query = Query {
            kind: self.of.name().to_owned(),
            filter: self.pushed.nodes.clone(),
            order: self.order.clone().filter(|_| count),
            window,
            limit,
            count,
        };
        Ok(self.session.ports.store.find(query)?)
    }

    fn journal(&self, how: &str) {
        let weakened = if self.pushed.weakened {
            ", weakened"
        } else {
            ""
        };
        let nodes = self.pushed.nodes.len();
        let text = format!(
            "{} answered {how}; {nodes} filter nodes pushed down{weakened}",
            self.of.name()
        );
        self.session.note(Level::Debug, "query", &text);
    }
}

fn bind(text: &str, of: &ResourceType) -> Result<Predicate, Error> {
    let filter: Filter = text.parse().map_err(|error| {
        Error::new(
            ErrorKind::InvalidFilter,
            format!("the filter is malformed: {error}"),
        )
    })?;
    predicate::bind(&filter, of)
}
