//! Describes a profile in sentences, for operators who have to choose or check one.

use std::fmt::Display;

use super::{
    Existing, InactiveMembers, Invisible, LifecycleStep, NameChange, Policy, Reactivation,
    RefusedChange, Removal, Secrets, UnknownAttribute, Users,
};

/// The lifecycle steps, as the beginnings of sentences.
const STEPS: [(LifecycleStep, &str); 6] = [
    (LifecycleStep::Create, "Creation"),
    (LifecycleStep::Update, "A change"),
    (LifecycleStep::Deactivate, "Deactivation"),
    (LifecycleStep::Reactivate, "Reactivation"),
    (LifecycleStep::Remove, "Removal"),
    (LifecycleStep::Erase, "Erasure"),
];

/// Writes one sentence per line.
impl Display for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut lines = Vec::new();
        if !self.description.is_empty() {
            lines.push(self.description.clone());
        }
        self.access(&mut lines);
        self.people(&mut lines);
        self.attributes_and_groups(&mut lines);
        self.protocol(&mut lines);
        f.write_str(&lines.join("\n"))
    }
}

impl Policy {
    fn access(&self, lines: &mut Vec<String>) {
        let is = if self.enabled { "on" } else { "off until `enabled` is true" };
        lines.push(format!("SCIM is {is}."));
        for (name, gate) in self.gates.iter() {
            let state = if gate.met { "met" } else { "not met" };
            lines.push(format!("Gate `{name}` ({state}): {}.", gate.demand));
        }
        if !self.network.allow.is_empty() {
            let ranges = self.network.allow.len();
            lines.push(format!("Requests may come from {ranges} networks alone."));
        }
        let credentials = &self.credentials;
        let schemes = list(credentials.schemes.iter().map(|scheme| scheme.name()));
        lines.push(match credentials.lifetime {
            Some(lifetime) => format!("Credentials: {schemes}, good for {lifetime}."),
            None => format!("Credentials: {schemes}, without an end unless one is given."),
        });
        if credentials.single {
            lines.push("A new credential ends those before it at once.".into());
        }
        lines.push(match credentials.overlap {
            Some(overlap) => format!("After a rotation the old secret is good for {overlap} more."),
            None => "After a rotation the old secret is refused at once.".into(),
        });
        if let Some(notice) = credentials.notice {
            lines.push(format!("An event announces a credential's end {notice} ahead."));
        }
        for issuer in &credentials.access_tokens {
            let claims = list(issuer.claims.keys());
            lines.push(format!(
                "Access tokens of {} are taken that live {} at the most{}{claims}.",
                issuer.issuer,
                issuer.max_lifetime,
                if claims.is_empty() { "" } else { ", by " }
            ));
        }
        if !credentials.permissions.is_empty() {
            let needed = list(credentials.permissions.iter().map(String::as_str));
            lines.push(format!("A credential needs a role that allows {needed}."));
        }
    }

    fn people(&self, lines: &mut Vec<String>) {
        let Some(users) = &self.users else {
            return lines.push("There are no rules for people.".into());
        };
        let name = &users.user_name.attribute;
        if users.user_name.email {
            lines.push(format!("`{name}` has to be an e-mail address."));
        }
        lines.push(match users.user_name.change {
            NameChange::Allow => format!("A changed `{name}` renames the user."),
            NameChange::Refuse => format!("`{name}` cannot change."),
            NameChange::Fork => {
                format!("A changed `{name}` makes a new user and leaves the old one.")
            }
        });
        lines.push(match users.existing {
            Existing::Refuse => format!("A user whose `{name}` is in use is refused."),
            Existing::Reactivate => "A user whom a client has deactivated becomes active again \
                when a client creates them; others are refused as duplicates."
                .into(),
            Existing::Link => "A user whom the product imported is linked when a client creates \
                them; others are refused as duplicates."
                .into(),
        });
        if users.unique_external_id {
            lines.push("No two users may have the same `externalId`.".into());
        }
        lines.push(match users.seats {
            Some(seats) => format!("At most {seats} users may be active."),
            None => "Any number of users may be active.".into(),
        });
        if !users.default_roles.is_empty() {
            let roles = list(users.default_roles.iter().map(String::as_str));
            lines.push(format!("New users get the roles {roles}."));
        }
        lines.push(reactivation(users));
        lines.push(match users.removal {
            Removal::Delete => "DELETE deletes.".into(),
            Removal::Deactivate => {
                "DELETE deactivates: clients see the user no more, the product keeps the record."
                    .into()
            }
        });
        for (step, name) in STEPS {
            let effects = list(users.effects(step).iter().map(String::as_str));
            if !effects.is_empty() {
                lines.push(format!("{name} has the effects {effects}."));
            }
        }
    }

