use serde_json::{Value, json};

use super::env_file::{EnvFile, NO_FILES, env_files};
use crate::{
    aws::s3::{GetBucketLocation, HeadObjectResponse},
    check::{Check, Cx, Meta, check},
    checks::object::Location,
    edit::Edit,
    facts::{self, Missing},
    finding::{Evidence, Finding, Remedy},
    shell::quoted,
};

check! {
    /// Every environment file exists and can be read as it is stored
    ///
    /// # What it looks at
    /// For every file in `environmentFiles`, overrides included, whether `HeadObject` finds the
    /// object, and not in an archive. Without `s3:ListBucket` on the bucket, Amazon S3 answers 403
    /// for a key that does not exist as well: whether it exists stays unknown then.
    ///
    /// # Why it matters
    /// ECS downloads the files before the container starts: `failed to download env files`, or
    /// `unable to download env file with key KEY from bucket BUCKET`, stops the task. An object in
    /// the storage classes `GLACIER` and `DEEP_ARCHIVE` has to be restored before it can be read.
    ///
    /// # How to fix it
    /// Upload the file under that key, or name the key that it has. Keys are case-sensitive.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/use-environment-file.html>,
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>
    EnvExists {
        id: "env-exists",
        domain: "secrets",
        phase: EnvFile,
        causes: [SecretBadReference, SecretNotFound],
        explains: [],
    }
}

impl Check for EnvExists {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let files = env_files(cx)?;
        if files.is_empty() {
            return cx.not_applicable(NO_FILES);
        }
        cx.each(&files, |cx, file| match file.location() {
            Ok(location) => look_up(cx, file, &location),
            // What names no object is another check's matter.
            Err(_) => Ok(()),
        });
        Ok(())
    }
}

fn look_up(cx: &mut Cx<'_>, file: &EnvFile, location: &Location<'_>) -> Result<(), Missing> {
    let request = location.request();
    let query = cx.query(&request);
    let Location { bucket, key } = location;
    let url = format!("s3://{bucket}/{key}");
    let by = file.named_by();
    let found = cx.get(&request)?;
    let mut finding = match found.as_deref() {
        Some(object) if is_archived(object) => {
            let class = object.storage_class.as_deref().unwrap_or_default();
            Finding::blocker(format!("environment file `{url}` is archived (`{class}`)"))
                .detail(format!(
                    "{by} needs it before it starts, and an archived object cannot be read before \
                     it is restored"
                ))
                .evidence(Evidence::new(query, "/StorageClass", class))
                .remedy(
                    Remedy::new("copy the object onto itself as `STANDARD` once it is restored")
                        .command(format!(
                            "aws s3api restore-object --bucket {} --key {} --restore-request Days=1",
                            quoted(bucket),
                            quoted(key)
                        ))
                        .command(format!(
                            "aws s3 cp {0} {0} --storage-class STANDARD --force-glacier-transfer",
                            quoted(&url)
                        )),
                )
        }
        Some(_) => return Ok(()),
        None => {
            // Which of the two is missing is help, so that no answer is no obstacle.
            let place = GetBucketLocation { bucket: (*bucket).to_owned() };
            let bucket_known = facts::at_hand(cx.get(&place).map(|answer| Some(answer.is_some())))?;
            let (what, remedy) = match bucket_known {
                Some(false) => (
                    format!("the bucket `{bucket}` of the environment file `{key}` does not exist"),
                    Remedy::new("name the bucket that the file is in"),
                ),
                _ => (
                    format!("environment file `{url}` does not exist"),
                    Remedy::new(format!("upload the file to `{url}`, or name the key that it has"))
                        .command(format!("aws s3 cp FILE {}", quoted(&url)))
                        .edit(Edit::Answer(query.clone(), json!({"ContentLength": 1}))),
                ),
            };
            let remedy =
                if bucket_known == Some(false) { file.renamed(cx, remedy, None)? } else { remedy };
            Finding::blocker(what)
                .detail(format!("{by} needs it before it starts; keys are case-sensitive"))
                .evidence(Evidence::new(query, "/ETag", Value::Null))
                .remedy(remedy)
        }
    };
    for evidence in file.evidence(cx)? {
        finding = finding.evidence(evidence);
    }
    let finding = file.finding(location, finding);
    cx.report(finding);
    Ok(())
}

