//! An attribute's definition: RFC 7643 sections 2.2 and 7. The serialised form is the one that `/Schemas` shows.

use serde::Serialize;

use crate::json;
use crate::name::AttributeName;

/// RFC 7643 section 2.3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Hash)]
#[serde(rename_all = "camelCase")]
pub enum DataType {
    /// A JSON string.
    #[default]
    String,
    /// `true` or `false`.
    Boolean,
    /// A number with a fraction.
    Decimal,
    /// A number without one.
    Integer,
    /// A string of the form of xsd:dateTime.
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

/// RFC 7643 section 7, `mutability`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Mutability {
    /// Set by the service alone.
    ReadOnly,
    /// Read and written at any time.
    #[default]
    ReadWrite,
    /// Set once.
    Immutable,
    /// Written, never read.
    WriteOnly,
}

json::decode_enum!(Mutability {
    ReadOnly: "readOnly",
    ReadWrite: "readWrite",
    Immutable: "immutable",
    WriteOnly: "writeOnly",
});

/// RFC 7643 section 7, `returned`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Returned {
    /// Whatever the request excludes.
    Always,
    /// Whatever the request asks for.
    Never,
    /// Unless the request says otherwise.
    #[default]
    Default,
    /// If the request asks for it.
    Request,
}

json::decode_enum!(Returned {
    Always: "always",
    Never: "never",
    Default: "default",
    Request: "request",
});

/// RFC 7643 section 7, `uniqueness`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Uniqueness {
    /// Values may repeat.
    #[default]
    None,
    /// Unique in the tenant, among resources of the type.
    Server,
    /// Unique everywhere; a service can hold itself to the tenant alone.
    Global,
}

json::decode_enum!(Uniqueness { None: "none", Server: "server", Global: "global" });

/// One attribute or sub-attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::struct_excessive_bools, reason = "the RFC's characteristics")]
pub struct Attribute {
    /// The name, in the case that answers show.
    pub name: AttributeName,
    /// What values are.
    #[serde(rename = "type")]
    pub data_type: DataType,
    /// Whether it is an array.
    pub multi_valued: bool,
    /// For people.
    pub description: String,
    /// Whether a resource must have it.
    pub required: bool,
    /// Values that are suggested.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub canonical_values: Vec<String>,
    /// Whether upper and lower case differ.
    pub case_exact: bool,
    /// Whether and when clients write it.
    pub mutability: Mutability,
    /// When answers hold it.
    pub returned: Returned,
    /// Where its values are unique.
    pub uniqueness: Uniqueness,
    /// What a reference may refer to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reference_types: Vec<String>,
    /// The parts of a complex attribute.
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
    /// As schemas write it.
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
    /// Whether values are JSON strings.
    #[must_use]
    pub fn is_text(self) -> bool {
        use DataType as T;
        matches!(self, T::String | T::DateTime | T::Binary | T::Reference)
    }
}

impl Attribute {
    /// The sub-attribute of this name.
    #[must_use]
    pub fn sub(&self, name: &str) -> Option<&Attribute> {
        find(&self.sub_attributes, name)
    }

    /// Whether no answer shows its values or tells them by what it finds: what is `writeOnly` is never returned (RFC 7643
    /// section 7).
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        self.returned == Returned::Never || self.mutability == Mutability::WriteOnly
    }

    /// Whether the service has to keep its values unique.
    #[must_use]
    pub fn is_unique(&self) -> bool {
        self.uniqueness != Uniqueness::None && self.mutability != Mutability::ReadOnly
    }

    /// Whether values are objects.
    #[must_use]
    pub fn is_complex(&self) -> bool {
        self.data_type == DataType::Complex
    }
}

/// The attribute of this name, in any case.
#[must_use]
pub fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attributes.iter().find(|attribute| attribute.name == *name)
}
