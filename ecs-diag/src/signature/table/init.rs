//! `ResourceInitializationError`: what the Fargate agent says about credentials, secrets,
//! environment files, log drivers and file systems. Tails are shared with EC2.

use super::{
    ANSWERED, C, DENIED, DENIED_SECRET, FORBIDDEN, NET, NET_API, NET_REGISTRY, NO_ANSWER, PULLING,
    Signature, Source as S, form,
    rank::{EXACT, HEAD, SENTENCE, TAIL},
    row,
};
use crate::Phase as P;

/// Fetching a secret from Secrets Manager.
const ASM: &[&str] = &[
    "secret from asm",
    "secrets from asm",
    "secret from secrets manager",
    "from secrets manager",
    "from aws secrets manager",
    "failed to fetch secret",
    "https://secretsmanager.",
];
const SSM: &[&str] = &[
    "secrets from ssm",
    "secret from ssm",
    "secrets from aws systems manager",
    "systems manager parameter store",
    "https://ssm.",
];
const ENV: &[&str] = &["failed to download env file", "download the environment variable file"];
const LOG: &[&str] = &[
    "validate logger args",
    "create cloudwatch log stream",
    "create stream has been retried",
    "amazon cloudwatch log group",
    "https://logs.",
];
const EFS: &[&str] =
    &["efs utils", "mount.nfs4", "mount.efs", ".efs.", "mount attempt", "efs volume"];
/// Log lines of the host's SSM Agent, which has rows of its own.
const SSM_AGENT: &[&str] =
    &["[healthcheck]", "[messagingdeliveryservice]", "updateinstanceinformation", "ec2messages"];

const ECR_HEAD: &[&str] = &[
    "unable to retrieve ecr registry auth",
    "pull registry auth from amazon ecr",
    "between the task and amazon ecr",
    "https://api.ecr.",
    "https://ecr.",
];

