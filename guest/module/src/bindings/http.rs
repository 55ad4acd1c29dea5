//! `wit/http.wit`.

use super::{received, sent};

received! {
    #[derive(Default)]
    pub struct Request {
        pub method: String,
        pub path: String,
        pub query: String,
        pub headers: Vec<(String, String)>,
        pub body: String,
    }

    pub struct Principal {
        pub name: String,
    }

    #[derive(Default)]
    pub enum Caller {
        #[default]
        Unknown,
        Client(Principal),
        User(String),
    }

    #[derive(Default)]
    pub struct Origin {
        pub tenant: String,
        pub base_url: String,
        pub client_address: Option<String>,
        pub caller: Caller,
    }
}

sent! {
    pub struct Response {
        pub status: u16,
        pub headers: Vec<(String, String)>,
        pub body: String,
    }

    pub struct Admitted {
        pub actor: String,
        pub rate: Option<u32>,
        pub open: bool,
        pub by_address: bool,
    }
}
