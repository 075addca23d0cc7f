use std::collections::HashSet;

use proptest::prelude::*;

use super::{
    Cause as C, rank,
    text::{Text, spellings},
    *,
};
use crate::Phase as P;

const USER: &str = "User: arn:aws:sts::123456789012:assumed-role/app-execution/0123456789abcdef";
const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:app-Ab12Cd";
const RIE: &str = "ResourceInitializationError: unable to pull secrets or registry auth: ";
const ASM: &str = "execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): ";
const ECR: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com";

#[track_caller]
fn check(
    text: &str,
    signature: &str,
    phase: impl Into<Option<P>>,
    first: impl Into<Option<C>>,
    parameters: &[(&str, &str)],
) -> Reading {
    let reading = read(text);
    assert_eq!(reading.signature, Some(signature), "{text}\n{reading:#?}");
    assert_eq!(reading.phase, phase.into(), "{text}");
    assert_eq!(reading.causes.first().copied(), first.into(), "{text}\n{reading:#?}");
    for (name, value) in parameters {
        let found = reading.parameters.get(name).map(String::as_str);
        assert_eq!(found, Some(*value), "{name} of {text}\n{reading:#?}");
    }
    reading
}

// ---- The table.

#[test]
fn every_example_is_read_as_its_own_row() {
    let mut wrong = Vec::new();
    for signature in signatures() {
        let reading = read(signature.example);
        if reading.signature != Some(signature.id) {
            wrong.push(format!("{} is read as {:?}", signature.id, reading.signature));
        }
        if reading.benign != signature.benign {
            wrong.push(format!("{}: benign", signature.id));
        }
        if signature.phase.is_some() && reading.phase != signature.phase {
            wrong.push(format!("{}: phase {:?}", signature.id, reading.phase));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_example_survives_labels_case_and_white_space() {
    for signature in signatures() {
        let example = signature.example;
        for text in [
            format!("Stopped reason: {example}"),
            format!("STOPPED ({example})"),
            example.to_uppercase(),
            example.replace(' ', "\n   "),
            example.replace('\'', "\u{2019}"),
            example.replace('"', "\\\""),
            format!("  {example}\r\n"),
        ] {
            assert_eq!(read(&text).signature, Some(signature.id), "{text}");
        }
    }
}

#[test]
fn rows_are_well_formed() {
    let ids: HashSet<_> = signatures().iter().map(|signature| signature.id).collect();
    assert_eq!(ids.len(), signatures().len());
    for signature in signatures() {
        let id = signature.id;
        assert!(!signature.template.is_empty() && !signature.forms.is_empty(), "{id}");
        let lists = signature.forms.iter().filter_map(|form| form.causes);
        for causes in lists.chain([signature.causes]) {
            assert!(causes.len() <= MOST_CAUSES, "{id}");
            assert_eq!(causes.iter().collect::<HashSet<_>>().len(), causes.len(), "{id}");
        }
        for form in signature.forms {
            assert!(form.rank > 0 && (form.all.is_empty() != form.exact.is_empty()), "{id}");
            let pieces = form.all.iter().chain(form.none).copied().flatten().chain(form.exact);
            for piece in pieces {
                // A piece that normalisation would change can never be found.
                assert_eq!(*piece, piece.to_ascii_lowercase(), "{id}");
                assert!(piece.len() > 2 && !piece.contains("  "), "{id}: {piece}");
                for (usual, other) in
                    [("canceled", "cancelled"), ("httpreadseeker", "readerseeker")]
                {
                    assert!(!piece.contains(other), "{id}: write {usual}");
                }
            }
        }
    }
}

#[test]
fn causes_have_round_trips() {
    assert_eq!(C::ALL.len(), 70);
    for cause in C::ALL {
        assert_eq!(cause.as_str().parse::<C>(), Ok(*cause));
        let json = serde_json::to_string(cause).unwrap();
        assert_eq!(json, format!("\"{cause}\""));
        assert_eq!(serde_json::from_str::<C>(&json).unwrap(), *cause);
    }
    assert!("net.moon".parse::<C>().is_err());
    assert!(C::SymptomNoDetail.is_symptom_only() && C::StopBenign.is_expected_stop());
}

#[test]
fn json_has_the_documented_form() {
    let json = serde_json::to_string(&read("something else")).unwrap();
    assert_eq!(
        json,
        r#"{"signature":null,"phase":null,"causes":[],"parameters":{},"benign":false}"#
    );
    let json = serde_json::to_string(&read("TaskFailedToStart: RESOURCE:ENI")).unwrap();
    assert_eq!(
        json,
        r#"{"signature":"TFS-RESOURCE","phase":"place","causes":["place.eni"],"parameters":{},"benign":false}"#
    );
}

// ---- Credentials, secrets, environment files, logs.

#[test]
fn registry_credentials() {
    let old = "execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 3 time(s): ";
    let net = "RequestError: send request failed caused by: Post \"https://api.ecr.us-east-1.amazonaws.com/\": dial tcp 44.213.79.50:443: i/o timeout";
    let parameters = [
        ("host", "api.ecr.us-east-1.amazonaws.com"),
        ("ip", "44.213.79.50"),
        ("port", "443"),
        ("service", "ecr.api"),
        ("region", "us-east-1"),
        ("attempts", "3"),
        ("answered", "false"),
    ];
    let reading = check(
        &format!("{RIE}{old}{net}. Please check your task network configuration."),
        "RIE-ECR-NET-OLD",
        P::Auth,
        C::NetAwsApiUnreachable,
        &parameters,
    );
    assert_eq!(
        reading.causes,
        [
            C::NetAwsApiUnreachable,
            C::NetEndpointMisconfigured,
            C::NetOneBadSubnet,
            C::NetNatBroken,
            C::NetAddressFamilyMismatch
        ]
    );
    // The newer sentence goes in front of the older text.
    let new = "The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration. ";
    check(
        &format!("{RIE}{new}{old}{net}"),
        "RIE-ECR-NET",
        P::Auth,
        C::NetAwsApiUnreachable,
        &parameters,
    );
    // The second SDK says it in other words; the wrapper still names the step.
    check(
        &format!(
            "{RIE}{old}operation error ECR: GetAuthorizationToken, exceeded maximum number of attempts, 3, https response error StatusCode: 0, RequestID: , request send failed, Post \"https://api.ecr.eu-west-1.amazonaws.com/\": dial tcp [2600:1f18::1]:443: i/o timeout"
        ),
        "RIE-ECR-NET-OLD",
        P::Auth,
        C::NetAwsApiUnreachable,
        &[("ip", "2600:1f18::1"), ("status_code", "0"), ("answered", "false"), ("attempts", "3")],
    );
    // Refused: the network works.
    check(
        &format!(
            "{RIE}{new}{old}AccessDeniedException: {USER} is not authorized to perform: ecr:GetAuthorizationToken on resource: * because no VPC endpoint policy allows the ecr:GetAuthorizationToken action"
        ),
        "RIE-ECR-DENIED",
        P::Auth,
        C::IamVpcEndpointPolicy,
        &[
            ("layer", "vpc-endpoint"),
            ("answered", "true"),
            ("resource", "*"),
            ("role", "app-execution"),
        ],
    );
    // Cut behind the wrapper.
    let cut = check(
        &format!("{RIE}{old}"),
        "RIE-ECR-NET-OLD",
        P::Auth,
        C::NetAwsApiUnreachable,
        &[("attempts", "3")],
    );
    assert!(cut.causes.contains(&C::IamExecRoleMissingAction));
    assert!(!cut.parameters.contains_key("answered"));
    check(
        &format!("{RIE}pull command failed: : signal: killed"),
        "RIE-KILLED",
        P::Auth,
        C::NetAwsApiUnreachable,
        &[],
    );
    check(
        &format!("{RIE}Check your task network configuration. ::signal:killed"),
        "RIE-KILLED",
        P::Auth,
        C::NetAwsApiUnreachable,
        &[],
    );
}

#[test]
fn addresses_order_the_network_causes() {
    let text = |ip| {
        format!(
            "{RIE}execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 3 time(s): RequestError: send request failed caused by: Post https://api.ecr.us-east-1.amazonaws.com/: dial tcp {ip}:443: i/o timeout"
        )
    };
    assert_eq!(read(&text("54.1.2.3")).causes[1], C::NetEndpointMisconfigured);
    assert_eq!(read(&text("10.1.2.3")).causes[1], C::NetEndpointMisconfigured);
    assert_eq!(read(&text("[2600::1]")).causes[1], C::NetAddressFamilyMismatch);
    let dns = check(
        &text("x").replace("dial tcp x:443: i/o timeout", "dial tcp: lookup api.ecr.us-east-1.amazonaws.com on 10.0.0.2:53: read udp 10.0.1.5:34567->10.0.0.2:53: i/o timeout"),
        "RIE-ECR-NET-OLD",
        P::Auth,
        C::NetAwsApiUnreachable,
        &[("resolver", "10.0.0.2"), ("host", "api.ecr.us-east-1.amazonaws.com")],
    );
    assert!(!dns.parameters.contains_key("ip"), "the resolver is not the service");
}

#[test]
fn secrets_manager() {
    let asm = ASM;
    let fetch = format!("failed to fetch secret {SECRET} from secrets manager: ");
    let denied = |why: &str| {
        format!(
            "{RIE}{asm}{fetch}AccessDeniedException: {USER} is not authorized to perform: secretsmanager:GetSecretValue on resource: {SECRET} {why} status code: 400, request id: 8ac4a5c5-2f4c-4c5d-9a55-8e5a6c0f6f1f"
        )
    };
    let reading = check(
        &denied("because no identity-based policy allows the secretsmanager:GetSecretValue action"),
        "RIE-ASM-DENIED",
        P::Secrets,
        C::IamExecRoleMissingAction,
        &[
            ("principal", &USER["User: ".len()..]),
            ("role", "app-execution"),
            ("action", "secretsmanager:GetSecretValue"),
            ("resource", SECRET),
            ("secret", SECRET),
            ("layer", "identity-based"),
            ("deny", "implicit"),
            ("status_code", "400"),
            ("request_id", "8ac4a5c5-2f4c-4c5d-9a55-8e5a6c0f6f1f"),
            ("service", "secretsmanager"),
            ("region", "us-east-1"),
            ("answered", "true"),
        ],
    );
    assert_eq!(reading.causes.len(), 3);
    for (why, layer, deny) in [
        ("with an explicit deny in an identity-based policy", "identity-based", "explicit"),
        ("with an explicit deny in a resource-based policy", "resource-based", "explicit"),
        (
            "with an explicit deny in a service control policy: arn:aws:organizations::1:policy/p",
            "service-control-policy",
            "explicit",
        ),
        (
            "with an explicit deny in a resource control policy",
            "resource-control-policy",
            "explicit",
        ),
        (
            "because no permissions boundary allows the secretsmanager:GetSecretValue action",
            "permissions-boundary",
            "implicit",
        ),
        (
            "because no session policy allows the secretsmanager:GetSecretValue action",
            "session-policy",
            "implicit",
        ),
        (
            "because no resource-based policy allowsthe secretsmanager:GetSecretValue action",
            "resource-based",
            "implicit",
        ),
    ] {
        let parameters = [("layer", layer), ("deny", deny)];
        check(&denied(why), "RIE-ASM-DENIED", P::Secrets, C::IamExecRoleMissingAction, &parameters);
    }
}

#[test]
fn secrets_manager_without_a_refusal() {
    let asm = ASM;
    let fetch = format!("failed to fetch secret {SECRET} from secrets manager: ");
    check(
        &format!(
            "{RIE}{asm}{fetch}RequestCanceled: request context cancelled caused by: context deadline exceeded"
        ),
        "RIE-ASM-NET",
        P::Secrets,
        C::NetAwsApiUnreachable,
        &[("secret", SECRET), ("answered", "false"), ("service", "secretsmanager")],
    );
    check(
        &format!(
            "{RIE}{asm}{fetch}operation error Secrets Manager: GetSecretValue, exceeded maximum number of attempts, 3, https response error StatusCode: 0, RequestID: , canceled, context deadline exceeded"
        ),
        "RIE-ASM-NET",
        P::Secrets,
        C::NetAwsApiUnreachable,
        &[("status_code", "0")],
    );
    check(
        &format!(
            "{RIE}{asm}{fetch}AccessDeniedException: Access to KMS is not allowed status code: 400"
        ),
        "RIE-ASM-DENIED",
        P::Secrets,
        C::IamKmsDecrypt,
        &[("service", "kms")],
    );
    check(
        &format!(
            "{RIE}{asm}{fetch}DecryptionFailure: arn:aws:kms:us-east-1:123456789012:key/1 is disabled. (Service: AWSKMS; Status Code: 400; Error Code: DisabledException)"
        ),
        "RIE-ASM-DENIED",
        P::Secrets,
        C::IamKmsDecrypt,
        &[],
    );
    check(
        &format!(
            "{RIE}{asm}{fetch}ResourceNotFoundException: Secrets Manager can't find the specified secret."
        ),
        "RNF-ASM",
        P::Secrets,
        C::SecretNotFound,
        &[("secret", SECRET)],
    );
    check(
        &format!(
            "{RIE}{asm}{fetch}ResourceNotFoundException: Secrets Manager can\u{2019}t find the specified secret value for staging label: AWSCURRENT"
        ),
        "RNF-ASM",
        P::Secrets,
        C::SecretNoReadableVersion,
        &[],
    );
    check(
        &format!(
            "{RIE}{asm}retrieved secret from Secrets Manager did not contain json key DB_PASSWORD"
        ),
        "RIE-ASM-JSONKEY",
        P::Secrets,
        C::SecretJsonKeyMissing,
        &[("json_key", "DB_PASSWORD")],
    );
    check(
        &format!("{RIE}{asm}invalid character 'p' looking for beginning of value"),
        "RIE-ASM-NOTJSON",
        P::Secrets,
        C::SecretJsonKeyMissing,
        &[],
    );
}

#[test]
fn secrets_manager_in_other_words() {
    // One sentence, and only a marker decides.
    let arn = format!(
        "ResourceInitializationError: The task can't retrieve the secret with ARN '{SECRET}' from AWS Secrets Manager. Check whether the secret exists in the specified Region."
    );
    check(&arn, "RIE-ASM-ARN", P::Secrets, C::IamExecRoleMissingAction, &[("secret", SECRET)]);
    check(
        &format!("{arn} dial tcp 10.0.0.3:443: i/o timeout"),
        "RIE-ASM-ARN",
        P::Secrets,
        C::NetAwsApiUnreachable,
        &[],
    );
    // Credentials of a private registry are not `secrets`.
    let regauth = format!(
        "{RIE}execution resource retrieval failed: unable to get registry auth from asm: service call has been retried 3 time(s): asm fetching secret from the service for {SECRET}: "
    );
    check(
        &format!(
            "{regauth}RequestCanceled: request context canceled caused by: context deadline exceeded"
        ),
        "RIE-ASM-REGAUTH",
        P::Auth,
        C::NetAwsApiUnreachable,
        &[("secret", SECRET)],
    );
    check(
        &format!(
            "{regauth}ResourceNotFoundException: Secrets Manager can't find the specified secret."
        ),
        "RIE-ASM-REGAUTH",
        P::Auth,
        C::SecretNotFound,
        &[],
    );
}

#[test]
fn parameter_store() {
    let ssm = format!(
        "{RIE}execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 5 time(s): "
    );
    check(
        &format!(
            "{ssm}RequestCanceled: request context canceled caused by: context deadline exceeded"
        ),
        "RIE-SSM-NET",
        P::Secrets,
        C::NetAwsApiUnreachable,
        &[("service", "ssm"), ("attempts", "5")],
    );
    check(
        &format!(
            "{ssm}AccessDeniedException: {USER} is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:us-east-1:123456789012:key/ab because no identity-based policy allows the kms:Decrypt action"
        ),
        "RIE-SSM-DENIED",
        P::Secrets,
        C::IamKmsDecrypt,
        &[("action", "kms:Decrypt"), ("service", "kms")],
    );
    check(
        &format!("{ssm}invalid ssm parameters: /app/user, /app/password"),
        "RIE-SSM-INVALID",
        P::Secrets,
        C::SecretNotFound,
        &[("parameters", "/app/user,/app/password")],
    );
    // The agent's wording, joined with another failure.
    check(
        "Fetching secret data from AWS Secrets Manager in region us-east-1: secret app: RequestError: send request failed; fetching secret data from SSM Parameter Store in us-east-1: invalid parameters: a,b",
        "AGT-SSM-INVALID",
        P::Secrets,
        C::SecretNotFound,
        &[("parameters", "a,b"), ("region", "us-east-1")],
    );
}

#[test]
fn environment_files() {
    let env = "ResourceInitializationError: failed to download env files: file download command: non-empty error stream: ";
    check(
        &format!(
            "{env}RequestCanceled: request context canceled caused by: context deadline exceeded"
        ),
        "RIE-ENV-NET",
        P::EnvFile,
        C::NetAwsApiUnreachable,
        &[("service", "s3-env")],
    );
    check(
        &format!("{env}NoSuchKey: The specified key does not exist. status code: 404"),
        "RIE-ENV-OTHER",
        P::EnvFile,
        C::SecretBadReference,
        &[("status_code", "404")],
    );
    check(
        &format!("{env}AccessDenied: Access Denied status code: 403"),
        "RIE-ENV-OTHER",
        P::EnvFile,
        C::IamExecRoleMissingAction,
        &[],
    );
}

#[test]
fn log_groups_that_are_missing_and_those_that_only_look_so() {
    let reading = check(
        "ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon CloudWatch log group defined in the task definition. There is a connection issue between the task and Amazon CloudWatch. Check your network configuration. : signal: killed",
        "RIE-LOG-NET",
        P::LogDriver,
        C::NetAwsApiUnreachable,
        &[("service", "logs")],
    );
    assert!(!reading.causes.contains(&C::LogGroupMissing));
    check(
        "failed to validate logger args::signal:killed",
        "RIE-LOG-NET",
        P::LogDriver,
        C::NetAwsApiUnreachable,
        &[],
    );
    for text in [
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1",
        "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist.",
        "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to create Cloudwatch log stream: operation error CloudWatch Logs: CreateLogStream, https response error StatusCode: 400, RequestID: 8ac4a5c5-2f4c-4c5d-9a55-8e5a6c0f6f1f, ResourceNotFoundException: The specified log group does not exist.",
    ] {
        let reading = check(text, "RIE-LOG-NOGROUP", P::LogDriver, C::LogGroupMissing, &[]);
        assert_eq!(reading.causes[1], C::LogRegionWrong);
    }
    check(
        &format!(
            "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: AccessDeniedException: {USER} is not authorized to perform: logs:CreateLogStream on resource: arn:aws:logs:us-east-1:123456789012:log-group:/ecs/app:log-stream:ecs/web/1 because no identity-based policy allows the logs:CreateLogStream action"
        ),
        "RIE-LOG-DENIED",
        P::LogDriver,
        C::IamExecRoleMissingAction,
        &[("log_group", "/ecs/app"), ("service", "logs")],
    );
    check(
        "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: dial tcp 127.0.0.1:24224: connect: connection refused",
        "CSC-LOGDRIVER",
        P::LogDriver,
        C::LogDriverMisconfigured,
        &[],
    );
    check(
        "DockerTimeoutError: Could not tranisition to started; timed out after waiting 3m0s",
        "AGT-START-TIMEOUT",
        P::Start,
        C::HostDockerSlow,
        &[],
    );
}

#[test]
fn file_systems() {
    let efs = "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: ";
    let end = " : unsuccessful EFS utils command execution; code: 32";
    for (text, signature, cause) in [
        ("b'mount.nfs4: Connection reset by peer'", "RIE-EFS-TIMEOUT", C::EfsNfsBlocked),
        ("mount.nfs4: mount system call failed", "RIE-EFS-TIMEOUT", C::EfsNfsBlocked),
        (
            "Mount attempt 1/3 failed due to timeout after 15 sec, wait 0 sec before next attempt.",
            "RIE-EFS-TIMEOUT",
            C::EfsNfsBlocked,
        ),
        (
            "b'mount.nfs4: access denied by server while mounting 127.0.0.1:/'",
            "RIE-EFS-DENIED",
            C::EfsAccessDenied,
        ),
        ("something that is new", "RIE-EFS", C::EfsNfsBlocked),
    ] {
        check(&format!("{efs}{text}{end}"), signature, P::Volume, cause, &[("service", "efs")]);
    }
    check(
        &format!(
            "{efs}Failed to resolve \"fs-0123456789abcdef0.efs.eu-west-1.amazonaws.com\" - check that your file system ID is correct, and ensure that the VPC has an EFS mount target for this file system ID.{end}"
        ),
        "RIE-EFS-RESOLVE",
        P::Volume,
        C::EfsDnsOrMountTarget,
        &[
            ("file_system", "fs-0123456789abcdef0"),
            ("region", "eu-west-1"),
            ("host", "fs-0123456789abcdef0.efs.eu-west-1.amazonaws.com"),
        ],
    );
    check(
        &format!(
            "{efs}b'mount.nfs4: mounting fs-01234567.efs.us-east-1.amazonaws.com:/data failed, reason given by server: No such file or directory'{end}"
        ),
        "RIE-EFS-NOENT",
        P::Volume,
        C::EfsPathMissing,
        &[("file_system", "fs-01234567"), ("path", "/data")],
    );
}

// ---- Images.

#[test]
fn pulls_from_ecr() {
    let resolve = format!(
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {ECR}/team/web:v42"
    );
    check(
        &format!("{resolve}: {ECR}/team/web:v42: not found"),
        "CPC-RETRY-RESOLVE",
        P::Pull,
        C::ImageTagMissing,
        &[
            ("image", "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/web:v42"),
            ("registry", ECR),
            ("repository", "team/web"),
            ("tag", "v42"),
            ("region", "us-east-1"),
            ("attempts", "1"),
            ("service", "ecr.dkr"),
        ],
    );
    let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
    check(
        &format!("{resolve}@{digest}: {ECR}/team/web:v42@{digest}: not found"),
        "CPC-RETRY-RESOLVE",
        P::Pull,
        C::ImageDigestExpired,
        &[("tag", "v42"), ("digest", &digest)],
    );
    let reading = read(&format!(
        "{resolve}@{digest}: unexpected status from HEAD request to https://{ECR}/v2/team/web/manifests/{digest}: 403 Forbidden"
    ));
    assert_eq!(reading.causes[1], C::ImageDigestExpired, "{reading:#?}");
    let forbidden = check(
        &format!(
            "{resolve}: unexpected status from HEAD request to https://{ECR}/v2/team/web/manifests/v42: 403 Forbidden"
        ),
        "CPC-RETRY-RESOLVE",
        P::Pull,
        C::IamExecRoleMissingAction,
        &[("status_code", "403"), ("host", ECR), ("answered", "true")],
    );
    for cause in [C::IamEcrRepositoryPolicy, C::ImageDigestExpired, C::IamVpcEndpointPolicy] {
        assert!(forbidden.causes.contains(&cause));
    }
    check(
        &format!(
            "{resolve}: failed to do request: Head \"https://{ECR}/v2/team/web/manifests/v42\": dial tcp 10.0.0.5:443: i/o timeout"
        ),
        "CPC-RETRY-RESOLVE",
        P::Pull,
        C::NetRegistryUnreachable,
        &[("ip", "10.0.0.5"), ("answered", "false")],
    );
    check(
        &format!(
            "CannotPullContainerError: The task cannot pull {ECR}/web:v1 from the Amazon ECR repository '{ECR}/web'. There is a connection issue between the task and Amazon ECR. Check your task network configuration. : failed to copy: httpReadSeeker: failed open: failed to do request: Get \"https://prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com/a/b?X-Amz=1\": dial tcp 52.219.1.2:443 i/o timeout"
        ),
        "CPC-NET",
        P::Pull,
        C::NetS3LayerUnreachable,
        &[
            ("service", "s3-layer"),
            ("ip", "52.219.1.2"),
            ("image", "123456789012.dkr.ecr.us-east-1.amazonaws.com/web:v1"),
        ],
    );
    check(
        "CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReaderSeeker: failed open: unexpected status code https://prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com/a/b: 403 Forbidden",
        "CPC-403-LAYER",
        P::Pull,
        C::IamVpcEndpointPolicy,
        &[("status_code", "403"), ("service", "s3-layer")],
    );
    check(
        &format!(
            "CannotPullContainerError: Error response from daemon: pull access denied for {ECR}/web, repository does not exist or may require 'docker login': denied: {USER} is not authorized to perform: ecr:BatchGetImage on resource: arn:aws:ecr:us-east-1:123456789012:repository/web because no resource-based policy allows the ecr:BatchGetImage action"
        ),
        "CPC-ECR-DENIED",
        P::Pull,
        C::IamEcrRepositoryPolicy,
        &[("layer", "resource-based"), ("repository", "web"), ("service", "ecr.dkr")],
    );
    check(
        &format!(
            "CannotPullContainerError: API error (500): Get https://{ECR}/v2/: net/http: request cancelled while waiting for connection"
        ),
        "CPC-CANCELED",
        P::Pull,
        C::NetRegistryUnreachable,
        &[("host", ECR), ("registry", ECR)],
    );
    check(
        &format!("{resolve}: failed to do request: Head \"https://1234567.dkr.ecr.us-east-1.amazonaws.com/v2/web/manifests/v42\": dial tcp: lookup 1234567.dkr.ecr.us-east-1.amazonaws.com: no such host").replace(ECR, "1234567.dkr.ecr.us-east-1.amazonaws.com"),
        "CPC-RETRY-RESOLVE",
        P::Pull,
        C::ImageWrongReference,
        &[],
    );
}

#[test]
fn pulls_from_elsewhere() {
    check(
        "CannotPullContainerError: inspect image has been retried 5 time(s): httpReaderSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/nginx/manifests/sha256:abc: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.",
        "CPC-RATE",
        P::Pull,
        C::ImageRateLimited,
        &[("status_code", "429"), ("host", "registry-1.docker.io"), ("service", "registry")],
    );
    check(
        "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref docker.io/library/nginx:1.25: failed to do request: Head \"https://registry-1.docker.io/v2/library/nginx/manifests/1.25\": dial tcp 34.1.2.3:443: i/o timeout",
        "CPC-RETRY-RESOLVE",
        P::Pull,
        C::NetRegistryUnreachable,
        &[("registry", "docker.io"), ("service", "registry")],
    );
    check(
        "CannotPullContainerError: Error response from daemon: pull access denied for web, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
        "CPC-DENIED",
        P::Pull,
        C::ImageWrongReference,
        &[("repository", "web")],
    );
    check(
        "CannotPullContainerError: image Manifest does not contain descriptor matching platform 'linux/arm64'",
        "CPC-PLATFORM",
        P::Pull,
        C::ImagePlatformOrManifest,
        &[("platform", "linux/arm64")],
    );
    check(
        "CannotPullContainerError: ref pull has been retried 1 time(s): failed to extract layer sha256:ab: write /var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/x: no space left on device",
        "CPC-NOSPACE",
        P::Pull,
        C::StorageFargateEphemeralFull,
        &[],
    );
    check(
        "CannotPullContainerError: write /var/lib/docker/tmp/GetImageBlob111111111: no space left on device",
        "CPC-NOSPACE",
        P::Pull,
        C::StorageHostDiskFull,
        &[],
    );
}

// ---- Containers, placement, services.

#[test]
fn containers() {
    let shim = "CannotStartContainerError: Error response from daemon: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ";
    check(
        &format!("{shim}exec: \"npm start\": executable file not found in $PATH: unknown"),
        "CSC-CMD",
        P::Start,
        C::StartCommand,
        &[("path", "npm start")],
    );
    check(
        &format!("{shim}exec: \"/entry.sh\": permission denied: unknown"),
        "CSC-CMD",
        P::Start,
        C::StartCommand,
        &[("path", "/entry.sh")],
    );
    check(
        &format!("{shim}exec: \"/entry.sh\": stat /entry.sh: no such file or directory: unknown"),
        "CSC-CMD",
        P::Start,
        C::StartCommand,
        &[],
    );
    check(
        &format!(
            "{shim}error during container init: error mounting \"/host/a\" to rootfs at \"/a\": not a directory"
        ),
        "CSC-MOUNT",
        P::Start,
        C::StartBindMountFailed,
        &[("path", "/host/a")],
    );
    check(
        &format!(
            "{shim}error during container init: error running prestart hook #0: nvidia-container-cli: initialization error"
        ),
        "RIE-SHIM",
        P::Start,
        C::StartGpuOrDevice,
        &[],
    );
    check(
        &format!("{shim}container init was OOM-killed (memory limit too low?): unknown"),
        "OOM",
        P::Run,
        C::Oom,
        &[],
    );
    check(
        &format!("{shim}exec /app: exec format error"),
        "CSC-EXECFMT",
        P::Start,
        C::ImageExecFormat,
        &[],
    );
    check("OutofMemoryError: Container killed due to memory usage", "OOM", P::Run, C::Oom, &[]);
    for (text, first) in [
        ("Essential container in task exited (exit code: 137)", C::ExitBySignalNotOom),
        ("Exit code 139", C::ExitBySignalNotOom),
        ("exited with code 143", C::ExitBySignalNotOom),
        ("exit code: 127", C::StartCommand),
        ("exit code: 1", C::ExitAppOrSidecarError),
        ("exit code: 0", C::ExitAppOrSidecarError),
    ] {
        let reading = check(text, "EXIT", P::Run, first, &[]);
        assert!(!reading.causes.contains(&C::Oom), "137 alone is not out of memory");
        assert!(reading.parameters.contains_key("exit_code"));
    }
}

#[test]
fn placement() {
    let place = "(service web) was unable to place a task because no container instance met all of its requirements. ";
    check(
        &format!(
            "{place}The closest matching (container-instance 0123456789abcdef) has insufficient memory available."
        ),
        "SVC-CPU",
        P::Place,
        C::PlaceCpuOrMemory,
        &[("instance", "0123456789abcdef")],
    );
    check(
        &format!(
            "{place}The closest matching container-instance abc1 is already using a port required by your task."
        ),
        "SVC-PLACE",
        P::Place,
        C::PlacePortConflict,
        &[],
    );
    check(
        &format!(
            "{place}The closest matching container-instance abc1 is missing an attribute required by your task."
        ),
        "SVC-PLACE",
        P::Place,
        C::PlaceAttributeOrGpu,
        &[],
    );
    check(
        &format!("{place}Reason: No Container Instances were found in your cluster."),
        "SVC-PLACE",
        P::Place,
        C::PlaceNoInstances,
        &[],
    );
    check(
        &format!(
            "{place}The closest matching container-instance abc1 doesn\u{2019}t have the agent connected."
        ),
        "SVC-CONTAINERS",
        P::Place,
        C::PlaceAgentDisconnected,
        &[],
    );
}

#[test]
fn service_events() {
    // A stopped reason inside an event is read as itself.
    check(
        &format!(
            "(service web) was unable to place a task. Reason: {RIE}execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): retrieved secret from Secrets Manager did not contain json key KEY."
        ),
        "RIE-ASM-JSONKEY",
        P::Secrets,
        C::SecretJsonKeyMissing,
        &[("json_key", "KEY")],
    );
    check(
        "(service web) was unable to place a task. Reason: Internal error.",
        "SVC-INTERNAL",
        P::Place,
        C::AwsInternalTransient,
        &[],
    );
    check(
        "(service web) was unable to place a task. Reason: New things happen.",
        "SVC-NESTED",
        None,
        C::SymptomNoDetail,
        &[],
    );
    check(
        "(service web) failed to launch a task with (error ECS was unable to assume the role 'null' that was provided for this task.)",
        "TFS-ASSUME",
        P::Place,
        C::IamRoleNotAssumable,
        &[("role_arn", "null")],
    );
    let sick = "(service web) (port 8080) is unhealthy in (target-group arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef) due to (reason ";
    check(
        &format!("{sick}Health checks failed with these codes: [404])"),
        "SVC-UNHEALTHY",
        P::Health,
        C::HealthElbCheckConfig,
        &[(
            "target_group",
            "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef",
        )],
    );
    check(
        &format!("{sick}Health checks failed with these codes: [502])"),
        "SVC-UNHEALTHY",
        P::Health,
        C::HealthElbSlowStartOrSlowApp,
        &[],
    );
    check(
        &format!("{sick}Request timed out)"),
        "SVC-UNHEALTHY",
        P::Health,
        C::HealthElbSecurityGroup,
        &[],
    );
    check(
        "ResourceInitializationError: Unable to launch instance(s) for capacity provider burst. UnauthorizedOperation: You are not authorized to perform this operation.",
        "MI-LAUNCH",
        P::Place,
        C::IamServiceRole,
        &[("capacity_provider", "burst")],
    );
    check(
        "Agent exited: Reason: CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref x: i/o timeout for tasks in TaskDefinition - 'web:7'",
        "GD-PULL",
        None,
        C::IamExecRoleMissingAction,
        &[],
    );
}

#[test]
fn a_tail_decides_within_one_wrapper() {
    check(
        "CannotPullContainerError: pull command failed: : signal: killed",
        "RIE-KILLED",
        P::Pull,
        C::NetRegistryUnreachable,
        &[],
    );
    check(
        "CannotPullContainerError: The task can't pull the image 'docker.io/library/web:1' from the registry. Check whether the image exists.",
        "CPC-DENIED",
        P::Pull,
        C::ImageWrongReference,
        &[],
    );
    check(
        &format!(
            "AccessDeniedException: {USER} is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:us-east-1:123456789012:key/2"
        ),
        "RIE-SSM-DENIED",
        P::Secrets,
        C::IamKmsDecrypt,
        &[("resource", "arn:aws:kms:us-east-1:123456789012:key/2")],
    );
    check(
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 2 times: failed to create Cloudwatch log stream: RequestError: send request failed caused by: Post \"https://logs.us-east1.amazonaws.com/\": dial tcp: lookup logs.us-east1.amazonaws.com: no such host",
        "RIE-LOG-NET",
        P::LogDriver,
        C::LogRegionWrong,
        &[("host", "logs.us-east1.amazonaws.com")],
    );
    check(
        "Error response from daemon: OCI runtime create failed: container_linux.go:380: starting container process caused: process_linux.go:545: container init caused: rootfs_linux.go:76: mounting \"/x\" to rootfs at \"/y\" caused: not a directory",
        "CSC-MOUNT",
        P::Start,
        C::StartBindMountFailed,
        &[("path", "/x")],
    );
}

// ---- What is not known.

#[test]
fn unknown_texts_stay_unknown() {
    for (text, phase) in [
        ("", None),
        ("   \n", None),
        ("Everything is fine.", None),
        ("ResourceInitializationError: a new thing", None),
        ("CannotPullContainerError: a new thing", Some(P::Pull)),
        ("CannotStartContainerError: a new thing", Some(P::Start)),
        ("CannotCreateContainerError: a new thing", Some(P::Create)),
        ("the agent is here, the attribute is missing", None),
    ] {
        let reading = read(text);
        assert_eq!(reading.signature, None, "{text}");
        assert_eq!(reading.phase, phase, "{text}");
        assert!(reading.causes.is_empty() && !reading.benign, "{text}");
    }
    check("CannotPullContainerError", "SC-CATEGORIES", P::Pull, C::SymptomNoDetail, &[]);
}

#[test]
fn cut_values_are_not_kept() {
    let text = format!(
        "{RIE}execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 3 time(s): RequestError: send request failed caused by: Post \"https://api.ecr.us-ea"
    );
    assert!(!read(&text).parameters.contains_key("host"));
    assert!(!read("dial tcp 10.0.0.1").parameters.contains_key("ip"));
    assert!(read("dial tcp 10.0.0.1:443: x").parameters.contains_key("ip"));
    let long = format!("did not contain json key {}", "\u{e4}".repeat(5000));
    assert!(read(&long).parameters["json_key"].len() <= 2048);
}

#[test]
fn spellings_are_uniform() {
    let text = Text::new(" A\u{200b}b\r\n\t c\u{a0}d \u{201c}e\u{201d} ");
    assert_eq!(text.plain, "Ab c d \"e\"");
    assert_eq!(text.lower, "ab c d \"e\"");
    assert_eq!(spellings("request canceled"), ["request canceled", "request cancelled"]);
    assert_eq!(Text::new("Stopped reason: \"TaskFailedToStart: AGENT.\"").bare(), "agent");
}

// ---- Robustness.

#[test]
fn every_cut_of_every_example_is_read() {
    for signature in signatures() {
        let full = read(signature.example);
        for (cut, _) in signature.example.char_indices() {
            let reading = read(&signature.example[..cut]);
            assert!(reading.causes.len() <= MOST_CAUSES);
            for (name, value) in &reading.parameters {
                // What is not there in full is left out, so what is there is right.
                if let Some(known) = full.parameters.get(name)
                    && !matches!(
                        *name,
                        "answered"
                            | "service"
                            | "region"
                            | "resource"
                            | "json_key"
                            | "parameters"
                            | "exit_code"
                            | "request_id"
                    )
                {
                    assert_eq!(value, known, "{name} of {}", &signature.example[..cut]);
                }
            }
            let _ = read(&signature.example[cut..]);
        }
    }
}

#[test]
fn huge_texts_are_read_at_both_ends() {
    let noise = "x ".repeat(500_000);
    let text = format!("CannotPullContainerError: {noise} toomanyrequests: slow down");
    assert_eq!(read(&text).signature, Some("CPC-RATE"));
    for piece in ["; dial tcp ", "arn:aws:", "https://[", "\u{1f980}", "lookup x on ", "\u{0}"] {
        let _ = read(&piece.repeat(1_000_000 / piece.len()));
    }
}

proptest! {
    #[test]
    fn any_string_is_read(text in any::<String>()) {
        let reading = read(&text);
        prop_assert!(reading.causes.len() <= MOST_CAUSES);
        prop_assert!(reading.signature.is_some() || reading.causes.is_empty());
    }

    #[test]
    fn any_mixture_is_read(
        parts in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), ".{0,12}"), 0..6)
    ) {
        let mut text = String::new();
        for (row, cut, noise) in parts {
            let example = row.get(signatures()).example;
            let at = example.floor_char_boundary(cut.index(example.len() + 1));
            text.push_str(&example[at..]);
            text.push_str(&noise);
        }
        let reading = read(&text);
        for value in reading.parameters.values() {
            prop_assert!(!value.is_empty() && value.len() <= 2048);
        }
    }
}

