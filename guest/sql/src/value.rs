//! The value of a term as the databases store and compare it.

use std::cmp::Ordering;

use scimlet_store::Scalar;

/// A value that sorts as in the databases: any number before any text before any boolean, texts by
/// their bytes.
#[derive(Clone, Debug)]
pub struct Stored(pub Scalar);

impl From<Scalar> for Stored {
    fn from(scalar: Scalar) -> Stored {
        // Minus zero equals zero and must not become a second term beside it; the pattern matches
        // both.
        Stored(match scalar {
            Scalar::Number(0.0) => Scalar::Number(0.0),
            other => other,
        })
    }
}

impl Ord for Stored {
    fn cmp(&self, other: &Stored) -> Ordering {
        match (&self.0, &other.0) {
            (Scalar::Number(a), Scalar::Number(b)) => a.total_cmp(b),
            (Scalar::Text(a), Scalar::Text(b)) => a.cmp(b),
            (Scalar::Boolean(a), Scalar::Boolean(b)) => a.cmp(b),
            (a, b) => class(a).cmp(&class(b)),
        }
    }
}

fn class(scalar: &Scalar) -> u8 {
    match scalar {
        Scalar::Number(_) => 0,
        Scalar::Text(_) => 1,
        Scalar::Boolean(_) => 2,
    }
}

impl PartialOrd for Stored {
    fn partial_cmp(&self, other: &Stored) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Stored {
    fn eq(&self, other: &Stored) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Stored {}