/// Whether an object is in an archive, and no restored copy of it is there.
fn is_archived(object: &HeadObjectResponse) -> bool {
    matches!(object.storage_class.as_deref(), Some("GLACIER" | "DEEP_ARCHIVE"))
        && !object.restore.as_deref().is_some_and(|text| text.contains("ongoing-request=\"false\""))
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        check::Status,
        checks::testing::{Examples, World},
    };

    const MESSAGE: &str = "ResourceInitializationError: failed to download env files: file download \
        command: non empty error stream: NoSuchKey: The specified key does not exist. status code: \
        404, request id: 0123456789ABCDEF, host id: abc";

    fn named(world: &mut World) -> &mut World {
        let file = json!({"type": "s3", "value": "arn:aws:s3:::shop-config/prod.env"});
        world.stopped(MESSAGE).container("/environmentFiles", json!([file]))
    }

    fn object() -> Value {
        json!({"Bucket": "shop-config", "Key": "prod.env"})
    }

    fn stored(world: &mut World, object_is: &Value) {
        named(world).recorded("s3", "HeadObject", &object(), object_is);
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            named(world).recorded_error("s3", "HeadObject", &object(), "404");
        },
        passes: |world| stored(world, &json!({"ContentLength": 120, "ETag": "\"1\""})),
        unknown: |world| {
            // Without s3:ListBucket, a key that does not exist is answered like this.
            named(world).recorded_error("s3", "HeadObject", &object(), "403");
        },
        near_miss: |world| {
            // It was uploaded since.
            stored(world, &json!({"ContentLength": 120, "ETag": "\"1\""}));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("env-exists"), @"
        blocker: environment file `s3://shop-config/prod.env` does not exist
          container `app` needs it before it starts; keys are case-sensitive
          @ AWS::S3::Object shop-config/prod.env
          fix (verified): upload the file to `s3://shop-config/prod.env`, or name the key that it has
          $ aws s3 cp FILE s3://shop-config/prod.env
        ");
    }

    #[test]
    fn a_missing_bucket_is_told_as_one() {
        let mut world = EXAMPLES.failing();
        world.recorded_error(
            "s3",
            "GetBucketLocation",
            &json!({"Bucket": "shop-config"}),
            "NoSuchBucket",
        );
        let outcome = world.outcome("env-exists");
        assert!(outcome.findings[0].summary.starts_with("the bucket `shop-config`"), "{outcome:?}");
    }

    #[test]
    fn an_archived_object_cannot_be_read_until_it_is_restored() {
        for (class, restore, status) in [
            ("GLACIER", None, Status::Failed),
            ("DEEP_ARCHIVE", Some("ongoing-request=\"true\""), Status::Failed),
            (
                "GLACIER",
                Some("ongoing-request=\"false\", expiry-date=\"Fri, 04 Dec 2026 00:00:00 GMT\""),
                Status::Passed,
            ),
            ("GLACIER_IR", None, Status::Passed),
            ("STANDARD_IA", None, Status::Passed),
        ] {
            let mut world = World::default();
            let object = json!({"ContentLength": 9, "StorageClass": class, "Restore": restore});
            stored(&mut world, &object);
            assert_eq!(world.outcome("env-exists").status, status, "{class} {restore:?}");
        }
    }

    #[test]
    fn the_file_that_is_named_twice_is_told_once() {
        let mut world = EXAMPLES.failing();
        let mut other =
            world.outputs["taskDefinition"]["taskDefinition"]["containerDefinitions"][0].clone();
        other["name"] = json!("sidecar");
        world.definition("/containerDefinitions/-", other);
        let outcome = world.outcome("env-exists");
        assert_eq!(outcome.findings.len(), 1);
        assert!(outcome.findings[0].detail.contains("containers `app`, `sidecar`"), "{outcome:?}");
    }
}
