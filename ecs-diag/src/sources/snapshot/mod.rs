//! Saved answers as a source.

mod answer;
mod build;
mod command;
mod error;
mod home;
mod load;
mod normal;
mod outputs;
mod path;
mod recording;
mod select;
mod shapes;
mod store;
mod table;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use jiff::Timestamp;
use serde_json::Value;

#[cfg(all(test, feature = "live"))]
pub(crate) use self::table::known_members;
use self::{build::StoreKey, load::Loaded, recording::Recording, store::Store};
pub(super) use self::{
    build::{SCHEMA, settle},
    recording::error_to_record,
};
pub use self::{
    error::{SnapshotError, SnapshotErrorKind},
    outputs::{RecognisedOutput, recognised_outputs},
};
use crate::{DataSource, Query, SourceError};

/// Saved answers: what AWS CLI commands printed, recordings, and EventBridge events.
///
/// A folder (every `*.json` and `*.jsonl` below it, also packed as `.gz`) or one file. What a
/// value is shows in its keys ([`recognised_outputs`]):
///
/// * **The output of a read command of the AWS CLI**, or a response object of boto3 or the AWS SDK
///   for JavaScript. Objects of several files are united by id; of two versions of a task the
///   higher `version` wins. Values of secrets and parameters are dropped.
/// * **A recording**: `{"service": "kms", "operation": "GetKeyPolicy", "input": {…}, "output": {…}}`
///   or `"error": {"code": "…", "message": "…"}` instead of `output`, optionally `"region"`; an
///   error's code says what it means unless a `"kind"` beside it does. An error recorded with an empty input stands for every input that nothing else answers, if the
///   caller was denied or AWS does not answer the operation without input.
/// * **An EventBridge event "ECS Task State Change"**, which tells of a task what DescribeTasks
///   would.
/// * **`snapshot.json`**: `{"schema": "ecs-diag/snapshot/v1", "account": "…", "region": "…",
///   "captured_at": "…", "partial": ["RouteTables"]}`, all but `schema` optional.
///
/// A query is answered by the recording with the same input, else from the united objects, to
/// which its ids and filters are applied as AWS would. What absence proves:
///
/// * A list that an operation gives in whole (subnets, roles of
///   `get-account-authorization-details`, log groups, the images of a repository, …) is taken to
///   be complete for its account and region. A named object that is not in it does not exist, and
///   [`DataSource::assumption`] says what that rests on.
/// * Not complete is a list that ended with a page token, that `partial` names, or that lacks what
///   another saved object refers to by a reference that AWS keeps whole. What is missing in it is
///   unknown ([`ErrorKind::NotRecorded`](crate::ErrorKind::NotRecorded)).
/// * Outputs about named objects (tasks, services, clusters, one role, …) prove absence only by
///   their `failures` or `InvalidParameters`.
///
/// ```
/// use ecs_diag::{Query, sources::Snapshot};
/// use serde_json::json;
///
/// let snapshot = Snapshot::from_values([(
///     "subnets.json".to_owned(),
///     json!({"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "AvailabilityZone": "eu-west-1a"}]}),
/// )])?;
/// let input = json!({"Filters": [{"Name": "vpc-id", "Values": ["vpc-1"]}]});
/// let answer = snapshot.answer(&Query::new("ec2", "DescribeSubnets", &input)).unwrap();
/// assert_eq!(answer["Subnets"][0]["SubnetId"], "subnet-1");
/// # Ok::<(), ecs_diag::sources::SnapshotError>(())
/// ```
pub struct Snapshot {
    account: Option<String>,
    region: Option<String>,
    captured_at: Option<Timestamp>,
    warnings: Vec<String>,
    events: Vec<Value>,
    stores: HashMap<StoreKey, Store>,
    recorded: Vec<Recording>,
    /// Recordings by operation, region and input.
    recordings: HashMap<String, Vec<usize>>,
    /// Errors that stand for every input, by operation and region.
    errors: BTreeMap<String, SourceError>,
    /// Key ids by region and alias.
    aliases: HashMap<(String, String), String>,
    /// Whether tasks were saved otherwise than in recordings.
    tasks_beside: bool,
}

impl Snapshot {
    /// Reads a folder or a file.
    ///
    /// Links below a folder are not followed. Together the files may hold 1 GiB, unpacked.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, SnapshotError> {
        let mut loaded = Loaded::default();
        loaded.path(path.as_ref())?;
        build::build(loaded)
    }

    /// A snapshot of values, each with the name that warnings and errors call it by.
    pub fn from_values(
        values: impl IntoIterator<Item = (String, Value)>,
    ) -> Result<Self, SnapshotError> {
        let mut loaded = Loaded::default();
        for (name, value) in values {
            loaded.values(&error::shown(&name), vec![value]);
        }
        build::build(loaded)
    }

    /// A snapshot of one file's bytes. A name that ends with `.jsonl` (or `.jsonl.gz`) means JSON
    /// Lines; packed bytes are told by themselves.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut loaded = Loaded::default();
        loaded.bytes(name, bytes)?;
        build::build(loaded)
    }

    /// Answers a query.
    pub fn answer(&self, query: &Query) -> Result<Value, SourceError> {
        self.evaluate(query).result
    }

    /// What was read and not used, in the order of the files' names.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The target's account: of `snapshot.json`, else the one that the tasks' ARNs name, else the
    /// one that most ARNs name.
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// The moment that `snapshot.json` says.
    pub fn captured_at(&self) -> Option<Timestamp> {
        self.captured_at
    }

    /// Every task, those of events included, as DescribeTasks gives them, by ARN.
    pub fn tasks(&self) -> impl Iterator<Item = &Value> {
        self.objects("DescribeTasks", "taskArn")
    }

    /// Every service, as DescribeServices gives them, by ARN.
    pub fn services(&self) -> impl Iterator<Item = &Value> {
        self.objects("DescribeServices", "serviceArn")
    }

    fn objects(&self, operation: &str, arn: &str) -> impl Iterator<Item = &Value> {
        let row = table::row("ecs", operation);
        let stores = self.stores.iter().filter(|(key, _)| Some(key.0) == row);
        let mut objects: Vec<&Value> = stores.flat_map(|(_, store)| &store.objects).collect();
        objects.sort_by_key(|object| object.get(arn).and_then(Value::as_str));
        objects.into_iter()
    }

    /// Every EventBridge event, by the task's ARN and version.
    pub fn events(&self) -> impl Iterator<Item = &Value> {
        self.events.iter()
    }
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot")
            .field("account", &self.account)
            .field("region", &self.region)
            .field("captured_at", &self.captured_at)
            .field("collections", &self.stores.len())
            .field("recordings", &self.recorded.len())
            .finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl DataSource for Snapshot {
    async fn fetch(&self, query: &Query) -> Result<Value, SourceError> {
        self.answer(query)
    }

    fn now(&self) -> Option<Timestamp> {
        self.captured_at
    }

    fn region(&self) -> Option<String> {
        self.region.clone()
    }

    fn assumption(&self, query: &Query) -> Option<String> {
        self.evaluate(query).assumption
    }
}
