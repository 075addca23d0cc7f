use super::containers::images;
use crate::{
    aws::Arn,
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Finding, Remedy, Resource},
};

check! {
    /// Credentials of registries are the name or the ARN of a secret, and nothing behind it
    ///
    /// # What it looks at
    /// Every `credentialsParameter`: it must be the ARN of a secret, or its name where the secret is in
    /// the task's Region and account. A JSON key or a version, which `valueFrom` of a secret may have
    /// behind the ARN, may not stand here. Whether the secret exists is the matter of `sec-asm-exists`.
    ///
    /// # Why it matters
    /// The text is handed to Secrets Manager as it is, which finds no secret of that name: `unable to
    /// get registry auth from asm` stops the task before its pull.
    ///
    /// # How to fix it
    /// Name the whole ARN of the secret. The secret itself holds `username` and `password` at the top.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/private-auth.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RepositoryCredentials.html>
    PrivateCredsRef {
        id: "img-private-creds-ref",
        domain: "image",
        phase: Auth,
        causes: [SecretBadReference],
        explains: ["sec-ref-kind", "sec-asm-exists"],
    }
}

/// What is wrong with a reference, and the right one where it is plain.
struct Wrong {
    why: String,
    /// ARN of the secret that is meant.
    right: Option<String>,
}

fn wrong(text: &str) -> Option<Wrong> {
    let because = |why: &str| Some(Wrong { why: why.to_owned(), right: None });
    if text.trim().is_empty() {
        return because("is empty");
    }
    if !text.starts_with("arn:") {
        return None;
    }
    let Ok(arn) = text.parse::<Arn>() else { return because("is not a whole ARN") };
    let Some(name) =
        arn.resource.strip_prefix("secret:").filter(|_| arn.service == "secretsmanager")
    else {
        let why = format!("is the ARN of `{}`, not of a secret of Secrets Manager", arn.service);
        return Some(Wrong { why, right: None });
    };
    if name.is_empty() || arn.region.is_empty() {
        return because("is the ARN of a secret without Region or name");
    }
    let (name, behind) = name.split_once(':')?;
    let right = Arn { resource: format!("secret:{name}"), ..arn.clone() }.to_string();
    Some(Wrong { why: format!("has `:{behind}` behind the secret's ARN"), right: Some(right) })
}

impl Check for PrivateCredsRef {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        if !images(&definition).iter().any(|image| image.credentials) {
            return cx.not_applicable("no container gives credentials for a registry");
        }
        // One reference of several containers is one fault.
        let mut texts: std::collections::BTreeMap<&str, Vec<usize>> =
            std::collections::BTreeMap::new();
        for (at, container) in definition.container_definitions.iter().enumerate() {
            if let Some(credentials) = &container.repository_credentials {
                let text = credentials.credentials_parameter.as_deref().unwrap_or_default();
                texts.entry(text).or_default().push(at);
            }
        }
        cx.each(texts, |cx, (text, places)| {
            let Some(Wrong { why, right }) = wrong(text) else { return Ok(()) };
            let pointer = |at| {
                format!("/containerDefinitions/{at}/repositoryCredentials/credentialsParameter")
            };
            let names = definition::containers(
                places.iter().map(|at| definition.container_definitions[*at].name.as_str()),
            );
            let mut remedy = Remedy::new(match &right {
                Some(right) => format!("set `credentialsParameter` to `{right}`"),
                None => "set `credentialsParameter` to the whole ARN of the secret".to_owned(),
            });
            if let Some(right) = &right {
                // What the checks of secrets will ask.
                let region = right.split(':').nth(3).map(str::to_owned);
                let request =
                    crate::aws::secretsmanager::DescribeSecret { secret_id: right.clone() };
                crate::facts::at_hand(cx.get_in(region.as_deref(), &request))?;
                for at in &places {
                    remedy =
                        remedy.edit(definition::set(&definition, &pointer(at), right.as_str()));
                }
            }
            let mut finding = Finding::blocker(format!(
                "`credentialsParameter` `{text}` names no secret: it {why}"
            ))
            .detail(format!(
                "the login for the registry of {names} cannot be fetched: Secrets Manager is asked \
                 for exactly this text",
            ));
            finding = match &right {
                Some(right) => {
                    let name = right.rsplit(':').next().unwrap_or(right);
                    finding.resource(Resource::new("AWS::SecretsManager::Secret", name).arn(text))
                }
                None => finding.resource(definition::resource(&definition)),
            };
            for at in &places {
                finding =
                    finding.evidence(definition::evidence(cx, &definition, &pointer(at), text)?);
            }
            cx.report(
                finding
                    .named(text)
                    .changed_at(definition.registered_at)
                    .remedy(definition::deployed(cx, &definition, remedy)),
            );
            Ok(())
        });
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::wrong;
    use crate::checks::testing::{Examples, SECRET, World};

    const ID: &str = "img-private-creds-ref";
    const MESSAGE: &str = "ResourceInitializationError: unable to pull secrets or registry auth: \
        execution resource retrieval failed: unable to get registry auth from asm: service call has \
        been retried 1 time(s): asm fetching secret from the service for \
        arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf:login::: \
        ResourceNotFoundException: Secrets Manager can't find the specified secret.";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            credentials(world, &format!("{SECRET}:login::")).stopped(MESSAGE);
        },
        passes: |world| {
            credentials(world, SECRET);
        },
        unknown: |world| {
            world.stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            credentials(world, SECRET).stopped(MESSAGE);
        },
    };

    fn credentials<'w>(world: &'w mut World, text: &str) -> &'w mut World {
        world
            .image(super::super::private_creds_missing::tests::IMAGE)
            .container("/repositoryCredentials", json!({"credentialsParameter": text}))
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: `credentialsParameter` `arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf:login::` names no secret: it has `:login::` behind the secret's ARN
          the login for the registry of container `app` cannot be fetched: Secrets Manager is asked for exactly this text
          @ AWS::SecretsManager::Secret shop/db-AbCdEf
          fix (verified): set `credentialsParameter` to `arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf`
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn the_fix_is_proved_and_one_revision_serves_all_containers() {
        let mut world = EXAMPLES.failing();
        world.definition(
            "/containerDefinitions/-",
            json!({
                "name": "worker", "image": "registry.example.com/shop/worker:v1",
                "repositoryCredentials": {"credentialsParameter": format!("{SECRET}:login::")},
            }),
        );
        assert!(world.verified(ID));
        assert_eq!(world.outcome(ID).findings.len(), 1);
    }

    #[test]
    fn names_and_arns_pass() {
        for text in [
            SECRET.to_owned(),
            "shop/registry".to_owned(),
            SECRET.replace("eu-west-1", "us-east-1"),
            SECRET.replace("111122223333", "444455556666"),
        ] {
            assert!(wrong(&text).is_none(), "{text}");
        }
        for text in [
            "",
            "arn:aws:ssm:eu-west-1:111122223333:parameter/registry",
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:",
            "arn:aws:secretsmanager",
        ] {
            assert!(wrong(text).is_some_and(|wrong| wrong.right.is_none()), "{text}");
        }
    }
}
