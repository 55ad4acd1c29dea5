//! What the embedder knows about a request that the request does not say (wit/http.wit).

/// Where a request came to, and from whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The tenant that the store is bound to.
    pub tenant: String,
    /// Absolute URL that paths are relative to, without a final slash.
    pub base_url: String,
    /// The client's IP address.
    pub client_address: Option<String>,
    /// Who the embedder knows to be asking.
    pub caller: Caller,
}

/// Who the embedder has authenticated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Nobody: the Authorization header decides.
    Unknown,
    /// A provisioning client of this name.
    Client(String),
    /// An end user of this id, who reaches `/Me` alone.
    User(String),
    /// The application itself, through `admin`.
    Product,
}
