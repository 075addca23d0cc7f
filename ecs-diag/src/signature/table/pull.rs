//! `CannotPullContainerError`: registries, layers and manifests.

use super::{
    ANSWERED, C, DENIED_MANIFEST, FORBIDDEN, NET, NET_LAYER, NET_REGISTRY, NO_ANSWER, NOT_FOUND,
    PULLING, Signature, Source as S, exact, form,
    rank::{EXACT, HEAD, SENTENCE, TAIL},
    row,
};
use crate::Phase as P;

const PULL: Option<P> = Some(P::Pull);

const RESOLVE: &[&str] = &[
    "pull image manifest has been retried",
    "failed to resolve ref",
    "failed to resolve reference",
];
const INSPECT: &[&str] = &["inspect image has been retried"];
const BAD_REFERENCE: &[&str] = &["normalize image reference", "invalid reference format"];
const COPY: &[&str] = &["failed to copy", "httpreadseeker", "failed open: "];
/// ECR keeps layers in S3.
const ECR: &[&str] = &[".dkr.ecr.", "amazon ecr", "starport", ".s3.", ".s3-"];
const COULD_NOT: &[&str] = &["cannot pull", "can't pull"];
const UNAUTHORIZED: &[&str] = &["401 unauthorized", ": 401", "unauthorized: "];
const UNAUTHORIZED_CAUSES: &[C] =
    &[C::IamExecRoleMissingAction, C::ImageWrongReference, C::SecretBadReference];
const FULL: &[C] = &[C::StorageFargateEphemeralFull, C::StorageHostDiskFull];
const HOST_FULL: &[C] = &[C::StorageHostDiskFull];

