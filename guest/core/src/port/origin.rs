//! Facts about a request that only the embedder knows (wit/http.wit).

/// Where a request arrived, and from whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The tenant that the store is bound to.
    pub tenant: String,
    /// The absolute URL that paths are relative to, without a final slash.
    pub base_url: String,
    /// The client's IP address.
    pub client_address: Option<String>,
    /// The caller, if the embedder has authenticated one.
    pub caller: Caller,
}

/// A caller that the embedder has authenticated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The embedder authenticated nobody: the Authorization header decides.
    Unknown,
    /// A provisioning client of this name.
    Client(String),
    /// An end user with this id, who may use only `/Me`.
    User(String),
    /// The application itself, through `admin`.
    Product,
}
