//! Performs the operations. INVARIANT: a committed operation is never tried again, and a failed one
//! has changed nothing.

use super::bulk_id;
use super::cycle::{self, Created, MemberError, Post};
use super::request::{BulkAction, BulkOperation, BulkRequest, Method};
use super::response::{Outcome, Success};
use crate::error::{Error, ErrorKind};
use crate::limits;
use crate::ordered::{OrderedMap, OrderedSet};
use crate::service::write::audit;
use crate::service::{Conditions, Options, RetryingSession, Session, delete, modify, replace};
use crate::sorted_map::SortedMap;
use crate::store::Write;

/// A bulk request in progress.
pub(super) struct BulkRun<'a> {
    visit: RetryingSession<'a>,
    operations: &'a [BulkOperation],
    /// The ids of created resources, by `bulkId`.
    ids: SortedMap<String>,
    outcomes: OrderedMap<usize, Outcome>,
}

impl<'a> BulkRun<'a> {
    /// Starts a bulk request.
    pub(super) fn new(session: &Session<'a>, request: &'a BulkRequest) -> Self {
        Self {
            visit: RetryingSession::resume(session, limits::BULK_RETRIES),
            operations: &request.operations,
            ids: SortedMap::new(),
            outcomes: OrderedMap::new(),
        }
    }

    /// Returns how many operations have failed.
    pub(super) fn failures(&self) -> usize {
        let outcomes = self.outcomes.values();
        outcomes.filter(|outcome| outcome.result.is_err()).count()
    }

    /// Returns the results of the operations that were tried, by index.
    pub(super) fn finish(self) -> OrderedMap<usize, Outcome> {
        self.outcomes
    }

    /// Records refused operations in the audit, like refused single requests.
    pub(super) fn keep_refusals(&mut self) {
        let registry = &self.visit.session().admission.policy.registry;
        let refusals = self.outcomes.iter().filter_map(|(index, outcome)| {
            let error = outcome.result.as_ref().err()?;
            let operation = self.operations.get(*index)?;
            let kept = audit::is_kept(true, error.kind.status());
            kept.then(|| operation.attempt(registry).refused(error))
        });
        let refusals: Vec<Write> = refusals.collect();
        audit::keep(&mut self.visit, &refusals);
    }

    /// Performs the operations of a unit: all of them, or none.
    pub(super) fn perform(&mut self, unit: &[usize]) {
        let mut posts = Vec::new();
        for index in unit {
            let Some(operation) = self.operations.get(*index) else {
                continue;
            };
            match (&operation.action, &operation.bulk_id) {
                (Err(error), _) => self.conclude(*index, operation, Err(error.clone())),
                (Ok(action), Some(bulk_id)) if action.method == Method::Post => {
                    posts.push((*index, Post { bulk_id, action }));
                }
                (Ok(action), _) => {
                    let result = self.change(action);
                    self.conclude(*index, operation, result);
                }
            }
        }
        if !posts.is_empty() {
            self.create(&posts);
        }
    }

    /// Performs a PUT, PATCH or DELETE.
    fn change(&mut self, action: &BulkAction) -> Result<Success, Error> {
        self.check_references(action, &OrderedSet::new())?;
        let Self { visit, ids, .. } = self;
        visit.attempts(|session| change(session, action, ids))
    }

