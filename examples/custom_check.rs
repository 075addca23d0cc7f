//! A check and a data source of one's own.
//!
//! The check asks for a team's rule: images come from the company's registry. The source answers
//! from a table in memory; a real one would ask an API, a cache or a configuration database.
//!
//! ```text
//! cargo run --example custom_check
//! ```

use std::{borrow::Cow, collections::HashMap};

use ecs_diag::{
    Check, Cx, DataSource, Diagnosis, ErrorKind, Finding, Meta, Missing, Phase, Query, Remedy,
    Resource, SourceError, Target,
};
use serde_json::{Value, json};

/// The registry that this team's images come from.
const REGISTRY: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/";

struct CompanyRegistry(Meta);

impl CompanyRegistry {
    fn new() -> Self {
        Self(Meta {
            id: Cow::from("acme-registry"),
            domain: Cow::from("acme"),
            phase: Phase::Pull,
            causes: Cow::from(vec![]),
            explains: Cow::from(vec![]),
            docs: Cow::from("Images come from the company's registry"),
        })
    }
}

impl Check for CompanyRegistry {
    fn meta(&self) -> &Meta {
        &self.0
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        for container in &cx.definition()?.container_definitions {
            let image = container.image.as_deref().unwrap_or("");
            if !image.starts_with(REGISTRY) {
                cx.report(
                    Finding::warning(format!("container `{}` runs `{image}`", container.name))
                        .detail("images from elsewhere are not scanned, and may be gone tomorrow")
                        .resource(Resource::new("AWS::ECS::ContainerDefinition", &container.name))
                        .remedy(Remedy::new(format!(
                            "copy the image to `{REGISTRY}` and use that"
                        ))),
                );
            }
        }
        Ok(())
    }
}

/// Answers by operation; whatever is not there was not recorded.
struct Table(HashMap<&'static str, Value>);

#[async_trait::async_trait]
impl DataSource for Table {
    async fn fetch(&self, query: &Query) -> Result<Value, SourceError> {
        self.0.get(query.name().as_str()).cloned().ok_or_else(|| {
            SourceError::new(
                ErrorKind::NotRecorded,
                format!("`{}` is not in the table", query.name()),
            )
        })
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let task = "arn:aws:ecs:eu-west-1:111122223333:task/shop/4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c";
    let definition = "arn:aws:ecs:eu-west-1:111122223333:task-definition/proxy:3";
    let source = Table(HashMap::from([
        (
            "ecs:DescribeTasks",
            json!({"tasks": [{
                "taskArn": task, "taskDefinitionArn": definition, "launchType": "FARGATE",
                "lastStatus": "STOPPED", "stopCode": "TaskFailedToStart",
                "stoppedReason": "CannotPullContainerError: You have reached your pull rate limit.",
            }], "failures": []}),
        ),
        (
            "ecs:DescribeTaskDefinition",
            json!({"taskDefinition": {
                "taskDefinitionArn": definition,
                "containerDefinitions": [{"name": "proxy", "image": "nginx:1.29"}],
            }}),
        ),
    ]));

    let diagnosis = Diagnosis::new().with(CompanyRegistry::new());
    let report = pollster::block_on(diagnosis.run(&Target::task(None, task), &source))?;
    for finding in report.findings.iter().filter(|finding| finding.check == "acme-registry") {
        println!("{}: {}", finding.severity, finding.summary);
        println!("  {}", finding.detail);
    }
    Ok(())
}
