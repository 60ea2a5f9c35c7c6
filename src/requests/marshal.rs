//! Reads what Python's `marshal` writes in its version 2: the recorder's messages, made in the application's process in a fourth of the
//! time that JSON would take there.
//!
//! The form is that of CPython's `Python/marshal.c`. Nothing in it is trusted: lengths are looked at before memory is taken, and
//! what is nested has an end.

use serde::de::value::Error;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

/// Levels of lists and dictionaries in each other.
const DEEPEST: u32 = 32;

/// Reads a value.
///
/// # Errors
/// It is none, or not one of this type, or something follows it.
pub fn from_slice<'de, T: serde::Deserialize<'de>>(data: &'de [u8]) -> Result<T, Error> {
    let mut reader = Reader { rest: data, depth: 0 };
    let value = T::deserialize(&mut reader)?;
    if reader.rest.is_empty() { Ok(value) } else { Err(Error::custom("something follows the value")) }
}

struct Reader<'de> {
    rest: &'de [u8],
    depth: u32,
}

impl<'de> Reader<'de> {
    fn take(&mut self, count: usize) -> Result<&'de [u8], Error> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(|| Error::custom("cut off"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        self.take(N)?.try_into().map_err(Error::custom)
    }

    fn number(&mut self) -> Result<i32, Error> {
        self.array().map(i32::from_le_bytes)
    }

    fn length(&mut self) -> Result<usize, Error> {
        let length = usize::try_from(self.number()?).map_err(Error::custom)?;
        // An element is a byte at least.
        if length > self.rest.len() { Err(Error::custom("longer than all of it")) } else { Ok(length) }
    }

    /// An integer of more than 32 bits: digits of 15 bits, the lowest first; the sign is that of their number.
    fn long(&mut self) -> Result<i64, Error> {
        let count = self.number()?;
        let mut value = 0_i64;
        for place in 0..count.unsigned_abs() {
            let digit = i64::from(u16::from_le_bytes(self.array()?));
            let digit = digit.checked_mul(1_i64.checked_shl(15 * place).filter(|_| place < 4).unwrap_or(0)).unwrap_or(i64::MAX);
            value = value.saturating_add(digit);
        }
        Ok(if count < 0 { -value } else { value })
    }

    /// Elements until their number is reached, or until the mark at a dictionary's end.
    fn within<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if self.depth == DEEPEST {
            return Err(Error::custom("nested too deeply"));
        }
        self.depth += 1;
        let value = inner(self);
        self.depth -= 1;
        value
    }
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.array::<1>()?[0] {
            b'N' => visitor.visit_unit(),
            b'T' => visitor.visit_bool(true),
            b'F' => visitor.visit_bool(false),
            b'i' => visitor.visit_i64(self.number()?.into()),
            b'l' => visitor.visit_i64(self.long()?),
            b'g' => visitor.visit_f64(f64::from_le_bytes(self.array()?)),
            b's' => {
                let length = self.length()?;
                visitor.visit_borrowed_bytes(self.take(length)?)
            }
            b'u' => {
                let length = self.length()?;
                let bytes = self.take(length)?;
                match std::str::from_utf8(bytes) {
                    Ok(text) => visitor.visit_borrowed_str(text),
                    // Python makes half of a character of the name of a file in another encoding.
                    Err(_) => visitor.visit_string(String::from_utf8_lossy(bytes).into_owned()),
                }
            }
            b'(' | b'[' => {
                let count = self.length()?;
                self.within(|reader| visitor.visit_seq(Elements { reader, left: count }))
            }
            b'{' => self.within(|reader| visitor.visit_map(Pairs { reader })),
            other => Err(Error::custom(format_args!("no value begins with {other:#04x}"))),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.rest.first() == Some(&b'N') {
            self.take(1)?;
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

struct Elements<'a, 'de> {
    reader: &'a mut Reader<'de>,
    left: usize,
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(&mut *self.reader).map(Some)
    }
}

struct Pairs<'a, 'de> {
    reader: &'a mut Reader<'de>,
}

impl<'de> MapAccess<'de> for Pairs<'_, 'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        if self.reader.rest.first() == Some(&b'0') {
            self.reader.take(1)?;
            return Ok(None);
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(&mut *self.reader)
    }
}
