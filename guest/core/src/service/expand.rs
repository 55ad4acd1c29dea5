//! Relations and mirrors of resources, written as JSON: a group can have so many `members` that
//! only their text should be held in memory.

use super::Session;
use super::display_names::DisplayNames;
use super::nesting::Containing;
use super::relation_writer::{Form, RelationWriter};
use super::write::links::{self, LinkReader};
use crate::error::Error;
use crate::json;
use crate::limits;
use crate::name::AttributeName;
use crate::profile::InactiveMembers;
use crate::projection::Projection;
use crate::resource_type::ResourceType;
use crate::schema::Content;
use crate::store::{Direction, Key};

/// The relations and mirrors of several resources of a type, which are written one resource after
/// the other, in their order.
pub(super) struct Expansion<'a> {
    session: Session<'a>,
    anchors: Vec<Key>,
    attributes: Vec<RelationWriter<'a>>,
    names: DisplayNames,
    /// How many anchors have been processed.
    asked: usize,
    /// How many values have been read.
    pub read: usize,
}

impl<'a> Expansion<'a> {
    /// Includes those relations and mirrors that the projection wants, with the sub-attributes that
    /// it wants.
    pub fn new(
        session: &Session<'a>,
        resource_type: &'a ResourceType,
        anchors: Vec<Key>,
        projection: &Projection,
    ) -> Self {
        let extent = Extent {
            form: &|name| Form::of(resource_type, name, projection),
            relations: projection.links.unwrap_or(limits::LINKS_PER_RESPONSE),
            mirrors: limits::LINKS_PER_RESPONSE,
        };
        Self::to_extent(session, resource_type, anchors, projection, &extent)
    }

    /// Includes those relations and mirrors that the projection wants, with all sub-attributes, for
    /// a filter.
    pub fn whole(
        session: &Session<'a>,
        resource_type: &'a ResourceType,
        anchors: Vec<Key>,
        projection: &Projection,
    ) -> Self {
        let extent = Extent {
            form: &|_| Form::WHOLE,
            relations: limits::LINKS_PER_FILTER,
            mirrors: limits::LINKS_PER_FILTER,
        };
        Self::to_extent(session, resource_type, anchors, projection, &extent)
    }

    fn to_extent(
        session: &Session<'a>,
        resource_type: &'a ResourceType,
        anchors: Vec<Key>,
        projection: &Projection,
        extent: &Extent<'_>,
    ) -> Self {
        let relations = resource_type.definition.relations.iter();
        let relations = relations.map(|r| (&r.attribute, &r.attribute, Direction::Outgoing));
        let mirrors = resource_type.definition.mirrors.iter();
        let mirrors = mirrors.map(|m| (&m.attribute, &m.relation, Direction::Incoming));
        let groups = session.admission.policy.groups(resource_type);
        let shown = |(attribute, link, direction): (&'a AttributeName, &'a AttributeName, _)| {
            let is_mirror = direction == Direction::Incoming;
            let hidden = is_mirror && !session.sees_mirror(link);
            let limit = match is_mirror {
                true => extent.mirrors,
                false => extent.relations,
            };
            let reader = |link, direction| LinkReader::new(link, direction, anchors.len(), limit);
            let groups = groups.filter(|groups| groups.members == *attribute);
            let shows = |how| groups.is_some_and(|groups| groups.inactive_members == how);
            let former =
                shows(InactiveMembers::Show).then(|| reader(links::FORMER, Direction::Outgoing));
            (!hidden && projection.wants(resource_type, attribute)).then(|| RelationWriter {
                attribute,
                link: link.as_str(),
                reader: reader(link.as_str(), direction),
                containing: is_mirror.then(Containing::default),
                former,
                hides: shows(InactiveMembers::Hide),
                form: (extent.form)(attribute),
                limit,
                places: Vec::new(),
            })
        };
        let attributes = relations.chain(mirrors).filter_map(shown).collect();
        Self {
            session: *session,
            anchors,
            attributes,
            names: DisplayNames::default(),
            asked: 0,
            read: 0,
        }
    }

    /// Writes the relations and mirrors of the next resource into the text of an object that is
    /// still open. Attributes without values are omitted.
    ///
    /// # Errors
    /// If the store fails, or there are too many values.
    pub fn write(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        let (_, anchors) = self.anchors.split_at(self.asked.min(self.anchors.len()));
        self.asked += 1;
        for attribute in &mut self.attributes {
            let (session, names) = (&self.session, &mut self.names);
            self.read += attribute.write(session, anchors, names, out)?;
        }
        Ok(())
    }

    /// Skips the next resource, which no longer exists.
    pub fn pass(&mut self) {
        self.asked += 1;
        for attribute in &mut self.attributes {
            attribute.pass();
        }
    }

    /// Returns the relations and mirrors of the next resource as values.
    ///
    /// # Errors
    /// If the store fails, or there are too many values.
    pub fn values(&mut self) -> Result<Content, Error> {
        if self.attributes.is_empty() {
            return Ok(Content::new());
        }
        let mut text = vec![b'{'];
        self.write(&mut text)?;
        text.push(b'}');
        json::written_object(&json::text(text)?)
    }
}

/// How much of relations and mirrors is written.
struct Extent<'f> {
    /// The sub-attributes of each value.
    form: &'f dyn Fn(&AttributeName) -> Form,
    /// The most values of one relation of one resource.
    relations: usize,
    /// The most values of one mirror.
    mirrors: usize,
}