// ---- Stopped tasks.

fn container<'a>(
    name: &'a str,
    reason: Option<&'a str>,
    exit_code: Option<i64>,
) -> ContainerStop<'a> {
    ContainerStop { name, reason, exit_code, ..ContainerStop::default() }
}

fn stopped<'a>(code: &'a str, reason: &'a str, containers: Vec<ContainerStop<'a>>) -> Stop<'a> {
    Stop {
        stop_code: Some(code),
        stopped_reason: Some(reason),
        containers,
        last_status: Some("STOPPED"),
        ..Stop::default()
    }
}

#[track_caller]
fn check_stop(stop: &Stop<'_>, signature: Option<&str>, place: &Place) -> StopReading {
    let reading = read_stop(stop).expect("something is said");
    assert_eq!(reading.reading.signature, signature, "{reading:#?}");
    assert_eq!(reading.place, *place, "{reading:#?}");
    reading
}

#[test]
fn generic_reasons_yield_to_the_containers() {
    let reason = "CannotPullContainerError: toomanyrequests: too many";
    let stop = stopped(
        "TaskFailedToStart",
        "Task failed to start",
        vec![container("a", None, None), container("b", Some(reason), None)],
    );
    let answer = check_stop(&stop, Some("CPC-RATE"), &Place::Container("b".into()));
    assert_eq!(answer.text, reason);
    assert_eq!(answer.reading.parameters["container"], "b");
    // A text that nobody knows still says more than the generic one.
    let stop = stopped(
        "TaskFailedToStart",
        "Task failed to start",
        vec![container("b", Some("CannotStartContainerError: news"), None)],
    );
    let answer = check_stop(&stop, None, &Place::Container("b".into()));
    assert_eq!(answer.reading.phase, Some(P::Start));
    let stop = stopped("TaskFailedToStart", "Task failed to start", vec![]);
    check_stop(&stop, Some("STOP-GENERIC"), &Place::StoppedReason);
    let mut stop = Stop {
        attachments: vec![AttachmentStop {
            kind: "AmazonElasticBlockStorage",
            status: None,
            reason: Some("ECS timed out while configuring the EBS volume attachment to your Task"),
        }],
        ..stop
    };
    check_stop(&stop, Some("EBS-TIMEOUT"), &Place::Attachment);
    stop.stopped_reason = None;
    stop.attachments.clear();
    check_stop(&stop, Some("SC-TASKFAILED"), &Place::StopCode);
}

