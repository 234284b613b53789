//! The texts of a form as a type of the application's, by serde. What each kind of value may look like is
//! said at [`super::Form::fields_as`].

use std::{collections::BTreeMap, fmt::Display, str::FromStr};

use serde::{
    Deserializer,
    de::{
        DeserializeOwned, Error as _, IntoDeserializer, Visitor,
        value::{Error, MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};

/// Reads names and values.
pub(super) fn read<T: DeserializeOwned>(fields: &[(String, String)]) -> Result<T, Error> {
    let mut by_name: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, value) in fields {
        by_name.entry(name).or_default().push(value);
    }
    let texts = by_name.into_iter().map(|(name, values)| {
        let texts = Texts { name, values };
        (name, texts)
    });
    T::deserialize(MapDeserializer::new(texts))
}

/// The values of one name.
struct Texts<'a> {
    name: &'a str,
    values: Vec<&'a str>,
}

impl Texts<'_> {
    /// The value where one is wanted: the last.
    fn text(&self) -> &str {
        self.values.last().copied().unwrap_or_default()
    }

    fn parsed<T: FromStr>(&self, kind: &str) -> Result<T, Error>
    where
        T::Err: Display,
    {
        let text = self.text();
        let parsed = text.trim().parse();
        parsed.map_err(|error| self.wrong(format_args!("{text:?} is no {kind}: {error}")))
    }

    /// A number that a form means: Rust also reads "nan" and "inf".
    fn number<T: FromStr + Into<f64> + Copy>(&self) -> Result<T, Error>
    where
        T::Err: Display,
    {
        let number = self.parsed::<T>("number")?;
        match number.into().is_finite() {
            true => Ok(number),
            false => Err(self.wrong(format_args!("{:?} is no finite number", self.text()))),
        }
    }

    fn boolean(&self) -> Result<bool, Error> {
        match self.text().trim().to_ascii_lowercase().as_str() {
            "true" | "on" | "1" => Ok(true),
            "false" | "off" | "0" | "" => Ok(false),
            _ => Err(self.wrong(format_args!("{:?} is neither true nor false", self.text()))),
        }
    }

    fn wrong(&self, why: impl Display) -> Error {
        Error::custom(format_args!("the field {:?} is wrong: {why}", self.name))
    }

    /// Gives the text to the visitor, which may want another one.
    fn visit<'de, V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, Error> {
        let visited = visitor.visit_str::<Error>(self.text());
        visited.map_err(|error| self.wrong(error))
    }
}

impl<'de> IntoDeserializer<'de, Error> for Texts<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! parsed {
    ($($deserialize:ident $visit:ident $kind:literal)*) => {
        $(
            fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
                visitor.$visit(self.parsed($kind)?)
            }
        )*
    };
}

