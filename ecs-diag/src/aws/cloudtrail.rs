//! AWS CloudTrail.

use serde::Deserialize;
use serde_json::Value;

use super::{Time, ecs::AwsvpcConfiguration, request, shape};

request! {
    /// Looks up recorded calls.
    LookupEvents: "cloudtrail", "LookupEvents", "PascalCase" => LookupEventsResponse {
        /// What to look up; the API takes one.
        lookup_attributes: Vec<LookupAttribute>,
        /// Seconds since the epoch.
        start_time: i64,
        /// Seconds since the epoch.
        end_time: i64,
    }
}

/// A condition on recorded calls.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct LookupAttribute {
    /// What is compared.
    pub attribute_key: &'static str,
    /// With what.
    pub attribute_value: &'static str,
}

/// How far around a task's creation the call that started it is looked for: clocks and rounding.
const AROUND_SECONDS: i64 = 60;

impl LookupEvents {
    /// Asks for the calls that started tasks around this moment.
    pub fn run_task_around(created: Time) -> Self {
        let second = created.0.as_second();
        Self {
            lookup_attributes: vec![LookupAttribute {
                attribute_key: "EventName",
                attribute_value: "RunTask",
            }],
            start_time: second.saturating_sub(AROUND_SECONDS),
            end_time: second.saturating_add(AROUND_SECONDS),
        }
    }
}

shape! {
    /// Recorded calls.
    LookupEventsResponse: "PascalCase" {
        /// The calls.
        events: Vec<Event>,
    }
}

shape! {
    /// A recorded call.
    Event: "PascalCase" {
        /// Id.
        event_id: Option<String>,
        /// The whole record, JSON text.
        cloud_trail_event: Option<String>,
    }
}

impl Event {
    /// The network configuration that this call gave to the task, if it started it.
    pub fn network_of(&self, task: &str) -> Option<AwsvpcConfiguration> {
        let record: Value = serde_json::from_str(self.cloud_trail_event.as_ref()?).ok()?;
        let mut started = record.pointer("/responseElements/tasks")?.as_array()?.iter();
        started.find(|started| started.get("taskArn").is_some_and(|arn| arn == task))?;
        let given =
            record.pointer("/requestParameters/networkConfiguration/awsvpcConfiguration")?;
        AwsvpcConfiguration::deserialize(given).ok()
    }
}