#[test]
fn exit_codes() {
    let exited = |containers| {
        stopped("EssentialContainerExited", "Essential container in task exited", containers)
    };
    let sidecar = ContainerStop { essential: Some(false), ..container("sidecar", None, Some(3)) };
    let stop =
        exited(vec![sidecar, container("done", None, Some(0)), container("web", None, Some(137))]);
    let answer = check_stop(&stop, Some("EXIT"), &Place::ExitCode);
    assert_eq!(answer.reading.parameters["exit_code"], "137");
    assert_eq!(answer.reading.parameters["container"], "web");
    assert_eq!(answer.reading.causes[0], C::ExitBySignalNotOom);
    assert!(!answer.reading.causes.contains(&C::Oom) && !answer.reading.benign);
    assert_eq!(answer.text, "Essential container in task exited");

    let stop = exited(vec![container(
        "web",
        Some("OutOfMemoryError: Container killed due to memory usage"),
        Some(137),
    )]);
    let answer = check_stop(&stop, Some("OOM"), &Place::Container("web".into()));
    assert_eq!(answer.reading.parameters["exit_code"], "137");

    let answer =
        check_stop(&exited(vec![container("job", None, Some(0))]), Some("EXIT"), &Place::ExitCode);
    assert!(!answer.reading.benign, "a task that ended is not a task that was stopped");
    check_stop(
        &exited(vec![container("job", None, None)]),
        Some("STOP-ESSENTIAL"),
        &Place::StoppedReason,
    );
}

