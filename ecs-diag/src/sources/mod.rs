//! The sources that come with the crate.
use crate::*;
pub struct Snapshot;
impl Snapshot {
    pub fn from_values(
        _: impl IntoIterator<Item = (String, serde_json::Value)>,
    ) -> Result<Self, String> {
        Ok(Snapshot)
    }
    pub fn answer(&self, _: &Query) -> Result<serde_json::Value, SourceError> {
        Err(SourceError::new(ErrorKind::NotRecorded, "x"))
    }
}
#[async_trait::async_trait]
impl DataSource for Snapshot {
    async fn fetch(&self, q: &Query) -> Result<serde_json::Value, SourceError> {
        self.answer(q)
    }
}
