use super::{
    ask_ahead,
    env_file::{EnvFile, NO_FILES, env_files},
};
use crate::{
    check::{Check, Cx, Meta, check},
    checks::{definition, object},
    facts::Missing,
    finding::{Finding, Remedy, Severity},
};

check! {
    /// Every environment file is named by the ARN of an S3 object
    ///
    /// # What it looks at
    /// Every entry of `environmentFiles`, overrides included: its type is `s3`, its value has the
    /// form `arn:PARTITION:s3:::BUCKET/KEY`, and the key ends in `.env`; and no container has more
    /// than ten.
    ///
    /// # Why it matters
    /// ECS downloads the files before the container starts: with anything but the ARN of an object
    /// (a URL, `s3://…`, an access point, a bucket alone) there is nothing to download.
    ///
    /// # How to fix it
    /// Write `arn:aws:s3:::BUCKET/KEY.env`; in other partitions `arn:aws-cn:…`, `arn:aws-us-gov:…`.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/use-environment-file.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EnvironmentFile.html>
    EnvS3Arn {
        id: "env-s3-arn",
        domain: "secrets",
        phase: EnvFile,
        causes: [SecretBadReference],
        explains: [],
    }
}

/// How many files a container may have.
const MOST: usize = 10;

impl Check for EnvS3Arn {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let files = env_files(cx)?;
        if files.is_empty() {
            return cx.not_applicable(NO_FILES);
        }
        cx.each(&files, reference);
        number(cx)
    }
}

fn reference(cx: &mut Cx<'_>, file: &EnvFile) -> Result<(), Missing> {
    let arn = &file.arn;
    let (severity, what, right) = match (file.location(), file.kind.as_deref()) {
        (Err(why), _) => (
            Severity::Blocker,
            format!("`{arn}` is no ARN of an S3 object: {why}"),
            corrected(cx, arn),
        ),
        (Ok(_), Some(kind)) if kind != "s3" => {
            let what = format!("the environment file `{arn}` has the type `{kind}`, not `s3`");
            (Severity::Blocker, what, None)
        }
        (Ok(location), _) if !has_extension(location.key) => {
            (Severity::Warning, format!("the name of `{arn}` does not end in `.env`"), None)
        }
        _ => return Ok(()),
    };
    let by = file.named_by();
    let detail = if severity == Severity::Blocker {
        format!("ECS cannot download it for {by}, so that the container does not start")
    } else {
        format!("ECS documents that extension as required for the files of {by}")
    };
    let mut finding = Finding::of(severity, what)
        .detail(detail)
        .resource(definition::resource(&*cx.definition()?))
        .named(arn.clone());
    for evidence in file.evidence(cx)? {
        finding = finding.evidence(evidence);
    }
    if let Some(Ok(location)) = right.as_deref().map(object::location) {
        ask_ahead(cx, cx.region(), &location.request())?;
    }
    let remedy = match &right {
        Some(right) => Remedy::new(format!("name the file `{right}`")),
        None if severity == Severity::Blocker => {
            Remedy::new("name the file by the ARN of the object, `arn:aws:s3:::BUCKET/KEY.env`")
        }
        None => Remedy::new("give the object a key that ends in `.env`, and name it by that"),
    };
    cx.report(finding.remedy(file.renamed(cx, remedy, right.as_deref())?));
    Ok(())
}

/// Whether a key ends in `.env`, spelt like that.
fn has_extension(key: &str) -> bool {
    key.rsplit_once('.').is_some_and(|(_, extension)| extension == "env")
}

/// The ARN that `s3://BUCKET/KEY` stands for.
fn corrected(cx: &Cx<'_>, text: &str) -> Option<String> {
    let object = text.strip_prefix("s3://")?;
    let (bucket, key) = object.split_once('/')?;
    let whole = !bucket.is_empty() && !key.is_empty();
    whole.then(|| format!("arn:{}:s3:::{object}", cx.partition()))
}

