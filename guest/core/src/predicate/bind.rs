//! Binds filters to schemas: resolves names, types and case rules (RFC 7644 section 3.4.2.2).

use super::{Field, Operand, Predicate, normalised};
use crate::error::{Error, ErrorKind};
use crate::filter::{AttrPath, CompValue, CompareOp, Filter};
use crate::instant;
use crate::resource_type::{AttributePlace, ResourceType};
use crate::schema::{Attribute, DataType};

/// Binds a filter to a resource type.
///
/// # Errors
/// `invalidFilter` if the type has no such attribute, or the operator does not apply to it.
pub fn bind(filter: &Filter, resource_type: &ResourceType) -> Result<Predicate, Error> {
    PathScope::Type(resource_type).bind(filter, true)
}

/// Binds a filter to one of several resource types: an attribute that the type does not have counts
/// as one without a value (RFC 7644 section 3.4.2.1).
///
/// # Errors
/// `invalidFilter` if an operator does not apply to its attribute.
pub fn bind_leniently(filter: &Filter, resource_type: &ResourceType) -> Result<Predicate, Error> {
    PathScope::Type(resource_type).bind(filter, false)
}

/// Binds the filter in brackets to the sub-attributes of an attribute.
///
/// # Errors
/// `invalidFilter` if there is no such sub-attribute, or the operator does not apply to it.
pub fn bind_element(filter: &Filter, attribute: &Attribute) -> Result<Predicate, Error> {
    PathScope::Attribute(attribute).bind(filter, true)
}

/// An attribute, and the member names that lead to it from the root.
type FoundAttribute<'a> = (Vec<String>, &'a Attribute);

/// The scope in which a filter's paths are resolved.
enum PathScope<'a> {
    Type(&'a ResourceType),
    Attribute(&'a Attribute),
}

impl<'a> PathScope<'a> {
    fn bind(&self, filter: &Filter, strict: bool) -> Result<Predicate, Error> {
        let each = |parts: &[Filter]| -> Result<Vec<Predicate>, Error> {
            parts.iter().map(|part| self.bind(part, strict)).collect()
        };
        Ok(match filter {
            Filter::And(parts) => Predicate::All(each(parts)?),
            Filter::Or(parts) => Predicate::Any(each(parts)?),
            Filter::Not(inner) => negated(self.bind(inner, strict)?),
            Filter::Present(path) => match self.readable(path, strict)? {
                Some((steps, attribute)) => Predicate::Present(Field::new(steps, attribute)),
                None => never(),
            },
            Filter::Compare(path, operator, value) => match self.readable(path, strict)? {
                Some(found) => compare(found, path, *operator, value)?,
                None => without_value(*operator, value)?,
            },
            Filter::ValuePath(path, inner) => match self.readable(path, strict)? {
                Some((steps, attribute)) => {
                    let inner = PathScope::Attribute(attribute).bind(inner, strict)?;
                    Predicate::Element(Field::new(steps, attribute), Box::new(inner))
                }
                None => never(),
            },
        })
    }

    /// Resolves a path, unless no client may read the values (RFC 7643 section 7, `returned`).
    /// `None` if there is no such attribute and `strict` is not set.
    fn readable(&self, path: &AttrPath, strict: bool) -> Result<Option<FoundAttribute<'a>>, Error> {
        let found = match self {
            Self::Type(resource_type) => of_type(path, resource_type),
            Self::Attribute(attribute) => of_attribute(path, attribute),
        };
        let Some((steps, attribute)) = found else {
            let unknown = || Error::no_attribute(ErrorKind::InvalidFilter, &path.to_string());
            return if strict { Err(unknown()) } else { Ok(None) };
        };
        let within = match self {
            Self::Type(resource_type) => {
                resource_type.place(path).is_some_and(|place| place.is_hidden())
            }
            Self::Attribute(_) => false,
        };
        if attribute.is_hidden() || within {
            return Err(invalid(format!("`{path}` cannot be filtered by")));
        }
        Ok(Some((steps, attribute)))
    }
}

fn of_attribute<'a>(path: &AttrPath, attribute: &'a Attribute) -> Option<FoundAttribute<'a>> {
    let known = path.uri.is_none() && path.sub.is_none();
    if !attribute.is_complex() && known && path.name == *"value" {
        return Some((Vec::new(), attribute));
    }
    let sub = attribute.sub(path.name.as_str()).filter(|_| known)?;
    Some((vec![sub.name.as_str().to_owned()], sub))
}

