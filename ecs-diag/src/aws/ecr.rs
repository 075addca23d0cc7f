//! Amazon ECR.

use super::{Document, Time, request, shape};

request! {
    /// Describes repositories of a registry.
    DescribeRepositories: "ecr", "DescribeRepositories", "camelCase" => DescribeRepositoriesResponse {
        /// Account of the registry.
        registry_id: String,
        /// Names; all of the registry where absent.
        #[serde(skip_serializing_if = "Option::is_none")]
        repository_names: Option<Vec<String>>,
    }
}

shape! {
    /// Repositories.
    DescribeRepositoriesResponse: "camelCase" {
        /// The repositories.
        repositories: Vec<Repository>,
    }
}

shape! {
    /// A repository.
    Repository: "camelCase" {
        /// ARN.
        repository_arn: Option<String>,
        /// Account of the registry.
        registry_id: Option<String>,
        /// Name.
        repository_name: String,
        /// Host and name, as an image reference has them.
        repository_uri: Option<String>,
        /// When it was created.
        created_at: Option<Time>,
        /// How its content is encrypted.
        encryption_configuration: Option<EncryptionConfiguration>,
    }
}

shape! {
    /// How a repository's content is encrypted.
    EncryptionConfiguration: "camelCase" {
        /// `AES256`, `KMS`, `KMS_DSSE`.
        encryption_type: Option<String>,
        /// ARN of the key.
        kms_key: Option<String>,
    }
}

request! {
    /// Describes images of a repository.
    DescribeImages: "ecr", "DescribeImages", "camelCase" => DescribeImagesResponse {
        /// Account of the registry.
        registry_id: String,
        /// Name.
        repository_name: String,
        /// Which ones; all of the repository where absent.
        #[serde(skip_serializing_if = "Option::is_none")]
        image_ids: Option<Vec<ImageIdentifier>>,
    }
}

/// An image by tag or digest.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageIdentifier {
    /// Tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_tag: Option<String>,
    /// Digest, with its algorithm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_digest: Option<String>,
}

shape! {
    /// Images.
    DescribeImagesResponse: "camelCase" {
        /// The images.
        image_details: Vec<ImageDetail>,
    }
}

shape! {
    /// An image.
    ImageDetail: "camelCase" {
        /// Account of the registry.
        registry_id: Option<String>,
        /// Repository.
        repository_name: Option<String>,
        /// Digest.
        image_digest: Option<String>,
        /// Tags.
        image_tags: Vec<String>,
        /// When it was pushed.
        image_pushed_at: Option<Time>,
        /// Compressed size; that of the largest image of a list.
        image_size_in_bytes: Option<i64>,
        /// What kind of manifest it has.
        image_manifest_media_type: Option<String>,
    }
}

request! {
    /// Reads manifests of a repository.
    BatchGetImage: "ecr", "BatchGetImage", "camelCase" => BatchGetImageResponse {
        /// Account of the registry.
        registry_id: String,
        /// Name.
        repository_name: String,
        /// Which ones.
        image_ids: Vec<ImageIdentifier>,
        /// Kinds of manifest to answer with.
        accepted_media_types: Vec<&'static str>,
    }
}

shape! {
    /// Manifests, and why others are not among them.
    BatchGetImageResponse: "camelCase" {
        /// The images.
        images: Vec<Image>,
        /// Why there is no answer for the others.
        failures: Vec<ImageFailure>,
    }
}

shape! {
    /// An image with its manifest.
    Image: "camelCase" {
        /// The manifest, JSON text.
        image_manifest: Option<String>,
        /// What kind of manifest that is.
        image_manifest_media_type: Option<String>,
    }
}

shape! {
    /// An image that could not be read.
    ImageFailure: "camelCase" {
        /// `ImageNotFound`, `KmsError`, …
        failure_code: Option<String>,
        /// More words.
        failure_reason: Option<String>,
    }
}

request! {
    /// Lists the registry's pull through cache rules.
    DescribePullThroughCacheRules: "ecr", "DescribePullThroughCacheRules", "camelCase" => DescribePullThroughCacheRulesResponse {
        /// Account of the registry.
        registry_id: String,
    }
}

shape! {
    /// Pull through cache rules.
    DescribePullThroughCacheRulesResponse: "camelCase" {
        /// The rules.
        pull_through_cache_rules: Vec<PullThroughCacheRule>,
    }
}

shape! {
    /// A rule that fills repositories from another registry.
    PullThroughCacheRule: "camelCase" {
        /// Prefix of the repositories that it fills.
        ecr_repository_prefix: String,
        /// Registry it fills them from.
        upstream_registry_url: Option<String>,
        /// Prefix of the repositories there.
        upstream_repository_prefix: Option<String>,
        /// Secret with credentials for that registry.
        credential_arn: Option<String>,
        /// When it was last changed.
        updated_at: Option<Time>,
    }
}

request! {
    /// Reads a repository's policy.
    GetRepositoryPolicy: "ecr", "GetRepositoryPolicy", "camelCase" => GetRepositoryPolicyResponse {
        /// Account of the registry.
        registry_id: String,
        /// Name.
        repository_name: String,
    }
}

shape! {
    /// A repository's policy.
    GetRepositoryPolicyResponse: "camelCase" {
        /// The policy.
        policy_text: Option<Document>,
    }
}

request! {
    /// Reads a repository's lifecycle policy.
    GetLifecyclePolicy: "ecr", "GetLifecyclePolicy", "camelCase" => GetLifecyclePolicyResponse {
        /// Account of the registry.
        registry_id: String,
        /// Name.
        repository_name: String,
    }
}

shape! {
    /// A lifecycle policy.
    GetLifecyclePolicyResponse: "camelCase" {
        /// When it last ran.
        last_evaluated_at: Option<Time>,
    }
}
