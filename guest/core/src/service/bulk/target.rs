//! The `path` of an operation: RFC 7644 section 3.7.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::bulk_id;
use crate::error::{Error, ErrorKind};
use crate::registry::Registry;
use crate::resource_type::ResourceType;

/// The decoded segments of a path, without empty ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Target(Vec<String>);

impl Target {
    /// Parses a path; one that is not UTF-8 names nothing.
    pub(super) fn parse(path: &str) -> Self {
        let segments = path.split('/').filter(|segment| !segment.is_empty());
        let decoded = segments.map(|s| percent_decode_str(s).decode_utf8().map(Cow::into_owned));
        Self(decoded.collect::<Result<_, _>>().unwrap_or_default())
    }

    /// Returns the `bulkId` in place of the resource's id, if there is one.
    pub(super) fn reference(&self) -> Option<&str> {
        self.0.get(1).and_then(|id| bulk_id::name(id))
    }

    /// Returns the segments, which are equal for operations on one resource.
    pub(super) fn segments(&self) -> &[String] {
        &self.0
    }

    /// Returns the resource type of a path such as `/Users`.
    pub(super) fn resource_type<'r>(
        &self,
        registry: &'r Registry,
    ) -> Result<&'r ResourceType, Error> {
        match self.0.as_slice() {
            [endpoint] => at(registry, endpoint),
            [endpoint, _] if at(registry, endpoint).is_ok() => {
                Err(unsuitable("the `path` of a POST must be a resource type's, such as `/Users`"))
            }
            _ => Err(Error::no_endpoint()),
        }
    }

    /// Returns the resource type and the id of a path such as `/Users/ID`.
    pub(super) fn resource<'r>(
        &self,
        registry: &'r Registry,
    ) -> Result<(&'r ResourceType, &str), Error> {
        match self.0.as_slice() {
            [endpoint, id] => Ok((at(registry, endpoint)?, id)),
            [endpoint] if at(registry, endpoint).is_ok() => {
                Err(unsuitable("the `path` must be a resource's, such as `/Users/ID`"))
            }
            _ => Err(Error::no_endpoint()),
        }
    }
}

fn at<'r>(registry: &'r Registry, endpoint: &str) -> Result<&'r ResourceType, Error> {
    registry.at_endpoint(endpoint).ok_or_else(Error::no_endpoint)
}

fn unsuitable(detail: &str) -> Error {
    Error::new(ErrorKind::InvalidValue, detail)
}