    fn create(&mut self, posts: &[(usize, Post<'a>)]) {
        let outcome = self.created(posts.iter().map(|(_, post)| *post).collect());
        match outcome {
            Ok(created) => {
                for ((index, post), Created { resource, location }) in posts.iter().zip(created) {
                    let success = Success { status: 201, version: Some(resource.version) };
                    self.ids.insert(post.bulk_id.to_owned(), resource.key.id);
                    let outcome = Outcome { location: Some(location), result: Ok(success) };
                    self.outcomes.insert(*index, outcome);
                }
            }
            Err(blame) => self.refuse(posts, &blame),
        }
    }

    fn created(&mut self, posts: Vec<Post<'a>>) -> Result<Vec<Created>, MemberError> {
        let own = OrderedSet::from_iter(posts.iter().map(|post| post.bulk_id));
        for (member, post) in posts.iter().enumerate() {
            self.check_references(post.action, &own)
                .map_err(|error| MemberError { member, error })?;
        }
        let Self { visit, ids, .. } = self;
        visit.attempts(|session| cycle::create(session, &posts, ids))
    }

    /// Reports the error to the operation that caused it; the others are told that they refer to
    /// it.
    fn refuse(&mut self, posts: &[(usize, Post<'a>)], blame: &MemberError) {
        let culprit = posts.get(blame.member).map_or("", |(_, post)| post.bulk_id);
        for (member, (index, _)) in posts.iter().enumerate() {
            let error =
                if member == blame.member { blame.error.clone() } else { not_created(culprit) };
            if let Some(operation) = self.operations.get(*index) {
                self.conclude(*index, operation, Err(error));
            }
        }
    }

    /// Checks that all referenced resources were created (RFC 7644 section 3.7.1 uses 409
    /// otherwise).
    fn check_references(&self, action: &BulkAction, own: &OrderedSet<&str>) -> Result<(), Error> {
        let there = |name: &&String| self.ids.contains_key(name) || own.contains(name.as_str());
        match action.references.iter().find(|name| !there(name)) {
            None => Ok(()),
            Some(name) => Err(not_created(name)),
        }
    }

    fn conclude(
        &mut self,
        index: usize,
        operation: &BulkOperation,
        result: Result<Success, Error>,
    ) {
        let session = self.visit.session();
        if let Err(error) = &result {
            session.ports.note_refusal(error);
        }
        let location = location(operation, &session.origin.base_url, &self.ids);
        self.outcomes.insert(index, Outcome { location, result });
    }
}

/// Performs a PUT, PATCH or DELETE like the single request.
fn change(
    session: &Session<'_>,
    action: &BulkAction,
    ids: &SortedMap<String>,
) -> Result<Success, Error> {
    let registry = &session.admission.policy.registry;
    let (resource_type, id) = action.target.resource(registry)?;
    session.check_reach(resource_type)?;
    let id = action.target.reference().and_then(|name| ids.get(name)).map_or(id, String::as_str);
    let data = || bulk_id::resolved(&action.data, ids);
    let options = Options {
        conditions: Conditions { if_match: action.version.clone(), if_none_match: None },
        ..Options::default()
    };
    let after = match action.method {
        Method::Put => replace::apply(session, resource_type, id, data(), &options)?,
        Method::Patch => modify::apply(session, resource_type, id, data(), &options)?,
        Method::Delete => {
            delete::delete(session, resource_type, id, &options)?;
            return Ok(Success { status: 204, version: None });
        }
        Method::Post => return Err(Error::internal("a POST was taken for a change")),
    };
    Ok(Success { status: 200, version: Some(after.resource.version) })
}

/// Returns the URL of the resource of a PUT, PATCH or DELETE, whether or not it exists.
fn location(operation: &BulkOperation, base: &str, ids: &SortedMap<String>) -> Option<String> {
    if operation.method.as_deref() == Some("POST") {
        return None;
    }
    let target = operation.action.as_ref().ok().map(|action| &action.target);
    let made = target.and_then(|target| Some((target, ids.get(target.reference()?)?)));
    if let Some((target, id)) = made {
        return Some(format!("{base}/{}/{id}", target.segments().first()?));
    }
    let path = operation.path.as_deref()?.trim_start_matches('/');
    Some(format!("{base}/{path}"))
}

fn not_created(name: &str) -> Error {
    let detail = format!("it refers to `bulkId:{name}`, which was not created");
    Error::new(ErrorKind::Conflict, detail)
}
