//! The position of a hit or link, as the opaque text that the guest sends back. It encodes the sort
//! key, not the row, so it stays valid when the row is gone.

use base64ct::{Base64UrlUnpadded, Encoding as _};

use super::value::Stored;
use scimlet_store::{Direction, Refusal, Scalar};

/// The position of a hit in the order of its query.
#[derive(Clone, Debug, PartialEq)]
pub enum Position {
    /// In order of creation.
    Created(i64),
    /// In order of a value: the entry's value, if it has one.
    Sorted(i64, Option<Stored>),
}

impl Position {
    /// Returns the position as text.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut bytes = Vec::with_capacity(16);
        let (tag, seq) = match self {
            Position::Created(seq) => (b'c', seq),
            Position::Sorted(seq, None) => (b'-', seq),
            Position::Sorted(seq, Some(Stored(Scalar::Text(_)))) => (b't', seq),
            Position::Sorted(seq, Some(Stored(Scalar::Number(_)))) => (b'n', seq),
            Position::Sorted(seq, Some(Stored(Scalar::Boolean(_)))) => (b'b', seq),
        };
        bytes.push(tag);
        bytes.extend(seq.to_be_bytes());
        if let Position::Sorted(_, Some(Stored(value))) = self {
            match value {
                Scalar::Text(text) => bytes.extend(text.as_bytes()),
                Scalar::Number(number) => bytes.extend(number.to_be_bytes()),
                Scalar::Boolean(flag) => bytes.push(u8::from(*flag)),
            }
        }
        Base64UrlUnpadded::encode_string(&bytes)
    }

    /// Reads a position.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if the text was not made by [`Position::encode`].
    pub fn decode(text: &str) -> Result<Position, Refusal> {
        let bytes = Base64UrlUnpadded::decode_vec(text).map_err(|_| no_position())?;
        let (tag, seq, rest) = split(&bytes).ok_or_else(no_position)?;
        let value = match (tag, rest) {
            (b'c', []) => return Ok(Position::Created(seq)),
            (b'-', []) => return Ok(Position::Sorted(seq, None)),
            (b't', text) => {
                Scalar::Text(String::from_utf8(text.to_vec()).map_err(|_| no_position())?)
            }
            (b'n', rest) => Scalar::Number(number(rest).ok_or_else(no_position)?),
            (b'b', [flag @ (0 | 1)]) => Scalar::Boolean(*flag == 1),
            _ => return Err(no_position()),
        };
        Ok(Position::Sorted(seq, Some(Stored::from(value))))
    }
}

/// Encodes the position after a link; `number` is the row at its other end.
pub fn encode_link(direction: Direction, number: i64) -> String {
    let mut bytes = vec![link_tag(direction)];
    bytes.extend(number.to_be_bytes());
    Base64UrlUnpadded::encode_string(&bytes)
}

/// Decodes the row at the other end of the last link of the previous page.
pub fn decode_link(direction: Direction, text: &str) -> Result<i64, Refusal> {
    let bytes = Base64UrlUnpadded::decode_vec(text).map_err(|_| no_position())?;
    match split(&bytes) {
        Some((tag, number, [])) if tag == link_tag(direction) => Ok(number),
        _ => Err(no_position()),
    }
}

fn link_tag(direction: Direction) -> u8 {
    match direction {
        Direction::Outgoing => b'>',
        Direction::Incoming => b'<',
    }
}

fn split(bytes: &[u8]) -> Option<(u8, i64, &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (seq, rest) = rest.split_first_chunk::<8>()?;
    Some((*tag, i64::from_be_bytes(*seq), rest))
}

fn number(bytes: &[u8]) -> Option<f64> {
    let number = f64::from_be_bytes(bytes.try_into().ok()?);
    number.is_finite().then_some(number)
}

/// The refusal of a position that does not belong to the query.
pub fn no_position() -> Refusal {
    Refusal::Invalid("the position does not belong to this query".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_its_text() {
        let values = [
            None,
            Some(Scalar::Text(String::new())),
            Some(Scalar::Text("z\u{10FFFF}\0".into())),
            Some(Scalar::Number(-1.5)),
            Some(Scalar::Boolean(true)),
        ];
        for value in values {
            let position = Position::Sorted(7, value.map(Stored::from));
            assert_eq!(Position::decode(&position.encode()), Ok(position));
        }
        assert_eq!(Position::decode(&Position::Created(9).encode()), Ok(Position::Created(9)));
    }

    #[test]
    fn what_is_no_position_is_invalid() {
        let link = encode_link(Direction::Outgoing, 3);
        let created = Position::Created(3).encode();
        let longer = Base64UrlUnpadded::encode_string(b"c123456789");
        for text in ["", "?", "Yw", "YzEyMzQ1Njc", &link, &longer] {
            assert!(matches!(Position::decode(text), Err(Refusal::Invalid(_))), "{text}");
        }
        assert!(decode_link(Direction::Incoming, &link).is_err());
        assert!(decode_link(Direction::Outgoing, &created).is_err());
        assert_eq!(decode_link(Direction::Outgoing, &link), Ok(3));
    }
}