fn of_type<'a>(path: &AttrPath, resource_type: &'a ResourceType) -> Option<FoundAttribute<'a>> {
    let Some(AttributePlace::Attribute { extension, attribute, sub }) = resource_type.place(path)
    else {
        return None;
    };
    let extension = extension.map(|schema| schema.id.clone());
    let names = std::iter::once(attribute).chain(sub).map(|a| a.name.as_str().to_owned());
    let steps = extension.into_iter().chain(names).collect();
    Some((steps, sub.unwrap_or(attribute)))
}

/// Binds a comparison with an attribute that has no value: `ne` holds, and so does `eq null`.
fn without_value(operator: CompareOp, value: &CompValue) -> Result<Predicate, Error> {
    let null = *value == CompValue::Null;
    match operator {
        CompareOp::Equal if null => Ok(negated(never())),
        CompareOp::NotEqual if !null => Ok(negated(never())),
        CompareOp::Equal | CompareOp::NotEqual => Ok(never()),
        _ if null => Err(uncomparable(operator)),
        _ => Ok(never()),
    }
}

fn never() -> Predicate {
    Predicate::Any(Vec::new())
}

fn uncomparable(operator: CompareOp) -> Error {
    let operator = operator.as_str();
    invalid(format!("null cannot be compared by `{operator}`"))
}

fn compare(
    (mut steps, attribute): (Vec<String>, &Attribute),
    path: &AttrPath,
    operator: CompareOp,
    value: &CompValue,
) -> Result<Predicate, Error> {
    let compared = if attribute.is_complex() {
        let sub = attribute.sub("value");
        let sub = sub.ok_or_else(|| invalid(format!("`{path}` has no value to compare")))?;
        steps.push(sub.name.as_str().to_owned());
        sub
    } else {
        attribute
    };
    let field = Field::new(steps, compared);
    if *value == CompValue::Null {
        return match operator {
            CompareOp::Equal => Ok(negated(Predicate::Present(field))),
            CompareOp::NotEqual => Ok(Predicate::Present(field)),
            _ => Err(uncomparable(operator)),
        };
    }
    applicable(compared.data_type, operator, path)?;
    let operand = operand(&field, operator, value)
        .ok_or_else(|| invalid(format!("`{path}` cannot be compared with {value}")))?;
    Ok(match operator {
        CompareOp::NotEqual => negated(Predicate::Compare(field, CompareOp::Equal, operand)),
        _ => Predicate::Compare(field, operator, operand),
    })
}

/// Checks that an operator applies to a type: booleans and binary values have no order (RFC 7644
/// table 3), and only strings can be searched for substrings.
fn applicable(data_type: DataType, operator: CompareOp, path: &AttrPath) -> Result<(), Error> {
    use CompareOp as Op;
    let applies = match operator {
        Op::Equal | Op::NotEqual => true,
        Op::Contains | Op::StartsWith | Op::EndsWith => {
            matches!(data_type, DataType::String | DataType::Reference | DataType::DateTime)
        }
        Op::Greater | Op::Less | Op::GreaterOrEqual | Op::LessOrEqual => {
            !matches!(data_type, DataType::Boolean | DataType::Binary)
        }
    };
    let refused = || invalid(format!("`{path}` cannot be compared by `{}`", operator.as_str()));
    if applies { Ok(()) } else { Err(refused()) }
}

fn operand(field: &Field, operator: CompareOp, value: &CompValue) -> Option<Operand> {
    use CompareOp as Op;
    use DataType as T;
    let of_parts = matches!(operator, Op::Contains | Op::StartsWith | Op::EndsWith);
    match (field.data_type, value) {
        (T::Boolean, CompValue::Boolean(value)) => Some(Operand::Boolean(*value)),
        (T::Decimal | T::Integer, CompValue::Number(value)) => Some(Operand::Number(value.clone())),
        (T::DateTime, CompValue::Text(value)) => {
            if of_parts {
                return Some(Operand::Text(normalised(value, field.case_exact)));
            }
            instant::parse(value).map(Operand::Instant)
        }
        (T::String | T::Reference | T::Binary, CompValue::Text(value)) => {
            Some(Operand::Text(normalised(value, field.case_exact)))
        }
        _ => None,
    }
}

fn negated(predicate: Predicate) -> Predicate {
    Predicate::Not(Box::new(predicate))
}

fn invalid(detail: String) -> Error {
    Error::new(ErrorKind::InvalidFilter, detail)
}
