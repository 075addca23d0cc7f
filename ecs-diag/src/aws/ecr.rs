//! Amazon ECR.

use super::{Time, request, shape};

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
        /// Compressed size.
        image_size_in_bytes: Option<i64>,
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
