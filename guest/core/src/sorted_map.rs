//! A small map with names as keys.

use serde::{Serialize, Serializer};

/// Values by name, in the order of the names. A sorted vector: its code is a tenth of that of a
/// tree for each type of value. Inserting moves the values behind the new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortedMap<T>(Vec<(String, T)>);

impl<T> SortedMap<T> {
    /// An empty map.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Returns the value of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&T> {
        let place = self.place(name).ok()?;
        self.0.get(place).map(|(_, value)| value)
    }

    /// Returns whether the map has this name.
    #[must_use]
    pub fn contains_key(&self, name: &str) -> bool {
        self.place(name).is_ok()
    }

    /// Adds a value; returns the previous value of this name.
    pub fn insert(&mut self, name: String, value: T) -> Option<T> {
        let before = self.remove(&name);
        let (Ok(place) | Err(place)) = self.place(&name);
        self.0.insert(place, (name, value));
        before
    }

    /// Removes and returns the value of this name.
    pub fn remove(&mut self, name: &str) -> Option<T> {
        self.place(name).ok().map(|place| self.0.remove(place).1)
    }

    /// Returns the value of this name; inserts one if there is none.
    pub fn of(&mut self, name: &str, make: impl FnOnce() -> T) -> &mut T {
        let (name, value) = match self.place(name) {
            Ok(place) => self.0.remove(place),
            Err(_) => (name.to_owned(), make()),
        };
        let (Ok(place) | Err(place)) = self.place(&name);
        &mut self.0.insert_mut(place, (name, value)).1
    }

    /// Iterates over names and values, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Iterates over the names, in their order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Iterates over the values, in the order of the names.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|(_, value)| value)
    }

    /// Returns the number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether the map is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the index of the name, or the index at which it would be inserted.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| other.as_str().cmp(name))
    }
}

impl<T> Default for SortedMap<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Of two values with the same name, the last wins.
impl<T> FromIterator<(String, T)> for SortedMap<T> {
    fn from_iter<I: IntoIterator<Item = (String, T)>>(pairs: I) -> Self {
        let mut named = Self::new();
        for (name, value) in pairs {
            named.insert(name, value);
        }
        named
    }
}

impl<T> IntoIterator for SortedMap<T> {
    type Item = (String, T);
    type IntoIter = std::vec::IntoIter<(String, T)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<T: Serialize> Serialize for SortedMap<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_found_in_their_order() {
        let pairs = ["b", "a", "c", "b"].into_iter().zip(1..);
        let mut named: SortedMap<u8> = pairs.map(|(name, n)| (name.to_owned(), n)).collect();
        assert_eq!(named.get("b"), Some(&4));
        assert_eq!(named.get("d"), None);
        assert_eq!(named.insert("d".into(), 5), None);
        assert_eq!(named.remove("a"), Some(2));
        *named.of("d", || 0) += 1;
        *named.of("e", || 7) += 1;
        let all: Vec<(&str, &u8)> = named.iter().collect();
        assert_eq!(all, [("b", &4), ("c", &3), ("d", &6), ("e", &8)]);
        assert_eq!(
            serde_json::to_string(&named).ok().as_deref(),
            Some(r#"{"b":4,"c":3,"d":6,"e":8}"#)
        );
    }
}
