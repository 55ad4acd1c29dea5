//! Maps and sets in the order of their keys. WebAssembly has a copy of their code for each type,
//! and that of the standard library's trees takes six times the room.

use std::borrow::Borrow;
use std::iter::Flatten;
use std::{mem, slice, vec};

/// The most entries of a chunk: inserting moves those behind the new one.
const CHUNK: usize = 256;

/// Values by their keys, in the order of the keys: sorted chunks of sorted entries.
#[derive(Clone, Debug)]
pub struct OrderedMap<K, V> {
    /// None is empty.
    chunks: Vec<Vec<(K, V)>>,
}

impl<K: Ord, V> OrderedMap<K, V> {
    /// Returns an empty map.
    #[must_use]
    pub const fn new() -> Self {
        Self { chunks: Vec::new() }
    }

    /// Returns the value of a key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        match self.place(key) {
            (chunk, Ok(index)) => Some(&self.chunks.get(chunk)?.get(index)?.1),
            _ => None,
        }
    }

    /// Returns the value of a key, to be changed.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        match self.place(key) {
            (chunk, Ok(index)) => Some(&mut self.chunks.get_mut(chunk)?.get_mut(index)?.1),
            _ => None,
        }
    }

    /// Returns whether the map has a key.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.place(key).1.is_ok()
    }

    /// Adds a value; returns the previous value of its key.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let (chunk, place) = self.place(&key);
        let Some(entries) = self.chunks.get_mut(chunk) else {
            self.chunks.push(vec![(key, value)]);
            return None;
        };
        match place {
            Ok(index) => entries.get_mut(index).map(|entry| mem::replace(&mut entry.1, value)),
            Err(index) => {
                entries.insert(index, (key, value));
                if entries.len() > CHUNK {
                    let rest = entries.split_off(CHUNK / 2);
                    self.chunks.insert(chunk + 1, rest);
                }
                None
            }
        }
    }

    /// Changes the value of a key; one that is missing is the default before.
    pub fn change(&mut self, key: K, change: impl FnOnce(&mut V))
    where
        V: Default,
    {
        match self.get_mut(&key) {
            Some(value) => change(value),
            None => {
                let mut value = V::default();
                change(&mut value);
                self.insert(key, value);
            }
        }
    }

    /// Removes and returns the value of a key.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let (chunk, Ok(index)) = self.place(key) else { return None };
        let entries = self.chunks.get_mut(chunk)?;
        let (_, value) = entries.remove(index);
        if entries.is_empty() {
            self.chunks.remove(chunk);
        }
        Some(value)
    }

    /// Returns whether the map is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Returns the number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.chunks.iter().map(Vec::len).sum()
    }

    /// Iterates over keys and values.
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter { chunks: self.chunks.iter(), entries: [].iter() }
    }

    /// Iterates over the keys.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }

    /// Iterates over the values.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    /// Iterates over the keys that are not less than this one.
    fn keys_from(&self, least: &K) -> impl Iterator<Item = &K> {
        let (chunk, Ok(index) | Err(index)) = self.place(least);
        let mut chunks = self.chunks.get(chunk..).unwrap_or_default().iter();
        let first = chunks.next().and_then(|entries| entries.get(index..));
        Iter { chunks, entries: first.unwrap_or_default().iter() }.map(|(key, _)| key)
    }

    /// Returns the index of the chunk to which a key belongs, and its index there, or else that at
    /// which it would be inserted.
    fn place<Q: Ord + ?Sized>(&self, key: &Q) -> (usize, Result<usize, usize>)
    where
        K: Borrow<Q>,
    {
        let is_before = |chunk: &Vec<(K, V)>| match chunk.last() {
            Some((last, _)) => last.borrow() < key,
            None => true,
        };
        let last = self.chunks.len().saturating_sub(1);
        let index = self.chunks.partition_point(is_before).min(last);
        let entries = self.chunks.get(index).map_or(&[][..], Vec::as_slice);
        (index, entries.binary_search_by(|(other, _)| other.borrow().cmp(key)))
    }
}

impl<K: Ord, V> Default for OrderedMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Ord, V: PartialEq> PartialEq for OrderedMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other)
    }
}

impl<K: Ord, V: Eq> Eq for OrderedMap<K, V> {}

/// Of several values of one key, the last one counts.
impl<K: Ord, V> Extend<(K, V)> for OrderedMap<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for OrderedMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        map.extend(entries);
        map
    }
}

