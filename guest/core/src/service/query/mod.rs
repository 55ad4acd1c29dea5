//! GET and search of several resources: RFC 7644 sections 3.4.2 and 3.4.3, RFC 9865. The store is
//! asked for one page; if it cannot evaluate the filter or the order itself, a limited number of
//! entries is read and evaluated here.

mod cursor_page;
mod errors;
mod index_page;
mod match_stream;
mod matches;
mod plan;
mod response;
mod search;

pub use self::search::Search;

use self::plan::Plan;
use self::response::List;
use super::{Session, removed};
use crate::dialect::Sent;
use crate::error::{Error, ErrorKind};
use crate::filter::Filter;
use crate::page::Paging;
use crate::resource_type::ResourceType;
use crate::schema::Content;
use crate::sort;

/// The result of a search.
pub struct ListPage {
    /// The text of the ListResponse.
    pub text: String,
    /// How many requests it counts as: one, plus one for each term of the filter that no index
    /// serves.
    pub cost: usize,
}

/// Returns the ListResponse of the resources of a type that match.
///
/// # Errors
/// If the filter, the order or the cursor is invalid, or the query would read too much.
pub fn query(
    session: &Session<'_>,
    resource_type: &ResourceType,
    search: &Search,
) -> Result<ListPage, Error> {
    let mut filter = search.filter.clone();
    session.rewrite(resource_type, filter.as_mut().map(Sent::Filter));
    let filter = filter.as_deref().map(parsed).transpose()?;
    let bound = Plan::new(session, resource_type, filter.as_ref(), search, false)?;
    answer(session, &[bound], search)
}

/// Returns the text of the ListResponse of the users that match, followed by those that clients
/// deleted and the product keeps.
///
/// # Errors
/// If the filter, the order or the cursor is invalid, or the query would read too much.
pub fn query_people(
    session: &Session<'_>,
    resource_type: &ResourceType,
    search: &Search,
) -> Result<String, Error> {
    let filter = search.filter.as_deref().map(parsed).transpose()?;
    let people = Plan::new(session, resource_type, filter.as_ref(), search, false)?;
    let removed = Plan::new(session, resource_type, filter.as_ref(), search, false)?;
    let removed = removed.of_kind(removed::kind(resource_type));
    Ok(answer(session, &[people, removed], search)?.text)
}

/// Returns the ListResponse of the resources of all types that match: one type after the other in
/// the profile's order, unless they are sorted (RFC 7644 section 3.4.2.1).
///
/// # Errors
/// If the filter, the order or the cursor is invalid, or the query would read too much.
pub fn query_all(session: &Session<'_>, search: &Search) -> Result<ListPage, Error> {
    let filter = search.filter.as_deref().map(parsed).transpose()?;
    let types = session.admission.policy.registry.types().iter();
    let bounds =
        types.map(|resource_type| Plan::new(session, resource_type, filter.as_ref(), search, true));
    let bounds: Vec<Plan<'_>> = bounds.collect::<Result<_, _>>()?;
    answer(session, &bounds, search)
}

fn answer(session: &Session<'_>, bounds: &[Plan<'_>], search: &Search) -> Result<ListPage, Error> {
    if let Some(path) = &search.sort_by
        && bounds.iter().all(|bound| bound.sort.is_none())
    {
        return Err(sort::invalid(path, "it is no attribute"));
    }
    let order = search.sort_by.as_ref().map(|_| search.descending);
    let mut list = List::begin();
    let mut head = Content::new();
    match &search.paging {
        Paging::Index(index) => {
            let (total, found) = index_page::part(bounds, order, *index)?;
            list.show(session, bounds, found, &search.projection)?;
            head.insert("totalResults".into(), total.into());
            head.insert("startIndex".into(), index.start.into());
        }
        Paging::Cursor { cursor, count } => {
            let mut page = cursor_page::page(session, bounds, order, cursor, *count)?;
            let found = page.take();
            let passed = list.show(session, bounds, found, &search.projection)?;
            if let Some(total) = page.total {
                head.insert("totalResults".into(), total.into());
            }
            if let Some(next) = page.next(session, passed)? {
                head.insert("nextCursor".into(), next.into());
            }
        }
    }
    let unserved = bounds.iter().map(|bound| bound.pushed.unserved);
    Ok(ListPage { cost: unserved.fold(1, usize::saturating_add), text: list.end(head)? })
}

fn parsed(text: &str) -> Result<Filter, Error> {
    text.parse().map_err(|error| {
        let detail = format!("the filter is malformed: {error}");
        Error::new(ErrorKind::InvalidFilter, detail)
    })
}
