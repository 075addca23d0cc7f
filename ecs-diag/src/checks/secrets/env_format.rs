use super::env_file::{NO_FILES, env_files};
use crate::{
    check::{Check, Cx, Meta, check},
    facts::Missing,
    finding::{Evidence, Finding, Remedy},
    shell::quoted,
};

check! {
    /// Environment files hold variables
    ///
    /// # What it looks at
    /// For every file in `environmentFiles`, whether `HeadObject` says that it has any bytes. Its
    /// content is not read, since it may hold secrets: how its lines are written is not checked.
    ///
    /// # Why it matters
    /// An empty file is no error to ECS: the container starts without the variables. So it does with
    /// lines that have no `=` or no name before it, which are left out; quotes become a part of the
    /// value; and of a variable that several files set, the first file's value holds, unless
    /// `environment` has one.
    ///
    /// # How to fix it
    /// Upload the file with lines `NAME=VALUE` in UTF-8, without quotes.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/use-environment-file.html>
    EnvFormat {
        id: "env-format",
        domain: "secrets",
        phase: Run,
        causes: [],
        explains: [],
    }
}

impl Check for EnvFormat {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let files = env_files(cx)?;
        if files.is_empty() {
            return cx.not_applicable(NO_FILES);
        }
        cx.each(&files, |cx, file| {
            let Ok(location) = file.location() else { return Ok(()) };
            let request = location.request();
            let Some(object) = cx.get(&request)? else { return Ok(()) };
            if object.content_length != Some(0) {
                return Ok(());
            }
            let url = format!("s3://{}/{}", location.bucket, location.key);
            let finding = Finding::warning(format!("environment file `{url}` is empty"))
                .detail(format!("{} starts without variables from it", file.named_by()))
                .evidence(Evidence::new(cx.query(&request), "/ContentLength", 0))
                .remedy(
                    Remedy::new("upload the file again, with lines `NAME=VALUE`")
                        .command(format!("aws s3 cp FILE {}", quoted(&url))),
                );
            let finding = file.finding(&location, finding);
            cx.report(finding);
            Ok(())
        });
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::checks::testing::{Examples, World};

    fn of_length(world: &mut World, length: u64) -> &mut World {
        let file = json!({"type": "s3", "value": "arn:aws:s3:::shop-config/prod.env"});
        world.container("/environmentFiles", json!([file])).recorded(
            "s3",
            "HeadObject",
            &json!({"Bucket": "shop-config", "Key": "prod.env"}),
            &json!({"ContentLength": length, "ETag": "\"1\""}),
        )
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            of_length(world, 0);
        },
        passes: |world| {
            of_length(world, 120);
        },
        unknown: |world| {
            of_length(world, 0).deny("s3:HeadObject");
        },
        near_miss: |world| {
            of_length(world, 1);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("env-format"), @"
        warning: environment file `s3://shop-config/prod.env` is empty
          container `app` starts without variables from it
          @ AWS::S3::Object shop-config/prod.env
          fix: upload the file again, with lines `NAME=VALUE`
          $ aws s3 cp FILE s3://shop-config/prod.env
        ");
    }
}
