use std::collections::BTreeSet;

use serde_json::Value;

use super::containers::{ecr_images, repository_request, repository_resource};
use crate::{
    Phase,
    aws::kms::DescribeKey,
    check::{Check, Cx, Meta, check},
    edit::{Edit, Object},
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource},
    shell::{self, quoted},
};

check! {
    /// The keys of repositories can be used
    ///
    /// # What it looks at
    /// For every image in Amazon ECR whose repository is encrypted with a key of AWS KMS, whether the
    /// key exists and is in the state `Enabled`. Whoever pulls needs no permission on it: ECR uses the
    /// key by a grant of its own.
    ///
    /// # Why it matters
    /// ECR has KMS decrypt a data key for every layer that is pulled. With a key that is disabled or
    /// awaits its deletion KMS refuses that, and the pull fails, whatever the policies allow.
    ///
    /// # How to fix it
    /// Enable the key, or cancel its deletion and enable it then. What was encrypted with a key that is
    /// gone is gone: push the images into a repository with another key.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html>,
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>
    EcrKmsKey {
        id: "img-ecr-kms-key",
        domain: "image",
        phase: Pull,
        causes: [IamKmsDecrypt],
        explains: [],
    }
}

impl Check for EcrKmsKey {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let images = ecr_images(cx, &definition);
        if images.is_empty() {
            return cx.not_applicable("no container's image is in Amazon ECR");
        }
        if cx.proven(Phase::Pull)? {
            return Ok(());
        }
        let mut seen = BTreeSet::new();
        cx.each(&images, |cx, found| {
            let registry = &found.registry;
            let region = Some(registry.region.as_str());
            let name = &found.reference.repository;
            if !seen.insert((registry.account.clone(), registry.region.clone(), name.clone())) {
                return Ok(());
            }
            let Some(answer) = cx.get_in(region, &repository_request(registry, name))? else {
                return Ok(());
            };
            let key = answer
                .repositories
                .iter()
                .find(|repository| repository.repository_name == *name)
                .and_then(|repository| repository.encryption_configuration.clone())
                .filter(|used| used.encryption_type.as_deref().is_some_and(|t| t.starts_with("KMS")))
                .and_then(|used| used.kms_key);
            let Some(key) = key else { return Ok(()) };
            let request = DescribeKey { key_id: key.clone() };
            let query = cx.query_in(region, &request);
            let command = |name: &str, key: &str| {
                format!("aws kms {name} --key-id {}{}", quoted(key), shell::region_option(region))
            };
            let told = cx.get_in(region, &request)?;
            let (what, state, remedy) = match told.as_ref().map(|told| &told.key_metadata) {
                None => (
                    "does not exist",
                    None,
                    Remedy::new("push the images into a repository with another key"),
                ),
                Some(key) => {
                    let Some(state) = key.key_state.as_deref() else {
                        let why = "the answer does not say in what state the key is";
                        return Err(Missing::undecided(query, why));
                    };
                    let object = Object::new("KeyMetadata", "Arn", key.arn.clone());
                    let enable = |remedy: Remedy| {
                        remedy.command(command("enable-key", &key.arn)).edit(Edit::Set(
                            object,
                            "/KeyState".to_owned(),
                            "Enabled".into(),
                        ))
                    };
                    let (what, remedy) = match state {
                        "Disabled" => ("is disabled", enable(Remedy::new("enable the key"))),
                        "PendingDeletion" | "PendingReplicaDeletion" => (
                            "awaits its deletion",
                            enable(
                                Remedy::new(
                                    "cancel the deletion, and enable the key, which is disabled then",
                                )
                                .command(command("cancel-key-deletion", &key.arn)),
                            ),
                        ),
                        "PendingImport" => (
                            "has no key material",
                            Remedy::new("import the key material again"),
                        ),
                        "Unavailable" => (
                            "cannot be reached: its key store is not connected",
                            Remedy::new("connect the custom key store"),
                        ),
                        _ => return Ok(()),
                    };
                    (what, Some(state.to_owned()), remedy)
                }
            };
            cx.report(
                Finding::likely(format!("the key of repository `{name}`, `{key}`, {what}"))
                    .detail(format!(
                        "the image for {} cannot be pulled unless its layers are still cached: ECR \
                         has KMS decrypt them with that key",
                        found.image.named_by()
                    ))
                    .resource(Resource::new("AWS::KMS::Key", key.clone()).arn(key.clone()))
                    .resource(repository_resource(cx, found))
                    .named(found.image.text.clone())
                    .evidence(
                        Evidence::new(
                            query,
                            "/KeyMetadata/KeyState",
                            state.map_or(Value::Null, Value::from),
                        )
                        .object(key),
                    )
                    .remedy(remedy),
            );
            Ok(())
        });
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        Diagnosis,
        check::Status,
        checks::testing::{Examples, World},
    };

    const ID: &str = "img-ecr-kms-key";
    const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-1111-2222-3333-444455556666";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            key(world, "PendingDeletion");
        },
        passes: |_| {},
        unknown: |world| {
            key(world, "PendingDeletion").deny("kms:DescribeKey");
        },
        near_miss: |world| {
            key(world, "Enabled");
        },
    };

    fn key<'w>(world: &'w mut World, state: &str) -> &'w mut World {
        world
            .set(
                "repositories",
                "/repositories/0/encryptionConfiguration",
                json!({"encryptionType": "KMS", "kmsKey": KEY}),
            )
            .output(
                "KeyMetadata",
                json!({"KeyMetadata": {
                    "KeyId": KEY.rsplit('/').next(), "Arn": KEY, "KeyState": state,
                    "KeyManager": "CUSTOMER",
                }}),
            )
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: the key of repository `shop/checkout`, `arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-1111-2222-3333-444455556666`, awaits its deletion
          the image for container `app` cannot be pulled unless its layers are still cached: ECR has KMS decrypt them with that key
          @ AWS::KMS::Key arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-1111-2222-3333-444455556666
          @ AWS::ECR::Repository shop/checkout
          fix (verified): cancel the deletion, and enable the key, which is disabled then
          $ aws kms cancel-key-deletion --key-id arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-1111-2222-3333-444455556666 --region eu-west-1
          $ aws kms enable-key --key-id arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-1111-2222-3333-444455556666 --region eu-west-1
        ");
    }

    #[test]
    fn enabling_it_is_proved_to_help() {
        for state in ["PendingDeletion", "Disabled"] {
            let mut world = World::default();
            assert!(key(&mut world, state).verified(ID), "{state}");
        }
    }

    #[test]
    fn a_key_that_is_gone_is_told_to_be() {
        let mut world = EXAMPLES.failing();
        world.without("KeyMetadata").recorded_error(
            "kms",
            "DescribeKey",
            &json!({"KeyId": KEY}),
            "NotFoundException",
        );
        let outcome = world.outcome(ID);
        assert!(outcome.findings[0].summary.ends_with("does not exist"), "{outcome:?}");
    }

    #[test]
    fn without_a_key_there_is_nothing_to_ask() {
        let mut world = World::default();
        let encryption = json!({"encryptionType": "AES256"});
        world.set("repositories", "/repositories/0/encryptionConfiguration", encryption);
        assert_eq!(world.outcome(ID).status, Status::Passed);
        assert!(!world.asked(&Diagnosis::new()).contains("kms:DescribeKey"));
    }
}
