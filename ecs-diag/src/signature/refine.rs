//! What the parameters of a text say about the order of its causes.

use std::net::IpAddr;

use super::{
    Cause, MOST_CAUSES,
    matcher::Found,
    parameters::{Anchor, Parameters},
};

pub(super) fn refine(causes: &[Cause], parameters: &Parameters, found: &Found) -> Vec<Cause> {
    let mut causes = causes.to_vec();
    let network =
        |causes: &[Cause]| causes.first().is_some_and(|cause| cause.as_str().starts_with("net."));
    let value = |name| parameters.get(name).map(String::as_str);

    // A refusal: the action and the layer name the policy.
    if causes.iter().any(|cause| cause.as_str().starts_with("iam.")) {
        if value("action").is_some_and(|action| action.to_ascii_lowercase().starts_with("kms:"))
            || found.has(Anchor::Kms)
        {
            first(&mut causes, Cause::IamKmsDecrypt);
        } else {
            match value("layer") {
                Some("vpc-endpoint") => first(&mut causes, Cause::IamVpcEndpointPolicy),
                Some("resource-based")
                    if value("action").is_some_and(|a| a.starts_with("ecr:")) =>
                {
                    first(&mut causes, Cause::IamEcrRepositoryPolicy);
                }
                _ => {}
            }
        }
    }

    if network(&causes) {
        let ip = value("ip").and_then(|ip| ip.parse::<IpAddr>().ok());
        match ip {
            Some(IpAddr::V6(ip)) if ip.to_ipv4_mapped().is_none() => {
                second(&mut causes, Cause::NetAddressFamilyMismatch);
            }
            // A private address was given out by an interface endpoint.
            Some(IpAddr::V4(ip))
                if ip.is_private() && causes.contains(&Cause::NetEndpointMisconfigured) =>
            {
                second(&mut causes, Cause::NetEndpointMisconfigured);
            }
            _ => {}
        }
        if causes[0] == Cause::NetRegistryUnreachable && value("service") == Some("s3-layer") {
            first(&mut causes, Cause::NetS3LayerUnreachable);
        }
        // No such name, and not one that AWS or a well-known registry has: probably misspelt.
        if found.has(Anchor::NoSuchHost)
            && causes.contains(&Cause::ImageWrongReference)
            && value("host").is_some_and(|host| !is_known_registry(host))
        {
            first(&mut causes, Cause::ImageWrongReference);
        }
        // The region of the log driver becomes part of a host name.
        if found.has(Anchor::NoSuchHost)
            && value("service") == Some("logs")
            && value("region").is_none()
        {
            first(&mut causes, Cause::LogRegionWrong);
        }
        if found.has(Anchor::Proxy) {
            first(&mut causes, Cause::NetProxyOrTlsInspection);
        }
    }

    // The tag is still there or not; the digest is what the service pinned.
    if causes.first() == Some(&Cause::ImageTagMissing) && value("digest").is_some() {
        first(&mut causes, Cause::ImageDigestExpired);
    } else if causes.contains(&Cause::ImageDigestExpired)
        && value("tag").is_some()
        && value("digest").is_some()
    {
        // ECR refuses some requests for what is no longer there.
        second(&mut causes, Cause::ImageDigestExpired);
    }
    causes.truncate(MOST_CAUSES);
    causes
}

fn first(causes: &mut Vec<Cause>, cause: Cause) {
    place(causes, cause, 0);
}

fn second(causes: &mut Vec<Cause>, cause: Cause) {
    if causes.first() != Some(&cause) {
        place(causes, cause, 1);
    }
}

fn place(causes: &mut Vec<Cause>, cause: Cause, at: usize) {
    causes.retain(|other| *other != cause);
    causes.insert(at.min(causes.len()), cause);
}

fn is_known_registry(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let ecr = host.split_once(".dkr.ecr").is_some_and(|(account, rest)| {
        account.len() == 12
            && account.bytes().all(|b| b.is_ascii_digit())
            && (rest.ends_with(".amazonaws.com") || rest.ends_with(".amazonaws.com.cn"))
    });
    ecr || [
        "docker.io",
        "docker.com",
        "quay.io",
        "ghcr.io",
        "gcr.io",
        "pkg.dev",
        "amazonaws.com",
        "public.ecr.aws",
    ]
    .iter()
    .any(|known| {
        host.strip_suffix(known).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            && !(host.contains(".dkr.") || host.contains(".ecr."))
    }) || host == "public.ecr.aws"
}