pub(super) const ROWS: &[Signature] = &[
    row(
        "CPC-ECR-DENIED",
        S::Documentation,
        PULL,
        &[C::IamExecRoleMissingAction, C::IamEcrRepositoryPolicy, C::IamVpcEndpointPolicy],
        "pull access denied for <repository>, repository does not exist or may require 'docker login': denied: User: <arn> is not authorized to perform: ecr:BatchGetImage on resource: <arn> because <layer>",
        "CannotPullContainerError: The task can’t pull the image. Check that the role has the permissions to pull images from the registry. Error response from daemon: pull access denied for 123456789012.dkr.ecr.us-east-1.amazonaws.com/web, repository does not exist or may require 'docker login': denied: User: arn:aws:sts::123456789012:assumed-role/ecsInstanceRole/i-0123456789abcdef0 is not authorized to perform: ecr:BatchGetImage on resource: arn:aws:ecr:us-east-1:123456789012:repository/web because no identity-based policy allows the ecr:BatchGetImage action",
        &[
            form(TAIL + 2, &[&["is not authorized to perform: ecr:"]])
                .without(&[&["ecr:getauthorizationtoken on"]]),
            form(SENTENCE + 4, &[&["check that the role has the permissions to pull images"]]),
        ],
    ),
    row(
        "CPC-DENIED",
        S::Documentation,
        PULL,
        &[C::ImageWrongReference, C::IamExecRoleMissingAction, C::IamEcrRepositoryPolicy],
        "pull access denied for <repository>, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
        "CannotPullContainerError: Error response from daemon: pull access denied for my-app, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
        &[
            form(
                SENTENCE + 2,
                &[
                    &["pull access denied", "requested access to the resource is denied"],
                    &[".dkr.ecr."],
                ],
            )
            .without(&[&["insufficient_scope"]])
            .causes(&[
                C::IamExecRoleMissingAction,
                C::IamEcrRepositoryPolicy,
                C::ImageWrongReference,
                C::IamVpcEndpointPolicy,
            ]),
            form(
                SENTENCE + 1,
                &[&["pull access denied", "requested access to the resource is denied"]],
            )
            .without(&[&["insufficient_scope"]]),
            form(HEAD + 1, &[&["check whether the image exists"]]),
        ],
    ),
    row(
        "CPC-CANCELED",
        S::Documentation,
        PULL,
        NET_REGISTRY,
        "Get <url>: net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)",
        "CannotPullContainerError: Error response from daemon: Get https://123456789012.dkr.ecr.us-east-1.amazonaws.com/v2/: net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)",
        &[
            form(
                SENTENCE - 1,
                &[
                    &[
                        "request canceled while waiting for connection",
                        "client.timeout exceeded",
                        "tls handshake timeout",
                    ],
                    REQUEST,
                ],
            )
            .without(&[ANSWERED]),
            // Other ways of not being answered by the same request.
            form(HEAD + 4, &[&["/v2/", "can't pull the image. check your network"], NET])
                .without(&[ANSWERED]),
        ],
    ),
    row(
        "CPC-NET",
        S::Documentation,
        PULL,
        NET_REGISTRY,
        "The task cannot pull <image> from the <registry>. There is a connection issue between the task and the registry. : failed to copy: httpReadSeeker: failed open: failed to do request: Get <url>: dial tcp <ip>:<port>: i/o timeout",
        "CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy: httpReadSeeker: failed open: failed to do request: Get https://prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com/0123-456789012/abcdef: dial tcp 52.217.18.40:443: i/o timeout",
        &[
            form(SENTENCE + 3, &[COPY, ECR, NET]).without(&[ANSWERED]).causes(NET_LAYER),
            form(SENTENCE + 2, &[COPY, NET]).without(&[ANSWERED]),
            form(SENTENCE + 2, &[COULD_NOT, &["from the registry", "ecr repository"], NET])
                .without(&[ANSWERED, &["registry auth from amazon ecr"]]),
            form(SENTENCE + 2, &[&["cannotpull"], &["connection issue"]]).without(&[ANSWERED]),
            form(HEAD + 2, &[&["failed to do request", "/v2/"], NO_ANSWER, PULLING])
                .without(&[ANSWERED]),
            // Cut before the reason.
            form(HEAD, &[COULD_NOT, &["from the registry", "from the amazon ecr repository"]])
                .without(&[ANSWERED, &["registry auth from amazon ecr"]]),
            form(HEAD, &[COPY, ECR]).without(&[ANSWERED]).causes(NET_LAYER),
            form(HEAD, &[&["ref pull has been retried"]]).without(&[ANSWERED]).causes(&[
                C::NetRegistryUnreachable,
                C::NetS3LayerUnreachable,
                C::IamVpcEndpointPolicy,
                C::StorageFargateEphemeralFull,
                C::SymptomNoDetail,
            ]),
        ],
    ),
    row(
        "CPC-RETRY-RESOLVE",
        S::Documentation,
        PULL,
        &[
            C::ImageTagMissing,
            C::IamExecRoleMissingAction,
            C::NetRegistryUnreachable,
            C::ImageWrongReference,
            C::ImageDigestExpired,
        ],
        "pull image manifest has been retried <n> time(s): failed to resolve ref <ref>: <tail>",
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref 123456789012.dkr.ecr.us-east-1.amazonaws.com/web:v42: 123456789012.dkr.ecr.us-east-1.amazonaws.com/web:v42: not found",
        &[
            form(SENTENCE + 1, &[RESOLVE, FORBIDDEN, ECR]).causes(DENIED_MANIFEST),
            form(SENTENCE, &[RESOLVE, FORBIDDEN]).causes(&[
                C::ImageWrongReference,
                C::ImageRateLimited,
                C::NetProxyOrTlsInspection,
            ]),
            form(SENTENCE, &[RESOLVE, UNAUTHORIZED]).causes(UNAUTHORIZED_CAUSES),
            form(SENTENCE + 1, &[RESOLVE, BAD_REFERENCE]).causes(&[C::ImageWrongReference]),
            form(SENTENCE, &[RESOLVE, &[": not found", "manifest unknown", "name unknown"]])
                .causes(NOT_FOUND),
            form(SENTENCE, &[RESOLVE, NET]).without(&[ANSWERED]).causes(NET_REGISTRY),
            form(HEAD, &[RESOLVE]),
        ],
    ),
    row(
        "CPC-INSPECT",
        S::Field,
        PULL,
        &[
            C::NetRegistryUnreachable,
            C::IamExecRoleMissingAction,
            C::ImageTagMissing,
            C::ImageRateLimited,
            C::ImageWrongReference,
        ],
        "inspect image has been retried <n> time(s): <tail>",
        "CannotPullContainerError: inspect image has been retried 5 time(s): failed to resolve ref \"docker.io/library/nginx:latest\": failed to do request: Head https://registry-1.docker.io/v2/library/nginx/manifests/latest: dial tcp 34.237.244.67:443: i/o timeout",
        &[
            form(SENTENCE + 2, &[INSPECT, FORBIDDEN, ECR]).causes(DENIED_MANIFEST),
            form(SENTENCE + 1, &[INSPECT, FORBIDDEN])
                .causes(&[C::ImageWrongReference, C::ImageRateLimited]),
            form(SENTENCE + 1, &[INSPECT, UNAUTHORIZED]).causes(UNAUTHORIZED_CAUSES),
            form(SENTENCE + 2, &[INSPECT, BAD_REFERENCE]).causes(&[C::ImageWrongReference]),
            form(SENTENCE + 1, &[INSPECT, &[": not found", "manifest unknown", "name unknown"]])
                .causes(NOT_FOUND),
            form(SENTENCE + 1, &[INSPECT, NET]).without(&[ANSWERED]).causes(NET_REGISTRY),
            form(SENTENCE + 1, &[INSPECT, &["docker.io"], &["unexpected status code"]])
                .causes(&[C::ImageRateLimited, C::ImageWrongReference]),
            form(HEAD + 1, &[INSPECT]),
        ],
    ),
    row(
        "CPC-NOTFOUND",
        S::Documentation,
        PULL,
        &[C::ImageTagMissing, C::ImageWrongReference],
        "manifest for <ref> not found: manifest unknown; repository <repository> not found",
        "CannotPullContainerError: Error response from daemon: manifest for 123456789012.dkr.ecr.us-east-1.amazonaws.com/web:v42 not found: manifest unknown: Requested image not found",
        &[
            form(
                TAIL,
                &[
                    &["name unknown", "repository with name", "api error (404): repository"],
                    &["does not exist", "not found", "doesn't exist"],
                ],
            )
            .without(&[RESOLVE, INSPECT])
            .causes(&[C::ImageWrongReference, C::ImageTagMissing]),
            form(
                TAIL,
                &[&["manifest for", "manifest unknown"], &["not found", "manifest unknown"]],
            )
            .without(&[RESOLVE, INSPECT]),
            form(HEAD + 1, &[&["cannotpullcontainer"], &["not found"]]).without(&[
                RESOLVE,
                INSPECT,
                &["credentials: not found"],
            ]),
        ],
    ),
    row(
        "CPC-HUB-SCOPE",
        S::Field,
        PULL,
        &[C::ImageWrongReference],
        "failed to resolve ref docker.io/<x>: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref docker.io/library/my-app:latest: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
        &[form(EXACT, &[&["insufficient_scope"]])],
    ),
    row(
        "CPC-NOAUTH",
        S::General,
        PULL,
        &[
            C::IamExecRoleMissingAction,
            C::AgentVersionBugOrConfig,
            C::SecretBadReference,
            C::ImageWrongReference,
        ],
        "no basic auth credentials; unauthorized: <authentication required | incorrect username or password>",
        "CannotPullContainerError: Error response from daemon: Head \"https://123456789012.dkr.ecr.us-east-1.amazonaws.com/v2/web/manifests/latest\": no basic auth credentials",
        &[
            form(TAIL, &[&["no basic auth credentials"]]),
            form(
                TAIL,
                &[&[
                    "unauthorized: authentication required",
                    "unauthorized: incorrect username",
                    "unauthorized: access to the requested resource",
                ]],
            )
            .causes(&[
                C::SecretBadReference,
                C::ImageWrongReference,
                C::IamExecRoleMissingAction,
            ]),
        ],
    ),
    row(
        "CPC-API",
        S::Documentation,
        PULL,
        &[C::NetRegistryUnreachable, C::NetEndpointMisconfigured, C::HostDockerBroken],
        "API error",
        "CannotPullContainerError: API error",
        &[
            form(HEAD + 2, &[&["cannotpullcontainer"], &["untar", "re-exec error"]])
                .causes(&[C::HostDockerBroken, C::StorageHostDiskFull]),
            form(HEAD - 1, &[&["cannotpullcontainer"], &["api error"]])
                .without(&[&["api error accessdenied", "operation error"]]),
            exact(&["api error"]),
        ],
    ),
    row(
        "CPC-NOSPACE",
        S::Documentation,
        PULL,
        FULL,
        "<write | extract> <path>: no space left on device",
        "CannotPullContainerError: write /var/lib/docker/tmp/GetImageBlob111111111: no space left on device",
        &[
            form(
                EXACT,
                &[
                    &["/var/lib/docker", "getimageblob", "failed to register layer"],
                    &["no space left on device"],
                ],
            )
            .causes(HOST_FULL),
            form(
                TAIL,
                &[
                    &["cannotpull", "layer", "snapshot", "containerd", "pull"],
                    &["no space left on device"],
                ],
            ),
        ],
    ),
    row(
        "CPC-EXTRACT",
        S::Field,
        PULL,
        &[C::HostDockerBroken, C::StorageHostDiskFull, C::StorageFargateEphemeralFull],
        "failed to <register | extract> layer: <reason>",
        "CannotPullContainerError: ref pull has been retried 1 time(s): failed to unpack image on snapshotter overlayfs: failed to extract layer sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef: mount callback failed: unexpected EOF",
        &[
            form(
                TAIL,
                &[
                    &["importlayer", "failed to register layer", "failed to extract layer"],
                    &["not enough space on the disk"],
                ],
            )
            .causes(FULL),
            form(SENTENCE, &[&["failed to register layer"]])
                .causes(&[C::HostDockerBroken, C::StorageHostDiskFull]),
            form(
                SENTENCE,
                &[&[
                    "failed to unpack image on snapshotter",
                    "failed to extract layer",
                    "importlayer",
                ]],
            )
            .causes(&[
                C::StorageFargateEphemeralFull,
                C::ImagePlatformOrManifest,
                C::HostDockerBroken,
            ]),
        ],
    ),
    row(
        "CPC-ATTEST",
        S::Field,
        PULL,
        &[C::ImagePlatformOrManifest],
        "failed to get stream processor for application/vnd.in-toto+json: no processor for media-type",
        "CannotPullContainerError: ref pull has been retried 1 time(s): failed to unpack image on snapshotter overlayfs: failed to extract layer sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef: failed to get stream processor for application/vnd.in-toto+json: no processor for media-type: unknown",
        &[form(EXACT, &[&["vnd.in-toto", "no processor for media-type"]])],
    ),
    row(
        "CPC-RATE",
        S::Documentation,
        PULL,
        &[C::ImageRateLimited],
        "toomanyrequests: You have reached your pull rate limit.",
        "CannotPullContainerError: inspect image has been retried 5 time(s): httpReaderSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/nginx/manifests/sha256:abc: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit",
        &[
            form(EXACT, &[&["toomanyrequests", "pull rate limit"]]),
            form(EXACT, &[&["too many requests", "429"], PULLING]),
            // Truncated before the number; this is what Docker Hub answers at this point.
            form(SENTENCE, &[&["unexpected status code https://registry-1.docker.io"]]).without(&[
                FORBIDDEN,
                UNAUTHORIZED,
                &["404"],
            ]),
        ],
    ),
    row(
        "CPC-403-LAYER",
        S::Documentation,
        PULL,
        &[C::IamVpcEndpointPolicy, C::IamExecRoleMissingAction, C::NetProxyOrTlsInspection],
        "ref pull has been retried <n> time(s): failed to copy: httpReaderSeeker: failed open: unexpected status code <url>: 403 Forbidden",
        "CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReaderSeeker: failed open: unexpected status code https://prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com/0123-456789012/abcdef: 403 Forbidden",
        &[
            // Cut before the number; S3 does not limit rates here.
            form(HEAD, &[COPY, ECR, &["unexpected status code"]]).without(&[&[
                "429",
                "404 not found",
                ": 5",
            ]]),
            form(TAIL, &[COPY, FORBIDDEN, ECR]),
            form(TAIL, &[COPY, FORBIDDEN]).without(&[ECR]).causes(&[
                C::ImageWrongReference,
                C::ImageRateLimited,
                C::NetProxyOrTlsInspection,
            ]),
            form(TAIL, &[&["redacted ecr url", "starport"], FORBIDDEN]),
            form(
                TAIL,
                &[&["storage-access-role-prod", "starport"], &["is not authorized to perform"]],
            ),
        ],
    ),
    row(
        "CPC-NILPTR",
        S::Documentation,
        PULL,
        &[C::NetS3LayerUnreachable, C::NetRegistryUnreachable],
        "pull command failed: panic: runtime error: invalid memory address or nil pointer dereference",
        "CannotPullContainerError: pull command failed: panic: runtime error: invalid memory address or nil pointer dereference",
        &[form(
            EXACT,
            &[&["pull command failed", "cannotpull"], &["invalid memory address or nil pointer"]],
        )],
    ),
    row(
        "CPC-CONF",
        S::Documentation,
        PULL,
        &[C::ImageRateLimited, C::NetS3LayerUnreachable, C::NetRegistryUnreachable],
        "error pulling image configuration",
        "CannotPullContainerError: error pulling image configuration: download failed after attempts=6: unknown blob",
        &[
            form(SENTENCE + 4, &[&["error pulling image conf"], NET]).causes(&[
                C::NetS3LayerUnreachable,
                C::NetRegistryUnreachable,
                C::NetEndpointMisconfigured,
                C::NetOneBadSubnet,
                C::NetNatBroken,
            ]),
            form(SENTENCE + 4, &[&["error pulling image conf"]]),
        ],
    ),
    row(
        "CPC-CTX",
        S::Documentation,
        PULL,
        &[
            C::NetRegistryUnreachable,
            C::NetS3LayerUnreachable,
            C::NetEndpointMisconfigured,
            C::NetOneBadSubnet,
            C::NetNatBroken,
        ],
        "Context canceled",
        "CannotPullContainerError: context canceled",
        &[
            form(HEAD + 1, &[PULLING, &["context canceled"]])
                .without(&[ANSWERED, &["request context canceled"]]),
            exact(&["context canceled"]),
        ],
    ),
    row(
        "CPC-PLATFORM",
        S::Field,
        PULL,
        &[C::ImagePlatformOrManifest],
        "image Manifest does not contain descriptor matching platform '<os>/<arch>'",
        "CannotPullContainerError: pull image manifest has been retried 7 time(s): image Manifest does not contain descriptor matching platform 'linux/amd64'",
        &[form(EXACT, &[&["contain descriptor matching platform", "no matching manifest for"]])],
    ),
    row(
        "CPC-TLS",
        S::General,
        None,
        &[C::NetProxyOrTlsInspection],
        "x509: <certificate problem>; http: server gave HTTP response to HTTPS client",
        "CannotPullContainerError: Error response from daemon: Get \"https://registry.example.com/v2/\": x509: certificate signed by unknown authority",
        &[
            form(EXACT, &[&["server gave http response to https client"]])
                .causes(&[C::ImageWrongReference, C::NetProxyOrTlsInspection])
                .phase(P::Pull),
            form(TAIL, &[&["x509:"], PULLING]).phase(P::Pull),
            form(HEAD, &[&["x509: certificate"]]),
        ],
    ),
    row(
        "CPC-REDACTED",
        S::AgentSource,
        PULL,
        NET_LAYER,
        "REDACTED ECR URL related to <image>",
        "CannotPullContainerError: Error response from daemon: Get REDACTED ECR URL related to 123456789012.dkr.ecr.us-east-1.amazonaws.com/web:v42: dial tcp 52.216.1.1:443: i/o timeout",
        &[form(SENTENCE, &[&["redacted ecr url related to"]])],
    ),
    row(
        "CPC-INACTIVITY",
        S::AgentSource,
        PULL,
        &[C::NetRegistryUnreachable, C::NetS3LayerUnreachable, C::HostDockerSlow],
        "inactivity time exceeded timeout while pulling image",
        "CannotPullContainerError: inactivity time exceeded timeout while pulling image",
        &[form(EXACT, &[&["inactivity time exceeded timeout"]])],
    ),
];

/// A pull, or Docker's own request to a registry.
const REQUEST: &[&str] = &[
    "cannotpull",
    "can't pull the image",
    "pull image manifest",
    "ref pull has been retried",
    "error pulling image",
    "/v2/",
    "error response from daemon: get ",
    "api error (500): get ",
];