#[test]
fn stops_that_somebody_wanted() {
    let stop = stopped(
        "UserInitiated",
        "OutOfMemoryError: Container killed due to memory usage",
        vec![container("web", None, Some(137))],
    );
    let answer = check_stop(&stop, Some("STOP-USER"), &Place::StoppedReason);
    assert!(answer.reading.benign && answer.reading.parameters.is_empty());
    assert_eq!(answer.reading.causes, [C::StopBenign]);
    let stop = Stop { stop_code: Some("UserInitiated"), ..Stop::default() };
    assert!(check_stop(&stop, Some("SC-USER"), &Place::StopCode).reading.benign);

    let stop = stopped(
        "ServiceSchedulerInitiated",
        "Scaling activity initiated by (deployment ecs-svc/1234567890123456789)",
        vec![container("web", None, Some(137))],
    );
    let answer = check_stop(&stop, Some("STOP-SCALE"), &Place::StoppedReason);
    assert!(answer.reading.benign);
    assert_eq!(answer.reading.parameters["deployment"], "ecs-svc/1234567890123456789");
    let stop = stopped(
        "ServiceSchedulerInitiated",
        "Task failed container health checks",
        vec![container("web", None, Some(137))],
    );
    assert!(!check_stop(&stop, Some("STOP-HC"), &Place::StoppedReason).reading.benign);
    let stop = stopped("ServiceSchedulerInitiated", "Replaced for reasons of taste", vec![]);
    let answer = check_stop(&stop, Some("SC-SCHED"), &Place::StopCode);
    assert!(answer.reading.benign);
    assert_eq!(answer.text, "Replaced for reasons of taste");
    let stop = stopped(
        "SpotInterruption",
        "Your Spot Task was interrupted.",
        vec![container("web", Some("exec format error"), Some(1))],
    );
    assert!(check_stop(&stop, Some("SPOT"), &Place::StoppedReason).reading.benign);
    let stop = stopped("TerminationNotice", "Bye", vec![]);
    assert!(check_stop(&stop, Some("SC-TERM"), &Place::StopCode).reading.benign);
}