impl<'de> Deserializer<'de> for Texts<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.visit(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bool(self.boolean()?)
    }

    parsed! {
        deserialize_i8 visit_i8 "whole number"
        deserialize_i16 visit_i16 "whole number"
        deserialize_i32 visit_i32 "whole number"
        deserialize_i64 visit_i64 "whole number"
        deserialize_i128 visit_i128 "whole number"
        deserialize_u8 visit_u8 "whole number from 0"
        deserialize_u16 visit_u16 "whole number from 0"
        deserialize_u32 visit_u32 "whole number from 0"
        deserialize_u64 visit_u64 "whole number from 0"
        deserialize_u128 visit_u128 "whole number from 0"
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_f32(self.number()?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_f64(self.number()?)
    }

    /// Empty texts are inputs that nothing was typed into. An `Option<Vec<_>>` wants the other values.
    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        self.values.retain(|value| !value.is_empty());
        match self.values.is_empty() {
            true => visitor.visit_none(),
            false => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let Self { name, values } = self;
        let each = values.into_iter().map(|value| Texts {
            name,
            values: vec![value],
        });
        visitor.visit_seq(SeqDeserializer::new(each))
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let variant = IntoDeserializer::<Error>::into_deserializer(self.text());
        let visited = visitor.visit_enum(variant);
        visited.map_err(|error| self.wrong(error))
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit_struct tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Size {
        Small,
        Large,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Id(u64);

    fn of<T: DeserializeOwned>(values: &[&str]) -> Result<T, String> {
        #[derive(Deserialize)]
        struct Holder<T> {
            f: T,
        }

        let fields: Vec<_> = values
            .iter()
            .map(|value| ("f".to_owned(), (*value).to_owned()))
            .collect();
        let held: Result<Holder<T>, _> = read(&fields);
        held.map(|held| held.f).map_err(|error| error.to_string())
    }

    #[test]
    fn a_text_becomes_what_it_is_read_as() {
        assert_eq!(of(&["a b"]), Ok("a b".to_owned()));
        assert_eq!(of(&[""]), Ok(String::new()));
        assert_eq!(of(&["é"]), Ok('é'));
        assert_eq!(of(&["-7"]), Ok(-7_i8));
        assert_eq!(of(&[" 7 "]), Ok(7_u64));
        assert_eq!(of(&["1.5"]), Ok(1.5_f64));
        assert_eq!(of(&["9"]), Ok(Id(9)));
        assert_eq!(of(&["large"]), Ok(Size::Large));
        assert_eq!(of(&["x"]), Ok(Some("x".to_owned())));
        assert_eq!(of(&["3"]), Ok(Some(3_u8)));
        assert_eq!(of(&["small", "large"]), Ok(vec![Size::Small, Size::Large]));
        assert_eq!(of(&["1", "2"]), Ok((1_u8, 2_u8)));
    }

    #[test]
    fn an_empty_text_is_no_value_where_one_may_be_missing() {
        assert_eq!(of::<Option<u8>>(&[""]), Ok(None));
        assert_eq!(of::<Option<String>>(&[""]), Ok(None));
        assert_eq!(of::<Option<u8>>(&[]), Ok(None));
        assert_eq!(of::<Option<u8>>(&["3", ""]), Ok(Some(3)));
        assert_eq!(of::<Option<Vec<u8>>>(&["", ""]), Ok(None));
        for values in [&["1", "2"][..], &["1", "", "2"], &["1", "2", ""]] {
            let expected = Ok(Some(vec![1, 2]));
            assert_eq!(of::<Option<Vec<u8>>>(values), expected, "{values:?}");
        }
    }

    #[test]
    fn booleans_are_read_as_checkboxes_send_them() {
        for text in ["on", "true", "True", "1"] {
            assert_eq!(of(&[text]), Ok(true), "{text}");
        }
        for text in ["off", "false", "0", ""] {
            assert_eq!(of(&[text]), Ok(false), "{text}");
        }
    }

    #[test]
    fn of_several_values_the_last_counts() {
        assert_eq!(of(&["1", "2"]), Ok(2_u8));
        assert_eq!(of(&["a", "b"]), Ok("b".to_owned()));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_field() {
        for (case, told, expected) in [
            (
                "too large",
                of::<u8>(&["256"]).unwrap_err(),
                "the field \"f\" is wrong: \"256\" is no whole number from 0: number too large to fit in target type",
            ),
            (
                "a word",
                of::<Option<i32>>(&["seven"]).unwrap_err(),
                "the field \"f\" is wrong: \"seven\" is no whole number: invalid digit found in string",
            ),
            (
                "empty",
                of::<f32>(&[""]).unwrap_err(),
                "the field \"f\" is wrong: \"\" is no number: cannot parse float from empty string",
            ),
            (
                "not a number",
                of::<f64>(&["NaN"]).unwrap_err(),
                "the field \"f\" is wrong: \"NaN\" is no finite number",
            ),
            (
                "beyond all numbers",
                of::<f32>(&["1e39"]).unwrap_err(),
                "the field \"f\" is wrong: \"1e39\" is no finite number",
            ),
            (
                "no boolean",
                of::<bool>(&["maybe"]).unwrap_err(),
                "the field \"f\" is wrong: \"maybe\" is neither true nor false",
            ),
            (
                "no variant",
                of::<Size>(&["huge"]).unwrap_err(),
                "the field \"f\" is wrong: unknown variant `huge`, expected `small` or `large`",
            ),
            (
                "one of several",
                of::<Vec<u8>>(&["1", "x"]).unwrap_err(),
                "the field \"f\" is wrong: \"x\" is no whole number from 0: invalid digit found in string",
            ),
            (
                "two letters",
                of::<char>(&["ab"]).unwrap_err(),
                "the field \"f\" is wrong: invalid value: string \"ab\", expected a character",
            ),
            (
                "missing",
                of::<String>(&[]).unwrap_err(),
                "missing field `f`",
            ),
        ] {
            assert_eq!(told, expected, "{case}");
        }
    }
}
