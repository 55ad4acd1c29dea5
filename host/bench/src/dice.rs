//! Random choices that can be repeated with a seed.

use std::hash::{BuildHasher, RandomState};

/// A SplitMix64 generator.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Creates a generator; equal seeds give equal choices.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns a random seed.
    #[must_use]
    pub fn any_seed() -> u64 {
        RandomState::new().hash_one(())
    }

    /// Returns an independent generator for a part of the work.
    #[must_use]
    pub fn split(&mut self) -> Self {
        Self(self.next())
    }

    /// Returns a number from 0 to `bound` - 1; 0 if the bound is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or(0)
    }

    /// Returns one of these; `None` if there are none.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let index = self.below(from.len() as u64);
        from.get(usize::try_from(index).ok()?)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn a_seed_repeats_the_choices() {
        let choices = |seed| {
            let mut dice = Dice::seeded(seed);
            [(); 8].map(|()| dice.below(1000))
        };
        assert_eq!(choices(7), choices(7));
        assert_ne!(choices(7), choices(8));
        assert!(choices(7).iter().any(|choice| *choice != choices(7)[0]));
        assert_eq!(Dice::seeded(1).pick::<u8>(&[]), None);
    }
}