    fn attributes_and_groups(&self, lines: &mut Vec<String>) {
        if !self.attributes.mutability.is_empty() {
            let rules = self.attributes.mutability.iter();
            let rules = rules.map(|(path, rule)| format!("`{path}` {}", rule.name()));
            let refused = match self.attributes.refused_change {
                RefusedChange::Refuse => "refused",
                RefusedChange::Ignore => "ignored, and noted in the journal",
            };
            let rules = rules.collect::<Vec<_>>().join(", ");
            lines.push(format!("Attributes: {rules}; other changes are {refused}."));
            if !self.attributes.set_later {
                lines.push("What is immutable is set at creation or never.".into());
            }
        }
        lines.push(match self.attributes.unknown {
            UnknownAttribute::Refuse => "Attributes that no schema has are refused.".into(),
            UnknownAttribute::Ignore => {
                "Attributes that no schema has are ignored, and noted in the journal.".into()
            }
        });
        lines.push(match self.attributes.invisible_characters {
            Invisible::Refuse => "Unique names have no invisible characters.".into(),
            Invisible::Allow => "Unique names may have invisible characters.".into(),
        });
        for (path, product) in self.attributes.map.iter() {
            lines.push(format!("The product knows `{path}` as `{product}`."));
        }
        let Some(groups) = &self.groups else { return };
        if groups.unique_names {
            lines.push("No two groups may have the same name.".into());
        }
        for (group, roles) in groups.roles.iter() {
            let roles = list(roles.iter().map(String::as_str));
            lines.push(format!("Members of the group `{group}` have the roles {roles}."));
        }
        if groups.assignments {
            lines.push("The product gives groups' members roles and seats by hand.".into());
        }
        for (name, seats) in self.seat_types.iter() {
            lines.push(match seats {
                Some(seats) => format!("There are {seats} seats of the type `{name}`."),
                None => format!("There are any number of seats of the type `{name}`."),
            });
        }
        if groups.inactive_members == InactiveMembers::Hide {
            lines.push("Members who are not active are not shown.".into());
        }
    }

    fn protocol(&self, lines: &mut Vec<String>) {
        let types = self.registry.types().iter();
        let types = types.map(|resource_type| format!("`{}`", resource_type.definition.endpoint));
        lines.push(format!("Endpoints: {}.", types.collect::<Vec<_>>().join(", ")));
        let paging = &self.paging;
        let cursors = if paging.cursor { "with" } else { "without" };
        lines.push(format!("Pages have at most {} resources, {cursors} cursors.", paging.max_size));
        if let Some(rate) = self.rate.requests_per_second {
            lines.push(format!("Clients may send {rate} requests a second."));
        }
        for webhook in &self.webhooks {
            lines.push(format!("Events are sent to {}.", webhook.url));
        }
        lines.push(match self.secrets {
            Secrets::Discard => "Passwords are not kept.".into(),
            Secrets::Hash => "Passwords are kept as Argon2id hashes.".into(),
        });
        let quirks = list(self.quirks.iter().map(|quirk| quirk.name));
        lines.push(match quirks.is_empty() {
            true => "No client's quirk is on.".into(),
            false => format!("Clients' quirks: {quirks}."),
        });
    }
}

fn reactivation(users: &Users) -> String {
    let ways = users.reactivation.iter().map(|way| match way {
        Reactivation::Put => "PUT",
        Reactivation::Patch => "PATCH",
        Reactivation::Product => "the product",
    });
    let ways: Vec<&str> = ways.collect();
    match ways.is_empty() {
        true => "Nobody becomes active again.".into(),
        false => format!("Users become active again by {} alone.", ways.join(", ")),
    }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
