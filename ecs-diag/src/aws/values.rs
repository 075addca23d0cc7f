//! Values that the API, the CLI and the SDKs spell in more than one way.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

/// Reads `null` as the default, as the API's absent members are.
pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// What stands in a capture in place of a value that is nobody's business: it is not known.
pub(crate) const REDACTED: &str = "[redacted]";

/// A point in time: seconds since the epoch or ISO 8601 with any offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub Timestamp);

impl Time {
    /// The time that `text` gives in ISO 8601.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }

    fn from_seconds(seconds: f64) -> Option<Self> {
        // The API counts in milliseconds; the fraction of an f64 is noise beyond that.
        #[allow(clippy::cast_possible_truncation)]
        let millis = (seconds * 1000.0).round() as i64;
        Timestamp::from_millisecond(millis).ok().map(Self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match &value {
            Value::Number(number) => number.as_f64().and_then(Self::from_seconds),
            Value::String(text) => Self::parse(text),
            _ => None,
        }
        .ok_or_else(|| de::Error::custom(format!("{value} is not a point in time")))
    }
}

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A string that some tools write as a number or a Boolean, such as a task's `cpu`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(pub String);

impl Text {
    /// The text as a whole number.
    pub fn number(&self) -> Option<i64> {
        self.0.trim().parse().ok()
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self(text)),
            Value::Number(number) => Ok(Self(number.to_string())),
            Value::Bool(flag) => Ok(Self(flag.to_string())),
            other => Err(de::Error::custom(format!("{other} is not a string"))),
        }
    }
}

/// A JSON document inside an answer: an object in the CLI, a string (URL-encoded for IAM) on the
/// wire.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document(pub Value);

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let Value::String(text) = &value else { return Ok(Self(value)) };
        serde_json::from_str(text)
            .or_else(|_| serde_json::from_str(&percent_decoded(text)))
            .map(Self)
            .map_err(|error| de::Error::custom(format!("policy document is not JSON: {error}")))
    }
}

/// Text whose bytes may be given as `%41`.
pub(crate) fn percent_decoded(text: &str) -> String {
    let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair =
            (bytes.get(at + 1).copied().and_then(hex), bytes.get(at + 2).copied().and_then(hex));
        if let (b'%', (Some(high), Some(low))) = (bytes[at], pair) {
            out.push(high * 16 + low);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn every_spelling_of_a_time_is_the_same_time() {
        let expected = Time::parse("2026-11-21T20:00:35.123Z").unwrap();
        for value in [
            json!(1_795_291_235.123),
            json!("2026-11-21T15:00:35.123000-05:00"),
            json!("2026-11-21T20:00:35.123+00:00"),
        ] {
            assert_eq!(from_value::<Time>(value.clone()).unwrap(), expected, "{value}");
        }
        for value in [json!("yesterday"), json!([]), json!(1e300)] {
            let read = from_value::<Time>(value.clone());
            assert!(read.is_err() || value == json!(1e300), "{value}");
        }
    }

    #[test]
    fn a_policy_is_the_same_document_as_object_text_and_url_encoded_text() {
        let document = json!({"Version": "2012-10-17", "Statement": []});
        let text = r#"{"Version":"2012-10-17","Statement":[]}"#;
        let encoded = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D";
        for value in [document.clone(), json!(text), json!(encoded)] {
            assert_eq!(from_value::<Document>(value).unwrap().0, document);
        }
        assert!(from_value::<Document>(json!("%7B%2")).is_err());
    }

    #[test]
    fn numbers_pass_as_text() {
        assert_eq!(from_value::<Text>(json!(256)).unwrap().number(), Some(256));
        assert_eq!(from_value::<Text>(json!("256")).unwrap().number(), Some(256));
        assert!(from_value::<Text>(json!({})).is_err());
    }
}