pub(super) const ROWS: &[Signature] = &[
    row(
        "RIE-ECR-NET",
        S::Documentation,
        Some(P::Auth),
        NET_API,
        "unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. <cause>",
        "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration. RequestError: send request failed caused by: Post \"https://api.ecr.us-east-1.amazonaws.com/\": dial tcp 44.213.79.50:443: i/o timeout",
        &[
            form(SENTENCE + 1, &[&["pull registry auth from amazon ecr"]])
                .without(&[ANSWERED, PULLING_IMAGE]),
            form(
                SENTENCE + 1,
                &[
                    &["unable to pull secrets or registry auth"],
                    &["between the task and amazon ecr"],
                ],
            )
            .without(&[ANSWERED]),
        ],
    ),
    row(
        "RIE-ECR-NET-OLD",
        S::Documentation,
        Some(P::Auth),
        NET_API,
        "unable to retrieve ecr registry auth: service call has been retried <n> time(s): <no answer>",
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 3 time(s): RequestError: send request failed caused by: Post \"https://api.ecr.us-east-1.amazonaws.com/\": dial tcp 10.0.12.7:443: i/o timeout. Please check your task network configuration.",
        &[
            form(SENTENCE, &[&["unable to retrieve ecr registry auth"], NET]).without(&[ANSWERED]),
            form(
                SENTENCE,
                &[
                    &["unable to pull secrets or registry auth"],
                    &["https://api.ecr.", "https://ecr."],
                    NET,
                ],
            )
            .without(&[ANSWERED]),
            form(HEAD, &[&["unable to retrieve ecr registry auth"]]).without(&[ANSWERED]).causes(
                &[
                    C::NetAwsApiUnreachable,
                    C::IamExecRoleMissingAction,
                    C::NetEndpointMisconfigured,
                    C::SymptomNoDetail,
                ],
            ),
        ],
    ),
    row(
        "RIE-ECR-DENIED",
        S::Field,
        Some(P::Auth),
        &[C::IamExecRoleMissingAction, C::IamVpcEndpointPolicy],
        "unable to retrieve ecr registry auth: AccessDeniedException: User: <arn> is not authorized to perform: ecr:GetAuthorizationToken on resource: * because <layer>",
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 1 time(s): AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/app-execution/0123456789abcdef is not authorized to perform: ecr:GetAuthorizationToken on resource: * because no identity-based policy allows the ecr:GetAuthorizationToken action status code: 400, request id: 8ac4a5c5-2f4c-4c5d-9a55-8e5a6c0f6f1f",
        &[
            form(TAIL, &[&["is not authorized to perform: ecr:getauthorizationtoken"]]),
            form(TAIL, &[ECR_HEAD, DENIED]),
        ],
    ),
    row(
        "RIE-SSM-NET",
        S::Documentation,
        Some(P::Secrets),
        NET_API,
        "unable to retrieve secrets from ssm: service call has been retried <n> time(s): <no answer>",
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secrets from ssm: The task cannot pull secrets from AWS Systems Manager. There is a connection issue between the task and AWS Systems Manager Parameter Store. Check your task network configuration. RequestCanceled: request context canceled caused by: context deadline exceeded",
        &[
            form(SENTENCE, &[SSM, NET]).without(&[ANSWERED, SSM_AGENT]),
            form(HEAD, &[&["secrets from ssm", "secrets from aws systems manager"]])
                .without(&[ANSWERED, &["invalid parameters:"]])
                .causes(&[
                    C::NetAwsApiUnreachable,
                    C::IamExecRoleMissingAction,
                    C::SecretNotFound,
                    C::SymptomNoDetail,
                ]),
        ],
    ),
    row(
        "RIE-SSM-DENIED",
        S::Field,
        Some(P::Secrets),
        DENIED_SECRET,
        "unable to retrieve secrets from ssm: AccessDeniedException: User: <arn> is not authorized to perform: ssm:GetParameters on resource: <arn> because <layer>",
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/app-execution/0123456789abcdef is not authorized to perform: ssm:GetParameters on resource: arn:aws:ssm:eu-west-1:123456789012:parameter/app/db because no identity-based policy allows the ssm:GetParameters action",
        &[
            // Whatever was to be decrypted, this is what a parameter's refusal looks like.
            form(HEAD, &[&["is not authorized to perform: kms:decrypt"]])
                .causes(&[C::IamKmsDecrypt]),
            form(TAIL, &[&["is not authorized to perform: ssm:getparameter"]]),
            form(
                TAIL,
                &[
                    &[
                        "secrets from ssm",
                        "secrets from aws systems manager",
                        "systems manager parameter store",
                    ],
                    DENIED,
                ],
            )
            .without(&[SSM_AGENT]),
        ],
    ),
    row(
        "RIE-SSM-INVALID",
        S::Field,
        Some(P::Secrets),
        &[C::SecretNotFound, C::SecretBadReference],
        "unable to retrieve secrets from ssm: invalid ssm parameters: <names>",
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: /app/db-user, /app/db-password",
        &[form(EXACT, &[&["invalid ssm parameters"]])],
    ),
    row(
        "RIE-ASM-NET",
        S::Documentation,
        Some(P::Secrets),
        NET_API,
        "The task can't pull secrets from AWS Secrets Manager. There is a connection issue between the task and Secrets Manager. <cause>",
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 5 time(s): failed to fetch secret arn:aws:secretsmanager:us-east-1:123456789012:secret:app-Ab12Cd from secrets manager: RequestCanceled: request context canceled caused by: context deadline exceeded",
        &[
            form(SENTENCE, &[ASM, NET])
                .without(&[ANSWERED, &["registry auth from asm", "retrieve the secret with arn"]]),
            form(
                HEAD,
                &[&[
                    "secret from asm",
                    "secrets from asm",
                    "failed to fetch secret",
                    "pull secrets from aws secrets manager",
                ]],
            )
            .without(&[ANSWERED])
            .causes(&[
                C::NetAwsApiUnreachable,
                C::IamExecRoleMissingAction,
                C::SecretNotFound,
                C::SymptomNoDetail,
            ]),
        ],
    ),
    row(
        "RIE-ASM-ARN",
        S::Documentation,
        Some(P::Secrets),
        &[
            C::IamExecRoleMissingAction,
            C::SecretNotFound,
            C::NetAwsApiUnreachable,
            C::IamKmsDecrypt,
        ],
        "The task can't retrieve the secret with ARN '<arn>' from Secrets Manager. Check whether the secret exists in the specified Region.",
        "ResourceInitializationError: The task can't retrieve the secret with ARN 'arn:aws:secretsmanager:us-east-1:123456789012:secret:app-Ab12Cd' from AWS Secrets Manager. Check whether the secret exists in the specified Region.",
        &[
            form(SENTENCE, &[&["retrieve the secret with arn"], NO_ANSWER])
                .without(&[ANSWERED])
                .causes(NET_API),
            form(SENTENCE, &[&["retrieve the secret with arn"]]),
        ],
    ),
    row(
        "RIE-ASM-DENIED",
        S::Field,
        Some(P::Secrets),
        DENIED_SECRET,
        "failed to fetch secret <arn> from secrets manager: AccessDeniedException: User: <arn> is not authorized to perform: secretsmanager:GetSecretValue on resource: <arn> because <layer>",
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret arn:aws:secretsmanager:us-east-1:123456789012:secret:app-Ab12Cd from secrets manager: AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/app-execution/0123456789abcdef is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:us-east-1:123456789012:secret:app-Ab12Cd because no identity-based policy allows the secretsmanager:GetSecretValue action status code: 400, request id: 8ac4a5c5-2f4c-4c5d-9a55-8e5a6c0f6f1f",
        &[
            form(
                TAIL + 1,
                &[&["access to kms is not allowed", "decryptionfailure", "disabledexception"]],
            )
            .without(&[&["registry auth from asm", "idempotentparametermismatch"]])
            .causes(&[C::IamKmsDecrypt]),
            form(TAIL, &[&["is not authorized to perform: secretsmanager:"]]),
            form(TAIL, &[ASM, DENIED]),
            form(TAIL, &[&["retrieve the secret with arn"], DENIED]),
        ],
    ),
    row(
        "RIE-ASM-DELETED",
        S::Field,
        Some(P::Secrets),
        &[C::SecretNoReadableVersion],
        "InvalidRequestException: You can't perform this operation on the secret because it was marked for deletion.",
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret arn:aws:secretsmanager:us-east-1:123456789012:secret:app-Ab12Cd from secrets manager: InvalidRequestException: You can't perform this operation on the secret because it was marked for deletion.",
        &[form(EXACT, &[&["marked for deletion"]])],
    ),
    row(
        "RIE-ASM-JSONKEY",
        S::AgentSource,
        Some(P::Secrets),
        &[C::SecretJsonKeyMissing],
        "retrieved secret from Secrets Manager did not contain json key <key>",
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): retrieved secret from Secrets Manager did not contain json key DB_PASSWORD",
        &[form(EXACT, &[&["did not contain json key"]])],
    ),
    row(
        "RIE-ASM-ARNFMT",
        S::AgentSource,
        Some(P::Secrets),
        &[C::SecretBadReference],
        "trying to retrieve secret with value <value> resulted in error: an invalid ARN format for the AWS Secrets Manager secret was specified.",
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: trying to retrieve secret with value arn:aws:secretsmanager:us-east-1:123456789012:secret:app-Ab12Cd:user resulted in error: an invalid ARN format for the AWS Secrets Manager secret was specified. Specify a valid ARN and try again.",
        &[form(
            EXACT,
            &[&[
                "invalid arn format for the aws secrets manager secret",
                "unexpected arn format with parameters",
            ]],
        )],
    ),
    row(
        "RIE-ASM-NAME",
        S::Field,
        Some(P::Secrets),
        &[C::SecretBadReference],
        "ValidationException: Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret arn:aws:secretsmanager:us-east-1:123456789012:secret:app-Ab12Cd-Ab12Cd from secrets manager: ValidationException: Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
        &[form(
            EXACT,
            &[&["invalid name. must be a valid name", "validationexception: invalid name"]],
        )],
    ),
    row(
        "RIE-ENV-NET",
        S::Documentation,
        Some(P::EnvFile),
        NET_API,
        "failed to download env files: file download command: non empty error stream: <no answer>",
        "ResourceInitializationError: failed to download env files: The task can't download the environment variable files from Amazon S3. There is a connection issue between the task and Amazon S3. Check your task network configuration. file download command: non empty error stream: RequestCanceled: request context canceled caused by: context deadline exceeded",
        &[form(SENTENCE, &[ENV, NET]).without(&[ANSWERED])],
    ),
    row(
        "RIE-ENV-OTHER",
        S::Documentation,
        Some(P::EnvFile),
        &[
            C::IamExecRoleMissingAction,
            C::SecretBadReference,
            C::IamVpcEndpointPolicy,
            C::IamKmsDecrypt,
            C::NetAwsApiUnreachable,
        ],
        "failed to download env files: file download command: non empty error stream: <S3's answer>",
        "ResourceInitializationError: failed to download env files: file download command: non empty error stream: AccessDenied: Access Denied status code: 403, request id: 0123456789ABCDEF, host id: abc",
        &[
            form(
                TAIL,
                &[
                    ENV,
                    &[
                        "nosuchkey",
                        "nosuchbucket",
                        "notfound:",
                        "404",
                        "301",
                        "permanentredirect",
                        "bucketregionerror",
                    ],
                ],
            )
            .causes(&[C::SecretBadReference, C::IamExecRoleMissingAction]),
            form(TAIL, &[ENV, DENIED]).causes(&[
                C::IamExecRoleMissingAction,
                C::IamVpcEndpointPolicy,
                C::IamKmsDecrypt,
                C::SecretBadReference,
            ]),
            form(TAIL, &[ENV, FORBIDDEN]).causes(&[
                C::IamExecRoleMissingAction,
                C::IamVpcEndpointPolicy,
                C::IamKmsDecrypt,
                C::SecretBadReference,
            ]),
            form(HEAD, &[ENV]),
        ],
    ),
    row(
        "RIE-LOG-NET",
        S::Documentation,
        Some(P::LogDriver),
        NET_API,
        "failed to validate logger args: The task cannot find the Amazon CloudWatch log group defined in the task definition. There is a connection issue between the task and Amazon CloudWatch. : signal: killed",
        "ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon CloudWatch log group defined in the task definition. There is a connection issue between the task and Amazon CloudWatch. Check your network configuration. : signal: killed",
        &[
            form(SENTENCE, &[LOG, NET]).without(&[ANSWERED]),
            form(
                HEAD,
                &[&[
                    "validate logger args",
                    "amazon cloudwatch log group",
                    "create stream has been retried",
                ]],
            )
            .without(&[ANSWERED])
            .causes(&[
                C::NetAwsApiUnreachable,
                C::LogGroupMissing,
                C::IamExecRoleMissingAction,
                C::LogRegionWrong,
                C::SymptomNoDetail,
            ]),
        ],
    ),
    row(
        "RIE-LOG-INIT",
        S::Documentation,
        Some(P::LogDriver),
        &[
            C::LogGroupMissing,
            C::LogRegionWrong,
            C::LogDriverMisconfigured,
            C::IamExecRoleMissingAction,
            C::NetAwsApiUnreachable,
        ],
        "failed to initialize logging driver",
        "ResourceInitializationError: failed to initialize logging driver",
        &[form(HEAD, &[&["failed to initialize logging driver"]])],
    ),
    row(
        "RIE-LOG-NOGROUP",
        S::Field,
        Some(P::LogDriver),
        &[C::LogGroupMissing, C::LogRegionWrong],
        "failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist.",
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1",
        &[
            form(EXACT, &[&["the specified log group doesn't exist"]]),
            form(TAIL, &[LOG, &["resourcenotfoundexception"]]),
        ],
    ),
    row(
        "RIE-LOG-DENIED",
        S::Field,
        Some(P::LogDriver),
        &[C::IamExecRoleMissingAction, C::IamVpcEndpointPolicy],
        "AccessDeniedException: User: <arn> is not authorized to perform: logs:<CreateLogGroup|CreateLogStream> on resource: <arn>",
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/app-execution/0123456789abcdef is not authorized to perform: logs:CreateLogStream on resource: arn:aws:logs:us-east-1:123456789012:log-group:/ecs/app:log-stream:ecs/web/0123456789abcdef because no identity-based policy allows the logs:CreateLogStream action",
        &[form(TAIL, &[&["is not authorized to perform: logs:"]]), form(TAIL, &[LOG, DENIED])],
    ),
    row(
        "RIE-LOG-REGION",
        S::Field,
        Some(P::LogDriver),
        &[C::LogDriverMisconfigured],
        "unable to get awslogs driver arguments: awslogs-region is required",
        "ResourceInitializationError: unable to get awslogs driver arguments: awslogs-region is required",
        &[
            form(EXACT, &[&["awslogs-region is required"]]),
            form(
                TAIL,
                &[
                    &["logger args", "logging driver", "log stream", "awslogs"],
                    &["missingendpoint"],
                ],
            )
            .causes(&[C::LogRegionWrong, C::LogDriverMisconfigured]),
            form(HEAD, &[&["unable to get awslogs driver arguments"]]),
        ],
    ),
    row(
        "RIE-KILLED",
        S::Documentation,
        Some(P::Auth),
        &[
            C::NetAwsApiUnreachable,
            C::NetEndpointMisconfigured,
            C::NetOneBadSubnet,
            C::NetNatBroken,
            C::AwsInternalTransient,
        ],
        "unable to pull secrets or registry auth: pull command failed: : signal: killed",
        "ResourceInitializationError: unable to pull secrets or registry auth: pull command failed: : signal: killed",
        &[
            form(HEAD + 2, &[&["cannotpull"], &["pull command failed"], &["signal: killed"]])
                .without(&[ANSWERED])
                .causes(NET_REGISTRY)
                .phase(P::Pull),
            form(
                HEAD + 1,
                &[
                    &["unable to pull secrets or registry auth", "pull command failed"],
                    &["signal: killed"],
                ],
            )
            .without(&[ANSWERED]),
            form(
                HEAD + 1,
                &[&["unable to pull secrets or registry auth: check your task network"]],
            )
            .without(&[ANSWERED]),
        ],
    ),
    row(
        "RIE-EFS",
        S::Field,
        Some(P::Volume),
        &[C::EfsNfsBlocked, C::EfsDnsOrMountTarget, C::EfsAccessDenied, C::EfsPathMissing],
        "failed to invoke EFS utils commands to set up EFS volumes: stderr: <text> : unsuccessful EFS utils command execution; code: <n>",
        "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: b'mount.nfs4: an incorrect mount option was specified' : unsuccessful EFS utils command execution; code: 32",
        &[form(HEAD, &[&["invoke efs utils commands", "unsuccessful efs utils command"]])],
    ),
    row(
        "RIE-ASM-REGAUTH",
        S::Field,
        Some(P::Auth),
        &[
            C::IamExecRoleMissingAction,
            C::NetAwsApiUnreachable,
            C::SecretNotFound,
            C::SecretBadReference,
            C::IamKmsDecrypt,
        ],
        "unable to get registry auth from asm: service call has been retried <n> time(s): asm fetching secret from the service for <id>: <SDK error>",
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to get registry auth from asm: service call has been retried 1 time(s): asm fetching secret from the service for arn:aws:secretsmanager:us-east-1:123456789012:secret:hub-Ab12Cd: AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/app-execution/0123456789abcdef is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:us-east-1:123456789012:secret:hub-Ab12Cd because no identity-based policy allows the secretsmanager:GetSecretValue action",
        &[
            form(
                EXACT + 2,
                &[
                    &["registry auth from asm"],
                    &["access to kms", "decryptionfailure", "kms:decrypt"],
                ],
            )
            .causes(&[C::IamKmsDecrypt]),
            form(EXACT + 1, &[&["registry auth from asm"], DENIED]).causes(DENIED_SECRET),
            form(EXACT + 1, &[&["registry auth from asm"], &["can't find the specified secret"]])
                .causes(&[C::SecretNotFound]),
            form(
                EXACT + 1,
                &[&["registry auth from asm"], &["marked for deletion", "staging label"]],
            )
            .causes(&[C::SecretNoReadableVersion]),
            form(
                EXACT + 1,
                &[
                    &["registry auth from asm"],
                    &[
                        "invalid schema",
                        "malformed, empty field",
                        "empty secrets value",
                        "invalid character",
                    ],
                ],
            )
            .causes(&[C::SecretJsonKeyMissing, C::SecretBadReference]),
            form(EXACT, &[&["registry auth from asm"], NET]).without(&[ANSWERED]).causes(NET_API),
            form(HEAD + 5, &[&["registry auth from asm"]]),
        ],
    ),
    row(
        "RIE-ASM-NOTJSON",
        S::Field,
        Some(P::Secrets),
        &[C::SecretJsonKeyMissing],
        "invalid character '<c>' <in literal | looking for beginning of value>",
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): invalid character 'p' looking for beginning of value",
        &[form(TAIL, &[&["invalid character '"], &["asm", "secret"]])
            .without(&[&["secret resource", "secretsmanager secretid"]])],
    ),
    row(
        "RIE-SDKV2-ZERO",
        S::Field,
        None,
        NET_API,
        "operation error <service>: <operation>, exceeded maximum number of attempts, <n>, https response error StatusCode: 0, RequestID: , <no answer>",
        "operation error Secrets Manager: GetSecretValue, exceeded maximum number of attempts, 3, https response error StatusCode: 0, RequestID: , canceled, context deadline exceeded",
        &[
            form(HEAD + 3, &[&["operation error ecr"], &["statuscode: 0,"]]).phase(P::Auth),
            form(
                HEAD + 3,
                &[&["operation error secrets manager", "operation error ssm"], &["statuscode: 0,"]],
            )
            .phase(P::Secrets),
            form(HEAD + 3, &[&["operation error s3"], &["statuscode: 0,"]]).phase(P::EnvFile),
            form(HEAD + 3, &[&["operation error cloudwatch logs"], &["statuscode: 0,"]])
                .phase(P::LogDriver),
            form(
                HEAD + 2,
                &[&["operation error", "exceeded maximum number of attempts"], &["statuscode: 0,"]],
            ),
        ],
    ),
    row(
        "RIE-EFS-TIMEOUT",
        S::Field,
        Some(P::Volume),
        &[C::EfsNfsBlocked, C::EfsDnsOrMountTarget, C::NetAddressFamilyMismatch],
        "Mount attempt 1/3 failed due to timeout after 15 sec; mount.nfs4: Connection <timed out | reset by peer>; mount system call failed",
        "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: Mount attempt 1/3 failed due to timeout after 15 sec, wait 0 sec before next attempt. b'mount.nfs4: Connection timed out' : unsuccessful EFS utils command execution; code: 32",
        &[form(
            TAIL,
            &[
                EFS,
                &[
                    "due to timeout after",
                    "connection timed out",
                    "connection reset by peer",
                    "mount system call failed",
                    "connection refused",
                ],
            ],
        )],
    ),
    row(
        "RIE-EFS-RESOLVE",
        S::Field,
        Some(P::Volume),
        &[C::EfsDnsOrMountTarget],
        "Failed to resolve \"<fs>.efs.<region>.amazonaws.com\" - check that your file system ID is correct, and ensure that the VPC has an EFS mount target for this file system ID.",
        "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: Failed to resolve \"fs-0123456789abcdef0.efs.us-east-1.amazonaws.com\" - check that your file system ID is correct, and ensure that the VPC has an EFS mount target for this file system ID. : unsuccessful EFS utils command execution; code: 1",
        &[
            form(
                EXACT,
                &[&[
                    "failed to resolve \"fs-",
                    "failed to resolve 'fs-",
                    "failed to resolve fs-",
                    "vpc has an efs mount target",
                ]],
            ),
            form(TAIL, &[&["failed to resolve"], &[".efs."]]).without(&[PULLING]),
        ],
    ),
    row(
        "RIE-EFS-DENIED",
        S::Field,
        Some(P::Volume),
        &[C::EfsAccessDenied],
        "mount.nfs4: access denied by server while mounting <address>",
        "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: b'mount.nfs4: access denied by server while mounting 127.0.0.1:/' : unsuccessful EFS utils command execution; code: 32",
        &[form(EXACT, &[&["access denied by server while mounting"]])],
    ),
    row(
        "RIE-EFS-NOENT",
        S::Field,
        Some(P::Volume),
        &[C::EfsPathMissing],
        "mount.nfs4: mounting <address> failed, reason given by server: No such file or directory",
        "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: b'mount.nfs4: mounting fs-0123456789abcdef0.efs.us-east-1.amazonaws.com:/data failed, reason given by server: No such file or directory' : unsuccessful EFS utils command execution; code: 32",
        &[form(EXACT, &[&["reason given by server: no such file"]])],
    ),
    row(
        "RIE-S3FILES",
        S::Field,
        Some(P::Volume),
        &[C::EfsDnsOrMountTarget],
        "Failed to resolve \"<az-id>.<fs-id>.s3files.<region>.on.aws\"",
        "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: Failed to resolve \"use1-az1.fs-0123456789abcdef0.s3files.us-east-1.on.aws\"",
        &[form(EXACT + 1, &[&["failed to resolve"], &[".s3files."]])],
    ),
    row(
        "RIE-SHIM",
        S::Field,
        Some(P::Start),
        &[C::StartCommand, C::StartBindMountFailed, C::StartGpuOrDevice],
        "failed to create new container runtime task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: <tail>",
        "ResourceInitializationError: failed to create new container runtime task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: unknown",
        &[
            form(
                TAIL - 1,
                &[&[
                    "nvidia-container-cli",
                    "error gathering device information",
                    "error running prestart hook",
                    "prestart hook",
                ]],
            )
            .causes(&[C::StartGpuOrDevice]),
            form(
                HEAD,
                &[&[
                    "failed to create shim task",
                    "failed to create new container runtime task",
                    "oci runtime create failed",
                    "runc create failed",
                ]],
            ),
        ],
    ),
    row(
        "RNF-ASM",
        S::Documentation,
        Some(P::Secrets),
        &[C::SecretNotFound, C::SecretBadReference],
        "ResourceNotFoundException: The task can't retrieve the secret with ARN '<arn>' from AWS Secrets Manager. Check whether the secret exists in the specified Region.",
        "ResourceNotFoundException: The task can't retrieve the secret with ARN 'arn:aws:secretsmanager:us-east-1:123456789012:secret:app-Ab12Cd' from AWS Secrets Manager. Check whether the secret exists in the specified Region. ResourceNotFoundException: Fetching secret data from AWS Secrets Manager in region us-east-1: secret arn:aws:secretsmanager:us-east-1:123456789012:secret:app-Ab12Cd: ResourceNotFoundException: Secrets Manager can't find the specified secret.",
        &[
            form(EXACT, &[&["for staging label", "find the specified secret value"]])
                .causes(&[C::SecretNoReadableVersion]),
            form(EXACT, &[&["can't find the specified secret"]]),
            form(
                TAIL,
                &[
                    &["resourcenotfoundexception"],
                    &[
                        "retrieve the secret with arn",
                        "fetching secret data from aws secrets manager",
                        "secret from asm",
                        "from secrets manager",
                    ],
                ],
            ),
        ],
    ),
];

/// Words that belong to the pull of an image, not to the registry's credentials.
const PULLING_IMAGE: &[&str] = &["cannotpullcontainer", "failed to resolve ref", "failed to copy"];
