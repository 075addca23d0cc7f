//! What the open agent writes on EC2 and external instances.

use super::{
    ANSWERED, C, DENIED, DENIED_MANIFEST, DENIED_SECRET, FORBIDDEN, NET, NET_API, NET_REGISTRY,
    NOT_FOUND, Signature, Source as S, exact, form,
    rank::{EXACT, HEAD, SENTENCE, TAIL, WRAPPER},
    row,
};
use crate::Phase as P;

const A: S = S::AgentSource;
const MANIFEST: &[&str] = &[
    "cannotpullimagemanifesterror",
    "failed to find a repo digest matching",
    "failed to pull image manifest",
    "failed to prepare a canonical reference",
];
const ECR_CONTAINER: &[&str] = &["cannotpullecrcontainererror"];
const SSM_STORE: &[&str] =
    &["fetching secret data from ssm parameter store", "unable to create ssm client"];
const ASM_STORE: &[&str] = &[
    "fetching secret data from aws secrets manager",
    "could not find a secretsmanager secretid",
    "unable to create asm client",
    "asm secret resource",
];
const ENV: &[&str] = &["unable to download env file", "environment file resource"];

pub(super) const ROWS: &[Signature] = &[
    row(
        "AGT-START-TIMEOUT",
        A,
        Some(P::Start),
        &[C::HostDockerSlow, C::LogDriverMisconfigured, C::NetAwsApiUnreachable],
        "DockerTimeoutError: Could not transition to <state>; timed out after waiting <duration>",
        "DockerTimeoutError: Could not transition to started; timed out after waiting 3m0s",
        &[
            form(
                TAIL,
                &[&["could not transition to pulled", "could not transition to manifest_pulled"]],
            )
            .phase(P::Pull)
            .causes(&[
                C::NetRegistryUnreachable,
                C::NetS3LayerUnreachable,
                C::HostDockerSlow,
            ]),
            form(TAIL, &[&["could not transition to created"]])
                .phase(P::Create)
                .causes(&[C::HostDockerSlow, C::HostDockerBroken]),
            form(TAIL, &[&["could not transition to stopped"]])
                .phase(P::Stop)
                .causes(&[C::HostDockerSlow, C::HostDockerBroken]),
            form(TAIL, &[&["could not transition to started"]]),
            form(SENTENCE, &[&["dockertimeouterror", "could not transition to"]]),
        ],
    ),
    row(
        "AGT-DOCKERSTATE",
        A,
        Some(P::Start),
        &[C::StartCommand, C::HostDockerBroken, C::ExitAppOrSidecarError],
        "DockerStateError: <Docker's text>",
        "DockerStateError: container state could not be read",
        &[form(HEAD - 1, &[&["dockerstateerror"]])],
    ),
    row(
        "AGT-DOCKERCLIENT",
        A,
        None,
        &[C::HostDockerBroken, C::AgentVersionBugOrConfig],
        "CannotGetDockerclientError: (v<n>) - <text>",
        "CannotGetDockerclientError: (v1.17) - Cannot connect to the Docker daemon",
        &[form(
            SENTENCE,
            &[&[
                "cannotgetdockerclienterror",
                "cannotgetdockerclientversionerror",
                "cannotdescribecontainererror",
                "cannotlistcontainerserror",
            ]],
        )],
    ),
    row(
        "AGT-MANIFEST",
        A,
        Some(P::Pull),
        &[
            C::NetRegistryUnreachable,
            C::ImageTagMissing,
            C::IamExecRoleMissingAction,
            C::ImageWrongReference,
            C::SymptomNoDetail,
        ],
        "CannotPullImageManifestError: <text>",
        "CannotPullImageManifestError: Error response from daemon: failed to pull image manifest",
        &[
            form(SENTENCE + 5, &[MANIFEST, FORBIDDEN]).causes(DENIED_MANIFEST),
            form(SENTENCE + 5, &[MANIFEST, &[": not found", "manifest unknown"]]).causes(NOT_FOUND),
            form(SENTENCE + 5, &[MANIFEST, NET]).without(&[ANSWERED]).causes(NET_REGISTRY),
            form(
                SENTENCE + 5,
                &[&[
                    "failed to find a repo digest matching",
                    "failed to prepare a canonical reference",
                ]],
            )
            .causes(&[
                C::ImageDigestExpired,
                C::ImageWrongReference,
                C::AgentVersionBugOrConfig,
            ]),
            form(HEAD, &[MANIFEST]),
        ],
    ),
    row(
        "AGT-ECRAUTH",
        A,
        Some(P::Auth),
        &[C::AgentVersionBugOrConfig, C::IamExecRoleMissingAction, C::NetAwsApiUnreachable],
        "CannotPullECRContainerError: <engine ecr credentials: not found | missing container's ecr auth data | SDK error>",
        "CannotPullECRContainerError: engine ecr credentials: not found",
        &[
            form(
                EXACT,
                &[
                    &["unsupported protocol scheme", "failed to resolve service endpoint"],
                    &["ecr", "cannotpull"],
                ],
            )
            .causes(&[C::AgentVersionBugOrConfig]),
            form(
                EXACT,
                &[&[
                    "engine ecr credentials: not found",
                    "missing container's ecr auth data",
                    "ecr auth: missing authorizationdata",
                    "authorizationdata is nil",
                ]],
            )
            .causes(&[C::AgentVersionBugOrConfig, C::IamExecRoleMissingAction]),
            form(TAIL + 1, &[ECR_CONTAINER, DENIED])
                .causes(&[C::IamExecRoleMissingAction, C::IamVpcEndpointPolicy]),
            form(SENTENCE + 2, &[ECR_CONTAINER, NET]).without(&[ANSWERED]).causes(NET_API),
            form(SENTENCE, &[&["operation error ecr: getauthorizationtoken"]]).without(&[
                ANSWERED,
                &[
                    "unable to retrieve ecr registry auth",
                    "unable to pull secrets",
                    "resourceinitializationerror",
                ],
                &["statuscode: 0,"],
            ]),
            form(SENTENCE, &[&["https://api.ecr.", "https://ecr."], NET])
                .without(&[
                    ANSWERED,
                    &[
                        "unable to retrieve ecr registry auth",
                        "unable to pull secrets",
                        "resourceinitializationerror",
                    ],
                    &["statuscode: 0,"],
                ])
                .causes(NET_API),
            form(HEAD, &[ECR_CONTAINER]),
        ],
    ),
    row(
        "AGT-PULLAUTH",
        A,
        Some(P::Auth),
        &[C::AgentVersionBugOrConfig, C::IamRoleNotAssumable, C::SecretBadReference],
        "CannotPullContainerAuthError: engine docker private registry credentials: not found",
        "CannotPullContainerAuthError: engine docker private registry credentials: not found",
        &[form(
            EXACT,
            &[&[
                "cannotpullcontainerautherror",
                "engine docker private registry credentials",
                "missing container's registry auth data",
            ]],
        )],
    ),
    row(
        "AGT-ASM-SCHEMA",
        A,
        Some(P::Auth),
        &[C::SecretJsonKeyMissing, C::SecretBadReference, C::IamExecRoleMissingAction],
        "asm fetching <authorization data | username | password | secret from the service for <id>>: <problem>",
        "asm fetching authorization data: unable to unmarshal secret value, invalid schema",
        &[
            form(
                EXACT,
                &[
                    &["asm fetching"],
                    &["empty secrets value", "invalid schema", "authorizationdata is malformed"],
                ],
            )
            .causes(&[C::SecretJsonKeyMissing, C::SecretBadReference]),
            form(
                TAIL + 1,
                &[
                    &["asm fetching secret from the service for"],
                    &["access to kms", "decryptionfailure", "kms:decrypt"],
                ],
            )
            .causes(&[C::IamKmsDecrypt]),
            form(TAIL + 1, &[&["asm fetching secret from the service for"], DENIED])
                .causes(DENIED_SECRET),
            form(
                EXACT + 1,
                &[
                    &["asm fetching secret from the service for"],
                    &["can't find the specified secret"],
                ],
            )
            .causes(&[C::SecretNotFound]),
            form(SENTENCE + 1, &[&["asm fetching secret from the service for"], NET])
                .without(&[ANSWERED])
                .causes(NET_API),
            form(
                HEAD + 1,
                &[&[
                    "asm fetching authorization data",
                    "asm fetching username",
                    "asm fetching password",
                    "asm fetching secret from the service",
                ]],
            ),
        ],
    ),
    row(
        "AGT-NOCREDS",
        A,
        Some(P::Auth),
        &[C::IamRoleNotAssumable, C::AgentVersionBugOrConfig, C::AgentTaskSideEndpoint],
        "unable to find execution role credentials",
        "Unable to find execution role credentials",
        &[
            form(
                EXACT,
                &[
                    &["asm secret resource", "ssm secret resource"],
                    &["unable to find execution role credentials"],
                ],
            )
            .phase(P::Secrets),
            form(
                EXACT,
                &[&["environment file resource"], &["unable to find execution role credentials"]],
            )
            .phase(P::EnvFile),
            form(
                EXACT,
                &[&["credentialspec resource"], &["unable to find execution role credentials"]],
            )
            .phase(P::Create),
            form(
                EXACT,
                &[&[
                    "unable to find execution role credentials",
                    "unable to get execution role credentials",
                    "execution role credentials not available",
                    "container uses execution credentials, but the credentials are empty",
                ]],
            ),
        ],
    ),
    row(
        "AGT-SSM-INVALID",
        A,
        Some(P::Secrets),
        &[C::SecretNotFound, C::IamExecRoleMissingAction, C::NetAwsApiUnreachable],
        "fetching secret data from SSM Parameter Store in <region>: <invalid parameters: <names> | SDK error>",
        "Fetching secret data from SSM Parameter Store in us-east-1: invalid parameters: /app/db-user,/app/db-password",
        &[
            form(EXACT, &[&["invalid parameters:"]])
                .causes(&[C::SecretNotFound, C::SecretBadReference]),
            form(TAIL + 1, &[SSM_STORE, DENIED]).causes(DENIED_SECRET),
            form(SENTENCE + 1, &[SSM_STORE, NET]).without(&[ANSWERED]).causes(NET_API),
            form(HEAD, &[SSM_STORE]),
        ],
    ),
    row(
        "AGT-ASM-OTHER",
        A,
        Some(P::Secrets),
        &[
            C::IamExecRoleMissingAction,
            C::NetAwsApiUnreachable,
            C::SecretNotFound,
            C::IamKmsDecrypt,
        ],
        "fetching secret data from AWS Secrets Manager in region <region>: secret <id>: <SDK error>",
        "Could not find a secretsmanager secretID from value app/db",
        &[
            form(EXACT, &[&["could not find a secretsmanager secretid"]])
                .causes(&[C::SecretBadReference]),
            form(
                TAIL + 2,
                &[
                    &["fetching secret data from aws secrets manager"],
                    &["access to kms", "decryptionfailure", "kms:decrypt"],
                ],
            )
            .causes(&[C::IamKmsDecrypt]),
            form(TAIL + 1, &[&["fetching secret data from aws secrets manager"], DENIED])
                .causes(DENIED_SECRET),
            form(
                TAIL + 1,
                &[
                    &["fetching secret data from aws secrets manager", "asm secret resource"],
                    &["invalid character '"],
                ],
            )
            .causes(&[C::SecretJsonKeyMissing]),
            form(SENTENCE + 1, &[ASM_STORE, NET]).without(&[ANSWERED]).causes(NET_API),
            form(HEAD + 1, &[ASM_STORE]).without(&[ANSWERED]),
        ],
    ),
    row(
        "AGT-ENV",
        A,
        Some(P::EnvFile),
        &[
            C::IamExecRoleMissingAction,
            C::SecretBadReference,
            C::IamVpcEndpointPolicy,
            C::NetAwsApiUnreachable,
        ],
        "unable to download env file with key <key> from bucket <bucket>, error: <reason>",
        "Unable to download env file with key prod/app.env from bucket app-config, error: AccessDenied: Access Denied status code: 403, request id: 0123456789ABCDEF",
        &[
            form(
                EXACT,
                &[&[
                    "unable to parse bucket and key from s3 arn",
                    "invalid s3 arn:",
                    "escapes envfile resource directory",
                ]],
            )
            .causes(&[C::SecretBadReference]),
            form(TAIL + 1, &[ENV, &["nosuchkey", "nosuchbucket", "notfound:", "404", "301"]])
                .causes(&[C::SecretBadReference, C::IamExecRoleMissingAction]),
            form(TAIL + 1, &[ENV, DENIED]).causes(&[
                C::IamExecRoleMissingAction,
                C::IamVpcEndpointPolicy,
                C::IamKmsDecrypt,
                C::SecretBadReference,
            ]),
            form(TAIL + 1, &[ENV, FORBIDDEN]).causes(&[
                C::IamExecRoleMissingAction,
                C::IamVpcEndpointPolicy,
                C::IamKmsDecrypt,
                C::SecretBadReference,
            ]),
            form(SENTENCE + 1, &[ENV, NET]).without(&[ANSWERED]).causes(NET_API),
            form(HEAD + 1, &[ENV]),
        ],
    ),
    row(
        "AGT-FIRELENS",
        A,
        Some(P::LogDriver),
        &[C::LogDriverMisconfigured, C::IamExecRoleMissingAction, C::NetAwsApiUnreachable],
        "<problem of a FireLens option, file or container>",
        "Unable to download firelens s3 config file: AccessDenied: Access Denied",
        &[
            form(TAIL + 2, &[&["unable to download firelens s3 config file"], DENIED]).causes(&[
                C::IamExecRoleMissingAction,
                C::IamVpcEndpointPolicy,
                C::LogDriverMisconfigured,
            ]),
            form(SENTENCE + 1, &[&["unable to download firelens s3 config file"], NET])
                .without(&[ANSWERED])
                .causes(NET_API),
            form(HEAD + 1, &[&["unable to download firelens s3 config file"]]),
            form(
                TAIL,
                &[&[
                    "option config-file-type",
                    "config-file-value is not specified",
                    "invalid firelens configuration type",
                    "failed to start firelens container",
                    "bridge ip not available to use for firelens",
                ]],
            )
            .causes(&[C::LogDriverMisconfigured]),
        ],
    ),
    row(
        "AGT-GMSA",
        A,
        Some(P::Create),
        &[C::SecretBadReference, C::IamExecRoleMissingAction],
        "<problem of a gMSA credential specification>",
        "unsupported credentialspec ARN, only s3/ssm ARNs are valid",
        &[form(
            TAIL,
            &[&[
                "unsupported credentialspec arn",
                "the provided ssm parameter:",
                "domainless gmsa user",
            ]],
        )],
    ),
    row(
        "AGT-DEP-MISSING",
        A,
        Some(P::Create),
        &[C::DeployConfiguration],
        "dependency graph: container ordering dependency [<d>] for target [<t>] does not exist.",
        "dependency graph: container ordering dependency [migrate] for target [web] does not exist.",
        &[form(EXACT, &[&["container ordering dependency ["], &["] doesn't exist"]])],
    ),
    row(
        "AGT-DEP-TIMEOUT",
        A,
        Some(P::Start),
        &[C::HealthContainerCheck, C::ExitAppOrSidecarError],
        "dependency graph: container ordering dependency [<d>] for target [<t>] has timed out.",
        "dependency graph: container ordering dependency [db] for target [web] has timed out.",
        &[form(EXACT, &[&["container ordering dependency ["], &["] has timed out"]])],
    ),
    row(
        "AGT-DEP-EXIT",
        A,
        Some(P::Start),
        &[C::ExitAppOrSidecarError],
        "dependency graph: failed to resolve container ordering dependency [<d>] for target [<t>] as dependency did not exit successfully.",
        "dependency graph: failed to resolve container ordering dependency [migrate] for target [web] as dependency did not exit successfully.",
        &[form(EXACT, &[&["dependency did not exit successfully"]])],
    ),
    row(
        "AGT-DEP-NEVER",
        A,
        Some(P::Create),
        &[C::ExitAppOrSidecarError, C::DeployConfiguration, C::SymptomNoDetail],
        "<dependency> will never start; TaskDependencyError: Task dependencies cannot be resolved, taskArn: <arn>",
        "TaskDependencyError: Task dependencies cannot be resolved, taskArn: arn:aws:ecs:us-east-1:123456789012:task/prod/0123456789abcdef0123456789abcdef",
        &[form(
            HEAD,
            &[&[
                "because dependency will never start",
                "taskdependencyerror",
                "task dependencies cannot be resolved",
            ]],
        )],
    ),
    row(
        "AGT-CNI",
        A,
        Some(P::Eni),
        &[C::EniCniSetupFailed],
        "ContainerNetworkingError: container resource provisioning: failed to setup network namespace: <reason>",
        "ContainerNetworkingError: container resource provisioning: failed to setup network namespace: cni setup: invoke bridge plugin failed: ecs-ipam: getIPV4AddressFromDB commands: failed to get available ip from the db",
        &[
            form(
                TAIL,
                &[&[
                    "failed to setup network namespace",
                    "cannot setup task network namespace",
                    "unable to build cni configuration",
                    "cni plugin invocation failed",
                    "cni setup",
                    "ecs-ipam",
                    "unable to attach the veth interface",
                    "no such image: amazon/amazon-ecs-pause",
                    "no ipv6 subnet gateway address",
                ]],
            ),
            form(HEAD, &[&["containernetworkingerror"]]),
        ],
    ),
    row(
        "AGT-VANISHED",
        A,
        Some(P::Run),
        &[C::HostDockerBroken, C::AgentVersionBugOrConfig],
        "ContainerVanishedError: No container matching saved ID found",
        "ContainerVanishedError: No container matching saved ID found",
        &[form(
            SENTENCE,
            &[&[
                "containervanishederror",
                "no container matching saved id",
                "nosuchcontainererror",
            ]],
        )],
    ),
    row(
        "AGT-EARLYSTOP",
        A,
        Some(P::Pull),
        &[C::StopBenign, C::SymptomNoDetail],
        "TaskStoppedBeforePullBeginError: Task stopped before image pull could begin for task: <arn>",
        "TaskStoppedBeforePullBeginError: Task stopped before image pull could begin for task: arn:aws:ecs:us-east-1:123456789012:task/prod/0123456789abcdef0123456789abcdef",
        // The agent was told to stop; who told it is said elsewhere.
        &[form(
            WRAPPER + 2,
            &[&["taskstoppedbeforepullbeginerror", "task stopped before image pull could begin"]],
        )],
    ),
    row(
        "AGT-STATE",
        A,
        None,
        &[C::AgentVersionBugOrConfig, C::HostDockerBroken],
        "ImpossibleStateTransitionError: Cannot transition to <state>",
        "ImpossibleStateTransitionError: Cannot transition to RUNNING",
        &[form(
            HEAD,
            &[&[
                "impossiblestatetransitionerror",
                "taskstateerror",
                "agent could not progress task's state",
            ]],
        )],
    ),
    row(
        "AGT-RESOURCE",
        A,
        None,
        &[C::AgentVersionBugOrConfig, C::SymptomNoDetail],
        "resource cannot be initialized for task <arn>: <reason>",
        "ResourceInitializationError: resource cannot be initialized for task arn:aws:ecs:us-east-1:123456789012:task/prod/0123456789abcdef0123456789abcdef: unable to apply the requested configuration",
        &[
            form(HEAD + 1, &[&["resource cannot be initialized for task"], &["cgroup"]])
                .causes(&[C::HostDockerBroken]),
            form(HEAD + 1, &[&["resource cannot be initialized for task"], &["gpu"]])
                .causes(&[C::StartGpuOrDevice, C::PlaceAttributeOrGpu]),
            form(HEAD - 1, &[&["resource cannot be initialized for task"]]),
        ],
    ),
    row(
        "AGT-CGROUP",
        A,
        Some(P::Create),
        &[C::HostDockerBroken],
        "CgroupError: Agent could not create task's platform resources",
        "CgroupError: Agent could not create task's platform resources",
        &[form(EXACT, &[&["cgrouperror", "could not create task's platform resources"]])],
    ),
    row(
        "AGT-HOSTCFG",
        A,
        Some(P::Create),
        &[C::AgentVersionBugOrConfig, C::StartBindMountFailed, C::LogDriverMisconfigured],
        "<HostConfigError | DockerClientConfigError | InvalidVolumeError>: <reason>",
        "HostConfigError: invalid mount config for type \"bind\"",
        &[form(SENTENCE, &[&["hostconfigerror", "dockerclientconfigerror", "invalidvolumeerror"]])],
    ),
    row(
        "AGT-REG",
        A,
        None,
        &[C::AgentCannotRegister],
        "Container instance type changes are not supported; Cluster not found.",
        "level=error msg=\"Unable to register as a container instance with ECS\" error=\"ClientException: Cluster not found.\"",
        &[
            exact(&["cluster not found"]),
            form(
                EXACT,
                &[&[
                    "container instance type changes are not supported",
                    "clientexception: cluster not found",
                    "could not register module=\"api client\"",
                    "unable to register as a container instance",
                ]],
            ),
        ],
    ),
];