#[test]
fn services_and_agents() {
    assert_eq!(read_stop(&Stop::default()), None);
    let running = Stop {
        last_status: Some("RUNNING"),
        started: true,
        containers: vec![container("web", None, None)],
        ..Stop::default()
    };
    assert_eq!(read_stop(&running), None);

    let events = vec![
        "(service web) has started 1 tasks: (task 0123).",
        "(service web) is unable to consistently start tasks successfully.",
        "(service web) was unable to place a task. Reason: Capacity is unavailable at this time.",
        "(service web) has reached a steady state.",
        "(service web) was unable to place a task. Reason: The requested CPU configuration is above your limit.",
    ];
    let stop = Stop { service_events: events.clone(), ..Stop::default() };
    let answer = check_stop(&stop, Some("SVC-CAPACITY"), &Place::ServiceEvent);
    assert_eq!(answer.text, events[2]);
    let stop = Stop { service_events: events[3..].to_vec(), ..Stop::default() };
    assert!(check_stop(&stop, Some("SVC-STEADY"), &Place::ServiceEvent).reading.benign);
    let stop = Stop {
        service_events: events,
        ..stopped("TaskFailedToStart", "CannotPullContainerError: context canceled", vec![])
    };
    check_stop(&stop, Some("CPC-CTX"), &Place::StoppedReason);

    let agents = vec![ManagedAgentStop {
        name: "ExecuteCommandAgent",
        last_status: Some("STOPPED"),
        reason: Some("ExecuteCommandAgent process exited with exit code: 1"),
    }];
    let stop = Stop {
        containers: vec![ContainerStop { managed_agents: agents, ..container("web", None, None) }],
        ..running
    };
    let answer = check_stop(&stop, Some("EXEC-AGENT"), &Place::ManagedAgent("web".into()));
    assert_eq!(answer.text, "ExecuteCommandAgent process exited with exit code: 1");
}

#[test]
fn ranks_are_ordered() {
    let ranks = [
        rank::STATUS,
        rank::CATEGORY,
        rank::WRAPPER,
        rank::UNKNOWN,
        rank::HEAD,
        rank::SENTENCE,
        rank::TAIL,
        rank::EXACT,
        rank::FRAME,
    ];
    assert!(ranks.is_sorted());
}
