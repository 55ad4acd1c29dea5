//! The operations of a run, and how often each occurs.

use std::str::FromStr;

use super::Dice;

/// A kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Reads one user by id.
    Get,
    /// Finds a user by `userName eq`.
    LookUp,
    /// Finds a user by `emails.value eq`.
    Email,
    /// Reads the first page of users.
    List,
    /// Reads the next page of users, by cursor.
    Page,
    /// Creates a user.
    Create,
    /// Changes a user's display name by PATCH.
    Patch,
    /// Changes a user's display name by PUT.
    Put,
    /// Deactivates or reactivates a user.
    Activate,
    /// Adds a user to a group.
    Join,
    /// Removes a user from a group.
    Leave,
}

impl Operation {
    /// All operations, in the order of reports.
    pub const ALL: [Self; 11] = [
        Self::Get,
        Self::LookUp,
        Self::Email,
        Self::List,
        Self::Page,
        Self::Create,
        Self::Patch,
        Self::Put,
        Self::Activate,
        Self::Join,
        Self::Leave,
    ];

    /// Returns the operation's name on the command line and in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::LookUp => "eq",
            Self::Email => "email",
            Self::List => "list",
            Self::Page => "page",
            Self::Create => "create",
            Self::Patch => "patch",
            Self::Put => "put",
            Self::Activate => "activate",
            Self::Join => "member-add",
            Self::Leave => "member-remove",
        }
    }
}

/// The identity provider whose request format is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `{"op": "replace", "value": {"displayName": …}}`
    Okta,
    /// `{"op": "Replace", "path": "displayName", "value": …}`
    Entra,
}

/// Weighted operations in one identity provider's request format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mix {
    /// The name of the mix.
    pub name: String,
    pub(super) dialect: Dialect,
    weights: Vec<(Operation, u64)>,
}

/// The error for a name of no mix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is neither `okta`, `entra` nor one operation: get, eq, email, list, page, create, \
     patch, put, activate, member-add, member-remove"
)]
pub struct UnknownMix(String);

impl FromStr for Mix {
    type Err = UnknownMix;

    fn from_str(name: &str) -> Result<Self, UnknownMix> {
        use Operation as Op;
        // The weights follow logs of the two clients: Okta looks up a user before it creates it,
        // reads before it replaces, and pages through all users for imports; Entra looks up every
        // user again in each cycle, and changes users only by PATCH.
        let (dialect, weights) = match name {
            "okta" => (
                Dialect::Okta,
                vec![
                    (Op::LookUp, 25),
                    (Op::Get, 20),
                    (Op::Put, 15),
                    (Op::Create, 10),
                    (Op::Activate, 10),
                    (Op::Join, 10),
                    (Op::Leave, 5),
                    (Op::List, 5),
                ],
            ),
            "entra" => (
                Dialect::Entra,
                vec![
                    (Op::LookUp, 45),
                    (Op::Get, 10),
                    (Op::Patch, 20),
                    (Op::Create, 8),
                    (Op::Activate, 5),
                    (Op::Join, 8),
                    (Op::Leave, 4),
                ],
            ),
            other => {
                let found = Op::ALL.into_iter().find(|operation| operation.name() == other);
                let operation = found.ok_or_else(|| UnknownMix(other.to_owned()))?;
                (Dialect::Okta, vec![(operation, 1)])
            }
        };
        Ok(Self { name: name.to_owned(), dialect, weights })
    }
}

impl Mix {
    /// Picks an operation at random, by weight.
    pub(super) fn pick(&self, dice: &mut Dice) -> Operation {
        let total = self.weights.iter().map(|(_, weight)| weight).sum();
        let mut left = dice.below(total);
        for (operation, weight) in &self.weights {
            match left.checked_sub(*weight) {
                Some(less) => left = less,
                None => return *operation,
            }
        }
        Operation::Get
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_is_what_its_weights_say_and_a_seed_repeats_it() {
        let mix: Mix = "okta".parse().unwrap();
        let picked = |seed| {
            let mut dice = Dice::seeded(seed);
            (0..1000).map(|_| mix.pick(&mut dice)).collect::<Vec<_>>()
        };
        assert_eq!(picked(3), picked(3));
        let of = |wanted| picked(3).iter().filter(|found| **found == wanted).count();
        assert!((200..300).contains(&of(Operation::LookUp)), "{}", of(Operation::LookUp));
        assert_eq!(of(Operation::Patch), 0);
        assert!("get".parse::<Mix>().is_ok_and(|mix| mix.weights == [(Operation::Get, 1)]));
        assert!("nothing".parse::<Mix>().is_err());
    }
}
