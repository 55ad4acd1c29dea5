//! Attribute definitions: RFC 7643 sections 2.2 and 7. The serialised form is the one that
//! `/Schemas` returns.

use serde::Serialize;

use crate::json;
use crate::name::AttributeName;

/// The data types of RFC 7643 section 2.3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DataType {
    /// A JSON string.
    #[default]
    String,
    /// `true` or `false`.
    Boolean,
    /// A number that may have a fraction.
    Decimal,
    /// A number without a fraction.
    Integer,
    /// A string in the format of xsd:dateTime.
    DateTime,
    /// A string in base64.
    Binary,
    /// A string that is a URI.
    Reference,
    /// An object of sub-attributes.
    Complex,
}

json::decode_enum!(DataType {
    String: "string",
    Boolean: "boolean",
    Decimal: "decimal",
    Integer: "integer",
    DateTime: "dateTime",
    Binary: "binary",
    Reference: "reference",
    Complex: "complex",
});

/// When clients may write an attribute: RFC 7643 section 7, `mutability`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Mutability {
    /// Set only by the service.
    ReadOnly,
    /// May be written at any time.
    #[default]
    ReadWrite,
    /// May be set once and not changed.
    Immutable,
    /// May be written but is never returned.
    WriteOnly,
}

json::decode_enum!(Mutability {
    ReadOnly: "readOnly",
    ReadWrite: "readWrite",
    Immutable: "immutable",
    WriteOnly: "writeOnly",
});

/// When responses contain an attribute: RFC 7643 section 7, `returned`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Returned {
    /// Always, even if the request excludes it.
    Always,
    /// Never, even if the request asks for it.
    Never,
    /// Unless the request says otherwise.
    #[default]
    Default,
    /// Only if the request asks for it.
    Request,
}

json::decode_enum!(Returned {
    Always: "always",
    Never: "never",
    Default: "default",
    Request: "request",
});

/// Where values must be unique: RFC 7643 section 7, `uniqueness`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Uniqueness {
    /// Values may repeat.
    #[default]
    None,
    /// Unique in the tenant, among resources of one type.
    Server,
    /// Unique everywhere; the service can enforce this only within the tenant.
    Global,
}

json::decode_enum!(Uniqueness { None: "none", Server: "server", Global: "global" });

/// An attribute or sub-attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::struct_excessive_bools, reason = "the RFC's characteristics")]
pub struct Attribute {
    /// The name, spelled as in responses.
    pub name: AttributeName,
    /// The type of its values.
    #[serde(rename = "type")]
    pub data_type: DataType,
    /// Whether it is multi-valued.
    pub multi_valued: bool,
    /// A description for users.
    pub description: String,
    /// Whether every resource must have it.
    pub required: bool,
    /// Suggested values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub canonical_values: Vec<String>,
    /// Whether comparisons are case-sensitive.
    pub case_exact: bool,
    /// When clients may write it.
    pub mutability: Mutability,
    /// When responses contain it.
    pub returned: Returned,
    /// Where its values must be unique.
    pub uniqueness: Uniqueness,
    /// The types of resource that a reference may refer to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reference_types: Vec<String>,
    /// The sub-attributes of a complex attribute.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sub_attributes: Vec<Attribute>,
}

json::decode_struct!(strict Attribute {
    name: "name",
    data_type: "type" = DataType::default(),
    multi_valued: "multiValued" = false,
    description: "description" = String::new(),
    required: "required" = false,
    canonical_values: "canonicalValues" = Vec::new(),
    case_exact: "caseExact" = false,
    mutability: "mutability" = Mutability::default(),
    returned: "returned" = Returned::default(),
    uniqueness: "uniqueness" = Uniqueness::default(),
    reference_types: "referenceTypes" = Vec::new(),
    sub_attributes: "subAttributes" = Vec::new(),
});

impl Mutability {
    /// Returns the type's name in schemas.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadOnly => "readOnly",
            Self::ReadWrite => "readWrite",
            Self::Immutable => "immutable",
            Self::WriteOnly => "writeOnly",
        }
    }
}

impl DataType {
    /// Returns whether values are JSON strings.
    #[must_use]
    pub fn is_text(self) -> bool {
        use DataType as T;
        matches!(self, T::String | T::DateTime | T::Binary | T::Reference)
    }
}

impl Attribute {
    /// Returns the sub-attribute of this name.
    #[must_use]
    pub fn sub(&self, name: &str) -> Option<&Attribute> {
        find(&self.sub_attributes, name)
    }

    /// Returns whether responses must not reveal its values, neither directly nor by what a filter
    /// finds; `writeOnly` attributes are never returned (RFC 7643 section 7).
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        self.returned == Returned::Never || self.mutability == Mutability::WriteOnly
    }

    /// Returns whether the service has to keep its values unique.
    #[must_use]
    pub fn is_unique(&self) -> bool {
        self.uniqueness != Uniqueness::None && self.mutability != Mutability::ReadOnly
    }

    /// Returns whether values are objects.
    #[must_use]
    pub fn is_complex(&self) -> bool {
        self.data_type == DataType::Complex
    }
}

/// Returns the attribute of this name, compared without case.
#[must_use]
pub fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attributes.iter().find(|attribute| attribute.name == *name)
}