fn number(cx: &mut Cx<'_>) -> Result<(), Missing> {
    let task_definition = cx.definition()?;
    let containers = task_definition.container_definitions.iter().enumerate();
    let many: Vec<_> =
        containers.filter(|(_, container)| container.environment_files.len() > MOST).collect();
    let Some((index, first)) = many.first() else { return Ok(()) };
    let names = many.iter().map(|(_, container)| container.name.as_str());
    let pointer = format!("/containerDefinitions/{index}/environmentFiles");
    let count = first.environment_files.len();
    let evidence = definition::evidence(cx, &task_definition, &pointer, count)?;
    let finding = Finding::blocker(format!(
        "{} has more than {MOST} environment files",
        definition::containers(names)
    ))
    .detail(format!("ECS takes {MOST} files a container and refuses more"))
    .resource(definition::resource(&task_definition))
    .evidence(evidence)
    .remedy(definition::deployed(
        cx,
        &task_definition,
        Remedy::new("put the variables into fewer files"),
    ));
    cx.report(finding);
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        check::Status,
        checks::testing::{Examples, World},
        finding::Severity,
    };

    const MESSAGE: &str = "ResourceInitializationError: failed to download env files: file download \
        command: non empty error stream: invalid s3 arn: s3://shop-config/prod.env";

    fn files(world: &mut World, arn: &str) {
        let file = json!({"type": "s3", "value": arn});
        world.stopped(MESSAGE).container("/environmentFiles", json!([file])).recorded(
            "s3",
            "HeadObject",
            &json!({"Bucket": "shop-config", "Key": "prod.env"}),
            &json!({"ContentLength": 120, "ETag": "\"1\""}),
        );
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| files(world, "s3://shop-config/prod.env"),
        passes: |world| files(world, "arn:aws:s3:::shop-config/prod.env"),
        unknown: |world| {
            files(world, "s3://shop-config/prod.env");
            world.without("taskDefinition");
        },
        near_miss: |world| files(world, "arn:aws:s3:::shop-config/prod.env"),
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("env-s3-arn"), @"
        blocker: `s3://shop-config/prod.env` is no ARN of an S3 object: it does not begin with `arn:`
          ECS cannot download it for container `app`, so that the container does not start
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): name the file `arn:aws:s3:::shop-config/prod.env`
          - set `/containerDefinitions/0/environmentFiles/0/value` to `arn:aws:s3:::shop-config/prod.env`
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn an_arn_of_an_object_has_a_form() {
        for (arn, severity) in [
            ("arn:aws:s3:::shop-config/prod.env", None),
            ("arn:aws-cn:s3:::shop-config/a/b/prod.env", None),
            ("arn:aws:s3:::shop-config", Some(Severity::Blocker)),
            ("arn:aws:s3:::shop-config/", Some(Severity::Blocker)),
            ("arn:aws:s3:::/prod.env", Some(Severity::Blocker)),
            (
                "arn:aws:s3:eu-west-1:111122223333:accesspoint/a/object/b.env",
                Some(Severity::Blocker),
            ),
            ("arn:aws:ssm:eu-west-1:111122223333:parameter/x", Some(Severity::Blocker)),
            ("https://shop-config.s3.amazonaws.com/prod.env", Some(Severity::Blocker)),
            ("", Some(Severity::Blocker)),
            ("arn:aws:s3:::shop-config/prod.txt", Some(Severity::Warning)),
        ] {
            let mut world = World::default();
            files(&mut world, arn);
            let outcome = world.outcome("env-s3-arn");
            let found = outcome.findings.first().map(|finding| finding.severity);
            assert_eq!(found, severity, "{arn}");
        }
    }

    #[test]
    fn a_file_of_the_overrides_is_corrected_there() {
        let mut world = World::default();
        files(&mut world, "arn:aws:s3:::shop-config/prod.env");
        world.task(
            "/overrides/containerOverrides/0/environmentFiles",
            json!([{"type": "s3", "value": "s3://shop-config/prod.env"}]),
        );
        let report = world.report();
        let finding = report.findings.iter().find(|f| f.check == "env-s3-arn").unwrap();
        assert_eq!(finding.evidence[0].query.operation, "DescribeTasks");
        let remedy = finding.remedy.as_ref().unwrap();
        assert!(remedy.verified && remedy.steps[0].contains("overrides"), "{remedy:?}");
        assert!(world.outcome("env-s3-arn").status == Status::Failed);
    }

    #[test]
    fn a_container_has_ten_files_at_most() {
        let mut world = World::default();
        let file = json!({"type": "s3", "value": "arn:aws:s3:::shop-config/prod.env"});
        world.container("/environmentFiles", Value::from(vec![file; 11]));
        assert_eq!(world.outcome("env-s3-arn").findings.len(), 1);
    }
}
