//! Relations and mirrors of resources, written as JSON: a group's `members` can be so many that no
//! more than the text of them should be held.

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

/// The relations and mirrors of some resources of a type. Those of one resource after the other are
/// asked for, in their order.
pub(super) struct Expansion<'a> {
    session: Session<'a>,
    anchors: Vec<Key>,
    attributes: Vec<RelationWriter<'a>>,
    names: DisplayNames,
    /// How many of the anchors have been asked for.
    asked: usize,
    /// How many values have been read.
    pub read: usize,
}

impl<'a> Expansion<'a> {
    /// Those that the projection wants, with the sub-attributes that it wants.
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

    /// Those that the projection wants, whole, for a filter to look at.
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

    /// Writes the next resource's into the text of an object that is not closed yet. Attributes
    /// without values are left out.
    pub fn write(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        let (_, anchors) = self.anchors.split_at(self.asked.min(self.anchors.len()));
        self.asked += 1;
        for attribute in &mut self.attributes {
            let (session, names) = (&self.session, &mut self.names);
            self.read += attribute.write(session, anchors, names, out)?;
        }
        Ok(())
    }

    /// Passes over the next resource, which has gone.
    pub fn pass(&mut self) {
        self.asked += 1;
        for attribute in &mut self.attributes {
            attribute.pass();
        }
    }

    /// The next resource's, as values.
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

/// How much of relations and mirrors is wanted.
struct Extent<'f> {
    /// Of each value.
    form: &'f dyn Fn(&AttributeName) -> Form,
    /// Values of one relation of one resource at the most.
    relations: usize,
    /// Values of one mirror.
    mirrors: usize,
}