/// Keys and values of an [`OrderedMap`].
#[derive(Debug)]
pub struct Iter<'a, K, V> {
    chunks: slice::Iter<'a, Vec<(K, V)>>,
    /// The rest of the last chunk.
    entries: slice::Iter<'a, (K, V)>,
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((key, value)) = self.entries.next() {
                return Some((key, value));
            }
            self.entries = self.chunks.next()?.iter();
        }
    }
}

impl<'a, K: Ord, V> IntoIterator for &'a OrderedMap<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<K, V> IntoIterator for OrderedMap<K, V> {
    type Item = (K, V);
    type IntoIter = Flatten<vec::IntoIter<Vec<(K, V)>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.chunks.into_iter().flatten()
    }
}

/// Distinct values in their order.
#[derive(Clone, Debug)]
pub struct OrderedSet<T>(OrderedMap<T, ()>);

impl<T: Ord> OrderedSet<T> {
    /// Returns an empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self(OrderedMap::new())
    }

    /// Returns whether the set has a value.
    pub fn contains<Q: Ord + ?Sized>(&self, value: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.0.contains_key(value)
    }

    /// Adds a value; returns whether it is new.
    pub fn insert(&mut self, value: T) -> bool {
        self.0.insert(value, ()).is_none()
    }

    /// Removes a value; returns whether the set had it.
    pub fn remove<Q: Ord + ?Sized>(&mut self, value: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.0.remove(value).is_some()
    }

    /// Returns whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Iterates over the values.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.keys()
    }

    /// Iterates over the values that the other set does not have.
    pub fn difference<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a T> {
        self.iter().filter(|value| !other.contains(*value))
    }

    /// Keeps only the values for which `stays` returns true.
    pub fn retain(&mut self, stays: impl Fn(&T) -> bool) {
        for chunk in &mut self.0.chunks {
            chunk.retain(|(value, ())| stays(value));
        }
        self.0.chunks.retain(|chunk| !chunk.is_empty());
    }

    /// Iterates over the values that are not less than this one.
    pub fn iter_from(&self, least: &T) -> impl Iterator<Item = &T> {
        self.0.keys_from(least)
    }
}

impl<T: Ord> Default for OrderedSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Ord> PartialEq for OrderedSet<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T: Ord> Eq for OrderedSet<T> {}

/// The values of an [`OrderedSet`].
#[derive(Debug)]
pub struct IntoValues<T>(Flatten<vec::IntoIter<Vec<(T, ())>>>);

impl<T> Iterator for IntoValues<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.next().map(|(value, ())| value)
    }
}

impl<T> IntoIterator for OrderedSet<T> {
    type Item = T;
    type IntoIter = IntoValues<T>;

    fn into_iter(self) -> IntoValues<T> {
        IntoValues(self.0.into_iter())
    }
}

impl<T: Ord> Extend<T> for OrderedSet<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        for value in values {
            self.insert(value);
        }
    }
}

impl<T: Ord> FromIterator<T> for OrderedSet<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut set = Self::new();
        set.extend(values);
        set
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Numbers below 1,000 in no order, some of them twice.
    fn numbers() -> impl Iterator<Item = u32> {
        (0..1_500u32).map(|n| n.wrapping_mul(2_654_435_761) >> 7).map(|n| n % 1_000)
    }

    #[test]
    fn they_keep_what_a_tree_keeps() {
        let (mut map, mut tree) = (OrderedMap::new(), BTreeMap::new());
        for (index, number) in numbers().enumerate() {
            assert_eq!(map.insert(number, index), tree.insert(number, index));
        }
        assert!(map.iter().eq(&tree));
        for number in numbers().step_by(3) {
            assert_eq!(map.remove(&number), tree.remove(&number));
            map.change(number / 2, |value| *value += 1);
            *tree.entry(number / 2).or_default() += 1;
        }
        assert!(map.iter().eq(&tree));
        assert_eq!(map.len(), tree.len());
        for number in 0..1_000 {
            assert_eq!(map.get(&number), tree.get(&number));
            assert!(map.keys_from(&number).eq(tree.range(number..).map(|(key, _)| key)));
        }
        assert!(map.clone().into_iter().eq(tree));
        let all: Vec<u32> = map.keys().copied().collect();
        all.iter().for_each(|number| assert!(map.remove(number).is_some()));
        assert_eq!((map.is_empty(), map), (true, OrderedMap::default()));
    }
}
